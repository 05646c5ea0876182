//! Converts models between TensorFlow.js, Keras and safetensors.
