//! `kese smoke`: whether a service that was just deployed does what it should, asked from outside, as a caller.
//!
//! It has a wallet and an account of its own, which it finds again every time, and leaves the account's balance as it was.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use api::ApiKey;
use clap::{Args, value_parser};
use domain::ProjectId;
use functions::Host;
use local::issue::{Issued, Secrets};
use serde_json::{Value, json};
use store::CredentialKind;
use tokio::time::Instant;
use ureq::Agent;
use ureq::http::{Method, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

use crate::project;

/// The variable that holds the API key: an argument could be read by everybody on the machine.
const API_KEY: &str = "KESE_API_KEY";

/// The wallet and its account, in a currency that is no money.
const WALLET: &str = "kese-smoke";
const CURRENCY: &str = "SMOKE";

/// What is loaded, and what is spent of it.
const LOADED: i64 = 100;
const SPENT: i64 = 30;

/// The longest answer that is read; the service's own are far below.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// How much of a wrong answer is repeated, in characters.
const QUOTED_CHARS_MAX: usize = 200;

#[derive(Args)]
#[command(
    after_help = "The API key comes from the environment variable KESE_API_KEY. It has to be one that may read and write."
)]
pub(crate) struct Options {
    /// Where the API answers: a stack's output `BaseUrl`, or what kese prints
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Url,

    /// The project of the API key
    #[arg(long, value_name = "ID", value_parser = project::id)]
    project: ProjectId,

    /// How long each answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = value_parser!(u64).range(1..=60))]
    timeout: u64,
}

/// Goes through all of it, and prints a line for each step. An error is one sentence about the first wrong answer.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let caller = Caller::new(options, api_key()?);
    let account = format!("-{WALLET}");
    let of_wallet = json!({ "walletId": WALLET, "currency": CURRENCY });

    // Made the first time, found every other time.
    let wallet = json!({ "walletId": WALLET, "title": "Smoke test" });
    let created = caller.post("createWallet", "", None, &wallet)?;
    let is_there = created.is(200, "walletId", &WALLET.into()) || created.is(400, "code", &"WALLET_EXISTS".into());
    created.must("200 or 400 WALLET_EXISTS", is_there)?;
    let body = json!({ "walletId": WALLET, "currency": CURRENCY, "accountNumber": WALLET });
    let created = caller.post("createAccount", "", None, &body)?;
    let is_there =
        created.is(200, "accountNumber", &WALLET.into()) || created.is(400, "code", &"ACCOUNT_EXISTS".into());
    created.must("200 or 400 ACCOUNT_EXISTS", is_there)?;
    let found = caller.post("getAccount", "", None, &of_wallet)?;
    found.must("200 with a balance", found.status == 200 && found.at("/balance").is_i64())?;
    let start = found.at("/balance").as_i64().unwrap_or_default();
    let balance = |change: i64| Value::from(start.saturating_add(change));

    let load = json!({ "amount": LOADED, "channel": "SMOKE" });
    let loaded = caller.post("load", &account, Some("load"), &load)?;
    loaded.has(200, "balance", &balance(LOADED))?;
    let some = json!({ "amount": SPENT, "channel": "SMOKE" });
    let spent = caller.post("spend", &account, Some("spend"), &some)?;
    spent.has(200, "balance", &balance(LOADED.saturating_sub(SPENT)))?;

    // The same again is answered the same; a key for something else is not.
    let again = caller.post("spend, sent again", &account, Some("spend"), &some)?;
    let is_replay = again.status == 200 && again.body == spent.body && again.replayed && !spent.replayed;
    again.must("the answer of the first one, marked as replayed", is_replay)?;
    let other = caller.post("load, its key for another amount", &account, Some("load"), &some)?;
    other.has(400, "code", &"IDEMPOTENCY_KEY_REUSED".into())?;
    let much = json!({ "amount": start.saturating_add(LOADED), "channel": "SMOKE" });
    let refused = caller.post("spend, more than there is", &account, None, &much)?;
    refused.has(400, "code", &"INSUFFICIENT_BALANCE".into())?;

    let refund = json!({ "transactionId": spent.at("/transaction/transactionId") });
    caller.post("refund", &account, Some("refund"), &refund)?.has(200, "balance", &balance(LOADED))?;
    let cancel = json!({ "transactionId": loaded.at("/transaction/transactionId") });
    caller.post("cancel", &account, Some("cancel"), &cancel)?.has(200, "balance", &balance(0))?;

    let listed = caller.post("listTransactions", &account, None, &json!({ "pageSize": 4 }))?;
    let types = [0, 1, 2, 3].map(|place| listed.at(&format!("/transactions/{place}/type")).as_str());
    let are_ours = types == ["CANCELED", "REFUNDED", "SPENT", "LOADED"].map(Some);
    listed.must("200 with these four transactions, the newest first", listed.status == 200 && are_ours)?;
    let end = caller.post("getAccount, at the end", "", None, &of_wallet)?;
    end.has(200, "balance", &balance(0))?;

    // Nobody else gets in, not with credentials that are as they should be and nobody's.
    let drawn = [Issued::draw(CredentialKind::ApiKey, "smoke")?, Issued::draw(CredentialKind::Token, "smoke")?];
    let Secrets { api_key: forged, x_token, .. } = drawn.iter().collect();
    let headers = [("x-api-key", forged.unwrap_or_default())];
    let path = caller.path("getAccount", "");
    let stranger = caller.send("getAccount, with nobody's key", &Method::POST, &path, &headers, &of_wallet)?;
    stranger.has(403, "code", &"FORBIDDEN".into())?;
    let headers = [("x-token", x_token.unwrap_or_default())];
    let stranger = caller.send("GET /wallet, with nobody's token", &Method::GET, "/wallet", &headers, &Value::Null)?;
    stranger.has(401, "status", &false.into())?;
    let unknown = caller.post("steal, which is no operation", "", None, &json!({}))?;
    unknown.must("404", unknown.status == 404)?;
    say(&format!("{} does what it should, and the account {WALLET} holds what it held.", caller.base_url));
    Ok(())
}

/// Somebody with an API key.
struct Caller<'a> {
    agent: Agent,
    base_url: &'a str,
    project: &'a ProjectId,
    api_key: String,
    timeout: u64,
    /// What the idempotency keys of this run begin with.
    run: u128,
}

impl<'a> Caller<'a> {
    fn new(options: &'a Options, api_key: String) -> Caller<'a> {
        // What the system trusts, as the other commands do: an address may be behind somebody's own proxy.
        let trusted = rustls_native_certs::load_native_certs().certs;
        let trusted = trusted.iter().map(|certificate| Certificate::from_der(certificate).to_owned());
        let tls = TlsConfig::builder().root_certs(RootCerts::from(trusted)).build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(options.timeout)))
            .tls_config(tls)
            .build();
        Caller {
            agent: config.into(),
            base_url: options.base_url.as_str().trim_end_matches('/'),
            project: &options.project,
            api_key,
            timeout: options.timeout,
            run: (Host::real().random)(),
        }
    }

    fn path(&self, operation: &str, account: &str) -> String {
        format!("/CALL/WalletAPI/{operation}/{}{account}", self.project)
    }

    /// Calls the operation whose name the step begins with, with the API key, and under an idempotency key of this run.
    fn post(&self, step: &'static str, account: &str, key: Option<&str>, body: &Value) -> Result<Answer<'_>, String> {
        let operation = step.split(',').next().unwrap_or_default();
        let key = key.map(|key| ("idempotency-key", format!("smoke-{:032x}-{key}", self.run)));
        let headers: Vec<_> = [("x-api-key", self.api_key.clone())].into_iter().chain(key).collect();
        self.send(step, &Method::POST, &self.path(operation, account), &headers, body)
    }

    fn send(
        &self,
        step: &'static str,
        method: &Method,
        path: &str,
        headers: &[(&str, String)],
        body: &Value,
    ) -> Result<Answer<'_>, String> {
        let started = Instant::now();
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        let request = request.header("content-type", "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let answered = match *method {
            Method::GET => request.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
            _ => request.body(body.to_string()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
        };
        let read = answered.and_then(|mut answer| {
            let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
            let replayed = answer.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
            Ok((answer.status().as_u16(), replayed, text))
        });
        let (status, replayed, text) = read.map_err(|error| self.unanswered(step, &error))?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { caller: self, step, took: started.elapsed(), status, replayed, body, text })
    }

    fn unanswered(&self, step: &str, error: &ureq::Error) -> String {
        let Caller { base_url, timeout, .. } = self;
        if matches!(error, ureq::Error::Timeout(_)) {
            format!("{step}: {base_url} did not answer within {timeout} s.")
        } else {
            format!("{step}: {base_url} did not answer: {error}.")
        }
    }
}

/// What came back in a step.
struct Answer<'a> {
    caller: &'a Caller<'a>,
    step: &'static str,
    took: Duration,
    status: u16,
    replayed: bool,
    /// Null if it is no JSON.
    body: Value,
    text: String,
}

impl Answer<'_> {
    /// Whether it has that status, and that member of the body that value.
    fn is(&self, status: u16, member: &str, value: &Value) -> bool {
        self.status == status && self.at(&format!("/{member}")) == value
    }

    /// What is at that place of the body; null if nothing is.
    fn at(&self, place: &str) -> &Value {
        self.body.pointer(place).unwrap_or(&Value::Null)
    }

    /// That it has both: then the step is done.
    fn has(&self, status: u16, member: &str, value: &Value) -> Result<(), String> {
        let expected = format!("{status} with {member} {value}");
        self.must(&expected, self.is(status, member, value))
    }

    /// That it is as `expected`: then the step is done.
    fn must(&self, expected: &str, is_so: bool) -> Result<(), String> {
        let Answer { caller, step, status, text, .. } = self;
        if is_so {
            say(&format!("ok  {step:<34}{:>6} ms", self.took.as_millis()));
            return Ok(());
        }
        // Whoever answers there may repeat what it was sent, and whatever a terminal obeys.
        let text = text.replace(&caller.api_key, "<the API key>").replace(char::is_control, " ");
        let quoted: String = text.chars().take(QUOTED_CHARS_MAX).collect();
        let replayed = if self.replayed { ", replayed," } else { "" };
        Err(format!(
            "{step}: {} was expected to answer {expected}; it answered {status}{replayed} {quoted}",
            caller.base_url
        ))
    }
}

/// Nobody may be reading: the exit code tells, too.
fn say(line: &str) {
    drop(writeln!(io::stdout(), "{line}"));
}

#[expect(clippy::disallowed_methods, reason = "a command begins here; its environment is its input")]
fn api_key() -> Result<String, String> {
    let api_key = env::var(API_KEY).map_err(|_| format!("Put the API key into the environment variable {API_KEY}."))?;
    // What was given may be a secret of something else, and is not repeated.
    let is_one = ApiKey::parse(&api_key).is_some();
    is_one.then_some(api_key).ok_or_else(|| format!("What {API_KEY} holds is no API key of Kese."))
}

/// An API key does not travel in clear.
fn base_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be a URL such as https://example.com")?;
    let is_here = url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host));
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match url.scheme() {
        "https" | "http" if !is_plain => Err("must be an address alone"),
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err("must begin with https:// unless it is on this machine"),
    }
}
