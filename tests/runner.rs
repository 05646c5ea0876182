//! The one test binary; each module is a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test that fails is a test that fails"
)]

mod bad_input;
mod convert;
mod convert_topology;
mod crash;
mod digests;
mod doctor;
mod facade;
mod full_disk;
mod http_peers;
mod locks;
mod memory;
mod real_python;
mod real_tfjs;
mod round_trip;
mod serve;

/// A file that is in no list is compiled by nobody, and its tests run nowhere.
#[test]
fn every_test_file_is_a_module() {
    let this = include_str!("runner.rs");
    for entry in std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) =
            name.strip_suffix(".rs").filter(|name| !["lib", "runner"].contains(name))
        else {
            continue;
        };
        assert!(this.contains(&format!("\nmod {module};\n")), "runner.rs does not have {name}");
    }
}
