//! The models that are saved and loaded.

use bytes::Bytes;
use io_core::{DType, Json, ModelArtifacts, Result, WeightSpec, Weights};

/// Every field set, with values that are easily lost: numbers of odd spelling, nulls, keys that
/// nobody knows, text of all planes, an escape where none is needed.
pub(crate) fn full() -> Result<ModelArtifacts> {
    let json = |text| Json::parse(text).map(Some);
    let weight_specs: Vec<WeightSpec> = Json::parse(
        r#"[
          {"name":"dense/kernel","shape":[2,3],"dtype":"float32"},
          {"name":"dense/ядро:0","shape":[],"dtype":"int32","group":"model","note":[1.0,null]},
          {"name":"q","shape":[5],"dtype":"float32","quantization":
            {"dtype":"uint8","min":-1.50,"scale":1e-2,"original_dtype":"float32"}},
          {"name":"m","shape":[3],"dtype":"bool","group":"optimizer"}
        ]"#,
    )?
    .read()?;
    Ok(ModelArtifacts {
        model_topology: json(
            r#"{"class_name":"Sequential", "10":1, "2":{"b":2,"a":1},
                "config":{"rate":1.0,"eps":1e-07,"big":1E5,"none":null,"yes":true,"list":[],
                "long":0.1000000000000000055511151231257827,"name":"h\u00e9llo 世界 😀 \/ \"q\""}}"#,
        )?,
        format: json(r#""layers-model""#)?,
        generated_by: json(r#""TensorFlow.js tfjs-layers v4.22.0""#)?,
        converted_by: json("null")?,
        weight_data: Some(Weights::from_parts([noise(1, 24), noise(2, 4), noise(3, 8)])),
        weight_specs: Some(weight_specs),
        training_config: json(
            r#"{"loss":"mse","metrics":["acc"],"optimizer_config":{"class_name":"SGD","config":{"learning_rate":0.010}}}"#,
        )?,
        signature: json(r#"{"inputs":{"x:0":{"name":"x:0","dtype":"DT_FLOAT"}},"outputs":{}}"#)?,
        user_defined_metadata: json(r#"{"note":null,"nested":{"keep":null},"ratio":2.50}"#)?,
        model_initializer: json(r#"{"node":[{"name":"init","op":"NoOp"}]}"#)?,
        initializer_signature: json(r#"{"inputs":null}"#)?,
        extra: vec![
            ("zeta".to_owned(), Json::parse(r#"{"b":1.0,"a":[null,{}]}"#)?),
            ("alpha".to_owned(), Json::parse("null")?),
            ("ключ key".to_owned(), Json::parse(r#""значение""#)?),
        ],
    })
}

/// A model that shares no value with [`full`], and lacks most of its fields.
pub(crate) fn other() -> Result<ModelArtifacts> {
    weighing("other", 9, 40)
}

/// A topology that says `title`, and `floats` weights that no other `seed` gives.
pub(crate) fn weighing(title: &str, seed: u8, floats: u32) -> Result<ModelArtifacts> {
    let length = floats as usize * 4;
    with_weights(title, floats, noise(seed, length).into())
}

/// A topology that says `title`, and `floats` weights that are read from `weights`.
pub(crate) fn with_weights(title: &str, floats: u32, weights: Weights) -> Result<ModelArtifacts> {
    Ok(ModelArtifacts {
        model_topology: Some(Json::parse(&format!(r#"{{"model":"{title}"}}"#))?),
        format: Some(Json::from("layers-model")),
        weight_specs: Some(vec![WeightSpec::new("w", [u64::from(floats)], DType::Float32)]),
        weight_data: Some(weights),
        ..ModelArtifacts::default()
    })
}

/// No weights: neither specs nor bytes.
pub(crate) fn topology_only() -> Result<ModelArtifacts> {
    Ok(ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"model":"no weights"}"#)?),
        format: Some(Json::from("layers-model")),
        ..ModelArtifacts::default()
    })
}

/// Nothing but weights.
pub(crate) fn weights_only() -> ModelArtifacts {
    ModelArtifacts {
        weight_specs: Some(vec![WeightSpec::new("only", [2, 2], DType::Float32)]),
        weight_data: Some(noise(4, 16).into()),
        ..ModelArtifacts::default()
    }
}

/// A topology and an empty list of weights.
pub(crate) fn empty_list() -> Result<ModelArtifacts> {
    Ok(ModelArtifacts {
        weight_specs: Some(Vec::new()),
        weight_data: Some(Weights::from_parts([])),
        ..topology_only()?
    })
}

/// Tensors without elements, with and without others between them.
pub(crate) fn zero_sized(between: bool) -> Result<ModelArtifacts> {
    let mut specs = vec![
        WeightSpec::new("none", [0], DType::Float32),
        WeightSpec::new("no strings", [3, 0], DType::String),
    ];
    if between {
        specs.insert(1, WeightSpec::new("some", [2], DType::Int32));
    }
    Ok(ModelArtifacts {
        weight_specs: Some(specs),
        weight_data: Some(noise(5, if between { 8 } else { 0 }).into()),
        ..topology_only()?
    })
}

/// A weight of each type and of each quantisation, and one of a name with everything in it.
pub(crate) fn every_dtype() -> Result<ModelArtifacts> {
    let mut specs = Vec::new();
    let mut parts = Vec::new();
    for (seed, dtype) in (20..).zip(DType::ALL) {
        specs.push(WeightSpec::new(format!("a {dtype}"), [2, 2], *dtype));
        parts.push(match dtype.element_size() {
            Some(2) => noise(seed, 8),
            Some(1) => noise(seed, 4),
            Some(8) => noise(seed, 32),
            Some(_) => noise(seed, 16),
            // Lengths 1, 0, 4 and 2, with bytes that are not UTF-8.
            None => {
                Bytes::from_static(b"\x01\0\0\0a\0\0\0\0\x04\0\0\0\xf0\x9f\x98\x80\x02\0\0\0\xff\0")
            }
        });
    }
    let quantised: Vec<WeightSpec> = Json::parse(
        r#"[
          {"name":"q8","shape":[4],"dtype":"float32","quantization":{"dtype":"uint8","min":0.0,"scale":1.0}},
          {"name":"q16","shape":[4],"dtype":"int32","quantization":{"dtype":"uint16","min":-2,"scale":0.125}},
          {"name":"h","shape":[4],"dtype":"float32","quantization":{"dtype":"float16","original_dtype":"float32"}},
          {"name":"../a\\b/\"ñ\" 世界\u0001😀?#%41","shape":[],"dtype":"bool"}
        ]"#,
    )?
    .read()?;
    specs.extend(quantised);
    parts.extend([noise(30, 4), noise(31, 8), noise(32, 8), noise(33, 1)]);
    Ok(ModelArtifacts {
        weight_specs: Some(specs),
        weight_data: Some(Weights::from_parts(parts)),
        ..topology_only()?
    })
}

/// Bytes that repeat nowhere near and differ by `seed`.
pub(crate) fn noise(seed: u8, length: usize) -> Bytes {
    let mut state = u64::from(seed) << 32 | 0x9E37_79B9;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
