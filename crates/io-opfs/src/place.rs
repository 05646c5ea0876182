//! The two directories, and the lock for what has to be done in one step.

use io_core::{Error, ErrorKind, Result};
use io_web::{LockMode, TabLock, global, lock};
use js_sys::{decode_uri_component, encode_uri_component};
use web_sys::{File, FileSystemDirectoryHandle};

use crate::{
    files::{self, Writing, to_its_end},
    record::Record,
};

/// The directory that is ours.
const OURS: &str = "modelport";

/// The lock: shared by who reads which weights a model has, exclusive for who changes it.
const LOCK: &str = "modelport/opfs";

const EXTENSION: &str = ".json";

/// Where models are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) models: FileSystemDirectoryHandle,
    pub(crate) weights: FileSystemDirectoryHandle,
}

impl Place {
    /// # Errors
    ///
    /// Those of [`io_web::Global::private_files`]; whatever the browser throws.
    pub(crate) async fn open() -> Result<Self> {
        let ours = files::directory(&global().private_files().await?, OURS).await?;
        Ok(Self {
            models: files::directory(&ours, "models").await?,
            weights: files::directory(&ours, "weights").await?,
        })
    }

    /// Nobody changes a model before this is dropped.
    pub(crate) async fn shared(&self) -> Result<TabLock> {
        lock(LOCK, LockMode::Shared).await
    }

    /// Does `work` once nobody else is at any model. From then on it goes to its end, whether or not
    /// somebody waits for it, since what takes several steps must not stop between two of them;
    /// whoever gives up before changes nothing.
    pub(crate) async fn change<T: 'static, W>(self, work: impl FnOnce(Self) -> W) -> Result<T>
    where
        W: Future<Output = Result<T>> + 'static,
    {
        let lock = lock(LOCK, LockMode::Exclusive).await?;
        let work = work(self);
        to_its_end(async move {
            let done = work.await;
            drop(lock);
            done
        })
        .await
    }

    /// What is known of the model, whole or not at all. The caller has the lock.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Record>> {
        self.read(&file_of(name)).await
    }

    /// The models by name, in any order. The caller has the lock.
    pub(crate) async fn all(&self) -> Result<Vec<(String, Result<Record>)>> {
        let mut all = Vec::new();
        for file in files::names(&self.models).await? {
            // What is not of our making is none of our business.
            let Some(name) = name_in(&file) else { continue };
            match self.read(&file).await.transpose() {
                Some(record) => all.push((name, record)),
                // Chromium lists a file that is being made.
                None => continue,
            }
        }
        Ok(all)
    }

    /// The file with the weights of a model, if it has any. The caller has the lock.
    pub(crate) async fn weights_of(&self, record: &Record) -> Result<Option<File>> {
        let Some(id) = &record.head.weights else { return Ok(None) };
        let found = files::find(&self.weights, id).await?;
        found.map(Some).ok_or_else(|| Error::corrupt("the weights of the model are missing"))
    }

    /// Makes `record` the model of this name, in one step. The caller has the exclusive lock.
    pub(crate) async fn put(&self, name: &str, record: &Record) -> Result<()> {
        let file = file_of(name);
        let existed = files::find(&self.models, &file).await?.is_some();
        let stored = self.write(&file, record).await;
        if stored.is_err() && !existed {
            // An empty file, which is no model to us.
            let _ = files::remove(&self.models, &file).await;
        }
        stored
    }

    /// Removes the model of this name, in one step. The caller has the exclusive lock.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        files::remove(&self.models, &file_of(name)).await
    }

    async fn write(&self, file: &str, record: &Record) -> Result<()> {
        let text = record.to_text()?;
        let writing = Writing::begin(&self.models, file).await?;
        if let Err(error) = writing.write(text.as_bytes()).await {
            writing.abort().await;
            return Err(error);
        }
        writing.close().await
    }

    async fn read(&self, file: &str) -> Result<Option<Record>> {
        let Some(file) = files::find(&self.models, file).await? else { return Ok(None) };
        // A first save begins with an empty file, and may have been cut short there.
        match files::text(&file).await? {
            text if text.is_empty() => Ok(None),
            text => Record::parse(&text).map(Some),
        }
    }
}

/// The error for a model that is not there.
pub(crate) fn not_found() -> Error {
    let message = "there is no model of this name in the browser's private file system";
    Error::new(ErrorKind::NotFound, message)
}

fn file_of(name: &str) -> String {
    format!("{}{EXTENSION}", String::from(encode_uri_component(name)))
}

fn name_in(file: &str) -> Option<String> {
    let name = decode_uri_component(file.strip_suffix(EXTENSION)?).ok()?;
    name.as_string().filter(|name| file_of(name) == file)
}
