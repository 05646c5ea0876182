//! Whether a server is one of ours, and where its models are: found out once, never guessed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use io_core::{Capabilities, Error, ErrorKind, Operation, Result};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::{
    ask::Ask,
    platform::{Transport, Url},
    resolve::encode,
};

/// Where a server says what it can do.
const DOCUMENT: &str = "/.well-known/modelport";

/// Far above any real document.
const MAX_DOCUMENT_BYTES: usize = 64 << 10;

/// What servers have said, by origin. A server that could not be asked is not in it.
static KNOWN: Mutex<Option<HashMap<String, Option<Arc<Service>>>>> = Mutex::new(None);

/// What a server of ours says about itself.
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
    /// The service at the origin of `url`.
    ///
    /// # Errors
    ///
    /// `Unsupported` when it is none of ours, which names `operation`; else what stands in the way
    /// of asking.
    pub(crate) async fn find(
        transport: &Transport,
        url: &Url,
        operation: Operation,
    ) -> Result<Arc<Self>> {
        let found = match known(url) {
            Some(found) => found,
            None => {
                let found = ask(transport, url).await?.map(Arc::new);
                let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
                known.get_or_insert_default().insert(origin(url), found.clone());
                found
            }
        };
        found.ok_or_else(|| {
            Error::unsupported(url.scheme(), operation)
                .with_hint("only a server of modelport can do this, and this is none")
        })
    }

    /// What is known to be possible for the model at `url`, beyond what any server can; without
    /// asking.
    pub(crate) fn capabilities(url: &Url) -> Capabilities {
        let none = Capabilities::NONE;
        let Some(Some(service)) = known(url) else { return none };
        if service.name(url).is_none() {
            return none;
        }
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

async fn ask(transport: &Transport, url: &Url) -> Result<Option<Service>> {
    let Ok(place) = url.join(DOCUMENT) else { return Ok(None) };
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
    let models = url.join(&document.models).ok().filter(|models| models.origin() == url.origin());
    let (1, Some(mut models)) = (document.modelport, models) else { return Ok(None) };
    models.set_query(None);
    models.set_fragment(None);
    let path = models.path().trim_end_matches('/').to_owned();
    models.set_path(&path);
    Ok(Some(Service { models, operations: document.operations }))
}

fn known(url: &Url) -> Option<Option<Arc<Service>>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.as_ref()?.get(&origin(url)).cloned()
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::Service;
    use crate::platform::Url;

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
