//! Identifiers, keys and the instance part of a path: an accepted name has one spelling, and only characters that it may.

#![no_main]

use std::fmt::Debug;

use api::mircate::Instance;
use domain::ids::Malformed;
use domain::{AccountNumber, Currency, IdempotencyKey, ProjectId, Text, TransactionId, WalletId};
use fuzz::check_refusal;
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let id = (1..=64).contains(&text.len()) && text.bytes().all(is_id);
    let project = id && !text.contains('-');
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let currency = (2..=12).contains(&text.len()) && text.bytes().all(is_code);
    let key = (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));

    check(text, project, ProjectId::parse, ProjectId::as_str);
    check(text, id, WalletId::parse, WalletId::as_str);
    check(text, id, AccountNumber::parse, AccountNumber::as_str);
    check(text, currency, Currency::parse, Currency::as_str);
    check(text, key, IdempotencyKey::parse, IdempotencyKey::as_str);
    check(text, text.chars().count() <= 256, Text::parse, Text::as_str);

    match Instance::parse(text) {
        Ok(Instance { project, account: None }) => assert_eq!(project.as_str(), text),
        Ok(Instance { project, account: Some(account) }) => assert_eq!(format!("{project}-{account}"), text),
        Err(problem) => check_refusal(problem, &["instance"]),
    }
    if let Some(id) = TransactionId::parse(text) {
        assert_eq!(id.to_string(), text, "an id has one spelling");
        assert!((1..=999_999_999_999).contains(&id.seq.number()));
    }
});

/// A name is accepted if and only if it is `allowed`, by itself as well as in a body, and prints as it was.
fn check<T: DeserializeOwned + PartialEq + Debug>(
    text: &str,
    allowed: bool,
    parse: impl Fn(&str) -> Result<T, Malformed>,
    print: impl Fn(&T) -> &str,
) {
    let read = parse(text).ok();
    assert_eq!(read.is_some(), allowed, "{text:?}");
    assert!(read.as_ref().is_none_or(|name| print(name) == text));
    assert_eq!(serde_json::from_value::<T>(Value::from(text)).ok(), read, "a body is read otherwise");
}
