//! Files and directories of the browser, as functions that fail with our errors.

use std::time::Duration;

use futures::channel::oneshot;
use io_core::{Error, ErrorKind, Result};
use io_web::{JsError, on, sleep};
use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream,
};

/// How long a file that is open is waited for before it is tried again, in milliseconds.
const WAITS: [u64; 6] = [10, 20, 40, 80, 160, 320];

/// The directory `name`, made if it is not there.
pub(crate) async fn directory(
    parent: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemDirectoryHandle> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let promise = parent.get_directory_handle_with_options(name, &options);
    Ok(wait(promise, "the browser does not open a directory").await?.unchecked_into())
}

/// The names of what is in a directory.
pub(crate) async fn names(directory: &FileSystemDirectoryHandle) -> Result<Vec<String>> {
    let failed = "the browser does not list a directory";
    let keys = directory.keys();
    let mut names = Vec::new();
    loop {
        let item = wait(keys.next().map_err(on(failed))?.unchecked_into(), failed).await?;
        let get = |name: &str| Reflect::get(&item, &name.into()).map_err(on(failed));
        if get("done")?.is_truthy() {
            return Ok(names);
        }
        names.extend(get("value")?.as_string());
    }
}

/// What is in the file `name` now. What is written or removed later does not change it, but may make
/// it unreadable. `None` when there is no such file.
pub(crate) async fn find(
    directory: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<Option<File>> {
    let failed = "the browser does not open a file";
    let found = async {
        let handle = wait(directory.get_file_handle(name), failed).await?;
        let handle: FileSystemFileHandle = handle.unchecked_into();
        Ok(wait(handle.get_file(), failed).await?.unchecked_into())
    };
    match found.await {
        Ok(file) => Ok(Some(file)),
        Err(error) => none_if_missing(error),
    }
}

/// The whole text of a file.
pub(crate) async fn text(file: &File) -> Result<String> {
    let text = wait(file.text(), "the browser does not read a file").await?;
    Ok(text.as_string().unwrap_or_default())
}

/// A file that is being written. It has its new content when [`close`](Self::close) is done, and
/// until then its old one, which it keeps when this is dropped.
///
/// A stream that nobody ends would keep the file open: Firefox lets nobody remove it then.
#[derive(Debug)]
pub(crate) struct Writing {
    stream: FileSystemWritableFileStream,
    ended: bool,
}

impl Writing {
    /// Begins to write the file `name`.
    pub(crate) async fn begin(directory: &FileSystemDirectoryHandle, name: &str) -> Result<Self> {
        let (directory, name) = (directory.clone(), name.to_owned());
        to_its_end(async move {
            let failed = "the browser does not make a file";
            let options = FileSystemGetFileOptions::new();
            options.set_create(true);
            let made = directory.get_file_handle_with_options(&name, &options);
            let handle: FileSystemFileHandle = wait(made, failed).await?.unchecked_into();
            if !Reflect::has(&handle, &"createWritable".into()).unwrap_or(false) {
                let message =
                    "this browser only lets workers write files, in a way that we do not know";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            let stream = wait(handle.create_writable(), failed).await?.unchecked_into();
            Ok(Self { stream, ended: false })
        })
        .await
    }

    /// Writes bytes after those that were written.
    pub(crate) async fn write(&self, bytes: &[u8]) -> Result<()> {
        // A copy outside our memory, which may move while the browser writes.
        let array = Uint8Array::from(bytes);
        self.written(self.stream.write_with_js_u8_array(&array)).await
    }

    /// The same with bytes that the browser has.
    pub(crate) async fn write_blob(&self, blob: &Blob) -> Result<()> {
        self.written(self.stream.write_with_blob(blob)).await
    }

    async fn written(&self, promise: Result<Promise, JsValue>) -> Result<()> {
        let failed = "the browser does not write a file";
        wait(promise.map_err(on(failed))?, failed).await.map(drop)
    }

    /// Puts what was written in the place of what was there.
    pub(crate) async fn close(mut self) -> Result<()> {
        let closed = wait(self.stream.close(), "the browser does not keep a file").await;
        self.ended = closed.is_ok();
        closed.map(drop)
    }

    /// Forgets what was written.
    pub(crate) async fn abort(mut self) {
        self.ended = true;
        // A file that has failed is forgotten already.
        let _ = JsFuture::from(self.stream.abort()).await;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.ended {
            let aborted = JsFuture::from(self.stream.abort());
            spawn_local(async move { drop(aborted.await) });
        }
    }
}

/// Removes the file `name`; that it is not there is as good.
pub(crate) async fn remove(directory: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    let mut waits = WAITS.iter();
    loop {
        match wait(directory.remove_entry(name), "the browser does not remove a file").await {
            Ok(_) => return Ok(()),
            // Whoever wrote it and gave up is about to end its stream.
            Err(error) if error.kind() == ErrorKind::Conflict => match waits.next() {
                Some(milliseconds) => sleep(Duration::from_millis(*milliseconds)).await?,
                None => return Err(error),
            },
            Err(error) => return none_if_missing::<()>(error).map(drop),
        }
    }
}

fn none_if_missing<T>(error: Error) -> Result<Option<T>> {
    match error.kind() {
        ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

/// Does `work` whether or not somebody waits for it.
pub(crate) async fn to_its_end<T: 'static>(
    work: impl Future<Output = Result<T>> + 'static,
) -> Result<T> {
    let (tell, wait) = oneshot::channel();
    spawn_local(async move {
        // Nobody may be waiting any more.
        let _ = tell.send(work.await);
    });
    let gone = |_| Err(Error::new(ErrorKind::Cancelled, "the page is going away"));
    wait.await.unwrap_or_else(gone)
}

async fn wait(promise: Promise, failed: &'static str) -> Result<JsValue> {
    JsFuture::from(promise).await.map_err(|thrown| {
        let cause = JsError::new(&thrown);
        // What is ours may be changed, but not while it is open for writing.
        if cause.name == "NoModificationAllowedError" {
            return Error::new(ErrorKind::Conflict, failed).with_source(cause);
        }
        on(failed)(thrown)
    })
}
