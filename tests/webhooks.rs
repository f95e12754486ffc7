//! What happens after the commit, from the ledger's stream to a receiver: the real tasks over the embedded DynamoDB and its
//! queues, on a clock that moves when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::event;
use api::webhook::{ATTEMPTS_MAX, Reach, Secret};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use domain::{AccountNumber, Project, ProjectId, Timestamp, WalletId};
use functions::sender::{Network, Sender};
use functions::{Host, Task, Worker, deliver, expire, publish};
use local::embedded::Embedded;
use local::queue::{DELIVERIES, DELIVERIES_DEAD, QUEUES, Queues};
use serde_json::{Value, json};
use store::due::{Due, What};
use store::webhooks::Endpoint;
use store::{Queue, Tables};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::harness::{Fault, Traffic, World, sign};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAA";

/// A world, and the tasks beside it.
struct Aftermath {
    world: World,
    worker: Worker,
    queues: Queues,
    receiver: Arc<Receiver>,
    url: String,
    /// How many records of the stream there were.
    records: AtomicU64,
}

/// Somebody who wants events, and may be down.
#[derive(Default)]
struct Receiver {
    /// What it answers; nothing is 200.
    status: AtomicU16,
    /// What it puts into `retry-after`, in seconds; nothing if that is 0.
    retry_after: AtomicU16,
    got: Mutex<Vec<(HeaderMap, String)>>,
}

impl Aftermath {
    async fn new() -> Aftermath {
        let receiver = Arc::new(Receiver::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&receiver));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://localhost:{}/events", listener.local_addr().unwrap().port());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let world = World::new().await;
        let clock = Arc::clone(&world.clock);
        let queues = Queues::memory(&QUEUES, move || clock.load(Ordering::Relaxed));
        let (clock, log) = (Arc::clone(&world.clock), Arc::clone(&world.log));
        let drawn = AtomicU64::new(1);
        let host = Host {
            now: Box::new(move || Timestamp(clock.load(Ordering::Relaxed))),
            random: Box::new(move || u128::from(drawn.fetch_add(1, Ordering::Relaxed)) | (1 << 99)),
            log: Box::new(move |line| log.lock().unwrap().push(line.to_owned())),
        };
        let queue = Queue::new(queues.connector(), format!("http://localhost/000000000000/{DELIVERIES}"));
        let sender = Sender::new(Reach::Local, Network::real());
        let worker = Worker { store: world.store.clone(), queue, sender, host };
        world.traffic();
        Aftermath { world, worker, queues, receiver, url, records: AtomicU64::new(0) }
    }

    /// Of a project that is told three days before something expires, and has an account.
    async fn of_noticing_project() -> Aftermath {
        let aftermath = Aftermath::new().await;
        let noticing = Project { expiry_notice: Some(domain::Duration::days(3)), ..aftermath.world.project.clone() };
        aftermath.worker.store.put_project(&noticing).await.unwrap();
        aftermath.world.open("w1", "EUR", "w1-eur").await;
        aftermath
    }

    fn project(&self) -> &ProjectId {
        &self.world.project.id
    }

    async fn add_endpoint(&self, id: &str, types: &[&str]) {
        let endpoint = Endpoint {
            id: id.to_owned(),
            url: self.url.clone(),
            secret: SECRET.to_owned(),
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            created: Timestamp(1),
            off: None,
        };
        self.worker.store.put_endpoint(self.project(), &endpoint).await.unwrap();
        self.world.traffic();
    }

    /// What the stream has of everything that was written since this was last asked: the new images, as Lambda passes them on.
    fn stream(&self) -> Vec<Value> {
        self.stream_of(&self.world.traffic())
    }

    fn stream_of(&self, calls: &[Traffic]) -> Vec<Value> {
        let mut images = Vec::new();
        for call in calls.iter().filter(|call| call.done) {
            let puts = match call.target.as_str() {
                "PutItem" => vec![call.request.clone()],
                "TransactWriteItems" => {
                    let writes = call.request["TransactItems"].as_array().unwrap().iter();
                    writes.filter_map(|write| write.get("Put").cloned()).collect()
                }
                _ => Vec::new(),
            };
            images.extend(puts.into_iter().filter(|put| put["TableName"] == "Ledger").map(|put| put["Item"].clone()));
        }
        images.retain(|image| image["sk"]["S"].as_str().unwrap().starts_with("T#"));
        images.iter().map(|image| self.record(image)).collect()
    }

    fn record(&self, image: &Value) -> Value {
        let number = self.records.fetch_add(1, Ordering::Relaxed);
        json!({
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": { "pk": image["pk"], "sk": image["sk"] },
                "NewImage": image,
                "SequenceNumber": format!("{number:021}"),
                "StreamViewType": "NEW_IMAGE",
            },
        })
    }

    async fn run(&self, task: &Task, event: Value) -> Result<Value, store::Error> {
        self.worker.run(task, event, Instant::now() + Duration::from_mins(1)).await
    }

    /// Publishes what was written.
    async fn publish(&self) {
        let answer = self.run(&publish::TASK, json!({ "Records": self.stream() })).await.unwrap();
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        self.world.traffic();
    }

    /// Delivers what is due now. Returns whether anything was.
    async fn deliver(&self) -> bool {
        let queue = QUEUES.iter().find(|queue| queue.name == DELIVERIES).unwrap();
        let messages = self.queues.receive(queue, 10).unwrap();
        let records = messages.iter().map(|message| {
            json!({
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": { "ApproximateReceiveCount": message.receives.to_string() },
                "eventSource": "aws:sqs",
            })
        });
        let event = json!({ "Records": records.collect::<Vec<_>>() });
        let answer = self.run(&deliver::TASK, event).await.unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap();
        let failed: BTreeSet<&str> = failed.iter().map(|failed| failed["itemIdentifier"].as_str().unwrap()).collect();
        let done = messages.iter().filter(|message| !failed.contains(message.id.as_str()));
        self.queues.delete(DELIVERIES, &done.map(|message| message.receipt.as_str()).collect::<Vec<_>>()).unwrap();
        !messages.is_empty()
    }

    /// Lets that many seconds pass, a few at a time, and delivers what is due.
    async fn pass(&self, seconds: u64) {
        let step = if seconds > 600 { 60 } else { 5 };
        for _ in 0..seconds.div_ceil(step) {
            while self.deliver().await {}
            self.world.wait_millis(step * 1_000);
        }
        while self.deliver().await {}
    }

    fn got(&self) -> Vec<(HeaderMap, String)> {
        std::mem::take(&mut *self.receiver.got.lock().unwrap())
    }

    fn waiting(&self, queue: &str) -> usize {
        let request = json!({
            "QueueUrl": format!("http://localhost/000000000000/{queue}"),
            "AttributeNames": ["All"],
        });
        let (status, answer) = self.queues.answer("AmazonSQS.GetQueueAttributes", request.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        counts.iter().map(|name| answer["Attributes"][name].as_str().unwrap().parse::<usize>().unwrap()).sum()
    }

    async fn spend(&self, amount: u64) {
        let body = format!(r#"{{"amount":{amount},"channel":"POS"}}"#);
        let answered = self.world.post("spend/demo-w1-eur", None, &body).await;
        assert_eq!(answered.status, 200, "{}", answered.body);
    }

    async fn load(&self, amount: u64, expires_at: Option<Timestamp>) {
        let expires_at = expires_at.map_or(String::new(), |at| format!(r#","expiresAt":"{}""#, api::time::text(at)));
        let body = format!(r#"{{"amount":{amount},"channel":"POS"{expires_at}}}"#);
        let answered = self.world.post("load/demo-w1-eur", None, &body).await;
        assert_eq!(answered.status, 200, "{}", answered.body);
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.world.clock.load(Ordering::Relaxed))
    }
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    receiver.got.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    let status = StatusCode::from_u16(receiver.status.load(Ordering::Relaxed)).unwrap_or(StatusCode::OK);
    let mut answered = HeaderMap::new();
    match receiver.retry_after.load(Ordering::Relaxed) {
        0 => {}
        seconds => drop(answered.insert("retry-after", seconds.into())),
    }
    (status, answered)
}

fn id(headers: &HeaderMap) -> String {
    headers["webhook-id"].to_str().unwrap().to_owned()
}

fn sequence(body: &str) -> u64 {
    serde_json::from_str::<Value>(body).unwrap()["data"]["transaction"]["sequence"].as_u64().unwrap()
}

#[tokio::test]
async fn a_receiver_that_is_down_for_a_day_misses_nothing() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("all", &[]).await;
    aftermath.receiver.status.store(503, Ordering::Relaxed);
    aftermath.load(10_000, None).await;
    let mut spent = 0;
    // Nobody is there for a whole day of sales.
    for _ in 0..48 {
        aftermath.spend(1).await;
        spent += 1;
        aftermath.publish().await;
        aftermath.pass(30 * 60).await;
    }
    let tried = aftermath.got();
    assert!(tried.len() > spent * 4, "{} tries", tried.len());
    assert_eq!(aftermath.waiting(DELIVERIES_DEAD), 0, "nothing was given up");
    aftermath.receiver.status.store(200, Ordering::Relaxed);
    aftermath.pass(9 * 3_600).await;

    let taken = aftermath.got();
    let ids: BTreeSet<String> = taken.iter().map(|(headers, _)| id(headers)).collect();
    let sequences: BTreeSet<u64> = taken.iter().map(|(_, body)| sequence(body)).collect();
    assert_eq!(sequences, (2..=2 + spent as u64).collect(), "every event, and in order by its number");
    assert_eq!(ids.len(), sequences.len(), "one id for one event");
    let bodies: BTreeMap<String, &String> = tried.iter().map(|(headers, body)| (id(headers), body)).collect();
    for (headers, body) in &taken {
        assert!(bodies.get(&id(headers)).is_none_or(|before| *before == body), "the same bytes at every try");
    }
    assert_eq!((aftermath.waiting(DELIVERIES), aftermath.waiting(DELIVERIES_DEAD)), (0, 0));
}

#[tokio::test]
async fn what_nobody_takes_for_longer_than_a_day_is_laid_aside() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("all", &["transaction.loaded"]).await;
    aftermath.receiver.status.store(302, Ordering::Relaxed);
    aftermath.load(5, None).await;
    aftermath.publish().await;
    let start = aftermath.now();
    aftermath.pass(25 * 3_600).await;
    assert_eq!(aftermath.got().len(), ATTEMPTS_MAX as usize, "a redirect is a failure");
    assert_eq!((aftermath.waiting(DELIVERIES), aftermath.waiting(DELIVERIES_DEAD)), (0, 1));

    let tries = aftermath.worker.store.tries(aftermath.project(), start, aftermath.now(), 100).await.unwrap();
    let numbers: Vec<u32> = tries.iter().rev().map(|done| done.number).collect();
    assert_eq!(numbers, (1..=ATTEMPTS_MAX).collect::<Vec<_>>());
    assert!(tries.iter().all(|done| done.result == "302" && done.kind == "transaction.loaded"));
    let waited = |done: &store::webhooks::Try| done.at.0 - start.0;
    let hours = tries.iter().rev().map(|done| waited(done).div_euclid(3_600_000)).collect::<Vec<_>>();
    assert_eq!(hours, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 24]);
    assert!(tries.first().unwrap().next.is_none() && tries.last().unwrap().next.is_some());
}

#[tokio::test]
async fn a_receiver_decides_when_it_is_asked_again_and_that_it_is_gone() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("all", &[]).await;
    aftermath.load(5, None).await;
    aftermath.receiver.status.store(429, Ordering::Relaxed);
    aftermath.receiver.retry_after.store(7_200, Ordering::Relaxed);
    aftermath.publish().await;
    aftermath.pass(7_100).await;
    // Opening the account came before the endpoint; the load is tried once.
    assert_eq!(aftermath.got().len(), 1, "not before it wants");
    aftermath.receiver.status.store(410, Ordering::Relaxed);
    aftermath.pass(200).await;
    assert_eq!(aftermath.got().len(), 1);
    assert_eq!(aftermath.waiting(DELIVERIES), 0);

    let endpoint = aftermath.worker.store.endpoint(aftermath.project(), "all").await.unwrap().unwrap();
    assert!(endpoint.off.is_some(), "410 turns it off");
    aftermath.spend(1).await;
    aftermath.publish().await;
    aftermath.pass(60).await;
    assert_eq!((aftermath.got().len(), aftermath.waiting(DELIVERIES)), (0, 0));
}

#[tokio::test]
async fn an_endpoint_gets_the_types_that_it_asked_for_and_each_is_signed() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("spends", &["transaction.spent"]).await;
    aftermath.load(5, None).await;
    aftermath.spend(2).await;
    aftermath.publish().await;
    aftermath.pass(5).await;
    let got = aftermath.got();
    let [(headers, body)] = got.as_slice() else { panic!("{got:?}") };
    let seconds: u64 = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
    let signature = Secret::parse(SECRET).unwrap().sign(&id(headers), seconds, body.as_bytes());
    assert_eq!(headers["webhook-signature"], signature.as_str());
    assert_eq!(headers["content-type"], "application/json");
    assert!(!headers.contains_key("x-signature"), "the vendor's is for wallets");
    let said: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&said["type"], &said["data"]["balance"]), (&"transaction.spent".into(), &3.into()));
    assert_eq!(said["data"]["transaction"]["transactionId"], "w1-eur-3");
}

/// paycombat's `webhook_url`, of a wallet that was created with one.
#[tokio::test]
async fn a_wallets_own_address_gets_both_signatures() {
    let aftermath = Aftermath::new().await;
    let body = r#"{"customer_id":"ada","currency":"EUR","currency_list":["EUR"],"webhook_url":"https://hooks.example.com/kese"}"#;
    let answered = aftermath.world.call(Method::POST, "/wallet/create", None, body).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let wallet = WalletId::parse(answered.body["data"]["wallet_id"].as_str().unwrap()).unwrap();
    let records = aftermath.stream();
    aftermath.run(&publish::TASK, json!({ "Records": records })).await.unwrap();
    assert_eq!(aftermath.waiting(DELIVERIES), records.len(), "one for each account that was opened");

    // Behind that name there is nobody here: the wallet moves to where somebody is.
    let key = json!({ "pk": { "S": format!("demo#W#{wallet}") }, "sk": { "S": "W" } });
    let mut item =
        aftermath.world.wire.answer("GetItem", &json!({ "TableName": "Ledger", "Key": key }))["Item"].clone();
    item["said"]["M"]["webhook_url"]["S"] = aftermath.url.as_str().into();
    aftermath.world.wire.answer("PutItem", &json!({ "TableName": "Ledger", "Item": item }));
    aftermath.pass(5).await;
    let got = aftermath.got();
    assert_eq!(got.len(), records.len());
    for (headers, body) in &got {
        let key = &aftermath.world.token.1;
        assert_eq!(headers["x-signature"], sign(key, body.as_bytes()).as_str());
        let digits: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap()).collect();
        let secret = Secret::of_signature_key(&digits.try_into().unwrap());
        let seconds = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        assert_eq!(headers["webhook-signature"], secret.sign(&id(headers), seconds, body.as_bytes()).as_str());
    }

    // A wallet whose address is gone is left alone, until it has another one.
    aftermath.receiver.status.store(410, Ordering::Relaxed);
    aftermath.run(&publish::TASK, json!({ "Records": records })).await.unwrap();
    aftermath.pass(5).await;
    assert_eq!((aftermath.got().len(), aftermath.waiting(DELIVERIES)), (records.len(), 0));
    aftermath.run(&publish::TASK, json!({ "Records": records })).await.unwrap();
    aftermath.pass(5).await;
    assert_eq!((aftermath.got().len(), aftermath.waiting(DELIVERIES)), (0, 0));
    let is_off = aftermath.worker.store.is_turned_off(aftermath.project(), &wallet, "https://example.com/new").await;
    assert!(!is_off.unwrap());
}

#[tokio::test]
async fn a_poison_record_is_told_by_its_number_and_what_was_before_it_is_done() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("all", &[]).await;
    for amount in 1..=3 {
        aftermath.load(amount, None).await;
    }
    let mut records = aftermath.stream();
    records[1]["dynamodb"]["NewImage"]["lots"] = json!({ "S": "poison" });
    let poison = records[1]["dynamodb"]["SequenceNumber"].clone();
    let answer = aftermath.run(&publish::TASK, json!({ "Records": records })).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": poison }] }));
    assert_eq!(aftermath.waiting(DELIVERIES), 1, "what was before it");
    // Lambda gives the record up in the end, and goes on after it.
    let answer = aftermath.run(&publish::TASK, json!({ "Records": [records[2]] })).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    aftermath.pass(5).await;
    let sequences: Vec<u64> = aftermath.got().iter().map(|(_, body)| sequence(body)).collect();
    assert_eq!(BTreeSet::from_iter(sequences), BTreeSet::from([2, 4]));

    // A message that cannot be read comes until it is laid aside, and holds up nobody.
    aftermath.queues.send(DELIVERIES, &[("poison", 0)]).unwrap();
    aftermath.load(9, None).await;
    aftermath.publish().await;
    aftermath.pass(3_600).await;
    assert_eq!(aftermath.got().len(), 1);
    assert_eq!(aftermath.waiting(DELIVERIES) + aftermath.waiting(DELIVERIES_DEAD), 1);
}

#[tokio::test]
async fn publishing_twice_makes_the_same_events() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("all", &[]).await;
    aftermath.load(100, None).await;
    let records = json!({ "Records": aftermath.stream() });
    for _ in 0..2 {
        aftermath.run(&publish::TASK, records.clone()).await.unwrap();
        aftermath.world.wait_millis(60_000);
    }
    aftermath.pass(5).await;
    let got = aftermath.got();
    assert_eq!(got.len(), 2);
    assert_eq!((id(&got[0].0), &got[0].1), (id(&got[1].0), &got[1].1));
}

#[tokio::test]
async fn what_cannot_be_queued_comes_again_as_a_whole() {
    let aftermath = Aftermath::new().await;
    aftermath.world.open("w1", "EUR", "w1-eur").await;
    aftermath.add_endpoint("all", &[]).await;
    let in_an_hour = aftermath.now().plus(domain::Duration::hours(1));
    aftermath.load(100, Some(in_an_hour)).await;
    let records = json!({ "Records": aftermath.stream() });
    aftermath.world.fault("Query", Fault::Refuse);
    assert!(aftermath.run(&publish::TASK, records.clone()).await.is_err(), "the endpoints cannot be read");
    aftermath.world.fault("PutItem", Fault::Refuse);
    assert!(aftermath.run(&publish::TASK, records.clone()).await.is_err(), "the due date cannot be written");
    assert_eq!(aftermath.waiting(DELIVERIES), 0);
    aftermath.run(&publish::TASK, records).await.unwrap();
    assert_eq!(aftermath.waiting(DELIVERIES), 1);
}

/// The operations ask the same of DynamoDB and answer the same, whatever the tasks do or do not.
#[tokio::test]
async fn no_operation_notices_when_everything_after_it_fails() {
    let mut seen = Vec::new();
    for breaks in [false, true] {
        let aftermath = Aftermath::new().await;
        aftermath.add_endpoint("all", &[]).await;
        aftermath.world.open("w1", "EUR", "w1-eur").await;
        let later = aftermath.now().plus(domain::Duration::hours(2));
        let (mut told, mut records) = (Vec::new(), Vec::new());
        for (path, body) in [
            (
                "load/demo-w1-eur",
                format!(r#"{{"amount":50,"channel":"POS","expiresAt":"{}"}}"#, api::time::text(later)),
            ),
            ("spend/demo-w1-eur", r#"{"amount":20,"channel":"POS"}"#.to_owned()),
            ("refund/demo-w1-eur", r#"{"transactionId":"w1-eur-3","amount":5}"#.to_owned()),
            ("updateWallet/demo", r#"{"walletId":"w1","status":"frozen"}"#.to_owned()),
            ("getAccount/demo-w1-eur", "{}".to_owned()),
        ] {
            if breaks {
                for target in ["Query", "GetItem", "PutItem"] {
                    aftermath.world.fault(target, Fault::Refuse);
                }
                let failed = aftermath.run(&publish::TASK, json!({ "Records": records })).await.is_err();
                assert!(failed != records.is_empty(), "{records:?}");
                assert!(aftermath.run(&expire::TASK, Value::Null).await.is_err());
                aftermath.world.heal();
            }
            aftermath.world.traffic();
            let answered = aftermath.world.post(path, None, &body).await;
            assert_eq!(answered.status, 200, "{path}: {}", answered.body);
            let calls = aftermath.world.traffic();
            records = aftermath.stream_of(&calls);
            // Of reads that are made at once, any may come first.
            let mut calls: Vec<_> = calls.into_iter().map(|call| format!("{} {}", call.target, call.units)).collect();
            calls.sort();
            told.push((answered.body, format!("{calls:?}")));
        }
        seen.push(told);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn what_has_expired_is_booked_and_told_before() {
    let aftermath = Aftermath::of_noticing_project().await;
    aftermath.add_endpoint("all", &[event::EXPIRING, "transaction.expired"]).await;
    let expiry = aftermath.now().plus(domain::Duration::days(10));
    aftermath.load(100, Some(expiry)).await;
    aftermath.load(7, None).await;
    aftermath.publish().await;

    let hours = |hours: u64| hours * 3_600_000;
    aftermath.world.wait_millis(hours(24 * 7 - 1));
    aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    aftermath.pass(5).await;
    assert_eq!(aftermath.got().len(), 0, "it is too early");
    aftermath.world.wait_millis(hours(1));
    for _ in 0..2 {
        aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    }
    aftermath.pass(5).await;
    let got = aftermath.got();
    let [(_, body)] = got.as_slice() else { panic!("told once: {got:?}") };
    let said: Value = serde_json::from_str(body).unwrap();
    assert_eq!(said["type"], event::EXPIRING);
    assert_eq!((&said["data"]["amount"], &said["data"]["accountNumber"]), (&100.into(), &"w1-eur".into()));
    assert_eq!(said["data"]["expiresAt"], api::time::text(expiry).as_str());

    // One millisecond after it nothing of it is there, though nobody has booked it yet.
    aftermath.world.clock.store(expiry.0, Ordering::Relaxed);
    let refused = aftermath.world.post("spend/demo-w1-eur", None, r#"{"amount":8,"channel":"POS"}"#).await;
    assert_eq!(refused.body["code"], "INSUFFICIENT_BALANCE");
    let before = aftermath.world.post("getAccount/demo-w1-eur", None, "{}").await.body;
    assert_eq!((&before["balance"], &before["expirations"]), (&7.into(), &json!([])));
    let hour = domain::Duration::hours(1);
    let span = [expiry.minus(hour), expiry.plus(hour)].map(api::time::text);
    let span = json!({ "expiresAt": { "startDate": span[0], "endDate": span[1] } }).to_string();
    let listed = aftermath.world.post("listTransactions/demo-w1-eur", None, &span).await.body;
    assert_eq!(listed["transactions"].as_array().unwrap().len(), 1, "what was loaded: {listed}");
    aftermath.world.traffic();
    aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    aftermath.publish().await;
    aftermath.pass(5).await;
    let got = aftermath.got();
    let [(_, body)] = got.as_slice() else { panic!("booked once: {got:?}") };
    let said: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&said["type"], &said["data"]["transaction"]["amount"]), (&"transaction.expired".into(), &100.into()));
    let after = aftermath.world.post("getAccount/demo-w1-eur", None, "{}").await.body;
    assert_eq!(after, before, "booking it changes nothing that is answered");
    assert_eq!(aftermath.world.post("listTransactions/demo-w1-eur", None, &span).await.body, listed);
    let refused = aftermath.world.post("spend/demo-w1-eur", None, r#"{"amount":8,"channel":"POS"}"#).await;
    assert_eq!(refused.body["code"], "INSUFFICIENT_BALANCE");
    assert_eq!(aftermath.world.chain("w1-eur").await.len(), 4);

    // What cannot be seen to now is due again some minutes later.
    aftermath.load(5, Some(aftermath.now().plus(hour))).await;
    aftermath.publish().await;
    aftermath.world.clock.fetch_add(hour.0, Ordering::Relaxed);
    aftermath.world.logged();
    aftermath.world.fault("PutItem", Fault::Refuse);
    aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    assert!(aftermath.world.logged()[0].contains(r#""later":1"#));
    assert_eq!(aftermath.world.chain("w1-eur").await.len(), 5);
    aftermath.world.wait_millis(5 * 60_000);
    aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    assert_eq!(aftermath.world.chain("w1-eur").await.len(), 6);

    // Again there is nothing to do.
    aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    assert_eq!(aftermath.world.chain("w1-eur").await.len(), 6);
}

#[tokio::test]
async fn what_was_spent_before_is_not_told_of() {
    let aftermath = Aftermath::of_noticing_project().await;
    aftermath.add_endpoint("all", &[event::EXPIRING]).await;
    aftermath.load(100, Some(aftermath.now().plus(domain::Duration::days(10)))).await;
    aftermath.spend(100).await;
    aftermath.publish().await;
    aftermath.world.wait_millis(8 * 86_400_000);
    aftermath.run(&expire::TASK, Value::Null).await.unwrap();
    aftermath.pass(5).await;
    assert_eq!(aftermath.got(), []);
}

/// Of 100,000 accounts 100 are due: what is read goes with the hundred.
#[tokio::test]
async fn expire_reads_what_is_due_and_not_what_there_is() {
    let embedded = Embedded::memory();
    let world = World::over(embedded, Project::new(ProjectId::parse("demo").unwrap()), Tables::default()).await;
    let now = world.clock.load(Ordering::Relaxed);
    let due = |number: u64, at: u64| Due {
        at: Timestamp(at),
        project: world.project.id.clone(),
        account: AccountNumber::parse(&format!("card-{number}")).unwrap(),
        what: What::Expiry,
    };
    let later: Vec<Due> = (0..100_000).map(|number| due(number, now + 86_400_000 * 30 + number)).collect();
    world.store.put_due(&later).await.unwrap();
    let mut costs = Vec::new();
    for count in [10, 100] {
        world
            .store
            .put_due(&(0..count).map(|number| due(number, now - 1_000 - number)).collect::<Vec<_>>())
            .await
            .unwrap();
        let position = store::due::Position::at(Timestamp(now - 86_400_000));
        world.traffic();
        let found = world.store.due(&position, Timestamp(now), 1_000).await.unwrap();
        assert_eq!(found.len(), usize::try_from(count).unwrap());
        let calls = world.traffic();
        costs.push((calls.len(), calls.iter().map(|call| call.units).sum::<f64>()));
    }
    let [(few_calls, few_units), (many_calls, many_units)] = costs[..] else { panic!("{costs:?}") };
    assert!(few_calls <= 2 && many_calls <= 2, "{costs:?}");
    assert!(many_units <= 10.0 * few_units && many_units < 5.0, "{costs:?}");
}
