//! The cases of modelport itself.

use std::hint::black_box;
use std::path::Path;

use anyhow::{Result, ensure};
use futures::executor::block_on;
use modelport::manifest::Checksum;
use modelport::{HandlerOptions, Weights};

use crate::child::{Sample, timed};
use crate::model;
use crate::workplace::MODEL;

pub(crate) fn read(folder: &Path, bytes: u64) -> Result<Sample> {
    load(folder, bytes, &HandlerOptions::new())
}

pub(crate) fn read_unverified(folder: &Path, bytes: u64) -> Result<Sample> {
    load(folder, bytes, &HandlerOptions::new().with_verify(false))
}

pub(crate) fn map(folder: &Path, bytes: u64) -> Result<Sample> {
    load(folder, bytes, &HandlerOptions::new().with_setting("read", "mmap"))
}

pub(crate) fn map_unverified(folder: &Path, bytes: u64) -> Result<Sample> {
    let options = HandlerOptions::new().with_verify(false).with_setting("read", "mmap");
    load(folder, bytes, &options)
}

/// From the URL to all weights in memory.
fn load(folder: &Path, bytes: u64, options: &HandlerOptions) -> Result<Sample> {
    let path = folder.join(MODEL);
    let (time, weights) = timed(|| {
        block_on(async {
            let model = modelport::load_with(path.as_path(), options).await?;
            Ok(model.weight_data.unwrap_or_else(|| Weights::from_parts([])).read().await?)
        })
    })?;
    ensure!(weights.byte_length() == bytes, "loaded {} bytes", weights.byte_length());
    Ok(Sample::of_this_process(time))
}

pub(crate) fn save(folder: &Path, bytes: u64) -> Result<Sample> {
    let path = folder.join(MODEL);
    let (mut model, data) = model::model(bytes)?;
    model.weight_data = Some(data.into());
    let (time, _) = timed(|| Ok(block_on(modelport::save(path.as_path(), model))?))?;
    Ok(Sample::of_this_process(time))
}

/// The checksum of bytes in memory, on one core.
pub(crate) fn checksum(_: &Path, bytes: u64) -> Result<Sample> {
    let (_, data) = model::model(bytes)?;
    let (time, sum) = timed(|| {
        let mut checksum = Checksum::new();
        checksum.update(&data);
        Ok(checksum.finish())
    })?;
    black_box(sum);
    Ok(Sample::of_this_process(time))
}
