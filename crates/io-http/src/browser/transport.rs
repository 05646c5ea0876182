//! One request by `fetch`, which follows redirects itself.

use http::Method;
use io_core::{Error, ErrorKind, Result};
use js_sys::{Function, Object, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::{
    abort::Abort,
    explain::explain,
    form::Form,
    javascript::{Response, global, property, set, text},
    reply::Reply,
    task::timeout,
    url::Url,
};
use crate::{
    HttpOptions,
    ask::Ask,
    credentials::{Credentials, take_basic},
    error::idle,
    retry::Failure,
};

/// What requests of one model are made with.
pub(crate) struct Transport {
    pub(crate) options: HttpOptions,
    pub(crate) credentials: Credentials,
}

impl Transport {
    pub(crate) fn new(options: HttpOptions, credentials: Credentials) -> Self {
        Self { options: options.bounded(), credentials }
    }

    /// Sends a request without a body and gives whatever answer comes, redirects followed.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &Url,
        ask: Ask<'_>,
    ) -> Result<Reply, Failure> {
        let sent = self.send(&method, url, ask, None);
        if ask.patient {
            return sent.await;
        }
        timeout(self.options.idle_timeout, sent).await.unwrap_or_else(|| Err(idle()))
    }

    /// Sends the form. A page does not see how it goes, so that only the whole time is limited.
    pub(crate) async fn upload(
        &self,
        method: &Method,
        url: &Url,
        form: &Form,
        ask: Ask<'_>,
    ) -> Result<Reply, Failure> {
        self.send(method, url, ask, Some(form)).await
    }

    async fn send(
        &self,
        method: &Method,
        url: &Url,
        ask: Ask<'_>,
        form: Option<&Form>,
    ) -> Result<Reply, Failure> {
        let page = &self.options.page;
        let abort = Abort::new(page.signal.as_ref())?;
        let mut url = url.clone();
        let headers = Object::new();
        let secret = self.add_headers(&mut url, &headers);
        let init = Object::new();
        if let Some(given) = &page.init {
            Object::assign(&init, given);
        }
        if secret && text(&init, "redirect").is_none() {
            keep_secrets(&init, &url);
        }
        if let Some(range) = ask.range() {
            set(&headers, "Range", range);
        }
        if ask.if_none_match == Some("*") {
            set(&headers, "If-None-Match", "*");
        }
        if ask.fresh && !text(&init, "cache").is_some_and(|it| it == "no-store" || it == "reload") {
            // The browser asks by the version that it has, and gives us the whole in any case.
            set(&init, "cache", "no-cache");
        }
        set(&init, "method", method.as_str());
        set(&init, "headers", headers);
        set(&init, "signal", abort.signal());
        if let Some(form) = form {
            set(&init, "body", form.data());
        }
        let answer = self.fetch(&url, &init, ask.weights)?;
        let special = secret || *method == Method::PUT || *method == Method::DELETE;
        let response = match JsFuture::from(answer).await {
            Ok(response) => response.unchecked_into::<Response>(),
            Err(thrown) => {
                return Err(explain(&thrown, &url, special, page.fetch.is_some()).await);
            }
        };
        // Browsers never ask for ranges of a compressed body.
        Reply::new(response, &url, ask.range.is_some(), &self.options, abort)
    }

    /// Whether there are any.
    fn add_headers(&self, url: &mut Url, headers: &Object) -> bool {
        let basic = take_basic(url);
        let own = self.credentials.headers_for(url, false);
        for (name, value) in own {
            let value = match text(headers, name) {
                Some(before) => format!("{before}, {value}"),
                None => value.clone(),
            };
            set(headers, name, value);
        }
        let secret = !own.is_empty() || basic.is_some();
        if let Some(basic) = basic {
            set(headers, "Authorization", basic);
        }
        secret
    }

    fn fetch(&self, url: &Url, init: &Object, weights: bool) -> Result<Promise> {
        let (own, global) = (&self.options.page.fetch, global());
        let fetch = own.clone().or_else(|| property(&global, "fetch")?.dyn_into::<Function>().ok());
        let fetch =
            fetch.ok_or_else(|| Error::new(ErrorKind::Unsupported, "there is no `fetch` here"))?;
        let url = url.as_str().into();
        let called = if own.is_some() && weights {
            let details = Object::new();
            set(&details, "isBinary", true);
            fetch.call3(&global, &url, init, &details)
        } else {
            fetch.call2(&global, &url, init)
        };
        let promise = called.map_err(|thrown| {
            let error = io_web::error("the browser refuses the request", &thrown);
            if error.kind() == ErrorKind::Unexpected {
                Error::new(ErrorKind::InvalidInput, "the browser refuses the request")
                    .with_source(error)
            } else {
                error
            }
        })?;
        Ok(Promise::resolve(&promise))
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Headers of the caller's must not follow a redirect to another origin. A page can be sure of that
/// at its own origin only; elsewhere there are no redirects then.
fn keep_secrets(init: &Object, url: &Url) {
    let own =
        io_web::page_origin().is_some_and(|origin| origin == url.origin().ascii_serialization());
    if !own {
        set(init, "redirect", "manual");
    } else if text(init, "mode").is_none() {
        set(init, "mode", "same-origin");
    }
}
