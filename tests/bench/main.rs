//! The benchmark: save and load beside their peers in one run, and the targets.
//!
//! Where to look, in reading order:
//!
//! - `cases`: what is measured, as data;
//! - `ours`, `peers`, `program`, `http`, `cloud`, `convert`: the work of each case;
//! - `child`: a case runs in a fresh process, which tells its time and its peak memory;
//! - `rounds`, `transfers`: the cases take turns, so that what else the machine does hits all of them alike;
//! - `targets`: what the project promised, and whether it holds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to watch")]

mod args;
mod cases;
mod child;
mod cloud;
mod convert;
mod http;
mod memory;
mod model;
mod ours;
mod peers;
mod program;
mod report;
mod results;
mod rounds;
mod serving;
mod targets;
mod transfers;
mod workplace;

use std::process::ExitCode;

use anyhow::Result;

use args::{Args, Command, Part};
use results::Results;
use workplace::Workplace;

fn main() -> ExitCode {
    let outcome = match args::parse() {
        Ok(Command::Help) => {
            println!("{}", args::USAGE);
            Ok(true)
        }
        Ok(Command::Child { case, folder, bytes }) => {
            child::run(&case, &folder, bytes).map(|()| true)
        }
        Ok(Command::Bench(args)) => bench(&args),
        Err(error) => {
            eprintln!("error: {error:#}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as it has to be, if that was asked.
fn bench(args: &Args) -> Result<bool> {
    let workplace = Workplace::new()?;
    let mut results = Results::default();
    if args.measures(Part::Disk) {
        rounds::checksum(&workplace, &mut results)?;
        rounds::start_up(&workplace, &mut results)?;
        for &bytes in args.sizes() {
            rounds::size(&workplace, bytes, args.rounds, &mut results)?;
        }
    }
    if args.measures(Part::Http) {
        for &bytes in args.sizes() {
            transfers::size(&workplace, bytes, args.rounds, &mut results)?;
        }
        transfers::far(&workplace, args.rounds, &mut results)?;
    }
    if args.measures(Part::Cloud) {
        rounds::cloud(&workplace, args, &mut results)?;
    }
    if args.measures(Part::Convert) {
        rounds::convert(&workplace, args, &mut results)?;
    }
    report::print(&results, args.sizes());
    let met = targets::print(&results);
    Ok(met || !args.check)
}
