//! What SECURITY.md claims is shown by tests that exist.

use std::fs;

use anyhow::Result;

use crate::workshop::Workshop;

const PAGE: &str = "SECURITY.md";

/// `sources` is all code of the project.
pub(crate) fn check(workshop: &Workshop, sources: &str) -> Result<Vec<String>> {
    let page = fs::read_to_string(workshop.root.join(PAGE))?;
    let targets = workshop.root.join("fuzz").join("fuzz_targets");
    let is_target = |name: &str| targets.join(format!("{name}.rs")).is_file();
    let mut complaints = Vec::new();
    for (number, line) in page.lines().enumerate() {
        let Some(shown) = proofs(line) else { continue };
        let names: Vec<_> = shown.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            complaints.push(format!("{PAGE}:{}: a claim that no test shows", number + 1));
        }
        for name in names {
            if !sources.contains(&format!("fn {name}(")) && !is_target(name) {
                complaints.push(format!("{PAGE}:{}: there is no test {name}", number + 1));
            }
        }
    }
    Ok(complaints)
}

/// The last field of a row with a claim.
fn proofs(line: &str) -> Option<&str> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let (claim, shown) = row.rsplit_once(" | ")?;
    (claim != "It cannot").then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::proofs;

    #[test]
    fn rows_have_proofs_and_headings_none() {
        assert_eq!(proofs("| do harm | `a_test` |"), Some("`a_test`"));
        assert_eq!(proofs("| It cannot | Shown by |"), None);
        assert_eq!(proofs("|---|---|"), None);
        assert_eq!(proofs("text"), None);
    }
}
