//! Weights one by one, each with bytes that are read when they are needed.

use futures::TryStreamExt;
use io_core::{Error, ModelArtifacts, Result, WeightSpec, Weights};
use io_manifest::{check_specs, tensor_pieces};

use crate::{
    data::{concat, slice},
    topology::WeightPlan,
};

/// The group that a manifest has the variables of an optimizer in.
pub(crate) const OPTIMIZER_GROUP: &str = "optimizer";

/// One weight: its name, shape and type, and its bytes as they are stored.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub(crate) spec: WeightSpec,
    pub(crate) stored: Weights,
}

impl Tensor {
    /// Whether it is no weight of a layer but a variable of the optimizer.
    pub(crate) fn is_of_optimizer(&self) -> bool {
        self.spec.group.as_deref() == Some(OPTIMIZER_GROUP)
    }
}

/// The weights of `artifacts`.
///
/// # Errors
///
/// `Corrupt` when specs and bytes do not fit together; where there are strings, what reading the
/// bytes fails with.
pub(crate) async fn split(artifacts: &ModelArtifacts) -> Result<Vec<Tensor>> {
    let specs = artifacts.weight_specs.clone().unwrap_or_default();
    let data = artifacts.weight_data.clone().unwrap_or_default();
    check_specs(&specs, data.byte_length())?;
    let lengths: Vec<Option<u64>> =
        specs.iter().map(WeightSpec::byte_length).collect::<Result<_>>()?;
    let lengths = match lengths.iter().copied().collect::<Option<Vec<u64>>>() {
        Some(lengths) => lengths,
        None => measured(&specs, &data).await?,
    };
    let mut start = 0_u64;
    let mut tensors = Vec::with_capacity(specs.len());
    for (spec, length) in specs.into_iter().zip(lengths) {
        let end =
            start.checked_add(length).ok_or_else(|| Error::corrupt("the weights are too large"))?;
        tensors.push(Tensor { spec, stored: slice(&data, start..end)? });
        start = end;
    }
    Ok(tensors)
}

/// Puts `tensors` into `artifacts`, in their order.
///
/// # Errors
///
/// `InvalidInput` when they are too large together.
pub(crate) fn join(tensors: Vec<Tensor>, artifacts: &mut ModelArtifacts) -> Result<()> {
    let (specs, parts) = tensors.into_iter().map(|tensor| (tensor.spec, tensor.stored)).unzip();
    artifacts.weight_specs = Some(specs);
    artifacts.weight_data = Some(concat(parts)?);
    Ok(())
}

/// Compares the shapes of `weights` with what the configuration of their model says.
///
/// # Errors
///
/// `Corrupt` when they are not the weights of `plan`, or one has another shape.
pub(crate) fn check_shapes(weights: &[Tensor], plan: &WeightPlan) -> Result<()> {
    plan.check_shapes(&shapes(weights))
}

/// Returns the name and the shape of each weight.
pub(crate) fn shapes(weights: &[Tensor]) -> Vec<(&str, &[u64])> {
    weights.iter().map(|it| (it.spec.name.as_str(), it.spec.shape.as_slice())).collect()
}

/// How many bytes each weight has, where only the bytes tell.
async fn measured(specs: &[WeightSpec], data: &Weights) -> Result<Vec<u64>> {
    let mut lengths = vec![0_u64; specs.len()];
    let mut pieces = tensor_pieces(specs.to_vec(), data.stream());
    while let Some(piece) = pieces.try_next().await? {
        if let Some(length) = lengths.get_mut(piece.weight) {
            *length += piece.stored.len() as u64;
        }
    }
    Ok(lengths)
}
