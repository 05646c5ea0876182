//! Installs into a folder all or nothing, and only when what is wanted has changed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const STAMP: &str = ".stamp";

/// Makes `folder` hold what `install` puts into the folder it is given.
///
/// `wanted` is all that the result depends on. The stamp is written last and the folder renamed
/// into place after that, so a run that was cut short leaves nothing that looks installed.
pub(crate) fn install(
    folder: &Path,
    wanted: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == wanted) {
        return Ok(());
    }
    // Two runs at once do the work twice rather than in one folder.
    let staged = folder.with_extension(format!("new-{}", std::process::id()));
    remove(&staged)?;
    fs::create_dir_all(&staged)?;
    let result = install(&staged).and_then(|()| {
        fs::write(staged.join(STAMP), wanted)?;
        remove(folder)?;
        fs::rename(&staged, folder).context("cannot move the installed folder into place")
    });
    if result.is_err() {
        remove(&staged)?;
    }
    result
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context(format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
