//! The table of backends. Each one adds its row to both lists, and nothing anywhere else.

use io_core::{KnownScheme, Registration, Registry, Result};

/// The backends of this build.
///
/// A reference to each static is what keeps a backend in the program on wasm.
pub static BACKENDS: &[&Registration] = &[
    #[cfg(all(feature = "fs", not(target_family = "wasm")))]
    &io_fs::REGISTRATION,
    #[cfg(feature = "http")]
    &io_http::REGISTRATION,
    #[cfg(all(feature = "localstorage", target_family = "wasm"))]
    &io_browser_localstorage::REGISTRATION,
    #[cfg(all(feature = "indexeddb", target_family = "wasm"))]
    &io_browser_indexeddb::REGISTRATION,
    #[cfg(all(feature = "opfs", target_family = "wasm"))]
    &io_opfs::REGISTRATION,
    #[cfg(all(feature = "downloads", target_family = "wasm"))]
    &io_downloads::REGISTRATION,
    #[cfg(feature = "aws")]
    &io_object_store::aws::REGISTRATION,
    #[cfg(feature = "gcp")]
    &io_object_store::gcp::REGISTRATION,
    #[cfg(feature = "azure")]
    &io_object_store::azure::REGISTRATION,
];

/// Every scheme that a backend of this workspace serves, in this build or not.
pub static KNOWN_SCHEMES: &[KnownScheme] = &[
    known("file", "io-fs", "fs", cfg!(feature = "fs"), NATIVE),
    known("http", "io-http", "http", cfg!(feature = "http"), true),
    known("https", "io-http", "http", cfg!(feature = "http"), true),
    known(
        "localstorage",
        "io-browser-localstorage",
        "localstorage",
        cfg!(feature = "localstorage"),
        BROWSER,
    ),
    known("indexeddb", "io-browser-indexeddb", "indexeddb", cfg!(feature = "indexeddb"), BROWSER),
    known("opfs", "io-opfs", "opfs", cfg!(feature = "opfs"), BROWSER),
    known("downloads", "io-downloads", "downloads", cfg!(feature = "downloads"), BROWSER),
    known("s3", "io-object-store", "aws", cfg!(feature = "aws"), true),
    known("s3a", "io-object-store", "aws", cfg!(feature = "aws"), true),
    known("gs", "io-object-store", "gcp", cfg!(feature = "gcp"), true),
    known("az", "io-object-store", "azure", cfg!(feature = "azure"), true),
    known("abfs", "io-object-store", "azure", cfg!(feature = "azure"), true),
    known("abfss", "io-object-store", "azure", cfg!(feature = "azure"), true),
    known("adl", "io-object-store", "azure", cfg!(feature = "azure"), true),
    known("azure", "io-object-store", "azure", cfg!(feature = "azure"), true),
];

const BROWSER: bool = cfg!(target_family = "wasm");
const NATIVE: bool = !BROWSER;

const fn known(
    scheme: &'static str,
    krate: &'static str,
    feature: &'static str,
    enabled: bool,
    on_this_target: bool,
) -> KnownScheme {
    KnownScheme { scheme, krate, feature, enabled, on_this_target }
}

/// The handlers of this program: `memory://`, the backends of this build, and those of other crates
/// that are linked.
///
/// # Errors
///
/// `DuplicateScheme` when two crates claim one scheme; the message names both.
pub fn registry() -> Result<Registry> {
    Registry::collect(BACKENDS, KNOWN_SCHEMES)
}

#[cfg(test)]
mod tests {
    use super::{BACKENDS, KNOWN_SCHEMES, registry};

    #[test]
    fn every_backend_has_its_rows() {
        for backend in BACKENDS {
            for scheme in backend.schemes {
                let row = KNOWN_SCHEMES.iter().find(|row| row.scheme == *scheme).unwrap();
                assert_eq!((row.krate, row.feature), (backend.krate, backend.name));
                assert!(row.enabled && row.on_this_target);
            }
        }
        for row in KNOWN_SCHEMES {
            let found = registry().unwrap().find(row.scheme).is_some();
            assert_eq!(found, row.enabled && row.on_this_target, "{row:?}");
        }
    }

    #[test]
    fn schemes_are_lower_case_and_features_exist() {
        let manifest = include_str!("../Cargo.toml");
        for row in KNOWN_SCHEMES {
            assert!(row.scheme.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            assert!(manifest.contains(&format!("\n{} = [\"dep:{}\"", row.feature, row.krate)));
        }
    }
}
