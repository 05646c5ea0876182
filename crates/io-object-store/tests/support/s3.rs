//! A small S3 server in this process, which misbehaves as it is told to.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use io_core::{HandlerOptions, IOHandler, ModelStore, ModelUrl};
use io_object_store::aws::REGISTRATION;

/// A request, whole.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    /// The decoded key in the bucket `b`.
    pub key: String,
    pub query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    pub fn is(&self, method: &str, key: &str) -> bool {
        self.method == method && self.key == key
    }

    pub fn is_list(&self) -> bool {
        self.method == "GET" && self.query.contains("list-type")
    }

    pub fn is_removal(&self) -> bool {
        self.method == "DELETE"
    }

    pub fn is_conditional(&self) -> bool {
        self.headers.contains_key("if-match") || self.headers.contains_key("if-none-match")
    }
}

/// What is answered.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Whether the body is repeated until the client hangs up.
    is_endless: bool,
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), is_endless: false }
    }

    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Self::new(status, body)
    }

    pub fn denied() -> Self {
        Self::error(403, "AccessDenied", "Access Denied")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn headers_mut(&mut self) -> &mut Vec<(&'static str, String)> {
        &mut self.headers
    }

    pub fn endless(mut self) -> Self {
        self.is_endless = true;
        self
    }
}

/// What is in the bucket: bytes and entity tag by key.
pub type Objects = BTreeMap<String, (Vec<u8>, String)>;

type Judge = dyn Fn(&Request, &Server) -> Option<Response> + Send + Sync;
type Change = dyn Fn(&Request, Response) -> Response + Send + Sync;

#[derive(Clone)]
pub struct Server(Arc<State>);

struct State {
    port: u16,
    objects: Mutex<Objects>,
    log: Mutex<Vec<String>>,
    tags: AtomicU64,
    judge: Mutex<Arc<Judge>>,
    change: Mutex<Arc<Change>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = Self(Arc::new(State {
            port: listener.local_addr().unwrap().port(),
            objects: Mutex::default(),
            log: Mutex::default(),
            tags: AtomicU64::new(1),
            judge: Mutex::new(Arc::new(|_, _| None)),
            change: Mutex::new(Arc::new(|_, response| response)),
        }));
        let all = server.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), server) = (client, all.clone()) else { break };
                // A client that hangs up is none of the server's business.
                thread::spawn(move || while server.serve(&client).is_ok_and(|goes_on| goes_on) {});
            }
        });
        server
    }

    /// From now on `judge` is asked first, and answers where it likes to.
    pub fn judge(
        &self,
        judge: impl Fn(&Request, &Self) -> Option<Response> + Send + Sync + 'static,
    ) {
        *self.0.judge.lock().unwrap() = Arc::new(judge);
        self.0.log.lock().unwrap().clear();
    }

    /// From now on each answer passes through `change`.
    pub fn change(&self, change: impl Fn(&Request, Response) -> Response + Send + Sync + 'static) {
        *self.0.change.lock().unwrap() = Arc::new(change);
    }

    pub fn behave(&self) {
        self.judge(|_, _| None);
        self.change(|_, response| response);
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port)
    }

    pub fn options(&self) -> HandlerOptions {
        HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("endpoint", self.address())
            .with_setting("allow_http", "true")
            .with_setting("anonymous", "true")
            .with_setting("max_retries", "2")
    }

    pub fn open(&self, key: &str) -> Box<dyn IOHandler> {
        self.open_with(key, &self.options())
    }

    pub fn open_with(&self, key: &str, options: &HandlerOptions) -> Box<dyn IOHandler> {
        (REGISTRATION.open)(&url(key), options).unwrap()
    }

    pub fn models(&self) -> Box<dyn ModelStore> {
        (REGISTRATION.store.unwrap())(&url(""), &self.options()).unwrap()
    }

    pub fn keys(&self) -> Vec<String> {
        self.0.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let tag = format!("\"{}\"", self.0.tags.fetch_add(1, SeqCst));
        self.0.objects.lock().unwrap().insert(key.to_owned(), (bytes.into(), tag));
    }

    pub fn remove(&self, key: &str) {
        self.0.objects.lock().unwrap().remove(key);
    }

    /// Method and key of each request so far.
    pub fn log(&self) -> Vec<String> {
        self.0.log.lock().unwrap().clone()
    }

    /// How many of the requests so far were these.
    pub fn count(&self, request: &str) -> usize {
        self.log().iter().filter(|line| line.starts_with(request)).count()
    }

    /// One request; whether the connection goes on.
    fn serve(&self, client: &TcpStream) -> io::Result<bool> {
        let mut reader = BufReader::new(client);
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let key = decoded(path.trim_start_matches("/b").trim_start_matches('/'));
        let (method, query) = (method.to_owned(), query.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let mut body = vec![0; headers.get("content-length").map_or(0, |it| it.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let request = Request { method, key, query, headers, body };
        self.0.log.lock().unwrap().push(format!("{} {}", request.method, request.key));
        let judge = self.0.judge.lock().unwrap().clone();
        let change = self.0.change.lock().unwrap().clone();
        let response =
            judge(&request, self).unwrap_or_else(|| change(&request, self.obey(&request)));
        respond(client, &request, &response)?;
        Ok(!response.is_endless)
    }

    /// Does what is asked for, as a server does that behaves.
    pub fn obey(&self, request: &Request) -> Response {
        let Request { method, key, headers, body, .. } = request;
        let absent = || Response::error(404, "NoSuchKey", "The specified key does not exist.");
        let mut objects = self.0.objects.lock().unwrap();
        let old = objects.get(key).cloned();
        let holds = match (headers.get("if-match"), headers.get("if-none-match"), &old) {
            (Some(tag), _, Some((_, old))) => tag == old,
            (Some(_), _, None) if method == "PUT" => return absent(),
            (None, Some(_), Some(_)) => false,
            _ => true,
        };
        if !holds {
            return Response::error(412, "PreconditionFailed", "At least one did not hold");
        }
        match (method.as_str(), old) {
            ("PUT", _) => {
                let tag = format!("\"{}\"", self.0.tags.fetch_add(1, SeqCst));
                objects.insert(key.clone(), (body.clone(), tag.clone()));
                Response::new(200, "").with("ETag", tag)
            }
            ("DELETE", _) => {
                objects.remove(key);
                Response::new(204, "")
            }
            ("POST", _) => {
                let text = String::from_utf8_lossy(body).into_owned();
                let keys = text.split("<Key>").skip(1).filter_map(|it| it.split_once("</Key>"));
                let deleted = keys.map(|(key, _)| {
                    objects.remove(key);
                    format!("<Deleted><Key>{key}</Key></Deleted>")
                });
                Response::new(
                    200,
                    format!("<DeleteResult>{}</DeleteResult>", deleted.collect::<String>()),
                )
            }
            ("GET", _) if request.is_list() => Response::new(200, listed(&objects, &request.query)),
            (_, None) => absent(),
            (_, Some((bytes, tag))) => {
                let found = |status, bytes: Vec<u8>| {
                    Response::new(status, bytes)
                        .with("ETag", tag)
                        .with("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
                };
                match headers.get("range").and_then(|it| it.strip_prefix("bytes=")?.split_once('-'))
                {
                    Some((from, to)) => {
                        let (from, to): (usize, usize) =
                            (from.parse().unwrap(), to.parse().unwrap());
                        found(206, bytes[from..=to].to_vec())
                            .with("Content-Range", format!("bytes {from}-{to}/{}", bytes.len()))
                    }
                    None => found(200, bytes),
                }
            }
        }
    }
}

/// A model in the bucket.
pub fn url(key: &str) -> ModelUrl {
    ModelUrl::new("s3", &format!("b/{key}")).unwrap()
}

fn respond(mut client: &TcpStream, request: &Request, response: &Response) -> io::Result<()> {
    let Response { status, headers, body, is_endless } = response;
    let mut head = format!("HTTP/1.1 {status} It\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if *is_endless {
        head += "Connection: close\r\n\r\n";
        client.write_all(head.as_bytes())?;
        let many = body.repeat((1 << 16) / body.len() + 1);
        loop {
            client.write_all(&many)?;
        }
    }
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    client.write_all(format!("{head}\r\n").as_bytes())?;
    if request.method == "HEAD" { Ok(()) } else { client.write_all(body) }
}

fn listed(objects: &Objects, query: &str) -> String {
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    let prefix = decoded(prefix.unwrap_or_default());
    let mut entries = Vec::new();
    for (key, (bytes, tag)) in objects {
        let Some(rest) = key.strip_prefix(&prefix) else { continue };
        let escape =
            |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('\t', "&#9;");
        let entry = match rest.split_once('/') {
            Some((folder, _)) if query.contains("delimiter=") => format!(
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                escape(&format!("{prefix}{folder}/"))
            ),
            _ => format!(
                "<Contents><Key>{}</Key><LastModified>2015-10-21T07:28:00.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size></Contents>",
                escape(key),
                escape(tag),
                bytes.len()
            ),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{}\
         </ListBucketResult>",
        entries.concat()
    )
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}
