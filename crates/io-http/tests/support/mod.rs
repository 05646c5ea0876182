//! What the tests of this crate share: a server that does as it is told, and models.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests"
)]

pub mod form;
pub mod server;
pub mod service;
pub mod site;
#[cfg(not(target_family = "wasm"))]
pub mod tls;

use std::time::Duration;

use futures::executor::block_on;
use io_core::{
    DType, Error, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelUrl, Result, WeightSpec,
};
use io_http::{HttpHandler, HttpOptions};
use io_manifest::{Checksum, FileIntegrity};

/// Options whose retries do not wait.
pub fn quick() -> HttpOptions {
    HttpOptions::default()
        .with_retry_delay(Duration::ZERO)
        .with_idle_timeout(Duration::from_secs(5))
}

pub fn handler(url: &str, http: HttpOptions) -> HttpHandler {
    HttpHandler::with_options(ModelUrl::parse(url).unwrap(), HandlerOptions::new(), http).unwrap()
}

/// Topology and bytes of the model at `url`, read at once.
pub fn load(url: &str, http: HttpOptions) -> Result<Vec<u8>> {
    block_on(async {
        let artifacts = handler(url, http).load().await?;
        Ok(artifacts.weight_data.unwrap_or_default().to_bytes().await?.to_vec())
    })
}

/// The same as a stream.
pub fn load_stream(url: &str, http: HttpOptions) -> Result<Vec<u8>> {
    use futures::TryStreamExt;
    block_on(async {
        let artifacts = handler(url, http).load().await?;
        let pieces: Vec<bytes::Bytes> =
            artifacts.weight_data.unwrap_or_default().stream().try_collect().await?;
        Ok(pieces.concat())
    })
}

/// A model of these bytes, a multiple of four.
pub fn model(bytes: Vec<u8>) -> ModelArtifacts {
    let count = bytes.len() as u64 / 4;
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"a":1}"#).unwrap()),
        format: Some("layers-model".into()),
        weight_specs: Some(vec![WeightSpec::new("w", [count], DType::Float32)]),
        weight_data: Some(bytes.into()),
        ..Default::default()
    }
}

/// Bytes that do not repeat soon.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// A model file of one group with these files, with checksums if wanted.
pub fn model_json(files: &[(&str, &[u8])], integrity: bool) -> String {
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let paths: Vec<String> = files.iter().map(|(path, _)| format!("{path:?}")).collect();
    let entries: Vec<String> = files
        .iter()
        .map(|(_, bytes)| {
            let mut checksum = Checksum::new();
            checksum.update(bytes);
            let FileIntegrity { bytes, crc64nvme } = checksum.integrity();
            format!(r#"{{"bytes":{bytes},"crc64nvme":"{crc64nvme:016x}"}}"#)
        })
        .collect();
    let integrity =
        if integrity { format!(r#","integrity":[{}]"#, entries.join(",")) } else { String::new() };
    format!(
        r#"{{"modelTopology":{{"a":1}},"weightsManifest":[{{"paths":[{}],"weights":[{{"name":"w","shape":[{}],"dtype":"float32"}}]{integrity}}}]}}"#,
        paths.join(","),
        total / 4
    )
}

/// Everything that an error says to anybody.
pub fn told(error: &Error) -> String {
    use std::error::Error as _;
    let mut told = format!("{error}\n{error:?}\n{:?}\n", error.hint());
    let mut cause = error.source();
    while let Some(inner) = cause {
        told.push_str(&format!("{inner}\n{inner:?}\n"));
        cause = inner.source();
    }
    told
}
