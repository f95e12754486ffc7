//! The log: what a request costs in it, what CloudWatch reads out of it, and that nothing is in it that a caller sent.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use lambda_http::http::Method;
use lambda_http::{Context, RequestExt as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::harness::{Answered, Fault, World, sign};

/// The most bytes that a spend may cost in the log, its part of the metrics included.
const BYTES_MAX: usize = 250;

/// What API Gateway and Lambda call a request.
const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";
const TRACE: &str = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a1b2c3d4:0";

/// Calls a function as Lambda does, with that id of the request; what it logged, and the id that the caller was told.
async fn invoke(world: &World, request_id: &str, path: &str, body: &str) -> (Vec<String>, String) {
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "x-api-key": world.key },
        "requestContext": {
            "stage": "$default",
            "requestId": request_id,
            "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
        },
        "body": body,
        "isBase64Encoded": false,
    });
    let mut context = Context::default();
    context.xray_trace_id = Some(TRACE.to_owned());
    let request = lambda_http::request::from_str(&event.to_string()).unwrap().with_lambda_context(context);
    let response = world.app.handle(&functions::spend::OPERATION, request).await;
    let told = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    (world.logged(), told)
}

#[tokio::test]
async fn a_spend_costs_few_bytes_of_log() {
    let mut world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    world.post("load/demo-card", None, r#"{"amount": 1000000, "channel": "POS"}"#).await;
    world.logged();
    // Below the bound for callers who come closer than a minute apart; alone, each pays for a line of metrics of its own.
    for (apart, requests, bytes_max) in [(50, 400, BYTES_MAX), (1_000, 240, BYTES_MAX), (61_000, 5, 2 * BYTES_MAX)] {
        world.restart_in("kese-prod");
        let mut logged = Vec::new();
        for _ in 0..requests {
            world.wait_millis(apart);
            let body = r#"{"amount": 1, "channel": "POS"}"#;
            logged.extend(invoke(&world, REQUEST_ID, "/CALL/WalletAPI/spend/demo-card", body).await.0);
        }
        world.app.flush();
        logged.extend(world.logged());
        let (metrics, lines): (Vec<_>, Vec<_>) = logged.iter().partition(|line| line.contains("_aws"));
        let line = lines.iter().max_by_key(|line| line.len()).unwrap();
        let bytes = |lines: &[&String]| lines.iter().map(|line| line.len() + 1).sum::<usize>();
        let each = bytes(&metrics).div_ceil(requests);
        println!("{requests} spends, {apart} ms apart: {} bytes a line, {each} bytes of metrics each", line.len());
        println!("  {line}\n  {}", metrics[0]);
        assert_eq!(lines.len(), requests, "one line each");
        assert!(line.contains(r#""code":"OK""#) && line.contains(r#""trace":"1-"#) && line.contains(r#""wru":2"#));
        assert!(line.len() <= BYTES_MAX);
        assert!((bytes(&lines) + bytes(&metrics)).div_ceil(requests) <= bytes_max);
        let told = metrics.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["count"].as_u64().unwrap());
        assert_eq!(told.sum::<u64>(), requests as u64, "every spend is counted once");
    }
}

#[tokio::test(start_paused = true)]
async fn the_metrics_say_how_requests_ended() {
    let mut world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    world.post("load/demo-card", None, r#"{"amount": 1000, "channel": "POS"}"#).await;
    world.logged();
    world.restart_in("kese-test");
    let body = r#"{"amount": 1, "channel": "POS"}"#;
    let much = r#"{"amount": 5000, "channel": "POS"}"#;
    for (key, body) in [(Some("k"), body), (Some("k"), body), (None, body), (None, much), (None, much), (None, "{")] {
        world.post("spend/demo-card", key, body).await;
    }
    world.post("load/demo-card", None, body).await;
    (0..100).for_each(|_| world.fault("PutItem", Fault::Conflict));
    assert_eq!(world.post("spend/demo-card", None, body).await.status, 429);
    world.heal();
    // Until what it met is forgotten.
    tokio::time::sleep(Duration::from_mins(1)).await;
    (0..100).for_each(|_| world.fault("Query", Fault::LoseRequest));
    assert_eq!(world.post("spend/demo-card", None, body).await.status, 503);
    world.app.flush();

    let mut sums: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in world.logged().iter().filter(|line| line.contains("_aws")) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["stack"], "kese-test");
        let of = line.get("operation").or(line.get("code")).unwrap().as_str().unwrap();
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            let value = &line[name];
            let value = value.as_array().map_or_else(|| value.as_u64().unwrap(), |values| values.len() as u64);
            *sums.entry((of.to_owned(), name.to_owned())).or_default() += value;
        }
    }
    let sums: Vec<_> = sums.iter().map(|((of, name), sum)| (of.as_str(), name.as_str(), *sum)).collect();
    let expected = [
        ("INSUFFICIENT_BALANCE", "refused", 2),
        ("INVALID_REQUEST", "refused", 1),
        ("load", "count", 1),
        ("load", "latency", 1),
        ("spend", "busy", 1),
        ("spend", "count", 8),
        ("spend", "failed", 1),
        ("spend", "latency", 8),
        ("spend", "refused", 3),
        ("spend", "replayed", 1),
    ];
    assert_eq!(sums, expected);
}

#[tokio::test]
async fn no_id_of_a_request_breaks_a_line() {
    let mut world = World::new().await;
    world.restart_in("kese-test");
    let long = "x".repeat(100_000);
    for id in [
        "",
        "a\nb",
        "a\r\n{\"code\":\"OK\"}",
        "a\u{0}b",
        "\u{1b}[2J",
        "a\",\"code\":\"OK",
        "\u{2028}",
        "ada@x.y",
        &long,
    ] {
        let (logged, told) = invoke(&world, id, "/CALL/WalletAPI/spend/demo\n-card", "{\n}").await;
        let line = &logged[0];
        assert!(line.len() <= BYTES_MAX && !line.contains(|letter: char| letter.is_control()), "{line}");
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["requestId"], told.as_str(), "the caller is told the same");
        assert!(told.len() == 32 && told.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
    }
}

/// A panic may quote what a caller sent. This one is of the runtime, which does not find its environment.
#[test]
fn a_panic_says_only_where_it_was() {
    let mut function = Command::new(env!("CARGO_BIN_EXE_spend"));
    function
        .env_clear()
        .stdin(Stdio::null())
        .envs([("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_DYNAMODB", "http://[::1]:1")])
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
    let ended = function.output().unwrap();
    assert!(!ended.status.success());
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((said.lines().count(), ended.stdout.len()), (1, 0), "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["code"], "PANIC");
    assert!(said["at"].as_str().unwrap().contains(".rs:"), "{said}");
    assert_eq!(said.as_object().unwrap().len(), 2, "{said}");
}

/// What a caller may send in one place or another; each is in no log. Those in words have the word in common.
const CANARIES: &[&str] = &[
    WALLET, ACCOUNT, CUSTOMER, KEY, PHONE, EMAIL, PERSON, TITLE, USER, EDITOR, CHANNEL, REMARK, REFERENCE, STORE, SHOP,
    EXTRA, GROUP, SECRET, WRONG, OTHER,
];
const WORD: &str = "canary";
const WALLET: &str = "USER-Canary-996555123456";
const ACCOUNT: &str = "996700987654";
const CUSTOMER: &str = "CUSTOMER-Canary-4916012345678";
const KEY: &str = "order/canary;4711?";
const PHONE: &str = "+855044946043";
const EMAIL: &str = "canary.bird@example.com";
const PERSON: &str = "Zo\u{eb} \"Canary\" \\ O'Neil";
const TITLE: &str = "Canary's <purse>";
const USER: &str = "user 300914520871 canary";
const EDITOR: &str = "editor=canary&more";
const CHANNEL: &str = "CANARY POS";
const REMARK: &str = "Paid by canary\nin \u{41a}\u{438}\u{440}\u{433}\u{438}\u{437}\u{438}\u{44f}";
const REFERENCE: &str = "canary%2Freference";
const STORE: &str = "store-canary-17";
const SHOP: &str = "Canary & Sons";
const EXTRA: &str = "\u{1f424} canary extra";
const GROUP: &str = "group-canary";
const SECRET: &str = "0123456789abcdefcanary0123456789abcdefcanary";
const WRONG: &str = "wrong-canary";
const OTHER: &str = "canaryproject";

/// A request: whose dialect's credentials go with it, and what else.
type Sent = (Method, String, Option<&'static str>, String);

/// Requests of every dialect with canaries in all that a caller can say: well formed ones, in an order in which they
/// succeed, and others that do not.
fn requests() -> Vec<Sent> {
    let remarks = json!({
        "channel": CHANNEL, "description": REMARK, "referenceId": REFERENCE, "userId": USER, "storeId": STORE,
        "storeName": SHOP, "additionalData": { EXTRA: PERSON, "phone": PHONE, "email": EMAIL },
    });
    let with = |members: Value| {
        let mut body = remarks.clone();
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let mircate = |operation: &str, account: &str, key, body: Value| {
        (Method::POST, format!("/CALL/WalletAPI/{operation}/demo{account}"), key, body.to_string())
    };
    let own = format!("-{ACCOUNT}");
    let url = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let wallet = json!({
        "walletId": WALLET, "status": "active", "title": TITLE, "userId": USER, "updatedBy": EDITOR,
        "updatedAt": "2026-01-01T00:00:00Z", "email": EMAIL, "phone": PHONE, "name": PERSON,
    });
    let account = json!({ "walletId": WALLET, "currency": "EUR", "accountNumber": ACCOUNT, "title": TITLE });
    let liquido = json!({
        "phoneNumber": PHONE, "name": PERSON, "country": "CO", "currency": "COP", "groupId": GROUP, "idempotencyKey": KEY,
    });
    let paycombat = json!({
        "customer_id": CUSTOMER, "currency": "KRW", "currency_list": ["USD"], "description": REMARK,
        "webhook_url": "https://example.com/canary?secret=canary",
    });
    let post = |path: &str, body: Value| (Method::POST, path.to_owned(), None, body.to_string());
    let get = |path: String| (Method::GET, path, None, String::new());
    vec![
        mircate("createWallet", "", Some(KEY), wallet.clone()),
        mircate("createAccount", "", None, account.clone()),
        mircate("load", &own, Some(KEY), with(json!({ "amount": 1000 }))),
        mircate("spend", &own, Some("spend-canary"), with(json!({ "amount": 300 }))),
        mircate("spend", &own, Some("spend-canary"), with(json!({ "amount": 300 }))),
        mircate("refund", &own, None, with(json!({ "transactionId": format!("{ACCOUNT}-3"), "amount": 100 }))),
        mircate("cancel", &own, None, with(json!({ "transactionId": format!("{ACCOUNT}-2") }))),
        mircate("fix", &own, None, with(json!({ "amount": 5 }))),
        mircate("getAccount", "", None, json!({ "walletId": WALLET, "currency": "EUR" })),
        get(format!("/CALL/WalletAPI/getWallet/demo?walletId={WALLET}")),
        get(format!("/CALL/WalletAPI/listTransactions/demo-{ACCOUNT}?cursor={}", url(WRONG))),
        mircate("listTransactions", &own, None, json!({ "filters": [{ "search": "canary" }] })),
        mircate("updateWallet", "", None, json!({ "walletId": WALLET, "status": "frozen", "updatedBy": EDITOR })),
        (Method::POST, "/v1/accounts/wallet".to_owned(), None, liquido.to_string()),
        get(format!("/v1/accounts/wallet?idempotencyKey={}", url(KEY))),
        (Method::POST, "/wallet/create".to_owned(), Some(KEY), paycombat.to_string()),
        get("/wallet".to_owned()),
        // Refused by the rules.
        mircate("spend", &own, None, with(json!({ "amount": 1 }))),
        mircate("spend", &own, Some(KEY), with(json!({ "amount": 2 }))),
        mircate("load", &own, Some(KEY), with(json!({ "amount": 2 }))),
        mircate("createWallet", "", None, json!({ "walletId": WALLET, "title": "Another canary" })),
        mircate("createAccount", "", None, account),
        mircate("load", "-nobody-canary", None, with(json!({ "amount": 1 }))),
        mircate("refund", &own, None, json!({ "transactionId": format!("{ACCOUNT}-99") })),
        get(format!("/v1/accounts/wallet/{}", url(WRONG))),
        get(format!("/wallet/{}", url(WRONG))),
        // Not what the contract says.
        mircate("spend", &own, Some("a canary key with spaces"), with(json!({ "amount": 1 }))),
        mircate("spend", &own, None, with(json!({ "amount": PERSON }))),
        mircate("load", &own, None, with(json!({ "amount": 1, "type": "CANARY" }))),
        mircate("load", &own, None, with(json!({ "amount": 1, "expiresAt": EMAIL }))),
        mircate("createWallet", "", None, json!({ "walletId": EMAIL })),
        mircate("createAccount", "", None, json!({ "walletId": WALLET, "currency": "canary" })),
        mircate("getAccount", &format!("-{}", url(EMAIL)), None, json!({})),
        mircate("spend", &own, None, json!(format!("{PERSON} {EMAIL}"))),
        mircate("spend", &own, None, json!({ "channel": "canary".repeat(5_000) })),
        (
            Method::POST,
            format!("/CALL/WalletAPI/spend/demo-{ACCOUNT}"),
            None,
            format!("{{\"canary\": {PERSON} {EMAIL}"),
        ),
        (Method::POST, format!("/CALL/WalletAPI/spend/{OTHER}-{ACCOUNT}"), None, remarks.to_string()),
        post(
            "/v1/accounts/wallet",
            json!({ "phoneNumber": EMAIL, "name": PERSON, "country": WRONG, "currency": "canary" }),
        ),
        post("/wallet/create", json!({ "customer_id": EMAIL, "currency": PERSON, "currency_list": "canary" })),
        post(
            "/wallet/create",
            json!({ "customer_id": CUSTOMER, "currency": "EUR", "currency_list": [], "webhook_url": EMAIL }),
        ),
    ]
}

async fn send(world: &World, (method, path, key, body): &Sent) -> Answered {
    world.wait_millis(1);
    world.call(method.clone(), path, *key, body).await
}

/// Everything that nobody lets in, and what they tried to get in with.
async fn knock(world: &World) -> Vec<String> {
    let forged = api::ApiKey::mint("canary", *b"a canary", [9; 24]).reveal();
    let basic = aws_smithy_types::base64::encode(format!("{WRONG}:{SECRET}"));
    let form = |id: &str, secret: &str| format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let signature = sign(SECRET, b"{}");
    for (path, headers, body) in [
        ("/oauth/token", vec![("authorization", format!("Basic {basic}"))], "grant_type=client_credentials".to_owned()),
        ("/oauth/token", vec![], form(WRONG, SECRET)),
        ("/oauth/token", vec![], form(&world.client.0, SECRET)),
        ("/oauth/token", vec![], format!("{SECRET}={PERSON}&{EMAIL}")),
        ("/CALL/WalletAPI/spend/demo-1", vec![("x-api-key", SECRET.to_owned())], EMAIL.to_owned()),
        (
            "/CALL/WalletAPI/spend/demo-1",
            vec![("x-api-key", forged.clone()), ("cookie", EMAIL.to_owned())],
            String::new(),
        ),
        ("/CALL/WalletAPI/spend/demo-1", vec![("x-amzn-trace-id", EMAIL.to_owned())], String::new()),
        (
            "/v1/accounts/wallet",
            vec![("authorization", format!("Bearer {SECRET}")), ("x-api-key", world.key.clone())],
            String::new(),
        ),
        ("/wallet/create", vec![("x-token", world.token.0.clone()), ("signature", signature.clone())], "{}".to_owned()),
        ("/wallet/create", vec![("x-token", SECRET.to_owned()), ("user-agent", EMAIL.to_owned())], "{}".to_owned()),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        let answered = world.send(Method::POST, path, &all, body.as_bytes()).await;
        assert!(matches!(answered.status, 400 | 401 | 403), "{path}: {answered:?}");
    }
    vec![forged, basic, signature]
}

#[tokio::test(start_paused = true)]
async fn nothing_that_a_caller_sends_is_in_a_log() {
    const READS: &[&str] = &["Query", "GetItem", "BatchGetItem"];
    const WRITES: &[&str] = &["PutItem", "TransactWriteItems"];
    let mut log = Vec::new();
    let mut secrets = Vec::new();
    for (fault, targets) in [
        (Fault::LoseRequest, &[][..]),
        (Fault::Refuse, READS),
        (Fault::Throttle, READS),
        (Fault::LoseAnswer, READS),
        (Fault::Refuse, WRITES),
        (Fault::FailAfter, WRITES),
        (Fault::LoseAnswer, WRITES),
        (Fault::Conflict, WRITES),
    ] {
        let mut world = World::new().await;
        world.restart_in("kese-test");
        // From here on the instance knows who is calling, so that what goes wrong goes wrong further in.
        for path in ["/CALL/WalletAPI/getWallet/demo?walletId=x", "/v1/accounts/wallet/x", "/wallet/x"] {
            assert_eq!(world.call(Method::GET, path, None, "").await.status, 404);
        }
        for request in requests() {
            for target in targets {
                (0..60).for_each(|_| world.fault(target, fault));
            }
            send(&world, &request).await;
            // What failed goes through now, so that the next one finds what it needs.
            world.heal();
            send(&world, &request).await;
        }
        secrets.extend(knock(&world).await);
        let invoked = invoke(&world, EMAIL, &format!("/{PERSON}/{EMAIL}"), SECRET).await.0;
        log.extend(invoked);
        damage(&world).await;
        secrets.extend([&world.key, &world.client.1, &world.token.0, &world.token.1].map(ToOwned::to_owned));
        secrets.extend([&world.key, &world.token.0].map(|key| key.split('_').nth(3).unwrap().to_owned()));
        secrets.push(world.access_token().await);
        world.app.flush();
        log.extend(world.logged());
    }

    for code in
        ["OK", "INSUFFICIENT_BALANCE", "INVALID_REQUEST", "FORBIDDEN", "NOT_FOUND", "UNAVAILABLE", "BUSY", "INTERNAL"]
    {
        assert!(log.iter().any(|line| line.contains(&format!(r#""code":"{code}""#))), "no request ended as {code}");
    }
    let hiding = CANARIES.iter().copied().chain(secrets.iter().map(String::as_str)).chain([WORD]);
    let forms = hiding.flat_map(|secret| forms(secret).into_iter().map(move |form| (secret, form.to_lowercase())));
    let forms: Vec<_> = forms.collect();
    for line in &log {
        let lower = line.to_lowercase();
        for (secret, form) in &forms {
            assert!(!lower.contains(form), "{secret} is in the log as {form}: {line}");
        }
        assert!(!line.contains(|letter: char| letter.is_control()), "{line}");
    }
}

/// What is stored is not what was written, under names that callers gave.
async fn damage(world: &World) {
    let key = json!({ "pk": { "S": format!("demo#A#{ACCOUNT}") }, "sk": { "S": "T#000000000003" } });
    let update = json!({ "TableName": "Ledger", "Key": key, "UpdateExpression": "REMOVE lots" });
    world.wire.answer("UpdateItem", &update);
    let refund = json!({ "transactionId": format!("{ACCOUNT}-3"), "description": REMARK }).to_string();
    let answered = world.post(&format!("refund/demo-{ACCOUNT}"), None, &refund).await;
    assert_eq!((answered.status, &answered.body["code"]), (500, &"INTERNAL".into()));
    let log = world.log.lock().unwrap().iter().rev().find(|line| line.contains("INTERNAL")).cloned().unwrap();
    assert!(log.contains(r#""error":"lots""#), "the log says what of it: {log}");
}

/// A text as it may stand somewhere: as it is, escaped, encoded.
fn forms(text: &str) -> Vec<String> {
    let json = json!(text).to_string();
    let ascii: String = text
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    let url = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        text.to_owned(),
        json[1..json.len() - 1].to_owned(),
        ascii,
        url.replace("%20", "+"),
        url,
        api::credentials::hex(text.as_bytes()),
        format!("{text:?}").trim_matches('"').to_owned(),
    ];
    // In base64, what comes before a text moves it: the middle of each of the three ways is the text's own.
    for before in 0..3 {
        let encoded = aws_smithy_types::base64::encode([vec![b' '; before].as_slice(), text.as_bytes()].concat());
        let encoded = encoded.trim_end_matches('=');
        let own = &encoded[(before * 8).div_ceil(6)..encoded.len() - 1];
        forms.extend([own.to_owned(), own.replace('+', "-").replace('/', "_")]);
    }
    forms
}
