//! The profiles of awscli: `~/.aws/config` and `~/.aws/credentials`.
//!
//! A profile gives a region and an endpoint where nothing else does, and one source of credentials.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use io_core::{Error, ErrorKind, Result};

use super::{
    Keys, Source,
    ini::{self, Section},
    sso, sts,
};
use crate::network::read_file;

const MAX_FILE_BYTES: u64 = 1 << 20;
/// Longer chains of roles are a mistake.
const MAX_ROLES: usize = 5;

/// The files with profiles.
pub(crate) struct Files {
    config: BTreeMap<String, Section>,
    credentials: BTreeMap<String, Section>,
    home: Option<PathBuf>,
    /// Those in the environment, which a profile may take its role with.
    environment: Option<Keys>,
}

/// A profile.
#[derive(Clone, Default)]
pub(crate) struct Profile {
    name: String,
    /// Its properties besides credentials, by the names of settings.
    pub(crate) properties: Vec<(&'static str, String)>,
    pub(crate) source: Option<Source>,
}

impl Files {
    /// Reads the files at these paths, or where awscli has them. A file that is not there is empty.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a file that was named cannot be read, or one that is there.
    pub(crate) fn read(
        config: Option<&str>,
        credentials: Option<&str>,
        home: Option<PathBuf>,
        environment: Option<Keys>,
    ) -> Result<Self> {
        let read = |named: Option<&str>, name: &str| {
            let path = match (named, &home) {
                (Some(path), _) => expand(path, home.as_deref()),
                (None, Some(home)) => home.join(".aws").join(name),
                (None, None) => return Ok(BTreeMap::new()),
            };
            match read_file(&path, MAX_FILE_BYTES) {
                Ok(bytes) => Ok(ini::parse(&String::from_utf8_lossy(&bytes))),
                // As awscli has it, also for files that a variable names.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
                Err(error) => {
                    let message = format!("cannot read the AWS file `{}`", path.display());
                    Err(Error::new(ErrorKind::InvalidInput, message).with_source(error))
                }
            }
        };
        let (config, credentials) = (read(config, "config")?, read(credentials, "credentials")?);
        Ok(Self { config, credentials, home, environment })
    }

    /// Returns the profile `name`; `None` when there is none of this name.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it cannot be used.
    pub(crate) fn profile(&self, name: &str) -> Result<Option<Profile>> {
        if self.sections(name).is_none() {
            return Ok(None);
        }
        let source = self.source(name, &mut Vec::new())?;
        Ok(Some(Profile { name: name.to_owned(), properties: self.properties(name), source }))
    }

    fn sections(&self, name: &str) -> Option<[Section; 2]> {
        let named = self.config.get(&format!("profile {name}"));
        let config = named.or_else(|| self.config.get("default").filter(|_| name == "default"));
        let credentials = self.credentials.get(name);
        if config.is_none() && credentials.is_none() {
            return None;
        }
        Some([credentials.cloned().unwrap_or_default(), config.cloned().unwrap_or_default()])
    }

    fn properties(&self, name: &str) -> Vec<(&'static str, String)> {
        let Some([credentials, config]) = self.sections(name) else { return Vec::new() };
        let find = |name: &str| config.get(name).or_else(|| credentials.get(name));
        let services = find("services").and_then(|it| self.config.get(&format!("services {it}")));
        let endpoint = services.and_then(|it| it.get("s3.endpoint_url"));
        let found = [
            ("region", find("region")),
            ("endpoint", endpoint.or_else(|| find("endpoint_url"))),
            ("ca_certificates", find("ca_bundle")),
            ("use_fips_endpoint", find("use_fips_endpoint")),
            ("use_dualstack_endpoint", find("use_dualstack_endpoint")),
        ];
        let found = found.into_iter().filter_map(|(name, value)| Some((name, value?.clone())));
        found.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// In the order in which awscli looks: a role, IAM Identity Center, keys in the credentials
    /// file, a program, keys in the configuration.
    fn source(&self, name: &str, seen: &mut Vec<String>) -> Result<Option<Source>> {
        let Some([credentials, config]) = self.sections(name) else {
            return Err(unknown(name));
        };
        let wrong = |what: &str| {
            let message = format!("the AWS profile `{name}` {what}");
            Error::new(ErrorKind::InvalidInput, message)
        };
        let find = |name: &str| {
            let found = config.get(name).or_else(|| credentials.get(name));
            found.filter(|value| !value.is_empty()).cloned()
        };
        let again = seen.iter().any(|known| known == name);
        if again || seen.len() > MAX_ROLES {
            // A profile may take its role with keys of its own.
            return match keys(&credentials).or_else(|| keys(&config)) {
                Some(keys) if again => Ok(Some(Source::Keys(keys))),
                _ => Err(wrong("takes its role by way of itself")),
            };
        }
        seen.push(name.to_owned());
        if let Some(arn) = find("role_arn") {
            if find("mfa_serial").is_some() {
                return Err(wrong("wants a code of a second factor (`mfa_serial`)")
                    .with_hint("`aws configure export-credentials --format env` asks for it"));
            }
            let role = sts::Role {
                arn,
                session: find("role_session_name").unwrap_or_else(|| "modelport".to_owned()),
                external_id: find("external_id"),
                seconds: find("duration_seconds").and_then(|text| text.parse().ok()),
            };
            if let Some(token_file) = find("web_identity_token_file") {
                return Ok(Some(Source::WebIdentity { token_file, role }));
            }
            let base = match (find("source_profile"), find("credential_source")) {
                (Some(source), _) => self.source(&source, seen)?.ok_or_else(|| {
                    wrong(&format!("takes its role with `{source}`, which has no credentials"))
                })?,
                (None, Some(source)) if source == "Environment" => {
                    let keys = self.environment.clone().map(Source::Keys);
                    keys.ok_or_else(|| wrong("takes its role with keys that are not set"))?
                }
                (None, Some(source)) => {
                    return Err(wrong(&format!("has `credential_source` = `{source}`"))
                        .with_hint("`source_profile` and `Environment` are understood"));
                }
                (None, None) => return Err(wrong("has a role, and no `source_profile` for it")),
            };
            return Ok(Some(Source::Role { role, base: Box::new(base) }));
        }
        if let Some(access) = sso::Access::of(&find, &self.config, self.home.as_deref(), name)
            .map_err(|what| wrong(&what))?
        {
            return Ok(Some(Source::Sso(access)));
        }
        if let Some(keys) = keys(&credentials) {
            return Ok(Some(Source::Keys(keys)));
        }
        if let Some(command) = find("credential_process") {
            return Ok(Some(Source::Process(command)));
        }
        Ok(keys(&config).map(Source::Keys))
    }
}

impl Profile {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether its credentials come from a program.
    pub(crate) fn runs_a_program(&self) -> bool {
        let mut source = self.source.as_ref();
        while let Some(Source::Role { base, .. }) = source {
            source = Some(base);
        }
        matches!(source, Some(Source::Process(_)))
    }
}

/// The error of a profile that is not there.
pub(crate) fn unknown(name: &str) -> Error {
    let message = format!("there is no AWS profile `{name}`");
    Error::new(ErrorKind::InvalidInput, message)
        .with_hint("`aws configure list-profiles` lists them; AWS_PROFILE or `profile` names one")
}

/// The directory in which awscli has its files.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|path| !path.as_os_str().is_empty())
}

fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn keys(section: &Section) -> Option<Keys> {
    let find = |name: &str| section.get(name).filter(|value| !value.is_empty()).cloned();
    let (id, secret) = (find("aws_access_key_id")?, find("aws_secret_access_key")?);
    Some(Keys { id, secret, token: find("aws_session_token") })
}

#[cfg(test)]
mod tests {
    use super::{Files, ini};
    use crate::credentials::{Keys, Source};

    fn files(config: &str, credentials: &str) -> Files {
        let (config, credentials) = (ini::parse(config), ini::parse(credentials));
        Files { config, credentials, home: None, environment: None }
    }

    fn source(files: &Files, name: &str) -> Source {
        files.profile(name).unwrap().unwrap().source.unwrap()
    }

    fn keys(id: &str) -> Source {
        Source::Keys(Keys { id: id.to_owned(), secret: "s".to_owned(), token: None })
    }

    const CONFIG: &str = "
[default]
region = eu-central-1
[profile role]
role_arn = arn:aws:iam::1:role/r
source_profile = default
external_id = e
[profile self]
role_arn = arn:aws:iam::1:role/r
source_profile = self
aws_access_key_id = own
aws_secret_access_key = s
[profile circle]
role_arn = arn:aws:iam::1:role/r
source_profile = circle2
[profile circle2]
role_arn = arn:aws:iam::1:role/r
source_profile = circle
[profile mfa]
role_arn = arn:aws:iam::1:role/r
source_profile = default
mfa_serial = x
[profile program]
credential_process = \"/opt/my program\" --flag
aws_access_key_id = later
aws_secret_access_key = s
[profile sso]
sso_session = corp
sso_account_id = 1
sso_role_name = Reader
services = local
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
[services local]
s3 =
  endpoint_url = http://127.0.0.1:9000
[profile half]
sso_session = nowhere
sso_account_id = 1
sso_role_name = Reader
";

    const CREDENTIALS: &str = "[default]
aws_access_key_id = first
aws_secret_access_key = s
[only]
aws_access_key_id = only
aws_secret_access_key = s
region = eu-west-3
";

    #[test]
    fn credentials_are_found_in_the_order_of_awscli() {
        let files = files(CONFIG, CREDENTIALS);
        assert_eq!(source(&files, "default"), keys("first"));
        assert_eq!(source(&files, "only"), keys("only"));
        let Source::Role { role, base } = source(&files, "role") else { unreachable!() };
        assert_eq!((role.external_id.as_deref(), *base), (Some("e"), keys("first")));
        let Source::Role { base, .. } = source(&files, "self") else { unreachable!() };
        assert_eq!(*base, keys("own"));
        let Source::Process(command) = source(&files, "program") else { unreachable!() };
        assert_eq!(command, "\"/opt/my program\" --flag");
        assert!(matches!(source(&files, "sso"), Source::Sso(_)));
        assert!(files.profile("nobody").unwrap().is_none());
        for name in ["circle", "mfa", "half"] {
            let error = files.profile(name).err().unwrap();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn properties_of_a_profile_are_settings() {
        let files = files(CONFIG, CREDENTIALS);
        let all = |name: &str| files.profile(name).unwrap().unwrap().properties;
        assert_eq!(all("default"), [("region", "eu-central-1".to_owned())]);
        assert_eq!(all("only"), [("region", "eu-west-3".to_owned())]);
        assert_eq!(all("sso"), [("endpoint", "http://127.0.0.1:9000".to_owned())]);
    }

    #[test]
    fn secrets_of_a_profile_are_never_printed() {
        assert!(!format!("{:?}", source(&files(CONFIG, CREDENTIALS), "role")).contains("first"));
    }
}
