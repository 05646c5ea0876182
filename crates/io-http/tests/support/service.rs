//! A double of modelport's own server: its protocol, with the models in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use io_core::{ModelArtifactsInfo, Weights};
use io_manifest::ModelJson;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{
    form,
    server::{Exchange, Server},
};

#[derive(Clone)]
struct Model {
    version: usize,
    json: Arc<Vec<u8>>,
    weights: Option<Arc<Vec<u8>>>,
    info: ModelArtifactsInfo,
}

#[derive(Default)]
struct State {
    models: BTreeMap<String, Model>,
    saves: usize,
}

const OPERATIONS: &[&str] = &["list", "stat", "save", "load", "remove", "copy", "rename"];

/// The models are at `/models`.
pub fn start() -> Server {
    start_with(OPERATIONS)
}

/// One that says that it does these operations.
pub fn start_with(operations: &'static [&'static str]) -> Server {
    let state = Mutex::new(State::default());
    Server::start(move |exchange| {
        let target = exchange.target.clone();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        if path == "/.well-known/modelport" {
            let document = json!({
                "modelport": 1, "models": "/models", "operations": operations,
                "limits": {"bodyBytes": 1 << 30},
            });
            return exchange.answer(200, &[], document.to_string().as_bytes());
        }
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if path == "/models" {
            return list(exchange, &state, &query);
        }
        let Some(rest) = path.strip_prefix("/models/") else {
            return problem(exchange, 404, "NotFound");
        };
        let rest = percent_decode_str(rest).decode_utf8().unwrap().into_owned();
        match rest.rsplit_once('/') {
            Some((name, file)) if file.ends_with(".json") || file.ends_with(".bin") => {
                let model = state.lock().unwrap().models.get(name).cloned();
                give(exchange, model, file)
            }
            _ => manage(exchange, &state, rest, &query),
        }
    })
}

fn manage(
    exchange: &mut Exchange<'_>,
    state: &Mutex<State>,
    name: String,
    query: &BTreeMap<String, String>,
) -> std::io::Result<()> {
    let create = exchange.header("if-none-match") == Some("*");
    let there = |name: &str| state.lock().unwrap().models.get(name).cloned();
    let method = exchange.method.clone();
    match (method.as_str(), query.get("copyTo"), query.get("moveTo")) {
        ("GET", ..) if query.contains_key("stat") => match there(&name) {
            Some(model) => {
                let entry = entry(&name, &model);
                exchange.answer(200, &[], entry.to_string().as_bytes())
            }
            None => problem(exchange, 404, "NotFound"),
        },
        ("GET", ..) => {
            let location = format!("{}/model.json", exchange.target);
            exchange.answer(308, &[("location", &location)], b"")
        }
        ("DELETE", ..) => match state.lock().unwrap().models.remove(&name) {
            Some(_) => exchange.write(b"HTTP/1.1 204 X\r\n\r\n"),
            None => problem(exchange, 404, "NotFound"),
        },
        ("POST", Some(to), _) | ("POST", _, Some(to)) => {
            let status = {
                let mut state = state.lock().unwrap();
                match state.models.get(&name).cloned() {
                    None => 404,
                    Some(_) if create && state.models.contains_key(to) => 412,
                    Some(mut model) => {
                        if query.contains_key("moveTo") {
                            state.models.remove(&name);
                        }
                        state.saves += 1;
                        model.version = state.saves;
                        state.models.insert(to.clone(), model);
                        201
                    }
                }
            };
            exchange.answer(status, &[], b"{}")
        }
        ("POST" | "PUT", ..) => {
            let content_type = exchange.header("content-type").unwrap().to_owned();
            let body = exchange.body()?;
            let mut parts = form::parse(&content_type, &body).into_iter();
            let json = Arc::new(parts.next().unwrap().bytes);
            let weights = parts.next().map(|part| Arc::new(part.bytes));
            let mut artifacts = ModelJson::parse(&json).unwrap().artifacts;
            artifacts.weight_data = weights.as_ref().map(|bytes| Weights::from(bytes.to_vec()));
            let info = artifacts.info().unwrap();
            let mut state = state.lock().unwrap();
            if create && state.models.contains_key(&name) {
                drop(state);
                return problem(exchange, 412, "AlreadyExists");
            }
            state.saves += 1;
            let version = state.saves;
            state.models.insert(name, Model { version, json, weights, info });
            drop(state);
            exchange.answer(201, &[], b"{}")
        }
        _ => problem(exchange, 405, "Unsupported"),
    }
}

fn give(exchange: &mut Exchange<'_>, model: Option<Model>, file: &str) -> std::io::Result<()> {
    let (version, bytes) = match (model, file) {
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
        None => problem(exchange, 404, "NotFound"),
    }
}

fn list(
    exchange: &mut Exchange<'_>,
    state: &Mutex<State>,
    query: &BTreeMap<String, String>,
) -> std::io::Result<()> {
    // Small pages, so that there are several.
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let found: Vec<(String, Model)> = {
        let state = state.lock().unwrap();
        let after = query.get("after").cloned();
        let behind = |name: &String| after.as_ref().is_none_or(|after| name > after);
        let all = state.models.iter().filter(|(name, _)| name.starts_with(&prefix) && behind(name));
        all.map(|(name, model)| (name.clone(), model.clone())).take(3).collect()
    };
    let page: Vec<Value> = found.iter().take(2).map(|(name, model)| entry(name, model)).collect();
    let next = (found.len() > 2).then(|| found[1].0.clone());
    exchange.answer(200, &[], json!({"models": page, "next": next}).to_string().as_bytes())
}

fn entry(name: &str, model: &Model) -> Value {
    let mut entry = serde_json::to_value(&model.info).unwrap();
    entry["name"] = name.into();
    entry
}

fn problem(exchange: &mut Exchange<'_>, status: u16, kind: &str) -> std::io::Result<()> {
    let body = json!({"error": {"kind": kind, "message": "as the test wants it"}});
    exchange.answer(status, &[], body.to_string().as_bytes())
}
