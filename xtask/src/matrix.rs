//! The test matrix as data: one row per cell, cheapest first.
//!
//! A cell is here or it does not exist: `test`, `ci` and `list` know no other.

use anyhow::{Result, bail};

use crate::browsers::Browser;
use crate::checks::{absence, api, deny, features, guide, minimal, msrv, surface};
use crate::dist;
use crate::fuzz;
use crate::peers;
use crate::program;
use crate::setup::Component;
use crate::tidy;
use crate::web;
use crate::workshop::Workshop;

pub(crate) struct Cell {
    pub(crate) name: &'static str,
    /// What is known when it has passed.
    pub(crate) proves: &'static str,
    /// What has to be set up for it. If that fails, so does the cell.
    pub(crate) needs: &'static [Component],
    /// Done in order, up to the first that fails.
    pub(crate) steps: &'static [Step],
}

pub(crate) enum Step {
    /// A Cargo command.
    Cargo(&'static [&'static str]),
    /// `cargo doc` with these arguments, its warnings denied.
    Docs(&'static [&'static str]),
    /// Clippy with these arguments, by the compiler that has the browser target.
    Wasm32Clippy(&'static [&'static str]),
    /// `cargo doc` by that compiler, its warnings denied.
    Wasm32Docs(&'static [&'static str]),
    /// The tests that Cargo selects by these arguments; they are counted.
    Tests(&'static [&'static str]),
    /// The same where no network but loopback can be reached.
    IsolatedTests(&'static [&'static str]),
    /// The tests that Cargo selects by these arguments, in a browser that can reach nothing but
    /// loopback; they are counted.
    BrowserTests(Browser, &'static [&'static str]),
    /// The test files for Node in this folder, where no network but loopback can be reached; they
    /// are counted.
    NodeTests(&'static str),
    /// The examples in the documentation, which only Cargo's own runner runs; they are counted.
    DocTests(&'static [&'static str]),
    /// A check of ours.
    Check(fn(&Workshop) -> Result<()>),
}

/// What a workspace of its own compiles need not be compiled again.
const SHARED: &str = "--target-dir=target";

/// The tests that run in browsers.
const IN_BROWSERS: &[&str] = &[
    "-p=io-web",
    "-p=io-browser-localstorage",
    "-p=io-browser-indexeddb",
    "-p=io-opfs",
    "-p=io-downloads",
    "-p=io-http",
    "--tests",
];

/// Those of the facade, whose others run natively only.
const FACADE_IN_BROWSERS: &[&str] = &[
    "-p=modelport",
    "--features=localstorage,indexeddb,opfs,downloads,http",
    "--test=registration",
    "--test=tfjs",
];

/// What is trained with candle in a page: a workspace of its own.
const CANDLE_IN_BROWSERS: &[&str] =
    &["--manifest-path=examples/candle/Cargo.toml", SHARED, "--test=page"];

/// Which backends take part depends on what the linker takes, and that on the profile.
const RELEASE_IN_BROWSERS: &[&str] = &[
    "-p=modelport",
    "--features=localstorage,indexeddb,opfs,downloads,http",
    "--test=registration",
    "--release",
];

/// What `--native` leaves out too: each builds everything once more in a way of its own, or goes on for
/// minutes in other programs.
const LEFT_TO_THE_WHOLE_MATRIX: &[&str] =
    &["cloud", "features", "fuzz", "keras", "minimal", "package", "third-party"];

pub(crate) const MATRIX: &[Cell] = &[
    Cell {
        name: "fmt",
        proves: "the code is formatted",
        needs: &[],
        steps: &[
            Step::Cargo(&["fmt", "--all", "--check"]),
            Step::Cargo(&["fmt", "--manifest-path=examples/candle/Cargo.toml", "--check"]),
            Step::Cargo(&[
                "fmt",
                "--manifest-path=examples/third-party-handler/Cargo.toml",
                "--check",
            ]),
            Step::Cargo(&["fmt", "--manifest-path=fuzz/Cargo.toml", "--check"]),
        ],
    },
    Cell {
        name: "msrv",
        proves: "dependencies and lints agree with the oldest compiler that we promise",
        needs: &[],
        steps: &[Step::Check(msrv::check)],
    },
    Cell {
        name: "deny",
        proves: "dependencies have the licences and the origin that we allow",
        needs: &[Component::CargoDeny],
        steps: &[Step::Cargo(&["fetch"]), Step::Check(deny::check)],
    },
    Cell {
        name: "clippy",
        proves: "no lint has anything to say, tests included",
        needs: &[],
        steps: &[Step::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "--deny=warnings",
        ])],
    },
    Cell {
        name: "docs",
        proves: "the documentation builds and its links lead somewhere",
        needs: &[],
        // Libraries alone: the program `modelport` has the same page as the crate `modelport`.
        steps: &[Step::Docs(&[
            "--workspace",
            "--lib",
            "--all-features",
            "--no-deps",
            "--document-private-items",
        ])],
    },
    Cell {
        name: "surface",
        proves: "public interfaces are what is written down, and show no types but those that are meant",
        needs: &[],
        steps: &[Step::Check(surface::check), Step::Check(api::check)],
    },
    Cell {
        name: "features",
        proves: "the facade builds with none, each and all of its features; what is off is absent",
        needs: &[],
        steps: &[Step::Check(features::check), Step::Check(absence::check)],
    },
    Cell {
        name: "tidy",
        proves: "the project's own rules hold and the generated parts of the README are current",
        needs: &[],
        steps: &[Step::Check(tidy::check)],
    },
    Cell {
        name: "package",
        proves: "each crate can be packed for the registry, with what it depends on",
        needs: &[],
        steps: &[Step::Check(dist::check_crates)],
    },
    Cell {
        name: "unit",
        proves: "every crate does what its own tests and examples say",
        needs: &[],
        steps: &[
            Step::Tests(&[
                "--workspace",
                "--exclude=modelport-tests",
                "--all-features",
                "--lib",
                "--bins",
                "--tests",
            ]),
            Step::DocTests(&["--workspace", "--all-features"]),
        ],
    },
    Cell {
        name: "fuzz",
        proves: "what strangers can send neither panics nor costs more memory than it has bytes",
        needs: &[],
        steps: &[Step::Check(fuzz::check)],
    },
    Cell {
        name: "third-party",
        proves: "what others build on us works, and the guide makes a handler to the letter",
        needs: &[Component::Wasm32],
        steps: &[
            Step::Tests(&["--manifest-path=examples/third-party-handler/Cargo.toml", SHARED]),
            Step::Tests(&["--manifest-path=examples/candle/Cargo.toml", SHARED]),
            Step::Check(guide::check),
        ],
    },
    Cell {
        name: "minimal",
        proves: "what we publish builds with the oldest dependencies that it says it works with",
        needs: &[Component::Wasm32],
        steps: &[Step::Check(minimal::check)],
    },
    Cell {
        name: "wasm32",
        proves: "what is for browsers compiles there without a lint, with any of its features",
        // The tests bring TensorFlow.js along.
        needs: &[Component::Wasm32, Component::Wasm32Clippy, Component::NodeTfjs],
        steps: &[
            Step::Wasm32Clippy(&[
                "-p=io-core",
                "-p=io-manifest",
                "-p=io-conformance",
                "-p=io-web",
                "-p=io-http",
                "-p=io-browser-localstorage",
                "-p=io-browser-indexeddb",
                "-p=io-object-store",
                "-p=io-opfs",
                "-p=io-downloads",
                "-p=modelport",
                "-p=modelport-convert",
                "-p=modelport-js",
                "--lib",
                "--all-features",
                "--target=wasm32-unknown-unknown",
                "--",
                "--deny=warnings",
            ]),
            Step::Wasm32Clippy(&[
                "-p=io-core",
                "-p=io-web",
                "-p=io-browser-localstorage",
                "-p=io-browser-indexeddb",
                "-p=io-opfs",
                "-p=modelport",
                "--tests",
                "--all-features",
                "--target=wasm32-unknown-unknown",
                "--",
                "--deny=warnings",
            ]),
            Step::Check(features::check_wasm32),
            Step::Wasm32Docs(&[
                "-p=io-web",
                "-p=io-browser-localstorage",
                "-p=io-browser-indexeddb",
                "-p=io-opfs",
                "--no-deps",
                "--document-private-items",
                "--target=wasm32-unknown-unknown",
            ]),
        ],
    },
    Cell {
        name: "chromium",
        proves: "Chromium keeps models, in pages and workers, of candle too; TensorFlow.js agrees",
        needs: &[
            Component::Wasm32,
            Component::WasmBindgen,
            Component::Chromium,
            Component::NodeTfjs,
        ],
        steps: &[
            Step::Cargo(&["fetch"]),
            Step::Cargo(&["fetch", "--manifest-path=examples/candle/Cargo.toml"]),
            Step::BrowserTests(Browser::Chromium, IN_BROWSERS),
            Step::BrowserTests(Browser::Chromium, FACADE_IN_BROWSERS),
            Step::BrowserTests(Browser::Chromium, RELEASE_IN_BROWSERS),
            Step::BrowserTests(Browser::Chromium, CANDLE_IN_BROWSERS),
        ],
    },
    Cell {
        name: "firefox",
        proves: "and so does Firefox",
        needs: &[
            Component::Wasm32,
            Component::WasmBindgen,
            Component::Firefox,
            Component::NodeTfjs,
        ],
        steps: &[
            Step::Cargo(&["fetch"]),
            Step::BrowserTests(Browser::Firefox, IN_BROWSERS),
            Step::BrowserTests(Browser::Firefox, FACADE_IN_BROWSERS),
            Step::BrowserTests(Browser::Firefox, RELEASE_IN_BROWSERS),
        ],
    },
    Cell {
        name: "web",
        proves: "the npm package works in pages beside TensorFlow.js: tabs, quota, tabs that die",
        needs: &[
            Component::Wasm32,
            Component::WasmBindgen,
            Component::Chromium,
            Component::Firefox,
            Component::NodeTfjs,
            Component::BrowserDriver,
            // nginx.
            Component::HttpPeers,
            Component::ObjectStores,
        ],
        steps: &[
            Step::Cargo(&["fetch"]),
            Step::Check(program::build),
            Step::Check(package),
            Step::Check(dist::check_npm),
            Step::Check(peers_agree),
            Step::NodeTests("tests/browser"),
        ],
    },
    Cell {
        name: "types",
        proves: "the npm package compiles with TensorFlow.js, in every kind of module resolution",
        needs: &[Component::Wasm32, Component::WasmBindgen, Component::TypeScript],
        steps: &[Step::Cargo(&["fetch"]), Step::Check(package), Step::NodeTests("tests/types")],
    },
    Cell {
        name: "cloud",
        proves: "object stores keep models whole on real servers, and `serve` serves them from there",
        needs: &[Component::ObjectStores],
        steps: &[
            // Whatever is to be downloaded is downloaded before the network is gone.
            Step::Cargo(&["fetch"]),
            // The tests run the program as well.
            Step::Check(program::build),
            Step::IsolatedTests(&["--workspace", "--all-features", "--test=cloud"]),
        ],
    },
    Cell {
        name: "keras",
        proves: "real Keras 2 and 3 load every file that we write, predict the same and give it back",
        needs: &[Component::Keras, Component::NodeTfjs],
        steps: &[
            // Whatever is to be downloaded is downloaded before the network is gone.
            Step::Cargo(&["fetch"]),
            // The tests run the program.
            Step::Check(program::build),
            Step::IsolatedTests(&["--workspace", "--all-features", "--test=keras"]),
        ],
    },
    Cell {
        name: "end-to-end",
        proves: "the crates together agree with real TensorFlow.js and the Python reader",
        needs: &[
            Component::HttpPeers,
            Component::NodeTfjs,
            Component::PythonTfjs,
            Component::Strace,
        ],
        steps: &[
            // Whatever is to be downloaded is downloaded before the network is gone.
            Step::Cargo(&["fetch"]),
            // The tests run the program as well.
            Step::Check(program::build),
            Step::IsolatedTests(&["--workspace", "--all-features", "--test=runner"]),
        ],
    },
];

/// Builds the npm package, which must not be too large to download.
fn package(workshop: &Workshop) -> Result<()> {
    if !web::run(workshop)? {
        bail!("the package is larger than it may be");
    }
    Ok(())
}

/// TensorFlow.js's own tests against the package that has just been built.
fn peers_agree(workshop: &Workshop) -> Result<()> {
    if !peers::run(workshop, true)? {
        bail!("TensorFlow.js's own tests fail");
    }
    Ok(())
}

impl Cell {
    /// Whether it is about this machine's own target, and quick where little has changed.
    pub(crate) fn is_native(&self) -> bool {
        let needs_no_browser = !self.steps.iter().any(|step| {
            matches!(
                step,
                Step::Wasm32Clippy(_)
                    | Step::Wasm32Docs(_)
                    | Step::BrowserTests(..)
                    | Step::NodeTests(_)
            )
        });
        needs_no_browser && !LEFT_TO_THE_WHOLE_MATRIX.contains(&self.name)
    }

    /// Whether tests are counted in it.
    pub(crate) fn has_tests(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step,
                Step::Tests(_)
                    | Step::IsolatedTests(_)
                    | Step::BrowserTests(..)
                    | Step::NodeTests(_)
                    | Step::DocTests(_)
            )
        })
    }
}
