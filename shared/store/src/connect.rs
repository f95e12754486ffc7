//! The connection: one place that builds the SDK's client.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::tls;

use crate::Store;

/// Which tables, and what is written to them.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The name of the ledger's table.
    pub ledger: String,
    /// The name of the credentials' table.
    pub credentials: String,
    /// Whether transactions are listed in the feed of their project: one write unit each.
    pub feed: bool,
}

impl Default for Tables {
    fn default() -> Tables {
        Tables { ledger: "Ledger".to_owned(), credentials: "Credentials".to_owned(), feed: true }
    }
}

impl Store {
    /// A store whose calls go through `http`, signed with credentials that mean nothing: for the embedded database.
    #[must_use]
    pub fn new(http: SharedHttpClient, tables: Tables) -> Store {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .endpoint_url("http://localhost")
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(retries())
            .build();
        Store { client: Client::from_conf(config), tables }
    }

    /// A store as the environment says: region, credentials and endpoint as every AWS client reads them.
    pub async fn connect(tables: Tables) -> Store {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(retries())
            .load()
            .await;
        Store { client: Client::new(&config), tables }
    }
}

/// The SDK sets no time-outs by itself. A write that times out is sent again: nothing here rests on it being sent once.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(300))
        .operation_attempt_timeout(Duration::from_secs(1))
        .operation_timeout(Duration::from_secs(3))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(25))
}
