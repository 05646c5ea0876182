//! Uploads: a form is taken whole or nothing of it, whatever stands in it and however it is cut.
//!
//! An input is a byte that says how the body arrives, and the body. The boundary is `B`.
#![no_main]

use std::cell::OnceCell;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use io_core::{ErrorKind, ModelUrl};
use io_manifest::tensors;
use libfuzzer_sys::fuzz_target;
use modelport_fuzz as _;
use modelport_server::{ServerOptions, router};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// Where the server keeps the model `m`.
const MODEL: &str = "memory://fuzz/m";

fuzz_target!(|input: &[u8]| {
    let Some((&cut, body)) = input.split_first() else { return };
    thread_local! {
        static SERVER: OnceCell<(Runtime, Router)> = const { OnceCell::new() };
    }
    SERVER.with(|server| {
        let (runtime, router) = server.get_or_init(start);
        runtime.block_on(one(router.clone(), usize::from(cut).max(1), body));
    });
});

fn start() -> (Runtime, Router) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let registry = modelport::registry().expect("the registry");
    let root = ModelUrl::parse("memory://fuzz").expect("a URL");
    let router = router(registry, root, ServerOptions::new()).expect("a server");
    (runtime, router)
}

async fn one(router: Router, size: usize, body: &[u8]) {
    let pieces: Vec<_> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    let pieces = stream::iter(pieces).map(Ok::<_, std::convert::Infallible>);
    let request = Request::put("/models/m")
        .header(CONTENT_TYPE, "multipart/form-data; boundary=B")
        .body(Body::from_stream(pieces))
        .expect("a request");
    let answer = router.oneshot(request).await.expect("an answer");
    match answer.status() {
        StatusCode::CREATED => {
            let model = modelport::load(MODEL).await.expect("what was taken is there");
            let specs = model.weight_specs.unwrap_or_default();
            let weights = model.weight_data.unwrap_or_default();
            let weights = weights.read().await.expect("with its weights");
            // The specs fit the bytes, or nothing would have been taken.
            for tensor in tensors(&specs, weights.parts().unwrap_or_default()) {
                tensor.expect("which are those of the model");
            }
            modelport::remove_model(MODEL).await.expect("it can be removed");
        }
        status => {
            assert!(status.is_client_error(), "the server says {status}");
            let found = modelport::load(MODEL).await.expect_err("nothing was taken");
            assert_eq!(found.kind(), ErrorKind::NotFound);
        }
    }
}
