//! What `fetch` is asked for, what goes wrong on the way, and what a page is told.
#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod browser;

use browser::{ORIGIN, given_up, handler, noise_sum, quick, requested, start};
use futures::StreamExt;
use io_core::{
    DType, Error, ErrorKind, IOHandler, Json, ModelArtifacts, ModelUrl, WeightSpec, Weights,
};
use io_http::HttpOptions;
use io_web::{Expected, JsPiece, JsWeights, integrity_of};
use js_sys::{Array, Object, Reflect, Uint8Array};
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{AbortController, Blob};

wasm_bindgen_test_configure!(run_in_browser);

/// The requests for paths that begin so.
fn seen(path: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(&requested()).unwrap();
    let begins = |one: &Value| one["path"].as_str().is_some_and(|own| own.starts_with(path));
    all.into_iter().filter(begins).collect()
}

async fn load(url: &str, http: HttpOptions) -> Result<Vec<u8>, Error> {
    let artifacts = handler(url, http).load().await?;
    let mut bytes = Vec::new();
    let mut stream = artifacts.weight_data.unwrap_or_default().stream();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

fn model(weights: Weights) -> ModelArtifacts {
    let count = weights.byte_length();
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"a":1}"#).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [count], DType::Bool)]),
        weight_data: Some(weights),
        ..Default::default()
    }
}

fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object
}

#[wasm_bindgen_test]
async fn the_form_is_that_of_tensorflow_js_and_javascript_keeps_its_weights() {
    start();
    let blob = Array::of1(&Uint8Array::from([3, 4].as_slice()));
    let held = JsWeights::new([
        JsPiece::Buffer(Uint8Array::from([1, 2].as_slice()).buffer()),
        JsPiece::Blob(Blob::new_with_u8_array_sequence(&blob).unwrap()),
        JsPiece::Array(Uint8Array::from([0, 5, 6, 0].as_slice()).subarray(1, 3)),
    ]);
    for (name, weights) in
        [("held", Weights::from_source(held)), ("bytes", Weights::from(vec![1, 2, 3, 4, 5, 6]))]
    {
        let url = format!("{ORIGIN}/form/{name}/model.json");
        handler(&url, quick()).save(model(weights)).await.unwrap();
        assert_eq!(load(&url, quick()).await.unwrap(), [1, 2, 3, 4, 5, 6], "{name}");
        let all: Vec<Value> = serde_json::from_str(&requested()).unwrap();
        let form = all.iter().find(|one| one["saved"] == format!("/form/{name}")).unwrap();
        let parts: Vec<&Value> = form["parts"].as_array().unwrap().iter().collect();
        assert_eq!(parts.len(), 2);
        for (part, (own, kind)) in parts.iter().zip([
            ("model.json", "application/json"),
            ("model.weights.bin", "application/octet-stream"),
        ]) {
            assert_eq!((&part[0], &part[1], &part[2]), (&own.into(), &own.into(), &kind.into()));
        }
        assert_eq!(parts[1][3], 6);
        assert_eq!(
            form["dispositions"][0],
            r#"Content-Disposition: form-data; name="model.json"; filename="model.json""#
        );
    }
}

#[wasm_bindgen_test]
async fn weights_that_others_changed_while_they_were_saved_are_refused() {
    start();
    let array = Uint8Array::new_with_length(4);
    let held = JsWeights::new([JsPiece::Buffer(array.buffer())]);
    let transfer = Reflect::get(&array.buffer(), &"transfer".into()).unwrap();
    let transfer: js_sys::Function = transfer.into();
    let artifacts = model(Weights::from_source(held));
    transfer.call0(&array.buffer()).unwrap();
    let saved = handler(&format!("{ORIGIN}/gone/model.json"), quick()).save(artifacts).await;
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Conflict);
    assert!(seen("/gone").is_empty());
}

#[wasm_bindgen_test]
async fn damaged_weights_are_not_sent() {
    start();
    let integrity = integrity_of(&Uint8Array::from(&[1, 2, 3][..])).unwrap();
    let url = ModelUrl::new("opfs", "source").unwrap();
    let held = JsWeights::from(Uint8Array::from(&[1, 2, 4][..]));
    let held = held.expecting(Expected { url, file: None, integrity });
    let artifacts = model(Weights::from_source(held));
    let saved = handler(&format!("{ORIGIN}/damaged/model.json"), quick()).save(artifacts).await;
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(seen("/damaged").is_empty());
}

#[wasm_bindgen_test]
async fn what_breaks_on_the_way_is_mended_or_named() {
    start();
    for (name, expected) in [
        ("plain", Ok(())),
        ("busy", Ok(())),
        ("cut", Ok(())),
        ("packed", Ok(())),
        ("partial", Ok(())),
        ("untold", Ok(())),
        ("hidden", Ok(())),
        ("secret", Err((ErrorKind::PermissionDenied, "not shown"))),
        ("changed", Err((ErrorKind::Conflict, "changed on the server"))),
        ("short", Err((ErrorKind::Corrupt, "2500 bytes instead of 4000"))),
        ("stall", Err((ErrorKind::Timeout, "silent for too long"))),
        ("silent", Err((ErrorKind::Timeout, "silent for too long"))),
        ("html", Err((ErrorKind::Corrupt, "HTML"))),
        ("gone", Err((ErrorKind::NotFound, "404"))),
        ("down", Err((ErrorKind::Network, "cannot be reached"))),
        ("cors", Err((ErrorKind::PermissionDenied, "does not let pages of other origins read"))),
    ] {
        let url = format!("{ORIGIN}/fault/{name}/model.json");
        let loaded = load(&url, quick().with_retries(2)).await;
        match (loaded, expected) {
            (Ok(bytes), Ok(())) => {
                let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
                assert_eq!((bytes.len(), sum), (4000, noise_sum()), "{name}");
            }
            (Err(error), Err((kind, words))) => {
                assert_eq!(error.kind(), kind, "{name}: {error}");
                let text = error.to_string();
                assert!(text.contains(words) && text.contains(name), "{name}: {text}");
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
    let down = seen("/fault/down/model.json");
    assert_eq!(down.iter().filter(|one| one["method"] == "GET").count(), 3);
    // What was cut went on where it stopped, and did not ask for what needs a preflight.
    let again = &seen("/fault/cut/w")[1];
    assert_eq!(again["headers"]["range"], "bytes=2500-3999");
    assert!(again["headers"].get("if-range").is_none());
}

#[wasm_bindgen_test]
async fn who_stops_reading_ends_the_request() {
    start();
    let url = format!("{ORIGIN}/fault/plain/model.json");
    let artifacts = handler(&url, quick()).load().await.unwrap();
    let mut stream = artifacts.weight_data.unwrap().stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.len() < 4000, "{} bytes at once", first.len());
    let before = given_up();
    drop(stream);
    assert_eq!(given_up(), before + 1);
}

#[wasm_bindgen_test]
async fn request_init_is_that_of_tensorflow_js() {
    start();
    let controller = AbortController::new().unwrap();
    let init = object(&[
        ("method", "PUT".into()),
        ("headers", object(&[("X-Key", "hunter2".into())]).into()),
        ("credentials", "include".into()),
        ("cache", "no-store".into()),
        ("signal", controller.signal().into()),
    ]);
    let http = || quick().with_request_init(&init).unwrap();
    let url = format!("{ORIGIN}/init/model.json");
    handler(&url, http()).save(model(vec![1].into())).await.unwrap();
    assert_eq!(load(&url, http()).await.unwrap(), [1]);
    let requests = seen("/init/");
    assert_eq!(requests[0]["method"], "PUT");
    assert!(requests.iter().skip(1).all(|one| one["method"] == "GET"), "{requests:?}");
    for request in &requests {
        assert_eq!(request["headers"]["x-key"], "hunter2");
        assert_eq!(request["init"]["credentials"], "include");
        assert_eq!(request["init"]["cache"], "no-store");
        // Where the header might follow a redirect to somebody else.
        assert_eq!(request["init"]["redirect"], "manual");
    }
    // To another origin the header does not go.
    let elsewhere = http().with_weight_path_prefix("http://models.test:81/init/");
    let _ = load(&url, elsewhere).await;
    let strayed = seen("/init/model.weights.bin");
    assert!(strayed.iter().any(|one| one["headers"].get("x-key").is_none()), "{strayed:?}");

    controller.abort();
    let error = load(&url, http()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);

    for wrong in [
        object(&[("body", "x".into())]),
        object(&[("signal", "x".into())]),
        object(&[("headers", object(&[("hunter2 x", "y".into())]).into())]),
    ] {
        let error = HttpOptions::default().with_request_init(&wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[wasm_bindgen_test]
async fn a_fetch_of_the_callers_own_and_its_look_alikes_will_do() {
    start();
    let http = quick().with_fetch(browser::fetch_func());
    assert_eq!(load("http://nowhere.test/model.json", http).await.unwrap(), [7, 8]);
    let all: Vec<Value> = serde_json::from_str(&requested()).unwrap();
    let calls: Vec<&Value> = all.iter().filter(|one| one["func"] == true).collect();
    assert!(calls.iter().any(|one| one["path"] == "/w" && one["details"]["isBinary"] == true));
    assert!(calls.iter().any(|one| one["path"] == "/model.json" && one.get("details").is_none()));
}

#[wasm_bindgen_test]
async fn weight_urls_may_take_their_time() {
    start();
    let url = format!("{ORIGIN}/fault/plain/model.json");
    let http = quick().with_async_weight_url(|path| {
        let path = path.to_owned();
        async move {
            io_web::sleep(std::time::Duration::from_millis(5)).await?;
            Ok(format!("other/../{path}"))
        }
    });
    assert_eq!(load(&url, http).await.unwrap().len(), 4000);
    let http = quick().with_weight_url(|_| {
        let bytes = Array::of1(&Uint8Array::new_with_length(4000));
        let blob = Blob::new_with_u8_array_sequence(&bytes).unwrap();
        web_sys::Url::create_object_url_with_blob(&blob).unwrap()
    });
    assert_eq!(load(&url, http).await.unwrap(), vec![0; 4000]);
    let http = quick().with_async_weight_url(|_| async {
        Err(Error::new(ErrorKind::PermissionDenied, "no URL for you"))
    });
    assert_eq!(load(&url, http).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
}

/// The server that gave this page, by another name: it lets no other origin read, and this page is of
/// the kind that may not even ask whether it is there.
#[wasm_bindgen_test]
async fn a_page_is_told_why_it_may_not_read() {
    start();
    let location = js_sys::eval("location.origin").unwrap().as_string().unwrap();
    let other = match location.replace("127.0.0.1", "localhost") {
        same if same == location => location.replace("localhost", "127.0.0.1"),
        other => other,
    };
    assert_ne!(other, location);
    let error = load(&format!("{other}/index.html"), quick()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("CORS") && hint.contains(&location), "{error:?}");
    // Nobody listens there.
    let error = load("http://127.0.0.1:9/model.json", quick().with_retries(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    assert!(error.is_retryable());
    // What is no model, from a real server.
    let error = load(&format!("{location}/"), quick()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
}
