//! `modelport schemes`.

use modelport::{KNOWN_SCHEMES, KnownScheme, Registration};
use serde::Serialize;

use crate::{failure::Failure, output::Output, text::table};

#[derive(Serialize)]
struct Backend {
    name: &'static str,
    schemes: &'static [&'static str],
    #[serde(rename = "crate")]
    krate: &'static str,
    /// `null` for what is always there or comes from elsewhere.
    feature: Option<&'static str>,
    capabilities: Vec<&'static str>,
}

pub(crate) fn run(output: &mut Output) -> Result<(), Failure> {
    let registry = modelport::registry()?;
    let backends = registry.registrations().iter().copied().map(backend);
    if output.json() {
        for backend in backends {
            output.object(&backend)?;
        }
        return Ok(());
    }
    let mut rows = vec![["SCHEME", "BACKEND", "CAN"].map(str::to_owned).to_vec()];
    for backend in backends {
        let mut can = backend.capabilities.join(", ");
        for scheme in backend.schemes {
            let name = backend.name.to_owned();
            rows.push(vec![format!("{scheme}://"), name, std::mem::take(&mut can)]);
        }
    }
    for missing in KNOWN_SCHEMES.iter().filter(|known| registry.find(known.scheme).is_none()) {
        let why = if missing.on_this_target {
            format!("not in this build: feature `{}`", missing.feature)
        } else {
            "not on this target".to_owned()
        };
        rows.push(vec![format!("{}://", missing.scheme), missing.feature.to_owned(), why]);
    }
    for line in table(&rows, &[]) {
        output.line(&line)?;
    }
    Ok(())
}

fn backend(entry: &'static Registration) -> Backend {
    let ours =
        |known: &&KnownScheme| known.krate == entry.krate && entry.schemes.contains(&known.scheme);
    Backend {
        name: entry.name,
        schemes: entry.schemes,
        krate: entry.krate,
        feature: KNOWN_SCHEMES.iter().find(ours).map(|known| known.feature),
        capabilities: entry.capabilities.names(),
    }
}
