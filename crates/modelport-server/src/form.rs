//! The form of an upload: the model file, then its weight files in the order of the manifest.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, stream};
use io_core::{DType, Error, WeightStream};
use io_manifest::{Checksum, ModelJson, WeightFile, tensor_pieces};
use multer::{Field, Multipart};

use crate::{
    Limits,
    arriving::{Arriving, Backlog, Fault},
    extra::{EXTRA, FilePattern},
    name::MODEL_JSON,
    problem::Problem,
};

/// What TensorFlow.js calls the part with the weights.
const WEIGHTS_PART: &str = "model.weights.bin";

/// The parts of a request, one after the other.
pub(crate) struct Form {
    multipart: Multipart<'static>,
    backlog: Backlog,
    fault: Fault,
    limits: Limits,
    extras: Extras,
}

/// The files of a form that come after the weights and go beside the model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    patterns: Vec<FilePattern>,
    files: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl Extras {
    pub(crate) fn new(patterns: &[FilePattern]) -> Self {
        Self { patterns: patterns.to_vec(), files: Arc::default() }
    }

    /// The names and contents of those that have come.
    pub(crate) fn take(&self) -> Vec<(String, Bytes)> {
        std::mem::take(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The name of an extra file, if the part is one.
    fn name(&self, field: &Field<'_>) -> Option<String> {
        let name = field.file_name().or(field.name())?;
        self.patterns.iter().any(|pattern| pattern.matches(name)).then(|| name.to_owned())
    }

    /// Adds a file; all of them together may have `limit` bytes.
    fn add(&self, name: String, content: Bytes, limit: u64) -> Result<(), Problem> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.iter().any(|(other, _)| *other == name) {
            return Err(Problem::bad_request("the form has two extra files of one name"));
        }
        let length = |bytes: &Bytes| bytes.len() as u64;
        let sum: u64 = files.iter().map(|(_, bytes)| length(bytes)).sum();
        if sum.saturating_add(length(&content)) > limit {
            return Err(Problem::file_too_large(EXTRA, limit));
        }
        files.push((name, content));
        Ok(())
    }
}

impl Form {
    /// # Errors
    ///
    /// 415 when the request has no form.
    pub(crate) fn new(
        headers: &HeaderMap,
        body: axum::body::Body,
        limits: Limits,
        fault: Fault,
        extras: Extras,
    ) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| {
            let message = "an upload is multipart/form-data with a boundary";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "InvalidInput", message)
        })?;
        let backlog = Backlog::default();
        let body = Arriving::new(body, limits, backlog.clone(), fault.clone());
        Ok(Self { multipart: Multipart::new(body, boundary), backlog, fault, limits, extras })
    }

    /// The model file: the first part.
    ///
    /// # Errors
    ///
    /// 400 when it is missing or no model file, 413 when it is too long.
    pub(crate) async fn model(&mut self) -> Result<ModelJson, Problem> {
        let field = match self.next().await? {
            Some(field) if is_called(&field, MODEL_JSON) => field,
            Some(_) => return Err(Problem::bad_request("the first part is not `model.json`")),
            None => return Err(Problem::bad_request("the form has no parts")),
        };
        let text = self.content(field, "the model file").await?;
        ModelJson::parse(&text).map_err(Problem::from_input)
    }

    /// Reads the extra files at the end, and makes sure that there is nothing more.
    ///
    /// # Errors
    ///
    /// 400 when there is, 413 when extra files are too long or too many.
    pub(crate) async fn end(&mut self) -> Result<(), Problem> {
        let mut parts = 0_usize;
        while let Some(field) = self.next().await? {
            let Some(name) = self.extras.name(&field) else {
                let message = "the form has a part that `model.json` does not name";
                return Err(Problem::bad_request(message));
            };
            parts = parts.saturating_add(1);
            if parts > self.limits.parts {
                return Err(Problem::too_large("the form has too many parts"));
            }
            let content = self.content(field, EXTRA).await?;
            self.extras.add(name, content, self.limits.model_json_bytes)?;
        }
        Ok(())
    }

    /// All of a part that may be as long as a model file; `what` it is, for the error.
    async fn content(&self, mut field: Field<'static>, what: &str) -> Result<Bytes, Problem> {
        let mut content = BytesMut::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| self.explain(&error))? {
            self.backlog.clear();
            let length = content.len().saturating_add(chunk.len()) as u64;
            if length > self.limits.model_json_bytes {
                return Err(Problem::file_too_large(what, self.limits.model_json_bytes));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    }

    /// The bytes of the weights, which end well only if the whole form does: each file in its place
    /// with its own length and checksum, and nothing after the last; and strings that are as many and
    /// as long as they say. What is wrong is left in the [`Fault`].
    pub(crate) fn weights(self, model: ModelJson, expected: Option<u64>) -> WeightStream {
        let fault = self.fault.clone();
        let specs = model.artifacts.weight_specs.clone().unwrap_or_default();
        let (files, left) = (model.files(), expected.unwrap_or(u64::MAX));
        let parts = Parts { form: self, model, files, left, lengths: Vec::new(), open: None };
        let told = fault.clone();
        let bytes: WeightStream = Box::pin(stream::try_unfold(parts, move |mut parts| {
            let fault = told.clone();
            async move {
                match parts.next_chunk().await {
                    Ok(Some(chunk)) => Ok(Some((chunk, parts))),
                    Ok(None) => Ok(None),
                    Err(problem) => {
                        fault.set(problem);
                        Err(incomplete())
                    }
                }
            }
        }));
        if !specs.iter().any(|spec| spec.dtype == DType::String) {
            return bytes;
        }
        // Only their bytes tell how long strings are.
        Box::pin(tensor_pieces(specs, bytes).map(move |piece| match piece {
            Ok(piece) => Ok(piece.stored),
            Err(error) => {
                fault.set(Problem::from_input(error));
                Err(incomplete())
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Field<'static>>, Problem> {
        self.backlog.clear();
        self.multipart.next_field().await.map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &multer::Error) -> Problem {
        self.fault.take().unwrap_or_else(|| match error {
            multer::Error::IncompleteFieldData { .. }
            | multer::Error::IncompleteHeaders
            | multer::Error::IncompleteStream => Problem::bad_request("the form ends too early"),
            _ => Problem::bad_request("the form is malformed"),
        })
    }
}

/// The weight files of a form.
struct Parts {
    form: Form,
    model: ModelJson,
    files: Vec<WeightFile>,
    /// How many bytes may still come.
    left: u64,
    /// Of the files that are done.
    lengths: Vec<u64>,
    open: Option<(Field<'static>, Checksum)>,
}

impl Parts {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let Some((field, checksum)) = &mut self.open else {
                if !self.open_next().await? {
                    return Ok(None);
                }
                continue;
            };
            let chunk = field.chunk().await.map_err(|error| self.form.explain(&error))?;
            self.form.backlog.clear();
            match chunk {
                Some(chunk) => {
                    checksum.update(&chunk);
                    self.left = self.left.checked_sub(chunk.len() as u64).ok_or_else(|| {
                        Problem::bad_request("the weights are longer than `model.json` says")
                    })?;
                    return Ok(Some(chunk));
                }
                None => self.close()?,
            }
        }
    }

    /// Opens the part of the next file; `false` when there is none, and all is as it should be.
    async fn open_next(&mut self) -> Result<bool, Problem> {
        let Some(file) = self.files.get(self.lengths.len()) else {
            self.form.end().await?;
            self.model.check_lengths(&self.lengths).map_err(Problem::from_input)?;
            return Ok(false);
        };
        if self.lengths.len() + 1 >= self.form.limits.parts {
            return Err(Problem::too_large("the form has too many parts"));
        }
        let alone = self.files.len() == 1;
        match self.form.next().await? {
            Some(field)
                if is_called(&field, &file.path) || alone && is_called(&field, WEIGHTS_PART) =>
            {
                self.open = Some((field, Checksum::new()));
                Ok(true)
            }
            found => {
                let found = if found.is_some() {
                    "another part is in the place of"
                } else {
                    "there is no part for"
                };
                let path = file.path.escape_debug();
                Err(Problem::bad_request(format!("{found} the weight file `{path}`")))
            }
        }
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some((_, checksum)) = self.open.take() else { return Ok(()) };
        let found = checksum.integrity();
        let expected = self.files.get(self.lengths.len()).and_then(|file| file.integrity);
        if expected.is_some_and(|expected| expected.bytes == found.bytes && expected != found) {
            let message = "a weight file is not the one that `model.json` has the checksum of";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "Corrupt", message));
        }
        self.lengths.push(found.bytes);
        Ok(())
    }
}

fn incomplete() -> Error {
    Error::corrupt("the upload is not complete")
}

/// Whether a part is that of `file`, which may be written as relative to the model file.
fn is_called(field: &Field<'_>, file: &str) -> bool {
    let plain = |path: &str| path.trim_start_matches("./") == file.trim_start_matches("./");
    field.name().is_some_and(plain) || field.file_name().is_some_and(plain)
}
