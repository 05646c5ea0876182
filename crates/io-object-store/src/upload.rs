//! Sends the parts of weight objects, several at a time, and takes all back if there is no commit.
//!
//! It runs beside the save, on the runtime, so that it can clean up although the save was dropped:
//! then the channel is closed, and that is all it needs to know.

use bytes::Bytes;
use futures::{
    StreamExt,
    future::{self, Either},
    stream::FuturesUnordered,
};
use io_core::{BoxFuture, ProgressMeter, Result};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, path::Path};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    cutter::Part,
    error::on,
    left::Left,
    objects::{self, Store},
    publish::{Failed, Publish},
};

/// What a save tells its upload.
#[derive(Debug)]
pub(crate) enum Message {
    /// The next part of an object, and the right to send it.
    Part(Part, OwnedSemaphorePermit),
    /// All parts were sent; this is the JSON that names them.
    Commit(Bytes),
}

/// The way of a save to its upload.
#[derive(Debug)]
pub(crate) struct Line {
    sender: mpsc::Sender<Message>,
    /// One for each request that may run.
    requests: Arc<Semaphore>,
}

impl Line {
    /// A line to an upload of so many requests at a time, and its other end.
    pub(crate) fn new(concurrency: usize) -> (Self, mpsc::Receiver<Message>) {
        let (sender, messages) = mpsc::channel(concurrency);
        (Self { sender, requests: Arc::new(Semaphore::new(concurrency)) }, messages)
    }

    /// Where the next part goes, once a request has ended if there are as many as may be: so no
    /// more parts are in memory than are on their way. `None` when the upload has ended.
    pub(crate) async fn slot(&self) -> Option<impl FnOnce(Part) + use<>> {
        let request = self.requests.clone().acquire_owned();
        let ended = std::pin::pin!(self.sender.closed());
        let Either::Left((Ok(request), _)) = future::select(std::pin::pin!(request), ended).await
        else {
            return None;
        };
        let slot = self.sender.clone().reserve_owned().await.ok()?;
        Some(move |part| _ = slot.send(Message::Part(part, request)))
    }

    /// Says that all parts were sent.
    pub(crate) async fn commit(&self, json: Bytes) {
        // Without it, the upload has failed and says why.
        let _ = self.sender.send(Message::Commit(json)).await;
    }
}

/// The objects of one save.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) store: Store,
    pub(crate) objects: Vec<Object>,
    pub(crate) meter: ProgressMeter,
}

/// A weight object on its way.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) key: Path,
    pub(crate) in_parts: bool,
    bytes: u64,
    /// Whether the key was made for this upload, so that nobody else's object is under it.
    is_ours: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Nothing,
    /// Sent in one request, which has begun, or made up of parts.
    Put,
    Parts(Box<dyn MultipartUpload>),
}

enum Event {
    Sent(Option<Result<u64>>),
    Told(Option<Message>),
}

type Sending = FuturesUnordered<BoxFuture<'static, Result<u64>>>;

impl Object {
    /// An object of so many bytes, under a key that was made for it.
    pub(crate) fn new(key: Path, bytes: u64, in_parts: bool) -> Self {
        Self { key, in_parts, bytes, is_ours: true, state: State::Nothing }
    }

    /// The same in parts, under a key where an object may be, which stays if this fails.
    pub(crate) fn replacing(key: Path, bytes: u64) -> Self {
        Self { is_ours: false, ..Self::new(key, bytes, true) }
    }
}

impl Upload {
    /// Takes parts until there is a commit or nobody is left to send one, and gives what the caller
    /// should know. When it returns an error, nothing of it is left unless `publish` could not tell
    /// whether it was taken, or the hint says so.
    ///
    /// # Errors
    ///
    /// What the store refuses with; that of the commit.
    pub(crate) async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        publish: Publish,
    ) -> Result<Vec<String>> {
        let mut sending = Sending::new();
        let sent = self.send(&mut messages, &mut sending).await;
        let failed = match sent {
            Ok(Some(json)) => match self.complete().await {
                Ok(()) => {
                    // From here on nobody can tell the upload anything but that it was given up.
                    match publish.publish(json, || messages.is_closed()).await {
                        Ok(warnings) => return Ok(warnings),
                        Err(failed) => failed,
                    }
                }
                Err(error) => Failed::surely(error),
            },
            Ok(None) => Failed::given_up(),
            Err(error) => Failed::surely(error),
        };
        if !failed.perhaps_published {
            // A request that is on its way could land after its object was removed.
            while sending.next().await.is_some() {}
            let left = self.undo().await;
            return Err(Left::add_to(left.as_ref(), failed.error));
        }
        Err(match failed.error.hint() {
            Some(_) => failed.error,
            None => failed.error.with_hint(
                "it is not known whether the model was saved: look at it; if it was not, \
                 `modelport gc` removes its weights after a day",
            ),
        })
    }

    /// The same without a commit: the objects are there when it returns.
    ///
    /// # Errors
    ///
    /// What the store refuses with.
    pub(crate) async fn run_to_objects(
        mut self,
        mut messages: mpsc::Receiver<Message>,
    ) -> Result<()> {
        let mut sending = Sending::new();
        let sent = match self.send(&mut messages, &mut sending).await {
            Ok(Some(_)) => self.complete().await,
            Ok(None) => Err(Failed::given_up().error),
            Err(error) => Err(error),
        };
        let Err(error) = sent else { return Ok(()) };
        while sending.next().await.is_some() {}
        let left = self.undo().await;
        Err(Left::add_to(left.as_ref(), error))
    }

    /// The JSON to commit; `None` when the save was given up.
    async fn send(
        &mut self,
        messages: &mut mpsc::Receiver<Message>,
        sending: &mut Sending,
    ) -> Result<Option<Bytes>> {
        let mut json = None;
        loop {
            let event = if json.is_some() {
                Event::Sent(sending.next().await)
            } else if sending.is_empty() {
                Event::Told(messages.recv().await)
            } else {
                let told = std::pin::pin!(messages.recv());
                match future::select(sending.next(), told).await {
                    Either::Left((sent, _)) => Event::Sent(sent),
                    Either::Right((message, _)) => Event::Told(message),
                }
            };
            match event {
                Event::Sent(Some(sent)) => self.meter.add(sent?),
                // All is sent and nothing more is to come.
                Event::Sent(None) => return Ok(json),
                Event::Told(None) => return Ok(None),
                Event::Told(Some(Message::Commit(text))) => json = Some(text),
                Event::Told(Some(Message::Part(part, request))) => {
                    sending.extend(self.start(part, request).await?);
                }
            }
        }
    }

    async fn start(
        &mut self,
        part: Part,
        running: OwnedSemaphorePermit,
    ) -> Result<Option<BoxFuture<'static, Result<u64>>>> {
        let bytes = part.byte_length();
        let store = self.store.clone();
        let Some(object) = self.objects.get_mut(part.object) else {
            return Ok(None);
        };
        let payload = PutPayload::from_iter(part.pieces);
        let key = object.key.clone();
        if !object.in_parts {
            object.state = State::Put;
            return Ok(Some(Box::pin(async move {
                let _running = running;
                store.put(&key, payload).await.map_err(on("write", &key))?;
                Ok(bytes)
            })));
        }
        if matches!(object.state, State::Nothing) {
            object.state =
                State::Parts(store.put_multipart(&key).await.map_err(on("write", &key))?);
        }
        let State::Parts(upload) = &mut object.state else {
            return Ok(None);
        };
        let request = upload.put_part(payload);
        Ok(Some(Box::pin(async move {
            let _running = running;
            request.await.map_err(on("write", &key))?;
            Ok(bytes)
        })))
    }

    /// Makes objects of their parts.
    async fn complete(&mut self) -> Result<()> {
        for object in &mut self.objects {
            if let State::Parts(upload) = &mut object.state {
                if let Err(error) = upload.complete().await {
                    // An answer that was lost on the way may have been that it was done: then a
                    // second try by the client finds no parts any more. Under a key of others the
                    // old object may be as long.
                    let is_done = object.is_ours
                        && objects::head(&self.store, &object.key)
                            .await
                            .is_ok_and(|it| it.is_some_and(|it| it.size == object.bytes));
                    if !is_done {
                        return Err(on("write", &object.key)(error));
                    }
                }
                object.state = State::Put;
            }
        }
        Ok(())
    }

    /// Removes what was sent, and gives what is left of it.
    async fn undo(self) -> Option<Left> {
        let (mut written, mut left) = (Vec::new(), None);
        for object in self.objects {
            match object.state {
                State::Nothing => continue,
                State::Put => {}
                // It may have become an object though we were told otherwise.
                State::Parts(mut upload) => match upload.abort().await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => {
                        let error = on("take back the upload of", &object.key)(error);
                        left = Left::and(left, Left::new([object.key.clone()].into(), &error));
                    }
                },
            }
            if object.is_ours {
                written.push(object.key);
            }
        }
        Left::and(left, objects::remove_all(&self.store, written).await)
    }
}
