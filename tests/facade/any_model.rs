//! Random models: all types, quantised, empty and string weights, unknown keys, odd numbers.

use modelport::{DType, Json, ModelArtifacts, Quantization, WeightSpec, Weights};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};

/// Objects whose text has to stay as it is.
const OBJECTS: &[&str] = &[
    "{}",
    r#"{"b":1.0,"a":1e5,"c":-0.0,"d":123456789012345678901234567890}"#,
    r#"{ "é" : "\u00e9\/\ud83d\ude00" , "": [ [ ] , {} , null ] }"#,
    "{\"\u{1f600}\":\"\u{7f}\",\"1\":1,\"0\":0.1000}",
];

const QUANTIZATIONS: &[(DType, &str)] = &[
    (DType::Float32, r#"{"dtype":"uint8","min":-1.50,"scale":1e-2,"original_dtype":"float32"}"#),
    (DType::Float32, r#"{"dtype":"uint16","min":0,"scale":0.1,"x":{"y":1.0}}"#),
    (DType::Float32, r#"{"dtype":"float16"}"#),
    (DType::Int32, r#"{"dtype":"uint8","min":-0.0,"scale":1}"#),
];

/// A model with a topology, or weights, or both.
pub(super) fn artifacts() -> impl Strategy<Value = ModelArtifacts> {
    let weights = option::weighted(0.9, (vec(weight(), 0..6), vec(any::<Index>(), 0..4)));
    let objects = vec(option::of(nullable(object())), 6);
    let texts = vec(option::of(nullable(text())), 3);
    let extra = vec((any::<String>(), nullable(object())), 0..3);
    (weights, objects, texts, extra).prop_map(|(weights, objects, texts, extra)| {
        let [topology, config, signature, metadata, initializer, initializer_signature] =
            <[_; 6]>::try_from(objects).unwrap();
        let [format, generated_by, converted_by] = <[_; 3]>::try_from(texts).unwrap();
        // Without weights a model needs a topology.
        let topology = match weights {
            Some(_) => topology,
            None => topology.filter(|topology| !topology.is_null()).or(Some(json("{}"))),
        };
        let (weight_specs, weight_data) = weights.map(joined).unzip();
        ModelArtifacts {
            model_topology: topology,
            format,
            generated_by,
            converted_by,
            weight_specs,
            weight_data,
            training_config: config,
            signature,
            user_defined_metadata: metadata,
            model_initializer: initializer,
            initializer_signature,
            extra: numbered(extra),
        }
    })
}

/// Specs with names of their own, and their bytes cut anywhere.
fn joined((weights, cuts): (Vec<(WeightSpec, Vec<u8>)>, Vec<Index>)) -> (Vec<WeightSpec>, Weights) {
    let (mut specs, mut bytes) = (Vec::new(), Vec::new());
    for (place, (spec, own)) in weights.into_iter().enumerate() {
        specs.push(WeightSpec { name: format!("{}{place}", spec.name), ..spec });
        bytes.extend(own);
    }
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut parts = Vec::new();
    for cut in cuts.into_iter().rev() {
        parts.push(bytes.split_off(cut).into());
    }
    parts.push(bytes.into());
    parts.reverse();
    (specs, Weights::from_parts(parts))
}

/// A weight and its bytes.
fn weight() -> impl Strategy<Value = (WeightSpec, Vec<u8>)> {
    let quantization = option::of(select(QUANTIZATIONS));
    let extra = vec(("[u-z]{3}", nullable(object())), 0..2);
    let group = option::of(select(vec!["optimizer".to_owned(), "model".to_owned()]));
    let spec =
        (any::<String>(), vec(0..4_u64, 0..4), select(DType::ALL), quantization, group, extra)
            .prop_map(|(name, shape, dtype, quantization, group, extra)| {
                let dtype = quantization.map_or(dtype, |(dtype, _)| dtype);
                let quantization: Option<Quantization> =
                    quantization.map(|(_, text)| json(text).read().unwrap());
                let extra = numbered(extra);
                WeightSpec { group, quantization, extra, ..WeightSpec::new(name, shape, dtype) }
            });
    spec.prop_flat_map(|spec| {
        let bytes = match spec.byte_length().unwrap() {
            Some(length) => vec(any::<u8>(), usize::try_from(length).unwrap()).boxed(),
            None => {
                let count = usize::try_from(spec.element_count().unwrap()).unwrap();
                vec(vec(any::<u8>(), 0..9), count).prop_map(strings).boxed()
            }
        };
        (Just(spec), bytes)
    })
}

/// Strings as they are stored.
fn strings(strings: Vec<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for string in strings {
        bytes.extend(u32::try_from(string.len()).unwrap().to_le_bytes());
        bytes.extend(string);
    }
    bytes
}

/// Keys that are unique and known to nobody.
fn numbered(extra: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let number = |(place, (key, value)): (usize, (String, Json))| (format!("x{place}{key}"), value);
    extra.into_iter().enumerate().map(number).collect()
}

fn object() -> impl Strategy<Value = Json> {
    select(OBJECTS).prop_map(json)
}

fn text() -> impl Strategy<Value = Json> {
    any::<String>().prop_map(|text| Json::from(text.as_str()))
}

fn nullable(of: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    prop_oneof![4 => of, 1 => Just(json("null"))]
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}
