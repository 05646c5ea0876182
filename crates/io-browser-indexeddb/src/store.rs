//! The models in the database.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use async_trait::async_trait;
use io_core::{
    Error, ErrorKind, HandlerOptions, ModelArtifactsInfo, ModelEntry, ModelList, ModelStore,
    ModelUrl, Operation, Result, SaveResult, WriteMode, is_inside, now,
};
use io_web::{last_info, name_of, on};
use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::{
    collect,
    database::{Database, INFO, MODELS, TENSORFLOW_JS},
    handler::{not_found, put, refused},
    layout::Layout,
    record,
    transaction::{Access, Transaction, result},
};

/// The models in the database whose names begin with the root's.
#[derive(Clone, Debug)]
pub struct IndexedDbStore {
    url: ModelUrl,
    write_mode: WriteMode,
}

impl IndexedDbStore {
    /// The models under `url`; all, when that has no name.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is a setting other than `layout`, or that is neither `record` nor
    /// `blobs`.
    pub fn new(url: ModelUrl, options: HandlerOptions) -> Result<Self> {
        Layout::read(&options)?;
        Ok(Self { url, write_mode: options.write_mode })
    }

    async fn entries(&self) -> Result<Vec<Result<ModelEntry>>> {
        // The list is none the worse for what cannot be cleared away.
        let _ = collect::sweep().await;
        let database = Database::open(&TENSORFLOW_JS).await?;
        let transaction = Transaction::begin(&database, Access::Read)?;
        let failed = "the browser does not list its records";
        // The names of whole models and the entries about them, without any weights.
        let names = transaction.store(MODELS)?.get_all_keys().map_err(on(failed))?;
        let infos = transaction.store(INFO)?.get_all().map_err(on(failed))?;
        transaction.end().await?;

        let mut found: BTreeMap<String, (bool, Option<JsValue>)> = BTreeMap::new();
        for name in Array::from(&result(&names)?) {
            // A key that is no text is not of TensorFlow.js.
            if let Some(name) = name.as_string() {
                found.entry(name).or_default().0 = true;
            }
        }
        for info in Array::from(&result(&infos)?) {
            if let Some(name) = record::path_of(&info) {
                found.entry(name).or_default().1 = Some(info);
            }
        }
        let inside = found.into_iter().filter(|(name, _)| is_inside(self.url.rest(), name));
        let entries = inside.map(|(name, (stored, info))| {
            let url = ModelUrl::new(self.url.scheme(), &name)?;
            let info = info_of_both(stored, info.as_ref());
            let context = |error: Error| error.with_context(Operation::List, &url);
            Ok(ModelEntry::new(url.clone(), info.map_err(context)?))
        });
        Ok(entries.collect())
    }

    /// Looks at one model, and removes it if asked to, in one transaction.
    async fn look(&self, model: &ModelUrl, removing: bool) -> Result<ModelEntry> {
        let name = JsValue::from(name_of(model)?);
        let database = Database::open(&TENSORFLOW_JS).await?;
        let access = if removing { Access::Write } else { Access::Read };
        let transaction = Transaction::begin(&database, access)?;
        let (models, infos) = (transaction.store(MODELS)?, transaction.store(INFO)?);
        let failed = "the browser does not look for the model";
        let stored = models.count_with_key(&name).map_err(on(failed))?;
        let info = infos.get(&name).map_err(on(failed))?;
        if removing {
            for store in [&models, &infos] {
                store.delete(&name).map_err(on("the browser does not remove the model"))?;
            }
        }
        transaction.end().await?;
        let stored = result(&stored)?.as_f64().is_some_and(|count| count > 0.0);
        let info = Some(result(&info)?).filter(|info| !info.is_undefined());
        if removing {
            if let Some(pointer) = info.as_ref().and_then(record::pointer_of) {
                // The model is gone; what is left is left to others.
                let _ = collect::discard(&pointer.id).await;
            }
            let _ = collect::sweep().await;
        }
        // What was left of a model is removed like a whole one.
        let info = info_of_both(stored || (removing && info.is_some()), info.as_ref());
        let info = if removing { last_info(info) } else { info };
        Ok(ModelEntry::new(model.clone(), info?))
    }

    /// Puts the model `from` under the name `to` also, or instead, in one transaction.
    async fn put_again(&self, from: &ModelUrl, to: &ModelUrl, instead: bool) -> Result<SaveResult> {
        let (old, new) = (name_of(from)?, name_of(to)?.to_owned());
        if old == new {
            return Ok(SaveResult::new(to.clone(), self.look(from, false).await?.info));
        }
        let database = Database::open(&TENSORFLOW_JS).await?;
        let mut transaction = Transaction::begin(&database, Access::Write)?;
        let (models, infos) = (transaction.store(MODELS)?, transaction.store(INFO)?);
        let request = models.get(&old.into()).map_err(on("the browser does not find the model"))?;
        let replaced = infos.get(&new.as_str().into());
        let replaced = replaced.map_err(on("the browser does not look for the model"))?;
        let moved: Rc<RefCell<Option<ModelArtifactsInfo>>> = Rc::default();
        let (mode, old, copied) = (self.write_mode, JsValue::from(old), moved.clone());
        transaction.then(&request, move |record| {
            if record.is_undefined() {
                return Err(not_found());
            }
            let mut info = record::info_of(&record)?;
            if !instead {
                info.date_saved = now();
            }
            put(&models, &infos, &record::renamed(&record, &new, &info)?, mode)?;
            if instead {
                for store in [&models, &infos] {
                    store.delete(&old).map_err(on("the browser does not remove the model"))?;
                }
            }
            *copied.borrow_mut() = Some(info);
            Ok(())
        });
        transaction.end().await.map_err(|error| refused(error, None))?;
        if let Some(pointer) = record::pointer_of(&result(&replaced)?) {
            let _ = collect::discard(&pointer.id).await;
        }
        let info = moved.borrow_mut().take().ok_or_else(not_found)?;
        Ok(SaveResult::new(to.clone(), info))
    }
}

/// Sizes and date of a model by what both stores have of it.
fn info_of_both(stored: bool, info: Option<&JsValue>) -> Result<ModelArtifactsInfo> {
    match (stored, info) {
        (true, Some(info)) => record::info_of(info),
        (true, None) => Err(Error::corrupt("the model has no entry with sizes and date")),
        (false, None) => Err(not_found()),
        (false, Some(_)) => Err(Error::new(
            ErrorKind::NotFound,
            "the model was stored once, but only its entry is left: a save was cut short",
        )),
    }
}

#[async_trait(?Send)]
#[deny(clippy::missing_trait_methods)]
impl ModelStore for IndexedDbStore {
    fn url(&self) -> &ModelUrl {
        &self.url
    }

    fn list(&self) -> ModelList {
        let store = self.clone();
        io_web::list(self.url.clone(), async move { store.entries().await })
    }

    async fn stat(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let found = self.look(model, false).await;
        found.map_err(|error| error.with_context(Operation::Stat, model))
    }

    async fn remove(&self, model: &ModelUrl) -> Result<ModelEntry> {
        let removed = self.look(model, true).await;
        removed.map_err(|error| error.with_context(Operation::Remove, model))
    }

    async fn copy(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let copied = self.put_again(from, to, false).await;
        copied.map_err(|error| error.with_context(Operation::Copy, from))
    }

    async fn rename(&self, from: &ModelUrl, to: &ModelUrl) -> Result<SaveResult> {
        let renamed = self.put_again(from, to, true).await;
        renamed.map_err(|error| error.with_context(Operation::Move, from))
    }
}
