//! Groups of HDF5 as the two generations of Keras lay them out.

use io_core::{DType, Error, ErrorKind, Result};

use crate::{
    hdf5::GroupBuilder,
    number::{Number, widened},
    tensors::Tensor,
    topology::KerasStore,
};

/// A layer's group in the making: its name, and its weights by their names in Keras.
pub(super) struct LayerGroup<'a> {
    pub(super) name: String,
    pub(super) weights: Vec<(String, &'a Tensor)>,
}

/// Writes `layers` into `group` as `model.save_weights` of Keras 2 does.
///
/// # Errors
///
/// `InvalidInput` when a name does not fit, `Unsupported` when Keras has no such weights.
pub(super) fn write_layers(
    group: &mut GroupBuilder,
    layers: &[LayerGroup<'_>],
    keras_version: &str,
) -> Result<()> {
    let names: Vec<String> = layers.iter().map(|layer| layer.name.clone()).collect();
    group.set_list("layer_names", &names)?;
    group.set_text("backend", "tensorflow");
    group.set_text("keras_version", keras_version);
    for layer in layers {
        let own = group.group(&layer.name)?;
        let names: Vec<String> = layer.weights.iter().map(|(name, _)| name.clone()).collect();
        own.set_list("weight_names", &names)?;
        for (name, tensor) in &layer.weights {
            write_tensor(own, name, tensor)?;
        }
    }
    group.group("top_level_model_weights")?.set_list("weight_names", &[])
}

/// Writes the weights of `store` into `root` as Keras 3 does.
///
/// # Errors
///
/// As [`write_layers`].
pub(super) fn write_store(
    root: &mut GroupBuilder,
    store: &KerasStore,
    tensors: &[Tensor],
) -> Result<()> {
    for layer in &store.layers {
        root.group(&format!("{}/vars", layer.group))?.set_text("name", &layer.name);
    }
    for weight in &store.weights {
        let tensor = tensors.get(weight.source).ok_or_else(|| unknown(&weight.name))?;
        write_tensor(root, &weight.name, tensor)?;
    }
    // What every model has.
    root.group("vars")?;
    Ok(())
}

/// Writes the variables of an optimizer into `group` as `model.save` to HDF5 does.
///
/// # Errors
///
/// As [`write_layers`].
pub(super) fn write_optimizer(group: &mut GroupBuilder, variables: &[Tensor]) -> Result<()> {
    let names: Vec<String> = variables.iter().map(|tensor| tensor.spec.name.clone()).collect();
    group.set_list("weight_names", &names)?;
    write_variables(group, names, variables)
}

/// Writes the variables of an optimizer into `group` as Keras 3 does into `.keras` files.
///
/// # Errors
///
/// As [`write_layers`].
pub(super) fn write_optimizer_store(group: &mut GroupBuilder, variables: &[Tensor]) -> Result<()> {
    write_variables(group, (0_u32..).map(|place| place.to_string()), variables)
}

fn write_variables(
    group: &mut GroupBuilder,
    paths: impl IntoIterator<Item = String>,
    variables: &[Tensor],
) -> Result<()> {
    for (path, tensor) in paths.into_iter().zip(variables) {
        if tensor.spec.dtype == DType::Int32 {
            // Keras counts its steps in 64 bits.
            let wide = widened(tensor.stored.clone())?;
            group.dataset(&path, &tensor.spec.shape, Number::Int64, wide)?;
        } else {
            write_tensor(group, &path, tensor)?;
        }
    }
    Ok(())
}

/// The error of a weight that a plan has and the model has not.
pub(super) fn unknown(name: &str) -> Error {
    Error::corrupt(format!("there are no values for the weight `{name}`"))
}

fn write_tensor(group: &mut GroupBuilder, path: &str, tensor: &Tensor) -> Result<()> {
    let spec = &tensor.spec;
    let number = match spec.dtype {
        DType::Float32 => Number::Float32,
        DType::Int32 => Number::Int32,
        DType::Bool => Number::Bool,
        DType::Uint8 => Number::Uint8,
        DType::Uint16 => Number::Uint16,
        other => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("weight `{}` is {other}, which Keras has not", spec.name),
            ));
        }
    };
    group.dataset(path, &spec.shape, number, tensor.stored.clone())
}
