//! Whether a server is one of modelport, and where its models are: asked for, never guessed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use io_core::{Capabilities, Error, ErrorKind, Operation, Result};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::{
    ask::Ask,
    platform::{Instant, Transport, Url},
    resolve::encode,
};

/// Where a server says what it can do: at its origin, or below the path prefix that it has there.
const DOCUMENT: &str = "/.well-known/modelport";

/// Far above any real document.
const MAX_DOCUMENT_BYTES: u64 = 64 << 10;

/// The most path prefixes of a URL below which a document is looked for.
const MAX_PREFIXES: usize = 16;

/// How long a document counts.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The most documents that are remembered.
const MAX_KNOWN: usize = 128;

/// What servers have said, the last one last. That there was no document is not remembered: a
/// deployment may be under way.
static KNOWN: Mutex<VecDeque<Known>> = Mutex::new(VecDeque::new());

/// A document that was read.
#[derive(Clone, Debug)]
struct Known {
    service: Arc<Service>,
    /// With which credentials.
    credentials: u64,
    since: Instant,
}

/// What a server of modelport says about itself.
#[derive(Debug)]
pub(crate) struct Service {
    /// Where its models are: no slash at the end, nothing behind.
    models: Url,
    operations: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    modelport: u32,
    models: String,
    operations: Vec<String>,
}

impl Service {
    /// The service that has the models at `url`: at its origin, or below the nearest path prefix.
    ///
    /// # Errors
    ///
    /// `Unsupported` when there is none, which names `operation`; else what stands in the way of
    /// asking.
    pub(crate) async fn find(
        transport: &Transport,
        url: &Url,
        operation: Operation,
    ) -> Result<Arc<Self>> {
        if let Some(known) = known(transport, url).filter(|known| known.since.elapsed() < LIFETIME)
        {
            return Ok(known.service);
        }
        let (mut elsewhere, mut refused) = (None, None);
        for prefix in prefixes(url.path()) {
            match ask(transport, url, prefix).await {
                Ok(None) => {}
                Ok(Some(service)) => {
                    let service = Arc::new(service);
                    remember(transport, &service);
                    if service.name(url).is_some() {
                        return Ok(service);
                    }
                    elsewhere.get_or_insert(service);
                }
                // A site may refuse what is not below the prefix.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match (elsewhere, refused) {
            (Some(service), _) => Ok(service),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::unsupported(url.scheme(), operation)
                .with_hint("only a server of modelport can do this, and this is none")),
        }
    }

    /// What is known to be possible for the model at `url`, beyond what any server can; without
    /// asking.
    pub(crate) fn capabilities(transport: &Transport, url: &Url) -> Capabilities {
        let none = Capabilities::NONE;
        let Some(Known { service, .. }) = known(transport, url) else { return none };
        let can = |operation: &str| service.operations.iter().any(|own| own == operation);
        let mut capabilities = none;
        capabilities.list = can("list") && can("stat");
        capabilities.remove = can("remove") && can("stat");
        capabilities.copy = can("copy") && can("stat");
        capabilities.rename = can("rename") && can("stat");
        capabilities.create = can("save");
        capabilities
    }

    /// Fails unless the server does this.
    ///
    /// # Errors
    ///
    /// `Unsupported` when it does not.
    pub(crate) fn require(&self, name: &str, operation: Operation) -> Result<()> {
        if self.operations.iter().any(|own| own == name) {
            return Ok(());
        }
        Err(Error::unsupported(self.models.scheme(), operation)
            .with_hint("the store behind this server does not do it"))
    }

    /// The name of the model at `url`, also by the URL of its model file; empty for the place of all
    /// models. `None` when it is elsewhere.
    pub(crate) fn name(&self, url: &Url) -> Option<String> {
        let rest = url.path().strip_prefix(self.models.path())?;
        if url.origin() != self.models.origin() || !(rest.is_empty() || rest.starts_with('/')) {
            return None;
        }
        let rest = rest.trim_matches('/');
        let rest = rest.strip_suffix("/model.json").unwrap_or(rest);
        Some(percent_decode_str(rest).decode_utf8().ok()?.into_owned())
    }

    /// The URL of the model `name`, or of the place of all models.
    pub(crate) fn url(&self, name: &str) -> Url {
        let mut url = self.models.clone();
        if !name.is_empty() {
            // What would lead upwards names nothing.
            let named = name.split('/').filter(|segment| !matches!(*segment, "." | ".."));
            let segments: Vec<_> = named.map(encode).collect();
            url.set_path(&format!("{}/{}", url.path(), segments.join("/")));
        }
        url
    }
}

/// The path prefixes below which a document of the models at `path` may be: none first, then from the
/// longest to the shortest. Of many the outermost and the innermost count.
fn prefixes(path: &str) -> Vec<&str> {
    let path = path.strip_suffix("/model.json").unwrap_or(path).trim_end_matches('/');
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let mut below: Vec<&str> =
        ends.filter(|end| *end > 0).filter_map(|end| path.get(..end)).collect();
    below.reverse();
    if below.len() > MAX_PREFIXES {
        below.drain(MAX_PREFIXES / 2..below.len() - MAX_PREFIXES / 2);
    }
    below.insert(0, "");
    below
}

/// Reads the document below `prefix` at the origin of `url`.
async fn ask(transport: &Transport, url: &Url, prefix: &str) -> Result<Option<Service>> {
    let Ok(place) = url.join(&format!("{prefix}{DOCUMENT}")) else { return Ok(None) };
    let ask = Ask { limit: Some(MAX_DOCUMENT_BYTES), ..Ask::default() };
    let text = match transport.get_all(&place, ask, "the server").await {
        Ok((_, text, _)) => text,
        // What it has is no document, or it is none to look into.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound
                    | ErrorKind::Unsupported
                    | ErrorKind::Unexpected
                    | ErrorKind::OutOfMemory
                    | ErrorKind::Corrupt
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let Ok(document) = serde_json::from_slice::<Document>(&text) else { return Ok(None) };
    let models = place.join(&document.models).ok().filter(|models| models.origin() == url.origin());
    let (1, Some(mut models)) = (document.modelport, models) else { return Ok(None) };
    models.set_query(None);
    models.set_fragment(None);
    let path = models.path().trim_end_matches('/').to_owned();
    models.set_path(&path);
    // A server below a path prefix has no say over the rest of the origin.
    let inside =
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    Ok(inside.then_some(Service { models, operations: document.operations }))
}

/// What was read for these credentials of the service that has the models at `url`.
fn known(transport: &Transport, url: &Url) -> Option<Known> {
    let credentials = transport.credentials.key();
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut covering = known.iter().rev().filter(|known| known.credentials == credentials);
    covering.find(|known| known.service.name(url).is_some()).cloned()
}

/// Remembers what was read, in place of what the same server said before.
fn remember(transport: &Transport, service: &Arc<Service>) {
    let (credentials, since) = (transport.credentials.key(), Instant::now());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .retain(|known| known.credentials != credentials || known.service.models != service.models);
    if known.len() >= MAX_KNOWN {
        known.pop_front();
    }
    known.push_back(Known { service: service.clone(), credentials, since });
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::{MAX_PREFIXES, Service, prefixes};
    use crate::platform::Url;

    #[test]
    fn documents_are_looked_for_at_the_origin_and_below_each_prefix() {
        for (path, expected) in [
            ("/", &[""][..]),
            ("/a", &["", "/a"]),
            ("/pre/models/x/model.json", &["", "/pre/models/x", "/pre/models", "/pre"]),
            ("/pre/models/", &["", "/pre/models", "/pre"]),
        ] {
            assert_eq!(prefixes(path), expected, "{path}");
        }
        let deep = "/a".repeat(1_000);
        let found = prefixes(&deep);
        assert_eq!(found.len(), MAX_PREFIXES + 1);
        assert_eq!((found[1], found[MAX_PREFIXES]), (&*deep, "/a"));
    }

    #[test]
    fn names_and_urls_are_those_of_models() {
        let models = Url::parse("http://h/x/models").unwrap();
        let service = Service { models, operations: Vec::new() };
        for (url, name) in [
            ("http://h/x/models", Some("")),
            ("http://h/x/models/", Some("")),
            ("http://h/x/models/a", Some("a")),
            ("http://h/x/models/a/b%20c/model.json?x=1", Some("a/b c")),
            ("http://h/x/modelsa", None),
            ("http://h/models/a", None),
            ("http://h:81/x/models/a", None),
            ("http://h/x/models/a%ff", None),
        ] {
            let found = service.name(&Url::parse(url).unwrap());
            assert_eq!(found.as_deref(), name, "{url}");
        }
        for (name, url) in [
            ("", "http://h/x/models"),
            ("a", "http://h/x/models/a"),
            ("a/b c/é?", "http://h/x/models/a/b%20c/%C3%A9%3F"),
        ] {
            assert_eq!(service.url(name).as_str(), url);
            assert_eq!(service.name(&service.url(name)).as_deref(), Some(name));
        }
    }
}
