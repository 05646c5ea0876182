//! The weights of each class of layers, in the order in which Keras creates them.

use serde_json::Value;

use super::json::{Object, is_not_false, is_true};

/// One weight of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Own {
    /// `kernel`.
    pub(super) name: &'static str,
    /// The same in Keras 3.
    pub(super) keras3: &'static str,
    /// Whether training changes it.
    pub(super) trainable: bool,
    /// What the configuration says about its shape.
    pub(super) shape: Option<Shape>,
}

/// The dimensions that a configuration tells, `None` where the input decides.
pub(super) type Shape = Vec<Option<u64>>;

/// Layers without weights of their own, beside those that TensorFlow.js has.
const WEIGHTLESS: &[&str] = &[
    "ActivityRegularization",
    "Cropping1D",
    "Cropping3D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling3D",
    "Identity",
    "Lambda",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Subtract",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding3D",
];

/// The weights of a layer of `class`; `None` when the class is not known.
pub(super) fn own(class: &str, config: &Object) -> Option<Vec<Own>> {
    let units = number(config, "units");
    let filters = number(config, "filters");
    let bias = |size: Option<u64>| kept(is_not_false(config, "use_bias"), "bias", Some(vec![size]));
    let gates = |count: u64| units.and_then(|units| units.checked_mul(count));
    Some(match class {
        "Dense" => join(weight("kernel", Some(vec![None, units])), bias(units)),
        "EinsumDense" => {
            let biased = config.get("bias_axes").is_some_and(|axes| !axes.is_null());
            join(weight("kernel", None), kept(biased, "bias", None))
        }
        "Conv1D" => join(weight("kernel", Some(vec![None, None, filters])), bias(filters)),
        "Conv2D" => join(weight("kernel", Some(vec![None, None, None, filters])), bias(filters)),
        "Conv3D" => {
            join(weight("kernel", Some(vec![None, None, None, None, filters])), bias(filters))
        }
        "Conv1DTranspose" => join(weight("kernel", Some(vec![None, filters, None])), bias(filters)),
        "Conv2DTranspose" => {
            join(weight("kernel", Some(vec![None, None, filters, None])), bias(filters))
        }
        "Conv3DTranspose" => {
            join(weight("kernel", Some(vec![None, None, None, filters, None])), bias(filters))
        }
        "DepthwiseConv1D" | "DepthwiseConv2D" => {
            let shape = vec![None; if class == "DepthwiseConv1D" { 3 } else { 4 }];
            let (name, shape) = ("depthwise_kernel", Some(shape));
            join(vec![Own { name, keras3: "kernel", trainable: true, shape }], bias(None))
        }
        "SeparableConv1D" | "SeparableConv2D" => {
            let rank = if class == "SeparableConv1D" { 3 } else { 4 };
            let mut pointwise = vec![None; rank - 1];
            pointwise.push(filters);
            let kernels = join(
                weight("depthwise_kernel", Some(vec![None; rank])),
                weight("pointwise_kernel", Some(pointwise)),
            );
            join(kernels, bias(filters))
        }
        "Embedding" => {
            let shape = vec![number(config, "input_dim"), number(config, "output_dim")];
            weight("embeddings", Some(shape))
        }
        "PReLU" => weight("alpha", None),
        "LayerNormalization" | "GroupNormalization" => join(
            kept(is_not_false(config, "scale"), "gamma", None),
            kept(is_not_false(config, "center"), "beta", None),
        ),
        "BatchNormalization" => {
            // Over several axes, they have as many as the input.
            let axes = config.get("axis").and_then(Value::as_array).map_or(1, Vec::len);
            let shape = (axes == 1).then(|| vec![None]);
            let trained = join(
                kept(is_not_false(config, "scale"), "gamma", shape.clone()),
                kept(is_not_false(config, "center"), "beta", shape.clone()),
            );
            let moving =
                join(frozen("moving_mean", shape.clone()), frozen("moving_variance", shape));
            join(trained, moving)
        }
        "Normalization" if config.get("mean").is_none_or(Value::is_null) => {
            join(join(frozen("mean", None), frozen("variance", None)), frozen("count", None))
        }
        "Normalization" => Vec::new(),
        "LSTM" | "LSTMCell" => recurrent(units, gates(4), bias(gates(4))),
        "SimpleRNN" | "SimpleRNNCell" => recurrent(units, units, bias(units)),
        "GRU" | "GRUCell" => {
            let shape = if is_true(config, "reset_after") {
                vec![Some(2), gates(3)]
            } else {
                vec![gates(3)]
            };
            let bias = kept(is_not_false(config, "use_bias"), "bias", Some(shape));
            recurrent(units, gates(3), bias)
        }
        "ConvLSTM1D" | "ConvLSTM1DCell" => conv_lstm(1, filters, bias),
        "ConvLSTM2D" | "ConvLSTM2DCell" => conv_lstm(2, filters, bias),
        "ConvLSTM3D" | "ConvLSTM3DCell" => conv_lstm(3, filters, bias),
        _ if super::classes::tfjs_layer(class) != super::classes::Known::No => Vec::new(),
        _ if WEIGHTLESS.contains(&class) => Vec::new(),
        _ => return None,
    })
}

/// The cell that Keras makes for a recurrent layer: what weights are called after.
pub(super) fn cell_of(class: &str) -> Option<&'static str> {
    match class {
        "LSTM" => Some("lstm_cell"),
        "GRU" => Some("gru_cell"),
        "SimpleRNN" => Some("simple_rnn_cell"),
        "ConvLSTM1D" | "ConvLSTM2D" | "ConvLSTM3D" => Some("conv_lstm_cell"),
        _ => None,
    }
}

/// The layers inside an attention of several heads: their attribute and their name.
pub(super) fn attention_of(class: &str) -> Option<[(&'static str, &'static str); 4]> {
    match class {
        "MultiHeadAttention" => Some([
            ("query_dense", "query"),
            ("key_dense", "key"),
            ("value_dense", "value"),
            ("output_dense", "attention_output"),
        ]),
        "GroupQueryAttention" | "GroupedQueryAttention" => Some([
            ("_query_dense", "query"),
            ("_key_dense", "key"),
            ("_value_dense", "value"),
            ("_output_dense", "attention_output"),
        ]),
        _ => None,
    }
}

/// Whether a cell of `class` has the weights that [`own`] gives.
pub(super) fn is_cell(class: &str) -> bool {
    matches!(class, "LSTMCell" | "GRUCell" | "SimpleRNNCell") || class.starts_with("ConvLSTM")
}

/// The weights of one of them.
pub(super) fn attention(config: &Object) -> Vec<Own> {
    join(weight("kernel", None), kept(is_not_false(config, "use_bias"), "bias", None))
}

/// The name of an unnamed layer.
pub(super) fn default_name(class: &str) -> String {
    super::classes::snake_case(class)
}

fn recurrent(units: Option<u64>, gates: Option<u64>, bias: Vec<Own>) -> Vec<Own> {
    let kernel = weight("kernel", Some(vec![None, gates]));
    let recurrent = weight("recurrent_kernel", Some(vec![units, gates]));
    join(join(kernel, recurrent), bias)
}

/// The weights of a convolutional LSTM over `rank` dimensions.
fn conv_lstm(
    rank: usize,
    filters: Option<u64>,
    bias: impl Fn(Option<u64>) -> Vec<Own>,
) -> Vec<Own> {
    let gates = filters.and_then(|filters| filters.checked_mul(4));
    let kernel = |input| [vec![None; rank], vec![input, gates]].concat();
    let recurrent = weight("recurrent_kernel", Some(kernel(filters)));
    join(join(weight("kernel", Some(kernel(None))), recurrent), bias(gates))
}

fn weight(name: &'static str, shape: Option<Shape>) -> Vec<Own> {
    vec![Own { name, keras3: name, trainable: true, shape }]
}

fn frozen(name: &'static str, shape: Option<Shape>) -> Vec<Own> {
    vec![Own { name, keras3: name, trainable: false, shape }]
}

fn kept(is_kept: bool, name: &'static str, shape: Option<Shape>) -> Vec<Own> {
    if is_kept { weight(name, shape) } else { Vec::new() }
}

fn join(mut first: Vec<Own>, second: Vec<Own>) -> Vec<Own> {
    first.extend(second);
    first
}

fn number(config: &Object, key: &str) -> Option<u64> {
    config.get(key).and_then(Value::as_u64)
}
