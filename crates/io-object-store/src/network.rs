//! The settings `ca_certificates` and `proxy`: what a program's connections to a cloud go through.

use std::{fs::File, io::Read, path::Path};

use io_core::{Error, ErrorKind, Result};
use url::Url;

/// Far more than all certificates of a system.
const MAX_BYTES: u64 = 16 << 20;

/// What never goes through a proxy that nobody has named: this machine, and the metadata services of
/// the clouds, which answer with credentials over plain HTTP.
const DIRECT: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fd00:ec2::/32,\
                      metadata.google.internal";

/// What connections go through.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    /// Certificates of authorities that are trusted besides those of the system, as PEM.
    pub(crate) certificates: Vec<u8>,
    pub(crate) proxy: Proxy,
}

/// The environment.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The proxies of requests.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) enum Proxy {
    /// None.
    #[default]
    None,
    /// One for all requests.
    Url(String),
    /// Those of the environment.
    Environment {
        /// For `http://`.
        http: Route,
        /// For `https://`.
        https: Route,
        /// The hosts that are asked without a proxy, separated by commas.
        direct: String,
    },
}

/// The way of a request by the environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    Direct,
    Through(String),
    /// The variable has no address of a proxy.
    Wrong(&'static str),
}

impl Route {
    /// The proxy, if there is one that can be used.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Through(url) => Some(url),
            Self::Direct | Self::Wrong(_) => None,
        }
    }
}

impl Proxy {
    /// Refuses to pass over a variable that cannot be used, where a request to `address` would need
    /// it.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, with the name of the variable.
    pub(crate) fn check(&self, address: &str) -> Result<()> {
        let Self::Environment { http, https, .. } = self else { return Ok(()) };
        let Ok(url) = Url::parse(address) else { return Ok(()) };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = host.parse().is_ok_and(|host: std::net::IpAddr| host.is_loopback());
        match if url.scheme() == "https" { https } else { http } {
            Route::Wrong(variable) if !is_loopback && host != "localhost" => {
                Err(not_a_proxy(&format!("the variable {variable}")))
            }
            _ => Ok(()),
        }
    }

    /// Reads the setting `proxy`. `lookup` has the environment, if that may be used.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a proxy has no address that can be used.
    pub(crate) fn read(setting: Option<&str>, lookup: Option<Lookup<'_>>) -> Result<Self> {
        match (setting.map(str::trim), lookup) {
            (Some("none"), _) => Ok(Self::None),
            (None | Some("environment"), Some(lookup)) => Ok(Self::of_environment(lookup)),
            (None, None) => Ok(Self::None),
            (Some("environment"), None) => {
                let message = "option `proxy` is `environment`, which `env` = `false` leaves out";
                Err(Error::new(ErrorKind::InvalidInput, message))
            }
            (Some(url), _) => match proxy_url(url) {
                Some(url) => Ok(Self::Url(url)),
                None => Err(not_a_proxy("option `proxy`")),
            },
        }
    }

    fn of_environment(lookup: Lookup<'_>) -> Self {
        // In a CGI program HTTP_PROXY is the `Proxy` header of whoever sends the request.
        if lookup("REQUEST_METHOD").is_some() {
            return Self::None;
        }
        let find = |names: &[&'static str]| {
            let mut found = names.iter().filter_map(|name| Some((*name, lookup(name)?)));
            found.find(|(_, value)| !value.trim().is_empty())
        };
        let route = |names: &[&'static str]| match find(names) {
            None => Route::Direct,
            Some((name, url)) => proxy_url(&url).map_or(Route::Wrong(name), Route::Through),
        };
        let http = route(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]);
        let https = route(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);
        if (&http, &https) == (&Route::Direct, &Route::Direct) {
            return Self::None;
        }
        let excluded = find(&["NO_PROXY", "no_proxy"]).map(|(_, hosts)| hosts).unwrap_or_default();
        Self::Environment { http, https, direct: format!("{DIRECT},{excluded}") }
    }
}

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The address of a proxy, which may be written without a scheme.
fn proxy_url(text: &str) -> Option<String> {
    let text = text.trim();
    let address = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let is_plain = !text.contains(|c: char| c.is_control() || c.is_whitespace());
    let url = Url::parse(&address).ok().filter(|url| {
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        is_plain && has_host && SCHEMES.contains(&url.scheme())
    })?;
    reqwest::Proxy::all(url.as_str()).is_ok().then(|| url.into())
}

/// The error of an address of a proxy, which may have a password in it and is not repeated.
fn not_a_proxy(subject: &str) -> Error {
    let message = format!("{subject} is not the address of a proxy");
    Error::new(ErrorKind::InvalidInput, message)
        .with_hint("set `proxy` to an address like `http://host:3128`, or to `none`")
}

/// Reads a file of PEM certificates.
///
/// # Errors
///
/// `InvalidInput` when the file cannot be read or has none.
pub(crate) fn read_certificates(subject: &str, path: &str) -> Result<Vec<u8>> {
    let failed = |what: &str| {
        Error::new(ErrorKind::InvalidInput, format!("{subject}: the file `{path}` {what}"))
    };
    let unreadable = |error| failed("cannot be read").with_source(error);
    let pem = read_file(Path::new(path), MAX_BYTES).map_err(unreadable)?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(pem),
        _ => Err(failed("has no certificates")
            .with_hint("PEM is expected: `-----BEGIN CERTIFICATE-----`")),
    }
}

/// Reads a file of at most `most` bytes.
///
/// # Errors
///
/// What reading fails with, and that it is longer.
pub(crate) fn read_file(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A device or a pipe could go on for ever, or wait.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(std::io::Error::other(format!("it is longer than {most} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Proxy, Route, read_certificates};
    use io_core::Result;

    fn read(setting: Option<&str>, variables: &[(&str, &str)]) -> Result<Proxy> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Proxy::read(setting, Some(&lookup))
    }

    #[test]
    fn proxies_come_from_the_setting_or_the_environment() {
        let url = |text: &str| Route::Through(text.to_owned());
        assert!(read(None, &[]).unwrap() == Proxy::None);
        let set = [("HTTPS_PROXY", "http://p:1"), ("all_proxy", "q:2"), ("NO_PROXY", "a.b")];
        let Proxy::Environment { http, https, direct } = read(None, &set).unwrap() else {
            unreachable!()
        };
        assert_eq!((http, https), (url("http://q:2/"), url("http://p:1/")));
        assert!(direct.starts_with("localhost,127.0.0.0/8,") && direct.ends_with(",a.b"));
        assert!(read(Some("none"), &set).unwrap() == Proxy::None);
        assert!(read(Some("r:3"), &set).unwrap() == Proxy::Url("http://r:3/".to_owned()));
        // Without the environment.
        assert!(Proxy::read(None, None).unwrap() == Proxy::None);
        assert!(Proxy::read(Some("environment"), None).is_err());
        // What a CGI program is sent.
        let sent = [("HTTP_PROXY", "http://evil:1"), ("REQUEST_METHOD", "GET")];
        assert!(read(None, &sent).unwrap() == Proxy::None);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
        for text in ["ftp://u:hunter2@h:1", "http://", "http://u:hunter2@h:99999", "a b", "a\nb"] {
            let set = read(Some(text), &[]).err().unwrap();
            assert!(!format!("{set:?}").contains("hunter2"), "{set:?}");
            let found = read(None, &[("ALL_PROXY", text)]).unwrap();
            let error = found.check("https://h/b").unwrap_err();
            assert!(error.to_string().contains("ALL_PROXY"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            // Who does not need it does not mind.
            found.check("http://127.0.0.1:9000/b").unwrap();
        }
        assert!(read(Some(" http://u:p@h:1\n"), &[]).is_ok());
        assert!(read(Some("socks5h://h:1"), &[]).is_ok());
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for path in [file, "/nowhere/x.pem", env!("CARGO_MANIFEST_DIR")] {
            let error = read_certificates("option `ca_certificates`", path).unwrap_err();
            assert!(error.to_string().contains(path), "{error}");
        }
    }
}
