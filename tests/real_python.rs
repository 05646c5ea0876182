//! What modelport writes, read by the Python package `tensorflowjs`.

use modelport_tests::{fixtures, program, reference};

#[test]
fn every_copy_reads_in_python_with_the_expected_digests() {
    let root = tempfile::tempdir().unwrap();
    let fixtures = fixtures::all();
    let (mut expected, mut dirs) = (Vec::new(), Vec::new());
    for fixture in &fixtures {
        for shard_bytes in [None, Some("7"), Some("1000")] {
            let dir = root.path().join(format!("{}-{shard_bytes:?}", fixture.flat_name()));
            let mut arguments = vec!["cp", fixture.dir.to_str().unwrap(), dir.to_str().unwrap()];
            arguments.extend(shard_bytes.into_iter().flat_map(|bytes| ["--shard-bytes", bytes]));
            arguments.extend(["--to-option", "fsync=false"]);
            program::run(arguments).success();
            dirs.push(dir);
            expected.push(fixture);
        }
    }
    for (line, fixture) in reference::python_check(&dirs).iter().zip(expected) {
        assert_eq!(line["weights"], fixture.weights(), "{line}");
    }
}
