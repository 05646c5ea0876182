//! Keras' own files: HDF5 as Keras 2 and 3 save it, and the zip of Keras 3.

mod archive;
mod artifacts;
mod groups;
mod legacy;
mod optimizer;
mod same;
mod store;
mod write;

use io_core::{Error, ErrorKind, ModelArtifacts, Result, Weights};

use self::store::Wanted;
use crate::{hdf5::Hdf5, report::Report};

pub(crate) use archive::read_archive;
pub(crate) use same::same_keras;
pub(crate) use write::{write_archive, write_legacy, write_store};

/// The model in an HDF5 file of any form that Keras has, with the variables of its optimizer when
/// `include_optimizer` says so.
///
/// # Errors
///
/// `Corrupt` when it is damaged; `Unsupported` when it is none of Keras', or cannot be converted.
pub(crate) async fn read_hdf5(
    bytes: Weights,
    include_optimizer: bool,
    report: &mut Report,
) -> Result<ModelArtifacts> {
    let file = Hdf5::open(bytes).await?;
    if is_legacy(&file).await? {
        return artifacts::of_legacy(legacy::read(&file, include_optimizer).await?, report);
    }
    if store::is_store(&file).await? {
        // Without a topology, nobody knows what the variables of an optimizer are of.
        return artifacts::of_store(store::read(&file, Wanted::All).await?, None, report);
    }
    Err(Error::new(ErrorKind::Unsupported, "this HDF5 file is not one of Keras'"))
}

/// Whether `file` is what Keras 2 began: groups that list their weights.
async fn is_legacy(file: &Hdf5) -> Result<bool> {
    let root = file.group("").await?;
    let has = |name| root.as_ref().is_some_and(|root| root.has(name));
    Ok(["model_config", "layer_names", "layer_names0"].into_iter().any(has))
}
