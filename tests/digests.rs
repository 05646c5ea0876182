//! The digest of every decoded weight of every fixture, by the program and by the library.

use futures::executor::block_on;
use modelport::{DType, manifest::tensors};
use modelport_tests::{fixtures, program};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[test]
fn the_program_gives_the_expected_digests() {
    for fixture in fixtures::all() {
        let dir = fixture.dir.to_str().unwrap();
        let info = program::run(["info", "--digest", "--json", dir]).json();
        assert_eq!(fixtures::digests(&info["weights"]), fixture.weights(), "{}", fixture.name);
        let groups = |weights: &Value| -> Vec<_> {
            weights.as_array().unwrap().iter().map(|weight| weight["group"].clone()).collect()
        };
        assert_eq!(groups(&info["weights"]), groups(&fixture.expected["weights"]));
    }
}

#[test]
fn the_library_gives_the_expected_digests() {
    for fixture in fixtures::all() {
        let model = block_on(modelport::load(fixture.dir.as_path())).unwrap();
        let specs = model.weight_specs.unwrap();
        let weights = block_on(model.weight_data.unwrap().read()).unwrap();
        let digests = tensors(&specs, weights.parts().unwrap()).map(|tensor| {
            let tensor = tensor.unwrap();
            let sha256: String = Sha256::digest(tensor.decode().unwrap())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            if tensor.spec.dtype == DType::String {
                tensor.to_strings().unwrap();
            }
            let (name, dtype) = (&tensor.spec.name, tensor.spec.dtype.name());
            json!({"name": name, "dtype": dtype, "shape": tensor.spec.shape, "sha256": sha256})
        });
        assert_eq!(digests.collect::<Value>(), fixture.weights(), "{}", fixture.name);
    }
}
