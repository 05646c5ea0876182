//! The commit of a save: one conditional put of the JSON object.

use bytes::Bytes;
use io_core::{Error, ErrorKind, Result, WriteMode};
use io_manifest::ModelJson;
use object_store::{
    Error as StoreError, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion, path::Path,
};

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
use crate::http::Attempts;
use crate::{
    OnConflict,
    error::{is_missing, is_refusal, on, shown},
    left::Left,
    location::{Location, MODEL_JSON},
    objects::{self, Found, Json, Store},
    references,
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
    /// Looks at what is there before the upload: a model that may not be replaced, what a save began
    /// with, and whether the credentials are good for reading it, as the commit has to.
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
        // Where the store refuses to say what is there, the condition of the commit will tell.
        let found = match objects::find_head(&store, &location.json()?).await? {
            Found::There(version) => Some(version),
            Found::Missing | Found::Hidden(_) => None,
        };
        if found.is_some() && mode == WriteMode::Create {
            return Err(already_exists(&location));
        }
        let begun_with = (on_conflict == OnConflict::Fail).then(|| Begun(found.clone()));
        let publish = Self { store, location, mode, begun_with, is_unique: false };
        if publish.location.name != MODEL_JSON && found.is_some() {
            publish.old().await?;
        }
        Ok(publish)
    }

    /// Puts `json` in place of what is there, and removes the parts of what it replaced. Gives what
    /// the caller should know.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` or `Conflict` when somebody else was first and may not be replaced;
    /// `PermissionDenied` when there is a model that may not be read; what the store refuses with.
    pub(crate) async fn publish(
        &self,
        json: Bytes,
        is_given_up: impl Fn() -> bool + Send + Sync,
    ) -> Result<Vec<String>, Failed> {
        let key = self.location.json()?;
        for _ in 0..MAX_TRIES {
            let (old, hidden) = match self.old().await? {
                Found::There(old) => (Some(old), None),
                Found::Missing => (None, None),
                Found::Hidden(error) => (None, Some(error)),
            };
            if let (Some(begun), WriteMode::Replace) = (&self.begun_with, self.mode)
                && begun.0 != old.as_ref().map(|old| old.version.clone())
            {
                return Err(conflict().into());
            }
            if is_given_up() {
                return Err(Failed::given_up());
            }
            let mut commit = self.put(&json, old.as_ref(), hidden.is_some()).await;
            let error = match commit.put {
                Ok(_) => {
                    commit.warnings.extend(self.clean_up(old.as_ref(), &json).await);
                    return Ok(commit.warnings);
                }
                Err(error) => error,
            };
            let somebody_else_was_first = match &error {
                StoreError::AlreadyExists { .. } | StoreError::Precondition { .. } => true,
                // What was to be replaced is gone.
                StoreError::NotFound { .. } => old.is_some(),
                _ => false,
            };
            // An answer that was lost on the way may have been that it was done: then a second try
            // by the client finds our own JSON.
            if self.is_unique {
                match self.has_landed(&json).await {
                    Ok(true) => {
                        commit.warnings.extend(self.clean_up(old.as_ref(), &json).await);
                        return Ok(commit.warnings);
                    }
                    Ok(false) => {}
                    // What the last try was refused for says nothing of those before it.
                    Err(error) if commit.attempts > 1 => {
                        return Err(Failed { error, perhaps_published: true });
                    }
                    Err(error) if somebody_else_was_first && commit.attempts == 0 => {
                        return Err(Failed { error, perhaps_published: true });
                    }
                    Err(_) => {}
                }
            }
            match (somebody_else_was_first, self.mode) {
                (true, WriteMode::Create) => return Err(already_exists(&self.location).into()),
                (true, WriteMode::Replace) if self.begun_with.is_some() => {
                    return Err(conflict().into());
                }
                // One of the tries may have succeeded, and then somebody else has replaced that and
                // removed our objects.
                (true, WriteMode::Replace)
                    if self.is_unique && self.was_superseded(commit.attempts, &json).await =>
                {
                    let _ = self.clean_up(old.as_ref(), &json).await;
                    return Err(conflict().into());
                }
                (true, WriteMode::Replace) => {
                    if let Some(error) = hidden {
                        return Err(unreadable(&self.location, error).into());
                    }
                }
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
    async fn old(&self) -> Result<Found<Json>> {
        let old = match self.mode {
            WriteMode::Create => Found::Missing,
            WriteMode::Replace => objects::find_json(&self.store, &self.location.json()?).await?,
        };
        // What is called `model.json` may be replaced though it is damaged.
        if self.location.name != MODEL_JSON
            && let Found::There(old) = &old
            && ModelJson::parse(&old.text).is_err()
        {
            let message = format!("`{}` is there and is not a model", name(&self.location));
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        Ok(old)
    }

    async fn put(&self, json: &Bytes, old: Option<&Json>, is_hidden: bool) -> Commit {
        let mut commit = Commit { put: Err(no_key()), attempts: 0, warnings: Vec::new() };
        let Ok(key) = self.location.json() else { return commit };
        let version = old.map(|old| old.version.clone());
        let has_version =
            |version: &UpdateVersion| version.e_tag.is_some() || version.version.is_some();
        let mode = match version {
            None => PutMode::Create,
            Some(version) if has_version(&version) => PutMode::Update(version),
            Some(_) if self.begun_with.is_some() => {
                commit.put = Err(no_versions());
                return commit;
            }
            Some(_) => PutMode::Overwrite,
        };
        let payload = || PutPayload::from_bytes(json.clone());
        let options = PutOptions::from(mode);
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        let attempts = Attempts::default();
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        let options = attempts.of(options);
        commit.put = self.store.put_opts(&key, payload(), options).await;
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        {
            commit.attempts = attempts.number();
        }
        // A store that has no conditional puts can still replace what may be read.
        if commit.put.as_ref().is_err_and(is_missing)
            && self.mode == WriteMode::Replace
            && self.begun_with.is_none()
            && !is_hidden
        {
            // Where a setting says so, the caller knows.
            if matches!(commit.put, Err(StoreError::Generic { .. })) {
                commit.warnings.push(UNCONDITIONAL.to_owned());
            }
            commit.put = self.store.put_opts(&key, payload(), PutMode::Overwrite.into()).await;
        }
        commit
    }

    /// Whether the JSON object is ours.
    ///
    /// # Errors
    ///
    /// What the store refuses with.
    async fn has_landed(&self, json: &Bytes) -> Result<bool> {
        let found = objects::read_json(&self.store, &self.location.json()?).await?;
        Ok(found.is_some_and(|found| found.text == *json))
    }

    /// Whether an earlier try may have succeeded and been replaced by somebody else, who has removed
    /// our objects then.
    async fn was_superseded(&self, attempts: usize, json: &[u8]) -> bool {
        match attempts {
            1 => false,
            // The client does not tell how often it has tried.
            0 => {
                let keys: Result<Vec<Path>> =
                    references::of(json).iter().map(|file| self.location.weights(file)).collect();
                let Ok(keys) = keys else { return true };
                let found = objects::heads(&self.store, keys).await;
                !found.is_ok_and(|found| found.iter().all(Option::is_some))
            }
            _ => true,
        }
    }

    /// Removes the parts of what was replaced, and gives what the caller should know of it.
    async fn clean_up(&self, old: Option<&Json>, json: &Bytes) -> Option<String> {
        let own = references::of(json);
        let mut left = None;
        if let Some(old) = old {
            let files = references::of(&old.text).difference(&own).cloned().collect();
            left = references::remove_unreferenced(&self.store, &self.location, files).await;
        }
        // A removal that was under way has taken our JSON for the one that it had read, and knows
        // nothing of our objects.
        if self.is_unique && self.is_removed().await {
            let own = references::remove_unreferenced(&self.store, &self.location, own).await;
            left = Left::and(left, own);
        }
        left.map(|left| left.warning())
    }

    /// Whether the store says that there is no JSON object any more.
    async fn is_removed(&self) -> bool {
        let Ok(key) = self.location.json() else { return false };
        matches!(objects::head(&self.store, &key).await, Ok(None))
    }
}

/// What came of a commit.
struct Commit {
    put: object_store::Result<PutResult>,
    /// How often it was sent; 0 when the client does not tell.
    attempts: usize,
    warnings: Vec<String>,
}

/// What a save says that could not be sure of replacing what it had read.
const UNCONDITIONAL: &str = "the store has no conditional writes: of two saves at one time, one may be lost; \
     `conditional_put` = `disabled` takes note of it";

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

/// The error of a save that would replace a model which it may not read.
fn unreadable(location: &Location, error: Error) -> Error {
    let message = format!(
        "`{}` is there, and these credentials may not read what they would replace",
        name(location)
    );
    Error::new(ErrorKind::PermissionDenied, message)
        .with_hint("give them the permission to read, `s3:GetObject` in S3")
        .with_source(error)
}

fn no_versions() -> StoreError {
    StoreError::NotSupported { source: "the store tells no version of the object".into() }
}

fn no_key() -> StoreError {
    StoreError::Generic { store: "modelport", source: "the key cannot be written".into() }
}
