//! How the program fails: what it says and the status it ends with.

use std::{error::Error as StdError, io, process::ExitCode};

use modelport::{Error, ErrorKind};
use serde::Serialize;

use crate::{
    output::{Output, stderr_line},
    text::printable,
};

/// Why the program does not end with 0, or ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An operation on a model failed.
    Model(Error),
    /// Standard output does not take more.
    Output(io::Error),
    /// All was said already.
    Reported,
    /// A signal asked to stop; its number.
    Interrupted(u8),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Model(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Says what is to be said, and returns the exit status.
    pub(crate) fn report(self, output: &mut Output) -> ExitCode {
        match self {
            Self::Model(error) => error_to(output, &error),
            // Whoever read our output has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Self::Output(error) => {
                let failed = Error::new(ErrorKind::Unexpected, "cannot write the output");
                error_to(output, &failed.with_source(error));
            }
            Self::Reported => {}
            // As a shell has it: 128 and the signal.
            Self::Interrupted(signal) => return ExitCode::from(128 + signal),
        }
        ExitCode::FAILURE
    }
}

/// Tells an error: a line and a hint for people, an object for machines.
pub(crate) fn error_to(output: &mut Output, error: &Error) {
    Told::new(error).tell(output);
}

/// [`error_to`] for one of the models of a list, which goes on: the object has its URL.
pub(crate) fn listed_error_to(output: &mut Output, error: &Error) {
    Told { url: error.url().map(str::to_owned), ..Told::new(error) }.tell(output);
}

/// The exit status of a command line that cannot be read.
const WRONG_USAGE: u8 = 2;

/// Reports a command line that cannot be read, or prints the help that it asks for.
pub(crate) fn wrong_usage(error: &clap::Error) -> ExitCode {
    let asks_for_json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() || !asks_for_json {
        error.exit();
    }
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    let failed = Error::new(ErrorKind::InvalidInput, message)
        .with_hint("`modelport help COMMAND` lists what it takes");
    stderr_line(&serde_json::to_string(&Told::new(&failed)).unwrap_or_default());
    ExitCode::from(WRONG_USAGE)
}

/// An error in the order in which it is told.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    error: String,
    kind: String,
    /// The model of an error in a list, without credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    pub(crate) hint: Option<String>,
    causes: Vec<String>,
}

impl Told {
    pub(crate) fn new(error: &Error) -> Self {
        let (mut causes, mut hint) = (Vec::new(), error.hint());
        let mut said = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            // The hint nearest to the user is the one that knows most of what they did.
            hint = hint.or_else(|| cause.downcast_ref::<Error>().and_then(Error::hint));
            let text = cause.to_string();
            // Libraries that print their cause in their own text would say it twice.
            if !said.contains(&text) {
                said.clone_from(&text);
                causes.push(text);
            }
            next = cause.source();
        }
        // A person at a shell cannot link crates.
        if error.kind() == ErrorKind::UnknownScheme && hint.is_some_and(|hint| hint.contains('!')) {
            hint = Some("`modelport schemes` lists what this program can do");
        }
        Self {
            error: error.to_string(),
            kind: kind_name(error.kind()),
            url: None,
            hint: hint.map(str::to_owned),
            causes,
        }
    }

    fn tell(&self, output: &mut Output) {
        let text = if output.json() {
            serde_json::to_string(self).unwrap_or_default()
        } else {
            self.lines()
        };
        output.error_lines(&text);
    }

    /// The error and its causes, as one line.
    pub(crate) fn chain(&self) -> String {
        let all = std::iter::once(&self.error).chain(&self.causes);
        all.map(|text| printable(text)).collect::<Vec<_>>().join(": ")
    }

    fn lines(&self) -> String {
        let mut text = format!("error: {}", self.chain());
        if let Some(hint) = &self.hint {
            text.push_str("\nhint: ");
            text.push_str(&printable(hint));
        }
        text
    }
}

/// The name of a kind, without the numbers that some carry.
fn kind_name(kind: ErrorKind) -> String {
    let text = format!("{kind:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Told, kind_name};
    use modelport::{Error, ErrorKind, ModelUrl, Operation};
    use std::io;

    #[test]
    fn a_chain_is_one_line_that_says_nothing_twice() {
        let url = ModelUrl::parse("file://a\nb").unwrap();
        let cause = Error::new(ErrorKind::Network, "refused: socket\u{1b}[31m")
            .with_source(io::Error::other("socket\u{1b}[31m"))
            .with_hint("plug it in");
        let error = Error::new(ErrorKind::Network, "no connection")
            .with_source(cause)
            .with_context(Operation::Load, &url);
        assert_eq!(
            Told::new(&error).lines(),
            "error: cannot load file://a\\nb: no connection: refused: socket\\u{1b}[31m\n\
             hint: plug it in"
        );
    }

    #[test]
    fn kinds_have_plain_names() {
        let quota = ErrorKind::QuotaExceeded { needed: Some(1), available: None };
        assert_eq!(kind_name(quota), "QuotaExceeded");
        assert_eq!(kind_name(ErrorKind::NotFound), "NotFound");
    }
}
