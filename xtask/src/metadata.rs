//! What Cargo knows about the packages of the workspace and of its dependencies.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;
use crate::workshop::Workshop;

pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

#[derive(Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The oldest compiler that it says it works with.
    pub(crate) rust_version: Option<String>,
    pub(crate) features: Vec<String>,
    /// Those features that turn something on.
    pub(crate) enabling: Vec<String>,
    /// What the sources call its dependencies, of any kind, but for the dashes.
    pub(crate) dependencies: Vec<String>,
    pub(crate) manifest: PathBuf,
    /// Whether it is for the registry.
    pub(crate) published: bool,
    /// Whether it is one of ours.
    pub(crate) member: bool,
}

impl Metadata {
    pub(crate) fn read(workshop: &Workshop) -> Result<Self> {
        let mut command = workshop.cargo(&["metadata", "--format-version=1", "--all-features"]);
        let text = process::read(&mut command)?;
        parse(&text).context("cannot make sense of `cargo metadata`")
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }
}

fn parse(text: &str) -> Result<Metadata> {
    let json: Value = serde_json::from_str(text)?;
    let packages = json.get("packages").and_then(Value::as_array).context("no packages")?;
    let target_directory = string(&json, "target_directory").context("no target directory")?;
    Ok(Metadata {
        packages: packages.iter().map(package).collect::<Result<_>>()?,
        target_directory: target_directory.into(),
    })
}

fn package(json: &Value) -> Result<Package> {
    let features = json.get("features").and_then(Value::as_object);
    let enabling = features
        .into_iter()
        .flatten()
        .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()));
    let dependencies = json.get("dependencies").and_then(Value::as_array);
    let called = |dependency| string(dependency, "rename").or_else(|| string(dependency, "name"));
    Ok(Package {
        name: string(json, "name").context("a package without a name")?,
        version: string(json, "version").context("a package without a version")?,
        rust_version: string(json, "rust_version"),
        features: features.map(|map| map.keys().cloned().collect()).unwrap_or_default(),
        enabling: enabling.map(|(name, _)| name.clone()).collect(),
        dependencies: dependencies.into_iter().flatten().filter_map(called).collect(),
        manifest: string(json, "manifest_path").context("a package without a manifest")?.into(),
        // `publish = false` is an empty list of registries.
        published: json.get("publish").is_none_or(Value::is_null),
        // What comes from a registry has a source; there are no path dependencies but members.
        member: json.get("source").is_none_or(Value::is_null),
    })
}

fn string(json: &Value, key: &str) -> Option<String> {
    json.get(key).and_then(Value::as_str).map(str::to_owned)
}
