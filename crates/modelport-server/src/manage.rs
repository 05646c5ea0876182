//! Listing models, looking at one, removing, copying and moving.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::Query,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use futures::StreamExt as _;
use io_core::{Error, ErrorKind, ModelArtifactsInfo, WriteMode};
use modelport::{TransferOptions, transfer};
use serde::{Deserialize, Serialize};

use crate::{
    ModelName,
    problem::Problem,
    state::Server,
    upload::{answer, log_warnings, write_mode},
};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

#[derive(Debug, Deserialize)]
struct ListQuery {
    #[serde(default)]
    prefix: String,
    after: Option<String>,
    limit: Option<usize>,
}

/// A page of the list.
#[derive(Serialize)]
struct Page {
    models: Vec<Entry>,
    next: Option<String>,
}

/// A model as the list has it.
#[derive(Serialize)]
struct Entry {
    name: String,
    #[serde(flatten)]
    info: ModelArtifactsInfo,
}

/// What a `POST` without a body asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// Copy to another name.
    Copy,
    /// Move to another name.
    Move,
}

impl Server {
    /// The models whose names begin with a prefix and come after a name, in the order of names.
    pub(crate) async fn list(&self, uri: &Uri) -> Result<Response, Problem> {
        let ListQuery { prefix, after, limit } = query(uri)?;
        let limit = limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let store = self.store().map_err(|error| Problem::from_store(&error, None))?;
        // The first ones in order, and one more to see whether there is one.
        let mut first = BTreeMap::new();
        let (mut found, mut refused) = (false, None);
        let mut models = store.list();
        while let Some(entry) = models.next().await {
            let entry = match entry {
                Ok(entry) => entry,
                // One that is damaged, on its way or not for us does not hide the others; an empty
                // place may not be there yet.
                Err(error) if is_of_one_model(&error) => {
                    tracing::warn!("a model is not listed: {error}");
                    if error.kind() == ErrorKind::PermissionDenied {
                        refused = Some(error);
                    }
                    continue;
                }
                Err(error) => return Err(Problem::from_store(&error, None)),
            };
            found = true;
            let Some(name) = self.name(&entry.url) else { continue };
            let name = name.as_str();
            if name.starts_with(&prefix) && after.as_deref().is_none_or(|after| name > after) {
                first.insert(name.to_owned(), entry.info);
                if first.len() > limit + 1 {
                    first.pop_last();
                }
            }
        }
        // Where that is all there is, it is the whole place that refuses.
        if let Some(error) = refused.filter(|_| !found) {
            return Err(Problem::from_store(&error, None));
        }
        let more = first.len() > limit;
        if more {
            first.pop_last();
        }
        let next = if more { first.last_key_value().map(|(name, _)| name.clone()) } else { None };
        let models = first.into_iter().map(|(name, info)| Entry { name, info }).collect();
        Ok(Json(Page { models, next }).into_response())
    }

    /// The entry of one model.
    pub(crate) async fn stat(&self, name: &ModelName) -> Result<Response, Problem> {
        let stat = async { self.store()?.stat(&self.url(name)?).await };
        let entry = stat.await.map_err(|error| Problem::from_store(&error, Some(name)))?;
        Ok(Json(Entry { name: name.to_string(), info: entry.info }).into_response())
    }

    /// Removes one model.
    pub(crate) async fn remove(&self, name: &ModelName) -> Result<Response, Problem> {
        self.versions.forget(name);
        let remove = async { self.store()?.remove(&self.url(name)?).await };
        let removed = remove.await.map_err(|error| Problem::from_store(&error, Some(name)))?;
        log_warnings(&removed.warnings);
        self.versions.forget(name);
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Copies or moves a model inside the store.
    pub(crate) async fn transfer(
        &self,
        from: &ModelName,
        to: &ModelName,
        transfer: Transfer,
        (uri, headers): (&Uri, &HeaderMap),
    ) -> Result<Response, Problem> {
        let mode = write_mode(headers)?;
        let failed = |error: &Error| Problem::from_store(error, Some(from));
        if from == to {
            return Err(Problem::bad_request("source and destination are the same"));
        }
        let existed = self.exists(to).await?;
        if existed && mode == WriteMode::Create {
            return Err(Problem::exists(to));
        }
        let options = TransferOptions::new()
            .with_source(self.with_mode(WriteMode::Replace))
            .with_destination(self.with_mode(mode));
        let urls = self.url(from).and_then(|source| Ok((source, self.url(to)?)));
        let (source, destination) = urls.map_err(|error| failed(&error))?;
        for name in [from, to] {
            self.versions.forget(name);
        }
        let done = match transfer {
            Transfer::Copy => {
                transfer::copy_model(&self.registry, &source, &destination, &options).await
            }
            Transfer::Move => {
                transfer::move_model(&self.registry, &source, &destination, &options).await
            }
        };
        for name in [from, to] {
            self.versions.forget(name);
        }
        match done {
            Ok(saved) => {
                log_warnings(&saved.warnings);
                Ok(answer(uri, to, &saved, !existed))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Problem::exists(to)),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Transfer {
    /// What the query of a `POST` asks for, and the other name.
    ///
    /// # Errors
    ///
    /// 400 when it asks for two things, or the name is not allowed.
    pub(crate) fn parse(uri: &Uri) -> Result<Option<(Self, ModelName)>, Problem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct To {
            copy_to: Option<String>,
            move_to: Option<String>,
        }
        let (transfer, name) = match query(uri)? {
            To { copy_to: None, move_to: None } => return Ok(None),
            To { copy_to: Some(name), move_to: None } => (Self::Copy, name),
            To { copy_to: None, move_to: Some(name) } => (Self::Move, name),
            To { .. } => {
                return Err(Problem::bad_request("`copyTo` and `moveTo` exclude each other"));
            }
        };
        Ok(Some((transfer, ModelName::parse(&name).map_err(Problem::from_input)?)))
    }
}

fn query<T: serde::de::DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(_) => Err(Problem::bad_request("the query cannot be read")),
    }
}

fn is_of_one_model(error: &Error) -> bool {
    use ErrorKind::{Conflict, Corrupt, NotFound, PermissionDenied};
    matches!(error.kind(), Corrupt | NotFound | Conflict | PermissionDenied)
}
