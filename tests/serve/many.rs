//! Two hundred uploads at once, every tenth of which is cut off.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use super::server::Server;

const UPLOADS: u32 = 200;
const MODELS: u32 = 10;

/// What an upload that is under way may have in memory, buffers of the connection and of the file
/// together.
const MAX_EACH: u64 = 2 << 20;

#[test]
fn two_hundred_uploads_leave_whole_models_and_memory_does_not_grow_with_them() {
    let (short, long) = (peak_of(3 << 20), peak_of(6 << 20));
    let shown = format!("{} KiB and {} KiB", short >> 10, long >> 10);
    assert!(long < u64::from(UPLOADS) * MAX_EACH, "{shown}");
    // There are 600 MiB more of them.
    assert!(long < short + (100 << 20), "{shown}");
}

/// The most memory that a server had that got so many uploads of `length` bytes, in bytes.
fn peak_of(length: usize) -> u64 {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(root.path(), &["--max-uploads", "300"]);
    let start = Arc::new(Barrier::new(UPLOADS as usize));
    let clients: Vec<_> = (0..UPLOADS)
        .map(|number| {
            let (address, start) = (server.address().to_owned(), start.clone());
            thread::spawn(move || {
                start.wait();
                upload(&address, number, length)
            })
        })
        .collect();
    let saved = clients.into_iter().map(|client| client.join().unwrap());
    let saved = saved.filter(|saved| *saved).count();
    assert_eq!(saved, 180);
    check_models(root.path(), length);
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Uploads a model whose every weight is `number`; whether it was to be saved, and not cut off.
fn upload(address: &str, number: u32, length: usize) -> bool {
    let json = format!(
        r#"{{"modelTopology":{{}},"weightsManifest":[{{"paths":["w"],"weights":[{{"name":"w","shape":[{}],"dtype":"float32"}}]}}]}}"#,
        length / 4
    );
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"model.json\"\r\n\r\n{json}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"w\"\r\n\r\n"
    );
    let end = "\r\n--b--\r\n";
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(100))).unwrap();
    let request = format!(
        "PUT /models/m{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{head}",
        number % MODELS,
        head.len() + length + end.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let cut = number / MODELS % 10 == 3;
    let piece = number.to_le_bytes().repeat(4096);
    let mut left = if cut { length / 2 } else { length };
    while left > 0 {
        let sent = left.min(piece.len());
        stream.write_all(&piece[..sent]).unwrap();
        left -= sent;
    }
    if cut {
        return false;
    }
    stream.write_all(end.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    true
}

/// Each model is the one of one of its writers, and nothing else is there.
fn check_models(root: &Path, length: usize) {
    let begun = Instant::now();
    loop {
        let models: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap()).collect();
        let files = models.iter().flat_map(|model| fs::read_dir(model.path()).unwrap());
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        if models.len() == MODELS as usize && names.len() == 2 * models.len() {
            break;
        }
        // Those that were cut off are undone when the server notices.
        assert!(begun.elapsed() < Duration::from_secs(20), "something is left: {names:?}");
        thread::sleep(Duration::from_millis(20));
    }
    for model in 0..MODELS {
        let folder = root.join(format!("m{model}"));
        let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        let weights = files.filter(|file| !file.ends_with("model.json")).last().unwrap();
        let bytes = fs::read(weights).unwrap();
        let first: [u8; 4] = bytes[..4].try_into().unwrap();
        assert!(bytes == first.repeat(length / 4), "model {model} is torn");
        assert_eq!(u32::from_le_bytes(first) % MODELS, model);
    }
}
