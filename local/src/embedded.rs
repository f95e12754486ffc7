//! DynamoDB on this machine: one embedded database, which the SDK reaches without a port and other tools over HTTP.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

/// The file of a data folder that holds every table.
const DATA_FILE: &str = "ledger.db";

/// The file of a data folder whose lock says that somebody works with it.
const LOCK_FILE: &str = "lock";

/// How often a folder that is in use is tried again, a second in all. Whoever has just let go of it may have been starting
/// another process, which holds the lock, too, until it runs a program of its own.
const LOCK_TRIES_MAX: u32 = 100;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(10);

/// A page of the data file, which only ever grows by whole ones.
const PAGE_BYTES: u64 = 4096;

/// A DynamoDB inside this process. Clones share the data.
#[derive(Clone)]
pub struct Embedded {
    pub(crate) database: Database,
    /// Where `SQLite` finds the data for as long as it is in use: a file, or a name in this process's memory.
    pub(crate) address: String,
    /// Held as long as the data is in use; `None` in memory.
    _lock: Option<Arc<File>>,
}

impl Embedded {
    /// Opens an empty database that is forgotten with this value. It holds a gigabyte.
    ///
    /// # Panics
    /// When there is no memory left for it.
    #[must_use]
    pub fn memory() -> Embedded {
        // By a name, so that its stream can be read beside it.
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let address = format!("file:/kese-{}?vfs=memdb", OPENED.fetch_add(1, Ordering::Relaxed));
        let database = Database::new(&address).expect("an empty database fits into memory");
        Embedded { database, address, _lock: None }
    }

    /// Opens the data of `folder`, which is made if it is not there, and keeps it for this process alone.
    ///
    /// # Errors
    /// [`Unusable`] when the folder cannot be written or stays in use for a second, or when its data file is damaged.
    pub fn open(folder: &Path) -> Result<Embedded, Unusable> {
        let unwritable = |source| Unusable::Unwritable { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let lock = File::create(folder.join(LOCK_FILE)).map_err(unwritable)?;
        lock_soon(&lock).map_err(|refused| match refused {
            TryLockError::WouldBlock => Unusable::InUse { folder: folder.to_owned() },
            TryLockError::Error(source) => unwritable(source),
        })?;

        let file = folder.join(DATA_FILE);
        prepare(&file, |file| database(file).map(drop))?;
        let database = database(&file).map_err(|reason| Unusable::Damaged { file: file.clone(), reason })?;
        Ok(Embedded { database, address: file.display().to_string(), _lock: Some(Arc::new(lock)) })
    }

    /// The network of an SDK client: its calls go straight into this database, on the task that makes them.
    #[must_use]
    pub fn connector(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    /// Answers one call as DynamoDB would: `target` is its `X-Amz-Target`, the answer a status and a JSON body.
    ///
    /// Only the operations that this project uses exist here.
    #[must_use]
    pub fn answer(&self, target: &str, body: &[u8]) -> (u16, String) {
        let database = &self.database;
        match target.strip_prefix("DynamoDB_20120810.") {
            Some("Query") => run(body, |request| database.query(request)),
            Some("Scan") => run(body, |request| database.scan(request)),
            Some("GetItem") => run(body, |request| database.get_item(request)),
            Some("PutItem") => run(body, |request| database.put_item(request)),
            // The service deletes nothing; what it is compared with does.
            Some("DeleteItem") => run(body, |request| database.delete_item(request)),
            Some("UpdateItem") => run(body, |request| database.update_item(request)),
            Some("BatchGetItem") => run(body, |request| database.batch_get_item(request)),
            Some("BatchWriteItem") => run(body, |request| database.batch_write_item(request)),
            Some("TransactWriteItems") => run(body, |request| database.transact_write_items(request)),
            Some("TransactGetItems") => run(body, |request| database.transact_get_items(request)),
            Some("CreateTable") => run(body, |request| database.create_table(request)),
            Some("DescribeTable") => run(body, |request| database.describe_table(request)),
            Some("UpdateTimeToLive") => run(body, |request| database.update_time_to_live(request)),
            _ => (400, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.to_owned()),
        }
    }

    /// Serves the same data over HTTP, every operation of DynamoDB, until `stopped`.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        dynoxide::server::serve_with_shutdown(listener, self.database, stopped).await.map_err(io::Error::other)
    }
}

fn lock_soon(file: &File) -> Result<(), TryLockError> {
    for _ in 1..LOCK_TRIES_MAX {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_TRY_EVERY),
            done => return done,
        }
    }
    file.try_lock()
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}

impl HttpConnector for Embedded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (status, body) = self.answer(target, request.body().bytes().unwrap_or_default());
        let answer = StatusCode::try_from(status)
            .map(|status| HttpResponse::new(status, SdkBody::from(body)))
            .map_err(|error| ConnectorError::other(error.into(), None));
        HttpConnectorFuture::ready(answer)
    }
}

/// Why a data folder cannot be used, in words for the person who started the service.
#[derive(Debug)]
pub enum Unusable {
    /// The folder is not there and cannot be made, or cannot be written.
    Unwritable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process works with the folder.
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The data file is not what was written.
    Damaged {
        /// The data file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Unwritable { folder, source } => {
                write!(f, "The data folder {} cannot be written: {source}.", folder.display())
            }
            Unusable::InUse { folder } => {
                write!(f, "The data folder {} is in use by another kese.", folder.display())
            }
            Unusable::Damaged { file, reason } => {
                write!(
                    f,
                    "The data file {} is damaged: {reason}. Restore a copy of its folder, or choose another folder.",
                    file.display()
                )
            }
        }
    }
}

impl std::error::Error for Unusable {}

/// One operation: the request out of its JSON, the response or the error back into JSON.
fn run<Request: DeserializeOwned, Response: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Request) -> dynoxide::Result<Response>,
) -> (u16, String) {
    let answer = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
        .and_then(operation)
        .and_then(|response| {
            serde_json::to_string(&response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
        });
    match answer {
        Ok(body) => (200, body),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

/// Looks whether a data file is sound, and lets `make` write it if it is not there.
pub(crate) fn prepare(file: &Path, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), Unusable> {
    let prepared = if file.exists() { check(file) } else { create(file, make) };
    prepared.map_err(|reason| Unusable::Damaged { file: file.to_owned(), reason })
}

/// Makes an empty data file, under another name until it is whole: a data file that is there and empty has lost something.
fn create(file: &Path, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    // SQLite would play the log of a lost file into the new one.
    if file.with_extension("db-wal").exists() {
        return Err("it is missing, and only its log is there".to_owned());
    }
    let unfinished = file.with_extension("new");
    make(&unfinished)?;
    fs::rename(&unfinished, file).map_err(|error| error.to_string())
}

fn database(file: &Path) -> Result<Database, String> {
    let path = file.to_str().ok_or("its path is not text")?;
    Database::new(path).map_err(|error| error.to_string())
}

/// Whether every page of every table and index is there and well formed. Opening alone looks at the front of the file
/// only, and the rest would come up later as failed requests, one by one.
fn check(file: &Path) -> Result<(), String> {
    let bytes = fs::metadata(file).map_err(|error| error.to_string())?.len();
    if bytes == 0 {
        return Err("it is empty".to_owned());
    }
    // SQLite reads the rest of a page that was cut as zeros.
    if !bytes.is_multiple_of(PAGE_BYTES) {
        return Err("its end is missing".to_owned());
    }
    // Read-only, so that a damaged file stays as it was found.
    let verdict = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|data| data.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)))
        .map_err(|error| error.to_string())?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(verdict.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_project_does_not_use_is_unknown() {
        let database = Embedded::memory();
        for target in
            ["", "Query", "DynamoDB_20120810.ListTables", "DynamoDB_20120810.DeleteTable", "DynamoDB_20120810.query"]
        {
            let (status, body) = database.answer(target, b"{}");
            assert_eq!(status, 400);
            assert_eq!(body, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#);
        }
    }

    #[test]
    fn an_error_names_its_type() {
        let error = |operation: &str, body: &[u8]| {
            let (status, body) = Embedded::memory().answer(&format!("DynamoDB_20120810.{operation}"), body);
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            (status, body["__type"].as_str().unwrap().to_owned())
        };
        assert_eq!(
            error("DescribeTable", br#"{"TableName":"Ledger"}"#),
            (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException".to_owned())
        );
        assert_eq!(error("Query", b"not JSON"), (400, "com.amazon.coral.service#SerializationException".to_owned()));
    }

    #[test]
    fn a_folder_that_is_let_go_of_is_waited_for_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let held = Embedded::open(folder.path()).unwrap();
        assert!(matches!(Embedded::open(folder.path()), Err(Unusable::InUse { .. })));
        let letting_go = thread::spawn(move || {
            thread::sleep(LOCK_TRY_EVERY * LOCK_TRIES_MAX / 4);
            drop(held);
        });
        Embedded::open(folder.path()).unwrap();
        letting_go.join().unwrap();
    }
}
