//! Through a proxy: as it is for `http://`, by a tunnel for `https://`.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use futures::executor::block_on;
use io_core::{ErrorKind, HandlerOptions, IOHandler as _};
use io_http::{HttpOptions, ProxyChoice};
use support::{
    handler, load, load_stream, model, model_json, noise, quick,
    server::{Exchange, Server},
    tls, told,
};

const SECRET: &str = "hunter2";
/// `user:hunter2`.
const BASIC: &str = "Basic dXNlcjpodW50ZXIy";

/// A proxy that wants credentials, and what it was asked for.
struct Proxy {
    server: Server,
    /// The targets, and whether each came with the right credentials.
    seen: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Proxy {
    fn start() -> Self {
        let seen: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
        let all = seen.clone();
        let server = Server::start(move |exchange| {
            let allowed = exchange.header("proxy-authorization") == Some(BASIC);
            let target = format!("{} {}", exchange.method, exchange.target);
            all.lock().unwrap().push((target, allowed));
            if !allowed {
                let echo = format!("{:?}", exchange.headers);
                let wanted = [("proxy-authenticate", "Basic realm=\"p\"")];
                return exchange.answer(407, &wanted, echo.as_bytes());
            }
            if exchange.method == "CONNECT" { tunnel(exchange) } else { forward(exchange) }
        });
        Self { server, seen }
    }

    fn choice(&self, password: &str) -> ProxyChoice {
        let url = self.server.origin().replace("http://", &format!("http://user:{password}@"));
        ProxyChoice::Url(url)
    }

    fn seen(&self) -> Vec<(String, bool)> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// Sends the request on and gives back what comes.
fn forward(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let target = exchange.target.strip_prefix("http://").unwrap().to_owned();
    let (address, path) = target.split_once('/').unwrap();
    let mut onward = TcpStream::connect(address)?;
    let mut head = format!("{} /{path} HTTP/1.1\r\nconnection: close\r\n", exchange.method);
    for (name, value) in &exchange.headers {
        if !name.starts_with("proxy-") && name != "connection" {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let body = exchange.body()?;
    onward.write_all(format!("{head}\r\n").as_bytes())?;
    onward.write_all(&body)?;
    onward.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    onward.read_to_end(&mut answer)?;
    exchange.write(&answer)?;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Gives the bytes of either side to the other one.
fn tunnel(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let onward = TcpStream::connect(&exchange.target)?;
    exchange.write(b"HTTP/1.1 200 X\r\n\r\n")?;
    let (mut down, mut up) = (exchange.stream()?, onward.try_clone()?);
    let sending = thread::spawn(move || {
        let _ = io::copy(&mut down, &mut up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut &onward, &mut exchange.stream()?);
    let _ = exchange.stream()?.shutdown(Shutdown::Both);
    sending.join().unwrap();
    Err(io::ErrorKind::ConnectionAborted.into())
}

#[test]
fn a_proxy_is_asked_for_all_of_a_model_and_the_server_does_not_see_its_credentials() {
    let weights = noise(400, 1);
    let json = model_json(&[("w.bin", &weights)], true);
    let (all, saved) = (weights.clone(), Arc::new(Mutex::new(Vec::new())));
    let bodies = saved.clone();
    let origin = Server::start(move |exchange| {
        let leaked = exchange.headers.iter().any(|(name, value)| {
            name.starts_with("proxy-") || value.contains(SECRET) || value == BASIC
        });
        match (leaked, exchange.method.as_str(), exchange.target.as_str()) {
            (true, ..) => exchange.answer(400, &[], b""),
            (_, "POST", _) => {
                let body = exchange.body()?;
                bodies.lock().unwrap().extend(body);
                exchange.answer(200, &[], b"")
            }
            (_, _, "/m/model.json") => exchange.answer(200, &[], json.as_bytes()),
            _ => exchange.file("\"w\"", &all),
        }
    });
    let proxy = Proxy::start();
    let url = origin.url("/m/model.json");
    let through = || quick().with_proxy(proxy.choice(SECRET));
    for load in [load, load_stream] {
        assert_eq!(load(&url, through()).unwrap(), weights);
        let targets: Vec<String> = proxy.seen().into_iter().map(|(target, _)| target).collect();
        let weights_url = origin.url("/m/w.bin");
        assert!(targets.contains(&format!("GET {url}")), "{targets:?}");
        assert!(targets.contains(&format!("GET {weights_url}")), "{targets:?}");
        assert_eq!(targets.len(), origin.log().len(), "{targets:?}");
        assert!(targets.iter().all(|target| target.contains(&origin.origin())), "{targets:?}");
        origin.forget();
    }
    block_on(handler(&origin.url("/upload"), through()).save(model(weights.clone()))).unwrap();
    assert!(saved.lock().unwrap().windows(400).any(|bytes| bytes == weights));
    assert_eq!(proxy.seen(), [(format!("POST {}", origin.url("/upload")), true)]);
}

#[test]
fn https_goes_through_a_tunnel_and_only_the_proxy_sees_its_credentials() {
    let (authority, url) = tls::start();
    let proxy = Proxy::start();
    let through = |password| {
        quick().with_root_certificates(authority.clone()).with_proxy(proxy.choice(password))
    };
    load(&url, through(SECRET)).unwrap();
    let host = url.strip_prefix("https://").unwrap().split('/').next().unwrap();
    let seen = proxy.seen();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|seen| *seen == (format!("CONNECT {host}"), true)), "{seen:?}");

    let error = load(&url, through("wrong-password").with_retries(0)).unwrap_err();
    assert_eq!(error.url(), Some(url.as_str()));
    assert!(!told(&error).contains("wrong-password"), "{}", told(&error));
    assert!(proxy.seen().iter().all(|(_, allowed)| !allowed));
}

#[test]
fn what_a_proxy_refuses_is_told_without_its_credentials() {
    let proxy = Proxy::start();
    // Nothing listens there: only the proxy could answer.
    let url = "http://127.0.0.1:9/m/model.json";
    let wrong = quick().with_proxy(proxy.choice("wrong-password")).with_retries(0);
    let handler = handler(url, wrong.clone());
    let errors = [
        load(url, wrong.clone()).unwrap_err(),
        block_on(handler.save(model(noise(8, 1)))).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains("407 (the proxy wants credentials)"), "{error}");
        assert_eq!(error.url(), Some(url));
        let told = told(&error);
        assert!(!told.contains("wrong-password") && !told.contains("user:"), "{told}");
    }
    assert!(!format!("{handler:?}{wrong:?}").contains("wrong-password"));

    // And a proxy that is not there.
    let gone = format!("http://user:{SECRET}@127.0.0.1:9");
    let error = load(url, quick().with_proxy(ProxyChoice::Url(gone)).with_retries(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
    assert!(!told(&error).contains(SECRET), "{}", told(&error));
}

#[test]
fn a_proxy_is_a_setting() {
    let json = model_json(&[("w.bin", &noise(400, 1))], true);
    let origin = Server::start(move |exchange| exchange.answer(200, &[], json.as_bytes()));
    let proxy = Proxy::start();
    let ProxyChoice::Url(url) = proxy.choice(SECRET) else { unreachable!("it is a URL") };
    let options = HandlerOptions::new().with_setting("proxy", url);
    let http = HttpOptions::from_settings(&options).unwrap();
    block_on(handler(&origin.url("/model.json"), http).load()).unwrap();
    assert!(proxy.seen().contains(&(format!("GET {}", origin.url("/model.json")), true)));
}

/// What the process itself does when it is started with variables: one test runs the other.
#[test]
fn a_proxy_of_the_environment_is_used_and_named() {
    let json = r#"{"modelTopology":{"a":1}}"#;
    let proxy = Server::start(move |exchange| exchange.answer(200, &[], json.as_bytes()));
    let gone = "http://user:hunter2@127.0.0.1:9";
    let here = proxy.origin();
    for (variables, options, url, expected) in [
        (&[("HTTP_PROXY", here.as_str())][..], "", "http://models.test/model.json", "loaded"),
        (&[("http_proxy", &here)], "", "http://models.test/model.json", "loaded"),
        (&[("ALL_PROXY", &here)], "", "http://models.test/model.json", "loaded"),
        (&[("ALL_PROXY", &here)], "proxy=environment", "http://models.test/m.json", "loaded"),
        (&[("HTTP_PROXY", gone)], "", "http://models.test/m.json", "proxy `http://127.0.0.1:9`"),
        (&[("HTTP_PROXY", gone)], "", "http://models.test/m.json", "variable `HTTP_PROXY`"),
        (&[("HTTP_PROXY", "ftp://hunter2")], "", "http://models.test/m.json", "not the URL"),
        (&[("HTTP_PROXY", &here)], "proxy=none", "http://models.test/m.json", "cannot be reached"),
        (&[("HTTP_PROXY", &here)], "env=false", "http://models.test/m.json", "cannot be reached"),
        (
            &[("HTTP_PROXY", &here), ("NO_PROXY", "models.test")],
            "",
            "http://models.test/m.json",
            "cannot be reached",
        ),
        (
            &[("HTTP_PROXY", &here), ("REQUEST_METHOD", "GET")],
            "",
            "http://models.test/m.json",
            "cannot be reached",
        ),
        (&[("HTTP_PROXY", gone)], "", &proxy.url("/model.json"), "loaded"),
    ] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
            child.env_remove(name).env_remove(name.to_ascii_lowercase());
        }
        child.args(["--exact", "loads_what_its_environment_says", "--ignored", "--nocapture"]);
        child.envs(variables.iter().copied()).env("URL", url).env("OPTIONS", options);
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(expected), "{variables:?} {options} {url}: {text}");
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
#[ignore = "run by `a_proxy_of_the_environment_is_used_and_named`"]
fn loads_what_its_environment_says() {
    let url = std::env::var("URL").unwrap();
    let mut options = HandlerOptions::new().with_setting("retries", "0");
    if let Some((name, value)) = std::env::var("OPTIONS").unwrap().split_once('=') {
        options = options.with_setting(name, value);
    }
    let http = HttpOptions::from_settings(&options).unwrap();
    match block_on(handler(&url, http).load()) {
        Ok(_) => println!("loaded"),
        Err(error) => println!("{}", told(&error)),
    }
}
