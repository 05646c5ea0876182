//! The clients of this process: who opens many models of a bucket has one client for all.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use io_core::Result;

use crate::objects::Store;

/// How many clients are kept. The one that was not wanted for longest goes first.
const MAX_CLIENTS: usize = 16;

/// By all that makes one differ from another, credentials included: never to be printed.
static CLIENTS: Mutex<VecDeque<(String, Store)>> = Mutex::new(VecDeque::new());

/// The client that was made of the `same`, or the one that `build` makes.
///
/// # Errors
///
/// What `build` fails with.
pub(crate) fn get_or_build(same: String, build: impl FnOnce() -> Result<Store>) -> Result<Store> {
    if let Some(store) = find(&same) {
        return Ok(store);
    }
    let store = build()?;
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    clients.truncate(MAX_CLIENTS - 1);
    clients.push_front((same, store.clone()));
    Ok(store)
}

fn find(same: &str) -> Option<Store> {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let at = clients.iter().position(|(known, _)| known == same)?;
    let found = clients.remove(at)?;
    let store = found.1.clone();
    clients.push_front(found);
    Some(store)
}

#[cfg(test)]
mod tests {
    use super::{MAX_CLIENTS, Store, find, get_or_build};
    use object_store::memory::InMemory;
    use std::sync::Arc;

    #[test]
    fn a_client_is_built_once_and_not_kept_for_ever() {
        let build = |name: &str| {
            get_or_build(name.to_owned(), || Ok(Store(Arc::new(InMemory::new())))).unwrap().0
        };
        let first = build("first");
        assert!(Arc::ptr_eq(&first, &build("first")));
        assert!(!Arc::ptr_eq(&first, &build("second")));
        for number in 0..MAX_CLIENTS * 2 {
            build(&format!("other {number}"));
        }
        assert!(find("first").is_none());
    }
}
