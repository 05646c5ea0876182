//! Copies and renames inside a store: the weights never pass through the caller.

use std::sync::Arc;

use futures::{StreamExt, stream};
use io_core::{BoxFuture, Error, ModelArtifactsInfo, ProgressMeter, Result, Weights, WriteMode};
use io_manifest::{FileIntegrity, KeyOrder, WeightFileRef, plan_shards, write_model_json};
use object_store::{ObjectStoreExt, path::Path};
use tokio::sync::mpsc;

use crate::{
    ObjectStoreOptions,
    cutter::{cut, part_bytes},
    error::{is_missing, on, replaced, shown},
    left::Left,
    location::Location,
    names,
    objects::{self, Json, Store},
    publish::{Failed, Publish},
    references,
    snapshot::{self, Look, Snapshot, WeightObject},
    source::ObjectWeights,
    upload::{Line, Object, Upload},
};

/// The largest object that S3 copies in one request; a larger one goes through here, in parts.
const MAX_COPY_BYTES: u64 = 5 << 30;

/// One copy from place to place in a store.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) store: Store,
    pub(crate) from: Location,
    pub(crate) to: Location,
    pub(crate) mode: WriteMode,
    pub(crate) options: ObjectStoreOptions,
    pub(crate) progress: Option<io_core::ProgressCallback>,
    pub(crate) url: io_core::ModelUrl,
}

impl Transfer {
    /// Copies, or with `and_remove` renames, and gives what the caller should know. `given_up` is
    /// closed when nobody waits any more.
    ///
    /// # Errors
    ///
    /// Those of a load and of a save; `Conflict` when the source was replaced meanwhile.
    pub(crate) async fn run(
        self,
        and_remove: bool,
        given_up: mpsc::Receiver<()>,
    ) -> Result<(ModelArtifactsInfo, Vec<String>)> {
        let source = Snapshot::open(&self.store, &self.from, Look::Whole).await?;
        let mut info = source.info()?;
        if self.from == self.to {
            return Ok((info, Vec::new()));
        }
        let publish = Publish::prepare(
            self.store.clone(),
            self.to.clone(),
            self.mode,
            self.options.on_conflict,
        )
        .await?;
        let mut copied = Vec::new();
        let done = self.copy(&source, publish, &mut copied, || given_up.is_closed()).await;
        let mut warnings = match done {
            Ok(warnings) => warnings,
            Err(failed) if failed.perhaps_published => return Err(failed.error),
            Err(failed) => {
                let left = objects::remove_all(&self.store, copied).await;
                return Err(Left::add_to(left.as_ref(), failed.error));
            }
        };
        if and_remove {
            warnings.extend(self.remove_source(&source).await?);
        } else {
            info.date_saved = io_core::now();
        }
        Ok((info, warnings))
    }

    async fn copy(
        &self,
        source: &Snapshot,
        mut publish: Publish,
        copied: &mut Vec<Path>,
        is_given_up: impl Fn() -> bool + Send + Sync,
    ) -> Result<Vec<String>, Failed> {
        let meter = ProgressMeter::new(self.progress.clone(), source.byte_length());
        let names = self.names(source)?;
        let keys: Vec<Path> =
            names.iter().map(|name| self.to.weights(name)).collect::<Result<_>>()?;
        copied.extend(keys.iter().cloned());
        let jobs = source.files.iter().zip(&keys).map(|(file, key)| {
            let (file, key, meter) = (file.clone(), key.clone(), meter.clone());
            let is_given_up = &is_given_up;
            async move {
                if is_given_up() {
                    return Err(Failed::given_up());
                }
                self.copy_object(&file, &key).await?;
                meter.add(file.length);
                Ok(())
            }
        });
        // Every request that has begun ends before anything is taken back.
        let jobs: Vec<BoxFuture<'_, Result<(), Failed>>> =
            jobs.map(|job| Box::pin(job) as _).collect();
        let results: Vec<Result<(), Failed>> =
            stream::iter(jobs).buffer_unordered(self.options.concurrency).collect().await;
        results.into_iter().collect::<Result<(), Failed>>()?;
        // Names that others use too may have got other bytes while we copied, with the JSON or
        // before it.
        if !source.is_ours() {
            let now = objects::heads(&self.store, source.keys()).await?;
            let e_tags = now.into_iter().map(|found| found.and_then(|meta| meta.e_tag));
            if !e_tags.eq(source.files.iter().map(|file| file.e_tag.clone())) {
                return Err(replaced().into());
            }
        }
        let key = self.from.json()?;
        if !snapshot::is_current(&self.store, &key, &source.json.version).await? {
            return Err(replaced().into());
        }
        let files: Vec<WeightFileRef<'_>> = names
            .iter()
            .zip(source.files.iter())
            .map(|(path, file)| WeightFileRef { path, integrity: file.integrity })
            .collect();
        let json = write_model_json(&source.model.artifacts, &files, KeyOrder::Node)?;
        publish.is_unique = !files.is_empty();
        publish.publish(json.into(), is_given_up).await
    }

    /// New names for as many objects as there are.
    fn names(&self, source: &Snapshot) -> Result<Vec<String>> {
        let count = source.files.len() as u64;
        let single = self.to.weights_name();
        let planned = match count {
            0 => Vec::new(),
            _ => plan_shards(count, std::num::NonZeroU64::new(1), &single)?,
        };
        let mut named: Vec<(String, FileIntegrity)> = planned
            .into_iter()
            .zip(source.files.iter())
            .map(|(shard, file)| {
                let unknown = FileIntegrity { bytes: file.length, crc64nvme: 0 };
                (shard.name, file.integrity.unwrap_or(unknown))
            })
            .collect();
        names::make_unique(&source.model.artifacts, &source.info()?, &mut named)?;
        Ok(named.into_iter().map(|(name, _)| name).collect())
    }

    async fn copy_object(&self, file: &WeightObject, to: &Path) -> Result<()> {
        if file.length > MAX_COPY_BYTES {
            return self.stream_object(file, to).await;
        }
        match self.store.copy(&file.key, to).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Err(replaced()),
            Err(error) if is_missing(&error) => return self.stream_object(file, to).await,
            Err(error) => return Err(on("copy", &file.key)(error)),
        }
        // Some stores answer before they are done.
        let found = objects::head(&self.store, to).await?;
        if found.is_some_and(|found| found.size == file.length) {
            Ok(())
        } else {
            Err(Error::corrupt(format!("the store's copy of `{}` is not whole", shown(&file.key))))
        }
    }

    /// Reads and writes one object, a few parts at a time.
    async fn stream_object(&self, file: &WeightObject, to: &Path) -> Result<()> {
        let file = WeightObject { start: 0, ..file.clone() };
        let length = file.length;
        let weights = Weights::from_source(ObjectWeights {
            store: self.store.clone(),
            url: self.url.clone(),
            files: Arc::new([file]),
            verify: true,
            progress: None,
            concurrency: self.options.concurrency,
        });
        let shards = plan_shards(length, None, "copy")?;
        let in_parts = length > part_bytes(length, self.options.part_bytes);
        let upload = Upload {
            store: self.store.clone(),
            objects: vec![Object::new(to.clone(), length, in_parts)],
            meter: ProgressMeter::new(None, length),
        };
        let (line, messages) = Line::new(self.options.concurrency);
        let writing = upload.run_to_objects(messages);
        let reading = async move {
            let sent = cut(&weights, &shards, self.options.part_bytes, || line.slot()).await;
            if let Ok(Some(_)) = sent {
                line.commit(bytes::Bytes::new()).await;
            }
            sent.map(drop)
        };
        let (read, written) = futures::future::join(reading, writing).await;
        read.and(written)
    }

    /// Removes what was copied, if it still is that, and gives what the caller should know.
    async fn remove_source(&self, source: &Snapshot) -> Result<Option<String>> {
        match remove(&self.store, &self.from, &source.json).await? {
            Removed::Yes(left) => Ok(left.map(|left| left.warning())),
            Removed::Replaced => Err(replaced()),
        }
    }
}

/// What came of a removal.
#[derive(Debug)]
pub(crate) enum Removed {
    /// The model is gone, but for these objects.
    Yes(Option<Left>),
    /// The model is another one by now, and stays.
    Replaced,
}

/// Removes the model with this JSON object, if it still is that: the object first, then its parts.
///
/// The stores cannot remove on a condition. A save that commits between the last look and the removal
/// is removed with it; it finds out, and takes its own objects back.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn remove(store: &Store, location: &Location, json: &Json) -> Result<Removed> {
    let key = location.json()?;
    if !snapshot::is_current(store, &key, &json.version).await? {
        return Ok(Removed::Replaced);
    }
    objects::remove(store, &key).await?;
    let files = references::of(&json.text);
    Ok(Removed::Yes(references::remove_unreferenced(store, location, files).await))
}
