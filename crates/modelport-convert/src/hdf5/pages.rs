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
/// A read of this size or more is fetched by itself.
const LARGE: u64 = 1024 * 1024;
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
    large: Option<(Range<u64>, Bytes)>,
    missing: Option<Range<u64>>,
    /// Bytes to fetch at the next miss: they double, so that attempts stay few.
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
        state.large = None;
        while state.pages.len() > KEPT_PAGES {
            // The first pages hold the superblock and the root.
            state.pages.pop_last();
        }
    }

    /// What has to be fetched before the next attempt.
    pub(super) fn take_missing(&self) -> Option<Range<u64>> {
        self.lock().missing.take()
    }

    /// Gives the bytes of a range that was missing.
    pub(super) fn fill(&self, range: &Range<u64>, bytes: Bytes) {
        let mut state = self.lock();
        if !range.start.is_multiple_of(PAGE) || range.end - range.start > MAX_STEP {
            state.large = Some((range.clone(), bytes));
            return;
        }
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

/// The most that is read ahead.
const MAX_STEP: u64 = 16 * 1024 * 1024;

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
        if let Some((range, bytes)) = &state.large
            && range.start <= offset
            && end <= range.end
        {
            let start = usize::try_from(offset - range.start).unwrap_or(usize::MAX);
            return StorageBuffer::from_shared_owner(Arc::new(bytes.clone()), start, len);
        }
        if needed >= LARGE {
            state.missing = Some(offset..end);
            return Err(missed());
        }
        let mut gathered = Vec::with_capacity(len);
        for index in offset / PAGE..=(end - 1) / PAGE {
            let first = index * PAGE;
            let Some(page) = state.pages.get(&index) else {
                let fetch = state.step.clamp(PAGE, MAX_STEP);
                state.step = fetch * 2;
                let stop = first.saturating_add(fetch).max(end.next_multiple_of(PAGE));
                state.missing = Some(first..stop.min(self.length).min(first + MAX_STEP));
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
