//! SeaweedFS, a production server that speaks S3 and checks signatures and conditions.

use std::{fs, process::Command};

use io_core::{HandlerOptions, ModelUrl};

use super::{
    Process, encoded, free_port,
    http::try_request,
    process::wait_until,
    request,
    s3::{self, BUCKET},
    tool,
};

const TESTERS: &str = r#"{"identities":[
    {"name":"test",
    "credentials":[{"accessKey":"testkey","secretKey":"testsecret"}],
    "actions":["Admin","Read","List","Tagging","Write"]},
    {"name":"reader",
    "credentials":[{"accessKey":"readerkey","secretKey":"readersecret"}],
    "actions":["Read","List"]}]}"#;

/// Who may use the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// Who signs with the right secret.
    Known,
    /// Everybody, signed or not.
    All,
}

/// The server, with an empty bucket `models`.
#[derive(Debug)]
pub struct Seaweed {
    /// Where it speaks S3.
    pub s3: u16,
    /// Where it shows the bucket's folder `/buckets/models` to those who know nothing of S3.
    pub filer: u16,
    master: u16,
    _server: Process,
    _folder: tempfile::TempDir,
}

impl Seaweed {
    /// Starts it.
    pub fn start(users: Users) -> Self {
        let folder = tempfile::tempdir().unwrap();
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
            // It would wait for room, request after request, while a hundredth of the disk is free.
            "-volume.minFreeSpace=64MiB",
            "-master.volumeSizeLimitMB=128",
            "-filer",
            "-s3",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]);
        command.arg(format!("-dir={}", data.display()));
        if users == Users::Known {
            let config = folder.path().join("s3.json");
            fs::write(&config, TESTERS).unwrap();
            command.arg(format!("-s3.config={}", config.display()));
        }
        for (name, port) in [("master", master), ("volume", volume), ("filer", filer), ("s3", s3)] {
            command.arg(format!("-{name}.port={port}"));
        }
        let mut server = Process::start(command, s3);
        server.wait_for(filer);
        let seaweed = Self { s3, filer, master, _server: server, _folder: folder };
        seaweed.make_bucket(BUCKET);
        seaweed
    }

    /// A bucket is a folder of the filer. It answers before it has volumes to write to.
    pub fn make_bucket(&self, name: &str) {
        let probe = format!("/buckets/{name}/probe");
        wait_until("no bucket can be written", || {
            matches!(try_request(self.filer, "PUT", &probe, &[], b"x"), Ok((200..300, _)))
        });
        request(self.filer, "DELETE", &probe, &[], b"");
    }

    /// What a handler has to know to use it by S3.
    pub fn options(&self) -> HandlerOptions {
        self.options_through(self.s3)
    }

    /// The same through a proxy at another port.
    pub fn options_through(&self, port: u16) -> HandlerOptions {
        s3::options(port)
    }

    /// The same for somebody who may only read.
    pub fn reader_options(&self) -> HandlerOptions {
        self.options()
            .with_setting("access_key_id", "readerkey")
            .with_setting("secret_access_key", "readersecret")
    }

    /// What a handler has to know to use it as if it were Google's, which speaks as S3 does; for
    /// that everybody must be let in.
    pub fn gcs_options(&self) -> HandlerOptions {
        HandlerOptions::new()
            .with_setting("env", "false")
            .with_setting("anonymous", "true")
            .with_setting("base_url", format!("http://127.0.0.1:{}", self.s3))
            .with_setting("allow_http", "true")
            .with_setting("max_retries", "2")
    }

    /// The model under a key.
    pub fn url(&self, key: &str) -> ModelUrl {
        s3::url(key)
    }

    /// All keys of the bucket, in order, by another way than S3.
    pub fn keys(&self) -> Vec<String> {
        let root = format!("/buckets/{BUCKET}");
        let (mut keys, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            let path = format!("{}/?limit=1000", encoded(&folder));
            let (status, body) =
                request(self.filer, "GET", &path, &[("Accept", "application/json")], b"");
            assert_eq!(status, 200, "{folder}");
            let listed: serde_json::Value = serde_json::from_slice(&body).unwrap();
            for entry in listed["Entries"].as_array().into_iter().flatten() {
                let path = entry["FullPath"].as_str().unwrap();
                // A folder says so in the mode of a Go program.
                match entry["Mode"].as_u64().unwrap() >> 31 {
                    0 => keys.push(path.trim_start_matches(&root).to_owned()),
                    _ => folders.push(path.to_owned()),
                }
            }
        }
        keys.sort();
        keys
    }

    /// Uploads in parts that were neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        let folder = format!("/buckets/{BUCKET}/.uploads/?limit=100");
        let (status, body) =
            request(self.filer, "GET", &folder, &[("Accept", "application/json")], b"");
        if status == 404 {
            return 0;
        }
        let listed: serde_json::Value = serde_json::from_slice(&body).unwrap();
        listed["Entries"].as_array().map_or(0, Vec::len)
    }

    /// Gives the room of what was removed back to the disk.
    pub fn vacuum(&self) {
        request(self.master, "GET", "/vol/vacuum?garbageThreshold=0.01", &[], b"");
    }
}
