//! Weights: whole, from a stream and in pieces, decoding gives the same tensors or none.
//!
//! An input is a line with the JSON of weight specs, a byte that says how the rest is cut, and the
//! bytes of the weights.
#![no_main]

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, executor::block_on, stream};
use io_core::{Json, Result, WeightSpec, WeightStream};
use io_manifest::{Tensor, tensor_pieces, tensor_stream, tensors};
use libfuzzer_sys::fuzz_target;
use modelport_fuzz as _;

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|&byte| byte == b'\n') else { return };
    let (line, rest) = input.split_at(end);
    let Some((&cut, bytes)) = rest.get(1..).and_then(<[u8]>::split_first) else { return };
    let Ok(line) = std::str::from_utf8(line) else { return };
    let Ok(specs) = Json::parse(line).and_then(|json| json.read::<Vec<WeightSpec>>()) else {
        return;
    };
    let size = usize::from(cut).max(1);
    let parts: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();

    let whole = whole(&specs, &parts);
    let streamed = block_on(streamed(&specs, stream_of(&parts)));
    let pieced = block_on(pieced(&specs, stream_of(&parts)));
    match (whole, streamed, pieced) {
        (Ok(whole), Ok(streamed), Ok(pieced)) => {
            assert_eq!(whole, streamed);
            assert_eq!(whole, pieced);
        }
        (Err(_), Err(_), Err(_)) => {}
        (whole, streamed, pieced) => {
            panic!("whole {whole:?}, streamed {streamed:?}, in pieces {pieced:?}");
        }
    }
});

fn stream_of(parts: &[Bytes]) -> WeightStream {
    Box::pin(stream::iter(parts.to_vec()).map(Ok))
}

fn whole(specs: &[WeightSpec], parts: &[Bytes]) -> Result<Vec<Bytes>> {
    tensors(specs, parts)
        .map(|tensor| {
            let tensor = tensor?;
            let decoded = tensor.decode()?;
            // Each typed view takes the bytes that `decode` gives, or refuses.
            let floats = tensor.to_f32().map(|all| all.len() * 4);
            let ints = tensor.to_i32().map(|all| all.len() * 4);
            let shorts = tensor.to_u16().map(|all| all.len() * 2);
            let bools = tensor.to_bools().map(|all| all.len());
            for length in [floats, ints, shorts, bools].into_iter().flatten() {
                assert_eq!(length, decoded.len());
            }
            if let Ok(strings) = tensor.to_strings() {
                let length: usize = strings.iter().map(|string| string.len() + 4).sum();
                assert_eq!(length, decoded.len());
            }
            Ok(decoded)
        })
        .collect()
}

async fn streamed(specs: &[WeightSpec], stream: WeightStream) -> Result<Vec<Bytes>> {
    let mut all = tensor_stream(specs.to_vec(), stream);
    let mut decoded = Vec::new();
    while let Some((spec, stored)) = all.try_next().await? {
        decoded.push(Tensor { spec: &spec, stored }.decode()?);
    }
    Ok(decoded)
}

async fn pieced(specs: &[WeightSpec], stream: WeightStream) -> Result<Vec<Bytes>> {
    let mut all = tensor_pieces(specs.to_vec(), stream);
    let (mut decoded, mut open) = (Vec::new(), Vec::new());
    while let Some(piece) = all.try_next().await? {
        open.extend_from_slice(&piece.decode(&specs[piece.weight])?);
        if piece.last {
            decoded.push(Bytes::from(std::mem::take(&mut open)));
        }
    }
    Ok(decoded)
}
