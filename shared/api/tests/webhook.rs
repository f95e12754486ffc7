//! Webhooks: where they may go, how they are signed, and when they are tried again.

#![expect(clippy::unwrap_used, reason = "a test stops at whatever it does not expect")]

use std::net::IpAddr;
use std::time::Duration;

use api::signature;
use api::webhook::{ATTEMPTS_MAX, DELAY_MAX, Host, Reach, Secret, Unfit, Url, Verdict, delay, is_public, retry_after};
use domain::Timestamp;

/// 2025-10-21T07:28:00Z.
const NOW: Timestamp = Timestamp(1_761_031_680_000);

fn public(text: &str) -> Url {
    Url::parse(text, Reach::Public).unwrap()
}

fn local(text: &str) -> Url {
    Url::parse(text, Reach::Local).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

// What may be in a public address is tested where strangers give it: in `paycombat.rs`.

#[test]
fn an_address_has_the_parts_of_a_request() {
    let url = public("HTTPS://Hooks.Example.COM:8443/a b?c=d#e".replace(' ', "%20").as_str());
    assert_eq!((url.host(), url.port()), (Host::Domain("hooks.example.com"), 8443));
    assert_eq!((url.authority(), url.target()), ("hooks.example.com:8443", "/a%20b?c=d"));
    assert_eq!(url.as_str(), "HTTPS://Hooks.Example.COM:8443/a%20b?c=d#e");
    let url = public("https://134744072:443");
    assert_eq!((url.host(), url.port()), (Host::Ipv4("8.8.8.8".parse().unwrap()), 443));
    assert_eq!((url.authority(), url.target(), url.is_https()), ("8.8.8.8", "/", true));
    let url = local("http://[::1]");
    assert_eq!((url.port(), url.authority(), url.is_https()), (80, "[::1]", false));
}

#[test]
fn only_the_local_service_posts_in_clear_and_only_to_its_own_machine() {
    for host in "localhost LOCALHOST 127.0.0.1 127.1 2130706433 127.255.0.1 [::1] [::ffff:127.0.0.1]".split(' ') {
        let text = format!("http://{host}:3001/hook");
        assert!(Url::parse(&text, Reach::Local).is_ok(), "{text}");
        assert_eq!(Url::parse(&text, Reach::Public), Err(Unfit::NotHttps), "{text}");
    }
    for text in ["http://example.com", "http://10.0.0.1", "http://169.254.169.254", "http://a.localhost", "http://0/"] {
        assert_eq!(Url::parse(text, Reach::Local), Err(Unfit::NotHttps), "{text}");
    }
    assert_eq!(Url::parse("https://127.0.0.1", Reach::Local), Err(Unfit::NotPublic));
    assert_eq!(Url::parse("http://ada@localhost", Reach::Local), Err(Unfit::HoldsUser));
    assert!(Url::parse("https://example.com", Reach::Local).is_ok());
}

/// What a name resolves to is not more than it says.
#[test]
fn an_address_admits_either_the_internet_or_this_machine() {
    let (named, loopback) = (public("https://example.com"), local("http://localhost"));
    for inside in "127.0.0.1 ::1 ::ffff:127.0.0.1".split(' ') {
        assert!(!named.admits(address(inside)) && loopback.admits(address(inside)), "{inside}");
    }
    for outside in "8.8.8.8 2606:4700:4700::1111".split(' ') {
        assert!(named.admits(address(outside)) && !loopback.admits(address(outside)), "{outside}");
    }
    for neither in
        "10.0.0.1 100.64.0.1 169.254.169.254 0.0.0.0 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::".split(' ')
    {
        assert!(!named.admits(address(neither)) && !loopback.admits(address(neither)), "{neither}");
        assert!(!is_public(address(neither)), "{neither}");
    }
}

/// The example that the specification of Standard Webhooks has in its libraries.
#[test]
fn it_is_signed_as_the_standard_says() {
    let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let secret = Secret::parse(text).unwrap();
    let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(secret.reveal(), text);
}

/// The expected values are Python's.
#[test]
fn the_text_of_a_signature_key_is_a_secret() {
    let key = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let secret = Secret::of_signature_key(&key);
    let text = "whsec_MDAwMTAyMDMwNDA1MDYwNzA4MDkwYTBiMGMwZDBlMGYxMDExMTIxMzE0MTUxNjE3MTgxOTFhMWIxYzFkMWUxZg==";
    assert_eq!(secret.reveal(), text);
    assert_eq!(Secret::parse(text), Some(secret.clone()));

    let body = br#"{"a":1}"#;
    assert_eq!(secret.sign("evt_1", 1_700_000_000, body), "v1,UFYkCpM49VT5DXtj+di71yhNfdaYjqESjkjCN3QL/is=");
    assert_eq!(secret.sign_body(body), "e46bd2e48d9290d7edaf05dc17e9f20466f1a09dc45963140f8108d32d79a32e");
    let held = b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    assert!(signature::verify(held, body, &secret.sign_body(body)), "as a request is signed");
}

#[test]
fn a_secret_has_24_to_64_bytes_and_is_not_printed() {
    let of = |base64: &str| Secret::parse(&format!("whsec_{base64}"));
    assert!(of(&"A".repeat(32)).is_some() && of(&("A".repeat(86) + "==")).is_some(), "24 bytes, and 64");
    assert!(of(&("A".repeat(31) + "=")).is_none() && of(&("A".repeat(87) + "=")).is_none(), "23 bytes, and 65");
    for text in ["", "whsec_", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!"] {
        assert!(Secret::parse(text).is_none(), "{text}");
    }
    let minted = Secret::mint([7; 32]);
    assert_eq!(Secret::parse(&minted.reveal()), Some(minted.clone()));
    assert_eq!(format!("{minted:?}"), "Secret(withheld)");
}

#[test]
fn delays_grow_and_are_a_day_together() {
    let delays: Vec<_> = (1..).map_while(delay).collect();
    assert!(delays.is_sorted());
    assert_eq!(delays[0], Duration::from_secs(5));
    assert_eq!(delays.iter().sum::<Duration>(), Duration::from_hours(24));
    assert!(delays.iter().all(|delay| *delay <= DELAY_MAX) && DELAY_MAX < Duration::from_hours(12));
    assert_eq!(u32::try_from(delays.len()).unwrap() + 1, ATTEMPTS_MAX);
    assert_eq!([0, ATTEMPTS_MAX, u32::MAX].map(delay), [None; 3]);
}

#[test]
fn a_receiver_says_how_long_to_wait_in_seconds_or_until_when() {
    let seconds = |text| retry_after(text, NOW).map(|asked| asked.as_secs_f32());
    let hour = Some(3_600.0);
    assert_eq!([seconds("0"), seconds("120"), seconds(" 3600 ")], [Some(0.0), Some(120.0), hour]);
    let dates = ["Tue, 21 Oct 2025 08:28:00 GMT", "Tuesday, 21-Oct-25 08:28:00 GMT", "Tue Oct 21 08:28:00 2025"];
    assert_eq!(dates.map(seconds), [hour; 3]);
    assert_eq!(seconds("Tue, 21 Oct 2025 07:27:00 GMT"), Some(0.0), "which is over");
    assert_eq!(retry_after("Tue, 21 Oct 2025 07:28:01 GMT", Timestamp(NOW.0 + 250)), Some(Duration::from_millis(750)));
    for long in ["42301", "86400", "99999999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        assert_eq!(retry_after(long, NOW), Some(DELAY_MAX), "{long}");
    }
    for other in ["", " ", "-1", "+1", "1.5", "1 s", "soon", "2025-10-21T08:28:00Z", "٣"] {
        assert_eq!(retry_after(other, NOW), None, "{other}");
    }
}

#[test]
fn an_answer_is_done_gone_or_failed() {
    let verdict = |status, attempt| Verdict::of(status, None, attempt, NOW);
    let failed = |seconds| Verdict::Failed { again: Some(Duration::from_secs(seconds)) };
    assert_eq!([200, 202, 204, 299].map(|status| verdict(status, 1)), [Verdict::Done; 4]);
    assert_eq!(verdict(410, 1), Verdict::Gone);
    for status in [100, 101, 199, 300, 301, 304, 307, 400, 404, 409, 411, 429, 500, 503, 599, 999] {
        assert_eq!(verdict(status, 1), failed(5), "{status}");
    }
    assert_eq!([verdict(500, 2), verdict(500, 11)], [failed(55), failed(28_800)]);
    assert_eq!(verdict(500, ATTEMPTS_MAX), Verdict::Failed { again: None });
}

#[test]
fn the_longer_delay_counts_and_none_after_the_last_attempt() {
    let again = |value, attempt| Verdict::of(429, Some(value), attempt, NOW);
    let failed = |seconds| Verdict::Failed { again: Some(Duration::from_secs(seconds)) };
    assert_eq!([again("4", 1), again("6", 1), again("soon", 1)], [failed(5), failed(6), failed(5)]);
    assert_eq!([again("86400", 11), again("60", 11)], [failed(DELAY_MAX.as_secs()), failed(28_800)]);
    assert_eq!(again("60", ATTEMPTS_MAX), Verdict::Failed { again: None });
    assert_eq!(Verdict::of(200, Some("60"), 1, NOW), Verdict::Done);
}
