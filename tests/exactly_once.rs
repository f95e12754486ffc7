//! One key, one effect, the same answer: later, elsewhere, after the ring was full, and until its time is over.

use std::time::Duration;

use domain::{Project, ProjectId};
use local::embedded::Embedded;
use store::{RING_KEYS_MAX, Tables};

use crate::harness::{Answered, Fault, World};

const SPEND: &str = r#"{"amount": 1, "channel": "POS"}"#;

async fn world() -> World {
    funded(World::new().await).await
}

async fn funded(world: World) -> World {
    world.open("USER-1", "EUR", "card").await;
    let answered = world.post("load/demo-card", None, r#"{"amount": 100000, "channel": "POS"}"#).await;
    assert_eq!(answered.status, 200);
    world
}

async fn spend(world: &World, key: &str) -> Answered {
    let answered = world.post("spend/demo-card", Some(key), SPEND).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    answered
}

async fn replays(world: &World, key: &str, first: &Answered) {
    let entries = world.chain("card").await.len();
    let again = spend(world, key).await;
    assert_eq!(again.body, first.body, "the answer of {key}");
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(world.chain("card").await.len(), entries);
}

#[tokio::test]
async fn every_key_replays_however_many_came_after_it() {
    let mut world = world().await;
    let mut answers = Vec::new();
    for number in 0..5 * RING_KEYS_MAX {
        answers.push(spend(&world, &format!("key-{number}")).await);
        world.wait_millis(1_000);
    }
    world.restart();
    for (number, first) in answers.iter().enumerate() {
        replays(&world, &format!("key-{number}"), first).await;
    }
    let reused = world.post("spend/demo-card", Some("key-0"), r#"{"amount": 2, "channel": "POS"}"#).await;
    assert_eq!((reused.status, &reused.body["code"]), (400, &"IDEMPOTENCY_KEY_REUSED".into()));
}

#[tokio::test]
async fn a_key_is_honoured_for_a_day_and_forgotten_after_twenty_five_hours() {
    const HOUR: u64 = 3_600_000;
    for crowd in [0, 1, RING_KEYS_MAX, 3 * RING_KEYS_MAX] {
        let world = world().await;
        let first = spend(&world, "key").await;
        for number in 0..crowd {
            spend(&world, &format!("other-{number}")).await;
        }
        world.wait_millis(24 * HOUR - 60_000);
        replays(&world, "key", &first).await;
        spend(&world, "late").await;
        replays(&world, "key", &first).await;
        world.wait_millis(HOUR + 61_000);
        let second = spend(&world, "key").await;
        assert!(!second.headers.contains_key("idempotent-replayed"));
        assert_ne!(second.body, first.body);
        replays(&world, "key", &second).await;
    }
}

#[tokio::test]
async fn permanent_keys_are_honoured_for_ever() {
    let project = Project { permanent_keys: true, ..Project::new(ProjectId::parse("demo").unwrap()) };
    let world = funded(World::over(Embedded::memory(), project, Tables::default()).await).await;
    let first = spend(&world, "key").await;
    world.wait_millis(400 * 86_400_000);
    replays(&world, "key", &first).await;
    for number in 0..3 * RING_KEYS_MAX {
        spend(&world, &format!("other-{number}")).await;
    }
    world.wait_millis(400 * 86_400_000);
    spend(&world, "late").await;
    replays(&world, "key", &first).await;
}

/// Row 32: where a project says so, a reference is unique for each account and operation, and its repetition is a replay.
#[tokio::test]
async fn a_unique_reference_is_a_key_for_ever() {
    let project = Project { unique_reference: true, ..Project::new(ProjectId::parse("demo").unwrap()) };
    let world = funded(World::over(Embedded::memory(), project, Tables::default()).await).await;
    let order = r#"{"amount": 5, "channel": "POS", "referenceId": "Order № 1"}"#;
    let first = world.post("spend/demo-card", None, order).await;
    assert_eq!(first.status, 200, "{first:?}");
    for number in 0..2 * RING_KEYS_MAX {
        spend(&world, &format!("other-{number}")).await;
    }
    world.wait_millis(400 * 86_400_000);
    let again = world.post("spend/demo-card", Some("another"), order).await;
    assert_eq!((again.body, &again.headers["idempotent-replayed"]), (first.body, &"true".parse().unwrap()));
    let more = r#"{"amount": 6, "channel": "POS", "referenceId": "Order № 1"}"#;
    assert_eq!(world.post("spend/demo-card", None, more).await.body["code"], "IDEMPOTENCY_KEY_REUSED");
    let loaded = world.post("load/demo-card", None, order).await;
    assert_eq!(loaded.status, 200, "another operation: {loaded:?}");
    assert!(!loaded.headers.contains_key("idempotent-replayed"));
}

#[tokio::test]
async fn a_key_on_two_accounts_is_two_keys() {
    let world = world().await;
    world.open_in("USER-1", "USD", "dollars").await;
    world.post("load/demo-dollars", None, r#"{"amount": 1000, "channel": "POS"}"#).await;
    let first = spend(&world, "key").await;
    let second = world.post("spend/demo-dollars", Some("key"), SPEND).await;
    assert_eq!(second.status, 200);
    assert!(!second.headers.contains_key("idempotent-replayed"));
    assert_ne!(first.body, second.body);
}

#[tokio::test]
async fn the_same_request_may_be_written_differently() {
    let world = world().await;
    let first = spend(&world, "key").await;
    let again = world.post("spend/demo-card", Some("key"), "{\n\t\"channel\":\"POS\", \"amount\":1}").await;
    assert_eq!(again.body, first.body);
    let other = world.post("load/demo-card", Some("key"), SPEND).await;
    assert_eq!(other.body["code"], "IDEMPOTENCY_KEY_REUSED", "another operation with the same body");
    let more = world.post("spend/demo-card", Some("key"), r#"{"amount": 1, "channel": "POS", "extra": 1}"#).await;
    assert_eq!(more.body["code"], "IDEMPOTENCY_KEY_REUSED", "unknown members are ignored, but count");
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    let refused = world.post("spend/demo-card", Some("key"), SPEND).await;
    assert_eq!(refused.body["code"], "INSUFFICIENT_BALANCE");
    world.post("load/demo-card", None, SPEND).await;
    spend(&world, "key").await;
}

/// A request whose put is on its way while others write that many entries, each with a key of its own.
async fn overtaken(world: &World, key: &str, others: &[&str]) -> Answered {
    world.fault("PutItem", Fault::Late);
    let others = async {
        // They begin when the put is on its way.
        tokio::time::sleep(Duration::from_millis(1)).await;
        for other in others {
            spend(world, other).await;
        }
    };
    tokio::join!(spend(world, key), others).0
}

/// What is known of a key from an earlier look holds for as long as the ring goes back to it, and no longer: its entry may have
/// come after it, and left the ring.
#[tokio::test(start_paused = true)]
async fn a_key_is_found_that_came_and_left_the_ring_while_its_repetition_was_under_way() {
    let world = world().await;
    let others: Vec<String> = (0..2 * RING_KEYS_MAX).map(|number| format!("other-{number}")).collect();
    let mut others: Vec<&str> = others.iter().map(String::as_str).collect();
    // Not the entry right in its way, which it reads whole.
    others.insert(1, "key");
    let again = overtaken(&world, "key", &others).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(world.chain("card").await.len(), 2 + others.len());
    replays(&world, "key", &again).await;
}

/// Whoever relieved a ring, and lost, finds other keys in it when it is full again.
#[tokio::test(start_paused = true)]
async fn keys_that_leave_the_ring_at_a_later_try_are_written_too() {
    let world = world().await;
    let mut answers = Vec::new();
    for number in 0..RING_KEYS_MAX {
        answers.push(spend(&world, &format!("key-{number}")).await);
    }
    let others: Vec<String> = (0..RING_KEYS_MAX / 2).map(|number| format!("other-{number}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    world.traffic();
    overtaken(&world, "late", &others).await;
    let batches = world.traffic().into_iter().filter(|call| call.target == "BatchWriteItem").count();
    assert_eq!(batches, 3, "once by the first of the others, and twice by whom they overtook");
    for (number, first) in answers.iter().enumerate() {
        replays(&world, &format!("key-{number}"), first).await;
    }
}

/// What an account's load costs: 2 calls, and one more with a key once the ring has spilled; 1 unit an entry and 1 a record.
#[tokio::test]
async fn a_full_ring_costs_one_write_unit_more() {
    let world = funded(World::with_feed(false).await).await;
    for number in 0..3 * RING_KEYS_MAX {
        spend(&world, &format!("warm-{number}")).await;
    }
    world.traffic();
    for number in 0..100 * RING_KEYS_MAX {
        spend(&world, &format!("key-{number}")).await;
    }
    let traffic = world.traffic();
    let units = |targets: &[&str]| {
        let of_targets = traffic.iter().filter(|call| targets.contains(&call.target.as_str()));
        of_targets.map(|call| call.units).sum::<f64>() / (100 * RING_KEYS_MAX) as f64
    };
    let writes = units(&["PutItem", "BatchWriteItem"]);
    let reads = units(&["Query", "GetItem"]);
    println!(
        "full ring: {writes} write units and {reads} read units a spend, {} calls",
        traffic.len() / (100 * RING_KEYS_MAX)
    );
    assert!((writes - 2.0).abs() < f64::EPSILON, "{writes}");
    assert!((reads - 2.0).abs() < 0.01, "{reads}");
}

/// With names and remarks as long as callers really use, a full ring leaves an entry within one write unit of 1 KB.
#[tokio::test]
async fn an_entry_with_a_full_ring_fits_one_write_unit() {
    let world = World::with_feed(false).await;
    let account = "4f1e0c9a7b3d4f5e8a6b2c1d0e9f8a7b";
    world.open("USER-Asel-123212412124", "POINT", account).await;
    let body = r#"{"amount": 12500, "channel": "ECOMMERCE", "description": "Order 2026-000123456",
        "referenceId": "7d3c1f52-8a54-4a8e-9a53-1d2f3c4b5a69", "userId": "df89626b1f3e4cad947c4149363d9434",
        "storeId": "0042", "storeName": "Istanbul Airport"}"#;
    for number in 0..2 * RING_KEYS_MAX {
        let answered = world.post(&format!("load/demo-{account}"), Some(&format!("key-{number}")), body).await;
        assert_eq!(answered.status, 200, "{answered:?}");
    }
    let puts: Vec<f64> =
        world.traffic().into_iter().filter(|call| call.target == "PutItem").map(|call| call.units).collect();
    assert!(puts.iter().skip(1).all(|units| *units <= 1.0), "{puts:?}");
}
