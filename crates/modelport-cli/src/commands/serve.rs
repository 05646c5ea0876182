//! `modelport serve`.

use std::{io, path::PathBuf, time::Duration};

use clap::{Args, ValueHint};
use modelport::{Error, ErrorKind};
use modelport_server::{Limits, ListenOptions, ServerOptions, Tls, Tokens};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    args::Global,
    failure::Failure,
    log::{Format, Log},
    output::Output,
    size::Bytes,
};

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8500")]
    addr: String,
    /// Where the models are
    #[arg(long, value_name = "URL", default_value = ".", value_hint = ValueHint::DirPath)]
    root: String,
    /// Take changes only with a token of this file, which has one a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    /// Give models only to tokens of this file and of the other one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    read_token_file: Option<PathBuf>,
    /// Let anybody who can reach the server change models, not only this machine
    #[arg(long, conflicts_with = "token_file")]
    open: bool,
    /// Let pages of this origin use the server; can be repeated
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<String>,
    /// The certificates of the server in PEM, its own first
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    tls_key: Option<PathBuf>,
    /// Refuse bodies that are longer
    #[arg(long, value_name = "SIZE", default_value_t = Bytes(Limits::new().body_bytes))]
    max_body_bytes: Bytes,
    /// Refuse model files that are longer
    #[arg(long, value_name = "SIZE", default_value_t = Bytes(Limits::new().model_json_bytes))]
    max_json_bytes: Bytes,
    /// Refuse uploads while there are as many
    #[arg(long, value_name = "N", default_value_t = Limits::new().uploads)]
    max_uploads: usize,
    /// Let connections wait while there are as many
    #[arg(long, value_name = "N", default_value_t = ListenOptions::new().connections)]
    max_connections: usize,
    /// Cut off who is silent for so long
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    idle_timeout: Duration,
    /// Let requests go on for so long after a signal to stop
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    grace: Duration,
    /// How to log, on standard error
    #[arg(long, value_enum, default_value_t = Format::Text)]
    log: Format,
}

/// Serves until `stop` is done.
pub(crate) async fn run(
    global: &Global,
    args: &Serve,
    output: &mut Output,
    stop: impl Future<Output = Failure>,
) -> Result<(), Failure> {
    let _log = Log::start(args.log).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "the log cannot be started").with_source(error)
    })?;
    let root = modelport::url(&args.root)?;
    let listen = args.listen_options()?;
    let router = modelport_server::router(modelport::registry()?, root, args.options(global)?)?;
    let cannot_listen = |error: io::Error| {
        let message = format!("cannot listen at `{}`", args.addr.escape_debug());
        Error::new(ErrorKind::Unexpected, message).with_source(error)
    };
    let listener = TcpListener::bind(&args.addr).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    if !address.ip().is_loopback() && args.token_file.is_none() && !args.open {
        let message = "anybody who can reach this address could change models";
        return Err(Error::new(ErrorKind::InvalidInput, message)
            .with_hint("give a file of tokens with `--token-file`, or say `--open`")
            .into());
    }
    let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    if output.json() {
        output.object(&json!({"url": url}))?;
    } else {
        output.done(&format!("listening at {url}"))?;
    }
    // Whoever started the server waits for this line.
    output.finish()?;
    let stop = async {
        stop.await;
    };
    modelport_server::serve(listener, router, listen, stop).await.map_err(cannot_listen)?;
    Ok(())
}

impl Serve {
    fn options(&self, global: &Global) -> Result<ServerOptions, Error> {
        let mut limits = Limits::new();
        limits.body_bytes = self.max_body_bytes.0;
        limits.model_json_bytes = self.max_json_bytes.0;
        limits.uploads = self.max_uploads;
        limits.idle = self.idle_timeout;
        let [handler] = global.handler_options([&self.root])?;
        let mut options = ServerOptions::new().with_limits(limits).with_handler(handler);
        if self.open {
            options = options.with_any_host();
        }
        if let Some(file) = &self.token_file {
            options = options.with_write_tokens(Tokens::read_file(file)?);
        }
        if let Some(file) = &self.read_token_file {
            options = options.with_read_tokens(Tokens::read_file(file)?);
        }
        for origin in &self.cors_origins {
            options = options.with_cors_origin(origin)?;
        }
        Ok(options)
    }

    fn listen_options(&self) -> Result<ListenOptions, Error> {
        let mut options = ListenOptions::new();
        options.connections = self.max_connections;
        options.header_timeout = self.idle_timeout;
        options.write_timeout = self.idle_timeout.saturating_mul(2);
        options.grace = self.grace;
        if let (Some(certificates), Some(key)) = (&self.tls_cert, &self.tls_key) {
            options.tls = Some(Tls::read_files(certificates, key)?);
        }
        Ok(options)
    }
}
