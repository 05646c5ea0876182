//! A server on loopback with its models in a folder, and a client that sends what it is told.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use modelport::{ModelUrl, Registry};
use modelport_server::{ListenOptions, ServerOptions, router, serve};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};

/// A server that runs until it is dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) root: TempDir,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<bool>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(ServerOptions::new(), ListenOptions::new())
    }

    pub(crate) fn with(options: ServerOptions, listen: ListenOptions) -> Self {
        let root = tempfile::tempdir().unwrap();
        let url = format!("file://{}", root.path().display());
        Self::at(&url, modelport::registry().unwrap(), root, (options, listen))
    }

    /// One with its models in a store of a registry.
    pub(crate) fn of(url: &str, registry: Registry) -> Self {
        let options = (ServerOptions::new(), ListenOptions::new());
        Self::at(url, registry, tempfile::tempdir().unwrap(), options)
    }

    fn at(
        url: &str,
        registry: Registry,
        root: TempDir,
        (options, listen): (ServerOptions, ListenOptions),
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let router = router(registry, ModelUrl::parse(url).unwrap(), options).unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = runtime.spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(listener, router, listen, stopped).await.unwrap()
        });
        Self { address, root, runtime, stop: Some(stop), served: Some(served) }
    }

    /// Asks the server to stop; what `serve` returns.
    pub(crate) fn stop(&mut self) -> bool {
        drop(self.stop.take());
        self.runtime.block_on(self.served.take().unwrap()).unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request, its headers in `lines`, and reads the answer to its end.
    pub(crate) fn send(&self, method: &str, path: &str, lines: &[&str], body: &[u8]) -> Reply {
        self.send_to(&self.address.to_string(), (method, path), lines, body)
    }

    /// The same to the server as `host`.
    pub(crate) fn send_to(
        &self,
        host: &str,
        (method, path): (&str, &str),
        lines: &[&str],
        body: &[u8],
    ) -> Reply {
        Self::exchange(self.connect(), host, (method, path), lines, body)
    }

    /// Uploads `form` from another address of this machine.
    pub(crate) fn put_from(&self, address: [u8; 4], name: &str, form: &Form) -> Reply {
        let stream = self.runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind((address, 0).into()).unwrap();
            socket.connect(self.address).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = ("PUT", &*format!("/models/{name}"));
        Self::exchange(stream, "localhost", request, &[&form.content_type()], &form.body())
    }

    fn exchange(
        mut stream: TcpStream,
        host: &str,
        (method, path): (&str, &str),
        lines: &[&str],
        body: &[u8],
    ) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for line in lines {
            write!(head, "{line}\r\n").unwrap();
        }
        if !body.is_empty() || matches!(method, "POST" | "PUT") {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses does not read it all.
        let _ = stream.write_all(body);
        Reply::read(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], &[])
    }

    pub(crate) fn put(&self, name: &str, form: &Form) -> Reply {
        self.send("PUT", &format!("/models/{name}"), &[&form.content_type()], &form.body())
    }

    /// The files below the root, staging included.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(self.root.path(), &mut found);
        found.sort();
        found
    }
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            walk(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn read(stream: &mut impl Read) -> Self {
        let mut all = Vec::new();
        // A reset after the answer is what a client that was refused may see.
        let _ = stream.read_to_end(&mut all);
        let at = all.windows(4).position(|four| four == b"\r\n\r\n");
        let at = at.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&all)));
        let head = String::from_utf8(all[..at].to_vec()).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: all[at + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// The kind of the error that it tells.
    pub(crate) fn kind(&self) -> String {
        self.json()["error"]["kind"].as_str().unwrap().to_owned()
    }
}

/// A form in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(pub(crate) Vec<u8>);

pub(crate) const BOUNDARY: &str = "----a-boundary";

impl Form {
    /// As TensorFlow.js sends it: one weight of float32.
    pub(crate) fn model(weights: &[u8]) -> Self {
        Self::default()
            .part("model.json", model_json("m", weights.len() / 4).as_bytes())
            .part("model.weights.bin", weights)
    }

    pub(crate) fn part(mut self, name: &str, content: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\
             \r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    pub(crate) fn content_type(&self) -> String {
        format!("Content-Type: multipart/form-data; boundary={BOUNDARY}")
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        [&self.0, format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }
}

/// A model file whose one weight has `count` elements, in the file of TensorFlow.js.
pub(crate) fn model_json(note: &str, count: usize) -> String {
    manifest(
        note,
        &format!(
            r#"[{{"paths":["./model.weights.bin"],"weights":[{{"name":"w","shape":[{count}],"dtype":"float32"}}]}}]"#
        ),
    )
}

/// A model file with this manifest.
pub(crate) fn manifest(note: &str, groups: &str) -> String {
    format!(
        r#"{{"modelTopology":{{"class_name":"Sequential","note":"{note}"}},"format":"layers-model","generatedBy":"t","convertedBy":null,"weightsManifest":{groups}}}"#
    )
}

/// The path of the weights that the model file of `name` gives.
pub(crate) fn weights_path(site: &Site, name: &str) -> String {
    let json = site.get(&format!("/models/{name}/model.json")).json();
    let path = json["weightsManifest"][0]["paths"][0].as_str().unwrap();
    format!("/models/{name}/{}", path.trim_start_matches("./"))
}

/// Ends the sending half: the body is cut.
pub(crate) fn cut(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
}
