//! Requests for an access token, by HTTP Basic, form or JSON: who is read in one way is read in the others. The input's first
//! line is the header `Authorization`, the second `Content-Type`, the rest the body.

#![no_main]

use api::oauth::{OAuthError, TokenRequest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut header = || lines.next().and_then(|line| str::from_utf8(line).ok()).filter(|line| !line.is_empty());
    let (authorization, content_type) = (header(), header());
    match TokenRequest::read(authorization, content_type, lines.next().unwrap_or_default()) {
        Ok(asked) => accepted(&asked),
        Err(error) => {
            assert_eq!(error.status(), if error == OAuthError::InvalidClient { 401 } else { 400 });
            let answer = error.answer();
            assert!(answer["error"].is_string() && answer["error_description"].is_string(), "{answer}");
        }
    }
});

fn accepted(asked: &TokenRequest) {
    let TokenRequest { client_id, client_secret } = asked;
    assert!(!client_id.is_empty() && !client_secret.is_empty());
    // What the client id looks like when it is printed may well look like a secret that is made of the same.
    let another = TokenRequest { client_id: client_id.clone(), client_secret: String::new() };
    assert_eq!(format!("{asked:?}"), format!("{another:?}"), "a secret is not printed");

    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let basic =
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(client_secret))));
    let by_basic = TokenRequest::read(Some(&basic), FORM, b"grant_type=client_credentials");
    assert_eq!(by_basic.as_ref(), Ok(asked));

    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", client_id)
        .append_pair("client_secret", client_secret)
        .finish();
    let json = json!({ "grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret });
    for (content_type, body) in [(FORM, form), (Some("application/json; charset=utf-8"), json.to_string())] {
        if body.len() <= api::body::BODY_BYTES_MAX {
            assert_eq!(TokenRequest::read(None, content_type, body.as_bytes()).as_ref(), Ok(asked));
            let twice = TokenRequest::read(Some(&basic), content_type, body.as_bytes());
            assert!(twice.is_err(), "two proofs are one too many");
        }
    }
}
