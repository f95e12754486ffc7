//! Kese in this process, over a DynamoDB that counts: what costs and growth are counted with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use domain::Timestamp;
use functions::{App, Host};
use lambda_http::Response;
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::{Store, Tables};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::Error;
use crate::contender::Stock;
use crate::dynamodb::{DynamoDb, Latency, Tally};

/// 2026-01-01T00:00:00Z, when all of it begins.
pub(crate) const BEGINNING: u64 = 1_767_225_600_000;

/// A warm function of everything, and its tables.
pub(crate) struct Kese {
    database: Arc<DynamoDb>,
    stock: Stock,
    app: App,
}

impl Kese {
    /// With transactions in the feed or not.
    pub(crate) async fn new(feed: bool) -> Result<Kese, Error> {
        let database = Arc::new(DynamoDb::new(Embedded::memory(), Latency::NONE));
        let stock = Stock::new(database.embedded()).await?;
        let clock = AtomicU64::new(BEGINNING);
        let host = Host {
            now: Box::new(move || Timestamp(clock.fetch_add(1, Ordering::Relaxed))),
            random: Box::new(|| Uuid::new_v4().as_u128()),
            log: Box::new(|_| {}),
        };
        let store = Store::new(database.connector(), Tables { feed, ..Tables::default() });
        let kese = Kese { database, stock, app: App::new(store, host) };
        // The first request of a function also reads who is calling.
        kese.ask("getWallet/demo", "", &json!({ "walletId": "nobody" })).await?;
        Ok(kese)
    }

    /// What an operation answers, and what it asked of DynamoDB.
    pub(crate) async fn ask(&self, path: &str, key: &str, body: &Value) -> Result<(Response<Value>, Tally), Error> {
        self.database.take_tally();
        let answer = self.stock.call(&self.app, path, key, body).await?;
        Ok((answer, self.database.take_tally()))
    }

    /// The same; an error unless it is done.
    pub(crate) async fn done(&self, path: &str, key: &str, body: &Value) -> Result<(Value, Tally), Error> {
        match self.ask(path, key, body).await? {
            (answer, tally) if answer.status() == 200 => Ok((answer.into_body(), tally)),
            (answer, _) => Err(format!("{path} was answered {answer:?}").into()),
        }
    }

    /// Opens an account with a balance.
    pub(crate) async fn open(&self, account: &str) -> Result<(), Error> {
        self.stock.open_account(&self.app, account).await
    }

    /// The newest entry of an account, as it is stored.
    pub(crate) fn newest(&self, account: &str) -> Result<Value, Error> {
        let answer = self.pass(
            "Query",
            &json!({
                "TableName": "Ledger",
                "KeyConditionExpression": "pk = :account AND begins_with(sk, :entries)",
                "ExpressionAttributeValues": {
                    ":account": { "S": format!("demo#A#{account}") },
                    ":entries": { "S": "T#" },
                },
                "ScanIndexForward": false,
                "Limit": 1,
            }),
        )?;
        Ok(answer["Items"][0].clone())
    }

    /// Asks the database itself, uncounted.
    pub(crate) fn pass(&self, operation: &str, request: &Value) -> Result<Value, Error> {
        let target = format!("DynamoDB_20120810.{operation}");
        match self.database.embedded().answer(&target, request.to_string().as_bytes()) {
            (200, answer) => Ok(serde_json::from_str(&answer)?),
            (_, error) => Err(format!("{operation} was answered {error}").into()),
        }
    }
}

/// Does something on a thread of its own where time passes only while everybody waits for it.
pub(crate) fn in_own_time<T: Send + 'static, Work: Future<Output = Result<T, Error>>>(
    work: impl FnOnce() -> Work + Send + 'static,
) -> Result<T, Error> {
    let thread = thread::spawn(move || {
        // What the SDK draws.
        fastrand::seed(1);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(work())
    });
    thread.join().map_err(|_| "it did not come to its end")?
}
