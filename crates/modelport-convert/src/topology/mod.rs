//! Topology: the JSON of Keras and that of TensorFlow.js, either way.
//!
//! Pure functions. [`to_tfjs()`] and [`to_keras()`] convert the configuration of a model, say every
//! change in a [`Report`](crate::report::Report), and give a [`WeightPlan`]: which weight of the
//! one file is which of the other. Nothing here reads a weight.

mod calls_to_keras;
mod calls_to_tfjs;
mod classes;
mod dialect;
mod json;
mod keras_defaults;
mod keras_objects;
mod keys;
mod lambda;
mod layer_to_tfjs;
mod matching;
mod names;
mod nodes;
mod objects;
mod optimizer;
mod optimizer_state;
mod options;
mod parse;
mod placing;
mod plan;
mod repair;
mod to_keras;
mod to_keras2;
mod to_keras3;
mod to_tfjs;
mod trace;
mod training;
mod variables;

pub use dialect::Dialect;
pub use keys::leave_out_newer_defaults;
pub use matching::{H5Group, plain_name};
pub use optimizer_state::{OptimizerState, OptimizerVariable, OptimizerWriter};
pub use parse::parse;
pub use placing::{KerasGroup, KerasStore, KerasWeight};
pub use plan::{
    Alteration, AlteredLayer, LayerPlan, PlannedWeight, StoredLayer, UnknownLayer, WeightPlan,
};
pub use to_keras::{KerasModel, TfjsSource, to_keras};
pub use to_tfjs::{KerasSource, TfjsModel, to_tfjs};
