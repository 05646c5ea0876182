//! The upstream test assertions C001 to C047 of the specification, section 6, as far as they are
//! about bytes rather than about JavaScript: C008 to C012, C014 and C035 have no counterpart, C033
//! and C034 are io-core's, C040 and C041 the handlers', C042 to C047 stand beside the code.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, decode_stream, pieces, specs};
use io_core::{DType, Error, Result, WeightSpec};
use io_manifest::{ModelJson, NamedTensor, Tensor, TensorData, encode_weights, tensors};

fn tensor<'a>(name: &'a str, shape: &'a [u64], data: TensorData<'a>) -> NamedTensor<'a> {
    NamedTensor { name, shape, data }
}

fn encode<'a>(list: impl IntoIterator<Item = NamedTensor<'a>>) -> (Vec<WeightSpec>, Bytes) {
    encode_weights(list, None).unwrap()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn c001_to_c007_and_c013_arrays_are_joined_without_padding() {
    let (f1, f2) = ([1.1_f32, 2.2, 3.3], [-1.1_f32, -2.2, -3.3]);
    let (i1, i2) = ([1, 2, 3], [-1, -2, -3]);
    let bools = [true, false, true];
    let f = |name, values| tensor(name, &[3], TensorData::Float32(values));
    let i = |name, values| tensor(name, &[3], TensorData::Int32(values));
    let b = |name| tensor(name, &[3], TensorData::Bool(&bools));
    for (list, expected) in [
        (vec![f("a", &f1)], floats(&f1)),
        (vec![f("a", &f1), f("b", &f2)], [floats(&f1), floats(&f2)].concat()),
        (vec![i("a", &i1)], ints(&i1)),
        (vec![i("a", &i1), i("b", &i2)], [ints(&i1), ints(&i2)].concat()),
        (vec![b("a")], vec![1, 0, 1]),
        (vec![b("a"), b("b")], vec![1, 0, 1, 1, 0, 1]),
        (vec![b("a"), i("b", &i1), f("c", &f1)], [vec![1, 0, 1], ints(&i1), floats(&f1)].concat()),
        (vec![], vec![]),
    ] {
        assert_eq!(encode(list).1, expected);
    }
}

#[test]
fn c015_float32_specs_are_in_order() {
    let (specs, bytes) = encode([
        tensor("x1", &[2, 2], TensorData::Float32(&[10., 20., 30., 40.])),
        tensor("x2", &[], TensorData::Float32(&[42.])),
        tensor("x3", &[4], TensorData::Float32(&[-1.3, -3.7, 1.3, 3.7])),
    ]);
    assert_eq!(bytes, floats(&[10., 20., 30., 40., 42., -1.3, -3.7, 1.3, 3.7]));
    let shapes: [&[u64]; 3] = [&[2, 2], &[], &[4]];
    for ((spec, name), shape) in specs.iter().zip(["x1", "x2", "x3"]).zip(shapes) {
        assert_eq!(*spec, WeightSpec::new(name, shape, DType::Float32));
    }
}

#[test]
fn c016_and_c017_a_list_keeps_its_order() {
    let values = [1.0];
    let names = ["x2", "x1", "x0"];
    let list = names.map(|name| tensor(name, &[], TensorData::Float32(&values)));
    let (specs, _) = encode(list);
    assert_eq!(specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), names);
    let (specs, bytes) = encode([]);
    assert!(specs.is_empty() && bytes.is_empty());
}

#[test]
fn c018_to_c020_int32_bool_and_complex64() {
    let (specs, bytes) = encode([
        tensor("x1", &[2, 2], TensorData::Int32(&[10, 20, 30, 40])),
        tensor("x2", &[], TensorData::Int32(&[42])),
        tensor("x3", &[4], TensorData::Int32(&[-1, -3, -3, -7])),
    ]);
    assert_eq!(bytes, ints(&[10, 20, 30, 40, 42, -1, -3, -3, -7]));
    let parts = [bytes];
    let all: Vec<_> = tensors(&specs, &parts).map(|t| t.unwrap().to_i32().unwrap()).collect();
    assert_eq!(all, [vec![10, 20, 30, 40], vec![42], vec![-1, -3, -3, -7]]);

    let bools = [true, false, false, true, false, false, true, false, true];
    let (specs, bytes) = encode([tensor("b", &[9], TensorData::Bool(&bools))]);
    assert_eq!(bytes.as_ref(), [1, 0, 0, 1, 0, 0, 1, 0, 1]);
    let tensor_of = |stored| Tensor { spec: &specs[0], stored };
    assert_eq!(tensor_of(bytes).to_bools().unwrap(), bools);
    // Any byte is accepted and kept.
    let odd = Bytes::from_static(&[255; 9]);
    assert_eq!(tensor_of(odd.clone()).decode().unwrap(), odd);

    let numbers = [[1., 1.], [2., 2.], [3., 3.], [4., 4.]];
    let (specs, bytes) = encode([tensor("c", &[2, 2], TensorData::Complex64(&numbers))]);
    assert_eq!(bytes, floats(&[1., 1., 2., 2., 3., 3., 4., 4.]));
    let decoded = Tensor { spec: &specs[0], stored: bytes }.to_f32().unwrap();
    assert_eq!(decoded, [1., 1., 2., 2., 3., 3., 4., 4.]);
}

#[test]
fn c021_strings_have_their_length_before_them() {
    let strings = ["hello", "", "здраво", "こんにちは"].map(str::as_bytes);
    let (specs, bytes) = encode([tensor("s", &[2, 2], TensorData::String(&strings))]);
    let mut expected = Vec::new();
    for string in strings {
        expected.extend(u32::try_from(string.len()).unwrap().to_le_bytes());
        expected.extend(string);
    }
    assert_eq!((bytes.len(), &bytes[..]), (16 + 5 + 12 + 15, expected.as_slice()));
    assert_eq!(Tensor { spec: &specs[0], stored: bytes }.to_strings().unwrap(), strings);
}

/// A mix of all types: C022 for the bytes, C023 from a buffer, C024 from a stream.
#[test]
fn c022_to_c024_a_mix_round_trips() {
    let utf16: Vec<u8> = "здраво".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let strings = [b"\xe7\xe4\xf0".as_slice(), b"", &utf16];
    let (specs, bytes) = encode([
        tensor("x1", &[2], TensorData::Int32(&[10, -20])),
        tensor("x2", &[3], TensorData::Bool(&[true, false, true])),
        tensor("x3", &[3], TensorData::String(&strings)),
        tensor("x4", &[], TensorData::String(&[b"scalar"])),
        tensor("x5", &[], TensorData::Float32(&[8.5])),
        tensor("x6", &[0, 3], TensorData::Float32(&[])),
        tensor("x7", &[0], TensorData::String(&[])),
        tensor("x8", &[1], TensorData::Complex64(&[[1.5, -2.5]])),
    ]);
    let expected: [Vec<u8>; 8] = [
        ints(&[10, -20]),
        vec![1, 0, 1],
        [b"\x03\0\0\0\xe7\xe4\xf0\0\0\0\0\x0c\0\0\0".as_slice(), &utf16].concat(),
        b"\x06\0\0\0scalar".to_vec(),
        floats(&[8.5]),
        vec![],
        vec![],
        floats(&[1.5, -2.5]),
    ];
    assert_eq!(bytes, expected.concat());
    let check = |decoded: Result<Vec<(String, Bytes)>>| {
        let values: Vec<Bytes> = decoded.unwrap().into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(values, expected);
    };
    check(decode(&specs, std::slice::from_ref(&bytes)));
    for size in 1..=bytes.len() {
        let parts: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
        check(decode(&specs, &parts));
        check(decode_stream(&specs, pieces(&bytes, size)));
    }
}

/// The type is refused when the file is read, long before buffers and streams.
#[test]
fn c025_and_c026_an_unknown_dtype_is_refused() {
    let text = r#"{"weightsManifest":[{"paths":["w"],"weights":[{"name":"x","shape":[],"dtype":"int16"}]}]}"#;
    let error: Error = ModelJson::parse(text.as_bytes()).unwrap_err();
    let chain = common::chain(&error);
    assert!(chain[0].contains("`x`") && chain[1].contains("unknown dtype `int16`"), "{chain:?}");
}

#[test]
fn c027_to_c032_quantised_weights() {
    let entry = |name: &str, dtype: &str, quantization: &str| {
        let affine = if quantization == "float16" { "" } else { r#","min":-1,"scale":0.1"# };
        specs(&format!(
            r#"[{{"name":"{name}","shape":[3],"dtype":"{dtype}",
                "quantization":{{"dtype":"{quantization}"{affine}}}}}]"#
        ))
    };
    for (quantization, stored) in
        [("uint8", vec![0, 48, 255]), ("uint16", vec![0, 0, 48, 0, 255, 0])]
    {
        let specs =
            [entry("f", "float32", quantization), entry("i", "int32", quantization)].concat();
        let parts = [stored.clone().into(), stored.clone().into()];
        let all: Vec<_> = tensors(&specs, &parts).map(Result::unwrap).collect();
        assert_eq!(all[0].to_f32().unwrap(), [-1.0, 3.8, 24.5]);
        assert_eq!(all[1].to_i32().unwrap(), [-1, 4, 25]);
        let streamed = decode_stream(&specs, pieces(&parts.concat(), 1)).unwrap();
        assert_eq!(streamed, decode(&specs, &parts).unwrap());
    }
    let specs = entry("h", "float32", "float16");
    let stored = [0x3400_u16, 0x3800, 0x3A00].map(u16::to_le_bytes).concat();
    let decoded = decode(&specs, &[stored.clone().into()]).unwrap();
    assert_eq!(decoded[0].1, floats(&[0.25, 0.5, 0.75]));
    assert_eq!(decode_stream(&specs, pieces(&stored, 3)).unwrap(), decoded);
}

/// Python rounds half to even here and gives -2, -2, 0, 0, 2, 2.
#[test]
fn ties_round_up_as_in_javascript() {
    let specs = specs(
        r#"[{"name":"x","shape":[6],"dtype":"int32",
            "quantization":{"dtype":"uint8","min":-2.5,"scale":1}}]"#,
    );
    let stored = Bytes::from_static(&[0, 1, 2, 3, 4, 5]);
    let decoded = Tensor { spec: &specs[0], stored }.to_i32().unwrap();
    assert_eq!(decoded, [-2, -1, 0, 1, 2, 3]);
}

#[test]
fn c036_to_c039_parts_are_joined() {
    let specs = [WeightSpec::new("x", [6], DType::Bool)];
    for parts in [
        vec![&b"\x01\x02"[..], b"\x03\x04", b"\x05\x06"],
        vec![b"\x01\x02\x03", b"", b"\x04\x05\x06"],
        vec![b"\x01\x02\x03\x04\x05\x06"],
    ] {
        let parts: Vec<Bytes> = parts.into_iter().map(Bytes::from_static).collect();
        assert_eq!(decode(&specs, &parts).unwrap()[0].1.as_ref(), [1, 2, 3, 4, 5, 6]);
    }
    assert!(decode(&[], &[]).unwrap().is_empty());
}
