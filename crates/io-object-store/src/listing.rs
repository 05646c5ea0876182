//! From a list of objects to the models in it, with as few looks at them as that takes.
//!
//! What a save of ours wrote can be told by its names: JSON objects and weight objects under one
//! prefix, whose sizes fit. Anything else has to be read to be known.

use std::collections::BTreeMap;

use io_core::{ModelArtifactsInfo, is_inside};
use object_store::{ObjectMeta, path::Path};

use crate::{
    location::MODEL_JSON,
    names::{self, Kind, Sizes},
};

/// The most objects under one prefix that are remembered until all of them have been seen.
const MOST_REMEMBERED: usize = 4_096;

/// A JSON object that was listed.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) json: ObjectMeta,
    /// Sizes and date of the model, where the list says all of it.
    pub(crate) info: Option<ModelArtifactsInfo>,
}

/// Sorts objects by their prefixes as they are listed.
///
/// Stores list in the order of keys, in which what is under a prefix comes in one run, perhaps with
/// longer prefixes in between. In any other order the result is the same, with more to be read.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Each is a prefix of the next one.
    open: Vec<Prefix>,
}

/// What was seen directly under a prefix.
#[derive(Debug, Default)]
struct Prefix {
    path: String,
    jsons: Vec<ObjectMeta>,
    sets: BTreeMap<String, Set>,
    /// Whether there are objects that a JSON object could name and that are not ours, or more than
    /// were remembered.
    is_mixed: bool,
}

/// Weight objects of one save.
#[derive(Debug)]
struct Set {
    sizes: Sizes,
    /// The name of the JSON object; `None` for shards, which do not have it in theirs.
    json: Option<String>,
    missing: u64,
    bytes: u64,
}

impl Listing {
    /// Takes the next object, and gives the JSON objects of which no more is to come.
    pub(crate) fn push(&mut self, meta: ObjectMeta) -> Vec<Listed> {
        let (path, name) = match meta.location.as_ref().rsplit_once('/') {
            Some((path, name)) => (path.to_owned(), name.to_owned()),
            None => (String::new(), meta.location.to_string()),
        };
        let mut done = Vec::new();
        while let Some(last) = self.open.pop() {
            if is_inside(&last.path, &path) {
                self.open.push(last);
                break;
            }
            done.extend(last.finish());
        }
        if self.open.last().is_none_or(|last| last.path != path) {
            self.open.push(Prefix { path, ..Prefix::default() });
        }
        if let Some(prefix) = self.open.last_mut() {
            done.extend(prefix.add(&name, meta));
        }
        done
    }

    /// The rest.
    pub(crate) fn finish(&mut self) -> Vec<Listed> {
        self.open.drain(..).flat_map(Prefix::finish).collect()
    }
}

impl Prefix {
    /// Takes an object; gives all so far where it would become too many.
    fn add(&mut self, name: &str, meta: ObjectMeta) -> Vec<Listed> {
        if name.ends_with(".json") {
            self.jsons.push(meta);
        } else if !self.add_weights(name, meta.size) {
            self.is_mixed = true;
        }
        if self.jsons.len() + self.sets.len() <= MOST_REMEMBERED {
            return Vec::new();
        }
        let path = self.path.clone();
        // Whoever is alone from here on was not alone.
        std::mem::replace(self, Self { path, is_mixed: true, ..Self::default() }).finish()
    }

    /// Whether it is one of ours.
    fn add_weights(&mut self, name: &str, bytes: u64) -> bool {
        let Some(found) = names::parse(name) else { return false };
        let Some(sizes) = found.sizes else { return false };
        let (json, count) = match found.kind {
            Kind::Single(None) => (Some(MODEL_JSON.to_owned()), 1),
            Kind::Single(Some(stem)) => (Some(format!("{stem}.json")), 1),
            Kind::Shard { count } => (None, count),
        };
        let set = self.sets.entry(found.tag.to_owned());
        let set = set.or_insert(Set { sizes, json, missing: count, bytes: 0 });
        set.missing = set.missing.saturating_sub(1);
        set.bytes = set.bytes.saturating_add(bytes);
        true
    }

    fn finish(self) -> Vec<Listed> {
        let Self { jsons, sets, is_mixed, .. } = self;
        let only = jsons.len() == 1;
        let known = jsons.into_iter().map(|json| {
            let name = json.location.filename().unwrap_or_default();
            let mut own = sets.values().filter(|set| match &set.json {
                Some(of) => of == name,
                None => true,
            });
            let fits = |set: &&Set| {
                set.missing == 0 && set.sizes.json == json.size && (only || set.json.is_some())
            };
            // Of several, all but one are left by saves that were killed, and only the JSON says
            // which.
            let set = match (own.next(), own.next()) {
                (Some(set), None) => Some(set).filter(fits).filter(|_| !is_mixed),
                _ => None,
            };
            let info = set.map(|set| ModelArtifactsInfo {
                date_saved: json.last_modified.into(),
                model_topology_type: "JSON".to_owned(),
                model_topology_bytes: set.sizes.topology,
                weight_specs_bytes: set.sizes.specs,
                weight_data_bytes: set.bytes,
            });
            Listed { json, info }
        });
        known.collect()
    }
}

/// Whether the JSON object of this key is a model by its name alone.
pub(crate) fn is_named_model(key: &Path) -> bool {
    key.filename() == Some(MODEL_JSON)
}

#[cfg(test)]
mod tests {
    use super::{Listed, Listing, MOST_REMEMBERED};
    use object_store::{ObjectMeta, path::Path};
    use std::time::SystemTime;

    fn object(key: &str, size: u64) -> ObjectMeta {
        ObjectMeta {
            location: Path::parse(key).unwrap(),
            last_modified: SystemTime::UNIX_EPOCH.into(),
            size,
            e_tag: None,
            version: None,
        }
    }

    /// Keys of the models found, with the bytes of weights where they are known.
    fn list(objects: &[(&str, u64)]) -> Vec<(String, Option<u64>)> {
        let mut listing = Listing::default();
        let mut found: Vec<Listed> =
            objects.iter().flat_map(|(key, size)| listing.push(object(key, *size))).collect();
        found.extend(listing.finish());
        let bytes = |listed: &Listed| listed.info.as_ref().map(|info| info.weight_data_bytes);
        found.iter().map(|listed| (listed.json.location.to_string(), bytes(listed))).collect()
    }

    const TAG: &str = "0123456789abcdef-00000064-a-b";
    const OTHER: &str = "fedcba9876543210-00000064-a-b";

    #[test]
    fn our_models_are_known_by_their_names() {
        let single = format!("m/weights.{TAG}.bin");
        let x = format!("m/x.weights.{TAG}.bin");
        let shards = [1, 2].map(|n| format!("m/group1-shard{n}of2.{TAG}.bin"));
        let known = |key: &str, bytes| (key.to_owned(), Some(bytes));
        assert_eq!(list(&[("m/model.json", 100), (&single, 7)]), [known("m/model.json", 7)]);
        let all = [("m/model.json", 100), ("m/sub/a.txt", 1), (&single, 7)];
        assert_eq!(list(&all), [known("m/model.json", 7)]);
        let all = [(shards[0].as_str(), 5), (&shards[1], 6), ("m/model.json", 100)];
        assert_eq!(list(&all), [known("m/model.json", 11)]);
        let other = format!("m/weights.{OTHER}.bin");
        let all = [("m/model.json", 100), (&other, 3), ("m/x.json", 100), (x.as_str(), 7)];
        assert_eq!(list(&all), [known("m/model.json", 3), known("m/x.json", 7)]);
    }

    #[test]
    fn what_is_not_certain_has_to_be_read() {
        let single = format!("m/weights.{TAG}.bin");
        let second = format!("m/weights.{OTHER}.bin");
        let shard = format!("m/group1-shard1of2.{TAG}.bin");
        let old = "m/weights.0123456789abcdef.bin";
        let json = "m/model.json";
        let unknown = [(json.to_owned(), None)];
        // The JSON is another one, there are two, a shard is missing, there are foreign weights.
        assert_eq!(list(&[(json, 99), (&single, 7)]), unknown);
        assert_eq!(list(&[(json, 100), (&single, 7), (&second, 7)]), unknown);
        assert_eq!(list(&[(json, 100), (&shard, 7)]), unknown);
        assert_eq!(list(&[("m/a.bin", 1), (json, 100), (&single, 7)]), unknown);
        assert_eq!(list(&[(json, 100), (old, 7)]), unknown);
        assert_eq!(list(&[(json, 100)]), unknown);
        // In another order: the prefix is left and comes again.
        assert_eq!(list(&[(json, 100), ("n/a.txt", 1), (&single, 7)]), unknown);
    }

    #[test]
    fn a_prefix_with_very_many_models_takes_little_memory() {
        let mut listing = Listing::default();
        let mut found = 0;
        for number in 0..MOST_REMEMBERED * 3 {
            found += listing.push(object(&format!("m/{number:08}.json"), 1)).len();
            assert!(listing.open[0].jsons.len() <= MOST_REMEMBERED);
        }
        assert_eq!(found + listing.finish().len(), MOST_REMEMBERED * 3);
    }
}
