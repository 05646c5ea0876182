//! What the clouds share: settings and variables to the configuration of a client.

use std::{collections::BTreeMap, str::FromStr, sync::Arc, time::Duration};

use io_core::{Error, ErrorKind, HandlerOptions, IOHandler, ModelStore, ModelUrl, Result, redact};
#[cfg(all(any(feature = "aws", feature = "gcp"), not(target_family = "wasm")))]
use object_store::ClientOptions;
use object_store::{ObjectStore, RetryConfig};

use crate::{
    ObjectModelStore, ObjectStoreHandler, ObjectStoreOptions, clients,
    environment::{self, Variables},
    error::Cause,
    gc::Unfinished,
    location::Base,
    objects::Store,
    options,
};

/// A setting that is in force, for people.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value; `None` for what is secret.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The options of the handler.
    Option,
    /// The environment variable of this name.
    Variable(&'static str),
    /// The URL.
    Url,
    /// Nobody has set it.
    Default,
}

/// A setting of one cloud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// The name of the setting: what the client calls it, without the name of the cloud.
    pub(crate) name: &'static str,
    /// The environment variables that stand for it.
    pub(crate) variables: &'static [&'static str],
    /// Whether it says who asks.
    pub(crate) is_credential: bool,
    /// Whether nobody may see it.
    pub(crate) is_secret: bool,
}

pub(crate) const fn plain(name: &'static str, variables: &'static [&'static str]) -> Key {
    Key { name, variables, is_credential: false, is_secret: false }
}

pub(crate) const fn credential(name: &'static str, variables: &'static [&'static str]) -> Key {
    Key { name, variables, is_credential: true, is_secret: true }
}

#[cfg(any(feature = "aws", test))]
pub(crate) const fn secret(name: &'static str) -> Key {
    Key { name, variables: &[], is_credential: false, is_secret: true }
}

/// Settings of ours that every cloud has.
const OWN: [&str; 4] = ["anonymous", "env", "instance_metadata", "max_retries"];

/// Settings of the HTTP client.
const CLIENT: [&str; 10] = [
    "allow_http",
    "allow_invalid_certificates",
    "connect_timeout",
    "http1_only",
    "http2_only",
    "pool_idle_timeout",
    "pool_max_idle_per_host",
    "proxy_url",
    "timeout",
    "user_agent",
];

/// Long enough for a part on a slow line; the client's own 30 seconds are not.
const TIMEOUT: &str = "5 minutes";

/// Counted from the first try: a request that has taken all of its time is tried once more, and
/// that one is still within the quarter of an hour for which a signature is good.
const RETRY_TIMEOUT: Duration = Duration::from_secs(9 * 60);

/// The configuration of a client, read.
#[derive(Clone)]
pub(crate) struct Config {
    /// By the client's names, less that of the cloud.
    pub(crate) values: BTreeMap<&'static str, String>,
    pub(crate) anonymous: bool,
    pub(crate) objects: ObjectStoreOptions,
    pub(crate) retry: RetryConfig,
    /// All that was set, for people.
    settings: Vec<Setting>,
    instance_metadata: bool,
    secrets: Vec<String>,
}

impl Config {
    /// Reads the settings in `options` and, unless they say otherwise, the environment.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a setting is unknown or has a value that it cannot have.
    pub(crate) fn read(options: &HandlerOptions, keys: &'static [Key]) -> Result<Self> {
        Self::read_with(options, keys, environment::lookup)
    }

    fn read_with(
        options: &HandlerOptions,
        keys: &'static [Key],
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut known: Vec<&'static str> = keys.iter().map(|key| key.name).collect();
        known.extend(options::SETTINGS.iter().chain(&OWN).chain(&CLIENT));
        let settings = options.read_settings(&known)?;
        let objects = ObjectStoreOptions::read(&settings)?;
        let flag = |name| Ok::<bool, Error>(settings.bool(name)?.unwrap_or(false));
        let (anonymous, instance_metadata) = (flag("anonymous")?, flag("instance_metadata")?);
        // 10 retries, with waits of its own.
        let mut retry = RetryConfig { retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        if let Some(text) = settings.text("max_retries") {
            retry.max_retries = text.parse().map_err(|_| {
                let message = format!("option `max_retries` is `{text}`, expected a number");
                Error::new(ErrorKind::InvalidInput, message)
            })?;
        }

        let is_credential =
            |name: &str| keys.iter().any(|key| key.name == name && key.is_credential);
        let own_credentials = anonymous || options.settings.keys().any(|name| is_credential(name));
        let mut values = BTreeMap::new();
        let mut variables = BTreeMap::new();
        if settings.bool("env")? != Some(false) {
            for (name, variable, value) in Variables(keys).find(lookup) {
                values.insert(name, value);
                variables.insert(name, variable);
            }
        }
        values.retain(|name, _| !(own_credentials && is_credential(name)));
        values.insert("timeout", TIMEOUT.to_owned());
        for name in keys.iter().map(|key| key.name).chain(CLIENT) {
            if let Some(value) = settings.text(name) {
                values.insert(name, value.to_owned());
            }
        }
        let is_secret = |name: &str| {
            name == "proxy_url" || keys.iter().any(|key| key.name == name && key.is_secret)
        };
        let given = options.settings.iter().map(|(name, value)| {
            let value = (!is_secret(name)).then(|| redact(value));
            Setting { name: name.clone(), value, origin: Origin::Option }
        });
        let from_variables = variables.iter().filter(|(name, _)| {
            values.contains_key(*name) && !options.settings.contains_key(**name)
        });
        let settings = given
            .chain(from_variables.map(|(name, variable)| Setting {
                name: (*name).to_owned(),
                value: values.get(name).filter(|_| !is_secret(name)).map(|value| redact(value)),
                origin: Origin::Variable(variable),
            }))
            .collect();
        let retries = retry.max_retries.to_string();
        let secrets: Vec<String> = values
            .iter()
            .filter(|(name, _)| is_secret(name))
            .map(|(_, value)| value.clone())
            .collect();
        let parts = (objects.part_bytes.to_string(), objects.concurrency.to_string());
        let mut config =
            Self { values, anonymous, objects, retry, settings, instance_metadata, secrets };
        for (name, value) in [
            ("anonymous", "false"),
            ("concurrency", &*parts.1),
            ("env", "true"),
            ("instance_metadata", "false"),
            ("max_retries", &*retries),
            ("on_conflict", "replace"),
            ("part_bytes", &*parts.0),
            ("timeout", TIMEOUT),
        ] {
            config.tell_default(name, value);
        }
        Ok(config)
    }

    /// For people: what is in force where nobody has set it.
    pub(crate) fn tell_default(&mut self, name: &str, value: &str) {
        if !self.settings.iter().any(|known| known.name == name) {
            self.tell(name, value, Origin::Default);
        }
    }

    /// Sets what the URL says, whatever else does.
    #[cfg(feature = "azure")]
    pub(crate) fn set_by_url(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|known| known.name != name);
        self.tell(name, value, Origin::Url);
        self.values.insert(name, value.to_owned());
    }

    fn tell(&mut self, name: &str, value: &str, origin: Origin) {
        let (name, value) = (name.to_owned(), Some(redact(value)));
        self.settings.push(Setting { name, value, origin });
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Refuses to go on without credentials, instead of asking a metadata service that most
    /// machines have not, which takes long to fail.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when `found` is false and nothing else allows it.
    pub(crate) fn need_credentials(&self, found: bool, hint: &str) -> Result<()> {
        if found || self.anonymous || self.instance_metadata {
            return Ok(());
        }
        Err(Error::new(ErrorKind::PermissionDenied, "there are no credentials").with_hint(format!(
            "{hint}, or `anonymous` = `true` for a public place, or `instance_metadata` = `true` \
             on a machine of the cloud"
        )))
    }

    /// All that makes one client differ from another.
    fn identity(&self) -> impl std::fmt::Debug {
        (&self.values, self.anonymous, self.retry.max_retries)
    }

    /// The builder with all settings.
    fn apply<B: ClientBuilder>(&self, builder: B) -> Result<B> {
        #[cfg(not(target_family = "wasm"))]
        let mut builder = builder.retrying(self.retry.clone());
        // The client would wait by a clock that browsers have not.
        #[cfg(target_family = "wasm")]
        let mut builder = builder
            .retrying(RetryConfig { max_retries: 0, ..self.retry.clone() })
            .in_page(self.retry.max_retries);
        if self.anonymous {
            builder = builder.anonymous();
        }
        for (name, value) in &self.values {
            builder = builder.set(name_of::<B>(name)?, value);
        }
        Ok(builder)
    }

    /// A client of its own that `builder` makes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it cannot be built.
    pub(crate) fn build<B: ClientBuilder>(&self, builder: B) -> Result<B::Client> {
        self.apply(builder)?.finish().map_err(|error| self.refused(&error))
    }

    /// What is set of the HTTP client.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a value cannot be.
    #[cfg(all(any(feature = "aws", feature = "gcp"), not(target_family = "wasm")))]
    pub(crate) fn client_options(&self) -> Result<ClientOptions> {
        let set = |options: ClientOptions, name: &str| match self.text(name) {
            Some(value) => Ok(options.with_config(name.parse()?, value)),
            None => Ok(options),
        };
        CLIENT
            .into_iter()
            .try_fold(ClientOptions::new(), set)
            .map_err(|error: object_store::Error| self.refused(&error))
    }

    /// The error of a client that cannot be built.
    fn refused(&self, error: &object_store::Error) -> Error {
        let cause = Cause::of(error).without(self.secrets.iter().map(String::as_str));
        Error::new(ErrorKind::InvalidInput, "the settings of the store do not fit together")
            .with_source(cause)
    }
}

/// The builder of a cloud's client. All of them have these methods, and no trait of their own.
pub(crate) trait ClientBuilder: Sized {
    /// The names of the client's settings.
    type Key: FromStr<Err = object_store::Error>;
    /// The client.
    type Client: ObjectStore;
    /// What the client puts before the names that we use.
    const PREFIXES: &'static [&'static str];

    fn set(self, key: Self::Key, value: &str) -> Self;
    fn retrying(self, retry: RetryConfig) -> Self;
    fn anonymous(self) -> Self;
    /// Connects and signs with what a page has.
    #[cfg(target_family = "wasm")]
    fn in_page(self, max_retries: usize) -> Self;
    fn finish(self) -> object_store::Result<Self::Client>;
}

/// Implements [`ClientBuilder`] for a builder by its own methods.
macro_rules! client_builder {
    ($builder:ty, $key:ty, $client:ty, $prefixes:expr, |$anonymous:ident| $unsigned:expr) => {
        impl $crate::cloud::ClientBuilder for $builder {
            type Key = $key;
            type Client = $client;
            const PREFIXES: &'static [&'static str] = &$prefixes;

            fn set(self, key: Self::Key, value: &str) -> Self {
                self.with_config(key, value)
            }

            fn retrying(self, retry: object_store::RetryConfig) -> Self {
                self.with_retry(retry)
            }

            fn anonymous(self) -> Self {
                let $anonymous = self;
                $unsigned
            }

            #[cfg(target_family = "wasm")]
            fn in_page(self, max_retries: usize) -> Self {
                let connector = $crate::page::Connector::new(max_retries);
                self.with_http_connector(connector)
                    .with_crypto_provider(std::sync::Arc::new($crate::page::Crypto))
            }

            fn finish(self) -> object_store::Result<Self::Client> {
                #[cfg(not(target_family = "wasm"))]
                let this = self.with_http_connector($crate::http::Connector);
                #[cfg(target_family = "wasm")]
                let this = self;
                this.build()
            }
        }
    };
}
pub(crate) use client_builder;

/// The client's own name of a setting.
///
/// # Errors
///
/// `InvalidInput` when it has none of that name.
pub(crate) fn name_of<B: ClientBuilder>(name: &str) -> Result<B::Key> {
    let known = B::PREFIXES.iter().find_map(|prefix| format!("{prefix}{name}").parse().ok());
    known.ok_or_else(|| {
        Error::new(ErrorKind::InvalidInput, format!("the client has no option `{name}`"))
    })
}

/// A client and how it is to be used.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) objects: ObjectStoreOptions,
    /// What stands between `://` and the key.
    pub(crate) authority: String,
    pub(crate) key: String,
    /// Where the keys of this place begin.
    pub(crate) address: String,
    pub(crate) settings: Vec<Setting>,
    /// What saves that were cut short may leave besides objects.
    pub(crate) unfinished: Option<Unfinished>,
}

impl Opened {
    /// The client that `builder` makes with the settings of `config`, or one that was made of the
    /// same before: a client reads all certificates of the system and has connections of its own.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the client cannot be built.
    pub(crate) fn new<B: ClientBuilder>(
        url: &ModelUrl,
        config: &Config,
        (authority, key): (&str, &str),
        address: String,
        builder: B,
    ) -> Result<Self> {
        let same = format!("{}://{authority} {:?}", url.scheme(), config.identity());
        let store = clients::get_or_build(same, || Ok(Store(Arc::new(config.build(builder)?))))?;
        let (objects, settings) = (config.objects.clone(), config.settings.clone());
        let (authority, key) = (authority.to_owned(), key.to_owned());
        Ok(Self { store, objects, authority, key, address, settings, unfinished: None })
    }

    pub(crate) fn handler(
        self,
        url: &ModelUrl,
        options: &HandlerOptions,
    ) -> Result<Box<dyn IOHandler>> {
        let Self { store, objects, key, .. } = self;
        let (url, options) = (url.clone(), options.clone());
        Ok(Box::new(ObjectStoreHandler::with_options(store.0, url, &key, options, objects)?))
    }

    pub(crate) fn model_store(
        self,
        url: &ModelUrl,
        options: &HandlerOptions,
    ) -> Result<Box<dyn ModelStore>> {
        Ok(Box::new(self.models(url, options)?))
    }

    /// The models at and below the URL.
    ///
    /// # Errors
    ///
    /// `InvalidUrl` when no object can have such a key.
    pub(crate) fn models(
        self,
        url: &ModelUrl,
        options: &HandlerOptions,
    ) -> Result<ObjectModelStore> {
        let base = Base::new(url.scheme(), &self.authority);
        let (url, options) = (url.clone(), options.clone());
        let store = ObjectModelStore::with_options(self.store, url, base, options, self.objects)?;
        Ok(ObjectModelStore { unfinished: self.unfinished, ..store })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Key, credential, plain, secret};
    use io_core::{ErrorKind, HandlerOptions};

    const KEYS: &[Key] = &[
        credential("id", &["X_ID"]),
        credential("secret", &["X_SECRET", "X_OLD_SECRET"]),
        plain("region", &["X_REGION"]),
        secret("customer_key"),
    ];

    fn read(options: &HandlerOptions) -> Config {
        let lookup = |name: &str| match name {
            "X_ID" => Some("env-id".to_owned()),
            "X_SECRET" => Some(String::new()),
            "X_OLD_SECRET" => Some("env-secret".to_owned()),
            "X_REGION" => Some("env-region".to_owned()),
            _ => None,
        };
        Config::read_with(options, KEYS, lookup).unwrap()
    }

    #[test]
    fn settings_win_over_the_environment() {
        let text = |config: &Config, name| config.values.get(name).cloned().unwrap_or_default();
        let all = |options: HandlerOptions| {
            let config = read(&options);
            ["id", "secret", "region"].map(|name| text(&config, name))
        };
        let new = HandlerOptions::new;
        assert_eq!(all(new()), ["env-id", "env-secret", "env-region"]);
        assert_eq!(all(new().with_setting("region", "r")), ["env-id", "env-secret", "r"]);
        assert_eq!(all(new().with_setting("env", "false")), ["", "", ""]);
        // Credentials come from one place.
        assert_eq!(all(new().with_setting("id", "i")), ["i", "", "env-region"]);
        assert_eq!(all(new().with_setting("anonymous", "true")), ["", "", "env-region"]);
        // What is secret and says not who asks is none of them.
        let with_key = || new().with_setting("customer_key", "k");
        assert_eq!(all(with_key()), ["env-id", "env-secret", "env-region"]);
        let config = read(&with_key());
        let told = config.settings.iter().find(|setting| setting.name == "customer_key").unwrap();
        assert_eq!(told.value, None);
    }

    #[test]
    fn no_credentials_is_said_at_once() {
        let new = || HandlerOptions::new().with_setting("env", "false");
        let error = read(&new()).need_credentials(false, "set x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.hint().unwrap().contains("anonymous"));
        for allowed in ["anonymous", "instance_metadata"] {
            read(&new().with_setting(allowed, "true")).need_credentials(false, "").unwrap();
        }
    }

    #[test]
    fn unknown_settings_are_told_the_nearest() {
        let options = HandlerOptions::new().with_setting("regoin", "x");
        let error = Config::read_with(&options, KEYS, |_| None).err().unwrap();
        assert!(error.hint().unwrap().contains("`region`"));
    }
}
