//! Whole files into memory, as fast as the machine can.

use std::{
    fs::File,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use blocking::unblock;
use bytes::Bytes;
use io_core::{Error, ErrorKind, ProgressMeter, Result};
use io_manifest::Checksum;
use memmap2::MmapMut;

use crate::{error::on, snapshot::WeightFile, source::FsWeights};

/// What one thread reads at a time: large enough to be worth a hand-over, small enough to share
/// work evenly.
const SEGMENT_BYTES: usize = 32 << 20;

/// What is read before it is summed: it is still in the cache then.
const CHUNK_BYTES: usize = 512 << 10;

/// From this length on a buffer asks for huge pages.
const HUGE_BYTES: usize = 4 << 20;

/// More threads than this do not read faster from one disk or from the page cache.
const MAX_THREADS: usize = 8;

/// One buffer for each file, in order, each verified.
pub(crate) async fn read_all(weights: FsWeights) -> Result<Vec<Bytes>> {
    let cancel = CancelOnDrop::default();
    let cancelled = cancel.0.clone();
    unblock(move || read_files(&weights, &|| cancelled.load(Ordering::Relaxed))).await
}

/// The same as a memory map of each file.
pub(crate) async fn map_all(weights: FsWeights) -> Result<Vec<Bytes>> {
    let cancel = CancelOnDrop::default();
    let cancelled = cancel.0.clone();
    unblock(move || map_files(&weights, &|| cancelled.load(Ordering::Relaxed))).await
}

/// Fills `buffer` from `offset` of `file`.
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64, path: &str) -> Result<()> {
    #[cfg(unix)]
    let read = std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset);
    #[cfg(windows)]
    let read = {
        let mut read = 0;
        loop {
            let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) else {
                break Ok(());
            };
            match std::os::windows::fs::FileExt::seek_read(file, rest, offset + read as u64) {
                Ok(0) => break Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => read += count,
                Err(error) => break Err(error),
            }
        }
    };
    read.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Error::corrupt(format!("weight file `{path}` was cut while it was read"))
        }
        _ => on("read", path)(error),
    })
}

/// A part of one file, and where in the file it is.
struct Segment<'a> {
    file: usize,
    offset: u64,
    bytes: SegmentBytes<'a>,
}

enum SegmentBytes<'a> {
    /// To be filled from the file.
    Buffer(&'a mut [u8]),
    /// The bytes of the file.
    Map(&'a [u8]),
}

/// The checksum of a segment, and how long it was.
#[derive(Clone, Copy)]
struct Sum {
    offset: u64,
    length: u64,
    crc64nvme: u64,
}

fn read_files(weights: &FsWeights, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Vec<Bytes>> {
    let files = weights.files.files.iter();
    let mut buffers: Vec<Buffer> =
        files.map(|file| Buffer::new(file.length)).collect::<Result<_>>()?;
    let mut segments = Vec::new();
    for (file, buffer) in buffers.iter_mut().enumerate() {
        let mut offset = 0_u64;
        for buffer in buffer.as_mut().chunks_mut(SEGMENT_BYTES) {
            let length = buffer.len() as u64;
            segments.push(Segment { file, offset, bytes: SegmentBytes::Buffer(buffer) });
            offset += length;
        }
    }
    work_through(weights, segments, cancelled)?;
    Ok(buffers.into_iter().map(Buffer::freeze).collect())
}

fn map_files(weights: &FsWeights, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Vec<Bytes>> {
    let files = weights.files.files.iter();
    let maps: Vec<Bytes> = files.map(|file| map_file(weights, file)).collect::<Result<_>>()?;
    let mut segments = Vec::new();
    for (file, map) in maps.iter().enumerate() {
        let mut offset = 0_u64;
        for bytes in map.chunks(SEGMENT_BYTES) {
            segments.push(Segment { file, offset, bytes: SegmentBytes::Map(bytes) });
            offset += bytes.len() as u64;
        }
    }
    work_through(weights, segments, cancelled)?;
    Ok(maps)
}

/// Reads and verifies the segments, which are those of all files, by several threads that take them
/// one by one, and reports progress.
fn work_through(
    weights: &FsWeights,
    segments: Vec<Segment<'_>>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<()> {
    let files = &weights.files.files;
    let meter = ProgressMeter::new(weights.progress.clone(), weights.files.byte_length());
    let parallel = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let threads = parallel.min(segments.len());
    let sums: Mutex<Vec<Vec<Sum>>> = Mutex::new(vec![Vec::new(); files.len()]);
    let queue = Mutex::new(segments.into_iter());

    let work = || -> Result<()> {
        let mut open: Option<(usize, File)> = None;
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(Segment { file: index, offset, bytes }) = next else { return Ok(()) };
            let Some(file) = files.get(index) else { return Ok(()) };
            let is_verified = weights.verify && file.integrity.is_some();
            let mut checksum = Checksum::new();
            let mut at = offset;
            let mut step = |chunk: &[u8]| {
                if is_verified {
                    checksum.update(chunk);
                }
                at += chunk.len() as u64;
                meter.add(chunk.len() as u64);
            };
            let check = || match cancelled() {
                true => Err(Error::new(ErrorKind::Cancelled, "the load was canceled")),
                false => Ok(()),
            };
            match bytes {
                SegmentBytes::Buffer(buffer) => {
                    let handle = match open.take() {
                        Some((number, handle)) if number == index => handle,
                        _ => weights.files.open_file(file)?,
                    };
                    let mut from = offset;
                    for chunk in buffer.chunks_mut(CHUNK_BYTES) {
                        check()?;
                        read_exact_at(&handle, chunk, from, &file.path)?;
                        from += chunk.len() as u64;
                        step(chunk);
                    }
                    open = Some((index, handle));
                }
                SegmentBytes::Map(map) => {
                    for chunk in map.chunks(CHUNK_BYTES) {
                        check()?;
                        step(chunk);
                    }
                }
            }
            let sum = Sum { offset, length: at - offset, crc64nvme: checksum.finish() };
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            sums.get_mut(index).into_iter().for_each(|sums| sums.push(sum));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut outcome = work();
        for other in others {
            outcome = outcome.and(other.join().unwrap_or_else(|_| Err(panicked())));
        }
        outcome
    })?;

    let sums = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (file, mut sums) in files.iter().zip(sums) {
        sums.sort_unstable_by_key(|sum| sum.offset);
        let empty = Checksum::new().finish();
        let whole = sums
            .iter()
            .fold(empty, |whole, sum| Checksum::combine(whole, sum.crc64nvme, sum.length));
        weights.verify(file, whole)?;
    }
    Ok(())
}

/// Fresh memory, which the system clears as it is touched.
enum Buffer {
    Small(Vec<u8>),
    Large(MmapMut),
}

impl Buffer {
    /// A buffer of `length` bytes, refused where `Vec` would end the process.
    fn new(length: u64) -> Result<Self> {
        let too_large = || too_large(length);
        let length = usize::try_from(length).map_err(|_| too_large())?;
        if length < HUGE_BYTES {
            return Ok(Self::Small(vec![0; length]));
        }
        let map = MmapMut::map_anon(length).map_err(|error| too_large().with_source(error))?;
        // Clearing memory page by page would cost as much as reading. A system that has no larger
        // pages to give gives small ones.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self::Large(map))
    }

    fn as_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Small(bytes) => bytes,
            Self::Large(map) => map,
        }
    }

    fn freeze(self) -> Bytes {
        match self {
            Self::Small(bytes) => bytes.into(),
            Self::Large(map) => Bytes::from_owner(map),
        }
    }
}

fn map_file(weights: &FsWeights, file: &WeightFile) -> Result<Bytes> {
    let handle = weights.files.open_file(file)?;
    // Nothing to map, and some systems refuse to.
    if file.length == 0 {
        return Ok(Bytes::new());
    }
    let length = usize::try_from(file.length).map_err(|_| too_large(file.length))?;
    // SAFETY: the map is read-only and private. The system promises no more than that: a program that
    // writes into the file changes the bytes, and one that cuts it ends the reader.
    // `ReadMode::MemoryMap` says so, and is asked for by name; our own saves never write into a file
    // that has a name.
    #[expect(unsafe_code, reason = "a memory map cannot be made without it")]
    let map = unsafe { memmap2::MmapOptions::new().len(length).map(&handle) };
    Ok(Bytes::from_owner(map.map_err(on("map", &file.path))?))
}

fn too_large(length: u64) -> Error {
    Error::new(ErrorKind::OutOfMemory, format!("{length} bytes do not fit into memory"))
}

fn panicked() -> Error {
    Error::new(ErrorKind::Unexpected, "a reading thread panicked")
}

/// Tells the reading threads when nobody waits for them any more.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
