//! How much memory a conversion takes: little, whatever the size of the model.

use std::{fs, path::Path, process::Command};

use modelport_tests::{
    program::{self, finish},
    reference,
};
use serde_json::json;

const MIB: u64 = 1 << 20;
/// The inputs and the units of one layer, whose kernel has 256 MiB.
const UNITS: u64 = 8192;
const LIMIT_BYTES: u64 = 64 * MIB;

/// Runs a program and prints the peak of its memory in KiB. Python is small itself, so that what
/// counts before the program is loaded does not.
const WATCH: &str = "\
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)";

#[test]
fn a_model_is_converted_without_ever_being_in_memory() {
    let root = tempfile::tempdir().unwrap();
    write_model(&root.path().join("model"));
    for (options, from, to) in [
        (&[][..], "model", "m.h5"),
        (&[], "m.h5", "from-h5"),
        (&[], "model", "m.keras"),
        (&[], "m.keras", "from-keras"),
        (&[], "model", "m.safetensors"),
        (&["--quantize", "uint8", "--shard-bytes", "50000000"], "m.safetensors", "quantized"),
    ] {
        let mut command = Command::new(reference::python());
        command.args(["-c", WATCH]).arg(program::path()).arg("convert").args(options);
        command.args([from, to].map(|name| root.path().join(name)));
        let kibibytes: u64 = finish(&mut command).success().trim().parse().unwrap();
        println!("{from} to {to}: {} MiB", kibibytes / 1024);
        assert!(kibibytes * 1024 < LIMIT_BYTES, "{to} took {} MiB", kibibytes / 1024);
        // All that is needed of the disk at one time is two of them.
        if from != "model" {
            let from = root.path().join(from);
            if to != "quantized" {
                fs::remove_file(from).unwrap();
                let written = root.path().join(to).join("weights.bin").metadata().unwrap().len();
                assert_eq!(written, (UNITS * UNITS + UNITS) * 4);
                fs::remove_dir_all(root.path().join(to)).unwrap();
            }
        }
    }
}

/// A model of one layer, whose file takes no room on disk.
fn write_model(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let layer = json!({"class_name": "Dense", "config": {
        "name": "d", "units": UNITS, "activation": "linear", "use_bias": true,
        "batch_input_shape": [null, UNITS], "dtype": "float32", "trainable": true,
    }});
    let topology = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}});
    let weights = json!([
        {"name": "d/kernel", "shape": [UNITS, UNITS], "dtype": "float32"},
        {"name": "d/bias", "shape": [UNITS], "dtype": "float32"},
    ]);
    let model = json!({
        "format": "layers-model",
        "modelTopology": topology,
        "weightsManifest": [{"paths": ["weights.bin"], "weights": weights}],
    });
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
    let file = fs::File::create(dir.join("weights.bin")).unwrap();
    file.set_len((UNITS * UNITS + UNITS) * 4).unwrap();
}
