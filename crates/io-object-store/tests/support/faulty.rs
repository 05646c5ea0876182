//! A store in memory that fails when it is told to, and knows what is left in it.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, executor::block_on, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart, memory::InMemory, path::Path,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and nothing has happened.
    Refused,
    /// The call fails with an error that leaves open what has happened; nothing has.
    Lost,
    /// The same, but it was done.
    Answer,
}

/// Which call goes wrong: the one of this kind and number, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Put(u64),
    Part(u64),
    Complete(u64),
    Json(u64),
}

#[derive(Debug, Default)]
pub struct Faulty {
    inner: InMemory,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    fault: Mutex<Option<(Call, Fault)>>,
    puts: AtomicU64,
    parts: AtomicU64,
    completes: AtomicU64,
    jsons: AtomicU64,
    open_uploads: AtomicI64,
    bytes_read: AtomicU64,
    cannot_copy: AtomicBool,
    careless: AtomicBool,
    overwrite: Mutex<Option<(Path, Bytes)>>,
}

impl Faulty {
    /// From now on this call fails.
    pub fn fail(&self, call: Call, fault: Fault) {
        for count in [&self.state.puts, &self.state.parts, &self.state.completes, &self.state.jsons]
        {
            count.store(0, SeqCst);
        }
        *self.state.fault.lock().unwrap() = Some((call, fault));
    }

    pub fn heal(&self) {
        *self.state.fault.lock().unwrap() = None;
    }

    /// Uploads in parts that were neither completed nor aborted.
    pub fn open_uploads(&self) -> i64 {
        self.state.open_uploads.load(SeqCst)
    }

    /// Bytes that were read since the last call.
    pub fn bytes_read(&self) -> u64 {
        self.state.bytes_read.swap(0, SeqCst)
    }

    /// From now on it does not copy.
    pub fn without_copies(&self) {
        self.state.cannot_copy.store(true, SeqCst);
    }

    /// From now on it takes the conditions of a write and does not keep them.
    pub fn careless(&self) {
        self.state.careless.store(true, SeqCst);
    }

    /// Somebody else writes these bytes to the object just before the next copy.
    pub fn overwrite_before_copy(&self, key: &str, bytes: Vec<u8>) {
        let key = Path::parse(key).unwrap();
        *self.state.overwrite.lock().unwrap() = Some((key, bytes.into()));
    }

    /// All keys, in order.
    pub fn keys(&self) -> Vec<String> {
        let listed = self.inner.list(None).map(|meta| meta.unwrap().location.to_string());
        block_on(listed.collect())
    }
}

impl State {
    fn fault(&self, count: &AtomicU64, call: fn(u64) -> Call) -> Option<Fault> {
        let number = count.fetch_add(1, SeqCst);
        let fault = *self.fault.lock().unwrap();
        fault.filter(|(which, _)| *which == call(number)).map(|(_, fault)| fault)
    }
}

fn error(fault: Fault) -> Error {
    match fault {
        Fault::Refused => {
            Error::PermissionDenied { path: "it".to_owned(), source: "not for you".into() }
        }
        Fault::Lost | Fault::Answer => {
            Error::Generic { store: "faulty", source: "connection reset".into() }
        }
    }
}

/// A network does not keep what it was given.
fn copied(payload: PutPayload) -> PutPayload {
    let pieces = payload.iter().map(|piece| Bytes::copy_from_slice(piece));
    pieces.collect::<Vec<_>>().into_iter().collect()
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        if self.state.careless.load(SeqCst) {
            options.mode = PutMode::Overwrite;
        }
        let fault = match location.extension() {
            Some("json") => self.state.fault(&self.state.jsons, Call::Json),
            _ => self.state.fault(&self.state.puts, Call::Put),
        };
        let put = || self.inner.put_opts(location, copied(payload), options);
        match fault {
            None => put().await,
            Some(Fault::Answer) => {
                put().await?;
                Err(error(Fault::Answer))
            }
            Some(fault) => Err(error(fault)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(location, options).await?;
        self.state.open_uploads.fetch_add(1, SeqCst);
        Ok(Box::new(Upload { inner, state: self.state.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let is_head = options.head;
        let found = self.inner.get_opts(location, options).await?;
        if !is_head {
            self.state.bytes_read.fetch_add(found.range.end - found.range.start, SeqCst);
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if self.state.cannot_copy.load(SeqCst) {
            let (operation, implementer) = ("copy".to_owned(), "Faulty".to_owned());
            return Err(Error::NotImplemented { operation, implementer });
        }
        let overwrite = self.state.overwrite.lock().unwrap().take();
        if let Some((key, bytes)) = overwrite {
            self.inner.put_opts(&key, bytes.into(), PutOptions::default()).await?;
        }
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    state: Arc<State>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match self.state.fault(&self.state.parts, Call::Part) {
            None => self.inner.put_part(copied(data)),
            Some(fault) => async move { Err(error(fault)) }.boxed(),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fault = self.state.fault(&self.state.completes, Call::Complete);
        if let Some(fault @ (Fault::Refused | Fault::Lost)) = fault {
            return Err(error(fault));
        }
        self.state.open_uploads.fetch_sub(1, SeqCst);
        let done = self.inner.complete().await?;
        fault.map_or(Ok(done), |fault| Err(error(fault)))
    }

    async fn abort(&mut self) -> Result<()> {
        self.state.open_uploads.fetch_sub(1, SeqCst);
        self.inner.abort().await
    }
}
