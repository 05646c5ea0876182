//! Files from strangers: damaged, and made to do damage.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use futures::executor::block_on;
use io_core::{ErrorKind, Result, Weights};
use modelport_convert::{ConvertOptions, Format, Output, Source, convert, report::Policy};
use modelport_tests::{keras_files::some, program, reference};
use proptest::prelude::*;

/// Converts the file `bytes` and reads all that comes out of it; gives how many bytes that is.
fn read_all(bytes: Vec<u8>) -> Result<u64> {
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

fn file(name: &str) -> Vec<u8> {
    fs::read(&some(&[name])[0].path).unwrap()
}

/// A model in safetensors, small enough to be cut everywhere.
fn safetensors_file() -> Vec<u8> {
    let source = Source::File(Weights::from(file("k2-weights-only/weights.h5")));
    let converted = block_on(convert(source, Format::Safetensors, &ConvertOptions::new())).unwrap();
    let Output::File(bytes) = converted.output else { panic!("not a file") };
    block_on(bytes.to_bytes()).unwrap().to_vec()
}

#[test]
fn behaviour_46_truncated_anywhere() {
    let small = [file("k2-weights-only/weights.h5"), safetensors_file()];
    for whole in small {
        read_all(whole.clone()).unwrap();
        for end in (0..whole.len()).step_by(7).chain(whole.len() - 64..whole.len()) {
            assert!(read_all(whole[..end].to_vec()).is_err(), "{end} of {}", whole.len());
        }
    }
    let whole = file("k3-seq-dense/model.keras");
    read_all(whole.clone()).unwrap();
    for end in (0..whole.len()).step_by(97).chain(whole.len() - 64..whole.len()) {
        let error = read_all(whole[..end].to_vec()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{end}: {error}");
    }
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

/// An archive with these members, deflated.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn behaviour_18_deflated_members_in_any_order() {
    let mut stored = zip::ZipArchive::new(Cursor::new(file("k3-seq-dense/model.keras"))).unwrap();
    let mut members = Vec::new();
    for index in 0..stored.len() {
        let mut member = stored.by_index(index).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
        let name = member.name().unwrap().into_owned();
        members.push((name, bytes));
    }
    let whole = read_all(file("k3-seq-dense/model.keras")).unwrap();
    for _ in 0..members.len() {
        members.rotate_left(1);
        let members: Vec<_> =
            members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        assert_eq!(read_all(archive(&members)).unwrap(), whole);
    }
}

#[test]
fn behaviour_18_names_that_climb_and_bombs_are_refused() {
    for name in ["../config.json", "a/../../config.json", "/config.json", "..\\config.json", "c:x"]
    {
        let error = read_all(archive(&[(name, b"{}")])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}");
    }
    let bomb = vec![0; 200 << 20];
    let packed = archive(&[("config.json", b"{}"), ("model.weights.h5", &bomb)]);
    assert!(packed.len() < 1 << 20);
    let error = read_all(packed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("unpacks to more"), "{error}");
    // Nothing of the archive is Keras'.
    let error = read_all(archive(&[("readme.txt", b"hello")])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn behaviour_09_what_is_no_model_of_keras_is_named() {
    for (bytes, kind) in [
        (Vec::new(), ErrorKind::Corrupt),
        (b"\x89PNG\r\n\x1a\n".to_vec(), ErrorKind::Corrupt),
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
/// in themselves. Each is refused before anything is allocated, and soon.
#[test]
fn behaviour_46_files_that_are_meant_to_do_harm() {
    let root = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("convert/h5_hostile.py");
    let names = program::finish(Command::new(reference::python()).arg(script).arg(root.path()));
    let names = names.success();
    assert_eq!(names.lines().count(), 13);
    for name in names.lines() {
        let bytes = fs::read(root.path().join(name)).unwrap();
        let started = Instant::now();
        let error = read_all(bytes).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported),
            "{name}: {error:?}"
        );
        // Generous: all of them together take less.
        assert!(started.elapsed() < Duration::from_secs(60), "{name}");
    }
}
