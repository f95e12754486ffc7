//! DynamoDB as the bench has it: the embedded one, with the time that calls take, transactions that meet, and a tally of
//! what it was asked for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use local::embedded::Embedded;
use serde_json::{Value, json};

/// How long calls take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// Reads.
    pub(crate) read: Pause,
    /// Writes, and batches of them.
    pub(crate) write: Pause,
    /// Transactions.
    pub(crate) transaction: Pause,
}

/// From the arrival of a call until it is done, and from then until it is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    before: Duration,
    after: Duration,
}

impl Pause {
    /// That long altogether, halved in whole milliseconds, as timers go.
    pub(crate) const fn of_millis(millis: u64) -> Pause {
        Pause { before: Duration::from_millis(millis / 2), after: Duration::from_millis(millis.div_ceil(2)) }
    }
}

impl Latency {
    /// No time at all.
    pub(crate) const NONE: Latency =
        Latency { read: Pause::of_millis(0), write: Pause::of_millis(0), transaction: Pause::of_millis(0) };

    /// As a function sees it in the region of its tables.
    pub(crate) const USUAL: Latency =
        Latency { read: Pause::of_millis(3), write: Pause::of_millis(4), transaction: Pause::of_millis(13) };

    fn of(&self, operation: &str) -> Pause {
        match operation {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" => self.read,
            "TransactGetItems" | "TransactWriteItems" => self.transaction,
            _ => self.write,
        }
    }
}

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// How many calls of each operation, those that a client sent again included.
    pub(crate) calls: BTreeMap<String, u64>,
    /// In read units.
    pub(crate) read_units: f64,
    /// In write units. Writes whose condition failed count as well, as they do in a bill.
    pub(crate) write_units: f64,
    /// The bytes of all requests, without their headers.
    pub(crate) request_bytes: u64,
    /// The bytes of all answers, without their headers.
    pub(crate) answer_bytes: u64,
}

impl Tally {
    /// How many calls there were.
    pub(crate) fn requests(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Adds another tally to this one.
    pub(crate) fn add(&mut self, other: &Tally) {
        for (operation, calls) in &other.calls {
            *self.calls.entry(operation.clone()).or_default() += calls;
        }
        self.read_units += other.read_units;
        self.write_units += other.write_units;
        self.request_bytes += other.request_bytes;
        self.answer_bytes += other.answer_bytes;
    }
}

/// A database.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    embedded: Embedded,
    latency: Latency,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tally: Tally,
    /// The items that transactions under way hold.
    taken: HashSet<Place>,
    /// The names of the key's attributes, by table.
    keys: HashMap<String, Vec<String>>,
}

/// Where an item is: its table, and its key as JSON.
type Place = (String, String);

/// One item that a request writes, or the key of it.
struct Write<'a> {
    table: &'a str,
    item: &'a Value,
}

impl DynamoDb {
    /// The embedded database with that latency.
    pub(crate) fn new(embedded: Embedded, latency: Latency) -> DynamoDb {
        DynamoDb { embedded, latency, state: Mutex::default() }
    }

    /// What is in it, without latency and uncounted.
    pub(crate) fn embedded(&self) -> &Embedded {
        &self.embedded
    }

    /// What was asked for since this was last called.
    pub(crate) fn take_tally(&self) -> Tally {
        std::mem::take(&mut self.state().tally)
    }

    /// Answers a call; `pause` lets time pass, real or not.
    pub(crate) async fn answer<Passed: Future<Output = ()>>(
        &self,
        target: &str,
        body: &[u8],
        pause: impl Fn(Duration) -> Passed,
    ) -> (u16, String) {
        let operation = target.rsplit('.').next().unwrap_or_default();
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let places = self.places(operation, &request);
        let latency = self.latency.of(operation);

        // A transaction holds its items from its arrival until it is answered.
        let held = (operation == "TransactWriteItems").then(|| self.hold(&places));
        pause(latency.before).await;
        let answer = match (operation, &held) {
            ("TransactWriteItems", Some(Err(conflicts))) => canceled(conflicts),
            ("PutItem" | "UpdateItem" | "DeleteItem", _) if self.is_held(&places) => conflict(),
            _ => self.act(operation, request),
        };
        pause(latency.after).await;

        let mut state = self.state();
        *state.tally.calls.entry(operation.to_owned()).or_default() += 1;
        state.tally.request_bytes += body.len() as u64;
        state.tally.answer_bytes += answer.1.len() as u64;
        drop(state);
        drop(held);
        answer
    }

    /// Does what is asked for, and counts its units; who did not ask for them is not told.
    fn act(&self, operation: &str, mut request: Value) -> (u16, String) {
        let asked = matches!(request["ReturnConsumedCapacity"].as_str(), Some("TOTAL" | "INDEXES"));
        if !asked && let Some(request) = request.as_object_mut() {
            request.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
        }
        let (status, mut answer) = self.pass(operation, &request);
        let capacity = &answer["ConsumedCapacity"];
        let tables = capacity.as_array().map_or(std::slice::from_ref(capacity), Vec::as_slice);
        let mut units: f64 = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let writes = writes(operation, &request);
        if failed_on_a_condition(&answer) {
            units = writes.iter().map(|write| self.units_in_vain(write)).sum();
        }
        let tally = &mut self.state().tally;
        if writes.is_empty() {
            tally.read_units += units;
        } else {
            tally.write_units += units;
        }
        if !asked && let Some(answer) = answer.as_object_mut() {
            answer.remove("ConsumedCapacity");
        }
        (status, answer.to_string())
    }

    /// What a write costs that was not done because of a condition: a unit for each kilobyte of what it wanted to write or
    /// what is there, whichever is more. In a transaction that is the first of its two halves; it had no other.
    fn units_in_vain(&self, write: &Write) -> f64 {
        let get = json!({ "TableName": write.table, "Key": self.key(write), "ConsistentRead": true });
        let (_, found) = self.pass("GetItem", &get);
        size(&found["Item"]).max(size(write.item)).div_ceil(1024).max(1) as f64
    }

    fn pass(&self, operation: &str, request: &Value) -> (u16, Value) {
        let (status, answer) =
            self.embedded.answer(&format!("DynamoDB_20120810.{operation}"), request.to_string().as_bytes());
        (status, serde_json::from_str(&answer).unwrap_or_default())
    }

    /// Takes the items of a transaction until the value is dropped, or says which of them another one has.
    fn hold<'a>(&'a self, places: &'a [Place]) -> Result<Held<'a>, Vec<bool>> {
        let taken = &mut self.state().taken;
        let conflicts: Vec<_> = places.iter().map(|place| taken.contains(place)).collect();
        if conflicts.contains(&true) {
            return Err(conflicts);
        }
        taken.extend(places.iter().cloned());
        Ok(Held { database: self, places })
    }

    fn is_held(&self, places: &[Place]) -> bool {
        let state = self.state();
        places.iter().any(|place| state.taken.contains(place))
    }

    fn places(&self, operation: &str, request: &Value) -> Vec<Place> {
        let writes = writes(operation, request);
        writes.iter().map(|write| (write.table.to_owned(), self.key(write).to_string())).collect()
    }

    fn key(&self, write: &Write) -> Value {
        let mut state = self.state();
        let names = state.keys.entry(write.table.to_owned()).or_insert_with(|| {
            let (_, table) = self.pass("DescribeTable", &json!({ "TableName": write.table }));
            let schema = table["Table"]["KeySchema"].as_array().into_iter().flatten();
            schema.filter_map(|key| key["AttributeName"].as_str().map(str::to_owned)).collect()
        });
        names.iter().map(|name| (name.clone(), write.item[name].clone())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The items of a transaction under way. They are let go even if its caller no longer waits.
struct Held<'a> {
    database: &'a DynamoDb,
    places: &'a [Place],
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let taken = &mut self.database.state().taken;
        for place in self.places {
            taken.remove(place);
        }
    }
}

/// What a request writes, or would; nothing if it is a read.
fn writes<'a>(operation: &str, request: &'a Value) -> Vec<Write<'a>> {
    let write = |table: &'a str, request: &'a Value| {
        let item = request.get("Item").or_else(|| request.get("Key"))?;
        Some(Write { table, item })
    };
    let named = |request: &'a Value| write(request["TableName"].as_str()?, request);
    // `{"Put": {…}}`
    let wrapped = |item: &'a Value| item.as_object()?.values().next();
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => named(request).into_iter().collect(),
        "TransactWriteItems" => {
            let items = request["TransactItems"].as_array().into_iter().flatten();
            items.filter_map(|item| named(wrapped(item)?)).collect()
        }
        "BatchWriteItem" => {
            let tables = request["RequestItems"].as_object().into_iter().flatten();
            let items =
                tables.flat_map(|(table, items)| items.as_array().into_iter().flatten().map(move |item| (table, item)));
            items.filter_map(|(table, item)| write(table, wrapped(item)?)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a condition was what a write failed on.
fn failed_on_a_condition(answer: &Value) -> bool {
    let kind = answer["__type"].as_str().unwrap_or_default();
    kind.ends_with("#ConditionalCheckFailedException") || kind.ends_with("#TransactionCanceledException")
}

/// The bytes of an item, as DynamoDB counts them.
fn size(item: &Value) -> usize {
    item.as_object().into_iter().flatten().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0 };
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    match (kind.as_str(), value) {
        ("S", value) => text(value),
        ("N", value) => text(value).div_ceil(2) + 1,
        ("B", value) => text(value) / 4 * 3,
        ("L", Value::Array(values)) => 3 + values.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        ("M", Value::Object(members)) => {
            3 + members.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
        }
        ("NS", Value::Array(values)) => values.iter().map(|value| text(value).div_ceil(2) + 1).sum(),
        (_, Value::Array(values)) => values.iter().map(text).sum(),
        _ => 1,
    }
}

fn conflict() -> (u16, String) {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    (400, json!({ "__type": kind, "message": "Transaction is ongoing for the item" }).to_string())
}

fn canceled(conflicts: &[bool]) -> (u16, String) {
    let code = |conflict: &bool| if *conflict { "TransactionConflict" } else { "None" };
    let reasons: Vec<_> = conflicts.iter().map(|conflict| json!({ "Code": code(conflict) })).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    (400, json!({ "__type": kind, "Message": message, "CancellationReasons": reasons }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"TableName": "Items", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}"#;

    fn database(latency: Latency) -> DynamoDb {
        let embedded = Embedded::memory();
        let (status, error) = embedded.answer("DynamoDB_20120810.CreateTable", TABLE.as_bytes());
        assert_eq!(status, 200, "{error}");
        DynamoDb::new(embedded, latency)
    }

    async fn ask(database: &DynamoDb, operation: &str, request: Value) -> (u16, Value) {
        let target = format!("DynamoDB_20120810.{operation}");
        let (status, answer) = database.answer(&target, request.to_string().as_bytes(), tokio::time::sleep).await;
        (status, serde_json::from_str(&answer).unwrap())
    }

    fn put(id: &str, bytes: usize) -> Value {
        json!({ "TableName": "Items", "Item": { "id": { "S": id }, "text": { "S": "x".repeat(bytes) } } })
    }

    fn transaction(ids: &[&str]) -> Value {
        json!({ "TransactItems": ids.iter().map(|id| json!({ "Put": put(id, 1) })).collect::<Vec<_>>() })
    }

    #[tokio::test]
    async fn it_counts_units_and_tells_them_to_who_asked() {
        let database = database(Latency::NONE);
        let (_, answer) = ask(&database, "PutItem", put("a", 1500)).await;
        assert_eq!(answer, json!({}));
        let mut asking = put("b", 1);
        asking["ReturnConsumedCapacity"] = "TOTAL".into();
        let (_, answer) = ask(&database, "PutItem", asking).await;
        assert_eq!(answer, json!({ "ConsumedCapacity": { "TableName": "Items", "CapacityUnits": 1.0 } }));
        ask(&database, "TransactWriteItems", transaction(&["c", "d"])).await;
        let (_, answer) =
            ask(&database, "GetItem", json!({ "TableName": "Items", "Key": { "id": { "S": "b" } } })).await;
        assert_eq!(answer["Item"]["text"]["S"], "x");

        let tally = database.take_tally();
        assert_eq!((tally.requests(), tally.write_units, tally.read_units), (4, 2.0 + 1.0 + 4.0, 0.5));
        assert_eq!(database.take_tally().requests(), 0);
    }

    #[tokio::test]
    async fn a_write_in_vain_costs_as_well() {
        let database = database(Latency::NONE);
        ask(&database, "PutItem", put("a", 3000)).await;
        database.take_tally();
        let mut condition = put("a", 1);
        condition["ConditionExpression"] = "attribute_not_exists(id)".into();
        let (status, _) = ask(&database, "PutItem", condition.clone()).await;
        assert_eq!((status, database.take_tally().write_units), (400, 3.0), "of what is there");
        let items = json!({ "TransactItems": [{ "Put": condition }, { "Put": put("b", 1) }] });
        let (status, _) = ask(&database, "TransactWriteItems", items).await;
        assert_eq!((status, database.take_tally().write_units), (400, 3.0 + 1.0));
        let (status, _) = ask(&database, "PutItem", json!({ "TableName": "Items", "Item": {} })).await;
        assert_eq!((status, database.take_tally().write_units), (400, 0.0), "nonsense costs nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_transaction_holds_its_items_until_it_is_answered() {
        let database = database(Latency::USUAL);
        let begun = tokio::time::Instant::now();
        let (first, second, same, other) = tokio::join!(
            ask(&database, "TransactWriteItems", transaction(&["a", "b"])),
            ask(&database, "TransactWriteItems", transaction(&["b", "c"])),
            ask(&database, "PutItem", put("a", 1)),
            ask(&database, "PutItem", put("c", 1)),
        );
        assert_eq!(begun.elapsed().as_millis(), 13);
        assert_eq!((first.0, other.0), (200, 200));
        let codes: Vec<_> = second.1["CancellationReasons"].as_array().unwrap().iter().map(|r| &r["Code"]).collect();
        assert_eq!(codes, ["TransactionConflict", "None"]);
        assert!(same.1["__type"].as_str().unwrap().ends_with("#TransactionConflictException"), "{same:?}");

        let (again, _) = ask(&database, "TransactWriteItems", transaction(&["b", "c"])).await;
        assert_eq!(again, 200);
        let given_up = ask(&database, "TransactWriteItems", transaction(&["a"]));
        assert!(tokio::time::timeout(Duration::from_millis(2), given_up).await.is_err());
        assert_eq!(ask(&database, "PutItem", put("a", 1)).await.0, 200, "nobody holds it any more");
    }
}
