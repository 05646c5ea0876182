//! A store and what is asked of it: one object read, several removed.

use std::{fmt, ops::Deref, sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{Error, ErrorKind, Result};
use object_store::{
    GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, UpdateVersion, path::Path,
};

use crate::error::{on, shown};

/// The largest JSON object that is read: about what JavaScript can hold in one string.
const MAX_JSON_BYTES: u64 = 512 << 20;

/// How many small requests run at a time.
pub(crate) const SMALL_REQUESTS: usize = 16;

/// A store that many share. It shows its name alone: the settings of a client have credentials in
/// them, and clients show some of those.
#[derive(Clone)]
pub(crate) struct Store(pub(crate) Arc<dyn ObjectStore>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Deref for Store {
    type Target = dyn ObjectStore;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// A JSON object as it was at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    pub(crate) text: Bytes,
    pub(crate) version: UpdateVersion,
    pub(crate) saved: SystemTime,
}

/// Reads a JSON object; `None` when there is none.
///
/// # Errors
///
/// `Corrupt` when it is too large; what the store refuses with.
pub(crate) async fn read_json(store: &Store, path: &Path) -> Result<Option<Json>> {
    let found = match store.get_opts(path, GetOptions::default()).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(on("read", path)(error)),
    };
    if found.meta.size > MAX_JSON_BYTES {
        let message = format!("`{}` is larger than a model's JSON can be", shown(path));
        return Err(Error::corrupt(message));
    }
    let (version, saved) = (version(&found.meta), SystemTime::from(found.meta.last_modified));
    let text = found.bytes().await.map_err(on("read", path))?;
    Ok(Some(Json { text, version, saved }))
}

/// Looks at an object; `None` when there is none.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn head(store: &Store, path: &Path) -> Result<Option<ObjectMeta>> {
    match store.head(path).await {
        Ok(meta) => Ok(Some(meta)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(on("look at", path)(error)),
    }
}

/// Removes objects, as far as that goes: what cannot be removed is garbage that
/// [`gc`](crate::ObjectModelStore::gc) finds.
pub(crate) async fn remove_all(store: &Store, paths: Vec<Path>) {
    let removed = store.delete_stream(stream::iter(paths).map(Ok).boxed());
    removed.for_each(|_| async {}).await;
}

/// Removes one object.
///
/// # Errors
///
/// `NotFound` where the store says so; what it refuses with.
pub(crate) async fn remove(store: &Store, path: &Path) -> Result<()> {
    store.delete(path).await.map_err(on("remove", path))
}

/// The JSON objects directly under a prefix.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn json_objects(store: &Store, directory: &Path) -> Result<Vec<ObjectMeta>> {
    let listed = store.list_with_delimiter(Some(directory)).await.map_err(on("list", directory))?;
    let is_json = |meta: &ObjectMeta| meta.location.as_ref().ends_with(".json");
    Ok(listed.objects.into_iter().filter(is_json).collect())
}

/// Looks at many objects at once, in their order.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn heads(store: &Store, paths: Vec<Path>) -> Result<Vec<Option<ObjectMeta>>> {
    let looks = paths.into_iter().map(|path| {
        let store = store.clone();
        async move { head(&store, &path).await }
    });
    stream::iter(looks).buffered(SMALL_REQUESTS).try_collect().await
}

pub(crate) fn version(meta: &ObjectMeta) -> UpdateVersion {
    UpdateVersion { e_tag: meta.e_tag.clone(), version: meta.version.clone() }
}

/// The error of a model that is not there.
pub(crate) fn no_model(json: &Path) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no `{}`", shown(json)))
}

/// The error of a weight object that is not there.
pub(crate) fn missing(key: &Path) -> Error {
    let message = format!("the weight object `{}` is missing", shown(key));
    Error::new(ErrorKind::NotFound, message)
}
