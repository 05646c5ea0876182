//! The weight files in a directory, one by one, for those who look for what is wrong with a model.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
};

use blocking::unblock;
use io_core::{BoxFuture, ModelUrl, Operation, Result};
use io_manifest::{Checksum, FileIntegrity, ModelFiles, ModelJson};

use crate::{FsStore, error::on, location::Location, model_dir::ModelDir, snapshot::JsonFile};

/// How much is read at a time.
const PIECE_BYTES: usize = 1 << 20;

/// The files of a model in a directory.
#[derive(Clone, Debug)]
pub struct FsFiles {
    dir: ModelDir,
    model: ModelJson,
}

impl FsStore {
    /// Reads the model file of one model, and nothing else. The setting `weights` does not count.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no model.
    /// - `Corrupt`: what is there is not a model file.
    /// - `PermissionDenied`: the system refuses.
    pub async fn files(&self, model: &ModelUrl) -> Result<FsFiles> {
        let (url, symlinks) = (model.clone(), self.fs.symlinks);
        let read = unblock(move || read(Location::find(&url)?.with_symlinks(symlinks))).await;
        read.map_err(|error| error.with_context(Operation::Load, model))
    }
}

fn read(location: Location) -> Result<FsFiles> {
    let (_, _, text) = JsonFile::read(&location)?;
    let model = ModelJson::parse(&text)?;
    let dir = ModelDir::open(&location.directory, location.symlinks)
        .map_err(on("open the directory", &location.directory))?;
    Ok(FsFiles { dir, model })
}

impl FsFiles {
    /// What `read` gives of the weight file `path`.
    fn with_file<T: Send + 'static>(
        &self,
        path: &str,
        read: impl FnOnce(File) -> std::io::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let (dir, path) = (self.dir.clone(), path.to_owned());
        Box::pin(unblock(move || {
            let file = dir.open_file(&path).map_err(|error| error.of_weights(&path))?;
            read(file).map_err(on("read", &path))
        }))
    }
}

impl ModelFiles for FsFiles {
    fn model(&self) -> &ModelJson {
        &self.model
    }

    fn length<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<u64>> {
        self.with_file(path, |file| Ok(file.metadata()?.len()))
    }

    fn integrity<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<FileIntegrity>> {
        self.with_file(path, |mut file| {
            let (mut checksum, mut piece) = (Checksum::new(), vec![0; PIECE_BYTES]);
            loop {
                let length = file.read(&mut piece)?;
                match piece.get(..length) {
                    Some(read) if length > 0 => checksum.update(read),
                    _ => return Ok(checksum.integrity()),
                }
            }
        })
    }

    fn keeps_range<'a>(&'a self, path: &'a str, range: Range<u64>) -> BoxFuture<'a, Result<bool>> {
        self.with_file(path, move |mut file| {
            file.seek(SeekFrom::Start(range.start))?;
            let length = range.end.saturating_sub(range.start);
            let read = std::io::copy(&mut file.take(length), &mut std::io::sink())?;
            Ok(read == length)
        })
    }
}
