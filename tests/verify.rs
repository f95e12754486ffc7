//! Verification: nothing is wrong with what the service writes, while it writes too; and whatever else is done to the table
//! is found, told where it is, and put right where the chain says how.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{AccountNumber, Project, ProjectId, Seq, Timestamp};
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::{Finding, Head, Meter, RING_KEYS_MAX, Report, Tables, Verifier};

use crate::harness::World;

const HOUR: u64 = 3_600_000;

/// A world in which everything has happened that can.
async fn lived_in(world: World) -> World {
    let call = async |path: &str, key: Option<&str>, body: Value| {
        let answered = world.post(path, key, &body.to_string()).await;
        assert_eq!(answered.status, 200, "{path}: {answered:?}");
        world.wait_millis(1_000);
        answered.body["transaction"]["transactionId"].as_str().unwrap_or_default().to_owned()
    };
    let expiry = |hours: u64| {
        let at = world.clock.load(Ordering::Relaxed) + hours * HOUR;
        let at = time::OffsetDateTime::from_unix_timestamp((at / 1_000).cast_signed()).unwrap();
        at.format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    world.open("USER-1", "EUR", "card").await;
    world.open_in("USER-1", "POINT", "points").await;
    let answered = world.post("createWallet/demo", Some("make"), r#"{"walletId": "USER-2"}"#).await;
    assert_eq!(answered.status, 200);
    world.open_in("USER-2", "EUR", "gift").await;
    world.open("USER-3", "EUR", "over").await;

    call("load/demo-card", Some("l"), json!({ "amount": 5000, "channel": "POS", "description": "Cash" })).await;
    call("load/demo-card", None, json!({ "amount": 300, "channel": "POS", "expiresAt": expiry(2) })).await;
    call("load/demo-card", None, json!({ "amount": 400, "channel": "POS", "expiresAt": expiry(5) })).await;
    let points = json!({ "amount": 70, "channel": "POS", "type": "EARNED", "expiresAt": expiry(3) });
    call("load/demo-points", None, points).await;
    let parts = call("spend/demo-card", Some("s"), json!({ "amount": 900, "channel": "POS" })).await;
    let whole = call("spend/demo-card", None, json!({ "amount": 20, "channel": "POS" })).await;
    let undone = call("spend/demo-card", None, json!({ "amount": 30, "channel": "POS" })).await;
    let load = call("load/demo-card", None, json!({ "amount": 60, "channel": "POS" })).await;
    call("refund/demo-card", Some("r"), json!({ "transactionId": parts, "amount": 250 })).await;
    call("refund/demo-card", None, json!({ "transactionId": whole })).await;
    call("cancel/demo-card", None, json!({ "transactionId": undone })).await;
    call("cancel/demo-card", None, json!({ "transactionId": load })).await;
    world.wait_millis(4 * HOUR);
    // The lot of two hours has ended: the value lives on. That of the points is booked off.
    call("refund/demo-card", None, json!({ "transactionId": parts, "amount": 650 })).await;
    call("fix/demo-points", None, json!({ "amount": 15, "description": "Counted" })).await;
    call("fix/demo-points", None, json!({ "balance": 4, "description": "Counted" })).await;
    call("fix/demo-points", None, json!({ "balance": 4, "description": "Counted" })).await;
    for number in 0..3 * RING_KEYS_MAX {
        call("spend/demo-card", Some(&format!("key-{number}")), json!({ "amount": 1, "channel": "POS" })).await;
    }
    call("load/demo-gift", None, json!({ "amount": 25, "channel": "POS" })).await;
    call("removeAccount/demo", None, json!({ "walletId": "USER-2", "accountNumber": "gift" })).await;
    call("spend/demo-gift", Some("alone"), json!({ "amount": 5, "channel": "POS" })).await;
    call("updateWallet/demo", Some("freeze"), json!({ "walletId": "USER-2", "status": "frozen" })).await;
    call("addAccount/demo", None, json!({ "walletId": "USER-2", "accountNumber": "gift" })).await;
    call("load/demo-gift", None, json!({ "amount": 5, "channel": "POS" })).await;
    call("updateWallet/demo", None, json!({ "walletId": "USER-2", "status": "active" })).await;
    call("updateWallet/demo", None, json!({ "walletId": "USER-2", "status": "frozen", "title": "Lost" })).await;
    call("updateWallet/demo", None, json!({ "walletId": "USER-3", "status": "closed" })).await;
    world
}

async fn world() -> World {
    lived_in(World::new().await).await
}

fn verifier(world: &World) -> Verifier {
    world.store.verifier(Timestamp(world.clock.load(Ordering::Relaxed)), false, None)
}

async fn verified(world: &World) -> Report {
    verifier(world).everything().await.unwrap()
}

/// Every finding as where it is and what it is: `demo entry card-3: hash`.
fn told(report: &Report) -> BTreeSet<String> {
    let line = |finding: &Finding| {
        let value = serde_json::to_value(finding).unwrap();
        let what = value["rule"].as_str().or(value["attribute"].as_str()).map(|more| format!(" {more}"));
        format!("{}: {}{}", finding.subject, value["finding"].as_str().unwrap(), what.unwrap_or_default())
    };
    report.findings.iter().map(line).collect()
}

async fn finds(world: &World, expected: &[&str]) -> Report {
    let report = verified(world).await;
    assert_eq!(told(&report), expected.iter().map(|line| (*line).to_owned()).collect(), "{:#?}", report.findings);
    report
}

/// Every item of the ledger.
fn items(world: &World) -> Vec<Value> {
    let mut items = Vec::new();
    let mut request = json!({ "TableName": "Ledger" });
    loop {
        let page = world.wire.answer("Scan", &request);
        items.extend(page["Items"].as_array().unwrap().iter().cloned());
        match page.get("LastEvaluatedKey") {
            None => return items,
            Some(key) => request["ExclusiveStartKey"] = key.clone(),
        }
    }
}

fn item(world: &World, pk: &str, sk: &str) -> Value {
    let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
    world.wire.answer("GetItem", &json!({ "TableName": "Ledger", "Key": key }))["Item"].clone()
}

fn entry(world: &World, account: &str, seq: u64) -> Value {
    let entry = item(world, &format!("demo#A#{account}"), &format!("T#{seq:012}"));
    assert!(entry.is_object(), "no entry {account}-{seq}");
    entry
}

/// The numbers of the entries of a kind.
fn of_kind(world: &World, account: &str, kind: &str) -> Vec<u64> {
    let pk = format!("demo#A#{account}");
    let items = items(world);
    let of_kind = items.iter().filter(|item| item["pk"]["S"] == pk.as_str() && item["kind"]["S"] == kind);
    of_kind.map(|item| item["sk"]["S"].as_str().unwrap()[2..].parse().unwrap()).collect()
}

fn put(world: &World, item: &Value) {
    world.wire.answer("PutItem", &json!({ "TableName": "Ledger", "Item": item }));
}

fn remove(world: &World, item: &Value) {
    let request = json!([{ "DeleteRequest": { "Key": { "pk": item["pk"], "sk": item["sk"] } } }]);
    world.wire.answer("BatchWriteItem", &json!({ "RequestItems": { "Ledger": request } }));
}

/// Changes one item, and returns what it was.
fn change(world: &World, item: Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut changed = item.clone();
    change(&mut changed);
    put(world, &changed);
    item
}

/// Computes the hashes of the entries from `from` on again, as somebody would who knows how.
async fn rehash(world: &World, account: &str, from: u64, through: u64) {
    let meter = Meter::default();
    let deadline = tokio::time::Instant::now();
    let session = world.store.session(&world.project, Timestamp(0), 0, deadline, &meter);
    for seq in from..=through {
        if seq > 1 {
            let before = entry(world, account, seq - 1)["hash"].clone();
            change(world, entry(world, account, seq), |entry| entry["prev"] = before);
        }
        let number = AccountNumber::parse(account).unwrap();
        let read = session.entry(&number, Seq::new(seq).unwrap()).await.unwrap().unwrap();
        let hash = aws_smithy_types::base64::encode(read.expected_hash(&world.project.id).0);
        change(world, entry(world, account, seq), |entry| entry["hash"] = json!({ "B": hash }));
    }
}

async fn newest(world: &World, account: &str) -> u64 {
    world.chain(account).await.len() as u64
}

#[tokio::test(start_paused = true)]
async fn nothing_is_wrong_with_what_the_service_writes() {
    for (feed, permanent_keys) in [(true, false), (false, false), (true, true)] {
        let project = Project { permanent_keys, ..Project::new(ProjectId::parse("demo").unwrap()) };
        let world = World::over(Embedded::memory(), project, Tables { feed, ..Tables::default() }).await;
        let world = lived_in(world).await;
        let kinds: BTreeSet<_> =
            items(&world).iter().filter_map(|item| item["kind"]["S"].as_str().map(str::to_owned)).collect();
        assert_eq!(kinds.len(), 13, "every kind of entry: {kinds:?}");
        let report = finds(&world, &[]).await;
        let entries = items(&world).iter().filter(|item| item.get("kind").is_some()).count() as u64;
        assert_eq!((report.accounts, report.entries, report.wallets), (4, entries, 3));
        assert!(report.keys > u64::try_from(RING_KEYS_MAX).unwrap(), "{}", report.keys);
        assert_eq!(report.heads.len(), 4);
        // A day and more later, keys have ended; those of some projects never do.
        world.wait_millis(30 * HOUR);
        world.post("spend/demo-card", Some("late"), r#"{"amount": 1, "channel": "POS"}"#).await;
        finds(&world, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_wrong_while_it_is_written() {
    let world = Arc::new(world().await);
    let done = Arc::new(AtomicBool::new(false));
    let spent = world.post("spend/demo-card", None, r#"{"amount": 500, "channel": "POS"}"#).await;
    let spent = spent.body["transaction"]["transactionId"].as_str().unwrap().to_owned();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (world, done, spent) = (Arc::clone(&world), Arc::clone(&done), spent.clone());
            tokio::spawn(async move {
                let mut written = 0;
                while !done.load(Ordering::Relaxed) {
                    let key = format!("writer-{writer}-{written}");
                    let body = r#"{"amount": 1, "channel": "POS"}"#;
                    let one = world.post("spend/demo-card", Some(&key), body).await;
                    let id = one.body["transaction"]["transactionId"].as_str().unwrap_or_default().to_owned();
                    let undo = json!({ "transactionId": id }).to_string();
                    world.post("cancel/demo-card", None, &undo).await;
                    let refund = json!({ "transactionId": spent, "amount": 1 }).to_string();
                    world.post("refund/demo-card", Some(&format!("{key}-r")), &refund).await;
                    let status = if writer % 2 == 0 { "active" } else { "frozen" };
                    let body = json!({ "walletId": "USER-2", "status": status }).to_string();
                    world.post("updateWallet/demo", None, &body).await;
                    world.wait_millis(10);
                    written += 1;
                }
                written
            })
        })
        .collect();
    let before = items(&world).len();
    for _ in 0..4 {
        finds(&world, &[]).await;
    }
    // Slowly and in small pages, so that much is written between reading an original and what was refunded of it.
    for _ in 0..2 {
        let now = Timestamp(world.clock.load(Ordering::Relaxed));
        let report = world.store.verifier(now, false, Some(40)).everything().await.unwrap();
        assert_eq!(told(&report), BTreeSet::new());
    }
    done.store(true, Ordering::Relaxed);
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap();
    }
    assert!(written > 8 && items(&world).len() > before + 8, "written meanwhile: {written}");
    finds(&world, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_entry_is_found_by_its_hash() {
    let world = world().await;
    let mut was = change(&world, entry(&world, "card", 2), |entry| entry["descr"]["S"] = "Gift".into());
    finds(&world, &["demo entry card-2: hash"]).await;
    put(&world, &was);
    was = change(&world, entry(&world, "card", 2), |entry| entry["moves"]["M"]["never"]["N"] = "6000".into());
    let expected = ["demo entry card-2: hash", "demo entry card-2: balance", "demo entry card-2: attribute amount"];
    finds(&world, &expected).await;
    put(&world, &was);
    was = change(&world, entry(&world, "card", 2), |entry| {
        entry["lots"]["M"]["never"]["N"] = "6000".into();
        entry["posted"]["N"] = "6000".into();
    });
    let report = verified(&world).await;
    assert!(
        told(&report).is_superset(&["demo entry card-2: hash", "demo entry card-2: balance"].map(str::to_owned).into())
    );
    assert!(report.findings.iter().all(|finding| !finding.can_be_repaired()));
    put(&world, &was);
    // What a person reads in the table, and nothing else rests on.
    was = change(&world, entry(&world, "card", 2), |entry| entry["posted"]["N"] = "6000".into());
    finds(&world, &["demo entry card-2: attribute posted"]).await;
    put(&world, &was);
    was = change(&world, entry(&world, "card", 2), |entry| entry["at"]["N"] = "1".into());
    // The ring and the record of its key remember when it was.
    let at = ["card-2: hash", "card-2: time", "card-2: keyRecord", "card-3: ring"].map(|at| format!("demo entry {at}"));
    finds(&world, &at.each_ref().map(String::as_str)).await;
    put(&world, &was);
    finds(&world, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_hashed_anew_is_found_by_the_next_one() {
    let world = world().await;
    let newest = newest(&world, "card").await;
    let spent = of_kind(&world, "card", "SPENT")[10];
    change(&world, entry(&world, "card", spent), |entry| entry["channel"]["S"] = "WEB".into());
    rehash(&world, "card", spent, spent).await;
    finds(&world, &[&format!("demo entry card-{}: link", spent + 1)]).await;
    // Only what was seen of it elsewhere tells when everything after it is hashed anew, too.
    let head = |hash| Head {
        project: world.project.id.clone(),
        account: AccountNumber::parse("card").unwrap(),
        seq: Seq::new(newest).unwrap(),
        hash,
    };
    rehash(&world, "card", spent, newest).await;
    let forged = finds(&world, &[]).await;
    let forged = forged.heads.iter().find(|head| head.account.as_str() == "card").unwrap().hash;
    let project = verifier(&world).project(&world.project.id).await;
    let seen_after = verifier(&world).account(&project, &head(forged).account, Some(&head(forged))).await.unwrap();
    assert_eq!(told(&seen_after), BTreeSet::new());
    let before = store::Hash::parse(&"ab".repeat(32)).unwrap();
    let seen_before = verifier(&world).account(&project, &head(before).account, Some(&head(before))).await.unwrap();
    assert_eq!(told(&seen_before), [format!("demo entry card-{newest}: rewritten")].into());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_entry_is_found() {
    let world = world().await;
    let first = entry(&world, "points", 1);
    remove(&world, &first);
    finds(&world, &["demo entry points-1: missing"]).await;
    put(&world, &first);
    let middle = entry(&world, "card", 30);
    remove(&world, &middle);
    assert!(told(&verified(&world).await).contains("demo entry card-30: missing"));
    put(&world, &middle);
    finds(&world, &[]).await;

    // The end of a chain is missed by what refers to it: here the wallet, whose status the entry gave the account.
    let end = entry(&world, "gift", newest(&world, "gift").await);
    remove(&world, &end);
    finds(&world, &["demo account gift: status"]).await;
    put(&world, &end);
    // … here the mark on its original …
    let refund = *of_kind(&world, "card", "REFUNDED").last().unwrap();
    for seq in refund..=newest(&world, "card").await {
        remove(&world, &entry(&world, "card", seq));
    }
    let found = told(&verified(&world).await);
    assert!(found.contains("demo entry card-5: refundedMark"), "{found:?}");
    assert!(found.iter().any(|line| line.ends_with(": keyOfNothing")), "and records of keys of the entries: {found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_had_expired_is_booked_with_another_entry() {
    let world = world().await;
    let expired = of_kind(&world, "points", "EXPIRED")[0];
    for seq in expired + 1..=newest(&world, "points").await {
        remove(&world, &entry(&world, "points", seq));
    }
    finds(&world, &[&format!("demo entry points-{expired}: rule expiryAlone")]).await;
}

/// But for what is booked by itself, which nobody asked for: that stands alone.
#[tokio::test(start_paused = true)]
async fn what_had_expired_is_booked_by_itself() {
    let world = world().await;
    let expiry = world.clock.load(Ordering::Relaxed) + 1_000;
    let body = json!({ "amount": 70, "channel": "POS", "expiresAt": api::time::text(Timestamp(expiry)) });
    assert_eq!(world.post("load/demo-points", None, &body.to_string()).await.status, 200);
    let account = AccountNumber::parse("points").unwrap();
    let book = async |at: u64| {
        let (meter, deadline) = (Meter::default(), tokio::time::Instant::now() + Duration::from_secs(5));
        world.store.session(&world.project, Timestamp(at), at.into(), deadline, &meter).expire(&account).await.unwrap()
    };
    assert_eq!(book(expiry - 1).await, None, "not a millisecond before");
    let booked = book(expiry).await.unwrap();
    assert_eq!((booked.kind, booked.amount().minor_units()), (domain::Kind::Expired, -70));
    assert_eq!(book(expiry).await, None, "once");
    world.clock.store(expiry, Ordering::Relaxed);
    finds(&world, &[]).await;
    world.chain("points").await;
}

/// Which cut at the end nothing refers to: an earlier run's heads tell.
#[tokio::test(start_paused = true)]
async fn a_chain_that_lost_its_end_is_found_by_its_head() {
    let world = world().await;
    let heads = verified(&world).await.heads;
    let head = heads.iter().find(|head| head.account.as_str() == "points").unwrap();
    remove(&world, &entry(&world, "points", head.seq.number()));
    finds(&world, &[]).await;
    let report = verifier(&world).account(&world.project, &head.account, Some(head)).await.unwrap();
    assert_eq!(told(&report), ["demo account points: shortened".to_owned()].into());
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_is_stolen_or_forged_is_found_and_put_right() {
    let world = world().await;
    let sound = items(&world);
    let load = of_kind(&world, "card", "LOADED")[3];
    for (seq, name, forged, finding) in [
        (5, "refunded", None, "refundedMark"),
        (5, "refunded", Some("1"), "refundedMark"),
        (7, "canceled", None, "canceledMark"),
        (7, "canceled", Some("8"), "canceledMark"),
        (load, "canceled", None, "canceledMark"),
        (20, "refunded", Some("1"), "refundedMark"),
        (20, "canceled", Some("999"), "canceledMark"),
    ] {
        change(&world, entry(&world, "card", seq), |entry| match forged {
            None => drop(entry.as_object_mut().unwrap().remove(name)),
            Some(mark) => entry[name] = json!({ "N": mark }),
        });
        let report = finds(&world, &[&format!("demo entry card-{seq}: {finding}")]).await;
        repairs(&world, &report).await;
        assert_eq!(by_key(&items(&world)), by_key(&sound), "as it was: {seq} {name} {forged:?}");
    }
}

/// Every finding is repaired, and then there is none.
async fn repairs(world: &World, report: &Report) {
    for finding in &report.findings {
        assert!(finding.can_be_repaired(), "{finding}");
        assert!(verifier(world).repair(finding).await.unwrap(), "{finding}");
        assert!(!verifier(world).repair(finding).await.unwrap(), "only while it is as it was found: {finding}");
    }
    finds(world, &[]).await;
}

fn by_key(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn refunds_beyond_the_original_are_found() {
    let world = world().await;
    // A smaller spend, hashed anew through the end: its refunds are too much.
    let newest = newest(&world, "card").await;
    let spent = of_kind(&world, "card", "SPENT")[1];
    change(&world, entry(&world, "card", spent), |entry| {
        entry["kind"]["S"] = "FIX".into();
    });
    rehash(&world, "card", spent, newest).await;
    let refund = of_kind(&world, "card", "REFUNDED")[1];
    finds(&world, &[&format!("demo entry card-{refund}: original")]).await;

    let again = of_kind(&world, "card", "REFUNDED")[0];
    change(&world, entry(&world, "card", refund), |entry| entry["orig"]["N"] = "5".into());
    rehash(&world, "card", refund, newest).await;
    let last = *of_kind(&world, "card", "REFUNDED").last().unwrap();
    let found = told(&verified(&world).await);
    assert!(again < refund && found.contains(&format!("demo entry card-{last}: exceeded")), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_rules_forbid_is_found_though_it_is_hashed_well() {
    let world = world().await;
    // The spend that took all of two lots and a part of a third takes the third alone.
    let mut later = entry(&world, "card", 4)["lots"].clone();
    later["M"]["never"]["N"] = "4100".into();
    let later = json!({ "lots": later, "moves": { "M": { "never": { "N": "-900" } } } });
    for (account, seq, forge, expected) in [
        ("card", 5, later, vec!["card-5: rule spendingOrder"]),
        ("gift", 1, json!({ "kind": { "S": "LOADED" } }), vec!["gift-1: rule opening"]),
        ("gift", 2, json!({ "cur": { "S": "USD" } }), vec!["gift-2: rule identity", "gift-3: rule identity"]),
        ("gift", 2, json!({ "kind": { "S": "SPENT" } }), vec!["gift-2: rule moves"]),
        ("gift", 2, json!({ "status": { "S": "closed" } }), vec!["gift-2: rule state", "gift-3: rule afterClosed"]),
    ] {
        let sound = items(&world);
        let newest = newest(&world, account).await;
        change(&world, entry(&world, account, seq), |entry| {
            for (name, value) in forge.as_object().unwrap() {
                entry[name] = value.clone();
            }
        });
        rehash(&world, account, 1, newest).await;
        let found = told(&verified(&world).await);
        for line in expected {
            assert!(found.contains(&format!("demo entry {line}")), "{forge}: {line} in {found:?}");
        }
        for item in &sound {
            put(&world, item);
        }
        finds(&world, &[]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn entries_that_changed_places_are_found() {
    let world = world().await;
    let (one, other) = (entry(&world, "card", 2), entry(&world, "gift", 2));
    let place = |item: &Value, at: &Value| {
        let mut item = item.clone();
        (item["pk"], item["sk"]) = (at["pk"].clone(), at["sk"].clone());
        item
    };
    put(&world, &place(&one, &other));
    put(&world, &place(&other, &one));
    let found = told(&verified(&world).await);
    for line in ["card-2: attribute acct", "gift-2: attribute acct", "card-2: link", "gift-3: link"] {
        assert!(found.contains(&format!("demo entry {line}")), "{line} in {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_lost_double_or_wrong_are_found() {
    let world = world().await;
    let newest = newest(&world, "card").await;
    let sound = items(&world);
    let is_record = |item: &&Value| item["sk"]["S"].as_str().unwrap().starts_with("K#");
    let records: Vec<&Value> = sound.iter().filter(is_record).collect();
    assert!(records.len() >= 20);

    // A record is derived again.
    remove(&world, records[3]);
    let seq = records[3]["seq"]["N"].as_str().unwrap();
    let report = finds(&world, &[&format!("demo entry card-{seq}: keyLost")]).await;
    repairs(&world, &report).await;
    change(&world, records[4].clone(), |record| record["seq"]["N"] = "3".into());
    let seq = records[4]["seq"]["N"].as_str().unwrap();
    let report = finds(&world, &[&format!("demo entry card-{seq}: keyRecord")]).await;
    repairs(&world, &report).await;
    assert_eq!(by_key(&items(&world)), by_key(&sound));

    // With the ring of the newest entry gone, its keys are: records would only be looked up if the entry said so, and it
    // stays as it is.
    let was =
        change(&world, entry(&world, "card", newest), |entry| drop(entry.as_object_mut().unwrap().remove("ring")));
    let report = verified(&world).await;
    assert!(report.findings.len() > 8 && told(&report).iter().all(|line| line.ends_with(": keyLost")), "{report:?}");
    assert!(report.findings.iter().all(|finding| !finding.can_be_repaired()));
    put(&world, &was);
    finds(&world, &[]).await;
    // So are those in records, when the entry says that there are none.
    change(&world, entry(&world, "card", newest), |entry| drop(entry.as_object_mut().unwrap().remove("spilt")));
    let report = verified(&world).await;
    assert!(report.findings.len() > 8 && report.findings.iter().all(|finding| !finding.can_be_repaired()));
    put(&world, &was);

    // A ring with a key that it should not have.
    let ring = entry(&world, "card", newest - 4)["ring"].clone();
    change(&world, entry(&world, "card", newest), |entry| entry["ring"] = ring);
    assert!(told(&verified(&world).await).contains(&format!("demo entry card-{newest}: ring")));
    put(&world, &was);

    // One key for two entries.
    let key = entry(&world, "card", newest - 1)["key"].clone();
    change(&world, entry(&world, "card", newest), |entry| entry["key"] = key);
    rehash(&world, "card", newest, newest).await;
    finds(&world, &[&format!("demo entry card-{newest}: keyTwice")]).await;
}

/// A project that keeps its keys always has them looked up: a lost ring is made good by records.
#[tokio::test(start_paused = true)]
async fn keys_that_are_kept_for_ever_are_never_lost() {
    let project = Project { permanent_keys: true, ..Project::new(ProjectId::parse("demo").unwrap()) };
    let world = lived_in(World::over(Embedded::memory(), project, Tables::default()).await).await;
    world.wait_millis(1_000 * HOUR);
    let record = |item: &&Value| item["sk"]["S"].as_str().unwrap().starts_with("K#");
    let record = items(&world).iter().find(record).unwrap().clone();
    remove(&world, &record);
    let report = finds(&world, &[&format!("demo entry card-{}: keyLost", record["seq"]["N"].as_str().unwrap())]).await;
    repairs(&world, &report).await;
    let till = world.clock.load(Ordering::Relaxed) + HOUR;
    change(&world, record.clone(), |record| {
        record["till"]["N"] = till.to_string().into();
        record["ttl"]["N"] = (till / 1_000 + 86_400).to_string().into();
    });
    let report =
        finds(&world, &[&format!("demo entry card-{}: keyRecord", record["seq"]["N"].as_str().unwrap())]).await;
    repairs(&world, &report).await;
    assert_eq!(item(&world, "demo#A#card", record["sk"]["S"].as_str().unwrap()), record);
    let newest = newest(&world, "card").await;
    change(&world, entry(&world, "card", newest), |entry| drop(entry.as_object_mut().unwrap().remove("ring")));
    let report = verified(&world).await;
    assert!(report.findings.len() > 8 && told(&report).iter().all(|line| line.ends_with(": keyLost")), "{report:?}");
    repairs(&world, &report).await;
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_nothing_is_found() {
    let world = world().await;
    let strays = [
        json!({ "pk": { "S": "demo#A#card" }, "sk": { "S": "T#2" }, "kind": { "S": "LOADED" } }),
        json!({ "pk": { "S": "demo#A#card" }, "sk": { "S": "X" } }),
        json!({ "pk": { "S": "demo#A#card" }, "sk": { "S": "K#12" } }),
        json!({ "pk": { "S": "demo#W#USER-1" }, "sk": { "S": "V" } }),
        json!({ "pk": { "S": "demo#K#12" }, "sk": { "S": "K" } }),
        json!({ "pk": { "S": "lock" }, "sk": { "S": "lock" } }),
    ];
    for stray in &strays {
        put(&world, stray);
    }
    let lines: Vec<String> = strays
        .iter()
        .map(|stray| {
            format!("item {} {}: stray", stray["pk"]["S"].as_str().unwrap(), stray["sk"]["S"].as_str().unwrap())
        })
        .collect();
    finds(&world, &lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for stray in &strays {
        remove(&world, stray);
    }

    change(&world, entry(&world, "card", 3), |entry| entry["more"] = json!({ "S": "private" }));
    let report = finds(&world, &["demo entry card-3: attribute more"]).await;
    assert!(!report.findings[0].to_string().contains("private"), "{}", report.findings[0]);
    change(&world, entry(&world, "card", 3), |entry| drop(entry.as_object_mut().unwrap().remove("more")));
    change(&world, entry(&world, "card", 3), |entry| drop(entry.as_object_mut().unwrap().remove("lots")));
    assert!(told(&verified(&world).await).contains("demo entry card-3: unreadable lots"));
}

#[tokio::test(start_paused = true)]
async fn a_wallet_and_its_accounts_have_to_agree() {
    let world = world().await;
    let wallet = |id: &str| item(&world, &format!("demo#W#{id}"), "W");
    let was = change(&world, wallet("USER-1"), |wallet| wallet["accts"]["M"]["EUR"]["S"] = "gift".into());
    finds(&world, &["demo wallet USER-1: accountElsewhere", "demo account card: walletWithoutAccount"]).await;
    change(&world, was.clone(), |wallet| wallet["status"]["S"] = "frozen".into());
    finds(&world, &["demo account card: status", "demo account points: status"]).await;
    remove(&world, &was);
    let alone = ["demo account card: walletWithoutAccount", "demo account points: walletWithoutAccount"];
    finds(&world, &alone).await;
    put(&world, &was);
    remove(&world, &wallet("USER-2"));
    let found = told(&verified(&world).await);
    assert!(
        found.iter().any(|line| line.starts_with("item demo#K#") && line.ends_with(": walletMissing")),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn places_in_the_feed_are_derived() {
    let world = world().await;
    let sound = items(&world);
    for (pk, sk) in [("demo#A#card", "T#000000000001"), ("demo#W#USER-1", "W")] {
        change(&world, item(&world, pk, sk), |item| drop(item.as_object_mut().unwrap().remove("feed")));
    }
    change(&world, entry(&world, "card", 3), |entry| entry["feed"]["S"] = "other#T#0".into());
    let lines = [
        "demo entry card-1: attribute feed",
        "demo entry card-3: attribute feed",
        "demo wallet USER-1: attribute feed",
    ];
    let report = finds(&world, &lines).await;
    repairs(&world, &report).await;
    assert_eq!(by_key(&items(&world)), by_key(&sound));

    // Whether transactions are in the feed is the stack's choice: it is only asked for when that is said.
    change(&world, entry(&world, "card", 3), |entry| drop(entry.as_object_mut().unwrap().remove("feed")));
    finds(&world, &[]).await;
    let now = Timestamp(world.clock.load(Ordering::Relaxed));
    let report = world.store.verifier(now, true, None).everything().await.unwrap();
    assert_eq!(told(&report), ["demo entry card-3: attribute feed".to_owned()].into());
    repairs(&world, &report).await;
    assert_eq!(by_key(&items(&world)), by_key(&sound));
}

/// A restore that has some writes of a transaction and not the others.
#[tokio::test(start_paused = true)]
async fn a_torn_transaction_is_found() {
    let world = world().await;
    for torn in 0..24 {
        let was = items(&world);
        let before = by_key(&was);
        let spent = json!({ "transactionId": format!("card-{}", of_kind(&world, "card", "SPENT")[3 + torn]) });
        let currency = format!("C{torn}");
        let account = json!({ "walletId": "USER-1", "currency": currency, "accountNumber": currency });
        let status = if torn % 8 == 2 { "frozen" } else { "active" };
        let (path, body) = match torn % 4 {
            0 => ("refund/demo-card", spent),
            1 => ("cancel/demo-card", spent),
            2 => ("updateWallet/demo", json!({ "walletId": "USER-1", "status": status })),
            _ => ("createAccount/demo", account),
        };
        let answered = world.post(path, None, &body.to_string()).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let written: Vec<Value> =
            items(&world).into_iter().filter(|item| !before.contains(&item.to_string())).collect();
        assert!(written.len() >= 2, "{path} is one transaction of several writes");
        finds(&world, &[]).await;
        // Some of them, not none and not all, are undone.
        let some = 1 + torn / 4 % ((1 << written.len().min(16)) - 2);
        for (_, item) in written.iter().enumerate().filter(|(place, _)| some >> place & 1 == 1) {
            match was.iter().find(|old| old["pk"] == item["pk"] && old["sk"] == item["sk"]) {
                Some(old) => put(&world, old),
                None => remove(&world, item),
            }
        }
        let found = told(&verified(&world).await);
        assert!(!found.is_empty(), "{path} without {some:b} of {written:#?}");
        for item in &written {
            put(&world, item);
        }
    }
}

/// What it costs: about a quarter of a unit an entry to find it, and as much to read it; a few units an account besides.
#[tokio::test]
async fn an_entry_costs_half_a_read_unit() {
    measure(1, 700).await;
}

/// The same with as many entries as a person would want to see it with: `-- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_hundred_thousand_entries() {
    measure(10, 10_000).await;
}

async fn measure(accounts: u32, entries: u32) {
    let world = World::with_feed(true).await;
    for account in 0..accounts {
        let account = format!("a{account}");
        world.open(&format!("USER-{account}"), "EUR", &account).await;
        let number = AccountNumber::parse(&account).unwrap();
        let target = store::Target { number, addressed: domain::Addressed::default() };
        for entry in 1..entries {
            let now = Timestamp(world.clock.fetch_add(60_000, Ordering::Relaxed));
            let key = Some(domain::IdempotencyKey::parse(&format!("key-{entry}")).unwrap());
            let intent = domain::Intent { key, fingerprint: domain::Fingerprint([1; 16]), permanent: false };
            let meter = Meter::default();
            let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
            let session = world.store.session(&world.project, now, entry.into(), deadline, &meter);
            let amount = domain::Amount::new(100).unwrap();
            let note = domain::Note { channel: Some(domain::Text::parse("POS").unwrap()), ..domain::Note::default() };
            let load = domain::Command::Load { amount, earned: false, expiry: domain::Expiry::Never, note };
            session.execute(&target, &intent, &load).await.unwrap();
        }
        world.traffic();
    }
    let verifier = verifier(&world);
    let began = std::time::Instant::now();
    let report = verifier.everything().await.unwrap();
    let took = began.elapsed();
    assert_eq!((told(&report), report.entries), (BTreeSet::new(), u64::from(accounts * entries)));
    let halves = u64::from(verifier.cost().half_read_units);
    let (units, millis) = (halves / 2, u64::try_from(took.as_millis()).unwrap().max(1));
    println!("{} entries: {units} read units, {millis} ms", report.entries);
    assert!(halves * 5 < report.entries * 6, "{units} units are more than 0.6 an entry");
}
