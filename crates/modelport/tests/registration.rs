//! Which handlers a program has, in a real browser: what the linker leaves out differs between
//! profiles.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use modelport::{ErrorKind, ModelUrl};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn every_backend_for_browsers_is_linked() {
    let registry = modelport::registry().unwrap();
    for scheme in ["memory", "localstorage", "indexeddb", "opfs", "downloads", "http", "https"] {
        assert!(registry.find(scheme).is_some(), "{scheme}");
        let url = ModelUrl::new(scheme, "m").unwrap();
        assert_eq!(modelport::handler(&url).unwrap().url(), &url);
    }
}

#[wasm_bindgen_test]
fn what_a_browser_lacks_is_refused_by_name() {
    let error = modelport::handler("file:///m").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownScheme);
    assert!(error.to_string().contains("target"), "{error}");
}
