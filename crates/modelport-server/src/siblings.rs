//! Compressed forms of a file, which somebody put beside it in a folder: `model.json.br`,
//! `weights.bin.gz`.
//!
//! One counts if it holds the very bytes that are served. That is found out when it is first asked
//! for, by decoding it once: one that is left from another version is passed over.

use std::{
    fs::{File, Metadata},
    io::{self, BufRead as _, BufReader, Seek as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use io_core::Weights;
use io_manifest::{Checksum, FileIntegrity, ModelJson, check_path};
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::{coding::Coding, name::MODEL_JSON, spool};

/// The compressed forms of one file.
#[derive(Debug)]
pub(crate) struct Siblings {
    /// The path of the file; there is none outside folders.
    path: Option<PathBuf>,
    due: FileIntegrity,
    /// What was found out about each, in the order of [`Coding::ALL`].
    known: [Mutex<Option<Known>>; 3],
}

/// What a file was found to be.
#[derive(Clone, Copy, Debug)]
struct Known {
    stamp: Stamp,
    /// The checksum of the compressed bytes, if they hold what is due.
    sound: Option<u64>,
}

/// When a file is taken for the one that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self { length: meta.len(), modified: meta.modified().ok() }
    }
}

impl Siblings {
    /// Those of the file at `path`, whose bytes are served as `due`.
    pub(crate) fn new(path: Option<PathBuf>, due: FileIntegrity) -> Self {
        Self { path, due, known: Default::default() }
    }

    /// Whether there may be any.
    pub(crate) async fn exist(&self) -> bool {
        let Some(path) = self.path.clone() else { return false };
        let look = move || Coding::ALL.iter().any(|coding| beside(&path, *coding).is_file());
        spawn_blocking(look).await.unwrap_or(false)
    }

    /// The one in `coding`, and the checksum of its bytes as they are.
    pub(crate) async fn get(&self, coding: Coding) -> Option<(u64, Weights)> {
        let path = beside(self.path.as_ref()?, coding);
        // Others who want it wait until one has decoded it.
        let mut known = self.known.get(coding as usize)?.lock().await;
        let (due, before) = (self.due, *known);
        let found = spawn_blocking(move || find(&path, coding, due, before)).await;
        let (file, now) = found.ok()?.ok()?;
        *known = Some(now);
        Some((now.sound?, spool::in_file(Arc::new(file), now.stamp.length)))
    }
}

/// The file, and what it is.
fn find(
    path: &Path,
    coding: Coding,
    due: FileIntegrity,
    before: Option<Known>,
) -> io::Result<(File, Known)> {
    // Asked first: to open a pipe is to wait for ever.
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let now = match before.filter(|before| before.stamp == stamp) {
        Some(before) => before,
        None if coding.holds(BufReader::new(&file), due).unwrap_or(false) => {
            Known { stamp, sound: Some(checksum(&mut file)?) }
        }
        None => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            tracing::warn!(file = &*name, "a compressed file does not hold what is served");
            Known { stamp, sound: None }
        }
    };
    Ok((file, now))
}

fn checksum(file: &mut File) -> io::Result<u64> {
    file.rewind()?;
    let mut file = BufReader::with_capacity(64 << 10, file);
    let mut checksum = Checksum::new();
    loop {
        let length = match file.fill_buf()? {
            [] => return Ok(checksum.finish()),
            bytes => {
                checksum.update(bytes);
                bytes.len()
            }
        };
        file.consume(length);
    }
}

fn beside(path: &Path, coding: Coding) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(coding.suffix());
    path.into()
}

/// The paths of the model file and of the weights of the model in `folder`. `None` for weights that
/// are in several files: they are served as one, which has no sibling.
pub(crate) async fn paths_in(folder: PathBuf, max_json: u64) -> (PathBuf, Option<PathBuf>) {
    let json = folder.join(MODEL_JSON);
    let path = json.clone();
    let read = spawn_blocking(move || {
        use io::Read as _;
        let mut text = Vec::new();
        File::open(path)?.take(max_json).read_to_end(&mut text).map(|_| text)
    });
    let text = read.await.ok().and_then(Result::ok).unwrap_or_default();
    let files = ModelJson::parse(&text).map(|model| model.files()).unwrap_or_default();
    let weights = match files.as_slice() {
        [only] if check_path(&only.path).is_ok() => Some(folder.join(&only.path)),
        _ => None,
    };
    (json, weights)
}
