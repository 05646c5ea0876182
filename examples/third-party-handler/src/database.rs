//! The database: its tables, and a connection to it.
//!
//! A model is one row of `models` and the rows of `chunks` with its id. Ids are never used twice,
//! so whoever has read a model's row reads the chunks of that model or none. What a save is given
//! waits in a table that only its connection sees and that SQLite deletes with the connection,
//! however that ends; one transaction then makes it the model.

use std::{
    thread,
    time::{Duration, Instant},
};

use io_core::{
    Error, ErrorKind, ModelArtifactsInfo, ModelEntry, ModelUrl, Result, SaveResult, WriteMode,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};

use crate::{
    error::{is_busy, not_found, on},
    location::Location,
};

/// How many bytes a row of `chunks` has, but for the last.
pub(crate) const CHUNK_BYTES: u64 = 1 << 20;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS models (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        json BLOB NOT NULL,
        info TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS chunks (
        model INTEGER NOT NULL,
        number INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (model, number)
    );";

const STAGED: &str = "
    CREATE TEMP TABLE staged (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);";

/// How long one writer waits for another.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it waits before it tries again where SQLite does not wait.
const MOMENT: Duration = Duration::from_millis(5);

/// A model as it is stored, without its bytes.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) json: Vec<u8>,
    pub(crate) info: ModelArtifactsInfo,
}

#[derive(Debug)]
pub(crate) struct Database(Connection);

impl Database {
    /// Opens what is there.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no such file.
    /// - `PermissionDenied`, `Corrupt`, …: SQLite cannot open it.
    pub(crate) fn open(location: &Location) -> Result<Self> {
        if !location.file.try_exists().unwrap_or(true) {
            return Err(not_found());
        }
        Self::connect(location, OpenFlags::empty())
    }

    /// Opens what is there or makes a new file.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, `Corrupt`, …: SQLite cannot open it.
    pub(crate) fn open_or_create(location: &Location) -> Result<Self> {
        Self::connect(location, OpenFlags::SQLITE_OPEN_CREATE)
    }

    fn connect(location: &Location, create: OpenFlags) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let open = || -> rusqlite::Result<Self> {
            let connection = Connection::open_with_flags(&location.file, flags)?;
            connection.busy_timeout(PATIENCE)?;
            // Readers go on while somebody writes; a commit is on the disk when it returns.
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute_batch(TABLES)?;
            Ok(Self(connection))
        };
        // SQLite waits for a lock, but not for the one that a change of the journal's mode needs.
        let give_up = Instant::now() + PATIENCE;
        loop {
            match open() {
                Err(error) if is_busy(&error) && Instant::now() < give_up => thread::sleep(MOMENT),
                opened => return opened.map_err(on("cannot open the database")),
            }
        }
    }

    /// # Errors
    ///
    /// What SQLite fails with.
    pub(crate) fn begin_staging(&self) -> Result<()> {
        self.0.execute_batch(STAGED).map_err(on("cannot begin to write"))
    }

    /// # Errors
    ///
    /// What SQLite fails with; `QuotaExceeded` when the disk is full.
    pub(crate) fn stage(&self, number: u64, bytes: &[u8]) -> Result<()> {
        let insert = || {
            let sql = "INSERT INTO staged (number, bytes) VALUES (?1, ?2)";
            self.0.prepare_cached(sql)?.execute(params![signed(number), bytes])
        };
        insert().map_err(on("cannot write weights")).map(drop)
    }

    /// Makes what was staged the model `name`, in one step.
    ///
    /// # Errors
    ///
    /// - `AlreadyExists`: there is a model and `mode` asks not to replace it.
    /// - `QuotaExceeded`, `Timeout`, …: what SQLite fails with.
    pub(crate) fn publish(
        &mut self,
        name: &str,
        json: &[u8],
        info: &ModelArtifactsInfo,
        mode: WriteMode,
    ) -> Result<()> {
        self.change("cannot publish the model", |changes| {
            changes.make_way(name, mode)?;
            let id = changes.insert(name, json, info)?;
            let sql = "INSERT INTO chunks SELECT ?1, number, bytes FROM staged ORDER BY number";
            changes.0.execute(sql, [id])?;
            Ok(())
        })
    }

    /// # Errors
    ///
    /// `NotFound` when there is no model of this name; what SQLite fails with.
    pub(crate) fn find(&self, name: &str) -> Result<Stored> {
        let found = Changes(&self.0).find(name).map_err(on("cannot read the database"))?;
        found.ok_or_else(not_found)
    }

    /// The first model after the name `after` that lies in the place `inside`.
    ///
    /// # Errors
    ///
    /// What SQLite fails with.
    pub(crate) fn next(
        &self,
        root: &ModelUrl,
        inside: &str,
        after: &str,
    ) -> Result<Option<(String, ModelEntry)>> {
        let prefix = inside.trim_end_matches('/');
        let sql = "SELECT id, json, info, name FROM models WHERE name > ?1
            AND (?2 = '' OR name = ?2 OR substr(name, 1, length(?2) + 1) = ?2 || '/')
            ORDER BY name LIMIT 1";
        let query = || {
            let mut statement = self.0.prepare_cached(sql)?;
            let read = |row: &Row<'_>| Ok((row.get::<_, String>(3)?, stored(row)?));
            statement.query_row([after, prefix], read).optional()
        };
        let found = query().map_err(on("cannot list the models"))?;
        let Some((name, stored)) = found else { return Ok(None) };
        let entry = ModelEntry::new(Location::url(root, &name)?, stored.info);
        Ok(Some((name, entry)))
    }

    /// # Errors
    ///
    /// `NotFound` when there is no model of this name; what SQLite fails with.
    pub(crate) fn remove(&mut self, name: &str) -> Result<ModelArtifactsInfo> {
        self.change("cannot remove the model", |changes| {
            let found = changes.find(name)?.ok_or_else(not_found)?;
            changes.remove(found.id)?;
            Ok(found.info)
        })
    }

    /// Puts the model `from` under the name `to` also, or instead.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no model `from`.
    /// - `AlreadyExists`: there is a model `to` and `mode` asks not to replace it.
    /// - what SQLite fails with.
    pub(crate) fn put_again(
        &mut self,
        from: &str,
        (to, url): (&str, &ModelUrl),
        mode: WriteMode,
        instead: bool,
    ) -> Result<SaveResult> {
        self.change("cannot copy the model", |changes| {
            let Stored { id, json, mut info } = changes.find(from)?.ok_or_else(not_found)?;
            if from == to {
                return Ok(SaveResult::new(url.clone(), info));
            }
            changes.make_way(to, mode)?;
            if instead {
                changes.0.execute("UPDATE models SET name = ?1 WHERE id = ?2", params![to, id])?;
            } else {
                info.date_saved = io_core::now();
                let copy = changes.insert(to, &json, &info)?;
                let sql = "INSERT INTO chunks SELECT ?1, number, bytes FROM chunks
                    WHERE model = ?2 ORDER BY number";
                changes.0.execute(sql, [copy, id])?;
            }
            Ok(SaveResult::new(url.clone(), info))
        })
    }

    /// A chunk of a model.
    ///
    /// # Errors
    ///
    /// `Conflict` when the model has been replaced or removed; what SQLite fails with.
    pub(crate) fn chunk(&self, model: i64, number: u64) -> Result<Vec<u8>> {
        let query = || {
            let sql = "SELECT bytes FROM chunks WHERE model = ?1 AND number = ?2";
            let mut statement = self.0.prepare_cached(sql)?;
            statement.query_row(params![model, signed(number)], |row| row.get(0)).optional()
        };
        query().map_err(on("cannot read weights"))?.ok_or_else(|| {
            let message = "the model was replaced or removed while its weights were read";
            Error::new(ErrorKind::Conflict, message)
        })
    }

    /// Does all of `work` or nothing.
    fn change<T>(
        &mut self,
        what: &'static str,
        work: impl FnOnce(&Changes<'_>) -> Result<T, Refused>,
    ) -> Result<T> {
        let run = || {
            let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&Changes(&transaction))?;
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(|refused| match refused {
            Refused::BySqlite(error) => on(what)(error),
            Refused::ByUs(error) => error,
        })
    }
}

/// Why a change is not made.
enum Refused {
    BySqlite(rusqlite::Error),
    ByUs(Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::BySqlite(error)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::ByUs(error)
    }
}

/// What one transaction does.
struct Changes<'a>(&'a Connection);

impl Changes<'_> {
    fn find(&self, name: &str) -> rusqlite::Result<Option<Stored>> {
        let sql = "SELECT id, json, info FROM models WHERE name = ?1";
        self.0.prepare_cached(sql)?.query_row([name], stored).optional()
    }

    fn make_way(&self, name: &str, mode: WriteMode) -> Result<(), Refused> {
        match self.find(name)? {
            Some(_) if mode == WriteMode::Create => {
                let message = "there already is a model of this name";
                Err(Error::new(ErrorKind::AlreadyExists, message).into())
            }
            Some(old) => Ok(self.remove(old.id)?),
            None => Ok(()),
        }
    }

    fn remove(&self, id: i64) -> rusqlite::Result<()> {
        self.0.execute("DELETE FROM chunks WHERE model = ?1", [id])?;
        self.0.execute("DELETE FROM models WHERE id = ?1", [id]).map(drop)
    }

    fn insert(&self, name: &str, json: &[u8], info: &ModelArtifactsInfo) -> rusqlite::Result<i64> {
        let sql = "INSERT INTO models (name, json, info) VALUES (?1, ?2, ?3)";
        let info = serde_json::to_string(info).map_err(unreadable)?;
        self.0.execute(sql, params![name, json, info])?;
        Ok(self.0.last_insert_rowid())
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let info: String = row.get(2)?;
    let info = serde_json::from_str(&info).map_err(unreadable)?;
    Ok(Stored { id: row.get(0)?, json: row.get(1)?, info })
}

/// Sizes and date that have no JSON form, or a text that is none.
fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
