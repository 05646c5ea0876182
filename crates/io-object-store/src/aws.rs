//! `s3://` and `s3a://`: Amazon S3, and whatever speaks its protocol.
//!
//! Settings, besides those of [`ObjectStoreOptions`](crate::ObjectStoreOptions): `access_key_id`,
//! `secret_access_key`, `session_token`, `region`, `endpoint`, `virtual_hosted_style_request`,
//! `conditional_put`, the others in `KEYS`, and those of every cloud: `anonymous`, `env`,
//! `instance_metadata`, `max_retries`, `allow_http`, `timeout`, `proxy_url` and the like.

use io_core::{HandlerOptions, ModelUrl, Result};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};

use crate::{
    CAPABILITIES,
    cloud::{Config, Key, Opened, client_builder, credential, plain, secret},
    environment::Variables,
    location::split,
};

io_core::register_handler! {
    name: "aws",
    schemes: ["s3", "s3a"],
    capabilities: CAPABILITIES,
    open: |url, options| open(url, options)?.handler(url, options),
    store: Some(|url, options| open(url, options)?.model_store(url, options)),
}

/// The environment variables that are read for S3.
pub const VARIABLES: Variables = Variables(KEYS);

const KEYS: &[Key] = &[
    credential("access_key_id", &["AWS_ACCESS_KEY_ID"]),
    credential("secret_access_key", &["AWS_SECRET_ACCESS_KEY"]),
    credential("session_token", &["AWS_SESSION_TOKEN"]),
    credential("web_identity_token_file", &["AWS_WEB_IDENTITY_TOKEN_FILE"]),
    credential("role_arn", &["AWS_ROLE_ARN"]),
    credential("role_session_name", &["AWS_ROLE_SESSION_NAME"]),
    credential("container_credentials_relative_uri", &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]),
    credential("container_credentials_full_uri", &["AWS_CONTAINER_CREDENTIALS_FULL_URI"]),
    credential("container_authorization_token_file", &["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]),
    secret("sse_customer_key_base64"),
    plain("region", &["AWS_REGION", "AWS_DEFAULT_REGION"]),
    plain("endpoint", &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
    plain("endpoint_url_sts", &["AWS_ENDPOINT_URL_STS"]),
    plain("virtual_hosted_style_request", &[]),
    plain("conditional_put", &[]),
    plain("copy_if_not_exists", &[]),
    plain("checksum_algorithm", &[]),
    plain("unsigned_payload", &[]),
    plain("s3_express", &[]),
    plain("disable_tagging", &[]),
    plain("disable_bulk_delete", &[]),
    plain("request_payer", &[]),
    plain("metadata_endpoint", &[]),
    plain("imdsv1_fallback", &[]),
    plain("server_side_encryption", &[]),
    plain("sse_kms_key_id", &[]),
    plain("sse_bucket_key_enabled", &[]),
];

pub(crate) fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Opened> {
    let mut config = Config::read(options, KEYS)?;
    config.tell_default("region", REGION);
    let (bucket, key) = split(url)?;
    let found = config.has("access_key_id")
        || config.has("secret_access_key")
        || config.has("web_identity_token_file") && config.has("role_arn")
        || config.has("container_credentials_relative_uri")
        || config.has("container_credentials_full_uri");
    config.need_credentials(
        found,
        "set `access_key_id` and `secret_access_key`, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY in the environment, which \
         `aws configure export-credentials --format env` prints",
    )?;
    let builder = AmazonS3Builder::new().with_bucket_name(bucket);
    let address = address(&config, bucket);
    let opened = Opened::new(url, &config, (bucket, key), address.clone(), builder.clone())?;
    #[cfg(not(target_family = "wasm"))]
    let opened = {
        let region = config.text("region").unwrap_or(REGION).to_owned();
        // Where signatures are those of a session, which is the client's own.
        let has_sessions = config.text("s3_express") == Some("true");
        let unfinished = crate::uploads::s3::unfinished(config, address, region, builder);
        Opened { unfinished: (!has_sessions).then_some(unfinished), ..opened }
    };
    Ok(opened)
}

/// What the client takes where nobody says one.
const REGION: &str = "us-east-1";

/// Where the keys of a bucket begin.
fn address(config: &Config, bucket: &str) -> String {
    let in_host = config.text("virtual_hosted_style_request") == Some("true");
    match (config.text("endpoint"), in_host) {
        // An endpoint of that style has the bucket in it.
        (Some(endpoint), true) => endpoint.trim_end_matches('/').to_owned(),
        (Some(endpoint), false) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        (None, _) => {
            let region = config.text("region").unwrap_or(REGION);
            format!("https://s3.{region}.amazonaws.com/{bucket}")
        }
    }
}

client_builder!(AmazonS3Builder, AmazonS3ConfigKey, AmazonS3, ["", "aws_"], |builder| {
    builder.with_skip_signature(true)
});

#[cfg(test)]
mod tests {
    use super::{AmazonS3Builder, KEYS, REGISTRATION};
    use crate::cloud::name_of;
    use io_core::{ErrorKind, HandlerOptions, ModelUrl};

    #[test]
    fn the_client_knows_every_setting() {
        for key in KEYS {
            name_of::<AmazonS3Builder>(key.name).unwrap();
        }
    }

    #[test]
    fn what_cannot_work_is_refused_when_opened() {
        let url = |text: &str| ModelUrl::parse(text).unwrap();
        let new = || HandlerOptions::new().with_setting("env", "false");
        let open = |text: &str, options: &HandlerOptions| {
            (REGISTRATION.open)(&url(text), options).err().map(|error| error.kind())
        };
        assert_eq!(open("s3://b/m", &new()), Some(ErrorKind::PermissionDenied));
        let anonymous = new().with_setting("anonymous", "true");
        assert_eq!(open("s3://b/m", &anonymous), None);
        for text in ["s3://", "s3:///m", "s3://me:secret@b/m", "s3://b?x/m", "s3://b//m"] {
            assert_eq!(open(text, &anonymous), Some(ErrorKind::InvalidUrl), "{text}");
        }
        let half = new().with_setting("access_key_id", "x");
        assert_eq!(open("s3://b/m", &half), Some(ErrorKind::InvalidInput));
    }
}
