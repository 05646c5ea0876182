//! The names of weight objects: new ones for each save.
//!
//! An object store cannot rename, so a save never writes to a name that a model has: the old model
//! stays whole, and a reader of it never sees bytes of the new one.

use io_core::{Error, ErrorKind, Result};

/// A part of a name that no other save has.
///
/// # Errors
///
/// `Unexpected` when the system has no random numbers.
pub(crate) fn unique() -> Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "the system has no random numbers").with_source(error)
    })?;
    Ok(format!("{:016x}", u64::from_le_bytes(bytes)))
}

/// `weights.bin` -> `weights.0123456789abcdef.bin`.
pub(crate) fn with_unique(name: &str, unique: &str) -> String {
    format!("{}.{unique}.bin", name.strip_suffix(".bin").unwrap_or(name))
}

/// Whether a save of ours gives weight objects such names.
pub(crate) fn is_ours(name: &str) -> bool {
    let Some((stem, unique)) = name.strip_suffix(".bin").and_then(|name| name.rsplit_once('.'))
    else {
        return false;
    };
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let is_weights = stem == "weights" || stem.ends_with(".weights");
    let is_shard = stem
        .strip_prefix("group1-shard")
        .and_then(|numbers| numbers.split_once("of"))
        .is_some_and(|(index, count)| index.parse::<u64>().is_ok() && count.parse::<u64>().is_ok());
    unique.len() == 16 && unique.chars().all(is_hex) && (is_weights || is_shard)
}

#[cfg(test)]
mod tests {
    use super::{is_ours, unique, with_unique};

    #[test]
    fn names_are_known_again() {
        let unique = unique().unwrap();
        for name in ["weights.bin", "x.weights.bin", "group1-shard1of3.bin"] {
            assert!(is_ours(&with_unique(name, &unique)), "{name}");
            assert!(!is_ours(name), "{name}");
        }
        for name in [
            "data.0123456789abcdef.bin",
            "weights.0123456789ABCDEF.bin",
            "weights.0123456789abcde.bin",
            "weights.0123456789abcdef",
            "group1-shardXof3.0123456789abcdef.bin",
            "model.json",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
