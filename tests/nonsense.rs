//! Bad input of every kind: a documented status, a body that names the problem, nothing written, nothing panicking.

use lambda_http::http::Method;
use serde_json::Value;

use crate::harness::{Answered, World, sign};

async fn world() -> World {
    let world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    world.post("load/demo-card", None, r#"{"amount": 1000, "channel": "POS"}"#).await;
    world.traffic();
    world
}

/// The answer is that status and code, its message holds the words, and DynamoDB was not written to.
fn check(world: &World, what: &str, answered: &Answered, status: u16, code: &str, words: &str) {
    let told = format!("{what}: {answered:?}");
    assert_eq!((answered.status, answered.body["code"].as_str()), (status, Some(code)), "{told}");
    assert!(answered.body["message"].as_str().is_some_and(|message| message.contains(words)), "{told}");
    assert!(answered.headers.contains_key("x-request-id"), "{told}");
    let reads = ["Query", "GetItem", "TransactGetItems"];
    let traffic = world.traffic();
    assert!(traffic.iter().all(|call| reads.contains(&call.target.as_str())), "{what} wrote: {traffic:?}");
}

#[tokio::test]
async fn bad_bodies_are_refused_by_the_name_of_the_member() {
    let world = world().await;
    let deep = |levels: usize| {
        format!(r#"{{"amount": 1, "channel": "POS", "x": {}{}}}"#, "[".repeat(levels), "]".repeat(levels))
    };
    let data = |data: &str| format!(r#"{{"amount": 1, "channel": "POS", "additionalData": {data}}}"#);
    let nested = format!("{}1{}", r#"{"a":"#.repeat(9), "}".repeat(9));
    let amount = |amount: &str| format!(r#"{{"amount": {amount}, "channel": "POS"}}"#);
    let cases = [
        ("spend/demo-card", amount("0"), "amount"),
        ("spend/demo-card", amount("-1"), "amount"),
        ("spend/demo-card", amount("1.5"), "amount"),
        ("spend/demo-card", amount("1e2"), "amount"),
        ("spend/demo-card", amount(r#""5""#), "amount"),
        ("spend/demo-card", amount("9007199254740992"), "amount"),
        ("spend/demo-card", amount("18446744073709551616"), "amount"),
        ("spend/demo-card", amount("1e309"), "amount"),
        ("spend/demo-card", amount("null"), "amount"),
        ("spend/demo-card", amount("true"), "amount"),
        ("spend/demo-card", amount("[1]"), "amount"),
        ("spend/demo-card", amount("NaN"), "amount"),
        ("load/demo-card", amount("0"), "amount"),
        ("refund/demo-card", r#"{"transactionId": "card-2", "amount": 0}"#.into(), "amount"),
        ("spend/demo-card", r#"{"channel": "POS"}"#.into(), "amount"),
        ("spend/demo-card", r#"{"amount": 1}"#.into(), "channel"),
        ("spend/demo-card", r#"{"amount": 1, "channel": 5}"#.into(), "channel"),
        ("spend/demo-card", format!(r#"{{"amount": 1, "channel": "{}"}}"#, "x".repeat(257)), "channel"),
        ("spend/demo-card", r#"{"amount": 1, "channel": "POS", "storeId": {}}"#.into(), "storeId"),
        ("spend/demo-card", r#"{"amount": 1, "amount": 2, "channel": "POS"}"#.into(), "amount"),
        ("spend/demo-card", r#"{"amount": 1, "channel": "POS", "x": {"y": 1, "y": 1}}"#.into(), "y"),
        ("spend/demo-card", deep(200), "nested"),
        ("spend/demo-card", deep(5_000), "nested"),
        ("spend/demo-card", data(&nested), "additionalData"),
        ("spend/demo-card", data(&format!(r#""{}""#, "x".repeat(4_096))), "additionalData"),
        ("spend/demo-card", String::new(), "EOF"),
        ("spend/demo-card", "{".into(), "EOF"),
        ("spend/demo-card", "[]".into(), "object"),
        ("spend/demo-card", "null".into(), "object"),
        ("spend/demo-card", r#"{"amount": 1, "channel": "POS"} x"#.into(), "trailing"),
        ("load/demo-card", r#"{"amount": 1, "channel": "POS", "expiresAt": "tomorrow"}"#.into(), "expiresAt"),
        ("load/demo-card", r#"{"amount": 1, "channel": "POS", "expiresAt": "2025-12-31"}"#.into(), "expiresAt"),
        ("load/demo-card", r#"{"amount": 1, "channel": "POS", "type": "SPENT"}"#.into(), "type"),
        ("createWallet/demo", "{}".into(), "walletId"),
        ("createWallet/demo", r#"{"walletId": ""}"#.into(), "walletId"),
        ("createWallet/demo", r#"{"walletId": "a#b"}"#.into(), "walletId"),
        ("createWallet/demo", r#"{"walletId": "a/b"}"#.into(), "walletId"),
        ("createWallet/demo", r#"{"walletId": "a b"}"#.into(), "walletId"),
        ("createWallet/demo", r#"{"walletId": "👛"}"#.into(), "walletId"),
        ("createWallet/demo", format!(r#"{{"walletId": "{}"}}"#, "x".repeat(65)), "walletId"),
        ("createWallet/demo", r#"{"walletId": "w", "status": "closed"}"#.into(), "status"),
        ("createWallet/demo", r#"{"walletId": "w", "status": "happy"}"#.into(), "status"),
        ("createAccount/demo", r#"{"walletId": "USER-1", "currency": "euro"}"#.into(), "currency"),
        (
            "createAccount/demo",
            r##"{"walletId": "USER-1", "currency": "USD", "accountNumber": "#"}"##.into(),
            "accountNumber",
        ),
        ("refund/demo-card", "{}".into(), "transactionId"),
        ("listTransactions/demo-card", r#"{"pageSize": 0}"#.into(), "pageSize"),
        ("listTransactions/demo-card", r#"{"pageSize": 101}"#.into(), "pageSize"),
        ("listTransactions/demo-card", r#"{"from": -1}"#.into(), "from"),
        ("listTransactions/demo-card", r#"{"sorts": [{"field": "amount", "order": "asc"}]}"#.into(), "sorts[0].field"),
        ("spend/demo", r#"{"amount": 1, "channel": "POS"}"#.into(), "accountNumber"),
        ("spend/demo", r#"{"amount": 1, "channel": "POS", "walletId": "USER-1"}"#.into(), "accountNumber"),
    ];
    for (path, body, words) in cases {
        let answered = world.post(path, None, &body).await;
        check(&world, &format!("{path} {body:.80}"), &answered, 400, "INVALID_REQUEST", words);
    }
    assert_eq!(world.chain("card").await.len(), 2);
}

#[tokio::test]
async fn bytes_that_are_no_text_and_too_many_of_them() {
    let world = world().await;
    let headers = [("x-api-key", world.key.as_str())];
    let path = "/CALL/WalletAPI/spend/demo-card";
    let answered = world.send(Method::POST, path, &headers, b"{\"amount\": 1, \"channel\": \"\xff\xfe\"}").await;
    check(&world, "invalid UTF-8", &answered, 400, "INVALID_REQUEST", "channel");
    let long = format!(r#"{{"amount": 1, "channel": "POS", "x": "{}"}}"#, "x".repeat(17 * 1024));
    let answered = world.send(Method::POST, path, &headers, long.as_bytes()).await;
    check(&world, "17 KB", &answered, 413, "BODY_TOO_LARGE", "16384");
    let just = format!(r#"{{"amount": 1, "channel": "POS", "x": "{}"}}"#, "x".repeat(16 * 1024 - 40));
    assert_eq!(just.len(), 16 * 1024);
    let answered = world.send(Method::POST, path, &headers, just.as_bytes()).await;
    assert_eq!(answered.status, 200, "16 KB is not too much: {answered:?}");
}

#[tokio::test]
async fn instances_that_name_nothing() {
    let world = world().await;
    let body = r#"{"amount": 1, "channel": "POS"}"#;
    for instance in ["-", "demo-", "-card", "demo-a%23b", "demo-a%20b", "demo-%F0%9F%91%9B", "de%23mo-card"] {
        let answered = world.post(&format!("spend/{instance}"), None, body).await;
        check(&world, instance, &answered, 400, "INVALID_REQUEST", "instance");
    }
    for instance in ["demo-nobody", "demo-CARD"] {
        let answered = world.post(&format!("spend/{instance}"), None, body).await;
        check(&world, instance, &answered, 404, "NOT_FOUND", "Record Not Found");
    }
    for (method, path) in [
        (Method::POST, "/CALL/WalletAPI/steal/demo-card"),
        (Method::POST, "/CALL/WalletAPI/spend/"),
        (Method::POST, "/CALL/WalletAPI/spend"),
        (Method::POST, "/CALL/WalletAPI/spend/demo/card"),
        (Method::GET, "/CALL/WalletAPI/spend/demo-card"),
        (Method::DELETE, "/CALL/WalletAPI/spend/demo-card"),
        (Method::POST, "/"),
    ] {
        assert!(functions::route(method.as_str(), path).is_none(), "{method} {path} goes nowhere");
    }
}

#[tokio::test]
async fn an_account_must_be_the_one_that_everything_said_about_it_means() {
    let world = world().await;
    world.open("USER-2", "EUR", "other").await;
    world.traffic();
    let with = |members: &str| format!(r#"{{"amount": 1, "channel": "POS", {members}}}"#);
    for (instance, members) in [
        ("demo-card", r#""accountNumber": "other""#),
        ("demo", r#""accountNumber": "card", "walletId": "USER-2""#),
        ("demo", r#""accountNumber": "card", "currency": "USD""#),
        ("demo", r#""walletId": "USER-1", "currency": "USD""#),
        ("demo", r#""walletId": "USER-9", "currency": "EUR""#),
        ("demo-card", r#""walletId": "USER-2""#),
        ("demo-card", r#""walletId": "USER-2", "currency": "EUR""#),
    ] {
        let answered = world.post(&format!("spend/{instance}"), None, &with(members)).await;
        check(&world, &format!("{instance} {members}"), &answered, 404, "NOT_FOUND", "Record Not Found");
    }
    for (instance, members) in [
        ("demo", r#""accountNumber": "card", "walletId": "USER-1", "currency": "EUR""#),
        ("demo", r#""walletId": "USER-1", "currency": "EUR""#),
        ("demo-card", r#""accountNumber": "card""#),
        ("demo-card", r#""walletId": "USER-1""#),
    ] {
        let answered = world.post(&format!("spend/{instance}"), None, &with(members)).await;
        assert_eq!(answered.status, 200, "{instance} {members}: {answered:?}");
    }
}

#[tokio::test]
async fn keys_that_open_nothing() {
    let world = world().await;
    let other = domain::Project::new(domain::ProjectId::parse("other").unwrap());
    let others = world.grant(&other, &["read", "write", "fix", "admin"]).await;
    let reader = world.grant(&world.project, &["read"]).await;
    let secret = world.key.rsplit_once('_').unwrap().0.to_owned();
    let forged = api::ApiKey::mint("test", [9; 8], [7; 24]).reveal();
    let guessed = {
        let id = world.key.split('_').nth(2).unwrap();
        let id = u64::from_str_radix(id, 16).unwrap().to_be_bytes();
        api::ApiKey::mint("test", id, [8; 24]).reveal()
    };
    world.traffic();
    let body = br#"{"amount": 1, "channel": "POS"}"#;
    for (key, words) in [
        (None, "missing"),
        (Some(""), "missing"),
        (Some("nonsense"), "not valid"),
        (Some(secret.as_str()), "not valid"),
        (Some(forged.as_str()), "not valid"),
        (Some(guessed.as_str()), "not valid"),
        (Some(others.as_str()), "not one of this project"),
        (Some(reader.as_str()), "scope write"),
    ] {
        let headers: Vec<_> = key.map(|key| ("x-api-key", key)).into_iter().collect();
        for path in ["/CALL/WalletAPI/spend/demo-card", "/CALL/WalletAPI/spend/demo-nobody"] {
            let answered = world.send(Method::POST, path, &headers, body).await;
            check(&world, &format!("{key:?}"), &answered, 403, "FORBIDDEN", words);
        }
        // Who is not let in learns nothing about the body either.
        let answered = world.send(Method::POST, "/CALL/WalletAPI/spend/demo-card", &headers, &vec![b'x'; 20_000]).await;
        assert_eq!(answered.status, 403, "{answered:?}");
    }
    let logs = world.log.lock().unwrap().join("\n");
    for secret in [world.key.as_str(), others.as_str(), reader.as_str(), forged.as_str()] {
        assert!(!logs.contains(secret), "a key is in the log");
    }
}

#[tokio::test]
async fn idempotency_keys_that_are_none() {
    let world = world().await;
    for key in ["", "with space", &"x".repeat(256), "caf\u{e9}"] {
        let answered = world.post("spend/demo-card", Some(key), r#"{"amount": 1, "channel": "POS"}"#).await;
        check(&world, key, &answered, 400, "INVALID_REQUEST", "Idempotency-Key");
    }
    let answered = world.post("spend/demo-card", Some(&"x".repeat(255)), r#"{"amount": 1, "channel": "POS"}"#).await;
    assert_eq!(answered.status, 200, "{answered:?}");
}

#[tokio::test]
async fn reads_take_their_members_from_the_query_string() {
    let world = world().await;
    let headers = [("x-api-key", world.key.as_str())];
    let get = |path: &'static str| world.send(Method::GET, path, &headers, &[]);
    let wallet = get("/CALL/WalletAPI/getWallet/demo?walletId=USER-1").await;
    assert_eq!((wallet.status, &wallet.body["walletId"]), (200, &Value::from("USER-1")));
    let page = get("/CALL/WalletAPI/listTransactions/demo?accountNumber=card&from=1&pageSize=1").await;
    assert_eq!((page.status, &page.body["size"], &page.body["total"]), (200, &1.into(), &2.into()), "{page:?}");
    let oldest = get("/CALL/WalletAPI/listTransactions/demo-card?sorts=%5B%7B%22field%22:%22createdAt%22,%22order%22:%22asc%22%7D%5D").await;
    assert_eq!(oldest.body["transactions"][0]["type"], "INITIALIZED", "{oldest:?}");
    for path in [
        "/CALL/WalletAPI/listTransactions/demo-card?from=x",
        "/CALL/WalletAPI/listTransactions/demo-card?from=1&from=2",
        "/CALL/WalletAPI/listTransactions/demo-card?from=1.5",
    ] {
        let answered = get(path).await;
        check(&world, path, &answered, 400, "INVALID_REQUEST", "from");
    }
}

/// What is written through paycombat is signed, by the credential's own key, over what is sent or what JavaScript makes of it.
#[tokio::test]
async fn signatures_that_are_none() {
    let world = world().await;
    let path = "/wallet/create";
    let body = r#"{"customer_id": "C", "currency": "EUR", "currency_list": []}"#;
    let (token, key) = world.token.clone();
    let good = sign(&key, body.as_bytes());
    let other = world.grant_token(&world.project, &["write"]).await;
    for (signature, sent) in [
        (None, body),
        (Some(String::new()), body),
        (Some(good.to_uppercase()), body),
        (Some(sign(&other.1, body.as_bytes())), body),
        (Some(good.clone()), r#"{"customer_id": "D", "currency": "EUR", "currency_list": []}"#),
    ] {
        let signature = signature.as_deref().map(|signature| ("signature", signature));
        let headers: Vec<_> = [("x-token", token.as_str())].into_iter().chain(signature).collect();
        world.traffic();
        let answered = world.send(Method::POST, path, &headers, sent.as_bytes()).await;
        assert_eq!((answered.status, &answered.body["status"]), (401, &false.into()), "{signature:?}: {answered:?}");
        assert!(world.traffic().iter().all(|call| call.target == "GetItem"), "nothing but who it is was asked");
    }
    let stringified = sign(&key, br#"{"customer_id":"C","currency":"EUR","currency_list":[]}"#);
    for signature in [good, stringified] {
        let headers = [("x-token", token.as_str()), ("signature", signature.as_str())];
        assert_eq!(world.send(Method::POST, path, &headers, body.as_bytes()).await.status, 200);
    }
}

/// liquido asks for a living access token and a key.
#[tokio::test]
async fn access_tokens_that_are_none() {
    let world = world().await;
    let bearer = format!("Bearer {}", world.access_token().await);
    let (start, seal) = bearer.rsplit_once('_').unwrap();
    let longer = format!("{start}9_{seal}");
    let get = async |authorization: Option<&str>, key: Option<&str>| {
        let authorization = authorization.map(|text| ("authorization", text));
        let headers: Vec<_> = key.map(|key| ("x-api-key", key)).into_iter().chain(authorization).collect();
        world.send(Method::GET, "/v1/accounts/wallet/USER-1", &headers, &[]).await
    };
    let key = world.key.as_str();
    assert_eq!(get(Some(&bearer), Some(key)).await.status, 200);
    for (authorization, key) in [
        (None, Some(key)),
        (Some(bearer.as_str()), None),
        (Some("Bearer"), Some(key)),
        (Some(longer.as_str()), Some(key)),
        (Some(bearer.trim_start_matches("Bearer ")), Some(key)),
    ] {
        let answered = get(authorization, key).await;
        assert_eq!((answered.status, &answered.body["errors"][0]["code"]), (401, &"401".into()), "{answered:?}");
        assert!(answered.headers.contains_key("www-authenticate"));
    }
    world.wait_millis(3_600_001);
    assert_eq!(get(Some(&bearer), Some(key)).await.status, 401, "its hour is over");
}

/// The vendor's clients put their project's own account id into every path and name the account in the body.
#[tokio::test]
async fn a_projects_own_account_id_stands_for_the_account_that_the_body_names() {
    let own_account = Some(domain::AccountNumber::parse("main").unwrap());
    let project = domain::Project { own_account, ..world().await.project };
    let world = World::over(local::embedded::Embedded::memory(), project, store::Tables::default()).await;
    world.open("USER-1", "EUR", "card").await;
    let with = |members: &str| format!(r#"{{"amount": 1, "channel": "POS"{members}}}"#);
    for members in [r#", "accountNumber": "card""#, r#", "walletId": "USER-1", "currency": "EUR""#] {
        let answered = world.post("load/demo-main", None, &with(members)).await;
        assert_eq!(answered.status, 200, "{members}: {answered:?}");
        let answered = world.post("load/demo-another", None, &with(members)).await;
        assert_eq!(answered.status, 404, "{members}: {answered:?}");
    }
    assert_eq!(world.post("load/demo-main", None, &with("")).await.status, 404, "it names no account by itself");
}
