//! Many at once. Afterwards the chain must be dense, linked and balanced, and hold exactly what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::Kind;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::harness::{Answered, World};

/// A world with one wallet, one account and that much in it.
async fn world_with(balance: u64) -> Arc<World> {
    let world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    if balance > 0 {
        let body = format!(r#"{{"amount": {balance}, "channel": "POS"}}"#);
        assert_eq!(world.post("load/demo-card", None, &body).await.status, 200);
    }
    Arc::new(world)
}

async fn at_once(requests: impl IntoIterator<Item = (Arc<World>, String, Option<String>, String)>) -> Vec<Answered> {
    let mut running = JoinSet::new();
    for (world, path, key, body) in requests {
        running.spawn(async move { world.post(&path, key.as_deref(), &body).await });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_writers_lose_and_double_nothing_in_ten_seconds() {
    let world = world_with(1_000_000).await;
    let end = Instant::now() + Duration::from_secs(10);
    let (loaded, spent, busy) = <(Arc<AtomicU64>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
    let mut writers = JoinSet::new();
    for writer in 0..32_u64 {
        let (world, loaded, spent, busy) = (world.clone(), loaded.clone(), spent.clone(), busy.clone());
        writers.spawn(async move {
            let mut round = 0;
            while Instant::now() < end {
                round += 1;
                let amount = 1 + (writer * 7 + round) % 9;
                let body = format!(r#"{{"amount": {amount}, "channel": "POS"}}"#);
                let key = (round % 4 != 0).then(|| format!("{writer}-{round}"));
                let (path, sum) = if (writer + round) % 3 == 0 { ("load", &loaded) } else { ("spend", &spent) };
                let answered = world.post(&format!("{path}/demo-card"), key.as_deref(), &body).await;
                match answered.status {
                    200 => sum.fetch_add(amount, Ordering::Relaxed),
                    429 => busy.fetch_add(1, Ordering::Relaxed),
                    _ => panic!("{answered:?}"),
                };
            }
        });
    }
    writers.join_all().await;

    let chain = world.chain("card").await;
    let sum = |kind| {
        let of_kind = chain.iter().skip(2).filter(|entry| entry.transaction.kind == kind);
        of_kind.map(|entry| entry.transaction.amount().minor_units().unsigned_abs()).sum::<u64>()
    };
    assert_eq!(sum(Kind::Loaded), loaded.load(Ordering::Relaxed));
    assert_eq!(sum(Kind::Spent), spent.load(Ordering::Relaxed));
    println!("{} entries by 32 writers in 10 s, {} answered busy", chain.len(), busy.load(Ordering::Relaxed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_equal_keys_at_once_have_one_effect_and_one_answer() {
    let writes = [
        ("spend/demo-card", r#"{"amount": 900, "channel": "POS"}"#),
        ("load/demo-card", r#"{"amount": 900, "channel": "POS"}"#),
        ("refund/demo-card", r#"{"transactionId": "card-3"}"#),
        ("cancel/demo-card", r#"{"transactionId": "card-3"}"#),
        ("updateWallet/demo", r#"{"walletId": "USER-1", "status": "frozen"}"#),
    ];
    for (path, body) in writes.iter().cycle().take(50) {
        let world = world_with(1_000).await;
        world.post("spend/demo-card", None, r#"{"amount": 100, "channel": "POS"}"#).await;
        let equal = (world.clone(), (*path).to_owned(), Some("key".to_owned()), (*body).to_owned());
        let answers = at_once(std::iter::repeat_n(equal, 16)).await;
        one_answer(&answers);
        assert_eq!(world.chain("card").await.len(), 4, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_partial_refunds_never_exceed_their_original() {
    let world = world_with(1_000).await;
    world.post("spend/demo-card", None, r#"{"amount": 1000, "channel": "POS"}"#).await;
    let body = r#"{"transactionId": "card-3", "amount": 100}"#.to_owned();
    let refund = (world.clone(), "refund/demo-card".to_owned(), None, body);
    let mut answers = at_once(std::iter::repeat_n(refund.clone(), 24)).await;
    // Whoever is told to come again does so.
    while answers.iter().any(|answer| answer.status == 429) {
        answers.retain(|answer| answer.status != 429);
        answers.extend(at_once(std::iter::repeat_n(refund.clone(), 24 - answers.len())).await);
    }
    let refunded = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.body["code"] == "ALREADY_REFUNDED").count();
    assert_eq!((refunded, refused), (10, 14), "{answers:?}");
    let chain = world.chain("card").await;
    assert_eq!(chain.last().unwrap().transaction.balance().minor_units(), 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refunds_and_cancels_of_one_spend_exclude_each_other() {
    for _ in 0..20 {
        let world = world_with(1_000).await;
        world.post("spend/demo-card", None, r#"{"amount": 1000, "channel": "POS"}"#).await;
        let call = |path: &str| {
            (world.clone(), format!("{path}/demo-card"), None, r#"{"transactionId": "card-3"}"#.to_owned())
        };
        let answers = at_once([call("refund"), call("cancel"), call("refund"), call("cancel")]).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
        world.chain("card").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_an_acknowledged_freeze_nothing_is_spent() {
    for _ in 0..10 {
        let world = world_with(100_000).await;
        world.open_in("USER-1", "USD", "dollars").await;
        world.post("load/demo-dollars", None, r#"{"amount": 100000, "channel": "POS"}"#).await;
        let frozen = Arc::new(AtomicU64::new(0));
        let mut spenders = JoinSet::new();
        for spender in 0..8 {
            let (world, frozen) = (world.clone(), frozen.clone());
            spenders.spawn(async move {
                for _ in 0..10 {
                    let before = frozen.load(Ordering::SeqCst);
                    let path = if spender % 2 == 0 { "spend/demo-card" } else { "spend/demo-dollars" };
                    let answered = world.post(path, None, r#"{"amount": 1, "channel": "POS"}"#).await;
                    assert!(matches!(answered.status, 200 | 403 | 429), "{answered:?}");
                    assert!(answered.status != 200 || before == 0, "spent after an acknowledged freeze");
                }
            });
        }
        let answered = world.post("updateWallet/demo", None, r#"{"walletId": "USER-1", "status": "frozen"}"#).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        frozen.store(1, Ordering::SeqCst);
        spenders.join_all().await;
        for account in ["card", "dollars"] {
            let chain = world.chain(account).await;
            let kinds: Vec<Kind> = chain.iter().map(|entry| entry.transaction.kind).collect();
            let freeze = kinds.iter().position(|kind| *kind == Kind::Frozen).expect("frozen");
            assert!(!kinds[freeze..].contains(&Kind::Spent));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wallet_gets_one_account_of_a_currency_however_many_ask() {
    let world = Arc::new(World::new().await);
    world.post("createWallet/demo", None, r#"{"walletId": "USER-1"}"#).await;
    let ask = |number: u32| {
        let body = format!(r#"{{"walletId": "USER-1", "currency": "EUR", "accountNumber": "card-{number}"}}"#);
        (world.clone(), "createAccount/demo".to_owned(), None, body)
    };
    let answers = at_once((0..16).map(ask)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    let wallet = world.post("getWallet/demo", None, r#"{"walletId": "USER-1"}"#).await;
    let accounts = wallet.body["walletAccounts"].as_array().map(Vec::len);
    assert_eq!(accounts, Some(1), "{wallet:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_creations_at_once_have_one_answer() {
    let world = Arc::new(World::new().await);
    let create =
        (world.clone(), "createWallet/demo".to_owned(), Some("w".to_owned()), r#"{"walletId": "USER-1"}"#.to_owned());
    let answers = at_once(std::iter::repeat_n(create, 16)).await;
    one_answer(&answers);
    let body = r#"{"walletId": "USER-1", "currency": "EUR"}"#.to_owned();
    let open = (world.clone(), "createAccount/demo".to_owned(), Some("a".to_owned()), body);
    one_answer(&at_once(std::iter::repeat_n(open, 16)).await);
}

fn one_answer(answers: &[Answered]) {
    let bodies: Vec<&Value> = answers.iter().map(|answer| &answer.body).collect();
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let replayed = answers.iter().filter(|answer| answer.headers.contains_key("idempotent-replayed")).count();
    assert_eq!(replayed, answers.len() - 1);
}
