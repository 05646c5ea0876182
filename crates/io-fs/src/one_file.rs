//! One file, whatever is in it: read from where it is, and replaced whole.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Write as _},
    ops::Range,
    path::Path,
    sync::Arc,
};

use blocking::unblock;
use bytes::Bytes;
use cap_std::fs::{Dir, OpenOptions};
use futures::{TryStreamExt, stream};
use io_core::{
    Error, ErrorKind, HandlerOptions, ProgressMeter, Result, WeightSource, WeightStream, Weights,
    WriteMode,
};

use crate::{
    FsOptions, created::CreatedDirs, error, location, model_dir::outside_options, publish,
    staging::Staging, sync::Durability,
};

const CHUNK_BYTES: u64 = 2 << 20;

/// The bytes of the file at `path`, read when they are needed. The options do not change how.
///
/// # Errors
///
/// `NotFound` when there is no file, `InvalidInput` when it is not a plain one or a setting is
/// unknown, `PermissionDenied` and others as the system says.
pub async fn open_file(path: &Path, options: &HandlerOptions) -> Result<Weights> {
    FsOptions::from_settings(options)?;
    let path = path.to_owned();
    unblock(move || {
        let file = outside_options().open(&path).map_err(|error| failed("open", error))?;
        let metadata = file.metadata().map_err(|error| failed("open", error))?;
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::InvalidInput, "this is not a file"));
        }
        Ok(Weights::from_source(LocalFile { file: Arc::new(file), length: metadata.len() }))
    })
    .await
}

/// Writes `bytes` to the file at `path`, which is there whole or not at all, and durable when this
/// returns, unless the setting `fsync` is `false`. With `WriteMode::Create` a file that is there
/// stays. Dropping the future leaves nothing behind; what a process leaves that is killed is removed
/// by the next save beside it, or by [`FsStore::gc`](crate::FsStore::gc).
///
/// # Errors
///
/// `AlreadyExists` when there is a file that is not to be replaced; `InvalidInput` when a setting is
/// unknown; what reading `bytes` fails with; others as the system says.
pub async fn save_file(path: &Path, bytes: &Weights, options: &HandlerOptions) -> Result<()> {
    let durability = Durability { fsync: FsOptions::from_settings(options)?.fsync };
    let mode = options.write_mode;
    let path = path.to_owned();
    let (file, staged) = unblock(move || Staged::create(&path, durability)).await?;
    let meter = ProgressMeter::new(options.progress.clone(), bytes.byte_length());
    let mut stream = bytes.stream();
    let mut file = Some(file);
    while let Some(piece) = stream.try_next().await? {
        let Some(mut open) = file.take() else { break };
        let length = piece.len() as u64;
        let written = unblock(move || open.write_all(&piece).map(|()| open));
        file = Some(written.await.map_err(|error| failed("write", error))?);
        meter.add(length);
    }
    unblock(move || {
        if let Some(file) = file {
            durability.file(&file, STAGED)?;
        }
        staged.publish(mode)
    })
    .await
}

#[derive(Debug)]
struct LocalFile {
    file: Arc<File>,
    length: u64,
}

impl WeightSource for LocalFile {
    fn byte_length(&self) -> u64 {
        self.length
    }

    fn stream(&self, range: Range<u64>) -> WeightStream {
        let state = (self.file.clone(), range.start);
        Box::pin(stream::try_unfold(state, move |(file, at)| async move {
            if at >= range.end {
                return Ok(None);
            }
            let length = CHUNK_BYTES.min(range.end - at);
            let reading = file.clone();
            let bytes = unblock(move || read_at(&reading, at, length)).await;
            let bytes = bytes.map_err(|error| failed("read", error))?;
            Ok(Some((bytes, (file, at + length))))
        }))
    }
}

fn read_at(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    #[cfg(unix)]
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, at)?;
    #[cfg(windows)]
    {
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match std::os::windows::fs::FileExt::seek_read(file, rest, at + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
    }
    Ok(bytes.into())
}

/// What a staged file is called. It must not look like the JSON of a model.
const STAGED: &str = "file";

/// A file in a staging directory beside the one that it becomes; it is removed with the value.
#[derive(Debug)]
struct Staged {
    dir: Dir,
    staging: Staging,
    name: OsString,
    durability: Durability,
    // Last, so that what is in it is removed before it.
    created: CreatedDirs,
}

impl Staged {
    fn create(path: &Path, durability: Durability) -> Result<(File, Self)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput);
        let name = name.map_err(|error| failed("create", error.into()))?.to_owned();
        let (dir, staging, created) =
            publish::stage(&location::parent(path), durability, |_| Ok(()))?;
        let file = staging.create_file(STAGED)?;
        Ok((file, Self { dir, staging, name, durability, created }))
    }

    fn publish(self, mode: WriteMode) -> Result<()> {
        self.created.flush(self.durability)?;
        match mode {
            WriteMode::Replace => self.replace().map_err(|error| failed("replace", error))?,
            WriteMode::Create => self.appear().map_err(|error| failed("create", error))?,
        }
        self.created.keep();
        self.durability.dir(&self.dir).map_err(|error| {
            error::failed("the file is written, but may not survive a power cut", error)
        })
    }

    fn replace(&self) -> io::Result<()> {
        self.staging.dir.rename(STAGED, &self.dir, &self.name)
    }

    /// Unlike a rename, this fails where something is.
    fn appear(&self) -> io::Result<()> {
        match self.staging.dir.hard_link(STAGED, &self.dir, &self.name) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
            done => return done,
        }
        // Where there are no links an empty file takes the name first, which a kill leaves.
        self.dir.open_with(&self.name, OpenOptions::new().write(true).create_new(true))?;
        self.replace().inspect_err(|_| {
            let _ = self.dir.remove_file(&self.name);
        })
    }
}

fn failed(what: &str, error: io::Error) -> Error {
    error::failed(format!("cannot {what} the file"), error)
}
