//! Model files: whatever is read can be written, and comes back the same.
#![no_main]

use std::path::{Component, Path};

use io_manifest::{KeyOrder, ModelJson, WeightFileRef, check_specs, write_model_json};
use libfuzzer_sys::fuzz_target;
use modelport_fuzz::assert_same_parts;

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = ModelJson::parse(bytes) else { return };
    let files = model.files();
    for file in &files {
        let mut components = Path::new(&file.path).components();
        let inside = |it| matches!(it, Component::Normal(_) | Component::CurDir);
        assert!(components.all(inside), "the path {:?} leaves the model", file.path);
    }
    let lengths: Vec<u64> = files.iter().map(|file| file.path.len() as u64).collect();
    let _ = model.check_lengths(&lengths);

    let artifacts = &model.artifacts;
    let specs = artifacts.weight_specs.as_deref().unwrap_or_default();
    let _ = check_specs(specs, bytes.len() as u64);
    let info = artifacts.info().expect("what was read has sizes");
    assert_eq!(info.weight_data_bytes, 0);

    let file = WeightFileRef { path: "weights.bin", integrity: None };
    for order in [KeyOrder::Core, KeyOrder::Node] {
        let written =
            write_model_json(artifacts, &[file], order).expect("what was read is written");
        let again = ModelJson::parse(&written).expect("what was written is read");
        assert_same_parts(&again.artifacts, artifacts);
    }
});
