//! The command line.

use std::num::NonZeroU64;

use clap::{
    Args as ClapArgs, Parser, Subcommand, ValueHint,
    builder::{PossibleValuesParser, TypedValueParser},
};
use clap_complete::Shell;
use modelport_convert::{Format, Quantize};

/// Copy, move, list and inspect machine-learning models in the TensorFlow.js format, by URL.
///
/// A URL is `scheme://place`; see `modelport schemes`. A bare path is a `file://` URL.
#[derive(Debug, Parser)]
#[command(name = "modelport", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  modelport info ./model                    Show what a model is made of
  modelport cp ./model ./backup/model       Copy a model
  modelport mv ./model ./models/v2          Move a model; the source goes last
  modelport ls --json ./models              List models, one JSON object per line

Exit status: 0 done, 1 failed, 2 wrong usage.";

/// What every command takes.
#[derive(ClapArgs, Debug)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// Print JSON, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but what was asked for, and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Set an option of the handler of every URL in the command
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = setting, global = true)]
    pub(crate) options: Vec<(String, String)>,
    /// Send this to the web server, as `curl` does; can be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", global = true)]
    pub(crate) headers: Vec<String>,
    /// Skip checksums; lengths are checked all the same
    #[arg(long, global = true)]
    pub(crate) no_verify: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Copy a model
    #[command(
        name = "cp",
        after_help = "\
Examples:
  modelport cp ./model ./backup/model
  modelport cp --no-clobber ./model/model.json ./other
  modelport cp --with-files ./teachable s3://bucket/models/teachable
  modelport cp -H 'X-Team: vision' --method PUT ./model https://host/models/m
  modelport cp --shard-bytes 4MiB ./model ./sharded"
    )]
    Copy(Transfer),
    /// Move a model; the source is removed after the copy was verified
    #[command(
        name = "mv",
        after_help = "\
Examples:
  modelport mv ./model ./models/v2
  modelport mv --no-clobber ./model ./models/v2"
    )]
    Move(Transfer),
    /// Convert a model between TensorFlow.js, Keras and safetensors
    #[command(after_help = "\
Examples:
  modelport convert my-model.h5 ./web-model
  modelport convert ./web-model my-model.keras
  modelport convert --quantize uint8 --shard-bytes 4MiB my-model.keras ./small
  modelport convert ./web-model my-model.safetensors")]
    Convert(Convert),
    /// Remove a model: its files and nothing else
    #[command(
        name = "rm",
        after_help = "\
Examples:
  modelport rm ./model"
    )]
    Remove(OneUrl),
    /// List the models under a URL
    #[command(
        name = "ls",
        after_help = "\
Examples:
  modelport ls
  modelport ls --json ./models | jq -r .url"
    )]
    List {
        /// Where to look
        #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
        url: String,
    },
    /// Find what saves that were cut short left behind; remove it with `--delete`
    #[command(
        name = "gc",
        after_help = "\
Examples:
  modelport gc s3://bucket/models
  modelport gc --delete --older-than 2d s3://bucket/models
  modelport gc --json ./models | jq -r .url"
    )]
    Gc(crate::commands::gc::Gc),
    /// Find out what is wrong with a URL, and with the model at it
    #[command(after_help = "\
Examples:
  modelport doctor s3://bucket/models/m
  modelport doctor --write s3://bucket/models
  modelport doctor --deep ./model && echo sound
  modelport doctor --json https://host/model.json | jq -r 'select(.outcome == \"problem\").message'")]
    Doctor(crate::commands::doctor::Doctor),
    /// Show what a model is made of
    #[command(after_help = "\
Examples:
  modelport info ./model
  modelport info --json --digest ./model | jq -r '.weights[].sha256'")]
    Info {
        /// The model
        #[arg(value_hint = ValueHint::AnyPath)]
        url: String,
        /// Add the SHA-256 of each weight's decoded bytes
        #[arg(long)]
        digest: bool,
    },
    /// Read a model whole and check it
    #[command(after_help = "\
Examples:
  modelport verify ./model && echo sound")]
    Verify(OneUrl),
    /// Manage the copies that are kept of models on web servers
    #[cfg(feature = "cache")]
    #[command(after_help = "\
Examples:
  modelport cp --from-option cache-dir=\"$HOME/.cache/modelport\" https://host/model.json ./model
  modelport cache ls
  modelport cache rm https://host/
  modelport cache prune --max-bytes 1000000000")]
    Cache(crate::commands::cache::Cache),
    /// Receive and serve models over HTTP
    #[cfg(feature = "serve")]
    #[command(after_help = "\
Examples:
  modelport serve --root ./models
  modelport serve --addr 0.0.0.0:8500 --root s3://bucket/models --token-file tokens.txt")]
    Serve(Box<crate::commands::serve::Serve>),
    /// List the URL schemes of this build
    #[command(after_help = "\
Examples:
  modelport schemes
  modelport schemes --json | jq -r '.schemes[]'")]
    Schemes,
    /// Print a completion script
    #[command(after_help = "\
Examples:
  modelport completions bash > ~/.local/share/bash-completion/completions/modelport")]
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Print a manual page, of the program or of one of its commands
    #[command(after_help = "\
Examples:
  modelport man > ~/.local/share/man/man1/modelport.1
  modelport man cp > ~/.local/share/man/man1/modelport-cp.1")]
    Man {
        /// For which command
        command: Option<String>,
    },
}

#[derive(ClapArgs, Debug)]
pub(crate) struct OneUrl {
    /// The model
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) url: String,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Transfer {
    /// The model
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub(crate) source: String,
    /// Its new URL; a model that is there is replaced
    #[arg(value_name = "DST", value_hint = ValueHint::AnyPath)]
    pub(crate) destination: String,
    /// Write weight files of at most SIZE (4194304, 4MiB, 4MB), not all weights in one
    #[arg(long, value_name = "SIZE", value_parser = crate::size::nonzero)]
    pub(crate) shard_bytes: Option<NonZeroU64>,
    /// Fail if there already is a model at DST
    #[arg(short, long)]
    pub(crate) no_clobber: bool,
    /// Take along the files beside the model that belong to no model: metadata, labels, vocabularies
    #[arg(long)]
    pub(crate) with_files: bool,
    /// Save to a web server by this method; POST by default
    #[arg(long, value_parser = PossibleValuesParser::new(["POST", "PUT", "PATCH"]), ignore_case = true)]
    pub(crate) method: Option<String>,
    /// Set an option of the handler of SRC only
    #[arg(long = "from-option", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) from_options: Vec<(String, String)>,
    /// Set an option of the handler of DST only
    #[arg(long = "to-option", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) to_options: Vec<(String, String)>,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Convert {
    /// The model, or a file: .h5, .keras, .safetensors; it is told by its content
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub(crate) source: String,
    /// Where it goes; what is there is replaced
    #[arg(value_name = "DST", value_hint = ValueHint::AnyPath)]
    pub(crate) destination: String,
    /// Write this format, whatever DST is called
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub(crate) to: Option<Format>,
    /// Write for Keras 2 or Keras 3; 2 for .h5 and 3 for .keras by default
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u8).range(2..=3))]
    pub(crate) keras: Option<u8>,
    /// Store weights as uint8, uint16 or float16; `:` and patterns choose by name
    #[arg(long, value_name = "TYPE[:PATTERN]", value_parser = quantize_rule)]
    pub(crate) quantize: Vec<String>,
    /// Store dequantized values of quantized weights
    #[arg(long)]
    pub(crate) dequantize: bool,
    /// Take the state of the optimizer along, so that training can go on
    #[arg(long)]
    pub(crate) include_optimizer: bool,
    /// Write weight files of at most SIZE (4194304, 4MiB, 4MB), not all weights in one
    #[arg(long, value_name = "SIZE", value_parser = crate::size::nonzero)]
    pub(crate) shard_bytes: Option<NonZeroU64>,
    /// Fail on warnings as well: other precision, custom classes
    #[arg(long, conflicts_with = "allow_unsupported")]
    pub(crate) strict: bool,
    /// Convert even what the target would compute differently
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the model even if the target cannot load or run it as it is
    #[arg(long)]
    pub(crate) allow_unsupported: bool,
    /// Fail if there already is something at DST
    #[arg(short, long)]
    pub(crate) no_clobber: bool,
    /// Set an option of the handler of SRC only
    #[arg(long = "from-option", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) from_options: Vec<(String, String)>,
    /// Set an option of the handler of DST only
    #[arg(long = "to-option", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) to_options: Vec<(String, String)>,
}

/// The formats by their names.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.iter().map(|format| format.name());
    PossibleValuesParser::new(names)
        .try_map(|name| name.parse::<Format>().map_err(|error| error.to_string()))
}

/// A rule that can be read; whether it fits the others shows when all are there.
fn quantize_rule(rule: &str) -> Result<String, String> {
    let added = Quantize::none().add(rule);
    added.map(|()| rule.to_owned()).map_err(|error| match error.hint() {
        Some(hint) => format!("{error}: {hint}"),
        None => error.to_string(),
    })
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn help_is_imperative_and_has_no_full_stop() {
        for command in Args::command().get_subcommands() {
            let name = command.get_name();
            let about = command.get_about().unwrap().to_string();
            assert!(!about.ends_with('.'), "{name}: {about}");
            assert!(command.get_after_help().is_some(), "{name} has no examples");
            for arg in command.get_arguments() {
                let help = arg.get_help().unwrap().to_string();
                assert!(!help.ends_with('.'), "{name} {}: {help}", arg.get_id());
            }
        }
    }
}
