//! Bodies of liquido: what is accepted says what was sent, everything that is wrong is told in the contract's order, and
//! nothing of a person is printed.

#![no_main]

use api::liquido::{self, CreateWallet, FindWallet};
use api::{Body, Dialect, Failure, Problem};
use fuzz::{check_refusal, read};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const MEMBERS: [&str; 6] = ["phoneNumber", "name", "country", "currency", "groupId", "idempotencyKey"];

fuzz_target!(|data: &[u8]| {
    let Ok(body) = Body::parse(data) else { return };
    let sent: Value = body.read().expect("whatever was accepted can be read");
    match CreateWallet::read(&body) {
        Ok(asked) => accepted(&asked, &sent),
        Err(problem) => refused(problem),
    }
    if let Some(asked) = read::<FindWallet>(&body, &["idempotencyKey"]) {
        assert_eq!(sent["idempotencyKey"], asked.idempotency_key.as_str());
    }
});

fn accepted(asked: &CreateWallet, sent: &Value) {
    let details = asked.profile().details;
    for (member, kept) in [("phoneNumber", "phone"), ("name", "name"), ("country", "country"), ("groupId", "group_id")]
    {
        assert_eq!(details.get(kept).map(String::as_str), sent[member].as_str(), "{member}");
    }
    assert_eq!(sent["currency"], asked.currency.as_str());
    assert_eq!(sent["idempotencyKey"], asked.idempotency_key.as_str());

    let phone = details["phone"].as_str();
    let digits = phone.strip_prefix('+').expect("it is international");
    assert!((4..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()), "{phone}");
    assert!(!details["name"].trim().is_empty() && details["name"].chars().count() <= 256);
    assert!(details["country"].len() == 2 && asked.currency.as_str().len() == 3);

    let printed = format!("{asked:?}");
    let elsewhere =
        |text: &str| sent["idempotencyKey"].to_string().contains(text) || sent["groupId"].to_string().contains(text);
    assert!(!printed.contains(phone) || elsewhere(phone), "a phone number is printed");
}

fn refused(problem: Problem) {
    let Problem::InvalidFields(fields) = &problem else { panic!("{problem:?} says nothing about members") };
    let places: Vec<_> = fields.iter().map(|(field, _)| MEMBERS.iter().position(|member| member == field)).collect();
    assert!(!places.is_empty() && places.is_sorted_by(|one, next| one < next), "{fields:?} are in another order");
    let count = fields.len();
    let failure = Failure::Problem(problem.clone());
    let answer = liquido::failure(&Dialect::Liquido.verdict(&failure), &failure);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(count), "one entry for each");
    check_refusal(problem, &MEMBERS);
}
