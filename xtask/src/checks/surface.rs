//! Whose types our public interfaces show.
//!
//! A type of another crate in a public signature ties our versions to that crate's: it is there on
//! purpose or not at all. Read from what rustdoc knows, as JSON.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::rustdoc;
use crate::metadata::Metadata;
use crate::workshop::Workshop;

pub(super) struct Surface {
    pub(super) package: &'static str,
    /// Besides Rust's own and our own crates.
    shows: &'static [&'static str],
}

pub(super) const SURFACES: &[Surface] = &[
    // Json is `serde_json`'s raw text behind our own type; `inventory` is what the macro expands to.
    Surface { package: "io-core", shows: &["bytes", "futures_core", "inventory", "serde_core"] },
    // Either only with its feature.
    Surface { package: "io-manifest", shows: &["bytes", "ndarray", "safetensors"] },
    Surface { package: "io-fs", shows: &[] },
    Surface { package: "io-http", shows: &[] },
    Surface { package: "io-object-store", shows: &["object_store"] },
    Surface { package: "io-conformance", shows: &[] },
    // What `load_tensors` gives.
    Surface { package: "modelport", shows: &["bytes"] },
    // The configurations of Keras are trees of JSON.
    Surface { package: "modelport-convert", shows: &["serde_core", "serde_json"] },
    // A router to be put into a server of one's own.
    Surface { package: "modelport-server", shows: &["axum", "http", "tokio"] },
];

/// Those of Rust itself.
const RUST: [&str; 3] = ["alloc", "core", "std"];

pub(crate) fn check(workshop: &Workshop) -> Result<()> {
    let metadata = Metadata::read(workshop)?;
    let ours: Vec<_> = metadata.members().map(|member| member.name.replace('-', "_")).collect();
    let folder = rustdoc::write(workshop, &metadata)?;
    let mut wrong = Vec::new();
    for Surface { package, shows } in SURFACES {
        let text = fs::read_to_string(rustdoc::file(&folder, package))?;
        let shown = shown(&serde_json::from_str(&text)?).context("rustdoc writes another form")?;
        let foreign = |name: &&String| !RUST.contains(&name.as_str()) && !ours.contains(name);
        for name in shown.iter().filter(foreign) {
            if !shows.contains(&name.as_str()) {
                wrong.push(format!("{package} shows types of {name}"));
            }
        }
        for name in shows.iter().filter(|name| !shown.contains(**name)) {
            wrong.push(format!("{package} may show types of {name}, but does not"));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join(", "));
    }
    Ok(())
}

/// The crates whose types and traits are in a public signature or a re-export.
fn shown(doc: &Value) -> Option<BTreeSet<String>> {
    let names = doc.get("external_crates")?.as_object()?;
    let paths = doc.get("paths")?.as_object()?;
    let mut ids = BTreeSet::new();
    for item in doc.get("index")?.as_object()?.values() {
        let inner = item.get("inner")?;
        // What the compiler and other crates implement for every type.
        let implied = inner.get("impl").is_some_and(|it| {
            it.get("is_synthetic").is_some_and(|it| it == true)
                || it.get("blanket_impl").is_some_and(|it| !it.is_null())
        });
        if item.get("crate_id")?.as_u64() != Some(0) || implied {
            continue;
        }
        if let Some(id) = inner.pointer("/use/id").and_then(Value::as_u64) {
            ids.insert(id);
        }
        mentioned(inner, &mut ids);
    }
    let krate = |id: &u64| {
        let number = paths.get(&id.to_string())?.get("crate_id")?.as_u64()?;
        // 0 is the crate itself, which is not among the others.
        names.get(&number.to_string())?.get("name")?.as_str().map(str::to_owned)
    };
    Some(ids.iter().filter_map(krate).collect())
}

/// The ids of the paths in a signature: types with arguments, traits.
fn mentioned(value: &Value, ids: &mut BTreeSet<u64>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("path") && fields.contains_key("args") {
                ids.extend(fields.get("id").and_then(Value::as_u64));
            }
            fields.values().for_each(|field| mentioned(field, ids));
        }
        Value::Array(values) => values.iter().for_each(|value| mentioned(value, ids)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::shown;

    #[test]
    fn signatures_and_reexports_count_and_implied_impls_do_not() {
        let mentions = |id: u64| json!({"type": {"path": "X", "id": id, "args": null}});
        let doc = json!({
            "external_crates": {"1": {"name": "a"}, "2": {"name": "b"}, "3": {"name": "c"}},
            "paths": {
                "10": {"crate_id": 1}, "20": {"crate_id": 2}, "30": {"crate_id": 3},
                "40": {"crate_id": 0},
            },
            "index": {
                "1": {"crate_id": 0, "inner": {"function": mentions(10)}},
                "2": {"crate_id": 0, "inner": {"use": {"id": 20}}},
                "3": {"crate_id": 0, "inner": {"function": mentions(40)}},
                "4": {"crate_id": 0, "inner": {"impl": {
                    "is_synthetic": true, "blanket_impl": null, "trait": mentions(30),
                }}},
            },
        });
        assert_eq!(shown(&doc).unwrap().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
