//! Standard output and standard error: the only place that writes to them.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use serde::Serialize;

use crate::{args::Global, text::printable};

/// Where a command's results and messages go.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    line_by_line: bool,
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let stdout = io::stdout();
        Self {
            line_by_line: stdout.is_terminal(),
            stdout: BufWriter::new(stdout),
            json: global.json,
            quiet: global.quiet,
        }
    }

    /// Whether results are JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether a progress bar would be seen and is wanted.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// A line of what was asked for.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.stdout, "{line}")?;
        self.line_done()
    }

    /// What was asked for, as one line of JSON.
    pub(crate) fn object(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.stdout, value)?;
        self.stdout.write_all(b"\n")?;
        self.line_done()
    }

    /// A line that says what was done; nobody who asked for quiet needs it.
    pub(crate) fn done(&mut self, line: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.line(line) }
    }

    /// What was done, as one line of JSON; nobody who asked for quiet needs it.
    pub(crate) fn done_object(&mut self, value: &impl Serialize) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.object(value) }
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdout.write_all(bytes)
    }

    /// What the user should know of something that was done all the same.
    pub(crate) fn warning(&mut self, text: &str) {
        if !self.quiet {
            self.error_lines(&format!("warning: {text}"));
        }
    }

    /// Lines for standard error. What was written before comes first.
    pub(crate) fn error_lines(&mut self, lines: &str) {
        let _ = self.stdout.flush();
        // There is nowhere left to tell that standard error does not work.
        let _ = writeln!(io::stderr(), "{lines}");
    }

    /// Warnings for standard error, of something that was done all the same.
    pub(crate) fn warnings(&mut self, warnings: &[String]) {
        for warning in warnings {
            self.error_lines(&format!("warning: {}", printable(warning)));
        }
    }

    /// Writes what is still held back.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    fn line_done(&mut self) -> io::Result<()> {
        if self.line_by_line { self.stdout.flush() } else { Ok(()) }
    }
}

/// A line for standard error of a command line that could not be read.
pub(crate) fn stderr_line(line: &str) {
    // There is nowhere left to tell that standard error does not work.
    let _ = writeln!(io::stderr(), "{line}");
}
