//! A connection to a database: that of TensorFlow.js, or ours beside it.

use std::time::Duration;

use futures::future::{Either, select};
use io_core::{Error, ErrorKind, Result};
use io_web::{global, on, sleep};
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, IdbDatabase, IdbOpenDbRequest, IdbVersionChangeEvent};

/// The store of whole models.
pub(crate) const MODELS: &str = "models_store";

/// The store of sizes and dates.
pub(crate) const INFO: &str = "model_info_store";

/// The key of both stores.
pub(crate) const KEY_PATH: &str = "modelPath";

/// The store of the pieces of large models.
pub(crate) const PIECES: &str = "weight_pieces";

/// How long a database may take to open. A request waits, without being told, behind that of a tab
/// which upgrades or deletes the database, and that waits until every other tab lets go of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a database is made of. All have the version that a new database gets by itself.
#[derive(Debug)]
pub(crate) struct Schema {
    name: &'static str,
    stores: &'static [&'static str],
    /// The property that is the key of its records; without one, records are stored under a key.
    key_path: Option<&'static str>,
}

impl Schema {
    /// The name of the database.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

/// The database of TensorFlow.js, which could not open it any more if it had another store: that
/// takes a higher version.
pub(crate) static TENSORFLOW_JS: Schema =
    Schema { name: "tensorflowjs", stores: &[MODELS, INFO], key_path: Some(KEY_PATH) };

/// Our own, for what does not fit into a record.
pub(crate) static LARGE: Schema = Schema { name: "modelport", stores: &[PIECES], key_path: None };

/// An open connection; closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Database {
    raw: IdbDatabase,
    schema: &'static Schema,
    /// Lets go of the database when somebody wants to upgrade or to delete it.
    _version_change: Closure<dyn FnMut(IdbVersionChangeEvent)>,
}

impl Database {
    /// Opens a database, and makes it when it is not there.
    ///
    /// # Errors
    ///
    /// - `Unsupported`, `PermissionDenied`: there are no databases, or none for us.
    /// - `Conflict`: for long another tab has been upgrading or deleting it.
    /// - `Corrupt`: there is a database of this name, but another one.
    pub(crate) async fn open(schema: &'static Schema) -> Result<Self> {
        let failed = "the browser does not open its database";
        // Without a version: whatever version is there will do, and a new one gets the first.
        let request = global().indexed_db()?.open(schema.name).map_err(on(failed))?;
        let settled = Promise::new(&mut |resolve, _| {
            request.set_onsuccess(Some(&resolve));
            request.set_onerror(Some(&resolve));
        });
        let upgrade = Closure::<dyn FnMut(IdbVersionChangeEvent)>::new(move |event| {
            make_stores(schema, &event)
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let opening = Opening { schema, request: Some(request) };
        // It is never told to be blocked, as one that asks for a version is.
        let patience = Box::pin(sleep(PATIENCE));
        let event: Event = match select(JsFuture::from(settled), patience).await {
            Either::Left((event, _)) => event.map_err(on(failed))?.unchecked_into(),
            Either::Right((waited, _)) => return Err(waited.err().unwrap_or_else(held)),
        };
        if event.type_() == "success" { opening.finish() } else { Err(opening.failure(failed)) }
    }

    pub(crate) fn raw(&self) -> &IdbDatabase {
        &self.raw
    }

    /// The names of its stores.
    pub(crate) fn stores(&self) -> &'static [&'static str] {
        self.schema.stores
    }

    fn new(schema: &'static Schema, raw: IdbDatabase) -> Result<Self> {
        let connection = raw.clone();
        let version_change = Closure::new(move |_| connection.close());
        raw.set_onversionchange(Some(version_change.as_ref().unchecked_ref()));
        let database = Self { raw, schema, _version_change: version_change };
        let stores = database.raw.object_store_names();
        if schema.stores.iter().all(|store| stores.contains(store)) {
            Ok(database)
        } else {
            let message = format!("the browser's database `{}` is not one of models", schema.name);
            Err(Error::corrupt(message))
        }
    }
}

fn held() -> Error {
    let message = "the browser's database is not to be had: another tab upgrades or deletes it";
    Error::new(ErrorKind::Conflict, message).with_hint("close other tabs of this site")
}

impl Drop for Database {
    fn drop(&mut self) {
        self.raw.set_onversionchange(None);
        // Transactions that are under way still come to their end.
        self.raw.close();
    }
}

/// Makes the stores of a new database; without them opening fails later.
fn make_stores(schema: &Schema, event: &IdbVersionChangeEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<IdbOpenDbRequest>().ok());
    let database = target.and_then(|request| request.result().ok());
    let Some(database) = database.and_then(|value| value.dyn_into::<IdbDatabase>().ok()) else {
        return;
    };
    let options = Object::new();
    if let Some(key_path) = schema.key_path {
        let _ = Reflect::set(&options, &"keyPath".into(), &key_path.into());
    }
    let create = Reflect::get(&database, &"createObjectStore".into());
    let Ok(create) = create.and_then(JsValue::dyn_into::<js_sys::Function>) else { return };
    for store in schema.stores {
        // What is thrown here is missed when the stores are looked for.
        let _ = create.call2(&database, &(*store).into(), &options);
    }
}

/// A request to open. When nobody waits for it any more, it must not leave a connection behind: an
/// open one stands in the way of whoever upgrades or deletes the database.
struct Opening {
    schema: &'static Schema,
    request: Option<IdbOpenDbRequest>,
}

impl Opening {
    fn finish(mut self) -> Result<Database> {
        let result = self.request.take().and_then(|request| {
            request.set_onupgradeneeded(None);
            request.result().ok()?.dyn_into().ok()
        });
        let missing = || Error::new(ErrorKind::Unexpected, "the browser opened no database");
        Database::new(self.schema, result.ok_or_else(missing)?)
    }

    fn failure(mut self, message: &'static str) -> Error {
        let thrown = self.request.take().and_then(|request| {
            request.set_onupgradeneeded(None);
            request.error().ok().flatten()
        });
        io_web::error(message, &thrown.map_or(JsValue::UNDEFINED, Into::into))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        request.set_onerror(None);
        // The closure that makes the stores goes away with the future; these two stay for good.
        let schema = self.schema;
        let upgrade =
            Closure::once_into_js(move |event: IdbVersionChangeEvent| make_stores(schema, &event));
        request.set_onupgradeneeded(upgrade.dyn_ref());
        let close = Closure::once_into_js(|event: Event| {
            let target =
                event.target().and_then(|target| target.dyn_into::<IdbOpenDbRequest>().ok());
            let database = target.and_then(|request| request.result().ok());
            if let Some(database) = database.and_then(|value| value.dyn_into::<IdbDatabase>().ok())
            {
                database.close();
            }
        });
        request.set_onsuccess(close.dyn_ref());
    }
}
