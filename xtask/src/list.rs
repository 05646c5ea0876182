//! `list`: prints the matrix.

use anyhow::Result;

use crate::matrix::MATRIX;
use crate::process::show;

pub(crate) fn run() -> Result<bool> {
    let mut text = String::new();
    let width = MATRIX.iter().map(|cell| cell.name.len()).max().unwrap_or_default();
    for cell in MATRIX {
        let needs: Vec<_> = cell.needs.iter().map(|component| component.name()).collect();
        let needs = if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") };
        text += &format!("{:width$}  {}\n{:width$}  needs {needs}\n", cell.name, cell.proves, "");
    }
    show(&text);
    Ok(true)
}
