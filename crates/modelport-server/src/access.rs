//! Who may do what: bearer tokens, and pages of other origins.

use std::{
    fmt,
    net::IpAddr,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use io_core::{Error, ErrorKind, Result};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::{problem::Problem, state::Server};

/// The most bytes of a file of tokens.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The shortest token that cannot be guessed by trying.
const MIN_TOKEN_BYTES: usize = 16;

/// Bearer tokens. Only their digests are kept. Clones share them, also after
/// [`replace`](Self::replace).
#[derive(Clone)]
pub struct Tokens(Arc<RwLock<Digests>>);

type Digests = Arc<[[u8; 32]]>;

impl Tokens {
    /// The tokens in `text`, one a line. Empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is none, or one is shorter than 16 bytes or not plain text.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let tokens = lines.filter(|line| !line.starts_with('#')).map(|token| {
            // Neither the token nor its line number's content is told.
            if token.len() < MIN_TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                let message = "a token is shorter than 16 characters, or not plain text";
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
            Ok(digest(token.as_bytes()))
        });
        let tokens: Arc<[_]> = tokens.collect::<Result<_>>()?;
        if tokens.is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, "there is no token"));
        }
        Ok(Self(Arc::new(RwLock::new(tokens))))
    }

    /// Takes the tokens of `other`, for all clones and every later request.
    pub fn replace(&self, other: &Self) {
        let digests = other.digests();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = digests;
    }

    fn digests(&self) -> Digests {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The tokens in the file at `path`; see [`parse`](Self::parse).
    ///
    /// # Errors
    ///
    /// `NotFound`, `PermissionDenied` or `Unexpected` when it cannot be read; `InvalidInput` when it
    /// is no file of tokens.
    pub fn read_file(path: &Path) -> Result<Self> {
        use std::io::Read as _;
        let mut text = String::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
        match read {
            Ok(_) => Self::parse(&text),
            Err(error) => {
                let kind = match error.kind() {
                    std::io::ErrorKind::NotFound => ErrorKind::NotFound,
                    std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
                    _ => ErrorKind::Unexpected,
                };
                let message = format!("cannot read the tokens in `{}`", path.display());
                Err(Error::new(kind, message).with_source(error))
            }
        }
    }

    /// Whether `token` is one of them. All are compared, each in constant time.
    fn has(&self, token: &[u8]) -> bool {
        is_any(self.digests().iter().map(<[u8; 32]>::as_slice), &digest(token)[..]).into()
    }
}

/// Whether one of `known` is `found`: all are compared, whichever it is, and each in constant time.
fn is_any<'a, T: ConstantTimeEq + ?Sized + 'a>(
    known: impl IntoIterator<Item = &'a T>,
    found: &T,
) -> Choice {
    known.into_iter().fold(Choice::from(0), |any, one| any | one.ct_eq(found))
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.digests().len())
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Lets those pass who may.
pub(crate) async fn check(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    match server.allow(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

impl Server {
    fn allow(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let writes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let write_tokens = self.options.write_tokens.as_ref();
        let read_tokens = self.options.read_tokens.as_ref();
        if write_tokens.is_none() {
            self.refuse_foreign_host(headers)?;
            if writes {
                self.refuse_foreign_page(headers)?;
            }
        }
        let needed = if writes { write_tokens } else { read_tokens };
        let Some(needed) = needed else { return Ok(()) };
        let token = bearer(headers);
        let is = |tokens: Option<&Tokens>| {
            token.is_some_and(|token| tokens.is_some_and(|tokens| tokens.has(token)))
        };
        // Who may write may read.
        if is(Some(needed)) || is(write_tokens) {
            Ok(())
        } else if writes && is(read_tokens) {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "PermissionDenied",
                "this token is for reading",
            ))
        } else {
            let problem =
                Problem::new(StatusCode::UNAUTHORIZED, "Unauthorized", "a token is needed");
            Err(problem.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
        }
    }

    /// Where no token is asked for, any page could point a name of its own to the user's machine, and
    /// then what it finds there is of its own origin.
    fn refuse_foreign_host(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(host) = headers.get(header::HOST).filter(|_| !self.options.any_host) else {
            return Ok(());
        };
        let host = host_of(host.as_bytes());
        let own = |host: &str| {
            let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            host.eq_ignore_ascii_case("localhost")
                || address.unwrap_or(host).parse::<IpAddr>().is_ok()
        };
        let allowed = |host: &str| {
            let origins = self.options.cors_origins.iter().map(HeaderValue::as_bytes);
            let mut hosts = origins.filter_map(|origin| host_of(without_scheme(origin)?));
            hosts.any(|one| one.eq_ignore_ascii_case(host))
        };
        if host.as_ref().is_some_and(|host| own(host) || allowed(host)) {
            return Ok(());
        }
        let message = "this server is not known by this name: ask for its address, or let it take \
                       any name (`--open`)";
        Err(Problem::new(StatusCode::FORBIDDEN, "PermissionDenied", message))
    }

    /// Where no token is asked for, any page in the user's browser could send a form to a server
    /// that listens on the user's machine.
    fn refuse_foreign_page(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
        let bare = without_scheme(origin.as_bytes());
        if (bare.is_some() && bare == host) || self.options.cors_origins.contains(origin) {
            return Ok(());
        }
        let message = "pages of this origin may not change models";
        Err(Problem::new(StatusCode::FORBIDDEN, "PermissionDenied", message))
    }
}

fn without_scheme(origin: &[u8]) -> Option<&[u8]> {
    origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"))
}

/// The host of what may have a port.
fn host_of(authority: &[u8]) -> Option<String> {
    Some(Authority::try_from(authority).ok()?.host().to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use subtle::{Choice, ConstantTimeEq};

    use super::{Tokens, is_any};

    /// Can be compared in constant time only, and keeps what it was compared with.
    struct Watched<'a>(u8, &'a RefCell<Vec<(u8, u8)>>);

    impl ConstantTimeEq for Watched<'_> {
        fn ct_eq(&self, other: &Self) -> Choice {
            self.1.borrow_mut().push((self.0, other.0));
            self.0.ct_eq(&other.0)
        }
    }

    #[test]
    fn every_token_is_compared_in_constant_time_whichever_it_is() {
        for (found, expected) in [(1, true), (2, true), (3, true), (4, false)] {
            let seen = RefCell::default();
            let known = [1, 2, 3].map(|token| Watched(token, &seen));
            assert_eq!(bool::from(is_any(&known, &Watched(found, &seen))), expected);
            assert_eq!(*seen.borrow(), [(1, found), (2, found), (3, found)]);
        }
        // What is compared has one length, whatever was sent.
        let tokens = Tokens::parse("0123456789abcdef").unwrap();
        let sent: [&[u8]; 3] = [b"", b"0123456789abcdef0", &[b'x'; 100_000]];
        assert!(sent.iter().all(|token| !tokens.has(token)));
    }

    #[test]
    fn tokens_are_lines_that_are_never_printed() {
        let tokens = Tokens::parse("# ours\n\n  0123456789abcdef \nfedcba9876543210\r\n").unwrap();
        assert!(tokens.has(b"0123456789abcdef") && tokens.has(b"fedcba9876543210"));
        assert!(!tokens.has(b"0123456789abcdeF") && !tokens.has(b"") && !tokens.has(b"# ours"));
        assert_eq!(format!("{tokens:?}"), "Tokens(2)");
        for text in ["", "# only", "short", "0123456789 abcdef!"] {
            let error = Tokens::parse(text).unwrap_err().to_string();
            assert!(!error.contains("abcdef"), "{error}");
        }
    }
}
