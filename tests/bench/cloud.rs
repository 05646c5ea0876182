//! The cases of an object store: modelport, the client library by itself, and the tool of AWS.

use std::{
    env,
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, executor::block_on, stream};
use modelport::HandlerOptions;
use object_store::{
    MultipartUpload as _, ObjectStore, ObjectStoreExt as _, PutPayload,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Key,
};

use crate::child::{Sample, timed};
use crate::model;

/// The variable with the address of the server.
pub(crate) const ENDPOINT: &str = "MODELPORT_BENCH_S3";
/// The variable with the Python that has the tool of AWS.
pub(crate) const AWS: &str = "MODELPORT_BENCH_AWS";

/// As modelport does it when nothing else is said.
const PART_BYTES: usize = 8 << 20;
const RANGE_BYTES: u64 = 4 << 20;
const REQUESTS: usize = 4;

/// How many models are listed.
const MODELS: usize = 10_000;

/// One model for uploads and downloads.
const MODEL: &str = "s3://models/ours";
const RAW: &str = "raw/weights.bin";
const MANY: &str = "s3://models/many";

fn options() -> Result<HandlerOptions> {
    Ok(HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("endpoint", env::var(ENDPOINT)?)
        .with_setting("allow_http", "true")
        .with_setting("region", "us-east-1")
        .with_setting("access_key_id", "testkey")
        .with_setting("secret_access_key", "testsecret"))
}

fn client() -> Result<AmazonS3> {
    let client = AmazonS3Builder::new()
        .with_endpoint(env::var(ENDPOINT)?)
        .with_bucket_name("models")
        .with_region("us-east-1")
        .with_access_key_id("testkey")
        .with_secret_access_key("testsecret")
        .with_allow_http(true);
    Ok(client.build()?)
}

/// Runs what the client library does, on as many threads as modelport has for it.
fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}

pub(crate) fn upload(_: &Path, bytes: u64) -> Result<Sample> {
    let (mut artifacts, data) = model::model(bytes)?;
    artifacts.weight_data = Some(data.into());
    let options = options()?;
    let (time, _) = timed(|| Ok(block_on(modelport::save_with(MODEL, artifacts, &options))?))?;
    Ok(Sample::of_this_process(time))
}

pub(crate) fn upload_raw(_: &Path, bytes: u64) -> Result<Sample> {
    let (_, data) = model::model(bytes)?;
    let data = Bytes::from(data);
    let client = client()?;
    let (time, ()) = timed(|| {
        run(async {
            let mut upload = client.put_multipart(&Key::from(RAW)).await?;
            let starts = (0..data.len()).step_by(PART_BYTES);
            let parts: Vec<_> = starts
                .map(|start| {
                    let part = data.slice(start..data.len().min(start + PART_BYTES));
                    upload.put_part(PutPayload::from_bytes(part))
                })
                .collect();
            stream::iter(parts).buffer_unordered(REQUESTS).try_collect::<Vec<()>>().await?;
            upload.complete().await?;
            Ok(())
        })
    })?;
    Ok(Sample::of_this_process(time))
}

pub(crate) fn download(_: &Path, bytes: u64) -> Result<Sample> {
    let options = options()?;
    let (time, weights) = timed(|| {
        block_on(async {
            let model = modelport::load_with(MODEL, &options).await?;
            Ok(model.weight_data.context("no weights")?.read().await?)
        })
    })?;
    ensure!(weights.byte_length() == bytes, "loaded {} bytes", weights.byte_length());
    Ok(Sample::of_this_process(time))
}

pub(crate) fn download_raw(_: &Path, bytes: u64) -> Result<Sample> {
    let client = Arc::new(client()?);
    let (time, data) = timed(|| {
        run(async {
            let mut data = Vec::with_capacity(usize::try_from(bytes)?);
            let ranges = (0..bytes).step_by(usize::try_from(RANGE_BYTES)?);
            // Each in a task of its own, so that all go on while one is taken.
            let mut pieces = stream::iter(ranges.map(|start| {
                let client = client.clone();
                let range = start..bytes.min(start + RANGE_BYTES);
                tokio::spawn(async move { client.get_range(&Key::from(RAW), range).await })
            }))
            .buffered(REQUESTS);
            while let Some(piece) = pieces.next().await {
                data.extend_from_slice(&piece??);
            }
            Ok(data)
        })
    })?;
    ensure!(data.len() as u64 == bytes, "read {} bytes", data.len());
    black_box(data);
    Ok(Sample::of_this_process(time))
}

pub(crate) fn list(_: &Path, _: u64) -> Result<Sample> {
    let options = options()?;
    let (time, count) = timed(|| {
        block_on(async {
            let list = modelport::list_models_with(MANY, &options)?;
            Ok(list.try_fold(0, |count, _| async move { Ok(count + 1) }).await?)
        })
    })?;
    ensure!(count == MODELS, "listed {count} models");
    Ok(Sample::of_this_process(time))
}

pub(crate) fn list_raw(_: &Path, _: u64) -> Result<Sample> {
    let client = client()?;
    let (time, count) = timed(|| {
        run(async {
            let objects = client.list(Some(&Key::from("many")));
            Ok(objects.try_fold(0, |count, _| async move { Ok(count + 1) }).await?)
        })
    })?;
    ensure!(count == 2 * MODELS, "listed {count} objects");
    Ok(Sample::of_this_process(time))
}

/// Saves the models that are listed.
pub(crate) fn stage_many(_: &Path, _: u64) -> Result<Sample> {
    let options = options()?;
    let saves = stream::iter((0..MODELS).map(Ok::<_, anyhow::Error>));
    let (time, ()) = timed(|| {
        block_on(saves.try_for_each_concurrent(16, |number| {
            let options = &options;
            async move {
                let (mut artifacts, data) = model::model(40)?;
                artifacts.weight_data = Some(data.into());
                modelport::save_with(format!("{MANY}/{number}").as_str(), artifacts, options)
                    .await?;
                Ok(())
            }
        }))
    })?;
    Ok(Sample::of_this_process(time))
}

/// Copies the same bytes from a file, by the tool of AWS.
pub(crate) fn upload_aws(folder: &Path, bytes: u64) -> Result<Sample> {
    let file = folder.join("weights.bin");
    let (_, data) = model::model(bytes)?;
    std::fs::write(&file, &data)?;
    drop(data);
    aws(&[file.to_str().context("a name")?, "s3://models/aws/weights.bin"])
}

pub(crate) fn download_aws(folder: &Path, _: u64) -> Result<Sample> {
    let file = folder.join("weights.bin");
    aws(&["s3://models/aws/weights.bin", file.to_str().context("a name")?])
}

fn aws(arguments: &[&str]) -> Result<Sample> {
    let mut command = Command::new(env::var_os(AWS).context("awscli is not set up")?);
    command.args(["-m", "awscli", "--endpoint-url", &env::var(ENDPOINT)?, "s3", "cp", "--quiet"]);
    command.args(arguments).stdout(Stdio::null());
    command.env("AWS_ACCESS_KEY_ID", "testkey").env("AWS_SECRET_ACCESS_KEY", "testsecret");
    command.env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_CONFIG_FILE", "/dev/null");
    let (time, status) = timed(|| command.status().context("cannot start awscli"))?;
    ensure!(status.success(), "aws s3 cp: {status}");
    // This process was large itself, and what it starts counts as that until it runs.
    Ok(Sample { peak_bytes: None, ..Sample::of_children(time) })
}

/// The same by our program, from a file and to one, which is what that tool does.
pub(crate) fn upload_program(folder: &Path, bytes: u64) -> Result<Sample> {
    let (artifacts, data) = model::model(bytes)?;
    let local = folder.join("model");
    block_on(modelport::save(
        local.as_path(),
        modelport::ModelArtifacts { weight_data: Some(data.into()), ..artifacts },
    ))?;
    copy(local.to_str().context("a name")?, "s3://models/program", "--to-option")
}

pub(crate) fn download_program(folder: &Path, _: u64) -> Result<Sample> {
    let local = folder.join("model");
    copy("s3://models/program", local.to_str().context("a name")?, "--from-option")
}

fn copy(from: &str, to: &str, flag: &str) -> Result<Sample> {
    let mut command = Command::new(crate::program::path()?);
    command.args(["cp", "--quiet", from, to]).stdout(Stdio::null());
    for (name, value) in &options()?.settings {
        command.arg(format!("{flag}={name}={value}"));
    }
    let (time, status) = timed(|| command.status().context("cannot start modelport"))?;
    ensure!(status.success(), "modelport cp: {status}");
    // This process was large itself, and what it starts counts as that until it runs.
    Ok(Sample { peak_bytes: None, ..Sample::of_children(time) })
}
