//! The tour of `README.md`: its commands, run as they stand there, answer what it says, whatever it is that serves them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const README: &str = include_str!("../README.md");

/// Where the README says that the service is.
const ADDRESS: &str = "http://127.0.0.1:3000";

/// What a command answers: its status, and what its body holds at least.
type Step = (&'static str, u16, Value);

fn steps() -> Vec<Step> {
    vec![
        ("createWallet", 200, json!({ "walletId": "USER-Ada", "title": "Ada", "walletAccounts": [] })),
        ("createAccount", 200, json!({ "accountNumber": "ada-eur", "currency": "EUR", "balance": 0 })),
        ("load", 200, json!({ "balance": 5000 })),
        ("spend", 200, json!({ "balance": 3750, "transaction": { "transactionId": "ada-eur-3" } })),
        ("spend", 200, json!({ "balance": 3750, "transaction": { "transactionId": "ada-eur-3" } })),
        ("spend", 400, json!({ "code": "INSUFFICIENT_BALANCE" })),
        ("refund", 200, json!({ "balance": 4000, "transaction": { "refundedTransactionId": "ada-eur-3" } })),
        ("spend", 200, json!({ "balance": 3300, "transaction": { "transactionId": "ada-eur-5" } })),
        ("cancel", 200, json!({ "balance": 4000, "transaction": { "canceledTransactionId": "ada-eur-5" } })),
        ("load", 200, json!({ "balance": 4300, "transaction": { "expiresAt": "2100-01-01T00:00:00.000Z" } })),
        ("getAccount", 200, json!({ "balance": 4300, "expirations": [{ "amount": 300 }] })),
        (
            "listTransactions",
            200,
            json!({ "total": 7, "transactions": [
                { "sequence": 7, "type": "EARNED", "balance": 4300 },
                { "sequence": 6, "type": "CANCELED", "balance": 4000 },
                { "sequence": 5, "type": "SPENT", "balance": 3300, "canceledBy": "ada-eur-6" },
            ] }),
        ),
        ("listTransactions", 200, json!({ "transactions": [{ "type": "CANCELED" }, { "type": "REFUNDED" }] })),
        ("fix", 200, json!({ "balance": 4280, "transaction": { "type": "FIX", "amount": -20 } })),
        ("updateWallet", 200, json!({ "status": "frozen" })),
        ("spend", 403, json!({ "code": "WALLET_FROZEN" })),
    ]
}

/// Takes the tour in a folder, at a service that `start` starts there: it returns the service, and where it is. The tour
/// ends it by dropping it.
pub(crate) fn take_the_tour<Service>(folder: &Path, start: impl Fn() -> (Service, String)) {
    let (service, base_url) = start();
    let tour = README.split("\n## ").find(|section| section.starts_with("Five minutes\n")).unwrap();
    let commands: Vec<&str> = blocks(tour, "sh").flat_map(str::lines).collect();
    let (calls, preparations): (Vec<&str>, Vec<&str>) =
        commands.into_iter().partition(|command| command.starts_with("call "));
    let preparations = preparations.join("\n");
    assert!(preparations.contains(ADDRESS), "{preparations}");

    let operations: Vec<&str> = calls.iter().map(|call| call["call ".len()..].split('/').next().unwrap()).collect();
    assert_eq!(operations, steps().iter().map(|(operation, _, _)| *operation).collect::<Vec<_>>());
    let mut answers = Vec::new();
    for (call, (_, status, body)) in calls.iter().zip(steps()) {
        let answer = run(folder, &base_url, &preparations, call);
        assert_eq!(answer.status, status, "{call}: {answer:?}");
        assert!(holds(&answer.body, &body), "{call}: {answer:?} does not hold {body}");
        answers.push(answer);
    }

    assert!(tour.contains("Both answer transaction `ada-eur-3` and a balance of 3750"));
    assert!(tour.contains("the second one has the header `idempotent-replayed: true`"));
    let replayed = |answer: &Answer| answer.head.contains("\r\nidempotent-replayed: true\r\n");
    let replays: Vec<usize> = (0..answers.len()).filter(|place| replayed(&answers[*place])).collect();
    assert_eq!(replays, [4], "one is a repeat");
    assert_eq!(answers[4].body, answers[3].body, "the repeat is answered as before");
    let printed: Vec<Value> = blocks(tour, "json").map(|block| serde_json::from_str(block).unwrap()).collect();
    assert_eq!(printed, [answers[5].body.clone()], "the answer that is printed");

    // "Stop `kese`, or kill it, and start it again: everything is still there."
    drop(service);
    let (_service, base_url) = start();
    let again = run(folder, &base_url, &preparations, calls[operations.len() - 1]);
    assert_eq!((again.status, &again.body), (403, &answers[operations.len() - 1].body));
    let account = run(folder, &base_url, &preparations, "call getAccount/demo-ada-eur");
    assert_eq!((&account.body["balance"], &account.body["status"]), (&json!(4280), &json!("frozen")));
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

/// Runs a command in the shell that the README has prepared, in that folder, and at the address that the service has.
fn run(folder: &Path, base_url: &str, preparations: &str, call: &str) -> Answer {
    let script = format!("{preparations}\n{call} -i").replace(ADDRESS, base_url);
    let output = Command::new("bash").current_dir(folder).args(["-euc", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{call}: {said}{}", String::from_utf8_lossy(&output.stderr));
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{call}: {said}"));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: format!("{head}\r\n"),
        body: serde_json::from_str(body).unwrap_or_else(|error| panic!("{call}: {body}: {error}")),
    }
}

/// The blocks of code in that language.
fn blocks<'t>(text: &'t str, language: &'t str) -> impl Iterator<Item = &'t str> {
    let blocks = text.split("\n```").skip(1).step_by(2);
    blocks.filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'))
}

/// Whether `whole` has every member of `part`, and exactly its values.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| holds(whole, part))
        }
        (whole, part) => whole == part,
    }
}
