//! Bodies of mircate, read as every operation reads them: what is accepted is within its bounds and says what was sent.

#![no_main]

use api::body::ADDITIONAL_DATA_BYTES_MAX;
use api::mircate::{
    About, Address, Cancel, CreateAccount, Fix, GetAccounts, GetWallet, List, Load, Membership, NamedWallet,
    PAGE_SIZE_MAX, Reference, Refund, Remarks, Spans, Spend, exponent,
};
use api::{Body, time};
use domain::{Amount, Expiry, IdempotencyKey, Text, Timestamp};
use fuzz::{check_refusal, read};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The last integer that a double holds exactly.
const LAST_EXACT: u64 = (1 << 53) - 1;

fuzz_target!(|data: &[u8]| {
    let Ok(body) = Body::parse(data) else { return };
    let sent: Value = body.read().expect("whatever was accepted can be read");
    writes(&body, &sent);
    corrections(&body, &sent);
    wallets(&body, &sent);
    lists(&body, &sent);
});

fn writes(body: &Body, sent: &Value) {
    let is_as_sent = |amount: Amount| {
        assert!((1..=LAST_EXACT).contains(&amount.minor_units()), "{amount:?} is none");
        assert_eq!(sent["amount"].as_u64(), Some(amount.minor_units()));
    };
    if let Some(load) = read::<Load>(body, &["amount", "type", "expiresAt"]) {
        is_as_sent(load.amount);
        if let Expiry::At(instant) = load.expiry() {
            check_time(instant);
        }
    }
    if let Some(spend) = read::<Spend>(body, &["amount"]) {
        is_as_sent(spend.amount);
    }
    if let Some(refund) = read::<Refund>(body, &["transactionId", "amount"]) {
        refund.amount.into_iter().for_each(is_as_sent);
        let original = refund.original().map(|id| id.to_string());
        assert!(original.is_none_or(|id| sent["transactionId"] == id), "an id has one spelling");
    }
    if let Some(cancel) = read::<Cancel>(body, &["transactionId"]) {
        let original = cancel.original().map(|id| id.to_string());
        assert!(original.is_none_or(|id| sent["transactionId"] == id), "an id has one spelling");
    }
    let members = ["channel", "description", "additionalData", "referenceId", "userId", "storeId", "storeName"];
    if let Some(remarks) = read::<Remarks>(body, &members) {
        let note = remarks.note();
        for (text, member) in [
            (&note.channel, "channel"),
            (&note.description, "description"),
            (&note.reference_id, "referenceId"),
            (&note.user_id, "userId"),
            (&note.store_id, "storeId"),
            (&note.store_name, "storeName"),
        ] {
            check_text(text.as_ref(), &sent[member]);
        }
        if let Some(data) = note.additional_data {
            assert!(data.len() <= ADDITIONAL_DATA_BYTES_MAX);
            let kept: Value = serde_json::from_str(&data).expect("what is kept is JSON");
            assert_eq!(kept, sent["additionalData"]);
        }
    }
    if let Some(reference) = read::<Reference>(body, &["referenceId"]) {
        for key in ["load", "list_transactions"].into_iter().filter_map(|operation| reference.key(operation)) {
            assert!(IdempotencyKey::parse(&key).is_ok(), "{key} is no key");
        }
        assert!(reference.key("load").is_none() || reference.key("load") != reference.key("spend"));
    }
}

fn corrections(body: &Body, sent: &Value) {
    let members = ["amount", "balance", "description", "channel", "referenceId", "userId"];
    let Some(fix) = read::<Fix>(body, &members) else { return };
    match fix.fix() {
        Ok(domain::Fix::By(delta)) => {
            assert!((1..=LAST_EXACT).contains(&delta.minor_units().unsigned_abs()));
            assert_eq!(sent["amount"].as_i64(), Some(delta.minor_units()));
        }
        Ok(domain::Fix::To(balance)) => {
            assert!(balance.minor_units() <= LAST_EXACT);
            assert_eq!(sent["balance"].as_u64(), Some(balance.minor_units()));
        }
        Err(problem) => check_refusal(problem, &["amount", "balance"]),
    }
    match fix.note() {
        Ok(note) => assert!(note.description.is_some_and(|said| !said.as_str().trim().is_empty()), "it says why"),
        Err(problem) => check_refusal(problem, &["description"]),
    }
}

fn wallets(body: &Body, sent: &Value) {
    if let Some(wallet) = read::<NamedWallet>(body, &["walletId", "status"]) {
        assert_eq!(sent["walletId"], wallet.wallet_id.as_str());
    }
    if let Some(about) = read::<About>(body, &["userId", "title", "updatedBy", "updatedAt"]) {
        let profile = about.profile();
        check_text(profile.title.as_ref(), &sent["title"]);
        check_text(profile.user_id.as_ref(), &sent["userId"]);
        check_text(profile.updated_by.as_ref(), &sent["updatedBy"]);
        check_text(profile.updated_at.as_ref(), &sent["updatedAt"]);
    }
    if let Some(account) = read::<CreateAccount>(body, &["walletId", "currency", "accountNumber", "title"]) {
        assert!(exponent(&account.currency) <= 4, "{}", account.currency);
        check_text(account.title.as_ref(), &sent["title"]);
    }
    let _: Option<GetWallet> = read(body, &["walletId"]);
    let _: Option<GetAccounts> = read(body, &["walletId"]);
    let _: Option<Membership> = read(body, &["walletId", "accountNumber"]);
    let _: Option<Address> = read(body, &["accountNumber", "walletId", "currency"]);
}

fn lists(body: &Body, sent: &Value) {
    let members = ["from", "pageSize", "filters", "sorts", "cursor", "field", "order"];
    if let Some(list) = read::<List>(body, &members) {
        match list.page_size() {
            Ok(size) => assert!((1..=PAGE_SIZE_MAX).contains(&size)),
            Err(problem) => check_refusal(problem, &["pageSize"]),
        }
        assert!(list.newest_first() || sent["sorts"][0]["order"] == "asc");
        let everything = list.wants("SPENT", &[None, Some("İstanbul ΑΣ 👛")]);
        assert!(list.is_filtered() || everything, "without a filter everything is wanted");
    }
    if let Some(spans) = read::<Spans>(body, &["createdAt", "expiresAt"]) {
        for span in [spans.created_at, spans.expires_at].into_iter().flatten() {
            let (start, end) = span.0.bounds();
            check_time(start);
            end.into_iter().for_each(check_time);
        }
    }
}

/// Missing members and those that are null say nothing; the others say what was sent.
fn check_text(read: Option<&Text>, sent: &Value) {
    assert_eq!(read.map(Text::as_str), sent.as_str());
    assert!(read.is_none_or(|text| text.as_str().chars().count() <= 256));
}

/// What is written of a time reads as that time; there are five digits to no year.
fn check_time(instant: Timestamp) {
    let end_of_9999 = Timestamp(253_402_300_799_999);
    assert_eq!(time::parse(&time::text(instant)), Some(instant.min(end_of_9999)));
}
