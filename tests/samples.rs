//! The samples of `events/`: the world that they meet, the environment of a function that answers them, and whether its
//! answers are those beside the events.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use domain::{AccountNumber, Duration, Project, ProjectId, Timestamp};
use functions::Host;
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::Tables;
use store::due::{Due, What};
use store::webhooks::Endpoint;

use crate::harness::{APRIL_2025, World};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

/// An event of API Gateway, and the answer to it.
#[derive(Debug)]
pub struct Sample {
    /// Its file without the extension: the operation, and what is special about it.
    pub name: String,
    pub event: Value,
    /// What is expected; what is new in every run is there by its shape.
    pub answer: Value,
}

impl Sample {
    /// Those of an operation, in the order in which they are played: `spend`, then `spend.rest`.
    pub fn all(operation: &str) -> Vec<Sample> {
        let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names = files.filter_map(|file| Some(file.strip_suffix(".answer.json")?.to_owned()));
        let mut names: Vec<_> = names.filter(|name| name.split('.').next() == Some(operation)).collect();
        names.sort();
        names.into_iter().map(Sample::read).collect()
    }

    fn read(name: String) -> Sample {
        let file = |extension| {
            let path = format!("{FOLDER}/{name}.{extension}");
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        Sample { event: file("json"), answer: file("answer.json"), name }
    }

    /// Fails unless a function that was sent the event twice gave these answers: the one that was awaited, and the same
    /// again, for what is repeated is done only once.
    pub fn check(&self, first: &Value, second: &Value) {
        let Sample { name, event, answer: expected } = self;
        let (mut first, mut second) = (readable(first), readable(second));
        assert_eq!(blurred(first.clone(), expected), *expected, "the answer to events/{name}.json");
        let has_key = event["headers"].get("idempotency-key").is_some();
        if has_key || event["body"].as_str().is_some_and(|body| body.contains("idempotencyKey")) {
            first["headers"]["idempotent-replayed"] = "true".into();
        }
        // A token tells the second in which it was made.
        if name == "create_token" {
            (first, second) = (blurred(first, expected), blurred(second, expected));
        }
        assert_eq!(second, first, "the answer to events/{name}.json, sent again");
    }
}

/// A function's answer as the files write it: status, headers, and the body as JSON. To a REST API it lists the values of a
/// header, one each here.
pub fn readable(answer: &Value) -> Value {
    let body = answer["body"].as_str().unwrap_or_else(|| panic!("not an answer: {answer}"));
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{answer}: {error}"));
    let mut headers = answer["headers"].as_object().unwrap().clone();
    for (name, values) in answer["multiValueHeaders"].as_object().into_iter().flatten() {
        assert_eq!(values.as_array().map(Vec::len), Some(1), "{name}: {values}");
        headers.insert(name.clone(), values[0].clone());
    }
    json!({ "statusCode": answer["statusCode"], "headers": headers, "body": body })
}

/// An answer in which everything that is new in every run is replaced by its shape, if it has it.
fn blurred(mut answer: Value, expected: &Value) -> Value {
    blur(&mut answer, expected);
    answer
}

fn blur(actual: &mut Value, expected: &Value) {
    if let (Value::Object(actual), Value::Object(expected)) = (&mut *actual, expected) {
        for (name, value) in actual {
            expected.get(name).into_iter().for_each(|expected| blur(value, expected));
        }
    } else if let (Value::Array(actual), Value::Array(expected)) = (&mut *actual, expected) {
        actual.iter_mut().zip(expected).for_each(|(value, expected)| blur(value, expected));
    } else if let (Value::String(text), Value::String(shape)) = (actual, expected) {
        let digits = text.replace(|c: char| c.is_ascii_digit(), "0");
        let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match shape.as_str() {
            "<time>" if digits == "0000-00-00T00:00:00.000Z" => text.clone_from(shape),
            "<id>" if is_id => text.clone_from(shape),
            "<uuid>" if is_uuid => text.clone_from(shape),
            "<token>" if text.starts_with("ket_") => text.clone_from(shape),
            _ => {}
        }
    }
}

/// What a function finds in its environment, but for the address of its runtime.
pub fn environment(aws: SocketAddr) -> [(&'static str, String); 13] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "test".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{aws}")),
        ("LEDGER_TABLE", "Ledger".to_owned()),
        ("CREDENTIALS_TABLE", "Credentials".to_owned()),
        ("EVENTS_TABLE", "Events".to_owned()),
        ("DELIVERIES_QUEUE", format!("http://{aws}/000000000000/Deliveries")),
        ("TRANSACTION_FEED", "on".to_owned()),
        ("STACK", "kese-test".to_owned()),
    ]
}

/// What the samples of the tasks meet besides: somebody who wants events, a wallet with an address of its own, something that
/// has expired, and something that is to be told of.
pub async fn world_of_tasks() -> Embedded {
    let embedded = world(Tables::default()).await;
    let project = Project {
        permanent_keys: true,
        expiry_notice: Some(Duration::days(30)),
        ..Project::new(ProjectId::parse("demo").unwrap())
    };
    let world = World::over(embedded.clone(), project.clone(), Tables::default()).await;
    world.clock.store(APRIL_2025 + 60_000, Ordering::Relaxed);
    let body = r#"{"amount":700,"channel":"CAMPAIGN","expiresAt":"2025-05-01T00:00:00.000Z"}"#;
    let answered = world.post("load/demo-bermet-kgs", None, body).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let answered = world.post("createWallet/demo", None, r#"{"walletId":"USER-Ada"}"#).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    // As a wallet of paycombat has it.
    let key = json!({ "pk": { "S": "demo#W#USER-Ada" }, "sk": { "S": "W" } });
    let mut item = world.wire.answer("GetItem", &json!({ "TableName": "Ledger", "Key": key }))["Item"].clone();
    item["said"] = json!({ "M": { "webhook_url": { "S": "https://kese.invalid/events" } } });
    world.wire.answer("PutItem", &json!({ "TableName": "Ledger", "Item": item }));

    let endpoint = Endpoint {
        id: "ledger".to_owned(),
        url: "https://kese.invalid/events".to_owned(),
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAA".to_owned(),
        types: Vec::new(),
        created: Timestamp(APRIL_2025),
        off: None,
    };
    world.store.put_endpoint(&project.id, &endpoint).await.unwrap();
    let account = AccountNumber::parse("bermet-kgs").unwrap();
    let yesterday = (Host::real().now)().minus(Duration::days(1));
    let due = |what| Due { at: yesterday, project: project.id.clone(), account: account.clone(), what };
    // 2099-12-31T00:00:00Z, as a campaign has it.
    let notice = What::Notice(Timestamp(4_102_358_400_000));
    world.store.put_due(&[due(What::Expiry), due(notice)]).await.unwrap();
    embedded
}

/// The world that all samples share: a wallet with an account that was loaded and spent from, and a gift card that has left
/// its wallet, long ago. The project keeps its keys for ever, so the next entry moves the old ones to records, and the events
/// show that too.
pub async fn world(tables: Tables) -> Embedded {
    let embedded = Embedded::memory();
    let project = Project { permanent_keys: true, ..Project::new(ProjectId::parse("demo").unwrap()) };
    let world = World::over(embedded.clone(), project.clone(), tables).await;
    world.clock.store(APRIL_2025, Ordering::Relaxed);
    world.admit_samples(&project).await;
    for (path, key, body) in [
        (
            "createWallet/demo",
            None,
            r#"{"walletId":"USER-Bermet-300914520871","userId":"300914520871","title":"Bermet"}"#,
        ),
        (
            "createAccount/demo",
            None,
            r#"{"walletId":"USER-Bermet-300914520871","currency":"KGS","accountNumber":"bermet-kgs","title":"Som"}"#,
        ),
        ("load/demo-bermet-kgs", Some("kiosk-17-000412"), r#"{"amount":100000,"channel":"KIOSK"}"#),
        (
            "load/demo-bermet-kgs",
            None,
            r#"{"amount":5000,"channel":"CAMPAIGN","type":"EARNED","expiresAt":"2099-12-31T00:00:00.000Z"}"#,
        ),
        ("spend/demo-bermet-kgs", None, r#"{"amount":3000,"channel":"POS","description":"Groceries"}"#),
        ("createWallet/demo", None, r#"{"walletId":"SHOP-Ala-Too","title":"Ala-Too"}"#),
        (
            "createAccount/demo",
            None,
            r#"{"walletId":"SHOP-Ala-Too","currency":"POINT","accountNumber":"gift-0042","title":"Gift card"}"#,
        ),
        ("load/demo-gift-0042", Some("till-4-000042"), r#"{"amount":2500,"channel":"POS"}"#),
        ("removeAccount/demo", None, r#"{"walletId":"SHOP-Ala-Too","accountNumber":"gift-0042"}"#),
    ] {
        world.wait_millis(1_000);
        let answered = world.post(path, key, body).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.body);
    }
    embedded
}
