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
const PAGE: u64 = PAGE_BYTES as u64;
const PAGE_BYTES: usize = 64 * 1024;
/// What is kept between operations.
const KEPT_PAGES: usize = 256;
/// Attempts in vain may read this many times what was fetched.
const MAX_REREAD: u64 = 16;

/// The pages that are there: those that operations have left, and those of the one that is at an
/// attempt.
#[derive(Clone)]
pub(super) struct Pages {
    length: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    kept: BTreeMap<u64, Page>,
    current: Operation,
    /// Counts reads.
    clock: u64,
}

struct Page {
    bytes: Bytes,
    /// When it was last read.
    used: u64,
}

/// What one operation has fetched, and what its last attempt missed.
#[derive(Default)]
pub(super) struct Operation {
    pages: BTreeMap<u64, Page>,
    missing: Option<Range<u64>>,
    /// The last fetch, and how many bytes all have.
    last: Range<u64>,
    fetched: u64,
    /// How many bytes all attempts have read.
    read: u64,
}

impl Pages {
    pub(super) fn new(length: u64) -> Self {
        Self { length, state: Arc::default() }
    }

    /// Does `attempt` with the pages of `operation`. There is one attempt at a time.
    pub(super) fn lend<T>(&self, operation: &mut Operation, attempt: impl FnOnce() -> T) -> T {
        std::mem::swap(&mut self.lock().current, operation);
        let outcome = attempt();
        std::mem::swap(&mut self.lock().current, operation);
        outcome
    }

    /// Ends an operation: of all pages, those that were read last stay.
    pub(super) fn keep(&self, operation: Operation) {
        let kept = &mut self.lock().kept;
        kept.extend(operation.pages);
        let mut by_use: Vec<_> = kept.iter().map(|(&index, page)| (page.used, index)).collect();
        by_use.sort_unstable();
        by_use.truncate(kept.len().saturating_sub(KEPT_PAGES));
        for (_, index) in by_use {
            kept.remove(&index);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operation {
    /// Whether the last attempt was in vain.
    pub(super) fn has_missed(&self) -> bool {
        self.missing.is_some()
    }

    /// What has to be fetched of `length` bytes before the next attempt, if the last one was in vain.
    ///
    /// Metadata lies here and there between the data, and takes a page each time. Where a miss goes
    /// on from the last one it is data, and fetches double, so that attempts stay few and what is
    /// fetched in vain is no more than what was needed.
    pub(super) fn next_fetch(&mut self, length: u64) -> Option<Range<u64>> {
        let needed = self.missing.take()?;
        let twice = 2 * (self.last.end - self.last.start);
        let (before, after) = if self.read > self.fetched.saturating_mul(MAX_REREAD) {
            // Whatever the order is, attempts have to end.
            (twice, twice)
        } else if needed.start == self.last.end {
            (0, twice)
        } else {
            (0, 0)
        };
        let start = needed.start.saturating_sub(before) / PAGE * PAGE;
        let end = needed.end.max(needed.start.saturating_add(after));
        // Up to a page's end, or the file's.
        let end = end.checked_next_multiple_of(PAGE).unwrap_or(length).min(length);
        self.last = start..end;
        self.fetched = self.fetched.saturating_add(end - start);
        Some(self.last.clone())
    }

    /// Gives the bytes from `start` on, where a page begins.
    pub(super) fn fill(&mut self, start: u64, bytes: &Bytes) {
        for (index, page) in (start / PAGE..).zip(bytes.chunks(PAGE_BYTES)) {
            // A part of `bytes` would keep all of them.
            let bytes = Bytes::copy_from_slice(page);
            self.pages.insert(index, Page { bytes, used: 0 });
        }
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
        if len == 0 {
            return Ok(StorageBuffer::from_vec(Vec::new()));
        }
        let State { kept, current, clock } = &mut *self.lock();
        *clock += 1;
        current.read = current.read.saturating_add(needed);
        let mut gathered = Vec::new();
        for index in offset / PAGE..=(end - 1) / PAGE {
            let first = index * PAGE;
            let page = current.pages.get_mut(&index).or_else(|| kept.get_mut(&index));
            let Some(Page { bytes, used }) = page else {
                current.missing.get_or_insert(first..end);
                return Err(missed());
            };
            *used = *clock;
            let within = |at: u64| usize::try_from(at - first).unwrap_or(PAGE_BYTES);
            let part = within(offset.max(first))..within(end.min(first + PAGE));
            if part.len() == len {
                return StorageBuffer::from_shared_owner(Arc::new(bytes.clone()), part.start, len);
            }
            gathered.extend_from_slice(bytes.get(part).unwrap_or_default());
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
    use super::{KEPT_PAGES, Operation, PAGE, Pages};
    use bytes::Bytes;
    use hdf5_reader::{Storage as _, error::Error};

    fn at(offset: u64) -> usize {
        usize::try_from(offset).unwrap()
    }

    /// Reads as the driver does: again and again, each miss filled. Also gives what was fetched, and
    /// how often.
    fn operate<T>(
        pages: &Pages,
        file: &Bytes,
        attempt: impl Fn() -> Result<T, Error>,
    ) -> (T, u64, u32) {
        let mut operation = Operation::default();
        let (mut bytes, mut fetches) = (0, 0);
        loop {
            let outcome = pages.lend(&mut operation, &attempt);
            let Some(missing) = operation.next_fetch(pages.length) else {
                pages.keep(operation);
                return (outcome.unwrap(), bytes, fetches);
            };
            operation.fill(missing.start, &file.slice(at(missing.start)..at(missing.end)));
            bytes += missing.end - missing.start;
            fetches += 1;
        }
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
                let read = || pages.read_range(start as u64, length);
                let (bytes, _, fetches) = operate(&pages, &file, read);
                assert!(*bytes == file[start..start + length], "{start} {length}");
                assert!(fetches <= 5, "{fetches} fetches at {start}, {length} bytes");
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
        let read =
            || (0..60).try_for_each(|at| pages.read_range(5 + (at << 20), 1 << 20).map(drop));
        let ((), _, fetches) = operate(&pages, &file, read);
        assert!(fetches <= 12, "{fetches} fetches");
    }

    /// How h5py writes: what is known of each layer lies between the data.
    #[test]
    fn what_is_scattered_is_read_without_what_lies_between() {
        let (layers, apart) = (300, 5 * PAGE + 1234);
        let size = layers * apart + PAGE;
        let file = Bytes::from(vec![7; at(size)]);
        let pages = Pages::new(size);
        let read = |offset| pages.read_range(offset, 500).map(drop);
        // The table of all layers, in several places.
        let table = || (0..9).try_for_each(|part| read(part * part * apart));
        let mut total = 0;
        for layer in 0..layers {
            let (_, bytes, _) =
                operate(&pages, &file, || table().and_then(|()| read(layer * apart)));
            total += bytes;
        }
        // Each in two pages at most, and nothing twice.
        assert!(total <= layers * 2 * PAGE, "{total} bytes fetched of {size}");
        let (_, bytes, _) = operate(&pages, &file, table);
        assert_eq!(bytes, 0);
        assert_eq!(pages.lock().kept.len(), KEPT_PAGES);

        let all = || (0..layers).try_for_each(|layer| read(layer * apart));
        let (_, bytes, _) = operate(&pages, &file, all);
        assert!(bytes <= layers * 2 * PAGE, "{bytes} bytes fetched of {size}");
    }

    /// As a hostile file has its chunks: no one goes on from the one before.
    #[test]
    fn much_that_is_scattered_is_not_read_over_and_over() {
        let chunks = 500;
        let size = chunks * 2 * PAGE;
        let file = Bytes::from(vec![7; at(size)]);
        let pages = Pages::new(size);
        let read = std::cell::Cell::new(0);
        let attempt = || {
            (0..chunks).rev().try_for_each(|chunk| {
                read.set(read.get() + PAGE);
                pages.read_range(chunk * 2 * PAGE, at(PAGE)).map(drop)
            })
        };
        operate(&pages, &file, attempt);
        assert!(read.get() <= 40 * size, "{} bytes read of {size}", read.get());
    }
}
