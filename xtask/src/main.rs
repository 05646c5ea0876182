//! `cargo xtask`: the project's own tasks. Parses, goes to the root and dispatches; a file per command.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to watch")]

mod bench;
mod browsers;
mod checks;
mod ci;
mod dist;
mod flags;
mod fuzz;
mod isolation;
mod limit;
mod list;
mod matrix;
mod metadata;
mod peers;
mod process;
mod program;
mod report;
mod setup;
mod summary;
mod test;
mod tidy;
mod toml;
mod web;
mod workshop;

use std::process::ExitCode;

use flags::Command;
use workshop::Workshop;

fn main() -> ExitCode {
    let command = match flags::parse() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error:#}\n\n{}", flags::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells whether all went well; an error is something that kept the command from running.
fn run(command: Command) -> anyhow::Result<bool> {
    let mut workshop = Workshop::open()?;
    match command {
        Command::Setup => setup::run(&workshop),
        Command::Test(selection) => {
            workshop.full = selection.full;
            test::run(&workshop, &selection)
        }
        Command::List => list::run(),
        Command::Ci => ci::run(workshop),
        Command::Fuzz(fuzzing) => fuzz::run(&workshop, &fuzzing).map(|()| true),
        Command::Api { release: false } => checks::api::write(&workshop),
        Command::Api { release: true } => checks::api::release(&workshop),
        Command::Dist => dist::run(&workshop),
        Command::Bench { arguments } => bench::run(&workshop, &arguments),
        Command::Peers { built } => peers::run(&workshop, built),
        Command::Web { serve: false } => web::run(&workshop),
        Command::Web { serve: true } => web::serve(&workshop),
        Command::Tidy { fix } => tidy::run(&workshop, fix),
        Command::Help => {
            process::show(&format!("{}\n", flags::USAGE));
            Ok(true)
        }
    }
}
