//! Those to Google Cloud Storage, which speaks of them as S3 does.

use async_trait::async_trait;
use object_store::{
    HeaderValue, MultipartId,
    client::HttpRequest,
    gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder},
    multipart::MultipartStore,
    path::Path,
};

use crate::{cloud::Config, gc::Unfinished};

/// Those to a bucket whose keys begin at `address`.
pub(crate) fn unfinished(
    config: Config,
    address: String,
    builder: GoogleCloudStorageBuilder,
) -> Unfinished {
    super::unfinished(address, config, move |config| Ok(Account(config.build(builder.clone())?)))
}

struct Account(GoogleCloudStorage);

#[async_trait]
impl super::Account for Account {
    async fn sign(&self, request: &mut HttpRequest) -> object_store::Result<()> {
        let credential = self.0.credentials().get_credential().await?;
        if !credential.bearer.is_empty() {
            let value = HeaderValue::from_str(&format!("Bearer {}", credential.bearer));
            let value = value.map_err(|_| object_store::Error::Generic {
                store: "GCS",
                source: "the token cannot be sent".into(),
            })?;
            request.headers_mut().insert("authorization", value);
        }
        Ok(())
    }

    async fn abort(&self, key: &Path, id: &MultipartId) -> object_store::Result<()> {
        self.0.abort_multipart(key, id).await
    }
}
