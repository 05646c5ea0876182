//! What the clouds share: settings and variables to the configuration of a client.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use io_core::{Error, ErrorKind, HandlerOptions, IOHandler, ModelStore, ModelUrl, Result, redact};
#[cfg(all(any(feature = "aws", feature = "gcp"), not(target_family = "wasm")))]
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector},
};
use object_store::{ObjectStore, RetryConfig};

use crate::{
    ObjectModelStore, ObjectStoreHandler, ObjectStoreOptions, clients,
    environment::{self, Variables},
    error::Cause,
    form::{self, Form},
    gc::Unfinished,
    location::Base,
    objects::Store,
    options,
};
#[cfg(not(target_family = "wasm"))]
use crate::{
    connect::{Connector, Purpose},
    network::{Lookup, Network, Proxy, read_certificates},
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
    /// A file of the cloud's own program, such as an AWS profile.
    File,
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
    /// What a value looks like.
    pub(crate) form: Form,
    /// Whether it says who asks.
    pub(crate) is_credential: bool,
    /// Whether nobody may see it.
    pub(crate) is_secret: bool,
    /// Whether the client has it too.
    pub(crate) is_of_client: bool,
}

impl Key {
    /// The same for a setting that the client has not.
    #[cfg(any(feature = "aws", feature = "azure", test))]
    pub(crate) const fn own(self) -> Self {
        Self { is_of_client: false, ..self }
    }
}

pub(crate) const fn plain(
    name: &'static str,
    variables: &'static [&'static str],
    form: Form,
) -> Key {
    Key { name, variables, form, is_credential: false, is_secret: false, is_of_client: true }
}

pub(crate) const fn credential(
    name: &'static str,
    variables: &'static [&'static str],
    form: Form,
) -> Key {
    Key { is_credential: true, is_secret: true, ..plain(name, variables, form) }
}

#[cfg(any(feature = "aws", test))]
pub(crate) const fn secret(name: &'static str, form: Form) -> Key {
    Key { is_secret: true, ..plain(name, &[], form) }
}

/// Settings of ours that every cloud has.
const OWN: [&str; 4] = ["anonymous", "env", "instance_metadata", "max_retries"];

/// Settings of ours for the connections of programs. Pages have those of their browser.
#[cfg(not(target_family = "wasm"))]
const NETWORK: [&str; 2] = ["ca_certificates", "proxy"];
#[cfg(target_family = "wasm")]
const NETWORK: [&str; 0] = [];

/// Settings of the HTTP client.
const CLIENT: [(&str, Form); 9] = [
    ("allow_http", Form::Flag),
    ("allow_invalid_certificates", Form::Flag),
    ("connect_timeout", Form::Duration),
    ("http1_only", Form::Flag),
    ("http2_only", Form::Flag),
    ("pool_idle_timeout", Form::Duration),
    ("pool_max_idle_per_host", Form::Count(10_000)),
    ("timeout", Form::Duration),
    ("user_agent", Form::Header),
];

/// More tries than that are a mistake.
const MAX_RETRIES: u64 = 1000;

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
    /// Whether the environment is used.
    pub(crate) env: bool,
    /// Whether the options have credentials, so that the environment's do not count.
    #[cfg_attr(
        any(target_family = "wasm", not(any(feature = "aws", feature = "gcp"))),
        allow(dead_code, reason = "those in files are of AWS and gcloud, and of programs")
    )]
    pub(crate) own_credentials: bool,
    pub(crate) objects: ObjectStoreOptions,
    pub(crate) retry: RetryConfig,
    #[cfg(not(target_family = "wasm"))]
    pub(crate) network: Network,
    /// What else makes one client differ from another.
    pub(crate) source: String,
    /// All that was set, for people.
    settings: Vec<Setting>,
    pub(crate) instance_metadata: bool,
    keys: &'static [Key],
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

    pub(crate) fn read_with(
        options: &HandlerOptions,
        keys: &'static [Key],
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let client = CLIENT.iter().map(|(name, _)| name);
        let mut known: Vec<&'static str> = keys.iter().map(|key| key.name).collect();
        known.extend(options::SETTINGS.iter().chain(&OWN).chain(&NETWORK).chain(client));
        let options = &options::canonical(options, &known)?;
        let settings = options.read_settings(&known)?;
        let objects = ObjectStoreOptions::read(&settings)?;
        let flag = |name| Ok::<bool, Error>(settings.bool(name)?.unwrap_or(false));
        let (anonymous, instance_metadata) = (flag("anonymous")?, flag("instance_metadata")?);
        let env = settings.bool("env")? != Some(false);
        // 10 retries, with waits of its own.
        let mut retry = RetryConfig { retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        if let Some(text) = settings.text("max_retries") {
            let text = Form::Count(MAX_RETRIES).check("option `max_retries`", text)?;
            retry.max_retries = text.parse().unwrap_or(retry.max_retries);
        }

        let is_credential =
            |name: &str| keys.iter().any(|key| key.name == name && key.is_credential);
        // A profile that an option names is one, too.
        let own_credentials = anonymous
            || options.settings.keys().any(|name| is_credential(name) || name == "profile");
        let mut values = BTreeMap::new();
        let mut variables = BTreeMap::new();
        values.insert("timeout", TIMEOUT.to_owned());
        for (key, variable, value) in if env { Variables(keys).find(&lookup) } else { Vec::new() } {
            let is_overruled = options.settings.contains_key(key.name);
            if !(is_overruled || own_credentials && key.is_credential) {
                let value = key.form.check(&format!("the variable {variable}"), &value)?;
                values.insert(key.name, value);
                variables.insert(key.name, variable);
            }
        }
        let forms = keys.iter().map(|key| (key.name, key.form)).chain(CLIENT);
        for (name, form) in forms {
            if let Some(value) = settings.text(name) {
                values.insert(name, form.check(&format!("option `{name}`"), value)?);
            }
        }
        let is_secret = |name: &str| {
            name == "proxy" || keys.iter().any(|key| key.name == name && key.is_secret)
        };
        let given = options.settings.iter().map(|(name, value)| {
            let value = (!is_secret(name)).then(|| redact(value));
            Setting { name: name.clone(), value, origin: Origin::Option }
        });
        let settings = given
            .chain(variables.iter().map(|(name, variable)| Setting {
                name: (*name).to_owned(),
                value: values.get(name).filter(|_| !is_secret(name)).map(|value| redact(value)),
                origin: Origin::Variable(variable),
            }))
            .collect();
        #[cfg(not(target_family = "wasm"))]
        let network = {
            let proxy = options.settings.get("proxy").map(String::as_str);
            let proxy = Proxy::read(proxy, env.then_some(&lookup as Lookup<'_>))?;
            let file = options.settings.get("ca_certificates").or(values.get("ca_certificates"));
            let subject = match variables.get("ca_certificates") {
                Some(variable) => format!("the variable {variable}"),
                None => "option `ca_certificates`".to_owned(),
            };
            let certificates = match file {
                Some(path) => read_certificates(&subject, path)?,
                None => Vec::new(),
            };
            Network { certificates, proxy }
        };
        let retries = retry.max_retries.to_string();
        let parts = (objects.part_bytes.to_string(), objects.concurrency.to_string());
        let mut config = Self {
            values,
            anonymous,
            env,
            own_credentials,
            objects,
            retry,
            #[cfg(not(target_family = "wasm"))]
            network,
            source: String::new(),
            settings,
            instance_metadata,
            keys,
        };
        for (name, value) in [
            ("anonymous", "false"),
            ("concurrency", &*parts.1),
            ("env", "true"),
            ("instance_metadata", "false"),
            ("max_retries", &*retries),
            ("on_conflict", "replace"),
            ("part_bytes", &*parts.0),
            #[cfg(not(target_family = "wasm"))]
            ("proxy", if env { "environment" } else { "none" }),
            ("timeout", TIMEOUT),
        ] {
            config.tell_default(name, value);
        }
        Ok(config)
    }

    /// For people: what is in force where nobody has set it.
    pub(crate) fn tell_default(&mut self, name: &str, value: &str) {
        if !self.settings.iter().any(|known| known.name == name) {
            self.tell(name, Some(value), Origin::Default);
        }
    }

    /// Sets what the URL says, whatever else does.
    #[cfg(feature = "azure")]
    pub(crate) fn set_by_url(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|known| known.name != name);
        self.tell(name, Some(value), Origin::Url);
        self.values.insert(name, value.to_owned());
    }

    /// Sets what a file of the cloud's own program says, where nothing else does. `subject` is that
    /// file, for errors.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the setting cannot have this value.
    #[cfg(any(feature = "azure", not(target_family = "wasm")))]
    pub(crate) fn set_by_file(
        &mut self,
        subject: &str,
        name: &'static str,
        value: &str,
    ) -> Result<()> {
        let key = self.keys.iter().find(|key| key.name == name);
        if let Some(key) = key.filter(|_| !self.has(name)) {
            let value = key.form.check(&format!("`{name}` of {subject}"), value)?;
            self.settings.retain(|known| known.name != name);
            self.tell(name, Some(&*value).filter(|_| !key.is_secret), Origin::File);
            self.values.insert(name, value);
        }
        Ok(())
    }

    fn tell(&mut self, name: &str, value: Option<&str>, origin: Origin) {
        let (name, value) = (name.to_owned(), value.map(redact));
        self.settings.push(Setting { name, value, origin });
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether an option has set it.
    #[cfg(any(feature = "azure", all(feature = "aws", not(target_family = "wasm"))))]
    pub(crate) fn is_option(&self, name: &str) -> bool {
        let mut known = self.settings.iter().filter(|known| known.name == name);
        known.any(|known| known.origin == Origin::Option)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.text(name) == Some("true")
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

    /// Refuses an address where objects cannot be, and one without encryption unless that is allowed.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, with what to set.
    pub(crate) fn need_address(&self, address: &str) -> Result<()> {
        form::address("the address of the objects", address, false)?;
        #[cfg(not(target_family = "wasm"))]
        self.network.proxy.check(address)?;
        // In a page, the browser decides.
        let is_page = cfg!(target_family = "wasm");
        if address.starts_with("http://") && !self.is("allow_http") && !is_page {
            let message = format!("`{}` is not encrypted", redact(address));
            return Err(Error::new(ErrorKind::InvalidInput, message).with_hint(
                "set `allow_http` = `true` if it shall be used all the same, as for a server of \
                 your own, or write `https://`",
            ));
        }
        Ok(())
    }

    /// All that makes one client differ from another.
    fn identity(&self) -> impl std::fmt::Debug {
        let mut hasher = DefaultHasher::new();
        #[cfg(not(target_family = "wasm"))]
        self.network.hash(&mut hasher);
        self.source.hash(&mut hasher);
        (&self.values, self.anonymous, self.env, self.retry.max_retries, hasher.finish())
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
        let is_own = |name: &str| self.keys.iter().any(|it| it.name == name && !it.is_of_client);
        for (name, value) in self.values.iter().filter(|(name, _)| !is_own(name)) {
            builder = builder.set(name_of::<B>(name)?, value);
        }
        Ok(builder)
    }

    /// A client of its own that `builder` makes. What gives it credentials has connections that
    /// check answers, and is checked itself.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it cannot be built.
    pub(crate) fn build<B: ClientBuilder>(&self, builder: B) -> Result<B::Client> {
        let refused = |error: object_store::Error| self.refused(&error);
        let builder = self.apply(builder)?;
        #[cfg(not(target_family = "wasm"))]
        let (first, builder) = {
            let [asking, moving] = self.connectors();
            (builder.clone().connecting(asking), builder.connecting(moving))
        };
        #[cfg(target_family = "wasm")]
        let first = builder.clone();
        let first = first.finish().map_err(refused)?;
        builder.checked(&first).finish().map_err(refused)
    }

    /// What connects for credentials, and what for objects.
    #[cfg(not(target_family = "wasm"))]
    fn connectors(&self) -> [Connector; 2] {
        let client =
            CLIENT.iter().filter_map(|(name, _)| Some((*name, self.text(name)?.to_owned())));
        let asking = Connector::new(self.network.clone(), client.collect());
        [asking.clone().with_purpose(Purpose::Credentials), asking]
    }

    /// Connections of our own.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a value cannot be.
    #[cfg(all(any(feature = "aws", feature = "gcp"), not(target_family = "wasm")))]
    pub(crate) fn connect(&self, purpose: Purpose) -> Result<HttpClient> {
        let [asking, moving] = self.connectors();
        let may_be_plain = self.is("allow_http") || purpose == Purpose::Credentials;
        let mut options = ClientOptions::new().with_allow_http(may_be_plain);
        if let Some(Ok(time)) = self.text("connect_timeout").map(humantime::parse_duration) {
            options = options.with_connect_timeout(time);
        }
        let connector = if purpose == Purpose::Credentials { asking } else { moving };
        connector.connect(&options).map_err(|error| self.refused(&error))
    }

    /// The error of a client that cannot be built.
    fn refused(&self, error: &object_store::Error) -> Error {
        let is_secret = |name: &str| self.keys.iter().any(|it| it.name == name && it.is_secret);
        let secrets = self.values.iter().filter(|(name, _)| is_secret(name));
        let cause = Cause::of(error).without(secrets.map(|(_, value)| value.as_str()));
        Error::new(ErrorKind::InvalidInput, "the settings of the store do not fit together")
            .with_source(cause)
    }
}

/// The builder of a cloud's client. All of them have these methods, and no trait of their own.
pub(crate) trait ClientBuilder: Clone + Sized {
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
    #[cfg(not(target_family = "wasm"))]
    fn connecting(self, connector: Connector) -> Self;
    /// Uses the credentials of `first`, where they can be sent.
    fn checked(self, first: &Self::Client) -> Self;
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

            #[cfg(not(target_family = "wasm"))]
            fn connecting(self, connector: $crate::connect::Connector) -> Self {
                self.with_http_connector(connector)
            }

            fn checked(self, first: &$client) -> Self {
                let credentials = $crate::signing::Checked(first.credentials().clone());
                self.with_credentials(std::sync::Arc::new(credentials))
            }

            fn finish(self) -> object_store::Result<Self::Client> {
                self.build()
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
    use crate::form::Form;
    use io_core::{ErrorKind, HandlerOptions};

    const KEYS: &[Key] = &[
        credential("id", &["X_ID"], Form::Token),
        credential("secret", &["X_SECRET", "X_OLD_SECRET"], Form::Text),
        plain("region", &["X_REGION"], Form::Host),
        secret("customer_key", Form::Header),
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
