//! The settings by name, as a command line gives them.

use std::{num::NonZeroUsize, time::Duration};

use io_core::{Error, ErrorKind, HandlerOptions, Result, SettingsReader};

use crate::{HttpOptions, platform, response::shown, upload};

/// The names that every platform has, in alphabetical order; each has some of its own. The words of a
/// name may be separated by `_` as well.
const NAMES: &[&str] = &[
    "from-tfhub",
    "headers",
    "idle-timeout",
    "max-json-bytes",
    "method",
    "parallel",
    "retries",
    "speed-limit",
    "speed-time",
    "timeout",
    "token",
    "trusted-origins",
    "weight-path-prefix",
];

/// Former names, and what each is called now.
const FORMER: &[(&str, &str)] = &[("root-certificates", "ca-certificates")];

pub(crate) fn read(options: &HandlerOptions) -> Result<HttpOptions> {
    let options = &with_known_names(options)?;
    let former = FORMER.iter().map(|(former, _)| *former);
    let names: Vec<&str> = NAMES.iter().chain(platform::NAMES).copied().chain(former).collect();
    let settings = options.read_settings(&names)?;
    let mut http = HttpOptions::default();
    if let Some(method) = text(settings, "method") {
        upload::method(method)?;
        http.method = method.to_owned();
    }
    for line in text(settings, "headers").unwrap_or_default().lines().map(str::trim) {
        if !line.is_empty() {
            let (name, value) = line.split_once(':').ok_or_else(|| {
                // The line may be a secret.
                invalid("a line of option `headers` is not of the form `Name: value`")
            })?;
            http.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    http.token = text(settings, "token").map(str::to_owned);
    let origins = text(settings, "trusted-origins").unwrap_or_default().split(',').map(str::trim);
    http.trusted_origins.extend(origins.filter(|one| !one.is_empty()).map(str::to_owned));
    http.timeout = duration(settings, "timeout")?;
    http.idle_timeout = duration(settings, "idle-timeout")?.unwrap_or(http.idle_timeout);
    http.speed_time = duration(settings, "speed-time")?.unwrap_or(http.speed_time);
    if let Some(text) = text(settings, "speed-limit") {
        let expected = "a number of bytes a second";
        http.speed_limit = text.parse().map_err(|_| not(text, "speed-limit", expected))?;
    }
    if let Some(text) = text(settings, "max-json-bytes") {
        let expected = "a number of bytes from 1";
        let bytes = text.parse().ok().filter(|bytes| *bytes > 0);
        http.max_json_bytes = bytes.ok_or_else(|| not(text, "max-json-bytes", expected))?;
    }
    if let Some(text) = text(settings, "retries") {
        http.retries = text.parse().map_err(|_| not(text, "retries", "a number"))?;
    }
    if let Some(text) = text(settings, "parallel") {
        let most = HttpOptions::MAX_PARALLEL;
        let parallel = text.parse::<NonZeroUsize>().ok().filter(|parallel| *parallel <= most);
        let expected = format!("a number from 1 to {most}");
        http.parallel = parallel.ok_or_else(|| not(text, "parallel", &expected))?;
    }
    http.weight_path_prefix =
        text(settings, "weight-path-prefix").filter(|text| !text.is_empty()).map(str::to_owned);
    http.from_tfhub = flag(settings, "from-tfhub")?.unwrap_or(false);
    platform::read(settings, &mut http)?;
    Ok(http)
}

/// The same settings by the names that they have in the tables.
///
/// # Errors
///
/// `InvalidInput` when one is given by two names.
fn with_known_names(options: &HandlerOptions) -> Result<HandlerOptions> {
    let mut renamed = options.clone();
    renamed.settings.clear();
    for (name, value) in &options.settings {
        let words = name.replace('_', "-");
        let now = FORMER.iter().find(|(former, _)| *former == words).map(|(_, now)| *now);
        let name = now.map_or(words, str::to_owned);
        if renamed.settings.contains_key(&name) {
            return Err(invalid(format!("option `{name}` is given twice, by two names")));
        }
        renamed.settings.insert(name, value.clone());
    }
    Ok(renamed)
}

/// A setting without the space around it: what comes from a file ends in a newline.
pub(crate) fn text<'a>(settings: SettingsReader<'a>, name: &str) -> Option<&'a str> {
    settings.text(name).map(str::trim)
}

/// A setting that is `true` or `false`.
pub(crate) fn flag(settings: SettingsReader<'_>, name: &str) -> Result<Option<bool>> {
    match text(settings, name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(not(other, name, "`true` or `false`")),
    }
}

pub(crate) fn duration(settings: SettingsReader<'_>, name: &str) -> Result<Option<Duration>> {
    let Some(text) = text(settings, name) else { return Ok(None) };
    let read = match text.parse::<u32>() {
        Ok(seconds) => Some(Duration::from_secs(seconds.into())),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    let fits = |duration: &Duration| !duration.is_zero() && *duration <= HttpOptions::MAX_DURATION;
    match read.filter(fits) {
        Some(duration) => Ok(Some(duration)),
        None => Err(not(text, name, "a duration such as `30s`, up to ten years")),
    }
}

fn not(text: &str, name: &str, expected: &str) -> Error {
    invalid(format!("option `{name}` is `{}`, expected {expected}", shown(text)))
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
            .with_setting("speed-limit", "5")
            .with_setting("speed-time", "3s")
            .with_setting("max-json-bytes", "9")
            .with_setting("retries", "0")
            .with_setting("parallel", "2")
            .with_setting("weight-path-prefix", "w/")
            .with_setting("from-tfhub", "true")
            .with_setting("proxy", "http://p:1")
            .with_setting("env", "false")
            .with_setting("ca_certificates", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
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
        assert_eq!((http.speed_limit, http.speed_time), (5, Duration::from_secs(3)));
        assert_eq!((http.max_json_bytes, http.env), (9, false));
        assert_eq!((http.retries, http.parallel.get(), http.from_tfhub), (0, 2, true));
        assert_eq!(http.weight_path_prefix.as_deref(), Some("w/"));
        assert_eq!(http.proxy, ProxyChoice::Url("http://p:1".to_owned()));
        #[cfg(feature = "cache")]
        assert_eq!(http.cache, Some(crate::Cache::new("/c").with_max_bytes(7)));
        assert!(http.root_certificates[0].starts_with(b"[package]"));
    }

    #[test]
    fn names_take_both_separators_and_former_ones() {
        let certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for name in ["ca-certificates", "ca_certificates", "root-certificates", "root_certificates"]
        {
            let http = read(&HandlerOptions::new().with_setting(name, certificates)).unwrap();
            assert_eq!(http.root_certificates.len(), 1, "{name}");
        }
        let http = read(&HandlerOptions::new().with_setting("idle_timeout", " 7s\n")).unwrap();
        assert_eq!(http.idle_timeout, Duration::from_secs(7));
        let twice = HandlerOptions::new()
            .with_setting("ca-certificates", certificates)
            .with_setting("root_certificates", certificates);
        assert_eq!(read(&twice).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn values_are_trimmed_and_the_proxy_is_that_of_the_environment() {
        let options = HandlerOptions::new()
            .with_setting("token", "t\r\n")
            .with_setting("method", " PUT\n")
            .with_setting("from-tfhub", "true\n")
            .with_setting("proxy", " none ");
        let http = read(&options).unwrap();
        assert_eq!(
            (http.token.as_deref(), &*http.method, http.from_tfhub),
            (Some("t"), "PUT", true)
        );
        assert_eq!(http.proxy, ProxyChoice::None);
        assert_eq!(read(&HandlerOptions::new()).unwrap().proxy, ProxyChoice::Environment);
    }

    #[test]
    fn every_setting_is_in_the_documentation() {
        let page = include_str!("../../../docs/http.md");
        let table = page.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
        let told = table.flat_map(|names| names.split('`').skip(1).step_by(2));
        let told: Vec<_> = told.map(|name| name.replace('_', "-")).collect();
        for name in NAMES.iter().chain(platform::NAMES) {
            assert!(told.iter().any(|own| own == name), "docs/http.md does not tell `{name}`");
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
            ("ca-certificates", "/no/such/file"),
            ("timeout", "99999999999999999999"),
            ("idle-timeout", "9999999years"),
            ("connect-timeout", "11years"),
            ("speed-limit", "-1"),
            ("max-json-bytes", "0"),
            ("parallel", "18446744073709551615"),
            ("method", "GET"),
            ("method", "a b"),
            ("proxy", "ftp://hunter2"),
            ("proxy", "http://"),
            ("proxy", ""),
            ("env", "no"),
            ("no-such", "1"),
        ] {
            let error = read(&HandlerOptions::new().with_setting(name, value)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
            assert!(error.to_string().contains(name), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error}");
        }
    }
}
