//! Events of API Gateway, of either version, as bytes: whatever arrives gets an answer that callers know, and what it did to
//! the ledger keeps the laws.

#![no_main]

use std::cell::RefCell;

use functions::OPERATIONS;
use fuzz::harness::{Answered, World};
use fuzz::laws;
use lambda_http::RequestExt;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    /// The world, as long as nothing was written to it: making one takes longer than most requests.
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    if !is_from_a_gateway(data) {
        return;
    }
    let Ok(request) = lambda_http::request::from_reader(data) else { return };
    let route = functions::route(request.method().as_str(), request.raw_http_path());
    // A function can be called for a path that is none of its own.
    let operation = route.map_or(OPERATIONS[data.len() % OPERATIONS.len()], |(operation, _)| operation);
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let world = match WORLD.take() {
                Some(world) => world,
                None => laws::world_of_events().await,
            };
            let response = world.app.handle(operation, request).await;
            let traffic = world.traffic();
            let (parts, body) = response.into_parts();
            let body = serde_json::from_slice(&body).expect("every answer is JSON");
            let answered = Answered { status: parts.status.as_u16(), headers: parts.headers, body };
            assert!(answered.headers.contains_key("x-request-id") || !is_plain(data), "{answered:?}");
            laws::check_answer(operation.name, &answered, &traffic, false);
            if traffic.iter().any(laws::is_write) {
                laws::check_ledger(&world).await;
            } else {
                WORLD.set(Some(world));
            }
        });
    });
});

/// Whether the parts of an event that say where it was sent to are ones: callers do not write them as they like.
fn is_from_a_gateway(event: &[u8]) -> bool {
    let Ok(event) = serde_json::from_slice::<Value>(event) else { return true };
    let text = |value: &Value, default: &str| value.as_str().unwrap_or(default).to_owned();
    let path = text(if event["rawPath"].is_null() { &event["path"] } else { &event["rawPath"] }, "/");
    let has_host =
        ["headers", "multiValueHeaders"].into_iter().filter_map(|headers| event[headers].as_object()).any(|headers| {
            let mut names = headers.keys().map(|name| name.to_ascii_lowercase());
            names.any(|name| name == "host" || name == "x-forwarded-proto")
        });
    let query = text(&event["rawQueryString"], "");
    let at_home = !has_host && event["requestContext"]["domainName"].is_null();
    at_home && path.starts_with('/') && fuzz::is_address(&format!("/?{query}"))
}

/// Whether the event's request id can stand in a header: nothing else than that keeps it out of the answer.
fn is_plain(event: &[u8]) -> bool {
    event.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\n') && !event.contains(&b'\\')
}
