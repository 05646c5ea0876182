//! Serves the model manager with the package beside it, on loopback, until it is stopped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::workshop::Workshop;

/// Where people look for a page of their own machine.
const PORT: u16 = 8000;

/// A request line and headers of a browser; what is longer is none.
const MOST_HEAD_BYTES: u64 = 64 << 10;

pub(crate) fn run(workshop: &Workshop, package: &Path) -> Result<bool> {
    let site =
        Site { page: workshop.root.join("examples").join("web"), package: package.to_path_buf() };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .context("cannot listen on this machine")?;
    println!("the model manager is at http://{}/ until Ctrl-C", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, site) = (stream?, site.clone());
        // A browser that goes away in the middle is none of the others' business.
        thread::spawn(move || site.answer(stream));
    }
    Ok(true)
}

#[derive(Clone)]
struct Site {
    page: PathBuf,
    package: PathBuf,
}

impl Site {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut lines = BufReader::new(stream.try_clone()?.take(MOST_HEAD_BYTES)).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        // All of the request is read, or the answer could be lost with the connection.
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        let path = first.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
        let found = path
            .and_then(|path| self.file(path))
            .and_then(|file| Some((kind(&file), fs::read(file).ok()?)));
        let (status, kind, body) = match found {
            Some((kind, body)) => ("200 OK", kind, body),
            None => ("404 Not Found", "text/plain", b"There is no such file.\n".to_vec()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)
    }

    /// The file that a path names, inside one of the two folders.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let path = path.split(['?', '#']).next()?.strip_prefix('/')?;
        let (folder, rest) = match path.strip_prefix("modelport/") {
            Some(rest) => (&self.package, rest),
            None if path.is_empty() => (&self.page, "index.html"),
            None => (&self.page, path),
        };
        let inside = Path::new(rest).components().all(|part| matches!(part, Component::Normal(_)));
        (inside && !rest.contains(['\\', '%', ':'])).then(|| folder.join(rest))
    }
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::Site;
    use std::path::Path;

    #[test]
    fn paths_stay_in_their_folders() {
        let site = Site { page: "/page".into(), package: "/package".into() };
        let file = |path: &str| site.file(path);
        assert_eq!(file("/").as_deref(), Some(Path::new("/page/index.html")));
        assert_eq!(file("/js/main.js?v=1").as_deref(), Some(Path::new("/page/js/main.js")));
        let module = file("/modelport/all/index.js");
        assert_eq!(module.as_deref(), Some(Path::new("/package/all/index.js")));
        for path in ["", "js", "/../x", "/modelport/../x", "//etc/passwd", "/%2e%2e/x", "/a\\b"] {
            assert_eq!(file(path), None, "{path}");
        }
    }
}
