//! The program `modelport`.

mod args;
mod commands;
mod options;
mod run;

mod failure;
#[cfg(feature = "serve")]
mod log;
mod output;
mod progress;
mod size;
mod text;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return failure::wrong_usage(&error),
    };
    let mut output = output::Output::new(&args.global);
    let outcome = run::run(args, &mut output).and_then(|()| output.finish().map_err(Into::into));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&mut output),
    }
}
