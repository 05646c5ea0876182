//! Files from strangers: damaged, and made to do damage.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use futures::executor::block_on;
use io_core::{ErrorKind, Result, Weights};
use modelport_convert::{ConvertOptions, Format, Output, Source, convert, report::Policy};
use modelport_tests::{keras_files::some, program, reference};
use proptest::prelude::*;

/// What the program takes by itself, and what weights may unpack to in any file.
const BASE_BYTES: u64 = (32 + 64) << 20;

/// Converts the file `bytes` and reads all that comes out of it; gives how many bytes that is.
pub(super) fn read_all(bytes: Vec<u8>) -> Result<u64> {
    block_on(async {
        let source = Source::File(Weights::from(bytes));
        let policy = Policy { strict: false, force: true };
        let options = ConvertOptions::new().with_policy(policy);
        let converted = convert(source, Format::Tfjs, &options).await?;
        let Output::Model(model) = converted.output else { panic!("not a model") };
        let read = model.weight_data.unwrap_or_default().read().await?;
        Ok(read.byte_length())
    })
}

pub(super) fn file(name: &str) -> Vec<u8> {
    fs::read(&some(&[name])[0].path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// An error, or a model whose weights are no more than a small multiple of the file.
    #[test]
    fn behaviour_46_mutated_anywhere(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let names = [
            "k2-seq-dense/model.h5",
            "h5-variants/gzip-latest.h5",
            "h5-variants/latest.h5",
            "k3-seq-dense/model.keras",
        ];
        let mut bytes = file(names[which]);
        for (place, value) in changes {
            *place.get_mut(&mut bytes) = value;
        }
        let length = bytes.len() as u64;
        if let Ok(read) = read_all(bytes) {
            prop_assert!(read <= 128 << 20, "{read} bytes of {length}");
        }
    }
}

#[test]
fn behaviour_09_what_is_no_model_of_keras_is_named() {
    for (bytes, kind) in [
        (Vec::new(), ErrorKind::Corrupt),
        (b"\x89PNG\r\n\x1a\n".to_vec(), ErrorKind::Unsupported),
        (b"{}".to_vec(), ErrorKind::InvalidInput),
        (b"\x02\0\0\0\0\0\0\0[]".to_vec(), ErrorKind::Corrupt),
    ] {
        assert_eq!(read_all(bytes).unwrap_err().kind(), kind);
    }
}

/// Headers of safetensors that lie.
#[test]
fn lying_headers_of_safetensors_are_refused() {
    for header in [
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#,
        r#"{"a":7}"#,
        r#"{"#,
    ] {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&[0; 8]);
        assert_eq!(read_all(bytes).unwrap_err().kind(), ErrorKind::Corrupt, "{header}");
    }
}

/// Files that libhdf5 takes for sound: tensors larger than any memory, data in other files, groups
/// in themselves. Each is refused, soon and in little memory.
#[test]
fn behaviour_46_files_that_are_meant_to_do_harm() {
    let root = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("convert/h5_hostile.py");
    let names = program::finish(Command::new(reference::python()).arg(script).arg(root.path()));
    let names = names.success();
    assert_eq!(names.lines().count(), 19);
    for name in names.lines() {
        assert_refused(&root.path().join(name));
    }
}

/// Asserts that the program refuses `file` for what it is, soon, and in memory of no more than a
/// small multiple of it; and leaves nothing.
pub(super) fn assert_refused(file: &Path) {
    let out = file.with_extension("out");
    let mut command = Command::new(program::path());
    command.args(["convert", "--json", "--force"]).args([file, &out]);
    let started = Instant::now();
    let (ran, peak) = program::watch(&reference::python(), &command);
    let taken = started.elapsed();
    let name = file.display();
    let error = ran.error();
    assert!(["Corrupt", "Unsupported"].contains(&error["kind"].as_str().unwrap()), "{error}");
    assert!(!out.exists(), "{name}");
    // Generous: most take a hundredth.
    assert!(taken < Duration::from_secs(20), "{name} took {taken:?}");
    let limit = BASE_BYTES + 8 * fs::metadata(file).unwrap().len();
    assert!(peak < limit, "{name} took {} MiB", peak >> 20);
}
