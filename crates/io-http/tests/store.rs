//! The store: only on servers that say that they are ours, and only what they say that they do.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::{io, thread, time::Duration};

use futures::{StreamExt, TryStreamExt, executor::block_on};
use io_core::{
    ErrorKind, HandlerOptions, IOHandler, ModelEntry, ModelStore, ModelUrl, Result, WriteMode,
};
use io_http::{HttpHandler, HttpStore};
use support::{handler, model, quick, server::Server, service};

fn store(url: &str) -> HttpStore {
    let url = ModelUrl::parse(url).unwrap();
    HttpStore::with_options(url, HandlerOptions::new(), quick()).unwrap()
}

fn url(text: &str) -> ModelUrl {
    ModelUrl::parse(text).unwrap()
}

fn creating(text: &str) -> HttpHandler {
    let options = HandlerOptions::new().with_write_mode(WriteMode::Create);
    HttpHandler::with_options(url(text), options, quick()).unwrap()
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// Every way to use a store, at a server that is none of ours.
#[test]
fn a_server_that_does_not_say_so_has_no_store() {
    let answers: &[(u16, &str)] = &[
        (404, "no"),
        (200, "<!doctype html>"),
        (200, r#"{"modelport":2,"models":"/models","operations":["list"]}"#),
        (200, r#"{"modelport":1,"models":"http://evil.test/models","operations":["list"]}"#),
        (200, r#"{"models":"/models","operations":["list"]}"#),
        (405, ""),
    ];
    for &(status, body) in answers {
        let server = Server::start(move |exchange| exchange.answer(status, &[], body.as_bytes()));
        let (root, one) = (server.url("/models"), server.url("/models/a"));
        let two = url(&server.url("/models/b"));
        block_on(async {
            let store = store(&root);
            let listed = store.list().next().await.unwrap();
            let error = listed.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{body}");
            assert!(error.to_string().contains("`http://` cannot list models"), "{error}");
            let unsupported = Some(ErrorKind::Unsupported);
            let one = url(&one);
            assert_eq!(kind(store.stat(&one).await), unsupported);
            assert_eq!(kind(store.remove(&one).await), unsupported);
            assert_eq!(kind(store.copy(&one, &two).await), unsupported);
            assert_eq!(kind(store.rename(&one, &two).await), unsupported);
            assert_eq!(kind(creating(one.as_str()).save(model(vec![0; 4])).await), unsupported);
            assert!(!handler(one.as_str(), quick()).capabilities().remove);
        });
        // It was asked for its document, and nothing else was touched.
        let log = server.log();
        assert_eq!(log[..2], ["GET /.well-known/modelport", "GET /models/.well-known/modelport"]);
        assert!(log.iter().all(|line| line.ends_with("/.well-known/modelport")), "{log:?}");
    }
}

#[test]
fn a_server_that_cannot_be_asked_is_asked_again() {
    let server = Server::start(|exchange| match exchange.nth {
        0..=3 => Err(io::ErrorKind::ConnectionAborted.into()),
        _ => exchange.answer(404, &[], b""),
    });
    let store = store(&server.url("/models"));
    let list = || block_on(store.list().next()).unwrap();
    let (first, second) = (list(), list());
    // Which of them is the one depends on how often a try is repeated.
    assert!(matches!(kind(first), Some(ErrorKind::Network | ErrorKind::Unsupported)));
    assert_eq!(kind(second), Some(ErrorKind::Unsupported));
}

#[test]
fn models_are_listed_page_by_page_and_by_their_names() {
    let server = service::start();
    let names = ["a", "a/b c", "ab", "b", "é/文"];
    block_on(async {
        for name in names {
            let mut target = url::Url::parse(&server.url("/models")).unwrap();
            target.path_segments_mut().unwrap().extend(name.split('/'));
            handler(target.as_str(), quick()).save(model(vec![1; 8])).await.unwrap();
        }
        let at = |root: &str| store(&server.url(root));
        let listed = |root: &'static str| {
            let at = &at;
            async move {
                let entries: Vec<ModelEntry> = at(root).list().try_collect().await.unwrap();
                let origin = server_origin(&entries);
                let urls = entries.iter().map(|entry| entry.url.as_str().replace(&origin, ""));
                urls.collect::<Vec<String>>()
            }
        };
        let all =
            ["/models/a", "/models/a/b%20c", "/models/ab", "/models/b", "/models/%C3%A9/%E6%96%87"];
        assert_eq!(listed("/models").await, all);
        assert_eq!(listed("/models/").await, all);
        // A name that begins the same is another place.
        assert_eq!(listed("/models/a").await, all[..2]);
        assert_eq!(listed("/models/%C3%A9").await, all[4..]);
        assert_eq!(kind(at("/other").list().next().await.unwrap()), Some(ErrorKind::Unsupported));

        // A listed URL loads, and so does that of its model file.
        for path in ["/models/a/b%20c", "/models/a/b%20c/model.json"] {
            let loaded = handler(&server.url(path), quick()).load().await.unwrap();
            let bytes = loaded.weight_data.unwrap().to_bytes().await.unwrap();
            assert_eq!(bytes, vec![1; 8]);
        }
        let file = url(&server.url("/models/a/model.json"));
        assert_eq!(at("/models").remove(&file).await.unwrap().info.weight_data_bytes, 8);
        assert_eq!(kind(at("/models").stat(&file).await), Some(ErrorKind::NotFound));
        let elsewhere = url("http://127.0.0.1:9/models/b");
        let copied = at("/models").copy(&url(&server.url("/models/b")), &elsewhere).await;
        assert_eq!(kind(copied), Some(ErrorKind::Unsupported));
    });
}

fn server_origin(entries: &[ModelEntry]) -> String {
    let first = entries.first().map(|entry| url::Url::parse(entry.url.as_str()).unwrap());
    first.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

#[test]
fn of_two_that_create_one_is_told() {
    let server = service::start();
    let target = server.url("/models/m");
    block_on(async {
        creating(&target).save(model(vec![1; 4])).await.unwrap();
        let again = creating(&target).save(model(vec![2; 4])).await;
        assert_eq!(kind(again), Some(ErrorKind::AlreadyExists));
        let loaded = handler(&target, quick()).load().await.unwrap();
        assert_eq!(loaded.weight_data.unwrap().to_bytes().await.unwrap(), vec![1; 4]);
        let options = HandlerOptions::new().with_write_mode(WriteMode::Create);
        let root = url(&server.url("/models"));
        let store = HttpStore::with_options(root, options, quick()).unwrap();
        handler(&server.url("/models/n"), quick()).save(model(vec![3; 4])).await.unwrap();
        let (m, n) = (url(&target), url(&server.url("/models/n")));
        for result in [store.copy(&n, &m).await, store.rename(&n, &m).await] {
            assert_eq!(kind(result), Some(ErrorKind::AlreadyExists));
        }
        assert!(handler(&target, quick()).capabilities().create);
    });
}

/// A copy then loads and saves, which such a server may well let us do.
#[test]
fn a_server_that_refuses_to_say_what_it_is_has_no_copy_of_its_own() {
    for status in [401, 403, 503] {
        let server = Server::start(move |exchange| exchange.answer(status, &[], b""));
        let (a, b) = (url(&server.url("/a/model.json")), url("http://127.0.0.1:9/b"));
        block_on(async {
            let store = store(a.as_str());
            for result in [store.copy(&a, &b).await, store.rename(&a, &b).await] {
                assert_eq!(kind(result), Some(ErrorKind::Unsupported), "{status}");
            }
            assert_ne!(kind(store.stat(&a).await), Some(ErrorKind::Unsupported), "{status}");
        });
    }
}

/// A server copies for as long as it takes.
#[test]
fn a_copy_that_takes_long_is_waited_for_within_the_time_of_the_whole() {
    let double = service::start();
    let origin = double.origin();
    let server = Server::start(move |exchange| {
        let (status, body) = forward(&origin, exchange.method.clone(), exchange.target.clone());
        if exchange.method == "POST" {
            thread::sleep(Duration::from_millis(600));
        }
        exchange.answer(status, &[], &body)
    });
    let [root, m, n] = ["/models", "/models/m", "/models/n"].map(|path| url(&server.url(path)));
    block_on(async {
        handler(&double.url("/models/m"), quick()).save(model(vec![1; 4])).await.unwrap();
        let impatient = || quick().with_idle_timeout(Duration::from_millis(200));
        let store = |http| HttpStore::with_options(root.clone(), HandlerOptions::new(), http);
        let copied = store(impatient()).unwrap().copy(&m, &n).await.unwrap();
        assert_eq!(copied.model_artifacts_info.weight_data_bytes, 4);
        let limited = impatient().with_timeout(Duration::from_millis(300));
        let late = store(limited).unwrap().copy(&m, &n).await;
        assert_eq!(kind(late), Some(ErrorKind::Timeout));
    });
}

#[test]
fn what_the_store_behind_a_server_does_not_do_is_refused() {
    let server = service::start_with(&["list", "stat", "load"]);
    let (root, one) = (server.url("/models"), url(&server.url("/models/a")));
    block_on(async {
        assert!(store(&root).list().next().await.is_none());
        let can = handler(one.as_str(), quick()).capabilities();
        assert!(can.list && !can.remove && !can.copy && !can.rename && !can.create);
        assert_eq!(kind(store(&root).remove(&one).await), Some(ErrorKind::Unsupported));
    });
}

#[test]
fn a_removal_whose_answer_is_lost_is_done_once() {
    let double = service::start();
    let origin = double.origin();
    let server = Server::start(move |exchange| {
        // It does what it is asked, and then breaks the connection.
        if exchange.method == "DELETE" && exchange.nth == 0 {
            forward(&origin, exchange.method.clone(), exchange.target.clone());
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let (status, body) = forward(&origin, exchange.method.clone(), exchange.target.clone());
        exchange.answer(status, &[], &body)
    });
    block_on(async {
        handler(&double.url("/models/m"), quick()).save(model(vec![1; 4])).await.unwrap();
        let store = store(&server.url("/models"));
        let removed = store.remove(&url(&server.url("/models/m"))).await.unwrap();
        assert_eq!(removed.info.weight_data_bytes, 4);
        let again = store.remove(&url(&server.url("/models/m"))).await;
        assert_eq!(kind(again), Some(ErrorKind::NotFound));
    });
}

/// The same request to the server at `origin`.
fn forward(origin: &str, method: String, target: String) -> (u16, Vec<u8>) {
    use std::{
        io::{Read, Write},
        net::TcpStream,
    };
    let mut stream = TcpStream::connect(origin.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(format!("{method} {target} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).as_bytes().to_vec();
    (status, body)
}
