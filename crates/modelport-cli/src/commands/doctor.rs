//! `modelport doctor`.

use clap::{Args as ClapArgs, ValueHint};
use futures::StreamExt as _;
use modelport::doctor::{DoctorOptions, Finding, Outcome, doctor};
use serde::Serialize;

use crate::{
    args::Global,
    failure::{Failure, Told},
    output::Output,
    text::{count, printable},
};

#[derive(ClapArgs, Debug)]
pub(crate) struct Doctor {
    /// A model, or a place for models
    #[arg(value_hint = ValueHint::AnyPath)]
    url: String,
    /// Read all weights and compare checksums; lengths are compared in any case
    #[arg(long)]
    deep: bool,
    /// Try to save and to remove, with a small model of its own
    #[arg(long)]
    write: bool,
    /// Ask what pages of this origin may do, as a browser asks: https://app.example
    #[arg(long)]
    origin: Option<String>,
}

/// A finding as `doctor --json` prints it.
#[derive(Serialize)]
struct Found<'a> {
    check: &'a str,
    outcome: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    error: Option<&'a Told>,
}

pub(crate) async fn run(
    global: &Global,
    args: &Doctor,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut options = DoctorOptions::default().with_deep(args.deep).with_write(args.write);
    options.origin.clone_from(&args.origin);
    let [handler] = global.handler_options([&args.url])?;
    let mut findings = doctor(&args.url, &options, &handler)?;
    let (mut problems, mut warnings) = (0_u64, 0_u64);
    while let Some(finding) = findings.next().await {
        problems += u64::from(finding.outcome == Outcome::Problem);
        warnings += u64::from(finding.outcome == Outcome::Warning);
        print(&finding, output)?;
    }
    if !output.json() {
        let (problems, warnings) = (count(problems, "problem"), count(warnings, "warning"));
        output.done(&format!("{problems}, {warnings}"))?;
    }
    if problems == 0 { Ok(()) } else { Err(Failure::Reported) }
}

fn print(finding: &Finding, output: &mut Output) -> std::io::Result<()> {
    let Finding { check, outcome, message, hint, error, .. } = finding;
    let (check, outcome) = (check.name(), outcome.name());
    let told = error.as_ref().map(Told::new);
    let own = told.as_ref().and_then(|told| told.hint.as_deref());
    let hint = hint.as_deref().or(own);
    if output.json() {
        return output.object(&Found { check, outcome, message, hint, error: told.as_ref() });
    }
    let mut line = format!("{outcome:<11}  {check:<12}  {}", printable(message));
    if let Some(told) = &told {
        line.push_str(": ");
        line.push_str(&told.chain());
    }
    output.line(&line)?;
    match hint {
        Some(hint) => output.line(&format!("{:27}hint: {}", "", printable(hint))),
        None => Ok(()),
    }
}
