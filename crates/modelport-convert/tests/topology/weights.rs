//! Which weight is which.

use modelport_convert::topology::{Dialect, H5Group, plain_name};
use serde_json::json;

use crate::support::{Model, back, sequential};

/// The name of each weight of the file in TensorFlow.js, in the order of the file.
fn matched(name: &str) -> Vec<String> {
    let source = Model::read(name);
    let (model, _) = source.to_tfjs();
    if name.ends_with(".h5") {
        return model.weights.match_h5(&source.groups()).unwrap().concat();
    }
    model.weights.match_stored(&source.stored()).unwrap().into_iter().flatten().collect()
}

#[test]
fn b3_names_that_look_like_paths_stay() {
    let names = matched("k2-slash-names.h5");
    assert_eq!(names[..2], ["block1/dense/kernel", "block1/dense/bias"]);
    assert_eq!(names[2], "block1/sub.2/dense-b/kernel");
}

#[test]
fn b11_groups_hold_what_is_trained_then_the_rest() {
    for name in ["k2-frozen.h5", "k2-nested.h5", "k3-nested-shared.h5", "k2-rnn.h5"] {
        let source = Model::read(name);
        let (model, _) = source.to_tfjs();
        let manifest = model.weights.match_h5(&source.groups()).unwrap().concat();
        let mut shuffled: Vec<&str> = manifest.iter().map(String::as_str).collect();
        shuffled.sort_unstable();
        let dialect = if name.starts_with("k3") { Dialect::Keras3 } else { Dialect::Keras2 };
        let (keras, _) = back(&model.topology, dialect);
        let groups = keras.h5_groups(&shuffled).unwrap();
        let groups: Vec<H5Group> = groups
            .into_iter()
            .map(|group| {
                let weights = group.weights.into_iter().map(|weight| weight.name).collect();
                H5Group { layer: group.layer, weights }
            })
            .collect();
        assert_eq!(groups, source.groups(), "{name}");
    }
}

#[test]
fn b12_names_end_in_a_number_in_keras_2_alone() {
    let topology = sequential(json!({"class_name": "Dense", "config": {"name": "d", "units": 1}}));
    for (dialect, want) in [
        (Dialect::Keras2, ["d/kernel:0", "d/bias:0"]),
        (Dialect::Keras3, ["m/d/kernel", "m/d/bias"]),
    ] {
        let (model, _) = back(&topology, dialect);
        let groups = model.h5_groups(&["d/bias", "d/kernel"]).unwrap();
        assert_eq!(groups.iter().map(|group| &group.layer).collect::<Vec<_>>(), ["x", "d"]);
        let names: Vec<&str> = groups[1].weights.iter().map(|it| it.name.as_str()).collect();
        let last = |name: &str| name.rsplit('/').next().unwrap().to_owned();
        assert_eq!(names.iter().map(|it| last(it)).collect::<Vec<_>>(), want.map(last));
        assert_eq!(groups[1].weights.iter().map(|it| it.source).collect::<Vec<_>>(), [1, 0]);
    }
    assert_eq!(plain_name("a:b/kernel:0"), "a:b/kernel");
    assert_eq!(plain_name("kernel:x"), "kernel:x");
}

#[test]
fn b19_stored_weights_are_found_by_class_and_number() {
    let names = matched("k3-cnn-bn.keras");
    let has = |name: &str| assert!(names.contains(&name.to_owned()), "{name} not in {names:?}");
    has("dw/depthwise_kernel");
    let source = Model::read("k3-cnn-bn.keras");
    assert_eq!(names.len(), source.stored().len());

    // Variables are numbers: 10 comes after 9, whatever the order of the datasets.
    let mut paths = source.stored();
    paths.reverse();
    let (model, _) = source.to_tfjs();
    let mut reversed = model.weights.match_stored(&paths).unwrap();
    reversed.reverse();
    assert_eq!(reversed, model.weights.match_stored(&source.stored()).unwrap());
}

#[test]
fn b20_numbers_with_gaps_count_in_order() {
    for name in ["k2-nested.keras", "k3-nested-shared.keras"] {
        let source = Model::read(name);
        let (model, _) = source.to_tfjs();
        let want = model.weights.match_stored(&source.stored()).unwrap();
        let old = |path: &String| {
            let parts: Vec<String> = path
                .split('/')
                .map(|part| match part.rsplit_once('_') {
                    _ if part == "layers" => "_layer_checkpoint_dependencies".to_owned(),
                    Some((class, number)) if number.parse::<u32>().is_ok() => {
                        format!("{class}_{}", 2 * number.parse::<u32>().unwrap())
                    }
                    _ => part.to_owned(),
                })
                .collect();
            parts.join("/")
        };
        let paths: Vec<String> = source.stored().iter().map(old).collect();
        assert!(paths.iter().any(|path| path.contains("dense_2")), "{paths:?}");
        assert_eq!(model.weights.match_stored(&paths).unwrap(), want);
    }
}

#[test]
fn b21_nested_wrapped_and_shared_layers_are_found_by_path() {
    for name in ["k3-nested-shared.keras", "k3-rnn.keras", "k3-one-of-each.keras"] {
        let mut stored = matched(name);
        let mut legacy = Vec::new();
        let source = Model::read(&name.replace(".keras", ".h5"));
        let (model, _) = source.to_tfjs();
        let groups = model.weights.match_h5(&source.groups()).unwrap();
        // HDF5 has longer names, of which TensorFlow.js drops the part before the last.
        for name in groups.concat() {
            legacy.push(if stored.contains(&name) { name } else { shortened(&name) });
        }
        stored.sort();
        legacy.sort();
        assert_eq!(stored, legacy, "{name}");
    }
}

fn shortened(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.remove(parts.len() - 2);
    parts.join("/")
}

/// The order of `.keras` files does not depend on what is trained; their paths come back.
#[test]
fn b24_stored_weights_come_back() {
    for name in Model::names().iter().filter(|name| name.ends_with(".keras")) {
        let source = Model::read(name);
        let (model, _) = source.to_tfjs();
        let matched = model.weights.match_stored(&source.stored()).unwrap();
        let names: Vec<&str> = matched.iter().flatten().map(String::as_str).collect();
        let (keras, _) = back(&model.topology, Dialect::Keras3);
        let store = keras.store(&names).unwrap();
        let mut got: Vec<(String, &str)> =
            store.weights.into_iter().map(|it| (it.name, names[it.source])).collect();
        got.sort();
        let want = source.stored().into_iter().zip(&matched);
        let mut want: Vec<(String, &str)> = want
            .filter_map(|(path, name)| Some((path.replace("/_", "/"), name.as_deref()?)))
            .collect();
        want.sort();
        assert_eq!(got, want, "{name}");
    }
}

#[test]
fn b23_what_is_no_layer_weight_is_left_out() {
    let source = Model::read("k3-seq-dense.keras");
    let (model, _) = source.to_tfjs();
    let paths = source.stored();
    assert!(paths.iter().any(|path| path.starts_with("optimizer/")), "{paths:?}");
    let matched = model.weights.match_stored(&paths).unwrap();
    for (path, name) in paths.iter().zip(&matched) {
        assert_eq!(name.is_some(), path.starts_with("layers/"), "{path}");
    }
    let mut random = paths;
    random.push("layers/dropout/seed_generator/vars/0".to_owned());
    assert_eq!(model.weights.match_stored(&random).unwrap().last(), Some(&None));
}

#[test]
fn b31_stacks_of_cells_are_named_as_in_tensorflow_js() {
    let cell = |class: &str, name: &str| json!({"class_name": class, "config": {"units": 1, "name": name}});
    let layer = json!({"class_name": "RNN", "config": {"name": "st", "cell": {
        "class_name": "StackedRNNCells", "config": {"name": "stacked_rnn_cells",
            "cells": [cell("LSTMCell", "lstm_cell"), cell("GRUCell", "gg")]}}}});
    let config = sequential(layer).to_string();
    let (model, _) = crate::support::convert(&config, Some("2.15.0"), None);
    let parts = ["kernel", "recurrent_kernel", "bias"];
    let names = |prefix: &str| parts.map(|part| format!("{prefix}/{part}"));
    let keras = ["st/stacked_rnn_cells/lstm_cell", "st/stacked_rnn_cells/gg"].map(names).concat();
    let group = |weights: Vec<String>| [H5Group { layer: "st".to_owned(), weights }];
    let file = group(keras.iter().map(|name| format!("{name}:0")).collect());
    let tfjs = model.weights.match_h5(&file).unwrap().concat();
    assert_eq!(tfjs, ["st/RNNCell_0", "st/RNNCell_1"].map(names).concat());
    let (again, _) = back(&model.topology, Dialect::Keras2);
    let tfjs: Vec<&str> = tfjs.iter().map(String::as_str).collect();
    let groups = again.h5_groups(&tfjs).unwrap();
    let written: Vec<&str> =
        groups[1].weights.iter().map(|weight| plain_name(&weight.name)).collect();
    assert_eq!(written, keras);
    let store = again.store(&tfjs).unwrap();
    assert_eq!(store.weights[0].name, "layers/rnn/cell/cells/lstm_cell/vars/0");
    assert_eq!(store.weights[5].name, "layers/rnn/cell/cells/gru_cell/vars/2");
}

#[test]
fn b42_short_and_long_names_of_recurrent_layers_both_match() {
    let long = matched("k2-rnn.h5");
    assert!(long.contains(&"bi/forward_lstm/lstm_cell/kernel".to_owned()), "{long:?}");
    let short: Vec<String> = long
        .iter()
        .map(|name| if name.contains("_cell/") { shortened(name) } else { name.clone() })
        .collect();
    assert!(short.contains(&"bi/forward_lstm/kernel".to_owned()), "{short:?}");
    let (model, _) = Model::read("k2-rnn.h5").to_tfjs();
    let (keras, _) = back(&model.topology, Dialect::Keras2);
    let [long, short] = [long, short].map(|names| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        keras.h5_groups(&names).unwrap()
    });
    assert_eq!(long, short);
}

#[test]
fn b43_missing_extra_and_repeated_weights_are_named() {
    let topology = sequential(json!({"class_name": "Dense", "config": {"name": "d", "units": 1}}));
    let (model, _) = back(&topology, Dialect::Keras2);
    for (names, wrong) in [
        (&["d/kernel"][..], "`d/bias`"),
        (&["d/kernel", "d/bias", "d/extra"], "`d/extra`"),
        (&["d/kernel", "d/bias", "d/bias"], "`d/bias`"),
        (&["d/kernel", "d/bias", "e/kernel"], "`e/kernel`"),
    ] {
        for error in [model.h5_groups(names).map(|_| ()), model.store(names).map(|_| ())] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
    let group = |layer: &str, weights: &[&str]| H5Group {
        layer: layer.to_owned(),
        weights: weights.iter().map(|name| (*name).to_owned()).collect(),
    };
    for (groups, wrong) in [
        (vec![group("d", &["d/kernel:0"])], "`d/bias`"),
        (vec![group("d", &["d/kernel:0", "d/bias:0", "d/more:0"])], "`d/more:0`"),
        (vec![group("d", &["d/kernel:0", "d/other:0"])], "`d/other:0`"),
        (vec![group("e", &["e/kernel:0"])], "`e`"),
        (vec![], "`d/bias`"),
    ] {
        let error = model.weights.match_h5(&groups).unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
    let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    for (stored, wrong) in [
        (paths(&["layers/dense/vars/0"]), "`d/bias`"),
        (
            paths(&["layers/dense/vars/0", "layers/dense/vars/1", "layers/dense/vars/2"]),
            "`layers/dense/vars/2`",
        ),
    ] {
        let error = model.weights.match_stored(&stored).unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
}

/// What a configuration says about shapes is what the files have.
#[test]
fn b43_known_shapes_are_those_of_the_files() {
    let mut known = 0;
    for name in Model::names().iter().filter(|name| name.ends_with(".keras")) {
        let source = Model::read(name);
        let (model, _) = source.to_tfjs();
        let stored = model.weights.match_stored(&source.stored()).unwrap();
        for weight in model.weights.weights() {
            let place = stored.iter().position(|it| it.as_deref() == Some(&weight.tfjs)).unwrap();
            let shape = &source.0["tensors"][&source.stored()[place]]["shape"];
            let shape: Vec<u64> = serde_json::from_value(shape.clone()).unwrap();
            let Some(want) = &weight.shape else { continue };
            assert_eq!(want.len(), shape.len(), "{name}: {}", weight.tfjs);
            for (want, got) in want.iter().zip(&shape) {
                known += usize::from(want.is_some());
                assert!(want.is_none_or(|want| want == *got), "{name}: {}", weight.tfjs);
            }
        }
    }
    assert!(known > 50, "{known}");
}

/// A class that nobody knows keeps the names of its weights.
#[test]
fn b32_weights_of_unknown_classes_are_carried() {
    let config = sequential(json!({"class_name": "Mine", "config": {"name": "my"},
                                   "registered_name": "pkg>Mine"}));
    let (model, _) = crate::support::convert(&config.to_string(), Some("3.10.0"), None);
    let group = H5Group { layer: "my".to_owned(), weights: vec!["my/w".to_owned()] };
    assert_eq!(model.weights.match_h5(&[group]).unwrap(), [["my/w"]]);
    let paths = ["layers/mine/vars/0".to_owned()];
    let names = model.weights.match_stored(&paths).unwrap();
    assert_eq!(names, [Some("my/vars/0".to_owned())]);
    let (keras, _) = back(&model.topology, Dialect::Keras3);
    let store = keras.store(&["my/vars/0"]).unwrap();
    assert_eq!(store.weights[0].name, "layers/mine/vars/0");
    assert_eq!(keras.h5_groups(&["my/w"]).unwrap()[1].weights[0].name, "my/w");

    // As HDF5 says it, which has no part for the package.
    let config = sequential(json!({"class_name": "pkg>Mine", "config": {"name": "my"}}));
    let (keras, _) = back(&config, Dialect::Keras3);
    assert_eq!(keras.store(&["my/w"]).unwrap().weights[0].name, "layers/mine/vars/0");
}

/// Two layers of the same shape in a model that is frozen, or not, apart from the second.
fn partly_frozen(class: &str, nested_trainable: bool) -> String {
    let dense = |name: &str, trainable: bool| json!({"class_name": "Dense", "config": {"name": name, "units": 4, "trainable": trainable}});
    let input = json!({"class_name": "InputLayer", "config": {"batch_input_shape": [null, 4], "dtype": "float32", "name": "i"}});
    let layers = json!([input, dense("a", false), dense("b", true)]);
    let nested = json!({"class_name": class, "config": {"name": "base", "trainable": nested_trainable,
        "layers": layers, "input_layers": [["i", 0, 0]], "output_layers": [["b", 0, 0]]}});
    sequential(nested).to_string()
}

/// What tf_keras 2.19 and Keras 3.10 save when a part of a frozen model was thawed.
#[test]
fn b11_weights_of_partly_frozen_models_are_told_by_their_names() {
    let [a, b] = ["a", "b"].map(|it| [format!("{it}/kernel"), format!("{it}/bias")]);
    let deep = |names: &[String; 2]| names.clone().map(|name| format!("base/{name}"));
    for (version, file) in [
        ("2.15.0", [b.clone(), a.clone()]),
        ("2.15.0", [a.clone(), b.clone()]),
        ("3.10.0", [a.clone(), b.clone()]),
        ("3.10.0", [b.clone(), a.clone()]),
        // The names in a nested Sequential.
        ("3.10.0", [deep(&a), deep(&b)]),
    ] {
        for class in ["Functional", "Sequential"] {
            for trainable in [false, true] {
                let config = partly_frozen(class, trainable);
                let (model, _) = crate::support::convert(&config, Some(version), None);
                let names = file.concat();
                let weights = names.iter().map(|name| format!("{name}:0")).collect();
                let group = H5Group { layer: "base".to_owned(), weights };
                let matched = model.weights.match_h5(&[group]).unwrap().concat();
                for (matched, name) in matched.iter().zip(&names) {
                    let [matched, name] = [matched, name].map(|it| it.trim_start_matches("base/"));
                    assert_eq!(matched, name, "{class} {version}");
                }
            }
        }
    }
}

/// What tf_keras 2.19 and Keras 3.10 load by: Keras 3 alone restores that a Functional is frozen.
#[test]
fn b11_groups_of_partly_frozen_models_are_in_the_order_in_which_keras_loads() {
    for (class, dialect, first) in [
        ("Functional", Dialect::Keras2, "b/kernel:0"),
        ("Sequential", Dialect::Keras2, "b/kernel:0"),
        ("Functional", Dialect::Keras3, "a/kernel"),
        ("Sequential", Dialect::Keras3, "base/b/kernel"),
    ] {
        let config = partly_frozen(class, false);
        let (keras, _) = back(&serde_json::from_str(&config).unwrap(), dialect);
        let groups = keras.h5_groups(&["a/kernel", "a/bias", "b/kernel", "b/bias"]).unwrap();
        let group = groups.iter().find(|group| group.layer == "base").unwrap();
        assert_eq!(group.weights[0].name.trim_start_matches("m/"), first, "{class} {dialect:?}");
    }
}

#[test]
fn b43_a_weight_of_another_shape_is_named_with_its_layer() {
    let topology = sequential(json!({"class_name": "Dense", "config": {"name": "d", "units": 2}}));
    let (model, _) = back(&topology, Dialect::Keras2);
    let check =
        |kernel: &[u64]| model.weights.check_shapes(&[("d/kernel", kernel), ("d/bias", &[2])]);
    check(&[5, 2]).unwrap();
    for (shape, said) in [(&[5_u64, 7][..], "[5, 7]"), (&[2], "[2]")] {
        let error = check(shape).unwrap_err();
        assert_eq!(error.kind(), io_core::ErrorKind::Corrupt);
        let want = format!("weight `kernel` of layer `d` has shape {said}, not [?, 2]");
        assert!(error.to_string().contains(&want), "{error}");
    }
}
