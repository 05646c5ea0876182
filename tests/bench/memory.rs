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
    peak_in("/proc/self/status")
}

#[cfg(target_os = "linux")]
fn peak_in(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
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

/// How long processors worked for the processes that this one started and waited for.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_of_children() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    #[expect(clippy::cast_precision_loss, reason = "times are short")]
    Some(microseconds as f64 / 1e6)
}

/// The highest memory of another process that runs, and how long processors worked for it.
#[cfg(target_os = "linux")]
pub(crate) fn of_process(id: u32) -> (Option<u64>, Option<f64>) {
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // Behind the name, which may have blanks: the state is the third field.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        // A tick is a hundredth of a second wherever Linux runs.
        Some((next()? + next()?) / 100.0)
    };
    (peak_in(&format!("/proc/{id}/status")), ticks())
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
pub(crate) fn cpu_of_children() -> Option<f64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn of_process(_: u32) -> (Option<u64>, Option<f64>) {
    (None, None)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn settle() {}
