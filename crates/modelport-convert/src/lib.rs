//! Converts models between TensorFlow.js, Keras and safetensors.

mod data;
mod hdf5;
mod number;
pub mod report;
pub mod topology;
