//! A proxy before a server that lets requests go wrong.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server answers it.
    Answered,
    /// The server never sees it, and the connection is gone.
    Reset,
    /// The server has done it, and the connection is gone without an answer.
    AnswerLost,
    /// The connection is gone in the middle of the answer.
    AnswerCut,
    /// The server never sees it; this status is the answer.
    Refused(u16),
    /// The server has done it, and this status is the answer.
    Denied(u16),
    /// The server never sees it, and there is no answer, for as long as the client waits.
    Stalled,
}

/// A request that the proxy has, whole.
#[derive(Debug)]
pub(crate) struct Request {
    /// How many came before.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) target: String,
}

type Judge = dyn Fn(&Request) -> Fate + Send + Sync;

/// Listens at a port of its own until it is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
}

struct State {
    upstream: u16,
    judge: Box<Judge>,
    /// Headers that the server never sees.
    withheld: &'static [&'static str],
    requests: AtomicUsize,
    open: AtomicUsize,
    is_over: AtomicBool,
}

impl Proxy {
    /// Starts one before the port `upstream`; `judge` decides about each request.
    pub(crate) fn start(
        upstream: u16,
        judge: impl Fn(&Request) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(upstream, judge, &[])
    }

    /// Starts one that makes of a server one that takes the conditions of a write and does not keep
    /// them. What is signed is refused with its conditions gone.
    pub(crate) fn careless(upstream: u16) -> Self {
        Self::start_with(upstream, |_| Fate::Answered, &["if-match", "if-none-match"])
    }

    fn start_with(
        upstream: u16,
        judge: impl Fn(&Request) -> Fate + Send + Sync + 'static,
        withheld: &'static [&'static str],
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            upstream,
            judge: Box::new(judge),
            withheld,
            requests: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let all = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if all.is_over.load(SeqCst) {
                    break;
                }
                let (Ok(client), state) = (client, all.clone()) else { break };
                state.open.fetch_add(1, SeqCst);
                thread::spawn(move || {
                    let _ = state.serve(&client);
                    let _ = client.shutdown(Shutdown::Both);
                    state.open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { port, state }
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(SeqCst)
    }

    /// Waits until nothing is on its way any more, the client being gone.
    pub(crate) fn wait_until_quiet(&self) {
        let start = Instant::now();
        while self.state.open.load(SeqCst) > 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "a request has no end");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    /// One request: the answer ends the connection.
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(client);
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let mut head = line;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "" => break,
                "content-length" => length = value.trim().parse().unwrap(),
                "connection" => continue,
                "transfer-encoding" => panic!("a body without a length"),
                name if self.withheld.contains(&name) => continue,
                _ => {}
            }
            head.push_str(&line);
        }
        head.push_str("connection: close\r\n\r\n");
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;

        let number = self.requests.fetch_add(1, SeqCst);
        let fate = (self.judge)(&Request { number, method, target });
        let mut client = client;
        match fate {
            Fate::Reset => return Ok(()),
            Fate::Refused(status) => return refuse(client, status),
            // Until the client hangs up.
            Fate::Stalled => return reader.read_exact(&mut [0]),
            Fate::Answered | Fate::AnswerLost | Fate::AnswerCut | Fate::Denied(_) => {}
        }
        let mut server = TcpStream::connect(("127.0.0.1", self.upstream))?;
        server.write_all(head.as_bytes())?;
        server.write_all(&body)?;
        let mut answer = Vec::new();
        if fate == Fate::Answered {
            // As it comes, since it may be long.
            return io::copy(&mut server, &mut client).map(drop);
        }
        server.read_to_end(&mut answer)?;
        match fate {
            Fate::AnswerCut => client.write_all(&answer[..answer.len() * 2 / 3]),
            Fate::Denied(status) => refuse(client, status),
            _ => Ok(()),
        }
    }
}

fn refuse(mut client: &TcpStream, status: u16) -> io::Result<()> {
    let body = "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 {status} Refused\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
