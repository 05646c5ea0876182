//! The memory of processes: its peak, where the system tells, and that it is there.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use memmap2::MmapMut;

use crate::child::Sample;

/// Touches more than twice `bytes` of memory and gives it back.
///
/// A virtual machine hands memory that is free for a moment to its host, and getting it back takes
/// longer than to read a file into it. Without this the first case after a pause would pay for all.
pub(crate) fn touch(_: &Path, bytes: u64) -> Result<Sample> {
    let mut memory = MmapMut::map_anon(usize::try_from(bytes * 11 / 5)?)?;
    #[cfg(target_os = "linux")]
    memory.advise(memmap2::Advice::HugePage)?;
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    Ok(Sample::of_this_process(Duration::ZERO))
}

/// Of this process.
#[cfg(target_os = "linux")]
pub(crate) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Of the largest process that this one started and waited for.
///
/// Until a started process has loaded its program it counts as large as this one, so this one
/// must be small.
#[cfg(target_os = "linux")]
pub(crate) fn peak_of_children() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let kibibytes = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?.max_rss();
    Some(u64::try_from(kibibytes).ok()? * 1024)
}

/// Puts on disk what is waiting to be written, so that the next case does not pay for the last.
#[cfg(target_os = "linux")]
pub(crate) fn settle() {
    nix::unistd::sync();
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn peak() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn peak_of_children() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn settle() {}
