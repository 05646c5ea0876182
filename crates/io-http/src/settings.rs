//! The settings by name, as a command line gives them.

use std::{num::NonZeroUsize, time::Duration};

use io_core::{Error, ErrorKind, HandlerOptions, Result, SettingsReader};

use crate::{HttpOptions, platform};

/// The names that every platform has, in alphabetical order; each has some of its own.
const NAMES: &[&str] = &[
    "from-tfhub",
    "headers",
    "idle-timeout",
    "method",
    "parallel",
    "retries",
    "timeout",
    "token",
    "trusted-origins",
    "weight-path-prefix",
];

pub(crate) fn read(options: &HandlerOptions) -> Result<HttpOptions> {
    let settings = options.read_settings(&[NAMES, platform::NAMES].concat())?;
    let mut http = HttpOptions::default();
    if let Some(method) = settings.text("method") {
        http.method = method.to_owned();
    }
    for line in settings.text("headers").unwrap_or_default().lines().map(str::trim) {
        if !line.is_empty() {
            let (name, value) = line.split_once(':').ok_or_else(|| {
                // The line may be a secret.
                invalid("a line of option `headers` is not of the form `Name: value`")
            })?;
            http.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    http.token = settings.text("token").map(|token| token.trim().to_owned());
    let origins = settings.text("trusted-origins").unwrap_or_default().split(',').map(str::trim);
    http.trusted_origins.extend(origins.filter(|one| !one.is_empty()).map(str::to_owned));
    http.timeout = duration(settings, "timeout")?;
    http.idle_timeout = duration(settings, "idle-timeout")?.unwrap_or(http.idle_timeout);
    if let Some(text) = settings.text("retries") {
        http.retries = text.parse().map_err(|_| not(text, "retries", "a number"))?;
    }
    if let Some(text) = settings.text("parallel") {
        http.parallel =
            text.parse::<NonZeroUsize>().map_err(|_| not(text, "parallel", "a number from 1"))?;
    }
    http.weight_path_prefix =
        settings.text("weight-path-prefix").filter(|prefix| !prefix.is_empty()).map(str::to_owned);
    http.from_tfhub = settings.bool("from-tfhub")?.unwrap_or(false);
    platform::read(settings, &mut http)?;
    Ok(http)
}

pub(crate) fn duration(settings: SettingsReader<'_>, name: &str) -> Result<Option<Duration>> {
    let Some(text) = settings.text(name) else { return Ok(None) };
    let read = match text.parse::<u32>() {
        Ok(seconds) => Some(Duration::from_secs(seconds.into())),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    match read.filter(|duration| !duration.is_zero()) {
        Some(duration) => Ok(Some(duration)),
        None => Err(not(text, name, "a duration such as `30s`")),
    }
}

fn not(text: &str, name: &str, expected: &str) -> Error {
    invalid(format!("option `{name}` is `{text}`, expected {expected}"))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::{NAMES, read};
    use crate::{ProxyChoice, platform};
    use io_core::{ErrorKind, HandlerOptions};
    use std::time::Duration;

    #[test]
    fn every_setting_reaches_its_option() {
        let options = HandlerOptions::new()
            .with_setting("method", "PUT")
            .with_setting("headers", "X-A: b: c\n\n  Cookie:d=e  ")
            .with_setting("token", " t\n")
            .with_setting("trusted-origins", "https://a, http://b:1")
            .with_setting("timeout", "1m 30s")
            .with_setting("idle-timeout", "7")
            .with_setting("connect-timeout", "250ms")
            .with_setting("retries", "0")
            .with_setting("parallel", "2")
            .with_setting("weight-path-prefix", "w/")
            .with_setting("from-tfhub", "true")
            .with_setting("proxy", "http://p:1")
            .with_setting("root-certificates", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        #[cfg(feature = "cache")]
        let options = options
            .with_setting("cache-dir", "/c")
            .with_setting("cache-bytes", "7")
            .with_setting("offline", "true");
        assert_eq!(options.settings.len(), NAMES.len() + platform::NAMES.len());
        let http = read(&options).unwrap();
        assert_eq!(http.method, "PUT");
        let headers = [("X-A", "b: c"), ("Cookie", "d=e")];
        assert_eq!(http.headers, headers.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(http.token.as_deref(), Some("t"));
        assert_eq!(http.trusted_origins, ["https://a", "http://b:1"]);
        assert_eq!(http.timeout, Some(Duration::from_secs(90)));
        assert_eq!(http.idle_timeout, Duration::from_secs(7));
        assert_eq!(http.connect_timeout, Duration::from_millis(250));
        assert_eq!((http.retries, http.parallel.get(), http.from_tfhub), (0, 2, true));
        assert_eq!(http.weight_path_prefix.as_deref(), Some("w/"));
        assert_eq!(http.proxy, ProxyChoice::Url("http://p:1".to_owned()));
        #[cfg(feature = "cache")]
        assert_eq!(http.cache, Some(crate::Cache::new("/c").with_max_bytes(7)));
        assert!(http.root_certificates[0].starts_with(b"[package]"));
    }

    #[test]
    fn every_setting_is_in_the_documentation() {
        let page = include_str!("../../../docs/http.md");
        let table = page.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
        let told: Vec<_> = table.flat_map(|names| names.split('`').skip(1).step_by(2)).collect();
        for name in NAMES.iter().chain(platform::NAMES) {
            assert!(told.contains(name), "docs/http.md does not tell `{name}`");
        }
    }

    #[test]
    fn wrong_values_are_refused_without_their_secrets() {
        for (name, value) in [
            ("headers", "hunter2"),
            ("timeout", "soon"),
            ("timeout", "0"),
            ("idle-timeout", "-1"),
            ("retries", "many"),
            ("parallel", "0"),
            ("from-tfhub", "yes"),
            ("root-certificates", "/no/such/file"),
            ("no-such", "1"),
        ] {
            let error = read(&HandlerOptions::new().with_setting(name, value)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
            assert!(error.to_string().contains(name), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error}");
        }
    }
}
