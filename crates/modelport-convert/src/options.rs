//! How a conversion is done.

use io_core::Result;

use crate::{
    Format, Quantize,
    report::{Level, Policy, Report},
};

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
    /// Which weights are quantized, and how; none by default. For TensorFlow.js and safetensors.
    pub quantize: Quantize,
    /// Whether quantized weights become the values that they stand for. Keras' files always have those.
    pub dequantize: bool,
    /// Whether the variables of the optimizer come along, with which training goes on where it was,
    /// where both sides have that optimizer; to or from Keras, not by default.
    pub include_optimizer: bool,
    /// What is refused.
    pub policy: Policy,
    /// Whether a model is written that the target cannot load or run as it is, such as one with
    /// custom classes for TensorFlow.js.
    pub allow_unsupported: bool,
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

    /// Sets [`allow_unsupported`](Self::allow_unsupported).
    #[must_use]
    pub fn with_allow_unsupported(mut self, allow_unsupported: bool) -> Self {
        self.allow_unsupported = allow_unsupported;
        self
    }

    /// Refuses what is not allowed in a file of `format`. One of weights alone holds nothing that
    /// the target could not load.
    pub(crate) fn check(&self, report: &Report, format: Format) -> Result<()> {
        let Policy { strict, force } = self.policy;
        let has_layers = matches!(format, Format::Tfjs | Format::H5 | Format::Keras);
        let allow_unsupported = self.allow_unsupported || !has_layers;
        let is_refused = |level| match level {
            Level::Info => false,
            Level::Warning => strict,
            Level::Unsupported => strict || !allow_unsupported,
            Level::ValueChange => !force,
        };
        let accept = if strict {
            "it is converted without `--strict`"
        } else {
            "`--allow-unsupported` writes it anyway"
        };
        report.refuse(is_refused, accept)
    }
}
