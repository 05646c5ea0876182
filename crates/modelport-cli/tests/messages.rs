//! What is not a model is named, with the next step.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use place::{Place, fixture};
use serde_json::Value;

const MODEL: &str = r#"{"modelTopology":{}}"#;

fn write_bytes(place: &Place, name: &str, bytes: &[u8]) {
    place.write(name, "");
    std::fs::write(place.path(name), bytes).unwrap();
}

#[test]
fn files_of_other_formats_are_named_with_the_next_step() {
    let place = Place::new();
    std::fs::copy(fixture("k2-quant/model.h5"), place.path("m.h5")).unwrap();
    std::fs::copy(fixture("k215-mixed/model.keras"), place.path("m.keras")).unwrap();
    write_bytes(&place, "m.safetensors", b"\x02\0\0\0\0\0\0\0{}");
    write_bytes(&place, "m.tflite", b"\x1c\0\0\0TFL3\0\0\0\0\0\0\0\0");
    write_bytes(&place, "m.gguf", b"GGUF\x03\0\0\0");
    write_bytes(&place, "m.onnx", b"\x08\x07\x12\x07pytorch\0\0");
    write_bytes(
        &place,
        "m.pt",
        b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pklx",
    );
    write_bytes(&place, "m.pkl", b"\x80\x04\x95\x10\0\0\0\0\0\0\0}");
    write_bytes(&place, "m.pb", b"\x0a\x08\x0a\x01x\x12\x03Foo");
    write_bytes(&place, "m.index", b"\0\0\x02\x08\x01\x57\xfb\x80\x8b\x24\x75\x47\xdb");
    write_bytes(&place, "utf16.json", b"\xff\xfe{\0\"\0a\0\"\0:\x001\0}\0");
    for (file, what, next) in [
        ("m.h5", "an HDF5 file", "modelport convert"),
        ("m.keras", "a Keras 3 file", "modelport convert"),
        ("m.safetensors", "a safetensors file", "modelport convert"),
        ("m.tflite", "a TensorFlow Lite model", "convert the Keras model"),
        ("m.gguf", "a GGUF file", "does not read"),
        ("m.onnx", "an ONNX model", "does not read"),
        ("m.pt", "a PyTorch file", ".safetensors"),
        ("m.pkl", "a Python pickle", "does not read"),
        ("m.pb", "a TensorFlow graph", "SavedModel"),
        ("m.index", "the index of a TensorFlow checkpoint", "tensorflowjs_converter"),
        ("utf16.json", "UTF-16 text", "UTF-8"),
    ] {
        for command in ["info", "verify", "cp", "mv", "doctor"] {
            let to = if matches!(command, "cp" | "mv") { " to" } else { "" };
            let ran = place.run(&format!("{command} {file}{to}"));
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, 1, "{command} {file}: {ran:?}");
            assert!(text.contains(what) && text.contains(next), "{command} {file}: {ran:?}");
            assert!(!text.contains("column") && !text.contains("index 0"), "{ran:?}");
        }
        if !next.contains("modelport convert") {
            let ran = place.run(&format!("convert {file} to"));
            assert!(ran.code == 1 && ran.stderr.contains(what), "convert {file}: {ran:?}");
            assert!(ran.stderr.contains(next), "convert {file}: {ran:?}");
        }
    }
    assert!(!place.path("to").exists());
}

#[test]
fn a_folder_without_model_json_names_what_is_in_it() {
    let place = Place::new();
    place.write("named/my-net.json", MODEL);
    place.write("upper/Model.json", MODEL);
    place.write("npm/package.json", "{}");
    place.write("npm/model/model.json", MODEL);
    place.write("saved/saved_model.pb", "\u{8}\u{1}\u{12}");
    place.write("saved/variables/variables.index", "x");
    place.write("old/tensorflowjs_model.pb", "x");
    place.write("old/weights_manifest.json", r#"[{"paths":["w"],"weights":[]}]"#);
    place.write("a b/model.json", MODEL);
    std::fs::create_dir(place.path("keras")).unwrap();
    std::fs::copy(fixture("k215-mixed/model.keras"), place.path("keras/net.keras")).unwrap();
    for (folder, hint) in [
        ("named", "did you mean `named/my-net.json`?"),
        ("named/model.json", "did you mean `named/my-net.json`?"),
        ("upper", "did you mean `upper/Model.json`?"),
        ("npm", "did you mean `npm/model`?"),
        ("saved", "SavedModel"),
        ("old", "TensorFlow.js 0.x"),
        ("keras", "`net.keras`: this is a Keras 3 file (.keras); `modelport convert"),
        ("a%20b", "`a b` exists"),
    ] {
        for command in ["info X", "verify X", "cp X to", "mv X to", "convert X to", "doctor X"] {
            let ran = place.run(&command.replace('X', folder));
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert!(text.contains(hint), "{command} {folder}: {ran:?}");
        }
    }
    assert!(!place.path("to").exists());
}

#[test]
fn a_damaged_model_in_a_list_is_named() {
    let place = Place::with_model("ok");
    place.write("k/model.json", "");
    place.write("j/model.json", r#"{"weightsManifest":[{"paths":["w"],"weights":[]}]}"#);
    let ran = place.run("ls .");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("./k: ") && ran.stderr.contains("./j: "), "{ran:?}");
    let ran = place.run("--json ls .");
    let urls: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["url"].clone())
        .collect();
    assert_eq!(urls, ["file://./j", "file://./k"]);
}

#[test]
fn an_option_goes_to_the_side_that_knows_it() {
    let place = Place::with_model("m");
    let run = |command: &str| place.run(command);
    // One side is a web server that is not there: what matters is that options are taken.
    let ran = run("cp --option fsync=false m memory://m");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run("cp --option retries=0 --option fsync=false http://127.0.0.1:9/model.json to");
    assert!(ran.stderr.contains("cannot load http://"), "{ran:?}");
    let ran = run("convert --option read=mmap m memory://m");
    assert_eq!(ran.code, 0, "{ran:?}");
    for command in ["cp --option nonsense=1 m memory://m", "cp --to-option fsync=true m memory://m"]
    {
        let ran = run(command);
        assert!(ran.code == 1 && ran.stderr.contains("unknown option `"), "{ran:?}");
    }
    // A wrong value is still an error of the side that knows the option.
    let ran = run("cp --option fsync=maybe m memory://m");
    assert!(ran.code == 1 && ran.stderr.contains("`fsync` is `maybe`"), "{ran:?}");
}

#[test]
fn a_missing_source_of_convert_is_named_as_it_was_given() {
    let place = Place::new();
    let ran = place.run("convert nope.keras x");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("nope.keras: ") && !ran.stderr.contains("model.json"), "{ran:?}");
    assert!(!place.path("x").exists());
}

#[test]
fn a_wrong_value_on_the_command_line_is_status_2() {
    let place = Place::with_model("m");
    for command in [
        "convert --to tf m x",
        "convert --to onnx m x",
        "convert --quantize int8 m x",
        "cp --method GET m http://127.0.0.1:9/m",
        "cp --shard-bytes 4X m x",
        "cp --shard-bytes 0MiB m x",
        "cache prune --max-bytes lots",
    ] {
        let ran = place.run(command);
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        let ran = place.run(&format!("--json {command}"));
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        let error: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(error["kind"], "InvalidInput", "{command}: {error}");
    }
    assert!(!place.path("x").exists());
    assert_eq!(place.run("cp --shard-bytes 1KiB m x").code, 0);
    let help = place.run("convert --help").stdout;
    assert!(help.contains("[possible values: tfjs, h5,"), "{help}");
}

#[test]
fn a_format_that_is_not_written_makes_no_folder() {
    let place = Place::with_model("m");
    for name in ["x.gguf", "x.npz", "x.savedmodel", "x.pt", "x.zip"] {
        let ran = place.run(&format!("convert m {name}"));
        assert!(ran.code == 1 && ran.stderr.contains("--to tfjs"), "{ran:?}");
        assert!(!place.path(name).exists());
    }
}
