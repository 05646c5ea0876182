//! Model files and weights.

use std::{ops::Range, sync::Arc, time::SystemTime};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use headers::{ContentLength, ETag, HeaderMapExt as _, LastModified};
use io_core::{Error, ErrorKind, Weights, printable_date};

use crate::{
    ModelName,
    coding::{Coding, accepted},
    conditions::{Outcome, Validators, evaluate},
    name::MODEL_JSON,
    problem::Problem,
    siblings::Siblings,
    state::Server,
    versions::Version,
};

/// A file of one version of a model.
struct File {
    content: Weights,
    kind: &'static str,
    encoding: Option<&'static str>,
    /// Whether there is another form of it.
    varies: bool,
    /// Whether these bytes are all that its name ever stands for.
    immutable: bool,
    validators: Validators,
}

impl Server {
    /// The file `file` of the model `name`, or the part of it that the request asks for.
    pub(crate) async fn download(
        self: &Arc<Self>,
        name: &ModelName,
        file: &str,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let failed = |error: &Error| Problem::from_store(error, Some(name));
        let mut last = None;
        // Weights may be replaced between two requests, which their first byte finds out.
        for _ in 0..2 {
            let found = self.find(name, file, headers).await.map_err(|error| failed(&error))?;
            let found = found.ok_or_else(|| {
                let file = file.escape_debug();
                Problem::not_found(format!("the model `{name}` has no file `{file}` now"))
            })?;
            // Nor is a version kept whose body could not be sent to its end.
            let (server, own) = (self.clone(), name.clone());
            let cut_off = move || server.versions.forget(&own);
            match respond(found, headers, cut_off).await {
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {
                    self.versions.forget(name);
                    last = Some(error);
                }
                answer => return answer.map_err(|error| failed(&error)),
            }
        }
        Err(last.as_ref().map_or_else(Problem::busy, failed))
    }

    async fn find(
        self: &Arc<Self>,
        name: &ModelName,
        file: &str,
        headers: &HeaderMap,
    ) -> Result<Option<File>, Error> {
        if file == MODEL_JSON {
            return Ok(Some(model_file(&*self.version(name).await?, headers).await));
        }
        let version = self.version_of(name, file).await?;
        let Some((weights, saved)) = version
            .as_ref()
            .and_then(|version| Some((version.weights.as_ref()?, version.info.date_saved)))
        else {
            return Ok(None);
        };
        let compressed = compressed(headers, &weights.siblings, None).await;
        Ok(Some(File {
            kind: "application/octet-stream",
            varies: compressed.is_some() || weights.siblings.exist().await,
            immutable: true,
            validators: validators(&weights.tag, compressed.as_ref(), saved),
            encoding: compressed.as_ref().map(|form| form.coding.name()),
            content: compressed.map_or_else(|| weights.weights.clone(), |form| form.content),
        }))
    }
}

async fn model_file(version: &Version, headers: &HeaderMap) -> File {
    let (gzip, siblings) = (&version.json_gzip, &version.json_siblings);
    let compressed = compressed(headers, siblings, gzip.as_ref()).await;
    File {
        kind: "application/json",
        varies: compressed.is_some() || gzip.is_some() || siblings.exist().await,
        immutable: false,
        validators: validators(&version.json_tag, compressed.as_ref(), version.info.date_saved),
        encoding: compressed.as_ref().map(|form| form.coding.name()),
        content: compressed.map_or_else(|| version.json.clone().into(), |form| form.content),
    }
}

/// A compressed form of a file.
struct Compressed {
    coding: Coding,
    /// Of a form that somebody else made.
    checksum: Option<u64>,
    content: Weights,
}

/// The form that the client likes best of those that there are, `gzip` among them; `None` for the
/// bytes as they are, which is what ranges are of.
async fn compressed(
    headers: &HeaderMap,
    siblings: &Siblings,
    gzip: Option<&Bytes>,
) -> Option<Compressed> {
    if headers.contains_key(header::RANGE) {
        return None;
    }
    for coding in accepted(headers) {
        if let Some((checksum, content)) = siblings.get(coding).await {
            return Some(Compressed { coding, checksum: Some(checksum), content });
        }
        if let Some(gzip) = gzip.filter(|_| coding == Coding::Gzip) {
            return Some(Compressed { coding, checksum: None, content: gzip.clone().into() });
        }
    }
    None
}

/// Each form has a tag of its own.
fn validators(tag: &str, compressed: Option<&Compressed>, saved: SystemTime) -> Validators {
    let etag = match compressed {
        None => format!("\"{tag}\""),
        Some(Compressed { coding, checksum: None, .. }) => format!("\"{tag}-{}\"", coding.name()),
        Some(Compressed { coding, checksum: Some(checksum), .. }) => {
            format!("\"{tag}-{}-{checksum:016x}\"", coding.name())
        }
    };
    let etag: Option<ETag> = etag.parse().ok();
    // A date before 1970 is a broken clock; the format cannot print it.
    Validators { etag, modified: printable_date(saved) }
}

async fn respond(
    file: File,
    request: &HeaderMap,
    cut_off: impl Fn() + Send + 'static,
) -> Result<Response, Error> {
    let length = file.content.byte_length();
    let mut response = match evaluate(request, &file.validators, length) {
        Outcome::Failed => {
            let message = "the file is of another version";
            return Ok(
                Problem::new(StatusCode::PRECONDITION_FAILED, "Conflict", message).into_response()
            );
        }
        Outcome::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        Outcome::Unsatisfiable => {
            let message = "the range begins after the end of the file";
            let mut response =
                Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidInput", message)
                    .into_response();
            content_range(&mut response, &format!("bytes */{length}"));
            return Ok(response);
        }
        Outcome::Whole => part(&file, StatusCode::OK, 0..length, cut_off).await?,
        Outcome::Part(range) => {
            let text = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            let mut response = part(&file, StatusCode::PARTIAL_CONTENT, range, cut_off).await?;
            content_range(&mut response, &text);
            response
        }
    };
    let headers = response.headers_mut();
    if let Some(etag) = file.validators.etag {
        headers.typed_insert(etag);
    }
    headers.typed_insert(LastModified::from(file.validators.modified));
    let caching = if file.immutable { "max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if file.varies {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    Ok(response)
}

fn content_range(response: &mut Response, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
}

async fn part(
    file: &File,
    status: StatusCode,
    range: Range<u64>,
    cut_off: impl Fn() + Send + 'static,
) -> Result<Response, Error> {
    let length = range.end.saturating_sub(range.start);
    let mut chunks = file.content.stream_range(range);
    // The first chunk before the status: what cannot be read has another one.
    let first: Option<Bytes> = chunks.next().await.transpose()?;
    // The status is out: all that the client can be told is that the body ends too early.
    let rest = chunks.inspect_err(move |error| {
        tracing::error!("a body was cut off: {error}");
        cut_off();
    });
    let body = Body::from_stream(stream::iter(first.map(Ok)).chain(rest));
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.typed_insert(ContentLength(length));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(encoding) = file.encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}
