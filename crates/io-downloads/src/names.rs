//! What the files of a download are called.

use std::num::NonZeroU64;

use io_core::{ModelUrl, Result};
use io_manifest::{Shard, plan_shards};

/// What the names begin with when the URL does not say.
const DEFAULT_PREFIX: &str = "model";

/// The longest prefix, in bytes: with the longest ending, and a number that the browser may add, the
/// name still fits into the 255 bytes of most file systems.
const MOST_BYTES: usize = 200;

/// What the file names of the model at a URL begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// The rest of `url` with every character that a browser would replace already replaced: the
    /// model file names the weight files as they are called on disk.
    pub(crate) fn new(url: &ModelUrl) -> Self {
        let mut name = String::new();
        for unit in url.rest().chars() {
            if name.len() + unit.len_utf8() > MOST_BYTES {
                break;
            }
            name.push(if is_replaced(unit) { '_' } else { unit });
        }
        // What begins with a full stop or a blank is hidden, or trimmed.
        if name.starts_with(|first: char| first == '.' || first.is_whitespace()) {
            name.replace_range(..name.chars().next().map_or(0, char::len_utf8), "_");
        }
        if name.is_empty() {
            name.push_str(DEFAULT_PREFIX);
        }
        Self(name)
    }

    /// The name of the model file.
    pub(crate) fn model_file(&self) -> String {
        format!("{}.json", self.0)
    }

    /// The weight files, of `shard_bytes` at most when that is given. All land in one folder beside
    /// other downloads, so each has the prefix.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when they would be too many.
    pub(crate) fn weight_files(
        &self,
        total: u64,
        shard_bytes: Option<NonZeroU64>,
    ) -> Result<Vec<Shard>> {
        let mut shards = plan_shards(total, shard_bytes, "weights.bin")?;
        for shard in &mut shards {
            shard.name = format!("{}.{}", self.0, shard.name);
        }
        Ok(shards)
    }
}

/// Whether browsers put something else in place of the character in the name of a download: what
/// some file system has another use for, what is invisible (Unicode's category Cf), and what is no
/// character.
fn is_replaced(unit: char) -> bool {
    unit.is_control()
        || matches!(unit, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|')
        || matches!(unit, '\u{fdd0}'..='\u{fdef}')
        || u32::from(unit) & 0xfffe == 0xfffe
        || INVISIBLE.iter().any(|&(first, last)| (first..=last).contains(&unit))
}

/// The category Cf.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];
