//! Where an answer leads, if it leads on.

use io_core::{Error, ErrorKind, Result, redact};
use url::Url;

/// More than this is a loop.
pub(super) const MAX_REDIRECTS: usize = 10;

/// The URL that an answer with `status` and `location` to a request at `url` leads to; `None` when
/// it leads nowhere. User information in a location is dropped: a stranger wrote it.
///
/// An upload follows 307 and 308 only, and is sent again whole. Browsers turn the others into a
/// `GET` without the model, and a page that answers it looks like success.
///
/// # Errors
///
/// `Network` when the location cannot be followed: it is no web address, or would give up TLS.
pub(super) fn next(
    url: &Url,
    status: u16,
    location: Option<&str>,
    upload: bool,
) -> Result<Option<Url>> {
    let (Some(location), 301 | 302 | 303 | 307 | 308) = (location, status) else {
        return Ok(None);
    };
    let refuse =
        |why: &str| Err(Error::new(ErrorKind::Network, format!("the server redirects {why}")));
    let Ok(mut next) = url.join(location) else { return refuse("to what is not a URL") };
    next.set_fragment(None);
    if !matches!(next.scheme(), "http" | "https") {
        return refuse("to what is not a web address");
    }
    let _ = next.set_password(None);
    let _ = next.set_username("");
    if upload && !matches!(status, 307 | 308) {
        let error = Error::new(
            ErrorKind::Network,
            format!("the server redirects the upload (status {status}) in a way that drops it"),
        );
        return Err(error.with_hint(format!("save to `{}`", redact(next.as_str()))));
    }
    if url.scheme() == "https" && next.scheme() == "http" {
        return refuse("from https to http");
    }
    Ok(Some(next))
}

#[cfg(test)]
mod tests {
    use super::next;
    use url::Url;

    #[test]
    fn locations_are_followed_or_refused() {
        let follow = |from: &str, status, to: &str, upload| {
            next(&Url::parse(from).unwrap(), status, Some(to), upload)
                .map(|next| next.map(|url| url.to_string()))
                .map_err(|_| ())
        };
        for (from, status, to, upload, expected) in [
            ("http://h/a/b", 302, "c", false, Ok(Some("http://h/a/c"))),
            ("http://h/a/b", 301, "//o/c#f", false, Ok(Some("http://o/c"))),
            ("http://h/a", 307, "https://u:p@h/a", false, Ok(Some("https://h/a"))),
            ("http://h/a", 308, "/b", true, Ok(Some("http://h/b"))),
            ("http://h/a", 302, "/b", true, Err(())),
            ("http://h/a", 303, "/b", true, Err(())),
            ("http://h/a", 304, "/b", false, Ok(None)),
            ("http://h/a", 200, "/b", false, Ok(None)),
            ("https://h/a", 302, "http://h/a", false, Err(())),
            ("http://h/a", 302, "file:///etc/passwd", false, Err(())),
            ("http://h/a", 302, "http://", false, Err(())),
        ] {
            let expected = expected.map(|url: Option<&str>| url.map(str::to_owned));
            assert_eq!(follow(from, status, to, upload), expected, "{from} {status} {to}");
        }
    }
}
