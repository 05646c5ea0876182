//! Which proxy a request goes through: the one that was set, or that of the environment.

use std::{net::IpAddr, sync::Arc};

use hyper_util::client::proxy::matcher::Matcher;
use io_core::{Error, ErrorKind, Result};
use url::{Host, Url};

use crate::{HttpOptions, ProxyChoice};

/// The schemes that a proxy may have.
const SCHEMES: &[&str] = &["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxies of one client, by the scheme of the URL that is requested.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    http: Route,
    https: Route,
    /// Hosts of which the environment says that they are reached directly.
    exempt: Option<Matcher>,
}

#[derive(Clone, Debug, Default)]
enum Route {
    #[default]
    Direct,
    Through(Through),
    /// The variable that has no URL of a proxy.
    Wrong(&'static str),
}

/// A proxy.
#[derive(Clone)]
pub(super) struct Through {
    /// With its credentials; never printed.
    url: Url,
    /// The variable that it comes from, if it was not set by option.
    variable: Option<&'static str>,
}

impl Proxies {
    /// The proxies that `options` ask for.
    pub(super) fn new(options: &HttpOptions) -> Self {
        match &options.proxy {
            ProxyChoice::None => Self::default(),
            ProxyChoice::Environment if !options.env => Self::default(),
            ProxyChoice::Environment => Self::of_environment(|name| std::env::var(name).ok()),
            ProxyChoice::Url(text) => {
                let route = match parse(text) {
                    Some(url) => Route::Through(Through { url, variable: None }),
                    None => Route::Wrong("proxy"),
                };
                Self { http: route.clone(), https: route, exempt: None }
            }
        }
    }

    /// The proxies that the variables name, of which `lookup` gives the values. A program that runs
    /// as CGI has `HTTP_PROXY` from its client: no variable counts there.
    fn of_environment(lookup: impl Fn(&str) -> Option<String>) -> Self {
        if lookup("REQUEST_METHOD").is_some() {
            return Self::default();
        }
        let value = |name: &str| {
            lookup(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let route = |names: &[&'static str]| {
            let found = names.iter().find_map(|name| Some((*name, value(name)?)));
            found.map_or(Route::Direct, |(variable, text)| match parse(&text) {
                Some(url) => Route::Through(Through { url, variable: Some(variable) }),
                None => Route::Wrong(variable),
            })
        };
        let exempt = value("NO_PROXY").or_else(|| value("no_proxy"));
        Self {
            http: route(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: route(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            exempt: exempt.map(|list| Matcher::builder().all("http://proxy").no(list).build()),
        }
    }

    /// Whether every request is made directly.
    pub(super) fn are_none(&self) -> bool {
        matches!((&self.http, &self.https), (Route::Direct, Route::Direct))
    }

    /// The same for a client.
    pub(super) fn for_client(self: &Arc<Self>) -> reqwest::Proxy {
        let proxies = self.clone();
        reqwest::Proxy::custom(move |url| Some(proxies.find(url).ok()??.url.clone()))
    }

    /// Returns the proxy for a request to `url`, if it goes through one. Loopback addresses never go
    /// through one of the environment.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when what should be the URL of a proxy is none.
    pub(super) fn find(&self, url: &Url) -> Result<Option<&Through>> {
        let route = if url.scheme() == "https" { &self.https } else { &self.http };
        let by_option = matches!(route, Route::Through(Through { variable: None, .. }));
        if !by_option && (is_loopback(url) || self.is_exempt(url)) {
            return Ok(None);
        }
        match route {
            Route::Direct => Ok(None),
            Route::Through(through) => Ok(Some(through)),
            Route::Wrong("proxy") => Err(wrong("option `proxy`")),
            Route::Wrong(variable) => Err(wrong(&format!("environment variable `{variable}`"))
                .with_hint("option `proxy=none` leaves the environment out")),
        }
    }

    fn is_exempt(&self, url: &Url) -> bool {
        let uri = url.as_str().parse::<http::Uri>();
        let direct = |matcher: &Matcher| uri.is_ok_and(|uri| matcher.intercept(&uri).is_none());
        self.exempt.as_ref().is_some_and(direct)
    }
}

impl Through {
    /// The failure of a connection through it, which names it without its credentials.
    pub(super) fn named(&self, kind: ErrorKind, message: &str, cause: reqwest::Error) -> Error {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        let scheme = self.url.scheme();
        let message = format!("{message} through the proxy `{scheme}://{host}{port}`");
        let error = Error::new(kind, message).with_source(cause);
        match self.variable {
            Some(variable) => error.with_hint(format!(
                "the proxy is that of the environment variable `{variable}`; option `proxy=none` \
                 connects directly, `NO_PROXY` names hosts that need none"
            )),
            None => error,
        }
    }
}

impl std::fmt::Debug for Through {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may have a password.
        f.debug_struct("Through").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// Checks the URL of a proxy.
///
/// # Errors
///
/// `InvalidInput` when it is none; it is not in the message, since it may have a password.
pub(crate) fn check(text: &str) -> Result<()> {
    parse(text).map(drop).ok_or_else(|| wrong("option `proxy`"))
}

/// The URL of a proxy; one without a scheme is that of an HTTP proxy.
fn parse(text: &str) -> Option<Url> {
    let text = text.trim();
    // The parser of URLs drops some of these.
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let scheme = if text.contains("://") { "" } else { "http://" };
    let url = Url::parse(&format!("{scheme}{text}")).ok()?;
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    (SCHEMES.contains(&url.scheme()) && has_host).then_some(url)
}

fn wrong(what: &str) -> Error {
    let message = format!("{what} is not the URL of a proxy, such as `http://proxy.example:3128`");
    Error::new(ErrorKind::InvalidInput, message)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost")
                || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxies, check};
    use std::collections::HashMap;
    use url::Url;

    fn proxy(variables: &[(&str, &str)], url: &str) -> Result<Option<String>, String> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        let proxies =
            Proxies::of_environment(|name| variables.get(name).map(|text| (*text).to_owned()));
        let found = proxies.find(&Url::parse(url).unwrap()).map_err(|error| error.to_string())?;
        Ok(found.map(|through| through.url.to_string()))
    }

    #[test]
    fn the_environment_names_proxies_as_for_curl() {
        let http = ("HTTP_PROXY", "http://a:1");
        for (variables, url, expected) in [
            (vec![], "http://h/", None),
            (vec![http], "http://h/", Some("http://a:1/")),
            (vec![http], "https://h/", None),
            (vec![("http_proxy", "a:1")], "http://h/", Some("http://a:1/")),
            (vec![("HTTPS_PROXY", "https://u:p@a")], "https://h/", Some("https://u:p@a/")),
            (vec![("ALL_PROXY", " socks5h://a:1\n")], "https://h/", Some("socks5h://a:1")),
            (vec![http, ("ALL_PROXY", "b")], "https://h/", Some("http://b/")),
            (vec![("HTTP_PROXY", ""), ("http_proxy", "b")], "http://h/", Some("http://b/")),
            (vec![http, ("NO_PROXY", "x, .h.org")], "http://m.h.org/", None),
            (vec![http, ("no_proxy", "10.0.0.0/8")], "http://10.1.2.3/", None),
            (vec![http, ("NO_PROXY", "*")], "http://h/", None),
            (vec![http, ("NO_PROXY", "other")], "http://h/", Some("http://a:1/")),
            // Another client of the web server could have set it.
            (vec![http, ("REQUEST_METHOD", "GET")], "http://h/", None),
            (vec![http], "http://localhost:9/", None),
            (vec![http], "http://m.localhost/", None),
            (vec![http], "http://127.0.0.2/", None),
            (vec![http], "http://[::1]:8/", None),
            (vec![http], "http://[::ffff:127.0.0.1]/", None),
            (vec![http], "http://localhost.example/", Some("http://a:1/")),
        ] {
            let found = proxy(&variables, url).unwrap();
            assert_eq!(found.as_deref(), expected, "{variables:?} {url}");
        }
    }

    #[test]
    fn a_wrong_proxy_is_named_without_its_value() {
        for value in ["ftp://hunter2", "http://", "http://hunter2 x", "://hunter2", "a\nhunter2"] {
            let error = proxy(&[("HTTP_PROXY", value)], "http://h/");
            let error = error.expect_err(value);
            assert!(error.contains("`HTTP_PROXY`") && !error.contains("hunter2"), "{error}");
            assert_eq!(proxy(&[("HTTP_PROXY", value)], "http://127.0.0.1/"), Ok(None));
            assert!(!check(value).unwrap_err().to_string().contains("hunter2"));
        }
    }
}
