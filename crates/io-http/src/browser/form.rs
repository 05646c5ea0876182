//! The form of an upload, made of `Blob`s: what is in them is kept by the browser, not by us.

use futures::StreamExt;
use io_core::{Error, ErrorKind, ProgressMeter, Result, Weights};
use io_manifest::{Checksum, FileIntegrity};
use io_web::{JsPiece, JsWeights, on};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, FormData};

/// How much is brought over at a time.
const PIECE_BYTES: usize = 4 << 20;

const WEIGHTS: &str = "application/octet-stream";

/// The weights of an upload.
#[derive(Debug)]
pub(crate) struct Payload {
    blob: Blob,
    byte_length: u64,
    integrity: Option<FileIntegrity>,
}

impl Payload {
    /// Hands the weights to the browser, piece by piece. A form has a length from the start, and a
    /// page cannot send one that is still being read.
    ///
    /// # Errors
    ///
    /// What the stream of the weights fails with; `OutOfMemory` when the browser has no room.
    pub(crate) async fn new(weights: Weights) -> Result<Self> {
        let byte_length = weights.byte_length();
        io_web::ask_for_blob_room(byte_length).await;
        if let Some(held) = weights.source_as::<JsWeights>() {
            // They go from where they are to where blobs are. Their receiver sums what it gets.
            let held = held.verified().await?;
            let pieces: Array = held.pieces().iter().map(js_value).collect();
            let blob = blob(&pieces, WEIGHTS)?;
            if exact(blob.size()) != Some(byte_length) {
                let message = "the weights were changed while they were saved";
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            return Ok(Self { blob, byte_length, integrity: None });
        }
        let pieces = Array::new();
        let (mut checksum, mut waiting) = (Checksum::new(), Waiting::default());
        let mut stream = weights.stream();
        while let Some(bytes) = stream.next().await {
            let bytes = bytes?;
            checksum.update(&bytes);
            for piece in bytes.chunks(PIECE_BYTES) {
                waiting.add(piece, &pieces)?;
            }
        }
        waiting.flush(&pieces)?;
        let integrity = Some(checksum.integrity());
        let blob = blob(&pieces, WEIGHTS)?;
        Ok(Self { blob, byte_length, integrity })
    }

    /// Length and checksum.
    pub(crate) fn integrity(&self) -> Option<FileIntegrity> {
        self.integrity
    }
}

/// Arrays that become one `Blob`, of which there should not be too many.
#[derive(Default)]
struct Waiting {
    arrays: Array,
    length: usize,
}

impl Waiting {
    fn add(&mut self, piece: &[u8], pieces: &Array) -> Result<()> {
        let array = io_web::new_array(piece.len() as u64)?;
        io_web::copy_in(&array, 0, piece)?;
        self.arrays.push(&array);
        self.length += piece.len();
        if self.length >= PIECE_BYTES { self.flush(pieces) } else { Ok(()) }
    }

    fn flush(&mut self, pieces: &Array) -> Result<()> {
        if self.length > 0 {
            let one = blob(&self.arrays, "")?;
            pieces.push(&one);
        }
        *self = Self::default();
        Ok(())
    }
}

/// What is uploaded, the same for all tries.
#[derive(Debug)]
pub(crate) struct Form {
    data: FormData,
    weights: u64,
    meter: ProgressMeter,
}

impl Form {
    /// The form of TensorFlow.js, with the model file `json`. `meter` is told of the weights.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` when the browser has no room.
    pub(crate) fn new(
        json: Vec<u8>,
        payload: Option<Payload>,
        meter: ProgressMeter,
    ) -> Result<Self> {
        let failed = || on("the form cannot be made");
        let data = FormData::new().map_err(failed())?;
        let text = Array::of1(&Uint8Array::from(json.as_slice()));
        let add = |name: &str, blob: &Blob| {
            data.append_with_blob_and_filename(name, blob, name).map_err(failed())
        };
        add("model.json", &blob(&text, "application/json")?)?;
        if let Some(payload) = &payload {
            add("model.weights.bin", &payload.blob)?;
        }
        Ok(Self { data, weights: payload.map_or(0, |payload| payload.byte_length), meter })
    }

    pub(super) fn data(&self) -> &FormData {
        &self.data
    }

    /// Whether the server can have all of the body: a page never knows that it has not.
    pub(crate) fn is_complete(&self) -> bool {
        true
    }

    /// Why the weights could not be read: they were, before the first try.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        None
    }

    /// The server has it. A page does not see more of the progress.
    pub(crate) fn finish(&self) {
        self.meter.add(self.weights);
    }
}

fn js_value(piece: &JsPiece) -> JsValue {
    match piece {
        JsPiece::Buffer(buffer) => buffer.into(),
        JsPiece::Array(array) => array.into(),
        JsPiece::Blob(blob) => blob.into(),
    }
}

/// A size as JavaScript has it: no fraction, and below 2^53.
fn exact(size: f64) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let exact = size as u64;
    (size.is_finite() && size >= 0.0).then_some(exact)
}

fn blob(pieces: &Array, kind: &str) -> Result<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_buffer_source_sequence_and_options(pieces, &options)
        .map_err(on("the browser has no room for the model"))
}
