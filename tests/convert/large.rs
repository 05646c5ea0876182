//! Files whose parts lie far apart.

use std::{
    fs,
    ops::Range,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use futures::executor::block_on;
use io_core::{ModelArtifacts, WeightSource, WeightStream, Weights};
use modelport_convert::{ConvertOptions, Format, Output, Source, convert};
use modelport_tests::{program, reference};

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

/// A file that h5py writes; see `h5_large.py`.
fn written(arguments: [&str; 2], form: &[&str]) -> Weights {
    let root = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("convert/h5_large.py");
    let file = root.path().join("model.h5");
    let mut command = Command::new(reference::python());
    program::finish(command.arg(script).args(arguments).arg(&file).args(form)).success();
    Weights::from(fs::read(file).unwrap())
}

fn model(file: Weights) -> ModelArtifacts {
    let options = ConvertOptions::new();
    let converted = block_on(convert(Source::File(file), Format::Tfjs, &options)).unwrap();
    let Output::Model(model) = converted.output else { panic!("not a model") };
    model
}

#[test]
fn of_many_layers_only_what_is_needed_is_read() {
    let bytes = written(["200", "256"], &[]);
    let length = bytes.byte_length();
    let read = Arc::<AtomicU64>::default();
    let counted = Counted { bytes, read: read.clone() };
    let weights = model(Weights::from_source(counted)).weight_data.unwrap();
    assert_eq!(weights.byte_length(), 200 * 256 * 256 * 4);
    // A page of each layer, most of which is data.
    let first = read.swap(0, Ordering::Relaxed);
    assert!(first <= length / 3, "{first} bytes read of {length}");
    block_on(weights.to_bytes()).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), weights.byte_length());
}

#[test]
fn weights_in_pieces_are_read_by_several_at_the_same_time() {
    let weights = model(written(["4", "400"], &["chunks"])).weight_data.unwrap();
    let whole = block_on(weights.to_bytes()).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..4 {
                    assert!(block_on(weights.to_bytes()).unwrap() == whole);
                }
            });
        }
    });
}
