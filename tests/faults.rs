//! Whatever is lost, refused or repeated beneath the SDK: at most one effect without a key, exactly one with it. The clock
//! of the runtime is paused, so that waits and deadlines pass at once.

use std::task::Poll;

use crate::harness::{Answered, Fault, World};

const FAULTS: [Fault; 5] = [Fault::LoseRequest, Fault::LoseAnswer, Fault::Throttle, Fault::FailAfter, Fault::Conflict];

/// Writes that can be repeated, with the calls that they make.
const WRITES: [(&str, &str, &[&str]); 5] = [
    ("load/demo-card", r#"{"amount": 10, "channel": "POS"}"#, &["Query", "PutItem"]),
    ("spend/demo-card", r#"{"amount": 10, "channel": "POS"}"#, &["Query", "PutItem"]),
    ("refund/demo-card", r#"{"transactionId": "card-3"}"#, &["Query", "GetItem", "TransactWriteItems"]),
    ("cancel/demo-card", r#"{"transactionId": "card-3"}"#, &["Query", "GetItem", "TransactWriteItems"]),
    ("updateWallet/demo", r#"{"walletId": "USER-1", "status": "frozen"}"#, &["Query", "GetItem", "TransactWriteItems"]),
];

async fn world() -> World {
    let world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    world.post("load/demo-card", None, r#"{"amount": 1000, "channel": "POS"}"#).await;
    world.post("spend/demo-card", None, r#"{"amount": 100, "channel": "POS"}"#).await;
    world
}

async fn entries(world: &World) -> usize {
    world.chain("card").await.len()
}

#[tokio::test(start_paused = true)]
async fn a_write_with_a_key_happens_once_whatever_is_lost() {
    for (path, body, targets) in WRITES {
        for target in targets {
            for fault in FAULTS {
                for times in [1, 3, 4, 40] {
                    let world = world().await;
                    for _ in 0..times {
                        world.fault(target, fault);
                    }
                    let story = format!("{times} x {fault:?} at {target} of {path}");
                    let first = world.post(path, Some("key"), body).await;
                    assert!(matches!(first.status, 200 | 429 | 503), "{story}: {first:?}");
                    assert_eq!(first.headers.contains_key("retry-after"), first.status != 200);
                    assert!(!first.headers.contains_key("idempotent-replayed"), "{story}: its own write is no replay");
                    assert!(entries(&world).await <= 5 || first.status != 200);
                    let last = until_done(&world, path, body).await;
                    if first.status == 200 {
                        assert_eq!(last.body, first.body, "{story}");
                        assert!(last.headers.contains_key("idempotent-replayed"), "{story}");
                    }
                    assert_eq!(entries(&world).await, 4, "{story}");
                }
            }
        }
    }
}

/// Repeats a request with its key until it is answered. The faults run out.
async fn until_done(world: &World, path: &str, body: &str) -> Answered {
    for _ in 0..400 {
        let answered = world.post(path, Some("key"), body).await;
        if answered.status == 200 {
            return answered;
        }
        assert!(matches!(answered.status, 429 | 503), "{answered:?}");
    }
    panic!("never answered");
}

#[tokio::test(start_paused = true)]
async fn a_write_without_a_key_happens_at_most_once_and_once_if_acknowledged() {
    for (path, body, targets) in WRITES {
        for target in targets {
            for fault in FAULTS {
                for times in [1, 3, 4, 30] {
                    let world = world().await;
                    for _ in 0..times {
                        world.fault(target, fault);
                    }
                    let answered = world.post(path, None, body).await;
                    let entries = entries(&world).await;
                    let story = format!("{times} x {fault:?} at {target} of {path}: {answered:?}");
                    assert!(entries <= 4, "{story}");
                    assert!(answered.status != 200 || entries == 4, "{story}");
                }
            }
        }
    }
}

/// The answer of a put is lost, and before the SDK sends it again somebody else writes the entry after it.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_recognised_under_the_entries_of_others() {
    let world = world().await;
    world.fault("PutItem", Fault::LoseAnswer);
    let body = r#"{"amount": 10, "channel": "POS"}"#;
    let (first, second) =
        tokio::join!(world.post("spend/demo-card", None, body), world.post("load/demo-card", None, body));
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(entries(&world).await, 5);
}

/// A function is killed at every await point; its caller asks again with the same key.
#[tokio::test]
async fn a_killed_function_leaves_all_or_nothing() {
    for (path, body, _) in WRITES {
        for steps in 0.. {
            let world = world().await;
            let mut call = Box::pin(world.post(path, Some("key"), body));
            let mut polls = 0;
            let finished = std::future::poll_fn(|context| match call.as_mut().poll(context) {
                Poll::Ready(answered) => Poll::Ready(Some(answered)),
                Poll::Pending if polls == steps => Poll::Ready(None),
                Poll::Pending => {
                    polls += 1;
                    Poll::Pending
                }
            })
            .await;
            drop(call);
            let answered = world.post(path, Some("key"), body).await;
            assert_eq!(answered.status, 200, "{path} killed after {steps} steps: {answered:?}");
            assert_eq!(entries(&world).await, 4, "{path} killed after {steps} steps");
            if finished.is_some() {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_told_with_a_time_to_come_back() {
    let world = world().await;
    for _ in 0..1_000 {
        world.fault("Query", Fault::LoseRequest);
    }
    let answered = world.post("spend/demo-card", None, r#"{"amount": 1, "channel": "POS"}"#).await;
    assert_eq!((answered.status, &answered.body["code"]), (503, &"UNAVAILABLE".into()));
    assert_eq!(answered.headers["retry-after"], "2");
    let log = world.log.lock().unwrap().last().unwrap().clone();
    assert!(log.contains(r#""error":"timeout""#), "the log has a word for it: {log}");
    assert!(!answered.body.to_string().contains("timeout"), "the caller does not");
}
