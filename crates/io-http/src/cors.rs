//! What a server lets pages of other origins do, asked as a browser asks.

use http::Method;
use io_core::{Error, IOHandler, Operation, Result};

use crate::{HttpHandler, ask::Ask, credentials::Credentials, platform::Transport, response::Head};

/// What an answer tells a browser about pages of other origins.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// The status of the answer.
    pub status: u16,
    /// Whether it came after a redirect; browsers follow none for a preflight.
    pub redirected: bool,
    /// `Access-Control-Allow-Origin`.
    pub allow_origin: Option<String>,
    /// `Access-Control-Allow-Methods`.
    pub allow_methods: Vec<String>,
    /// `Access-Control-Allow-Headers`, in lower case.
    pub allow_headers: Vec<String>,
    /// `Access-Control-Expose-Headers`, in lower case.
    pub expose_headers: Vec<String>,
}

impl HttpHandler {
    /// The answer to a page of `origin` that asks for the first byte of the model file.
    ///
    /// # Errors
    ///
    /// - `InvalidInput`: `origin` cannot be sent.
    /// - `Network`, `Timeout`: the way to the server.
    pub async fn cors_get(&self, origin: &str) -> Result<Cors> {
        let (transport, _) = self.parts();
        let sent = [("Origin", origin)];
        let ask = Ask { range: Some((0, Some(0))), ..Ask::default() };
        self.ask(Method::GET, ask, transport.credentials.clone(), &sent).await
    }

    /// The answer to a browser that asks, for a page of `origin`, whether it may send a request of this
    /// method with these headers.
    ///
    /// # Errors
    ///
    /// Those of [`cors_get`](Self::cors_get).
    pub async fn cors_preflight(
        &self,
        origin: &str,
        method: &str,
        headers: &[&str],
    ) -> Result<Cors> {
        let (transport, _) = self.parts();
        let headers = headers.join(",");
        let mut sent = vec![("Origin", origin), ("Access-Control-Request-Method", method)];
        if !headers.is_empty() {
            sent.push(("Access-Control-Request-Headers", &headers));
        }
        // A browser sends no credentials before it has leave.
        let nobody = transport.credentials.clone().forgotten();
        self.ask(Method::OPTIONS, Ask::default(), nobody, &sent).await
    }

    async fn ask(
        &self,
        method: Method,
        ask: Ask<'_>,
        credentials: Credentials,
        sent: &[(&str, &str)],
    ) -> Result<Cors> {
        let (transport, target) = self.parts();
        let asked = transport.run(async {
            let credentials = credentials.and(sent)?;
            let transport = Transport::new(transport.options.clone(), credentials);
            let mut tries = transport.tries();
            loop {
                match transport.request(method.clone(), target, ask).await {
                    Ok(reply) => return Ok(Cors::of(&reply.head, reply.url != *target)),
                    Err(failure) => transport.pause(&mut tries, failure).await?,
                }
            }
        });
        asked.await.map_err(|error: Error| error.with_context(Operation::Open, self.url()))
    }
}

impl Cors {
    fn of(head: &Head, redirected: bool) -> Self {
        let list = |name: &str| -> Vec<String> {
            let words = head.get(name).unwrap_or_default().split(',').map(str::trim);
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let lower = |name: &str| list(name).iter().map(|word| word.to_ascii_lowercase()).collect();
        Self {
            status: head.status,
            redirected,
            allow_origin: head.get("access-control-allow-origin").map(str::to_owned),
            allow_methods: list("access-control-allow-methods"),
            allow_headers: lower("access-control-allow-headers"),
            expose_headers: lower("access-control-expose-headers"),
        }
    }

    /// Whether a page of `origin` gets to see the answer.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.allow_origin.as_deref().is_some_and(|allowed| allowed == "*" || allowed == origin)
    }

    /// Whether a page may send such a request; the methods of simple requests it may always.
    pub fn allows_method(&self, method: &str) -> bool {
        let allowed = |own: &String| own == "*" || own == method;
        matches!(method, "GET" | "HEAD" | "POST") || self.allow_methods.iter().any(allowed)
    }

    /// Whether a page may send a header of this name; `*` does not stand for `Authorization`.
    pub fn allows_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let all = name != "authorization" && self.allow_headers.iter().any(|own| own == "*");
        all || self.allow_headers.contains(&name)
    }

    /// Whether a page gets to see a header of this name in the answer.
    pub fn exposes_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.expose_headers.iter().any(|own| own == "*" || *own == name)
    }
}
