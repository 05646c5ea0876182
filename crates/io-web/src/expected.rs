//! What bytes have to be, and whether they are.

use std::{collections::VecDeque, ops::Range};

use io_core::{Error, ModelUrl, Operation, Result};
use io_manifest::{Checksum, FileIntegrity, describe_foreign};
use js_sys::Uint8Array;

use crate::gather::look_at;

/// What weights have to be: what a model says of them.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The model, for errors.
    pub url: ModelUrl,
    /// The file, for errors, where it has a name that tells something.
    pub file: Option<String>,
    /// Length and checksum.
    pub integrity: FileIntegrity,
}

impl Expected {
    fn error(&self, looks_like: Option<&str>) -> Error {
        let file = self.file.as_ref().map(|file| format!("the file '{file}' fails its checksum"));
        let mut message = file.unwrap_or_else(|| "the weights fail their checksum".to_owned());
        if let Some(what) = looks_like {
            message += &format!("; it looks like {what}");
        }
        Error::corrupt(message).with_context(Operation::Load, &self.url)
    }
}

/// Runs of bytes that are checked as they pass, one after the other.
#[derive(Debug)]
pub(crate) struct Passing {
    runs: VecDeque<(Range<u64>, Expected)>,
    checksum: Checksum,
    looks_like: Option<&'static str>,
}

impl Passing {
    /// Those of `runs` that lie in `range` as a whole: a checksum is of all bytes.
    pub(crate) fn new(runs: &[(Range<u64>, Expected)], range: &Range<u64>) -> Self {
        let inside = |(run, _): &&(Range<u64>, _)| {
            !run.is_empty() && range.start <= run.start && run.end <= range.end
        };
        let runs = runs.iter().filter(inside).cloned().collect();
        Self { runs, checksum: Checksum::new(), looks_like: None }
    }

    /// The bytes from `from` on pass.
    ///
    /// # Errors
    ///
    /// `Corrupt` when they have the last of a run whose bytes are others.
    pub(crate) fn pass(&mut self, from: u64, bytes: &[u8]) -> Result<()> {
        let place = |at: u64| usize::try_from(at - from).unwrap_or(usize::MAX);
        while let Some((run, expected)) = self.runs.front() {
            let (start, end) = (run.start.max(from), run.end.min(from + bytes.len() as u64));
            if start >= end {
                break;
            }
            let part = bytes.get(place(start)..place(end)).unwrap_or_default();
            if start == run.start {
                (self.checksum, self.looks_like) = (Checksum::new(), describe_foreign(part));
            }
            self.checksum.update(part);
            if end < run.end {
                break;
            }
            if self.checksum.integrity() != expected.integrity {
                return Err(expected.error(self.looks_like));
            }
            self.runs.pop_front();
        }
        Ok(())
    }

    /// The same for bytes that stay in JavaScript.
    ///
    /// # Errors
    ///
    /// Those of [`Self::pass`].
    pub(crate) fn pass_array(&mut self, mut from: u64, array: &Uint8Array) -> Result<()> {
        if self.runs.is_empty() {
            return Ok(());
        }
        look_at(array, |bytes| {
            self.pass(from, bytes)?;
            from += bytes.len() as u64;
            Ok(())
        })
    }
}
