//! The lock of a model's directory under signals.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::{
    fs::{self, File},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use common::{expected, load, model, names, save};

extern "C" fn do_nothing(_: libc::c_int) {}

/// As CPython does it: without `SA_RESTART`, so that a call that waits ends with `EINTR`.
#[expect(unsafe_code, reason = "no safe interface leaves `SA_RESTART` out")]
fn handle_signals() {
    let handler: extern "C" fn(libc::c_int) = do_nothing;
    // SAFETY: all zeros is an empty set of flags and signals, and the handler does nothing at all.
    let installed = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut())
    };
    assert_eq!(installed, 0);
}

/// Sends the signal to every thread of this process but the calling one.
#[expect(unsafe_code, reason = "no safe interface sends a signal to a thread by its number")]
fn signal_other_threads() {
    for thread in fs::read_dir("/proc/self/task").unwrap().map(Result::unwrap) {
        let thread: libc::pid_t = thread.file_name().to_str().unwrap().parse().unwrap();
        // SAFETY: both calls take numbers only; a thread that has ended is an error.
        unsafe {
            if thread != libc::gettid() {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR1);
            }
        }
    }
}

#[test]
fn a_signal_does_not_end_the_wait_for_the_lock() {
    handle_signals();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    save(&path, model(1, 1.0)).unwrap();
    let lock = File::open(&path).unwrap();
    lock.lock().unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let saving = scope.spawn(|| {
            let saved = save(&path, model(2, 2.0));
            is_done.store(true, Ordering::Release);
            saved
        });
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            signal_other_threads();
            thread::sleep(Duration::from_millis(5));
            assert!(!is_done.load(Ordering::Acquire), "{:?}", names(&path));
        }
        assert_eq!(load(&path).unwrap(), expected(1, 1.0));
        drop(lock);
        saving.join().unwrap().unwrap();
    });
    assert_eq!(load(&path).unwrap(), expected(2, 2.0));
    assert_eq!(names(&path), ["model.json", "weights.bin"]);
}
