//! The bytes of one weight file, whatever the network does meanwhile.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use http::Method;
use io_core::{Error, ErrorKind, Result};
use io_manifest::Checksum;

use crate::{
    ask::Ask,
    cache::{Cached, Tee},
    platform::{ASKS_IF_RANGE, HIDES_HEADERS, Instant, Reply, Transport},
    response::{Extent, Head, Version},
    retry::{Failure, Tries},
    speed::Speed,
    weight_file::WeightFile,
};

/// How many bytes a failed attempt must have brought for the next ones to count anew, and which part
/// of what it read again: a server that cuts byte by byte would never end.
const MIN_PROGRESS: u64 = 4 << 10;
const MIN_PROGRESS_PART: u64 = 16;

/// Reads a range of a weight file in order. What was handed out once is final: a body that has to
/// start again is compared with it and never joined to it.
#[derive(Debug)]
pub(crate) struct FileReader {
    transport: Arc<Transport>,
    file: Arc<WeightFile>,
    range: Range<u64>,
    /// The next byte to hand out.
    at: u64,
    /// Of the bytes that were handed out.
    checksum: Checksum,
    tries: Tries,
    body: Option<Body>,
    /// The version of the first answer of this reader.
    version: Option<Version>,
    /// Whether ranges are of no use: one was answered with another range or version, or the body is
    /// decoded on its way.
    whole_only: bool,
    /// Bytes handed out since the last failure, and how many make it one that is not in vain.
    fresh: u64,
    due: u64,
    /// Bytes that came in all attempts, and how fast.
    received: u64,
    speed: Speed,
    early: Option<Failure>,
    /// The copy in the cache that is read, and one that is being made.
    copy: Option<Cached>,
    tee: Option<Tee>,
    /// Whether the cache is of no use.
    no_copy: bool,
}

/// A body on its way.
#[derive(Debug)]
struct Body {
    reply: Reply,
    /// Where in the file its next byte belongs.
    position: u64,
    /// Of bytes that were handed out before and come again, while they do.
    again: Option<Checksum>,
    /// Whether it is the file from its first byte to its last.
    whole: bool,
}

impl FileReader {
    /// Nothing is requested before the first call of [`next`](Self::next).
    pub(crate) fn new(transport: Arc<Transport>, file: Arc<WeightFile>, range: Range<u64>) -> Self {
        let tries = transport.tries();
        let speed = Speed::new(&transport.options);
        Self {
            transport,
            file,
            at: range.start,
            range,
            checksum: Checksum::new(),
            tries,
            body: None,
            version: None,
            whole_only: false,
            fresh: 0,
            due: MIN_PROGRESS,
            received: 0,
            speed,
            early: None,
            copy: None,
            tee: None,
            no_copy: false,
        }
    }

    /// Whether all that is read is under a checksum.
    pub(crate) fn is_verified(&self) -> bool {
        self.file.integrity.is_some() && self.is_whole()
    }

    /// How many bytes are still to be handed out.
    pub(crate) fn remaining(&self) -> u64 {
        self.range.end.saturating_sub(self.at)
    }

    fn is_whole(&self) -> bool {
        self.range == (0..self.file.length)
    }

    /// The reader with its first request made, for later: failures come with the first bytes.
    pub(crate) async fn opened(mut self) -> Self {
        self.early = self.open().await.err();
        self
    }

    /// The next bytes; `None` at the end. The last ones come after all checks.
    ///
    /// # Errors
    ///
    /// - `Conflict`: the file was changed while it was read.
    /// - `Corrupt`: what the server sends is not the file, or fails its checksum.
    /// - `NotFound`, `PermissionDenied`, `Network`, `Timeout`: the server or the way to it.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        while self.at < self.range.end {
            let (start, before) = (Instant::now(), self.received);
            let step = self.step().await;
            let slow = self.speed.add(start.elapsed(), self.received.saturating_sub(before)).err();
            let is_over =
                self.at >= self.range.end || matches!(&step, Err(failure) if !failure.retry);
            if let Some(slow) = slow.filter(|_| !is_over) {
                return Err(self.too_slow(slow));
            }
            match step {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    self.fresh = self.fresh.saturating_add(bytes.len() as u64);
                    if self.fresh >= self.due {
                        self.tries.progressed();
                    }
                    return Ok(Some(bytes));
                }
                Err(failure) => {
                    self.body = None;
                    self.fresh = 0;
                    let start = Instant::now();
                    self.transport.pause(&mut self.tries, failure).await?;
                    self.speed.add(start.elapsed(), 0).map_err(|slow| self.too_slow(slow))?;
                }
            }
        }
        Ok(None)
    }

    /// The failure of a server that brings too little, however many attempts it is given.
    fn too_slow(&self, slow: Failure) -> Error {
        slow.about(&self.file.subject()).error
    }

    async fn step(&mut self) -> Result<Bytes, Failure> {
        if let Some(failure) = self.early.take() {
            return Err(failure);
        }
        if self.body.is_none() {
            self.open().await?;
        }
        let Some(body) = &mut self.body else { return Ok(Bytes::new()) };
        let chunk = body.reply.chunk().await;
        let Some(chunk) = chunk.map_err(|failure| failure.about(&self.file.subject()))? else {
            // An end that the server itself had declared; one that was cut is an error above.
            let found = format!("{} bytes", body.position);
            return Err(self.file.wrong_length(&found, &[]).into());
        };
        self.received = self.received.saturating_add(chunk.len() as u64);
        if body.position == 0 {
            self.file.check_beginning(&body.reply.head, &chunk)?;
        }
        let start = body.position;
        body.position = start.saturating_add(chunk.len() as u64);
        if let Some(again) = &mut body.again {
            again.update(&part(&chunk, start, self.range.start..self.at));
            if body.position >= self.at {
                if again.finish() != self.checksum.finish() {
                    return Err(self.file.changed().into());
                }
                body.again = None;
            }
        }
        let fresh = part(&chunk, start, self.at..self.range.end);
        let (whole, position) = (body.whole, body.position);
        let first = self.at == self.range.start;
        self.checksum.update(&fresh);
        self.at += fresh.len() as u64;
        if let Some(tee) = &mut self.tee
            && !tee.write(&fresh).await
        {
            self.tee = None;
        }
        if self.at >= self.range.end {
            if self.has_damaged_copy().await {
                if first {
                    // Nobody has seen any of it: the server has it, too.
                    (self.body, self.at) = (None, self.range.start);
                    (self.checksum, self.no_copy) = (Checksum::new(), true);
                    return Ok(Bytes::new());
                }
                let error = self.file.corrupt("was damaged in the cache, and is removed there");
                return Err(error.with_retryable(true).into());
            }
            self.check_end(whole, position).await?;
            if let Some(tee) = self.tee.take() {
                let version = self.version.clone().unwrap_or_default();
                tee.commit(version, self.checksum.integrity(), (self.file.model, None)).await;
            }
        }
        Ok(fresh)
    }

    /// Whether what was read to its end is a copy that is no longer what it was; it is removed.
    async fn has_damaged_copy(&mut self) -> bool {
        let copy = self.copy.take().filter(|_| self.is_whole());
        let Some(copy) = copy.filter(|copy| copy.integrity() != self.checksum.integrity()) else {
            return false;
        };
        copy.remove().await;
        true
    }

    /// Everything that can be said before the last bytes are handed out.
    async fn check_end(&mut self, whole: bool, position: u64) -> Result<(), Failure> {
        if let Some(mut body) = self.body.take()
            && whole
            && self.range.end == self.file.length
        {
            let mut more = position > self.file.length;
            if !more && body.reply.head.content_length().is_none() {
                more = match body.reply.chunk().await {
                    Ok(more) => more.is_some(),
                    // What is behind the last byte of a coded body tells whether all were right.
                    Err(failure) if body.reply.head.coded => {
                        let failure = failure.about(&self.file.subject());
                        return Err(Failure { retry: false, ..failure });
                    }
                    Err(_) => false,
                };
            }
            if more {
                return Err(self.file.wrong_length("more bytes", &[]).into());
            }
        }
        match self.file.integrity {
            Some(expected)
                if self.is_verified() && expected.crc64nvme != self.checksum.finish() =>
            {
                Err(self.file.corrupt("fails its checksum").into())
            }
            _ => Ok(()),
        }
    }

    /// Requests what is missing.
    async fn open(&mut self) -> Result<(), Failure> {
        let copy = self.find_copy().await;
        let body = match &copy {
            Some(copy) if self.is_certain(copy) => self.open_copy(copy).await?,
            _ => None,
        };
        if body.is_some() {
            (self.body, self.copy) = (body, copy);
            return Ok(());
        }
        let (from, to) = (self.resume_from(), self.range.end.saturating_sub(1));
        let asks_range = !self.whole_only && (from > 0 || self.range.end < self.file.length);
        let if_range = self.version.as_ref().and_then(Version::for_if_range).map(str::to_owned);
        // Whether the server still has what the cache has.
        let (if_none_match, if_modified_since) = match &copy {
            Some(copy) if self.is_whole() => copy.version().as_condition(),
            _ => (None, None),
        };
        let ask = Ask {
            range: asks_range.then_some((from, Some(to))),
            if_range: if_range.as_deref().filter(|_| asks_range && from > self.range.start),
            if_none_match,
            if_modified_since,
            ..Ask::WEIGHTS
        };
        let about = |failure: Failure| failure.about(&self.file.subject());
        let reply = self.transport.request(Method::GET, &self.file.url.0, ask).await;
        let mut reply = reply.map_err(about)?;
        // Its ranges would be those of other bytes.
        self.whole_only |= reply.head.coded;
        let version = reply.head.version();
        let extent = reply.head.extent(asks_range);
        let position = match (extent, reply.head.status) {
            (Extent::Whole, _) => {
                self.check_version(version)?;
                self.check_length(&mut reply).await?;
                0
            }
            (Extent::Part, _) if asks_range => {
                let other = |own: &Version| {
                    let asked = ASKS_IF_RANGE || from == self.range.start;
                    own.differs(&version)
                        || (!asked && own.for_if_range() != version.for_if_range())
                };
                let is_other = reply.head.coded || self.version.as_ref().is_some_and(other);
                if is_other || !self.is_range(&reply.head, from, to)? {
                    // Only the whole can tell what it is of.
                    self.whole_only = true;
                    return Box::pin(self.open()).await;
                }
                self.check_version(version)?;
                from
            }
            (Extent::Part, _) => {
                let error = self.file.corrupt("came in part though all of it was requested");
                return Err(Failure { retry: true, ..error.into() });
            }
            (_, 304) if if_none_match.or(if_modified_since).is_some() => {
                self.no_copy = true;
                return match copy {
                    Some(copy) => match self.open_copy(&copy).await? {
                        Some(body) => {
                            (self.body, self.copy) = (Some(body), Some(copy));
                            Ok(())
                        }
                        None => Box::pin(self.open()).await,
                    },
                    None => Ok(()),
                };
            }
            // A server may refuse a range that it has.
            (_, 416) if asks_range && reply.head.total_length() == Some(self.file.length) => {
                self.whole_only = true;
                return Box::pin(self.open()).await;
            }
            // The file is shorter than it was said to be.
            (_, 416) => {
                self.check_version(version)?;
                return Err(self.file.corrupt("is shorter than the model says").into());
            }
            _ => return Err(about(reply.failure("the server").await)),
        };
        let whole = extent == Extent::Whole;
        self.due = MIN_PROGRESS.max(self.at.saturating_sub(position) / MIN_PROGRESS_PART);
        let again = (position < self.at && self.at > self.range.start).then(Checksum::new);
        if self.at == 0 && whole && self.is_whole() && reply.head.may_be_kept() {
            self.tee = Tee::start(&self.transport, &self.file.url.0).await;
        }
        self.body = Some(Body { reply, position, again, whole });
        Ok(())
    }

    /// A copy in the cache that may be the file. What was begun from a server goes on from there.
    async fn find_copy(&self) -> Option<Cached> {
        if self.at > self.range.start || self.no_copy {
            return None;
        }
        let copy = Cached::find(&self.transport, &self.file.url.0).await?;
        (copy.integrity().bytes == self.file.length).then_some(copy)
    }

    /// Whether a copy is the file without asking the server: by the checksum in the model file, or,
    /// offline, since it came with this model file.
    fn is_certain(&self, copy: &Cached) -> bool {
        let offline = self.transport.options.is_offline();
        match self.file.recorded {
            Some(recorded) => recorded == copy.integrity(),
            None => offline && copy.model() == self.file.model,
        }
    }

    /// The bytes of a copy, if it is still there.
    async fn open_copy(&mut self, copy: &Cached) -> Result<Option<Body>> {
        let from = self.range.start;
        let Some(reply) = copy.reply(&self.file.url.0, from).await else { return Ok(None) };
        self.check_version(copy.version().clone())?;
        copy.used(self.file.model).await;
        Ok(Some(Body { reply, position: from, again: None, whole: from == 0 }))
    }

    /// Where the next body can begin: behind what was handed out only if the server will not join
    /// two versions.
    fn resume_from(&self) -> u64 {
        let known = self.version.as_ref().is_some_and(|version| version.for_if_range().is_some());
        if known { self.at } else { self.range.start }
    }

    /// Remembers and compares versions; a checksum of the whole says more than they do. So does reading
    /// the whole file again, if it is the only one: its bytes are compared, and all are of one version.
    fn check_version(&mut self, version: Version) -> Result<()> {
        let is_again = self.at > self.range.start && self.is_whole();
        let is_accepted = self.is_verified() || is_again && self.file.replace_version(&version);
        if !is_accepted {
            self.file.check_version(version.clone())?;
        }
        self.version = Some(version);
        Ok(())
    }

    async fn check_length(&self, reply: &mut Reply) -> Result<(), Failure> {
        match reply.head.content_length().or(reply.head.total_length()) {
            Some(found) if found != self.file.length => {
                let beginning = reply.chunk().await.ok().flatten().unwrap_or_default();
                Err(self.file.wrong_length(&format!("{found} bytes"), &beginning).into())
            }
            _ => Ok(()),
        }
    }

    /// Whether the response has the range that was requested.
    ///
    /// # Errors
    ///
    /// - `Corrupt`: the file has another length.
    /// - `PermissionDenied`: a page is not shown which range it is.
    fn is_range(&self, head: &Head, from: u64, to: u64) -> Result<bool> {
        match head.content_range() {
            Some((_, _, Some(total))) if total != self.file.length => {
                Err(self.file.wrong_length(&format!("{total} bytes"), &[]))
            }
            Some((first, last, _)) => Ok((first, last) == (from, to)),
            // The length is always shown.
            None if HIDES_HEADERS && head.get("content-range").is_none() => {
                if head.content_length() == Some((to - from).saturating_add(1)) {
                    return Ok(true);
                }
                let message = format!("{} came in a range that is not shown", self.file.subject());
                Err(Error::new(ErrorKind::PermissionDenied, message).with_hint(
                    "the server has to send `Access-Control-Expose-Headers: Content-Range`",
                ))
            }
            None => Ok(false),
        }
    }

    /// Whether the server has confirmed the length of the file.
    pub(crate) fn is_length_confirmed(&self) -> bool {
        let head = self.body.as_ref().map(|body| &body.reply.head);
        head.is_some_and(|head| head.status == 206 || head.content_length().is_some())
    }
}

/// The bytes of `chunk`, which begins at `start`, that lie in `range`.
fn part(chunk: &Bytes, start: u64, range: Range<u64>) -> Bytes {
    let end = start.saturating_add(chunk.len() as u64);
    let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
    // Both lie within the chunk, whose length is a usize.
    let within = |at: u64| usize::try_from(at - start).unwrap_or(chunk.len());
    if from < to { chunk.slice(within(from)..within(to)) } else { Bytes::new() }
}
