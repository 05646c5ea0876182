//! Weights that do not fit their specs, each with its sentence.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, decode_stream, pieces, specs};
use io_core::{DType, ErrorKind, WeightSpec};
use io_manifest::{NamedTensor, Tensor, TensorData, check_specs, encode_weights};

#[test]
fn weights_of_the_wrong_length() {
    let specs = specs(
        r#"[{"name":"a","shape":[2],"dtype":"float32"},{"name":"s","shape":[2],"dtype":"string"}]"#,
    );
    let good = [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 65, 0, 0, 0, 0];
    assert_eq!(decode(&specs, &[Bytes::copy_from_slice(&good)]).unwrap().len(), 2);
    for (length, sentence, of_stream) in [
        (
            15,
            "the weights have 15 bytes instead of at least 16",
            "the weights end inside weight `s`",
        ),
        (16, "the weights end inside weight `s`", "the weights end inside weight `s`"),
        (
            18,
            "the weights have 1 byte more than their specs say",
            "the weights have 1 byte more than their specs say",
        ),
        (7, "the weights have 7 bytes instead of at least 16", "the weights end inside weight `a`"),
        (0, "the weights have 0 bytes instead of at least 16", "the weights end inside weight `a`"),
    ] {
        let mut bytes = good.to_vec();
        bytes.resize(length, 0);
        for size in [1, 5, 100] {
            let parts: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
            let error = decode(&specs, &parts).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string()),
                (ErrorKind::Corrupt, sentence.to_owned())
            );
            let error = decode_stream(&specs, pieces(&bytes, size)).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string()),
                (ErrorKind::Corrupt, of_stream.to_owned())
            );
        }
    }
    let html = b"<!doctype html><p>not found";
    for error in [
        decode(&specs[..1], &[Bytes::from_static(html)]).unwrap_err(),
        decode_stream(&specs[..1], pieces(html, 20)).unwrap_err(),
    ] {
        assert_eq!(error.hint(), Some("the weights begin like an HTML page"));
    }
}

#[test]
fn check_specs_says_whether_specs_and_bytes_fit() {
    let float = WeightSpec::new("f", [2], DType::Float32);
    let string = WeightSpec::new("s", [3], DType::String);
    check_specs(&[], 0).unwrap();
    check_specs(std::slice::from_ref(&float), 8).unwrap();
    check_specs(&[float.clone(), string.clone()], 20).unwrap();
    check_specs(&[float.clone(), string.clone()], 2_000).unwrap();
    for (specs, total, sentence) in [
        (vec![], 1, "the weights have 1 byte instead of 0"),
        (vec![float.clone()], 9, "the weights have 9 bytes instead of 8"),
        (vec![string], 11, "the weights have 11 bytes instead of at least 12"),
        (vec![float.clone(), float], 16, "there are two weights called `f`"),
    ] {
        assert_eq!(check_specs(&specs, total).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn tensors_that_cannot_be_encoded() {
    let bools = [true, false];
    let tensor = |name, shape| NamedTensor { name, shape, data: TensorData::Bool(&bools) };
    for (list, sentence) in [
        (vec![tensor("x", &[3][..])], "weight `x` has 2 elements instead of 3"),
        (vec![tensor("x", &[])], "weight `x` has 2 elements instead of 1"),
        (vec![tensor("x", &[u64::MAX, 2])], "the shape of weight `x` is too large"),
        (vec![tensor("x", &[2]), tensor("x", &[2])], "there are two weights called `x`"),
    ] {
        assert_eq!(encode_weights(list, None).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn tensors_of_another_type_or_length() {
    let tensor = |spec, stored: &'static [u8]| Tensor { spec, stored: Bytes::from_static(stored) };
    let float = WeightSpec::new("f", [1], DType::Float32);
    assert_eq!(tensor(&float, &[0; 4]).to_f32().unwrap(), [0.0]);
    let error = tensor(&float, &[0; 4]).to_i32().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::InvalidInput, "weight `f` is float32")
    );
    let error = tensor(&float, &[0; 3]).to_f32().unwrap_err();
    assert_eq!(error.to_string(), "weight `f` has 3 bytes instead of 4");
    let strings = WeightSpec::new("s", [2], DType::String);
    for stored in [b"".as_slice(), b"\0\0\0\0", b"\0\0\0\0\x01\0\0\0", b"\0\0\0\0\0\0\0\0x"] {
        let error = tensor(&strings, stored).to_strings().unwrap_err();
        assert_eq!(error.to_string(), "the bytes of weight `s` are not 2 strings");
        assert!(tensor(&strings, stored).decode().is_err());
    }
    let bytes = WeightSpec::new("u", [2], DType::Uint16);
    assert_eq!(tensor(&bytes, b"\x01\x02\xff\xff").to_u16().unwrap(), [0x201, 0xffff]);
}
