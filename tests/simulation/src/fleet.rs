//! The functions: as many instances as there are requests under way, each with a clock of its own that is wrong by up to
//! five minutes and at times is set anew. An instance that is killed never answers, and never comes back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use api::{ApiKey, Dialect};
use domain::{AccountNumber, Project, ProjectId, Timestamp};
use functions::{App, Host};
use lambda_http::http::Method;
use serde_json::{Value, json};
use store::{Credential, CredentialKind, Meter, Store, Tables};
use tokio::time::{Instant, timeout};

use crate::history::{ACCOUNTS, Answer, PROJECTS, Place};
use crate::network::Network;

/// 2026-01-01T00:00:00Z, in milliseconds since 1970: when every simulation begins.
const BEGINNING: u64 = 1_767_225_600_000;

/// How wrong a clock is at most.
pub(crate) const SKEW_MAX_MILLIS: i64 = 300_000;

/// When Lambda ends a function.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// All instances.
pub(crate) struct Fleet {
    network: Arc<Network>,
    begun: Instant,
    keys: [String; 2],
    idle: Mutex<Vec<Instance>>,
    dice: Arc<Mutex<fastrand::Rng>>,
    kills: Mutex<u64>,
}

struct Instance {
    app: App,
    skew: Arc<AtomicI64>,
}

impl Fleet {
    /// A fleet of nobody yet, and two projects with a key each.
    pub(crate) async fn new(network: Arc<Network>, seed: u64) -> Fleet {
        let store = Store::new(network.service().embedded().connector(), Tables::default());
        store.create_tables().await.expect("tables");
        let mut keys = [String::new(), String::new()];
        for (number, (project, key)) in PROJECTS.iter().zip(&mut keys).enumerate() {
            let project = Project::new(ProjectId::parse(project).expect("an id"));
            let minted = ApiKey::mint("test", (number as u64 + 1).to_be_bytes(), [7; 24]);
            let credential = Credential {
                key_id: minted.key_id().to_owned(),
                kind: CredentialKind::ApiKey,
                secret_hash: minted.secret_hash(),
                signing_key: [0; 32],
                project: project.id.clone(),
                scopes: ["read", "write", "fix", "admin"].map(str::to_owned).to_vec(),
                revoked: false,
                expires: None,
            };
            store.put_credential(&credential).await.expect("a credential");
            store.put_project(&project).await.expect("a project");
            *key = minted.reveal();
        }
        let dice = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
        Fleet { network, begun: Instant::now(), keys, idle: Mutex::default(), dice, kills: Mutex::default() }
    }

    /// The true time, in milliseconds since 1970.
    pub(crate) fn millis(&self) -> u64 {
        BEGINNING + u64::try_from(self.begun.elapsed().as_millis()).expect("not that long")
    }

    /// How many instances were killed.
    pub(crate) fn kills(&self) -> u64 {
        *self.kills.lock().unwrap()
    }

    /// Calls a function, which may be killed at the given number of steps. None if there is no answer.
    pub(crate) async fn call(
        &self,
        project: usize,
        path: &str,
        key: Option<&str>,
        body: &str,
        killed_after: Option<u32>,
    ) -> Option<Answer> {
        let instance = self.instance();
        let path = format!("/CALL/WalletAPI/{path}");
        let (operation, route) = functions::route("POST", &path).expect("a route");
        assert_eq!(route.dialect, Dialect::Mircate);
        let request = event(&path, &self.keys[project], key, body);
        let answer = self.run(instance.app.handle(operation, request), killed_after).await?;
        let skew = instance.skew.load(Ordering::Relaxed);
        self.idle.lock().unwrap().push(instance);
        let (head, body) = answer.into_parts();
        Some(Answer {
            status: head.status.as_u16(),
            replayed: head.headers.contains_key("idempotent-replayed"),
            body: serde_json::from_slice(&body).expect("every answer is JSON"),
            skew,
        })
    }

    /// Books what has expired in an account, as the task does that nobody calls. It may be killed as well, and nobody is told.
    pub(crate) async fn expire(&self, place: Place, killed_after: Option<u32>) {
        let (skew, nonce) = {
            let mut dice = self.dice.lock().unwrap();
            (dice.i64(-SKEW_MAX_MILLIS..=SKEW_MAX_MILLIS), dice.u128(..))
        };
        let store = Store::new(self.network.client(), Tables::default());
        let project = Project::new(ProjectId::parse(PROJECTS[place.project]).expect("an id"));
        let number = AccountNumber::parse(ACCOUNTS[place.account]).expect("a number");
        let now = Timestamp(self.millis().checked_add_signed(skew).expect("after 1970"));
        let meter = Meter::default();
        let session = store.session(&project, now, nonce, Instant::now() + FUNCTION_TIMEOUT, &meter);
        drop(self.run(session.expire(&number), killed_after).await);
    }

    /// What comes of a function, if it is not killed at that step, or for taking too long.
    async fn run<T>(&self, function: impl Future<Output = T>, killed_after: Option<u32>) -> Option<T> {
        let mut function = Box::pin(function);
        let mut steps = 0;
        let until_killed = std::future::poll_fn(|context| {
            if killed_after == Some(steps) {
                return Poll::Ready(None);
            }
            steps += 1;
            function.as_mut().poll(context).map(Some)
        });
        let answer = timeout(FUNCTION_TIMEOUT, until_killed).await.ok().flatten();
        *self.kills.lock().unwrap() += u64::from(answer.is_none());
        answer
    }

    /// Any that is idle, or a new one. One in five has had its clock set.
    fn instance(&self) -> Instance {
        let mut dice = self.dice.lock().unwrap();
        let mut idle = self.idle.lock().unwrap();
        let skew = dice.i64(-SKEW_MAX_MILLIS..=SKEW_MAX_MILLIS);
        if idle.is_empty() || dice.u8(0..8) == 0 {
            return self.start(skew);
        }
        let any = dice.usize(0..idle.len());
        let instance = idle.swap_remove(any);
        if dice.u8(0..5) == 0 {
            instance.skew.store(skew, Ordering::Relaxed);
        }
        instance
    }

    fn start(&self, skew: i64) -> Instance {
        let skew = Arc::new(AtomicI64::new(skew));
        let (begun, wrong, dice) = (self.begun, Arc::clone(&skew), Arc::clone(&self.dice));
        let host = Host {
            now: Box::new(move || {
                let elapsed = u64::try_from(begun.elapsed().as_millis()).expect("not that long");
                Timestamp((BEGINNING + elapsed).checked_add_signed(wrong.load(Ordering::Relaxed)).expect("after 1970"))
            }),
            random: Box::new(move || dice.lock().unwrap().u128(..)),
            log: Box::new(|_| ()),
        };
        // An instance has its own connection, with its own count of what went wrong.
        Instance { app: App::new(Store::new(self.network.client(), Tables::default()), host), skew }
    }
}

fn event(path: &str, api_key: &str, idempotency_key: Option<&str>, body: &str) -> lambda_http::Request {
    let mut headers = json!({ "x-api-key": api_key });
    if let Some(key) = idempotency_key {
        headers["idempotency-key"] = Value::from(key);
    }
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "stage": "$default",
            "requestId": "simulated",
            "http": { "method": Method::POST.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "simulation" },
        },
        "body": body,
        "isBase64Encoded": false,
    });
    lambda_http::request::from_str(&event.to_string()).expect("an event of API Gateway")
}
