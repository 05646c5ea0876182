//! Files that lie beside a model and go with it though the model file does not name them: labels,
//! metadata, vocabularies.

use std::collections::BTreeSet;

use crate::{ModelJson, referenced_files};

/// Returns those of `names`, the files directly beside a model, that belong to no model: neither a
/// model file nor a weight file of any model in `jsons`, which are the JSON files among them with
/// their texts. Hidden files and names that could lead elsewhere are left out.
///
/// # Examples
///
/// ```
/// use io_manifest::companion_files;
///
/// let model = br#"{"weightsManifest":[{"paths":["w.bin"],"weights":[]}]}"#.to_vec();
/// let names = ["model.json", "w.bin", "metadata.json", "labels.txt"].map(str::to_owned);
/// let jsons = [("model.json".to_owned(), model), ("metadata.json".to_owned(), b"{}".to_vec())];
/// assert_eq!(companion_files(names, &jsons), ["labels.txt", "metadata.json"]);
/// ```
pub fn companion_files(
    names: impl IntoIterator<Item = String>,
    jsons: &[(String, Vec<u8>)],
) -> Vec<String> {
    let mut taken = BTreeSet::from(["model.json".to_owned()]);
    for (name, text) in jsons {
        // Of a damaged model nobody knows the files; the model itself is no companion.
        match referenced_files(text) {
            Ok(files) => taken.extend(files.into_iter().map(|file| file.to_lowercase())),
            Err(_) => _ = taken.insert(name.to_lowercase()),
        }
        if ModelJson::parse(text).is_ok() {
            taken.insert(name.to_lowercase());
        }
    }
    let names = names.into_iter().filter(|name| is_plain(name));
    let mut free: Vec<String> =
        names.filter(|name| !taken.contains(&name.to_lowercase())).collect();
    free.sort_unstable();
    free
}

/// Whether a name means a visible file in its own directory, in every store.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', ':'])
        && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::companion_files;

    #[test]
    fn files_of_models_are_no_companions() {
        let model = |file: &str| {
            format!(r#"{{"weightsManifest":[{{"paths":["{file}"],"weights":[]}}]}}"#).into_bytes()
        };
        let jsons = [
            ("model.json".to_owned(), model("w.bin")),
            ("other.json".to_owned(), model("V.BIN")),
            ("damaged.json".to_owned(), b"{\"modelTopology\":".to_vec()),
            ("metadata.json".to_owned(), br#"{"labels":["a"]}"#.to_vec()),
        ];
        let names = [
            "model.json",
            "w.bin",
            "other.json",
            "v.bin",
            "damaged.json",
            "metadata.json",
            "labels.txt",
            ".hidden",
            "a/b",
            "a\\b",
            "c:x",
            "a\u{1b}b",
            "",
        ];
        let found = companion_files(names.map(str::to_owned), &jsons);
        assert_eq!(found, ["labels.txt", "metadata.json"]);
    }
}
