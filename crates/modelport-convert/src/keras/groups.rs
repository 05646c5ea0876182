//! Groups of HDF5 as the two generations of Keras lay them out.

use io_core::{DType, Error, ErrorKind, Result, Weights};

use crate::{
    hdf5::{Dataset, GroupBuilder},
    number::{Number, widened},
    report::{Change, Report},
    tensors::Tensor,
    topology::KerasStore,
};

/// A layer's group in the making: its name, and its weights by their names in Keras.
pub(super) struct LayerGroup<'a, T> {
    pub(super) name: String,
    pub(super) weights: Vec<(String, &'a T)>,
}

/// A weight that can be written as a dataset.
pub(super) trait Stored {
    /// Writes the weight to `path` below `group`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the path does not fit, `Unsupported` when Keras has no such weights.
    fn write(&self, group: &mut GroupBuilder, path: &str) -> Result<()>;
}

/// The values of a dataset, with the type that the file has.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    shape: Vec<u64>,
    number: Number,
    values: Weights,
}

impl Numbers {
    /// The values of `dataset`, which `name` stands for in reports. HDF5 has no bfloat16 of its own;
    /// float32 has all of its values, and Keras takes them.
    ///
    /// # Errors
    ///
    /// `Corrupt` when they are not whole elements.
    pub(super) fn of(dataset: &Dataset, name: &str, report: &mut Report) -> Result<Self> {
        let shape = dataset.shape.clone();
        if dataset.number == Number::BFloat16 {
            let number = Number::Float32;
            let (from, to) = (dataset.number.name().to_owned(), number.name().to_owned());
            report.add_at(Change::Cast { from, to }, name);
            return Ok(Self { shape, number, values: dataset.values(name)? });
        }
        Ok(Self { shape, number: dataset.number, values: dataset.numbers()? })
    }

    /// Whether it is one number.
    pub(super) fn is_scalar(&self) -> bool {
        self.shape.is_empty()
    }
}

impl Stored for Numbers {
    fn write(&self, group: &mut GroupBuilder, path: &str) -> Result<()> {
        group.dataset(path, &self.shape, self.number, self.values.clone())
    }
}

/// Writes `layers` into `group` as `model.save_weights` of Keras 2 does.
///
/// # Errors
///
/// `InvalidInput` when a name does not fit, `Unsupported` when Keras has no such weights.
pub(super) fn write_layers<T: Stored>(
    group: &mut GroupBuilder,
    layers: &[LayerGroup<'_, T>],
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
        for (name, weight) in &layer.weights {
            weight.write(own, name)?;
        }
    }
    group.group("top_level_model_weights")?.set_list("weight_names", &[])
}

/// Writes the weights of `store` into `root` as Keras 3 does.
///
/// # Errors
///
/// As [`write_layers`].
pub(super) fn write_store<T: Stored>(
    root: &mut GroupBuilder,
    store: &KerasStore,
    weights: &[T],
) -> Result<()> {
    for layer in &store.layers {
        root.group(&format!("{}/vars", layer.group))?.set_text("name", &layer.name);
    }
    for weight in &store.weights {
        let values = weights.get(weight.source).ok_or_else(|| unknown(&weight.name))?;
        values.write(root, &weight.name)?;
    }
    // What every model has.
    root.group("vars")?;
    Ok(())
}

/// Writes the variables of an optimizer, each with its name, into `group` as `model.save` to HDF5
/// does.
///
/// # Errors
///
/// As [`write_layers`].
pub(super) fn write_optimizer<T: Stored>(
    group: &mut GroupBuilder,
    variables: Vec<(String, T)>,
) -> Result<()> {
    let names: Vec<String> = variables.iter().map(|(name, _)| name.clone()).collect();
    group.set_list("weight_names", &names)?;
    variables.into_iter().try_for_each(|(name, variable)| variable.write(group, &name))
}

/// Writes the variables of an optimizer into `group` as Keras 3 does into `.keras` files.
///
/// # Errors
///
/// As [`write_layers`].
pub(super) fn write_optimizer_store(
    group: &mut GroupBuilder,
    variables: &[Variable<'_>],
) -> Result<()> {
    let numbered = variables.iter().enumerate();
    numbered.into_iter().try_for_each(|(place, it)| it.write(group, &place.to_string()))
}

/// A variable of an optimizer.
pub(super) struct Variable<'a>(pub(super) &'a Tensor);

impl Stored for Variable<'_> {
    fn write(&self, group: &mut GroupBuilder, path: &str) -> Result<()> {
        let Tensor { spec, stored } = self.0;
        if spec.dtype == DType::Int32 {
            // Keras counts its steps in 64 bits.
            return group.dataset(path, &spec.shape, Number::Int64, widened(stored.clone())?);
        }
        self.0.write(group, path)
    }
}

/// The error of a weight that a plan has and the model has not.
pub(super) fn unknown(name: &str) -> Error {
    Error::corrupt(format!("there are no values for the weight `{name}`"))
}

impl Stored for Tensor {
    fn write(&self, group: &mut GroupBuilder, path: &str) -> Result<()> {
        let spec = &self.spec;
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
        group.dataset(path, &spec.shape, number, self.stored.clone())
    }
}
