//! SQS on this machine: the queues of a deployed stack in one small database, which the SDK reaches without a port.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::webhook::ATTEMPTS_MAX;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use crate::embedded::{self, Unusable};

mod protocol;

/// The file of a data folder that holds every queue.
const DATA_FILE: &str = "queues.db";

/// What is to be delivered: `deliver` works on it.
pub const DELIVERIES: &str = "Deliveries";

/// What could not be delivered, however often it was tried.
pub const DELIVERIES_DEAD: &str = "DeliveriesDead";

/// What `publish` failed on again and again.
pub const UNPUBLISHED: &str = "Unpublished";

/// The queues of a deployed stack, as its template has them.
pub const QUEUES: [Queue; 3] = [
    Queue {
        name: DELIVERIES,
        visibility_seconds: 360,
        retention_seconds: RETENTION_SECONDS_MAX,
        redrive: Some(Redrive { to: DELIVERIES_DEAD, receives_max: ATTEMPTS_MAX }),
    },
    Queue { name: DELIVERIES_DEAD, visibility_seconds: 30, retention_seconds: RETENTION_SECONDS_MAX, redrive: None },
    Queue { name: UNPUBLISHED, visibility_seconds: 30, retention_seconds: RETENTION_SECONDS_MAX, redrive: None },
];

/// Fourteen days: SQS keeps nothing for longer.
const RETENTION_SECONDS_MAX: u64 = 14 * 24 * 60 * 60;

/// A queue's settings.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// The end of its URL.
    pub name: &'static str,
    /// For how long a message that was received is kept from others, if the receiver says nothing else.
    pub visibility_seconds: u64,
    /// How long after it was sent a message is forgotten.
    pub retention_seconds: u64,
    /// What becomes of a message that is never deleted.
    pub redrive: Option<Redrive>,
}

impl Queue {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost/000000000000/{}", self.name)
    }
}

/// Where messages go that were received too often.
#[derive(Clone, Copy, Debug)]
pub struct Redrive {
    /// The dead-letter queue.
    pub to: &'static str,
    /// How often a message is received before it goes there.
    pub receives_max: u32,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id, the same at every receive.
    pub id: String,
    /// What this receive may delete it by.
    pub receipt: String,
    /// What was sent.
    pub body: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at: u64,
    /// How often it was received, this time included.
    pub receives: u32,
    /// When it was received for the first time, in milliseconds since 1970.
    pub first_received_at: u64,
}

/// SQS inside this process. Clones share the data.
#[derive(Clone)]
pub struct Queues {
    shared: Arc<Shared>,
}

struct Shared {
    data: Mutex<Connection>,
    queues: Vec<Queue>,
    now: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// The number of a message and the number of a receive: what a receipt handle stands for.
#[derive(Clone, Copy)]
struct Receipt {
    number: i64,
    receives: u32,
}

impl Queues {
    /// Opens empty queues that are forgotten with this value. `now` is the time in milliseconds since 1970.
    ///
    /// # Panics
    /// When there is no memory left for them.
    #[must_use]
    pub fn memory(queues: &[Queue], now: impl Fn() -> u64 + Send + Sync + 'static) -> Queues {
        let data = Connection::open_in_memory().expect("an empty database fits into memory");
        Queues::over(data, queues, now).expect("an empty database fits into memory")
    }

    /// Opens the queues of `folder`, which this process has to itself because it holds its
    /// [`Embedded`](crate::embedded::Embedded). `now` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Unusable`] when the folder cannot be written, or when the file in it is damaged.
    pub fn open(
        folder: &Path,
        queues: &[Queue],
        now: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<Queues, Unusable> {
        let file = folder.join(DATA_FILE);
        embedded::prepare(&file, |file| {
            let data = Connection::open(file).map_err(|error| error.to_string())?;
            // A log beside the file, so that a write is one write to the disk and a reader waits for nobody.
            data.pragma_update(None, "journal_mode", "WAL").map_err(|error| error.to_string())?;
            data.execute_batch(SCHEMA).map_err(|error| error.to_string())
        })?;
        Connection::open(&file)
            .and_then(|data| Queues::over(data, queues, now))
            .and_then(|queues| queues.take_back().map(|()| queues))
            .map_err(|error| Unusable::Damaged { file, reason: error.to_string() })
    }

    /// Shows what was with a receiver: the folder is this process's alone, so whoever received it is gone. What was put off stays so.
    fn take_back(&self) -> rusqlite::Result<()> {
        let now = self.now();
        self.write(|data| {
            for queue in &self.shared.queues {
                data.execute(
                    "UPDATE messages SET visible_at = min(visible_at, ?1)
                     WHERE queue = ?2 AND received_at IS NOT NULL AND visible_at = received_at + ?3",
                    params![now, queue.name, milliseconds(queue.visibility_seconds)],
                )?;
            }
            Ok(())
        })
    }

    fn over(
        data: Connection,
        queues: &[Queue],
        now: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> rusqlite::Result<Queues> {
        data.execute_batch(SCHEMA)?;
        let shared = Shared { data: Mutex::new(data), queues: queues.to_vec(), now: Box::new(now) };
        Ok(Queues { shared: Arc::new(shared) })
    }

    /// The network of an SDK client: its calls go straight into these queues, on the task that makes them.
    #[must_use]
    pub fn connector(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    /// Answers one call as SQS would: `target` is its `X-Amz-Target`, the answer a status and a JSON body.
    ///
    /// Only what this project uses exists here. Who waits for messages is answered at once all the same.
    #[must_use]
    pub fn answer(&self, target: &str, body: &[u8]) -> (u16, String) {
        match protocol::answer(self, target, body) {
            Ok(body) => (200, body),
            Err(refusal) => (refusal.status(), refusal.body()),
        }
    }

    /// The settings of a queue.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.shared.queues.iter().find(|queue| queue.name == name)
    }

    /// The time by which messages appear and are forgotten, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        (self.shared.now)()
    }

    /// Sends messages, all or none of them. Each is what to send and for how many seconds to keep it back; the answer is
    /// their ids.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn send(&self, queue: &str, messages: &[(&str, u64)]) -> rusqlite::Result<Vec<String>> {
        let now = self.now();
        self.write(|data| {
            let mut insert =
                data.prepare_cached("INSERT INTO messages (queue, body, sent_at, visible_at) VALUES (?1, ?2, ?3, ?4)")?;
            let ids = messages.iter().map(|(body, delay_seconds)| {
                insert.insert(params![queue, body, now, after(now, *delay_seconds)]).map(message_id)
            });
            ids.collect()
        })
    }

    /// Receives at most so many messages of a queue, those first that have waited longest, and keeps them from others for as
    /// long as the queue says.
    ///
    /// # Errors
    /// When the queue cannot be read or written.
    pub fn receive(&self, queue: &Queue, messages_max: usize) -> rusqlite::Result<Vec<Message>> {
        self.receive_for(queue, messages_max, queue.visibility_seconds)
    }

    fn receive_for(
        &self,
        queue: &Queue,
        messages_max: usize,
        visibility_seconds: u64,
    ) -> rusqlite::Result<Vec<Message>> {
        let now = self.now();
        // A queue without anything to receive is only read.
        if !self.has_visible(queue, now)? {
            return Ok(Vec::new());
        }
        self.write(|data| {
            self.forget(data, now)?;
            if let Some(Redrive { to, receives_max }) = queue.redrive {
                data.execute(
                    "UPDATE messages SET queue = ?1, visible_at = ?2, received_at = NULL
                     WHERE queue = ?3 AND visible_at <= ?2 AND receives >= ?4",
                    params![to, now, queue.name, receives_max],
                )?;
            }
            let mut receive = data.prepare_cached(
                "UPDATE messages
                 SET receives = receives + 1, received_at = ?2, visible_at = ?3,
                     first_received_at = coalesce(first_received_at, ?2)
                 WHERE number IN (
                     SELECT number FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, number LIMIT ?4
                 )
                 RETURNING number, body, sent_at, receives, first_received_at",
            )?;
            let parameters = params![queue.name, now, after(now, visibility_seconds), messages_max];
            let received = receive.query_map(parameters, |row| {
                let receipt = Receipt { number: row.get(0)?, receives: row.get(3)? };
                Ok(Message {
                    id: message_id(receipt.number),
                    receipt: receipt.to_string(),
                    body: row.get(1)?,
                    sent_at: row.get(2)?,
                    receives: receipt.receives,
                    first_received_at: row.get(4)?,
                })
            })?;
            let mut messages = received.collect::<rusqlite::Result<Vec<_>>>()?;
            // SQLite returns them as it pleases; an id is as long as any other, so they sort as their numbers.
            messages.sort_by(|one, other| one.id.cmp(&other.id));
            Ok(messages)
        })
    }

    fn has_visible(&self, queue: &Queue, now: u64) -> rusqlite::Result<bool> {
        let data = self.data();
        let mut any = data.prepare_cached("SELECT 1 FROM messages WHERE queue = ?1 AND visible_at <= ?2 LIMIT 1")?;
        any.exists(params![queue.name, now])
    }

    /// Deletes messages by what their last receives gave. What was received again since stays, as what is unknown does.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn delete(&self, queue: &str, receipts: &[&str]) -> rusqlite::Result<()> {
        self.write(|data| {
            let mut delete =
                data.prepare_cached("DELETE FROM messages WHERE queue = ?1 AND number = ?2 AND receives = ?3")?;
            for Receipt { number, receives } in receipts.iter().filter_map(|receipt| Receipt::parse(receipt)) {
                delete.execute(params![queue, number, receives])?;
            }
            Ok(())
        })
    }

    /// Forgets what is older than its queue keeps.
    fn forget(&self, data: &Transaction<'_>, now: u64) -> rusqlite::Result<()> {
        let mut forget = data.prepare_cached("DELETE FROM messages WHERE queue = ?1 AND sent_at <= ?2")?;
        for queue in &self.shared.queues {
            forget.execute(params![queue.name, now.saturating_sub(milliseconds(queue.retention_seconds))])?;
        }
        Ok(())
    }

    /// When a received message was received and until when it is kept from others, if that was its last receive.
    fn in_flight(data: &Transaction<'_>, queue: &str, receipt: Receipt) -> rusqlite::Result<Option<(u64, u64)>> {
        let mut find = data.prepare_cached(
            "SELECT received_at, visible_at FROM messages
             WHERE queue = ?1 AND number = ?2 AND receives = ?3 AND received_at IS NOT NULL",
        )?;
        let found =
            find.query_row(params![queue, receipt.number, receipt.receives], |row| Ok((row.get(0)?, row.get(1)?)));
        found.optional()
    }

    /// Runs what writes in one transaction.
    fn write<T>(&self, act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut data = self.data();
        let transaction = data.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = act(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    fn data(&self) -> MutexGuard<'_, Connection> {
        // What panicked has rolled back.
        self.shared.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}

impl HttpConnector for Queues {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (status, body, error) = match protocol::answer(self, target, request.body().bytes().unwrap_or_default()) {
            Ok(body) => (200, body, None),
            Err(refusal) => (refusal.status(), refusal.body(), Some(refusal.query_error())),
        };
        let answer = StatusCode::try_from(status)
            .map(|status| {
                let mut answer = HttpResponse::new(status, SdkBody::from(body));
                // Clients tell errors apart by the names that they had before SQS spoke JSON.
                if let Some(error) = error {
                    answer.headers_mut().insert("x-amzn-query-error", error);
                }
                answer
            })
            .map_err(|error| ConnectorError::other(error.into(), None));
        HttpConnectorFuture::ready(answer)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.receives)
    }
}

impl Receipt {
    fn parse(text: &str) -> Option<Receipt> {
        let (number, receives) = text.split_once('.')?;
        Some(Receipt { number: number.parse().ok()?, receives: receives.parse().ok()? })
    }
}

/// A message is received when `visible_at` has come; until then it is delayed, or with the one that received it last.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS messages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        received_at INTEGER,
        first_received_at INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at);
    CREATE INDEX IF NOT EXISTS messages_by_age ON messages (queue, sent_at);
";

/// Ids need not be random: a number is never given twice.
fn message_id(number: i64) -> String {
    Uuid::from_u128(u128::from(number.unsigned_abs())).to_string()
}

fn after(now: u64, seconds: u64) -> u64 {
    now.saturating_add(milliseconds(seconds))
}

fn milliseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000)
}

#[cfg(test)]
mod tests;
