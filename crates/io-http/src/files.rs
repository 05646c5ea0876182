//! The weight files on a server, one by one, for those who look for what is wrong with a model.

use std::{ops::Range, sync::Arc};

use http::Method;
use io_core::{BoxFuture, Error, IOHandler, ModelUrl, Operation, Result};
use io_manifest::{Checksum, FileIntegrity, ModelFiles, ModelJson};

use crate::{
    HttpHandler,
    ask::Ask,
    model,
    platform::{Transport, Url, within},
    probe,
    response::{Extent, Head},
    retry::Failure,
    weight_file::{SecretUrl, subject},
};

/// The files of a model on a server.
#[derive(Clone, Debug)]
pub struct HttpFiles {
    transport: Arc<Transport>,
    /// What paths are relative to.
    base: SecretUrl,
    model: ModelJson,
}

impl HttpHandler {
    /// Reads the model file, and nothing else.
    ///
    /// # Errors
    ///
    /// - `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
    /// - `Corrupt`: what is there is not a model file.
    pub async fn files(&self) -> Result<HttpFiles> {
        let (transport, target) = self.parts();
        let read = within(model::read(transport, target)).await;
        let context = |error: Error| error.with_context(Operation::Load, self.url());
        let (model, _, base) = read.map_err(context)?;
        let (transport, base) = (transport.clone(), SecretUrl(base));
        Ok(HttpFiles { transport, base, model })
    }
}

impl HttpFiles {
    /// The address of a weight file.
    ///
    /// # Errors
    ///
    /// `Corrupt` when the path leaves the model's place.
    pub async fn address(&self, path: &str) -> Result<ModelUrl> {
        ModelUrl::parse(self.locate(path).await?.as_str())
    }

    async fn locate(&self, path: &str) -> Result<Url> {
        probe::locate(&self.transport, &self.base.0, path).await
    }

    async fn file_length(&self, path: &str) -> Result<u64> {
        let url = self.locate(path).await?;
        let most = probe::most_bytes(&self.model, path)?;
        let (length, _) = probe::probe(&self.transport, &url, &subject(path), most).await?;
        Ok(length)
    }

    /// The head of the answer to a request for a weight file, and what of its body counts: tried again
    /// until it is there or hopeless.
    async fn read(&self, path: &str, ask: Ask<'_>) -> Result<(Head, FileIntegrity)> {
        let url = self.locate(path).await?;
        let most = probe::most_bytes(&self.model, path)?.unwrap_or(probe::MAX_COUNTED_BYTES);
        let subject = subject(path);
        let mut tries = self.transport.tries();
        loop {
            match self.try_read(&url, ask, most).await {
                Ok(found) => return Ok(found),
                Err(failure) => self.transport.pause(&mut tries, failure.about(&subject)).await?,
            }
        }
    }

    /// One attempt of [`read`](Self::read), which takes up to `most` bytes.
    async fn try_read(
        &self,
        url: &Url,
        ask: Ask<'_>,
        most: u64,
    ) -> Result<(Head, FileIntegrity), Failure> {
        let mut reply = self.transport.request(Method::GET, url, ask).await?;
        let extent = reply.head.extent(ask.range.is_some());
        if extent == Extent::Nothing {
            return Err(reply.failure("the server").await);
        }
        let mut checksum = Checksum::new();
        // The rest of a body that is not the requested range says nothing.
        if ask.range.is_none() || extent == Extent::Part {
            let mut bytes = 0_u64;
            while let Some(chunk) = reply.chunk().await? {
                bytes = bytes.saturating_add(chunk.len() as u64);
                if bytes > most {
                    return Err(probe::too_long(most).into());
                }
                checksum.update(&chunk);
            }
        }
        Ok((reply.head, checksum.integrity()))
    }

    async fn has_sent(&self, path: &str, range: Range<u64>) -> Result<bool> {
        let last = range.end.saturating_sub(1);
        let ask = Ask { range: Some((range.start, Some(last))), ..Ask::WEIGHTS };
        let (head, body) = self.read(path, ask).await?;
        let sent = head.content_range().map(|(first, last, _)| (first, last));
        let length = range.end.saturating_sub(range.start);
        Ok(head.status == 206
            && !head.coded
            && sent == Some((range.start, last))
            && body.bytes == length)
    }
}

impl ModelFiles for HttpFiles {
    fn model(&self) -> &ModelJson {
        &self.model
    }

    fn length<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(within(self.file_length(path)))
    }

    fn integrity<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<FileIntegrity>> {
        Box::pin(within(async { Ok(self.read(path, Ask::WEIGHTS).await?.1) }))
    }

    fn keeps_range<'a>(&'a self, path: &'a str, range: Range<u64>) -> BoxFuture<'a, Result<bool>> {
        Box::pin(within(self.has_sent(path, range)))
    }
}
