//! What modelport's browser handlers share. Empty on other targets.
//!
//! - [`Global`]: the window or the worker, whichever runs us, and what it has;
//! - [`error()`], [`JsError`]: JavaScript's exceptions as [`io_core::Error`], by their names;
//! - [`JsWeights`]: weights that live in JavaScript, and need not stay in our memory;
//!   [`Expected`]: what they have to be; [`StoredWeights`]: those of a model that was loaded;
//! - [`new_array`], [`copy_in`], [`copy_out`]: bytes across the boundary, copied once;
//! - [`BlobBuilder`], [`join_blob`]: bytes that the browser keeps; [`ask_for_blob_room`],
//!   [`check_blob`]: whether it does;
//! - [`gather()`]: weights into one buffer; [`integrity_of`]: its checksum;
//! - [`encode_base64`], [`decode_base64`]: bytes as text and back;
//! - [`lock()`], [`try_lock`]: one tab at a time; [`free_space`]: what is left; [`sleep`]: time;
//! - [`page_origin`], [`answers`]: which page asks, and whether anybody is there;
//! - [`list`], [`name_of`], [`last_info`], [`exists`], [`no_room`]: what stores say and do alike.
// Elsewhere there is nothing to link to.
#![cfg_attr(not(target_family = "wasm"), allow(rustdoc::broken_intra_doc_links))]
#![cfg(target_family = "wasm")]

mod base64;
mod blob;
mod blob_room;
mod bytes;
mod error;
mod expected;
mod gather;
mod global;
mod js_weights;
mod lock;
mod origin;
mod quota;
mod store;
mod stored_weights;
mod time;

pub use base64::{decode_base64, encode_base64};
pub use blob::{BlobBuilder, join_blob};
pub use blob_room::{ask_for_blob_room, check_blob};
pub use bytes::{array_length, buffer_length, copy_in, copy_out, new_array};
pub use error::{JsError, error, kind_of, on};
pub use expected::Expected;
pub use gather::{Gathered, gather, integrity_of};
pub use global::{Context, Global, global};
pub use js_weights::{JsPiece, JsWeights};
pub use lock::{LockMode, TabLock, lock, try_lock};
pub use origin::{answers, page_origin};
pub use quota::free_space;
pub use store::{exists, last_info, list, name_of, no_room};
pub use stored_weights::StoredWeights;
pub use time::sleep;
