//! The form of an upload and its body: streamed, of known length, one small piece at a time.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body::{Body, Frame, SizeHint};
use io_core::{Error, ProgressMeter, Result, WeightStream, Weights};
use io_manifest::{Checksum, FileIntegrity};

use super::{activity::Activity, multipart::Multipart};

/// What is handed over at a time: a piece is copied where the connection is encrypted.
const PIECE_BYTES: usize = 128 << 10;

/// The weights of an upload.
#[derive(Debug)]
pub(crate) struct Payload(Weights);

impl Payload {
    /// Weights to upload; they stay where they are until they are sent.
    ///
    /// # Errors
    ///
    /// None: nothing is read yet.
    pub(crate) async fn new(weights: Weights) -> Result<Self> {
        Ok(Self(weights))
    }

    /// Length and checksum of weights in memory. Those that stream would have to be read twice,
    /// since the model file comes first; their receiver sums what it gets.
    pub(crate) fn integrity(&self) -> Option<FileIntegrity> {
        let mut checksum = Checksum::new();
        self.0.parts()?.iter().for_each(|part| checksum.update(part));
        Some(checksum.integrity())
    }
}

/// What is uploaded, and how that went beyond what the server says. One for all tries.
#[derive(Debug)]
pub(crate) struct Form {
    multipart: Multipart,
    weights: Option<Weights>,
    sent: Arc<Sent>,
}

impl Form {
    /// The form with the model file `json` and the weights. `meter` is told of the weights.
    ///
    /// # Errors
    ///
    /// None: nothing is read yet.
    pub(crate) fn new(
        json: Vec<u8>,
        payload: Option<Payload>,
        meter: ProgressMeter,
    ) -> Result<Self> {
        let weights = payload.map(|payload| payload.0);
        let length = weights.as_ref().map(Weights::byte_length);
        let multipart = Multipart::new(&json, length, || fastrand::u128(..));
        let sent = Arc::new(Sent { state: Mutex::default(), meter, weights: length.unwrap_or(0) });
        Ok(Self { multipart, weights, sent })
    }

    pub(super) fn content_type(&self) -> String {
        self.multipart.content_type()
    }

    /// The body of a further try.
    pub(super) fn body(&self, activity: Arc<Activity>) -> UploadBody {
        UploadBody::new(&self.multipart, self.weights.as_ref(), self.sent.clone(), activity)
    }

    /// Whether the server can have all of the body.
    pub(crate) fn is_complete(&self) -> bool {
        self.sent.with(|state| state.complete)
    }

    /// Why the weights could not be read, if that is what ended the try.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.sent.with(|state| state.failed.take())
    }

    /// The server has it: progress may reach its end.
    pub(crate) fn finish(&self) {
        let rest = self.sent.with(|state| self.sent.weights.saturating_sub(state.told));
        self.sent.meter.add(rest);
    }
}

#[derive(Debug)]
struct Sent {
    state: Mutex<State>,
    meter: ProgressMeter,
    weights: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of weights that this try has handed over.
    passed: u64,
    /// Bytes that progress was told of: a further try does not count them again.
    told: u64,
    /// Whether this try has handed over everything, so that the server may have acted on it.
    complete: bool,
    /// Why the weights could not be read.
    failed: Option<Error>,
}

impl Sent {
    fn start(&self) {
        self.with(|state| {
            state.passed = 0;
            state.complete = false;
        });
    }

    fn pass(&self, bytes: u64) {
        let more = self.with(|state| {
            state.passed = state.passed.saturating_add(bytes);
            // The last byte counts when the server has said that it has it.
            let most = state.passed.min(self.weights.saturating_sub(1));
            let more = most.saturating_sub(state.told);
            state.told += more;
            more
        });
        if more > 0 {
            self.meter.add(more);
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One try at sending the form.
pub(super) struct UploadBody {
    /// Only for `Sync`, which the transport asks for: it is never locked.
    pieces: Mutex<WeightStream>,
    /// What is left of the piece at hand.
    piece: Bytes,
    remaining: u64,
    /// Where the weights begin and end, counted in what remains.
    weights_from: u64,
    weights_to: u64,
    sent: Arc<Sent>,
    activity: Arc<Activity>,
}

impl UploadBody {
    fn new(
        form: &Multipart,
        weights: Option<&Weights>,
        sent: Arc<Sent>,
        activity: Arc<Activity>,
    ) -> Self {
        sent.start();
        let fixed = |bytes: &Bytes| stream::iter([Ok(bytes.clone())]);
        let weights =
            weights.map_or_else(|| Box::pin(stream::empty()) as WeightStream, Weights::stream);
        let pieces = fixed(&form.head).chain(weights).chain(fixed(&form.tail));
        let weights_to = form.tail.len() as u64;
        Self {
            pieces: Mutex::new(Box::pin(pieces)),
            piece: Bytes::new(),
            remaining: form.byte_length(),
            weights_from: weights_to.saturating_add(form.weights),
            weights_to,
            sent,
            activity,
        }
    }

    /// Counts `bytes` that are handed over now.
    fn pass(&mut self, bytes: u64) {
        let within = |at: u64| at.clamp(self.weights_to, self.weights_from);
        let before = within(self.remaining);
        self.remaining = self.remaining.saturating_sub(bytes);
        self.sent.pass(before - within(self.remaining));
        self.activity.pass(bytes);
        if self.remaining == 0 {
            self.sent.with(|state| state.complete = true);
            self.activity.finish();
        }
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        while this.piece.is_empty() {
            let pieces = this.pieces.get_mut().unwrap_or_else(PoisonError::into_inner);
            match pieces.as_mut().poll_next(context) {
                Poll::Pending => {
                    this.activity.wait();
                    return Poll::Pending;
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(piece))) => this.piece = piece,
                Poll::Ready(Some(Err(error))) => {
                    this.sent.with(|state| state.failed = Some(error));
                    let aborted = std::io::Error::other("the weights cannot be read");
                    return Poll::Ready(Some(Err(aborted)));
                }
            }
        }
        let piece = this.piece.split_to(this.piece.len().min(PIECE_BYTES));
        this.pass(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
