//! URLs: no text panics, none opens more than it says, and no secret in one is ever printed.
#![no_main]

use std::{error::Error as _, fmt::Write as _, path::Path};

use io_core::{Error, ModelUrl, redact};
use libfuzzer_sys::fuzz_target;
use modelport_fuzz as _;

/// What no error, no `Debug` and no `Display` may hold.
const SECRET: &str = "h7Zk9qWx";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    reads(&text);
    let _ = io_manifest::check_path(&text).map(|()| {
        let inside = Path::new("model").join(text.as_ref());
        assert!(inside.starts_with("model"));
        let up = |it| matches!(it, std::path::Component::ParentDir);
        assert!(!inside.components().any(up), "{inside:?}");
    });
    if let Ok(name) = modelport_server::ModelName::parse(&text) {
        assert!(!name.as_str().split('/').any(|part| part.is_empty() || part.starts_with('.')));
    }
    for scheme in ["file", "http", "https", "memory", "nowhere"] {
        let Ok(url) = ModelUrl::new(scheme, &text) else { continue };
        opens(&url);
        for secret in [
            format!("{scheme}://user:{SECRET}@{text}"),
            format!("{scheme}://{text}?sig={SECRET}"),
            format!("{scheme}://{text}?a&access_token={SECRET}#{text}"),
        ] {
            hides(&secret);
        }
    }
});

/// A URL is its scheme in lower case and the rest as it was.
fn reads(text: &str) {
    let Ok(url) = ModelUrl::parse(text) else { return };
    assert_eq!(url.as_str(), format!("{}://{}", url.scheme(), url.rest()));
    assert!(url.as_str().eq_ignore_ascii_case(text));
    assert_eq!(text.split_once("://").map(|(_, rest)| rest), Some(url.rest()));
    assert_eq!(ModelUrl::parse(url.as_str()).ok().as_ref(), Some(&url));
    let shown = url.to_string();
    assert_eq!(redact(&shown), shown, "what is shown is shown again as it is");
}

/// Opening is quick and touches nothing; what comes of it is a handler of this very URL or an error.
fn opens(url: &ModelUrl) -> Option<Error> {
    match modelport::handler(url) {
        Ok(handler) => {
            assert_eq!(handler.url(), url);
            let _ = modelport::store(url);
            None
        }
        Err(error) => Some(error),
    }
}

fn hides(text: &str) {
    let mut said = redact(text);
    match modelport::url(text) {
        Ok(url) => {
            let _ = write!(said, "{url}{url:?}");
            if let Some(error) = opens(&url) {
                tell(&mut said, &error);
            }
            let _ = write!(said, "{:?}", modelport::handler(&url).ok());
        }
        Err(error) => tell(&mut said, &error),
    }
    assert!(!said.contains(SECRET), "{said}");
}

/// All that an error says.
fn tell(said: &mut String, error: &Error) {
    let _ = write!(said, "{error}{error:?}{:?}", error.hint());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(said, "{error}{error:?}");
        cause = error.source();
    }
}
