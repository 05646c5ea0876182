//! Files offered for download: links that are clicked.

use std::{sync::Arc, time::Duration};

use futures::{channel::oneshot, lock::Mutex};
use io_core::{Error, ErrorKind, Result};
use io_web::{Context, global, on, sleep};
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, Document, HtmlAnchorElement, MouseEvent, Url};

/// Between two clicks: Firefox loses the first of two that come at once, and Chromium all after the
/// tenth within a second.
const PAUSE: Duration = Duration::from_millis(150);

/// How long an object URL lives after its click. Browsers open it later than one turn after the
/// click and say nothing when they have; until then its Blob stays.
const LIFETIME: Duration = Duration::from_secs(40);

/// A file to download.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) blob: Blob,
}

/// Checks that there is a document, whose links can be clicked.
///
/// # Errors
///
/// `Unsupported` where there is none, as in a worker.
pub(crate) fn check_page() -> Result<()> {
    document().map(drop)
}

/// Clicks a link for each of `files`, the first one last: it is the model file, which names the
/// others. Once the first link is clicked all are, whoever still waits for it, and those of two
/// models do not mix.
///
/// # Errors
///
/// `Unsupported` where there is no document; whatever the browser throws.
pub(crate) async fn offer(files: Vec<Offer>) -> Result<()> {
    thread_local! {
        static TURN: Arc<Mutex<()>> = Arc::default();
    }
    let document = document()?;
    let mut links = Vec::new();
    for file in files {
        links.push(Link::new(&document, &file)?);
    }
    let turn = TURN.with(Arc::clone);
    let turn = turn.lock_owned().await;
    if let [_, _, ..] = links.as_slice() {
        links.rotate_left(1);
    }
    let (done, wait) = oneshot::channel();
    spawn_local(async move {
        // Nobody may be waiting any more.
        let _ = done.send(click_all(links).await);
        drop(turn);
    });
    let lost = |_| Error::new(ErrorKind::Unexpected, "the page forgot its downloads");
    wait.await.map_err(lost)?
}

async fn click_all(links: Vec<Link>) -> Result<()> {
    for (index, link) in links.into_iter().enumerate() {
        if index > 0 {
            sleep(PAUSE).await?;
        }
        link.click()?;
    }
    Ok(())
}

/// A link to a Blob, which nobody sees.
struct Link {
    anchor: HtmlAnchorElement,
    url: ObjectUrl,
}

impl Link {
    fn new(document: &Document, file: &Offer) -> Result<Self> {
        let anchor = document.create_element("a").map_err(on("the page makes no links"))?;
        let anchor: HtmlAnchorElement = anchor.unchecked_into();
        let url = Url::create_object_url_with_blob(&file.blob)
            .map_err(on("the browser gives the file no address"))?;
        anchor.set_download(&file.name);
        anchor.set_href(&url);
        Ok(Self { anchor, url: ObjectUrl { url, clicked: false } })
    }

    fn click(mut self) -> Result<()> {
        let click = MouseEvent::new("click").map_err(on("the browser makes no clicks"))?;
        self.url.clicked = true;
        self.anchor.dispatch_event(&click).map_err(on("the link cannot be clicked"))?;
        Ok(())
    }
}

/// The address of a Blob, which keeps it alive: taken back some time after the click, at once when
/// there was none.
struct ObjectUrl {
    url: String,
    clicked: bool,
}

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        if !(self.clicked && revoke_later(&self.url).is_some()) {
            // It never throws.
            let _ = Url::revoke_object_url(&self.url);
        }
    }
}

/// Sets a timer that calls the browser's own function: nothing of ours has to live so long.
fn revoke_later(url: &str) -> Option<()> {
    let property = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).ok();
    let global = global();
    let revoke = property(&property(&global, "URL")?, "revokeObjectURL")?;
    let timer: Function = property(&global, "setTimeout")?.dyn_into().ok()?;
    let milliseconds = u32::try_from(LIFETIME.as_millis()).ok()?;
    timer.call3(&global, &revoke, &milliseconds.into(), &url.into()).ok().map(drop)
}

fn document() -> Result<Document> {
    let context = global().context();
    let window = global().dyn_into::<web_sys::Window>().ok();
    window.filter(|_| context == Context::Page).and_then(|window| window.document()).ok_or_else(
        || {
            let message = format!("downloads are not available in {context}");
            Error::new(ErrorKind::Unsupported, message)
                .with_hint("a page can download; in a worker use indexeddb:// instead")
        },
    )
}
