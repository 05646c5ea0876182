//! Options of the two sides of a copy or a move.

use io_core::{HandlerOptions, ProgressCallback, ProgressMeter, SaveResult, WriteMode};

/// How the two sides of a copy or a move are opened.
///
/// Progress is that of the destination: one count of the bytes that go into it. A callback among
/// the options of the source is not told anything.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct TransferOptions {
    /// For the source.
    pub source: HandlerOptions,
    /// For the destination.
    pub destination: HandlerOptions,
}

impl TransferOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`source`](Self::source).
    #[must_use]
    pub fn with_source(mut self, source: HandlerOptions) -> Self {
        self.source = source;
        self
    }

    /// Sets [`destination`](Self::destination).
    #[must_use]
    pub fn with_destination(mut self, destination: HandlerOptions) -> Self {
        self.destination = destination;
        self
    }

    /// Tells `progress` of the bytes that go into the destination.
    #[must_use]
    pub fn with_progress(mut self, progress: ProgressCallback) -> Self {
        self.destination.progress = Some(progress);
        self
    }

    /// Whether the store's own copy or rename does what is asked: it takes no shard size, always
    /// replaces, and has one configuration for both sides.
    pub(super) fn allow_fast_path(&self) -> bool {
        self.destination.shard_bytes.is_none()
            && self.destination.write_mode == WriteMode::Replace
            && self.source.settings == self.destination.settings
    }

    /// The source's options, without a callback.
    pub(super) fn reading(&self) -> HandlerOptions {
        let mut options = self.source.clone();
        options.progress = None;
        options
    }

    /// Options to read the destination back: without a callback, and trusting nothing.
    pub(super) fn reading_back(&self) -> HandlerOptions {
        let mut options = self.destination.clone().with_verify(true);
        options.progress = None;
        options
    }

    /// Tells the callback of a move that was done in one step.
    pub(super) fn tell_done(&self, saved: &SaveResult) {
        let total = saved.model_artifacts_info.weight_data_bytes;
        ProgressMeter::new(self.destination.progress.clone(), total).add(total);
    }
}
