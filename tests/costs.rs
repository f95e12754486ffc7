//! What operations cost, counted at the wire.

use domain::{Project, ProjectId};
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::Tables;
use tokio::sync::OnceCell;

use crate::harness::{Traffic, World};

const LOAD: &str = r#"{"amount": 1, "channel": "POS"}"#;

/// The calls with their units, reads first, such as `Query 1 · PutItem 2`.
fn told(traffic: &[Traffic]) -> String {
    let calls: Vec<String> = traffic.iter().map(|call| format!("{} {}", call.target, call.units)).collect();
    calls.join(" · ")
}

#[tokio::test]
async fn a_page_costs_the_same_at_a_hundred_and_at_a_hundred_thousand_transactions() {
    let mut seen = Vec::new();
    for (total, places) in [(100, [0, 50, 70, 80]), (100_000, [0, 50, 90_000, 99_980])] {
        let world = filled(total).await;
        for from in places {
            let body = format!(r#"{{"from": {from}, "pageSize": 20}}"#);
            let answered = world.post("listTransactions/demo-card", None, &body).await;
            let first = &answered.body["transactions"][0];
            assert_eq!((&answered.body["total"], &first["sequence"]), (&total.into(), &(total - from).into()));
            assert_eq!(answered.body["size"], 20);
            let cost = told(&world.traffic());
            println!("{total} transactions, page of 20 from {from}: {cost}");
            seen.push(cost);
        }
    }
    assert!(seen.iter().all(|cost| *cost == seen[0]), "{seen:?}");
}

/// The most that a list may cost that has to be read through: the newest entry, and 1,000 more, 100 at a time.
const READ_THROUGH: (usize, f64) = (11, 80.0);

#[tokio::test]
async fn a_filtered_list_costs_no_more_whatever_it_finds() {
    let world = filled(100_000).await;
    for (what, body, size, cursor) in [
        ("nothing", r#"{"filters": [{"search": "nowhere"}]}"#, 0, Some("card-99000")),
        (
            "nothing, oldest first",
            r#"{"filters": [{"type": "SPENT"}], "sorts": [{"field": "createdAt", "order": "asc"}]}"#,
            0,
            Some("card-1001"),
        ),
        ("everything", r#"{"filters": [{"type": "LOADED"}]}"#, 20, Some("card-99980")),
        ("one", r#"{"filters": [{"search": "card-99001"}]}"#, 1, Some("card-99000")),
        ("one that is just too far", r#"{"filters": [{"search": "card-99000"}]}"#, 0, Some("card-99000")),
        ("everything, from far on", r#"{"filters": [{"type": "LOADED"}], "from": 50000}"#, 0, Some("card-99000")),
        ("no expiry", r#"{"expiresAt": {}}"#, 0, Some("card-99000")),
        ("the rest", r#"{"filters": [{"type": "INITIALIZED"}], "cursor": "card-1000"}"#, 1, None),
    ] {
        let answered = world.post("listTransactions/demo-card", None, body).await;
        let traffic = world.traffic();
        let (requests, units) = (traffic.len(), traffic.iter().map(|call| call.units).sum::<f64>());
        println!("a filter that finds {what}: {requests} requests, {units} units");
        assert!(requests <= READ_THROUGH.0 && units <= READ_THROUGH.1, "{what}: {requests} requests, {units} units");
        assert_eq!((&answered.body["size"], answered.body["cursor"].as_str()), (&size.into(), cursor), "{what}");
    }
}

/// A world with one account of that many transactions. Filling 100,000 takes long: the tests share the data, and only read.
async fn filled(total: u64) -> World {
    static HUNDRED_THOUSAND: OnceCell<Embedded> = OnceCell::const_new();
    let data = async {
        let embedded = Embedded::memory();
        let world = over(&embedded).await;
        world.open("USER-1", "EUR", "card").await;
        world.post("load/demo-card", None, LOAD).await;
        fill(&world, total);
        embedded
    };
    let embedded = if total == 100_000 { HUNDRED_THOUSAND.get_or_init(|| data).await.clone() } else { data.await };
    over(&embedded).await
}

async fn over(embedded: &Embedded) -> World {
    let project = Project::new(ProjectId::parse("demo").unwrap());
    let world = World::over(embedded.clone(), project, Tables::default()).await;
    // The first request of a function also reads who is calling.
    world.post("getWallet/demo", None, r#"{"walletId": "nobody"}"#).await;
    world.traffic();
    world
}

/// Fills a chain of two up to `total` by copies of its second entry. Their links are wrong, which paging does not look at.
fn fill(world: &World, total: u64) {
    let put = world.traffic().into_iter().rfind(|call| call.target == "PutItem").unwrap().request;
    let entry = |number: u64| {
        let mut item = put["Item"].clone();
        item["sk"] = json!({ "S": format!("T#{number:012}") });
        item
    };
    let numbers: Vec<u64> = (3..=total).collect();
    for batch in numbers.chunks(25) {
        let puts: Vec<Value> = batch.iter().map(|number| json!({ "PutRequest": { "Item": entry(*number) } })).collect();
        world.wire.answer("BatchWriteItem", &json!({ "RequestItems": { "Ledger": puts } }));
    }
}

#[tokio::test]
async fn operations_cost_what_was_designed() {
    for (feed, index) in [(true, 1.0), (false, 0.0)] {
        let world = World::with_feed(feed).await;
        world.open("USER-1", "EUR", "card").await;
        world.post("load/demo-card", Some("l"), r#"{"amount": 100, "channel": "POS"}"#).await;
        world.traffic();
        for (what, key, path, body, cost) in [
            ("spend", "s", "spend/demo-card", LOAD, format!("Query 1 · PutItem {}", 1.0 + index)),
            ("replay", "s", "spend/demo-card", LOAD, "Query 1".to_owned()),
            (
                "older replay",
                "l",
                "load/demo-card",
                r#"{"amount": 100, "channel": "POS"}"#,
                "Query 1 · GetItem 1".to_owned(),
            ),
            ("refusal", "n", "spend/demo-card", r#"{"amount": 500, "channel": "POS"}"#, "Query 1".to_owned()),
            (
                "refund",
                "r",
                "refund/demo-card",
                r#"{"transactionId": "card-3"}"#,
                format!("GetItem 1 · Query 1 · TransactWriteItems {}", 4.0 + index),
            ),
            (
                "cancel",
                "c",
                "cancel/demo-card",
                r#"{"transactionId": "card-2"}"#,
                format!("GetItem 1 · Query 1 · TransactWriteItems {}", 4.0 + index),
            ),
            (
                "correction",
                "f",
                "fix/demo-card",
                r#"{"amount": 1, "description": "Counted"}"#,
                format!("Query 1 · PutItem {}", 1.0 + index),
            ),
            (
                "accounts",
                "",
                "listAccounts/demo",
                r#"{"walletId": "USER-1"}"#,
                "BatchGetItem 1 · GetItem 1 · Query 1".to_owned(),
            ),
        ] {
            world.post(path, Some(key).filter(|key| !key.is_empty()), body).await;
            let mut traffic = world.traffic();
            let is_read = |call: &&Traffic| matches!(call.target.as_str(), "Query" | "GetItem" | "BatchGetItem");
            let reads = traffic.iter().take_while(is_read).count();
            if what != "older replay" {
                traffic[..reads].sort_by(|one, other| one.target.cmp(&other.target));
            }
            println!("feed {feed}: {what}: {}", told(&traffic));
            assert_eq!(told(&traffic), cost, "{what}");
        }
    }
}
