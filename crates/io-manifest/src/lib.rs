//! `model.json` to artifacts and back, and everything between weight bytes and tensors.
//!
//! Pure functions for handlers: no file, no network, no clock, the same on every target. What they
//! read is data from a stranger: every size is checked before it is used, nothing is allocated by a
//! number that the bytes at hand do not bear out, and no input panics.
//!
//! Where to look, in reading order:
//!
//! - [`ModelJson`] and [`write_model_json`]: the model file, its groups and its [`WeightFile`]s;
//! - [`check_path`], [`plan_shards`], [`Checksum`]: where weight files may lie, how weights are cut
//!   into them, and how damage is noticed;
//! - [`referenced_files`], [`UnreferencedFiles`], [`may_be_model_file`]: which weight files the models of a
//!   folder reference, for stores that remove some;
//! - [`companion_files`]: what lies beside a model and is none of its files;
//! - [`check_specs`]: whether weight specs are sound and fit the bytes;
//! - [`tensors()`], [`tensor_stream()`], [`tensor_pieces()`]: weights one by one, in memory or from a
//!   stream;
//! - features `ndarray` and `safetensors`: the same as arrays and views of those crates;
//! - [`read_tensors()`]: some weights, and of the bytes those of theirs alone;
//! - [`encode_weights`]: the way back;
//! - [`ModelFiles`]: the weight files one by one, for those who look for what is wrong;
//! - [`describe_foreign`], [`foreign_hint`]: what a file that is no model may be instead, and what to
//!   do with it;
//! - [`describe_missing_weights`]: whether a model without weights needs some.

mod elsewhere;
mod manifest;
mod members;
mod model_files;
mod model_json;
mod parse;
mod parts;
mod write;

mod checksum;
mod companions;
#[cfg(any(target_family = "wasm", test))]
mod crc64;
mod path;
mod references;
mod shards;

mod dequantize;
mod encode;
mod read_tensors;
mod specs;
mod tensor_pieces;
mod tensor_stream;
mod tensors;

#[cfg(feature = "ndarray")]
mod array;
#[cfg(feature = "safetensors")]
mod safetensors_view;

mod sniff;
mod text;

#[cfg(feature = "ndarray")]
pub use array::ArrayElement;
pub use checksum::{Checksum, FileIntegrity};
pub use companions::companion_files;
pub use elsewhere::describe_missing_weights;
pub use encode::{NamedTensor, TensorData, encode_weights};
pub use model_files::ModelFiles;
pub use model_json::{ModelJson, WeightFile, WeightsGroup};
pub use path::check_path;
pub use read_tensors::read_tensors;
pub use references::{
    LONGEST_KEY, UnreferencedFiles, may_be_model_file, may_have_manifest, may_reference,
    referenced_files,
};
#[cfg(feature = "safetensors")]
pub use safetensors_view::SafetensorsView;
pub use shards::{MAX_SHARDS, Shard, plan_shards};
pub use sniff::{describe_foreign, foreign_hint};
pub use specs::check_specs;
pub use tensor_pieces::{TensorPiece, tensor_pieces};
pub use tensor_stream::tensor_stream;
pub use tensors::{Tensor, tensors};
pub use write::{KeyOrder, WeightFileRef, write_model_json};
