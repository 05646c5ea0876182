//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench native [--max-bytes N] [--rounds N] [--only PART] [--check]

  --max-bytes N   leave out models that are larger; MB and GB are understood
  --rounds N      measure each case N times, not as often as its size allows
  --only PART     measure nothing but `disk`, `http`, `cloud` or `convert`
  --check         fail when a target is not met";

/// The sizes of the models.
const SIZES: [u64; 3] = [1_000_000, 100_000_000, 1_000_000_000];

pub(crate) enum Command {
    Bench(Args),
    /// One case, once, in this process. The benchmark calls itself so.
    Child {
        case: String,
        folder: PathBuf,
        bytes: u64,
    },
    Help,
}

/// What is measured together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Disk,
    Http,
    Cloud,
    Convert,
}

pub(crate) struct Args {
    pub(crate) rounds: Option<usize>,
    pub(crate) check: bool,
    only: Option<Part>,
    max_bytes: u64,
}

impl Args {
    pub(crate) fn measures(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    /// Whether models of this size are measured.
    pub(crate) fn allows(&self, bytes: u64) -> bool {
        bytes <= self.max_bytes
    }

    pub(crate) fn sizes(&self) -> &'static [u64] {
        let count = SIZES.iter().filter(|size| **size <= self.max_bytes).count();
        SIZES.get(..count).unwrap_or_default()
    }
}

pub(crate) fn parse() -> Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut args = Args { rounds: None, check: false, only: None, max_bytes: u64::MAX };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("max-bytes") => args.max_bytes = bytes(&parser.value()?.string()?)?,
            Long("rounds") => args.rounds = Some(parser.value()?.parse()?),
            Long("only") => args.only = Some(part(&parser.value()?.string()?)?),
            Long("check") => args.check = true,
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(word) if word == "child" => {
                let case = parser.value()?.string()?;
                let folder = parser.value()?.into();
                return Ok(Command::Child { case, folder, bytes: parser.value()?.parse()? });
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if args.rounds == Some(0) {
        bail!("no rounds measure nothing");
    }
    Ok(Command::Bench(args))
}

fn part(name: &str) -> Result<Part> {
    Ok(match name {
        "disk" => Part::Disk,
        "http" => Part::Http,
        "cloud" => Part::Cloud,
        "convert" => Part::Convert,
        _ => bail!("`{name}` is none of disk, http, cloud and convert"),
    })
}

fn bytes(text: &str) -> Result<u64> {
    let (number, unit) = match (text.strip_suffix("MB"), text.strip_suffix("GB")) {
        (Some(number), _) => (number, 1_000_000),
        (_, Some(number)) => (number, 1_000_000_000),
        _ => (text, 1),
    };
    let number: u64 = number.trim().parse().with_context(|| format!("`{text}` is no size"))?;
    number.checked_mul(unit).context("that is too large")
}
