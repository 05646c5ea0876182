//! Files that we write, read back.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use bytes::Bytes;
use futures::executor::block_on;
use io_core::{WeightSource, WeightStream, Weights};

use super::{AttributeValue, GroupBuilder, Hdf5, write_file};
use crate::number::Number;

fn sample() -> Weights {
    let mut root = GroupBuilder::default();
    root.set_text("model_config", &"ü".repeat(100_000));
    root.set_text("empty", "");
    let group = root.group("a/b").unwrap();
    group.set_list("names", &["x".to_owned(), "Ελλάδα".to_owned()]).unwrap();
    group.set_list("none", &[]).unwrap();
    let floats: Vec<u8> = (0..6_u8).flat_map(|value| f32::from(value).to_le_bytes()).collect();
    group.dataset("k/kernel:0", &[2, 3], Number::Float32, Weights::from(floats)).unwrap();
    let scalar = Weights::from(7_i64.to_le_bytes().to_vec());
    root.dataset("iteration:0", &[], Number::Int64, scalar).unwrap();
    root.dataset("nothing", &[0, 4], Number::Float32, Weights::default()).unwrap();
    write_file(&root).unwrap()
}

#[test]
fn what_is_written_is_what_is_read() {
    block_on(async {
        let file = sample();
        // In pieces of any size, as a network has them.
        let bytes = file.to_bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, file.byte_length());
        let parts = bytes.chunks(1000).map(Bytes::copy_from_slice);
        let file = Hdf5::open(Weights::from_parts(parts)).await.unwrap();

        let root = file.group("").await.unwrap().unwrap();
        let text = |text: &str| AttributeValue::Strings(vec![text.to_owned()]);
        let long = text(&"ü".repeat(100_000));
        assert_eq!(root.attribute("model_config").unwrap(), Some(&long));
        assert_eq!(root.attribute("empty").unwrap(), Some(&text("")));
        let group = file.group("a/b").await.unwrap().unwrap();
        let names = AttributeValue::Strings(vec!["x".to_owned(), "Ελλάδα".to_owned()]);
        assert_eq!(group.attribute("names").unwrap(), Some(&names));
        assert_eq!(group.attribute("none").unwrap(), Some(&AttributeValue::Empty));
        assert!(file.group("a/c").await.unwrap().is_none());
        let members = file.members("").await.unwrap();
        assert_eq!(members.groups, ["a"]);
        assert_eq!(members.datasets, ["iteration:0", "nothing"]);

        let kernel = file.dataset("a/b/k/kernel:0").await.unwrap().unwrap();
        assert_eq!((kernel.shape.as_slice(), kernel.number), (&[2, 3][..], Number::Float32));
        let values = kernel.values("kernel").unwrap().to_bytes().await.unwrap();
        assert_eq!(values[20..24], 5.0_f32.to_le_bytes());
        let scalar = file.dataset("iteration:0").await.unwrap().unwrap();
        assert!(scalar.shape.is_empty());
        let value = scalar.values("iteration").unwrap().to_bytes().await.unwrap();
        assert_eq!(value.as_ref(), 7_i32.to_le_bytes());
        let nothing = file.dataset("nothing").await.unwrap().unwrap();
        assert_eq!(nothing.values("nothing").unwrap().byte_length(), 0);
        assert!(file.dataset("a/b/k/bias:0").await.unwrap().is_none());
    });
}

#[test]
fn an_attribute_that_is_not_text_is_an_error_only_for_who_reads_it() {
    let mut root = GroupBuilder::default();
    root.set_text("model_config", "{}");
    root.set_text("note", "caf?");
    block_on(async {
        let bytes = write_file(&root).unwrap().to_bytes().await.unwrap();
        let mut bytes = bytes.to_vec();
        // As Latin-1 has it.
        let at = bytes.windows(4).position(|text| text == b"caf?").unwrap();
        bytes[at + 3] = 0xe9;
        let file = Hdf5::open(Weights::from(bytes)).await.unwrap();
        let root = file.group("").await.unwrap().unwrap();
        assert!(root.attribute("model_config").unwrap().is_some());
        assert!(root.has("note"));
        let error = root.attribute("note").unwrap_err();
        assert_eq!(error.to_string(), "the attribute `note` is not text");
    });
}

#[test]
fn behaviour_17_the_same_input_gives_the_same_bytes() {
    let [one, two] = [sample(), sample()].map(|file| block_on(file.to_bytes()).unwrap());
    assert_eq!(one, two);
}

#[test]
fn behaviour_13_long_lists_are_split_as_keras_splits_them() {
    let names: Vec<String> = (0..12).map(|index| format!("{index:06000}")).collect();
    let mut root = GroupBuilder::default();
    root.set_list("layer_names", &names).unwrap();
    block_on(async {
        let file = Hdf5::open(write_file(&root).unwrap()).await.unwrap();
        let root = file.group("").await.unwrap().unwrap();
        assert!(!root.has("layer_names"));
        let part = |name: &str| root.attribute(name).unwrap().cloned();
        // 72,000 bytes in two parts of 36,000.
        assert_eq!(part("layer_names0"), Some(AttributeValue::Strings(names[..6].to_vec())));
        assert_eq!(part("layer_names1"), Some(AttributeValue::Strings(names[6..].to_vec())));
        assert_eq!(part("layer_names2"), None);
    });
    let too_long = ["n".repeat(64_513)];
    assert!(GroupBuilder::default().set_list("layer_names", &too_long).is_err());
}

#[test]
fn behaviour_46_no_truncation_and_no_changed_byte_panics() {
    let whole = block_on(sample().to_bytes()).unwrap();
    let walk = |bytes: Vec<u8>| {
        block_on(async {
            let file = Hdf5::open(Weights::from(bytes)).await?;
            file.group("").await?;
            file.group("a/b").await?;
            let Some(kernel) = file.dataset("a/b/k/kernel:0").await? else { return Ok(()) };
            kernel.values("kernel")?.to_bytes().await.map(drop)
        })
    };
    assert!(walk(whole.to_vec()).is_ok());
    let headers = 1200;
    for end in (0..headers).chain([whole.len() - 1]) {
        let error = walk(whole[..end].to_vec()).unwrap_err();
        assert_eq!(error.kind(), io_core::ErrorKind::Corrupt, "{end}");
    }
    for at in 0..headers {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.to_vec();
            bytes[at] ^= flip;
            // An error, or the same data.
            let _ = walk(bytes);
        }
    }
}

/// Counts what is read.
#[derive(Debug)]
struct Counted {
    bytes: Weights,
    read: Arc<AtomicU64>,
}

impl WeightSource for Counted {
    fn byte_length(&self) -> u64 {
        self.bytes.byte_length()
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        self.read.fetch_add(range.end - range.start, Ordering::Relaxed);
        self.bytes.stream_range(range)
    }
}

const LAYERS: usize = 400;

/// A group for each layer, with more names than pages that are kept.
fn many_layers() -> Bytes {
    let mut root = GroupBuilder::default();
    for layer in 0..LAYERS {
        let group = root.group(&format!("model/{layer}")).unwrap();
        group.set_list("names", &[format!("{layer:060000}")]).unwrap();
    }
    block_on(write_file(&root).unwrap().to_bytes()).unwrap()
}

async fn assert_layer(file: &Hdf5, layer: usize) {
    let group = file.group(&format!("model/{layer}")).await.unwrap().unwrap();
    let names = AttributeValue::Strings(vec![format!("{layer:060000}")]);
    assert_eq!(group.attribute("names").unwrap(), Some(&names));
}

#[test]
fn groups_that_are_looked_up_one_by_one_are_read_about_once() {
    let bytes = Weights::from(many_layers());
    let length = bytes.byte_length();
    let read = Arc::<AtomicU64>::default();
    let counted = Weights::from_source(Counted { bytes, read: read.clone() });
    block_on(async {
        let file = Hdf5::open(counted).await.unwrap();
        assert_eq!(file.members("").await.unwrap().groups, ["model"]);
        for layer in 0..LAYERS {
            assert_layer(&file, layer).await;
        }
    });
    let read = read.load(Ordering::Relaxed);
    assert!(read <= 2 * length, "{read} bytes read of {length}");
}

#[test]
fn operations_at_the_same_time_do_not_disturb_each_other() {
    let file = block_on(Hdf5::open(Weights::from(many_layers()))).unwrap();
    thread::scope(|scope| {
        for first in [0, 100, 200, 300] {
            let file = &file;
            scope.spawn(move || {
                for layer in 0..LAYERS {
                    block_on(assert_layer(file, (first + layer) % LAYERS));
                }
            });
        }
    });
}
