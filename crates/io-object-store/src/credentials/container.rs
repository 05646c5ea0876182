//! The credentials that a container of ECS or EKS gets from a service beside it.

use std::net::IpAddr;

use object_store::{HeaderValue, client::HttpRequest, client::HttpRequestBody};
use serde::Deserialize;
use url::Url;

use super::{
    Keys,
    process::time,
    provider::{Failed, Fresh, Remote},
};
use crate::network::read_file;

const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// The service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Container {
    pub(crate) address: String,
    pub(crate) authorization: Authorization,
}

/// What the service wants to be shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Authorization {
    None,
    Token(String),
    File(String),
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorization")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

impl Container {
    /// Asks for credentials.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(super) async fn ask(&self, remote: &Remote) -> Result<Fresh, Failed> {
        if !is_trusted(&self.address) {
            return Err(
                "a container's credentials come from `https://` or from this machine only".into()
            );
        }
        let token = match &self.authorization {
            Authorization::None => None,
            Authorization::Token(token) => Some(token.clone()),
            Authorization::File(path) => {
                let bytes = read_file(path.as_ref(), MAX_TOKEN_BYTES).map_err(|error| {
                    format!("the file `{path}` with the container's token cannot be read: {error}")
                })?;
                Some(String::from_utf8_lossy(&bytes).trim().to_owned())
            }
        };
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = self
            .address
            .parse()
            .map_err(|_| "the service of the container has no address".to_owned())?;
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&token)
                .map_err(|_| "the container's token cannot be sent".to_owned())?;
            value.set_sensitive(true);
            request.headers_mut().insert("authorization", value);
        }
        let (status, body) = remote.send(request).await?;
        if status != 200 {
            return Err(format!("the service of the container answers with status {status}").into());
        }
        let unusable = || "the answer of the container's service is not understood".to_owned();
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| unusable())?;
        let expires = Some(time(&answer.expiration).ok_or_else(unusable)?);
        let (id, secret) = (answer.access_key_id, answer.secret_access_key);
        Ok(Fresh { keys: Keys { id, secret, token: Some(answer.token) }, expires })
    }
}

/// Whether a token may be sent there, as AWS has it: over TLS, to this machine, or to the addresses of
/// the services of ECS and EKS.
fn is_trusted(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let host = url.host_str().unwrap_or_default();
    let services = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost"];
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    url.scheme() == "https"
        || services.contains(&host)
        || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_trusted;

    #[test]
    fn tokens_of_containers_stay_on_the_machine() {
        for address in [
            "http://127.0.0.1:9/c",
            "http://[::1]/c",
            "http://localhost/c",
            "http://169.254.170.23/v1/credentials",
            "https://h/c",
        ] {
            assert!(is_trusted(address), "{address}");
        }
        for address in ["http://h/c", "http://169.254.170.2.evil/c", "x", "http://10.0.0.1/"] {
            assert!(!is_trusted(address), "{address}");
        }
    }
}
