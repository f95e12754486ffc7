//! The hot account: clients that spend from one account, or from a thousand, at once. Time is tokio's and moves only when nobody
//! has anything to do, and whatever is drawn has a seed: a run comes to the same figures on every machine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use functions::{App, Host};
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::{Store, Tables};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::contender::{AMOUNT, BALANCE, Stock, WALLETS};
use crate::dynamodb::{DynamoDb, Latency, Tally};
use crate::kese::{BEGINNING, in_own_time};
use crate::report::{Table, heads, millis, percentile};

/// How many clients there are at so many accounts.
const CROWDS: [(usize, &[usize]); 2] = [(1, &[1, 8, 32, 64]), (1_000, &[1, 8, 32])];

/// For how long they spend.
const TIME: Duration = Duration::from_secs(20);

/// What a partition of DynamoDB takes a second, in write units.
const PARTITION: f64 = 1_000.0;

/// For how long a transaction is tried again.
const PATIENCE: Duration = Duration::from_secs(6);

/// The first pause before that, at most; each further one is at most twice as long.
const BACK_OFF: Duration = Duration::from_millis(25);

/// Who spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Kese.
    Kese,
    /// Balance and record in one transaction, and back-off.
    Transaction,
}

/// What came of a crowd of clients.
struct Outcome {
    /// How long each answer took that was a success within the time, from the request that it answers.
    answers: Vec<Duration>,
    /// The same from the first request with its key.
    waits: Vec<Duration>,
    /// How often a client was told to come again because of the others, and because of DynamoDB: 429, 503.
    busy: usize,
    unavailable: usize,
    tally: Tally,
}

/// What a client saw.
#[derive(Default)]
struct Seen {
    /// When each of its spends was first sent, sent for the last time, and answered; and its key.
    spent: Vec<(Instant, Instant, Instant, String)>,
    busy: usize,
    unavailable: usize,
}

/// An answer to a spend.
enum Answer {
    Spent,
    Busy(Duration),
    Unavailable(Duration),
}

/// A function, as one client meets it.
enum Function {
    /// An instance of Kese's, with a memory of its own.
    Kese {
        app: Box<App>,
        stock: Arc<Stock>,
    },
    Transaction {
        database: Arc<DynamoDb>,
        dice: Dice,
    },
}

/// What is drawn by all, one after the other.
type Dice = Arc<Mutex<fastrand::Rng>>;

/// Lets them spend, from one account and from a thousand.
pub(crate) fn measure() -> Result<Vec<Table>, Error> {
    CROWDS.into_iter().map(|(accounts, crowds)| table(accounts, crowds)).collect()
}

/// What a thousand spends cost when 32 clients spend from one account: microseconds, tries that are lost, and write units.
pub(crate) fn cost_of_a_thousand() -> Result<[f64; 3], Error> {
    let outcome = run(Way::Kese, 1, 32)?;
    let successes = outcome.answers.len() as f64;
    let costs = [TIME.as_micros() as f64, outcome.tries() - successes, outcome.tally.write_units];
    Ok(costs.map(|cost| cost / successes * 1_000.0))
}

fn table(accounts: usize, crowds: &[usize]) -> Result<Table, Error> {
    let mut rows = Vec::new();
    for way in [Way::Kese, Way::Transaction] {
        for clients in crowds {
            eprintln!("{accounts} accounts, {clients} clients, {} …", way.name());
            rows.push(run(way, accounts, *clients)?.row(way, *clients));
        }
    }
    let title = if accounts == 1 { "One hot account".to_owned() } else { format!("{accounts} accounts") };
    let notes = if accounts == 1 { notes() } else { Vec::new() };
    let columns = [
        "",
        "clients",
        "spends/s",
        "lost tries",
        "batches",
        "p50 ms",
        "p99 ms",
        "p99 of all ms",
        "429s",
        "503s",
        "throttled",
        "WRU",
    ];
    Ok(Table { title, heads: heads(columns), rows, notes })
}

fn notes() -> Vec<String> {
    vec![
        format!(
            "Each client sends its next spend when the last one is done, for {} s of a clock that is not the real one; after a \
             429 or 503 it waits as long as it is told and sends the same key again. A read takes 3 ms, a write 4 ms, a transaction \
             13 ms, each somewhat more or less, and a partition takes {PARTITION} write units a second. Each client of Kese \
             has a function of its own that knows nothing of the others. Lost tries, batches and write units are per success; \
             p50 and p99 are of answers that were successes, the p99 of all from the first time that their key was sent. Throttled \
             are the calls that a partition over its limit turned away.",
            TIME.as_secs()
        ),
        format!(
            "`transaction` is written here and is no library: balance and record in one TransactWriteItems, on \
             TransactionConflict or throttling tried again after a random part of a pause that starts at {} ms and doubles, \
             the back-off that AWS recommends, for up to {} s. It reads nothing, and so tells no balance.",
            BACK_OFF.as_millis(),
            PATIENCE.as_secs()
        ),
        "At the end of every run the tables are read: each answered spend is there once, no key is there twice, and the \
         balances are what that leaves; Kese's chains are verified as `kese verify` does it."
            .to_owned(),
    ]
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Kese => "kese",
            Way::Transaction => "transaction",
        }
    }
}

impl Outcome {
    fn tries(&self) -> f64 {
        self.calls(&["PutItem", "UpdateItem", "TransactWriteItems"])
    }

    fn calls(&self, names: &[&str]) -> f64 {
        names.iter().filter_map(|name| self.tally.calls.get(*name)).sum::<u64>() as f64
    }

    fn row(&self, way: Way, clients: usize) -> Vec<String> {
        let successes = self.answers.len() as f64;
        vec![
            way.name().to_owned(),
            clients.to_string(),
            format!("{:.0}", successes / TIME.as_secs_f64()),
            format!("{:.2}", (self.tries() - successes) / successes),
            format!("{:.2}", self.calls(&["BatchWriteItem"]) / successes),
            format!("{:.0}", millis(percentile(&self.answers, 50))),
            format!("{:.0}", millis(percentile(&self.answers, 99))),
            format!("{:.0}", millis(percentile(&self.waits, 99))),
            self.busy.to_string(),
            self.unavailable.to_string(),
            self.tally.throttled.to_string(),
            format!("{:.2}", self.tally.write_units / successes),
        ]
    }
}

/// One crowd, on a clock of its own.
fn run(way: Way, accounts: usize, clients: usize) -> Result<Outcome, Error> {
    in_own_time(move || crowd(way, accounts, clients))
}

async fn crowd(way: Way, accounts: usize, clients: usize) -> Result<Outcome, Error> {
    let begun = Instant::now();
    let dice: Dice = Arc::new(Mutex::new(fastrand::Rng::with_seed(3)));
    let database = Arc::new(DynamoDb::new(Embedded::memory(), Latency::VARYING).limited_to(PARTITION));
    let stock = Arc::new(Stock::new(database.embedded()).await?);
    let app = || App::new(Store::new(database.connector(), Tables::default()), host(begun, &dice));
    let first = app();
    for number in 0..accounts {
        match way {
            Way::Kese => stock.open_account(&first, &account(number)).await?,
            Way::Transaction => stock.put_balance(&account(number))?,
        }
    }
    database.take_tally();

    let start = Instant::now();
    let mut all = JoinSet::new();
    for client in 0..clients {
        let function = match way {
            Way::Kese => Function::Kese { app: Box::new(app()), stock: Arc::clone(&stock) },
            Way::Transaction => Function::Transaction { database: Arc::clone(&database), dice: Arc::clone(&dice) },
        };
        all.spawn(spend_all_the_time(function, client, accounts, Arc::clone(&dice)));
    }
    let mut seen = Seen::default();
    while let Some(one) = all.join_next().await {
        let one = one??;
        seen.spent.extend(one.spent);
        seen.busy += one.busy;
        seen.unavailable += one.unavailable;
    }
    let tally = database.take_tally();

    recorded(database.embedded(), way)?.hold(&seen, accounts)?;
    if way == Way::Kese {
        let now = now(begun);
        let store = Store::new(database.embedded().connector(), Tables::default());
        let report = store.verifier(now, true, None).everything().await?;
        if !report.findings.is_empty() {
            return Err(format!("the ledger is not sound: {:?}", report.findings).into());
        }
    }
    // What was still under way at the end is in the tables, but not in what was done in that time.
    let in_time = || seen.spent.iter().filter(|(_, _, answered, _)| *answered <= start + TIME);
    Ok(Outcome {
        answers: in_time().map(|(_, sent, answered, _)| *answered - *sent).collect(),
        waits: in_time().map(|(first, _, answered, _)| *answered - *first).collect(),
        busy: seen.busy,
        unavailable: seen.unavailable,
        tally,
    })
}

/// One client.
async fn spend_all_the_time(function: Function, client: usize, accounts: usize, dice: Dice) -> Result<Seen, Error> {
    let end = Instant::now() + TIME;
    let mut seen = Seen::default();
    for number in 0.. {
        let first = Instant::now();
        if first >= end {
            break;
        }
        let account = account(draw(&dice, |dice| dice.usize(0..accounts)));
        let key = format!("client-{client}-{number}");
        loop {
            let sent = Instant::now();
            match function.spend(&account, &key).await? {
                Answer::Spent => {
                    seen.spent.push((first, sent, Instant::now(), key));
                    break;
                }
                Answer::Busy(after) => {
                    seen.busy += 1;
                    sleep(after).await;
                }
                Answer::Unavailable(after) => {
                    seen.unavailable += 1;
                    sleep(after).await;
                }
            }
            if Instant::now() >= end {
                break;
            }
        }
    }
    Ok(seen)
}

impl Function {
    async fn spend(&self, account: &str, key: &str) -> Result<Answer, Error> {
        match self {
            Function::Kese { app, stock } => {
                let body = json!({ "amount": AMOUNT, "channel": "POS", "referenceId": key });
                let answer = stock.call(app, &format!("spend/demo-{account}"), key, &body).await?;
                let after = answer.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
                match (answer.status().as_u16(), after.map(Duration::from_secs)) {
                    (200, _) => Ok(Answer::Spent),
                    (429, Some(after)) => Ok(Answer::Busy(after)),
                    (503, Some(after)) => Ok(Answer::Unavailable(after)),
                    _ => Err(format!("a spend was answered {answer:?}").into()),
                }
            }
            Function::Transaction { database, dice } => spend_in_a_transaction(database, dice, account, key).await,
        }
    }
}

/// What people build: balance and record in one transaction, which is tried again when it meets another one.
async fn spend_in_a_transaction(database: &DynamoDb, dice: &Dice, account: &str, key: &str) -> Result<Answer, Error> {
    let begun = Instant::now();
    let wallet = format!("WALLET#{account}");
    let request = json!({ "TransactItems": [
        { "Update": {
            "TableName": WALLETS,
            "Key": { "pk": { "S": wallet }, "sk": { "S": "BALANCE" } },
            "UpdateExpression": "SET balance = balance - :amount",
            "ConditionExpression": "balance >= :amount",
            "ExpressionAttributeValues": { ":amount": { "N": AMOUNT.to_string() } },
        } },
        { "Put": {
            "TableName": WALLETS,
            "Item": { "pk": { "S": wallet }, "sk": { "S": format!("TX#{key}") }, "amount": { "N": AMOUNT.to_string() } },
            "ConditionExpression": "attribute_not_exists(pk)",
        } },
    ] });
    let mut pause_max = BACK_OFF;
    loop {
        let (status, answer) =
            database.answer("DynamoDB_20120810.TransactWriteItems", request.to_string().as_bytes(), sleep).await;
        if status == 200 {
            return Ok(Answer::Spent);
        }
        let reasons: Value = serde_json::from_str(&answer)?;
        let mut codes = reasons["CancellationReasons"].as_array().into_iter().flatten().map(|reason| &reason["Code"]);
        if !codes.any(|code| code == "TransactionConflict" || code == "ThrottlingError") {
            return Err(format!("a transaction was answered {answer}").into());
        }
        let pause = pause_max.mul_f64(draw(dice, fastrand::Rng::f64));
        if begun.elapsed() + pause > PATIENCE {
            return Ok(Answer::Busy(Duration::from_secs(1)));
        }
        sleep(pause).await;
        pause_max *= 2;
    }
}

/// What the tables say in the end.
#[derive(Debug, Default)]
struct Recorded {
    /// How often the spend of each key is there.
    spends: HashMap<String, usize>,
    /// What is left on all accounts.
    left: i64,
}

impl Recorded {
    /// An error unless every answered spend is there once, no other one more than once, and the rest is left.
    fn hold(&self, seen: &Seen, accounts: usize) -> Result<(), Error> {
        for (_, _, _, key) in &seen.spent {
            if !self.spends.contains_key(key) {
                return Err(format!("the answered spend {key} is lost").into());
            }
        }
        if let Some((key, times)) = self.spends.iter().find(|(_, times)| **times != 1) {
            return Err(format!("the spend {key} is there {times} times").into());
        }
        let left = i64::try_from(accounts)? * BALANCE - i64::try_from(self.spends.len())? * AMOUNT;
        if self.left != left {
            return Err(format!("{} is left on all accounts, not {left}", self.left).into());
        }
        Ok(())
    }
}

fn recorded(embedded: &Embedded, way: Way) -> Result<Recorded, Error> {
    let table = if way == Way::Kese { "Ledger" } else { WALLETS };
    let mut found = Recorded::default();
    let mut left: HashMap<String, (String, i64)> = HashMap::new();
    let mut from = Value::Null;
    loop {
        let mut request = json!({ "TableName": table, "ConsistentRead": true });
        if !from.is_null() {
            request["ExclusiveStartKey"] = from;
        }
        let (status, answer) = embedded.answer("DynamoDB_20120810.Scan", request.to_string().as_bytes());
        let answer: Value = serde_json::from_str(&answer)?;
        let items = answer["Items"].as_array().filter(|_| status == 200).ok_or("a table cannot be read")?;
        for item in items {
            let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
            let key = if way == Way::Kese { text("ref") } else { text("sk").trim_start_matches("TX#").to_owned() };
            if key.starts_with("client-") {
                *found.spends.entry(key).or_default() += 1;
            }
            let balance = item[if way == Way::Kese { "posted" } else { "balance" }]["N"].as_str();
            if let Some(balance) = balance {
                // The newest entry of an account is the last of its partition.
                let newest = left.entry(text("pk")).or_default();
                if newest.0 < text("sk") {
                    *newest = (text("sk"), balance.parse()?);
                }
            }
        }
        from = answer["LastEvaluatedKey"].clone();
        if from.is_null() {
            break;
        }
    }
    found.left = left.values().map(|(_, balance)| balance).sum();
    Ok(found)
}

fn account(number: usize) -> String {
    format!("hot-{number}")
}

fn now(begun: Instant) -> Timestamp {
    Timestamp(BEGINNING + begun.elapsed().as_secs() * 1000 + u64::from(begun.elapsed().subsec_millis()))
}

fn host(begun: Instant, dice: &Dice) -> Host {
    let dice = Arc::clone(dice);
    Host {
        now: Box::new(move || now(begun)),
        random: Box::new(move || draw(&dice, |dice| dice.u128(..))),
        log: Box::new(|_| {}),
    }
}

fn draw<T>(dice: &Dice, what: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
    what(&mut dice.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(keys: &[&str]) -> Seen {
        let now = Instant::now();
        Seen { spent: keys.iter().map(|key| (now, now, now, (*key).to_owned())).collect(), ..Seen::default() }
    }

    fn found(spends: &[(&str, usize)], left: i64) -> Recorded {
        Recorded { spends: spends.iter().map(|(key, times)| ((*key).to_owned(), *times)).collect(), left }
    }

    #[tokio::test]
    async fn what_is_lost_or_doubled_is_noticed() {
        let two = 2 * BALANCE;
        found(&[("a", 1), ("b", 1)], two - 2 * AMOUNT).hold(&seen(&["a", "b"]), 2).unwrap();
        found(&[("a", 1), ("b", 1)], two - 2 * AMOUNT).hold(&seen(&["a"]), 2).unwrap();
        for (recorded, wrong) in [
            (found(&[("a", 1)], two - AMOUNT), "the answered spend b is lost"),
            (found(&[("a", 1), ("b", 2)], two - 3 * AMOUNT), "the spend b is there 2 times"),
            (found(&[("a", 1), ("b", 1)], two - AMOUNT), "199998750 is left on all accounts, not 199997500"),
        ] {
            assert_eq!(recorded.hold(&seen(&["a", "b"]), 2).unwrap_err().to_string(), wrong);
        }
    }

    #[test]
    fn a_run_comes_to_the_same_figures_again() {
        for way in [Way::Kese, Way::Transaction] {
            let row = || run(way, 1, 8).unwrap().row(way, 8);
            assert_eq!(row(), row());
        }
    }
}
