//! Optimizers: their settings, and which of their weights is which.

use serde_json::{Map, Value, json};

use super::json::{Object, class, config, is_other_than, is_true};

/// An optimizer that TensorFlow.js has, too, by its class and settings in Keras.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Optimizer {
    class: &'static Class,
    settings: Vec<(&'static str, Value)>,
}

/// A class of optimizers: in Keras, in TensorFlow.js, and each of its settings in both.
#[derive(Debug, PartialEq)]
struct Class {
    keras: &'static str,
    tfjs: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

const CLASSES: &[Class] = &[
    Class {
        keras: "Adam",
        tfjs: "Adam",
        settings: &[RATE, ("beta_1", "beta1"), ("beta_2", "beta2"), EPSILON],
    },
    Class {
        keras: "Adamax",
        tfjs: "Adamax",
        settings: &[RATE, ("beta_1", "beta1"), ("beta_2", "beta2"), EPSILON],
    },
    Class {
        keras: "Adagrad",
        tfjs: "Adagrad",
        settings: &[RATE, ("initial_accumulator_value", "initialAccumulatorValue")],
    },
    Class { keras: "Adadelta", tfjs: "Adadelta", settings: &[RATE, ("rho", "rho"), EPSILON] },
    Class {
        keras: "RMSprop",
        tfjs: "RMSProp",
        settings: &[
            RATE,
            ("rho", "decay"),
            ("momentum", "momentum"),
            EPSILON,
            ("centered", "centered"),
        ],
    },
    Class {
        keras: "SGD",
        tfjs: "Momentum",
        settings: &[RATE, ("momentum", "momentum"), ("nesterov", "useNesterov")],
    },
    Class { keras: "SGD", tfjs: "SGD", settings: &[RATE] },
];

const RATE: (&str, &str) = ("learning_rate", "learningRate");
const EPSILON: (&str, &str) = ("epsilon", "epsilon");

/// Settings that change what an optimizer does, and that TensorFlow.js lacks.
const LACKING: &[&str] =
    &["weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "gradient_accumulation_steps"];

impl Optimizer {
    /// The optimizer of Keras or of TensorFlow.js; `Err` is what not both have.
    pub(super) fn read(optimizer: &Object) -> Result<Self, String> {
        let name = class(optimizer).trim_start_matches("Custom>");
        let empty = Object::new();
        let settings = config(optimizer).unwrap_or(&empty);
        if let Some(key) =
            LACKING.iter().find(|key| settings.get(**key).is_some_and(|v| !v.is_null()))
        {
            return Err(format!("optimizer {key}"));
        }
        if is_true(settings, "amsgrad") || is_true(settings, "use_ema") {
            return Err("optimizer settings".to_owned());
        }
        // The decay of legacy optimizers; for TensorFlow.js it is a setting of RMSProp.
        let is_rmsprop_of_tfjs = name == "RMSProp";
        if !is_rmsprop_of_tfjs && is_other_than(settings, "decay", 0.0) {
            return Err("optimizer decay".to_owned());
        }
        let plain_sgd = name == "SGD" && !is_other_than(settings, "momentum", 0.0);
        let class = CLASSES
            .iter()
            .find(|class| {
                let is_it = class.keras == name || class.tfjs == name;
                is_it && (name != "SGD" || plain_sgd == (class.tfjs == "SGD"))
            })
            .ok_or_else(|| format!("optimizer {name}"))?;
        let mut found = Vec::new();
        for (keras, tfjs) in class.settings {
            let Some(value) = settings.get(*keras).or_else(|| settings.get(*tfjs)) else {
                continue;
            };
            // A schedule is an object.
            if !value.is_number() && !value.is_boolean() {
                return Err(format!("optimizer {keras}"));
            }
            found.push((*keras, value.clone()));
        }
        Ok(Self { class, settings: found })
    }

    /// `{class_name, config}` in TensorFlow.js.
    pub(super) fn to_tfjs(&self) -> Value {
        let named = |key: &str| {
            self.class.settings.iter().find(|(keras, _)| *keras == key).map(|(_, tfjs)| *tfjs)
        };
        let settings: Map<String, Value> = self
            .settings
            .iter()
            .filter_map(|(key, value)| Some((named(key)?.to_owned(), value.clone())))
            .collect();
        json!({"class_name": self.class.tfjs, "config": settings})
    }

    /// `{class_name, config}` in Keras.
    pub(super) fn to_keras(&self) -> Value {
        let mut settings = Map::new();
        settings.insert("name".to_owned(), json!(self.class.keras));
        for (key, value) in &self.settings {
            settings.insert((*key).to_owned(), value.clone());
        }
        json!({"class_name": self.class.keras, "config": settings})
    }
}
