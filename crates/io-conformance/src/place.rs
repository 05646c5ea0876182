//! Where the behaviours are tried: what an implementor supplies.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use io_core::{
    Capabilities, HandlerOptions, IOHandler, MaybeSend, MaybeSync, ModelStore, ModelUrl,
    Registration, Registry, Result,
};

/// An empty place for models, and the handler that serves it.
///
/// Nothing else may use it while a behaviour runs, and **what is under its root is removed**.
///
/// The model `NAME` is at `ROOT/NAME` unless [`with_models_at`](Self::with_models_at) says
/// otherwise. Names may have several segments (`a/b`), so that there is something to list.
#[derive(Clone)]
pub struct Place {
    registration: &'static Registration,
    root: String,
    models_at: Option<(String, String)>,
    options: HandlerOptions,
    option_sets: Vec<(&'static str, HandlerOptions)>,
    option_set: Option<&'static str>,
    settings: &'static [&'static str],
    back_door: Option<Arc<Place>>,
    kept: Vec<Arc<dyn Kept>>,
}

trait Kept: MaybeSend + MaybeSync {}
impl<T: MaybeSend + MaybeSync> Kept for T {}

impl Place {
    /// The place at the URL `root`, which the handler of `registration` serves. A URL that cannot
    /// be read fails every behaviour.
    pub fn new(registration: &'static Registration, root: impl Into<String>) -> Self {
        Self {
            registration,
            root: root.into(),
            models_at: None,
            options: HandlerOptions::new(),
            option_sets: Vec::new(),
            option_set: None,
            settings: &[],
            back_door: None,
            kept: Vec::new(),
        }
    }

    /// Says that the model `NAME` is at the URL `before`, `NAME`, `after`, as for
    /// `http://localhost:8000/` and `/model.json`.
    #[must_use]
    pub fn with_models_at(mut self, before: impl Into<String>, after: impl Into<String>) -> Self {
        self.models_at = Some((before.into(), after.into()));
        self
    }

    /// Opens every handler and store with `options`, apart from what a behaviour changes.
    #[must_use]
    pub fn with_options(mut self, options: HandlerOptions) -> Self {
        self.options = options;
        self
    }

    /// Tries every behavior once more with `options`, which reports call `name`: one set for each
    /// setting that makes the handler do something in another way. [`places`](crate::places) has an
    /// example.
    #[must_use]
    pub fn with_option_set(mut self, name: &'static str, options: HandlerOptions) -> Self {
        self.option_sets.push((name, options));
        self
    }

    /// Names the settings that the handler knows, so that a misspelt one can be tried.
    #[must_use]
    pub fn with_settings(mut self, names: &'static [&'static str]) -> Self {
        self.settings = names;
        self
    }

    /// Gives another way to the same models, by the same names: for a handler that only loads, one
    /// that saves to where it loads from; for a handler that only saves, one that loads.
    #[must_use]
    pub fn with_back_door(mut self, place: Place) -> Self {
        self.back_door = Some(Arc::new(place));
        self
    }

    /// Keeps `guard` as long as the place: a temporary folder, a server.
    #[must_use]
    pub fn keeping(mut self, guard: impl MaybeSend + MaybeSync + 'static) -> Self {
        self.kept.push(Arc::new(guard));
        self
    }

    /// The number of option sets, with the first one, which has no name.
    pub(crate) fn option_sets(&self) -> usize {
        self.option_sets.len() + 1
    }

    /// This place with the options of one set, the first of which has number 0.
    pub(crate) fn with_set(mut self, number: usize) -> Self {
        let set = number.checked_sub(1).and_then(|number| self.option_sets.get(number));
        if let Some((name, options)) = set.cloned() {
            self.option_set = Some(name);
            self.options = options;
        }
        self
    }

    /// The name of the option set.
    pub(crate) fn option_set(&self) -> Option<&'static str> {
        self.option_set
    }

    pub(crate) fn registration(&self) -> &'static Registration {
        self.registration
    }

    pub(crate) fn settings(&self) -> &'static [&'static str] {
        self.settings
    }

    pub(crate) fn back_door(&self) -> Option<&Place> {
        self.back_door.as_deref()
    }

    /// What the back door can do.
    pub(crate) fn behind(&self) -> Capabilities {
        let behind = self.back_door().and_then(|place| place.capabilities().ok());
        behind.unwrap_or(Capabilities::NONE)
    }

    /// What the handlers in this place claim.
    pub(crate) fn capabilities(&self) -> Result<Capabilities> {
        Ok(self.open(&self.model("claims")?, &self.options)?.capabilities())
    }

    pub(crate) fn options(&self) -> HandlerOptions {
        self.options.clone()
    }

    pub(crate) fn root(&self) -> Result<ModelUrl> {
        ModelUrl::parse(&self.root)
    }

    pub(crate) fn model(&self, name: &str) -> Result<ModelUrl> {
        match &self.models_at {
            Some((before, after)) => ModelUrl::parse(&format!("{before}{name}{after}")),
            None => self.inner_root(name),
        }
    }

    /// The URL of the place `name` inside this one.
    pub(crate) fn inner_root(&self, name: &str) -> Result<ModelUrl> {
        let root = &self.root;
        let slash = if root.ends_with('/') { "" } else { "/" };
        ModelUrl::parse(&format!("{root}{slash}{name}"))
    }

    pub(crate) fn open(
        &self,
        url: &ModelUrl,
        options: &HandlerOptions,
    ) -> Result<Box<dyn IOHandler>> {
        self.registry()?.handler(url, options)
    }

    pub(crate) fn open_store(
        &self,
        url: &ModelUrl,
        options: &HandlerOptions,
    ) -> Result<Box<dyn ModelStore>> {
        self.registry()?.store(url, options)
    }

    /// A registry of this handler alone: what else is linked in must not matter.
    fn registry(&self) -> Result<Registry> {
        let mut registry = Registry::empty();
        registry.add(self.registration)?;
        Ok(registry)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("registration", &self.registration)
            .field("root", &self.root().ok())
            .finish_non_exhaustive()
    }
}

/// A name that no other call in this process gives.
pub fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("conformance-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
