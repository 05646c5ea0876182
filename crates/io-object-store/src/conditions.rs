//! Whether a store keeps the conditions that safe saves rest on. Some take them and do not.

use io_core::{Error, ErrorKind, Operation, Result};
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutPayload, PutResult,
    UpdateVersion, path::Path,
};

use crate::{
    ObjectModelStore,
    error::{failed, is_missing, on},
    location::child,
    names, objects, runtime,
};

/// What a store does with a condition of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It refuses the write when the condition is not met.
    Kept,
    /// It writes all the same: of two savers, one may be lost without a word.
    Ignored,
    /// It says that it has no such condition.
    Missing,
}

/// What a scratch object showed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Writing only where there is nothing.
    pub create: Condition,
    /// Writing only over what was read.
    pub update: Condition,
}

impl ObjectModelStore {
    /// Writes a scratch object under the root a few times, to see whether the store keeps the
    /// conditions of a write, and removes it.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, `Network`, …: the store refuses to write or to remove.
    pub async fn probe_conditions(&self) -> Result<Conditions> {
        let context = |error: Error| error.with_context(Operation::Verify, &self.url);
        let name = format!("modelport-doctor-{:016x}.tmp", names::random()?);
        let key = child(&self.root, &name).map_err(context)?;
        let store = self.store.clone();
        let probing = runtime::spawn_detached(async move {
            let found = probe(&*store, &key).await;
            let removed = match objects::remove(&store, &key).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                other => other,
            };
            let found = found?;
            removed.map(|()| found)
        })
        .map_err(context)?;
        probing.await.and_then(|probed| probed).map_err(context)
    }
}

async fn probe(store: &dyn ObjectStore, key: &Path) -> Result<Conditions> {
    let payload = |text: &'static str| PutPayload::from_static(text.as_bytes());
    let first = store.put(key, payload("first")).await.map_err(on("write", key))?;
    let create = store.put_opts(key, payload("second"), PutMode::Create.into()).await;
    let create = judge(create, key)?;
    // Whatever came of it, from here on it is another object than the first.
    store.put(key, payload("third")).await.map_err(on("write", key))?;
    let version = UpdateVersion { e_tag: first.e_tag, version: first.version };
    let update = match (&version.e_tag, &version.version) {
        (None, None) => Condition::Missing,
        _ => judge(
            store.put_opts(key, payload("fourth"), PutMode::Update(version).into()).await,
            key,
        )?,
    };
    Ok(Conditions { create, update })
}

fn judge(written: object_store::Result<PutResult>, key: &Path) -> Result<Condition> {
    match written {
        Ok(_) => Ok(Condition::Ignored),
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
            Ok(Condition::Kept)
        }
        Err(error) if is_missing(&error) => Ok(Condition::Missing),
        Err(error) => Err(failed(format!("cannot write `{key}`"), &error)),
    }
}
