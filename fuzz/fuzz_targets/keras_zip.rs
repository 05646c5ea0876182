//! Archives of Keras 3: refused, or a model that is whole.
//!
//! An input is an archive; it is tried as it is, and with the checksums of its members set right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelport_fuzz::{keras::assert_converts, sums::mend};

fuzz_target!(|bytes: &[u8]| {
    let mut archive = bytes.to_vec();
    mend(&mut archive);
    assert_converts(&archive);
    if archive != bytes {
        assert_converts(bytes);
    }
});
