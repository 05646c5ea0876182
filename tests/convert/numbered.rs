//! Each behaviour of `docs/convert.md` has a test with its number in the name.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn every_behaviour_has_a_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    read(tests, &mut sources);
    read(&tests.with_file_name("crates").join("modelport-convert"), &mut sources);
    let names = sources.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
    let found: BTreeSet<u32> = names.flat_map(numbers).collect();
    assert_eq!(found, (1..=50).collect());
}

/// The numbers at the beginning of a name: `behaviour_05_and_20_what_…`, `b48_…`.
fn numbers(name: &str) -> impl Iterator<Item = u32> {
    let rest = name.strip_prefix("behaviour_").or_else(|| name.strip_prefix('b'));
    let words = rest.unwrap_or_default().split('_').filter(|word| *word != "and");
    words.map_while(|word| word.parse().ok())
}

fn read(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *sources += &fs::read_to_string(&path).unwrap();
        }
    }
}
