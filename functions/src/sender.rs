//! What posts a webhook. A stranger says where to, so it can not be led inside: the name is resolved once, all that it resolves
//! to is checked, and the connection goes to what was checked. A post is one connection and one request: no redirect is
//! followed, no proxy asked, nothing tried twice, and it all ends after ten seconds.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::webhook::{Host, Reach, Unfit, Url};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

/// How long a post may take: the look-up, the connection, the request and the answer together.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How much of an answer's body is waited for. Nothing in it is of use, but a receiver may not like to be cut off.
pub const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// How long status and headers of an answer may be.
const HEAD_BYTES_MAX: usize = 16 * 1_024;

/// Posts webhooks.
pub struct Sender {
    reach: Reach,
    network: Network,
    tls: TlsConnector,
}

/// What the world gives to reach others by.
pub struct Network {
    /// The addresses of a name.
    pub resolve: Box<dyn Fn(String) -> Pending<Vec<IpAddr>> + Send + Sync>,
    /// A connection to an address.
    pub connect: Box<dyn Fn(SocketAddr) -> Pending<TcpStream> + Send + Sync>,
    /// Whose certificates count.
    pub roots: Arc<RootCertStore>,
}

/// What the world will have given, or not.
pub type Pending<T> = BoxFuture<'static, io::Result<T>>;

/// What was answered to a post, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header `retry-after`, if it can be read.
    pub retry_after: Option<String>,
}

/// Why a post was not answered. The receiver may have got it all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// That is no address for a webhook.
    InvalidAddress,
    /// The host is not, or not only, on the internet.
    PrivateAddress,
    /// The name has no address.
    Unresolved,
    /// None of the addresses took the connection.
    Unconnected,
    /// There was no TLS, or not with whom it has to be.
    Tls,
    /// It was not over in time.
    Timeout,
    /// The connection ended before the answer.
    Unanswered,
    /// The answer was not HTTP, or its headers were too long.
    MalformedAnswer,
}

impl Unsent {
    /// What a log may say of it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Unsent::InvalidAddress => "invalid_address",
            Unsent::PrivateAddress => "private_address",
            Unsent::Unresolved => "unresolved",
            Unsent::Unconnected => "unconnected",
            Unsent::Tls => "tls",
            Unsent::Timeout => "timeout",
            Unsent::Unanswered => "unanswered",
            Unsent::MalformedAnswer => "malformed_answer",
        }
    }
}

impl From<Unfit> for Unsent {
    fn from(unfit: Unfit) -> Unsent {
        match unfit {
            Unfit::NotPublic => Unsent::PrivateAddress,
            Unfit::TooLong | Unfit::NotHttps | Unfit::HoldsUser => Unsent::InvalidAddress,
        }
    }
}

impl From<hyper::Error> for Unsent {
    fn from(error: hyper::Error) -> Unsent {
        if error.is_parse() { Unsent::MalformedAnswer } else { Unsent::Unanswered }
    }
}

impl Network {
    /// The real one: the names and certificates that the system knows. If it knows no certificate, every post fails with
    /// [`Unsent::Tls`].
    #[must_use]
    pub fn real() -> Network {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Network {
            resolve: Box::new(|name| {
                Box::pin(async move { Ok(lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
            }),
            connect: Box::new(|address| Box::pin(TcpStream::connect(address))),
            roots: Arc::new(roots),
        }
    }
}

impl Sender {
    /// One that goes as far as that.
    #[must_use]
    pub fn new(reach: Reach, network: Network) -> Sender {
        let tls = TlsConnector::from(Arc::new(tls(Arc::clone(&network.roots))));
        Sender { reach, network, tls }
    }

    /// Posts those bytes, whatever they are, with those headers and the few that every request has. That the receiver answered
    /// is success, whatever it answered: what that means says [`api::webhook::Verdict`].
    ///
    /// # Errors
    /// [`Unsent`] says why there is no answer.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Vec<u8>) -> Result<Reply, Unsent> {
        let url = Url::parse(url, self.reach)?;
        let request = request(&url, headers, body)?;
        let mut connection = JoinSet::new();
        let mut timeout = std::pin::pin!(sleep(TIMEOUT));
        let answer = tokio::select! {
            answer = self.ask(&url, request, &mut connection) => answer?,
            () = &mut timeout => return Err(Unsent::Timeout),
        };
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let reply = Reply { status: answer.status().as_u16(), retry_after };
        tokio::select! {
            // The answer is there, whatever becomes of its body.
            _ = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect() => {}
            () = timeout => {}
        }
        Ok(reply)
    }

    async fn ask(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
        connection: &mut JoinSet<hyper::Result<()>>,
    ) -> Result<Response<Incoming>, Unsent> {
        let stream = self.connect(&self.addresses(url).await?, url.port()).await?;
        if url.is_https() {
            let name = server_name(&url.host()).ok_or(Unsent::InvalidAddress)?;
            let stream = self.tls.connect(name, stream).await.map_err(|_| Unsent::Tls)?;
            exchange(stream, request, connection).await
        } else {
            exchange(stream, request, connection).await
        }
    }

    /// Where the host is. One address inside is enough to leave it alone: the next one to be tried could be that.
    async fn addresses(&self, url: &Url) -> Result<Vec<IpAddr>, Unsent> {
        let addresses = match url.host() {
            Host::Domain(name) => (self.network.resolve)(name.to_owned()).await.map_err(|_| Unsent::Unresolved)?,
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
        };
        if addresses.is_empty() {
            Err(Unsent::Unresolved)
        } else if addresses.iter().all(|address| url.admits(*address)) {
            Ok(addresses)
        } else {
            Err(Unsent::PrivateAddress)
        }
    }

    async fn connect(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, Unsent> {
        for address in addresses {
            if let Ok(stream) = (self.network.connect)(SocketAddr::new(*address, port)).await {
                return Ok(stream);
            }
        }
        Err(Unsent::Unconnected)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({:?})", self.reach)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

fn request(url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<Request<Full<Bytes>>, Unsent> {
    let host = HeaderValue::try_from(url.authority()).map_err(|_| Unsent::InvalidAddress)?;
    let target = url.target().parse().map_err(|_| Unsent::InvalidAddress)?;
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target;
    *request.headers_mut() = headers;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("kese"));
    Ok(request)
}

/// Sends the request and waits for the head of the answer. The connection lives on in its set for the rest of the answer, and
/// ends with it.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
    connection: &mut JoinSet<hyper::Result<()>>,
) -> Result<Response<Incoming>, Unsent> {
    let mut http = http1::Builder::new();
    let (mut requests, running) = http.max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await?;
    connection.spawn(running);
    Ok(requests.send_request(request).await?)
}

fn tls(roots: Arc<RootCertStore>) -> ClientConfig {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions();
    let mut tls = versions.expect("ring has ciphers for them").with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls
}

/// Who the receiver has to be.
fn server_name(host: &Host<&str>) -> Option<ServerName<'static>> {
    match host {
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).ok(),
        Host::Ipv4(address) => Some(IpAddr::from(*address).into()),
        Host::Ipv6(address) => Some(IpAddr::from(*address).into()),
    }
}
