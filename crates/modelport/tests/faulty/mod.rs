//! Handlers over `memory://` that each have one fault, named by their scheme.

use async_trait::async_trait;
use futures::executor::block_on;
use modelport::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelEntry,
    ModelList, ModelStore, ModelUrl, Operation, Registration, Registry, Result, SaveResult,
    WeightSpec, Weights, memory,
};

const BOTH: Capabilities = Capabilities::NONE.load().save();
const STORE: Capabilities = BOTH.list().remove();

static REGISTRATIONS: [Registration; 15] = [
    entry(&["broken"], BOTH),
    entry(&["stalled"], BOTH),
    entry(&["liar"], BOTH),
    entry(&["short"], BOTH),
    entry(&["dropper"], BOTH),
    entry(&["forgetful"], BOTH),
    entry(&["write-only"], Capabilities::NONE.save()),
    entry(&["read-only"], Capabilities::NONE.load()),
    entry(&["no-store"], BOTH),
    entry(&["no-remove"], BOTH.list()),
    entry(&["stuck"], STORE),
    entry(&["changing"], STORE),
    entry(&["alias", "alias2"], STORE),
    entry(&["plain"], STORE),
    entry(&["half"], STORE.copy().rename()),
];

const fn entry(schemes: &'static [&'static str], capabilities: Capabilities) -> Registration {
    let store = if capabilities.list { Some(open_store as _) } else { None };
    Registration { name: "faulty", krate: "faulty", schemes, capabilities, open, store }
}

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::empty();
    registry.add(&memory::REGISTRATION).unwrap();
    REGISTRATIONS.iter().for_each(|entry| registry.add(entry).unwrap());
    registry
}

pub(crate) fn url(text: &str) -> ModelUrl {
    ModelUrl::parse(text).unwrap()
}

/// Saves a small model at a `memory://` URL.
pub(crate) fn put(at: &str) -> ModelArtifacts {
    let model = ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"a": 1.0}"#).unwrap()),
        converted_by: Some(Json::parse("null").unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [2], modelport::DType::Float32)]),
        weight_data: Some(Weights::from(b"abcdefgh".to_vec())),
        extra: vec![("own".into(), Json::from("key"))],
        ..ModelArtifacts::default()
    };
    block_on(inner(&url(at), &HandlerOptions::new()).unwrap().save(model.clone())).unwrap();
    model
}

pub(crate) fn exists(at: &str) -> bool {
    block_on(inner(&url(at), &HandlerOptions::new()).unwrap().load()).is_ok()
}

/// The `memory://` handler behind any of the schemes.
fn inner(url: &ModelUrl, options: &HandlerOptions) -> Result<memory::MemoryHandler> {
    memory::MemoryHandler::new(behind(url), options.clone())
}

fn behind(url: &ModelUrl) -> ModelUrl {
    ModelUrl::new("memory", url.rest()).unwrap()
}

fn open(url: &ModelUrl, options: &HandlerOptions) -> Result<Box<dyn IOHandler>> {
    Ok(Box::new(Faulty { url: url.clone(), inner: inner(url, options)? }))
}

fn open_store(url: &ModelUrl, options: &HandlerOptions) -> Result<Box<dyn ModelStore>> {
    let open = memory::REGISTRATION.store.unwrap();
    Ok(Box::new(FaultyStore { url: url.clone(), inner: open(&behind(url), options)? }))
}

#[derive(Debug)]
struct Faulty {
    url: ModelUrl,
    inner: memory::MemoryHandler,
}

#[async_trait]
impl IOHandler for Faulty {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn capabilities(&self) -> Capabilities {
        let of_scheme = |entry: &&Registration| entry.schemes.contains(&self.url.scheme());
        REGISTRATIONS.iter().find(of_scheme).unwrap().capabilities
    }

    async fn save(&self, mut model: ModelArtifacts) -> Result<SaveResult> {
        let context = |error: Error| error.with_context(Operation::Save, &self.url);
        match self.url.scheme() {
            "broken" => {
                return Err(context(Error::new(ErrorKind::Network, "the line went dead")));
            }
            "stalled" => {
                use futures::StreamExt as _;
                let _ = model.weight_data.unwrap().stream().next().await;
                let full = ErrorKind::QuotaExceeded { needed: None, available: None };
                return Err(context(Error::new(full, "the place is full")));
            }
            "liar" => {
                let _ = model.weight_data.unwrap().to_bytes().await?;
                model.weight_data = Some(Weights::from(b"abcdefgX".to_vec()));
            }
            "short" => model.weight_data = Some(Weights::from(b"abc".to_vec())),
            "dropper" => model.extra.clear(),
            "forgetful" => {
                return Ok(SaveResult::new(self.url.clone(), model.info()?));
            }
            _ => {}
        }
        self.inner.save(model).await
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        if self.url.scheme() == "changing" {
            let loaded = self.inner.load().await?;
            std::thread::sleep(std::time::Duration::from_millis(5));
            self.inner.save(loaded.clone()).await?;
            return Ok(loaded);
        }
        self.inner.load().await
    }
}

#[derive(Debug)]
struct FaultyStore {
    url: ModelUrl,
    inner: Box<dyn ModelStore>,
}

#[async_trait]
impl ModelStore for FaultyStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        self.inner.list()
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        self.inner.stat(&behind(model)).await
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        if self.url.scheme() == "stuck" {
            return Err(Error::new(ErrorKind::PermissionDenied, "the place is read-only")
                .with_context(Operation::Remove, model));
        }
        self.inner.remove(&behind(model)).await
    }
}
