//! Files and directories of the browser, as functions that fail with our errors.

use io_core::{Error, ErrorKind, Result};
use io_web::on;
use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream,
};

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

/// Begins to write the file `name`. It has its new content when [`close`] is done, and until then
/// its old one.
pub(crate) async fn open(
    directory: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemWritableFileStream> {
    let failed = "the browser does not make a file";
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle = wait(directory.get_file_handle_with_options(name, &options), failed).await?;
    let handle: FileSystemFileHandle = handle.unchecked_into();
    if !Reflect::has(&handle, &"createWritable".into()).unwrap_or(false) {
        let message = "this browser only lets workers write files, in a way that we do not know";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(wait(handle.create_writable(), failed).await?.unchecked_into())
}

/// Writes bytes after those that were written.
pub(crate) async fn write(file: &FileSystemWritableFileStream, bytes: &[u8]) -> Result<()> {
    // A copy outside our memory, which may move while the browser writes.
    let array = Uint8Array::from(bytes);
    let failed = "the browser does not write a file";
    wait(file.write_with_js_u8_array(&array).map_err(on(failed))?, failed).await.map(drop)
}

/// The same with bytes that the browser has.
pub(crate) async fn write_blob(file: &FileSystemWritableFileStream, blob: &Blob) -> Result<()> {
    let failed = "the browser does not write a file";
    wait(file.write_with_blob(blob).map_err(on(failed))?, failed).await.map(drop)
}

/// Puts what was written in the place of what was there.
pub(crate) async fn close(file: &FileSystemWritableFileStream) -> Result<()> {
    wait(file.close(), "the browser does not keep a file").await.map(drop)
}

/// Forgets what was written.
pub(crate) async fn abort(file: &FileSystemWritableFileStream) {
    // A file that has failed is forgotten already.
    let _ = JsFuture::from(file.abort()).await;
}

/// Removes the file `name`; that it is not there is as good.
pub(crate) async fn remove(directory: &FileSystemDirectoryHandle, name: &str) -> Result<()> {
    match wait(directory.remove_entry(name), "the browser does not remove a file").await {
        Ok(_) => Ok(()),
        Err(error) => none_if_missing::<()>(error).map(drop),
    }
}

fn none_if_missing<T>(error: Error) -> Result<Option<T>> {
    match error.kind() {
        ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

async fn wait(promise: Promise, failed: &'static str) -> Result<JsValue> {
    JsFuture::from(promise).await.map_err(on(failed))
}
