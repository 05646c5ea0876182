//! Keras' own files: HDF5 as Keras 2 and 3 save it, and the zip of Keras 3.

mod artifacts;
mod legacy;

use io_core::{Error, ErrorKind, ModelArtifacts, Result, Weights};

use crate::{hdf5::Hdf5, report::Report};

/// The model in an HDF5 file of any form that Keras has.
///
/// # Errors
///
/// `Corrupt` when it is damaged; `Unsupported` when it is none of Keras', or cannot be converted.
pub(crate) async fn read_hdf5(bytes: Weights, report: &mut Report) -> Result<ModelArtifacts> {
    let file = Hdf5::open(bytes).await?;
    let root = file.group("").await?;
    let has = |name| root.as_ref().is_some_and(|root| root.attribute(name).is_some());
    if ["model_config", "layer_names", "layer_names0"].into_iter().any(has) {
        return artifacts::of_legacy(legacy::read(&file).await?, report);
    }
    Err(Error::new(ErrorKind::Unsupported, "this HDF5 file is not one of Keras'"))
}
