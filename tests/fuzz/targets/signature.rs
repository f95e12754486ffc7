//! What `JSON.stringify` makes of a body: writing it again changes nothing, it means the same, it is refused only for what is
//! no JSON, and a signature of either is good for what was sent and for nothing else.

#![no_main]

use api::signature::{canonical, verify};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::Sha256;

const KEY: &[u8] = b"a key for the fuzzers";

fuzz_target!(|data: &[u8]| {
    let seen = serde_json::from_slice::<Value>(data);
    let written = canonical(data);
    match (&written, &seen) {
        (Some(written), Ok(value)) => {
            let again: Value = serde_json::from_slice(written).expect("what is written is JSON");
            assert!(is_same(value, &again), "{value} became {again}");
        }
        // JavaScript knows halves of pairs, infinite numbers and any depth.
        (Some(_), Err(error)) => {
            let reason = error.to_string();
            let allowed = ["surrogate", "hex escape", "out of range", "recursion limit"];
            assert!(allowed.iter().any(|word| reason.contains(word)), "accepted, against: {reason}");
        }
        (None, seen) => assert!(seen.is_err(), "refused without a reason"),
    }
    if let Some(written) = &written {
        assert_eq!(canonical(written).as_ref(), Some(written), "writing it again changes it");
        assert!(verify(KEY, data, &sign(written)), "a signature of what JavaScript writes is good");
        assert!(written.iter().all(|byte| *byte >= b' '), "controls are escaped");
    }
    assert!(verify(KEY, data, &sign(data)), "a signature of what was sent is good");
    let touched = [data, b"!"].concat();
    assert!(!verify(KEY, data, &sign(&touched)) && !verify(KEY, &touched, &sign(data)), "of something else it is not");
});

/// The same to JavaScript: numbers are doubles.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, one): (&String, &Value)| other.get(name).is_some_and(|other| is_same(one, other));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}

fn sign(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key of any length").chain_update(body);
    api::credentials::hex(&mac.finalize().into_bytes())
}
