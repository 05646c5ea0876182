//! From the scheme of a URL to its handler.

use crate::{
    Error, ErrorKind, HandlerOptions, IOHandler, KnownScheme, ModelStore, ModelUrl, Operation,
    Registration, Result, memory, registration,
};

/// The handlers of a program, by scheme.
///
/// [`Registry::collect`] has everything that was registered; [`Registry::empty`] starts a registry
/// of one's own, for a test or an embedding.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    registrations: Vec<&'static Registration>,
    known: Vec<KnownScheme>,
}

impl Registry {
    /// A registry without any handler.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A registry of `memory://`, of `built_in`, and of everything that
    /// [`register_handler!`](crate::register_handler) submitted.
    ///
    /// `built_in` is what the program names itself: it is there whatever a linker drops. `known` are
    /// schemes of which an error should say more than that they are unknown.
    ///
    /// # Errors
    ///
    /// `DuplicateScheme` when two crates claim one scheme; the message names both.
    pub fn collect(built_in: &[&'static Registration], known: &[KnownScheme]) -> Result<Self> {
        let mut registry = Self { registrations: Vec::new(), known: known.to_vec() };
        let all = std::iter::once(&memory::REGISTRATION).chain(built_in.iter().copied());
        for registration in all.chain(registration::submitted()) {
            registry.add(registration)?;
        }
        Ok(registry)
    }

    /// Adds a handler. The same registration twice counts once.
    ///
    /// # Errors
    ///
    /// `DuplicateScheme` when another crate already claims one of its schemes.
    pub fn add(&mut self, registration: &'static Registration) -> Result<()> {
        if self.registrations.iter().any(|known| std::ptr::eq(*known, registration)) {
            return Ok(());
        }
        for scheme in registration.schemes {
            if let Some(other) = self.find(scheme) {
                return Err(Error::new(
                    ErrorKind::DuplicateScheme,
                    format!(
                        "`{scheme}://` is claimed by both {} and {}",
                        other.krate, registration.krate
                    ),
                ));
            }
        }
        self.registrations.push(registration);
        Ok(())
    }

    /// Adds a handler in place of those that claim its schemes, and returns those.
    pub fn replace(&mut self, registration: &'static Registration) -> Vec<&'static Registration> {
        let claims = |other: &Registration| {
            other.schemes.iter().any(|scheme| registration.schemes.contains(scheme))
        };
        let (replaced, mut kept): (Vec<_>, Vec<_>) =
            self.registrations.drain(..).partition(|other| claims(other));
        kept.push(registration);
        self.registrations = kept;
        replaced
    }

    /// All handlers, in the order in which they were added.
    pub fn registrations(&self) -> &[&'static Registration] {
        &self.registrations
    }

    /// The handler that serves `scheme`.
    pub fn find(&self, scheme: &str) -> Option<&'static Registration> {
        self.registrations
            .iter()
            .find(|registration| registration.schemes.contains(&scheme))
            .copied()
    }

    /// The handler of the model at `url`.
    ///
    /// # Errors
    ///
    /// - `UnknownScheme`: no handler serves the scheme; the message says which of four reasons.
    /// - `InvalidUrl`, `InvalidInput`: what the handler says of the URL and the options.
    pub fn handler(&self, url: &ModelUrl, options: &HandlerOptions) -> Result<Box<dyn IOHandler>> {
        let open = self.resolve(url)?.open;
        open(url, options).map_err(|error| error.with_context(Operation::Open, url))
    }

    /// The store at `url`.
    ///
    /// # Errors
    ///
    /// - `UnknownScheme`: no handler serves the scheme; the message says which of four reasons.
    /// - `Unsupported`: the scheme has no store.
    /// - `InvalidUrl`, `InvalidInput`: what the handler says of the URL and the options.
    pub fn store(&self, url: &ModelUrl, options: &HandlerOptions) -> Result<Box<dyn ModelStore>> {
        let context = |error: Error| error.with_context(Operation::Open, url);
        let Some(open) = self.resolve(url)?.store else {
            return Err(context(Error::new(
                ErrorKind::Unsupported,
                format!("`{}://` cannot list or manage models", url.scheme()),
            )));
        };
        open(url, options).map_err(context)
    }

    fn resolve(&self, url: &ModelUrl) -> Result<&'static Registration> {
        self.find(url.scheme()).ok_or_else(|| self.unknown_scheme(url.scheme()))
    }

    /// Says which it is: compiled out, not on this target, dropped by the linker, or unknown.
    fn unknown_scheme(&self, scheme: &str) -> Error {
        let error = |why: String| {
            Error::new(ErrorKind::UnknownScheme, format!("no handler for `{scheme}://`: {why}"))
        };
        if let Some(known) = self.known.iter().find(|known| known.scheme == scheme) {
            let KnownScheme { krate, feature, .. } = known;
            return if !known.on_this_target {
                let where_it_is = if cfg!(target_family = "wasm") {
                    "it is not available in browsers"
                } else {
                    "it is available in browsers only"
                };
                error(format!("{krate} does not run on this target")).with_hint(where_it_is)
            } else if known.enabled {
                error(format!("{krate} is in the build but was dropped when it was linked"))
                    .with_hint("call `io_core::link_handlers!` with the crate at the start")
            } else {
                error(format!("this build was made without {krate}"))
                    .with_hint(format!("turn on the feature `{feature}`"))
            };
        }
        let mut schemes: Vec<&str> =
            self.registrations.iter().flat_map(|entry| entry.schemes).copied().collect();
        schemes.sort_unstable();
        let all = schemes.iter().copied().chain(self.known.iter().map(|known| known.scheme));
        let error_text = format!("known are {}", schemes.join(", "));
        match nearest(scheme, all) {
            Some(near) => error(error_text).with_hint(format!("did you mean `{near}://`?")),
            None => error(error_text).with_hint(
                "a handler of another crate must be linked: see `io_core::link_handlers!`",
            ),
        }
    }
}

/// The candidate that `text` was most likely meant to be, if any is close.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A long word is near nothing that is known; do not spend its square on it.
    if text.len() > 64 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(text, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use crate::{Capabilities, Error, ErrorKind, HandlerOptions, KnownScheme, ModelUrl};

    mod first {
        crate::register_handler! {
            name: "first", schemes: ["one", "uno"], capabilities: super::Capabilities::NONE.load(),
            open: |_, _| Err(super::Error::corrupt("first")), store: None,
        }
    }

    mod second {
        pub(super) static REGISTRATION: crate::Registration = crate::Registration {
            name: "second",
            krate: "another-crate",
            schemes: &["uno"],
            capabilities: super::Capabilities::NONE,
            open: |_, _| Err(super::Error::corrupt("second")),
            store: None,
        };
    }

    fn open_error(registry: &Registry, url: &str) -> Error {
        registry
            .handler(&ModelUrl::parse(url).unwrap(), &HandlerOptions::new())
            .map(|_| ())
            .unwrap_err()
    }

    #[test]
    fn finds_what_was_registered_and_counts_it_once() {
        crate::link_handlers!(first);
        let registry = Registry::collect(&[&first::REGISTRATION], &[]).unwrap();
        assert_eq!(registry.registrations().len(), 2, "memory and first: {registry:?}");
        assert!(open_error(&registry, "uno://x").to_string().ends_with("first"));
    }

    #[test]
    fn two_claims_on_a_scheme_name_both_crates() {
        let mut registry = Registry::collect(&[&first::REGISTRATION], &[]).unwrap();
        let error = registry.add(&second::REGISTRATION).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateScheme);
        assert_eq!(error.to_string(), "`uno://` is claimed by both io-core and another-crate");
        assert_eq!(registry.replace(&second::REGISTRATION).len(), 1);
        assert!(registry.find("one").is_none());
    }

    #[test]
    fn an_unknown_scheme_says_which_of_four_it_is() {
        let known = |scheme, enabled, on_this_target| KnownScheme {
            scheme,
            krate: "io-x",
            feature: "x",
            enabled,
            on_this_target,
        };
        let known =
            [known("off", false, true), known("there", true, false), known("gone", true, true)];
        let registry = Registry::collect(&[&first::REGISTRATION], &known).unwrap();
        for (url, text, hint) in [
            ("off://m", "made without io-x", "turn on the feature `x`"),
            ("there://m", "does not run on this target", ""),
            ("gone://m", "dropped when it was linked", "link_handlers!"),
            ("unoo://m", "known are memory, one, uno", "did you mean `uno://`?"),
            ("ofv://m", "known are", "did you mean `off://`?"),
            ("zzzzzz://m", "known are", "link_handlers!"),
        ] {
            let error = open_error(&registry, url);
            assert_eq!(error.kind(), ErrorKind::UnknownScheme);
            assert!(error.to_string().contains(text), "{url}: {error}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{url}: {:?}", error.hint());
        }
    }

    #[test]
    fn the_nearest_word_is_what_was_meant() {
        for (text, near) in
            [("flie", Some("file")), ("fil", Some("file")), ("s4", Some("s3")), ("gopher", None)]
        {
            assert_eq!(super::nearest(text, ["file", "s3", "memory"]), near, "{text}");
        }
        assert_eq!(super::nearest(&"file".repeat(1_000_000), ["file"]), None);
    }
}
