//! Going on by cursor shows everything once, whatever is listed and however it is cut.

use std::collections::BTreeSet;

use crate::harness::World;

/// Every item of a listing, page by page.
async fn all(world: &World, operation: &str, said: &str, name: &str, id: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1_000 {
        let body = format!("{{{said}{cursor}}}");
        let answered = world.post(&format!("{operation}/demo"), None, &body).await;
        assert_eq!(answered.status, 200, "{body}: {answered:?}");
        let items = answered.body[name].as_array().unwrap();
        seen.extend(items.iter().map(|item| item[id].as_str().unwrap().to_owned()));
        let Some(next) = answered.body["cursor"].as_str() else { return seen };
        cursor = format!(r#", "cursor": "{next}""#);
    }
    panic!("the listing never ends");
}

#[tokio::test]
async fn a_cursor_goes_on_where_the_page_ended() {
    let world = World::new().await;
    for number in 0..47 {
        world
            .open(&format!("USER-{number}"), if number % 2 == 0 { "EUR" } else { "USD" }, &format!("card-{number}"))
            .await;
        world.wait_millis(number % 3);
    }
    world.open_in("USER-0", "GBP", "pounds").await;
    for number in 0..60 {
        let account = if number % 2 == 0 { "card-0" } else { "pounds" };
        world.post(&format!("load/demo-{account}"), None, r#"{"amount": 1, "channel": "POS"}"#).await;
        world.wait_millis(number % 2);
    }
    let transactions = |count| ("listTransactions", "transactions", "transactionId", count);
    let accounts = |count| ("listAccounts", "accounts", "accountNumber", count);
    for order in ["asc", "desc"] {
        for size in [1, 7, 20, 100] {
            for ((operation, name, id, count), said) in [
                (transactions(108), ""),
                (transactions(62), r#""walletId": "USER-0", "#),
                (transactions(31), r#""accountNumber": "card-0", "#),
                (transactions(60), r#""filters": [{"type": "LOADED"}], "#),
                (transactions(54), r#""currency": "EUR", "#),
                (accounts(48), ""),
                (accounts(2), r#""walletId": "USER-0", "#),
                (accounts(23), r#""currency": "USD", "#),
            ] {
                let said =
                    format!(r#"{said}"pageSize": {size}, "sorts": [{{"field": "createdAt", "order": "{order}"}}]"#);
                let seen = all(&world, operation, &said, name, id).await;
                let different: BTreeSet<&String> = seen.iter().collect();
                assert_eq!((seen.len(), different.len()), (count, count), "{operation} of {said}");
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    for (operation, said) in [
        ("listTransactions", r#""cursor": "card-1""#),
        ("listTransactions", r#""walletId": "USER-1", "cursor": "1767225600000@card-1""#),
        ("listTransactions", r#""accountNumber": "card", "cursor": "other-1""#),
        ("listTransactions", r#""accountNumber": "card", "cursor": "nonsense""#),
        ("listAccounts", r#""cursor": "card-1""#),
        ("listAccounts", r#""walletId": "USER-1", "cursor": "other-1""#),
    ] {
        let answered = world.post(&format!("{operation}/demo"), None, &format!("{{{said}}}")).await;
        assert_eq!((answered.status, &answered.body["details"]["member"]), (400, &"cursor".into()), "{said}");
    }
}

/// An account is found by what it is now, not by what it was when it was opened.
#[tokio::test]
async fn accounts_are_found_by_their_status() {
    let world = World::new().await;
    world.open("USER-1", "EUR", "card").await;
    world.open("USER-2", "EUR", "other").await;
    world.post("updateWallet/demo", None, r#"{"walletId": "USER-1", "status": "frozen"}"#).await;
    let frozen = all(&world, "listAccounts", r#""filters": [{"type": "frozen"}]"#, "accounts", "accountNumber").await;
    let active = all(&world, "listAccounts", r#""filters": [{"type": "active"}]"#, "accounts", "accountNumber").await;
    assert_eq!((frozen, active), (vec!["card".to_owned()], vec!["other".to_owned()]));
}
