//! Azurite, Microsoft's own emulator of Azure's blobs.

use std::process::Command;

use io_core::{HandlerOptions, ModelUrl};
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};

use super::{Process, free_port, request, tool};

const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The emulator, with an empty container `models`.
#[derive(Debug)]
pub struct Azurite {
    /// Where it answers.
    pub port: u16,
    _server: Process,
    _folder: tempfile::TempDir,
}

impl Azurite {
    /// The emulator's published key.
    pub const KEY: &str = KEY;

    /// Starts it.
    pub fn start() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("node");
        command.arg(tool("azurite/node_modules/azurite/dist/src/blob/main.js")).args([
            // It reports to its makers otherwise.
            "--disableTelemetry",
            "--silent",
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
        ]);
        command.arg(port.to_string()).arg("--location").arg(folder.path());
        let server = Process::start(command, port);
        let azurite = Self { port, _server: server, _folder: folder };
        azurite.make_container();
        azurite
    }

    fn make_container(&self) {
        let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
        let path = format!("/{ACCOUNT}/models?restype=container");
        let mut signed = http::Request::builder()
            .method("PUT")
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .header("content-length", "0")
            .body(object_store::client::HttpRequestBody::empty())
            .unwrap();
        AzureAuthorizer::new(&credential, ACCOUNT).try_authorize(&mut signed).unwrap();
        let headers: Vec<_> = signed
            .headers()
            .iter()
            .filter(|(name, _)| *name != "content-length")
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let (status, body) = request(self.port, "PUT", &path, &headers, b"");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }

    /// What a handler has to know to use it.
    pub fn options(&self) -> HandlerOptions {
        self.options_through(self.port)
    }

    /// The same through a proxy at another port.
    pub fn options_through(&self, port: u16) -> HandlerOptions {
        HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("account_name", ACCOUNT)
            .with_setting("account_key", KEY)
            .with_setting("endpoint", format!("http://127.0.0.1:{port}/{ACCOUNT}"))
            .with_setting("allow_http", "true")
            .with_setting("max_retries", "2")
    }

    /// The model under a key.
    pub fn url(&self, key: &str) -> ModelUrl {
        ModelUrl::new("az", &format!("models/{key}")).unwrap()
    }
}
