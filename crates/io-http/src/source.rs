//! Weights that stay on the server until they are read.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use io_core::{
    Error, ErrorKind, ModelUrl, Operation, ProgressCallback, ProgressMeter, Result, WeightSource,
    WeightStream,
};
use io_manifest::FileIntegrity;

use crate::{
    download::FileReader,
    error::out_of_time,
    model::ModelFile,
    platform::{Instant, Spawned, Transport, spawn, timeout_at, within},
    weight_file::WeightFile,
};

/// Weights on a server.
#[derive(Clone, Debug)]
pub(crate) struct HttpWeights {
    pub(crate) url: ModelUrl,
    pub(crate) transport: Arc<Transport>,
    pub(crate) model: ModelFile,
    pub(crate) files: Arc<[Arc<WeightFile>]>,
    pub(crate) progress: Option<ProgressCallback>,
}

impl HttpWeights {
    /// When the time of an operation that begins now is over.
    pub(crate) fn deadline(transport: &Transport) -> Option<Instant> {
        transport.options.timeout.and_then(|timeout| Instant::now().checked_add(timeout))
    }

    fn reader(&self, file: &Arc<WeightFile>, range: Range<u64>) -> FileReader {
        FileReader::new(self.transport.clone(), file.clone(), range)
    }

    /// The error of an operation whose time is over when it has the bytes up to `position`.
    fn out_of_time(&self, position: u64) -> Error {
        let awaited = self.files.iter().find(|file| file.end() > position);
        out_of_time(awaited.map(|file| file.subject()).as_deref())
    }

    /// Weights of a model that was replaced often look damaged first.
    async fn explain(&self, error: Error) -> Error {
        if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NotFound) {
            match self.model.check_unchanged(&self.transport).await {
                Err(conflict) if conflict.kind() == ErrorKind::Conflict => {
                    return conflict.with_source(error);
                }
                _ => {}
            }
        }
        error
    }

    fn context(&self, error: Error) -> Error {
        error.with_context(Operation::Load, &self.url)
    }

    /// Adds to `read` what is there without a gap.
    async fn read_all(&self, read: &AtomicU64) -> Result<Vec<Bytes>> {
        let meter = ProgressMeter::new(self.progress.clone(), self.byte_length());
        let files: Vec<Arc<WeightFile>> = self.files.to_vec();
        let tasks = stream::iter(files).map(|file| {
            let reader = self.reader(&file, 0..file.length);
            let meter = meter.clone();
            async move { spawn(read_file(reader, file, meter)).await? }
        });
        let in_order = tasks.buffered(self.transport.options.parallel.get());
        let in_order = in_order.inspect_ok(|bytes: &Bytes| {
            read.fetch_add(bytes.len() as u64, Relaxed);
        });
        let files: Vec<Bytes> = match in_order.try_collect().await {
            Ok(files) => files,
            Err(error) => return Err(self.explain(error).await),
        };
        if self.files.iter().any(|file| file.length > 0 && file.integrity.is_none()) {
            self.model.check_unchanged(&self.transport).await?;
        }
        Ok(files)
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl WeightSource for HttpWeights {
    fn byte_length(&self) -> u64 {
        self.files.last().map_or(0, |file| file.end())
    }

    fn crc64nvme(&self) -> Option<u64> {
        let all = FileIntegrity::of_all(self.files.iter().map(|file| file.integrity))?;
        (all.bytes == self.byte_length()).then_some(all.crc64nvme)
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let remaining = range.end.saturating_sub(range.start);
        let pieces = self.files.iter().filter_map(|file| {
            let within = |at: u64| at.clamp(file.start, file.end()) - file.start;
            let own = within(range.start)..within(range.end);
            (!own.is_empty()).then(|| self.reader(file, own))
        });
        let reading = Reading {
            waiting: pieces.collect(),
            opening: VecDeque::new(),
            ahead: 0,
            current: None,
            end: range.end,
            remaining,
            verified: true,
            meter: ProgressMeter::new(self.progress.clone(), remaining),
            deadline: None,
            weights: self.clone(),
        };
        let this = self.clone();
        let chunks = stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading?;
            match within(reading.next_in_time()).await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(reading))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Box::pin(chunks.map_err(move |error| this.context(error)))
    }

    async fn read(&self) -> Result<Vec<Bytes>> {
        let all = within(async {
            let deadline = Self::deadline(&self.transport);
            let read = AtomicU64::new(0);
            let done = in_time(deadline, self.read_all(&read)).await;
            done.unwrap_or_else(|| Err(self.out_of_time(read.load(Relaxed))))
        });
        all.await.map_err(|error| self.context(error))
    }
}

/// A stream of weights, half way.
struct Reading {
    weights: HttpWeights,
    /// Files that nothing was requested of yet, and those whose first answer is awaited or there,
    /// with the bytes of each and of all.
    waiting: VecDeque<FileReader>,
    opening: VecDeque<(Spawned<FileReader>, u64)>,
    ahead: u64,
    current: Option<FileReader>,
    end: u64,
    remaining: u64,
    /// Whether every byte so far was under a checksum.
    verified: bool,
    meter: ProgressMeter,
    deadline: Option<Instant>,
}

/// How many bytes of files are requested ahead of a stream at most, unless it is only one file: as many
/// shards of TensorFlow.js as there are requests at once. What is not read yet stays on the server and on
/// its way, but a server does not wait for ever.
const AHEAD_BYTES: u64 = 32 << 20;

impl Reading {
    async fn next_in_time(&mut self) -> Result<Option<Bytes>> {
        if self.deadline.is_none() {
            self.deadline = HttpWeights::deadline(&self.weights.transport);
        }
        match in_time(self.deadline, self.next()).await {
            Some(next) => next,
            None => Err(self.weights.out_of_time(self.end.saturating_sub(self.remaining))),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let Some(reader) = &mut self.current else {
                match self.open_next().await? {
                    Some(reader) => self.current = Some(reader),
                    None => return Ok(None),
                }
                continue;
            };
            let bytes = match reader.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => {
                    self.current = None;
                    continue;
                }
                Err(error) => return Err(self.weights.explain(error).await),
            };
            self.verified &= reader.is_verified();
            self.remaining = self.remaining.saturating_sub(bytes.len() as u64);
            if self.remaining == 0 && !self.verified {
                // Before the last bytes are out: whoever has them all asks no more.
                self.weights.model.check_unchanged(&self.weights.transport).await?;
            }
            self.meter.add(bytes.len() as u64);
            return Ok(Some(bytes));
        }
    }

    async fn open_next(&mut self) -> Result<Option<FileReader>> {
        // The next one counts, too: nothing is read meanwhile.
        self.look_ahead(self.weights.transport.options.parallel.get());
        let Some((opening, bytes)) = self.opening.pop_front() else { return Ok(None) };
        self.ahead = self.ahead.saturating_sub(bytes);
        Ok(Some(opening.await?))
    }

    /// Requests the next files, up to `most` at once.
    fn look_ahead(&mut self, most: usize) {
        while self.opening.len() < most
            && let Some(next) = self.waiting.front()
        {
            let bytes = next.remaining();
            let is_too_much = self.ahead.saturating_add(bytes) > AHEAD_BYTES;
            if is_too_much && self.opening.len() > 1 {
                return;
            }
            let Some(reader) = self.waiting.pop_front() else { return };
            self.ahead = self.ahead.saturating_add(bytes);
            self.opening.push_back((spawn(reader.opened()), bytes));
        }
    }
}

async fn read_file(
    reader: FileReader,
    file: Arc<WeightFile>,
    meter: ProgressMeter,
) -> Result<Bytes> {
    if file.length == 0 {
        return Ok(Bytes::new());
    }
    let too_large = || {
        let message = format!("{} bytes do not fit into memory", file.length);
        Error::new(ErrorKind::OutOfMemory, message)
    };
    let mut reader = reader.opened().await;
    let mut bytes = Vec::new();
    // What the model file says counts when the server says the same.
    if reader.is_length_confirmed() {
        let length = usize::try_from(file.length).map_err(|_| too_large())?;
        bytes.try_reserve_exact(length).map_err(|error| too_large().with_source(error))?;
    }
    while let Some(chunk) = reader.next().await? {
        bytes.try_reserve(chunk.len()).map_err(|error| too_large().with_source(error))?;
        bytes.extend_from_slice(&chunk);
        meter.add(chunk.len() as u64);
    }
    Ok(bytes.into())
}

/// What comes of `work`; nothing, when it is given up at `deadline`. Inside [`within`] only.
pub(crate) async fn in_time<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        None => Some(work.await),
        Some(deadline) => timeout_at(deadline, work).await,
    }
}
