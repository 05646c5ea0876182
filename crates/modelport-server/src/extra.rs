//! Files beside a model that the server gives and takes when it is told to: labels, metadata,
//! vocabularies.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use headers::{ContentLength, HeaderMapExt as _};
use io_core::{Error, ErrorKind, ModelUrl, Result, WriteMode};
use modelport::companions;

use crate::{
    ModelName,
    arriving::{Arriving, Backlog, Fault},
    name::{MODEL_JSON, Target, has_plain_characters},
    problem::Problem,
    state::Server,
    upload::write_mode,
    uploads::ClientAddress,
};

/// What an error calls such a file.
pub(crate) const EXTRA: &str = "the file";

/// The names of files beside a model: one name, or all with a beginning and an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePattern {
    begins: String,
    /// After a `*`; `None` for one name.
    ends: Option<String>,
}

impl FilePattern {
    /// Reads a pattern such as `metadata.json`, `*.txt` or `labels*.csv`: a plain name with an
    /// extension, and at most one `*` before it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is not such a pattern.
    pub fn parse(pattern: &str) -> Result<Self> {
        let (begins, ends) = match pattern.split_once('*') {
            Some((begins, ends)) => (begins, Some(ends)),
            None => (pattern, None),
        };
        let extension = ends.unwrap_or(begins).rsplit_once('.').map(|(_, extension)| extension);
        let is_weights = extension.is_some_and(|extension| extension.eq_ignore_ascii_case("bin"));
        if extension.is_none_or(str::is_empty)
            || is_weights
            || pattern.starts_with('.')
            || pattern.ends_with(' ')
            || !has_plain_characters(begins)
            || !has_plain_characters(ends.unwrap_or_default())
            || pattern.eq_ignore_ascii_case(MODEL_JSON)
        {
            let message = format!("`{}` is not a pattern of extra files", pattern.escape_debug());
            return Err(Error::new(ErrorKind::InvalidInput, message)
                .with_hint("such as `metadata.json` or `*.txt`; weight files are `.bin`"));
        }
        Ok(Self { begins: begins.to_owned(), ends: ends.map(str::to_owned) })
    }

    /// Whether a file of this name is meant.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let is_match = match &self.ends {
            None => name == self.begins,
            Some(ends) => {
                name.strip_prefix(&*self.begins).is_some_and(|rest| rest.ends_with(&**ends))
            }
        };
        is_match
            && !name.eq_ignore_ascii_case(MODEL_JSON)
            && !name.starts_with('.')
            && has_plain_characters(name)
    }
}

impl Server {
    /// Whether a file of this name beside a model is served and accepted.
    pub(crate) fn is_extra(&self, file: &str) -> bool {
        self.options.extra_files.iter().any(|pattern| pattern.matches(file))
    }

    /// The model and the file that a path below `/models/` names, if it is that of an extra file.
    pub(crate) fn extra_file(&self, path: &str) -> Option<(ModelName, String)> {
        if self.options.extra_files.is_empty() {
            return None;
        }
        Target::beside(path).filter(|(_, file)| self.is_extra(file))
    }

    /// The whole of a file beside a model; `None` when there is none.
    pub(crate) async fn download_extra(
        &self,
        name: &ModelName,
        file: &str,
    ) -> Result<Option<Response>, Problem> {
        let failed = |error: Error| Problem::from_store(&error, Some(name));
        if !self.has_extra(name, file).await? {
            return Ok(None);
        }
        let url = self.extra_url(name, file).map_err(failed)?;
        let handler = self.with_mode(WriteMode::Replace);
        let content = match modelport::open_file(url, &handler).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            content => content.map_err(failed)?,
        };
        let length = content.byte_length();
        let mut chunks = content.stream();
        // The first chunk before the status: a file that cannot be read has another one.
        let first: Option<Bytes> = chunks.next().await.transpose().map_err(failed)?;
        let rest = chunks.inspect(|chunk| {
            if let Err(error) = chunk {
                tracing::error!("a body was cut off: {error}");
            }
        });
        let first = futures::stream::iter(first.map(Ok));
        let mut response = Body::from_stream(first.chain(rest)).into_response();
        let headers = response.headers_mut();
        headers.typed_insert(ContentLength(length));
        for (name, value) in [
            (header::CONTENT_TYPE, content_type(file)),
            (header::CACHE_CONTROL, "no-cache"),
            // What somebody uploaded is not run as a page of this origin.
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(Some(response))
    }

    /// Saves the body of a request as a file beside a model that is there.
    pub(crate) async fn upload_extra(
        &self,
        name: &ModelName,
        file: &str,
        headers: &HeaderMap,
        body: Body,
        client: Option<ClientAddress>,
    ) -> Result<Response, Problem> {
        // It is in memory until it is saved, so that the number of these is bounded, too.
        let _place = self.uploads.begin(client).ok_or_else(Problem::busy)?;
        let mode = write_mode(headers)?;
        if !self.exists(name).await? {
            return Err(Problem::not_found(format!("there is no model `{name}`")));
        }
        let bytes = self.extra_body(body).await?;
        let created = self.save_extra(name, file, bytes, mode).await?;
        let status = if created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
        Ok(status.into_response())
    }

    /// Removes a file beside a model.
    pub(crate) async fn remove_extra(
        &self,
        name: &ModelName,
        file: &str,
    ) -> Result<Response, Problem> {
        let failed = |error: Error| Problem::from_store(&error, Some(name));
        if !self.has_extra(name, file).await? {
            let file = file.escape_debug();
            return Err(Problem::not_found(format!("the model `{name}` has no file `{file}`")));
        }
        let url = self.url(name).map_err(failed)?;
        let handler = self.with_mode(WriteMode::Replace);
        companions::remove_companion_file(url, file, &handler).await.map_err(failed)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Saves a file beside a model; returns whether it is new.
    pub(crate) async fn save_extra(
        &self,
        name: &ModelName,
        file: &str,
        bytes: Bytes,
        mode: WriteMode,
    ) -> Result<bool, Problem> {
        let failed = |error: Error| match error.kind() {
            ErrorKind::AlreadyExists => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "AlreadyExists",
                format!("the model `{name}` already has a file `{}`", file.escape_debug()),
            ),
            _ => Problem::from_store(&error, Some(name)),
        };
        let url = self.extra_url(name, file).map_err(failed)?;
        let existed = self.has_extra(name, file).await?;
        // What is there and is not beside the model is a part of one, and is never replaced.
        let mode = if existed { mode } else { WriteMode::Create };
        modelport::save_file(url, &bytes.into(), &self.with_mode(mode)).await.map_err(failed)?;
        Ok(!existed)
    }

    /// Whether there is such a file, and it belongs to no model.
    async fn has_extra(&self, name: &ModelName, file: &str) -> Result<bool, Problem> {
        let failed = |error: Error| Problem::from_store(&error, Some(name));
        let url = self.url(name).map_err(failed)?;
        let handler = self.with_mode(WriteMode::Replace);
        match companions::companion_files(url, &handler).await {
            Ok(files) => Ok(files.iter().any(|found| found == file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn extra_url(&self, name: &ModelName, file: &str) -> Result<ModelUrl> {
        let model = self.url(name)?;
        ModelUrl::new(model.scheme(), &format!("{}/{file}", model.rest()))
    }

    /// A body that is as long as a model file may be.
    async fn extra_body(&self, body: Body) -> Result<Bytes, Problem> {
        let (fault, backlog) = (Fault::default(), Backlog::default());
        let limits = self.options.limits;
        let mut arriving = Arriving::new(body, limits, backlog.clone(), fault.clone());
        let mut bytes = BytesMut::new();
        while let Some(chunk) = arriving.next().await {
            backlog.clear();
            let chunk = chunk.map_err(|_| {
                fault.take().unwrap_or_else(|| Problem::bad_request("the request was cut off"))
            })?;
            if bytes.len().saturating_add(chunk.len()) as u64 > limits.model_json_bytes {
                return Err(Problem::file_too_large(EXTRA, limits.model_json_bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

/// Nothing that a browser would run.
fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") => "application/json",
        Some("txt" | "csv" | "tsv" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::FilePattern;

    #[test]
    fn a_pattern_is_a_name_with_an_extension() {
        for (pattern, yes, no) in [
            ("metadata.json", "metadata.json", "Metadata.json"),
            ("*.txt", "labels.txt", "labels.txt.gz"),
            ("*.json", "a.json", "model.json"),
            ("labels*.csv", "labels_en.csv", "label.csv"),
            ("*.txt", "a.txt", ".txt"),
        ] {
            let pattern = FilePattern::parse(pattern).unwrap();
            assert!(pattern.matches(yes) && !pattern.matches(no), "{pattern:?}");
        }
        for pattern in [
            "",
            "*",
            "a",
            "a.",
            "*.*",
            "**.txt",
            "a/b.txt",
            "../a.txt",
            ".a.txt",
            "*.bin",
            "w.BIN",
            "model.json",
            "a%2f.txt",
            "a\n.txt",
            "c:a.txt",
            "*.txt ",
        ] {
            assert!(FilePattern::parse(pattern).is_err(), "{pattern:?}");
        }
    }
}
