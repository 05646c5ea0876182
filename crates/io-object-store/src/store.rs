//! The models under a prefix.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelEntry, ModelList, ModelStore, ModelUrl, Operation,
    Result, SaveResult,
};
use object_store::{ObjectMeta, ObjectStore, path::Path};
use tokio::sync::mpsc;

use crate::{
    ObjectStoreOptions,
    error::{failed, replaced, shown},
    gc::Unfinished,
    listing::{self, Listed, Listing},
    location::{Base, Location},
    objects::{self, Store},
    references, runtime,
    snapshot::{Look, Snapshot},
    transfer::{self, Removed, Transfer},
};

/// How often a removal starts again because somebody replaced the model.
const MAX_TRIES: usize = 16;

/// How many models of a list are looked at ahead of the caller.
const AHEAD: usize = 16;

/// The models under a prefix of an object store, at any depth: the prefixes that have a
/// `model.json`, and other JSON objects that are models.
///
/// Sizes and dates of models that were saved by this crate are read from the list itself; for others
/// there is a request for each.
#[derive(Clone, Debug)]
pub struct ObjectModelStore {
    pub(crate) store: Store,
    pub(crate) url: ModelUrl,
    pub(crate) base: Base,
    pub(crate) root: Path,
    pub(crate) options: HandlerOptions,
    pub(crate) objects: ObjectStoreOptions,
    pub(crate) unfinished: Option<Unfinished>,
}

impl ObjectModelStore {
    /// The models under `url` in any store, with the settings of [`ObjectStoreOptions`] in
    /// `options`. `base` is what the URLs of this store begin with, such as `s3://bucket`: after it
    /// and a slash comes the key.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: `url` does not begin with `base`, or no object can have such a key.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        url: ModelUrl,
        base: &ModelUrl,
        options: HandlerOptions,
    ) -> Result<Self> {
        let objects = ObjectStoreOptions::from_settings(&options)?;
        let base = Base::new(base.scheme(), base.rest());
        Self::with_options(Store(store), url, base, options, objects)
    }

    pub(crate) fn with_options(
        store: Store,
        url: ModelUrl,
        base: Base,
        options: HandlerOptions,
        objects: ObjectStoreOptions,
    ) -> Result<Self> {
        let key = base.key(&url)?.to_owned();
        // A prefix may be called `x.json`: what is under it counts.
        let root = match key.as_str() {
            "" => Path::ROOT,
            key if key.ends_with('/') => Location::new(key)?.directory,
            key => Location::new(&format!("{key}/"))?.directory,
        };
        Ok(Self { store, url, base, root, options, objects, unfinished: None })
    }

    pub(crate) fn locate(&self, model: &ModelUrl) -> Result<Location> {
        Location::new(self.base.key(model)?)
    }

    async fn look(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (store, location) = (self.store.clone(), self.locate(model)?);
        let open = async move { Snapshot::open(&store, &location, Look::Lengths).await };
        let snapshot = runtime::spawn(open)?.await??;
        Ok(ModelEntry::new(model.clone(), snapshot.info()?).with_version(snapshot.version()))
    }

    async fn remove_model(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (store, location) = (self.store.clone(), self.locate(model)?);
        // Once begun it goes on to its end: a model without all of its parts helps nobody.
        let (waiting, given_up) = mpsc::channel::<()>(1);
        let removed = runtime::spawn_detached(async move {
            for _ in 0..MAX_TRIES {
                let snapshot = Snapshot::open(&store, &location, Look::Remains).await?;
                let info = snapshot.info()?;
                if given_up.is_closed() {
                    return Err(Error::new(ErrorKind::Cancelled, "it was given up"));
                }
                match transfer::remove(&store, &location, &snapshot.json).await? {
                    Removed::Yes(left) => return Ok((info, left)),
                    // A save was first: its model is the one to remove, with its own parts.
                    Removed::Replaced => {}
                }
            }
            Err(replaced())
        })?;
        let (info, left) = removed.await??;
        drop(waiting);
        let warnings = left.map(|left| left.warning()).into_iter().collect();
        Ok(ModelEntry::new(model.clone(), info).with_warnings(warnings))
    }

    async fn put_again(&self, from: &ModelUrl, to: &ModelUrl, instead: bool) -> Result<SaveResult> {
        let transfer = Transfer {
            store: self.store.clone(),
            from: self.locate(from)?,
            to: self.locate(to)?,
            mode: self.options.write_mode,
            options: self.objects.clone(),
            progress: self.options.progress.clone(),
            url: from.clone(),
        };
        // When this future is dropped, so is the sender, and what was copied is taken back.
        let (waiting, given_up) = mpsc::channel(1);
        let (info, warnings) = runtime::spawn_detached(transfer.run(instead, given_up))?.await??;
        drop(waiting);
        Ok(SaveResult::new(to.clone(), info).with_warnings(warnings))
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
#[deny(clippy::missing_trait_methods)]
impl ModelStore for ObjectModelStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let own = self.clone();
        let url = self.url.clone();
        let context = move |error: Error| error.with_context(Operation::List, &url);
        // Nothing is asked for before the stream is polled; dropping it ends the task.
        let start = move || -> ModelList {
            match runtime::spawn(own.send_entries(sender)) {
                Ok(task) => {
                    Box::pin(stream::unfold((receiver, task), |(mut receiver, task)| async {
                        Some((receiver.recv().await?, (receiver, task)))
                    }))
                }
                Err(error) => Box::pin(stream::iter([Err(error)])),
            }
        };
        let started = stream::once(async move { start() }).flatten();
        Box::pin(started.map(move |entry| entry.map_err(&context)))
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let found = self.look(model).await;
        found.map_err(|error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let removed = self.remove_model(model).await;
        removed.map_err(|error| error.with_context(Operation::Remove, model))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.put_again(from, to, false).await;
        copied.map_err(|error| error.with_context(Operation::Copy, from))
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let renamed = self.put_again(from, to, true).await;
        renamed.map_err(|error| error.with_context(Operation::Move, from))
    }
}

impl ObjectModelStore {
    async fn send_entries(self, sender: mpsc::Sender<Result<ModelEntry>>) {
        let root = (!self.root.is_root()).then_some(&self.root);
        let what = format!("cannot list `{}`", shown(&self.root));
        let objects = self.store.list(root).map(Some).chain(stream::iter([None]));
        let listed = objects.scan(Listing::default(), |listing, object| {
            let found: Vec<Result<Listed>> = match object {
                Some(Ok(meta)) => listing.push(meta).into_iter().map(Ok).collect(),
                Some(Err(error)) => vec![Err(failed(what.clone(), &error))],
                None => listing.finish().into_iter().map(Ok).collect(),
            };
            std::future::ready(Some(stream::iter(found)))
        });
        let entries = listed.flatten().map(|found| self.entry(found)).buffered(AHEAD);
        let mut entries = std::pin::pin!(entries);
        while let Some(entry) = entries.next().await {
            if let Some(entry) = entry.transpose()
                && sender.send(entry).await.is_err()
            {
                return;
            }
        }
    }

    /// The model with this JSON object; `None` when it is none, or was removed since it was listed.
    async fn entry(&self, found: Result<Listed>) -> Result<Option<ModelEntry>> {
        let Listed { json, info } = found?;
        let key = &json.location;
        let directory = key.parent().unwrap_or_default();
        let is_named = listing::is_named_model(key);
        let url = self.base.url(if is_named { &directory } else { key })?;
        if let Some(info) = info {
            return Ok(Some(ModelEntry::new(url, info)));
        }
        // A corrupt model is named, not only the place that is listed.
        let context = {
            let url = url.clone();
            move |error: Error| error.with_context(Operation::List, &url)
        };
        self.entry_read(json, url).await.map_err(context)
    }

    /// The same, read from its objects.
    async fn entry_read(&self, json: ObjectMeta, url: ModelUrl) -> Result<Option<ModelEntry>> {
        let key = &json.location;
        let directory = key.parent().unwrap_or_default();
        let name = key.filename().unwrap_or_default().to_owned();
        let is_named = listing::is_named_model(key);
        // `model.json` is a model, if perhaps a damaged one; another object is one if it reads as
        // one.
        if !is_named && !references::is_model(&self.store, &json).await? {
            return Ok(None);
        }
        let location = Location { directory, name };
        match Snapshot::open(&self.store, &location, Look::Lengths).await {
            Ok(snapshot) => {
                let info = snapshot.info()?;
                Ok(Some(ModelEntry::new(url, info).with_version(snapshot.version())))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match objects::head(&self.store, key).await? {
                    // It is there: one of its parts is not.
                    Some(_) => Err(error),
                    None => Ok(None),
                }
            }
            Err(error) => Err(error),
        }
    }
}
