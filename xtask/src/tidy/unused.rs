//! Dependencies that no source names, and features that change nothing.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::metadata::{Metadata, Package};

/// Used without being named: crate, dependency, and how.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("modelport", "wasm-bindgen-futures", "what imports of async functions become"),
    ("io-object-store", "io-object-store-connect", "chooses features by target"),
    ("io-object-store-connect", "object_store", "chooses features by target"),
    ("io-object-store", "chrono", "a feature of what object_store has"),
];

pub(crate) fn check(metadata: &Metadata) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for member in metadata.members() {
        let Some(folder) = member.manifest.parent() else { continue };
        let mut sources = String::new();
        read(folder, &mut sources)?;
        complaints.extend(dependencies(member, &sources));
        complaints.extend(features(member, &sources));
    }
    for (krate, dependency, _) in UNNAMED {
        let known = |member: &&Package| member.name == *krate;
        let has = |member: &Package| member.dependencies.iter().any(|name| name == dependency);
        if !metadata.members().find(known).is_some_and(has) {
            complaints.push(format!("{krate}: {dependency} is excused, but no dependency"));
        }
    }
    Ok(complaints)
}

/// One that is named in the sources as a word is taken to be used.
fn dependencies<'a>(member: &'a Package, sources: &'a str) -> impl Iterator<Item = String> + 'a {
    let excused = |name: &str| {
        UNNAMED.iter().any(|(krate, dependency, _)| *krate == member.name && *dependency == name)
    };
    let unused = member
        .dependencies
        .iter()
        .filter(move |name| !has_word(sources, &name.replace('-', "_")) && !excused(name));
    unused.map(|name| format!("{}: no source names the dependency {name}", member.name))
}

/// One that enables nothing has to be asked for by a source.
fn features<'a>(member: &'a Package, sources: &'a str) -> impl Iterator<Item = String> + 'a {
    // The default may be nothing.
    let named = member.features.iter().filter(|feature| *feature != "default");
    let dead = named.filter(move |feature| {
        !member.enabling.contains(feature) && !sources.contains(&format!("feature = \"{feature}\""))
    });
    dead.map(|feature| format!("{}: the feature {feature} changes nothing", member.name))
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (text.get(..start), text.get(start + word.len()..));
        !before.is_some_and(|it| it.ends_with(is_part))
            && !after.is_some_and(|it| it.starts_with(is_part))
    })
}

/// All Rust code below `folder`, comments left out.
pub(super) fn read(folder: &Path, sources: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                sources.push_str(line);
                sources.push('\n');
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{dependencies, features, has_word};
    use crate::metadata::Package;

    #[test]
    fn words_are_whole() {
        assert!(has_word("use serde::Serialize;", "serde"));
        assert!(has_word("a serde", "serde"));
        assert!(!has_word("use serde_json::Value; deserde!()", "serde"));
    }

    #[test]
    fn what_nobody_uses_is_told() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let member = Package {
            name: "ours".into(),
            features: words(&["on", "off", "asked"]),
            enabling: words(&["on"]),
            dependencies: words(&["used-one", "idle"]),
            ..Package::default()
        };
        let sources = "use used_one::It;\n#[cfg(feature = \"asked\")]\n";
        let dependencies: Vec<_> = dependencies(&member, sources).collect();
        assert_eq!(dependencies, ["ours: no source names the dependency idle"]);
        let features: Vec<_> = features(&member, sources).collect();
        assert_eq!(features, ["ours: the feature off changes nothing"]);
    }
}
