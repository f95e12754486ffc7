//! The shell around every task: what runs after the commit, called by Lambda and not by a caller. If all tasks are down, no
//! operation notices.

use std::fmt;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{Queue, Store};
use tokio::time::Instant;

use crate::sender::Sender;
use crate::shell::Host;

/// One task: the same word names its file, its binary and its resource in the template.
pub struct Task {
    /// The word, in snake case.
    pub name: &'static str,
    pub(crate) run: for<'a> fn(&'a Worker, Value, Instant) -> BoxFuture<'a, Result<Done, store::Error>>,
}

/// What a task is made of: the store, the queue of deliveries, the way to receivers, and what the world gives.
#[derive(Debug)]
pub struct Worker {
    /// The tables.
    pub store: Store,
    /// Where deliveries wait.
    pub queue: Queue,
    /// What posts them.
    pub sender: Sender,
    /// Time, randomness and log.
    pub host: Host,
}

/// What came of a task.
#[derive(Debug)]
pub(crate) struct Done {
    /// What it was given and could not do, by Lambda's identifiers: that comes again.
    pub(crate) failed: Vec<String>,
    /// What the log tells, in words of the program and numbers.
    pub(crate) counts: Vec<(&'static str, usize)>,
}

/// What Lambda calls a task with that it feeds from a stream or a queue.
#[derive(Deserialize)]
struct Batch<Record> {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

/// The records of a batch. If they are not what they have to be, none of them is done.
pub(crate) fn records<Record: DeserializeOwned>(event: Value) -> Result<Vec<Record>, store::Error> {
    let batch = serde_json::from_value::<Batch<Record>>(event);
    batch.map(|batch| batch.records).map_err(|error| store::Error::Damaged { word: "event", place: error.to_string() })
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.name)
    }
}

impl Worker {
    /// Runs a task on what Lambda calls it with, and returns what Lambda is answered; what is left at `deadline` is for the next
    /// call. One line of the log tells of it, if there was anything to do.
    ///
    /// # Errors
    /// [`store::Error`]: all of it has to be done again. What was done already does no harm a second time.
    pub async fn run(&self, task: &Task, event: Value, deadline: Instant) -> Result<Value, store::Error> {
        let start = Instant::now();
        let done = (task.run)(self, event, deadline).await;
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (code, failed, counts) = match &done {
            Ok(done) => ("OK", done.failed.len(), done.counts.as_slice()),
            Err(error) => (error.word(), 0, Default::default()),
        };
        let about = [("task", json!(task.name)), ("code", json!(code)), ("ms", json!(ms)), ("failed", json!(failed))];
        let counted = counts.iter().map(|(what, count)| (*what, json!(count)));
        let line: Value = about.into_iter().chain(counted).map(|(name, value)| (name.to_owned(), value)).collect();
        let idle = done.is_ok() && counts.iter().all(|(_, count)| *count == 0);
        if !idle {
            (self.host.log)(&line.to_string());
        }
        let failed = done?.failed.into_iter().map(|failed| json!({ "itemIdentifier": failed }));
        Ok(json!({ "batchItemFailures": failed.collect::<Vec<_>>() }))
    }
}
