//! Which keys each class of Keras accepts, from a table made of the signatures of Keras itself.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::Value;

use super::{
    Dialect,
    json::{Object, class, config_mut, text},
};
use crate::report::{Change, Effect, Report};

/// Removes from a configuration of Keras 3 every key that not all versions accept and that says the
/// default there, so that both the oldest and the newest version load it and compute the same.
pub fn leave_out_newer_defaults(config: &mut Value) {
    match config {
        Value::Array(items) => items.iter_mut().for_each(leave_out_newer_defaults),
        Value::Object(object) => {
            let kind = match text(object, "module") {
                "keras.initializers" => Kind::Initializer,
                "keras.regularizers" => Kind::Regularizer,
                "keras.constraints" => Kind::Constraint,
                _ => Kind::Layer,
            };
            let class = class(object).to_owned();
            let known = TABLE.get(&(kind, class.as_str()));
            if let (Some(known), Some(config)) = (known, config_mut(object)) {
                let here = known.versions.and(Dialect::Keras3.versions());
                config.retain(|key, value| match known.keys.get(key.as_str()) {
                    Some(entries) if is_newer(entries, here) => !is_default(entries, value),
                    _ => true,
                });
            }
            object.values_mut().for_each(leave_out_newer_defaults);
        }
        _ => {}
    }
}

/// Returns whether some but not all of the versions `here` accept a key.
fn is_newer(entries: &[Entry], here: Versions) -> bool {
    let accepted = accepted(entries);
    accepted.has_any(here) && !accepted.has_all(here)
}

fn is_default(entries: &[Entry], value: &Value) -> bool {
    value.is_null() || entries.iter().any(|entry| entry.has_default(value))
}

fn accepted(entries: &[Entry]) -> Versions {
    entries.iter().fold(Versions(0), |all, entry| all.or(entry.versions))
}

/// Removes what the class of the target does not accept, and reports what that changes.
pub(super) fn fit(
    target: Target,
    kind: Kind,
    class: &str,
    config: &mut Object,
    mut place: Place<'_>,
) {
    let Some(known) = TABLE.get(&(kind, class)) else { return };
    let here = target.dialect.versions();
    // A class that only the newest Keras 3 has is written for that one.
    let here = if known.versions.has_any(here) { known.versions.and(here) } else { return };
    let keys: Vec<String> = config.keys().cloned().collect();
    for key in keys {
        let entries = known.keys.get(key.as_str()).map_or(&[][..], Vec::as_slice);
        let accepted = accepted(entries);
        if accepted.has_all(here) {
            continue;
        }
        let Some(value) = config.get(&key) else { continue };
        let is_said = !is_default(entries, value);
        if is_said && accepted.has_any(here) {
            place.add(Change::Requires { key, version: accepted.and(here).text().to_owned() });
            continue;
        }
        let is_said = is_said && !is_of_cell(config, &key, value);
        // TensorFlow.js saves keys of base classes, which no class of Keras has.
        let is_stray = entries.is_empty() && target.writer.is_none();
        let is_plain = is_plain(value);
        config.shift_remove(&key);
        if is_said && (is_stray || is_for_training(kind, class, &key)) {
            if !(is_stray && is_plain) {
                place.add(Change::Dropped { key });
            }
        } else if is_said {
            place.add(Change::ValueChange { key, effect: Effect::MissingSetting });
        }
    }
}

/// Fits an initializer, a regularizer or a constraint; one that the target does not have is left
/// out.
pub(super) fn fit_object(
    target: Target,
    kind: Kind,
    key: &str,
    value: &mut Value,
    mut place: Place<'_>,
) {
    let Value::Object(object) = value else { return };
    let class = class(object).to_owned();
    if known(kind, &class, target.dialect) == Known::Elsewhere {
        place.add(Change::UnknownObject { key: key.to_owned(), name: class });
        *value = Value::Null;
    } else if let Some(config) = config_mut(object) {
        fit(target, kind, &class, config, place);
    }
}

/// Returns how far a Keras knows a class or a function.
pub(super) fn known(kind: Kind, name: &str, dialect: Dialect) -> Known {
    let here = dialect.versions();
    match TABLE.get(&(kind, name)) {
        None => Known::Nowhere,
        Some(class) if class.versions.has_all(here) => Known::Here,
        Some(class) if class.versions.has_any(here) => {
            Known::HereAt(class.versions.and(here).text())
        }
        Some(_) => Known::Elsewhere,
    }
}

/// Returns whether a class of layers is one of a Keras, which has its code.
pub(super) fn is_layer(class: &str, dialect: Dialect) -> bool {
    class != "Lambda" && known(Kind::Layer, class, dialect) != Known::Nowhere
}

/// Returns whether a class of layers is the user's own, so that nothing is known of its keys.
pub(super) fn is_custom(target: Target, class: &str) -> bool {
    known(Kind::Layer, class, target.dialect) == Known::Nowhere
}

/// How far a Keras knows a class or a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Here,
    /// In this version of it alone.
    HereAt(&'static str),
    /// In another generation of Keras.
    Elsewhere,
    Nowhere,
}

/// What a configuration is for, and what has written it: `None` is TensorFlow.js.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) dialect: Dialect,
    pub(super) writer: Option<Dialect>,
}

/// Where changes are reported.
pub(super) struct Place<'a> {
    pub(super) at: &'a str,
    pub(super) report: &'a mut Report,
}

impl Place<'_> {
    fn add(&mut self, change: Change) {
        self.report.add_at(change, self.at);
    }
}

/// What a configuration configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Layer,
    Initializer,
    Regularizer,
    Constraint,
    Activation,
}

/// Returns whether a key does nothing when a model predicts.
fn is_for_training(kind: Kind, class: &str, key: &str) -> bool {
    const ENDS: [&str; 4] = ["initializer", "regularizer", "constraint", "seed"];
    const KEYS: [&str; 20] = [
        "autocast",
        "dynamic",
        "flash_attention",
        "force_generator",
        "fused",
        "implementation",
        "input_length",
        "lora_alpha",
        "lora_rank",
        "noise_shape",
        "optional",
        "renorm_clipping",
        "renorm_momentum",
        "rng_type",
        "synchronized",
        "trainable",
        "unroll",
        "use_cudnn",
        "virtual_batch_size",
        "weights",
    ];
    // Random layers and those that drop or add noise pass their input on when a model predicts.
    const LAYERS: [&str; 3] = ["Random", "SpatialDropout", "Gaussian"];
    kind != Kind::Layer
        || ENDS.iter().any(|end| key.ends_with(end))
        || KEYS.contains(&key)
        || (class == "Embedding" && key == "sparse")
        || LAYERS.iter().any(|layer| class.starts_with(layer))
        || matches!(class, "Dropout" | "AlphaDropout")
}

/// Returns whether the cell of an RNN says the same; TensorFlow.js repeats it beside.
fn is_of_cell(config: &Object, key: &str, value: &Value) -> bool {
    let of_cell = config.get("cell").and_then(|cell| cell.get("config")?.get(key));
    of_cell == Some(value)
}

/// Returns whether a value is what classes are without it: off, or one of something.
fn is_plain(value: &Value) -> bool {
    matches!(value, Value::Bool(false)) || value.as_f64() == Some(1.0)
}

/// One line of the table for each class: its kind and name, the versions that have it, and its keys
/// as `name@versions=default`, without versions where all have the key.
static TABLE: LazyLock<HashMap<(Kind, &'static str), Class>> = LazyLock::new(|| {
    let lines = include_str!("keys.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read_line).collect()
});

struct Class {
    versions: Versions,
    keys: HashMap<&'static str, Vec<Entry>>,
}

/// A key with the default that some versions give it.
struct Entry {
    versions: Versions,
    default: Option<Value>,
}

impl Entry {
    fn has_default(&self, value: &Value) -> bool {
        self.default.as_ref().is_some_and(|default| is_same(value, default))
    }
}

/// Equal values, whatever the type and the last bits of numbers are.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => (one - other).abs() <= 1e-6 * other.abs(),
            _ => one == other,
        },
    }
}

fn read_line(line: &'static str) -> Option<((Kind, &'static str), Class)> {
    let mut columns = line.split('\t');
    let kind = match columns.next()? {
        "layer" => Kind::Layer,
        "initializer" => Kind::Initializer,
        "regularizer" => Kind::Regularizer,
        "constraint" => Kind::Constraint,
        "activation" => Kind::Activation,
        _ => return None,
    };
    let name = columns.next()?;
    let versions = Versions::read(columns.next()?)?;
    let mut keys: HashMap<_, Vec<Entry>> = HashMap::new();
    for column in columns {
        let (key, default) = match column.split_once('=') {
            Some((key, default)) => (key, Some(serde_json::from_str(default).ok()?)),
            None => (column, None),
        };
        let (key, versions) = match key.split_once('@') {
            Some((key, versions)) => (key, Versions::read(versions)?),
            None => (key, versions),
        };
        keys.entry(key).or_default().push(Entry { versions, default });
    }
    Some(((kind, name), Class { versions, keys }))
}

/// A set of the versions that the table has columns for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Versions(u8);

impl Versions {
    const KERAS2: Self = Self(1);
    const OLDEST_KERAS3: Self = Self(2);
    const NEWEST_KERAS3: Self = Self(4);

    fn read(text: &str) -> Option<Self> {
        text.split(',').try_fold(Self(0), |all, version| {
            Some(all.or(match version {
                "2" => Self::KERAS2,
                "3" => Self::OLDEST_KERAS3,
                "3+" => Self::NEWEST_KERAS3,
                _ => return None,
            }))
        })
    }

    fn text(self) -> &'static str {
        match self {
            Self::KERAS2 => "Keras 2",
            Self::OLDEST_KERAS3 => "Keras 3.10",
            Self::NEWEST_KERAS3 => "Keras 3.15",
            _ => "Keras 3",
        }
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn has_all(self, other: Self) -> bool {
        self.and(other) == other
    }

    fn has_any(self, other: Self) -> bool {
        self.and(other) != Self(0)
    }
}

impl Dialect {
    /// The versions that a file has to load in.
    fn versions(self) -> Versions {
        match self {
            Self::Keras2 => Versions::KERAS2,
            Self::Keras3 => Versions::OLDEST_KERAS3.or(Versions::NEWEST_KERAS3),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, Known, TABLE, known, leave_out_newer_defaults};
    use crate::topology::Dialect;

    #[test]
    fn newer_defaults_are_left_out_and_settings_kept() {
        let initializer = |config| json!({"module": "keras.initializers", "class_name": "GlorotUniform", "config": config});
        let dense = |initializer| {
            json!({"module": "keras.layers", "class_name": "Dense",
                   "config": {"lora_rank": null, "kernel_initializer": initializer}})
        };
        let mut config = json!([
            dense(initializer(json!({"seed": null, "input_axes": null, "output_axes": [0]}))),
            {"module": "pkg", "class_name": "Mine", "config": {"use_gate": null}},
        ]);
        leave_out_newer_defaults(&mut config);
        let want = json!([
            dense(initializer(json!({"seed": null, "output_axes": [0]}))),
            {"module": "pkg", "class_name": "Mine", "config": {"use_gate": null}},
        ]);
        assert_eq!(config, want);
    }

    #[test]
    fn each_line_of_the_table_is_read() {
        let lines = include_str!("keys.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert!(lines > 150, "{lines}");
        assert_eq!(TABLE.len(), lines);
    }

    #[test]
    fn classes_are_known_by_generation() {
        let cases = [
            ("Dense", Known::Here, Known::Here),
            ("LocallyConnected1D", Known::Here, Known::Elsewhere),
            ("RMSNormalization", Known::Elsewhere, Known::Here),
            ("AdaptiveMaxPooling1D", Known::Elsewhere, Known::HereAt("Keras 3.15")),
            ("Mine", Known::Nowhere, Known::Nowhere),
        ];
        for (class, two, three) in cases {
            assert_eq!(known(Kind::Layer, class, Dialect::Keras2), two, "{class}");
            assert_eq!(known(Kind::Layer, class, Dialect::Keras3), three, "{class}");
        }
    }
}
