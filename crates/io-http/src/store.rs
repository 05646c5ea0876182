//! The models on a server of ours: list, stat, remove, copy, rename.

use std::{collections::VecDeque, fmt, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use http::Method;
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelArtifactsInfo, ModelEntry, ModelList, ModelStore,
    ModelUrl, Operation, Result, SaveResult, WriteMode,
};
use serde::Deserialize;

use crate::{
    HttpOptions,
    ask::Ask,
    credentials::Credentials,
    exchange::MAX_ANSWER_BYTES,
    platform::{Transport, Url, within},
    resolve::{self, encode},
    retry::Failure,
    service::Service,
};

/// How many models are asked for at once.
const PAGE: &str = "1000";

/// How many pages without a model may follow each other: a server could go on with them for ever.
const MAX_EMPTY_PAGES: usize = 100;

/// The models on a server of ours; on any other, all is refused with `Unsupported`.
#[derive(Clone)]
pub struct HttpStore {
    url: ModelUrl,
    /// Where requests go: without user information, and never printed.
    target: Url,
    options: HandlerOptions,
    transport: Arc<Transport>,
}

/// A model as the server tells of it.
#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    #[serde(flatten)]
    info: ModelArtifactsInfo,
}

#[derive(Deserialize)]
struct Page {
    models: Vec<Entry>,
    next: Option<String>,
}

impl HttpStore {
    /// The models at `url`, with the settings in `options`.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the URL has no host, or is none.
    /// - `InvalidInput`: a setting is unknown or has a value that it cannot have.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        let http = HttpOptions::from_settings(&options)?;
        Self::with_options(url, options, http)
    }

    /// The models at `url`, with options as values in place of settings.
    ///
    /// # Errors
    ///
    /// - `InvalidUrl`: the URL has no host, or is none.
    /// - `InvalidInput`: a header cannot be sent.
    pub fn with_options(url: ModelUrl, options: HandlerOptions, http: HttpOptions) -> Result<Self> {
        let mut target = resolve::model_url(&url, false)?;
        let credentials = Credentials::take(&mut target, &http)?;
        let transport = Arc::new(Transport::new(http, credentials));
        Ok(Self { url, target, options, transport })
    }

    /// The server and the name of `model` there.
    async fn model(
        &self,
        model: &ModelUrl,
        operation: Operation,
    ) -> Result<(Arc<Service>, String)> {
        let service = self.service(operation).await?;
        let url = resolve::model_url(model, false)?;
        match service.name(&url).filter(|name| !name.is_empty()) {
            Some(name) => Ok((service, name)),
            None => Err(Error::unsupported(model.scheme(), operation)
                .with_hint(format!("the models of this server are below {}", service.url("")))),
        }
    }

    async fn service(&self, operation: Operation) -> Result<Arc<Service>> {
        Service::find(&self.transport, &self.target, operation).await
    }

    /// The URL that loads the model `name`, with what the store's own URL has to get in.
    fn model_url(&self, service: &Service, name: &str) -> Result<ModelUrl> {
        let mut url = service.url(name);
        let own = resolve::model_url(&self.url, false)?;
        // An `http` URL takes both.
        let _ = url.set_username(own.username());
        let _ = url.set_password(own.password());
        ModelUrl::parse(url.as_str())
    }

    async fn stat_model(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (service, name) = self.model(model, Operation::Stat).await?;
        service.require("stat", Operation::Stat)?;
        let mut url = service.url(&name);
        url.set_query(Some("stat"));
        let fresh = Ask { fresh: true, limit: Some(MAX_ANSWER_BYTES), ..Ask::default() };
        let (_, text, _) = self.transport.get_all(&url, fresh, "the server").await?;
        let entry: Entry = read(&text)?;
        Ok(ModelEntry::new(model.clone(), entry.info))
    }

    async fn remove_model(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let (service, name) = self.model(model, Operation::Remove).await?;
        service.require("remove", Operation::Remove)?;
        let entry = self.stat_model(model).await?;
        let url = service.url(&name);
        let (mut tries, mut again) = (self.transport.tries(), false);
        loop {
            match self.act(Method::DELETE, &url, Ask::default()).await {
                Ok(()) => return Ok(entry),
                // The try that seemed to fail had done it.
                Err(failure) if again && failure.status == Some(404) => return Ok(entry),
                Err(failure) => self.transport.pause(&mut tries, failure).await?,
            }
            again = true;
        }
    }

    /// A copy or a rename, by the name of its parameter.
    async fn transfer(
        &self,
        (from, to): (&ModelUrl, &ModelUrl),
        (capability, parameter): (&str, &str),
        operation: Operation,
    ) -> Result<SaveResult> {
        // A server that does not answer this, as to strangers, may still have and take models.
        self.service(operation).await.map_err(|error| match error.kind() {
            ErrorKind::Unsupported => error,
            _ => Error::unsupported(from.scheme(), operation).with_source(error),
        })?;
        let (service, name) = self.model(from, operation).await?;
        let (_, new_name) = self.model(to, operation).await?;
        service.require(capability, operation)?;
        if name == new_name {
            let message = "source and destination are the same";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let mut url = service.url(&name);
        url.set_query(Some(&format!("{parameter}={}", encode(&new_name))));
        let create = (self.options.write_mode == WriteMode::Create).then_some("*");
        let mut tries = self.transport.tries();
        let ask = Ask { if_none_match: create, patient: true, ..Ask::default() };
        while let Err(failure) = self.act(Method::POST, &url, ask).await {
            if create.is_some() && failure.status == Some(412) {
                return Err(already_there(failure));
            }
            // Of a rename that was done there is no source any more.
            let retry = failure.retry && matches!(failure.status, Some(408 | 429 | 503));
            self.transport.pause(&mut tries, Failure { retry, ..failure }).await?;
        }
        let saved = self.stat_model(to).await?;
        Ok(SaveResult::new(to.clone(), saved.info))
    }

    /// One request that changes something.
    async fn act(&self, method: Method, url: &Url, ask: Ask<'_>) -> Result<(), Failure> {
        let reply = self.transport.request(method, url, ask).await?;
        if reply.head.is_success() { Ok(()) } else { Err(reply.failure("the server").await) }
    }

    /// The page of the list behind the model `after`, whether the server had none for it, and the cursor
    /// of the next one.
    async fn page(&self, after: Option<&str>) -> Result<(Vec<ModelEntry>, bool, Option<String>)> {
        let service = self.service(Operation::List).await?;
        service.require("list", Operation::List)?;
        let Some(root) = service.name(&self.target) else {
            let place = service.url("");
            return Err(Error::unsupported(self.url.scheme(), Operation::List)
                .with_hint(format!("the models of this server are below {place}")));
        };
        let mut url = service.url("");
        let mut query = format!("limit={PAGE}");
        for (parameter, value) in [("prefix", Some(&*root)), ("after", after)] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.extend(["&", parameter, "=", &encode(value)]);
            }
        }
        url.set_query(Some(&query));
        let fresh = Ask { fresh: true, limit: Some(MAX_ANSWER_BYTES), ..Ask::default() };
        let (_, text, _) = self.transport.get_all(&url, fresh, "the server").await?;
        let page: Page = read(&text)?;
        // A name that merely begins the same is another place.
        let inside = |name: &str| {
            let rest = name.strip_prefix(&*root);
            root.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_empty = page.models.is_empty();
        let entries =
            page.models.into_iter().filter(|entry| inside(&entry.name)).map(|entry| {
                Ok(ModelEntry::new(self.model_url(&service, &entry.name)?, entry.info))
            });
        // A cursor that does not move would never end.
        let next = page.next.filter(|next| after.is_none_or(|after| **next > *after));
        Ok((entries.collect::<Result<_>>()?, is_empty, next))
    }
}

/// What a server says when something is there that was not to be replaced.
pub(crate) fn already_there(failure: Failure) -> Error {
    let message = "there already is a model";
    Error::new(ErrorKind::AlreadyExists, message).with_source(failure.error)
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(|error| {
        Error::corrupt("the server's answer is not what its protocol says").with_source(error)
    })
}

impl fmt::Debug for HttpStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Settings may be secrets.
        f.debug_struct("HttpStore").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl ModelStore for HttpStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        /// Entries at hand, and the page to ask for next: the first, one behind a model, or none.
        type State = (VecDeque<ModelEntry>, Option<Option<String>>);
        let this = self.clone();
        let start: State = (VecDeque::new(), Some(None));
        let entries = stream::try_unfold(start, move |(mut waiting, mut next)| {
            let this = this.clone();
            async move {
                let mut empty_pages = 0;
                while waiting.is_empty()
                    && let Some(after) = next
                {
                    if empty_pages == MAX_EMPTY_PAGES {
                        let message = "the server's list goes on without models";
                        return Err(Error::corrupt(message));
                    }
                    let (entries, is_empty, cursor) = within(this.page(after.as_deref())).await?;
                    empty_pages += usize::from(is_empty);
                    waiting = entries.into();
                    next = cursor.map(Some);
                }
                Ok::<_, Error>(waiting.pop_front().map(|entry| (entry, (waiting, next))))
            }
        });
        let url = self.url.clone();
        Box::pin(entries.map(move |entry| {
            entry.map_err(|error: Error| error.with_context(Operation::List, &url))
        }))
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let found = within(self.stat_model(model)).await;
        found.map_err(|error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let removed = within(self.remove_model(model)).await;
        removed.map_err(|error| error.with_context(Operation::Remove, model))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.transfer((from, to), ("copy", "copyTo"), Operation::Copy);
        self.transport.run(copied).await.map_err(|error| error.with_context(Operation::Copy, from))
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let moved = self.transfer((from, to), ("rename", "moveTo"), Operation::Move);
        self.transport.run(moved).await.map_err(|error| error.with_context(Operation::Move, from))
    }
}
