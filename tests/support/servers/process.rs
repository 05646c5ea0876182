//! Starts a server and ends it when the test does.

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A server that is killed when it is dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `command` and waits until something listens at `port`.
    pub fn start(mut command: Command, port: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let program = PathBuf::from(command.get_program());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{} cannot be started: {error}; run `cargo xtask setup`", program.display())
        });
        let mut server = Self(child);
        server.wait_for(port);
        server
    }

    /// Waits until it answers at one more port: not all of a server comes up at once.
    pub fn wait_for(&mut self, port: u16) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.0.try_wait().unwrap() {
                panic!("the server for port {port} ended at once ({status})");
            }
            assert!(start.elapsed() < Duration::from_secs(60), "port {port} is silent");
            sleep(Duration::from_millis(50));
        }
    }
}

/// Waits until a server that listens does what it is there for.
pub(super) fn wait_until(problem: &str, is_ready: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_ready() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{problem}");
        sleep(Duration::from_millis(100));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file among the tools that were set up.
pub fn tool(path: &str) -> PathBuf {
    let tools = std::env::var_os("MODELPORT_TOOLS")
        .unwrap_or_else(|| panic!("run this by `cargo xtask test --cell cloud`"));
    PathBuf::from(tools).join(path)
}

/// A port that is free, and so is the one 10,000 above it. Both are below those that the system
/// gives to clients.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = 12_000 + listener.local_addr().unwrap().port() % 10_000;
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}
