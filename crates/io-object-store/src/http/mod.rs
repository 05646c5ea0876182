//! The HTTP layer below the clients of the clouds: error responses are typed, and everything that a
//! client would buffer is bounded, whatever the server sends.

mod attempts;
mod bounded;
mod list;
mod pages;
mod response;

use async_trait::async_trait;
use futures::StreamExt;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

pub(crate) use attempts::Attempts;
pub(crate) use bounded::BadResponse;
pub(crate) use list::UnreadableKey;
pub(crate) use response::ErrorResponse;
use response::{RequestFacts, Treatment};

/// The longest error response that is read; of a longer one the start counts.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The longest response that a client buffers. A page of a list has up to 5,000 keys.
pub(crate) const MAX_RESPONSE_BYTES: usize = 32 << 20;

/// `client` with error responses that are typed and responses that are bounded.
pub(crate) fn guarded(client: HttpClient) -> HttpClient {
    HttpClient::new(Guard { client, pages: pages::Pages::default() })
}

#[derive(Debug)]
struct Guard {
    client: HttpClient,
    pages: pages::Pages,
}

#[async_trait]
impl HttpService for Guard {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // In a page the requests are repeated below, and counted there.
        #[cfg(not(target_family = "wasm"))]
        Attempts::count(&request);
        let query = pages::ListQuery::of(&request);
        let is_get = request.method().as_str() == "GET";
        let facts = RequestFacts::of(&request);
        let response = self.client.execute(request).await?;
        if !response.status().is_success() {
            return refuse(response, &facts).await;
        }
        if let Some(query) = query {
            return self.list(response, &query).await;
        }
        // An object has an entity tag, and a length by which its reader counts.
        if is_get && response.headers().contains_key("etag") {
            return if ends_beyond_all(&response) { Err(bad(beyond_all())) } else { Ok(response) };
        }
        let (parts, body) = response.into_parts();
        Ok(HttpResponse::from_parts(parts, bounded::bounded(body, MAX_RESPONSE_BYTES)))
    }
}

impl Guard {
    /// A page of a list, without the keys that the client could not parse.
    async fn list(
        &self,
        response: HttpResponse,
        query: &pages::ListQuery,
    ) -> Result<HttpResponse, HttpError> {
        let (mut parts, body) = response.into_parts();
        let text = bounded::bounded(body, MAX_RESPONSE_BYTES).bytes().await?;
        let page = list::read(&text);
        let bytes = text.len();
        // A page that cannot be read is for the client to refuse.
        let Some(page) = page else {
            return Ok(HttpResponse::from_parts(parts, text.into()));
        };
        let unreadable = self.pages.add(query, &page, bytes).map_err(bad)?;
        if let Some(key) = unreadable {
            parts.extensions.insert(key);
        }
        let text = page.kept.map_or(text, Into::into);
        parts.headers.remove("content-length");
        Ok(HttpResponse::from_parts(parts, text.into()))
    }
}

/// An error response: typed, unless the client has to see the status.
async fn refuse(response: HttpResponse, facts: &RequestFacts) -> Result<HttpResponse, HttpError> {
    let (mut parts, body) = response.into_parts();
    let mut pieces = body.bytes_stream();
    let mut text = Vec::new();
    while text.len() < MAX_ERROR_BYTES
        && let Some(piece) = pieces.next().await
    {
        // What is missing of an error response is no other error.
        let Ok(piece) = piece else { break };
        let left = MAX_ERROR_BYTES - text.len();
        text.extend_from_slice(piece.get(..left).unwrap_or(&piece));
    }
    // Hangs up on a server that has more to say.
    drop(pieces);
    let error = ErrorResponse::read(parts.status.as_u16(), &parts.headers, &text, facts);
    match error.treatment() {
        Treatment::Status => {
            parts.headers.remove("content-length");
            let body = HttpResponseBody::from(error.details());
            Ok(HttpResponse::from_parts(parts, body))
        }
        // Of all kinds this is the one that a client repeats for every method, as it does for the
        // status itself.
        Treatment::Repeat => Err(HttpError::new(HttpErrorKind::Request, error)),
        Treatment::Fail => Err(HttpError::new(HttpErrorKind::Unknown, error)),
    }
}

/// Whether the range of a response ends with the last number there is, to which clients add one.
fn ends_beyond_all(response: &HttpResponse) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    let end = range.and_then(|range| range.split_once('-')?.1.split('/').next());
    end.is_some_and(|end| end.trim().parse() == Ok(u64::MAX))
}

fn beyond_all() -> BadResponse {
    BadResponse("the range of the response is none that an object can have".to_owned())
}

fn bad(error: BadResponse) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, error)
}

/// What `error` was caused by, where that is a `T`.
pub(crate) fn cause<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref::<T>())
}
