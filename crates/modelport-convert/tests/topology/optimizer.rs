//! What optimizers keep of weights.

use modelport_convert::{
    report::Report,
    topology::{Dialect, OptimizerState, OptimizerVariable, OptimizerWriter, TfjsSource, to_keras},
};
use serde_json::{Value, json};

fn state(class: &str, config: Value) -> Option<OptimizerState> {
    let training = json!({"loss": "mean_squared_error", "metrics": {},
        "optimizer_config": {"class_name": class, "config": config}});
    let topology = json!({"class_name": "Sequential", "config": {"name": "m", "layers": []}});
    let (topology, training) = (topology.to_string(), training.to_string());
    let source = TfjsSource { topology: &topology, training_config: Some(&training) };
    let mut report = Report::new();
    let model = to_keras(&source, Dialect::Keras3, &mut report).unwrap();
    assert!(model.training_config.is_some(), "{class}: {report}");
    model.optimizer
}

fn order(state: &OptimizerState, writer: OptimizerWriter) -> Vec<String> {
    let named = |OptimizerVariable { slot, weight }| {
        state.name(writer, slot, ["a/k", "a/b"][weight]).unwrap()
    };
    state.order(writer, 2).into_iter().map(named).collect()
}

#[test]
fn the_orders_and_names_are_those_of_each_writer() {
    let adam = state("Adam", json!({"learningRate": 0.1, "beta1": 0.9})).unwrap();
    let order = |writer| order(&adam, writer);
    assert_eq!(order(OptimizerWriter::Tfjs), ["a/k/m", "a/b/m", "a/k/v", "a/b/v"]);
    assert_eq!(
        order(OptimizerWriter::Keras2Legacy),
        ["Adam/a/k/m:0", "Adam/a/b/m:0", "Adam/a/k/v:0", "Adam/a/b/v:0"]
    );
    assert_eq!(
        order(OptimizerWriter::Keras2),
        ["Adam/m/a/k:0", "Adam/v/a/k:0", "Adam/m/a/b:0", "Adam/v/a/b:0"]
    );
    assert_eq!(
        order(OptimizerWriter::Keras3),
        ["adam/a/k_momentum", "adam/a/k_velocity", "adam/a/b_momentum", "adam/a/b_velocity"]
    );
}

#[test]
fn only_some_settings_have_some_variables() {
    let count = |class, config: Value, writer| state(class, config).unwrap().order(writer, 3).len();
    let plain = json!({"learningRate": 0.1, "momentum": 0, "centered": false});
    let all = json!({"learningRate": 0.1, "momentum": 0.5, "centered": true});
    for (class, config, tfjs, keras2, keras3) in [
        ("RMSProp", &plain, 6, 3, 3),
        ("RMSProp", &all, 9, 9, 9),
        ("Momentum", &all, 3, 3, 3),
        ("SGD", &json!({"learningRate": 0.1}), 0, 3, 0),
        ("Adagrad", &plain, 3, 3, 3),
    ] {
        assert_eq!(count(class, config.clone(), OptimizerWriter::Tfjs), tfjs, "{class}");
        assert_eq!(count(class, config.clone(), OptimizerWriter::Keras2), keras2, "{class}");
        assert_eq!(count(class, config.clone(), OptimizerWriter::Keras3), keras3, "{class}");
    }
}

#[test]
fn a_momentum_is_scaled_between_the_two() {
    let factor = |rate: f64, from, to| {
        let state = state("Momentum", json!({"learningRate": rate, "momentum": 0.5})).unwrap();
        state.factor(0, from, to)
    };
    let (tfjs, keras) = (OptimizerWriter::Tfjs, OptimizerWriter::Keras3);
    assert_eq!(factor(0.5, tfjs, keras), Some(-0.5));
    assert_eq!(factor(0.5, keras, tfjs), Some(-2.0));
    assert_eq!(factor(0.5, keras, OptimizerWriter::Keras2), Some(1.0));
    assert_eq!(factor(0.0, keras, tfjs), None);
}

#[test]
fn what_not_both_go_on_from_has_none() {
    for class in ["Adadelta", "Adamax"] {
        assert_eq!(state(class, json!({"learningRate": 0.1})), None, "{class}");
    }
}
