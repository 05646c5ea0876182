//! The command line.

use std::ffi::OsString;

use anyhow::bail;
use lexopt::prelude::*;

use crate::fuzz::Fuzzing;

pub(crate) const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup                     install what the tests need into target/tools
  test [--cell NAME]...     run the test matrix, or those cells of it
       [--native]           those of this machine's target that are quick after a change
       [--full]             with as many rounds and bytes as the project promises, for hours
  list                      print the matrix
  ci                        the test matrix as CI runs it
  web [--serve]             build the npm package into dist/npm; --serve: and serve examples/web
  peers [--built]           test it with TensorFlow.js's own tests; --built: as it is
  fuzz [TARGET]...          fuzz what strangers can send, 30 seconds each
       [--seconds N]        or so long
       [--keep]             keep in fuzz/corpus what adds to its coverage
  dist                      make what a release is made of: crates, npm package, program
  bench [native | browser]  run the benchmarks, or one of them
        [ARGUMENTS]         `bench native --help` and `bench browser --help` say which
  api [--release]           write into docs/api what our public interfaces are; --release: for
                            the versions to come, as what is released
  tidy [--fix]              check the project's own rules; rewrite what is generated";

pub(crate) enum Command {
    Setup,
    Test(Selection),
    List,
    Ci,
    Web { serve: bool },
    Peers { built: bool },
    Fuzz(Fuzzing),
    Dist,
    Api { release: bool },
    Bench { arguments: Vec<OsString> },
    Tidy { fix: bool },
    Help,
}

/// Which cells of the matrix to run.
#[derive(Default)]
pub(crate) struct Selection {
    /// Those of these names, or all when there are none.
    pub(crate) cells: Vec<String>,
    /// Leave out what needs another target.
    pub(crate) native: bool,
    /// As many rounds and bytes as the project promises, not as few as CI has time for.
    pub(crate) full: bool,
}

pub(crate) fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let command = match parser.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(Value(name)) => name.string()?,
        Some(argument) => return Err(argument.unexpected().into()),
    };
    // The benchmark program has its own command line.
    if command == "bench" {
        return Ok(Command::Bench { arguments: parser.raw_args()?.collect() });
    }

    let (mut selection, mut fuzzing) = (Selection::default(), Fuzzing::default());
    let (mut fix, mut built, mut release, mut serve) = (false, false, false, false);
    while let Some(argument) = parser.next()? {
        match (command.as_str(), &argument) {
            ("test", Long("cell")) => selection.cells.push(parser.value()?.string()?),
            ("test", Long("native")) => selection.native = true,
            ("test", Long("full")) => selection.full = true,
            ("fuzz", Value(name)) => fuzzing.targets.push(name.clone().string()?),
            ("fuzz", Long("seconds")) => fuzzing.seconds = parser.value()?.parse()?,
            ("fuzz", Long("keep")) => fuzzing.keep = true,
            ("tidy", Long("fix")) => fix = true,
            ("api", Long("release")) => release = true,
            ("peers", Long("built")) => built = true,
            ("web", Long("serve")) => serve = true,
            (_, Short('h') | Long("help")) => return Ok(Command::Help),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(match command.as_str() {
        "setup" => Command::Setup,
        "test" => Command::Test(selection),
        "list" => Command::List,
        "fuzz" => Command::Fuzz(fuzzing),
        "ci" => Command::Ci,
        "dist" => Command::Dist,
        "api" => Command::Api { release },
        "web" => Command::Web { serve },
        "peers" => Command::Peers { built },
        "tidy" => Command::Tidy { fix },
        _ => bail!("there is no command '{command}'"),
    })
}
