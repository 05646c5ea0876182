//! Those to Amazon S3 and whatever speaks its protocol.

use async_trait::async_trait;
use object_store::{
    MultipartId,
    aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer},
    client::HttpRequest,
    multipart::MultipartStore,
    path::Path,
};

use crate::{cloud::Config, gc::Unfinished};

/// Those to a bucket whose keys begin at `address`.
pub(crate) fn unfinished(
    config: Config,
    address: String,
    region: String,
    builder: AmazonS3Builder,
) -> Unfinished {
    super::unfinished(address, config, move |config| {
        Ok(Account {
            client: config.build(builder.clone())?,
            region: region.clone(),
            signs: !config.anonymous,
            pays: config.text("request_payer") == Some("true"),
        })
    })
}

/// A client, and how it signs.
struct Account {
    client: AmazonS3,
    region: String,
    signs: bool,
    pays: bool,
}

#[async_trait]
impl super::Account for Account {
    async fn sign(&self, request: &mut HttpRequest) -> object_store::Result<()> {
        if !self.signs {
            return Ok(());
        }
        let credential = self.client.credentials().get_credential().await?;
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .with_request_payer(self.pays)
            .try_authorize(request, None)
    }

    async fn abort(&self, key: &Path, id: &MultipartId) -> object_store::Result<()> {
        self.client.abort_multipart(key, id).await
    }
}
