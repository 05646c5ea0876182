//! What bytes have to be, and whether they are.

use std::{collections::VecDeque, ops::Range};

use io_core::{Error, ModelUrl, Operation, Result};
use io_manifest::{Checksum, FileIntegrity, describe_foreign};
use js_sys::Uint8Array;

use crate::{array_length, copy_out, integrity_of};

/// Enough of the beginning of a file to see what it is.
const BEGINNING_BYTES: u64 = 1 << 10;

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
    /// # Errors
    ///
    /// `Corrupt` when the bytes are others.
    pub(crate) fn check(&self, array: &Uint8Array) -> Result<()> {
        if integrity_of(array)? == self.integrity {
            return Ok(());
        }
        let beginning = copy_out(array, 0..array_length(array).min(BEGINNING_BYTES))?;
        Err(self.error(describe_foreign(&beginning)))
    }

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

    /// The bytes from `from` on pass, which lie in one run or between two.
    ///
    /// # Errors
    ///
    /// `Corrupt` when they are the last of a run whose bytes are others.
    pub(crate) fn pass(&mut self, from: u64, bytes: &[u8]) -> Result<()> {
        let Some((run, expected)) = self.runs.front() else { return Ok(()) };
        if from < run.start {
            return Ok(());
        }
        if from == run.start {
            (self.checksum, self.looks_like) = (Checksum::new(), describe_foreign(bytes));
        }
        self.checksum.update(bytes);
        if self.checksum.byte_length() < run.end - run.start {
            return Ok(());
        }
        if self.checksum.integrity() != expected.integrity {
            return Err(expected.error(self.looks_like));
        }
        self.runs.pop_front();
        Ok(())
    }
}
