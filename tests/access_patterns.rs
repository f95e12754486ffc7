//! Every request that the store makes to DynamoDB, one of each kind, reviewed like code: `tests/access-patterns.txt`.

use std::fmt::Write as _;
use std::path::Path;

use domain::{Project, ProjectId, Seq, Timestamp};
use local::embedded::Embedded;
use store::{Meter, RING_KEYS_MAX, Tables};

use crate::golden;
use crate::harness::World;

#[tokio::test]
async fn every_request_to_dynamodb_is_as_it_was_reviewed() {
    let project = Project::new(ProjectId::parse("demo").unwrap());
    let mut world = World::over(Embedded::memory(), project, Tables::default()).await;
    let mut seen = String::new();
    let mut note = |world: &World, title: &str| {
        writeln!(seen, "## {title}\n").unwrap();
        let mut traffic = world.traffic();
        // Reads that go out together come back in any order.
        let is_read = |target: &str| matches!(target, "Query" | "GetItem");
        for reads in traffic.chunk_by_mut(|one, next| is_read(&one.target) && is_read(&next.target)) {
            reads.sort_by(|one, other| one.target.cmp(&other.target));
        }
        for call in traffic {
            let request = serde_json::to_string_pretty(&call.request).unwrap();
            writeln!(seen, "{} ({} units)\n{request}\n", call.target, call.units).unwrap();
        }
    };
    world.restart();
    world.post("getWallet/demo", None, r#"{"walletId": "USER-1"}"#).await;
    note(&world, "Who is calling, and a wallet");
    world.post("createWallet/demo", None, r#"{"walletId": "USER-1", "title": "Test"}"#).await;
    note(&world, "Create a wallet");
    world.post("createWallet/demo", Some("w"), r#"{"walletId": "USER-2"}"#).await;
    note(&world, "Create a wallet, with a key");
    let open = r#"{"walletId": "USER-1", "currency": "EUR", "accountNumber": "card", "title": "Card"}"#;
    world.post("createAccount/demo", None, open).await;
    note(&world, "Open an account");
    world.post("createAccount/demo", Some("a"), open).await;
    note(&world, "Refuse to open it again, with a key");
    world
        .post("load/demo-card", Some("k"), r#"{"amount": 1000, "channel": "POS", "expiresAt": "2026-01-02T00:00:00Z"}"#)
        .await;
    note(&world, "Load, with a key");
    world.post("spend/demo-card", None, r#"{"amount": 100, "channel": "POS", "description": "Coffee"}"#).await;
    note(&world, "Spend");
    world.post("refund/demo-card", Some("r"), r#"{"transactionId": "card-3", "amount": 10}"#).await;
    note(&world, "Refund, with a key");
    world.post("refund/demo-card", None, r#"{"transactionId": "card-3", "amount": 10}"#).await;
    note(&world, "Refund more");
    world.post("refund/demo-card", Some("x"), r#"{"transactionId": "card-3", "amount": 999}"#).await;
    note(&world, "Refuse a refund, with a key");
    world.post("cancel/demo-card", None, r#"{"transactionId": "card-2"}"#).await;
    world.traffic();
    world.post("spend/demo-card", None, r#"{"amount": 1, "channel": "POS"}"#).await;
    world.traffic();
    world.post("cancel/demo-card", None, r#"{"transactionId": "card-6"}"#).await;
    note(&world, "Cancel");
    world.wait_millis(86_400_000);
    world.post("load/demo-card", None, r#"{"amount": 100, "channel": "POS"}"#).await;
    note(&world, "Load after something expired");
    world.post("updateWallet/demo", None, r#"{"walletId": "USER-1", "status": "frozen"}"#).await;
    note(&world, "Freeze a wallet");
    world.post("listTransactions/demo-card", None, r#"{"from": 2, "pageSize": 3}"#).await;
    note(&world, "List a page");
    world.post("getAccount/demo-card", None, "{}").await;
    note(&world, "An account");
    world.post("load/demo", None, r#"{"walletId": "USER-1", "currency": "EUR", "amount": 1, "channel": "POS"}"#).await;
    note(&world, "Load, addressed by wallet and currency");
    for number in 0..=RING_KEYS_MAX {
        world.traffic();
        world.post("load/demo-card", Some(&format!("k-{number}")), r#"{"amount": 1, "channel": "POS"}"#).await;
    }
    note(&world, "Load, with a key, when the ring is full");
    world.post("load/demo-card", Some("k"), r#"{"amount": 1, "channel": "POS"}"#).await;
    note(&world, "A key that is not in the ring");

    let meter = Meter::default();
    let now = Timestamp(world.clock.load(std::sync::atomic::Ordering::Relaxed));
    let session = world.store.session(&world.project, now, 0, tokio::time::Instant::now(), &meter);
    let card = domain::AccountNumber::parse("card").unwrap();
    let found = session.first_at_or_after(&card, Seq::new(8).unwrap(), now).await.unwrap();
    assert_eq!(found, Seq::new(8));
    note(&world, "Find the first entry of a time");

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/access-patterns.txt");
    if let Some(difference) = golden::differs(&file, &seen) {
        panic!("{difference}");
    }
}
