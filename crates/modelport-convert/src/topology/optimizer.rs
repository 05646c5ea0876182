//! Optimizers: their classes and settings.

use serde_json::{Map, Value, json};

use super::{
    json::{Object, class, config, is_other_than, is_true},
    optimizer_state::{Kept, OptimizerState, Slot, Slots},
};

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
    /// What it keeps of weights; `None` when TensorFlow.js cannot save it or goes on from it in
    /// another way.
    slots: Option<Slots>,
}

const CLASSES: &[Class] = &[
    Class {
        keras: "Adam",
        tfjs: "Adam",
        settings: &[RATE, ("beta_1", "beta1"), ("beta_2", "beta2"), EPSILON],
        slots: Some(Slots {
            all: &[slot(["m", "m", "momentum"]), slot(["v", "v", "velocity"])],
            side_by_side: true,
        }),
    },
    Class {
        keras: "Adamax",
        tfjs: "Adamax",
        settings: &[RATE, ("beta_1", "beta1"), ("beta_2", "beta2"), EPSILON],
        slots: None,
    },
    Class {
        keras: "Adagrad",
        tfjs: "Adagrad",
        settings: &[RATE, ("initial_accumulator_value", "initialAccumulatorValue")],
        slots: Some(Slots { all: &[slot(["accumulator"; 3])], side_by_side: false }),
    },
    Class {
        keras: "Adadelta",
        tfjs: "Adadelta",
        settings: &[RATE, ("rho", "rho"), EPSILON],
        // TensorFlow.js divides by the mean of before the step: the next one would be another.
        slots: None,
    },
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
        slots: Some(Slots {
            all: &[
                slot(["rms", "velocity", "velocity"]),
                Slot { kept: Kept::WithMomentum, ..slot(["momentum"; 3]) },
                Slot {
                    kept: Kept::WhenCentered,
                    ..slot(["mg", "average_gradient", "average_gradient"])
                },
            ],
            side_by_side: false,
        }),
    },
    Class {
        keras: "SGD",
        tfjs: "Momentum",
        settings: &[RATE, ("momentum", "momentum"), ("nesterov", "useNesterov")],
        slots: Some(Slots {
            all: &[Slot { steps: true, ..slot(["momentum", "m", "momentum"]) }],
            side_by_side: false,
        }),
    },
    Class {
        keras: "SGD",
        tfjs: "SGD",
        settings: &[RATE],
        slots: Some(Slots {
            all: &[Slot { kept: Kept::UnusedByKeras2, ..slot(["momentum", "m", "momentum"]) }],
            side_by_side: false,
        }),
    },
];

const fn slot([tfjs, keras2, keras3]: [&'static str; 3]) -> Slot {
    Slot { tfjs, keras2, keras3, kept: Kept::Always, steps: false }
}

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

    /// What it keeps of weights; `None` when not both go on from it.
    pub(super) fn state(&self) -> Option<OptimizerState> {
        let setting = |key| self.settings.iter().find(|(known, _)| *known == key).map(|(_, v)| v);
        let number = |key| setting(key).and_then(Value::as_f64);
        Some(OptimizerState {
            class: self.class.keras,
            slots: self.class.slots?,
            momentum: number("momentum").is_some_and(|momentum| momentum != 0.0),
            centered: setting("centered").and_then(Value::as_bool) == Some(true),
            learning_rate: number("learning_rate")?,
        })
    }
}
