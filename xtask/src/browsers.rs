//! Runs the tests of crates in browsers: Cargo builds the test programs, wasm-bindgen's runner hands
//! each to a browser.
//!
//! Cargo would run one after the other. They wait most of the time, for a browser to start or for
//! a transaction, so two run at a time, each with a browser of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::summary::{Counts, Runner};
use crate::workshop::Workshop;
use crate::{isolation, limit, process, setup};

#[derive(Clone, Copy)]
pub(crate) enum Browser {
    Chromium,
    Firefox,
}

/// How many run at one time.
const AT_ONCE: usize = 2;

/// The tests that Cargo selects by these arguments, in a browser that can reach nothing but
/// loopback.
pub(crate) fn test(
    workshop: &Workshop,
    browser: Browser,
    arguments: &[&str],
    counts: &mut Counts,
) -> Result<()> {
    let waiting = Mutex::new(build(workshop, arguments)?.into_iter());
    let next = || waiting.lock().ok().and_then(|mut programs| programs.next());
    let worker = || {
        let mut mine = Counts::default();
        let mut failed = Vec::new();
        while let Some(program) = next() {
            let ran = run(workshop, browser, &program, &mut mine);
            failed.extend(ran.err().map(|error| format!("{}: {error:#}", program.name)));
        }
        (mine, failed)
    };
    let mut failed = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            match worker.join() {
                Ok((counted, errors)) => {
                    counts.add(counted);
                    failed.extend(errors);
                }
                Err(_) => failed.push("a thread that ran tests ended early".to_owned()),
            }
        }
    });
    if !failed.is_empty() {
        bail!("tests failed in {}", failed.join("; "));
    }
    Ok(())
}

/// A test program, and what Cargo would start it in.
struct Program {
    name: String,
    path: PathBuf,
    folder: PathBuf,
}

fn build(workshop: &Workshop, arguments: &[&str]) -> Result<Vec<Program>> {
    let first = [
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
        "--target=wasm32-unknown-unknown",
    ];
    let mut command = workshop.cargo(&[&first, arguments].concat());
    command.envs(setup::wasm32::compiler(workshop)?).env("CARGO_NET_OFFLINE", "true");
    process::announce(&command);
    programs(&process::read(&mut command)?)
}

/// The test programs among what Cargo says that it has built, one message in a line.
fn programs(messages: &str) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("Cargo's messages")?;
        let text = |pointer| message.pointer(pointer).and_then(Value::as_str);
        // Examples and libraries have none.
        let Some(path) = text("/executable") else { continue };
        if message.pointer("/profile/test") != Some(&Value::Bool(true)) {
            continue;
        }
        let manifest = Path::new(text("/manifest_path").context("a program of no package")?);
        let folder = manifest.parent().context("a manifest in no folder")?;
        let package = folder.file_name().unwrap_or_default().to_string_lossy();
        let target = text("/target/name").context("a program without a name")?;
        programs.push(Program {
            name: format!("{package}, {target}"),
            path: path.into(),
            folder: folder.to_owned(),
        });
    }
    Ok(programs)
}

/// Runs one, and shows what it printed when it is done, so that two do not talk at once.
fn run(
    workshop: &Workshop,
    browser: Browser,
    program: &Program,
    counts: &mut Counts,
) -> Result<()> {
    let mut command =
        Command::new(setup::wasm_bindgen::program(workshop, "wasm-bindgen-test-runner"));
    command.arg(&program.path);
    // Each of these would choose a browser.
    for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"] {
        command.env_remove(other).env_remove(format!("{other}_REMOTE"));
    }
    let settings = ["xtask", "webdriver.json"].iter().fold(workshop.root.clone(), |p, n| p.join(n));
    command
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", settings)
        // Its default is 20 seconds for all tests of a file, which is little on a busy machine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    match browser {
        Browser::Chromium => command.env("CHROMEDRIVER", setup::chromium::driver()?),
        Browser::Firefox => command.env("GECKODRIVER", setup::firefox::driver(workshop)),
    };
    command.current_dir(&program.folder);
    let mut command = limit::in_time(workshop, isolation::without_network(command));
    let output = command.output().context("cannot start its runner")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    process::show(&format!("\n--- {}\n{text}{complaints}", program.name));
    let counted = Runner::Cargo.count(&text);
    counts.add(counted);
    if !output.status.success() {
        bail!("its runner ended with {}", output.status);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::programs;

    #[test]
    fn only_test_programs_are_run() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/w/crates/a/Cargo.toml","target":{"name":"a"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","manifest_path":"/w/crates/a/Cargo.toml","target":{"name":"tool"},"profile":{"test":false},"executable":"/t/tool"}
{"reason":"compiler-artifact","manifest_path":"/w/crates/a/Cargo.toml","target":{"name":"keeps"},"profile":{"test":true},"executable":"/t/keeps-1.wasm"}
{"reason":"build-finished","success":true}
"#;
        let found = programs(messages).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "a, keeps");
        assert_eq!(found[0].folder.to_str(), Some("/w/crates/a"));
        assert!(programs("not a message\n").is_err());
    }
}
