//! What every command works with: the root of the checkout, Cargo, and where the tools are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The checkout that this program belongs to.
pub(crate) struct Workshop {
    pub(crate) root: PathBuf,
    /// Whether this is a CI run: nothing may change, and nothing of the machine's own is used.
    pub(crate) ci: bool,
    /// Whether tests are to try as much as the project promises.
    pub(crate) full: bool,
    cargo: OsString,
}

impl Workshop {
    /// Goes to the root, so that the commands work from any folder.
    pub(crate) fn open() -> Result<Self> {
        // At run time Cargo says where this package is, also after the checkout has been moved.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("this package is not inside a workspace")?;
        env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))?;
        Ok(Self {
            root: root.to_path_buf(),
            ci: env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false"),
            full: false,
            cargo: env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        })
    }

    /// A Cargo command; in CI one that leaves Cargo.lock as it is.
    pub(crate) fn cargo<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut arguments = arguments.iter().map(AsRef::as_ref);
        let mut command = Command::new(&self.cargo);
        let subcommand = arguments.next().unwrap_or_default();
        command.arg(subcommand);
        // Of nextest's two words the second takes the flags.
        if subcommand == "nextest" {
            command.args(arguments.next());
        }
        // The formatter resolves nothing and knows no such flag.
        if self.ci && subcommand != "fmt" {
            command.arg("--locked");
        }
        command.args(arguments);
        command
    }

    /// A Cargo command for a crate that is made on the way, and whose lock file is.
    pub(crate) fn unlocked_cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo);
        command.args(arguments);
        command
    }

    /// The folder of everything that `setup` installs. It does not follow `CARGO_TARGET_DIR`,
    /// so that the tests find it by this path alone:
    ///
    /// - `node/node_modules` has TensorFlow.js,
    /// - `browser-driver/node_modules` has Puppeteer,
    /// - `python/bin/python` imports its converter's weight reader,
    /// - `wasm32.env` names the compiler for the browser target.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target").join("tools")
    }

    /// A program of a Python environment among the tools.
    pub(crate) fn in_python(&self, environment: &str, program: &str) -> PathBuf {
        self.tools().join(environment).join("bin").join(program)
    }

    /// Where the tests of the reference are, with the versions they want.
    pub(crate) fn interop(&self) -> PathBuf {
        self.root.join("tests").join("interop")
    }

    /// Where the tests of the npm package's types are, with the compiler they want.
    pub(crate) fn type_tests(&self) -> PathBuf {
        self.root.join("tests").join("types")
    }

    /// Where the tests are that steer a browser, with the driver they want.
    pub(crate) fn browser_tests(&self) -> PathBuf {
        self.root.join("tests").join("browser")
    }
}

/// Where a program is, if it is on the search path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// A path the way people see it: from the root, where it is below it.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
