//! What every operation asks of DynamoDB, counted in this process and exact, and what a million of it costs.

use serde_json::{Value, json};

use crate::Error;
use crate::contender::{AMOUNT, TOO_MUCH};
use crate::dynamodb::Tally;
use crate::kese::{Kese, in_own_time};
use crate::price;
use crate::report::{Table, heads};

/// How many spends are on end, so that keys are moved out of an account's newest entry.
const ON_END: u32 = 100;

/// What was counted, in the order of the table.
struct Counting {
    kese: Kese,
    counted: Vec<(&'static str, Tally, u32)>,
}

/// Counts with the feed of transactions and without.
pub(crate) fn count() -> Result<Vec<Table>, Error> {
    eprintln!("Counting what each operation costs …");
    let with_feed = in_own_time(|| operations(true))?;
    let without = in_own_time(|| operations(false))?;
    let rows = with_feed.iter().zip(&without).map(|((what, feed, times), (_, no_feed, _))| {
        let figure = |of: fn(&Tally) -> f64, digits: usize| {
            let told = |tally| format!("{:.digits$}", of(tally) / f64::from(*times));
            let (first, second) = (told(feed), told(no_feed));
            if first == second { first } else { format!("{first} / {second}") }
        };
        // A mean has digits that a count has not.
        let digits = if *times > 1 { 2 } else { 1 };
        vec![
            (*what).to_owned(),
            figure(|tally| tally.requests() as f64, if *times > 1 { 2 } else { 0 }),
            figure(|tally| tally.read_units, digits),
            figure(|tally| tally.write_units, digits),
            figure(dollars, 3),
        ]
    });
    let around = price::HTTP_API_REQUESTS + price::LAMBDA_REQUESTS;
    Ok(vec![Table {
        title: "Operations".to_owned(),
        heads: heads(["", "requests", "RRU", "WRU", "$ per million"]),
        rows: rows.collect(),
        notes: vec![
            "Where two figures stand, the second one is without the feed of transactions. Every operation has an idempotency \
             key where it takes one, and goes to a function that has met its caller within the last minute; one that has not \
             reads the credential and the project first, two requests and a unit."
                .to_owned(),
            format!(
                "$ are those of DynamoDB. To all of them come ${around:.2} a million of API Gateway and Lambda, and the time \
                 and the log of the function. {}",
                price::list()
            ),
        ],
    }])
}

fn dollars(tally: &Tally) -> f64 {
    tally.write_units * price::WRITE_UNITS + tally.read_units * price::READ_UNITS
}

async fn operations(feed: bool) -> Result<Vec<(&'static str, Tally, u32)>, Error> {
    let mut counting = Counting { kese: Kese::new(feed).await?, counted: Vec::new() };
    let spend = json!({ "amount": AMOUNT, "channel": "POS" });

    counting.count("createWallet", "createWallet/demo", "w", &json!({ "walletId": "USER-1", "title": "Ada" })).await?;
    let account = json!({ "walletId": "USER-1", "currency": "EUR", "accountNumber": "card" });
    counting.count("createAccount", "createAccount/demo", "a", &account).await?;
    counting.count("load", "load/demo-card", "l", &json!({ "amount": 100_000, "channel": "APP" })).await?;
    let first = counting.count("spend", "spend/demo-card", "s", &spend).await?;
    counting.count("spend, replayed", "spend/demo-card", "s", &spend).await?;
    counting
        .count_refused("spend, refused", "spend/demo-card", &json!({ "amount": TOO_MUCH, "channel": "POS" }))
        .await?;
    let refund = json!({ "transactionId": first["transaction"]["transactionId"], "amount": 10 });
    counting.count("refund", "refund/demo-card", "r", &refund).await?;
    let (second, _) = counting.kese.done("spend/demo-card", "t", &spend).await?;
    counting
        .count("cancel", "cancel/demo-card", "c", &json!({ "transactionId": second["transaction"]["transactionId"] }))
        .await?;
    let correction = json!({ "amount": -20, "description": "Counted at the till" });
    counting.count("fix", "fix/demo-card", "f", &correction).await?;
    let by_wallet = json!({ "walletId": "USER-1" });
    counting.count("getWallet", "getWallet/demo", "", &by_wallet).await?;
    let of_wallet = json!({ "walletId": "USER-1", "currency": "EUR" });
    counting.count("getAccount, by its number", "getAccount/demo-card", "", &json!({})).await?;
    counting.count("getAccount, by wallet and currency", "getAccount/demo", "", &of_wallet).await?;
    counting.count("listAccounts, of a wallet with one", "listAccounts/demo", "", &by_wallet).await?;
    let titled = json!({ "walletId": "USER-1", "title": "Ada Lovelace" });
    counting.count("updateWallet, its title", "updateWallet/demo", "u", &titled).await?;
    let frozen = json!({ "walletId": "USER-1", "status": "frozen" });
    counting.count("updateWallet, freeze one account", "updateWallet/demo", "v", &frozen).await?;

    counting.kese.open("busy").await?;
    let mut all = Tally::default();
    let mut most = Tally::default();
    for number in 0..ON_END {
        let (_, tally) = counting.kese.done("spend/demo-busy", &format!("b-{number}"), &spend).await?;
        all.add(&tally);
        if tally.write_units > most.write_units {
            most = tally;
        }
    }
    counting.counted.push(("spend that moves ten keys out", most, 1));
    counting.counted.push(("spend, mean of 100 on end", all, ON_END));
    counting
        .count("listTransactions, a page of 20", "listTransactions/demo-busy", "", &json!({ "pageSize": 20 }))
        .await?;
    Ok(counting.counted)
}

impl Counting {
    async fn count(&mut self, what: &'static str, path: &str, key: &str, body: &Value) -> Result<Value, Error> {
        let (answer, tally) = self.kese.done(path, key, body).await?;
        self.counted.push((what, tally, 1));
        Ok(answer)
    }

    async fn count_refused(&mut self, what: &'static str, path: &str, body: &Value) -> Result<(), Error> {
        let (answer, tally) = self.kese.ask(path, "n", body).await?;
        if answer.body()["code"] != "INSUFFICIENT_BALANCE" {
            return Err(format!("{path} was not refused, but answered {answer:?}").into());
        }
        self.counted.push((what, tally, 1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_those_of_the_units() {
        let tally = Tally { read_units: 1.0, write_units: 2.0, ..Tally::default() };
        assert_eq!(format!("{:.3}", dollars(&tally)), "1.375");
        assert!(price::list().contains("$0.0000133334 a GB-s, logs $0.50 a GB"), "{}", price::list());
    }
}
