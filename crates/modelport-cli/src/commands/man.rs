//! `modelport man`.

use clap::CommandFactory as _;
use clap_mangen::Man;
use modelport::{Error, ErrorKind};

use crate::{args::Args, failure::Failure, output::Output};

pub(crate) fn run(command: Option<&str>, output: &mut Output) -> Result<(), Failure> {
    let mut program = Args::command();
    // So that the page of a command has its full name, and the options of every command.
    program.build();
    let page = match command {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, format!("there is no command `{name}`"))
                .with_hint("`modelport --help` lists the commands")
        })?,
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    Ok(output.bytes(&text)?)
}
