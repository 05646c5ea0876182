//! `modelport gc`.

use std::time::Duration;

use clap::{Args as ClapArgs, ValueHint};
use futures::StreamExt as _;
use modelport::{Garbage, GcOptions, ModelUrl, printable_date};
use serde::Serialize;

use super::list::redacted;
use crate::{
    args::Global,
    failure::{Failure, listed_error_to},
    output::Output,
    text::{count, date, printable, size},
};

#[derive(ClapArgs, Debug)]
pub(crate) struct Gc {
    /// Where to look, and below
    #[arg(value_hint = ValueHint::DirPath)]
    url: String,
    /// Remove what is found
    #[arg(long)]
    delete: bool,
    /// Leave alone what is younger, as a save that still runs may need it: 90m, 12h, 2d
    #[arg(long, value_name = "AGE", default_value = "1day", value_parser = humantime::parse_duration)]
    older_than: Duration,
}

/// A piece of garbage as `gc --json` prints it.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(serialize_with = "redacted")]
    url: &'a ModelUrl,
    bytes: u64,
    written: String,
    removed: bool,
}

pub(crate) async fn run(global: &Global, args: &Gc, output: &mut Output) -> Result<(), Failure> {
    let options = GcOptions::default().with_older_than(args.older_than).with_dry_run(!args.delete);
    let [handler] = global.handler_options([&args.url])?;
    let mut found = modelport::gc(&args.url, &options, &handler)?;
    let (mut all_done, mut pieces, mut bytes) = (true, 0_u64, 0_u64);
    while let Some(garbage) = found.next().await {
        match garbage {
            Ok(garbage) => {
                pieces += 1;
                bytes = bytes.saturating_add(garbage.bytes);
                print(&garbage, args.delete, output)?;
            }
            Err(error) => {
                all_done = false;
                listed_error_to(output, &error);
            }
        }
    }
    if !output.json() {
        let (pieces, bytes) = (count(pieces, "piece"), size(bytes));
        let age = match args.older_than {
            Duration::ZERO => String::new(),
            age => format!(" older than {}", humantime::format_duration(age)),
        };
        let garbage = format!("{pieces} of garbage{age}, {bytes}");
        output.done(&if args.delete {
            format!("removed {garbage}")
        } else {
            format!("found {garbage}; nothing was removed, `--delete` does it")
        })?;
    }
    if all_done { Ok(()) } else { Err(Failure::Reported) }
}

fn print(garbage: &Garbage, removed: bool, output: &mut Output) -> std::io::Result<()> {
    let Garbage { url, bytes, written, .. } = garbage;
    if output.json() {
        let written = humantime::format_rfc3339_millis(printable_date(*written)).to_string();
        return output.object(&Found { url, bytes: *bytes, written, removed });
    }
    let (bytes, written, url) = (size(*bytes), date(*written), url.to_string());
    output.line(&format!("{bytes:>10}  {written}  {}", printable(&url)))
}
