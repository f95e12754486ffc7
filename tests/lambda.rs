//! What a function's binary finds in its environment, before anybody calls it.

use std::process::{Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::samples;

#[test]
fn without_a_region_or_a_key_it_says_so_and_ends() {
    let nobody = "127.0.0.1:1".parse().unwrap();
    for (missing, sentence) in [
        ("AWS_REGION", "AWS_REGION does not say where the tables are"),
        ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY do not say as whom to call AWS"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY do not say as whom to call AWS"),
    ] {
        let mut function = Command::new(env!("CARGO_BIN_EXE_spend"));
        function.env_clear().envs(samples::environment(nobody)).env_remove(missing).stdin(Stdio::null());
        let ended = function.output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{missing}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), format!("Error: \"{sentence}\"\n"));
    }
}

/// As Lambda itself does it where it takes snapshots of functions: the environment has an address in place of a key.
#[tokio::test]
async fn a_key_may_come_from_a_containers_address() {
    let (called, mut calls) = mpsc::unbounded_channel();
    let router = Router::new().route("/key", get(key)).route("/", post(call)).with_state(called);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let mut function = tokio::process::Command::new(env!("CARGO_BIN_EXE_spend"));
    function.env_clear().envs(samples::environment(address)).env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    function.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    function.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{address}/key"));
    function.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "may-ask");
    let _function = function.kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();

    // The read that opens the connection.
    let headers: HeaderMap = tokio::time::timeout(Duration::from_secs(30), calls.recv()).await.unwrap().unwrap();
    let signed_as = headers["authorization"].to_str().unwrap();
    assert!(signed_as.starts_with("AWS4-HMAC-SHA256 Credential=fetched/"), "{signed_as}");
    assert_eq!(headers["x-amz-security-token"], "session");
}

async fn key(headers: HeaderMap) -> Result<String, StatusCode> {
    if headers.get("authorization").is_none_or(|token| token != "may-ask") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let key = json!({
        "AccessKeyId": "fetched",
        "SecretAccessKey": "secret",
        "Token": "session",
        "Expiration": "2100-01-01T00:00:00Z",
    });
    Ok(key.to_string())
}

async fn call(
    State(called): State<mpsc::UnboundedSender<HeaderMap>>,
    headers: HeaderMap,
) -> (StatusCode, &'static str) {
    called.send(headers).unwrap();
    (StatusCode::OK, "{}")
}
