//! Converts models between TensorFlow.js, Keras and safetensors.

pub mod report;
pub mod topology;
