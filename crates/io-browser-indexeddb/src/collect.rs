//! Pieces that no model has: of a model that was replaced or removed, perhaps by TensorFlow.js, which
//! does not know them, or of a save that was cut short.
//!
//! A piece is never changed, and the records of any number of models may say that it is theirs. It
//! goes when no record does. Who holds no such record cannot make one, so what nobody has stays so;
//! but for two cases: a save that has not published yet, which holds a lock, and TensorFlow.js, which
//! moves a model by removing it and saving it again, for which we wait a moment and look twice.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use io_core::Result;
use io_web::{global, on, sleep, try_lock};
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{
    database::{Database, INFO, LARGE, MODELS, TENSORFLOW_JS},
    pieces, record,
    transaction::{Access, Transaction, result},
};

/// Far longer than TensorFlow.js takes between removing a small record and storing it again.
const PAUSE: Duration = Duration::from_millis(100);

/// Removes the pieces of the save `id`, which was published, unless a model has them.
///
/// # Errors
///
/// Those of opening a database, and whatever the browser throws.
pub(crate) async fn discard(id: &str) -> Result<()> {
    if referenced().await?.contains(id) { Ok(()) } else { pieces::remove([id]).await }
}

/// Removes all pieces that no model has and no save is writing.
///
/// # Errors
///
/// Those of opening a database, and whatever the browser throws.
pub(crate) async fn sweep() -> Result<()> {
    // Whoever has no large model gets no database for them.
    if !exists().await {
        return Ok(());
    }
    let mut found = pieces::ids().await?;
    if found.is_empty() {
        return Ok(());
    }
    let models = referenced().await?;
    found.retain(|id| !models.contains(id));
    let mut debris = Vec::new();
    for id in found {
        // A save may have published since we looked, but not from here on.
        if let Some(lock) = try_lock(&pieces::lock_name(&id)).await? {
            debris.push((id, lock));
        }
    }
    if debris.is_empty() {
        return Ok(());
    }
    sleep(PAUSE).await?;
    let models = referenced().await?;
    debris.retain(|(id, _)| !models.contains(id));
    pieces::remove(debris.iter().map(|(id, _)| id.as_str())).await
}

/// The ids that records of models name.
async fn referenced() -> Result<BTreeSet<String>> {
    let failed = "the browser does not list its records";
    let database = Database::open(&TENSORFLOW_JS).await?;
    let mut transaction = Transaction::begin(&database, Access::Read)?;
    let (models, infos) = (transaction.store(MODELS)?, transaction.store(INFO)?);
    let names = models.get_all_keys().map_err(on(failed))?;
    let entries = infos.get_all().map_err(on(failed))?;
    let ids: Rc<RefCell<BTreeSet<String>>> = Rc::default();
    let records = Rc::new(RefCell::new(Vec::new()));
    let (named, asked, all) = (ids.clone(), records.clone(), names.clone());
    transaction.then(&entries, move |entries| {
        // Of models with weights in their records, which may be large, none is read.
        let mut small: BTreeSet<String> =
            Array::from(&result(&all)?).iter().filter_map(|name| name.as_string()).collect();
        for entry in Array::from(&entries) {
            let pointer = record::pointer_of(&entry);
            let has_weights = record::info_of(&entry).is_ok_and(|info| info.weight_data_bytes > 0);
            if pointer.is_some() || has_weights {
                record::path_of(&entry).map(|name| small.remove(&name));
            }
            named.borrow_mut().extend(pointer.map(|pointer| pointer.id));
        }
        for name in small {
            let request = models.get(&name.as_str().into()).map_err(on(failed))?;
            asked.borrow_mut().push(request);
        }
        Ok(())
    });
    transaction.end().await?;
    let mut ids = ids.take();
    for request in records.take() {
        ids.extend(record::pointer_of(&result(&request)?).map(|pointer| pointer.id));
    }
    Ok(ids)
}

/// Whether there is a database for large models; where the browser does not tell, there may be.
async fn exists() -> bool {
    async fn names() -> Option<Vec<String>> {
        let factory = global().indexed_db().ok()?;
        let list: Function = Reflect::get(&factory, &"databases".into()).ok()?.dyn_into().ok()?;
        let promise: Promise = list.call0(&factory).ok()?.dyn_into().ok()?;
        let databases = Array::from(&JsFuture::from(promise).await.ok()?);
        let name = |database: JsValue| Reflect::get(&database, &"name".into()).ok()?.as_string();
        Some(databases.iter().filter_map(name).collect())
    }
    names().await.is_none_or(|names| names.iter().any(|name| name == LARGE.name()))
}
