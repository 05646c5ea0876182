//! `az://`, `abfs://`, `abfss://`, `adl://` and `azure://`: Azure Blob Storage.
//!
//! `az://container/path/to/model` with the account from the setting `account_name` or the
//! environment; `abfss://container@account.dfs.core.windows.net/path/to/model` names it itself.
//!
//! Settings, besides those of [`ObjectStoreOptions`](crate::ObjectStoreOptions): `account_name`,
//! `account_key`, `sas_key`, `token`, `client_id`, `client_secret`, `tenant_id`, `endpoint`, the
//! others in `KEYS`, and those of every cloud: `anonymous`, `env`, `instance_metadata`,
//! `max_retries`, `allow_http`, `timeout`, `proxy_url` and the like.

use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl, Result};
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};

use crate::{
    CAPABILITIES,
    cloud::{Config, Key, Opened, client_builder, credential, plain},
    environment::Variables,
    location::split,
};

io_core::register_handler! {
    name: "azure",
    schemes: ["az", "abfs", "abfss", "adl", "azure"],
    capabilities: CAPABILITIES,
    open: |url, options| open(url, options)?.handler(url, options),
    store: Some(|url, options| open(url, options)?.model_store(url, options)),
}

/// The environment variables that are read for Azure Blob Storage.
pub const VARIABLES: Variables = Variables(KEYS);

const KEYS: &[Key] = &[
    plain("account_name", &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"]),
    credential("account_key", &["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"]),
    credential("sas_key", &["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"]),
    credential("token", &["AZURE_STORAGE_TOKEN"]),
    credential("client_id", &["AZURE_CLIENT_ID", "AZURE_STORAGE_CLIENT_ID"]),
    credential("client_secret", &["AZURE_CLIENT_SECRET", "AZURE_STORAGE_CLIENT_SECRET"]),
    credential("tenant_id", &["AZURE_TENANT_ID", "AZURE_STORAGE_TENANT_ID"]),
    credential("federated_token_file", &["AZURE_FEDERATED_TOKEN_FILE"]),
    credential("use_azure_cli", &[]),
    plain("authority_host", &["AZURE_AUTHORITY_HOST"]),
    plain("endpoint", &["AZURE_STORAGE_ENDPOINT"]),
    plain("msi_endpoint", &[]),
    plain("object_id", &[]),
    plain("msi_resource_id", &[]),
    plain("use_fabric_endpoint", &[]),
    plain("disable_tagging", &[]),
];

/// Where the accounts are that a URL may name. Elsewhere the same name is somebody else's.
const DOMAINS: [&str; 4] = [
    "blob.core.windows.net",
    "dfs.core.windows.net",
    "blob.fabric.microsoft.com",
    "dfs.fabric.microsoft.com",
];

pub(crate) fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Opened> {
    let mut config = Config::read(options, KEYS)?;
    let (authority, key) = split(url)?;
    let container = match authority.split_once('@') {
        None => authority,
        Some((container, host)) => {
            let (account, domain) = host.split_once('.').unwrap_or((host, ""));
            if !DOMAINS.contains(&domain) && !config.has("endpoint") {
                let message = format!("`{host}` is no storage account of Azure's public cloud");
                return Err(Error::new(ErrorKind::InvalidUrl, message)
                    .with_hint("set `endpoint` to the address of the account"));
            }
            config.set_by_url("account_name", account);
            let fabric = domain.ends_with("fabric.microsoft.com");
            if fabric && !config.has("use_fabric_endpoint") {
                config.set_by_url("use_fabric_endpoint", "true");
            }
            container
        }
    };
    if !config.has("account_name") {
        return Err(Error::new(ErrorKind::InvalidInput, "the storage account is not known")
            .with_hint("set `account_name`, or AZURE_STORAGE_ACCOUNT_NAME in the environment"));
    }
    let found =
        ["account_key", "sas_key", "token", "use_azure_cli"].iter().any(|name| config.has(name))
            || config.has("client_id")
                && (config.has("client_secret") || config.has("federated_token_file"));
    config.need_credentials(
        found,
        "set `account_key` or `sas_key`, or AZURE_STORAGE_ACCOUNT_KEY in the environment",
    )?;
    let builder = MicrosoftAzureBuilder::new().with_container_name(container);
    let account = config.text("account_name").unwrap_or_default();
    let address = match config.text("endpoint") {
        Some(endpoint) => format!("{}/{container}", endpoint.trim_end_matches('/')),
        None => format!("https://{account}.blob.core.windows.net/{container}"),
    };
    Opened::new(url, &config, (authority, key), address, builder)
}

client_builder!(
    MicrosoftAzureBuilder,
    AzureConfigKey,
    MicrosoftAzure,
    ["", "azure_storage_", "azure_"],
    |builder| builder.with_skip_signature(true)
);

#[cfg(test)]
mod tests {
    use super::{KEYS, MicrosoftAzureBuilder, REGISTRATION};
    use crate::cloud::name_of;
    use io_core::{ErrorKind, HandlerOptions, ModelUrl};

    #[test]
    fn the_client_knows_every_setting() {
        for key in KEYS {
            name_of::<MicrosoftAzureBuilder>(key.name).unwrap();
        }
    }

    #[test]
    fn what_cannot_work_is_refused_when_opened() {
        let new = || HandlerOptions::new().with_setting("env", "false");
        let open = |text: &str, options: &HandlerOptions| {
            let opened = (REGISTRATION.open)(&ModelUrl::parse(text).unwrap(), options);
            opened.err().map(|error| error.kind())
        };
        let key = || new().with_setting("account_key", "c2VjcmV0");
        assert_eq!(open("az://c/m", &key()), Some(ErrorKind::InvalidInput));
        assert_eq!(open("az://c/m", &key().with_setting("account_name", "a")), None);
        let named = "abfss://c@a.dfs.core.windows.net/m";
        assert_eq!(open(named, &new()), Some(ErrorKind::PermissionDenied));
        assert_eq!(open(named, &key()), None);
        assert_eq!(open("az://c@a/m", &key()), Some(ErrorKind::InvalidUrl));
        // A namesake in another cloud gets no credentials of ours.
        let china = "abfss://c@a.dfs.core.chinacloudapi.cn/m";
        assert_eq!(open(china, &key()), Some(ErrorKind::InvalidUrl));
        let endpoint = "https://a.blob.core.chinacloudapi.cn";
        assert_eq!(open(china, &key().with_setting("endpoint", endpoint)), None);
    }
}
