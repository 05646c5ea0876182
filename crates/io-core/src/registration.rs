//! What a handler crate says about itself, and how that reaches the registry.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{Capabilities, HandlerOptions, IOHandler, ModelStore, ModelUrl, Result};

/// Builds the handler of a URL. Quick, and without touching the place.
pub type OpenHandler = fn(&ModelUrl, &HandlerOptions) -> Result<Box<dyn IOHandler>>;

/// Builds the store at a URL. Quick, and without touching the place.
pub type OpenStore = fn(&ModelUrl, &HandlerOptions) -> Result<Box<dyn ModelStore>>;

/// A handler crate's entry in the registry; made by [`register_handler!`](crate::register_handler).
pub struct Registration {
    /// The one word that names the backend: its feature and its pages.
    pub name: &'static str,
    /// The crate that registers it.
    pub krate: &'static str,
    /// The schemes that it serves, in lower case.
    pub schemes: &'static [&'static str],
    /// What it can do.
    pub capabilities: Capabilities,
    /// Builds a handler.
    pub open: OpenHandler,
    /// Builds a store, where the place can manage its models.
    pub store: Option<OpenStore>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("krate", &self.krate)
            .field("schemes", &self.schemes)
            .field("capabilities", &self.capabilities.names())
            .finish_non_exhaustive()
    }
}

/// A scheme that somebody serves, whether or not it is in this build; for helpful errors.
#[derive(Clone, Copy, Debug)]
pub struct KnownScheme {
    /// The scheme.
    pub scheme: &'static str,
    /// The crate that serves it.
    pub krate: &'static str,
    /// The feature that brings the crate in.
    pub feature: &'static str,
    /// Whether that feature is on.
    pub enabled: bool,
    /// Whether the crate serves it on this target.
    pub on_this_target: bool,
}

/// Declares a crate's `pub static REGISTRATION` and submits it to every registry.
///
/// Once per module, at module level. The static and the submission must stay in one module: on wasm
/// a reference to the first is what keeps the second in the program, see [`link_handlers!`].
///
/// ```
/// # use io_core::*;
/// # fn open(_: &ModelUrl, _: &HandlerOptions) -> Result<Box<dyn IOHandler>> {
/// #     Err(Error::new(ErrorKind::Unexpected, "an example"))
/// # }
/// io_core::register_handler! {
///     name: "example",
///     schemes: ["example"],
///     capabilities: Capabilities::NONE.load(),
///     open: open,
///     store: None,
/// }
/// # fn main() {}
/// ```
///
/// [`link_handlers!`]: crate::link_handlers
#[macro_export]
macro_rules! register_handler {
    (
        name: $name:expr,
        schemes: [$($scheme:expr),+ $(,)?],
        capabilities: $capabilities:expr,
        open: $open:expr,
        store: $store:expr $(,)?
    ) => {
        /// This crate's entry in the registry.
        // A crate may keep it in a private module and export it from its root.
        #[allow(unreachable_pub)]
        pub static REGISTRATION: $crate::Registration = $crate::Registration {
            name: $name,
            krate: env!("CARGO_PKG_NAME"),
            schemes: &[$($scheme),+],
            capabilities: $capabilities,
            open: $open,
            store: $store,
        };
        $crate::__private::inventory::submit! { $crate::__private::Submitted(&REGISTRATION) }
    };
}

/// Makes sure that the handlers of the named crates are in the program.
///
/// One call at the start of the application does for all. On wasm it is needed: there the linker
/// drops a crate that only registers itself, and `use the_crate as _;` does not help. Elsewhere it
/// does no harm.
///
/// ```no_run
/// # mod their_crate { io_core::register_handler! { name: "t", schemes: ["t"],
/// #   capabilities: io_core::Capabilities::NONE, open: |_, _| unreachable!(), store: None } }
/// io_core::link_handlers!(their_crate);
/// ```
#[macro_export]
macro_rules! link_handlers {
    ($($krate:path),+ $(,)?) => {
        $({
            use $krate as handler_crate;
            $crate::__private::link(&handler_crate::REGISTRATION);
        })+
    };
}

/// What [`register_handler!`](crate::register_handler) submits.
#[derive(Debug)]
pub struct Submitted(pub &'static Registration);

inventory::collect!(Submitted);

static LINKED: Mutex<Vec<&'static Registration>> = Mutex::new(Vec::new());

/// Adds what [`link_handlers!`](crate::link_handlers) names.
pub fn link(registration: &'static Registration) {
    let mut linked = LINKED.lock().unwrap_or_else(PoisonError::into_inner);
    if !linked.iter().any(|known| std::ptr::eq(*known, registration)) {
        linked.push(registration);
    }
}

/// All that was submitted or linked; the same one may come twice.
pub(crate) fn submitted() -> Vec<&'static Registration> {
    let mut all: Vec<_> = inventory::iter::<Submitted>.into_iter().map(|entry| entry.0).collect();
    all.extend(LINKED.lock().unwrap_or_else(PoisonError::into_inner).iter());
    all
}
