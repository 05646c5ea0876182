//! `gs://`: Google Cloud Storage.
//!
//! Settings, besides those of [`ObjectStoreOptions`](crate::ObjectStoreOptions):
//! `service_account` (the path of a key file), `service_account_key` (its text),
//! `application_credentials`, `bearer_token`, `base_url`, and those of every cloud: `anonymous`,
//! `env`, `instance_metadata`, `max_retries`, `allow_http`, `timeout`, `ca_certificates`, `proxy` and
//! the like. Without credentials in them, those of gcloud are used.

use io_core::{HandlerOptions, ModelUrl, Result};
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey};

use crate::{
    CAPABILITIES,
    cloud::{Config, Key, Opened, client_builder, credential, plain},
    environment::{self, Variables},
    form::Form,
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

pub(crate) const KEYS: &[Key] = &[
    credential(
        "service_account",
        &["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"],
        Form::File,
    ),
    credential("service_account_key", &["GOOGLE_SERVICE_ACCOUNT_KEY"], Form::Json),
    credential("application_credentials", &["GOOGLE_APPLICATION_CREDENTIALS"], Form::File),
    credential("bearer_token", &["GOOGLE_BEARER_TOKEN"], Form::Token),
    plain("base_url", &["GOOGLE_BASE_URL"], Form::Base),
];

/// With it nothing is signed and nobody is asked for a token. To skip signatures is not enough: the
/// client then still wants a token to write or remove.
const NOBODY: &str =
    r#"{"private_key":"","private_key_id":"","client_email":"","disable_oauth":true}"#;

pub(crate) fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Opened> {
    #[cfg_attr(target_family = "wasm", allow(unused_mut, reason = "pages have no files"))]
    let mut config = Config::read(options, KEYS)?;
    let (bucket, key) = split(url)?;
    let has_credentials =
        |config: &Config| KEYS.iter().any(|key| key.is_credential && config.has(key.name));
    #[cfg(not(target_family = "wasm"))]
    if let Some(path) = files::of_gcloud().filter(|_| {
        let is_wanted = config.env && !config.anonymous && !config.own_credentials;
        is_wanted && !has_credentials(&config)
    }) {
        config.set_by_file("gcloud", "application_credentials", &path)?;
    }
    let found = has_credentials(&config);
    config.need_credentials(
        found,
        "run `gcloud auth application-default login`, or set `service_account` or \
         `application_credentials` to the path of a key file, or GOOGLE_APPLICATION_CREDENTIALS in \
         the environment",
    )?;
    #[cfg(not(target_family = "wasm"))]
    files::check(&mut config)?;
    if !found && !config.anonymous {
        // The client makes addresses of them.
        for name in ["GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"] {
            environment::check(name, Form::Authority)?;
        }
    }
    let builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket);
    let base = config.text("base_url").unwrap_or("https://storage.googleapis.com");
    let address = format!("{base}/{bucket}");
    config.need_address(&address)?;
    let opened = Opened::new(url, &config, (bucket, key), address.clone(), builder.clone())?;
    #[cfg(not(target_family = "wasm"))]
    let opened = Opened {
        unfinished: Some(crate::uploads::gcs::unfinished(config, address, builder)),
        ..opened
    };
    Ok(opened)
}

/// The files with credentials.
#[cfg(not(target_family = "wasm"))]
mod files {
    use std::{env, path::PathBuf};

    use io_core::{Error, ErrorKind, Result, printable_name};
    use serde_json::{Map, Value};

    use crate::{cloud::Config, environment::lookup, network::read_file};

    const MAX_BYTES: u64 = 1 << 20;

    /// Where `gcloud auth application-default login` keeps what it gets, if it is there.
    pub(super) fn of_gcloud() -> Option<String> {
        let named = lookup("CLOUDSDK_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let usual = || {
            let roaming = lookup("APPDATA").filter(|_| cfg!(windows)).map(PathBuf::from);
            let folder = roaming.or_else(|| Some(env::home_dir()?.join(".config")))?;
            Some(folder.join("gcloud"))
        };
        let path = named.or_else(usual)?.join("application_default_credentials.json");
        if path.is_file() { path.into_os_string().into_string().ok() } else { None }
    }

    /// Checks what the client would panic on, or say little about.
    pub(super) fn check(config: &mut Config) -> Result<()> {
        if let Some(path) = config.text("application_credentials").map(str::to_owned) {
            let members = read(&path)?;
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            if !["service_account", "authorized_user"].contains(&kind) {
                let kind = printable_name(kind);
                let message = format!("`{path}` has credentials of the type `{kind}`");
                return Err(Error::new(ErrorKind::Unsupported, message).with_hint(
                    "`service_account` and `authorized_user` are understood; `gcloud auth \
                     print-access-token` prints a `bearer_token` for the others",
                ));
            }
        }
        let account = match (config.text("service_account"), config.text("service_account_key")) {
            (Some(path), _) => Some((format!("`{path}`"), read(path)?)),
            (None, Some(key)) => {
                let members = serde_json::from_str(key).unwrap_or_default();
                Some(("`service_account_key`".to_owned(), members))
            }
            (None, None) => None,
        };
        // A key for a server of one's own may name it.
        if let Some((subject, members)) = account
            && let Some(base) = members.get("gcs_base_url").and_then(Value::as_str)
        {
            config.set_by_file(&subject, "base_url", base)?;
        }
        Ok(())
    }

    fn read(path: &str) -> Result<Map<String, Value>> {
        let failed = |what: &str| {
            let message = format!("the file `{path}` with Google's credentials {what}");
            Error::new(ErrorKind::InvalidInput, message)
        };
        let bytes = read_file(path.as_ref(), MAX_BYTES)
            .map_err(|error| failed("cannot be read").with_source(error))?;
        // The cause could have a part of the key.
        serde_json::from_slice(&bytes).map_err(|_| failed("is not a JSON object"))
    }
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

    #[test]
    fn files_with_credentials_are_checked_when_opened() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str, setting: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let options = HandlerOptions::new()
                .with_setting("env", "false")
                .with_setting(setting, path.to_str().unwrap());
            (REGISTRATION.open)(&ModelUrl::parse("gs://b/m").unwrap(), &options).err()
        };
        let user =
            r#"{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"t"}"#;
        assert!(open("user", "application_credentials", user).is_none());
        let other = open("other", "application_credentials", r#"{"type":"external_account"}"#);
        let other = other.unwrap();
        assert_eq!(other.kind(), ErrorKind::Unsupported);
        assert!(other.to_string().contains("`external_account`"), "{other}");
        for text in ["", "hunter2", "[]"] {
            let error = open("text", "service_account", text).unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        // A key names the server of a test.
        let base = r#"{"gcs_base_url":"127.0.0.1:1","private_key":"","private_key_id":"","client_email":"","disable_oauth":true}"#;
        let error = open("base", "service_account", base).unwrap();
        assert!(error.to_string().contains("`base_url`"), "{error}");
    }
}
