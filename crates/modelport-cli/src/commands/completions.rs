//! `modelport completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{args::Args, failure::Failure, output::Output};

pub(crate) fn run(shell: Shell, output: &mut Output) -> Result<(), Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "modelport", &mut script);
    Ok(output.bytes(&script)?)
}
