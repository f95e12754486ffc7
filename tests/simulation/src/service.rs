//! What DynamoDB has and the embedded database lacks: transactions that are under way, and meet; items of one transaction
//! that show one after the other; reads that are behind.
//!
//! The meaning is the real service's. A transaction first takes its items: whoever wants to write one of them meanwhile, or
//! to read it in a transaction, is turned away with nothing done. Then all of it is committed. A plain read may see one of
//! its items and not yet another until it is answered; a read that asked for no consistency may be behind by more.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use local::embedded::Embedded;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// The table whose items are watched; the other one is only read.
const LEDGER: &str = "Ledger";

type Key = (String, String);

/// How long the steps of one call take.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    /// From taking the items of a transaction to its commit.
    pub(crate) prepare: Duration,
    /// From the commit until each of its items shows, again and again.
    pub(crate) show: [Duration; 3],
    /// How far a read is behind that asked for no consistency.
    pub(crate) behind: Duration,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Service {
    embedded: Embedded,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The items that transactions have taken, with the transaction's token.
    taken: BTreeMap<Key, String>,
    /// Every version of every item, and from when on it shows.
    versions: BTreeMap<Key, Vec<(Instant, Value)>>,
    /// How often a transaction met another write.
    conflicts: u64,
}

impl Service {
    /// An empty database.
    pub(crate) fn new() -> Service {
        Service { embedded: Embedded::memory(), state: Mutex::default() }
    }

    /// What is in it, past all that is simulated.
    pub(crate) fn embedded(&self) -> &Embedded {
        &self.embedded
    }

    /// How often a transaction met another write.
    pub(crate) fn conflicts(&self) -> u64 {
        self.state.lock().unwrap().conflicts
    }

    /// Answers a call.
    pub(crate) async fn answer(&self, target: &str, body: &[u8], steps: &Steps) -> (u16, String) {
        let request: Value = serde_json::from_slice(body).expect("the SDK sends JSON");
        match target {
            "TransactWriteItems" => self.transact(&request, steps).await,
            "TransactGetItems" => match self.turned_away(&keys(&request)) {
                Some(answer) => answer,
                None => self.pass(target, &request),
            },
            "PutItem" | "UpdateItem" if !self.free(&keys(&request)).iter().all(|free| *free) => {
                self.state.lock().unwrap().conflicts += 1;
                error("TransactionConflictException", "Transaction is ongoing for the item")
            }
            "PutItem" | "UpdateItem" | "BatchWriteItem" => {
                let answer = self.pass(target, &request);
                self.remember(&keys(&request), &[Duration::ZERO]);
                answer
            }
            "Query" | "GetItem" | "BatchGetItem" => self.read(target, request, steps.behind),
            _ => self.pass(target, &request),
        }
    }

    /// Takes the first half of a batch, and says that the rest was not taken.
    pub(crate) async fn answer_half(&self, target: &str, body: &[u8], steps: &Steps) -> (u16, String) {
        let mut request: Value = serde_json::from_slice(body).expect("the SDK sends JSON");
        let (whole, rest) = match target {
            "BatchGetItem" => ("/RequestItems/Ledger/Keys", "UnprocessedKeys"),
            _ => ("/RequestItems/Ledger", "UnprocessedItems"),
        };
        let asked = request["RequestItems"].clone();
        let batch = request.pointer_mut(whole).and_then(Value::as_array_mut).expect("a batch of the ledger");
        let later = batch.split_off(batch.len().div_ceil(2));
        let (status, answer) = self.answer(target, request.to_string().as_bytes(), steps).await;
        let mut answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        if status == 200 && !later.is_empty() {
            answer[rest] = asked;
            *answer.pointer_mut(&whole.replace("RequestItems", rest)).expect("as it was asked") = later.into();
        }
        (status, answer.to_string())
    }

    fn pass(&self, target: &str, request: &Value) -> (u16, String) {
        self.embedded.answer(&format!("DynamoDB_20120810.{target}"), request.to_string().as_bytes())
    }

    async fn transact(&self, request: &Value, steps: &Steps) -> (u16, String) {
        let token = request["ClientRequestToken"].as_str().expect("every transaction has a token").to_owned();
        let keys = keys(request);
        if self.state.lock().unwrap().taken.values().any(|taken| *taken == token) {
            return error("TransactionInProgressException", "The transaction is in progress");
        }
        if let Some(answer) = self.turned_away(&keys) {
            return answer;
        }
        self.state.lock().unwrap().taken.extend(keys.iter().map(|key| (key.clone(), token.clone())));
        sleep(steps.prepare).await;
        let answer = self.pass("TransactWriteItems", request);
        if answer.0 == 200 {
            self.remember(&keys, &steps.show);
            sleep(steps.show.into_iter().max().unwrap_or_default()).await;
        }
        self.state.lock().unwrap().taken.retain(|_, taken| *taken != token);
        answer
    }

    /// The answer to a transaction that wants an item which another one has taken.
    fn turned_away(&self, keys: &[Key]) -> Option<(u16, String)> {
        let free = self.free(keys);
        if free.iter().all(|free| *free) {
            return None;
        }
        self.state.lock().unwrap().conflicts += 1;
        Some(canceled(free.into_iter().map(|free| if free { "None" } else { "TransactionConflict" })))
    }

    fn free(&self, keys: &[Key]) -> Vec<bool> {
        let state = self.state.lock().unwrap();
        keys.iter().map(|key| !state.taken.contains_key(key)).collect()
    }

    /// Notes what was written, and from when on it shows.
    fn remember(&self, keys: &[Key], show: &[Duration]) {
        for (key, show) in keys.iter().zip(show.iter().cycle()) {
            let get = json!({ "TableName": LEDGER, "Key": { "pk": { "S": key.0 }, "sk": { "S": key.1 } } });
            let (_, found) = self.pass("GetItem", &get);
            let item = serde_json::from_str::<Value>(&found).expect("an answer is JSON")["Item"].take();
            let mut state = self.state.lock().unwrap();
            let versions = state.versions.entry(key.clone()).or_default();
            // Not what failed, and not what was there before: a transaction that is sent twice happens once.
            if !item.is_null() && versions.last().is_none_or(|(_, last)| *last != item) {
                let after = versions.last().map_or_else(Instant::now, |(shows, _)| *shows);
                versions.push((after.max(Instant::now() + *show), item));
            }
        }
    }

    /// What a read sees. It asks for more than it was asked for, since some of that does not show yet.
    fn read(&self, target: &str, mut request: Value, behind: Duration) -> (u16, String) {
        let consistent = match target {
            "BatchGetItem" => &request["RequestItems"][LEDGER]["ConsistentRead"],
            _ => &request["ConsistentRead"],
        };
        let until = if *consistent == true { Instant::now() } else { Instant::now() - behind };
        let hidden = {
            let state = self.state.lock().unwrap();
            let shows = |versions: &&Vec<(Instant, Value)>| versions.iter().all(|(shows, _)| *shows <= until);
            state.versions.len() - state.versions.values().filter(shows).count()
        };
        if hidden == 0 {
            return self.pass(target, &request);
        }
        let limit = request["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
        if let Some(limit) = limit {
            request["Limit"] = (limit + hidden).into();
        }
        let (status, body) = self.pass(target, &request);
        let mut answer: Value = serde_json::from_str(&body).expect("an answer is JSON");
        if status != 200 {
            return (status, body);
        }
        if let Some(item) = answer.get_mut("Item") {
            match self.seen(item, until) {
                Some(seen) => *item = seen,
                None => drop(answer.as_object_mut().map(|answer| answer.remove("Item"))),
            }
        }
        if let Some(items) = answer.pointer_mut("/Responses/Ledger") {
            self.replace(items, until);
        }
        if let Some(items) = answer.get_mut("Items") {
            self.replace(items, until);
            let count = items.as_array().map_or(0, Vec::len);
            let limit = limit.unwrap_or(usize::MAX);
            if count > limit {
                let items = items.as_array_mut().expect("a list");
                items.truncate(limit);
                let last = items.last().and_then(Value::as_object).cloned().unwrap_or_default();
                let names =
                    if request["IndexName"].is_null() { ["pk", "sk"].as_slice() } else { &["pk", "sk", "feed", "at"] };
                let key = last.into_iter().filter(|(name, _)| names.contains(&name.as_str()));
                answer["LastEvaluatedKey"] = key.collect::<serde_json::Map<_, _>>().into();
            }
            answer["Count"] = count.min(limit).into();
        }
        (200, answer.to_string())
    }

    fn replace(&self, items: &mut Value, until: Instant) {
        let items = items.as_array_mut().expect("a list");
        *items = items.iter().filter_map(|item| self.seen(item, until)).collect();
    }

    /// An item as it shows at that time; a place in an index has no more than its keys.
    fn seen(&self, item: &Value, until: Instant) -> Option<Value> {
        let state = self.state.lock().unwrap();
        let Some(versions) = key(item).and_then(|key| state.versions.get(&key)) else { return Some(item.clone()) };
        let (_, seen) = versions.iter().rfind(|(shows, _)| *shows <= until)?;
        let keys_only = item.as_object().is_some_and(|item| item.len() <= 4);
        Some(if keys_only { item.clone() } else { seen.clone() })
    }
}

/// The answer to a transaction that was canceled, with the reason for each of its items.
pub(crate) fn canceled(reasons: impl Iterator<Item = &'static str>) -> (u16, String) {
    let reasons: Vec<_> = reasons.map(|code| json!({ "Code": code })).collect();
    let error = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    (400, json!({ "__type": error, "Message": message, "CancellationReasons": reasons }).to_string())
}

/// The answer to a call that is refused.
pub(crate) fn error(code: &str, message: &str) -> (u16, String) {
    (400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message }).to_string())
}

/// The items of the ledger that a request names.
pub(crate) fn keys(request: &Value) -> Vec<Key> {
    let transaction = request["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let transaction = transaction.flat_map(|item| item.values()).flat_map(|write| [&write["Item"], &write["Key"]]);
    let batch = request["RequestItems"][LEDGER].as_array().into_iter().flatten();
    let batch = batch.map(|write| &write["PutRequest"]["Item"]);
    [&request["Item"], &request["Key"]].into_iter().chain(transaction).chain(batch).filter_map(key).collect()
}

fn key(item: &Value) -> Option<Key> {
    Some((item["pk"]["S"].as_str()?.to_owned(), item["sk"]["S"].as_str()?.to_owned()))
}
