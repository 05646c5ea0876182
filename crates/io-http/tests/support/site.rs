//! A server that keeps the models that are uploaded to it, each replaced in one step.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{form, server::Server};

#[derive(Clone)]
struct Model {
    version: usize,
    json: Arc<Vec<u8>>,
    weights: Option<Arc<Vec<u8>>>,
}

/// The model `NAME` is at `/NAME/model.json`: saved and loaded there.
pub fn start() -> Server {
    let models: Mutex<BTreeMap<String, Model>> = Mutex::default();
    let saves = Mutex::new(0);
    Server::start(move |exchange| {
        let (directory, file) = exchange.target.rsplit_once('/').unwrap();
        let (directory, file) = (directory.to_owned(), file.to_owned());
        if exchange.method == "POST" {
            let content_type = exchange.header("content-type").unwrap().to_owned();
            let body = exchange.body()?;
            let mut parts = form::parse(&content_type, &body).into_iter();
            let json = Arc::new(parts.next().unwrap().bytes);
            let weights = parts.next().map(|part| Arc::new(part.bytes));
            let version = {
                let mut saves = saves.lock().unwrap();
                *saves += 1;
                *saves
            };
            models.lock().unwrap().insert(directory, Model { version, json, weights });
            return exchange.answer(204, &[], b"");
        }
        let model = models.lock().unwrap().get(&directory).cloned();
        let (version, bytes) = match (model, file.as_str()) {
            (Some(model), "model.json") => (model.version, Some(model.json)),
            (Some(model), "model.weights.bin") => (model.version, model.weights),
            _ => (0, None),
        };
        let etag = format!("\"{version}\"");
        match bytes {
            Some(_) if exchange.header("if-none-match") == Some(&etag) => {
                exchange.write(format!("HTTP/1.1 304 X\r\netag: {etag}\r\n\r\n").as_bytes())
            }
            Some(bytes) => exchange.file(&etag, &bytes),
            None => exchange.answer(404, &[], b"nothing here"),
        }
    })
}
