//! `gs://`: Google Cloud Storage.
//!
//! Settings, besides those of [`ObjectStoreOptions`](crate::ObjectStoreOptions):
//! `service_account` (the path of a key file), `service_account_key` (its text),
//! `application_credentials`, `bearer_token`, `base_url`, and those of every cloud: `anonymous`,
//! `env`, `instance_metadata`, `max_retries`, `allow_http`, `timeout`, `proxy_url` and the like.

use io_core::{HandlerOptions, ModelUrl, Result};
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey};

use crate::{
    CAPABILITIES,
    cloud::{Config, Key, Opened, client_builder, credential, plain},
    environment::Variables,
    location::split,
};

io_core::register_handler! {
    name: "gcp",
    schemes: ["gs"],
    capabilities: CAPABILITIES,
    open: |url, options| open(url, options)?.handler(url, options),
    store: Some(|url, options| open(url, options)?.model_store(url, options)),
}

/// The environment variables that are read for Google Cloud Storage.
pub const VARIABLES: Variables = Variables(KEYS);

const KEYS: &[Key] = &[
    credential("service_account", &["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"]),
    credential("service_account_key", &["GOOGLE_SERVICE_ACCOUNT_KEY"]),
    credential("application_credentials", &["GOOGLE_APPLICATION_CREDENTIALS"]),
    credential("bearer_token", &["GOOGLE_BEARER_TOKEN"]),
    plain("base_url", &["GOOGLE_BASE_URL"]),
];

/// With it nothing is signed and nobody is asked for a token. To skip signatures is not enough: the
/// client then still wants a token to write or remove.
const NOBODY: &str =
    r#"{"private_key":"","private_key_id":"","client_email":"","disable_oauth":true}"#;

pub(crate) fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Opened> {
    let config = Config::read(options, KEYS)?;
    let (bucket, key) = split(url)?;
    let found = KEYS.iter().any(|key| key.is_credential && config.has(key.name));
    config.need_credentials(
        found,
        "set `service_account` or `application_credentials` to the path of a key file, or \
         GOOGLE_APPLICATION_CREDENTIALS in the environment",
    )?;
    let builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket);
    let base = config.text("base_url").unwrap_or("https://storage.googleapis.com");
    let address = format!("{}/{bucket}", base.trim_end_matches('/'));
    let opened = Opened::new(url, &config, (bucket, key), address.clone(), builder.clone())?;
    #[cfg(not(target_family = "wasm"))]
    let opened = Opened {
        unfinished: Some(crate::uploads::gcs::unfinished(config, address, builder)),
        ..opened
    };
    Ok(opened)
}

client_builder!(GoogleCloudStorageBuilder, GoogleConfigKey, GoogleCloudStorage, [""], |builder| {
    builder.with_skip_signature(true).with_service_account_key(NOBODY)
});

#[cfg(test)]
mod tests {
    use super::{GoogleCloudStorageBuilder, KEYS, REGISTRATION};
    use crate::cloud::name_of;
    use io_core::{ErrorKind, HandlerOptions, ModelUrl};

    #[test]
    fn the_client_knows_every_setting() {
        for key in KEYS {
            name_of::<GoogleCloudStorageBuilder>(key.name).unwrap();
        }
    }

    #[test]
    fn no_credentials_is_said_when_opened() {
        let url = ModelUrl::parse("gs://b/m").unwrap();
        let options = HandlerOptions::new().with_setting("env", "false");
        let error = (REGISTRATION.open)(&url, &options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        (REGISTRATION.open)(&url, &options.with_setting("anonymous", "true")).unwrap();
    }

    #[test]
    fn a_refused_key_is_not_told() {
        let url = ModelUrl::parse("gs://b/m").unwrap();
        let options = HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("service_account_key", "hunter2");
        let error = (REGISTRATION.open)(&url, &options).err().unwrap();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
