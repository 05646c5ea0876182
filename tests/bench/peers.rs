//! The cases of others: plain files, and the crate of safetensors.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use modelport::ModelArtifacts;
use modelport::manifest::{FileIntegrity, KeyOrder, WeightFileRef, write_model_json};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize_to_file};

use crate::child::{Sample, timed};
use crate::model;
use crate::workplace::{MODEL, SAFETENSORS};

/// The two files of the model into fresh memory, looking at nothing.
pub(crate) fn read_plain(folder: &Path, bytes: u64) -> Result<Sample> {
    let folder = folder.join(MODEL);
    let (time, (json, weights)) = timed(|| {
        Ok((fs::read(folder.join("model.json"))?, fs::read(folder.join("weights.bin"))?))
    })?;
    ensure!(weights.len() as u64 == bytes, "read {} bytes", weights.len());
    black_box(json);
    Ok(Sample::of_this_process(time))
}

pub(crate) fn read_safetensors(folder: &Path, bytes: u64) -> Result<Sample> {
    let (time, data) = timed(|| {
        let data = fs::read(folder.join(SAFETENSORS))?;
        check_safetensors(&data, bytes)?;
        Ok(data)
    })?;
    black_box(data);
    Ok(Sample::of_this_process(time))
}

pub(crate) fn map_safetensors(folder: &Path, bytes: u64) -> Result<Sample> {
    let (time, map) = timed(|| {
        let file = File::open(folder.join(SAFETENSORS))?;
        // SAFETY: the file is the benchmark's own, and nobody writes to it meanwhile.
        #[expect(unsafe_code, reason = "a memory map cannot be made without it")]
        let map = unsafe { memmap2::Mmap::map(&file) }?;
        check_safetensors(&map, bytes)?;
        Ok(map)
    })?;
    black_box(map);
    Ok(Sample::of_this_process(time))
}

fn check_safetensors(data: &[u8], bytes: u64) -> Result<()> {
    let tensors = SafeTensors::deserialize(data)?;
    let found: usize = tensors.iter().map(|(_, tensor)| tensor.data().len()).sum();
    ensure!(found as u64 == bytes, "read {found} bytes");
    Ok(())
}

/// The bytes that modelport writes, in as many files, each flushed; over old ones by renaming.
pub(crate) fn save_renamed(folder: &Path, bytes: u64) -> Result<Sample> {
    save_two(folder, bytes, |path, data| {
        let beside = path.with_extension("new");
        write(&beside, &[data])?;
        fs::rename(beside, path).context("cannot rename")
    })
}

/// The same into the old files, which are lost at once.
pub(crate) fn save_plain(folder: &Path, bytes: u64) -> Result<Sample> {
    save_two(folder, bytes, |path, data| write(path, &[data]))
}

fn save_two(
    folder: &Path,
    bytes: u64,
    write: impl Fn(&Path, &[u8]) -> Result<()>,
) -> Result<Sample> {
    let folder = folder.join(MODEL);
    let (model, data) = model::model(bytes)?;
    let json = json(&model, bytes)?;
    let (time, ()) = timed(|| {
        fs::create_dir_all(&folder)?;
        write(&folder.join("weights.bin"), &data)?;
        write(&folder.join("model.json"), &json)
    })?;
    Ok(Sample::of_this_process(time))
}

/// The same in one file.
pub(crate) fn save_plain_single(folder: &Path, bytes: u64) -> Result<Sample> {
    let folder = folder.join(MODEL);
    let (model, data) = model::model(bytes)?;
    let json = json(&model, bytes)?;
    let (time, ()) = timed(|| {
        fs::create_dir_all(&folder)?;
        write(&folder.join("model.bin"), &[&json, &data])
    })?;
    Ok(Sample::of_this_process(time))
}

/// The text that modelport writes, but for the checksum.
fn json(model: &ModelArtifacts, bytes: u64) -> Result<Vec<u8>> {
    let integrity = Some(FileIntegrity { bytes, crc64nvme: 0 });
    let file = WeightFileRef { path: "weights.bin", integrity };
    Ok(write_model_json(model, &[file], KeyOrder::Node)?)
}

fn write(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let mut file = File::create(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all().context("cannot flush")
}

pub(crate) fn save_safetensors(folder: &Path, bytes: u64) -> Result<Sample> {
    let path = folder.join(SAFETENSORS);
    let (_, data) = model::model(bytes)?;
    let mut views = Vec::new();
    for (index, range) in model::tensors(data.len()).enumerate() {
        let part = data.get(range).unwrap_or_default();
        views.push((format!("w{index}"), TensorView::new(Dtype::F32, vec![part.len() / 4], part)?));
    }
    let (time, ()) = timed(|| {
        serialize_to_file(views, None, &path)?;
        File::open(&path)?.sync_all().context("cannot flush")
    })?;
    Ok(Sample::of_this_process(time))
}
