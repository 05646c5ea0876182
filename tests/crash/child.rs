//! The process that the crash tests kill: saves or removes one model or file, or saves for ever.
#![allow(clippy::unwrap_used, reason = "a failure of this process is seen by its exit status")]

mod model;

use std::{env, path::Path, process::ExitCode};

use futures::executor::block_on;
use io_core::{HandlerOptions, IOHandler, ModelStore, WriteMode};
use io_fs::{FsHandler, FsStore};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["save", directory, seed] => save(Path::new(directory), seed.parse().unwrap()),
        ["remove", directory] => {
            let url = model::url(Path::new(directory));
            let store = FsStore::new(url.clone(), HandlerOptions::new()).unwrap();
            exit(block_on(store.remove(&url)))
        }
        ["file", directory, seed] => file(directory, seed, WriteMode::Replace),
        ["new-file", directory, seed] => file(directory, seed, WriteMode::Create),
        ["loop", directory, seed] => {
            let mut seed: u32 = seed.parse().unwrap();
            loop {
                save(Path::new(directory), seed);
                seed += 1;
            }
        }
        _ => ExitCode::from(2),
    }
}

fn file(directory: &str, seed: &str, mode: WriteMode) -> ExitCode {
    let bytes = model::weights(seed.parse().unwrap()).into();
    let file = Path::new(directory).join(model::FILE);
    let options = HandlerOptions::new().with_write_mode(mode);
    exit(block_on(io_fs::save_file(&file, &bytes, &options)))
}

fn save(directory: &Path, seed: u32) -> ExitCode {
    let handler = FsHandler::new(model::url(directory), model::options(seed)).unwrap();
    exit(block_on(handler.save(model::artifacts(seed))))
}

fn exit<T>(outcome: io_core::Result<T>) -> ExitCode {
    ExitCode::from(u8::from(outcome.is_err()))
}
