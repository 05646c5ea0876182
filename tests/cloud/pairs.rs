//! Copies from everywhere to everywhere: the same bytes, in little memory.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
    time::Instant,
};

use io_core::HandlerOptions;
use modelport_tests::{
    program::{self, peak_bytes, run},
    reference::python_of,
    servers::{Azurite, Seaweed, Users},
};
use serde_json::{Value, json};

use crate::{amount, program_server::Server, words};

const MIB: u64 = 1 << 20;
/// What a copy may take, however large the model is.
const LIMIT: u64 = 96 * MIB;

/// Somewhere that models can be.
struct Place {
    name: &'static str,
    /// What a model's name is added to.
    base: String,
    options: HandlerOptions,
}

impl Place {
    fn new(name: &'static str, base: impl Into<String>, options: HandlerOptions) -> Self {
        Self { name, base: base.into(), options }
    }

    fn model(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }

    fn run(&self, command: &[&str]) -> String {
        let command = command.iter().map(|word| (*word).to_owned());
        run(command.chain(words("--option", &self.options))).success()
    }

    /// The digest of the one weight of a model here.
    fn digest(&self, name: &str) -> String {
        let info = self.run(&["info", "--digest", "--json", &self.model(name)]);
        let info: Value = serde_json::from_str(&info).unwrap();
        info["weights"][0]["sha256"].as_str().expect("a digest").to_owned()
    }

    fn remove(&self, name: &str) {
        self.run(&["rm", &self.model(name)]);
    }
}

#[test]
fn copies_from_everywhere_to_everywhere_are_equal_and_take_little_memory() {
    // Even the few are too many to be in memory at once.
    let bytes = amount(LIMIT, 2 << 30);
    // Not in the system's folder for such things, which may be in memory.
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let files = root.path().join("files");
    let served = root.path().join("served");
    let bucket = Seaweed::start(Users::All);
    let azurite = Azurite::start();
    let server = Server::start(&served, &[]);
    let none = HandlerOptions::new;
    let places = [
        Place::new("file", files.to_str().unwrap(), none()),
        Place::new("http", format!("{}/models", server.url), none()),
        Place::new("s3", bucket.url("s3").as_str(), bucket.options()),
        Place::new("gs", "gs://models/gs", bucket.gcs_options()),
        Place::new("az", azurite.url("az").as_str(), azurite.options()),
    ];
    let [file, others @ ..] = &places;
    write_model(&files.join("model"), bytes);
    let digest = file.digest("model");

    let mut highest = 0;
    let mut copy = |from: &Place, to: &Place, name: &str, through_memory: bool| {
        let start = Instant::now();
        let (mut command, limit) = if through_memory {
            (Command::new(env!("CARGO_BIN_EXE_memory-child")), LIMIT + bytes)
        } else {
            let mut command = Command::new(program::path());
            command.args(["cp", "--quiet"]);
            (command, LIMIT)
        };
        command.args([from.model("model"), to.model(name)]);
        command.args(words("--from-option", &from.options));
        command.args(words("--to-option", &to.options));
        let peak = peak_bytes(&python_of("object-stores"), &command);
        let between = if through_memory { "memory -> " } else { "" };
        let what = format!("{} -> {between}{}", from.name, to.name);
        println!("{what}: {} MiB, {:.1} s", peak / MIB, start.elapsed().as_secs_f64());
        assert!(peak < limit, "{what} took {} MiB", peak / MIB);
        if !through_memory {
            highest = peak.max(highest);
        }
        assert_eq!(to.digest(name), digest, "{what}");
    };
    for to in others {
        copy(file, to, "model", false);
    }
    for from in others {
        for to in places.iter().filter(|to| to.name != from.name) {
            copy(from, to, "copy", false);
            to.remove("copy");
            bucket.vacuum();
        }
    }
    // Into memory from each, and out of it to each.
    for (from, to) in places.iter().zip(places.iter().cycle().skip(1)) {
        copy(from, to, "copy", true);
        to.remove("copy");
        bucket.vacuum();
    }
    println!("at most {} MiB for a model of {} MiB", highest / MIB, bytes / MIB);
}

/// A model of one weight, whose bytes nothing on the way can make fewer.
fn write_model(dir: &Path, bytes: u64) {
    fs::create_dir_all(dir).unwrap();
    let weight = json!({"name": "w", "shape": [bytes / 4], "dtype": "float32"});
    let manifest = json!([{"paths": ["weights.bin"], "weights": [weight]}]);
    let model = json!({"modelTopology": {}, "weightsManifest": manifest});
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
    let mut file = BufWriter::new(fs::File::create(dir.join("weights.bin")).unwrap());
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..bytes / 8 {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}
