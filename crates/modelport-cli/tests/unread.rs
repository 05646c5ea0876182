//! Models without weights, with weights in keys that are not read, and manifests that stand alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod place;

use place::Place;

const DENSE: &str = r#"{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{"name":"d1","units":1}}]}}"#;
const FLATTEN: &str = r#"{"class_name":"Sequential","config":{"layers":[{"class_name":"Flatten","config":{"name":"f"}}]}}"#;
const SPECS: &str = r#"[{"name":"d1/kernel","shape":[1],"dtype":"float32"},{"name":"d1/bias","shape":[1],"dtype":"float32"}]"#;

#[test]
fn a_model_with_weights_in_unread_keys_is_neither_sound_nor_copied() {
    let place = Place::new();
    place.write(
        "specs/model.json",
        &format!(r#"{{"modelTopology":{DENSE},"weightSpecs":{SPECS}}}"#),
    );
    place.write("specs/weights.json", r#"{"data":[0,0,0,0,0,0,0,0]}"#);
    place.write(
        "base64/model.json",
        &format!(
            r#"{{"modelTopology":{DENSE},"weightSpecs":{SPECS},"weightData":"AAAAAAAAAAA="}}"#
        ),
    );
    for model in ["specs", "base64"] {
        for command in ["verify M", "info M", "cp M to", "mv M to", "convert M to.h5", "rm M"] {
            let ran = place.run(&command.replace('M', model));
            assert_eq!(ran.code, 1, "{command} {model}: {ran:?}");
            assert!(ran.stderr.contains("names 2 weights in `weightSpecs`"), "{ran:?}");
        }
        let ran = place.run(&format!("doctor {model}"));
        assert!(ran.code == 1 && ran.stdout.contains("weightSpecs"), "{ran:?}");
        assert!(place.path(model).join("model.json").exists());
    }
    assert!(!place.path("to").exists());
}

#[test]
fn a_topology_without_weights_is_not_called_sound() {
    let place = Place::new();
    place.write("none/model.json", &format!(r#"{{"modelTopology":{DENSE}}}"#));
    place.write(
        "emptied/model.json",
        &format!(r#"{{"modelTopology":{DENSE},"weightsManifest":[]}}"#),
    );
    place.write(
        "flat/model.json",
        &format!(r#"{{"modelTopology":{FLATTEN},"weightsManifest":[]}}"#),
    );
    for model in ["none", "emptied"] {
        let ran = place.run(&format!("verify {model}"));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("the model has no weights, but its layer `d1`"), "{ran:?}");
        let ran = place.run(&format!("doctor {model}"));
        assert!(ran.code == 1 && ran.stdout.contains("has no weights"), "{ran:?}");
    }
    // A layers model may be a topology alone: TensorFlow.js starts it with random weights.
    let ran = place.run("cp none copy");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "warning: the model has no weights\n"));
    let ran = place.run("mv copy moved");
    assert_eq!(ran.code, 0, "{ran:?}");
    // With a manifest that names none, nothing can load it.
    for command in ["cp emptied to", "mv emptied to"] {
        let ran = place.run(command);
        assert!(ran.code == 1 && ran.stderr.contains("has no weights"), "{ran:?}");
    }
    assert!(place.path("emptied/model.json").exists() && !place.path("to").exists());
    assert_eq!(place.run("verify flat").code, 0);
    assert_eq!(place.run("cp flat flat2").code, 0);
}

#[test]
fn a_bare_manifest_is_read_listed_copied_and_converted() {
    let place = Place::new();
    let manifest = format!(r#"[{{"paths":["tiny-shard1"],"weights":{SPECS}}}]"#);
    place.write("face/tiny-weights_manifest.json", &manifest);
    place.write("face/tiny-shard1", "abcdefgh");
    let own = "face/tiny-weights_manifest.json";
    let info = place.run(&format!("--json info {own}")).json();
    assert_eq!(info["weights"].as_array().unwrap().len(), 2);
    assert_eq!(place.run(&format!("verify {own}")).code, 0);
    let ran = place.run("ls face");
    assert!(ran.code == 0 && ran.stdout.contains(own), "{ran:?}");
    let ran = place.run("info face");
    assert!(ran.stderr.contains(&format!("did you mean `{own}`?")), "{ran:?}");

    assert_eq!(place.run(&format!("cp {own} copy")).code, 0);
    let text = std::fs::read_to_string(place.path("copy/model.json")).unwrap();
    assert!(text.starts_with(r#"{"weightsManifest":[{"#), "{text}");
    assert_eq!(std::fs::read(place.path("copy/weights.bin")).unwrap(), b"abcdefgh");
    assert_eq!(place.run(&format!("convert {own} tiny.safetensors")).code, 0);

    // Its weights are not those of a model beside it.
    place.write(
        "face/model.json",
        &format!(r#"{{"weightsManifest":[{{"paths":["tiny-shard1"],"weights":{SPECS}}}]}}"#),
    );
    assert_eq!(place.run("rm face/model.json").code, 0);
    assert_eq!(place.run(&format!("verify {own}")).code, 0);
    assert_eq!(place.run(&format!("rm {own}")).code, 0);
    assert!(!place.path("face/tiny-shard1").exists());
}
