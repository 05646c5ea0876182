//! `list`: prints the matrix.

use anyhow::Result;

use crate::matrix::MATRIX;

#[expect(clippy::unnecessary_wraps, reason = "the shape of every command")]
pub(crate) fn run() -> Result<bool> {
    let width = MATRIX.iter().map(|cell| cell.name.len()).max().unwrap_or_default();
    for cell in MATRIX {
        let needs: Vec<_> = cell.needs.iter().map(|component| component.name()).collect();
        let needs = if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") };
        println!("{:width$}  {}\n{:width$}  needs {needs}", cell.name, cell.proves, "");
    }
    Ok(true)
}
