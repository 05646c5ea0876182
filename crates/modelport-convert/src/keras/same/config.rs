//! What Keras says of a model, in the words of its two containers.
//!
//! A `.keras` file has the training inside of the configuration, and the module of each object. An
//! HDF5 file has neither. Keras reads layers in either form from both.

use serde_json::{Map, Value, json};

use crate::topology::{Dialect, leave_out_newer_defaults};

/// A configuration without keys that only the newest version of its Keras accepts and that say the
/// default; `None` when it has none, and passes through to the byte.
pub(super) fn for_every_version(config: &Value, dialect: Dialect) -> Option<Value> {
    let mut fitted = config.clone();
    if dialect == Dialect::Keras3 {
        leave_out_newer_defaults(&mut fitted);
    }
    (fitted != *config).then_some(fitted)
}

/// The configuration of a `.keras` file as HDF5 has it: the model, and its training.
pub(super) fn to_legacy(mut config: Value, dialect: Dialect) -> (Value, Option<Value>) {
    let compiled = config.as_object_mut().and_then(|model| model.shift_remove("compile_config"));
    let Some(Value::Object(mut compiled)) = compiled else { return (config, None) };
    // Without an optimizer, Keras does not compile a model that it loads from HDF5.
    let training = compiled.shift_remove("optimizer").filter(|it| !it.is_null()).map(|optimizer| {
        let known = ["loss", "metrics", "weighted_metrics", "loss_weights"];
        for key in known {
            compiled.entry(key).or_insert(Value::Null);
        }
        let optimizer = match dialect {
            Dialect::Keras2 => registered(optimizer),
            Dialect::Keras3 => optimizer,
        };
        compiled.insert("optimizer_config".to_owned(), optimizer);
        Value::Object(compiled)
    });
    (config, training)
}

/// The optimizer of a `.keras` file of Keras 2 by the name that HDF5 has: what it is registered as,
/// which for Keras' own is `Custom>` with the class.
fn registered(mut optimizer: Value) -> Value {
    let Some(object) = optimizer.as_object_mut() else { return optimizer };
    let text = |key| object.get(key).and_then(Value::as_str);
    let name = match (text("registered_name"), text("module"), text("class_name")) {
        (Some(registered), ..) => registered.to_owned(),
        (None, Some("keras.optimizers"), Some(class)) => format!("Custom>{class}"),
        _ => return optimizer,
    };
    object.retain(|key, _| key == "config");
    object.insert("class_name".to_owned(), json!(name));
    optimizer
}

/// The configuration of an HDF5 file and its training as a `.keras` file has them.
pub(super) fn to_archive(config: Value, training: Option<Value>) -> Value {
    let Value::Object(model) = config else { return config };
    let class = model.get("class_name").cloned().unwrap_or_default();
    let is_sequential = class == "Sequential";
    let mut wrapped = Map::new();
    if !model.contains_key("module") {
        let module = if is_sequential { "keras" } else { "keras.src.models.functional" };
        wrapped.insert("module".to_owned(), json!(module));
        wrapped.insert("registered_name".to_owned(), class);
    }
    wrapped.extend(model);
    if let Some(Value::Object(mut training)) = training
        && let Some(optimizer) = training.shift_remove("optimizer_config")
    {
        let mut compiled = Map::new();
        compiled.insert("optimizer".to_owned(), with_modules(optimizer, "keras.optimizers"));
        for (key, value) in training {
            let value = match key.as_str() {
                "loss" => with_modules(value, "keras.losses"),
                "metrics" | "weighted_metrics" => with_modules(value, "keras.metrics"),
                _ => value,
            };
            compiled.insert(key, value);
        }
        wrapped.insert("compile_config".to_owned(), Value::Object(compiled));
    }
    Value::Object(wrapped)
}

/// An object of `module`, or a list or a dictionary of them, each with the module that a `.keras`
/// file needs. What the user registered, `package>Class`, Keras finds by that name alone.
fn with_modules(value: Value, module: &str) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| with_modules(item, module)).collect(),
        Value::Object(mut object) if object.contains_key("class_name") => {
            let class = object.get("class_name").and_then(Value::as_str).unwrap_or_default();
            if !object.contains_key("module") {
                let own = class.rsplit_once('>').map(|(_, own)| json!(own));
                let registered = own.is_some().then(|| json!(class));
                let module = if own.is_some() { Value::Null } else { json!(module) };
                object.insert("module".to_owned(), module);
                object.insert("registered_name".to_owned(), registered.unwrap_or_default());
                if let Some(own) = own {
                    object.insert("class_name".to_owned(), own);
                }
            }
            Value::Object(object)
        }
        Value::Object(object) => object
            .into_iter()
            .map(|(key, value)| (key, with_modules(value, module)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{to_archive, to_legacy};
    use crate::topology::Dialect;

    #[test]
    fn training_moves_between_containers_unchanged() {
        let adam = json!({"module": "keras.optimizers", "class_name": "AdamW", "config": {
            "learning_rate": 0.001, "weight_decay": 0.004}, "registered_name": null});
        let archive = json!({"module": "keras", "class_name": "Sequential", "config": {"name": "m",
            "layers": [{"any": 1}]}, "registered_name": "Sequential",
            "compile_config": {"optimizer": adam, "loss": "mse", "loss_weights": null,
                "metrics": ["mae"], "weighted_metrics": null, "jit_compile": false}});
        let (model, training) = to_legacy(archive.clone(), Dialect::Keras3);
        let training = training.unwrap();
        assert_eq!(training["optimizer_config"], adam);
        assert_eq!(training["metrics"], json!(["mae"]));
        assert!(model.get("compile_config").is_none());
        assert_eq!(to_archive(model, Some(training)), archive);
    }

    #[test]
    fn keras_2_finds_its_optimizer_by_what_it_is_registered_as() {
        let of = |optimizer| {
            let model = json!({"class_name": "Sequential", "config": {},
                "compile_config": {"optimizer": optimizer, "loss": "mse"}});
            to_legacy(model, Dialect::Keras2).1.unwrap()["optimizer_config"].clone()
        };
        let lion = json!({"module": "keras.optimizers", "class_name": "Lion",
            "config": {"beta_1": 0.9}, "registered_name": null});
        assert_eq!(of(lion), json!({"config": {"beta_1": 0.9}, "class_name": "Custom>Lion"}));
        let own = json!({"module": null, "class_name": "Own", "config": {},
            "registered_name": "my>Own"});
        assert_eq!(of(own), json!({"config": {}, "class_name": "my>Own"}));
    }

    #[test]
    fn objects_of_hdf5_get_the_module_that_an_archive_needs() {
        let model = json!({"class_name": "Functional", "config": {"layers": []}});
        let training = json!({"loss": {"a": {"class_name": "Huber", "config": {"delta": 2.0}}},
            "metrics": [[{"class_name": "my>Metric", "config": {}}, "mae"]],
            "optimizer_config": {"class_name": "Lion", "config": {}}});
        let archive = to_archive(model, Some(training));
        assert_eq!(archive["module"], "keras.src.models.functional");
        let compiled = &archive["compile_config"];
        assert_eq!(compiled["optimizer"]["module"], "keras.optimizers");
        assert_eq!(compiled["loss"]["a"]["module"], "keras.losses");
        assert_eq!(
            compiled["metrics"],
            json!([[{"class_name": "Metric", "config": {}, "module": null,
                "registered_name": "my>Metric"}, "mae"]])
        );
    }
}
