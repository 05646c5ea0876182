//! Stores that are slow, and that refuse.
#![allow(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use io_core::{
    Capabilities, DType, Error, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts,
    ModelArtifactsInfo, ModelEntry, ModelList, ModelStore, ModelUrl, Operation, Registration,
    Registry, Result, SaveResult, WeightSource, WeightSpec, WeightStream, Weights,
};
use support::Site;
use tokio::sync::Semaphore;

static SLOW: Registration = Registration {
    name: "slow",
    krate: "tests",
    schemes: &["slow"],
    capabilities: Capabilities::NONE.load().list(),
    open: |url, _: &HandlerOptions| Ok(Box::new(Slow(url.clone()))),
    store: Some(|url, _: &HandlerOptions| Ok(Box::new(Slow(url.clone())))),
};

/// How often somebody began to read the weights, and how often it may be done.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
static MAY_END: Semaphore = Semaphore::const_new(0);

/// A store of one model whose weights come when the test lets them. Its list begins with what may not
/// be read, and the model is in it unless the store is that of `closed`.
#[derive(Clone, Debug)]
struct Slow(ModelUrl);

fn artifacts() -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"a":1}"#).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [1], DType::Float32)]),
        weight_data: Some(Weights::from_source(SlowWeights)),
        ..Default::default()
    }
}

#[async_trait]
impl IOHandler for Slow {
    fn url(&self) -> &ModelUrl {
        &self.0
    }

    fn capabilities(&self) -> Capabilities {
        SLOW.capabilities
    }

    async fn save(&self, _: ModelArtifacts) -> Result<SaveResult> {
        Err(Error::unsupported("slow", Operation::Save))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        Ok(artifacts())
    }
}

#[async_trait]
impl ModelStore for Slow {
    fn url(&self) -> &ModelUrl {
        &self.0
    }

    fn list(&self) -> ModelList {
        let refused = Error::new(ErrorKind::PermissionDenied, "no");
        let info = ModelArtifactsInfo::new(&artifacts(), SystemTime::UNIX_EPOCH).unwrap();
        let model = ModelEntry::new(ModelUrl::parse("slow://m").unwrap(), info);
        let open = (self.0.rest() != "closed").then_some(Ok(model));
        stream::iter(std::iter::once(Err(refused)).chain(open)).boxed()
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let info = ModelArtifactsInfo::new(&artifacts(), SystemTime::UNIX_EPOCH)?;
        Ok(ModelEntry::new(model.clone(), info))
    }

    async fn remove(&self, _: &ModelUrl) -> Result<ModelEntry> {
        panic!("a header value is not valid: SECRET")
    }
}

#[derive(Debug)]
struct SlowWeights;

impl WeightSource for SlowWeights {
    fn byte_length(&self) -> u64 {
        4
    }

    fn stream(&self, _: Range<u64>) -> WeightStream {
        let bytes = async {
            BEGUN.fetch_add(1, Ordering::SeqCst);
            MAY_END.acquire().await.unwrap().forget();
            Ok(Bytes::from_static(b"abcd"))
        };
        stream::once(bytes).boxed()
    }
}

#[test]
fn what_may_not_be_read_hides_no_other_model() {
    let list = |root: &str| {
        let mut registry = Registry::empty();
        registry.add(&SLOW).unwrap();
        Site::of(root, registry).get("/models")
    };
    let listed = list("slow://").json();
    assert_eq!(listed["models"][0]["name"], "m", "{listed}");
    let closed = list("slow://closed");
    assert_eq!((closed.status, closed.kind().as_str()), (500, "PermissionDenied"));
}

#[test]
fn a_panic_of_a_store_ends_one_request_and_no_more() {
    let mut registry = Registry::empty();
    registry.add(&SLOW).unwrap();
    let site = Site::of("slow://", registry);
    let reply = site.send("DELETE", "/models/m", &[], &[]);
    assert_eq!((reply.status, reply.kind().as_str()), (500, "Unexpected"));
    let body = String::from_utf8(reply.body).unwrap();
    assert!(!body.contains("SECRET"), "{body}");
    assert_eq!(site.get("/models").status, 200);
}

/// Else a model that takes longer to read than clients wait could never be loaded.
#[test]
fn what_was_read_for_a_client_that_gave_up_is_there_for_the_next() {
    let mut registry = Registry::empty();
    registry.add(&SLOW).unwrap();
    let site = Site::of("slow://", registry);
    let mut impatient = site.connect();
    let request = b"GET /models/m/model.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::io::Write::write_all(&mut impatient, request).unwrap();
    let start = Instant::now();
    while BEGUN.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(10));
    }
    drop(impatient);
    thread::sleep(Duration::from_millis(300));
    MAY_END.add_permits(1);
    assert_eq!(site.get("/models/m/model.json").status, 200);
    assert_eq!(BEGUN.load(Ordering::SeqCst), 1);
}

static DATED: Registration = Registration {
    name: "dated",
    krate: "tests",
    schemes: &["dated"],
    capabilities: Capabilities::NONE.load(),
    open: |url, _: &HandlerOptions| Ok(Box::new(Dated(url.clone()))),
    store: Some(|url, _: &HandlerOptions| Ok(Box::new(Dated(url.clone())))),
};

/// How often the model was saved.
static SAVES: AtomicUsize = AtomicUsize::new(1);

/// A store of one model, each version of which has the same sizes and the same date, which is far in
/// the past of the server's clock.
#[derive(Clone, Debug)]
struct Dated(ModelUrl);

fn saved() -> ModelArtifacts {
    let topology = format!(r#"{{"save":{}}}"#, SAVES.load(Ordering::SeqCst));
    ModelArtifacts { model_topology: Some(Json::parse(&topology).unwrap()), ..Default::default() }
}

#[async_trait]
impl IOHandler for Dated {
    fn url(&self) -> &ModelUrl {
        &self.0
    }

    fn capabilities(&self) -> Capabilities {
        DATED.capabilities
    }

    async fn save(&self, _: ModelArtifacts) -> Result<SaveResult> {
        Err(Error::unsupported("dated", Operation::Save))
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        Ok(saved())
    }
}

#[async_trait]
impl ModelStore for Dated {
    fn url(&self) -> &ModelUrl {
        &self.0
    }

    fn list(&self) -> ModelList {
        stream::empty().boxed()
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let info = ModelArtifactsInfo::new(&saved(), SystemTime::UNIX_EPOCH)?;
        let version = format!("\"{}\"", SAVES.load(Ordering::SeqCst));
        Ok(ModelEntry::new(model.clone(), info).with_version(Some(version)))
    }

    async fn remove(&self, _: &ModelUrl) -> Result<ModelEntry> {
        Err(Error::unsupported("dated", Operation::Remove))
    }
}

#[test]
fn version_of_the_store_decides_not_the_clock() {
    let mut registry = Registry::empty();
    registry.add(&DATED).unwrap();
    let site = Site::of("dated://", registry);
    for save in [1, 2, 3] {
        SAVES.store(save, Ordering::SeqCst);
        let topology = site.get("/models/m/model.json").json()["modelTopology"].clone();
        assert_eq!(topology["save"], save);
    }
}
