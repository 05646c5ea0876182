//! Fetches credentials when the client wants some, and again before they expire.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use io_core::{Error, ErrorKind};
use object_store::{
    CredentialProvider,
    aws::{AwsCredential, AwsCredentialProvider},
    client::{HttpClient, HttpRequest},
};
use tokio::sync::Mutex;

use super::{Keys, Source, process};

/// Credentials that are good for less are fetched again.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// How long after a failure or a renewal another one is not tried, while the old ones are good.
const PAUSE: Duration = Duration::from_secs(10);
const TRIES: u32 = 3;

/// Credentials that were just fetched.
#[derive(Clone)]
pub(crate) struct Fresh {
    pub(crate) keys: Keys,
    /// When they end, if they do.
    pub(crate) expires: Option<SystemTime>,
}

/// Why there are no credentials. It has nothing secret.
#[derive(Debug)]
pub(super) struct Failed {
    kind: ErrorKind,
    what: String,
}

impl<T: Into<String>> From<T> for Failed {
    fn from(what: T) -> Self {
        Self { kind: ErrorKind::PermissionDenied, what: what.into() }
    }
}

/// Where requests for credentials go.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) http: HttpClient,
    pub(crate) region: String,
    pub(crate) sts_endpoint: String,
    /// Instead of that of the region.
    pub(crate) sso_endpoint: Option<String>,
    pub(crate) max_retries: usize,
}

impl Remote {
    /// Sends a request, again if the service is busy or away, and reads the answer.
    ///
    /// # Errors
    ///
    /// What went wrong, without the address, which may have a token in it.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<(u16, Vec<u8>), Failed> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let tries = TRIES.min(u32::try_from(self.max_retries).unwrap_or(TRIES)) + 1;
        let mut wait = Duration::from_millis(200);
        let mut failed = String::new();
        for left in (0..tries).rev() {
            let sent = async {
                let answer = self.http.execute(request.clone()).await?;
                let status = answer.status().as_u16();
                Ok::<_, object_store::client::HttpError>((
                    status,
                    answer.into_body().bytes().await?,
                ))
            };
            match sent.await {
                Ok((429 | 500..=599, _)) if left > 0 => {}
                Ok((status, body)) => return Ok((status, body.into())),
                Err(error) => {
                    let cause = crate::error::Cause::of(&error);
                    failed = format!("`{host}` cannot be asked for credentials: {cause}");
                }
            }
            if left > 0 {
                tokio::time::sleep(wait).await;
                wait *= 4;
            }
        }
        Err(Failed { kind: ErrorKind::Network, what: failed })
    }
}

/// Returns what gives the client the credentials of `source`.
pub(crate) fn provider(source: Source, remote: Remote) -> AwsCredentialProvider {
    Arc::new(Renewing { source, remote, last: Mutex::new(None) })
}

struct Renewing {
    source: Source,
    remote: Remote,
    last: Mutex<Option<Last>>,
}

struct Last {
    credential: Arc<AwsCredential>,
    expires: Option<SystemTime>,
    tried: SystemTime,
}

impl fmt::Debug for Renewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewing").finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for Renewing {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut last = self.last.lock().await;
        let now = SystemTime::now();
        let left = |expires: Option<SystemTime>| match expires {
            Some(time) => time.duration_since(now).unwrap_or_default(),
            None => Duration::MAX,
        };
        let is_good = |last: &Last| !left(last.expires).is_zero();
        if let Some(last) = &*last {
            let is_late = left(last.expires) < MARGIN;
            let was_tried = now.duration_since(last.tried).is_ok_and(|time| time < PAUSE);
            if is_good(last) && (!is_late || was_tried) {
                return Ok(last.credential.clone());
            }
        }
        match fetch(&self.source, &self.remote).await {
            Ok(Fresh { keys, expires }) => {
                let (key_id, secret_key) = (keys.id, keys.secret);
                let credential = AwsCredential { key_id, secret_key, token: keys.token };
                let credential = Arc::new(credential);
                *last = Some(Last { credential: credential.clone(), expires, tried: now });
                Ok(credential)
            }
            Err(failed) => match &mut *last {
                Some(last) if is_good(last) => {
                    last.tried = now;
                    Ok(last.credential.clone())
                }
                _ => Err(object_store::Error::Generic {
                    store: "credentials",
                    source: Error::new(failed.kind, failed.what)
                        .with_retryable(failed.kind == ErrorKind::Network)
                        .into(),
                }),
            },
        }
    }
}

type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Fresh, Failed>> + Send + 'a>>;

fn fetch<'a>(source: &'a Source, remote: &'a Remote) -> Fetched<'a> {
    Box::pin(async move {
        match source {
            Source::Keys(keys) => Ok(Fresh { keys: keys.clone(), expires: None }),
            Source::Process(command) => {
                let command = command.clone();
                let run = tokio::task::spawn_blocking(move || process::run(&command));
                Ok(run.await.map_err(|_| "`credential_process` could not be run")??)
            }
            Source::Sso(access) => access.exchange(remote).await,
            Source::Role { role, base } => {
                let base = fetch(base, remote).await?;
                role.assume(remote, &base.keys).await
            }
            Source::WebIdentity { token_file, role } => {
                role.assume_by_token(remote, token_file).await
            }
            Source::Container(container) => container.ask(remote).await,
        }
    })
}
