//! Pages of a file for a reader that cannot wait: what is missing is fetched between two attempts.

use std::{
    collections::BTreeMap,
    fmt, io,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use hdf5_reader::{Storage, StorageBuffer, error::Error};

/// The unit of fetching.
const PAGE: u64 = 64 * 1024;
/// What is kept between operations.
const KEPT_PAGES: usize = 128;

/// The pages that are there, and what the last attempt missed.
#[derive(Clone)]
pub(super) struct Pages {
    length: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<u64, Bytes>,
    missing: Option<Range<u64>>,
    /// Bytes to fetch at the next miss: they double, so that attempts stay few, and what is fetched
    /// in vain is no more than what was needed.
    step: u64,
}

impl Pages {
    pub(super) fn new(length: u64) -> Self {
        Self { length, state: Arc::default() }
    }

    /// Starts an operation.
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        state.missing = None;
        state.step = PAGE;
    }

    /// Ends an operation: what only it needed goes.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        while state.pages.len() > KEPT_PAGES {
            // The first pages hold the superblock and the root.
            state.pages.pop_last();
        }
        if state.step > 8 * PAGE {
            // A page is a part of all that was fetched with it, and would keep it.
            for page in state.pages.values_mut() {
                *page = Bytes::copy_from_slice(page);
            }
        }
    }

    /// What has to be fetched before the next attempt.
    pub(super) fn take_missing(&self) -> Option<Range<u64>> {
        self.lock().missing.take()
    }

    /// Gives the bytes of a range that was missing.
    pub(super) fn fill(&self, range: &Range<u64>, bytes: Bytes) {
        let mut state = self.lock();
        let mut rest = bytes;
        let mut page = range.start / PAGE;
        while !rest.is_empty() {
            let length = rest.len().min(usize::try_from(PAGE).unwrap_or(usize::MAX));
            state.pages.insert(page, rest.split_to(length));
            page += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Pages {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer, Error> {
        let needed = len as u64;
        let end = offset.checked_add(needed).filter(|&end| end <= self.length);
        let Some(end) = end else {
            let available = self.length.saturating_sub(offset);
            return Err(Error::UnexpectedEof { offset, needed, available });
        };
        let mut state = self.lock();
        if len == 0 {
            return Ok(StorageBuffer::from_vec(Vec::new()));
        }
        let mut gathered = Vec::new();
        for index in offset / PAGE..=(end - 1) / PAGE {
            let first = index * PAGE;
            let Some(page) = state.pages.get(&index) else {
                let fetch = state.step.max(PAGE);
                state.step = fetch.saturating_mul(2);
                // Up to a page's end, or the file's.
                let stop = end.max(first.saturating_add(fetch));
                let stop = stop.checked_next_multiple_of(PAGE).unwrap_or(self.length);
                state.missing = Some(first..stop.min(self.length));
                return Err(missed());
            };
            let within = |at: u64| usize::try_from(at - first).unwrap_or(page.len());
            let part = within(offset.max(first))..within(end.min(first + PAGE));
            if part.len() == len {
                return StorageBuffer::from_shared_owner(Arc::new(page.clone()), part.start, len);
            }
            gathered.extend_from_slice(page.get(part).unwrap_or_default());
        }
        Ok(StorageBuffer::from_vec(gathered))
    }
}

fn missed() -> Error {
    Error::Io(io::Error::from(io::ErrorKind::WouldBlock))
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;
    use bytes::Bytes;
    use hdf5_reader::Storage as _;

    /// Reads as the driver does: each miss is filled, and there are few of them.
    fn read(pages: &Pages, file: &Bytes, start: usize, length: usize) -> (Vec<u8>, usize) {
        pages.begin();
        for misses in 0..100 {
            let read = pages.read_range(start as u64, length);
            if let Some(missing) = pages.take_missing() {
                let at = |offset: u64| usize::try_from(offset).unwrap();
                pages.fill(&missing, file.slice(at(missing.start)..at(missing.end)));
                continue;
            }
            let bytes = read.unwrap().to_vec();
            pages.end();
            return (bytes, misses);
        }
        panic!("no end of misses at {start}, {length} bytes");
    }

    #[test]
    fn every_read_gives_the_bytes_of_the_file() {
        let size = 5 << 20;
        let file: Bytes = (0..size).map(|at: usize| (at ^ (at >> 8)).to_le_bytes()[0]).collect();
        let pages = Pages::new(size as u64);
        let page = 64 * 1024;
        for start in [0, 1, page - 1, page, 7 * page, 7 * page + 5, size - 3 * page, size - 9] {
            for length in [0, 1, 9, page - 1, page, page + 1, 999_999, 1 << 20, 3 << 20] {
                if start + length > size {
                    assert!(pages.read_range(start as u64, length).is_err());
                    continue;
                }
                let (bytes, misses) = read(&pages, &file, start, length);
                assert!(bytes == file[start..start + length], "{start} {length}");
                assert!(misses <= 5, "{misses} misses at {start}, {length} bytes");
            }
        }
        assert!(pages.read_range(u64::MAX, 1).is_err());
    }

    /// As a dataset of many chunks is read: each attempt begins at the first one.
    #[test]
    fn many_reads_in_one_operation_have_few_misses() {
        let size = 64 << 20;
        let file = Bytes::from(vec![7; size]);
        let pages = Pages::new(size as u64);
        pages.begin();
        let mut misses = 0;
        while (0..60).any(|chunk| pages.read_range(5 + (chunk << 20), 1 << 20).is_err()) {
            let missing = pages.take_missing().unwrap();
            let at = |offset: u64| usize::try_from(offset).unwrap();
            pages.fill(&missing, file.slice(at(missing.start)..at(missing.end)));
            misses += 1;
            assert!(misses <= 12, "{misses} misses");
        }
        pages.end();
    }
}
