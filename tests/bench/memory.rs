//! The peak memory of processes, where the system tells.

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
