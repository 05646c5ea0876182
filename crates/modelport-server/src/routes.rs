//! What is where.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{OriginalUri, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{
            ACCEPT_RANGES, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
            CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
            LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER,
        },
    },
    middleware,
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use io_core::{ModelUrl, Registry, Result, printable_name};
use serde_json::json;
use tower::util::option_layer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

use crate::{
    ModelName, ServerOptions, access, describe, drain, log,
    manage::Transfer,
    name::{MODEL_JSON, Target},
    problem::Problem,
    state::Server,
    uploads::ClientAddress,
};

/// The server of the models at `root`, a place that `registry` has a store for.
///
/// It can be nested at any path, or be given [`ServerOptions::base_path`]; the capability document is
/// below that path, too.
///
/// # Errors
///
/// - `UnknownScheme`, `Unsupported`: there is no store for `root`.
/// - `InvalidUrl`, `InvalidInput`: what the store says of the URL and its settings.
pub fn router(registry: Registry, root: ModelUrl, options: ServerOptions) -> Result<Router> {
    let cors = option_layer(cors(&options.cors_origins));
    let base_path = options.base_path.clone();
    let server = Arc::new(Server::new(registry, root, options)?);
    let models = Router::new()
        .route("/models", any(models))
        .route("/models/{*path}", any(model))
        .route_layer(middleware::from_fn_with_state(server.clone(), access::check));
    let routes = Router::new()
        .route(describe::PATH, get(describe::capabilities))
        .route("/openapi.json", get(describe::openapi))
        .route("/health", get(health))
        .merge(models)
        .method_not_allowed_fallback(async || Problem::method_not_allowed("GET, HEAD"))
        .fallback(not_found);
    let routes = match base_path {
        // Who checks the health of a host knows no path of ours.
        Some(path) => Router::new()
            .route("/health", get(health))
            .method_not_allowed_fallback(async || Problem::method_not_allowed("GET, HEAD"))
            .nest(&path, routes)
            .fallback(not_found),
        None => routes,
    };
    Ok(routes
        .layer(CatchPanicLayer::custom(|_| Problem::panicked().into_response()))
        .layer(middleware::from_fn(drain::refused))
        .layer(cors)
        .layer(middleware::from_fn(log::requests))
        .with_state(server))
}

async fn not_found(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    let path = printable_name(uri.path());
    let hint = if matches!(method, Method::PUT | Method::POST) { "PUT" } else { "GET" };
    Problem::not_found(format!("nothing is served at `{path}`; {hint} /models/NAME names a model"))
}

async fn health() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

async fn models(State(server): State<Arc<Server>>, method: Method, uri: Uri) -> Response {
    let answer = match method {
        Method::GET | Method::HEAD => server.list(&uri).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD")),
    };
    answer.unwrap_or_else(Problem::into_response)
}

async fn model(
    State(server): State<Arc<Server>>,
    OriginalUri(original): OriginalUri,
    request: Request,
) -> Response {
    answer(server, &original, request).await.unwrap_or_else(Problem::into_response)
}

async fn answer(
    server: Arc<Server>,
    original: &Uri,
    request: Request,
) -> Result<Response, Problem> {
    let path = request.uri().path().strip_prefix("/models/").unwrap_or_default().to_owned();
    if let Some((name, file)) = server.extra_file(&path) {
        match *request.method() {
            // Else it may be a model of such a name, or a part of one.
            Method::GET | Method::HEAD => {
                if let Some(response) = server.download_extra(&name, &file).await? {
                    return Ok(response);
                }
            }
            Method::PUT => {
                let client = request.extensions().get::<ClientAddress>().copied();
                let (parts, body) = request.into_parts();
                return server.upload_extra(&name, &file, &parts.headers, body, client).await;
            }
            Method::DELETE => return server.remove_extra(&name, &file).await,
            _ => {}
        }
    }
    match Target::parse(&path)? {
        Target::Model(name) => of_model(server, name, original, request).await,
        Target::File(name, file) => match *request.method() {
            Method::GET | Method::HEAD => server.download(&name, &file, request.headers()).await,
            // The URL that loads a model saves it, too.
            Method::POST | Method::PUT if file == MODEL_JSON => {
                of_model(server, name, original, request).await
            }
            _ if file == MODEL_JSON => Err(Problem::method_not_allowed("GET, HEAD, POST, PUT")),
            _ => Err(Problem::method_not_allowed("GET, HEAD")),
        },
    }
}

async fn of_model(
    server: Arc<Server>,
    name: ModelName,
    original: &Uri,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let client = parts.extensions.get::<ClientAddress>().copied();
    let (uri, headers): (Uri, HeaderMap) = (parts.uri, parts.headers);
    match parts.method {
        Method::GET | Method::HEAD if asks_stat(&uri) => server.stat(&name).await,
        Method::GET | Method::HEAD => {
            if server.exists(&name).await? {
                Ok(redirect(original))
            } else {
                Err(Problem::not_found(format!("there is no model `{name}`")))
            }
        }
        Method::DELETE => server.remove(&name).await,
        Method::PUT => server.upload(name, &uri, headers, body, client).await,
        Method::POST => match Transfer::parse(&uri)? {
            Some((transfer, to)) => server.transfer(&name, &to, transfer, (&uri, &headers)).await,
            None => server.upload(name, &uri, headers, body, client).await,
        },
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST, PUT, DELETE")),
    }
}

fn asks_stat(uri: &Uri) -> bool {
    let mut parts = uri.query().unwrap_or_default().split('&');
    parts.any(|part| part == "stat" || part.starts_with("stat="))
}

/// To the model file, whose URL is what weights are found from.
fn redirect(original: &Uri) -> Response {
    let query = original.query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{}/model.json{query}", original.path());
    match HeaderValue::from_str(&location) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => Problem::bad_request("the path cannot be redirected").into_response(),
    }
}

/// What browsers ask for; nothing where there is no origin.
fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let asked: [HeaderName; 7] =
        [AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE];
    let told: [HeaderName; 8] = [
        ACCEPT_RANGES,
        CONTENT_ENCODING,
        CONTENT_LENGTH,
        CONTENT_RANGE,
        ETAG,
        LAST_MODIFIED,
        LOCATION,
        RETRY_AFTER,
    ];
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(asked)
        .expose_headers(told)
        .max_age(Duration::from_secs(600));
    Some(layer)
}
