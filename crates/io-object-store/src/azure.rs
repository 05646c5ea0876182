//! `az://`, `abfs://`, `abfss://`, `adl://` and `azure://`: Azure Blob Storage.
//!
//! `az://container/path/to/model` with the account from the setting `account_name` or the
//! environment; `abfss://container@account.dfs.core.windows.net/path/to/model` names it itself.
//!
//! Settings, besides those of [`ObjectStoreOptions`](crate::ObjectStoreOptions): `account_name`,
//! `account_key`, `sas_key`, `connection_string`, `token`, `client_id`, `client_secret`, `tenant_id`,
//! `endpoint`, the others in `KEYS`, and those of every cloud: `anonymous`, `env`,
//! `instance_metadata`, `max_retries`, `allow_http`, `timeout`, `ca_certificates`, `proxy` and the
//! like.

use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl, Result};
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};

use crate::{
    CAPABILITIES,
    cloud::{Config, Key, Opened, client_builder, credential, plain},
    environment::{self, Variables},
    form::Form,
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

pub(crate) const KEYS: &[Key] = &[
    credential("connection_string", &["AZURE_STORAGE_CONNECTION_STRING"], Form::Text).own(),
    plain("account_name", &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"], Form::Host),
    credential("account_key", &["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"], Form::Token),
    credential("sas_key", &["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"], Form::Token),
    credential("token", &["AZURE_STORAGE_TOKEN"], Form::Token),
    credential("client_id", &["AZURE_CLIENT_ID", "AZURE_STORAGE_CLIENT_ID"], Form::Text),
    credential(
        "client_secret",
        &["AZURE_CLIENT_SECRET", "AZURE_STORAGE_CLIENT_SECRET"],
        Form::Text,
    ),
    credential("tenant_id", &["AZURE_TENANT_ID", "AZURE_STORAGE_TENANT_ID"], Form::Host),
    credential("federated_token_file", &["AZURE_FEDERATED_TOKEN_FILE"], Form::File),
    credential("use_azure_cli", &[], Form::Flag),
    plain("authority_host", &["AZURE_AUTHORITY_HOST"], Form::Base),
    plain("endpoint", &["AZURE_STORAGE_ENDPOINT"], Form::Base),
    plain("msi_endpoint", &[], Form::Base),
    plain("object_id", &[], Form::Text),
    plain("msi_resource_id", &[], Form::Text),
    plain("use_fabric_endpoint", &[], Form::Flag),
    plain("disable_tagging", &[], Form::Flag),
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
    read_connection_string(&mut config)?;
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
            .with_hint(
                "set `account_name` or `connection_string`, or AZURE_STORAGE_ACCOUNT_NAME or \
                 AZURE_STORAGE_CONNECTION_STRING in the environment",
            ));
    }
    let found = ["account_key", "sas_key", "token"].iter().any(|name| config.has(name))
        || config.is("use_azure_cli")
        || config.has("client_id")
            && config.has("tenant_id")
            && (config.has("client_secret") || config.has("federated_token_file"));
    config.need_credentials(
        found,
        "set `account_key`, `sas_key` or `connection_string`, or AZURE_STORAGE_ACCOUNT_KEY or \
         AZURE_STORAGE_CONNECTION_STRING in the environment, or `use_azure_cli` = `true` after `az \
         login`",
    )?;
    if !found && !config.anonymous {
        // The client puts it into a header as it is.
        environment::check("IDENTITY_HEADER", Form::Header)?;
    }
    let builder = MicrosoftAzureBuilder::new().with_container_name(container);
    let account = config.text("account_name").unwrap_or_default();
    let address = match config.text("endpoint") {
        Some(endpoint) => format!("{endpoint}/{container}"),
        None if config.is("use_fabric_endpoint") => {
            format!("https://{account}.blob.fabric.microsoft.com/{container}")
        }
        None => format!("https://{account}.blob.core.windows.net/{container}"),
    };
    config.need_address(&address)?;
    Opened::new(url, &config, (authority, key), address, builder)
}

/// Sets what a connection string says, as Azure's portal and `az` give it, but for what an option
/// says.
///
/// # Errors
///
/// `InvalidInput` when it is none. It is never repeated.
fn read_connection_string(config: &mut Config) -> Result<()> {
    let Some(text) = config.text("connection_string") else { return Ok(()) };
    let parts: Vec<(String, String)> = text
        .split(';')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let find = |name: &str| {
        let found = parts.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    let is_emulator = find("usedevelopmentstorage").is_some_and(|it| it == "true");
    let blob = find("blobendpoint").or_else(|| is_emulator.then(|| EMULATOR.to_owned()));
    let protocol = find("defaultendpointsprotocol").unwrap_or_else(|| "https".to_owned());
    let account = find("accountname")
        .or_else(|| is_emulator.then(|| EMULATOR_ACCOUNT.to_owned()))
        // That of a shared access signature has no other place for it.
        .or_else(|| blob.as_deref().and_then(account_of));
    let Some(account) = account else {
        let message = "the connection string has no `AccountName` and no `BlobEndpoint`";
        return Err(Error::new(ErrorKind::InvalidInput, message)
            .with_hint("`az storage account show-connection-string` prints one"));
    };
    let suffix = find("endpointsuffix").unwrap_or_else(|| "core.windows.net".to_owned());
    let blob = blob.unwrap_or_else(|| format!("{protocol}://{account}.blob.{suffix}"));
    let key = find("accountkey").or_else(|| is_emulator.then(|| EMULATOR_KEY.to_owned()));
    let sas = find("sharedaccesssignature");
    for (name, value) in [
        ("account_name", Some(account)),
        ("endpoint", Some(blob)),
        ("account_key", key),
        ("sas_key", sas),
    ] {
        if let Some(value) = value.filter(|_| !config.is_option(name)) {
            config.values.remove(name);
            config.set_by_file("the connection string", name, &value)?;
        }
    }
    Ok(())
}

/// The account in the name of a host such as `ACCOUNT.blob.core.windows.net`.
fn account_of(endpoint: &str) -> Option<String> {
    let url = url::Url::parse(endpoint).ok()?;
    let (account, _) = url.domain()?.split_once('.')?;
    Some(account.to_owned())
}

/// What `UseDevelopmentStorage=true` stands for. Everybody knows the key of the emulator.
const EMULATOR: &str = "http://127.0.0.1:10000/devstoreaccount1";
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

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
        for key in KEYS.iter().filter(|key| key.is_of_client) {
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

    #[test]
    fn a_connection_string_gives_account_endpoint_and_key() {
        let new = || HandlerOptions::new().with_setting("env", "false");
        let place = |text: &str, more: &[(&str, &str)]| {
            let mut options = new().with_setting("connection_string", text);
            for (name, value) in more {
                options = options.with_setting(*name, *value);
            }
            super::open(&ModelUrl::parse("az://c/m").unwrap(), &options)
        };
        let address = |text: &str| place(text, &[("allow_http", "true")]).unwrap().address;
        for (text, expected) in [
            (
                "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;\
                 EndpointSuffix=core.chinacloudapi.cn",
                "https://a.blob.core.chinacloudapi.cn/c",
            ),
            ("AccountName=a;AccountKey=c2VjcmV0\n", "https://a.blob.core.windows.net/c"),
            (
                "BlobEndpoint=https://b.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=x%3D",
                "https://b.blob.core.windows.net/c",
            ),
            ("UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1/c"),
        ] {
            assert_eq!(address(text), expected);
        }
        // An option says otherwise.
        let other = [("endpoint", "https://h/x"), ("account_name", "b")];
        assert_eq!(
            place("AccountName=a;AccountKey=c2VjcmV0", &other).unwrap().address,
            "https://h/x/c"
        );
        for text in ["hunter2", "AccountKey=hunter2", "AccountName=hunter2/;AccountKey=hunter2"] {
            let error = place(text, &[]).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
        }
        let error = place("AccountName=a;AccountKey=hunter2!", &[]).err().unwrap();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        let error = place("UseDevelopmentStorage=true", &[]).err().unwrap();
        assert!(error.hint().unwrap().contains("allow_http"), "{error:?}");
    }

    #[test]
    fn hints_name_what_azures_own_program_knows() {
        let open = |options: &HandlerOptions| {
            (REGISTRATION.open)(&ModelUrl::parse("az://c/m").unwrap(), options).err().unwrap()
        };
        let new = HandlerOptions::new().with_setting("env", "false");
        assert!(open(&new).hint().unwrap().contains("AZURE_STORAGE_CONNECTION_STRING"));
        let error = open(&new.with_setting("account_name", "a"));
        let hint = error.hint().unwrap();
        assert!(hint.contains("use_azure_cli") && hint.contains("az login"), "{hint}");
    }
}
