//! A server that does as it is told, misbehaviour included.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// One request, whose body is still to be read.
pub struct Exchange<'a> {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub length: u64,
    /// How many requests for this target there were before.
    pub nth: usize,
    reader: &'a mut BufReader<TcpStream>,
}

/// Listens on a port of its own until it is dropped.
pub struct Server {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

type Script = dyn Fn(&mut Exchange<'_>) -> io::Result<()> + Send + Sync;

impl Server {
    /// Answers each request by `script`; an error closes the connection.
    pub fn start(
        script: impl Fn(&mut Exchange<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (log, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let script: Arc<Script> = Arc::new(script);
        let (all, stopped) = (log.clone(), stop.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), script, log) = (stream, script.clone(), all.clone()) else {
                    break;
                };
                thread::spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    let mut reader = BufReader::new(stream);
                    while serve(&mut reader, &*script, &log).is_ok() {}
                    let _ = reader.get_ref().shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, log, stop }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn origin(&self) -> String {
        self.url("")
    }

    /// Begins the log anew.
    pub fn forget(&self) {
        self.log.lock().unwrap().clear();
    }

    /// Method and target of every request so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    reader: &mut BufReader<TcpStream>,
    script: &Script,
    log: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let entry = format!("{method} {target}");
    let nth = {
        let mut log = log.lock().unwrap();
        let nth = log.iter().filter(|before| **before == entry).count();
        log.push(entry);
        nth
    };
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    script(&mut Exchange { method, target, headers, length, nth, reader })
}

impl Exchange<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The whole body.
    pub fn body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = vec![0; usize::try_from(self.length).unwrap()];
        self.reader.read_exact(&mut body)?;
        Ok(body)
    }

    /// The connection, for what is no HTTP.
    pub fn stream(&self) -> io::Result<TcpStream> {
        self.reader.get_ref().try_clone()
    }

    /// The next bytes of the body.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.reader.get_ref();
        stream.write_all(bytes)?;
        stream.flush()
    }

    pub fn head(&mut self, status: u16, headers: &[(&str, &str)], length: usize) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        self.write(format!("{text}\r\n").as_bytes())
    }

    /// A whole answer, without its body where it was not asked for.
    pub fn answer(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        self.head(status, headers, body.len())?;
        if self.method == "HEAD" { Ok(()) } else { self.write(body) }
    }

    /// The first bytes of `body`, then the end of the connection.
    pub fn cut(&mut self, headers: &[(&str, &str)], body: &[u8], after: usize) -> io::Result<()> {
        self.head(200, headers, body.len())?;
        self.write(&body[..after])?;
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// `body` as a well behaved server sends it: the range that is asked for, if `If-Range` allows.
    pub fn file(&mut self, etag: &str, body: &[u8]) -> io::Result<()> {
        let fresh = self.header("if-range").is_none_or(|validator| validator == etag);
        let range = self.header("range").filter(|_| fresh).map(str::to_owned);
        let bounds = range.as_deref().and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        });
        let etag = ("etag", etag);
        match bounds {
            Some((first, _)) if first >= body.len() => {
                let total = format!("bytes */{}", body.len());
                self.answer(416, &[("content-range", &total), etag], b"")
            }
            Some((first, last)) => {
                let last = last.min(body.len() - 1);
                let range = format!("bytes {first}-{last}/{}", body.len());
                self.answer(206, &[("content-range", &range), etag], &body[first..=last])
            }
            None => self.answer(200, &[etag], body),
        }
    }
}
