//! TLS: rustls with the roots that the system trusts, and those that the caller adds.

use std::sync::{Arc, OnceLock};

use io_core::{Error, ErrorKind, Result};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

/// How servers are verified.
pub(super) struct Tls {
    /// Trusts nobody when the system's roots could not be read: plain `http` works all the same.
    pub(super) config: ClientConfig,
    problem: Option<String>,
}

impl Tls {
    /// Read once for the process, when the first request is made.
    pub(super) fn get() -> Result<&'static Self> {
        static TLS: OnceLock<Result<Tls, String>> = OnceLock::new();
        TLS.get_or_init(|| Self::new(Vec::new())).as_ref().map_err(|problem| unusable(problem))
    }

    /// The same that trusts the roots in `pem` as well: texts of any number of certificates each.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is a text without one, or with one that is none.
    pub(super) fn with_roots(pem: &[Vec<u8>]) -> Result<Self> {
        let invalid =
            || Error::new(ErrorKind::InvalidInput, "option `ca-certificates` has no certificate");
        let mut roots = Vec::new();
        for text in pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(text) {
                roots.push(certificate.map_err(|error| invalid().with_source(error.to_string()))?);
            }
            if roots.len() == before {
                return Err(invalid());
            }
        }
        let mut store = RootCertStore::empty();
        for root in &roots {
            store.add(root.clone()).map_err(|error| invalid().with_source(error))?;
        }
        Self::new(roots).map_err(|problem| unusable(&problem))
    }

    /// # Errors
    ///
    /// `Unexpected` when the system's roots could not be read.
    pub(super) fn check(&self) -> Result<()> {
        self.problem.as_deref().map_or(Ok(()), |problem| Err(unusable(problem)))
    }

    fn new(roots: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let (config, problem) = match Verifier::new_with_extra_roots(roots, provider) {
            Ok(verifier) => {
                let verifier = Arc::new(verifier);
                (builder.dangerous().with_custom_certificate_verifier(verifier), None)
            }
            Err(error) => {
                (builder.with_root_certificates(RootCertStore::empty()), Some(error.to_string()))
            }
        };
        Ok(Self { config: config.with_no_client_auth(), problem })
    }
}

fn unusable(problem: &str) -> Error {
    Error::new(ErrorKind::Unexpected, "the certificates that the system trusts cannot be used")
        .with_source(problem.to_owned())
}
