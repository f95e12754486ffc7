//! What holds whatever was sent: answers are well formed, a refusal has written nothing, and the ledger keeps its laws.

use domain::{Project, ProjectId};
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::Tables;

use crate::STATUSES;
use crate::harness::{APRIL_2025, Answered, Traffic, World};

/// The world that the events of `events/` are about, with their credentials.
///
/// # Panics
/// If it can not be made.
pub async fn world_of_events() -> World {
    let project = Project::new(ProjectId::parse("demo").expect("it is well formed"));
    let world = World::over(Embedded::memory(), project.clone(), Tables::default()).await;
    world.clock.store(APRIL_2025, std::sync::atomic::Ordering::Relaxed);
    world.admit_samples(&project).await;
    world.open("USER-Bermet-300914520871", "KGS", "bermet-kgs").await;
    let loaded = world.post("load/demo-bermet-kgs", None, r#"{"amount": 100000, "channel": "KIOSK"}"#).await;
    assert_eq!(loaded.status, 200);
    let spent = world.post("spend/demo-bermet-kgs", None, r#"{"amount": 3000, "channel": "POS"}"#).await;
    assert_eq!(spent.status, 200);
    world.traffic();
    world
}

/// Whether a call changed anything.
#[must_use]
pub fn is_write(call: &Traffic) -> bool {
    !matches!(call.target.as_str(), "Query" | "GetItem" | "BatchGetItem" | "TransactGetItems")
}

/// An answer has a status that callers know, and the shape that goes with it. A refusal has written nothing.
///
/// # Panics
/// If it is otherwise.
pub fn check_answer(what: &str, answered: &Answered, traffic: &[Traffic], faults: bool) {
    let Answered { status, headers, body } = answered;
    let told = || format!("{what}\n{status} {body}\n{traffic:?}");
    assert!(STATUSES.contains(status) || (faults && matches!(status, 429 | 503)), "{}", told());
    // Where no operation is, no function is asked.
    if body.is_null() && *status == 404 {
        return;
    }
    assert!(headers.contains_key("content-type"), "{}", told());
    let failure = ["code", "errors", "error"].into_iter().any(|member| body.get(member).is_some());
    let failure = failure || body["status"] == false;
    assert!(body.is_object() && failure == (*status != 200), "{}", told());
    assert!(*status == 200 || faults || !traffic.iter().any(is_write), "{}", told());
}

/// Every account keeps the laws; returns how many entries each has.
///
/// # Panics
/// If one does not.
pub async fn check_ledger(world: &World) -> Vec<(String, usize)> {
    let mut chains = Vec::new();
    let mut asked = json!({ "pageSize": 100 });
    loop {
        let page = world.post("listAccounts/demo", None, &asked.to_string()).await;
        assert_eq!(page.status, 200, "{page:?}");
        for account in page.body["accounts"].as_array().expect("a list") {
            let number = account["accountNumber"].as_str().expect("a number");
            let entries = world.chain(number).await;
            let posted = entries.last().map(|entry| entry.transaction.account.lots.posted().minor_units());
            // What has expired since the last entry is posted still, and not available.
            assert!(account["balance"].as_u64() <= posted, "{account} has more than {posted:?}");
            chains.push((number.to_owned(), entries.len()));
        }
        match &page.body["cursor"] {
            Value::Null => return chains,
            cursor => asked["cursor"] = cursor.clone(),
        }
    }
}
