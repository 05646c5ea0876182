//! What cloud clients connect with. There is no code here: it is all in `Cargo.toml`.
//!
//! Features cannot tell targets apart, dependencies can. `io-object-store` turns this crate on with any
//! of its clouds, and so gets the HTTP client of `object_store` that fits the target.
