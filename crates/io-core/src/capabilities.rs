//! What a handler can do, as data.

/// What a handler and its store can do.
///
/// A thing that is not claimed here is refused with [`ErrorKind::Unsupported`]; the conformance
/// suite checks both sides. Built in constants:
///
/// ```
/// use io_core::Capabilities;
/// const DOWNLOADS: Capabilities = Capabilities::NONE.save();
/// assert!(!DOWNLOADS.load);
/// ```
///
/// [`ErrorKind::Unsupported`]: crate::ErrorKind::Unsupported
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Models can be loaded.
    pub load: bool,
    /// Models can be saved.
    pub save: bool,
    /// The models of a place can be listed, and one looked at without its weights.
    pub list: bool,
    /// A model can be removed.
    pub remove: bool,
    /// A model can be copied inside the store without passing through the caller.
    pub copy: bool,
    /// A model can be renamed inside the store in one step.
    pub rename: bool,
    /// [`WriteMode::Create`](crate::WriteMode::Create) is honoured: of two savers one is refused.
    pub create: bool,
    /// Weights stream both ways in bounded memory.
    pub stream: bool,
    /// What was saved is there after the process has ended.
    pub persistent: bool,
}

impl Capabilities {
    /// Nothing.
    pub const NONE: Self = Self {
        load: false,
        save: false,
        list: false,
        remove: false,
        copy: false,
        rename: false,
        create: false,
        stream: false,
        persistent: false,
    };

    /// Adds [`load`](Self::load).
    #[must_use]
    pub const fn load(self) -> Self {
        Self { load: true, ..self }
    }

    /// Adds [`save`](Self::save).
    #[must_use]
    pub const fn save(self) -> Self {
        Self { save: true, ..self }
    }

    /// Adds [`list`](Self::list).
    #[must_use]
    pub const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    /// Adds [`remove`](Self::remove).
    #[must_use]
    pub const fn remove(self) -> Self {
        Self { remove: true, ..self }
    }

    /// Adds [`copy`](Self::copy).
    #[must_use]
    pub const fn copy(self) -> Self {
        Self { copy: true, ..self }
    }

    /// Adds [`rename`](Self::rename).
    #[must_use]
    pub const fn rename(self) -> Self {
        Self { rename: true, ..self }
    }

    /// Adds [`create`](Self::create).
    #[must_use]
    pub const fn create(self) -> Self {
        Self { create: true, ..self }
    }

    /// Adds [`stream`](Self::stream).
    #[must_use]
    pub const fn stream(self) -> Self {
        Self { stream: true, ..self }
    }

    /// Adds [`persistent`](Self::persistent).
    #[must_use]
    pub const fn persistent(self) -> Self {
        Self { persistent: true, ..self }
    }

    /// The names of what is claimed, in the order of the fields.
    pub fn names(&self) -> Vec<&'static str> {
        [
            ("load", self.load),
            ("save", self.save),
            ("list", self.list),
            ("remove", self.remove),
            ("copy", self.copy),
            ("rename", self.rename),
            ("create", self.create),
            ("stream", self.stream),
            ("persistent", self.persistent),
        ]
        .into_iter()
        .filter_map(|(name, claimed)| claimed.then_some(name))
        .collect()
    }
}
