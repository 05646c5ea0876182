//! The weights of large models: Blobs, each under the id of its save and its number.

use std::{collections::BTreeSet, time::Duration};

use io_core::{Error, Result};
use io_web::{JsPiece, JsWeights, TabLock, lock, on, sleep};
use js_sys::{Array, Math};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, IdbKeyRange};

use crate::{
    collect,
    database::{Database, LARGE, PIECES},
    record::Pointer,
    transaction::{Access, Transaction, is_too_much_at_once, result},
};

/// How long to wait before a piece is stored again that the browser had no room for: it counts Blobs
/// that nobody has any more until it looks, and at first does not know how much room the disk has.
const WAITS: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_000),
    Duration::from_millis(2_000),
    Duration::from_millis(4_000),
];

/// The pieces of a save that is under way. Dropped before they belong to a model they are removed;
/// if that too is cut short, others see by its lock that nobody is at it any more.
#[derive(Debug)]
pub(crate) struct Pieces {
    database: Database,
    pointer: Pointer,
    /// The piece that is being stored while the next one is read, and its bytes.
    storing: Option<(Transaction, Array)>,
    /// Keeps others from taking the pieces for debris.
    _lock: TabLock,
    published: bool,
}

impl Pieces {
    /// # Errors
    ///
    /// Those of opening a database.
    pub(crate) async fn begin() -> Result<Self> {
        let [high, low] = [(); 2].map(|()| Math::random() * f64::from(u32::MAX));
        let id = format!("{:.0}-{high:.0}-{low:.0}", js_sys::Date::now());
        // Before the first piece is there.
        let lock = lock(&lock_name(&id), io_web::LockMode::Exclusive).await?;
        let database = Database::open(&LARGE).await?;
        let pointer = Pointer { id, count: 0 };
        Ok(Self { database, pointer, storing: None, _lock: lock, published: false })
    }

    /// Begins to store one more piece, in a transaction of its own, when the one before it is stored.
    /// The bytes of `parts` stay as they are until then.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws, also for the piece before; `QuotaExceeded` above all.
    pub(crate) async fn push(&mut self, parts: Array) -> Result<()> {
        self.stored().await?;
        self.pointer.count = self.pointer.count.saturating_add(1);
        self.storing = Some((self.store(&parts)?, parts));
        Ok(())
    }

    /// Begins to store the last piece.
    fn store(&self, parts: &Array) -> Result<Transaction> {
        let blob = Blob::new_with_buffer_source_sequence(parts)
            .map_err(on("the browser makes no Blob"))?;
        let number = self.pointer.count.saturating_sub(1);
        let key = Array::of2(&self.pointer.id.as_str().into(), &number.into());
        let transaction = Transaction::begin(&self.database, Access::Write)?;
        let stored = transaction.store(PIECES)?.put_with_key(&blob, &key);
        stored.map_err(on("the browser does not store a piece of the model"))?;
        Ok(transaction)
    }

    /// Which pieces there are, when all are stored.
    ///
    /// # Errors
    ///
    /// Whatever the browser throws for the last piece.
    pub(crate) async fn pointer(&mut self) -> Result<Pointer> {
        self.stored().await?;
        Ok(self.pointer.clone())
    }

    async fn stored(&mut self) -> Result<()> {
        let Some((transaction, parts)) = self.storing.take() else { return Ok(()) };
        let mut stored = transaction.end().await;
        for wait in WAITS {
            if !stored.as_ref().is_err_and(is_too_much_at_once) {
                break;
            }
            // A Blob that the browser had no room for stays empty for good: the next try has its own.
            sleep(wait).await?;
            stored = self.store(&parts)?.end().await;
        }
        stored
    }

    /// Says that a model has them.
    pub(crate) fn published(mut self) {
        self.published = true;
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if self.published || self.pointer.count == 0 {
            return;
        }
        let id = std::mem::take(&mut self.pointer.id);
        // The save may have been given up in the moment of its commit: then a model has them.
        wasm_bindgen_futures::spawn_local(async move {
            // What is left is left to others.
            let _ = collect::discard(&id).await;
        });
    }
}

/// The weights that `pointer` names; `None` when they are not all there.
///
/// # Errors
///
/// Those of opening a database; `Corrupt` when a piece is no Blob.
pub(crate) async fn find(pointer: &Pointer) -> Result<Option<JsWeights>> {
    if pointer.count == 0 {
        return Ok(Some(JsWeights::new([])));
    }
    let database = Database::open(&LARGE).await?;
    let transaction = Transaction::begin(&database, Access::Read)?;
    // In the order of their numbers, and not read.
    let request = transaction.store(PIECES)?.get_all_with_key(&range_of(&pointer.id)?);
    let request = request.map_err(on("the browser does not look for the pieces"))?;
    transaction.end().await?;
    let found = Array::from(&result(&request)?);
    if found.length() != pointer.count {
        return Ok(None);
    }
    let pieces: Result<Vec<_>> = found
        .iter()
        .map(|piece| match piece.dyn_into::<Blob>() {
            Ok(blob) => Ok(JsPiece::Blob(blob)),
            Err(_) => Err(Error::corrupt("a piece of the weights is no Blob")),
        })
        .collect();
    Ok(Some(JsWeights::new(pieces?)))
}

/// The ids of all saves that have pieces.
///
/// # Errors
///
/// Those of opening a database.
pub(crate) async fn ids() -> Result<BTreeSet<String>> {
    let database = Database::open(&LARGE).await?;
    let transaction = Transaction::begin(&database, Access::Read)?;
    let request = transaction.store(PIECES)?.get_all_keys();
    let request = request.map_err(on("the browser does not list the pieces"))?;
    transaction.end().await?;
    let keys = Array::from(&result(&request)?);
    Ok(keys.iter().filter_map(|key| Array::from(&key).get(0).as_string()).collect())
}

/// Removes the pieces of these saves.
///
/// # Errors
///
/// Whatever the browser throws.
pub(crate) async fn remove(ids: impl IntoIterator<Item = &str>) -> Result<()> {
    let database = Database::open(&LARGE).await?;
    let transaction = Transaction::begin(&database, Access::Write)?;
    let store = transaction.store(PIECES)?;
    for id in ids {
        let removed = store.delete(&range_of(id)?);
        removed.map_err(on("the browser does not remove the pieces"))?;
    }
    transaction.end().await
}

/// The lock that a save holds until its pieces belong to a model.
pub(crate) fn lock_name(id: &str) -> String {
    format!("modelport/indexeddb/{id}")
}

/// Keys are `[id, number]`, and arrays come after all numbers.
fn range_of(id: &str) -> Result<JsValue> {
    let (first, last) = (Array::of1(&id.into()), Array::of2(&id.into(), &Array::new()));
    let range = IdbKeyRange::bound(&first, &last);
    Ok(range.map_err(on("the browser makes no range of keys"))?.into())
}
