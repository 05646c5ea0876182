//! How much memory the program takes: a small, fixed amount, whatever the size of the model.

use std::{fs, path::Path, process::Command, time::Instant};

use modelport_tests::{
    program::{self, peak_bytes},
    reference,
};
use serde_json::json;

const MIB: u64 = 1 << 20;
const MODEL_BYTES: u64 = 300 * MIB;
const LIMIT_BYTES: u64 = 64 * MIB;

#[test]
fn a_copy_or_a_move_of_a_large_model_takes_little_memory() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    write_model(&at("single"), MODEL_BYTES);
    // A move compares digests, which take their time where the program is not optimised.
    write_model(&at("smaller"), 96 * MIB);
    let path = |name: &str| at(name).to_str().unwrap().to_owned();
    for command in [
        // Without checksums, with one, with several, and back.
        format!("cp {} {}", path("single"), path("copy")),
        format!("cp {} {} --shard-bytes 50000000", path("copy"), path("sharded")),
        format!("cp {} {}", path("sharded"), path("back")),
        format!("mv {} {} --shard-bytes 50000000", path("smaller"), path("moved")),
        // These look at the weights, of which one is as large as the model.
        format!("verify {}", path("copy")),
        format!("info --digest {}", path("single")),
    ] {
        let start = Instant::now();
        let mut words = Command::new(program::path());
        words.args(command.split(' '));
        let peak = peak_bytes(reference::python().as_ref(), &words);
        let seconds = start.elapsed().as_secs_f64();
        println!("{command}: {} MiB, {seconds:.1} s", peak / MIB);
        assert!(peak < LIMIT_BYTES, "{command} took {} MiB", peak / MIB);
        assert!(seconds < 60.0, "{command} took {seconds:.1} s");
    }
    let sizes = ["single", "copy", "back"].map(|name| at(name).join("weights.bin").metadata());
    assert_eq!(sizes.map(|metadata| metadata.unwrap().len()), [MODEL_BYTES; 3]);
    assert!(at("moved").exists() && !at("smaller").exists());
}

/// A model of one weight, whose file takes no room on disk.
fn write_model(dir: &Path, bytes: u64) {
    fs::create_dir_all(dir).unwrap();
    let weight = json!({"name": "w", "shape": [bytes / 4], "dtype": "float32"});
    let manifest = json!([{"paths": ["weights.bin"], "weights": [weight]}]);
    let model = json!({"modelTopology": {}, "weightsManifest": manifest});
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
    let file = fs::File::create(dir.join("weights.bin")).unwrap();
    file.set_len(bytes).unwrap();
}
