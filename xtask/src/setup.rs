//! `setup`: installs what the tests need that Cargo does not bring, by ordinary clients alone.
//!
//! Everything but system packages goes below `target/tools`. Each folder there has a stamp with
//! what was asked for, so a second run has nothing to do and a change of version installs anew.

mod apt;
pub(crate) mod chromium;
pub(crate) mod deny;
pub(crate) mod firefox;
mod http_peers;
mod keras;
pub(crate) mod npm;
mod object_stores;
mod program;
mod python;
mod stamp;
mod strace;
pub(crate) mod wasm32;
pub(crate) mod wasm_bindgen;

use std::time::Instant;

use anyhow::Result;

use crate::workshop::Workshop;

/// Something real that tests run against or with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Component {
    AwsCli,
    BrowserDriver,
    CargoDeny,
    Chromium,
    Firefox,
    HttpPeers,
    Keras,
    NodeTfjs,
    ObjectStores,
    PythonTfjs,
    Strace,
    TypeScript,
    Wasm32,
    Wasm32Clippy,
    WasmBindgen,
}

impl Component {
    const ALL: [Self; 15] = [
        Self::AwsCli,
        Self::BrowserDriver,
        Self::CargoDeny,
        Self::Chromium,
        Self::Firefox,
        Self::HttpPeers,
        Self::Keras,
        Self::NodeTfjs,
        Self::ObjectStores,
        Self::PythonTfjs,
        Self::Strace,
        Self::TypeScript,
        Self::Wasm32,
        Self::Wasm32Clippy,
        Self::WasmBindgen,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AwsCli => "awscli",
            Self::BrowserDriver => "browser-driver",
            Self::CargoDeny => "cargo-deny",
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::HttpPeers => "http-peers",
            Self::Keras => "keras",
            Self::NodeTfjs => "node-tfjs",
            Self::ObjectStores => "object-stores",
            Self::PythonTfjs => "python-tfjs",
            Self::Strace => "strace",
            Self::TypeScript => "typescript",
            Self::Wasm32 => "wasm32",
            Self::Wasm32Clippy => "wasm32-clippy",
            Self::WasmBindgen => "wasm-bindgen",
        }
    }
}

pub(crate) fn run(workshop: &Workshop) -> Result<bool> {
    let mut all = true;
    for component in Component::ALL {
        all &= one(workshop, component).is_ok();
    }
    Ok(all)
}

/// Sets one component up, unless it is there, and says how that went.
pub(crate) fn one(workshop: &Workshop, component: Component) -> Result<()> {
    let start = Instant::now();
    let result = match component {
        Component::AwsCli => object_stores::set_up_aws(workshop),
        Component::BrowserDriver => {
            npm::install(workshop, "browser-driver", &workshop.browser_tests())
        }
        Component::CargoDeny => deny::set_up(workshop),
        Component::Chromium => chromium::set_up(),
        Component::Firefox => firefox::set_up(workshop),
        Component::HttpPeers => http_peers::set_up(workshop),
        Component::Keras => keras::set_up(workshop),
        Component::NodeTfjs => npm::install(workshop, "node", &workshop.interop()),
        Component::ObjectStores => object_stores::set_up(workshop),
        Component::PythonTfjs => python::set_up(workshop),
        Component::Strace => strace::set_up(),
        Component::TypeScript => npm::install(workshop, "types", &workshop.type_tests()),
        Component::Wasm32 => wasm32::set_up(workshop),
        Component::Wasm32Clippy => wasm32::set_up_clippy(workshop),
        Component::WasmBindgen => wasm_bindgen::set_up(workshop),
    };
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(()) => eprintln!("setup: {} is ready ({seconds:.1} s)", component.name()),
        Err(error) => eprintln!("setup: {} FAILED: {error:#}", component.name()),
    }
    result
}
