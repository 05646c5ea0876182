//! fake-gcs-server, which can be read from: it has no XML uploads, which the client uses.

use std::process::Command;

use io_core::{HandlerOptions, ModelUrl};

use super::{Process, encoded, free_port, request, tool};

/// The server, with an empty bucket `models`.
#[derive(Debug)]
pub struct FakeGcs {
    port: u16,
    _server: Process,
}

impl FakeGcs {
    /// Starts it.
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tool("object-stores/bin/fake-gcs-server"));
        let address = format!("127.0.0.1:{port}");
        command.args(["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port"]);
        command.arg(port.to_string());
        command.args(["-external-url", &format!("http://{address}"), "-public-host", &address]);
        let server = Process::start(command, port);
        let json = [("Content-Type", "application/json")];
        let (status, _) =
            request(port, "POST", "/storage/v1/b?project=test", &json, br#"{"name":"models"}"#);
        assert_eq!(status, 200);
        Self { port, _server: server }
    }

    /// Uploads an object, as another client does.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let name = encoded(key).replace('/', "%2F");
        let path = format!("/upload/storage/v1/b/models/o?uploadType=media&name={name}");
        let (status, _) = request(self.port, "POST", &path, &[], bytes);
        assert_eq!(status, 200);
    }

    /// What a handler has to know to use it.
    pub fn options(&self) -> HandlerOptions {
        HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("anonymous", "true")
            .with_setting("base_url", format!("http://127.0.0.1:{}", self.port))
            .with_setting("allow_http", "true")
            .with_setting("max_retries", "2")
    }

    /// The model under a key.
    pub fn url(&self, key: &str) -> ModelUrl {
        ModelUrl::new("gs", &format!("models/{key}")).unwrap()
    }
}
