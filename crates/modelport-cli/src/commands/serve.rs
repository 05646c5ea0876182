//! `modelport serve`.

use std::{io, path::PathBuf, time::Duration};

use clap::{Args, ValueHint};
use modelport::{Error, ErrorKind};
use modelport_server::{Limits, ListenOptions, ServerOptions, Tls, Tokens};
use serde_json::json;
use tokio::net::TcpListener;

use super::reload::Reload;
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
    /// Serve below this path, as a reverse proxy forwards it
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
    /// Accept changes only with a token of this file, which has one a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) token_file: Option<PathBuf>,
    /// Give models only to tokens of this file and of the other one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) read_token_file: Option<PathBuf>,
    /// Let anybody who can reach the server change models, not only this machine
    #[arg(long, conflicts_with = "token_file")]
    open: bool,
    /// Let pages of this origin use the server; can be repeated
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<String>,
    /// Serve and accept these files beside models, such as `metadata.json` or `*.txt`; can be repeated
    #[arg(long, value_name = "PATTERN")]
    extra_files: Vec<String>,
    /// The certificates of the server in PEM, its own first
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    pub(super) tls_cert: Option<PathBuf>,
    /// The private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub(super) tls_key: Option<PathBuf>,
    /// Refuse bodies that are longer
    #[arg(long, value_name = "SIZE", default_value_t = Bytes(Limits::new().body_bytes))]
    max_body_bytes: Bytes,
    /// Refuse model files that are longer
    #[arg(long, value_name = "SIZE", default_value_t = Bytes(Limits::new().model_json_bytes))]
    max_json_bytes: Bytes,
    /// Maximum running uploads; further ones are answered with 503
    #[arg(long, value_name = "N", default_value_t = Limits::new().uploads)]
    max_uploads: usize,
    /// Maximum open connections; a new one then closes the one that is idle longest
    #[arg(long, value_name = "N", default_value_t = ListenOptions::new().connections)]
    max_connections: usize,
    /// Cut off uploads that are slower on average, after twice the idle timeout
    #[arg(long, value_name = "SIZE/S", default_value_t = Bytes(Limits::new().min_bytes_per_second))]
    min_upload_rate: Bytes,
    /// Close connections that are idle this long
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    idle_timeout: Duration,
    /// Time for running requests to finish on shutdown
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
    let options = args.options(global)?;
    let reload = Reload::new(args, &options, &listen)?;
    let router = modelport_server::router(modelport::registry()?, root, options)?;
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
    let base_path = args.base_path.as_deref().unwrap_or_default().trim_end_matches('/');
    let url = format!("{scheme}://{address}{base_path}");
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
    let served = modelport_server::serve(listener, router, listen, stop);
    tokio::select! {
        served = served => served.map_err(cannot_listen)?,
        never = reload.on_signal() => match never {},
    };
    Ok(())
}

impl Serve {
    fn options(&self, global: &Global) -> Result<ServerOptions, Error> {
        let mut limits = Limits::new();
        limits.body_bytes = self.max_body_bytes.0;
        limits.model_json_bytes = self.max_json_bytes.0;
        limits.uploads = self.max_uploads;
        limits.idle = self.idle_timeout;
        limits.min_bytes_per_second = self.min_upload_rate.0;
        let [handler] = global.handler_options([&self.root])?;
        let mut options = ServerOptions::new().with_limits(limits).with_handler(handler);
        if let Some(path) = &self.base_path {
            options = options.with_base_path(path)?;
        }
        if self.open {
            options = options.with_any_host();
        }
        if let Some(file) = &self.token_file {
            options = options.with_write_tokens(Tokens::read_file(file)?);
        }
        if let Some(file) = &self.read_token_file {
            options = options.with_read_tokens(Tokens::read_file(file)?);
        }
        for pattern in &self.extra_files {
            options = options.with_extra_files(pattern)?;
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
