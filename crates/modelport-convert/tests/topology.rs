//! Topologies that Keras wrote, converted; each test has the number of the behaviour that it shows.
//!
//! `topology/models` has the configuration of each model as the named version of Keras wrote it,
//! the names of its weights in the file, its tensors, and inputs with the outputs of Keras.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

#[path = "topology/calls.rs"]
mod calls;
#[path = "topology/damage.rs"]
mod damage;
#[path = "topology/keras.rs"]
mod keras;
#[path = "topology/keys.rs"]
mod keys;
#[path = "topology/masks.rs"]
mod masks;
#[path = "topology/names.rs"]
mod names;
#[path = "topology/optimizer.rs"]
mod optimizer;
#[path = "topology/report.rs"]
mod report;
#[path = "topology/support.rs"]
mod support;
#[path = "topology/tfjs.rs"]
mod tfjs;
#[path = "topology/training.rs"]
mod training;
#[path = "topology/weights.rs"]
mod weights;
