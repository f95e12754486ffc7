//! API keys and access tokens: an accepted key prints as it was sent, a typo is told without a look-up, and a token that was
//! touched proves nothing.

#![no_main]

use api::ApiKey;
use api::oauth::{self, AccessToken};
use domain::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = str::from_utf8(data) {
        sent(text);
    }
    if let Some((id, rest)) = data.split_first_chunk::<8>()
        && let Some((secret, rest)) = rest.split_first_chunk::<24>()
    {
        minted(*id, *secret, rest);
    }
});

fn sent(text: &str) {
    if let Some(key) = ApiKey::parse(text) {
        assert_eq!(key.reveal(), text, "a key has one spelling");
        assert!(key.key_id().len() == 16 && key.reveal_secret().len() == 48);
        assert!(key.matches(&key.secret_hash()) && !key.matches(&[0; 32]));
        assert!(!format!("{key:?}").contains(key.reveal_secret()), "a secret is printed");
        assert_eq!(ApiKey::parse(&text.to_uppercase()), None, "a key is not sent in other letters");
    }
    if let Some(token) = AccessToken::parse(text) {
        assert!(!token.client_id().is_empty());
        assert!(!token.verify(&[7; 32], Timestamp(0)), "nobody has that key");
        assert!(!format!("{token:?}").contains(text), "a token is printed");
    }
    let sent = oauth::bearer(Some(text));
    assert!(sent.is_none_or(|token| text.trim().ends_with(token)));
}

fn minted(id: [u8; 8], secret: [u8; 24], rest: &[u8]) {
    let key = ApiKey::mint("test", id, secret);
    let text = key.reveal();
    assert!(ApiKey::parse(&text).is_some_and(|read| read == key));

    let signing_key: [u8; 32] = std::array::from_fn(|at| secret[at % secret.len()]);
    let expires = Timestamp(u64::from_be_bytes(id) >> 12);
    let token = AccessToken::mint(key.key_id(), &signing_key, expires);
    let read = AccessToken::parse(&token).expect("what was minted is a token");
    assert_eq!(read.client_id(), key.key_id());
    // Its expiry counts in whole seconds.
    let ends = Timestamp(expires.seconds() * 1_000);
    assert!(!read.verify(&signing_key, ends) && (ends.0 == 0 || read.verify(&signing_key, Timestamp(ends.0 - 1))));

    let &[place, letter, ..] = rest else { return };
    let touched = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        let place = usize::from(place) % bytes.len();
        let is_new = bytes[place] != letter;
        bytes[place] = letter;
        String::from_utf8(bytes).ok().filter(|_| is_new)
    };
    assert!(touched(&text).is_none_or(|typo| ApiKey::parse(&typo).is_none()), "a typo is a key");
    let forged = touched(&token).and_then(|text| AccessToken::parse(&text));
    assert!(forged.is_none_or(|token| !token.verify(&signing_key, Timestamp(0))), "a forged token is good");
}
