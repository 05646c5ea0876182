//! What documents claim is shown by tests that exist.

use std::{fs, path::Path};

use anyhow::Result;

use crate::workshop::Workshop;

/// Each row of its tables is a claim and the tests that show it.
const TABLES: &str = "SECURITY.md";

/// The directory of the documents that name tests in square brackets.
const DOCUMENTS: &str = "docs";

/// `sources` is all code of the project.
pub(crate) fn check(workshop: &Workshop, sources: &str) -> Result<Vec<String>> {
    let targets = workshop.root.join("fuzz").join("fuzz_targets");
    let exists = |name: &str| {
        sources.contains(&format!("fn {name}(")) || targets.join(format!("{name}.rs")).is_file()
    };
    let mut complaints = Vec::new();
    let page = fs::read_to_string(workshop.root.join(TABLES))?;
    for (number, line) in page.lines().enumerate() {
        let Some(shown) = proofs(line) else { continue };
        if quoted(shown).next().is_none() {
            complaints.push(format!("{TABLES}:{}: a claim that no test shows", number + 1));
        }
        let missing = quoted(shown).filter(|name| !exists(name));
        complaints.extend(missing.map(|name| absent(TABLES, number, name)));
    }
    for entry in fs::read_dir(workshop.root.join(DOCUMENTS))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let page = fs::read_to_string(&path)?;
            let name = path.strip_prefix(&workshop.root).unwrap_or(&path);
            complaints.extend(in_brackets(name, &page, exists));
        }
    }
    Ok(complaints)
}

fn in_brackets(page: &Path, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = text.lines().enumerate().flat_map(|(number, line)| {
        bracketed(line).flat_map(quoted).map(move |name| (number, name))
    });
    let missing = lines.filter(|(_, name)| is_test(name) && !exists(name));
    missing.map(|(number, name)| absent(&page.display().to_string(), number, name)).collect()
}

fn absent(page: &str, number: usize, name: &str) -> String {
    format!("{page}:{}: there is no test {name}", number + 1)
}

/// The last field of a row with a claim.
fn proofs(line: &str) -> Option<&str> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let (claim, shown) = row.rsplit_once(" | ")?;
    (claim != "It cannot").then_some(shown)
}

/// What stands between square brackets and begins as code, but for links.
fn bracketed(line: &str) -> impl Iterator<Item = &str> {
    line.split('[').skip(1).filter_map(|rest| {
        let (inside, after) = rest.split_once(']')?;
        (inside.starts_with('`') && !after.starts_with('(')).then_some(inside)
    })
}

/// What is marked as code.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Tests have long names of words.
fn is_test(name: &str) -> bool {
    name.contains('_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{in_brackets, proofs};
    use std::path::Path;

    #[test]
    fn rows_have_proofs_and_headings_none() {
        assert_eq!(proofs("| do harm | `a_test` |"), Some("`a_test`"));
        assert_eq!(proofs("| It cannot | Shown by |"), None);
        assert_eq!(proofs("|---|---|"), None);
        assert_eq!(proofs("text"), None);
    }

    #[test]
    fn names_in_brackets_are_those_of_tests() {
        let text =
            "It is so [`is_there`, `is_not`, in `a-crate`].\n[`a_link`](x) and [`gone_too`].";
        let found = in_brackets(Path::new("docs/a.md"), text, |name| name == "is_there");
        let expected =
            ["docs/a.md:1: there is no test is_not", "docs/a.md:2: there is no test gone_too"];
        assert_eq!(found, expected);
    }
}
