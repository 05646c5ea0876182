//! A place in a cloud, for those who look after it: what is set, and by whom.

use io_core::{HandlerOptions, ModelUrl, Result};

use crate::{
    ObjectModelStore,
    cloud::{Opened, Setting},
};

/// A place in a cloud.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Place {
    /// The models at and below it.
    pub store: ObjectModelStore,
    /// What is set, and by whom.
    pub settings: Vec<Setting>,
    /// The address of its objects, to which their keys are added after a slash.
    pub address: String,
}

/// The place at `url`, where its scheme is that of a cloud in this build.
///
/// # Errors
///
/// What opening a handler at the URL fails with.
pub fn place(url: &ModelUrl, options: &HandlerOptions) -> Result<Option<Place>> {
    let Some(opened) = open(url, options) else { return Ok(None) };
    let opened = opened?;
    let (settings, address) = (opened.settings.clone(), opened.address.clone());
    Ok(Some(Place { store: opened.models(url, options)?, settings, address }))
}

fn open(url: &ModelUrl, options: &HandlerOptions) -> Option<Result<Opened>> {
    #[cfg(feature = "aws")]
    if crate::aws::REGISTRATION.schemes.contains(&url.scheme()) {
        return Some(crate::aws::open(url, options));
    }
    #[cfg(feature = "azure")]
    if crate::azure::REGISTRATION.schemes.contains(&url.scheme()) {
        return Some(crate::azure::open(url, options));
    }
    #[cfg(feature = "gcp")]
    if crate::gcp::REGISTRATION.schemes.contains(&url.scheme()) {
        return Some(crate::gcp::open(url, options));
    }
    None
}
