//! One file on a server, whatever is in it: read by ranges.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use futures::{TryStreamExt, stream};
use io_core::{Error, IOHandler, ModelUrl, Operation, Result, WeightSource, WeightStream, Weights};

use crate::{
    HttpHandler,
    download::FileReader,
    error::out_of_time,
    platform::{Transport, within},
    probe,
    source::{HttpWeights, in_time},
    weight_file::{Role, WeightFile, file_subject},
};

impl HttpHandler {
    /// The bytes of the file at the URL, which stay on the server until they are read. A server that
    /// knows no ranges sends the whole file for each one that is read.
    ///
    /// # Errors
    ///
    /// `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
    ///
    /// Reading fails with `Conflict` when the file has been changed meanwhile, and with `Corrupt` when
    /// a page or a Git LFS pointer comes in place of a file.
    pub async fn open_file(&self) -> Result<Weights> {
        let (transport, target) = self.parts();
        let name = target.path().rsplit('/').next().unwrap_or_default();
        let subject = file_subject(name);
        let probed = transport.run(probe::probe(transport, target, &subject, None)).await;
        let (length, version) =
            probed.map_err(|error| error.with_context(Operation::Load, self.url()))?;
        let place = (0, length);
        let name = (name, Role::File);
        let file = WeightFile::new(name, target.clone(), place, (None, false), (0, Some(version)));
        Ok(Weights::from_source(HttpFile {
            url: self.url().clone(),
            transport: transport.clone(),
            file: Arc::new(file),
        }))
    }
}

/// A file on a server.
#[derive(Clone, Debug)]
struct HttpFile {
    url: ModelUrl,
    transport: Arc<Transport>,
    file: Arc<WeightFile>,
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl WeightSource for HttpFile {
    fn byte_length(&self) -> u64 {
        self.file.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let reader = FileReader::new(self.transport.clone(), self.file.clone(), range);
        let this = self.clone();
        // The time for the whole begins with the first bytes that are wanted.
        let chunks = stream::try_unfold((reader, None), move |(mut reader, deadline)| {
            let this = this.clone();
            async move {
                let deadline = deadline.or_else(|| HttpWeights::deadline(&this.transport));
                let next = within(async {
                    let next = in_time(deadline, reader.next()).await;
                    next.unwrap_or_else(|| Err(out_of_time(Some(&this.file.subject()))))
                });
                Ok(next.await?.map(|bytes| (bytes, (reader, deadline))))
            }
        });
        let url = self.url.clone();
        Box::pin(chunks.map_err(move |error: Error| error.with_context(Operation::Load, &url)))
    }
}
