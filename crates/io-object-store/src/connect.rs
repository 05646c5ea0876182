//! What the clients of a program send requests with: connections by the settings `proxy` and
//! `ca_certificates`, and a check of the answers that a client would panic on.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt;
use object_store::{
    ClientConfigKey, ClientOptions, Result,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use reqwest::{
    Certificate, NoProxy,
    dns::{Addrs, Name, Resolve, Resolving},
};
use url::Url;

use crate::{
    form::is_header,
    http::guarded,
    names,
    network::{Network, Proxy},
};

/// The longest answer of a service that gives credentials.
const MAX_CREDENTIALS_BYTES: usize = 1 << 20;
/// The longest line of an answer to many removals at once.
const MAX_LINE_BYTES: usize = 8 << 10;
/// What an answer to many removals at once is read up to.
const MAX_REMOVALS_BYTES: usize = 16 << 20;
/// How long a token may be good for. More is a mistake, and could be more than a clock can have.
const MAX_TTL_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Requests to the store.
    Objects,
    /// Requests to a service that gives credentials.
    Credentials,
}

/// Makes the connections of a client.
#[derive(Clone)]
pub(crate) struct Connector {
    purpose: Purpose,
    network: Network,
    /// The settings of the HTTP client, which have been checked.
    values: BTreeMap<&'static str, String>,
    /// The connections that were made, by what the client sets apart for services that give
    /// credentials. Each has read all certificates of the system.
    made: Arc<Mutex<BTreeMap<[String; 2], reqwest::Client>>>,
}

impl Connector {
    pub(crate) fn new(network: Network, values: BTreeMap<&'static str, String>) -> Self {
        Self { purpose: Purpose::Objects, network, values, made: Arc::default() }
    }

    /// The same connections for another purpose.
    pub(crate) fn with_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    fn flag(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| value == "true")
    }

    fn duration(&self, name: &str) -> Option<Duration> {
        humantime::parse_duration(self.values.get(name)?).ok()
    }

    fn client(&self, options: &ClientOptions) -> Result<reqwest::Client> {
        let option = |key| options.get_config_value(&key).unwrap_or_default();
        let key = [option(ClientConfigKey::AllowHttp), option(ClientConfigKey::ConnectTimeout)];
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(&key)?;
        made.insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, [allow_http, connect_timeout]: &[String; 2]) -> Result<reqwest::Client> {
        let connect_timeout = humantime::parse_duration(connect_timeout);
        let mut builder = reqwest::Client::builder()
            .user_agent(option_or(&self.values, "user_agent", USER_AGENT))
            .https_only(allow_http != "true")
            .connect_timeout(connect_timeout.unwrap_or(CONNECT_TIMEOUT))
            .danger_accept_invalid_certs(self.flag("allow_invalid_certificates"))
            .dns_resolver(Arc::new(Spread));
        if let Some(timeout) = self.duration("timeout") {
            builder = builder.timeout(timeout);
        }
        if let Some(timeout) = self.duration("pool_idle_timeout") {
            builder = builder.pool_idle_timeout(timeout);
        }
        if let Some(most) = self.values.get("pool_max_idle_per_host") {
            builder = builder.pool_max_idle_per_host(most.parse().unwrap_or(usize::MAX));
        }
        let either = self.values.get("http1_only").is_some_and(|value| value == "false");
        builder = match (self.flag("http2_only"), either) {
            (true, _) => builder.http2_prior_knowledge(),
            (false, true) => builder,
            // HTTP/2 puts all requests on one connection, which is slower.
            (false, false) => builder.http1_only(),
        };
        builder = self.proxies(builder.no_proxy())?;
        let certificates =
            Certificate::from_pem_bundle(&self.network.certificates).map_err(unusable)?;
        builder.tls_certs_merge(certificates).build().map_err(unusable)
    }

    fn proxies(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        let proxy = |made: reqwest::Result<reqwest::Proxy>| made.map_err(unusable);
        Ok(match &self.network.proxy {
            Proxy::None => builder,
            Proxy::Url(url) => builder.proxy(proxy(reqwest::Proxy::all(url))?),
            Proxy::Environment { http, https, direct } => {
                let mut builder = builder;
                let pairs =
                    [http.url().map(reqwest::Proxy::http), https.url().map(reqwest::Proxy::https)];
                for made in pairs.into_iter().flatten() {
                    builder = builder.proxy(proxy(made)?.no_proxy(NoProxy::from_string(direct)));
                }
                builder
            }
        })
    }
}

const USER_AGENT: &str = concat!("modelport/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

fn option_or<'a>(
    values: &'a BTreeMap<&'static str, String>,
    name: &str,
    default: &'a str,
) -> &'a str {
    values.get(name).map_or(default, String::as_str)
}

/// The error of a client that cannot be made. It has no address, which may have a password.
fn unusable(error: reqwest::Error) -> object_store::Error {
    object_store::Error::Generic { store: "HTTP client", source: error.without_url().into() }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy may have a password.
        f.debug_struct("Connector").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Begins with another address of a host each time, so that connections are spread over its servers.
#[derive(Debug)]
struct Spread;

impl Resolve for Spread {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut found: Vec<_> = found.collect();
            let random = usize::try_from(names::random()? & 0xffff).unwrap_or_default();
            if let Some(first) = random.checked_rem(found.len()) {
                found.rotate_left(first);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let client = HttpClient::new(self.client(options)?);
        let client = HttpClient::new(Guard { client, purpose: self.purpose });
        Ok(match self.purpose {
            Purpose::Objects => guarded(client),
            Purpose::Credentials => client,
        })
    }
}

/// Sends requests, and refuses answers that the client would panic on.
#[derive(Debug)]
struct Guard {
    client: HttpClient,
    purpose: Purpose,
}

#[async_trait]
impl HttpService for Guard {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if Url::parse(&request.uri().to_string()).is_err() {
            return Err(refused("the request has no address"));
        }
        let request = match self.purpose {
            Purpose::Credentials => without_line_breaks(request),
            Purpose::Objects => request,
        };
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let answer = self.client.execute(request).await?;
        if self.purpose == Purpose::Credentials {
            return checked(answer, MAX_CREDENTIALS_BYTES, |text| credentials(&path, text)).await;
        }
        if query == "session" {
            return checked(answer, MAX_CREDENTIALS_BYTES, session).await;
        }
        if query.split('&').any(|pair| pair == "comp=batch") {
            return checked(answer, MAX_REMOVALS_BYTES, batch).await;
        }
        Ok(answer)
    }
}

/// Reads an answer as a whole and changes or refuses it.
async fn checked(
    answer: HttpResponse,
    most: usize,
    check: impl FnOnce(String) -> Result<String, &'static str>,
) -> Result<HttpResponse, HttpError> {
    let (parts, body) = answer.into_parts();
    let mut pieces = body.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if piece.len() > most.saturating_sub(bytes.len()) {
            return Err(refused("the answer is too long"));
        }
        bytes.extend_from_slice(&piece);
    }
    if parts.status.is_success() {
        let text = String::from_utf8(bytes).map_err(|_| refused("the answer is not text"))?;
        bytes = check(text).map_err(refused)?.into();
    }
    Ok(HttpResponse::from_parts(parts, HttpResponseBody::from(bytes)))
}

/// A form that is posted, without line breaks at the ends of its values: files with tokens end in one,
/// and the client sends them as they are.
fn without_line_breaks(request: HttpRequest) -> HttpRequest {
    let form = request.body().as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let Some(form) = form.filter(|_| has_form(&request)).map(trimmed_form) else { return request };
    request.map(|_| form.into())
}

fn has_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn trimmed_form(form: &str) -> String {
    let trim = |pair: &str| {
        let mut pair = pair;
        while let Some(shorter) = pair.strip_suffix("%0A").or_else(|| pair.strip_suffix("%0D")) {
            pair = shorter;
        }
        pair.to_owned()
    };
    form.split('&').map(trim).collect::<Vec<_>>().join("&")
}

fn refused(what: &'static str) -> HttpError {
    HttpError::new(HttpErrorKind::Decode, std::io::Error::other(what))
}

/// What a service that gives credentials has answered.
fn credentials(path: &str, text: String) -> Result<String, &'static str> {
    let is_token = path.ends_with("/latest/api/token");
    if is_token || path.ends_with("/latest/meta-data/iam/security-credentials/") {
        // They become a header and a part of an address.
        let text = text.trim();
        let is_name = is_token || !text.contains(['/', '?', '#', '%']);
        return match !text.is_empty() && is_header(text) && !text.contains(' ') && is_name {
            true => Ok(text.to_owned()),
            false => Err("the metadata service sent no token"),
        };
    }
    if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&text) {
        let seconds = |value: &serde_json::Value| {
            value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        };
        let soon = members.get("expires_in").and_then(seconds);
        // The other is counted from 1970.
        let late = members.get("expires_on").and_then(seconds);
        if soon.is_some_and(|time| time > MAX_TTL_SECONDS)
            || late.is_some_and(|time| time > MAX_TTL_SECONDS.saturating_mul(100))
        {
            return Err("the token expires too late");
        }
    }
    Ok(text)
}

/// The credentials of a session of S3 Express.
fn session(text: String) -> Result<String, &'static str> {
    if text.contains("&#") || !text.is_ascii() {
        return Err("the credentials of the session cannot be sent");
    }
    Ok(text.replace(|c: char| c.is_control(), " "))
}

/// The answer to many removals at once.
fn batch(text: String) -> Result<String, &'static str> {
    match text.lines().any(|line| line.len() > MAX_LINE_BYTES) {
        true => Err("the answer has a line that is too long"),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{batch, credentials, session, trimmed_form};

    #[test]
    fn answers_that_a_client_would_panic_on_are_refused() {
        let token = "/latest/api/token";
        let role = "/latest/meta-data/iam/security-credentials/";
        assert_eq!(credentials(token, "a/b==\n".to_owned()).unwrap(), "a/b==");
        assert_eq!(credentials(role, "my-role\n".to_owned()).unwrap(), "my-role");
        for (path, text) in [
            (token, "a\nb"),
            (token, ""),
            (role, "a b"),
            (role, "one\ntwo"),
            (role, "ü"),
            ("/t", r#"{"access_token":"x","expires_in":18446744073709551615}"#),
            ("/t", r#"{"access_token":"x","expires_on":"18446744073709551615"}"#),
        ] {
            assert!(credentials(path, text.to_owned()).is_err(), "{path} {text}");
        }
        let usual = r#"{"access_token":"x","expires_in":3600,"expires_on":"1800000000"}"#;
        assert!(credentials("/t", usual.to_owned()).is_ok());
        assert!(session("<SessionToken>a&#10;b</SessionToken>".to_owned()).is_err());
        assert_eq!(session("<T>a\nb</T>".to_owned()).unwrap(), "<T>a b</T>");
        assert!(batch(format!("{}: x", "n".repeat(70_000))).is_err());
        assert!(batch("HTTP/1.1 202 Accepted\r\n".to_owned()).is_ok());
    }

    #[test]
    fn tokens_in_forms_end_where_they_do() {
        assert_eq!(trimmed_form("a=b%0A&c=d%0D%0A&e=%0Af"), "a=b&c=d&e=%0Af");
    }
}
