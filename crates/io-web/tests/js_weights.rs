//! Weights that live in JavaScript, in a real browser.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use bytes::Bytes;
use futures::TryStreamExt;
use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl, WeightSource, Weights};
use io_web::{Expected, JsPiece, JsWeights, StoredWeights, integrity_of};
use js_sys::{Array, ArrayBuffer, Uint8Array, eval};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Blob;

wasm_bindgen_test_configure!(run_in_browser);

fn js(code: &str) -> JsValue {
    eval(code).unwrap()
}

async fn streamed(weights: &Weights) -> Vec<u8> {
    weights.stream().try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

#[wasm_bindgen_test]
async fn every_kind_of_piece_streams_and_is_given_back_as_it_is() {
    let whole = js("globalThis.whole = [
            Uint8Array.of(1, 2).buffer, Uint8Array.of(0, 3, 4, 0).subarray(1, 3), new Blob([]),
            new ArrayBuffer(0), new Blob([Uint8Array.of(5, 6, 7)]), new File([Uint8Array.of(8)], 'f'),
            new DataView(Uint8Array.of(0, 9, 0).buffer, 1, 1), Uint16Array.of(0x0b0a, 0).subarray(0, 1),
        ]");
    let here = JsWeights::from_js(&whole).unwrap();
    let weights = Weights::from_source(here.clone());
    assert_eq!(weights.byte_length(), 11);
    let due: Vec<u8> = (1..=11).collect();
    assert_eq!(streamed(&weights).await, due);
    assert_eq!(weights.to_bytes().await.unwrap(), due);
    for from in 0..=11_u8 {
        for to in from..=11 {
            let range = u64::from(from)..u64::from(to);
            let within = due.get(usize::from(from)..usize::from(to)).unwrap();
            let part: Vec<Bytes> = weights.stream_range(range.clone()).try_collect().await.unwrap();
            assert_eq!(part.concat(), within);
            let part = Weights::from_source(here.slice(range).unwrap());
            assert_eq!(streamed(&part).await, within);
        }
    }
    assert_eq!(Uint8Array::new(&here.to_array_buffer().await.unwrap()).to_vec(), due);

    // The objects themselves come back, also through a copy of the weights.
    let back = weights.clone();
    let pieces = back.source_as::<JsWeights>().unwrap().pieces();
    for (index, piece) in [0_u32, 1, 2, 3, 4, 5].into_iter().zip(pieces) {
        assert!(js_sys::Object::is(&js(&format!("whole[{index}]")), piece.as_js()), "{index}");
    }
    let only: ArrayBuffer = js("whole[0]").unchecked_into();
    let joined = JsWeights::from(only.clone()).to_array_buffer().await.unwrap();
    assert!(js_sys::Object::is(&joined, &only));
    assert!(weights.source_as::<JsWeights>().is_some());
    let other = JsWeights::read(&Weights::from(due.clone())).await.unwrap();
    assert!(matches!(other.pieces(), [JsPiece::Buffer(_)]));
    assert_eq!(streamed(&Weights::from_source(other)).await, due);
}

#[wasm_bindgen_test]
async fn chunks_are_bounded_and_read_when_they_are_asked_for() {
    let blob = js("globalThis.reads = 0;
        const blob = new Blob([new Uint8Array(9 << 20).fill(7)]);
        const slice = blob.slice.bind(blob);
        blob.slice = (...range) => { reads += 1; return slice(...range); };
        blob");
    let weights = Weights::from_source(JsWeights::from_js(&blob).unwrap());
    let mut stream = weights.stream();
    assert_eq!(js("reads"), 0);
    let mut sizes = Vec::new();
    while let Some(chunk) = stream.try_next().await.unwrap() {
        assert!(chunk.iter().all(|&byte| byte == 7));
        sizes.push(chunk.len());
        assert_eq!(js("reads").as_f64(), Some(f64::from(u32::try_from(sizes.len()).unwrap())));
    }
    assert_eq!(sizes, [4 << 20, 4 << 20, 1 << 20]);
}

#[wasm_bindgen_test]
async fn a_transferred_buffer_fails_typed_and_what_is_no_bytes_is_refused() {
    let buffer = js("globalThis.moved = Uint8Array.of(1, 2, 3).buffer");
    let here = JsWeights::from_js(&buffer).unwrap();
    let weights = Weights::from_source(here.clone());
    js("structuredClone(moved, {transfer: [moved]})");
    let failed = weights.stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((failed.kind(), failed.is_retryable()), (ErrorKind::Conflict, false));
    assert_eq!(here.to_array_buffer().await.unwrap_err().kind(), ErrorKind::Conflict);

    for code in [
        "7",
        "'text'",
        "null",
        "undefined",
        "({})",
        "[1]",
        "({byteLength: 5})",
        "new Uint8Array(new SharedArrayBuffer(4))",
        "({[Symbol.toStringTag]: 'Array'})",
        "({get [Symbol.toStringTag]() { throw new Error('no'); }})",
    ] {
        // Where memory is never shared, the class is not there.
        let Ok(value) = eval(code) else { continue };
        assert!(JsWeights::from_js(&value).is_err(), "{code}");
    }
    // What only says that it is bytes has none, or fails.
    let liar = js("({[Symbol.toStringTag]: 'Blob', size: 3, slice() { return this; }})");
    let liar = Weights::from_source(JsWeights::from_js(&liar).unwrap());
    assert!(liar.to_bytes().await.is_err());
}

#[wasm_bindgen_test]
async fn sizes_above_four_gigabytes_are_right() {
    // Blobs of Blobs take no memory of their own.
    let blob = js("const megabyte = new Blob([new Uint8Array(1 << 20).fill(1)]);
        const gigabyte = new Blob(Array(1 << 10).fill(megabyte));
        new Blob([...Array(5).fill(gigabyte), Uint8Array.of(1, 2, 3)])");
    let weights = Weights::from_source(JsWeights::from_js(&blob).unwrap());
    let length = (5_u64 << 30) + 3;
    assert_eq!(weights.byte_length(), length);
    let end: Vec<Bytes> = weights.stream_range(length - 4..length).try_collect().await.unwrap();
    assert_eq!(end.concat(), [1, 1, 2, 3]);
}

#[wasm_bindgen_test]
async fn what_is_joined_is_in_order_whatever_is_read_first() {
    let pieces = js("const megabyte = (i) => new Uint8Array(1 << 20).fill(i);
        [new Blob(Array.from({length: 50}, (_, i) => megabyte(i))), megabyte(50).buffer,
         new Blob([megabyte(51)])]");
    let joined = JsWeights::from_js(&pieces).unwrap().to_array_buffer().await.unwrap();
    let joined = Uint8Array::new(&joined);
    assert_eq!(joined.length(), 52 << 20);
    for index in 0..52_u32 {
        for at in [0, (1 << 20) - 1] {
            assert_eq!(u32::from(joined.get_index((index << 20) + at)), index);
        }
    }
}

/// Pieces of a model that was stored as `due`.
fn stored(pieces: &str, due: &[u8], options: &HandlerOptions) -> Weights {
    let integrity = integrity_of(&Uint8Array::from(due)).unwrap();
    let url = ModelUrl::new("place", "m").unwrap();
    let pieces = JsWeights::from_js(&js(pieces)).unwrap();
    Weights::from_source(StoredWeights::new(&url, pieces, Some(integrity), options))
}

#[wasm_bindgen_test]
async fn weights_of_a_model_are_verified_however_they_are_taken() {
    let buffer = "Uint8Array.of(1, 2, 3, 4).buffer";
    let blobs = "[new Blob([Uint8Array.of(1, 2)]), new Blob(), new Blob([Uint8Array.of(3, 4)])]";
    let mixed = "[new Blob([Uint8Array.of(1, 2, 3)]), Uint8Array.of(4)]";
    for pieces in [buffer, blobs, mixed] {
        let right = stored(pieces, &[1, 2, 3, 4], &HandlerOptions::new());
        let read = JsWeights::read(&right).await.unwrap();
        assert_eq!(read.verified().await.unwrap().pieces().len(), read.pieces().len());
        assert_eq!(Uint8Array::new(&read.to_array_buffer().await.unwrap()).to_vec(), [1, 2, 3, 4]);

        let wrong = stored(pieces, &[1, 2, 3, 5], &HandlerOptions::new());
        let taken = wrong.source_as::<JsWeights>().unwrap();
        let errors = [
            wrong.to_bytes().await.unwrap_err(),
            taken.to_array_buffer().await.unwrap_err(),
            taken.verified().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{pieces}: {error}");
            assert!(error.to_string().contains("load place://m"), "{error}");
        }
        // A part says nothing about the whole.
        assert!(wrong.stream_range(1..4).try_collect::<Vec<_>>().await.is_ok());

        let waived = stored(pieces, &[1, 2, 3, 5], &HandlerOptions::new().with_verify(false));
        assert_eq!(streamed(&waived).await, [1, 2, 3, 4]);
        assert!(JsWeights::read(&waived).await.unwrap().to_array_buffer().await.is_ok());
    }
}

#[wasm_bindgen_test]
async fn of_several_files_the_damaged_one_is_named() {
    let file = |name: &str, found: &[u8], due: &[u8]| {
        let integrity = integrity_of(&Uint8Array::from(due)).unwrap();
        let url = ModelUrl::new("place", "m").unwrap();
        let expected = Expected { url, file: Some(name.to_owned()), integrity };
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(found)));
        JsWeights::from(blob.unwrap()).expecting(expected)
    };
    let files = JsWeights::join([
        file("empty", b"", b""),
        file("good", b"abc", b"abc"),
        file("better", b"defg", b"defg"),
        file("bad", b"<!doctype html><html></html>", b"weights"),
    ]);
    let told = |error: Error| {
        let text = error.to_string();
        assert!(text.contains("'bad' fails its checksum; it looks like an HTML page"), "{text}");
    };
    told(files.to_array_buffer().await.unwrap_err());
    let unknown = JsWeights::from(Uint8Array::from(&b"unknown"[..]));
    let files = JsWeights::join([unknown, files]);
    told(files.verified().await.unwrap_err());
    told(files.to_array_buffer().await.unwrap_err());
    let mut stream = files.stream(0..files.byte_length());
    assert_eq!(stream.try_next().await.unwrap().unwrap(), "unknown");
    assert_eq!(stream.try_next().await.unwrap().unwrap(), "abc");
    assert_eq!(stream.try_next().await.unwrap().unwrap(), "defg");
    told(stream.try_next().await.unwrap_err());
    assert!(stream.try_next().await.unwrap().is_none());
    assert!(files.stream(0..8).try_collect::<Vec<_>>().await.is_ok());
}
