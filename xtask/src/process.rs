//! Runs other programs: watched, read, or both.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// Runs a program whose output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// Runs a program for what it prints; its complaints are still to be seen.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("{} failed ({})", name(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", name(command)))
}

/// What a program printed, and whether it succeeded.
pub(crate) struct Watched {
    pub(crate) text: String,
    pub(crate) success: bool,
}

/// Runs a program whose output is shown as it comes and kept as well.
pub(crate) fn watch(command: &mut Command) -> Result<Watched> {
    announce(command);
    // It sees a pipe, so it has to be told that there are colours.
    if io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let text = thread::scope(|scope| {
        let streams = pipes(&mut child).map(|(pipe, to)| scope.spawn(move || forward(pipe, to)));
        // A thread ends early only by a panic, and then there is nothing to read.
        streams.into_iter().map(|thread| thread.join().unwrap_or_default()).collect::<String>()
    });
    let status = child.wait().with_context(|| format!("lost {}", name(command)))?;
    Ok(Watched { text, success: status.success() })
}

type Pipe = Box<dyn Read + Send>;
type Sink = Box<dyn Write + Send>;

fn pipes(child: &mut Child) -> [(Pipe, Sink); 2] {
    let stdout = child.stdout.take().map_or_else(nothing, |pipe| Box::new(pipe) as Pipe);
    let stderr = child.stderr.take().map_or_else(nothing, |pipe| Box::new(pipe) as Pipe);
    [(stdout, Box::new(io::stdout())), (stderr, Box::new(io::stderr()))]
}

fn nothing() -> Pipe {
    Box::new(io::empty())
}

/// Passes lines on and keeps them. What cannot be shown any more is kept all the same.
fn forward(from: Pipe, mut to: Sink) -> String {
    let mut from = BufReader::new(from);
    let mut text = String::new();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let _ = to.write_all(&line).and_then(|()| to.flush());
        text.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    text
}

/// A command that is run by another one, which takes it as its last arguments.
pub(crate) fn inside(mut outer: Command, command: &Command) -> Command {
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}

/// Prints text to the end or to where the reader stops listening.
pub(crate) fn show(text: &str) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Says what is about to be run.
pub(crate) fn announce(command: &Command) {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    eprintln!("$ {} {}", name(command), words.join(" "));
}

/// A program's name without its folder, which differs from machine to machine.
fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", name(command))
}
