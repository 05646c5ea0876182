//! The README's table of backends, generated from what the program says of itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workshop::Workshop;
use crate::{process, program};

const BEGIN: &str = "<!-- backends:begin -->\n";
const END: &str = "<!-- backends:end -->";

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let text = fs::read_to_string(path(workshop))?;
    if with_table(&text, &table(workshop)?)? != text {
        bail!("the table of backends is out of date; `cargo xtask tidy --fix` writes it");
    }
    Ok(())
}

pub(crate) fn rewrite(workshop: &Workshop) -> Result<()> {
    let text = fs::read_to_string(path(workshop)).context("cannot read README.md")?;
    let new = with_table(&text, &table(workshop)?).context("cannot write README.md")?;
    if new != text {
        fs::write(path(workshop), new)?;
    }
    Ok(())
}

fn path(workshop: &Workshop) -> PathBuf {
    workshop.root.join("README.md")
}

/// The text with the table between the two marks.
fn with_table(text: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).context("no line <!-- backends:begin -->")?;
    let (_, after) = rest.split_once(END).context("no line <!-- backends:end -->")?;
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

fn table(workshop: &Workshop) -> Result<String> {
    program::build(workshop)?;
    let mut command = Command::new(program::path(workshop)?);
    let text = process::read(command.args(["schemes", "--json"]))
        .context("`modelport schemes --json` tells nothing")?;
    rows(&text).context("cannot make sense of `modelport schemes --json`")
}

/// One row per line of JSON.
fn rows(text: &str) -> Result<String> {
    let mut table = String::from("| URL | crate | feature | what it can do |\n|---|---|---|---|\n");
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let backend: Value = serde_json::from_str(line)?;
        let urls: Vec<_> =
            list(&backend, "schemes")?.iter().map(|scheme| format!("`{scheme}://`")).collect();
        table.push_str(&format!(
            "| {} | `{}` | {} | {} |\n",
            urls.join(" "),
            backend.get("crate").and_then(Value::as_str).context("no crate")?,
            // What is always there has no feature.
            match backend.get("feature").and_then(Value::as_str) {
                Some(feature) if !feature.is_empty() => format!("`{feature}`"),
                _ => "always".to_owned(),
            },
            list(&backend, "capabilities")?.join(", "),
        ));
    }
    Ok(table)
}

fn list<'a>(backend: &'a Value, key: &str) -> Result<Vec<&'a str>> {
    let items = backend.get(key).and_then(Value::as_array).with_context(|| format!("no {key}"))?;
    items.iter().map(|item| item.as_str().with_context(|| format!("{key} are no texts"))).collect()
}

#[cfg(test)]
mod tests {
    use super::{rows, with_table};

    #[test]
    fn a_row_per_backend() {
        let json = r#"{"name":"fs","schemes":["file"],"crate":"io-fs","feature":"fs","capabilities":["save","load"]}"#;
        let table = rows(json).expect("the shape that the program prints");
        assert!(table.ends_with("| `file://` | `io-fs` | `fs` | save, load |\n"), "{table}");
        assert!(rows("{}").is_err());
    }

    #[test]
    fn only_the_block_changes() {
        let text = "a\n<!-- backends:begin -->\nold\n<!-- backends:end -->\nb\n";
        let new = with_table(text, "new\n").expect("both marks are there");
        assert_eq!(new, "a\n<!-- backends:begin -->\nnew\n<!-- backends:end -->\nb\n");
        assert!(with_table("a", "").is_err());
    }
}
