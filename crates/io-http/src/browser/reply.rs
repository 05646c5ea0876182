//! An answer whose body is still to come.

use std::time::Duration;

use bytes::Bytes;
use io_core::{Error, ErrorKind};
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{
    abort::Abort,
    javascript::{Headers, Reader, Response, Stream, property, text},
    task::{Instant, timeout},
    url::Url,
};
use crate::{
    HttpOptions, encoding::codings, error::idle, response::Head, retry::Failure, speed::Speed,
};

/// What is read of the headers.
const HEADERS: &[&str] = &[
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "retry-after",
];

/// An answer whose body is still to come. Dropping it ends the request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    body: Body,
    idle: Duration,
    speed: Speed,
    _abort: Abort,
}

#[derive(Debug)]
enum Body {
    Stream(Reader),
    /// A look-alike that has all at once.
    Whole(Response),
    End,
}

impl Reply {
    /// The answer to a request at `url`; `identity` is whether a compressed body was ruled out.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when the browser keeps it to itself.
    pub(super) fn new(
        response: Response,
        url: &Url,
        identity: bool,
        options: &HttpOptions,
        abort: Abort,
    ) -> Result<Self, Failure> {
        let head = head(&response, identity)?;
        let body = match property(&response, "body").map(JsCast::unchecked_into::<Stream>) {
            Some(stream) => {
                let reader = stream.get_reader();
                Body::Stream(reader.map_err(|thrown| broken("the body cannot be read", &thrown))?)
            }
            // `null` is the body of an answer that has none.
            None if property(&response, "arrayBuffer").is_some() => Body::Whole(response.clone()),
            None => Body::End,
        };
        let last = text(&response, "url").and_then(|last| Url::parse(&last).ok());
        let url = last.unwrap_or_else(|| url.clone());
        let (idle, speed) = (options.idle_timeout, Speed::new(options));
        Ok(Self { head, url, body, idle, speed, _abort: abort })
    }

    /// The next bytes of the body.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let start = Instant::now();
        let chunk = timeout(self.idle, self.next()).await.unwrap_or_else(|| Err(idle()))?;
        if let Some(bytes) = &chunk {
            self.speed.add(start.elapsed(), bytes.len() as u64)?;
        }
        Ok(chunk)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let message = "the connection broke off";
        match &self.body {
            Body::End => Ok(None),
            Body::Stream(reader) => {
                let promise = reader.read().map_err(|thrown| broken(message, &thrown))?;
                let read =
                    JsFuture::from(promise).await.map_err(|thrown| broken(message, &thrown))?;
                match property(&read, "value") {
                    Some(value) => bytes(&value).map(Some),
                    None => {
                        self.body = Body::End;
                        Ok(None)
                    }
                }
            }
            Body::Whole(response) => {
                let promise = response.array_buffer().map_err(|thrown| broken(message, &thrown))?;
                let whole = JsFuture::from(Promise::resolve(&promise)).await;
                let whole = whole.map_err(|thrown| broken(message, &thrown))?;
                self.body = Body::End;
                bytes(&whole).map(Some)
            }
        }
    }
}

fn head(response: &Response, identity: bool) -> Result<Head, Failure> {
    let kind = text(response, "type").unwrap_or_default();
    if kind == "opaqueredirect" {
        let message = "the server redirects, and a page cannot see whether to another origin";
        let error = Error::new(ErrorKind::PermissionDenied, message).with_hint(
            "give the URL that it redirects to, or set `redirect` to `follow` if the headers that \
             were set may go there",
        );
        return Err(error.into());
    }
    if kind == "opaque" {
        let message = "the browser keeps the server's answer from this page";
        return Err(Error::new(ErrorKind::PermissionDenied, message)
            .with_hint("`mode` has to be `cors` for a server of another origin")
            .into());
    }
    let status = property(response, "status").and_then(|status| status.as_f64());
    let succeeded = || property(response, "ok").is_some_and(|ok| ok.is_truthy());
    // A status is a number of three digits; look-alikes may have none. A cast saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let status = status.map_or_else(|| if succeeded() { 200 } else { 0 }, |status| status as u16);
    let given: Option<Headers> = property(response, "headers").map(JsCast::unchecked_into);
    let read = |name: &&'static str| {
        let value = given.as_ref()?.get(name).ok()?.as_string()?;
        Some(((*name).to_owned(), value))
    };
    let mut headers: Vec<(String, String)> = HEADERS.iter().filter_map(read).collect();
    // The browser has unpacked what was compressed, but the length is that of what came. Of another
    // origin a page is not told which it was, unless a range ruled it out.
    let encoding = headers.iter().find(|(name, _)| name == "content-encoding");
    let coded =
        encoding.is_some_and(|(_, value)| codings(value).map_or(true, |all| !all.is_empty()));
    if kind == "cors" && !identity {
        headers.retain(|(name, _)| name != "content-length");
    }
    Ok(Head { status, headers, coded })
}

fn bytes(value: &JsValue) -> Result<Bytes, Failure> {
    if let Some(text) = value.as_string() {
        return Ok(text.into());
    }
    let array = match value.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Uint8Array::new(buffer),
        None => match value.dyn_ref::<Uint8Array>() {
            Some(array) => array.clone(),
            None => return Err(Error::corrupt("`fetch` gave a body that is not bytes").into()),
        },
    };
    Ok(io_web::copy_out(&array, 0..array.length().into())?)
}

fn broken(message: &str, thrown: &JsValue) -> Failure {
    let error = io_web::error(message, thrown);
    if error.kind() == ErrorKind::Cancelled {
        return error.into();
    }
    let cause = io_web::JsError::new(thrown);
    Failure::passing(Error::new(ErrorKind::Network, message).with_source(cause))
}
