//! How a conversion is done.

use crate::{Quantize, report::Policy};

/// A generation of Keras, whose files and configurations differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keras {
    /// Keras 2, also known as `tf_keras`.
    V2,
    /// Keras 3.
    V3,
}

/// How a conversion is done.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct ConvertOptions {
    /// For which Keras a file is written: 2 for `.h5`, 3 for `.keras` by default.
    pub keras: Option<Keras>,
    /// Which weights are quantised, and how; none by default. For TensorFlow.js and safetensors.
    pub quantize: Quantize,
    /// Whether quantised weights become what they stand for. Keras' files always have those.
    pub dequantize: bool,
    /// Whether the variables of the optimizer come along, with which training goes on where it was,
    /// where both sides have that optimizer; to or from Keras, not by default.
    pub include_optimizer: bool,
    /// What is refused.
    pub policy: Policy,
}

impl ConvertOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`keras`](Self::keras).
    #[must_use]
    pub fn with_keras(mut self, keras: Keras) -> Self {
        self.keras = Some(keras);
        self
    }

    /// Sets [`quantize`](Self::quantize).
    #[must_use]
    pub fn with_quantize(mut self, quantize: Quantize) -> Self {
        self.quantize = quantize;
        self
    }

    /// Sets [`dequantize`](Self::dequantize).
    #[must_use]
    pub fn with_dequantize(mut self, dequantize: bool) -> Self {
        self.dequantize = dequantize;
        self
    }

    /// Sets [`include_optimizer`](Self::include_optimizer).
    #[must_use]
    pub fn with_include_optimizer(mut self, include_optimizer: bool) -> Self {
        self.include_optimizer = include_optimizer;
        self
    }

    /// Sets [`policy`](Self::policy).
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }
}
