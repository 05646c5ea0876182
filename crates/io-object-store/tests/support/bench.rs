//! `bench://NAME/KEY`: stores in memory, one of each name.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use io_core::{HandlerOptions, ModelUrl};
use io_object_store::{CAPABILITIES, ObjectModelStore, ObjectStoreHandler, ObjectStoreOptions};

use super::faulty::Faulty;

type Stores = BTreeMap<String, Arc<Faulty>>;

static STORES: Mutex<Stores> = Mutex::new(Stores::new());

io_core::register_handler! {
    name: "bench",
    schemes: ["bench"],
    capabilities: CAPABILITIES,
    open: |url, options| Ok(Box::new(handler(url, options)?)),
    store: Some(|url, options| Ok(Box::new(models(url, options)?))),
}

/// The model at `url`; sent in parts from 1 MiB on.
pub fn handler(url: &ModelUrl, options: &HandlerOptions) -> io_core::Result<ObjectStoreHandler> {
    let (name, key) = split(url)?;
    let mut objects = ObjectStoreOptions::from_settings(options)?;
    if !options.settings.contains_key("part_bytes") {
        objects = objects.with_part_bytes(1 << 20);
    }
    ObjectStoreHandler::with_options(store(name), url.clone(), key, options.clone(), objects)
}

/// The models under `url`.
pub fn models(url: &ModelUrl, options: &HandlerOptions) -> io_core::Result<ObjectModelStore> {
    let (name, _) = split(url)?;
    let base = ModelUrl::new("bench", name)?;
    ObjectModelStore::new(store(name), url.clone(), &base, options.clone())
}

/// The store of this name.
pub fn store(name: &str) -> Arc<Faulty> {
    let mut stores = STORES.lock().unwrap();
    stores.entry(name.to_owned()).or_default().clone()
}

fn split(url: &ModelUrl) -> io_core::Result<(&str, &str)> {
    let (name, key) = url.rest().split_once('/').unwrap_or((url.rest(), ""));
    if name.contains('@') {
        let message = "credentials are not taken";
        return Err(io_core::Error::new(io_core::ErrorKind::InvalidUrl, message));
    }
    Ok((name, key))
}
