//! A server that receives models as TensorFlow.js uploads them, and serves them.
