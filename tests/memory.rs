//! How much memory the program takes: a small, fixed amount, whatever the size of the model.

use std::{fs, path::Path, process::Command, time::Instant};

use modelport_tests::{
    program::{self, finish},
    reference,
};
use serde_json::json;

const MIB: u64 = 1 << 20;
const MODEL_BYTES: u64 = 300 * MIB;
const WEIGHT_BYTES: u64 = 4 * MIB;
const LIMIT_BYTES: u64 = 64 * MIB;

/// Runs a program and prints the peak of its memory in KiB. Python is small itself, so that what
/// counts before the program is loaded does not.
const WATCH: &str = "\
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)";

#[test]
fn a_copy_of_a_large_model_takes_little_memory() {
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("source");
    write_model(&source);
    let [source, copy, sharded, back] =
        ["source", "copy", "sharded", "back"].map(|name| root.path().join(name));
    let shards = ["--shard-bytes", "50000000"].map(Path::new);
    for arguments in [
        // Without checksums, with one, with several.
        &[Path::new("cp"), &source, &copy][..],
        &[Path::new("cp"), shards[0], shards[1], &copy, &sharded],
        &[Path::new("cp"), &sharded, &back],
        &[Path::new("verify"), &back],
    ] {
        let start = Instant::now();
        let peak = peak_bytes(arguments);
        let seconds = start.elapsed().as_secs_f64();
        println!("{arguments:?}: {} MiB, {seconds:.1} s", peak / MIB);
        assert!(peak < LIMIT_BYTES, "{arguments:?} took {} MiB", peak / MIB);
        assert!(seconds < 60.0, "{arguments:?} took {seconds:.1} s");
    }
    let size = fs::metadata(back.join("weights.bin")).unwrap().len();
    assert_eq!(size, MODEL_BYTES);
}

fn peak_bytes(arguments: &[&Path]) -> u64 {
    let mut command = Command::new(reference::python());
    command.args(["-c", WATCH]).arg(program::path()).args(arguments);
    let kibibytes: u64 = finish(&mut command).success().trim().parse().unwrap();
    kibibytes * 1024
}

/// A model whose weight file takes no room on disk.
fn write_model(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let weights: Vec<_> = (0..MODEL_BYTES / WEIGHT_BYTES)
        .map(|n| json!({"name": format!("w{n}"), "shape": [WEIGHT_BYTES / 4], "dtype": "float32"}))
        .collect();
    let manifest = json!([{"paths": ["weights.bin"], "weights": weights}]);
    let model = json!({"modelTopology": {}, "weightsManifest": manifest});
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
    let file = fs::File::create(dir.join("weights.bin")).unwrap();
    file.set_len(MODEL_BYTES).unwrap();
}
