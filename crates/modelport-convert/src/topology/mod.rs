//! Topology: the JSON of Keras and that of TensorFlow.js, either way.
