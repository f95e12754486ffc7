//! DynamoDB behind TLS on loopback, as the SDKs want it: a certificate of an authority that nobody else knows, and
//! connections that stay open.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::Error;
use crate::dynamodb::DynamoDb;

/// A server that ends with this value.
pub(crate) struct Endpoint {
    /// What it serves.
    pub(crate) database: Arc<DynamoDb>,
    address: SocketAddr,
    authority: PathBuf,
    server: AbortHandle,
}

impl Endpoint {
    /// Serves that database; the certificate of the authority is written into that folder.
    pub(crate) async fn start(database: DynamoDb, folder: &Path) -> Result<Endpoint, Error> {
        let authority = folder.join("authority.pem");
        let config = certified(&authority)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let database = Arc::new(database);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&database));
        let (connected, connections) = mpsc::channel(16);
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), connected));
        let serving = tokio::spawn(async move {
            // With this task the listener goes, too.
            let _accepting = Abort(accepting.abort_handle());
            axum::serve(Connections { connections, address }, router).await
        });
        Ok(Endpoint { database, address, authority, server: serving.abort_handle() })
    }

    /// What a client must know in order to get here: the address, and whom to trust, as each of the SDKs wants to be told.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let authority = self.authority.display().to_string();
        vec![
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("https://localhost:{}", self.address.port())),
            ("AWS_CA_BUNDLE", authority.clone()),
            ("NODE_EXTRA_CA_CERTS", authority.clone()),
            ("SSL_CERT_FILE", authority),
        ]
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a server at `localhost` shows, signed by an authority whose certificate is written to a file.
fn certified(authority: &Path) -> Result<ServerConfig, Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Authority of the bench");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    fs::write(authority, params.self_signed(&key)?.pem())
        .map_err(|error| format!("{} cannot be written: {error}", authority.display()))?;
    let issuer = Issuer::new(params, key);

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(config)
}

/// Shakes hands with whoever comes, each on a task of its own, so that nobody waits for another.
async fn accept(listener: TcpListener, tls: TlsAcceptor, connected: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        let (tls, connected) = (tls.clone(), connected.clone());
        tokio::spawn(async move {
            // Who does not trust this server hangs up, and says so to whoever started it.
            if stream.set_nodelay(true).is_ok()
                && let Ok(stream) = tls.accept(stream).await
            {
                drop(connected.send((stream, peer)).await);
            }
        });
    }
}

struct Connections {
    connections: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Listener for Connections {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn answer(State(database): State<Arc<DynamoDb>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let (status, answer) = database.answer(target, &body, pass).await;
    let headers = [
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amz-crc32", crc32fast::hash(answer.as_bytes()).to_string()),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, headers, answer).into_response()
}

/// Lets time pass. The timer of the runtime goes by whole milliseconds, too coarse for what is compared here.
async fn pass(time: Duration) {
    if !time.is_zero() {
        drop(spawn_blocking(move || thread::sleep(time)).await);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use local::embedded::Embedded;
    use ureq::Agent;
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    use super::*;
    use crate::dynamodb::Latency;

    /// The status, and how long it took; the second time over the connection of the first.
    fn twice(url: &str, trusted: RootCerts) -> Result<Vec<(u16, Duration)>, ureq::Error> {
        let tls = TlsConfig::builder().root_certs(trusted).build();
        let agent = Agent::from(Agent::config_builder().tls_config(tls).http_status_as_error(false).build());
        let ask = || {
            let begun = Instant::now();
            let call = agent.post(url).header("x-amz-target", "DynamoDB_20120810.GetItem");
            let mut answer = call.send(r#"{"TableName": "nowhere", "Key": {}}"#)?;
            answer.body_mut().read_to_string()?;
            Ok((answer.status().as_u16(), begun.elapsed()))
        };
        [ask(), ask()].into_iter().collect()
    }

    #[tokio::test]
    async fn only_who_knows_the_authority_is_answered_and_in_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = DynamoDb::new(Embedded::memory(), Latency::USUAL);
        let endpoint = Endpoint::start(database, folder.path()).await.unwrap();
        let environment = endpoint.environment();
        let told = |name| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        let (url, authority) = (told("AWS_ENDPOINT_URL_DYNAMODB"), fs::read(told("AWS_CA_BUNDLE")).unwrap());

        let trusted = RootCerts::from([Certificate::from_pem(&authority).unwrap()]);
        let from = url.clone();
        let answers = spawn_blocking(move || twice(&from, trusted)).await.unwrap().unwrap();
        assert!(answers.iter().all(|(status, took)| *status == 400 && took.as_millis() >= 3), "{answers:?}");
        assert_eq!(endpoint.database.take_tally().requests(), 2);

        let refused = spawn_blocking(move || twice(&url, RootCerts::WebPki)).await.unwrap().unwrap_err();
        assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
        assert_eq!(endpoint.database.take_tally().requests(), 0);
    }
}
