//! What `modelport serve` reads anew on SIGHUP: tokens and certificates.

use std::{convert::Infallible, io, path::PathBuf};

use modelport::Error;
use modelport_server::{ListenOptions, ServerOptions, Tls, Tokens};

use super::serve::Serve;

/// The files of a server, and what was read from them.
pub(crate) struct Reload {
    tokens: Vec<(PathBuf, Tokens)>,
    certificate: Option<(PathBuf, PathBuf, Tls)>,
    #[cfg(unix)]
    hangups: tokio::signal::unix::Signal,
}

impl Reload {
    /// Watches SIGHUP from now on.
    ///
    /// # Errors
    ///
    /// That of a system that does not let it.
    pub(crate) fn new(
        args: &Serve,
        options: &ServerOptions,
        listen: &ListenOptions,
    ) -> io::Result<Self> {
        let tokens = [
            args.token_file.clone().zip(options.write_tokens.clone()),
            args.read_token_file.clone().zip(options.read_tokens.clone()),
        ];
        let files = args.tls_cert.clone().zip(args.tls_key.clone()).zip(listen.tls.clone());
        Ok(Self {
            tokens: tokens.into_iter().flatten().collect(),
            certificate: files.map(|((certificate, key), tls)| (certificate, key, tls)),
            #[cfg(unix)]
            hangups: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Reads the files whenever the process receives SIGHUP.
    pub(crate) async fn on_signal(mut self) -> Infallible {
        #[cfg(unix)]
        while self.hangups.recv().await.is_some() {
            self.reload();
        }
        std::future::pending().await
    }

    /// Reads the files anew. One that cannot be used leaves in force what was read before.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no other system has the signal"))]
    fn reload(&mut self) {
        for (file, tokens) in &self.tokens {
            match Tokens::read_file(file) {
                Ok(read) => {
                    tokens.replace(&read);
                    tracing::info!("tokens were reloaded");
                }
                Err(error) => report_kept("tokens", &error),
            }
        }
        if let Some((certificate, key, tls)) = &self.certificate {
            match Tls::read_files(certificate, key) {
                Ok(read) => {
                    tls.replace(&read);
                    tracing::info!("the certificate was reloaded");
                }
                Err(error) => report_kept("certificate", &error),
            }
        }
    }
}

fn report_kept(what: &str, error: &Error) {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    tracing::error!(
        "cannot reload the {what}, what was read before stays in force: {error}{}",
        cause.unwrap_or_default()
    );
}
