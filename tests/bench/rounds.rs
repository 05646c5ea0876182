//! The cases take turns.

use std::fs;
use std::io::{self, Read as _};
use std::process::Command;

use anyhow::Result;

use crate::args::Args;
use crate::cases::{
    self, CHECKSUM, CLOUD_DOWNLOADS, CLOUD_UPLOADS, CONVERTS, COPY, Case, LISTS, LOADS, SAVES,
    SMALL_CONVERTS, STAGE_KERAS, STAGE_MANY, TOUCH, Work,
};
use crate::child::{Sample, measure, measure_with};
use crate::results::{Group, Results};
use crate::workplace::{MODEL, Workplace, remove, warm};
use crate::{cloud, convert, memory, program};
use modelport_tests::servers::{Seaweed, Users};

/// How much the checksum is measured on: more than a cache holds.
pub(crate) const CHECKSUM_BYTES: u64 = 1_000_000_000;
/// The names of the two programs whose start is compared.
pub(crate) const INFO: &str = "modelport info";
pub(crate) const TRUE: &str = "true";

/// How large the model is that goes to an object store and comes from there.
pub(crate) const CLOUD_BYTES: u64 = 1_000_000_000;
const CLOUD_ROUNDS: usize = 3;
/// How large the file of Keras is.
pub(crate) const CONVERT_BYTES: u64 = 500_000_000;
const CONVERT_ROUNDS: usize = 5;
const CHECKSUM_ROUNDS: usize = 3;
const START_UP_ROUNDS: usize = 101;
/// A small model as TensorFlow.js wrote it.
const FIXTURE: &str = "tests/fixtures/k2-seq-dense/tfjs";
/// The same as Keras wrote it.
const KERAS_FIXTURE: &str = "tests/fixtures/k2-seq-dense/model.h5";

/// Saves, loads and copies of models of one size.
pub(crate) fn size(
    workplace: &Workplace,
    bytes: u64,
    rounds: Option<usize>,
    results: &mut Results,
) -> Result<()> {
    loads(workplace, bytes, rounds.unwrap_or(if bytes > 10_000_000 { 7 } else { 15 }), results)?;
    let default = match bytes {
        0..10_000_000 => 15,
        10_000_000..500_000_000 => 7,
        // These take most of the time of a run.
        _ => 3,
    };
    saves(workplace, bytes, rounds.unwrap_or(default), results)
}

/// The checksum alone.
pub(crate) fn checksum(workplace: &Workplace, results: &mut Results) -> Result<()> {
    eprintln!("checksum");
    let folder = workplace.folder("nothing")?;
    for _ in 0..CHECKSUM_ROUNDS {
        let sample = measure(workplace, &CHECKSUM, &folder, CHECKSUM_BYTES)?;
        results.add(Group::Other, CHECKSUM_BYTES, CHECKSUM.id, sample);
    }
    Ok(())
}

/// `modelport info` on a small model beside a program that does nothing.
pub(crate) fn start_up(workplace: &Workplace, results: &mut Results) -> Result<()> {
    eprintln!("start-up");
    let mut info = Command::new(program::path()?);
    info.arg("info").arg(workplace.root.join(FIXTURE));
    // By its path, since the start of the other does not search either.
    let mut nothing = Command::new(if cfg!(unix) { "/bin/true" } else { "true" });
    for _ in 0..START_UP_ROUNDS {
        for (id, command) in [(INFO, &mut info), (TRUE, &mut nothing)] {
            match program::run_time(command) {
                Ok(seconds) => {
                    let sample = Sample { seconds, ..Sample::default() };
                    results.add(Group::Other, 0, id, sample);
                }
                Err(error) => {
                    results.notes.push(format!("{error:#}"));
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Uploads, downloads and lists at a server of our own.
pub(crate) fn cloud(workplace: &Workplace, args: &Args, results: &mut Results) -> Result<()> {
    if !args.allows(CLOUD_BYTES) {
        return Ok(());
    }
    let rounds = args.rounds.unwrap_or(CLOUD_ROUNDS);
    eprintln!("object store, {CLOUD_BYTES} bytes, {rounds} rounds");
    if !workplace.tools.join("object-stores").is_dir() {
        results.notes.push("object stores: `cargo xtask setup` has not set up a server".into());
        return Ok(());
    }
    let server = Seaweed::start(Users::Known);
    let folder = workplace.folder("cloud")?;
    let mut absent = Absent::default();
    let mut run = |case: &'static Case, bytes, results: &mut Results| {
        absent.try_measure(case, results, Group::Cloud, bytes, || {
            measure_with(
                workplace,
                case,
                &folder,
                bytes,
                &[
                    (cloud::ENDPOINT, format!("http://127.0.0.1:{}", server.s3).into()),
                    (cloud::AWS, workplace.tools.join("awscli/bin/python").into()),
                ],
            )
        });
        memory::settle();
    };
    for _ in 0..rounds {
        for case in CLOUD_UPLOADS.iter().chain(CLOUD_DOWNLOADS) {
            run(case, CLOUD_BYTES, results);
        }
        // What was replaced.
        server.vacuum();
    }
    run(&STAGE_MANY, 0, results);
    for case in (0..rounds).flat_map(|_| LISTS) {
        run(case, 0, results);
    }
    remove(&folder)
}

/// Conversions of a large file and of a small one.
pub(crate) fn convert(workplace: &Workplace, args: &Args, results: &mut Results) -> Result<()> {
    if !args.allows(CONVERT_BYTES) {
        return Ok(());
    }
    let rounds = args.rounds.unwrap_or(CONVERT_ROUNDS);
    eprintln!("convert {CONVERT_BYTES} bytes, {rounds} rounds");
    let python = workplace.tools.join("keras/bin/python");
    if !python.is_file() {
        results.notes.push("conversions: `cargo xtask setup` has not set up Keras".into());
        return Ok(());
    }
    let python = [(convert::PYTHON, python.into())];
    let (large, small) = (workplace.folder("large")?, workplace.folder("small")?);
    measure_with(workplace, &STAGE_KERAS, &large, CONVERT_BYTES, &python)?;
    fs::copy(workplace.root.join(KERAS_FIXTURE), small.join(convert::FILE))?;
    touch_disk(workplace, CONVERT_BYTES)?;
    let mut absent = Absent::default();
    for _ in 0..rounds {
        for (cases, folder, bytes) in
            [(CONVERTS, &large, CONVERT_BYTES), (SMALL_CONVERTS, &small, 0)]
        {
            for case in cases {
                memory::settle();
                absent.try_measure(case, results, Group::Convert, bytes, || {
                    measure_with(workplace, case, folder, bytes, &python)
                });
            }
        }
    }
    remove(&large)?;
    remove(&small)
}

fn loads(workplace: &Workplace, bytes: u64, rounds: usize, results: &mut Results) -> Result<()> {
    eprintln!("load {bytes} bytes, {rounds} rounds");
    let folder = workplace.folder("source")?;
    for id in [cases::STAGE_MODEL, cases::STAGE_SAFETENSORS] {
        measure(workplace, cases::find(id)?, &folder, bytes)?;
    }
    memory::settle();
    warm(&folder)?;
    let mut absent = Absent::default();
    for _ in 0..rounds {
        for case in LOADS {
            // The script wants the model's own folder.
            let folder = match case.work {
                Work::Node(_) => folder.join(MODEL),
                _ => folder.clone(),
            };
            absent.try_measure(case, results, Group::Load, bytes, || {
                measure(workplace, &TOUCH, &folder, bytes)?;
                measure(workplace, case, &folder, bytes)
            });
        }
    }
    copies(workplace, bytes, results)?;
    remove(&folder)
}

/// The program copies the model that was loaded, to a new place and over an old one.
fn copies(workplace: &Workplace, bytes: u64, results: &mut Results) -> Result<()> {
    eprintln!("copy {bytes} bytes");
    let folder = workplace.folder("source")?;
    measure(workplace, cases::find(cases::STAGE_MODEL)?, &folder, bytes)?;
    for _ in 0..2 {
        let sample = measure(workplace, &COPY, &folder, bytes)?;
        results.add(Group::Other, bytes, COPY.id, sample);
    }
    Ok(())
}

fn saves(workplace: &Workplace, bytes: u64, rounds: usize, results: &mut Results) -> Result<()> {
    eprintln!("save {bytes} bytes, {rounds} rounds");
    touch_disk(workplace, bytes)?;
    let mut absent = Absent::default();
    for _ in 0..rounds {
        for case in SAVES {
            let folder = workplace.folder("destination")?;
            let folder = match case.work {
                Work::Node(_) => {
                    let model = folder.join(MODEL);
                    fs::create_dir(&model)?;
                    model
                }
                _ => folder,
            };
            for group in [Group::SaveNew, Group::SaveOver] {
                memory::settle();
                absent.try_measure(case, results, group, bytes, || {
                    measure(workplace, case, &folder, bytes)
                });
            }
        }
    }
    remove(&workplace.folder("destination")?)
}

/// Writes to as much of the disk as the cases will: the first write to a part of a disk that grows
/// with its use is several times as slow as the next, and would be counted against one case.
pub(crate) fn touch_disk(workplace: &Workplace, bytes: u64) -> Result<()> {
    let folder = workplace.folder("destination")?;
    for name in ["first", "second", "third"] {
        let mut file = fs::File::create(folder.join(name))?;
        io::copy(&mut io::repeat(1).take(bytes), &mut file)?;
        file.sync_all()?;
    }
    remove(&folder)
}

/// The cases that failed once. The others go on without them.
#[derive(Default)]
pub(crate) struct Absent(Vec<&'static str>);

impl Absent {
    pub(crate) fn try_measure(
        &mut self,
        case: &'static Case,
        results: &mut Results,
        group: Group,
        bytes: u64,
        measure: impl FnOnce() -> Result<Sample>,
    ) {
        if self.0.contains(&case.id) {
            return;
        }
        match measure() {
            Ok(sample) => results.add(group, bytes, case.id, sample),
            Err(error) => {
                results.notes.push(format!("{} with {bytes} bytes: {error:#}", case.title));
                self.0.push(case.id);
            }
        }
    }
}
