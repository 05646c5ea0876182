//! The behaviours that every handler must show, ours and other people's.
//!
//! The promises of `io_core::IOHandler` and `io_core::ModelStore` as numbered behaviours, each with
//! a test. A behaviour runs where the handler claims the capabilities that it needs; what is skipped
//! is counted and says why. In `tests/conformance.rs` of a handler crate:
//!
//! ```
//! use io_conformance::{Place, unique_name};
//!
//! fn place() -> Place {
//!     // The handler's registration, and the URL of a place that nothing else uses meanwhile.
//!     Place::new(&io_core::memory::REGISTRATION, format!("memory://{}", unique_name()))
//! }
//!
//! io_conformance::conformance! {
//!     setup: place,
//!     ran: 96,
//!     skipped: 9,
//! }
//! # fn main() {}
//! ```
//!
//! This makes one `#[test]` of each behaviour, such as `s1_save_then_load_gives_back_every_field`,
//! and one that compares the numbers of behaviours run and skipped with those given, so that a
//! capability that is lost cannot go unseen. On wasm32 it makes tests of `wasm-bindgen-test`, which
//! run in a browser. Where a place cannot show everything, [`run`] does all and returns a [`Report`].
//!
//! **Each behaviour removes what it finds under the root of its place**, before and after. A setup
//! that hands out anything but an empty place of its own will lose models.
//!
//! What a handler cannot do by itself, its place can lend: [`Place::with_back_door`] lets a handler
//! that only loads find models to load.
//!
//! Not seen from inside one process, and not claimed to be: what survives a crash or a power cut
//! (`persistent`), and how much memory a handler takes beyond the pieces that it was given.
//!
//! This crate is not covered by semantic versioning: a release may add behaviours, and a handler
//! that breaks a promise then fails where it passed before.
// In browsers nothing is `Send`, and what is shared natively need not be there.
#![cfg_attr(target_family = "wasm", allow(clippy::arc_with_non_send_sync))]

#[macro_use]
mod seen;

#[macro_use]
mod behaviour;
mod cancel;
mod context;
mod need;
mod place;
mod report;
mod samples;
mod snapshot;
mod source;
mod suite;

mod subjects {
    //! The behaviours, one file a subject.
    pub(crate) mod absent;
    pub(crate) mod capabilities;
    pub(crate) mod concurrent;
    pub(crate) mod dropped;
    pub(crate) mod errors;
    pub(crate) mod failure;
    pub(crate) mod options;
    pub(crate) mod progress;
    pub(crate) mod replace;
    pub(crate) mod round_trip;
    pub(crate) mod store;
    pub(crate) mod transfer;
    pub(crate) mod weights;
}

pub use behaviour::Behaviour;
pub use context::Context;
pub use need::Need;
pub use place::{Place, unique_name};
pub use report::{Failure, Plan, Report, Skip, behaviours, check, places, plan, run};

/// What the macros of this crate expand to. Not public interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(not(target_family = "wasm"))]
    pub use futures::executor::block_on;
    #[cfg(target_family = "wasm")]
    pub use wasm_bindgen_test::{self as test_runner, wasm_bindgen_test};
}
