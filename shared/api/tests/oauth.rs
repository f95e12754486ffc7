//! Access tokens: how they are asked for, and that they can not be forged.

use api::oauth::{self, AccessToken, LIFETIME, OAuthError, TokenRequest};
use domain::{Duration, Timestamp};
use serde_json::json;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");
const GRANT: &[u8] = b"grant_type=client_credentials";

/// The example of RFC 6749, section 2.3.1.
const BASIC: &str = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3";

const KEY: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    31,
];
const EXPIRES: Timestamp = Timestamp(1_767_225_600_000);
const BEFORE: Timestamp = Timestamp(1_767_225_599_999);

fn client(id: &str, secret: &str) -> TokenRequest {
    TokenRequest { client_id: id.to_owned(), client_secret: secret.to_owned() }
}

#[test]
fn a_client_may_authenticate_by_http_basic() {
    let rfc = client("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw");
    assert_eq!(TokenRequest::read(Some(BASIC), FORM, GRANT), Ok(rfc.clone()));
    let lower = BASIC.replace("Basic ", "basic  ");
    assert_eq!(TokenRequest::read(Some(&lower), FORM, GRANT), Ok(rfc.clone()), "the scheme has no case");
    let named = b"grant_type=client_credentials&client_id=s6BhdRkqt3";
    assert_eq!(TokenRequest::read(Some(BASIC), FORM, named), Ok(rfc), "naming itself is no second proof");
    // base64 of "a%3Ab+c:p%25%C3%A4+%2B"
    let encoded = TokenRequest::read(Some("Basic YSUzQWIrYzpwJTI1JUMzJUE0KyUyQg=="), FORM, GRANT);
    assert_eq!(encoded, Ok(client("a:b c", "p%ä +")), "both parts are encoded like a form");
}

#[test]
fn a_client_may_authenticate_in_the_body() {
    let form = b"grant_type=client_credentials&client_id=s6BhdRkqt3&client_secret=7Fjfp0%2BZBr1&resource=x";
    let expected = client("s6BhdRkqt3", "7Fjfp0+ZBr1");
    assert_eq!(TokenRequest::read(None, FORM, form), Ok(expected.clone()));
    let charset = Some("Application/X-WWW-Form-URLEncoded; charset=UTF-8");
    assert_eq!(TokenRequest::read(None, charset, form), Ok(expected.clone()));
    let json = br#"{"grant_type":"client_credentials","client_id":"s6BhdRkqt3","client_secret":"7Fjfp0+ZBr1","n":1}"#;
    assert_eq!(TokenRequest::read(None, JSON, json), Ok(expected));
}

#[test]
fn a_grant_type_is_required_and_only_one_is_known() {
    let missing = Err(OAuthError::InvalidRequest("grant_type is required"));
    for body in [&b""[..], b"grant_type=", b"grant-type=client_credentials"] {
        assert_eq!(TokenRequest::read(Some(BASIC), FORM, body), missing);
    }
    assert_eq!(TokenRequest::read(Some(BASIC), JSON, br#"{"grant_type":null}"#), missing);
    for body in [&b"grant_type=password"[..], b"grant_type=Client_Credentials", b"grant_type=authorization_code"] {
        assert_eq!(TokenRequest::read(Some(BASIC), FORM, body), Err(OAuthError::UnsupportedGrantType));
    }
}

#[test]
fn a_client_authenticates_in_exactly_one_way() {
    let both = b"grant_type=client_credentials&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw";
    let twice = OAuthError::InvalidRequest("the client must authenticate in one way only");
    assert_eq!(TokenRequest::read(Some(BASIC), FORM, both), Err(twice));
    assert_eq!(TokenRequest::read(Some("Bearer ket_a_1_0"), FORM, both), Err(twice));

    let another = b"grant_type=client_credentials&client_id=another";
    assert_eq!(TokenRequest::read(Some(BASIC), FORM, another), Err(OAuthError::InvalidClient));

    let halves = [
        &b"grant_type=client_credentials"[..],
        b"grant_type=client_credentials&client_id=a",
        b"grant_type=client_credentials&client_secret=b",
        b"grant_type=client_credentials&client_id=a&client_secret=",
        b"grant_type=client_credentials&client_id=&client_secret=b",
    ];
    for body in halves {
        assert_eq!(TokenRequest::read(None, FORM, body), Err(OAuthError::InvalidClient));
    }
}

#[test]
fn other_headers_are_no_authentication() {
    let headers = [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic czZCaGRSa3F0Mw==", // without a colon
        "Basic OnNlY3JldA==",     // without a client
        "Basic Y2xpZW50Og==",     // without a secret
        "Basic /zr/",             // not UTF-8
        "Basic JUZGOmI=",         // not UTF-8 once it is decoded
        "Bearer czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3",
        "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3",
    ];
    for header in headers {
        assert_eq!(TokenRequest::read(Some(header), FORM, GRANT), Err(OAuthError::InvalidClient), "{header}");
    }
}

#[test]
fn a_body_is_a_form_or_json_and_says_nothing_twice() {
    let kind = Err(OAuthError::InvalidRequest("the body must be a form or JSON, and Content-Type must say which"));
    for content_type in [None, Some(""), Some("text/plain"), Some("application/jsonx")] {
        assert_eq!(TokenRequest::read(Some(BASIC), content_type, GRANT), kind);
    }
    for twice in [&b"grant_type=client_credentials&grant_type=client_credentials"[..], b"x=1&x=2"] {
        let read = TokenRequest::read(Some(BASIC), FORM, twice);
        assert_eq!(read, Err(OAuthError::InvalidRequest("a parameter is there twice")));
    }
    let texts = Err(OAuthError::InvalidRequest("the body must be a JSON object of texts"));
    let strange = [&b"{"[..], b"[]", br#"{"grant_type":1}"#, br#"{"client_id":"a","client_id":"a"}"#, GRANT];
    for body in strange {
        assert_eq!(TokenRequest::read(Some(BASIC), JSON, body), texts);
    }
    let long = [GRANT, b"&x=", &[b'x'; 16 * 1024]].concat();
    let read = TokenRequest::read(Some(BASIC), FORM, &long);
    assert_eq!(read, Err(OAuthError::InvalidRequest("the body must have at most 16384 bytes")));
}

#[test]
fn errors_have_the_shape_of_the_rfc() {
    let errors = [
        (OAuthError::InvalidRequest("grant_type is required"), 400, "invalid_request", "grant_type is required"),
        (OAuthError::InvalidClient, 401, "invalid_client", "the client is not known"),
        (OAuthError::UnsupportedGrantType, 400, "unsupported_grant_type", "grant_type must be client_credentials"),
    ];
    for (error, status, code, description) in errors {
        assert_eq!(error.status(), status);
        assert_eq!(error.answer(), json!({ "error": code, "error_description": description }));
    }
}

#[test]
fn a_token_is_answered_as_the_rfc_says() {
    let answer = json!({ "access_token": "ket_a_1_0", "token_type": "Bearer", "expires_in": 3600 });
    assert_eq!(oauth::granted("ket_a_1_0"), answer);
    assert_eq!(LIFETIME, Duration::seconds(3_600));
}

#[test]
fn a_bearer_token_is_found_under_any_case_of_its_scheme() {
    for header in ["Bearer abc", "bearer abc", "BEARER abc", "Bearer   abc", " Bearer abc "] {
        assert_eq!(oauth::bearer(Some(header)), Some("abc"));
    }
    for header in ["", "Bearer", "Bearer ", "abc", "Basic abc", "Bearerabc", "Bearer: abc"] {
        assert_eq!(oauth::bearer(Some(header)), None, "{header}");
    }
    assert_eq!(oauth::bearer(None), None);
}

#[test]
fn a_token_is_this_text() {
    // The seal comes from another implementation of HMAC.
    let text = "ket_0011223344556677_1767225600_f04ddc8c050bf5b0dd804b3e8c3549aced57a0eef103cbe55d5c2a74344a1114";
    assert_eq!(AccessToken::mint("0011223344556677", &KEY, EXPIRES), text);
}

#[test]
fn a_token_lives_until_it_expires() {
    let token = AccessToken::parse(&AccessToken::mint("client", &KEY, EXPIRES)).unwrap();
    assert_eq!(token.client_id(), "client");
    assert!(token.verify(&KEY, Timestamp(0)));
    assert!(token.verify(&KEY, BEFORE));
    assert!(!token.verify(&KEY, EXPIRES));
    assert!(!token.verify(&KEY, Timestamp(u64::MAX)));
    let under_way = AccessToken::mint("client", &KEY, EXPIRES.plus(Duration(999)));
    assert_eq!(under_way, AccessToken::mint("client", &KEY, EXPIRES), "whole seconds");
}

#[test]
fn a_client_id_may_contain_the_separator() {
    let token = AccessToken::parse(&AccessToken::mint("a_b_1_", &KEY, EXPIRES)).unwrap();
    assert_eq!(token.client_id(), "a_b_1_");
    assert!(token.verify(&KEY, BEFORE));
}

#[test]
fn a_token_can_not_be_forged() {
    let genuine = AccessToken::mint("client", &KEY, EXPIRES);
    let seal = genuine.rsplit_once('_').unwrap().1;
    let mut another_key = KEY;
    another_key[31] ^= 1;
    let forged = [
        ("a later expiry", format!("ket_client_1767225601_{seal}")),
        ("an earlier expiry", format!("ket_client_1_{seal}")),
        ("the same expiry, written otherwise", format!("ket_client_01767225600_{seal}")),
        ("the same expiry with its sign", format!("ket_client_+1767225600_{seal}")),
        ("another client", format!("ket_clienT_1767225600_{seal}")),
        ("the seal in capitals", format!("ket_client_1767225600_{}", seal.to_uppercase())),
        ("no seal", "ket_client_1767225600_".to_owned()),
        ("a seal of zeros", format!("ket_client_1767225600_{}", "0".repeat(64))),
        ("half a seal", genuine.split_at(genuine.len() - 32).0.to_owned()),
        ("a longer seal", format!("{genuine}00")),
        ("another key", AccessToken::mint("client", &another_key, EXPIRES)),
    ];
    for (what, text) in forged {
        assert!(!AccessToken::parse(&text).is_some_and(|token| token.verify(&KEY, BEFORE)), "{what}: {text}");
    }
    for end in 0..genuine.len() {
        let truncated = AccessToken::parse(&genuine[..end]);
        assert!(!truncated.is_some_and(|token| token.verify(&KEY, Timestamp(0))), "truncated to {end}");
    }
    for place in 0..genuine.len() {
        let mut bytes = genuine.clone().into_bytes();
        bytes[place] ^= 1;
        let changed = AccessToken::parse(str::from_utf8(&bytes).unwrap());
        assert!(!changed.is_some_and(|token| token.verify(&KEY, Timestamp(0))), "changed at {place}");
    }
}

#[test]
fn other_texts_are_no_tokens() {
    let texts = ["", "ket", "ket_", "ket__", "ket__1_0", "ket_client_0", "ket_client_soon_0", "KET_client_1_0"];
    for text in texts.into_iter().chain(["ket_client_-1_0", "ket_client_18446744073709551616_0", "kese_prod_1_2_3"]) {
        assert!(AccessToken::parse(text).is_none(), "{text}");
    }
}

#[test]
fn secrets_can_not_be_printed_by_accident() {
    let genuine = AccessToken::mint("client", &KEY, EXPIRES);
    assert_eq!(format!("{:?}", AccessToken::parse(&genuine).unwrap()), r#"AccessToken("client", seal withheld)"#);
    assert_eq!(format!("{:?}", client("a", "b")), r#"TokenRequest("a", secret withheld)"#);
}
