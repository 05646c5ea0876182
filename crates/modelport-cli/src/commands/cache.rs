//! `modelport cache`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueHint};
use modelport::{Cache as Copies, CacheEntry, Error, ErrorKind, printable_date};
use serde::Serialize;

use crate::{
    failure::Failure,
    output::Output,
    size::Bytes,
    text::{date, printable, size},
};

#[derive(ClapArgs, Debug)]
pub(crate) struct Cache {
    #[command(subcommand)]
    action: Action,
    /// Where the copies are; `modelport` in the user's directory for caches by default
    #[arg(long = "dir", value_name = "DIR", value_hint = ValueHint::DirPath, global = true)]
    directory: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the copies, the longest unused first
    #[command(name = "ls")]
    List,
    /// Remove the copies of a URL and of what is below it
    #[command(name = "rm")]
    Remove {
        /// The URL, as `ls` shows it
        url: String,
    },
    /// Remove the longest unused copies
    Prune {
        /// Keep at most SIZE: 1000000000, 4GiB, 4GB
        #[arg(long, value_name = "SIZE", default_value_t = Bytes(Copies::DEFAULT_MAX_BYTES))]
        max_bytes: Bytes,
    },
}

pub(crate) fn run(args: &Cache, output: &mut Output) -> Result<(), Failure> {
    let directory = match &args.directory {
        Some(directory) => directory.clone(),
        None => default_directory()?,
    };
    let copies = Copies::new(directory);
    match &args.action {
        Action::List => {
            for entry in copies.entries()? {
                print(&entry, output)?;
            }
            Ok(())
        }
        Action::Remove { url } => {
            let gone = copies.remove(|entry| is_at_or_below(&entry.url, url))?;
            if gone.is_empty() {
                let message = format!("there are no copies of `{}`", printable(url));
                return Err(Error::new(ErrorKind::NotFound, message).into());
            }
            removed(&gone, output)
        }
        Action::Prune { max_bytes } => removed(&copies.prune(max_bytes.0)?, output),
    }
}

fn print(entry: &CacheEntry, output: &mut Output) -> Result<(), Failure> {
    if output.json() {
        output.object(&Listed::new(entry))?;
    } else {
        let (bytes, used) = (size(entry.bytes), date(entry.used));
        output.line(&format!("{bytes:>10}  {used}  {}", printable(&entry.url)))?;
    }
    Ok(())
}

fn removed(gone: &[CacheEntry], output: &mut Output) -> Result<(), Failure> {
    let bytes = gone.iter().map(|entry| entry.bytes).fold(0, u64::saturating_add);
    if output.json() {
        output.done_object(&Removed { removed: gone.len(), bytes })?;
    } else {
        output.done(&format!("removed {} copies, {}", gone.len(), size(bytes)))?;
    }
    Ok(())
}

/// Whether `url` is `place`, or lies in it as in a directory.
fn is_at_or_below(url: &str, place: &str) -> bool {
    url.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || place.ends_with('/') || rest.starts_with(['/', '?']))
}

/// `modelport` in the directory that the system has for caches of the user.
fn default_directory() -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let caches = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))
    };
    caches.map(|caches| caches.join("modelport")).ok_or_else(|| {
        let message = "the user has no directory for caches";
        Error::new(ErrorKind::InvalidInput, message).with_hint("name one with `--dir`").into()
    })
}

/// A copy as `cache ls --json` prints it.
#[derive(Serialize)]
struct Listed<'a> {
    url: &'a str,
    bytes: u64,
    used: String,
}

impl<'a> Listed<'a> {
    fn new(entry: &'a CacheEntry) -> Self {
        let used = humantime::format_rfc3339_millis(printable_date(entry.used)).to_string();
        Self { url: &entry.url, bytes: entry.bytes, used }
    }
}

/// What was removed, as JSON.
#[derive(Serialize)]
struct Removed {
    removed: usize,
    bytes: u64,
}
