//! An upload: from the form of a request into the store, all or nothing.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use io_core::{ErrorKind, SaveResult, WeightSpec, Weights, WriteMode};
use io_manifest::{ModelJson, check_specs};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::{
    ModelName,
    arriving::Fault,
    form::{Extras, Form},
    problem::Problem,
    spool::{self, Once},
    state::Server,
    uploads::ClientAddress,
};

/// What is encoded in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Server {
    /// Saves what the request has under `name`.
    pub(crate) async fn upload(
        self: Arc<Self>,
        name: ModelName,
        uri: &Uri,
        headers: HeaderMap,
        body: Body,
        client: Option<ClientAddress>,
    ) -> Result<Response, Problem> {
        let _place = self.uploads.begin(client).ok_or_else(Problem::busy)?;
        let limits = self.options.limits;
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
        if announced
            .and_then(|text| text.parse::<u64>().ok())
            .is_some_and(|n| n > limits.body_bytes)
        {
            return Err(Problem::body_too_large(limits.body_bytes));
        }
        let mode = write_mode(&headers)?;
        let existed = self.exists(&name).await?;
        if existed && mode == WriteMode::Create {
            return Err(Problem::exists(&name));
        }
        let fault = Fault::default();
        let extras = Extras::new(&self.options.extra_files);
        let form = Form::new(&headers, body, limits, fault.clone(), extras.clone())?;
        let saved = self.receive(&name, form, mode).await;
        self.versions.forget(&name);
        match saved {
            Ok(saved) => {
                for (file, content) in extras.take() {
                    self.save_extra(&name, &file, content, WriteMode::Replace).await?;
                }
                Ok(answer(uri, &name, &saved, !existed))
            }
            // What the client did wrong comes back as an error of the store, too.
            Err(problem) => Err(fault.take().unwrap_or(problem)),
        }
    }

    async fn receive(
        &self,
        name: &ModelName,
        mut form: Form,
        mode: WriteMode,
    ) -> Result<SaveResult, Problem> {
        let store = |error: io_core::Error| Problem::from_store(&error, Some(name));
        let handler = self.handler(name, mode).map_err(store)?;
        let model = form.model().await?;
        let mut artifacts = model.artifacts.clone();
        if model.files().is_empty() {
            form.end().await?;
            model.check_lengths(&[]).map_err(Problem::from_input)?;
            artifacts.weight_data = model.groups.is_some().then(Weights::default);
        } else {
            let length = byte_length(&model);
            if let Some(length) = length {
                let specs = model.artifacts.weight_specs.as_deref().unwrap_or_default();
                check_specs(specs, length).map_err(Problem::from_input)?;
            }
            let stream = form.weights(model, length);
            artifacts.weight_data = Some(match length {
                Some(length) => Weights::from_source(Once::new(length, stream)),
                None => spool::spool(stream).await.map_err(store)?,
            });
        }
        let saved = handler.save(artifacts).await.map_err(store)?;
        log_warnings(&saved.warnings);
        Ok(saved)
    }

    /// Whether there is a model, sound or not.
    pub(crate) async fn exists(&self, name: &ModelName) -> Result<bool, Problem> {
        let store = |error: &io_core::Error| Problem::from_store(error, Some(name));
        let url = self.url(name).map_err(|error| store(&error))?;
        let models = self.store().map_err(|error| store(&error))?;
        match models.stat(&url).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == ErrorKind::Corrupt => Ok(true),
            Err(error) => Err(store(&error)),
        }
    }
}

/// Tells the operator what a store had to leave behind: no client could do anything about it.
pub(crate) fn log_warnings(warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// What a save or a copy that `uri` asked for did, as TensorFlow.js has it.
pub(crate) fn answer(uri: &Uri, name: &ModelName, saved: &SaveResult, created: bool) -> Response {
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let body = json!({"name": name.as_str(), "modelArtifactsInfo": saved.model_artifacts_info});
    let mut response = (status, Json(body)).into_response();
    // Relative to the request: only whoever sent it knows where all of this is.
    let asked = uri.path().strip_prefix("/models/").unwrap_or_default();
    let up = "../".repeat(asked.matches('/').count());
    let segments =
        name.as_str().split('/').map(|one| utf8_percent_encode(one, SEGMENT).to_string());
    let place = segments.collect::<Vec<_>>().join("/");
    if let Ok(location) = HeaderValue::from_str(&format!("./{up}{place}/model.json")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Whether a model that is there may be replaced.
///
/// # Errors
///
/// 400 when the request asks for a condition that we do not know.
pub(crate) fn write_mode(headers: &HeaderMap) -> Result<WriteMode, Problem> {
    match headers.get(header::IF_NONE_MATCH).map(HeaderValue::as_bytes) {
        None if !headers.contains_key(header::IF_MATCH) => Ok(WriteMode::Replace),
        Some(b"*") => Ok(WriteMode::Create),
        _ => Err(Problem::bad_request("the only condition of a change is `If-None-Match: *`")),
    }
}

/// How many bytes the weights have by the model file; `None` where only their end can tell.
fn byte_length(model: &ModelJson) -> Option<u64> {
    let files = model.files();
    let by_files =
        || files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.integrity?.bytes));
    let own = |spec: &WeightSpec| spec.byte_length().ok().flatten();
    let mut specs = model.groups.iter().flatten().flat_map(|group| &group.weights);
    by_files().or_else(|| specs.try_fold(0_u64, |sum, spec| sum.checked_add(own(spec)?)))
}
