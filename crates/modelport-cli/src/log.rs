//! The log of the server: lines on standard error, which nobody has to read.
//!
//! Whoever starts a server may not read what it says; a pipe that is full would hold up every request
//! that wants to say something. So a thread of its own writes, and what there is no room for is
//! dropped and counted. A library for this would end with a message on standard output, and with a
//! panic where that is closed.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread,
    time::Duration,
};

use clap::ValueEnum;
use tracing_subscriber::fmt::MakeWriter;

/// How many lines may wait.
const MAX_WAITING: usize = 4096;

/// How long the last lines may take when the server ends.
const MAX_FLUSH: Duration = Duration::from_secs(1);

/// How to log.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One object a line
    Json,
    /// Not at all
    None,
}

/// A log that was started; what waits is written when it is dropped, if anybody reads it.
pub(crate) struct Log(Option<Lines>);

impl Log {
    pub(crate) fn start(format: Format) -> io::Result<Self> {
        if matches!(format, Format::None) {
            return Ok(Self(None));
        }
        // What a panic says may hold anything, a token of a header for one: where it was is enough.
        std::panic::set_hook(Box::new(|panic| match panic.location() {
            Some(at) => tracing::error!("panic at {}:{}", at.file(), at.line()),
            None => tracing::error!("panic"),
        }));
        let (sender, waiting) = sync_channel(MAX_WAITING);
        let lines = Lines { sender, dropped: Arc::default() };
        let dropped = lines.dropped.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&waiting, &dropped, io::stderr()))?;
        let builder = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO);
        // A second log of one process is none of ours.
        let _ = match format {
            Format::Json => builder.json().try_init(),
            _ => builder.try_init(),
        };
        Ok(Self(Some(lines)))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let Some(lines) = &self.0 else { return };
        let (done, all_done) = channel();
        if lines.sender.try_send(Message::Tell(done)).is_ok() {
            let _ = all_done.recv_timeout(MAX_FLUSH);
        }
    }
}

enum Message {
    Line(Vec<u8>),
    /// All before it were written when somebody hears of it.
    Tell(std::sync::mpsc::Sender<()>),
}

/// Takes lines and never waits.
#[derive(Clone)]
struct Lines {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Write for Lines {
    /// The subscriber gives one line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn write(waiting: &Receiver<Message>, dropped: &AtomicU64, mut out: impl Write) {
    let mut told = 0;
    for message in waiting {
        match message {
            // A reader who has gone comes back as little as one who never was.
            Message::Line(line) => drop(out.write_all(&line)),
            Message::Tell(done) => drop(done.send(())),
        }
        let now = dropped.load(Ordering::Relaxed);
        if now != told {
            told = now;
            tracing::warn!(dropped = now, "lines of the log were dropped, as nobody read it");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
            mpsc::{channel, sync_channel},
        },
    };

    use super::{Lines, Message, write};

    #[test]
    fn what_there_is_no_room_for_is_dropped_and_counted() {
        let (sender, waiting) = sync_channel(3);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut lines = Lines { sender, dropped: dropped.clone() };
        for line in ["a\n", "b\n", "c\n", "d\n", "e\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
        drop(lines);
        let mut out = Vec::new();
        write(&waiting, &dropped, &mut out);
        assert_eq!(out, b"a\nb\nc\n");
    }

    #[test]
    fn whoever_waits_for_the_last_line_hears_of_it() {
        let (sender, waiting) = sync_channel(3);
        let (done, all_done) = channel();
        sender.send(Message::Line(b"a\n".to_vec())).unwrap();
        sender.send(Message::Tell(done)).unwrap();
        drop(sender);
        let mut out = Vec::new();
        write(&waiting, &AtomicU64::new(0), &mut out);
        assert_eq!((&out[..], all_done.recv()), (&b"a\n"[..], Ok(())));
    }
}
