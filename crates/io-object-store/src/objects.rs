//! A store and what is asked of it: one object read, several removed.

use std::{collections::BTreeSet, fmt, ops::Deref, sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{Error, ErrorKind, Result};
use object_store::{
    GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, UpdateVersion, path::Path,
};

use crate::{
    error::{failed, may_hide_absence, on, shown},
    left::Left,
};

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

/// What a store says of an object.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// It is there.
    There(T),
    /// It is not there.
    Missing,
    /// The store refuses to say whether it is there.
    Hidden(Error),
}

impl<T> Found<T> {
    /// The object, if it is there.
    ///
    /// # Errors
    ///
    /// That of a store that refuses to say.
    fn known(self) -> Result<Option<T>> {
        match self {
            Self::There(found) => Ok(Some(found)),
            Self::Missing => Ok(None),
            Self::Hidden(error) => Err(error),
        }
    }
}

/// Reads a JSON object; `None` when there is none.
///
/// # Errors
///
/// `Corrupt` when it is too large; what the store refuses with.
pub(crate) async fn read_json(store: &Store, path: &Path) -> Result<Option<Json>> {
    find_json(store, path).await?.known()
}

/// Reads a JSON object, if the store says whether there is one.
///
/// # Errors
///
/// `Corrupt` when it is too large; what the store refuses with.
pub(crate) async fn find_json(store: &Store, path: &Path) -> Result<Found<Json>> {
    let found = match store.get_opts(path, GetOptions::default()).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(Found::Missing),
        Err(error) if may_hide_absence(&error) => {
            return Ok(Found::Hidden(on("read", path)(error)));
        }
        Err(error) => return Err(on("read", path)(error)),
    };
    let (version, saved) = (version(&found.meta), SystemTime::from(found.meta.last_modified));
    let too_large = || {
        let message = format!("`{}` is larger than a model's JSON can be", shown(path));
        Error::corrupt(message)
    };
    if found.meta.size > MAX_JSON_BYTES {
        return Err(too_large());
    }
    // By what comes, whatever length the server says.
    let (mut read, mut length) = (Vec::new(), 0_u64);
    let mut chunks = found.into_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk: Bytes = chunk.map_err(on("read", path))?;
        length += chunk.len() as u64;
        if length > MAX_JSON_BYTES {
            return Err(too_large());
        }
        read.push(chunk);
    }
    let text = match &*read {
        [whole] => whole.clone(),
        chunks => chunks.concat().into(),
    };
    Ok(Found::There(Json { text, version, saved }))
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

/// Looks at a JSON object, if the store says whether there is one. The answer to a look has no body
/// that could say why the store refuses, so that the object is asked for then.
///
/// # Errors
///
/// What the store refuses with.
pub(crate) async fn find_head(store: &Store, path: &Path) -> Result<Found<UpdateVersion>> {
    match store.head(path).await {
        Ok(meta) => Ok(Found::There(version(&meta))),
        Err(object_store::Error::NotFound { .. }) => Ok(Found::Missing),
        Err(error) if may_hide_absence(&error) => Ok(match find_json(store, path).await? {
            Found::There(json) => Found::There(json.version),
            Found::Missing => Found::Missing,
            Found::Hidden(error) => Found::Hidden(error),
        }),
        Err(error) => Err(on("look at", path)(error)),
    }
}

/// Removes objects, and gives those that are left with why, if some are.
pub(crate) async fn remove_all(store: &Store, paths: Vec<Path>) -> Option<Left> {
    let mut left: BTreeSet<Path> = paths.iter().cloned().collect();
    let mut why = None;
    let mut removals = store.delete_stream(stream::iter(paths).map(Ok).boxed());
    while let Some(removed) = removals.next().await {
        match removed {
            Ok(path) => _ = left.remove(&path),
            Err(object_store::Error::NotFound { path, .. }) => {
                left.retain(|known| known.as_ref() != path);
            }
            Err(error) => _ = why.get_or_insert(error),
        }
    }
    let error = why?;
    Left::new(left, &failed("cannot remove them", &error))
}

/// Removes one object.
///
/// # Errors
///
/// `NotFound` where the store says so; what it refuses with.
pub(crate) async fn remove(store: &Store, path: &Path) -> Result<()> {
    store.delete(path).await.map_err(on("remove", path))
}

/// The JSON objects directly under a prefix: all objects that this crate takes for models.
///
/// # Errors
///
/// What the store refuses with; `Corrupt` when there is one whose key cannot be asked for.
pub(crate) async fn json_objects(store: &Store, directory: &Path) -> Result<Vec<ObjectMeta>> {
    let listed = store.list_with_delimiter(Some(directory)).await.map_err(on("list", directory))?;
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    if let Some(crate::http::UnreadableKey(key)) = listed.extensions.get() {
        let message = format!(
            "the object `{}` cannot be read, and any object beside it may be its weights",
            io_core::printable_name(&io_core::redact(key))
        );
        return Err(Error::corrupt(message).with_hint("rename or remove it"));
    }
    let is_json =
        |meta: &ObjectMeta| meta.location.as_ref().to_ascii_lowercase().ends_with(".json");
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

/// What tells this object from any other under its key. What a proxy before the store has weakened
/// is strong again: no store has weak tags of its own, and no condition holds for a weak one.
pub(crate) fn version(meta: &ObjectMeta) -> UpdateVersion {
    let e_tag = meta.e_tag.as_deref().map(|tag| strong(tag).to_owned());
    UpdateVersion { e_tag, version: meta.version.clone() }
}

/// An entity tag without the mark of a weak one.
pub(crate) fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
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
