//! `s3://` and `s3a://`: Amazon S3, and whatever speaks its protocol.
//!
//! Settings, besides those of [`ObjectStoreOptions`](crate::ObjectStoreOptions): `access_key_id`,
//! `secret_access_key`, `session_token`, `profile`, `region`, `endpoint`,
//! `virtual_hosted_style_request`, `conditional_put`, the others in `KEYS`, and those of every cloud:
//! `anonymous`, `env`, `instance_metadata`, `max_retries`, `allow_http`, `timeout`,
//! `ca_certificates`, `proxy` and the like.

use io_core::{Error, ErrorKind, HandlerOptions, ModelUrl, Result};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};

use crate::{
    CAPABILITIES,
    cloud::{Config, Key, Opened, client_builder, credential, plain, secret},
    environment::Variables,
    form::Form,
    location::split,
    regions::{self, Variant},
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

pub(crate) const KEYS: &[Key] = &[
    credential("access_key_id", &["AWS_ACCESS_KEY_ID"], Form::Token),
    credential("secret_access_key", &["AWS_SECRET_ACCESS_KEY"], Form::Text),
    credential("session_token", &["AWS_SESSION_TOKEN"], Form::Token),
    credential("web_identity_token_file", &["AWS_WEB_IDENTITY_TOKEN_FILE"], Form::File),
    credential("role_arn", &["AWS_ROLE_ARN"], Form::Text),
    credential("role_session_name", &["AWS_ROLE_SESSION_NAME"], Form::Text),
    credential(
        "container_credentials_relative_uri",
        &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
        Form::UrlPath,
    ),
    credential(
        "container_credentials_full_uri",
        &["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        Form::Address,
    ),
    credential(
        "container_authorization_token_file",
        &["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
        Form::File,
    ),
    #[cfg(not(target_family = "wasm"))]
    credential(
        "container_authorization_token",
        &["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
        Form::Header,
    )
    .own(),
    // An option names who asks, as `--profile` of awscli; a variable says where to look last.
    #[cfg(not(target_family = "wasm"))]
    plain(PROFILE, &["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], Form::Text).own(),
    #[cfg(not(target_family = "wasm"))]
    plain("config_file", &["AWS_CONFIG_FILE"], Form::File).own(),
    #[cfg(not(target_family = "wasm"))]
    plain("shared_credentials_file", &["AWS_SHARED_CREDENTIALS_FILE"], Form::File).own(),
    #[cfg(not(target_family = "wasm"))]
    plain("ca_certificates", &["AWS_CA_BUNDLE"], Form::File).own(),
    plain("use_fips_endpoint", &["AWS_USE_FIPS_ENDPOINT"], Form::Flag).own(),
    plain("use_dualstack_endpoint", &["AWS_USE_DUALSTACK_ENDPOINT"], Form::Flag).own(),
    secret("sse_customer_key_base64", Form::Header),
    plain("region", &["AWS_REGION", "AWS_DEFAULT_REGION"], Form::Host),
    plain("endpoint", &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"], Form::Base),
    plain("endpoint_url_sts", &["AWS_ENDPOINT_URL_STS"], Form::Base),
    #[cfg(not(target_family = "wasm"))]
    plain("endpoint_url_sso", &["AWS_ENDPOINT_URL_SSO"], Form::Base).own(),
    plain("virtual_hosted_style_request", &[], Form::Flag),
    plain("conditional_put", &[], Form::Text),
    plain("copy_if_not_exists", &[], Form::CopyRule),
    plain("checksum_algorithm", &[], Form::Text),
    plain("unsigned_payload", &[], Form::Flag),
    plain("s3_express", &[], Form::Flag),
    plain("disable_tagging", &[], Form::Flag),
    plain("disable_bulk_delete", &[], Form::Flag),
    plain("request_payer", &[], Form::Payer),
    plain("metadata_endpoint", &[], Form::Base),
    plain("imdsv1_fallback", &[], Form::Flag),
    plain("server_side_encryption", &[], Form::Header),
    plain("sse_kms_key_id", &[], Form::Header),
    plain("sse_bucket_key_enabled", &[], Form::Flag),
];

/// The setting that names a profile of awscli.
#[cfg(not(target_family = "wasm"))]
pub(crate) const PROFILE: &str = "profile";

pub(crate) fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Opened> {
    let mut config = Config::read(options, KEYS)?;
    let (bucket, key) = split(url)?;
    #[cfg(not(target_family = "wasm"))]
    let source = sources::find(&mut config)?;
    #[cfg(target_family = "wasm")]
    let source: Option<()> = None;
    config.tell_default("region", REGION);
    let found = source.is_some() || config.has("access_key_id") || config.has("secret_access_key");
    config.need_credentials(found, HINT)?;
    let region = config.text("region").unwrap_or(REGION).to_owned();
    set_endpoint(&mut config, bucket, &region)?;
    // Many removals in one request are not in every server, and the client trusts their answer too
    // far.
    config.values.entry("disable_bulk_delete").or_insert_with(|| "true".to_owned());
    let address = address(&config, bucket, &region);
    config.need_address(&address)?;
    let builder = AmazonS3Builder::new().with_bucket_name(bucket);
    #[cfg(not(target_family = "wasm"))]
    let builder = match source {
        Some(source) => builder.with_credentials(sources::provider(source, &config, &region)?),
        None => builder,
    };
    let opened = Opened::new(url, &config, (bucket, key), address.clone(), builder.clone())?;
    #[cfg(not(target_family = "wasm"))]
    let opened = {
        // Where signatures are those of a session, which is the client's own.
        let has_sessions = config.is("s3_express");
        let unfinished = crate::uploads::s3::unfinished(config, address, region, builder);
        Opened { unfinished: (!has_sessions).then_some(unfinished), ..opened }
    };
    Ok(opened)
}

const HINT: &str = "set `access_key_id` and `secret_access_key`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in \
     the environment, or name a profile of awscli by `profile` or AWS_PROFILE; `aws configure \
     export-credentials --format env` prints those of awscli";

/// What the client takes where nobody says one.
const REGION: &str = "us-east-1";

/// Sets the endpoint of the region, where there is no other. The client knows those of the public
/// regions alone.
fn set_endpoint(config: &mut Config, bucket: &str, region: &str) -> Result<()> {
    let variant = Variant {
        fips: config.is("use_fips_endpoint"),
        dualstack: config.is("use_dualstack_endpoint"),
    };
    let is_fixed = config.has("endpoint") || config.is("s3_express");
    if is_fixed && (variant.fips || variant.dualstack) {
        let message = "an address of its own has no FIPS or dual-stack variant";
        return Err(Error::new(ErrorKind::InvalidInput, message).with_hint(
            "leave out `endpoint` and `s3_express`, or `use_fips_endpoint` and \
             `use_dualstack_endpoint`, and the variables for them",
        ));
    }
    if !is_fixed {
        let host = regions::host("s3", region, variant)?;
        let endpoint = match config.is("virtual_hosted_style_request") {
            true => format!("https://{bucket}.{host}"),
            false => format!("https://{host}"),
        };
        config.values.insert("endpoint", endpoint);
    }
    Ok(())
}

/// Where the keys of a bucket begin.
fn address(config: &Config, bucket: &str, region: &str) -> String {
    let in_host = config.is("virtual_hosted_style_request");
    match config.text("endpoint") {
        // An endpoint of that style has the bucket in it.
        Some(endpoint) if in_host => endpoint.to_owned(),
        Some(endpoint) => format!("{endpoint}/{bucket}"),
        // That of S3 Express, which has a zone too.
        None => format!("https://{bucket}.{region}.amazonaws.com"),
    }
}

client_builder!(AmazonS3Builder, AmazonS3ConfigKey, AmazonS3, ["", "aws_"], |builder| {
    builder.with_skip_signature(true)
});

/// Where credentials come from that the client cannot find or would panic on.
#[cfg(not(target_family = "wasm"))]
mod sources {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use io_core::{Error, ErrorKind, Result};
    use object_store::aws::AwsCredentialProvider;

    use super::PROFILE;
    use crate::{
        cloud::Config,
        connect::Purpose,
        credentials::{self, Authorization, Container, Files, Keys, Profile, Remote, Role, Source},
        network::read_certificates,
        regions::{self, Variant},
    };

    /// Finds credentials in the order of awscli: keys, a role of the profile, a web identity, the
    /// rest of the profile, a container. Sets what else the profile says.
    pub(super) fn find(config: &mut Config) -> Result<Option<Source>> {
        let has_keys = config.has("access_key_id") || config.has("secret_access_key");
        // An option names the profile whose credentials are meant.
        let is_named = config.is_option(PROFILE);
        let is_settled = has_keys || config.anonymous || (config.own_credentials && !is_named);
        let profile = match profile(config) {
            // Whose credentials are not needed.
            Err(_) if is_settled && !is_named => None,
            found => found?,
        };
        let mut of_profile = None;
        if let Some(profile) = profile {
            let subject = format!("the AWS profile `{}`", profile.name());
            for (name, value) in &profile.properties {
                config.set_by_file(&subject, name, value)?;
            }
            if let (Some(path), true) =
                (config.text("ca_certificates"), config.network.certificates.is_empty())
            {
                config.network.certificates =
                    read_certificates(&format!("`ca_bundle` of {subject}"), path)?;
            }
            of_profile = profile.source.filter(|_| !is_settled);
            if let Some(Source::Keys(keys)) = &of_profile {
                config.values.remove("session_token");
                config.set_by_file(&subject, "access_key_id", &keys.id)?;
                config.set_by_file(&subject, "secret_access_key", &keys.secret)?;
                if let Some(token) = &keys.token {
                    config.set_by_file(&subject, "session_token", token)?;
                }
                return Ok(None);
            }
        }
        if has_keys || config.anonymous {
            return Ok(None);
        }
        let has_role =
            matches!(&of_profile, Some(Source::Role { .. } | Source::WebIdentity { .. }));
        let of_profile_first = of_profile.clone().filter(|_| has_role || is_named);
        let source = of_profile_first
            .or_else(|| web_identity(config))
            .or(of_profile)
            .or_else(|| container(config));
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        config.source = format!("{:x}", hasher.finish());
        Ok(source)
    }

    fn profile(config: &Config) -> Result<Option<Profile>> {
        let named = config.text(PROFILE);
        let (file, keys) = (config.text("config_file"), config.text("shared_credentials_file"));
        if !config.env && file.is_none() && keys.is_none() {
            return match named {
                None => Ok(None),
                Some(_) => {
                    let message = "option `profile` is of no use with `env` = `false`, which leaves \
                                   the files of awscli out";
                    Err(Error::new(ErrorKind::InvalidInput, message)
                        .with_hint("name the file too: `config_file`, `shared_credentials_file`"))
                }
            };
        }
        let home = if config.env { credentials::home() } else { None };
        let environment = || {
            let (id, secret) = (config.text("access_key_id")?, config.text("secret_access_key")?);
            let (id, secret) = (id.to_owned(), secret.to_owned());
            Some(Keys { id, secret, token: config.text("session_token").map(str::to_owned) })
        };
        let files = Files::read(file, keys, home, environment())?;
        let found = files.profile(named.unwrap_or("default"))?;
        match (found, named) {
            (None, Some(name)) => Err(credentials::unknown(name)),
            // Programs are the environment's.
            (Some(found), _) if !config.env && found.runs_a_program() => {
                let message = format!(
                    "the AWS profile `{}` runs a program, which `env` = `false` does not allow",
                    found.name()
                );
                Err(Error::new(ErrorKind::InvalidInput, message))
            }
            (found, _) => Ok(found),
        }
    }

    fn web_identity(config: &Config) -> Option<Source> {
        let token_file = config.text("web_identity_token_file")?.to_owned();
        let role = Role {
            arn: config.text("role_arn")?.to_owned(),
            session: config.text("role_session_name").unwrap_or("WebIdentitySession").to_owned(),
            external_id: None,
            seconds: None,
        };
        Some(Source::WebIdentity { token_file, role })
    }

    fn container(config: &Config) -> Option<Source> {
        let relative = config.text("container_credentials_relative_uri");
        let address = match relative {
            Some(path) => format!("http://169.254.170.2{path}"),
            None => config.text("container_credentials_full_uri")?.to_owned(),
        };
        let file = config.text("container_authorization_token_file");
        let authorization = match (file, config.text("container_authorization_token")) {
            (Some(file), _) => Authorization::File(file.to_owned()),
            (None, Some(token)) => Authorization::Token(token.to_owned()),
            (None, None) => Authorization::None,
        };
        Some(Source::Container(Container { address, authorization }))
    }

    /// What gives the client the credentials of `source`.
    pub(super) fn provider(
        source: Source,
        config: &Config,
        region: &str,
    ) -> Result<AwsCredentialProvider> {
        let fips = config.is("use_fips_endpoint");
        let sts_endpoint = match config.text("endpoint_url_sts") {
            Some(endpoint) => endpoint.to_owned(),
            None => {
                let variant = Variant { fips, dualstack: false };
                format!("https://{}", regions::host("sts", region, variant)?)
            }
        };
        if matches!(source, Source::Role { .. } | Source::WebIdentity { .. }) {
            config.need_address(&sts_endpoint)?;
        }
        if let (Source::Sso(_), Some(endpoint)) = (&source, config.text("endpoint_url_sso")) {
            config.need_address(endpoint)?;
        }
        let remote = Remote {
            http: config.connect(Purpose::Credentials)?,
            region: region.to_owned(),
            sts_endpoint,
            sso_endpoint: config.text("endpoint_url_sso").map(str::to_owned),
            max_retries: config.retry.max_retries,
        };
        Ok(credentials::provider(source, remote))
    }
}

#[cfg(test)]
mod tests {
    use super::{AmazonS3Builder, KEYS, REGISTRATION};
    use crate::cloud::name_of;
    use io_core::{ErrorKind, HandlerOptions, ModelUrl};

    #[test]
    fn the_client_knows_every_setting() {
        for key in KEYS.iter().filter(|key| key.is_of_client) {
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

    #[test]
    fn addresses_are_those_of_the_region() {
        let address = |settings: &[(&str, &str)]| {
            let options = HandlerOptions::new().with_setting("env", "false");
            let options = options.with_setting("anonymous", "true");
            let options =
                settings.iter().fold(options, |it, (name, value)| it.with_setting(*name, *value));
            super::open(&ModelUrl::parse("s3://b/m").unwrap(), &options)
                .map(|opened| opened.address)
        };
        for (settings, expected) in [
            (&[][..], "https://s3.us-east-1.amazonaws.com/b"),
            (&[("region", "cn-north-1\n")], "https://s3.cn-north-1.amazonaws.com.cn/b"),
            (
                &[("use-fips-endpoint", "true"), ("use_dualstack_endpoint", "true")],
                "https://s3-fips.dualstack.us-east-1.amazonaws.com/b",
            ),
            (&[("virtual_hosted_style_request", "1")], "https://b.s3.us-east-1.amazonaws.com"),
            (&[("endpoint", "https://h/x/")], "https://h/x/b"),
        ] {
            assert_eq!(address(settings).unwrap(), expected);
        }
        for settings in [
            &[("region", "cn-north-1"), ("use_fips_endpoint", "true")][..],
            &[("endpoint", "https://h"), ("use_fips_endpoint", "true")],
            &[("region", "a b")],
        ] {
            address(settings).unwrap_err();
        }
    }

    #[test]
    fn an_endpoint_without_encryption_names_the_setting_that_allows_it() {
        let options = HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("anonymous", "true")
            .with_setting("endpoint", "http://127.0.0.1:9000");
        let url = ModelUrl::parse("s3://b/m").unwrap();
        let error = (REGISTRATION.open)(&url, &options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.hint().unwrap().contains("`allow_http`"), "{error:?}");
        assert!((REGISTRATION.open)(&url, &options.with_setting("allow-http", "true")).is_ok());
    }
}
