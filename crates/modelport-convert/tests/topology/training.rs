//! Loss, metrics and optimizer.

use modelport_convert::{
    report::Report,
    topology::{Dialect, TfjsSource, to_keras},
};
use serde_json::{Value, json};

use crate::support::{Model, convert};

#[test]
fn b35_training_of_keras_is_kept_and_given_to_tensorflow_js() {
    for name in ["k2-seq-dense.h5", "k3-seq-dense.h5", "k3-seq-dense.keras"] {
        let source = Model::read(name);
        let (model, report) = source.to_tfjs();
        if name.ends_with(".h5") {
            assert_eq!(model.topology["training_config"], source.0["training_config"]);
        }
        let want = json!({
            "loss": "categorical_crossentropy",
            "metrics": ["accuracy"],
            "optimizer_config": {"class_name": "Adam", "config": {
                "learningRate": 0.009999999776482582, "beta1": 0.9, "beta2": 0.999,
                "epsilon": 1e-7}},
        });
        assert_eq!(model.training_config, Some(want), "{name}: {report}");
    }
}

#[test]
fn b35_training_of_tensorflow_js_is_given_to_keras() {
    let training = json!({"loss": "mean_squared_error", "metrics": ["mae"],
        "optimizer_config": {"class_name": "Momentum", "config": {
            "learningRate": 0.5, "momentum": 0.25, "useNesterov": true}}});
    let topology = json!({"class_name": "Sequential", "config": {"name": "m", "layers": []}});
    let (topology, training) = (topology.to_string(), training.to_string());
    let source = TfjsSource { topology: &topology, training_config: Some(&training) };
    let model = to_keras(&source, Dialect::Keras3, &mut Report::new()).unwrap();
    let optimizer = json!({"class_name": "SGD", "config": {
        "name": "SGD", "learning_rate": 0.5, "momentum": 0.25, "nesterov": true}});
    let config = model.training_config.unwrap();
    assert_eq!(config["optimizer_config"], optimizer);
    assert_eq!(config["metrics"], json!(["mean_absolute_error"]));
    let compiled = model.compile_config.unwrap();
    assert_eq!(compiled["optimizer"]["module"], "keras.optimizers");
    assert_eq!(compiled["optimizer"]["config"], optimizer["config"]);
    assert_eq!(compiled["loss"], "mean_squared_error");
}

#[test]
fn b35_what_keras_wrote_comes_back_as_it_was() {
    let source = Model::read("k2-seq-dense.h5");
    let (model, _) = source.to_tfjs();
    let topology = model.topology.to_string();
    let tfjs = TfjsSource { topology: &topology, training_config: None };
    let again = to_keras(&tfjs, Dialect::Keras2, &mut Report::new()).unwrap();
    assert_eq!(again.training_config.as_ref(), source.0.get("training_config"));
    // Keras 3 cannot read the metrics of Keras 2.
    let other = to_keras(&tfjs, Dialect::Keras3, &mut Report::new()).unwrap();
    assert_eq!(other.training_config.unwrap()["metrics"], json!(["accuracy"]));
}

#[test]
fn b35_what_keras_wrote_comes_back_beside_the_same_for_tensorflow_js() {
    let training = json!({"loss": {"class_name": "MeanSquaredError", "config": {"reduction": "auto"}},
        "metrics": ["mae"], "weighted_metrics": null, "loss_weights": null,
        "optimizer_config": {"class_name": "Custom>Adam", "config": {"name": "Adam",
            "learning_rate": 0.5, "is_legacy_optimizer": false}}});
    let config = json!({"class_name": "Sequential", "config": {"layers": []}}).to_string();
    let (model, _) = convert(&config, Some("2.15.0"), Some(&training.to_string()));
    let back = |training: &Value, dialect| {
        let (topology, training) = (model.topology.to_string(), training.to_string());
        let tfjs = TfjsSource { topology: &topology, training_config: Some(&training) };
        to_keras(&tfjs, dialect, &mut Report::new()).unwrap().training_config.unwrap()
    };
    let given = model.training_config.clone().unwrap();
    assert_eq!(back(&given, Dialect::Keras2), training);
    // For the other Keras, and when it was trained otherwise since, it is made anew.
    assert_eq!(back(&given, Dialect::Keras3)["metrics"], json!(["mean_absolute_error"]));
    let mut since = given;
    since["optimizer_config"]["config"]["learningRate"] = json!(0.25);
    let made = back(&since, Dialect::Keras2);
    assert_eq!(made["optimizer_config"]["config"]["learning_rate"], json!(0.25));
}

#[test]
fn b35_what_tensorflow_js_lacks_is_left_out_with_a_reason() {
    let adam = |key: &str, value: Value| {
        json!({"loss": "mse", "metrics": [], "optimizer_config": {
            "class_name": "Adam", "config": {"learning_rate": 0.1, key: value}}})
    };
    let mut loss = adam("name", json!("adam"));
    loss["loss"] = json!({"class_name": "BinaryCrossentropy", "config": {"from_logits": true}});
    let mut sum = loss.clone();
    sum["loss"] = json!({"class_name": "MeanSquaredError", "config": {"reduction": "sum"}});
    let mut weighted = adam("name", json!("adam"));
    weighted["loss_weights"] = json!([1.0]);
    for (training, reason) in [
        (adam("amsgrad", json!(true)), "optimizer settings"),
        (adam("clipnorm", json!(1.0)), "clipnorm"),
        (adam("learning_rate", json!({"class_name": "CosineDecay"})), "learning_rate"),
        (loss, "binary_crossentropy"),
        (sum, "loss mean_squared_error"),
        (weighted, "loss_weights"),
        (json!([]), "training"),
    ] {
        let config = json!({"class_name": "Sequential", "config": {"layers": []}}).to_string();
        let (model, report) = convert(&config, Some("2.15.0"), Some(&training.to_string()));
        assert_eq!(model.training_config, None);
        assert!(report.to_string().contains(reason), "{reason}: {report}");
    }
}
