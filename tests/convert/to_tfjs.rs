//! Files of Keras in real TensorFlow.js.

use std::fs;

use modelport_tests::{
    fixtures,
    keras_files::{self, convert, digests, some, sums},
};
use serde_json::Value;

use super::files::{assert_predict, predictions};

#[test]
fn behaviour_01_text_of_every_form() {
    assert_predict(&some(&["h5-variants/plain", "h5-variants/fixed", "k3-unicode/model.h5"]), &[]);
}

#[test]
fn behaviour_02_lists_of_names_whole_and_split() {
    assert_predict(&some(&["k2-chunked-attrs/model.h5"]), &[]);
}

#[test]
fn behaviour_03_names_that_look_like_paths() {
    assert_predict(&some(&["k2-slash-names/model.h5"]), &[]);
}

/// All layers and nothing else, in the order of the reference converter: that of their groups.
#[test]
fn behaviour_04_layers_and_no_other_groups() {
    let root = tempfile::tempdir().unwrap();
    for name in ["k2-cnn-bn", "k2-nested", "k2-slash-names", "k2-functional-multi-io"] {
        let dir = root.path().join(name);
        convert(&[], &some(&[&format!("{name}/model.h5")])[0].path, &dir).success();
        let ours = fixtures::digests(&Value::from(digests(&dir)));
        assert_eq!(ours, fixtures::one(&format!("{name}/tfjs")).weights(), "{name}");
    }
}

#[test]
fn behaviour_06_weights_only() {
    let root = tempfile::tempdir().unwrap();
    let file = &some(&["k2-weights-only/weights.h5"])[0];
    convert(&[], &file.path, root.path()).success();
    let twin = fixtures::one("k2-weights-only/tfjs");
    assert_eq!(sums(&digests(root.path())), sums(twin.expected["weights"].as_array().unwrap()));
    let model: Value =
        serde_json::from_slice(&fs::read(root.path().join("model.json")).unwrap()).unwrap();
    assert!(model["modelTopology"].is_null(), "{model}");
}

#[test]
fn behaviour_07_halves_and_doubles() {
    assert_predict(&some(&["k2-float16/model.h5", "h5-variants/float64"]), &[]);
    // Its values are rounded, so that its predictions are others; its bytes are those of the file.
    let root = tempfile::tempdir().unwrap();
    let file = &some(&["h5-variants/float16"])[0];
    convert(&[], &file.path, root.path()).success();
    assert!(digests(root.path()).iter().all(|weight| weight["dtype"] == "float32"));
}

#[test]
fn behaviour_08_every_layout_of_hdf5() {
    assert_predict(
        &some(&[
            "h5-variants/gzip",
            "h5-variants/latest",
            "h5-variants/track-order",
            "h5-variants/v110",
        ]),
        &[],
    );
}

#[test]
fn behaviour_19_containers_by_class_and_number() {
    assert_predict(&some(&["k2-cnn-bn/model.keras", "k3-cnn-bn/model.keras"]), &[]);
}

#[test]
fn behaviour_21_nested_wrapped_and_shared_layers() {
    assert_predict(
        &some(&["k3-nested-shared/model.keras", "k3-rnn/model", "k3-one-of-each/model"]),
        &[],
    );
}

#[test]
fn behaviour_22_bfloat16() {
    assert_predict(&some(&["k3-bfloat16/model.keras"]), &[]);
}

#[test]
fn behaviour_23_the_state_of_optimizers_is_left_out_and_said() {
    let root = tempfile::tempdir().unwrap();
    for (name, key) in
        [("k2-seq-dense/model.h5", "optimizer_weights"), ("k3-seq-dense/model.keras", "optimizer")]
    {
        let file = &some(&[name])[0];
        let done = convert(&["--json"], &file.path, root.path()).json();
        let changes = done["changes"].as_array().unwrap();
        let said = |change: &Value| change["change"] == "dropped" && change["key"] == key;
        assert!(changes.iter().any(said), "{name}: {done}");
    }
}

#[test]
fn behaviour_26_keras_3_in_tensorflow_js() {
    assert_predict(
        &some(&[
            "k3-seq-dense/model.keras",
            "k3-seq-dense/model.h5",
            "k3-functional",
            "k3-unicode",
        ]),
        &[],
    );
}

#[test]
fn behaviour_27_calls_of_nested_models() {
    assert_predict(&some(&["k3-nested-output", "k2-nested/model", "k2-shared-layer/model"]), &[]);
}

#[test]
fn behaviour_30_what_would_be_something_else_is_refused() {
    let root = tempfile::tempdir().unwrap();
    for file in some(&["k3-hard-sigmoid", "k2-gru-reset-after"]) {
        let refused = convert(&["--json"], &file.path, root.path()).error();
        assert_eq!(refused["kind"], "Unsupported", "{}: {refused}", file.name);
        assert!(fs::read_dir(root.path()).unwrap().next().is_none(), "{}", file.name);
    }
    for file in some(&["k3-hard-sigmoid", "k2-gru-reset-after"]) {
        let dir = root.path().join(file.name.replace(['/', '.'], "-"));
        let done = convert(&["--force", "--json"], &file.path, &dir).json();
        let changes = done["changes"].as_array().unwrap();
        assert!(changes.iter().any(|change| change["level"] == "value-change"), "{done}");
    }
}

#[test]
fn behaviour_31_what_the_reference_leaves_unloadable() {
    assert_predict(&some(&["k2-separable/model", "k215-mixed/model"]), &[]);
}

#[test]
fn behaviour_32_unknown_classes_are_refused_unless_allowed() {
    for file in some(&["k2-attention/model", "k3-attention/model"]) {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("m");
        for options in [&["--json"][..], &["--json", "--force"], &["--json", "--strict"]] {
            let refused = convert(options, &file.path, &dir).error();
            assert_eq!(refused["kind"], "Unsupported", "{refused}");
            let text = refused["error"].as_str().unwrap();
            assert!(text.contains("MultiHeadAttention") && text.contains(", in `"), "{refused}");
            assert!(!dir.exists(), "{}", file.name);
        }
        // Keras has the class, and tensors alone need none.
        for (suffix, options) in
            [("h5", &["--strict"][..]), ("keras", &["--strict"]), ("safetensors", &[])]
        {
            convert(options, &file.path, &dir.with_extension(suffix)).success();
        }
        convert(&["--allow-unsupported"], &file.path, &dir).success();
        assert!(!digests(&dir).is_empty());
    }
}

/// The weights of every file are those that the reference library has read from it, to the bit.
#[test]
fn behaviour_49_every_weight_is_that_of_the_file() {
    let root = tempfile::tempdir().unwrap();
    for file in keras_files::all() {
        let weights = file.expected["weights"].as_array().unwrap();
        let of_layers: Vec<&Value> = weights
            .iter()
            .filter(|weight| {
                let path = weight["path"].as_str().unwrap();
                let of_layer = path.starts_with("model_weights/")
                    || path.starts_with("layers/")
                    || path.starts_with("_layer_checkpoint_dependencies/")
                    || file.expected["kind"] == "keras-h5-weights-only";
                of_layer && !path.contains("seed_generator")
            })
            .collect();
        // Those of another type are compared by what they predict.
        if of_layers.iter().any(|weight| weight["dtype"] != "float32") {
            continue;
        }
        let dir = root.path().join(file.name.replace(['/', '.'], "-"));
        convert(&["--force", "--allow-unsupported"], &file.path, &dir).success();
        assert_eq!(sums(&digests(&dir)), sums(of_layers), "{}", file.name);
    }
}

/// The names are those of the reference converter, too, where TensorFlow.js loads what it made.
#[test]
fn behaviour_42_names_are_those_of_the_reference_converter() {
    let root = tempfile::tempdir().unwrap();
    for name in ["k2-seq-dense", "k2-cnn-bn", "k2-rnn", "k2-nested", "k2-frozen", "k2-slash-names"]
    {
        let file = &some(&[&format!("{name}/model.h5")])[0];
        let dir = root.path().join(name);
        convert(&[], &file.path, &dir).success();
        let mut ours: Vec<_> = digests(&dir);
        let twin = fixtures::one(&format!("{name}/tfjs"));
        let mut theirs = twin.weights().as_array().unwrap().clone();
        for weights in [&mut ours, &mut theirs] {
            weights.sort_by_key(|weight| weight["name"].to_string());
        }
        assert_eq!(fixtures::digests(&Value::from(ours)), Value::from(theirs), "{name}");
    }
}

/// Behaviours 10 and 24, as far as TensorFlow.js can tell: through HDF5 and `.keras` and back, every
/// model predicts what it did.
#[test]
fn behaviour_49_through_files_of_keras_and_back() {
    let root = tempfile::tempdir().unwrap();
    let all = some(&["k2-", "k215-", "k3-", "h5-variants/plain"]);
    let whole: Vec<_> = all
        .into_iter()
        .filter(|file| {
            let refused = ["attention", "hard-sigmoid", "reset-after"];
            let is_model = file.expected["kind"] != "keras-v3-weights-h5"
                && file.expected["kind"] != "keras-h5-weights-only";
            is_model && !refused.iter().any(|name| file.name.contains(name))
        })
        .collect();
    for (suffix, options) in
        [("h5", &["--force"][..]), ("h5", &["--force", "--keras", "3"]), ("keras", &["--force"])]
    {
        let place = root.path().join(format!("{suffix}{}", options.len()));
        let mut dirs = Vec::new();
        for file in &whole {
            let name = file.name.replace(['/', '.'], "-");
            let there = place.join(format!("{name}.{suffix}"));
            let back = place.join(&name);
            convert(options, &file.path, &there).success();
            convert(&["--force"], &there, &back).success();
            dirs.push(back);
        }
        for (file, predicted) in whole.iter().zip(predictions(&whole, &dirs)) {
            assert_eq!(predicted, "ok", "{} by {suffix} {options:?}", file.name);
        }
    }
}
