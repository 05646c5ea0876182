//! Trains a small model with candle and saves it by URL, as the layers model that TensorFlow.js
//! loads: `cargo run -- ./trained`, or any other URL that modelport can save to.

use std::error::Error;

use candle_core::{DType, Device, Tensor};
use candle_nn::{Linear, Module, Optimizer, SGD, VarBuilder, VarMap, linear};
use modelport::{
    Json, ModelArtifacts, Weights, blocking,
    manifest::{NamedTensor, TensorData, encode_weights},
};
use serde_json::json;

/// The layer's name, which is that of its weights in TensorFlow.js too.
const LAYER: &str = "dense";

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: modelport-candle-example URL")?;
    let (variables, _) = train()?;
    let saved = blocking::save(url, artifacts(&variables)?)?;
    println!("saved {} bytes of weights", saved.model_artifacts_info.weight_data_bytes);
    Ok(())
}

/// Learns `y = 2a - 3b + 1` from a few points.
fn train() -> candle_core::Result<(VarMap, Linear)> {
    let (variables, device) = (VarMap::new(), Device::Cpu);
    let layer = linear(2, 1, VarBuilder::from_varmap(&variables, DType::F32, &device).pp(LAYER))?;
    let inputs = [[0.0_f32, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, -1.0]];
    let targets = inputs.map(|[a, b]| [2.0 * a - 3.0 * b + 1.0]);
    let (inputs, targets) = (Tensor::new(&inputs, &device)?, Tensor::new(&targets, &device)?);
    let mut optimizer = SGD::new(variables.all_vars(), 0.2)?;
    for _ in 0..500 {
        optimizer.backward_step(&candle_nn::loss::mse(&layer.forward(&inputs)?, &targets)?)?;
    }
    Ok((variables, layer))
}

/// The variables as a model of one dense layer. candle has the weights of a layer by rows of outputs,
/// TensorFlow.js by rows of inputs.
fn artifacts(variables: &VarMap) -> Result<ModelArtifacts, Box<dyn Error>> {
    let variable = |name: &str| {
        let data = variables.data().lock().map_err(|_| "the variables are not whole")?;
        let found = data.get(&format!("{LAYER}.{name}")).ok_or("a variable is missing")?;
        Ok::<_, Box<dyn Error>>(found.as_tensor().clone())
    };
    let kernel = variable("weight")?.t()?.contiguous()?;
    let bias = variable("bias")?;
    let (inputs, units) = kernel.dims2()?;

    let mut tensors = Vec::new();
    for (name, tensor) in [("kernel", &kernel), ("bias", &bias)] {
        let shape: Vec<u64> = tensor.dims().iter().map(|&size| size as u64).collect();
        tensors.push((format!("{LAYER}/{name}"), shape, tensor.flatten_all()?.to_vec1::<f32>()?));
    }
    let named = tensors.iter().map(|(name, shape, data)| NamedTensor {
        name,
        shape,
        data: TensorData::Float32(data),
    });
    let (weight_specs, weight_data) = encode_weights(named, None)?;
    let topology = json!({
        "class_name": "Sequential",
        "config": {"name": "trained", "layers": [{
            "class_name": "Dense",
            "config": {
                "name": LAYER, "units": units, "activation": "linear", "use_bias": true,
                "batch_input_shape": [null, inputs], "dtype": "float32", "trainable": true,
            },
        }]},
        "keras_version": "tfjs-layers 4.22.0",
        "backend": "tensor_flow.js",
    });
    Ok(ModelArtifacts {
        model_topology: Some(Json::parse(&topology.to_string())?),
        format: Some(Json::new(&"layers-model")?),
        generated_by: Some(Json::new(&"candle")?),
        weight_specs: Some(weight_specs),
        weight_data: Some(Weights::from_parts([weight_data])),
        ..ModelArtifacts::default()
    })
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};
    use candle_nn::Module;
    use modelport::{blocking, manifest};

    use super::{artifacts, train};

    #[test]
    fn what_is_saved_predicts_what_was_trained() {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("model");
        let (variables, layer) = train().unwrap();
        blocking::save(url.as_path(), artifacts(&variables).unwrap()).unwrap();

        let model = blocking::load(url.as_path()).unwrap();
        let specs = model.weight_specs.unwrap();
        assert_eq!((&specs[0].shape[..], &specs[1].shape[..]), (&[2, 1][..], &[1][..]));
        let bytes = blocking::block_on(model.weight_data.unwrap().to_bytes()).unwrap();
        // Local storage has room for it by far.
        assert_eq!(bytes.len(), 12);
        let parts = [bytes];
        let weights: Vec<Vec<f32>> = manifest::tensors(&specs, &parts)
            .map(|tensor| tensor.unwrap().to_f32().unwrap())
            .collect();

        for [a, b] in [[0.25_f32, 4.0], [-3.0, 0.5]] {
            let saved = a * weights[0][0] + b * weights[0][1] + weights[1][0];
            let input = Tensor::new(&[[a, b]], &Device::Cpu).unwrap();
            let trained = layer.forward(&input).unwrap().flatten_all().unwrap();
            let trained = trained.to_vec1::<f32>().unwrap()[0];
            assert!((saved - trained).abs() < 1e-5, "{saved} {trained}");
            // It did learn something.
            assert!((saved - (2.0 * a - 3.0 * b + 1.0)).abs() < 0.05, "{saved}");
        }
    }
}
