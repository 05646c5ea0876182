//! Credentials that fit into a request: clients panic on a token that is no header.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::{CredentialProvider, Error, Result};

use crate::form::is_header;

/// Whether credentials can be sent.
pub(crate) trait Sendable: Send + Sync + 'static {
    fn is_sendable(&self) -> bool;
}

/// Gives the credentials of another provider, if they can be sent.
#[derive(Debug)]
pub(crate) struct Checked<C: Sendable>(pub(crate) Arc<dyn CredentialProvider<Credential = C>>);

#[async_trait]
impl<C: Sendable + std::fmt::Debug> CredentialProvider for Checked<C> {
    type Credential = C;

    async fn get_credential(&self) -> Result<Arc<C>> {
        let credential = self.0.get_credential().await?;
        match credential.is_sendable() {
            true => Ok(credential),
            false => Err(Error::Generic {
                store: "credentials",
                source: "the key or token that was given has a line break or another character \
                         that cannot be sent"
                    .into(),
            }),
        }
    }
}

#[cfg(feature = "aws")]
impl Sendable for object_store::aws::AwsCredential {
    fn is_sendable(&self) -> bool {
        is_header(&self.key_id) && self.token.as_deref().is_none_or(is_header)
    }
}

#[cfg(feature = "azure")]
impl Sendable for object_store::azure::AzureCredential {
    fn is_sendable(&self) -> bool {
        match self {
            Self::BearerToken(token) => is_header(token),
            // They are parts of an address and are encoded there, or sign.
            Self::AccessKey(_) => true,
            Self::SASToken(pairs) => {
                pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() < 16 << 10
            }
        }
    }
}

#[cfg(feature = "gcp")]
impl Sendable for object_store::gcp::GcpCredential {
    fn is_sendable(&self) -> bool {
        is_header(&self.bearer)
    }
}
