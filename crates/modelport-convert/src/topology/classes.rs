//! What TensorFlow.js 4.22 and Keras have classes for.

/// Layers that TensorFlow.js has and runs. One with weights has an arm in [`variables::own`] too, or it
/// is taken to have none.
///
/// [`variables::own`]: super::variables::own
const TFJS_LAYERS: &[&str] = &[
    "Activation",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM2D",
    "ConvLSTM2DCell",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "Functional",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "InputLayer",
    "LSTM",
    "LSTMCell",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "Model",
    "Multiply",
    "PReLU",
    "Permute",
    "RNN",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv2D",
    "Sequential",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "StackedRNNCells",
    "ThresholdedReLU",
    "TimeDistributed",
    "UpSampling2D",
    "ZeroPadding2D",
];

/// Layers that TensorFlow.js has, and that fail or differ inside a model.
const TFJS_FAILING: &[&str] = &["CategoryEncoding", "CenterCrop", "RandomWidth", "Resizing"];

/// Activations that TensorFlow.js has.
const TFJS_ACTIVATIONS: &[&str] = &[
    "elu",
    "gelu",
    "gelu_new",
    "hard_sigmoid",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
];

/// Initializers that TensorFlow.js has.
const TFJS_INITIALIZERS: &[&str] = &[
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LeCunNormal",
    "LeCunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
];

/// Constraints that TensorFlow.js has.
const TFJS_CONSTRAINTS: &[&str] = &["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"];

/// How far TensorFlow.js knows a class of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Runs,
    Fails,
    No,
}

pub(super) fn tfjs_layer(class: &str) -> Known {
    match class {
        _ if TFJS_LAYERS.contains(&class) => Known::Runs,
        _ if TFJS_FAILING.contains(&class) => Known::Fails,
        _ => Known::No,
    }
}

pub(super) fn tfjs_activation(name: &str) -> bool {
    TFJS_ACTIVATIONS.contains(&name)
}

pub(super) fn tfjs_initializer(class: &str) -> bool {
    TFJS_INITIALIZERS.contains(&class)
}

pub(super) fn tfjs_constraint(class: &str) -> bool {
    TFJS_CONSTRAINTS.contains(&class)
}

/// Classes of Keras 2 that stand for a call of a TensorFlow operation.
pub(super) fn is_operation_of_keras2(class: &str) -> bool {
    matches!(
        class,
        "TFOpLambda"
            | "SlicingOpLambda"
            | "TensorFlowOpLayer"
            | "ClassMethod"
            | "InstanceMethod"
            | "InstanceProperty"
    )
}

/// Classes of Keras 3 that are both a layer and an operation.
pub(super) fn has_operation_of_same_name(class: &str) -> bool {
    matches!(
        class,
        "Add"
            | "Average"
            | "Concatenate"
            | "Dot"
            | "Identity"
            | "Maximum"
            | "Minimum"
            | "Multiply"
            | "Reshape"
            | "Softmax"
            | "Subtract"
    )
}

/// `Conv2D` to `conv2d`, `PReLU` to `p_re_lu`: the key of a class inside `.keras` weights.
///
/// Keras puts `_` before a capital that a small letter follows, then between a small letter or
/// digit and a capital, and drops everything that is no letter, digit or `_`.
pub(super) fn snake_case(class: &str) -> String {
    let chars: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut out = String::with_capacity(class.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(i + 1);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|&before| {
                after.is_some_and(|after| after.is_lowercase()) || before.is_lowercase()
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn keys_are_those_of_keras() {
        for (class, key) in [
            ("Conv2D", "conv2d"),
            ("ConvLSTM2D", "conv_lstm2d"),
            ("BatchNormalization", "batch_normalization"),
            ("LSTM", "lstm"),
            ("PReLU", "p_re_lu"),
            ("ReLU", "re_lu"),
            ("LeakyReLU", "leaky_re_lu"),
            ("ELU", "elu"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("InputLayer", "input_layer"),
            ("SimpleRNN", "simple_rnn"),
            ("GRUCell", "gru_cell"),
            ("UpSampling2D", "up_sampling2d"),
        ] {
            assert_eq!(snake_case(class), key);
        }
    }
}
