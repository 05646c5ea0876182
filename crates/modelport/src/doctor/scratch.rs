//! The URL of a model that is made to try something out, where the URL of a model leads.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    path::Path,
};

use io_core::{ModelUrl, Result};

/// A URL at or below the place of `url` that nobody uses.
///
/// # Errors
///
/// `InvalidUrl` when there can be none.
pub(super) fn scratch_url(url: &ModelUrl) -> Result<ModelUrl> {
    let name = format!("modelport-doctor-{:016x}.tmp", RandomState::new().build_hasher().finish());
    let is_web = url.scheme().starts_with("http");
    let end = url.rest().find(['?', '#']).filter(|_| is_web).unwrap_or(url.rest().len());
    let (place, parameters) = url.rest().split_at(end);
    let place = match url.scheme() {
        "file" => directory(place),
        _ => match place.trim_end_matches('/').rsplit_once('/') {
            Some((parent, last)) if last.ends_with(".json") && !place.ends_with('/') => parent,
            _ => place,
        },
    };
    let slash = if place.is_empty() || place.ends_with('/') { "" } else { "/" };
    ModelUrl::new(url.scheme(), &format!("{place}{slash}{name}{parameters}"))
}

/// The nearest directory that is there: those that are not would be left behind.
fn directory(path: &str) -> &str {
    let found = Path::new(path).ancestors().find(|path| path.is_dir());
    found.and_then(Path::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::scratch_url;
    use io_core::ModelUrl;

    #[test]
    fn scratch_is_below_the_place_and_new_each_time() {
        for (url, before, after) in [
            ("memory://", "memory://", ""),
            ("memory://a/b", "memory://a/b/", ""),
            ("s3://bucket", "s3://bucket/", ""),
            ("s3://bucket/a?b", "s3://bucket/a?b/", ""),
            ("s3://bucket/a/x.json", "s3://bucket/a/", ""),
            ("s3://bucket/x.json/", "s3://bucket/x.json/", ""),
            ("http://h/models/m?token=1", "http://h/models/m/", "?token=1"),
            ("http://h/m/model.json", "http://h/m/", ""),
            ("file:///nothing/here", "file:///", ""),
            ("file://nothing/here", "file://", ""),
        ] {
            let url = ModelUrl::parse(url).unwrap();
            let scratch = scratch_url(&url).unwrap();
            let name = scratch.as_str().strip_prefix(before).unwrap();
            let name = name.strip_suffix(after).unwrap();
            assert!(name.starts_with("modelport-doctor-") && !name.contains('/'), "{scratch}");
            assert_ne!(scratch, scratch_url(&url).unwrap());
        }
    }
}
