//! HDF5 of Keras, and whatever else is told by its content: refused, or a model that is whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelport_fuzz::keras::assert_converts;

fuzz_target!(|bytes: &[u8]| assert_converts(bytes));
