//! What the server says about itself: for `io-http`, and for people and tools.

use std::sync::Arc;

use axum::{
    Json,
    extract::{OriginalUri, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use crate::state::Server;

/// Where a client finds out what a host can do.
pub(crate) const PATH: &str = "/.well-known/modelport";

const OPENAPI: &str = include_str!("openapi.json");

/// The capability document.
pub(crate) async fn capabilities(
    State(server): State<Arc<Server>>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let prefix = uri.path().strip_suffix(PATH).unwrap_or_default();
    Json(json!({
        "modelport": 1,
        "models": format!("{prefix}/models"),
        "operations": server.operations(),
        "limits": {"bodyBytes": server.options.limits.body_bytes},
    }))
    .into_response()
}

/// The description of every route, in OpenAPI.
pub(crate) async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], OPENAPI).into_response()
}

impl Server {
    /// What can be done with the models of the store.
    fn operations(&self) -> Vec<&'static str> {
        let can = self
            .registry
            .find(self.root.scheme())
            .map(|registration| registration.capabilities)
            .unwrap_or_default();
        // What the store has no short way for is done by loading and saving.
        let copies = can.load && can.save;
        [
            ("list", can.list),
            ("stat", can.list),
            ("save", can.save),
            ("load", can.load),
            ("remove", can.remove),
            ("copy", copies),
            ("rename", copies && can.remove),
        ]
        .into_iter()
        .filter_map(|(name, can)| can.then_some(name))
        .collect()
    }
}
