//! `memory://` inside a wrapper that may have a bug.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future, stream};
use io_core::{
    Capabilities, Error, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelEntry,
    ModelList, ModelStore, ModelUrl, Operation, ProgressMeter, Registration, Result, SaveResult,
    WeightSource, WeightStream, Weights, WriteMode, memory,
};

macro_rules! bugs {
    ($($bug:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Bug { $($bug),+ }

        impl Bug {
            pub(crate) fn registration(self) -> &'static Registration {
                match self {$(
                    Self::$bug => {
                        static REGISTRATION: Registration = Registration {
                            name: stringify!($bug),
                            krate: "io-conformance",
                            schemes: &["memory"],
                            capabilities: Bug::$bug.claims(),
                            open: |url, options| Ok(Box::new(Handler::new(Bug::$bug, url, options)?)),
                            store: Some(|url, options| Ok(Box::new(Store::new(Bug::$bug, url, options)?))),
                        };
                        &REGISTRATION
                    }
                )+}
            }
        }
    };
}

bugs! {
    None, DropsUnknownKeys, LosesNulls, Respells, SwapsParts, CutsLastByte, SavesNothing,
    EmptySpecs, SwallowsStreamError, RemovesFirst, ShowsHalf, ClaimsStream, ClaimsRename,
    RefusesInOtherWords, ProgressStopsShort, ProgressJumps, ListLeaks, RemoveLeaves, RemoveTakesBelow,
    RemoveTellsNothing, CreateOverwrites, CreateLooksFirst, IgnoresSettings, LazyWeights,
    StreamsOnce, IgnoresRange, TellsOtherChecksum, RenameRemovesFirst, CopyTakesWeights, TellsSecrets, HidesOperation,
    RemovesLate, MissesReplaced,
}

impl Bug {
    const fn claims(self) -> Capabilities {
        let claims = Capabilities::NONE.load().save().list().remove().copy().create();
        match self {
            Self::ClaimsStream => claims.rename().stream(),
            Self::RefusesInOtherWords => claims,
            _ => claims.rename(),
        }
    }
}

/// The handler inside, and its options.
fn inside(url: &ModelUrl, options: &HandlerOptions) -> Result<Box<dyn IOHandler>> {
    (memory::REGISTRATION.open)(url, options)
}

fn inside_store(url: &ModelUrl, options: &HandlerOptions) -> Result<Box<dyn ModelStore>> {
    match memory::REGISTRATION.store {
        Some(open) => open(url, options),
        None => Err(Error::unsupported("memory", Operation::List)),
    }
}

/// The store of all models of this process.
fn everything() -> Result<Box<dyn ModelStore>> {
    inside_store(&ModelUrl::new("memory", "")?, &HandlerOptions::new())
}

#[derive(Debug)]
struct Handler {
    bug: Bug,
    inner: Box<dyn IOHandler>,
    options: HandlerOptions,
}

impl Handler {
    fn new(bug: Bug, url: &ModelUrl, options: &HandlerOptions) -> Result<Self> {
        let mut changed = options.clone();
        match bug {
            Bug::CreateOverwrites | Bug::CreateLooksFirst => {
                changed.write_mode = WriteMode::Replace
            }
            Bug::ProgressStopsShort | Bug::ProgressJumps => changed.progress = None,
            Bug::IgnoresSettings => changed.settings.clear(),
            _ => {}
        }
        Ok(Self { bug, inner: inside(url, &changed)?, options: options.clone() })
    }

    fn store(&self) -> Result<Box<dyn ModelStore>> {
        everything()
    }

    async fn whole(model: &ModelArtifacts) -> Result<Bytes> {
        match &model.weight_data {
            Some(weights) => weights.to_bytes().await,
            None => Ok(Bytes::new()),
        }
    }
}

#[async_trait]
impl IOHandler for Handler {
    fn url(&self) -> &ModelUrl {
        self.inner.url()
    }

    fn capabilities(&self) -> Capabilities {
        self.bug.claims()
    }

    async fn save(&self, mut model: ModelArtifacts) -> Result<SaveResult> {
        let total = model.weight_data_bytes();
        match self.bug {
            Bug::DropsUnknownKeys => model.extra.clear(),
            Bug::LosesNulls => {
                model.converted_by = model.converted_by.filter(|value| !value.is_null());
                model.generated_by = model.generated_by.filter(|value| !value.is_null());
            }
            Bug::SwapsParts => {
                let parts = model.weight_data.as_ref().and_then(Weights::parts);
                if let Some(mut parts) = parts.map(<[Bytes]>::to_vec).filter(|all| all.len() > 2) {
                    parts.swap(1, 2);
                    parts.reverse();
                    model.weight_data = Some(Weights::from_parts(parts));
                }
            }
            Bug::SavesNothing => {
                Self::whole(&model).await?;
                return Ok(SaveResult::new(self.url().clone(), model.info()?));
            }
            Bug::EmptySpecs => {
                model.weight_specs.get_or_insert_default();
                model.weight_data.get_or_insert_with(|| Weights::from_parts([]));
            }
            Bug::SwallowsStreamError => {
                if let Some(weights) = &model.weight_data {
                    let came = weights.stream().take_while(|item| future::ready(item.is_ok()));
                    let parts: Vec<Bytes> = came.try_collect().await?;
                    model.weight_data = Some(Weights::from_parts(parts));
                }
            }
            Bug::RemovesFirst => drop(self.store()?.remove(self.url()).await),
            Bug::RemovesLate => {
                for _ in 0..100 {
                    pause().await;
                }
                drop(self.store()?.remove(self.url()).await);
                pause().await;
            }
            Bug::ShowsHalf => {
                let half = ModelArtifacts { weight_data: None, ..model.clone() };
                self.inner.save(half).await?;
            }
            Bug::CreateLooksFirst => {
                let there = self.inner.load().await.is_ok();
                if self.options.write_mode == WriteMode::Create && there {
                    return Err(Error::new(ErrorKind::AlreadyExists, "it is there")
                        .with_context(Operation::Save, self.url()));
                }
            }
            Bug::ProgressJumps => {
                ProgressMeter::new(self.options.progress.clone(), total).add(total);
            }
            Bug::HidesOperation => {
                let saved = self.inner.save(model).await;
                return saved.map_err(|error| Error::new(error.kind(), "it did not work"));
            }
            _ => {}
        }
        let saved = self.inner.save(model).await?;
        if self.bug == Bug::ProgressStopsShort {
            ProgressMeter::new(self.options.progress.clone(), total).add(total.saturating_sub(1));
        }
        Ok(saved)
    }

    async fn load(&self) -> Result<ModelArtifacts> {
        let loaded = self.inner.load().await;
        let mut model = match self.bug {
            Bug::TellsSecrets => loaded
                .map_err(|error| Error::new(error.kind(), format!("no {}", self.url().as_str())))?,
            _ => loaded?,
        };
        let whole = Self::whole(&model).await?;
        let source = match self.bug {
            Bug::Respells => {
                let respell = |json: Json| Json::parse(&json.to_js_string()?);
                model.model_topology = model.model_topology.map(respell).transpose()?;
                return Ok(model);
            }
            Bug::CutsLastByte if !whole.is_empty() => {
                model.weight_data = Some(whole.slice(..whole.len() - 1).into());
                return Ok(model);
            }
            Bug::LazyWeights => Source::Lazy(self.url().clone(), whole.len() as u64),
            Bug::MissesReplaced => Source::Unchanged(self.url().clone(), whole),
            Bug::StreamsOnce => Source::Once(whole, Default::default()),
            Bug::IgnoresRange => Source::FromStart(whole),
            Bug::TellsOtherChecksum => Source::Summed(whole),
            _ => return Ok(model),
        };
        model.weight_data = model.weight_data.map(|_| Weights::from_source(source));
        Ok(model)
    }
}

/// Weights that are not what was loaded.
#[derive(Debug)]
enum Source {
    /// Looks for the model when it is read.
    Lazy(ModelUrl, u64),
    /// Gives the bytes while they are in the model that is there.
    Unchanged(ModelUrl, Bytes),
    Once(Bytes, std::sync::atomic::AtomicBool),
    FromStart(Bytes),
    Summed(Bytes),
}

impl WeightSource for Source {
    fn byte_length(&self) -> u64 {
        match self {
            Self::Lazy(_, length) => *length,
            Self::Unchanged(_, bytes)
            | Self::Once(bytes, _)
            | Self::FromStart(bytes)
            | Self::Summed(bytes) => bytes.len() as u64,
        }
    }

    fn crc64nvme(&self) -> Option<u64> {
        matches!(self, Self::Summed(_)).then_some(0)
    }

    fn stream(&self, range: std::ops::Range<u64>) -> WeightStream {
        let (from, to) = (index(range.start), index(range.end));
        let bytes = match self {
            Self::Lazy(url, _) => {
                let url = url.clone();
                return Box::pin(stream::once(async move {
                    let model = inside(&url, &HandlerOptions::new())?.load().await?;
                    let whole = Handler::whole(&model).await?;
                    Ok(whole.slice(from.min(whole.len())..to.min(whole.len())))
                }));
            }
            Self::Unchanged(url, bytes) => {
                let (url, bytes) = (url.clone(), bytes.clone());
                return Box::pin(stream::once(async move {
                    let model = inside(&url, &HandlerOptions::new())?.load().await?;
                    if Handler::whole(&model).await? != bytes {
                        return Err(Error::new(ErrorKind::NotFound, "the weights are gone"));
                    }
                    Ok(bytes.slice(from..to))
                }));
            }
            Self::Once(_, used) if used.swap(true, std::sync::atomic::Ordering::SeqCst) => {
                Bytes::new()
            }
            Self::Once(bytes, _) | Self::Summed(bytes) => bytes.slice(from..to),
            Self::FromStart(bytes) => bytes.slice(..to - from),
        };
        Box::pin(stream::iter([Ok(bytes)]))
    }
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Lets the caller give up here.
async fn pause() {
    let mut paused = false;
    future::poll_fn(move |task| {
        if std::mem::replace(&mut paused, true) {
            return std::task::Poll::Ready(());
        }
        task.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await
}

#[derive(Debug)]
struct Store {
    bug: Bug,
    inner: Box<dyn ModelStore>,
}

impl Store {
    fn new(bug: Bug, url: &ModelUrl, options: &HandlerOptions) -> Result<Self> {
        Ok(Self { bug, inner: inside_store(url, options)? })
    }
}

#[async_trait]
impl ModelStore for Store {
    fn url(&self) -> &ModelUrl {
        self.inner.url()
    }

    fn list(&self) -> ModelList {
        if self.bug != Bug::ListLeaks {
            return self.inner.list();
        }
        let root = self.url().rest().to_owned();
        let all = match everything() {
            Ok(store) => store.list(),
            Err(error) => Box::pin(stream::iter([Err(error)])),
        };
        Box::pin(all.try_filter(move |entry| future::ready(entry.url.rest().starts_with(&root))))
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        self.inner.stat(model).await
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        match self.bug {
            Bug::RemoveLeaves => return self.inner.stat(model).await,
            Bug::RemoveTakesBelow => {
                let below: Vec<_> =
                    inside_store(model, &HandlerOptions::new())?.list().try_collect().await?;
                for entry in below.iter().filter(|entry| entry.url != *model) {
                    self.inner.remove(&entry.url).await?;
                }
            }
            Bug::RemoveTellsNothing => {
                let nothing = ModelArtifacts::default().info()?;
                self.inner.remove(model).await?;
                return Ok(ModelEntry::new(model.clone(), nothing));
            }
            _ => {}
        }
        self.inner.remove(model).await
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.inner.copy(from, to).await?;
        if self.bug == Bug::CopyTakesWeights {
            let original = inside(from, &HandlerOptions::new())?;
            let model = original.load().await?;
            original
                .save(ModelArtifacts { weight_data: None, weight_specs: None, ..model })
                .await?;
        }
        Ok(copied)
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        match self.bug {
            Bug::ClaimsRename => return Err(Error::unsupported("memory", Operation::Move)),
            Bug::RefusesInOtherWords => {
                return Err(Error::new(ErrorKind::Unexpected, "not here"));
            }
            Bug::RenameRemovesFirst => {
                let model = inside(from, &HandlerOptions::new())?
                    .load()
                    .await
                    .map_err(|error| Error::new(error.kind(), "there is no such model"))?;
                self.inner.remove(from).await?;
                pause().await;
                return inside(to, &HandlerOptions::new())?.save(model).await;
            }
            _ => {}
        }
        self.inner.rename(from, to).await
    }
}
