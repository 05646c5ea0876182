//! What a behaviour needs before it can be tried.

use io_core::Capabilities;

use crate::Place;

/// What the place and its handler must have for a behaviour to be tried.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Models can be loaded.
    Load,
    /// Models can be saved.
    Save,
    /// Models can get into the place: by a save, or through the back door.
    Put,
    /// Models can be got out of the place: by a load, or through the back door.
    Get,
    /// Models can be listed.
    List,
    /// Models can be removed.
    Remove,
    /// Models can be copied inside the store.
    Copy,
    /// Models can be renamed inside the store.
    Rename,
    /// A save can refuse to replace.
    Create,
    /// Weights stream.
    Stream,
    /// Loading is not claimed.
    NoLoad,
    /// Saving is not claimed.
    NoSave,
    /// Listing is not claimed.
    NoList,
    /// Removing is not claimed.
    NoRemove,
    /// Copying is not claimed.
    NoCopy,
    /// Renaming is not claimed.
    NoRename,
    /// Refusing to replace is not claimed.
    NoCreate,
    /// There is a store: something of `list`, `remove`, `copy` and `rename` is claimed.
    Store,
    /// The place names settings of its handler.
    Settings,
}

/// Why a behaviour with this `need` is skipped; `None` when the need is met.
pub(crate) fn missing(need: Need, claimed: Capabilities, place: &Place) -> Option<String> {
    let behind = place.behind();
    let (met, name) = match need {
        Need::Load => (claimed.load, "load"),
        Need::Save => (claimed.save, "save"),
        Need::Put => (claimed.save || behind.save, "save"),
        Need::Get => (claimed.load || behind.load, "load"),
        Need::List => (claimed.list, "list"),
        Need::Remove => (claimed.remove, "remove"),
        Need::Copy => (claimed.copy, "copy"),
        Need::Rename => (claimed.rename, "rename"),
        Need::Create => (claimed.create, "create"),
        Need::Stream => (claimed.stream, "stream"),
        Need::NoLoad => return claimed.load.then(|| claims("load")),
        Need::NoSave => return claimed.save.then(|| claims("save")),
        Need::NoList => return claimed.list.then(|| claims("list")),
        Need::NoRemove => return claimed.remove.then(|| claims("remove")),
        Need::NoCopy => return claimed.copy.then(|| claims("copy")),
        Need::NoRename => return claimed.rename.then(|| claims("rename")),
        Need::NoCreate => return claimed.create.then(|| claims("create")),
        Need::Store => {
            let any = claimed.list || claimed.remove || claimed.copy || claimed.rename;
            return (!any).then(|| "the handler has no store".to_owned());
        }
        Need::Settings => {
            let none = place.settings().is_empty();
            return none.then(|| "the place names no settings".to_owned());
        }
    };
    (!met).then(|| format!("the handler does not claim `{name}`"))
}

fn claims(name: &str) -> String {
    format!("the handler claims `{name}`")
}
