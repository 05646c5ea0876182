//! What the targets share: an allocator that tells who believes a number from a file, and what a model
//! and a file have to keep.

pub mod keras;
pub mod sums;

use io_core::ModelArtifacts;
use std::alloc::{GlobalAlloc, Layout, System};

/// Far more than any input here can need at once: inputs have at most [`MAX_INPUT`] bytes.
const TOO_MUCH: usize = 64 << 20;

/// The longest input that `cargo xtask fuzz` makes, in bytes.
pub const MAX_INPUT: usize = 64 << 10;

/// Asserts that all parts of a model are what they were, but for the bytes of its weights.
pub fn assert_same_parts(again: &ModelArtifacts, model: &ModelArtifacts) {
    assert_eq!(again.model_topology, model.model_topology);
    assert_eq!(again.format, model.format);
    assert_eq!(again.generated_by, model.generated_by);
    assert_eq!(again.converted_by, model.converted_by);
    assert_eq!(again.weight_specs, model.weight_specs);
    assert_eq!(again.training_config, model.training_config);
    assert_eq!(again.signature, model.signature);
    assert_eq!(again.user_defined_metadata, model.user_defined_metadata);
    assert_eq!(again.model_initializer, model.model_initializer);
    assert_eq!(again.initializer_signature, model.initializer_signature);
    assert_eq!(again.extra, model.extra);
}

/// The system's allocator; ends the process where one allocation is out of all proportion.
///
/// Nothing may be allocated by a number that the bytes at hand do not bear out. Without this, a
/// large allocation of memory that is never touched would go unnoticed.
struct Watched;

#[global_allocator]
static WATCHED: Watched = Watched;

// SAFETY: every call is passed on as it is to the system's allocator, or ends the process.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        watch(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        watch(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        watch(size);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn watch(bytes: usize) {
    if bytes > TOO_MUCH {
        // Not a panic, which would allocate.
        eprintln!("one allocation of {bytes} bytes");
        std::process::abort();
    }
}
