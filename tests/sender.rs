//! What posts webhooks, against receivers on this machine: that it delivers to the byte, ends in time, and can not be led
//! inside. Where a name is and where a connection ends is what a test says; everything else is real.

use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::webhook::{Reach, Verdict};
use domain::Timestamp;
use functions::sender::{ANSWER_BYTES_MAX, Network, Reply, Sender, TIMEOUT, Unsent};
use lambda_http::http::{HeaderMap, HeaderValue};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

const V4: &str = "93.184.215.14";
const V6: &str = "2606:4700:4700::1111";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\nOK";

/// A receiver on this machine, and an authority that nobody else knows.
struct Receiver {
    listener: TcpListener,
    tls: TlsAcceptor,
    roots: Arc<RootCertStore>,
}

impl Receiver {
    /// One that shows a certificate for those names.
    async fn new(names: &[&str]) -> Receiver {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let mut roots = RootCertStore::empty();
        roots.add(authority.self_signed(&key).unwrap().der().clone()).unwrap();
        let issuer = Issuer::new(authority, key);

        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let tls = TlsAcceptor::from(Arc::new(server(certificate.der(), &key)));
        Receiver { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls, roots: Arc::new(roots) }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The internet as it would be if all connections ended here.
    fn internet(&self, resolve: impl Fn(&str) -> Vec<&'static str> + Send + Sync + 'static) -> Internet {
        let here = self.address();
        Internet::new(resolve, Some(here), Arc::clone(&self.roots))
    }

    /// Takes a connection, reads a request and answers it; then stays until the other side leaves, or leaves itself.
    /// Returns what it got.
    async fn https(self, answer: Vec<u8>, stays: bool) -> Vec<u8> {
        let (stream, _) = self.listener.accept().await.unwrap();
        match self.tls.accept(stream).await {
            Ok(stream) => serve(stream, &answer, stays).await,
            Err(_) => Vec::new(),
        }
    }

    /// The same in clear.
    async fn http(self, answer: Vec<u8>, stays: bool) -> Vec<u8> {
        let (stream, _) = self.listener.accept().await.unwrap();
        serve(stream, &answer, stays).await
    }
}

fn server(certificate: &CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap()
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8], stays: bool) -> Vec<u8> {
    let mut got = Vec::new();
    while !is_whole(&got) {
        if stream.read_buf(&mut got).await.unwrap_or(0) == 0 {
            return got;
        }
    }
    // Who has read enough hangs up.
    drop(stream.write_all(answer).await);
    drop(stream.flush().await);
    while stays && stream.read_buf(&mut got).await.is_ok_and(|read| read > 0) {}
    got
}

/// Whether that is a request to the end.
fn is_whole(got: &[u8]) -> bool {
    let Some(head) = got.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&got[..head]);
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    got.len() == head + 4 + length.parse::<usize>().unwrap()
}

/// What names are there and where connections end, and what was asked of both.
struct Internet {
    network: Option<Network>,
    resolved: Arc<Mutex<Vec<String>>>,
    connected: Arc<Mutex<Vec<String>>>,
}

impl Internet {
    /// Connections end at `here`; if that is nowhere, none comes about. A name without addresses is unknown.
    fn new(
        resolve: impl Fn(&str) -> Vec<&'static str> + Send + Sync + 'static,
        here: Option<SocketAddr>,
        roots: Arc<RootCertStore>,
    ) -> Internet {
        let (resolved, connected) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (names, addresses) = (Arc::clone(&resolved), Arc::clone(&connected));
        let network = Network {
            resolve: Box::new(move |name| {
                let found: Vec<IpAddr> = resolve(&name).iter().map(|address| address.parse().unwrap()).collect();
                names.lock().unwrap().push(name);
                Box::pin(async move { Ok(found) })
            }),
            connect: Box::new(move |address| {
                addresses.lock().unwrap().push(address.to_string());
                Box::pin(async move {
                    match here {
                        Some(here) => TcpStream::connect(here).await,
                        None => Err(io::ErrorKind::ConnectionRefused.into()),
                    }
                })
            }),
            roots,
        };
        Internet { network: Some(network), resolved, connected }
    }

    /// One without receivers.
    fn deserted(resolve: impl Fn(&str) -> Vec<&'static str> + Send + Sync + 'static) -> Internet {
        Internet::new(resolve, None, Arc::new(RootCertStore::empty()))
    }

    fn sender(&mut self, reach: Reach) -> Sender {
        Sender::new(reach, self.network.take().unwrap())
    }

    fn resolved(&self) -> Vec<String> {
        self.resolved.lock().unwrap().clone()
    }

    fn connected(&self) -> Vec<String> {
        self.connected.lock().unwrap().clone()
    }
}

async fn post(sender: &Sender, url: &str) -> Result<Reply, Unsent> {
    sender.post(url, HeaderMap::new(), b"{}".to_vec()).await
}

fn taken() -> Reply {
    Reply { status: 200, retry_after: Some("7".to_owned()) }
}

/// What becomes of a post in clear to a receiver that answers so, and how long it takes.
async fn answered(answer: impl Into<Vec<u8>>, stays: bool) -> (Result<Reply, Unsent>, Duration) {
    let receiver = Receiver::new(&[]).await;
    let mut internet = receiver.internet(|_| vec!["127.0.0.1"]);
    let request = tokio::spawn(receiver.http(answer.into(), stays));
    let started = Instant::now();
    let outcome = post(&internet.sender(Reach::Local), "http://localhost").await;
    let took = started.elapsed();
    assert!(request.await.unwrap().ends_with(b"{}"));
    (outcome, took)
}

#[tokio::test]
async fn a_webhook_arrives_to_the_byte_at_the_address_that_was_checked() {
    for (url, resolved, connected, host) in [
        ("https://hooks.example.com:8443/a%20b?c=d|e#f", "hooks.example.com", V4, "hooks.example.com:8443"),
        ("https://Hooks.Example.com.:8443/a%20b?c=d|e", "hooks.example.com.", V4, "hooks.example.com.:8443"),
        ("https://0x5db8d70e:8443/a%20b?c=d|e", "", V4, "93.184.215.14:8443"),
        ("https://[2606:4700:4700:0::1111]:8443/a%20b?c=d|e", "", V6, "[2606:4700:4700::1111]:8443"),
    ] {
        let receiver = Receiver::new(&["hooks.example.com", V4, V6]).await;
        let mut internet = receiver.internet(|_| vec![V4]);
        let request = tokio::spawn(receiver.https(OK.to_vec(), true));
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
        let body = b"{\"a\": \"\xc3\xa9\"}\r\n\0\xff";

        let outcome = internet.sender(Reach::Public).post(url, headers, body.to_vec()).await;
        assert_eq!(outcome, Ok(taken()), "{url}");
        let head = format!(
            "POST /a%20b?c=d|e HTTP/1.1\r\ncontent-type: application/json\r\nwebhook-id: evt_1\r\nhost: {host}\r\n\
             connection: close\r\nuser-agent: kese\r\ncontent-length: 15\r\n\r\n"
        );
        let sent = [head.as_bytes(), body].concat();
        assert_eq!(request.await.unwrap().escape_ascii().to_string(), sent.escape_ascii().to_string());
        assert_eq!(internet.resolved().join(" "), resolved);
        assert_eq!(internet.connected(), [SocketAddr::new(connected.parse().unwrap(), 8443).to_string()]);
    }
}

#[tokio::test]
async fn an_address_that_takes_no_connection_leaves_the_next() {
    let receiver = Receiver::new(&["example.com"]).await;
    let here = receiver.address();
    let mut internet = receiver.internet(|_| vec![V6, V4]);
    let mut network = internet.network.take().unwrap();
    network.connect = Box::new(move |address| {
        Box::pin(async move {
            if address.is_ipv6() {
                Err(io::ErrorKind::ConnectionRefused.into())
            } else {
                TcpStream::connect(here).await
            }
        })
    });
    let request = tokio::spawn(receiver.https(OK.to_vec(), true));
    assert_eq!(post(&Sender::new(Reach::Public, network), "https://example.com").await, Ok(taken()));
    assert!(request.await.unwrap().starts_with(b"POST / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_name_that_turns_inside_after_it_was_checked_leads_nowhere() {
    let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let here = inside.local_addr().unwrap();
    let asked = Mutex::new(0);
    let mut internet = Internet::deserted(move |_| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        if *asked == 1 { vec![V4] } else { vec!["127.0.0.1"] }
    });
    let mut network = internet.network.take().unwrap();
    let connect = network.connect;
    network.connect = Box::new(move |address| {
        let outside = connect(address);
        Box::pin(
            async move { if address.ip().is_loopback() { TcpStream::connect(address).await } else { outside.await } },
        )
    });
    let sender = Sender::new(Reach::Public, network);
    let url = format!("https://rebinding.example.com:{}/", here.port());

    assert_eq!(post(&sender, &url).await, Err(Unsent::Unconnected));
    assert_eq!(internet.resolved().len(), 1, "what was checked is what is connected to");
    assert_eq!(post(&sender, &url).await, Err(Unsent::PrivateAddress));
    assert_eq!(internet.connected(), [format!("{V4}:{}", here.port())]);
    assert_eq!(inside.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody has come in");
}

#[tokio::test]
async fn nothing_inside_is_connected_to_however_it_is_spelt() {
    for url in "https://127.0.0.1/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:a9fe:a9fe]/
        https://2130706433/ https://0x7f.1/ https://0177.0.0.1/ https://127.1/ https://127.0.0.1./ https://10.0.0.1/
        https://100.64.0.1/ https://169.254.169.254/ https://[fe80::1]/ https://[fd00:ec2::254]/ https://0/
        https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ https://localhost/ https://a.internal/ https://intranet/"
        .split_whitespace()
    {
        for reach in [Reach::Public, Reach::Local] {
            let mut internet = Internet::deserted(|_| vec![V4]);
            assert_eq!(post(&internet.sender(reach), url).await, Err(Unsent::PrivateAddress), "{url}");
            assert_eq!(internet.resolved().len() + internet.connected().len(), 0, "{url}");
        }
    }
}

#[tokio::test]
async fn a_name_is_connected_to_only_if_all_its_addresses_are_public() {
    for inside in "127.0.0.1 ::1 ::ffff:127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 fe80::1
        fd00:ec2::254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: 2001:0:7f00:1:: 0.0.0.0 :: 255.255.255.255 224.0.0.1"
        .split_whitespace()
    {
        for addresses in [vec![inside], vec![V4, inside], vec![inside, V6]] {
            let mut internet = Internet::deserted(move |_| addresses.clone());
            let outcome = post(&internet.sender(Reach::Public), "https://example.com").await;
            assert_eq!((outcome, internet.connected()), (Err(Unsent::PrivateAddress), vec![]), "{inside}");
        }
    }
    let mut internet = Internet::deserted(|_| vec![V4, V6]);
    assert_eq!(post(&internet.sender(Reach::Public), "https://example.com").await, Err(Unsent::Unconnected));
    assert_eq!(internet.connected(), ["93.184.215.14:443", "[2606:4700:4700::1111]:443"]);
}

#[tokio::test]
async fn only_the_local_service_posts_to_its_own_machine() {
    let receiver = Receiver::new(&[]).await;
    let port = receiver.address().port();
    let sender = Sender::new(Reach::Public, Network::real());
    for url in ["localhost", "127.0.0.1", "2130706433", "example.com"].map(|host| format!("http://{host}:{port}")) {
        assert_eq!(post(&sender, &url).await, Err(Unsent::InvalidAddress), "{url}");
    }
    let url = format!("http://localhost:{port}/hook");
    let request = tokio::spawn(receiver.http(OK.to_vec(), true));
    assert_eq!(post(&Sender::new(Reach::Local, Network::real()), &url).await, Ok(taken()));
    assert!(request.await.unwrap().starts_with(b"POST /hook HTTP/1.1\r\n"));

    // That a network calls another machine so opens no other machine.
    for elsewhere in [V4, "10.0.0.1", "169.254.169.254"] {
        let mut internet = Internet::deserted(move |_| vec!["127.0.0.1", elsewhere]);
        let outcome = post(&internet.sender(Reach::Local), &url).await;
        assert_eq!((outcome, internet.connected()), (Err(Unsent::PrivateAddress), vec![]));
    }
}

#[tokio::test]
async fn what_is_no_address_is_not_looked_up() {
    let mut internet = Internet::deserted(|_| vec![V4]);
    let sender = internet.sender(Reach::Public);
    let long = format!("https://example.com/{}", "a".repeat(2_048));
    for url in
        ["", "example.com", "ftp://example.com", "https://ada@example.com", "https://example.com\\@10.0.0.1", &long]
    {
        assert_eq!(post(&sender, url).await, Err(Unsent::InvalidAddress), "{url}");
    }
    assert_eq!(internet.resolved().len(), 0);
}

#[tokio::test]
async fn a_name_without_addresses_is_unresolved() {
    let mut internet = Internet::deserted(|_| Vec::new());
    assert_eq!(post(&internet.sender(Reach::Public), "https://example.com").await, Err(Unsent::Unresolved));
    let mut network = Internet::deserted(|_| Vec::new()).network.unwrap();
    network.resolve = Box::new(|_| Box::pin(async { Err(io::ErrorKind::NotFound.into()) }));
    assert_eq!(post(&Sender::new(Reach::Public, network), "https://example.com").await, Err(Unsent::Unresolved));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let receiver = Receiver::new(&["example.com"]).await;
        let mut internet = receiver.internet(|_| vec![V4]);
        let answer = format!("HTTP/1.1 {status} Go\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n");
        let request = tokio::spawn(receiver.https(answer.into(), true));
        let reply = post(&internet.sender(Reach::Public), "https://example.com").await.unwrap();
        assert_eq!(reply, Reply { status, retry_after: None });
        assert!(matches!(Verdict::of(status, None, 1, Timestamp(0)), Verdict::Failed { again: Some(_) }));
        assert_eq!((internet.connected().len(), internet.resolved().len()), (1, 1));
        request.await.unwrap();
    }
}

#[tokio::test]
async fn a_receiver_has_to_be_who_it_is_called() {
    let url = "https://example.com";
    for names in [["example.org"], ["a.example.com"], ["*.example.com"], [V4]] {
        let receiver = Receiver::new(&names).await;
        let mut internet = receiver.internet(|_| vec![V4]);
        let request = tokio::spawn(receiver.https(OK.to_vec(), true));
        assert_eq!(post(&internet.sender(Reach::Public), url).await, Err(Unsent::Tls), "{names:?}");
        assert_eq!(request.await.unwrap(), b"", "nothing was told");
    }
    let receiver = Receiver::new(&["example.com"]).await;
    let mut internet = receiver.internet(|_| vec![V4]);
    internet.network.as_mut().unwrap().roots = Receiver::new(&[]).await.roots;
    let request = tokio::spawn(receiver.https(OK.to_vec(), true));
    assert_eq!(post(&internet.sender(Reach::Public), url).await, Err(Unsent::Tls), "of another authority");
    assert_eq!(request.await.unwrap(), b"", "nothing was told");
}

#[tokio::test]
async fn an_answer_has_to_be_http_and_its_head_short() {
    let header = |name: usize| format!("x-{name}: {}\r\n", "a".repeat(100));
    let headers =
        |count| format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", (0..count).map(header).collect::<String>());
    assert_eq!(answered(headers(90), false).await.0, Ok(Reply { status: 200, retry_after: None }));
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(20 * 1_024));
    for answer in [headers(101), long, "SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "HTTP/2 200 OK\r\n\r\n".to_owned()] {
        assert_eq!(answered(answer, false).await.0, Err(Unsent::MalformedAnswer));
    }
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"] {
        assert_eq!(answered(answer, false).await.0, Err(Unsent::Unanswered), "{answer}");
    }
}

#[tokio::test]
async fn what_becomes_of_the_body_of_an_answer_does_not_count() {
    let whole = "HTTP/1.1 204 No Content\r\n\r\n";
    let cut = "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\ncontent-length: 9\r\n\r\nx";
    let broken = "HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\nnothing of a chunk\r\n";
    for (answer, status) in [(whole, 204), (cut, 204), (broken, 500)] {
        assert_eq!(answered(answer, false).await.0, Ok(Reply { status, retry_after: None }));
    }
}

/// A body that does not end after so many bytes. The receiver stays.
fn endless(bytes: usize) -> Vec<u8> {
    [b"HTTP/1.1 202 Accepted\r\n\r\n".to_vec(), vec![b'a'; bytes]].concat()
}

#[tokio::test]
async fn an_endless_body_is_read_to_64_kib() {
    let (outcome, took) = answered(endless(ANSWER_BYTES_MAX + 1), true).await;
    assert_eq!(outcome, Ok(Reply { status: 202, retry_after: None }));
    assert!(took < TIMEOUT / 2, "{took:?}");
    // A byte less, and it is waited for as long as there is time.
    tokio::time::pause();
    let (outcome, took) = answered(endless(ANSWER_BYTES_MAX), true).await;
    assert_eq!(outcome, Ok(Reply { status: 202, retry_after: None }));
    assert!(took >= TIMEOUT && took < TIMEOUT * 2, "{took:?}");
}

/// The clock of the runtime moves by itself when nothing else does.
#[tokio::test(start_paused = true)]
async fn everything_together_ends_after_ten_seconds() {
    let mut resolving = Internet::deserted(|_| vec![V4]).network.unwrap();
    resolving.resolve = Box::new(|_| Box::pin(pending()));
    let mut connecting = Internet::deserted(|_| vec![V4]).network.unwrap();
    connecting.connect = Box::new(|_| Box::pin(pending()));
    // Takes connections and says nothing.
    let receiver = Receiver::new(&[]).await;
    let silent = receiver.internet(|_| vec![V4]).network.unwrap();
    for network in [resolving, connecting, silent] {
        let started = Instant::now();
        let outcome = post(&Sender::new(Reach::Public, network), "https://example.com").await;
        assert_eq!((outcome, started.elapsed().as_secs()), (Err(Unsent::Timeout), 10));
    }
}

#[tokio::test]
async fn a_receiver_that_never_ends_its_answer_has_ten_seconds() {
    for begun in ["", "HTTP/1.1 200 OK\r\nx: "] {
        let receiver = Receiver::new(&[]).await;
        let mut internet = receiver.internet(|_| vec!["127.0.0.1"]);
        let request = tokio::spawn(async move {
            let (mut stream, _) = receiver.listener.accept().await.unwrap();
            let mut got = Vec::new();
            while !is_whole(&got) {
                stream.read_buf(&mut got).await.unwrap();
            }
            stream.write_all(begun.as_bytes()).await.unwrap();
            // From here on nothing happens any more, so the rest of the time passes at once.
            tokio::time::pause();
            while stream.read_buf(&mut got).await.unwrap() > 0 {}
            got
        });
        let started = Instant::now();
        let outcome = post(&internet.sender(Reach::Local), "http://localhost").await;
        assert_eq!((outcome, started.elapsed().as_secs()), (Err(Unsent::Timeout), 10));
        assert!(request.await.unwrap().ends_with(b"{}"), "it was hung up on");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn what_was_given_up_is_not_sent_later() {
    let receiver = Receiver::new(&[]).await;
    let sender = receiver.internet(|_| vec!["127.0.0.1"]).sender(Reach::Local);
    let (ended, end) = oneshot::channel();
    let request = tokio::spawn(async move {
        let (mut stream, _) = receiver.listener.accept().await.unwrap();
        let mut got = vec![stream.read_u8().await.unwrap()];
        tokio::time::pause();
        end.await.unwrap();
        while stream.read_buf(&mut got).await.is_ok_and(|read| read > 0) {}
        got.len()
    });
    // More than lies on the way.
    let body = vec![b'a'; 64 * 1_024 * 1_024];
    let length = body.len();
    assert_eq!(sender.post("http://localhost", HeaderMap::new(), body).await, Err(Unsent::Timeout));
    ended.send(()).unwrap();
    assert!(request.await.unwrap() < length);
}
