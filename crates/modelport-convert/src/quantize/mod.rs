//! Weights in fewer bits, as the reference converter stores them, and back.

mod decode;
mod encode;
mod rules;
mod wildcard;

pub(crate) use decode::dequantize;
pub(crate) use encode::quantize;
pub use rules::Quantize;
