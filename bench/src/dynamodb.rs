//! DynamoDB as the bench has it: the embedded one, with the time that calls take, transactions that meet, partitions that
//! take so much and no more, and a tally of what it was asked for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use local::embedded::Embedded;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long calls take.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    /// Reads.
    pub(crate) read: Pause,
    /// Writes, and batches of them.
    pub(crate) write: Pause,
    /// Transactions.
    pub(crate) transaction: Pause,
}

/// How long a call is on its way, at work, and on its way back: in whole milliseconds, as timers go.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    there: RangeInclusive<u64>,
    work: u64,
    back: RangeInclusive<u64>,
}

impl Pause {
    const fn new(there: RangeInclusive<u64>, work: u64, back: RangeInclusive<u64>) -> Pause {
        Pause { there, work, back }
    }
}

impl Latency {
    /// No time at all.
    pub(crate) const NONE: Latency = Latency {
        read: Pause::new(0..=0, 0, 0..=0),
        write: Pause::new(0..=0, 0, 0..=0),
        transaction: Pause::new(0..=0, 0, 0..=0),
    };

    /// As a function sees it in the region of its tables: 3 ms for a read, 4 ms for a write, 13 ms for a transaction.
    pub(crate) const USUAL: Latency = Latency {
        read: Pause::new(1..=1, 0, 2..=2),
        write: Pause::new(2..=2, 0, 2..=2),
        transaction: Pause::new(2..=2, 9, 2..=2),
    };

    /// The same in the mean, and no call like another.
    pub(crate) const VARYING: Latency = Latency {
        read: Pause::new(1..=2, 0, 1..=2),
        write: Pause::new(1..=3, 0, 1..=3),
        transaction: Pause::new(1..=3, 9, 1..=3),
    };

    fn of(&self, operation: &str) -> &Pause {
        match operation {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" => &self.read,
            "TransactGetItems" | "TransactWriteItems" => &self.transaction,
            _ => &self.write,
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
    /// How many calls were turned away because a partition was over its limit.
    pub(crate) throttled: u64,
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
        self.throttled += other.throttled;
        self.request_bytes += other.request_bytes;
        self.answer_bytes += other.answer_bytes;
    }
}

/// A database.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    embedded: Embedded,
    latency: Latency,
    /// What each partition takes a second, in write units of the table itself.
    limit: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tally: Tally,
    /// Draws how long calls are on their way.
    dice: fastrand::Rng,
    /// The items that transactions at work hold.
    taken: HashSet<Place>,
    /// What a partition, a table's name with a key, could still take at some time.
    left: HashMap<(String, String), (f64, Instant)>,
    /// The names of the key's attributes, by table.
    keys: HashMap<String, Vec<String>>,
}

/// Where an item is: its table, and its key's parts as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    table: String,
    partition: String,
    sort: Option<String>,
}

/// One item that a request writes, or the key of it.
struct Write<'a> {
    table: &'a str,
    item: &'a Value,
}

impl DynamoDb {
    /// The embedded database with that latency, and partitions that take whatever comes.
    pub(crate) fn new(embedded: Embedded, latency: Latency) -> DynamoDb {
        let state = State {
            tally: Tally::default(),
            dice: fastrand::Rng::with_seed(7),
            taken: HashSet::new(),
            left: HashMap::new(),
            keys: HashMap::new(),
        };
        DynamoDb { embedded, latency, limit: f64::MAX, state: Mutex::new(state) }
    }

    /// The same with partitions that take so many write units a second.
    pub(crate) fn limited_to(self, limit: f64) -> DynamoDb {
        DynamoDb { limit, ..self }
    }

    /// The network of an SDK client in this process; time passes on the runtime's clock.
    pub(crate) fn connector(self: &Arc<DynamoDb>) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(Connector(Arc::clone(self)));
        http_client_fn(move |_, _| connector.clone())
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
        let pass = async |millis| {
            if millis > 0 {
                pause(Duration::from_millis(millis)).await;
            }
        };

        let there = self.state().dice.u64(latency.there.clone());
        pass(there).await;
        let answer = match self.admit(operation, &places) {
            Err(turned_away) => turned_away,
            Ok(_held) => {
                pass(latency.work).await;
                self.act(operation, request, &places)
            }
        };
        let back = self.state().dice.u64(latency.back.clone());
        pass(back).await;

        let tally = &mut self.state().tally;
        *tally.calls.entry(operation.to_owned()).or_default() += 1;
        tally.request_bytes += body.len() as u64;
        tally.answer_bytes += answer.1.len() as u64;
        answer
    }

    /// Lets a call to its items, or turns it away. A transaction holds its items until the value is dropped.
    fn admit<'a>(&'a self, operation: &str, places: &'a [Place]) -> Result<Option<Held<'a>>, (u16, String)> {
        let is_transaction = operation == "TransactWriteItems";
        let state = &mut *self.state();
        let over: Vec<_> = places.iter().map(|place| state.left(place, self.limit) < 0.0).collect();
        if over.contains(&true) {
            state.tally.throttled += 1;
            return Err(if is_transaction { canceled(&over, "ThrottlingError") } else { throttled() });
        }
        let conflicts: Vec<_> = places.iter().map(|place| state.taken.contains(place)).collect();
        match operation {
            "TransactWriteItems" if conflicts.contains(&true) => {
                return Err(canceled(&conflicts, "TransactionConflict"));
            }
            "PutItem" | "UpdateItem" | "DeleteItem" if conflicts.contains(&true) => return Err(conflict()),
            _ => {}
        }
        if is_transaction {
            state.taken.extend(places.iter().cloned());
        }
        Ok(is_transaction.then(|| Held { database: self, places }))
    }

    /// Does what is asked for, and counts its units; who did not ask for them is not told.
    fn act(&self, operation: &str, mut request: Value, places: &[Place]) -> (u16, String) {
        let asked = request["ReturnConsumedCapacity"].as_str().unwrap_or("NONE").to_owned();
        if let Some(request) = request.as_object_mut() {
            request.insert("ReturnConsumedCapacity".to_owned(), "INDEXES".into());
        }
        let (status, mut answer) = self.pass(operation, &request);
        let capacity = &answer["ConsumedCapacity"];
        let tables = capacity.as_array().map_or(std::slice::from_ref(capacity), Vec::as_slice);
        let mut units: f64 = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        // An index has partitions of its own.
        let of_table = |table: &Value| table["Table"]["CapacityUnits"].as_f64().or(table["CapacityUnits"].as_f64());
        let mut of_tables: f64 = tables.iter().filter_map(of_table).sum();
        let writes = writes(operation, &request);
        if failed_on_a_condition(&answer) {
            units = writes.iter().map(|write| self.units_in_vain(write)).sum();
            of_tables = units;
        }
        let state = &mut *self.state();
        if writes.is_empty() {
            state.tally.read_units += units;
        } else {
            state.tally.write_units += units;
        }
        for place in places {
            let left = state.left(place, self.limit) - of_tables / places.len() as f64;
            state.left.insert(place.of_partition(), (left, Instant::now()));
        }
        tell(&mut answer, &asked);
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

    fn places(&self, operation: &str, request: &Value) -> Vec<Place> {
        let place = |write: Write| {
            let mut key = self.key_names(write.table).into_iter().map(|name| write.item[name].to_string());
            let partition = key.next().unwrap_or_default();
            Place { table: write.table.to_owned(), partition, sort: key.next() }
        };
        writes(operation, request).into_iter().map(place).collect()
    }

    fn key(&self, write: &Write) -> Value {
        let names = self.key_names(write.table).into_iter();
        names
            .map(|name| {
                let part = write.item[&name].clone();
                (name, part)
            })
            .collect()
    }

    /// The attribute of the partition, and then that of the order in it, if there is one.
    fn key_names(&self, table: &str) -> Vec<String> {
        let keys = &mut self.state().keys;
        keys.entry(table.to_owned())
            .or_insert_with(|| {
                let (_, told) = self.pass("DescribeTable", &json!({ "TableName": table }));
                let schema = told["Table"]["KeySchema"].as_array().into_iter().flatten();
                schema.filter_map(|key| key["AttributeName"].as_str().map(str::to_owned)).collect()
            })
            .clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What a partition can take now. What it did not take is saved up for a second.
    fn left(&self, place: &Place, limit: f64) -> f64 {
        self.left
            .get(&place.of_partition())
            .map_or(limit, |(left, then)| (left + limit * then.elapsed().as_secs_f64()).min(limit))
    }
}

impl Place {
    fn of_partition(&self) -> (String, String) {
        (self.table.clone(), self.partition.clone())
    }
}

#[derive(Debug)]
struct Connector(Arc<DynamoDb>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let database = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let (status, body) = database.answer(target, request.body().bytes().unwrap_or_default(), sleep).await;
            StatusCode::try_from(status)
                .map(|status| HttpResponse::new(status, SdkBody::from(body)))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The items of a transaction at work. They are let go even if its caller no longer waits.
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
pub(crate) fn size(item: &Value) -> usize {
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

/// Leaves of the units in an answer what was asked for.
fn tell(answer: &mut Value, asked: &str) {
    let Some(answer) = answer.as_object_mut() else { return };
    match (asked, answer.get_mut("ConsumedCapacity")) {
        ("TOTAL", Some(Value::Array(tables))) => tables.iter_mut().for_each(total),
        ("TOTAL", Some(table)) => total(table),
        ("INDEXES", _) => {}
        _ => drop(answer.remove("ConsumedCapacity")),
    }
}

fn total(table: &mut Value) {
    if let Some(table) = table.as_object_mut() {
        table.retain(|name, _| !matches!(name.as_str(), "Table" | "GlobalSecondaryIndexes" | "LocalSecondaryIndexes"));
    }
}

fn conflict() -> (u16, String) {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    (400, json!({ "__type": kind, "message": "Transaction is ongoing for the item" }).to_string())
}

fn throttled() -> (u16, String) {
    let kind = "com.amazonaws.dynamodb.v20120810#ThrottlingException";
    (400, json!({ "__type": kind, "message": "Throughput exceeds the limit of a partition" }).to_string())
}

/// A transaction that was not done, because of those of its items.
fn canceled(because_of: &[bool], reason: &str) -> (u16, String) {
    let code = |this: &bool| if *this { reason } else { "None" };
    let reasons: Vec<_> = because_of.iter().map(|this| json!({ "Code": code(this) })).collect();
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
    async fn a_transaction_holds_its_items_while_it_is_at_work() {
        let database = database(Latency::USUAL);
        let begun = Instant::now();
        let late = async |operation, request| {
            sleep(Duration::from_millis(3)).await;
            ask(&database, operation, request).await
        };
        let (first, second, same, other) = tokio::join!(
            ask(&database, "TransactWriteItems", transaction(&["a", "b"])),
            late("TransactWriteItems", transaction(&["b", "c"])),
            late("PutItem", put("a", 1)),
            late("PutItem", put("c", 1)),
        );
        assert_eq!(begun.elapsed().as_millis(), 13);
        assert_eq!((first.0, other.0), (200, 200));
        let codes: Vec<_> = second.1["CancellationReasons"].as_array().unwrap().iter().map(|r| &r["Code"]).collect();
        assert_eq!(codes, ["TransactionConflict", "None"]);
        assert!(same.1["__type"].as_str().unwrap().ends_with("#TransactionConflictException"), "{same:?}");

        let (again, _) = ask(&database, "TransactWriteItems", transaction(&["b", "c"])).await;
        assert_eq!(again, 200);
        let given_up = ask(&database, "TransactWriteItems", transaction(&["a"]));
        assert!(tokio::time::timeout(Duration::from_millis(5), given_up).await.is_err());
        assert_eq!(ask(&database, "PutItem", put("a", 1)).await.0, 200, "nobody holds it any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_partition_takes_so_much_a_second_and_no_more() {
        let database = database(Latency::NONE).limited_to(10.0);
        for _ in 0..3 {
            assert_eq!(ask(&database, "PutItem", put("a", 4_500)).await.0, 200, "five units");
        }
        let (_, answer) = ask(&database, "PutItem", put("a", 1)).await;
        assert!(answer["__type"].as_str().unwrap().ends_with("#ThrottlingException"), "{answer:?}");
        let (_, answer) = ask(&database, "TransactWriteItems", transaction(&["b", "a"])).await;
        let codes: Vec<_> = answer["CancellationReasons"].as_array().unwrap().iter().map(|r| &r["Code"]).collect();
        assert_eq!(codes, ["None", "ThrottlingError"]);
        assert_eq!(ask(&database, "PutItem", put("b", 1)).await.0, 200, "another partition");
        let tally = database.take_tally();
        assert_eq!((tally.throttled, tally.write_units), (2, 16.0));

        tokio::time::advance(Duration::from_millis(400)).await;
        assert_eq!(ask(&database, "PutItem", put("a", 1)).await.0, 400, "a unit is owed");
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!(ask(&database, "PutItem", put("a", 1)).await.0, 200);
        tokio::time::advance(Duration::from_mins(1)).await;
        for status in [200, 200, 200, 400] {
            assert_eq!(ask(&database, "PutItem", put("a", 4_500)).await.0, status, "a second is saved up, and no more");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_index_has_partitions_of_its_own() {
        let embedded = Embedded::memory();
        let mut table: Value = serde_json::from_str(TABLE).unwrap();
        let texts = json!({ "AttributeName": "text", "AttributeType": "S" });
        table["AttributeDefinitions"].as_array_mut().unwrap().push(texts);
        table["GlobalSecondaryIndexes"] = json!([{
            "IndexName": "Texts",
            "KeySchema": [{ "AttributeName": "text", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" },
        }]);
        assert_eq!(embedded.answer("DynamoDB_20120810.CreateTable", table.to_string().as_bytes()).0, 200);
        let database = DynamoDb::new(embedded, Latency::NONE).limited_to(2.0);
        let mut asking = put("a", 1);
        asking["ReturnConsumedCapacity"] = "TOTAL".into();
        let (_, answer) = ask(&database, "PutItem", asking).await;
        assert_eq!(answer, json!({ "ConsumedCapacity": { "TableName": "Items", "CapacityUnits": 2.0 } }));
        for status in [200, 200, 400] {
            assert_eq!(ask(&database, "PutItem", put("a", 1)).await.0, status, "three units of the table's own");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_takes_as_long_as_another_and_all_what_is_usual() {
        let database = database(Latency::VARYING);
        for (operation, request, least, most, mean) in [
            ("GetItem", json!({ "TableName": "Items", "Key": { "id": { "S": "a" } } }), 2, 4, 3),
            ("PutItem", put("a", 1), 2, 6, 4),
            ("TransactWriteItems", transaction(&["a"]), 11, 15, 13),
        ] {
            let mut times = Vec::new();
            for _ in 0..300 {
                let begun = Instant::now();
                ask(&database, operation, request.clone()).await;
                times.push(begun.elapsed().as_millis());
            }
            assert_eq!((times.iter().min(), times.iter().max()), (Some(&least), Some(&most)), "{operation}");
            assert!(times.iter().sum::<u128>().abs_diff(mean * 300) < 60, "{operation}");
        }
    }
}
