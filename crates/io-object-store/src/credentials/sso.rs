//! IAM Identity Center: the token that `aws sso login` keeps, exchanged for credentials of a role.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use object_store::{
    HeaderValue,
    client::{HttpRequest, HttpRequestBody},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    Keys,
    ini::Section,
    process::time,
    provider::{Failed, Fresh, Remote},
};
use crate::{form::Form, network::read_file};

const MAX_TOKEN_BYTES: u64 = 256 << 10;
/// More files than that are not those of awscli.
const MAX_FILES: usize = 1000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Access {
    profile: String,
    account: String,
    role: String,
    region: String,
    start_url: String,
    cache: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    start_url: String,
    access_token: String,
    expires_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    role_credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Milliseconds since 1970.
    expiration: u64,
}

impl Access {
    /// Returns what a profile asks for, if anything.
    ///
    /// # Errors
    ///
    /// What is missing in the profile.
    pub(super) fn of(
        find: &dyn Fn(&str) -> Option<String>,
        config: &BTreeMap<String, Section>,
        home: Option<&Path>,
        profile: &str,
    ) -> Result<Option<Self>, String> {
        let session = find("sso_session");
        if session.is_none() && find("sso_start_url").is_none() {
            return Ok(None);
        }
        let (Some(account), Some(role)) = (find("sso_account_id"), find("sso_role_name")) else {
            // A profile that is only for services of another kind.
            return Ok(None);
        };
        let of_session = match &session {
            Some(name) => Some(
                config
                    .get(&format!("sso-session {name}"))
                    .ok_or_else(|| format!("names the `sso-session` `{name}`, which is missing"))?,
            ),
            None => None,
        };
        let either = |name: &str| {
            let found = of_session.map(|section| section.get(name).cloned());
            found.unwrap_or_else(|| find(name)).filter(|value| !value.is_empty())
        };
        let needed =
            |name: &str| either(name).ok_or_else(|| format!("has no `{name}`, which SSO needs"));
        let region = Form::Host
            .check("`sso_region`", &needed("sso_region")?)
            .map_err(|_| "has an `sso_region` that is none".to_owned())?;
        let start_url = plain(&needed("sso_start_url")?).to_owned();
        let cache = home.map(|home| home.join(".aws").join("sso").join("cache"));
        let profile = profile.to_owned();
        Ok(Some(Self { profile, account, role, region, start_url, cache }))
    }

    /// Exchanges the token that is kept for credentials.
    ///
    /// # Errors
    ///
    /// What went wrong, and how to sign in again.
    pub(super) async fn exchange(&self, remote: &Remote) -> Result<Fresh, Failed> {
        let token = self.token()?;
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let suffix = crate::regions::suffix(&self.region);
        let host = match &remote.sso_endpoint {
            Some(address) => address.clone(),
            None => format!("https://portal.sso.{}.{suffix}", self.region),
        };
        let address = format!(
            "{host}/federation/credentials?role_name={}&account_id={}",
            encoded(&self.role),
            encoded(&self.account)
        );
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = address.parse().map_err(|_| "SSO has no address".to_owned())?;
        let mut value = HeaderValue::from_str(&token).map_err(|_| self.again("is damaged"))?;
        value.set_sensitive(true);
        request.headers_mut().insert("x-amz-sso_bearer_token", value);
        let (status, body) = remote.send(request).await?;
        match status {
            200 => {}
            401 | 403 => return Err(self.again("was refused").into()),
            _ => return Err(format!("SSO answers with status {status}").into()),
        }
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| "the answer of SSO is not understood".to_owned())?;
        let Credentials { access_key_id: id, secret_access_key: secret, session_token, expiration } =
            answer.role_credentials;
        let expires = UNIX_EPOCH.checked_add(Duration::from_millis(expiration));
        Ok(Fresh { keys: Keys { id, secret, token: Some(session_token) }, expires })
    }

    fn again(&self, what: &str) -> String {
        format!(
            "the SSO session {what}; `aws sso login --profile {}` begins another one",
            self.profile
        )
    }

    /// The token of this start URL that is good for longest. Its file has a name by a digest of the
    /// session, but says itself what it is for.
    fn token(&self) -> Result<String, String> {
        let folder = self.cache.as_deref().and_then(|path| std::fs::read_dir(path).ok());
        let files = folder.into_iter().flatten().flatten().take(MAX_FILES);
        let tokens = files.filter_map(|file| {
            let path = file.path();
            let is_json = path.extension().is_some_and(|extension| extension == "json");
            let bytes = read_file(&path, MAX_TOKEN_BYTES).ok().filter(|_| is_json)?;
            let token: Token = serde_json::from_slice(&bytes).ok()?;
            let expires = time(&token.expires_at)?;
            (plain(&token.start_url) == self.start_url).then_some((expires, token.access_token))
        });
        match tokens.max_by_key(|(expires, _)| *expires) {
            Some((expires, token)) if expires > SystemTime::now() => Ok(token.trim().to_owned()),
            Some(_) => Err(self.again("has expired")),
            None => Err(self.again("has not begun")),
        }
    }
}

/// A start URL without what browsers add to it.
fn plain(url: &str) -> &str {
    url.trim().trim_end_matches(['#', '/'])
}

#[cfg(test)]
mod tests {
    use super::Access;

    fn access(folder: &std::path::Path) -> Access {
        let [profile, account, role, region] = ["p", "1", "r", "us-east-1"].map(str::to_owned);
        let start_url = "https://corp/start".to_owned();
        Access { profile, account, role, region, start_url, cache: Some(folder.to_owned()) }
    }

    fn write(folder: &std::path::Path, name: &str, start_url: &str, expires: &str) {
        let text = format!(
            r#"{{"startUrl":"{start_url}","region":"us-east-1","accessToken":"{name}-token","expiresAt":"{expires}"}}"#
        );
        std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
    }

    #[test]
    fn the_token_of_the_start_url_is_found_whatever_its_file_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let access = access(folder.path());
        assert!(access.token().unwrap_err().contains("`aws sso login --profile p`"));
        write(folder.path(), "old", "https://corp/start", "2001-01-01T00:00:00Z");
        assert!(access.token().unwrap_err().contains("has expired"));
        write(folder.path(), "other", "https://else/start", "2999-01-01T00:00:00Z");
        write(folder.path(), "good", "https://corp/start/#", "2997-01-01T00:00:00UTC");
        write(folder.path(), "best", "https://corp/start/#/", "2998-01-01T00:00:00Z");
        std::fs::write(folder.path().join("botocore-client-id.json"), "{}").unwrap();
        std::fs::write(folder.path().join("damaged.json"), "{").unwrap();
        assert_eq!(access.token().unwrap(), "best-token");
    }
}
