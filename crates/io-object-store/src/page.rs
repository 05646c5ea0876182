//! What a page has in place of the clients' own: `fetch` with retries of ours, and signatures.

use std::{error::Error as StdError, fmt, time::Duration};

use async_trait::async_trait;
use futures::channel::oneshot;
use hmac::{Hmac, Mac};
use object_store::{
    ClientOptions, Result,
    client::{
        CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, HttpClient, HttpConnector,
        HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector, Signer,
        SigningAlgorithm,
    },
};
use sha2::{Digest, Sha256};

use crate::http::{Attempts, guarded};

/// The first wait between two tries. The next ones are twice as long each, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Connects by `fetch`. The client's own retries wait by a clock that browsers have not, so that it
/// is told to have none, and these are instead of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connector {
    max_retries: usize,
}

impl Connector {
    pub(crate) fn new(max_retries: usize) -> Self {
        Self { max_retries }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let fetch = ReqwestConnector::default().connect(options)?;
        let retrying = Retrying { fetch, max_retries: self.max_retries };
        Ok(guarded(HttpClient::new(retrying)))
    }
}

#[derive(Debug)]
struct Retrying {
    fetch: HttpClient,
    max_retries: usize,
}

#[async_trait]
impl HttpService for Retrying {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut wait = FIRST_WAIT;
        let mut left = self.max_retries;
        loop {
            Attempts::count(&request);
            let error = match self.fetch.execute(request.clone()).await {
                Ok(answer) if left == 0 || !is_passing(answer.status().as_u16(), &request) => {
                    return Ok(answer);
                }
                Ok(_) => None,
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                // A page is not told why, but a server that is there and does not let pages read it
                // will not do so the next time.
                if let Some(blocked) = blocked(&request).await {
                    return Err(HttpError::new(HttpErrorKind::Unknown, blocked));
                }
                if left == 0 || !may_be_repeated(&request) {
                    // Whether there was an answer is not known: it is the caller who has to look.
                    return Err(HttpError::new(HttpErrorKind::Request, error));
                }
            }
            left -= 1;
            pause(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }
}

/// Whether a server that answers so may do it the next time. Some of the answers leave open whether
/// it has done it.
fn is_passing(status: u16, request: &HttpRequest) -> bool {
    match status {
        429 | 503 => true,
        408 | 500 | 502 | 504 => !is_on_condition(request),
        _ => false,
    }
}

/// Whether a request that may have arrived can be sent again.
fn may_be_repeated(request: &HttpRequest) -> bool {
    match request.method().as_str() {
        "GET" | "HEAD" => true,
        "PUT" | "DELETE" => !is_on_condition(request),
        _ => false,
    }
}

/// What is done on a condition was done by the first request then, and would be refused to the
/// second.
fn is_on_condition(request: &HttpRequest) -> bool {
    ["if-match", "if-none-match", "x-goog-if-generation-match", "x-amz-copy-source-if-match"]
        .iter()
        .any(|name| request.headers().contains_key(*name))
}

/// Waits. What waits in the browser belongs to one thread, and the client wants to pass on what it
/// waits for, so the two are apart.
async fn pause(time: Duration) {
    let (done, waits) = oneshot::channel::<()>();
    wasm_bindgen_futures::spawn_local(async move {
        let _ = io_web::sleep(time).await;
        let _ = done.send(());
    });
    let _ = waits.await;
}

/// Whether the server is there, though it does not let this page read what it answers.
async fn blocked(request: &HttpRequest) -> Option<Blocked> {
    let url = request.uri().to_string();
    let (found, looks) = oneshot::channel();
    wasm_bindgen_futures::spawn_local(async move {
        let foreign = io_web::page_origin().filter(|origin| !is_below(&url, origin));
        let _ = found.send(match foreign {
            Some(origin) if io_web::answers(&url).await => Some(Blocked { origin }),
            _ => None,
        });
    });
    looks.await.ok().flatten()
}

fn is_below(url: &str, origin: &str) -> bool {
    url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// A server that is there and does not let this page read from it.
#[derive(Debug)]
pub(crate) struct Blocked {
    /// That of the page.
    origin: String,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server does not let pages of other origins read this (CORS)")
    }
}

impl StdError for Blocked {}

/// What the owner of the bucket has to do, where that is why `error` came, which says `text`.
pub(crate) fn hint(error: &(dyn StdError + 'static), text: &str) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    let blocked = causes.find_map(|error| error.downcast_ref::<Blocked>());
    // What the browser keeps from us looks as if it had not come.
    let hidden = HIDDEN.iter().any(|words| text.contains(words));
    if blocked.is_none() && !hidden {
        return None;
    }
    let origin = blocked.map(|blocked| blocked.origin.clone()).or_else(io_web::page_origin);
    Some(format!(
        "the bucket needs a CORS rule for the origin {}: the methods GET, HEAD, PUT, POST and DELETE, \
         all headers, and `ETag` and `Content-Range` exposed",
        origin.unwrap_or_default()
    ))
}

/// How the clients miss a header.
const HIDDEN: [&str; 2] = ["header not present", "Header missing"];

/// SHA-256 and its HMAC, which S3 and Azure sign with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crypto;

impl CryptoProvider for Crypto {
    fn digest(&self, algorithm: DigestAlgorithm) -> Result<Box<dyn DigestContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => {
                Ok(Box::new(Running { state: Sha256::new(), output: Vec::new() }))
            }
            _ => Err(unknown()),
        }
    }

    fn hmac(&self, algorithm: DigestAlgorithm, secret: &[u8]) -> Result<Box<dyn HmacContext>> {
        let state = match algorithm {
            DigestAlgorithm::Sha256 => Hmac::<Sha256>::new_from_slice(secret),
            _ => return Err(unknown()),
        };
        // A key of any length will do.
        let state = state.map_err(|_| unknown())?;
        Ok(Box::new(Running { state, output: Vec::new() }))
    }

    fn sign(&self, _: SigningAlgorithm, _: &[u8]) -> Result<Box<dyn Signer>> {
        Err(object_store::Error::NotSupported {
            source: "a page cannot sign with a service account: give it a `bearer_token`".into(),
        })
    }
}

fn unknown() -> object_store::Error {
    object_store::Error::NotSupported { source: "an unknown digest".into() }
}

/// A digest or an HMAC that is being computed.
struct Running<S> {
    state: S,
    output: Vec<u8>,
}

impl DigestContext for Running<Sha256> {
    fn update(&mut self, data: &[u8]) {
        Digest::update(&mut self.state, data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.output = self.state.finalize_reset().to_vec();
        Ok(&self.output)
    }
}

impl HmacContext for Running<Hmac<Sha256>> {
    fn update(&mut self, data: &[u8]) {
        Mac::update(&mut self.state, data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.output = self.state.clone().finalize().into_bytes().to_vec();
        Ok(&self.output)
    }
}
