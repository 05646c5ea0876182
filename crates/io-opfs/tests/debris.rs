//! What saves that were cut short leave is no model, and is cleared away.
#![cfg(target_family = "wasm")]
#![allow(missing_docs, clippy::unwrap_used, reason = "these are tests")]

use std::{future::poll_fn, task::Poll, time::Duration};

use futures::{
    TryStreamExt,
    future::{Either, LocalBoxFuture, select},
};
use io_conformance::unique_name;
use io_core::{
    DType, ErrorKind, HandlerOptions, IOHandler, Json, ModelArtifacts, ModelStore, ModelUrl,
    WeightSpec, Weights,
};
use io_opfs::{OpfsHandler, OpfsStore};
use io_web::{JsWeights, LockMode};
use js_sys::Reflect;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream,
};

wasm_bindgen_test_configure!(run_in_browser);

/// `models` or `weights` of the place.
async fn directory(name: &str) -> FileSystemDirectoryHandle {
    let mut directory = io_web::global().private_files().await.unwrap();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    for name in ["modelport", name] {
        let opened = directory.get_directory_handle_with_options(name, &options);
        directory = JsFuture::from(opened).await.unwrap().unchecked_into();
    }
    directory
}

async fn file(directory: &FileSystemDirectoryHandle, name: &str) -> FileSystemFileHandle {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let made = directory.get_file_handle_with_options(name, &options);
    JsFuture::from(made).await.unwrap().unchecked_into()
}

async fn stream(file: &FileSystemFileHandle) -> FileSystemWritableFileStream {
    JsFuture::from(file.create_writable()).await.unwrap().unchecked_into()
}

/// As a save does that is cut short: the file is there, with `text` or nothing.
async fn write(directory: &FileSystemDirectoryHandle, name: &str, text: &str) {
    let file = file(directory, name).await;
    if text.is_empty() {
        return;
    }
    let stream = stream(&file).await;
    JsFuture::from(stream.write_with_str(text).unwrap()).await.unwrap();
    JsFuture::from(stream.close()).await.unwrap();
}

async fn names(directory: &FileSystemDirectoryHandle) -> Vec<String> {
    let (keys, mut names) = (directory.keys(), Vec::new());
    loop {
        let item = JsFuture::from(keys.next().unwrap().unchecked_into::<js_sys::Promise>());
        let item = item.await.unwrap();
        if Reflect::get(&item, &"done".into()).unwrap().is_truthy() {
            return names;
        }
        names.extend(Reflect::get(&item, &"value".into()).unwrap().as_string());
    }
}

fn model(byte: u8) -> ModelArtifacts {
    ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"class_name":"Sequential"}"#).unwrap()),
        weight_specs: Some(vec![WeightSpec::new("w", [2], DType::Float32)]),
        weight_data: Some(Weights::from(vec![byte; 8])),
        ..ModelArtifacts::default()
    }
}

fn open(name: &str) -> (OpfsHandler, OpfsStore) {
    let url = ModelUrl::new("opfs", name).unwrap();
    (OpfsHandler::new(url, HandlerOptions::new()).unwrap(), open_store(name))
}

fn open_store(name: &str) -> OpfsStore {
    OpfsStore::new(ModelUrl::new("opfs", name).unwrap(), HandlerOptions::new()).unwrap()
}

#[wasm_bindgen_test]
async fn weights_that_were_damaged_are_not_given_away() {
    let name = unique_name();
    let (handler, store) = open(&name);
    handler.save(model(1)).await.unwrap();
    let weights = directory("weights").await;
    for file in names(&weights).await {
        write(&weights, &file, "\u{2}".repeat(8).as_str()).await;
    }
    let damaged = handler.load().await.unwrap().weight_data.unwrap();
    let taken = damaged.source_as::<JsWeights>().unwrap();
    for error in [damaged.to_bytes().await.err(), taken.to_array_buffer().await.err()] {
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Corrupt));
    }
    let waived = HandlerOptions::new().with_verify(false);
    let waived = OpfsHandler::new(handler.url().clone(), waived).unwrap().load().await.unwrap();
    let taken = JsWeights::read(&waived.weight_data.unwrap()).await.unwrap();
    assert_eq!(taken.to_array_buffer().await.unwrap().byte_length(), 8);
    store.remove(store.url()).await.unwrap();
}

#[wasm_bindgen_test]
async fn who_gives_up_while_others_are_at_it_changes_nothing() {
    let name = unique_name();
    let (handler, store) = open(&name);
    handler.save(model(1)).await.unwrap();
    let others = io_web::lock("modelport/opfs", LockMode::Shared).await.unwrap();
    let patience = || Box::pin(io_web::sleep(Duration::from_millis(100)));
    for work in [
        Box::pin(async { handler.save(model(2)).await.map(drop) }) as LocalBoxFuture<'_, _>,
        Box::pin(async { store.remove(store.url()).await.map(drop) }),
    ] {
        assert!(matches!(select(work, patience()).await, Either::Right(_)));
    }
    drop(others);
    patience().await.unwrap();
    let loaded = handler.load().await.unwrap().weight_data.unwrap();
    assert_eq!(loaded.to_bytes().await.unwrap(), &[1; 8][..]);
    store.remove(store.url()).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_another_tab_writes_holds_nobody_up() {
    let (_, store) = open(&unique_name());
    let weights = directory("weights").await;
    let others = io_web::lock("modelport/opfs/6-7-8", LockMode::Exclusive).await.unwrap();
    let stream = stream(&file(&weights, "6-7-8").await).await;
    // The quickest of some, since the machine may be busy.
    let mut least = f64::INFINITY;
    for _ in 0..5 {
        let begun = js_sys::Date::now();
        assert!(store.list().try_collect::<Vec<_>>().await.unwrap().is_empty());
        least = least.min(js_sys::Date::now() - begun);
    }
    assert!(least < 400.0, "{least} ms");
    assert!(names(&weights).await.contains(&"6-7-8".to_owned()));
    JsFuture::from(stream.abort()).await.unwrap();
    drop(others);
}

#[wasm_bindgen_test]
async fn a_save_given_up_at_any_point_leaves_no_file() {
    let (handler, store) = open(&unique_name());
    let weights = directory("weights").await;
    for polls in 0.. {
        let (mut saving, mut left) = (handler.save(model(1)), polls);
        let saved = poll_fn(|task| match left {
            0 => Poll::Ready(None),
            _ => {
                left -= 1;
                saving.as_mut().poll(task).map(Some)
            }
        });
        if saved.await.transpose().unwrap().is_some() {
            break;
        }
    }
    store.remove(store.url()).await.unwrap();
    // What was given up last may be about to be removed.
    for _ in 0..20 {
        store.list().try_collect::<Vec<_>>().await.unwrap();
        if names(&weights).await.is_empty() {
            break;
        }
        io_web::sleep(Duration::from_millis(50)).await.unwrap();
    }
    assert_eq!(names(&weights).await, Vec::<String>::new());
}

/// One test, since both parts look at all weights of the origin.
#[wasm_bindgen_test]
async fn what_was_cut_short_is_no_model_and_goes() {
    let name = format!("{}/ä b", unique_name());
    let (handler, store) = open(&name);
    let (models, weights) = (directory("models").await, directory("weights").await);

    // Killed while weights were written, and while the first model file was made.
    write(&weights, "1-2-3", "half of the wei").await;
    write(&models, &format!("{}.json", js_sys::encode_uri_component(&name)), "").await;
    assert_eq!(handler.load().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(store.list().try_collect::<Vec<_>>().await.unwrap().is_empty());
    assert_eq!(names(&weights).await, Vec::<String>::new());

    // A replaced model takes its weights along; what is in use stays.
    handler.save(model(1)).await.unwrap();
    handler.save(model(2)).await.unwrap();
    assert_eq!(names(&weights).await.len(), 1);
    assert_eq!(store.list().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    let loaded = handler.load().await.unwrap().weight_data.unwrap();
    assert_eq!(loaded.to_bytes().await.unwrap(), &[2; 8][..]);

    // A file that nobody can read is an error by name, and nothing is swept on its account.
    write(&models, "damaged.json", "{").await;
    write(&weights, "4-5-6", "perhaps those of `damaged`").await;
    let (damaged, all) = (open("damaged"), open_store(""));
    assert_eq!(damaged.0.load().await.unwrap_err().kind(), ErrorKind::Corrupt);
    store.remove(store.url()).await.unwrap();
    assert!(names(&weights).await.contains(&"4-5-6".to_owned()));

    // It can be saved over, and removed.
    damaged.0.save(model(3)).await.unwrap();
    assert_eq!(all.list().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    write(&models, "damaged.json", "{").await;
    assert!(all.list().try_collect::<Vec<_>>().await.is_err());
    let removed = damaged.1.remove(damaged.1.url()).await.unwrap();
    assert_eq!(removed.info.weight_data_bytes, 0);
    assert!(names(&weights).await.is_empty() && names(&models).await.is_empty());
}
