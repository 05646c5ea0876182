//! From the model's URL to those of its weight files, by RFC 3986.

use io_core::{Error, ErrorKind, ModelUrl, Result, redact};
use io_manifest::check_path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::platform::{SCHEMES, Url};

/// The URL of the model file. User information is kept for `credentials`; a fragment is dropped.
///
/// # Errors
///
/// `InvalidUrl` when it is not an `http` or `https` URL with a host.
pub(crate) fn model_url(url: &ModelUrl, from_tfhub: bool) -> Result<Url> {
    let mut url = Url::parse(url.as_str()).map_err(|error| {
        Error::new(ErrorKind::InvalidUrl, "this is not the URL of a web server").with_source(error)
    })?;
    url.set_fragment(None);
    if from_tfhub {
        let slash = if url.path().ends_with('/') { "" } else { "/" };
        url.set_path(&format!("{}{slash}model.json", url.path()));
        let query = join_queries(Some("tfjs-format=file"), url.query());
        url.set_query(query.as_deref());
    }
    Ok(url)
}

/// What the paths of a model file are relative to, that was asked for at `url` and came from `last`.
///
/// The URL that was asked for, as in TensorFlow.js: a server that redirects to a signed URL redirects
/// each file to one of its own. But a server that redirects a directory to what is in it has said
/// where it is.
pub(crate) fn base_after_redirects(url: &Url, last: Url) -> Url {
    let below = last.path().strip_prefix(url.path().trim_end_matches('/'));
    let inside = below.is_some_and(|rest| rest.starts_with('/') && rest.len() > 1);
    let slash_added = below == Some("/") && !url.path().ends_with('/');
    if url.origin() == last.origin() && (inside || slash_added) && last.path() != url.path() {
        last
    } else {
        url.clone()
    }
}

/// The URL of the weight file `path` of the model at `model`.
///
/// The query of the model's URL is carried to the same origin, unless the path has one of its own: of
/// two signatures a store refuses both. A prefix is a directory, with or without its last slash; a
/// query of its own is carried in place of the model's.
///
/// # Errors
///
/// - `Corrupt`: the path leaves the directory of the model, as it stands or percent-decoded.
/// - `InvalidInput`: the prefix is not a URL.
pub(crate) fn weight_url(model: &Url, path: &str, prefix: Option<&str>) -> Result<Url> {
    check_path(path)?;
    // A server may decode before it looks for the file.
    check_path(&percent_decode_str(path).decode_utf8_lossy())?;
    let (base, carried) = base(model, prefix)?;
    let leaves = || {
        let path = redact(&path.escape_debug().to_string());
        Error::corrupt(format!("the weight path `{path}` leaves the place of the model"))
    };
    let mut url = base.join(path).map_err(|_| leaves())?;
    // The parser of URLs drops tabs and line ends, so that more than `..` can lead upwards.
    let directory = base.path();
    if url.origin() != base.origin() || !url.path().starts_with(directory) {
        return Err(leaves());
    }
    url.set_fragment(None);
    if url.query().is_none_or(str::is_empty) {
        url.set_query(carried.as_deref().filter(|query| !query.is_empty()));
    }
    Ok(url)
}

/// What the caller's own function gave for a weight file.
///
/// # Errors
///
/// `InvalidInput` when it is none.
pub(crate) fn given_url(model: &Url, given: &str) -> Result<Url> {
    let mut url = join(model, given, "what `weight_url` gave")?;
    url.set_fragment(None);
    Ok(url)
}

/// The directory of the weights, ending in a slash and without a query, and the query to carry.
fn base(model: &Url, prefix: Option<&str>) -> Result<(Url, Option<String>)> {
    let (mut base, carried) = match prefix.filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => {
            let mut base = join(model, prefix, "`weight-path-prefix`")?;
            if !base.path().ends_with('/') {
                base.set_path(&format!("{}/", base.path()));
            }
            let same = base.origin() == model.origin();
            let own = base.query().or_else(|| model.query().filter(|_| same)).map(str::to_owned);
            (base, own)
        }
        None => (join(model, ".", "the URL")?, model.query().map(str::to_owned)),
    };
    base.set_query(None);
    base.set_fragment(None);
    Ok((base, carried))
}

fn join(model: &Url, reference: &str, what: &str) -> Result<Url> {
    let invalid =
        || Error::new(ErrorKind::InvalidInput, format!("{what} is not the URL of a web server"));
    let url = model.join(reference).map_err(|error| invalid().with_source(error))?;
    if SCHEMES.contains(&url.scheme()) { Ok(url) } else { Err(invalid()) }
}

/// A text as a segment of a path, or as a value in a query.
pub(crate) fn encode(text: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

fn join_queries(first: Option<&str>, second: Option<&str>) -> Option<String> {
    let parts: Vec<&str> =
        [first, second].into_iter().flatten().filter(|q| !q.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::{Url, given_url, model_url, weight_url};
    use io_core::{ErrorKind, ModelUrl};

    #[test]
    fn a_redirect_into_the_directory_says_where_it_is() {
        for (asked, last, expected) in [
            ("http://h/models/a", "http://h/models/a/model.json", "http://h/models/a/model.json"),
            ("http://h/models/a?x=1", "http://h/models/a/", "http://h/models/a/"),
            ("http://h/a/", "http://h/a/model.json", "http://h/a/model.json"),
            ("http://h", "http://h/model.json", "http://h/model.json"),
            ("http://h/a", "http://o/a/model.json", "http://h/a"),
            ("http://h/a/model.json", "http://h/b/1234?sig=5", "http://h/a/model.json"),
            ("http://h/a", "http://h/ab/model.json", "http://h/a"),
            ("http://h/a/", "http://h/a", "http://h/a/"),
            ("http://h/a/m.json", "http://h/a/m.json", "http://h/a/m.json"),
        ] {
            let parse = |text| Url::parse(text).unwrap();
            let base = super::base_after_redirects(&parse(asked), parse(last));
            assert_eq!(base, parse(expected), "{asked} {last}");
        }
    }

    fn resolved(model: &str, path: &str, prefix: Option<&str>) -> io_core::Result<String> {
        let model = model_url(&ModelUrl::parse(model)?, false)?;
        Ok(weight_url(&model, path, prefix)?.to_string())
    }

    /// Where TensorFlow.js, which cuts strings, gives something else, the row says what.
    #[test]
    fn weights_are_found_by_the_rules_of_urls() {
        for (model, path, prefix, expected) in [
            ("http://h/p/model.json", "w.bin", None, "http://h/p/w.bin"),
            ("http://h/p/model.json?x=1", "w.bin", None, "http://h/p/w.bin?x=1"),
            // Upstream carries the fragment after a query.
            ("http://h/p/model.json?x=1#frag", "w.bin", None, "http://h/p/w.bin?x=1"),
            ("http://h/p/model.json#frag", "w.bin", None, "http://h/p/w.bin"),
            ("http://h/model.json", "w.bin", None, "http://h/w.bin"),
            ("http://h", "w.bin", None, "http://h/w.bin"),
            // Upstream: `http://h/p/model.json?path=a/w.bin`.
            ("http://h/p/model.json?path=a/b", "w.bin", None, "http://h/p/w.bin?path=a/b"),
            ("http://h/a?b/model.json", "w.bin", None, "http://h/w.bin?b/model.json"),
            ("http://h/p/model.json", "./w.bin", None, "http://h/p/w.bin"),
            ("http://h/p/model.json", "d/./w.bin", None, "http://h/p/d/w.bin"),
            // Upstream leaves these to `fetch`, which does the same.
            ("http://h/p/model.json", "a b/é.bin", None, "http://h/p/a%20b/%C3%A9.bin"),
            // Upstream: `q.bin?z=1?x=1`.
            ("http://h/p/model.json?x=1", "q.bin?z=1", None, "http://h/p/q.bin?z=1"),
            ("http://h/p/model.json?x=1", "q.bin?", None, "http://h/p/q.bin?x=1"),
            ("http://h/p/model.json", "q.bin?z=1", None, "http://h/p/q.bin?z=1"),
            ("http://h/p/model.json", "q.bin?z=1", Some("http://o/?y"), "http://o/q.bin?z=1"),
            ("http://h/p/model.json", "w.bin#1", None, "http://h/p/w.bin"),
            ("http://h/p/model.json?", "w.bin", None, "http://h/p/w.bin"),
            // A URL that names a directory; without its slash it is a file as any other.
            ("http://h/p/m/", "w.bin", None, "http://h/p/m/w.bin"),
            ("http://h/p/m", "w.bin", None, "http://h/p/w.bin"),
            // Upstream: `http://alt/ww.bin?x=1`. A query, which may be a signature, stays at home.
            ("http://h/p/model.json?x=1", "w.bin", Some("http://alt/w"), "http://alt/w/w.bin"),
            ("http://h/p/model.json?x=1", "w.bin", Some("http://alt/w/"), "http://alt/w/w.bin"),
            ("http://h/p/model.json?x=1", "w.bin", Some("http://alt/w?y"), "http://alt/w/w.bin?y"),
            ("http://h/p/model.json?x=1", "w.bin", Some(""), "http://h/p/w.bin?x=1"),
            ("http://h/p/model.json?x=1", "w.bin", Some("/w"), "http://h/w/w.bin?x=1"),
            ("http://h/p/model.json?x=1", "w.bin", Some("../w/"), "http://h/w/w.bin?x=1"),
            // Another port and another scheme are other origins.
            ("http://h/model.json?x=1", "w.bin", Some("http://h:81/"), "http://h:81/w.bin"),
            ("http://h/model.json?x=1", "w.bin", Some("https://h/"), "https://h/w.bin"),
            ("http://h:80/model.json?x=1", "w.bin", Some("//h/"), "http://h/w.bin?x=1"),
        ] {
            let found = resolved(model, path, prefix).unwrap();
            assert_eq!(found, expected, "{model} {path} {prefix:?}");
        }
    }

    /// What we have decided for each case where the text of TensorFlow.js leads somewhere.
    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn the_documentation_says_where_weights_are() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/compatibility.md");
        let text = std::fs::read_to_string(pages).unwrap();
        let table = text.split("| Model | Option |").nth(1).unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let mut count = 0;
        for row in rows {
            let cells: Vec<&str> =
                row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let &[_, model, option, expected, ..] = cells.as_slice() else { panic!("{row}") };
            let found = (|| {
                let model = model_url(&ModelUrl::parse(model)?, option == "fromTFHub")?;
                match option.split_once(':') {
                    Some(("weightUrlConverter", before)) => {
                        given_url(&model, &format!("{}w.bin", before.trim()))
                    }
                    Some((_, prefix)) => weight_url(&model, "w.bin", Some(prefix.trim())),
                    None => weight_url(&model, "w.bin", None),
                }
            })();
            match found {
                Ok(url) => assert_eq!(url.as_str(), expected, "{row}"),
                Err(_) => assert!(expected.starts_with("refused"), "{row}"),
            }
            count += 1;
        }
        assert_eq!(count, 11);
    }

    #[test]
    fn paths_never_leave_the_directory() {
        for path in [
            "../w.bin",
            "/w.bin",
            "//evil/w.bin",
            "http://evil/w.bin",
            "%2e%2e/w.bin",
            ".%2E/w.bin",
            "a/..%2fw.bin",
            "..%5Cw.bin",
            ".\t./w.bin",
            "\t/w.bin",
            "\n//evil/w.bin",
            "ht\ntp://evil/w",
            "%2fetc",
            " /w.bin",
        ] {
            let error = resolved("http://h/p/model.json", path, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{path}");
        }
    }

    #[test]
    fn a_function_decides_alone() {
        let model =
            model_url(&ModelUrl::parse("http://h/p/model.json?x=1").unwrap(), false).unwrap();
        for (given, expected) in [
            ("https://cdn/signed?s=1#f", Some("https://cdn/signed?s=1")),
            ("other/w.bin", Some("http://h/p/other/w.bin")),
            ("conv:w.bin", None),
            ("file:///etc/passwd", None),
            ("data:,x", None),
        ] {
            let found = given_url(&model, given);
            assert_eq!(found.as_ref().ok().map(Url::as_str), expected);
            assert!(found.is_ok() || found.unwrap_err().kind() == ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn tensorflow_hub_has_its_own_form() {
        for (url, expected) in [
            ("https://hub/m/1", "https://hub/m/1/model.json?tfjs-format=file"),
            ("https://hub/m/1/", "https://hub/m/1/model.json?tfjs-format=file"),
            ("https://hub/m/1?a=b", "https://hub/m/1/model.json?tfjs-format=file&a=b"),
        ] {
            let model = model_url(&ModelUrl::parse(url).unwrap(), true).unwrap();
            assert_eq!(model.as_str(), expected);
            let weights = weight_url(&model, "g.bin", None).unwrap();
            assert!(weights.as_str().starts_with("https://hub/m/1/g.bin?tfjs-format=file"));
        }
    }
}
