//! The function: one client for the life of the process, one JSON line in the log for each request.

use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use lambda_http::tracing::{Level, subscriber};
use lambda_http::{Error, run, service_fn};
use peer::Tables;

#[tokio::main]
async fn main() -> Result<(), Error> {
    subscriber::fmt()
        .json()
        .with_max_level(Level::INFO)
        .with_target(false)
        .with_current_span(false)
        .without_time()
        .init();

    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = &Client::new(&config);
    let tables = &Tables { wallets: env::var("WALLETS_TABLE")?, idempotency: env::var("IDEMPOTENCY_TABLE")? };

    run(service_fn(async |request| peer::spend(client, tables, request).await)).await
}
