//! How much a page loads, compressed as servers do: its modules at once, WebAssembly with the first
//! call.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use super::Build;

/// How large the modules of any build may be, compressed.
const MOST_AT_ONCE: u64 = 60 << 10;

/// Prints the size of a build and tells whether it is small enough.
pub(super) fn check(build: &Build, place: &Path) -> Result<bool> {
    let (mut code, mut scripts) = (0, 0);
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        let bytes = compressed(&path)?;
        match path.extension() {
            Some(extension) if extension == "wasm" => code += bytes,
            _ => scripts += bytes,
        }
    }
    let (total, most) = (code + scripts, build.most_bytes);
    let fits = total <= most && scripts <= MOST_AT_ONCE;
    let verdict = if fits { "" } else { ": TOO LARGE" };
    let (name, kib) = (build.name, |bytes: u64| bytes.div_ceil(1024));
    eprintln!(
        "web: {name} has {} KiB compressed ({} KiB of WebAssembly, {} KiB of JavaScript), at most {} and {} KiB{verdict}",
        kib(total),
        kib(code),
        kib(scripts),
        kib(most),
        kib(MOST_AT_ONCE)
    );
    Ok(fits)
}

/// The size of a file in gzip.
fn compressed(path: &Path) -> Result<u64> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let mut gzip = Command::new("gzip")
        .arg("-9nc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start gzip")?;
    let mut stdin = gzip.stdin.take().context("gzip takes nothing")?;
    // It writes while it reads, so both have to go on at once.
    let output = thread::scope(|scope| {
        let writing = scope.spawn(move || stdin.write_all(&bytes));
        let output = gzip.wait_with_output();
        writing.join().unwrap_or(Ok(())).and(output)
    })?;
    if !output.status.success() {
        bail!("gzip failed ({})", output.status);
    }
    Ok(output.stdout.len() as u64)
}
