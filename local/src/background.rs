//! What Lambda does when nobody calls: it passes the ledger's stream on to `publish`, the queue `Deliveries` to `deliver`, and
//! the time to `expire`. Nothing here is waited for by a request, and nothing is lost by a kill: what was not finished is done
//! again.

use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};

use crate::queue::{DELIVERIES, Message, Queue, Queues, UNPUBLISHED};
use crate::stream::{Record, Stream};

/// How many records of the stream one call gets at most.
pub const BATCH_RECORDS_MAX: usize = 100;

/// How many messages of the queue one call gets at most: as many as SQS gives at once.
pub const BATCH_MESSAGES_MAX: usize = 10;

/// How many batches of messages are worked on at the same time.
pub const BATCHES_MAX: usize = 16;

/// How often a record that fails alone is tried before the others go on without it.
pub const TRIES_MAX: u32 = 6;

/// How often `expire` is called.
pub const EXPIRE_EVERY: Duration = Duration::from_mins(1);

/// How long one call may take.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_mins(1);

/// How often to look whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long to wait after a failure at first, twice as long after each one that follows, and at most.
const RETRY_AFTER: Duration = Duration::from_millis(200);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);

/// A function as Lambda has it: an event goes in, an answer or an error comes out.
pub struct Function {
    name: &'static str,
    call: Arc<dyn Fn(Value) -> Answering + Send + Sync>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

impl Function {
    /// A function of that name. Its error is one sentence for whoever runs the service.
    pub fn new<Answered>(name: &'static str, call: impl Fn(Value) -> Answered + Send + Sync + 'static) -> Function
    where
        Answered: Future<Output = Result<Value, String>> + Send + 'static,
    {
        Function { name, call: Arc::new(move |event| Box::pin(call(event))) }
    }

    /// Calls it on a task of its own, as a function is a process of its own: one that panics stops nobody else.
    async fn invoke(&self, event: Value) -> Result<Value, String> {
        let call = Arc::clone(&self.call);
        let mut function = tokio::spawn(async move { call(event).await });
        let answer = match tokio::time::timeout(FUNCTION_TIMEOUT, &mut function).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panicked)) => Err("It panicked.".to_owned()),
            Err(_elapsed) => {
                function.abort();
                Err("It took too long.".to_owned())
            }
        };
        if let Err(error) = &answer {
            eprintln!("kese: {} failed. {error}", self.name);
        }
        answer
    }
}

/// The stream, the queues and the clock, and the functions that they call.
pub struct Background {
    stream: Arc<Stream>,
    queues: Queues,
    deliveries: Queue,
    publish: Function,
    deliver: Arc<Function>,
    expire: Function,
}

impl Background {
    /// Nothing is called yet.
    ///
    /// # Panics
    /// When there is no queue `Deliveries`.
    #[must_use]
    pub fn new(stream: Stream, queues: Queues, publish: Function, deliver: Function, expire: Function) -> Background {
        let deliveries = *queues.queue(DELIVERIES).expect("there is a queue for what is to be delivered");
        Background { stream: Arc::new(stream), queues, deliveries, publish, deliver: Arc::new(deliver), expire }
    }

    /// Calls the functions until the sender of `stopped` is gone, and then until those have answered that are under way.
    pub async fn run(self, stopped: watch::Receiver<()>) {
        tokio::join!(self.publish_all(&stopped), self.deliver_all(&stopped), self.expire_all(&stopped));
    }

    async fn publish_all(&self, stopped: &watch::Receiver<()>) {
        let mut pace = Pace { records_max: BATCH_RECORDS_MAX, tries: 0 };
        let mut pause = Duration::ZERO;
        while goes_on_after(pause, stopped).await {
            pause = match self.publish_next(&mut pace).await {
                Ok(pause) => pause,
                Err(error) => {
                    eprintln!("kese: The stream cannot be passed on: {error}.");
                    RETRY_AFTER_MAX
                }
            };
        }
    }

    /// Passes the oldest records on, and says how long to rest before the next ones. What `publish` has done leaves the stream
    /// at once; everything else stays where it is.
    async fn publish_next(&self, pace: &mut Pace) -> rusqlite::Result<Duration> {
        let records_max = pace.records_max;
        let records = self.of_stream(move |stream| stream.oldest(records_max)).await?;
        let Some(last) = records.last().map(|record| record.number) else {
            return Ok(LOOK_EVERY);
        };
        let count = records.len();
        let entries: Vec<Record> = records.into_iter().filter(is_entry).collect();
        let failure = if entries.is_empty() { None } else { self.publish(&entries).await };

        let Some(Failure { at, error }) = failure else {
            self.of_stream(move |stream| stream.forget_through(last)).await?;
            *pace = Pace { records_max: count.max(records_max).saturating_mul(2).min(BATCH_RECORDS_MAX), tries: 0 };
            return Ok(Duration::ZERO);
        };
        let Some(record) = at.and_then(|at| entries.get(at)) else {
            // One of them spoils the others: half of them will tell more.
            pace.records_max = count.div_ceil(2);
            return Ok(RETRY_AFTER);
        };
        if at != Some(0) {
            pace.tries = 0;
            let before = record.number.saturating_sub(1);
            self.of_stream(move |stream| stream.forget_through(before)).await?;
        }
        pace.tries = pace.tries.saturating_add(1);
        if pace.tries < TRIES_MAX {
            return Ok(RETRY_AFTER.saturating_mul(1 << pace.tries.saturating_sub(1).min(8)).min(RETRY_AFTER_MAX));
        }
        self.give_up(record, pace.tries, &error).await?;
        pace.tries = 0;
        Ok(Duration::ZERO)
    }

    /// Calls `publish` with these records; `None` if all of them are done.
    async fn publish(&self, entries: &[Record]) -> Option<Failure> {
        let events: Vec<_> = entries.iter().map(|record| &record.event).collect();
        let failed = match self.publish.invoke(json!({ "Records": events })).await {
            Ok(answer) => {
                failures(&answer, &entries.iter().map(|record| record.sequence_number.as_str()).collect::<Vec<_>>())
            }
            Err(error) => Err(error),
        };
        match failed {
            Ok(failed) => {
                let at = failed.into_iter().min()?;
                Some(Failure { at: Some(at), error: "It reported a failure of the record.".to_owned() })
            }
            // A call with one record says which.
            Err(error) => Some(Failure { at: (entries.len() == 1).then_some(0), error }),
        }
    }

    /// Lays a record aside, as Lambda does, and with it what only its stream would still have.
    async fn give_up(&self, record: &Record, tries: u32, error: &str) -> rusqlite::Result<()> {
        let at = record.event.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_i64);
        let at = at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()).map(rfc3339);
        let aside = json!({
            "version": "1.0",
            "timestamp": time_of(self.queues.now()).map(rfc3339),
            "requestContext": {
                "functionArn": format!("arn:aws:lambda:local:000000000000:function:{}", self.publish.name),
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": tries,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorMessage": error },
            "DDBStreamBatchInfo": {
                "shardId": "shardId-local",
                "startSequenceNumber": record.sequence_number,
                "endSequenceNumber": record.sequence_number,
                "approximateArrivalOfFirstRecord": at,
                "approximateArrivalOfLastRecord": at,
                "batchSize": 1,
                "streamArn": self.stream.arn(),
            },
            "payload": { "Records": [record.event] },
        });
        let queues = self.queues.clone();
        blocking(move || queues.send(UNPUBLISHED, &[(&aside.to_string(), 0)])).await?;
        let number = record.number;
        self.of_stream(move |stream| stream.forget_through(number)).await
    }

    async fn deliver_all(&self, stopped: &watch::Receiver<()>) {
        let mut batches = JoinSet::new();
        let mut pause = Duration::ZERO;
        while goes_on_after(pause, stopped).await {
            // Only what can be worked on now is received: from then on its time runs.
            while batches.try_join_next().is_some() {}
            if batches.len() >= BATCHES_MAX {
                batches.join_next().await;
            }
            let (queues, deliveries) = (self.queues.clone(), self.deliveries);
            pause = match blocking(move || queues.receive(&deliveries, BATCH_MESSAGES_MAX)).await {
                Ok(messages) if messages.is_empty() => LOOK_EVERY,
                Ok(messages) => {
                    batches.spawn(deliver(self.queues.clone(), self.deliveries, Arc::clone(&self.deliver), messages));
                    Duration::ZERO
                }
                Err(error) => {
                    eprintln!("kese: The queue cannot be read: {error}.");
                    RETRY_AFTER_MAX
                }
            };
        }
        while batches.join_next().await.is_some() {}
    }

    async fn expire_all(&self, stopped: &watch::Receiver<()>) {
        let mut pause = Duration::ZERO;
        while goes_on_after(pause, stopped).await {
            let now = time_of(self.queues.now()).and_then(|now| now.replace_nanosecond(0).ok()).map(rfc3339);
            // It has said so itself, and the next minute is the next try.
            let _ = self.expire.invoke(json!({ "time": now })).await;
            pause = EXPIRE_EVERY;
        }
    }

    async fn of_stream<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Stream) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let stream = Arc::clone(&self.stream);
        blocking(move || act(&stream)).await
    }
}

/// Calls `deliver` with these messages, and deletes those that it did not fail on. The others come again when their time is
/// over.
async fn deliver(queues: Queues, queue: Queue, function: Arc<Function>, messages: Vec<Message>) {
    let records: Vec<_> = messages.iter().map(|message| record_of(queue, message)).collect();
    let Ok(answer) = function.invoke(json!({ "Records": records })).await else { return };
    let failed = match failures(&answer, &messages.iter().map(|message| message.id.as_str()).collect::<Vec<_>>()) {
        Ok(failed) => failed,
        Err(error) => return eprintln!("kese: {} failed. {error}", function.name),
    };
    let done = messages.into_iter().enumerate().filter(|(at, _)| !failed.contains(at));
    let receipts: Vec<String> = done.map(|(_, message)| message.receipt).collect();
    let delete = move || queues.delete(queue.name, &receipts.iter().map(String::as_str).collect::<Vec<_>>());
    if let Err(error) = blocking(delete).await {
        eprintln!("kese: Messages that were delivered cannot be deleted: {error}.");
    }
}

/// How the stream is read.
struct Pace {
    /// How many records to read next: half as many after a call that failed, twice as many after one that did not.
    records_max: usize,
    /// How often the oldest record has failed alone.
    tries: u32,
}

/// A call that did not do everything.
struct Failure {
    /// The first record that was not done, if the call said which.
    at: Option<usize>,
    error: String,
}

/// What the stream is filtered for: new entries of accounts.
fn is_entry(record: &Record) -> bool {
    let text = |place| record.event.pointer(place).and_then(Value::as_str);
    text("/eventName") == Some("INSERT") && text("/dynamodb/Keys/sk/S").is_some_and(|key| key.starts_with("T#"))
}

/// The places of those that an answer names as failed. An answer that names what it was not asked for has failed as a whole.
fn failures(answer: &Value, ids: &[&str]) -> Result<Vec<usize>, String> {
    let failed = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(failed) => failed.as_array(),
    };
    let place = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        ids.iter().position(|known| *known == id)
    };
    let places: Option<Vec<_>> = failed.and_then(|failed| failed.iter().map(place).collect());
    places.ok_or_else(|| "It reported failures of what it was not given.".to_owned())
}

/// A message as Lambda passes it on.
fn record_of(queue: Queue, message: &Message) -> Value {
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "ApproximateFirstReceiveTimestamp": message.first_received_at.to_string(),
            "SentTimestamp": message.sent_at.to_string(),
        },
        "messageAttributes": {},
        "md5OfBody": format!("{:x}", md5::compute(&message.body)),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:local:000000000000:{}", queue.name),
        "awsRegion": "local",
    })
}

/// Waits; whether to go on, because nobody has said to stop.
async fn goes_on_after(pause: Duration, stopped: &watch::Receiver<()>) -> bool {
    let mut stopped = stopped.clone();
    let until_stopped = async { while stopped.changed().await.is_ok() {} };
    tokio::time::timeout(pause, until_stopped).await.is_err()
}

/// Runs what waits for a disk where it keeps no request waiting.
async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    match task::spawn_blocking(act).await {
        Ok(done) => done,
        Err(panicked) => panic::resume_unwind(panicked.into_panic()),
    }
}

fn time_of(milliseconds: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds).saturating_mul(1_000_000)).ok()
}

fn rfc3339(time: OffsetDateTime) -> Option<String> {
    time.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests;
