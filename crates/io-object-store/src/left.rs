//! What could not be removed: no save or removal leaves objects without saying so.

use std::{collections::BTreeSet, error::Error as _};

use io_core::Error;
use object_store::path::Path;

use crate::{error::shown, names};

/// How many keys are named.
const MAX_NAMED: usize = 3;

/// Objects that no model uses any more and that are still there.
#[derive(Debug)]
pub(crate) struct Left {
    keys: BTreeSet<Path>,
    why: String,
}

impl Left {
    /// Objects that were left because of `error`; `None` when there are none.
    pub(crate) fn new(keys: BTreeSet<Path>, error: &Error) -> Option<Self> {
        let mut why = error.to_string();
        if let Some(cause) = error.source() {
            why = format!("{why}: {cause}");
        }
        (!keys.is_empty()).then_some(Self { keys, why })
    }

    /// All of both.
    pub(crate) fn and(mut one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (&mut one, other) {
            (Some(one), Some(other)) => one.keys.extend(other.keys),
            (None, other) => one = other,
            (Some(_), None) => {}
        }
        one
    }

    /// What was left, why, and how it is removed.
    pub(crate) fn warning(&self) -> String {
        let count = self.keys.len();
        let named = self.keys.iter().take(MAX_NAMED);
        let named: Vec<String> = named.map(|key| format!("`{}`", shown(key))).collect();
        let more = match count.saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let objects = if count == 1 { "1 object" } else { &format!("{count} objects") };
        let is_found = |key: &Path| key.filename().is_some_and(names::is_ours);
        let how = if self.keys.iter().all(is_found) {
            "after a day `modelport gc --delete` removes them, with credentials that may list and delete"
        } else {
            "remove them with a tool of the store, if no other model uses them"
        };
        format!(
            "{objects} of weights stayed behind: {}{more}: {}; {how}",
            named.join(", "),
            self.why
        )
    }

    /// `error` with what was left in its hint.
    pub(crate) fn add_to(left: Option<&Self>, error: Error) -> Error {
        let Some(left) = left else { return error };
        let hint = match error.hint() {
            Some(hint) => format!("{hint}; {}", left.warning()),
            None => left.warning(),
        };
        error.with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use io_core::{Error, ErrorKind};
    use object_store::path::Path;

    use super::Left;

    fn left(keys: &[&str]) -> Left {
        let keys = keys.iter().map(|key| Path::parse(key).unwrap()).collect();
        Left::new(keys, &Error::new(ErrorKind::PermissionDenied, "no")).unwrap()
    }

    #[test]
    fn warning_names_leftovers_and_how_to_remove_them() {
        let ours = "m/weights.0123456789abcdef-00000064-a-b.bin";
        let one = left(&[ours]).warning();
        assert!(one.starts_with("1 object of weights stayed behind: `m/weights."), "{one}");
        assert!(one.contains(": no; after a day `modelport gc --delete`"), "{one}");
        let many = left(&["m/a.bin", "m/b.bin", "m/c.bin", "m/d.bin", "m/e.bin"]).warning();
        assert!(many.contains("5 objects") && many.contains("and 2 more"), "{many}");
        assert!(many.contains("a tool of the store"), "{many}");
        let error = Error::new(ErrorKind::Network, "x").with_hint("try again");
        let error = Left::add_to(Some(&left(&[ours])), error);
        assert!(error.hint().unwrap().starts_with("try again; 1 object"), "{error:?}");
    }
}
