//! Bodies and queries of paycombat: what is accepted says what was sent, and no webhook goes to a host that is not public,
//! however its address is read.

#![no_main]

use std::net::IpAddr;

use api::Body;
use api::paycombat::{CreateWallet, LIMIT_MAX, ListWallets};
use api::webhook::URL_BYTES_MAX;
use domain::wallet::ACCOUNTS_MAX;
use fuzz::{check_refusal, read};
use lambda_http::http::Uri;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(body) = Body::parse(data) else { return };
    let sent: Value = body.read().expect("whatever was accepted can be read");
    let members = ["customer_id", "currency", "currency_list", "description", "webhook_url"];
    if let Some(asked) = read::<CreateWallet>(&body, &members) {
        accepted(&asked, &sent);
    }
    if let Some(asked) = read::<ListWallets>(&body, &["page", "limit"]) {
        match asked.page() {
            Ok(page) => assert!(page > 0),
            Err(problem) => check_refusal(problem, &["page"]),
        }
        match asked.limit() {
            Ok(limit) => assert!((1..=LIMIT_MAX).contains(&limit)),
            Err(problem) => check_refusal(problem, &["limit"]),
        }
    }
});

fn accepted(asked: &CreateWallet, sent: &Value) {
    match asked.currencies() {
        Ok(currencies) => {
            assert!(currencies.len() <= ACCOUNTS_MAX);
            let list = sent["currency_list"].as_array().expect("a list was sent");
            for one in list.iter().chain([&sent["currency"]]) {
                assert!(currencies.iter().any(|currency| one == currency.as_str()), "{one} is missing");
            }
        }
        Err(problem) => check_refusal(problem, &["currency_list"]),
    }
    let details = asked.profile().details;
    assert!(!details["customer_id"].is_empty());
    for member in ["customer_id", "description", "webhook_url"] {
        assert_eq!(details.get(member).map(String::as_str), sent[member].as_str(), "{member}");
    }
    if let Some(address) = details.get("webhook_url") {
        check_webhook(address);
    }
}

/// The check of the service reads addresses as browsers do; this one reads them as HTTP clients do.
fn check_webhook(address: &str) {
    assert!(address.len() <= URL_BYTES_MAX);
    assert!(address.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")), "{address}");
    let Ok(uri) = address.parse::<Uri>() else { return };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    assert!(!authority.contains('@'), "{address} has a user");
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_inside = match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    };
    assert!(!is_inside, "{address} is not public");
}
