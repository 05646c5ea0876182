//! Proves what a package does not pull in: who leaves a feature out must not pay for it.

use anyhow::{Result, bail};

use crate::process;
use crate::workshop::Workshop;

struct Absence {
    package: &'static str,
    features: &'static [&'static str],
    never: &'static [&'static str],
}

const ABSENT: &[Absence] = &[
    // The contract: no runtime, no network, no browser.
    Absence { package: "io-core", features: &[], never: &["tokio", "reqwest", "web-sys"] },
    // The formats are functions on bytes.
    Absence { package: "io-manifest", features: &[], never: &["tokio", "reqwest", "web-sys"] },
    // With every backend off, nothing of any backend is left.
    Absence {
        package: "modelport",
        features: &["--no-default-features"],
        never: &["cap-std", "tokio", "reqwest", "ndarray", "safetensors", "io-fs", "io-http"],
    },
    // And with one on, nothing of the others.
    Absence {
        package: "modelport",
        features: &["--no-default-features", "--features=fs"],
        never: &["tokio", "reqwest", "rustls", "object_store", "web-sys", "ndarray"],
    },
    Absence {
        package: "modelport",
        features: &["--no-default-features", "--features=http"],
        never: &["cap-std", "memmap2", "object_store", "io-fs"],
    },
    Absence {
        package: "modelport",
        features: &["--no-default-features", "--features=aws"],
        never: &["cap-std", "memmap2", "io-fs", "io-http"],
    },
    // What is for browsers is nothing natively.
    Absence {
        package: "modelport",
        features: &["--no-default-features", "--features=localstorage,indexeddb,opfs,downloads"],
        never: &["web-sys", "wasm-bindgen", "tokio"],
    },
];

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    for absence in ABSENT {
        let first = ["tree", "--edges=normal", "--prefix=none", "--format={p}", "--package"];
        let arguments = [&first[..], &[absence.package], absence.features].concat();
        let tree = process::read(&mut workshop.cargo(&arguments))?;
        let mut names = tree.lines().filter_map(|line| line.split_whitespace().next());
        if let Some(found) = names.find(|name| absence.never.contains(name)) {
            let Absence { package, features, .. } = absence;
            bail!("{package} {} pulls in {found}", features.join(" "));
        }
    }
    Ok(())
}
