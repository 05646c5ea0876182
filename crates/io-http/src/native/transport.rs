//! One request: the client, redirects, and time limits on silence.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::Method;
use io_core::{Error, ErrorKind, Result};
use reqwest::{Client, Response, redirect::Policy};
use tokio::time::Instant;
use url::Url;

use super::{
    activity::{Activity, watch},
    decoded::Decoded,
    error::failed,
    form::Form,
    proxy::Proxies,
    redirect,
    tls::Tls,
};
use crate::{
    HttpOptions,
    ask::Ask,
    credentials::{Credentials, take_basic},
    encoding::{Coding, codings},
    error::idle,
    response::Head,
    retry::Failure,
    speed::Speed,
};

/// How much of a cached copy is read at a time.
#[cfg(feature = "cache")]
const FILE_PIECE_BYTES: usize = 1 << 20;

/// What requests of one model are made with.
pub(crate) struct Transport {
    pub(crate) options: HttpOptions,
    pub(crate) credentials: Credentials,
    /// Where the caller adds roots.
    tls: OnceLock<Tls>,
    proxies: OnceLock<Arc<Proxies>>,
    client: OnceLock<Client>,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Server(Network),
    /// Of these codings, none of it read yet.
    Coded(Network, Vec<Coding>),
    Decoded(Decoded),
    /// Of a coding that is not read here.
    Refused(Error),
    /// Read to an end that was a failure.
    Over,
    #[cfg(feature = "cache")]
    File(tokio::fs::File),
}

/// Bytes as they come from the server.
#[derive(Debug)]
pub(super) struct Network {
    response: Response,
    idle: Duration,
    speed: Speed,
}

impl Network {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// `Network` when the connection breaks, `Timeout` when the server is silent or too slow.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let start = Instant::now();
        let chunk = tokio::time::timeout(self.idle, self.response.chunk()).await;
        let chunk = chunk.map_err(|_| idle())?;
        let chunk = chunk.map_err(|error| failed("the connection broke off", error, None))?;
        if let Some(bytes) = &chunk {
            self.speed.add(start.elapsed(), bytes.len() as u64)?;
        }
        Ok(chunk)
    }
}

impl Transport {
    pub(crate) fn new(options: HttpOptions, credentials: Credentials) -> Self {
        let (tls, proxies, client) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { options: options.bounded(), credentials, tls, proxies, client }
    }

    /// Sends a request without a body and gives whatever answer comes, redirects followed.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &Url,
        ask: Ask<'_>,
    ) -> Result<Reply, Failure> {
        self.check_online()?;
        let client = self.client()?;
        let headers = ask.headers();
        let mut hop = Hop::new(url);
        // A connection that is dead is noticed all the same: the system probes it.
        let limit = if ask.patient { Duration::MAX } else { self.options.idle_timeout };
        loop {
            let request = self.build(client, method.clone(), &hop, &headers)?;
            let sent = tokio::time::timeout(limit, request.send()).await;
            let answer = sent.map_err(|_| idle())?.map_err(|error| self.failed(&hop, error))?;
            let reply = Reply::new(answer, &hop.url, &self.options);
            // What changes something is not turned into a look at something else.
            let acts = method != Method::GET && method != Method::HEAD;
            if !hop.follow(&reply.head, acts)? {
                return Ok(reply);
            }
        }
    }

    /// Sends the form, again for each redirect that asks for that.
    pub(crate) async fn upload(
        &self,
        method: &Method,
        url: &Url,
        form: &Form,
        ask: Ask<'_>,
    ) -> Result<Reply, Failure> {
        self.check_online()?;
        // A connection that was idle may be closed under a request that must not be repeated.
        let client = self.build_client(0)?;
        let mut hop = Hop::new(url);
        loop {
            let activity = Arc::new(Activity::new(&self.options));
            let body = reqwest::Body::wrap(form.body(activity.clone()));
            let mut headers = ask.headers();
            headers.push(("content-type", form.content_type()));
            let request = self.build(&client, method.clone(), &hop, &headers)?.body(body);
            let answer = watch(request.send(), &activity, self.options.idle_timeout).await?;
            let answer = answer.map_err(|error| self.failed(&hop, error))?;
            let reply = Reply::new(answer, &hop.url, &self.options);
            if !hop.follow(&reply.head, true)? {
                return Ok(reply);
            }
        }
    }

    fn build(
        &self,
        client: &Client,
        method: Method,
        hop: &Hop,
        headers: &[(&'static str, String)],
    ) -> Result<reqwest::RequestBuilder> {
        if hop.url.scheme() == "https" {
            self.tls()?.check()?;
        }
        self.proxies().find(&hop.url)?;
        // Ranges and lengths are those of the bytes themselves.
        let mut request =
            client.request(method, hop.url.clone()).header("accept-encoding", "identity");
        for (name, value) in self.credentials.headers_for(&hop.url, hop.strayed) {
            request = request.header(name, value);
        }
        if let Some(basic) = hop.basic.as_ref().filter(|_| !hop.strayed) {
            request = request.header("authorization", basic);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        Ok(request)
    }

    fn check_online(&self) -> Result<()> {
        if !self.options.is_offline() {
            return Ok(());
        }
        let message = "this is not in the cache, and option `offline` is set";
        Err(Error::new(ErrorKind::Network, message))
    }

    fn tls(&self) -> Result<&Tls> {
        if self.options.root_certificates.is_empty() {
            return Tls::get();
        }
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let tls = Tls::with_roots(&self.options.root_certificates)?;
        Ok(self.tls.get_or_init(|| tls))
    }

    /// The failure of a request that got no response.
    fn failed(&self, hop: &Hop, error: reqwest::Error) -> Failure {
        let proxy = self.proxies().find(&hop.url).ok().flatten();
        failed("the server closed the connection", error, proxy)
    }

    fn proxies(&self) -> &Arc<Proxies> {
        self.proxies.get_or_init(|| Arc::new(Proxies::new(&self.options)))
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = self.build_client(self.options.parallel.get())?;
        Ok(self.client.get_or_init(|| client))
    }

    fn build_client(&self, idle_connections: usize) -> Result<Client> {
        let builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(concat!("modelport/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.options.connect_timeout)
            .pool_max_idle_per_host(idle_connections)
            .tls_backend_preconfigured(self.tls()?.config.clone())
            .no_proxy();
        let builder = match self.proxies() {
            proxies if proxies.are_none() => builder,
            proxies => builder.proxy(proxies.for_client()),
        };
        builder.build().map_err(|error| {
            let error = error.without_url();
            Error::new(ErrorKind::Unexpected, "requests cannot be made").with_source(error)
        })
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Where a request is on its way through redirects.
struct Hop {
    url: Url,
    /// User information that a weight URL of the caller's had.
    basic: Option<String>,
    /// Whether it has been at another origin.
    strayed: bool,
    count: usize,
}

impl Hop {
    fn new(url: &Url) -> Self {
        let mut url = url.clone();
        let basic = take_basic(&mut url);
        Self { url, basic, strayed: false, count: 0 }
    }

    /// Whether there is another request to make.
    fn follow(&mut self, head: &Head, upload: bool) -> Result<bool> {
        let Some(next) = redirect::next(&self.url, head.status, head.get("location"), upload)?
        else {
            return Ok(false);
        };
        self.count += 1;
        if self.count > redirect::MAX_REDIRECTS {
            return Err(Error::new(ErrorKind::Network, "the server redirects in a circle"));
        }
        self.strayed |= next.origin() != self.url.origin();
        self.url = next;
        Ok(true)
    }
}

impl Reply {
    fn new(response: Response, url: &Url, options: &HttpOptions) -> Self {
        let headers = response.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let mut head =
            Head { status: response.status().as_u16(), headers: headers.collect(), coded: false };
        let codings = codings(&head.list("content-encoding"));
        head.coded = codings.as_ref().map_or(true, |codings| !codings.is_empty());
        let network = Network { response, idle: options.idle_timeout, speed: Speed::new(options) };
        let body = match codings {
            Ok(codings) if codings.is_empty() => Body::Server(network),
            Ok(codings) => Body::Coded(network, codings),
            Err(error) => Body::Refused(error),
        };
        Self { head, url: url.clone(), body }
    }

    /// A copy of an answer, as if it came now.
    #[cfg(feature = "cache")]
    pub(crate) fn from_file(head: Head, url: &Url, file: std::fs::File) -> Self {
        let mut file = tokio::fs::File::from_std(file);
        file.set_max_buf_size(FILE_PIECE_BYTES);
        Self { head, url: url.clone(), body: Body::File(file) }
    }

    /// The next bytes of the body, decoded where the server sent it compressed.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match &mut self.body {
            Body::Server(network) => return network.chunk().await,
            Body::Decoded(decoded) => return decoded.chunk().await,
            #[cfg(feature = "cache")]
            Body::File(file) => return file_chunk(file).await,
            Body::Over => return Ok(None),
            Body::Coded(..) | Body::Refused(_) => {}
        }
        match std::mem::replace(&mut self.body, Body::Over) {
            Body::Coded(network, codings) => {
                let mut decoded = Decoded::start(network, codings);
                let first = decoded.chunk().await;
                self.body = Body::Decoded(decoded);
                first
            }
            Body::Refused(error) => Err(error.into()),
            _ => Ok(None),
        }
    }
}

#[cfg(feature = "cache")]
async fn file_chunk(file: &mut tokio::fs::File) -> Result<Option<Bytes>, Failure> {
    use tokio::io::AsyncReadExt;
    let mut piece = bytes::BytesMut::with_capacity(FILE_PIECE_BYTES);
    let read = file.read_buf(&mut piece).await.map_err(|error| {
        let message = "the cached copy cannot be read";
        Error::new(ErrorKind::Unexpected, message).with_source(error)
    })?;
    Ok((read > 0).then(|| piece.freeze()))
}
