//! What a model of dense layers predicts, with the arrays of the crate `ndarray`:
//! `cargo run --example predict --features ndarray -- MODEL NUMBER...`
#![allow(clippy::print_stdout, reason = "this is a program")]

use std::{collections::HashMap, env, error::Error};

use modelport::{ModelArtifacts, blocking, manifest};
use ndarray::{Array2, ArrayD, Axis, Ix1, Ix2};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or("usage: predict MODEL NUMBER...")?;
    let numbers: Vec<f32> = arguments.map(|number| number.parse()).collect::<Result<_, _>>()?;
    let input = Array2::from_shape_vec((1, numbers.len()), numbers)?;
    println!("{}", predict(&blocking::load(url)?, input)?);
    Ok(())
}

/// The output for each row of `input`, of a sequential model whose layers are dense.
pub(crate) fn predict(
    model: &ModelArtifacts,
    input: Array2<f32>,
) -> Result<Array2<f32>, Box<dyn Error>> {
    let weights = weights(model)?;
    let topology = model.model_topology.as_ref().ok_or("the model has no topology")?;
    let topology: Value = serde_json::from_str(topology.get())?;
    // Keras puts the configuration into one more object than TensorFlow.js does.
    let model_config = topology.get("model_config").unwrap_or(&topology);
    let layers = model_config.pointer("/config/layers").and_then(Value::as_array);

    let mut values = input;
    for layer in layers.ok_or("the model is not sequential")? {
        let text = |name: &str| layer.pointer(name).and_then(Value::as_str).unwrap_or_default();
        let name = text("/config/name");
        match text("/class_name") {
            "InputLayer" => continue,
            "Dense" => {}
            other => return Err(format!("`{name}` is no dense layer but {other}").into()),
        }
        let kernel = weights.get(&format!("{name}/kernel")).ok_or("a kernel is missing")?;
        let kernel = kernel.view().into_dimensionality::<Ix2>()?;
        if values.ncols() != kernel.nrows() {
            return Err(format!("`{name}` takes {} numbers", kernel.nrows()).into());
        }
        values = values.dot(&kernel);
        if let Some(bias) = weights.get(&format!("{name}/bias")) {
            values += &bias.view().into_dimensionality::<Ix1>()?;
        }
        match text("/config/activation") {
            "relu" => values.mapv_inplace(|value| value.max(0.0)),
            "tanh" => values.mapv_inplace(f32::tanh),
            "softmax" => softmax(&mut values),
            "linear" => {}
            other => return Err(format!("the activation {other} is not known here").into()),
        }
    }
    Ok(values)
}

/// The weights of the model by name, without those of an optimizer.
fn weights(model: &ModelArtifacts) -> Result<HashMap<String, ArrayD<f32>>, Box<dyn Error>> {
    let specs = model.weight_specs.as_deref().unwrap_or_default();
    let data = model.weight_data.clone().unwrap_or_default();
    let bytes = blocking::block_on(data.to_bytes())?;
    let mut weights = HashMap::new();
    for tensor in manifest::tensors(specs, &[bytes]) {
        let tensor = tensor?;
        if tensor.spec.group.as_deref() != Some("optimizer") {
            weights.insert(tensor.spec.name.clone(), tensor.to_array::<f32>()?.into_owned());
        }
    }
    Ok(weights)
}

fn softmax(values: &mut Array2<f32>) {
    for mut row in values.axis_iter_mut(Axis(0)) {
        let largest = row.fold(f32::MIN, |a, &b| a.max(b));
        row.mapv_inplace(|value| (value - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
}
