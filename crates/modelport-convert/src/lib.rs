//! Converts models between TensorFlow.js, Keras and safetensors, without Python.
//!
//! Where to look, in reading order:
//!
//! - [`convert()`]: from a model or a file to a model or a file; nothing is read of the weights but
//!   what has to be, the rest streams when the result does;
//! - [`Format`] and [`container`]: what is written by its name, and what is read by its content;
//! - [`ConvertOptions`] and [`Quantize`]: how;
//! - [`report`]: every change that was made;
//! - [`topology`]: the JSON of Keras and that of TensorFlow.js.
//!
//! Files are [`Weights`](io_core::Weights): a length and a stream of any range, which a local file,
//! an object in a cloud and a `Blob` in a page can all be; `modelport::open_file` makes them of URLs.

mod convert;
mod format;
mod options;

mod keras;
mod passing;
mod quantize;
mod safetensors;
mod tensors;
pub mod topology;

mod data;
mod hdf5;
mod number;
mod zip;

pub mod report;

pub use convert::{Conversion, Output, Source, convert};
pub use format::{Container, Format, container};
pub use options::{ConvertOptions, Keras};
pub use quantize::Quantize;
