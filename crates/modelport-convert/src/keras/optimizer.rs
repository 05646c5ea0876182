//! The variables of optimizers, from the order of one writer into that of another.

use std::collections::HashMap;

use io_core::{DType, Error, WeightSpec, Weights};

use crate::{
    data::converted,
    number::elements,
    report::{Change, Report},
    tensors::{OPTIMIZER_GROUP, Tensor},
    topology::{OptimizerState, OptimizerVariable, OptimizerWriter},
};

/// A weight that training changes: its name in the target, and its values.
pub(super) struct Trained<'a> {
    pub(super) name: &'a str,
    pub(super) tensor: &'a Tensor,
}

/// The order of one writer and that of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) from: OptimizerWriter,
    pub(super) to: OptimizerWriter,
}

/// `variables` of an optimizer as the target has them; nothing, with the reason in `report`, when
/// they do not fit `state` and the weights.
pub(super) fn rearrange(
    state: Option<&OptimizerState>,
    way: Way,
    variables: &[Tensor],
    trained: &[Trained<'_>],
    report: &mut Report,
) -> Vec<Tensor> {
    let reason = "there is no optimizer that both have".to_owned();
    let rearranged = state.ok_or(reason).and_then(|state| {
        let values = values(state, way.from, variables, trained)?;
        in_order(state, way, &values, trained)
    });
    rearranged.unwrap_or_else(|reason| {
        report.add(Change::Dropped { key: format!("the state of the optimizer: {reason}") });
        Vec::new()
    })
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
) -> Result<Values<'a>, String> {
    let order = state.order(from, trained.len());
    let leading = OptimizerState::leading(from);
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
        let weight = trained.get(variable.weight).map(|weight| &weight.tensor.spec.shape);
        if weight != Some(&tensor.spec.shape) || tensor.spec.dtype != DType::Float32 {
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
) -> Result<Vec<Tensor>, String> {
    let text = |error: Error| error.to_string();
    let class = state.class().to_lowercase();
    let iterations = match way.to {
        OptimizerWriter::Tfjs => "iter".to_owned(),
        OptimizerWriter::Keras2Legacy => format!("{}/iter:0", state.class()),
        OptimizerWriter::Keras2 => "iteration:0".to_owned(),
        OptimizerWriter::Keras3 => format!("{class}/iteration"),
    };
    let tensor = |name: String, shape: &[u64], dtype: DType, stored: Weights| {
        let mut spec = WeightSpec::new(name, shape, dtype);
        spec.group = (way.to == OptimizerWriter::Tfjs).then(|| OPTIMIZER_GROUP.to_owned());
        Tensor { spec, stored }
    };
    let mut all = vec![tensor(iterations, &[], DType::Int32, values.iterations.stored.clone())];
    if way.to == OptimizerWriter::Keras3 {
        #[expect(clippy::cast_possible_truncation, reason = "it is a float32 in Keras")]
        let rate = state.learning_rate() as f32;
        let stored = Weights::from(rate.to_le_bytes().to_vec());
        all.push(tensor(format!("{class}/learning_rate"), &[], DType::Float32, stored));
    }
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
            None => zeros(weight.tensor).map_err(text)?,
        };
        all.push(tensor(name, &weight.tensor.spec.shape, DType::Float32, stored));
    }
    Ok(all)
}

fn times(stored: &Weights, factor: f64) -> io_core::Result<Weights> {
    if factor == 1.0 {
        return Ok(stored.clone());
    }
    #[expect(clippy::cast_possible_truncation, reason = "the values are float32")]
    let scaled =
        move |bytes| ((f64::from(f32::from_le_bytes(bytes)) * factor) as f32).to_le_bytes();
    converted(stored.clone(), elements(scaled))
}

/// As many float32 as `like` has elements.
fn zeros(like: &Tensor) -> io_core::Result<Weights> {
    if like.spec.dtype != DType::Float32 {
        return Err(Error::corrupt(format!("`{}` is not float32", like.spec.name)));
    }
    converted(like.stored.clone(), elements(|_: [u8; 4]| [0; 4]))
}
