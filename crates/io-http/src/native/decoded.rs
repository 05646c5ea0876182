//! A body that is decoded as it comes: on a thread for what waits, since decoders read.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Buf, Bytes};
use io_core::{Error, ErrorKind};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{
    runtime::{Spawned, spawn},
    transport::Network,
};
use crate::{decode::decoder, encoding::Coding, retry::Failure};

/// How much is decoded at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// How many chunks wait for each side.
const CHUNKS: usize = 2;

/// The decoded bytes of a body. Dropping it ends the request.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Chunks, and nothing at the end.
    chunks: Receiver<io::Result<Bytes>>,
    /// Why the network gave no more, if that is what ended it.
    failure: Arc<Mutex<Option<Failure>>>,
    _reading: Spawned<()>,
}

impl Decoded {
    /// Starts to read and decode `network`.
    pub(super) fn start(mut network: Network, codings: Vec<Coding>) -> Self {
        let (input, coded) = channel(CHUNKS);
        let (output, chunks) = channel(CHUNKS);
        let failure = Arc::new(Mutex::new(None));
        let coded = Coded { chunks: coded, chunk: Bytes::new(), failure: failure.clone() };
        let reading = spawn(async move {
            loop {
                let Some(chunk) = network.chunk().await.transpose() else { return };
                let ended = chunk.is_err();
                if input.send(chunk).await.is_err() || ended {
                    return;
                }
            }
        });
        tokio::task::spawn_blocking(move || decode(&codings, coded, &output));
        Self { chunks, failure, _reading: reading }
    }

    /// The next decoded bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.chunks.recv().await {
            Some(Ok(chunk)) if chunk.is_empty() => Ok(None),
            Some(Ok(chunk)) => Ok(Some(chunk)),
            Some(Err(error)) => {
                let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
                Err(failure.unwrap_or_else(|| {
                    let message = "the server sent a compressed body that cannot be decoded";
                    Error::corrupt(message).with_source(error).into()
                }))
            }
            None => {
                Err(Error::new(ErrorKind::Unexpected, "a body could not be decoded to its end")
                    .into())
            }
        }
    }
}

/// Decodes until the end, a failure, or until the output is closed.
fn decode(codings: &[Coding], coded: Coded, output: &Sender<io::Result<Bytes>>) {
    let mut source = decoder(codings, coded);
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = source.read(&mut chunk).map(|length| {
            chunk.truncate(length);
            Bytes::from(chunk)
        });
        let ended = read.as_ref().map_or(true, Bytes::is_empty);
        if output.blocking_send(read).is_err() || ended {
            return;
        }
    }
}

/// The bytes of the network, for what reads.
struct Coded {
    chunks: Receiver<Result<Bytes, Failure>>,
    chunk: Bytes,
    failure: Arc<Mutex<Option<Failure>>>,
}

impl Read for Coded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(failure)) => {
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                None => return Ok(0),
            }
        }
        let length = self.chunk.len().min(buffer.len());
        let (taken, _) = buffer.split_at_mut(length);
        self.chunk.copy_to_slice(taken);
        Ok(length)
    }
}
