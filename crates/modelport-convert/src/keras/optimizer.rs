//! The variables of optimizers, from the order of one writer into that of another.

use std::collections::HashMap;

use io_core::{DType, Error, Result, WeightSpec, Weights};

use crate::{
    data::{converted, zeros},
    number::elements,
    report::{Change, Report},
    tensors::{OPTIMIZER_GROUP, Tensor},
    topology::{OptimizerState, OptimizerVariable, OptimizerWriter, WeightPlan},
};

/// The order of one writer and that of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) from: OptimizerWriter,
    pub(super) to: OptimizerWriter,
}

/// `variables` of the optimizer of a model as the target has them; nothing, with the reason in
/// `report`, when they do not fit `state` and the weights that `plan` says are trained.
///
/// # Errors
///
/// `Corrupt` when `weights`, by their names in TensorFlow.js, are not those of `plan`.
pub(super) fn rearrange(
    state: Option<&OptimizerState>,
    way: Way,
    variables: &[Tensor],
    plan: &WeightPlan,
    weights: &[Tensor],
    report: &mut Report,
) -> Result<Vec<Tensor>> {
    let trained = trained(plan, weights, way.to)?;
    let reason = "there is no optimizer that both have".to_owned();
    let rearranged = state.ok_or(reason).and_then(|state| {
        let values = values(state, way.from, variables, &trained)?;
        in_order(state, way, &values, &trained)
    });
    Ok(rearranged.unwrap_or_else(|reason| {
        report.add(Change::Dropped { key: format!("the state of the optimizer: {reason}") });
        Vec::new()
    }))
}

/// A weight that training changes: its name in the target, and its shape.
struct Trained<'a> {
    name: &'a str,
    shape: &'a [u64],
}

fn trained<'a>(
    plan: &'a WeightPlan,
    weights: &'a [Tensor],
    to: OptimizerWriter,
) -> Result<Vec<Trained<'a>>> {
    let names: Vec<&str> = weights.iter().map(|tensor| tensor.spec.name.as_str()).collect();
    let trained = plan.trained(&names)?.into_iter().filter_map(|(place, weight)| {
        let spec = &weights.get(place)?.spec;
        let name = match to {
            OptimizerWriter::Tfjs => &spec.name,
            OptimizerWriter::Keras2Legacy | OptimizerWriter::Keras2 => &weight.keras2,
            OptimizerWriter::Keras3 => &weight.keras3,
        };
        Some(Trained { name, shape: &spec.shape })
    });
    Ok(trained.collect())
}

/// What an optimizer has: the steps it has taken, and its variables by kind and weight.
struct Values<'a> {
    iterations: &'a Tensor,
    of_weights: HashMap<OptimizerVariable, &'a Tensor>,
}

fn values<'a>(
    state: &OptimizerState,
    from: OptimizerWriter,
    variables: &'a [Tensor],
    trained: &[Trained<'_>],
) -> std::result::Result<Values<'a>, String> {
    let order = state.order(from, trained.len());
    let leading = state.leading(from).len();
    let (Some(iterations), Some(of_weights)) = (variables.first(), variables.get(leading..)) else {
        return Err("it has no variables".to_owned());
    };
    if iterations.spec.dtype != DType::Int32 || !iterations.spec.shape.is_empty() {
        return Err(format!("`{}` is not a number of steps", iterations.spec.name));
    }
    if of_weights.len() != order.len() {
        let (has, class) = (of_weights.len(), state.class());
        return Err(format!("it has {has} variables, and {class} {} here", order.len()));
    }
    for (tensor, variable) in of_weights.iter().zip(&order) {
        let shape = trained.get(variable.weight).map(|weight| weight.shape);
        if shape != Some(&tensor.spec.shape) || tensor.spec.dtype != DType::Float32 {
            return Err(format!("`{}` fits no weight", tensor.spec.name));
        }
    }
    Ok(Values { iterations, of_weights: order.into_iter().zip(of_weights).collect() })
}

fn in_order(
    state: &OptimizerState,
    way: Way,
    values: &Values<'_>,
    trained: &[Trained<'_>],
) -> std::result::Result<Vec<Tensor>, String> {
    let text = |error: Error| error.to_string();
    let tensor = |name: String, shape: &[u64], dtype: DType, stored: Weights| {
        let mut spec = WeightSpec::new(name, shape, dtype);
        spec.group = (way.to == OptimizerWriter::Tfjs).then(|| OPTIMIZER_GROUP.to_owned());
        Tensor { spec, stored }
    };
    #[expect(clippy::cast_possible_truncation, reason = "it is a float32 in Keras")]
    let rate = state.learning_rate() as f32;
    let leading = [
        (DType::Int32, values.iterations.stored.clone()),
        (DType::Float32, Weights::from(rate.to_le_bytes().to_vec())),
    ];
    let leading = state.leading(way.to).into_iter().zip(leading);
    let mut all: Vec<Tensor> =
        leading.map(|(name, (dtype, stored))| tensor(name, &[], dtype, stored)).collect();
    for variable in state.order(way.to, trained.len()) {
        let OptimizerVariable { slot, weight } = variable;
        let Some(weight) = trained.get(weight) else { continue };
        let Some(name) = state.name(way.to, slot, weight.name) else { continue };
        let stored = match values.of_weights.get(&variable) {
            Some(tensor) => {
                let factor = state.factor(slot, way.from, way.to);
                let factor = factor.ok_or("its learning rate is 0")?;
                times(&tensor.stored, factor).map_err(text)?
            }
            // It starts from nothing.
            None => {
                let spec = WeightSpec::new("", weight.shape, DType::Float32);
                zeros(spec.byte_length().map_err(text)?.unwrap_or_default())
            }
        };
        all.push(tensor(name, weight.shape, DType::Float32, stored));
    }
    Ok(all)
}

fn times(stored: &Weights, factor: f64) -> Result<Weights> {
    if factor == 1.0 {
        return Ok(stored.clone());
    }
    #[expect(clippy::cast_possible_truncation, reason = "the values are float32")]
    let scaled =
        move |bytes| ((f64::from(f32::from_le_bytes(bytes)) * factor) as f32).to_le_bytes();
    converted(stored.clone(), elements(scaled))
}
