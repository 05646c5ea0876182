//! Saves: the body to the byte, what is tried again, and how much memory it takes.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{
    io,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use futures::{StreamExt, executor::block_on, stream};
use io_core::{
    DType, ErrorKind, IOHandler, Json, ModelArtifacts, WeightSource, WeightSpec, WeightStream,
    Weights,
};
use support::{form, handler, model, noise, quick, server::Server};

type Seen = Arc<Mutex<Vec<(String, String, Vec<form::Part>)>>>;

/// Parses every upload; keeps method, content type and parts.
fn receiver(status: u16) -> (Server, Seen) {
    let seen: Seen = Arc::default();
    let kept = seen.clone();
    let server = Server::start(move |exchange| {
        assert_eq!(exchange.header("transfer-encoding"), None);
        let content_type = exchange.header("content-type").unwrap().to_owned();
        assert_eq!(exchange.headers.iter().filter(|(n, _)| n == "content-length").count(), 1);
        let parts = form::parse(&content_type, &exchange.body()?);
        kept.lock().unwrap().push((exchange.method.clone(), content_type, parts));
        exchange.answer(status, &[], b"")
    });
    (server, seen)
}

#[test]
fn the_body_is_that_of_tensorflow_js() {
    let (server, seen) = receiver(201);
    let json = |text: &str| Some(Json::parse(text).unwrap());
    let bytes = vec![0, 0, 128, 63, 0, 0, 0, 64];
    // Weights that stream: nothing but what TensorFlow.js writes.
    let source = Counting::new(bytes.len() as u64, 3, Some(bytes.clone()));
    let artifacts = ModelArtifacts {
        model_topology: json(r#"{"class_name":"Sequential","config":[{"n":"é文"}]}"#),
        format: Some("layers-model".into()),
        generated_by: Some("G".into()),
        converted_by: json("null"),
        weight_specs: Some(vec![WeightSpec::new("k", [2], DType::Float32)]),
        weight_data: Some(Weights::from_source(source)),
        signature: json(r#"{"s":1}"#),
        user_defined_metadata: json(r#"{"a":1}"#),
        training_config: json(r#"{"loss":"x"}"#),
        ..Default::default()
    };
    let saved = block_on(handler(&server.url("/upload"), quick()).save(artifacts)).unwrap();
    assert_eq!(saved.model_artifacts_info.weight_data_bytes, 8);
    let seen = seen.lock().unwrap();
    let [(method, _, parts)] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!(method, "POST");
    let text = r#"{"modelTopology":{"class_name":"Sequential","config":[{"n":"é文"}]},"format":"layers-model","generatedBy":"G","convertedBy":null,"weightsManifest":[{"paths":["./model.weights.bin"],"weights":[{"name":"k","shape":[2],"dtype":"float32"}]}],"signature":{"s":1},"userDefinedMetadata":{"a":1},"trainingConfig":{"loss":"x"}}"#;
    let part = |name: &str, content_type: &str, bytes: &[u8]| form::Part {
        name: name.to_owned(),
        file_name: name.to_owned(),
        content_type: content_type.to_owned(),
        bytes: bytes.to_vec(),
    };
    let expected = [
        part("model.json", "application/json", text.as_bytes()),
        part("model.weights.bin", "application/octet-stream", &bytes),
    ];
    assert_eq!(parts[..], expected);
}

#[test]
fn without_weights_there_is_one_part_and_weights_in_memory_have_a_checksum() {
    let (server, seen) = receiver(200);
    let topology_only = ModelArtifacts {
        model_topology: Some(Json::parse(r#"{"a":1}"#).unwrap()),
        ..Default::default()
    };
    let http = quick().with_method("put").with_header("X-Extra", "1");
    let handler = handler(&server.url("/upload"), http);
    block_on(handler.save(topology_only)).unwrap();
    block_on(handler.save(model(noise(400, 1)))).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].0.as_str(), seen[0].2.len()), ("PUT", 1));
    assert_eq!(seen[0].2[0].bytes, br#"{"modelTopology":{"a":1}}"#);
    let text = String::from_utf8(seen[1].2[0].bytes.clone()).unwrap();
    assert!(text.contains(r#""integrity":[{"bytes":400,"crc64nvme":""#), "{text}");
    assert_ne!(seen[0].1, seen[1].1, "two boundaries");
}

#[test]
fn a_status_that_is_no_success_fails_the_save() {
    for (status, kind, requests) in [
        (302, ErrorKind::Unexpected, 1),
        (400, ErrorKind::Unexpected, 1),
        (401, ErrorKind::PermissionDenied, 1),
        (404, ErrorKind::NotFound, 1),
        (405, ErrorKind::Unsupported, 1),
        (409, ErrorKind::Conflict, 1),
        (413, ErrorKind::QuotaExceeded { needed: None, available: None }, 1),
        // It may have acted on it.
        (500, ErrorKind::Network, 1),
        (502, ErrorKind::Network, 1),
        // It says that it did not.
        (503, ErrorKind::Network, 3),
        (429, ErrorKind::Network, 3),
    ] {
        let (server, _) = receiver(status);
        let handler = handler(&server.url("/upload"), quick().with_retries(2));
        let error = block_on(handler.save(model(noise(400, 1)))).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(server.log().len(), requests, "{status}");
    }
}

#[test]
fn what_the_server_did_not_get_whole_is_sent_again_and_what_it_may_have_is_not() {
    // The connection ends in the middle of the body, or behind it, without an answer.
    for (whole, method, requests) in [(false, "POST", 2), (true, "POST", 1), (true, "PUT", 2)] {
        let server = Server::start(move |exchange| {
            if exchange.nth == 0 {
                if whole {
                    exchange.body()?;
                } else {
                    let mut first = [0; 1_000];
                    exchange.read(&mut first)?;
                }
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let content_type = exchange.header("content-type").unwrap().to_owned();
            let parts = form::parse(&content_type, &exchange.body()?);
            assert_eq!(parts[1].bytes.len(), 20_000_000);
            exchange.answer(204, &[], b"")
        });
        let progress = Arc::new(Mutex::new(Vec::new()));
        let told = progress.clone();
        let callback =
            io_core::ProgressCallback::new(move |now| told.lock().unwrap().push(now.done));
        let url = io_core::ModelUrl::parse(&server.url("/upload")).unwrap();
        let options = io_core::HandlerOptions::new().with_progress(callback);
        let http = quick().with_method(method);
        let handler = io_http::HttpHandler::with_options(url, options, http).unwrap();
        let saved = block_on(handler.save(model(noise(20_000_000, 1))));
        assert_eq!(saved.is_ok(), requests == 2, "{method} {whole}");
        assert_eq!(server.log().len(), requests);
        let progress = progress.lock().unwrap();
        assert!(progress.is_sorted());
        assert_eq!(*progress.last().unwrap() == 20_000_000, saved.is_ok());
    }
}

#[test]
fn redirects_of_an_upload_send_it_again_or_fail() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let count = arrived.clone();
    let server = Server::start(move |exchange| {
        let content_type = exchange.header("content-type").unwrap_or_default().to_owned();
        let body = exchange.body()?;
        match exchange.target.as_str() {
            "/307" => exchange.answer(307, &[("location", "/there")], b""),
            "/301" => exchange.answer(301, &[("location", "/there")], b""),
            _ => {
                assert_eq!(form::parse(&content_type, &body)[1].bytes.len(), 4_000);
                count.fetch_add(1, SeqCst);
                exchange.answer(200, &[], b"")
            }
        }
    });
    block_on(handler(&server.url("/307"), quick()).save(model(noise(4_000, 1)))).unwrap();
    let error = block_on(handler(&server.url("/301"), quick()).save(model(noise(4_000, 1))));
    assert!(error.unwrap_err().hint().unwrap().contains("/there"));
    assert_eq!(arrived.load(SeqCst), 1);
}

/// Weights that are made as they are read, and counts how far.
#[derive(Debug)]
struct Counting {
    length: u64,
    chunk: u64,
    bytes: Option<Vec<u8>>,
    given: Arc<AtomicU64>,
}

impl Counting {
    fn new(length: u64, chunk: u64, bytes: Option<Vec<u8>>) -> Self {
        Self { length, chunk, bytes, given: Arc::default() }
    }
}

impl WeightSource for Counting {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let (chunk, bytes, given) = (self.chunk, self.bytes.clone(), self.given.clone());
        let starts = range.clone().step_by(usize::try_from(chunk).unwrap());
        Box::pin(stream::iter(starts).map(move |start| {
            let end = (start + chunk).min(range.end);
            let (from, to) = (usize::try_from(start).unwrap(), usize::try_from(end).unwrap());
            given.store(end, SeqCst);
            Ok(match &bytes {
                Some(bytes) => Bytes::copy_from_slice(&bytes[from..to]),
                None => Bytes::from(vec![7; to - from]),
            })
        }))
    }
}

const LARGE: u64 = 300 << 20;
/// What may lie in the sockets of both sides, which Linux lets grow to tens of megabytes, and in the
/// client.
const IN_FLIGHT: u64 = 64 << 20;

#[test]
fn an_upload_takes_no_more_from_its_source_than_it_can_send() {
    let source = Counting::new(LARGE, 1 << 20, None);
    let given = source.given.clone();
    let server = Server::start(move |exchange| {
        let mut buffer = vec![0; 1 << 18];
        let mut read = 0_u64;
        while read < exchange.length {
            let now = exchange.read(&mut buffer)? as u64;
            assert!(now > 0, "the body ended early");
            read += now;
            let ahead = given.load(SeqCst).saturating_sub(read);
            if ahead > IN_FLIGHT {
                return exchange.answer(413, &[], b"");
            }
        }
        exchange.answer(200, &[], b"")
    });
    let artifacts = ModelArtifacts {
        weight_specs: Some(vec![WeightSpec::new("w", [LARGE / 4], DType::Float32)]),
        weight_data: Some(Weights::from_source(source)),
        ..Default::default()
    };
    let start = std::time::Instant::now();
    block_on(handler(&server.url("/upload"), quick()).save(artifacts)).unwrap();
    println!("upload: {:.0} MB/s", LARGE as f64 / 1e6 / start.elapsed().as_secs_f64());
}

#[test]
fn a_download_takes_no_more_than_its_reader_wants() {
    let sent = Arc::new(AtomicU64::new(0));
    let count = sent.clone();
    let json = format!(
        r#"{{"weightsManifest":[{{"paths":["w"],"weights":[{{"name":"w","shape":[{}],"dtype":"float32"}}]}}]}}"#,
        LARGE / 4
    );
    let server = Server::start(move |exchange| {
        if exchange.target == "/model.json" {
            return exchange.answer(200, &[], json.as_bytes());
        }
        exchange.head(200, &[], usize::try_from(LARGE).unwrap())?;
        for _ in 0..LARGE >> 20 {
            exchange.write(&[7; 1 << 20])?;
            count.fetch_add(1 << 20, SeqCst);
        }
        Ok(())
    });
    let start = std::time::Instant::now();
    let loaded = block_on(handler(&server.url("/model.json"), quick()).load()).unwrap();
    let (mut read, mut most) = (0_u64, 0);
    let mut stream = loaded.weight_data.unwrap().stream();
    while let Some(bytes) = block_on(stream.next()) {
        let before = read;
        read += bytes.unwrap().len() as u64;
        if before >> 25 != read >> 25 {
            // A reader that pauses.
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        most = most.max(sent.load(SeqCst).saturating_sub(read));
    }
    assert_eq!(read, LARGE);
    assert!(most < IN_FLIGHT, "{most} bytes ahead of the reader");
    println!("download: {:.0} MB/s", LARGE as f64 / 1e6 / start.elapsed().as_secs_f64());
}
