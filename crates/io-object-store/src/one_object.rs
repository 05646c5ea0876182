//! One object, whatever is in it: read by ranges, and replaced whole.

use std::sync::Arc;

use bytes::Bytes;
use io_core::{Error, ErrorKind, ModelUrl, Operation, ProgressMeter, Result, Weights, WriteMode};
use io_manifest::plan_shards;
use object_store::{ObjectMeta, PutMode, PutPayload, path::Path};

use crate::{
    ObjectModelStore,
    cutter::{cut, part_bytes},
    error::{on, shown},
    location, objects, runtime,
    snapshot::WeightObject,
    source::ObjectWeights,
    upload::{Line, Object, Upload},
};

impl ObjectModelStore {
    /// The bytes of the object at `url`, which stay there until they are read.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no object with this key.
    /// - `PermissionDenied`, `Network`, …: what the store refuses with.
    ///
    /// Reading fails with `Conflict` when the object has been replaced meanwhile.
    pub async fn open_file(&self, url: &ModelUrl) -> Result<Weights> {
        let opened = async {
            let key = self.key_of(url)?;
            let found = self.head(&key).await?.ok_or_else(|| objects::no_model(&key))?;
            let object = WeightObject {
                key,
                start: 0,
                length: found.size,
                integrity: None,
                e_tag: found.e_tag,
            };
            Ok(Weights::from_source(ObjectWeights {
                store: self.store.clone(),
                url: url.clone(),
                files: Arc::new([object]),
                verify: false,
                progress: None,
                concurrency: self.objects.concurrency,
            }))
        };
        opened.await.map_err(|error: Error| error.with_context(Operation::Load, url))
    }

    /// Makes `bytes` the object at `url`, all or nothing. With `WriteMode::Create` an object that is
    /// there stays; one that is sent in parts is only looked for before, so that of two writers at
    /// once the last one may win. Dropping the future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// - `AlreadyExists`: there is an object that is not to be replaced.
    /// - What reading `bytes` fails with.
    /// - `PermissionDenied`, `Network`, …: what the store refuses with.
    pub async fn save_file(&self, url: &ModelUrl, bytes: &Weights) -> Result<()> {
        let saved = async {
            let key = self.key_of(url)?;
            let length = bytes.byte_length();
            if length > part_bytes(length, self.objects.part_bytes) {
                self.put_in_parts(key, bytes).await
            } else {
                self.put_at_once(key, bytes.to_bytes().await?).await
            }
        };
        saved.await.map_err(|error: Error| error.with_context(Operation::Save, url))
    }

    fn key_of(&self, url: &ModelUrl) -> Result<Path> {
        location::object(self.base.key(url)?)
    }

    async fn head(&self, key: &Path) -> Result<Option<ObjectMeta>> {
        let (store, key) = (self.store.clone(), key.clone());
        runtime::spawn(async move { objects::head(&store, &key).await })?.await?
    }

    async fn put_at_once(&self, key: Path, bytes: Bytes) -> Result<()> {
        let store = self.store.clone();
        let mode = match self.options.write_mode {
            WriteMode::Replace => PutMode::Overwrite,
            WriteMode::Create => PutMode::Create,
        };
        let put = async move {
            let put = store.put_opts(&key, PutPayload::from(bytes), mode.into()).await;
            put.map(drop).map_err(on("write", &key))
        };
        runtime::spawn(put)?.await?
    }

    async fn put_in_parts(&self, key: Path, bytes: &Weights) -> Result<()> {
        let length = bytes.byte_length();
        if self.options.write_mode == WriteMode::Create && self.head(&key).await?.is_some() {
            let message = format!("there already is `{}`", shown(&key));
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        let upload = Upload {
            store: self.store.clone(),
            objects: vec![Object::replacing(key, length)],
            meter: ProgressMeter::new(self.options.progress.clone(), length),
        };
        // When this future is dropped, so is the line, and the upload takes everything back.
        let (line, messages) = Line::new(self.objects.concurrency);
        let upload = runtime::spawn_detached(upload.run_to_objects(messages))?;
        let shards = plan_shards(length, None, "file")?;
        match cut(bytes, &shards, self.objects.part_bytes, || line.slot()).await {
            Ok(Some(_)) => line.commit(Bytes::new()).await,
            // The upload has ended, and says why.
            Ok(None) => {}
            Err(error) => {
                drop(line);
                let _ = upload.await?;
                return Err(error);
            }
        }
        upload.await?
    }
}
