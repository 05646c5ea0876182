//! A small model that is trained with candle, as the layers model that TensorFlow.js loads.

use std::error::Error;

use candle_core::{DType, Device, Tensor};
use candle_nn::{Linear, Module, Optimizer, SGD, VarBuilder, VarMap, linear};
use modelport::{
    Json, ModelArtifacts, Weights,
    manifest::{NamedTensor, TensorData, encode_weights},
};
use serde_json::json;

/// The layer's name, which is that of its weights in TensorFlow.js too.
const LAYER: &str = "dense";

/// Learns `y = 2a - 3b + 1` from a few points.
///
/// # Errors
///
/// What candle says.
pub fn train() -> candle_core::Result<(VarMap, Linear)> {
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
///
/// # Errors
///
/// When a variable is missing or has another shape.
pub fn artifacts(variables: &VarMap) -> Result<ModelArtifacts, Box<dyn Error>> {
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
