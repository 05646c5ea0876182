//! What the servers that speak S3 have in common.

use io_core::{HandlerOptions, ModelUrl};

/// The bucket that each of them has.
pub(super) const BUCKET: &str = "models";

/// What a handler has to know to use the one at a port.
pub(super) fn options(port: u16) -> HandlerOptions {
    HandlerOptions::new()
        .with_setting("env", "false")
        .with_setting("endpoint", format!("http://127.0.0.1:{port}"))
        .with_setting("allow_http", "true")
        .with_setting("region", "us-east-1")
        .with_setting("access_key_id", "testkey")
        .with_setting("secret_access_key", "testsecret")
        .with_setting("max_retries", "2")
}

/// The model under a key.
pub(super) fn url(key: &str) -> ModelUrl {
    ModelUrl::new("s3", &format!("{BUCKET}/{key}")).unwrap()
}
