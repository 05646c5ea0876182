//! How many axes the output of a layer has.

use serde_json::Value;

use super::super::json::{Object, config, is_true, text};

/// Layers whose output has as many axes as their input, beside those that [`output`] names.
const SAME: &[&str] = &[
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Identity",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "MultiHeadAttention",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomHeight",
    "RandomRotation",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
    "ReLU",
    "Rescaling",
    "SeparableConv1D",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ThresholdedReLU",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
];

/// The rank of the output of a `class` with this configuration for inputs of these ranks.
pub(super) fn output(class: &str, config: &Object, inputs: &[Option<usize>]) -> Option<usize> {
    let first = inputs.first().copied().flatten();
    let returns_sequences = is_true(config, "return_sequences");
    match class {
        _ if SAME.contains(&class) => first,
        "Add" | "Average" | "Concatenate" | "Maximum" | "Minimum" | "Multiply" | "Subtract" => {
            inputs.iter().copied().max().flatten().filter(|_| !inputs.contains(&None))
        }
        "Dot" => match inputs {
            [Some(one), Some(two)] => one.checked_add(*two)?.checked_sub(3).map(|rank| rank.max(2)),
            _ => None,
        },
        "Embedding" => first?.checked_add(1),
        "Flatten" => Some(2),
        "RepeatVector" => Some(3),
        "Reshape" => config.get("target_shape")?.as_array()?.len().checked_add(1),
        "LSTM" | "GRU" | "SimpleRNN" | "RNN" => Some(if returns_sequences { 3 } else { 2 }),
        "ConvLSTM2D" => Some(if returns_sequences { 5 } else { 4 }),
        _ if class.starts_with("Global") && is_true(config, "keepdims") => first,
        _ if class.starts_with("Global") => Some(2),
        _ => None,
    }
}

/// The rank of an input.
pub(super) fn input(layer: &Object) -> Option<usize> {
    let config = config(layer)?;
    ["batch_input_shape", "batch_shape"]
        .iter()
        .find_map(|key| config.get(*key).and_then(Value::as_array))
        .map(Vec::len)
}

/// Whether an input has integers.
pub(super) fn has_integers(layer: &Object) -> bool {
    let dtype = config(layer).map_or("", |config| text(config, "dtype"));
    ["int", "uint", "bool"].iter().any(|kind| dtype.starts_with(kind))
}
