//! The shell around every operation: find the route, authenticate, run, and turn every failure into an answer and every
//! request into one line of the log.

use std::borrow::Cow;
use std::io::Write as _;
use std::pin::Pin;
use std::time::Duration;

use api::{Body, Failure, Problem, Scope, Verdict, mircate};
use domain::{IdempotencyKey, Intent, ProjectId, Refusal, Timestamp};
use lambda_http::http::{HeaderValue, Response, header};
use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use store::{Cost, Meter, Session, Store};
use tokio::time::Instant;

use crate::authentication::{Keyring, Principal};

/// How long before the function ends it stops trying: a last call to DynamoDB may take 3 s, and there must be time to answer.
const DEADLINE_MARGIN: Duration = Duration::from_millis(3_500);

/// How long a request may take where nobody says when the function ends.
const DEADLINE_DEFAULT: Duration = Duration::from_secs(10);

/// One operation: the same word names its file, its binary, its resource in the template and its event.
#[derive(Debug)]
pub struct Operation {
    /// The word, in snake case.
    pub name: &'static str,
    /// Where it is called.
    pub routes: &'static [Route],
}

/// One way to call an operation.
pub struct Route {
    /// The HTTP method.
    pub method: &'static str,
    /// The path; a segment in braces stands for any one segment.
    pub path: &'static str,
    /// What a key must be allowed to do.
    pub scope: Scope,
    pub(crate) run: Run,
}

/// What a route does.
pub(crate) type Run = for<'a> fn(&'a Call<'a>) -> Running<'a>;

/// A call on its way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;

/// What a function is made of: the store, and what the world gives.
#[derive(Debug)]
pub struct App {
    store: Store,
    host: Host,
    keyring: Keyring,
}

/// What the world gives: time, randomness, and somewhere to write the log.
pub struct Host {
    /// The time.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// 128 bits that nobody can guess.
    pub random: Box<dyn Fn() -> u128 + Send + Sync>,
    /// Takes one line of the log.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

/// One authenticated request. It can only be made from a [`Principal`].
pub(crate) struct Call<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) session: Session<'a>,
    pub(crate) body: Body,
    pub(crate) instance: mircate::Instance,
    pub(crate) intent: Intent,
    pub(crate) now: Timestamp,
    host: &'a Host,
}

impl Call<'_> {
    /// The project that the caller is.
    pub(crate) fn project(&self) -> &ProjectId {
        &self.principal.project.id
    }

    /// A name that nothing else has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("{:032x}", (self.host.random)())
    }
}

/// What an operation answers when it was done. Every one answers 200.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) replayed: bool,
}

impl Answer {
    pub(crate) fn new(body: Value) -> Answer {
        Answer { body, replayed: false }
    }

    pub(crate) fn replayed(self, replayed: bool) -> Answer {
        Answer { replayed, ..self }
    }
}

/// Why an operation was not done: what the caller is told, and what only the log is.
pub(crate) struct Fault {
    failure: Failure,
    source: Option<store::Error>,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault { failure: refusal.into(), source: None }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Fault {
        Fault { failure: problem.into(), source: None }
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Fault {
        let problem = match error {
            store::Error::Busy => Problem::Busy,
            store::Error::Unavailable(_) => Problem::Unavailable,
            store::Error::Damaged(_) => Problem::Internal,
        };
        Fault { failure: problem.into(), source: Some(error) }
    }
}

impl From<store::Failure> for Fault {
    fn from(failure: store::Failure) -> Fault {
        match failure {
            store::Failure::Refused(refusal) => refusal.into(),
            store::Failure::Store(error) => error.into(),
        }
    }
}

impl Operation {
    /// The route of this operation that a request takes.
    pub(crate) fn route(&self, method: &str, path: &str) -> Option<&'static Route> {
        self.routes.iter().find(|route| route.method == method && route.matches(path))
    }
}

impl Route {
    pub(crate) const fn get(path: &'static str, scope: Scope, run: Run) -> Route {
        Route { method: "GET", path, scope, run }
    }

    pub(crate) const fn post(path: &'static str, scope: Scope, run: Run) -> Route {
        Route { method: "POST", path, scope, run }
    }

    fn matches(&self, path: &str) -> bool {
        let fits = |(pattern, segment): (&str, &str)| {
            if pattern.starts_with('{') { !segment.is_empty() } else { pattern == segment }
        };
        self.path.split('/').count() == path.split('/').count() && self.path.split('/').zip(path.split('/')).all(fits)
    }

    /// What stands for the braces, decoded.
    fn parameter<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let mut segments = self.path.split('/').zip(path.split('/'));
        let segment = segments.find(|(pattern, _)| pattern.starts_with('{')).map_or("", |(_, segment)| segment);
        percent_decode_str(segment).decode_utf8_lossy()
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl Host {
    /// The real world: the system's clock and randomness, and standard output.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the shell: the one place that reads the clock and draws randomness"
    )]
    pub fn real() -> Host {
        Host {
            now: Box::new(|| {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                Timestamp(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
            }),
            random: Box::new(|| uuid::Uuid::new_v4().as_u128()),
            // Nobody may be reading: that is no reason to fail a request that was done.
            log: Box::new(|line| drop(writeln!(std::io::stdout(), "{line}"))),
        }
    }
}

/// What the log says about a request besides its outcome.
struct Entry<'a> {
    request_id: &'a str,
    operation: &'a str,
    project: Option<&'a ProjectId>,
    started: Instant,
    cost: Cost,
}

impl App {
    /// A function over `store`.
    #[must_use]
    pub fn new(store: Store, host: Host) -> App {
        App { store, host, keyring: Keyring::default() }
    }

    /// Answers one request to `operation`. Never fails: every failure is an answer.
    pub async fn handle(&self, operation: &Operation, request: Request) -> Response<lambda_http::Body> {
        let started = Instant::now();
        let meter = Meter::default();
        let request_id = request_id(&request).unwrap_or_else(|| format!("{:032x}", (self.host.random)()));
        let mut principal = None;
        let outcome = self.run(operation, &request, &meter, &mut principal).await;
        let project = principal.as_ref().map(|principal: &Principal| &principal.project.id);
        let entry = Entry { request_id: &request_id, operation: operation.name, project, started, cost: meter.cost() };
        (self.host.log)(&entry.line(&outcome));
        answer(&request_id, outcome)
    }

    async fn run(
        &self,
        operation: &Operation,
        request: &Request,
        meter: &Meter,
        known: &mut Option<Principal>,
    ) -> Result<Answer, Fault> {
        let path = path(request);
        let route = operation.route(request.method().as_str(), path).ok_or(Problem::NoOperation)?;
        let now = (self.host.now)();
        let key = request.headers().get("x-api-key").map(HeaderValue::as_bytes);
        let principal = known.insert(self.keyring.authenticate(&self.store, key, now, meter).await?);
        principal.may(route.scope)?;

        let instance = mircate::Instance::parse(&route.parameter(path))?;
        if instance.project != principal.project.id {
            return Err(Problem::OtherProject.into());
        }
        let body = if route.method == "GET" {
            Body::of_query(request.query_string_parameters_ref().into_iter().flat_map(|query| query.iter()))?
        } else {
            Body::parse(request.body())?
        };
        let key = idempotency_key(request)?;
        let intent = Intent { key, fingerprint: body.fingerprint(operation.name) };
        let deadline = deadline(request, now);
        let session = self.store.session(&principal.project, now, (self.host.random)(), deadline, meter);
        let call = Call { principal, session, body, instance, intent, now, host: &self.host };
        (route.run)(&call).await
    }
}

impl Entry<'_> {
    /// One line of JSON. Never a body, a key or a person's data.
    fn line(&self, outcome: &Result<Answer, Fault>) -> String {
        let mut line = json!({
            "requestId": self.request_id,
            "op": self.operation,
            "code": "OK",
            "ms": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "calls": self.cost.calls,
            "rru": units(self.cost.half_read_units),
            "wru": units(self.cost.half_write_units),
        });
        let mut say = |name: &str, value: Value| {
            if let Some(members) = line.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        if let Some(project) = self.project {
            say("project", project.as_str().into());
        }
        match outcome {
            Ok(answer) if answer.replayed => say("replayed", true.into()),
            Ok(_) => {}
            Err(fault) => {
                say("code", fault.failure.verdict().code.into());
                if let Some(source) = &fault.source {
                    say("error", source.to_string().into());
                }
            }
        }
        line.to_string()
    }
}

/// Capacity in units: an integer where it is one.
#[expect(clippy::float_arithmetic, reason = "a half is exact in a double")]
fn units(halves: u32) -> Value {
    if halves.is_multiple_of(2) { json!(halves / 2) } else { json!(f64::from(halves) / 2.0) }
}

/// The path without the stage, which API Gateway puts before it unless it is `$default`.
fn path(request: &Request) -> &str {
    let path = request.raw_http_path();
    let stage = request.request_context_ref().and_then(|context| match context {
        lambda_http::request::RequestContext::ApiGatewayV2(context) => context.stage.as_deref(),
        // A REST API tells the path without its stage.
        lambda_http::request::RequestContext::ApiGatewayV1(_) | _ => None,
    });
    let after = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    after.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// When the answer must be there: a little before Lambda ends the function.
fn deadline(request: &Request, now: Timestamp) -> Instant {
    let left = request.lambda_context_ref().map(|context| context.deadline.saturating_sub(now.0));
    let left = left.filter(|left| *left > 0).map_or(DEADLINE_DEFAULT, Duration::from_millis);
    let start = Instant::now();
    start.checked_add(left.saturating_sub(DEADLINE_MARGIN)).unwrap_or(start)
}

fn request_id(request: &Request) -> Option<String> {
    match request.request_context_ref()? {
        lambda_http::request::RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
        lambda_http::request::RequestContext::ApiGatewayV1(context) => context.request_id.clone(),
        _ => None,
    }
}

fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let key = IdempotencyKey::parse(text);
    key.map(Some).map_err(|error| Problem::invalid("Idempotency-Key", &error.to_string()))
}

fn answer(request_id: &str, outcome: Result<Answer, Fault>) -> Response<lambda_http::Body> {
    let (status, body, retry_after, replayed) = match outcome {
        Ok(Answer { body, replayed }) => (200, body, None, replayed),
        Err(fault) => {
            let verdict: Verdict = fault.failure.verdict();
            (verdict.status, mircate::failure(&verdict), verdict.retry_after_seconds, false)
        }
    };
    let mut response = Response::new(lambda_http::Body::from(body.to_string()));
    *response.status_mut() = lambda_http::http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", request_id);
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}
