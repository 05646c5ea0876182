//! Keeps the tests from waiting for ever: in CI nobody is there to end them, and what is ended from
//! outside leaves no report.

use std::process::Command;

use crate::process;
use crate::workshop::{Workshop, on_path};

/// How long one program that runs tests may take in CI. The slowest takes a sixth of it.
const MOST: &str = "25m";

/// The command, in CI with a limit of time for it and all that it starts.
///
/// On a terminal there is none: the limit makes a process group of its own, and Ctrl-C would not
/// reach it.
pub(crate) fn in_time(workshop: &Workshop, command: Command) -> Command {
    if !workshop.ci || on_path("timeout").is_none() {
        return command;
    }
    let mut limited = Command::new("timeout");
    limited.args(["--verbose", "--kill-after=10s", MOST]);
    process::inside(limited, &command)
}
