//! libhdf5's own `h5dump` reads a file that we wrote, to its last value.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::Command,
};

use modelport_tests::program::finish;

/// Asserts that it does; of a `.keras` file, the HDF5 in it.
pub(super) fn assert_read(file: &Path) {
    let is_archive = file.extension().is_some_and(|suffix| suffix == "keras");
    let unpacked = file.with_extension("unpacked");
    if is_archive {
        let mut archive = zip::ZipArchive::new(File::open(file).unwrap()).unwrap();
        let mut weights = archive.by_name("model.weights.h5").unwrap();
        io::copy(&mut weights, &mut File::create(&unpacked).unwrap()).unwrap();
    }
    let file = if is_archive { &unpacked } else { file };
    let dumped = finish(Command::new("h5dump").arg(file));
    assert_eq!((dumped.code, dumped.stderr.as_str()), (0, ""), "{}", file.display());
    assert!(dumped.stdout.contains("DATASET"), "{}", dumped.stdout);
    if is_archive {
        fs::remove_file(unpacked).unwrap();
    }
}
