//! A world for a test: the operations over the real SDK and the embedded DynamoDB, with a clock that only moves when it is
//! told to, and a wire beneath the SDK that counts, disturbs and loses what goes over it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use api::{ApiKey, Dialect};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use domain::{AccountNumber, Project, ProjectId, Seq, Timestamp};
use functions::{App, Host};
use lambda_http::Request;
use lambda_http::http::{HeaderMap, Method};
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::{Credential, CredentialKind, Entry, Hash, Meter, Store, Tables};

/// 2026-01-01T00:00:00Z.
const BEGINNING: u64 = 1_767_225_600_000;

/// 2025-04-28T12:00:00Z, when the world of the events was made.
pub const APRIL_2025: u64 = 1_745_841_600_000;

/// What can happen to a call to DynamoDB.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It never arrives.
    LoseRequest,
    /// It arrives, and its answer is lost.
    LoseAnswer,
    /// It is answered with an error that says to try again; nothing is done.
    Throttle,
    /// It is done, and answered with an internal error.
    FailAfter,
    /// It arrives a fifth of a second later.
    Late,
    /// A transaction is at the same item: nothing is done.
    Conflict,
    /// It is answered with an error that says not to try again; nothing is done.
    Refuse,
}

/// One call that DynamoDB answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Such as `PutItem`.
    pub target: String,
    /// The request's body.
    pub request: Value,
    /// In units, as DynamoDB counts it.
    pub units: f64,
    /// Whether it was done.
    pub done: bool,
}

/// The wire beneath the SDK.
#[derive(Debug)]
pub struct Wire {
    embedded: Embedded,
    faults: Mutex<VecDeque<(String, Fault)>>,
    traffic: Mutex<Vec<Traffic>>,
    /// Draws how often a call lets others go first.
    turns: AtomicU64,
}

/// A world.
pub struct World {
    pub wire: Arc<Wire>,
    tables: Tables,
    pub store: Store,
    pub app: Arc<App>,
    pub clock: Arc<AtomicU64>,
    drawn: Arc<AtomicU64>,
    minted: AtomicU64,
    pub log: Arc<Mutex<Vec<String>>>,
    pub project: Project,
    pub key: String,
    /// What liquido's client exchanges for access tokens: its id and secret.
    pub client: (String, String),
    /// What paycombat sends, and signs with.
    pub token: (String, String),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl World {
    /// An empty world with the project `demo` and a key that may do everything.
    pub async fn new() -> World {
        World::over(Embedded::memory(), Project::new(ProjectId::parse("demo").unwrap()), Tables::default()).await
    }

    /// The same, with the transactions' feed on or off.
    pub async fn with_feed(feed: bool) -> World {
        let tables = Tables { feed, ..Tables::default() };
        World::over(Embedded::memory(), Project::new(ProjectId::parse("demo").unwrap()), tables).await
    }

    /// A world over data that may be there already.
    pub async fn over(embedded: Embedded, project: Project, tables: Tables) -> World {
        let wire =
            Arc::new(Wire { embedded, faults: Mutex::default(), traffic: Mutex::default(), turns: AtomicU64::new(1) });
        let store = Store::new(wire.client(), tables.clone());
        store.create_tables().await.unwrap();
        let clock = Arc::new(AtomicU64::new(BEGINNING));
        let drawn = Arc::default();
        let log = Arc::new(Mutex::new(Vec::new()));
        let app = Arc::new(App::new(store.clone(), host(&clock, &drawn, &log)));
        let mut world = World {
            wire,
            tables,
            store,
            app,
            clock,
            drawn,
            minted: AtomicU64::new(1),
            log,
            project: project.clone(),
            key: String::new(),
            client: Default::default(),
            token: Default::default(),
        };
        let all = ["read", "write", "fix", "admin"];
        world.key = world.grant(&project, &all).await;
        world.client = world.grant_client(&project).await;
        world.token = world.grant_token(&project, &all).await;
        world.wire.traffic.lock().unwrap().clear();
        world
    }

    /// Another function instance over the same data: it has no memory of the first.
    pub fn restart(&mut self) {
        self.store = Store::new(self.wire.client(), self.tables.clone());
        self.app = Arc::new(App::new(self.store.clone(), host(&self.clock, &self.drawn, &self.log)));
    }

    /// Another function instance, of a stack of that name: with metrics in its log.
    pub fn restart_in(&mut self, stack: &str) {
        let host = host(&self.clock, &self.drawn, &self.log);
        self.app = Arc::new(App::new(self.store.clone(), host).with_metrics(stack.to_owned()));
    }

    /// The log since this was last asked.
    pub fn logged(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// A new API key.
    pub async fn grant(&self, project: &Project, scopes: &[&str]) -> String {
        self.mint(project, CredentialKind::ApiKey, scopes).await.0.reveal()
    }

    /// A new client of liquido: its id and secret.
    pub async fn grant_client(&self, project: &Project) -> (String, String) {
        let (key, _) = self.mint(project, CredentialKind::Client, &[]).await;
        (key.key_id().to_owned(), key.reveal_secret().to_owned())
    }

    /// A new token of paycombat, and its signature key.
    pub async fn grant_token(&self, project: &Project, scopes: &[&str]) -> (String, String) {
        let (key, signing_key) = self.mint(project, CredentialKind::Token, scopes).await;
        (key.reveal(), api::credentials::hex(&signing_key))
    }

    async fn mint(&self, project: &Project, kind: CredentialKind, scopes: &[&str]) -> (ApiKey, [u8; 32]) {
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let key = ApiKey::mint("test", (number ^ BEGINNING).to_be_bytes(), [7; 24]);
        let signing_key = [u8::try_from(number).unwrap(); 32];
        self.admit(project, kind, &key, signing_key, scopes).await;
        (key, signing_key)
    }

    /// Makes the keys that the events of `events/` carry the project's. Throwaways: only worlds of tests know them.
    pub async fn admit_samples(&self, project: &Project) {
        for (kind, id, signing_key) in [
            (CredentialKind::ApiKey, *b"the demo", [0; 32]),
            (CredentialKind::Client, *b"a client", [1; 32]),
            (CredentialKind::Token, *b"a token!", [2; 32]),
        ] {
            let key = ApiKey::mint("test", id, *b"checked in, so no secret");
            self.admit(project, kind, &key, signing_key, &["read", "write", "fix", "admin"]).await;
        }
    }

    /// Makes that key one of the project's.
    pub async fn admit(
        &self,
        project: &Project,
        kind: CredentialKind,
        key: &ApiKey,
        signing_key: [u8; 32],
        scopes: &[&str],
    ) {
        let credential = Credential {
            key_id: key.key_id().to_owned(),
            kind,
            secret_hash: key.secret_hash(),
            signing_key,
            project: project.id.clone(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            revoked: false,
            expires: None,
        };
        self.store.put_credential(&credential).await.unwrap();
        self.store.put_project(project).await.unwrap();
    }

    /// Lets time pass.
    pub fn wait_millis(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::Relaxed);
    }

    /// What goes wrong next with calls of that kind.
    pub fn fault(&self, target: &str, fault: Fault) {
        self.wire.faults.lock().unwrap().push_back((target.to_owned(), fault));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.wire.faults.lock().unwrap().clear();
    }

    /// The calls since this was last asked.
    pub fn traffic(&self) -> Vec<Traffic> {
        std::mem::take(&mut *self.wire.traffic.lock().unwrap())
    }

    /// Creates a wallet with one account.
    pub async fn open(&self, wallet: &str, currency: &str, account: &str) {
        let answered = self.post("createWallet/demo", None, &format!(r#"{{"walletId": "{wallet}"}}"#)).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        self.open_in(wallet, currency, account).await;
    }

    /// Opens an account in a wallet.
    pub async fn open_in(&self, wallet: &str, currency: &str, account: &str) {
        let body = format!(r#"{{"walletId": "{wallet}", "currency": "{currency}", "accountNumber": "{account}"}}"#);
        let answered = self.post("createAccount/demo", None, &body).await;
        assert_eq!(answered.status, 200, "{answered:?}");
    }

    /// Calls an operation of mircate: `path` is what follows `/CALL/WalletAPI/`.
    pub async fn post(&self, path: &str, idempotency_key: Option<&str>, body: &str) -> Answered {
        let key = idempotency_key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = [("x-api-key", self.key.as_str())].into_iter().chain(key).collect();
        self.send(Method::POST, &format!("/CALL/WalletAPI/{path}"), &headers, body.as_bytes()).await
    }

    /// Calls any route with the credentials that its dialect asks for.
    pub async fn call(&self, method: Method, path: &str, idempotency_key: Option<&str>, body: &str) -> Answered {
        let (raw_path, _) = path.split_once('?').unwrap_or((path, ""));
        let dialect = functions::route(method.as_str(), raw_path).map_or(Dialect::Mircate, |(_, route)| route.dialect);
        let mut headers = match dialect {
            Dialect::Mircate => vec![("x-api-key", self.key.clone())],
            Dialect::Liquido => {
                let bearer = format!("Bearer {}", self.access_token().await);
                vec![("x-api-key", self.key.clone()), ("authorization", bearer)]
            }
            Dialect::Paycombat => {
                vec![("x-token", self.token.0.clone()), ("signature", sign(&self.token.1, body.as_bytes()))]
            }
        };
        headers.extend(idempotency_key.map(|key| ("idempotency-key", key.to_owned())));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send(method, path, &headers, body.as_bytes()).await
    }

    /// An access token of liquido.
    pub async fn access_token(&self) -> String {
        self.access_token_of(&self.client).await
    }

    /// An access token of that client.
    pub async fn access_token_of(&self, (id, secret): &(String, String)) -> String {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answered = self.send(Method::POST, "/oauth/token", &headers, body.as_bytes()).await;
        answered.body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Sends anything, the way API Gateway does.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answered {
        let (raw_path, _) = path.split_once('?').unwrap_or((path, ""));
        let Some((operation, _)) = functions::route(method.as_str(), raw_path) else {
            return Answered { status: 404, headers: HeaderMap::new(), body: Value::Null };
        };
        let response = self.app.handle(operation, self.request(&method, path, headers, body)).await;
        let (parts, body) = response.into_parts();
        Answered {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).expect("every answer is JSON"),
        }
    }

    fn request(&self, method: &Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        let (raw_path, query) = path.split_once('?').unwrap_or((path, ""));
        let text = std::str::from_utf8(body).ok();
        let event = serde_json::json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": raw_path,
            "rawQueryString": query,
            "headers": headers.collect::<serde_json::Map<_, _>>(),
            "requestContext": {
                "stage": "$default",
                "requestId": format!("request-{}", self.clock.load(Ordering::Relaxed)),
                "http": { "method": method.as_str(), "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
            },
            "body": text.map_or_else(|| base64(body), ToOwned::to_owned),
            "isBase64Encoded": text.is_none(),
        });
        lambda_http::request::from_str(&event.to_string()).expect("an event of API Gateway")
    }

    /// Every entry of an account, oldest first, after checking the laws: dense, linked, and every balance the sum of what
    /// came before.
    pub async fn chain(&self, account: &str) -> Vec<Entry> {
        let disturbances = std::mem::take(&mut *self.wire.faults.lock().unwrap());
        let entries = self.read_chain(account).await;
        *self.wire.faults.lock().unwrap() = disturbances;
        refunds_add_up(&entries);
        entries
    }

    async fn read_chain(&self, account: &str) -> Vec<Entry> {
        let meter = Meter::default();
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        let now = Timestamp(self.clock.load(Ordering::Relaxed));
        let session = self.store.session(&self.project, now, 0, deadline, &meter);
        let account = AccountNumber::parse(account).unwrap();
        let Some(newest) = session.newest(&account).await.unwrap() else { return Vec::new() };
        let mut entries = Vec::new();
        let (mut previous, mut posted, mut at) = (Hash::ORIGIN, 0_i64, Timestamp(0));
        for number in 1..=newest.transaction.account.seq.number() {
            let entry = session.entry(&account, Seq::new(number).unwrap()).await.unwrap().expect("no gap in a chain");
            let transaction = &entry.transaction;
            assert_eq!(entry.previous, previous, "entry {number} links to the one before");
            assert_eq!(entry.hash, entry.expected_hash(&self.project.id), "entry {number} is as it was hashed");
            posted += transaction.amount().minor_units();
            assert_eq!(
                posted,
                transaction.account.lots.posted().minor_units().cast_signed(),
                "balance after entry {number}"
            );
            assert!(transaction.account.at >= at, "time goes on at entry {number}");
            assert_eq!(transaction.account.seq.number(), number);
            previous = entry.hash;
            at = transaction.account.at;
            entries.push(entry);
        }
        entries
    }
}

/// What is marked on an original is what the chain says was refunded or canceled of it.
fn refunds_add_up(entries: &[Entry]) {
    for entry in entries {
        let seq = entry.transaction.account.seq;
        let refunds = entries.iter().map(|entry| &entry.transaction);
        let refunds = refunds.filter(|other| other.kind == domain::Kind::Refunded { original: seq });
        let refunded: i64 = refunds.map(|other| other.amount().minor_units()).sum();
        assert_eq!(
            refunded,
            entry.transaction.refunded.minor_units().cast_signed(),
            "refunded of entry {}",
            seq.number()
        );
        assert!(refunded <= entry.transaction.amount().minor_units().abs(), "no more than the original");
        let cancels: Vec<_> = entries
            .iter()
            .filter(|other| other.transaction.kind == domain::Kind::Canceled { original: seq })
            .map(|other| other.transaction.account.seq)
            .collect();
        assert_eq!(cancels, entry.transaction.canceled_by.into_iter().collect::<Vec<_>>());
        assert!(cancels.is_empty() || refunded == 0, "canceled implies nothing refunded");
    }
}

fn host(clock: &Arc<AtomicU64>, drawn: &Arc<AtomicU64>, log: &Arc<Mutex<Vec<String>>>) -> Host {
    let (clock, drawn, log) = (Arc::clone(clock), Arc::clone(drawn), Arc::clone(log));
    Host {
        now: Box::new(move || Timestamp(clock.load(Ordering::Relaxed))),
        random: Box::new(move || u128::from(drawn.fetch_add(1, Ordering::Relaxed)) | (1 << 100)),
        log: Box::new(move |line| log.lock().unwrap().push(line.to_owned())),
    }
}

impl Wire {
    fn client(self: &Arc<Wire>) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(Arc::clone(self).connector());
        http_client_fn(move |_, _| connector.clone())
    }

    fn connector(self: Arc<Wire>) -> Connector {
        Connector(self)
    }

    fn next_fault(&self, target: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let place = faults.iter().position(|(kind, _)| kind == target)?;
        faults.remove(place).map(|(_, fault)| fault)
    }

    /// Calls DynamoDB past the service.
    pub fn answer(&self, target: &str, request: &Value) -> Value {
        let (status, body) =
            self.embedded.answer(&format!("DynamoDB_20120810.{target}"), request.to_string().as_bytes());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    fn do_it(&self, target: &str, request: &[u8]) -> (u16, String) {
        let (status, body) = self.embedded.answer(&format!("DynamoDB_20120810.{target}"), request);
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        let capacity = &answer["ConsumedCapacity"];
        let tables = capacity.as_array().map_or(std::slice::from_ref(capacity), Vec::as_slice);
        let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let request = serde_json::from_slice(request).unwrap_or_default();
        let traffic = Traffic { target: target.to_owned(), request, units, done: status == 200 };
        self.traffic.lock().unwrap().push(traffic);
        (status, body)
    }
}

#[derive(Debug)]
struct Connector(Arc<Wire>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let target = target.rsplit('.').next().unwrap_or_default();
            let body = request.body().bytes().unwrap_or_default();
            // Without this, a call on one thread would never meet another between its read and its write.
            let turns = wire.turns.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62;
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let lost = || Err(ConnectorError::timeout("the test lost it".into()));
            // What DynamoDB says of an error may quote what it was sent.
            let quoted = String::from_utf8_lossy(body);
            let error = |status, code: &str| {
                let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
                Ok(response(status, json!({ "__type": code, "message": quoted }).to_string()))
            };
            let canceled = |reason: &str| {
                let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
                let reasons = json!([{ "Code": reason, "Message": quoted }, { "Code": "None" }]);
                Ok(response(
                    400,
                    json!({ "__type": code, "Message": quoted, "CancellationReasons": reasons }).to_string(),
                ))
            };
            match wire.next_fault(target) {
                None => {
                    let (status, body) = wire.do_it(target, body);
                    Ok(response(status, body))
                }
                Some(Fault::LoseRequest) => lost(),
                Some(Fault::LoseAnswer) => {
                    wire.do_it(target, body);
                    lost()
                }
                Some(Fault::Late) => {
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    let (status, body) = wire.do_it(target, body);
                    Ok(response(status, body))
                }
                Some(Fault::Throttle) => error(400, "ProvisionedThroughputExceededException"),
                Some(Fault::FailAfter) => {
                    wire.do_it(target, body);
                    error(500, "InternalServerError")
                }
                Some(Fault::Conflict) if target == "PutItem" => error(400, "TransactionConflictException"),
                Some(Fault::Conflict) => canceled("TransactionConflict"),
                Some(Fault::Refuse) if target == "TransactWriteItems" => canceled("ValidationError"),
                Some(Fault::Refuse) => error(400, "ValidationException"),
            }
        })
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}

/// A signature of paycombat: over the very bytes that are sent.
pub fn sign(key: &str, body: &[u8]) -> String {
    use hmac::{KeyInit, Mac};
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(body);
    api::credentials::hex(&mac.finalize().into_bytes())
}
