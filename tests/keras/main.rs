//! Files that we write, in real Keras 2 and Keras 3.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

mod across;
mod classes;
mod frozen;
mod real;
mod resume;
mod rounds;
mod structure;
mod subjects;
mod sweep;
mod trained;
