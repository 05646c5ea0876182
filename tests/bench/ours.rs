//! The cases of modelport itself.

use std::hint::black_box;
use std::path::Path;

use anyhow::{Context, Result, ensure};
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
///
/// The median over short runs tells the core's speed though others use it too.
pub(crate) fn checksum(_: &Path, bytes: u64) -> Result<Sample> {
    const RUN_BYTES: usize = 4_000_000;
    let (_, data) = model::model(bytes)?;
    let mut checksum = Checksum::new();
    let mut times = Vec::new();
    for run in data.chunks_exact(RUN_BYTES) {
        let (time, ()) = timed(|| {
            checksum.update(run);
            Ok(())
        })?;
        times.push(time);
    }
    black_box(checksum.finish());
    times.sort_unstable();
    let median = times.get(times.len() / 2).context("nothing to sum")?;
    Ok(Sample::of_this_process(*median * u32::try_from(times.len())?))
}
