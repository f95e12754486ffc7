//! The functions that record what they get, over a real stream and real queues.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use store::{Store, Tables};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::*;
use crate::embedded::Embedded;
use crate::queue::{DELIVERIES_DEAD, Redrive};

/// 2026-01-01T00:00:00Z.
const NOW: u64 = 1_767_225_600_000;

/// The queues as [`queue::QUEUES`](crate::queue::QUEUES), with fewer tries.
fn settings() -> Vec<Queue> {
    let redrive = Some(Redrive { to: DELIVERIES_DEAD, receives_max: 2 });
    let mut queues = crate::queue::QUEUES.to_vec();
    queues[0] = Queue { redrive, ..queues[0] };
    queues
}

struct World {
    embedded: Embedded,
    queues: Queues,
    clock: Arc<AtomicU64>,
}

/// What a function was called with.
type Calls = Arc<Mutex<Vec<Value>>>;

/// What runs until this is dropped.
struct Running {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

impl World {
    async fn new() -> World {
        World::over(Embedded::memory(), |clock| Queues::memory(&settings(), clock)).await
    }

    async fn in_folder(folder: &TempDir) -> World {
        let embedded = Embedded::open(folder.path()).unwrap();
        World::over(embedded, |clock| Queues::open(folder.path(), &settings(), clock).unwrap()).await
    }

    async fn over(embedded: Embedded, queues: impl FnOnce(Box<dyn Fn() -> u64 + Send + Sync>) -> Queues) -> World {
        Store::new(embedded.connector(), Tables::default()).create_tables().await.unwrap();
        let clock = Arc::new(AtomicU64::new(NOW));
        let time = Arc::clone(&clock);
        World { embedded, queues: queues(Box::new(move || time.load(Ordering::Relaxed))), clock }
    }

    fn stream(&self) -> Stream {
        self.embedded.stream("Ledger").unwrap()
    }

    fn run(&self, publish: Function, deliver: Function, expire: Function) -> Running {
        let (stop, stopped) = watch::channel(());
        let background = Background::new(self.stream(), self.queues.clone(), publish, deliver, expire);
        Running { stop, task: tokio::spawn(background.run(stopped)) }
    }

    fn put(&self, sk: &str) {
        let item = json!({ "TableName": "Ledger", "Item": { "pk": { "S": "demo#A#a" }, "sk": { "S": sk } } });
        let (status, answer) = self.embedded.answer("DynamoDB_20120810.PutItem", item.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
    }

    fn put_entries(&self, numbers: std::ops::Range<usize>) {
        numbers.for_each(|number| self.put(&entry(number)));
    }

    /// The bodies of what can be received from a queue.
    fn received(&self, queue: &str) -> Vec<Value> {
        let messages = self.queues.receive(self.queues.queue(queue).unwrap(), 10).unwrap();
        messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }
}

fn entry(number: usize) -> String {
    format!("T#{number:012}")
}

/// The entries of a call of `publish`.
fn entries(event: &Value) -> Vec<usize> {
    let records = event["Records"].as_array().unwrap().iter();
    let keys = records.map(|record| record["dynamodb"]["NewImage"]["sk"]["S"].as_str().unwrap());
    keys.map(|key| key.strip_prefix("T#").unwrap().parse().unwrap()).collect()
}

/// A function that notes its calls and answers what `answer` makes of each.
fn noting(
    name: &'static str,
    calls: &Calls,
    answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
) -> Function {
    let calls = Arc::clone(calls);
    Function::new(name, move |event| {
        calls.lock().unwrap().push(event.clone());
        let answer = answer(&event);
        async move { answer }
    })
}

fn idle(name: &'static str) -> Function {
    noting(name, &Calls::default(), |_| Ok(Value::Null))
}

/// Waits, at most for an hour of the runtime's time, and fails if it does not come.
async fn until(what: &str, happens: impl Fn() -> bool) {
    for _ in 0..36_000 {
        if happens() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

async fn until_empty(stream: &Stream) {
    until("the stream is empty", || stream.oldest(1).unwrap().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn new_entries_are_published_in_order_and_once() {
    let world = World::new().await;
    let stream = world.stream();
    world.put_entries(0..150);
    world.put("K#key");
    world.put(&entry(7));
    world.put_entries(150..250);
    let calls = Calls::default();
    let running = world.run(noting("publish", &calls, |_| Ok(Value::Null)), idle("deliver"), idle("expire"));
    until_empty(&stream).await;
    world.put_entries(250..251);
    until_empty(&stream).await;
    running.stop().await;
    let batches: Vec<Vec<usize>> = calls.lock().unwrap().iter().map(entries).collect();
    assert!(batches.iter().all(|batch| batch.len() <= BATCH_RECORDS_MAX && !batch.is_empty()));
    assert_eq!(batches.len(), 4, "{batches:?}");
    assert_eq!(batches.concat(), (0..251).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_call_is_repeated_from_the_first_record_that_failed() {
    let world = World::new().await;
    let stream = world.stream();
    world.put_entries(0..10);
    let calls = Calls::default();
    let failed = AtomicUsize::new(0);
    let publish = noting("publish", &calls, move |event| {
        let failures: Vec<Value> = match failed.fetch_add(1, Ordering::Relaxed) {
            // In no order, as it is allowed.
            0 => [8, 4, 6]
                .map(|at| json!({ "itemIdentifier": event["Records"][at]["dynamodb"]["SequenceNumber"] }))
                .into(),
            _ => Vec::new(),
        };
        Ok(json!({ "batchItemFailures": failures }))
    });
    let running = world.run(publish, idle("deliver"), idle("expire"));
    until_empty(&stream).await;
    running.stop().await;
    let batches: Vec<Vec<usize>> = calls.lock().unwrap().iter().map(entries).collect();
    assert_eq!(batches, [(0..10).collect::<Vec<_>>(), (4..10).collect()]);
    assert!(world.received(UNPUBLISHED).is_empty());
}

/// One record that is never published, however it fails.
async fn one_is_laid_aside(fails: impl Fn(&Value, usize) -> Result<Value, String> + Send + Sync + 'static) {
    const POISON: usize = 37;
    let world = World::new().await;
    let stream = world.stream();
    world.put_entries(0..120);
    let calls = Calls::default();
    let published = Arc::new(Mutex::new(Vec::new()));
    let done = Arc::clone(&published);
    let publish = noting("publish", &calls, move |event| {
        let numbers = entries(event);
        if let Some(at) = numbers.iter().position(|number| *number == POISON) {
            return fails(event, at);
        }
        done.lock().unwrap().extend(numbers);
        Ok(Value::Null)
    });
    let running = world.run(publish, idle("deliver"), idle("expire"));
    until_empty(&stream).await;
    running.stop().await;

    let published = published.lock().unwrap();
    let after: Vec<_> = published.iter().copied().filter(|number| *number > POISON).collect();
    assert_eq!(after, (POISON + 1..120).collect::<Vec<_>>());
    let tries = calls.lock().unwrap().iter().filter(|event| entries(event).contains(&POISON)).count();
    assert!(tries >= TRIES_MAX.try_into().unwrap(), "{tries}");

    let aside = world.received(UNPUBLISHED);
    assert_eq!(aside.len(), 1);
    assert_eq!(entries(&aside[0]["payload"]), [POISON]);
    assert_eq!(aside[0]["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(aside[0]["requestContext"]["approximateInvokeCount"], TRIES_MAX);
    assert_eq!(aside[0]["timestamp"], "2026-01-01T00:00:00Z");
    let info = &aside[0]["DDBStreamBatchInfo"];
    assert_eq!(info["startSequenceNumber"], aside[0]["payload"]["Records"][0]["dynamodb"]["SequenceNumber"]);
    assert_eq!(info["batchSize"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_halved_until_one_record_is_left() {
    one_is_laid_aside(|_, _| Err("No.".to_owned())).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_stops_nobody_else() {
    one_is_laid_aside(|_, _| panic!("on purpose")).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_named_again_and_again_is_laid_aside() {
    one_is_laid_aside(|event, at| {
        Ok(json!({ "batchItemFailures": [{ "itemIdentifier": event["Records"][at]["dynamodb"]["SequenceNumber"] }] }))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_names_something_else_is_a_failure() {
    one_is_laid_aside(|_, _| Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }))).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_does_not_answer_is_given_up() {
    let world = World::new().await;
    let stream = world.stream();
    world.put_entries(0..1);
    let calls = Arc::new(AtomicUsize::new(0));
    let called = Arc::clone(&calls);
    let publish = Function::new("publish", move |_| {
        called.fetch_add(1, Ordering::Relaxed);
        std::future::pending()
    });
    let running = world.run(publish, idle("deliver"), idle("expire"));
    until_empty(&stream).await;
    running.stop().await;
    assert_eq!(calls.load(Ordering::Relaxed), 6);
    assert_eq!(world.received(UNPUBLISHED).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_kill_in_the_middle_of_a_batch_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let first = Calls::default();
    {
        let world = World::in_folder(&folder).await;
        let _on = world.stream();
        world.put_entries(0..230);
        let calls = Arc::clone(&first);
        let publish = Function::new("publish", move |event| {
            let mut calls = calls.lock().unwrap();
            calls.push(event);
            // The second one never ends.
            let ends = calls.len() < 2;
            async move { if ends { Ok(Value::Null) } else { std::future::pending().await } }
        });
        let running = world.run(publish, idle("deliver"), idle("expire"));
        until("the second call", || first.lock().unwrap().len() == 2).await;
        running.task.abort();
        let _ = running.task.await;
    }
    let world = World::in_folder(&folder).await;
    let stream = world.stream();
    let second = Calls::default();
    let running = world.run(noting("publish", &second, |_| Ok(Value::Null)), idle("deliver"), idle("expire"));
    until_empty(&stream).await;
    running.stop().await;
    let numbers = |calls: &Calls| calls.lock().unwrap().iter().flat_map(entries).collect::<Vec<_>>();
    assert_eq!(numbers(&first), (0..200).collect::<Vec<_>>());
    assert_eq!(numbers(&second), (100..230).collect::<Vec<_>>(), "from what was not acknowledged");
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_the_calls_that_are_under_way() {
    let world = World::new().await;
    let stream = world.stream();
    world.put_entries(0..1);
    world.queues.send(DELIVERIES, &[("1", 0)]).unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let waiting = |name| {
        let (gate, calls) = (Arc::clone(&gate), Arc::clone(&calls));
        Function::new(name, move |_| {
            calls.fetch_add(1, Ordering::Relaxed);
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.map(|_| Value::Null).map_err(|error| error.to_string()) }
        })
    };
    let Running { stop, mut task } = world.run(waiting("publish"), waiting("deliver"), idle("expire"));
    until("both calls", || calls.load(Ordering::Relaxed) == 2).await;
    drop(stop);
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut task).await.is_err());
    // One answers and then the other.
    gate.add_permits(1);
    task.await.unwrap();
    assert!(stream.oldest(1).unwrap().is_empty());
    world.clock.fetch_add(360_000, Ordering::Relaxed);
    assert!(world.received(DELIVERIES).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_is_deleted_and_the_rest_comes_again_until_it_is_dead() {
    let world = World::new().await;
    world.queues.send(DELIVERIES, &[(r#"{"n":1}"#, 0), (r#"{"n":2}"#, 0), (r#"{"n":3}"#, 0)]).unwrap();
    let calls = Calls::default();
    let deliver = noting("deliver", &calls, |event| {
        let failed = event["Records"].as_array().unwrap().iter().filter(|record| record["body"] == r#"{"n":2}"#);
        let failed: Vec<_> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
        Ok(json!({ "batchItemFailures": failed }))
    });
    let running = world.run(idle("publish"), deliver, idle("expire"));
    until("a call", || calls.lock().unwrap().len() == 1).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(calls.lock().unwrap().len(), 1, "it is not its time yet");
    world.clock.fetch_add(360_000, Ordering::Relaxed);
    until("a second call", || calls.lock().unwrap().len() == 2).await;
    world.clock.fetch_add(360_000, Ordering::Relaxed);
    until("a dead letter", || !world.received(DELIVERIES_DEAD).is_empty()).await;
    running.stop().await;

    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), 2);
    let counts = |event: &Value| -> Vec<Value> {
        let records = event["Records"].as_array().unwrap().iter();
        records.map(|record| record["attributes"]["ApproximateReceiveCount"].clone()).collect()
    };
    assert_eq!([counts(&calls[0]), counts(&calls[1])], [vec![json!("1"); 3], vec![json!("2")]]);
    let mut first = calls[0]["Records"][0].clone();
    let id = first["messageId"].take();
    assert_eq!(id, calls[0]["Records"][0]["messageId"]);
    assert!(first["receiptHandle"].take().is_string());
    let expected = json!({
        "messageId": null,
        "receiptHandle": null,
        "body": r#"{"n":1}"#,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": NOW.to_string(),
            "SentTimestamp": NOW.to_string(),
        },
        "messageAttributes": {},
        "md5OfBody": format!("{:x}", md5::compute(r#"{"n":1}"#)),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:local:000000000000:Deliveries",
        "awsRegion": "local",
    });
    assert_eq!(first, expected);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_fails_as_a_whole_deletes_nothing() {
    let world = World::new().await;
    world.queues.send(DELIVERIES, &[("1", 0), ("2", 0)]).unwrap();
    let calls = Calls::default();
    let deliver = noting("deliver", &calls, |_| Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "x" }] })));
    let running = world.run(idle("publish"), deliver, idle("expire"));
    until("a call", || calls.lock().unwrap().len() == 1).await;
    running.stop().await;
    world.clock.fetch_add(360_000, Ordering::Relaxed);
    assert_eq!(world.received(DELIVERIES), [json!(1), json!(2)]);
}

#[tokio::test(start_paused = true)]
async fn several_batches_are_delivered_at_once_and_not_too_many() {
    let world = World::new().await;
    for _ in 0..BATCHES_MAX + 4 {
        world.queues.send(DELIVERIES, &[("1", 0); BATCH_MESSAGES_MAX]).unwrap();
    }
    let gate = Arc::new(Semaphore::new(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let (closed, called) = (Arc::clone(&gate), Arc::clone(&calls));
    let deliver = Function::new("deliver", move |event| {
        assert_eq!(event["Records"].as_array().unwrap().len(), BATCH_MESSAGES_MAX);
        called.fetch_add(1, Ordering::Relaxed);
        let closed = Arc::clone(&closed);
        async move { closed.acquire().await.map(|_| Value::Null).map_err(|error| error.to_string()) }
    });
    let running = world.run(idle("publish"), deliver, idle("expire"));
    until("many calls", || calls.load(Ordering::Relaxed) == BATCHES_MAX).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(calls.load(Ordering::Relaxed), BATCHES_MAX);
    gate.add_permits(1_000);
    until("all calls", || calls.load(Ordering::Relaxed) == BATCHES_MAX + 4).await;
    running.stop().await;
    world.clock.fetch_add(360_000, Ordering::Relaxed);
    assert!(world.received(DELIVERIES).is_empty());
}

#[tokio::test(start_paused = true)]
async fn expire_is_called_at_once_and_every_minute() {
    let world = World::new().await;
    let calls = Calls::default();
    let fails = noting("expire", &calls, |_| Err("No.".to_owned()));
    let running = world.run(idle("publish"), idle("deliver"), fails);
    tokio::time::sleep(Duration::from_secs(150)).await;
    running.stop().await;
    assert_eq!(*calls.lock().unwrap(), [(); 3].map(|()| json!({ "time": "2026-01-01T00:00:00Z" })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_fails_while_the_stream_is_passed_on() {
    let folder = TempDir::new().unwrap();
    let world = World::in_folder(&folder).await;
    let stream = world.stream();
    let calls = Calls::default();
    let running = world.run(noting("publish", &calls, |_| Ok(Value::Null)), idle("deliver"), idle("expire"));
    let writers: Vec<_> = (0..4_usize)
        .map(|writer| {
            let embedded = world.embedded.clone();
            tokio::task::spawn_blocking(move || {
                for number in 0..100 {
                    let item = json!({ "pk": { "S": format!("demo#A#{writer}") }, "sk": { "S": entry(number) } });
                    let put = json!({ "TableName": "Ledger", "Item": item }).to_string();
                    let (status, answer) = embedded.answer("DynamoDB_20120810.PutItem", put.as_bytes());
                    assert_eq!(status, 200, "{answer}");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    until_empty(&stream).await;
    running.stop().await;
    let mut published: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in calls.lock().unwrap().iter() {
        for record in event["Records"].as_array().unwrap() {
            let [pk, sk] = ["pk", "sk"].map(|key| record["dynamodb"]["Keys"][key]["S"].as_str().unwrap().to_owned());
            published.entry(pk).or_default().push(sk);
        }
    }
    let every: Vec<_> = (0..100).map(entry).collect();
    assert_eq!(published.len(), 4);
    assert!(published.values().all(|entries| *entries == every));
}
