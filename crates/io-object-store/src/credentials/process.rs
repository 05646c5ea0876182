//! `credential_process`: a program that prints credentials as JSON.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use serde::Deserialize;

use super::{Keys, provider::Fresh};

/// Long enough for a person who confirms something.
const TIMEOUT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);
const MAX_OUTPUT_BYTES: u64 = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Runs the program, without a shell, and reads what it prints. It blocks.
///
/// # Errors
///
/// What went wrong. It has nothing of the output, which may be secret.
pub(super) fn run(command: &str) -> Result<Fresh, String> {
    run_for(command, TIMEOUT)
}

fn run_for(command: &str, timeout: Duration) -> Result<Fresh, String> {
    // A shell's backslash is a separator of paths there.
    let text = if cfg!(windows) { command.replace('\\', "\\\\") } else { command.to_owned() };
    let words = shlex::split(&text).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else {
        return Err("`credential_process` is not a command".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{program}` of `credential_process` cannot be run: {error}"))?;
    let output = child.stdout.take();
    // The program may close its output and go on, or leave it to others and end.
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|it| it.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut bytes));
        let _ = send.send(read.and_then(Result::ok).map(|_| bytes));
    });
    let deadline = Instant::now() + timeout;
    let status = wait(&mut child, deadline)
        .ok_or_else(|| format!("`{program}` of `credential_process` does not end"))?;
    if !status.success() {
        return Err(format!("`{program}` of `credential_process` failed: {status}"));
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let bytes = receive.recv_timeout(left).ok().flatten().unwrap_or_default();
    let unusable = || format!("`{program}` of `credential_process` printed no credentials");
    let output: Output = serde_json::from_slice(&bytes).map_err(|_| unusable())?;
    if output.version != 1 {
        return Err(format!("`{program}` of `credential_process` printed an unknown version"));
    }
    let expires = match output.expiration {
        Some(text) => Some(time(&text).ok_or_else(unusable)?),
        None => None,
    };
    let (id, secret) = (output.access_key_id, output.secret_access_key);
    Ok(Fresh { keys: Keys { id, secret, token: output.session_token }, expires })
}

/// Waits for the end of a program. One that does not end is ended.
fn wait(child: &mut Child, deadline: Instant) -> Option<std::process::ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

/// Reads a time of ISO 8601, as far as AWS writes it.
pub(super) fn time(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    // The old files of awscli have the last.
    let utc = text.strip_suffix("+00:00").or_else(|| text.strip_suffix("UTC"));
    let utc = utc.map(|time| format!("{time}Z"));
    humantime::parse_rfc3339_weak(utc.as_deref().unwrap_or(text)).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::{run_for, time};
    use std::time::{Duration, Instant};

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn a_program_gives_credentials() {
        let json = r#"{"Version":1,"AccessKeyId":"i","SecretAccessKey":"s","SessionToken":"t","Expiration":"2100-01-01T00:00:00Z"}"#;
        let fresh = run_for(&format!("/bin/echo '{json}'"), SOON).unwrap();
        assert_eq!((&*fresh.keys.id, fresh.keys.token.as_deref()), ("i", Some("t")));
        assert!(fresh.expires.is_some());
    }

    #[test]
    fn a_program_that_fails_hangs_or_floods_is_an_error() {
        let begun = Instant::now();
        for command in ["", "'", "/nowhere/x", "false", "/bin/echo hunter2", "yes"] {
            let error = run_for(command, Duration::from_secs(2)).err().unwrap();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(run_for("sleep 60", Duration::from_millis(200)).is_err());
        assert!(begun.elapsed() < SOON);
        // No shell.
        assert!(run_for("echo x > /nowhere/file; true", SOON).is_err());
    }

    #[test]
    fn times_are_those_of_aws() {
        assert_eq!(time("2024-05-06T07:08:09Z"), time("2024-05-06T07:08:09+00:00"));
        assert!(time("2024-05-06T07:08:09.123Z").is_some() && time("never").is_none());
    }
}
