//! The connection: one place that builds the SDK's client. A function starts while somebody waits for it, so its client looks
//! for nothing: region and credentials come from Lambda's environment, and the certificates that it trusts are here. Commands ask
//! the SDK's own configuration, which looks in files and on the network.

use std::sync::Arc;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::tls;

use crate::{Queue, Store};

/// Reading the hundred and more that a system trusts costs more than the rest of a start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Which tables, and what is written to them.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The name of the ledger's table.
    pub ledger: String,
    /// The name of the credentials' table.
    pub credentials: String,
    /// The name of the table of webhooks and due dates.
    pub events: String,
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

/// What Lambda tells a function in its environment: where it runs, and as whom.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Environment {
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// What requests are signed with; none where the SDK is to fetch it from the address that
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` names, as in a container.
    pub access_key: Option<AccessKey>,
    /// Where DynamoDB is, unless where the region has it.
    pub endpoint_url: Option<String>,
    /// Certificates, in PEM, to trust in place of Amazon's roots.
    pub ca_bundle: Option<Vec<u8>>,
}

/// An access key of AWS.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// The key itself.
    pub secret: String,
    /// What shows that the key is a temporary one.
    pub session_token: Option<String>,
}

impl Default for Tables {
    fn default() -> Tables {
        let [ledger, credentials, events] = ["Ledger", "Credentials", "Events"].map(str::to_owned);
        Tables { ledger, credentials, events, feed: true }
    }
}

impl Store {
    /// A store whose calls go through `http`, signed with credentials that mean nothing: for the embedded database.
    #[must_use]
    pub fn new(http: SharedHttpClient, tables: Tables) -> Store {
        let config = aws_sdk_dynamodb::config::Builder::from(&meaningless(http))
            .endpoint_url("http://localhost")
            // Its own: otherwise what one store in a process met would count against the tries of another.
            .retry_partition(RetryPartition::custom("embedded").build());
        Store { client: Client::from_conf(config.build()), tables, contended: Arc::default() }
    }

    /// A function's store. It trusts Amazon's roots alone, or those that it is given in their place.
    ///
    /// # Panics
    /// When the certificates that it is given are none.
    #[must_use]
    pub fn in_lambda(environment: Environment, tables: Tables) -> Store {
        let endpoint_url = environment.endpoint_url.clone();
        let mut config = aws_sdk_dynamodb::config::Builder::from(&of_lambda(environment));
        config.set_endpoint_url(endpoint_url);
        Store { client: Client::from_conf(config.build()), tables, contended: Arc::default() }
    }

    /// Reads something that is not there, so that the first request finds the connection open. Costs half a read unit.
    pub async fn warm_up(&self) {
        let nothing = AttributeValue::S("warm-up".to_owned());
        let get = self.client.get_item().table_name(&self.tables.credentials).key("pk", nothing);
        // Whatever is wrong, the first request says it to somebody who can be told.
        drop(get.send().await);
    }

    /// A command's store at that endpoint; what it does not say, the environment does, as every AWS client reads it.
    pub async fn connect(endpoint: Endpoint, tables: Tables) -> Store {
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https(None));
        let mut config = config.timeout_config(timeouts()).retry_config(retries());
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
        Store { client: Client::new(&config.load().await), tables, contended: Arc::default() }
    }
}

impl Queue {
    /// The queue at `url`, called through `http` with credentials that mean nothing: one in this process.
    #[must_use]
    pub fn new(http: SharedHttpClient, url: String) -> Queue {
        Queue::of(&meaningless(http), url)
    }

    /// A function's queue; as [`Store::in_lambda`].
    ///
    /// # Panics
    /// When the certificates that it is given are none.
    #[must_use]
    pub fn in_lambda(environment: Environment, url: String) -> Queue {
        Queue::of(&of_lambda(environment), url)
    }

    /// A queue's address says where SQS is.
    fn of(config: &SdkConfig, url: String) -> Queue {
        let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let config = aws_sdk_sqs::config::Builder::from(config).endpoint_url(origin);
        Queue { client: aws_sdk_sqs::Client::from_conf(config.build()), url }
    }
}

/// For what is in this process.
fn meaningless(http: SharedHttpClient) -> SdkConfig {
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).http_client(http);
    let config = config.region(meaningless_region());
    let config = config.credentials_provider(SharedCredentialsProvider::new(meaningless_credentials()));
    config.timeout_config(timeouts()).retry_config(retries()).build()
}

fn of_lambda(environment: Environment) -> SdkConfig {
    let Environment { region, access_key, endpoint_url: _, ca_bundle } = environment;
    let roots = ca_bundle.unwrap_or_else(|| AMAZON_ROOTS.to_vec());
    let http = https(Some(tls::TrustStore::empty().with_pem_certificate(roots)));
    let credentials = if let Some(AccessKey { id, secret, session_token }) = access_key {
        SharedCredentialsProvider::new(Credentials::new(id, secret, session_token, None, "lambda"))
    } else {
        let config = ProviderConfig::without_region().with_http_client(http.clone());
        SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&config).build())
    };
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).http_client(http);
    let config = config.region(Region::new(region)).credentials_provider(credentials);
    // Nothing stalls for longer than an attempt may take.
    let config = config.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.timeout_config(timeouts()).retry_config(retries()).build()
}

/// TLS by rustls on ring. Without a word on whom to trust it is whom the system trusts.
fn https(trusted: Option<tls::TrustStore>) -> SharedHttpClient {
    let context = tls::TlsContext::builder().with_trust_store(trusted.unwrap_or_default()).build();
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .tls_context(context.unwrap_or_default())
        .build_https()
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use sha2::{Digest, Sha256};

    use super::*;

    /// The fingerprints are those that <https://www.amazontrust.com/repository> tells.
    #[test]
    fn the_roots_are_amazons() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        let certificates = text.split("-----BEGIN CERTIFICATE-----").skip(1).map(|rest| {
            let base64: String = rest.split("-----").next().unwrap().split_whitespace().collect();
            let der = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
            <[u8; 32]>::from(Sha256::digest(der)).map(|byte| format!("{byte:02x}")).concat()
        });
        let expected = [
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        ];
        assert_eq!(certificates.collect::<Vec<_>>(), expected);
    }
}
