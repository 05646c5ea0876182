//! Keras' own files: HDF5 as Keras 2 and 3 save it, and the zip of Keras 3.

mod archive;
mod artifacts;
mod groups;
mod legacy;
mod optimizer;
mod store;
mod write;

use io_core::{Error, ErrorKind, ModelArtifacts, Result, Weights};

use self::store::Wanted;
use crate::{hdf5::Hdf5, report::Report};

pub(crate) use archive::read_archive;
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
    let root = file.group("").await?;
    let has = |name| root.as_ref().is_some_and(|root| root.has(name));
    if ["model_config", "layer_names", "layer_names0"].into_iter().any(has) {
        return artifacts::of_legacy(legacy::read(&file, include_optimizer).await?, report);
    }
    if store::is_store(&file).await? {
        // Without a topology, nobody knows what the variables of an optimizer are of.
        return artifacts::of_store(store::read(&file, Wanted::All).await?, None, report);
    }
    Err(Error::new(ErrorKind::Unsupported, "this HDF5 file is not one of Keras'"))
}
