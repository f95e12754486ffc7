//! One caller with its connection: it sends a write again, under the same key, until it is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;

use crate::service::Service;

/// How long a write may go without an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one request may.
const TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) struct Caller<'s> {
    service: &'s Service,
    agent: Agent,
    pub(crate) tally: Tally,
}

/// A write, as it is sent every time.
#[derive(Clone)]
pub(crate) struct Write {
    pub(crate) operation: &'static str,
    /// The account that it is about, if it is about one.
    pub(crate) account: Option<String>,
    pub(crate) body: Value,
    pub(crate) key: String,
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Write { operation, account, body, key } = self;
        write!(f, "[{key}] {operation}/{} {body}", account.as_deref().unwrap_or_default())
    }
}

/// A write that was done, as its caller knows it.
pub(crate) struct Acknowledged {
    pub(crate) write: Write,
    pub(crate) answer: Value,
    /// When it was sent first.
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replayed = if self.replayed { "replayed " } else { "" };
        write!(f, "{} {replayed}{}", self.status, self.body)
    }
}

/// What a caller has seen.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many requests of an operation had a status; none for those that got no answer.
    pub(crate) answers: BTreeMap<(&'static str, Option<u16>), u64>,
    pub(crate) replayed: u64,
    pub(crate) latencies: Vec<Duration>,
    pub(crate) violations: Vec<String>,
}

impl Caller<'_> {
    pub(crate) fn new(service: &Service) -> Caller<'_> {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        Caller { service, agent: config.build().into(), tally: Tally::default() }
    }

    /// Sends a write until it is answered; none if the rules say no.
    pub(crate) fn insist(&mut self, write: Write) -> Option<Acknowledged> {
        let began = Instant::now();
        loop {
            let answer = self.send(write.operation, write.account.as_deref(), &write.body, Some(&write.key));
            match answer {
                Some(Answer { status: 200, body: answer, .. }) => {
                    return Some(Acknowledged { write, answer, began, ended: Instant::now() });
                }
                Some(Answer { status: 400 | 403 | 404, .. }) => return None,
                Some(Answer { status: 429, .. }) | None => {}
                Some(answer) => self.tally.violations.push(format!("{write} was answered {answer}")),
            }
            if began.elapsed() > PATIENCE {
                self.tally.violations.push(format!("{write} is not answered"));
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Reads until there is an answer.
    pub(crate) fn ask(&mut self, operation: &'static str, account: &str, body: &Value) -> Value {
        let began = Instant::now();
        loop {
            match self.send(operation, Some(account), body, None) {
                Some(Answer { status: 200, body, .. }) => return body,
                Some(answer) => self.tally.violations.push(format!("{operation} {account} was answered {answer}")),
                None => {}
            }
            if began.elapsed() > PATIENCE {
                self.tally.violations.push(format!("{operation} {account} is not answered"));
                return Value::Null;
            }
        }
    }

    /// Sends a request once; none if no answer came.
    pub(crate) fn send(
        &mut self,
        operation: &'static str,
        account: Option<&str>,
        body: &Value,
        key: Option<&str>,
    ) -> Option<Answer> {
        let (place, began) = (self.service.place(), Instant::now());
        let instance = account.map_or("demo".to_owned(), |account| format!("demo-{account}"));
        let url = format!("{}/CALL/WalletAPI/{operation}/{instance}", place.base_url);
        let mut request = self.agent.post(url).header("x-api-key", &place.api_key).content_type("application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send(body.to_string()).ok().and_then(|mut response| {
            let text = response.body_mut().read_to_string().ok()?;
            Some(Answer {
                status: response.status().as_u16(),
                replayed: response.headers().get("idempotent-replayed").is_some(),
                body: serde_json::from_str(&text).ok()?,
            })
        });
        let was_killed = self.service.turn() != place.turn;
        let tally = &mut self.tally;
        *tally.answers.entry((operation, answer.as_ref().map(|answer| answer.status))).or_default() += 1;
        match &answer {
            Some(answer) => {
                self.service.count_answer();
                tally.latencies.push(began.elapsed());
                tally.replayed += u64::from(answer.replayed);
            }
            None if was_killed => {}
            None => tally.violations.push(format!("{operation} {instance} got no answer from a service that lives")),
        }
        answer
    }
}
