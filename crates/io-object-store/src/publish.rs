//! The commit of a save: one conditional put of the JSON object.

use bytes::Bytes;
use io_core::{Error, ErrorKind, Result, WriteMode};
use io_manifest::ModelJson;
use object_store::{
    Error as StoreError, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};

use crate::{
    OnConflict, claims,
    error::{is_missing, on, shown, was_repeated},
    location::{Location, MODEL_JSON},
    objects::{self, Json, Store},
};

/// How often a save that replaces tries again because somebody else replaced the model.
const MAX_TRIES: usize = 32;

/// How a model becomes visible.
#[derive(Clone, Debug)]
pub(crate) struct Publish {
    pub(crate) store: Store,
    pub(crate) location: Location,
    pub(crate) mode: WriteMode,
    /// What was there when the save began, where nothing else may be replaced.
    pub(crate) begun_with: Option<Begun>,
    /// Whether the JSON names objects that no other save names, and so cannot be another's.
    pub(crate) is_unique: bool,
}

/// What was there when a save began.
#[derive(Clone, Debug)]
pub(crate) struct Begun(Option<UpdateVersion>);

/// A commit that did not succeed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether the store may have taken it, now or later: then nothing may be taken back.
    pub(crate) perhaps_published: bool,
}

impl Failed {
    pub(crate) fn surely(error: Error) -> Self {
        Self { error, perhaps_published: false }
    }

    pub(crate) fn given_up() -> Self {
        Self::surely(Error::new(ErrorKind::Cancelled, "it was given up"))
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::surely(error)
    }
}

impl Publish {
    /// Looks at what is there before the upload: a model that may not be replaced, and what a save
    /// began with.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` when there is a model that may not be replaced, or something that is no model;
    /// what the store refuses with.
    pub(crate) async fn prepare(
        store: Store,
        location: Location,
        mode: WriteMode,
        on_conflict: OnConflict,
    ) -> Result<Self> {
        let fails = on_conflict == OnConflict::Fail;
        let mut begun_with = None;
        if fails || mode == WriteMode::Create {
            let found = objects::head(&store, &location.json()?).await?;
            if found.is_some() && mode == WriteMode::Create {
                return Err(already_exists(&location));
            }
            begun_with = fails.then(|| Begun(found.map(|meta| objects::version(&meta))));
        }
        let publish = Self { store, location, mode, begun_with, is_unique: false };
        if publish.location.name != MODEL_JSON {
            publish.old().await?;
        }
        Ok(publish)
    }

    /// Puts `json` in place of what is there, and removes the parts of what it replaced.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` or `Conflict` when somebody else was first and may not be replaced; what the
    /// store refuses with.
    pub(crate) async fn publish(
        &self,
        json: Bytes,
        is_given_up: impl Fn() -> bool + Send + Sync,
    ) -> Result<(), Failed> {
        let key = self.location.json()?;
        for _ in 0..MAX_TRIES {
            let old = self.old().await?;
            if let (Some(begun), WriteMode::Replace) = (&self.begun_with, self.mode)
                && begun.0 != old.as_ref().map(|old| old.version.clone())
            {
                return Err(conflict().into());
            }
            if is_given_up() {
                return Err(Failed::given_up());
            }
            let error = match self.put(&json, old.as_ref()).await {
                Ok(_) => {
                    self.clean_up(old.as_ref(), &json).await;
                    return Ok(());
                }
                Err(error) => error,
            };
            // An answer that was lost on the way may have been that it was done: then a second try
            // by the client finds our own JSON.
            if self.is_unique && self.has_landed(&json).await {
                self.clean_up(old.as_ref(), &json).await;
                return Ok(());
            }
            let somebody_else_was_first = match &error {
                StoreError::AlreadyExists { .. } | StoreError::Precondition { .. } => true,
                // What was to be replaced is gone.
                StoreError::NotFound { .. } => old.is_some(),
                _ => false,
            };
            match (somebody_else_was_first, self.mode) {
                (true, WriteMode::Create) => return Err(already_exists(&self.location).into()),
                (true, WriteMode::Replace) if self.begun_with.is_some() => {
                    return Err(conflict().into());
                }
                // One of the tries may have succeeded, and then somebody else has replaced that and
                // removed our objects.
                (true, WriteMode::Replace) if self.is_unique && was_repeated(&error) => {
                    self.clean_up(old.as_ref(), &json).await;
                    return Err(conflict().into());
                }
                (true, WriteMode::Replace) => {}
                (false, _) => {
                    let refused = is_refusal(&error);
                    let error = on("write", &key)(error);
                    return Err(Failed { error, perhaps_published: !refused });
                }
            }
        }
        Err(conflict().into())
    }

    /// What is to be replaced, if anything.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` when it is no model; what the store refuses with.
    async fn old(&self) -> Result<Option<Json>> {
        let old = match self.mode {
            WriteMode::Create => None,
            WriteMode::Replace => objects::read_json(&self.store, &self.location.json()?).await?,
        };
        // What is called `model.json` may be replaced though it is damaged.
        if self.location.name != MODEL_JSON
            && let Some(old) = &old
            && ModelJson::parse(&old.text).is_err()
        {
            let message = format!("`{}` is there and is not a model", name(&self.location));
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        Ok(old)
    }

    async fn put(&self, json: &Bytes, old: Option<&Json>) -> object_store::Result<PutResult> {
        let key = self.location.json().map_err(|_| no_key())?;
        let version = old.map(|old| old.version.clone());
        let has_version =
            |version: &UpdateVersion| version.e_tag.is_some() || version.version.is_some();
        let mode = match version {
            None => PutMode::Create,
            Some(version) if has_version(&version) => PutMode::Update(version),
            Some(_) if self.begun_with.is_some() => return Err(no_versions()),
            Some(_) => PutMode::Overwrite,
        };
        let payload = || PutPayload::from_bytes(json.clone());
        let put = self.store.put_opts(&key, payload(), PutOptions::from(mode)).await;
        match put {
            // A store that has no conditional puts can still replace.
            Err(error)
                if is_missing(&error)
                    && self.mode == WriteMode::Replace
                    && self.begun_with.is_none() =>
            {
                self.store.put_opts(&key, payload(), PutMode::Overwrite.into()).await
            }
            other => other,
        }
    }

    async fn has_landed(&self, json: &Bytes) -> bool {
        let Ok(key) = self.location.json() else { return false };
        let found = objects::read_json(&self.store, &key).await;
        found.is_ok_and(|found| found.is_some_and(|found| found.text == *json))
    }

    async fn clean_up(&self, old: Option<&Json>, json: &Bytes) {
        let Some(old) = old else { return };
        let own = claims::of(json);
        let files = claims::of(&old.text).difference(&own).cloned().collect();
        claims::remove_unclaimed(&self.store, &self.location, files).await;
    }
}

/// Whether the store has said no, so that nothing can come of the request any more.
fn is_refusal(error: &StoreError) -> bool {
    is_missing(error)
        || matches!(
            error,
            StoreError::NotFound { .. }
                | StoreError::PermissionDenied { .. }
                | StoreError::Unauthenticated { .. }
                | StoreError::InvalidPath { .. }
        )
}

fn already_exists(location: &Location) -> Error {
    let message = format!("there already is a model, `{}`", name(location));
    Error::new(ErrorKind::AlreadyExists, message)
}

fn name(location: &Location) -> String {
    location.json().map(|key| shown(&key)).unwrap_or_default()
}

fn conflict() -> Error {
    Error::new(ErrorKind::Conflict, "somebody else saved the model meanwhile")
        .with_hint("load it and save again")
}

fn no_versions() -> StoreError {
    StoreError::NotSupported { source: "the store tells no version of the object".into() }
}

fn no_key() -> StoreError {
    StoreError::Generic { store: "modelport", source: "the key cannot be written".into() }
}
