//! No input panics, and none makes this crate allocate more than a small multiple of its length.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use bytes::Bytes;
use common::{decode, decode_pieces, decode_stream, model_files, pieces};
use io_core::{DType, WeightSpec};
use io_manifest::{
    KeyOrder, ModelJson, WeightFileRef, check_path, describe_foreign, write_model_json,
};
use proptest::{collection::vec, prelude::*};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::LazyLock,
};

/// How many bytes may be allocated for each byte of input, and regardless of it.
const FACTOR: usize = 64;
const BASE: usize = 64 << 10;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread holds.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn grow(bytes: usize) {
    NOW.with(|now| {
        now.set(now.get().saturating_add(bytes));
        PEAK.with(|peak| peak.set(peak.get().max(now.get())));
    });
}

#[expect(unsafe_code, reason = "an allocator is unsafe; this one only counts")]
// SAFETY: every call is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.with(|now| now.set(now.get().saturating_sub(layout.size())));
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

/// The most that `work` held at a time.
fn peak_of(work: impl FnOnce()) -> usize {
    let before = NOW.with(Cell::get);
    PEAK.with(|peak| peak.set(before));
    work();
    PEAK.with(Cell::get) - before
}

/// Does everything with a model file and weights that this crate can do.
fn exercise(text: &[u8], weights: &[u8]) {
    let length = text.len() + weights.len();
    let peak = peak_of(|| {
        let _ = describe_foreign(text);
        let Ok(model) = ModelJson::parse(text) else { return };
        let specs = model.artifacts.weight_specs.clone().unwrap_or_default();
        let files = model.files();
        let mut lengths = vec![0; files.len()];
        if let Some(first) = lengths.first_mut() {
            *first = weights.len() as u64;
        }
        drop(model.check_lengths(&lengths));
        drop(model.check_lengths(&[u64::MAX, u64::MAX]));
        let (front, back) = weights.split_at(weights.len() / 3);
        drop(decode(&specs, &[front, back].map(Bytes::copy_from_slice)));
        drop(decode_stream(&specs, pieces(weights, 5)));
        let files: Vec<_> =
            files.iter().map(|f| WeightFileRef { path: &f.path, integrity: f.integrity }).collect();
        drop(write_model_json(&model.artifacts, &files, KeyOrder::Core));
    });
    assert!(peak <= FACTOR * length + BASE, "{peak} bytes were held for {length} of input");
}

static MANIFESTS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| model_files().iter().map(|path| std::fs::read(path).unwrap()).collect());

/// What stands in the place of a token of a real file.
const TOKENS: &[&str] = &[
    "-1",
    "0",
    "1e999",
    "1.5",
    "18446744073709551615",
    "4294967296",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"string\"",
    "\"uint8\"",
    "\"float16\"",
    "\"bool\"",
    "\"../x\"",
    "NaN",
    "[[",
    "\\",
    "\"x\",\"quantization\":{\"dtype\":\"uint8\",\"min\":1,\"scale\":2}",
];

#[derive(Clone, Debug)]
enum Edit {
    Byte(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
    Token(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<usize>;
    prop_oneof![
        1 => (at(), any::<u8>()).prop_map(|(place, byte)| Edit::Byte(place, byte)),
        1 => (at(), 0..80_usize).prop_map(|(place, length)| Edit::Remove(place, length)),
        1 => (at(), 0..300_usize).prop_map(|(place, length)| Edit::Repeat(place, length)),
        1 => at().prop_map(Edit::Cut),
        4 => (at(), 0..TOKENS.len()).prop_map(|(place, token)| Edit::Token(place, token)),
    ]
}

fn apply(text: &mut Vec<u8>, edit: &Edit) {
    if text.is_empty() {
        return;
    }
    let within = |place: usize| place % text.len();
    match *edit {
        Edit::Byte(place, byte) => {
            let place = within(place);
            text[place] = byte;
        }
        Edit::Remove(place, length) => {
            let place = within(place);
            let end = (place + length).min(text.len());
            drop(text.drain(place..end));
        }
        Edit::Repeat(place, length) => {
            let place = within(place);
            let end = (place + length).min(text.len());
            let copy = text[place..end].to_vec();
            text.splice(place..place, copy);
        }
        Edit::Cut(place) => text.truncate(within(place)),
        Edit::Token(place, token) => {
            // The value after the next colon: a string, or up to a comma or bracket.
            let after = |from: usize, is_end: &dyn Fn(&u8) -> bool| {
                from + text[from..].iter().position(is_end).unwrap_or(text.len() - from)
            };
            let start = after(within(place), &|byte| *byte == b':').saturating_add(1);
            let start = after(start.min(text.len()), &|byte| *byte != b' ');
            let end = match text.get(start) {
                Some(b'"') => after(start + 1, &|byte| *byte == b'"').saturating_add(1),
                _ => after(start, &|byte| b",]}".contains(byte)),
            };
            text.splice(start..end.min(text.len()), TOKENS[token].bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_bytes(text in vec(any::<u8>(), 0..300), weights in vec(any::<u8>(), 0..100)) {
        exercise(&text, &weights);
        drop(check_path(&String::from_utf8_lossy(&text)));
    }

    #[test]
    fn random_characters_of_json(text in "[\\[\\]{}:,\"a01.e-]{0,200}") {
        exercise(text.as_bytes(), &[]);
        exercise(format!("{{\"weightsManifest\":[{text}]}}").as_bytes(), &[]);
    }

    #[test]
    fn mutated_models(
        which in any::<usize>(),
        edits in vec(edit(), 1..6),
        weights in vec(any::<u8>(), 0..400),
    ) {
        let mut text = MANIFESTS[which % MANIFESTS.len()].clone();
        edits.iter().for_each(|edit| apply(&mut text, edit));
        exercise(&text, &weights);
    }

    #[test]
    fn random_specs(
        specs in vec((vec(any::<u64>().prop_map(|n| n >> (n % 64)), 0..4), 0..DType::ALL.len()), 0..4),
        weights in vec(any::<u8>(), 0..200),
        small in any::<bool>(),
    ) {
        let specs: Vec<_> = specs.into_iter().enumerate().map(|(place, (mut shape, dtype))| {
            shape.iter_mut().filter(|_| small).for_each(|size| *size %= 4);
            WeightSpec::new(place.to_string(), shape, DType::ALL[dtype])
        }).collect();
        let peak = peak_of(|| {
            drop(decode(&specs, &[Bytes::copy_from_slice(&weights)]));
            drop(decode_stream(&specs, pieces(&weights, 7)));
            drop(decode_pieces(&specs, pieces(&weights, 7)));
        });
        prop_assert!(peak <= FACTOR * weights.len() + BASE, "{peak}");
    }
}

/// Inputs that are much shorter than what they announce or multiply to.
#[test]
fn dense_inputs() {
    let many = |unit: &str, times| vec![unit; times].join(",");
    let group = |paths: &str, weights: &str| {
        format!(r#"{{"weightsManifest":[{{"paths":[{paths}],"weights":[{weights}]}}]}}"#)
    };
    let entry = r#"{"name":"","shape":[],"dtype":"bool"}"#;
    let empty_group = r#"{"paths":[],"weights":[]}"#;
    for text in [
        group("", &many("0", 50_000)),
        group("", &many(entry, 20_000)),
        group(&many("\"a\"", 50_000), ""),
        group("", &format!(r#"{{"name":"x","shape":[{}],"dtype":"bool"}}"#, many("1", 50_000))),
        group(
            "",
            &format!(r#"{{"name":"x",{},"shape":[],"dtype":"bool"}}"#, many("\"\":0", 50_000)),
        ),
        format!(r#"{{"weightsManifest":[{}]}}"#, many("{}", 50_000)),
        format!(r#"{{"weightsManifest":[{}]}}"#, many(empty_group, 20_000)),
        format!(r#"{{"modelTopology":{{}},{}}}"#, many("\"\":0", 50_000)),
        format!(
            r#"{{"modelTopology":{{}},{}}}"#,
            (0..20_000).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(",")
        ),
        format!(r#"{{"modelTopology":{}"#, "[".repeat(200_000)),
        group("", r#"{"name":"x","shape":[1152921504606846976],"dtype":"float32"}"#),
        group("", r#"{"name":"x","shape":[1152921504606846976],"dtype":"string"}"#),
    ] {
        exercise(text.as_bytes(), b"\xff\xff\xff\xff and then some");
    }
}

/// A string that announces 4 GiB, and a million strings that are not there.
#[test]
fn announced_strings_allocate_nothing() {
    for (count, bytes) in [(1, b"\xff\xff\xff\xffabc".as_slice()), (1 << 60, b"\0\0\0\0\0\0\0\0")] {
        let specs = [WeightSpec::new("s", [count], DType::String)];
        let peak = peak_of(|| {
            assert!(decode(&specs, &[Bytes::copy_from_slice(bytes)]).is_err());
            assert!(decode_stream(&specs, pieces(bytes, 3)).is_err());
        });
        assert!(peak < BASE, "{peak}");
    }
}

/// A stream holds one weight and one piece, not the model.
#[test]
fn a_stream_holds_one_weight_at_a_time() {
    let specs: Vec<_> =
        (0..64).map(|i| WeightSpec::new(i.to_string(), [100_000], DType::Bool)).collect();
    let piece = Bytes::from(vec![7_u8; 1_000]);
    let stream = futures::stream::iter((0..6_400).map(move |_| Ok(piece.clone())));
    let mut weights = io_manifest::tensor_stream(specs, Box::pin(stream));
    let peak = peak_of(|| {
        futures::executor::block_on(async {
            let mut count = 0;
            while let Some(weight) = futures::StreamExt::next(&mut weights).await {
                count += usize::from(weight.unwrap().1.len() == 100_000);
            }
            assert_eq!(count, 64);
        });
    });
    assert!(peak < 400_000, "{peak}");
}
