//! moto, a second opinion on what S3 means: it keeps all conditions and all of the protocol, but
//! checks no signature.

use std::process::Command;

use io_core::{HandlerOptions, ModelUrl};

use super::{Process, free_port, http::try_request, process::wait_until, s3, tool};

/// The server, with an empty bucket `models`.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    _server: Process,
}

impl Moto {
    /// Starts it.
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tool("object-stores/bin/python"));
        command.args(["-m", "moto.server", "--host", "127.0.0.1", "--port", &port.to_string()]);
        let server = Process::start(command, port);
        let bucket = format!("/{}", s3::BUCKET);
        wait_until("no bucket can be made", || {
            matches!(try_request(port, "PUT", &bucket, &[], b""), Ok((200, _)))
        });
        Self { port, _server: server }
    }

    /// What a handler has to know to use it.
    pub fn options(&self) -> HandlerOptions {
        s3::options(self.port)
    }

    /// The model under a key.
    pub fn url(&self, key: &str) -> ModelUrl {
        s3::url(key)
    }
}
