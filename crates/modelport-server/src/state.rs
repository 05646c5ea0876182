//! What the requests of one server share.

use io_core::{HandlerOptions, IOHandler, ModelStore, ModelUrl, Registry, Result, WriteMode};

use crate::{ModelName, ServerOptions, uploads::Uploads, versions::Versions};

/// One server: a store and how it is used.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) registry: Registry,
    pub(crate) root: ModelUrl,
    pub(crate) options: ServerOptions,
    pub(crate) versions: Versions,
    pub(crate) uploads: Uploads,
}

impl Server {
    /// # Errors
    ///
    /// What the registry says of the root.
    pub(crate) fn new(registry: Registry, root: ModelUrl, options: ServerOptions) -> Result<Self> {
        let uploads = Uploads::new(options.limits.uploads);
        let server = Self { registry, root, options, versions: Versions::default(), uploads };
        server.store()?;
        Ok(server)
    }

    /// The store of all models.
    pub(crate) fn store(&self) -> Result<Box<dyn ModelStore>> {
        self.registry.store(&self.root, &self.options.handler)
    }

    /// The handler of one model.
    pub(crate) fn handler(&self, name: &ModelName, mode: WriteMode) -> Result<Box<dyn IOHandler>> {
        self.registry.handler(&self.url(name)?, &self.with_mode(mode))
    }

    pub(crate) fn with_mode(&self, mode: WriteMode) -> HandlerOptions {
        self.options.handler.clone().with_write_mode(mode)
    }

    /// The URL of a model in the store.
    pub(crate) fn url(&self, name: &ModelName) -> Result<ModelUrl> {
        let root = self.root.rest();
        let slash = if root.is_empty() || root.ends_with('/') { "" } else { "/" };
        ModelUrl::new(self.root.scheme(), &format!("{root}{slash}{name}"))
    }

    /// The name of a model that the store lists; `None` for one that cannot be asked for here.
    pub(crate) fn name(&self, url: &ModelUrl) -> Option<ModelName> {
        let root = self.root.rest().trim_end_matches('/');
        let rest = url.rest().strip_prefix(root)?;
        let name = if root.is_empty() { rest } else { rest.strip_prefix('/')? };
        ModelName::parse(name.trim_start_matches('/')).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Server;
    use crate::{ModelName, ServerOptions};
    use io_core::{ModelUrl, Registry};

    #[test]
    fn names_and_urls_belong_together() {
        for (root, url) in [
            ("memory://", "memory://a/b"),
            ("memory://x", "memory://x/a/b"),
            ("memory:///x/", "memory:///x/a/b"),
            ("memory:///", "memory:///a/b"),
        ] {
            let registry = Registry::collect(&[], &[]).unwrap();
            let root = ModelUrl::parse(root).unwrap();
            let server = Server::new(registry, root, ServerOptions::new()).unwrap();
            let name = ModelName::parse("a/b").unwrap();
            let found = server.url(&name).unwrap();
            assert_eq!(found.as_str(), url);
            assert_eq!(server.name(&found), Some(name));
        }
    }
}
