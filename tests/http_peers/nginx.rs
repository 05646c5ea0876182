//! nginx on loopback, with a folder of its own for all that it writes.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A server that is ended when it is dropped.
pub(crate) struct Nginx {
    child: Child,
    folder: TempDir,
    pub(crate) address: String,
}

impl Nginx {
    /// Serves the files below `root`, with more `directives` for it.
    pub(crate) fn start(root: &Path, directives: &str) -> Self {
        // It cannot be told to take a free port, and one that was free may be taken meanwhile.
        let mut errors = String::new();
        for _ in 0..5 {
            match Self::try_start(root, directives) {
                Ok(server) => return server,
                Err(error) => errors.push_str(&error),
            }
        }
        panic!("nginx does not start: {errors}");
    }

    fn try_start(root: &Path, directives: &str) -> Result<Self, String> {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("nginx.conf");
        fs::write(&conf, configuration(root, port, directives)).unwrap();
        let mut child = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&conf)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("no nginx ({error}); run `cargo xtask setup`"));
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            // The file is there when it listens.
            if folder.path().join("pid").exists()
                && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
            {
                return Ok(Self { child, folder, address: format!("127.0.0.1:{port}") });
            }
            assert!(start.elapsed() < Duration::from_secs(30), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(fs::read_to_string(folder.path().join("error")).unwrap_or_default())
    }

    /// The requests so far: method, path, status, `Range` and `If-Range` of the request, encoding
    /// of the answer. What is absent is `-`.
    pub(crate) fn requests(&self) -> Vec<Vec<String>> {
        let log = fs::read_to_string(self.folder.path().join("access")).unwrap();
        log.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed outright it would leave its worker behind.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

fn configuration(root: &Path, port: u16, directives: &str) -> String {
    let root = root.display();
    // As root, the worker would be somebody who may not read temporary folders.
    let is_root = nix::unistd::geteuid().is_root();
    let user = if is_root { "user root root;" } else { "" };
    format!(
        "{user}
        daemon off;
        worker_processes 1;
        pid pid;
        error_log error;
        events {{ worker_connections 64; }}
        http {{
            types {{ application/json json; }}
            default_type application/octet-stream;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            log_format line '$request_method|$uri|$status|$http_range|$http_if_range|$sent_http_content_encoding';
            access_log access line;
            server {{
                listen 127.0.0.1:{port};
                root \"{root}\";
                {directives}
            }}
        }}"
    )
}
