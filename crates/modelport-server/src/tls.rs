//! TLS with a certificate from files.

use std::{
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use io_core::{Error, ErrorKind, Result};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

/// The certificate and the key of a server. Clones share them, also after [`replace`](Self::replace).
#[derive(Clone)]
pub struct Tls(Arc<RwLock<TlsAcceptor>>);

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its private key, both in PEM.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a file cannot be read, or they do not belong together.
    pub fn read_files(certificates: &Path, key: &Path) -> Result<Self> {
        let unreadable = |what: &str, path: &Path, error: rustls::pki_types::pem::Error| {
            let message = format!("cannot read the {what} in `{}`", path.display());
            Error::new(ErrorKind::InvalidInput, message).with_source(error)
        };
        let chain = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable("certificate", certificates, error))?;
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unreadable("private key", key, error))?;
        let unusable = |error: rustls::Error| {
            let message = "the certificate and the private key cannot be used";
            Error::new(ErrorKind::InvalidInput, message).with_source(error)
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(RwLock::new(TlsAcceptor::from(Arc::new(config))))))
    }

    /// Takes the certificate and the key of `other`, for all clones and every later connection.
    pub fn replace(&self, other: &Self) {
        let acceptor = other.acceptor();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
