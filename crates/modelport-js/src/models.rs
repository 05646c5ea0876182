//! Saving, loading and managing models, as JavaScript calls it.

use futures::StreamExt;
use js_sys::{Array, Map, Object, Promise};
use modelport::{Error, IOHandler, ModelStore, ProgressCallback, Result};
use modelport::{ModelEntry, ModelUrl, Operation, registry, transfer};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    artifacts, error,
    info::{info_to_js, saved_to_js},
    object::{get_bool, set},
    options,
    run::run,
    weights::{self, StoredWeights},
};

/// Saves the model artifacts at a URL. Gives a `SaveResult`.
#[wasm_bindgen]
pub fn save(url: &str, model: &JsValue, options: &JsValue) -> Promise {
    // What is saved is what the caller has now, whatever he does to the object meanwhile.
    let prepared = prepare(url, options).and_then(|ready| Ok((ready, artifacts::from_js(model)?)));
    let urls = urls(&[url]);
    let context = urls.first().cloned();
    run(urls, options, async move {
        let (handler, model) = prepared.map_err(|error| match &context {
            Some(url) => error.with_context(Operation::Save, url),
            None => error,
        })?;
        Ok(saved_to_js(&handler.save(model).await?))
    })
}

/// Loads the model at a URL. Gives its artifacts, whose `weightData` is one `ArrayBuffer`; with the
/// option `streamWeights` it is a `StoredWeights` instead.
#[wasm_bindgen]
pub fn load(url: &str, options: &JsValue) -> Promise {
    let opened = options::handler(options).and_then(|read| {
        let handler = modelport::handler_with(url, &read)?;
        Ok((handler, read.progress))
    });
    load_from(opened, options)
}

/// Loads with a handler, and the callback that its options have.
pub(crate) fn load_from(
    opened: Result<(Box<dyn IOHandler>, Option<ProgressCallback>)>,
    options: &JsValue,
) -> Promise {
    let urls = opened.iter().map(|(handler, _)| handler.url().clone()).collect();
    let streaming = get_bool(options, "streamWeights");
    run(urls, options, async move {
        let (handler, progress) = opened?;
        let mut model = handler.load().await?;
        let weights = model.weight_data.take();
        let object = artifacts::to_js(&model)?;
        match weights {
            Some(weights) if streaming? == Some(true) => {
                set(&object, "weightData", StoredWeights::new(weights, handler.url().clone()));
            }
            Some(weights) => {
                let data = weights::to_js(&weights, progress).await;
                let context = |error: Error| error.with_context(Operation::Load, handler.url());
                set(&object, "weightData", data.map_err(context)?);
            }
            None => {}
        }
        Ok(object)
    })
}

/// The models at and below a URL. Gives an object: `models`, a `Map` of `ModelArtifactsInfo` by
/// URL, and `errors`, those of models that cannot be read.
#[wasm_bindgen]
pub fn list(root: &str, options: &JsValue) -> Promise {
    let store = store(root, options);
    let urls = urls(&[root]);
    let shown = urls.clone();
    run(urls, options, async move {
        let mut entries = store?.list();
        let (models, errors) = (Map::new(), Array::new());
        while let Some(entry) = entries.next().await {
            match entry {
                Ok(ModelEntry { url, info, .. }) => {
                    models.set(&url.as_str().into(), &info_to_js(&info));
                }
                Err(error) => {
                    _ = errors.push(&error::to_js(&error, &shown.iter().collect::<Vec<_>>()))
                }
            }
        }
        let found = Object::new();
        set(&found, "models", models);
        set(&found, "errors", errors);
        Ok(found)
    })
}

/// Sizes and date of the model at a URL. Gives a `ModelArtifactsInfo`.
#[wasm_bindgen]
pub fn stat(url: &str, options: &JsValue) -> Promise {
    let (store, parsed) = (store(url, options), modelport::url(url));
    run(urls(&[url]), options, async move { Ok(info_to_js(&store?.stat(&parsed?).await?.info)) })
}

/// Removes the model at a URL. Gives the `ModelArtifactsInfo` that it had.
#[wasm_bindgen]
pub fn remove(url: &str, options: &JsValue) -> Promise {
    let (store, parsed) = (store(url, options), modelport::url(url));
    run(urls(&[url]), options, async move { Ok(info_to_js(&store?.remove(&parsed?).await?.info)) })
}

/// Copies a model. Gives a `SaveResult`.
#[wasm_bindgen]
pub fn copy(from: &str, to: &str, options: &JsValue) -> Promise {
    put_again(from, to, options, false)
}

/// Moves a model. Gives a `SaveResult`.
#[wasm_bindgen(js_name = move)]
pub fn rename(from: &str, to: &str, options: &JsValue) -> Promise {
    put_again(from, to, options, true)
}

fn put_again(from: &str, to: &str, options: &JsValue, moving: bool) -> Promise {
    let (source, destination) = (modelport::url(from), modelport::url(to));
    let transfer_options = options::transfer(options);
    run(urls(&[from, to]), options, async move {
        let (from, to, options) = (source?, destination?, transfer_options?);
        let registry = registry()?;
        let saved = if moving {
            transfer::move_model(&registry, &from, &to, &options).await?
        } else {
            transfer::copy_model(&registry, &from, &to, &options).await?
        };
        Ok(saved_to_js(&saved))
    })
}

fn prepare(url: &str, options: &JsValue) -> Result<Box<dyn IOHandler>> {
    modelport::handler_with(url, &options::handler(options)?)
}

fn store(url: &str, options: &JsValue) -> Result<Box<dyn ModelStore>> {
    modelport::store_with(url, &options::handler(options)?)
}

/// Those of the texts that are URLs, by which errors are told apart.
fn urls(texts: &[&str]) -> Vec<ModelUrl> {
    texts.iter().filter_map(|text| modelport::url(text).ok()).collect()
}
