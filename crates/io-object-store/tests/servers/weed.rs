//! A server of SeaweedFS with one user and one bucket.

use std::{
    fs,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    http::request,
    server::{Server, free_port, tool},
};

/// The bucket that is there.
pub(crate) const BUCKET: &str = "models";
const USERS: &str = r#"{"identities":[{"name":"test",
    "credentials":[{"accessKey":"testkey","secretKey":"testsecret"}],
    "actions":["Admin","Read","List","Tagging","Write"]}]}"#;

/// A server that is ended when it is dropped.
pub(crate) struct Seaweed {
    pub(crate) s3: u16,
    pub(crate) filer: u16,
    _server: Server,
    _folder: tempfile::TempDir,
}

pub(crate) fn start() -> Seaweed {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("s3.json");
    fs::write(&users, USERS).unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let [master, volume, filer, s3] = [(); 4].map(|()| free_port());
    let mut command = Command::new(tool("object-stores/bin/weed"));
    command.current_dir(folder.path()).args([
        "server",
        // It reports to its makers otherwise.
        "-master.telemetry=false",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-volume.max=400",
        "-master.volumeSizeLimitMB=128",
        "-filer",
        "-s3",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]);
    command.arg(format!("-dir={}", data.display()));
    command.arg(format!("-s3.config={}", users.display()));
    for (name, port) in [("master", master), ("volume", volume), ("filer", filer), ("s3", s3)] {
        command.arg(format!("-{name}.port={port}"));
    }
    let server = Server::start(command, s3);
    let seaweed = Seaweed { s3, filer, _server: server, _folder: folder };
    // A bucket is a folder of the filer. It answers before it has volumes to write to.
    let begun = Instant::now();
    let probe = format!("/buckets/{BUCKET}/probe");
    while !matches!(request(filer, "PUT", &probe, &[], b"x").0, 200..300) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no bucket can be written");
        sleep(Duration::from_millis(100));
    }
    request(filer, "DELETE", &probe, &[], b"");
    seaweed
}

impl Seaweed {
    /// What a handler has to be told to reach the bucket.
    pub(crate) fn settings(&self) -> [(&'static str, String); 7] {
        let endpoint = format!("http://127.0.0.1:{}", self.s3);
        [
            ("env", "false".to_owned()),
            ("endpoint", endpoint),
            ("allow_http", "true".to_owned()),
            ("region", "us-east-1".to_owned()),
            ("access_key_id", "testkey".to_owned()),
            ("secret_access_key", "testsecret".to_owned()),
            ("max_retries", "2".to_owned()),
        ]
    }
}
