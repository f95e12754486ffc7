//! The connection: one place that builds the SDK's client.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
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

/// Where DynamoDB is, as far as the environment is not to say it.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its address. Behind `http://` is none of AWS: it gets a region and credentials that mean nothing.
    pub url: Option<String>,
    /// Its region.
    pub region: Option<String>,
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
            .region(meaningless_region())
            .endpoint_url("http://localhost")
            .credentials_provider(meaningless_credentials())
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(retries())
            // Its own: otherwise what one store in a process met would count against the tries of another.
            .retry_partition(RetryPartition::custom("embedded").build())
            .build();
        Store { client: Client::from_conf(config), tables }
    }

    /// A store as the environment says: region, credentials and endpoint as every AWS client reads them.
    pub async fn connect(tables: Tables) -> Store {
        Store::connect_to(Endpoint::default(), tables).await
    }

    /// A store at that endpoint; what it does not say, the environment does.
    pub async fn connect_to(endpoint: Endpoint, tables: Tables) -> Store {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let mut config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(retries());
        if let Some(url) = endpoint.url {
            // Credentials of AWS do not travel in clear.
            if url.starts_with("http://") {
                config = config.region(meaningless_region()).credentials_provider(meaningless_credentials());
            }
            config = config.endpoint_url(url);
        }
        if let Some(region) = endpoint.region {
            config = config.region(Region::new(region));
        }
        Store { client: Client::new(&config.load().await), tables }
    }
}

fn meaningless_region() -> Region {
    Region::new("local")
}

fn meaningless_credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
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
