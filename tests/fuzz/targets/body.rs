//! Bodies and query strings: what is accepted is what every reader of JSON sees, and reads the same however it is written.

#![no_main]

use api::body::BODY_BYTES_MAX;
use api::{Body, Problem};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    body(data);
    if let Ok(text) = str::from_utf8(data) {
        query(text);
    }
});

fn body(data: &[u8]) {
    let seen = serde_json::from_slice::<Value>(data).ok();
    match Body::parse(data) {
        Ok(body) => {
            let value: Value = body.read().expect("whatever was accepted can be read");
            assert_eq!(Some(&value), seen.as_ref(), "another reader sees something else");
            for printed in [value.to_string(), format!("{value:#}")] {
                if printed.len() <= BODY_BYTES_MAX {
                    let again = Body::parse(printed.as_bytes()).expect("what was printed is a body");
                    assert!(again == body, "{printed} reads otherwise");
                    assert_eq!(again.fingerprint("spend"), body.fingerprint("spend"), "order and space do not count");
                }
            }
            assert_ne!(body.fingerprint("spend"), body.fingerprint("load"), "another operation is another request");
            let mut more = value.clone();
            let has = more.as_object_mut().and_then(|members| members.insert("one more".to_owned(), 1.into()));
            if has.is_none()
                && let Ok(more) = Body::parse(more.to_string().as_bytes())
            {
                assert_ne!(more.fingerprint("spend"), body.fingerprint("spend"), "another body is another request");
            }
        }
        Err(Problem::BodyTooLarge) => assert!(data.len() > BODY_BYTES_MAX),
        Err(problem) => {
            assert!(data.len() <= BODY_BYTES_MAX);
            let told = format!("{problem:?}");
            if seen.is_some_and(|value| value.is_object()) {
                assert!(told.contains("the member `") || told.contains("nested"), "no reason to refuse: {told}");
            }
            let Problem::InvalidRequest { reason, .. } = problem else { panic!("{told}") };
            assert!(!reason.is_empty() && reason.chars().count() <= 200, "{told}");
        }
    }
}

/// Texts stay texts, integers become integers, and what is JSON becomes what it says.
fn query(text: &str) {
    let members: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
    let Ok(body) = Body::of_query(members.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))) else { return };
    let read: Value = body.read().expect("whatever was accepted can be read");
    assert_eq!(read.as_object().map(serde_json::Map::len), Some(members.len()), "no member is there twice");
    for (name, value) in &members {
        match &read[name.as_ref()] {
            Value::String(text) if !["filters", "sorts", "expiresAt", "createdAt"].contains(&name.as_ref()) => {
                assert_eq!(text, value);
            }
            Value::Number(number) if ["from", "limit", "page", "pageSize"].contains(&name.as_ref()) => {
                assert_eq!(number.as_u64(), value.parse().ok());
            }
            json => {
                let seen = serde_json::from_str::<Value>(value).ok();
                assert_eq!(Some(json), seen.as_ref(), "{name} has another value");
            }
        }
    }
}
