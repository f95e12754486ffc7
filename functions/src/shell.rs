//! The shell around every operation: find the route, authenticate, run, and turn every failure into an answer and every
//! request into one line of the log.

use std::borrow::Cow;
use std::io::Write as _;
use std::pin::Pin;
use std::time::Duration;

use api::{Body, Dialect, Failure, Problem, Scope, mircate};
use domain::{IdempotencyKey, Intent, ProjectId, Refusal, Timestamp};
use lambda_http::http::{HeaderValue, Response, header};
use lambda_http::{Context, Request, RequestExt};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use store::{Meter, Session, Store};
use tokio::time::Instant;

use crate::authentication::{Keyring, Principal};
use crate::log::{CamelCase, Line, Outcome, RequestId, TraceId, Units};
use crate::metrics::Metrics;

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
    /// What the caller must be allowed to do.
    pub scope: Scope,
    /// In which dialect.
    pub dialect: Dialect,
    pub(crate) run: Run,
}

/// What a route does: for a caller who is known, or in order to get known.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    Known(Known),
    Unknown(for<'a> fn(&'a Knock<'a>) -> Running<'a>),
}

/// What a route does for a caller who is known.
pub(crate) type Known = for<'a> fn(&'a Call<'a>) -> Running<'a>;

/// A call on its way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;

/// What a function is made of: the store, and what the world gives.
#[derive(Debug)]
pub struct App {
    store: Store,
    host: Host,
    keyring: Keyring,
    metrics: Option<Metrics>,
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
    /// What stands in the path for the braces, decoded; empty where there are none.
    pub(crate) parameter: String,
    /// In mircate, what the path says about project and account; elsewhere just the caller's project.
    pub(crate) instance: mircate::Instance,
    pub(crate) intent: Intent,
    pub(crate) now: Timestamp,
    has_feed: bool,
    host: &'a Host,
}

impl Call<'_> {
    /// The project that the caller is.
    pub(crate) fn project(&self) -> &ProjectId {
        &self.principal.project.id
    }

    /// Whether the whole project can be listed.
    pub(crate) fn has_feed(&self) -> bool {
        self.has_feed
    }

    /// A name that nothing else has: a UUID, version 4.
    pub(crate) fn fresh_id(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes((self.host.random)().to_be_bytes()).into_uuid()
    }
}

/// One request of somebody who is not known yet.
pub(crate) struct Knock<'a> {
    pub(crate) request: &'a Request,
    pub(crate) store: &'a Store,
    pub(crate) keyring: &'a Keyring,
    pub(crate) now: Timestamp,
    pub(crate) meter: &'a Meter,
}

/// What an operation answers. What was done is 200; only who is not known yet may be told otherwise here.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Value,
    pub(crate) replayed: bool,
}

impl Answer {
    pub(crate) fn new(body: Value) -> Answer {
        Answer { status: 200, headers: Vec::new(), body, replayed: false }
    }

    pub(crate) fn replayed(self, replayed: bool) -> Answer {
        Answer { replayed, ..self }
    }
}

/// Why an operation was not done: what the caller is told, and what only the log is.
pub(crate) struct Fault {
    pub(crate) failure: Failure,
    /// What the store could not, in [`store::Error::word`].
    error: Option<&'static str>,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault { failure: refusal.into(), error: None }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Fault {
        Fault { failure: problem.into(), error: None }
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Fault {
        let problem = match error {
            store::Error::Busy => Problem::Busy,
            store::Error::Unavailable { .. } => Problem::Unavailable,
            store::Error::Damaged { .. } => Problem::Internal,
        };
        Fault { failure: problem.into(), error: Some(error.word()) }
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
    /// A route of mircate.
    pub(crate) const fn mircate(method: &'static str, path: &'static str, scope: Scope, run: Known) -> Route {
        Route { method, path, scope, dialect: Dialect::Mircate, run: Run::Known(run) }
    }

    /// A route of liquido.
    pub(crate) const fn liquido(method: &'static str, path: &'static str, scope: Scope, run: Known) -> Route {
        Route { method, path, scope, dialect: Dialect::Liquido, run: Run::Known(run) }
    }

    /// A route of paycombat.
    pub(crate) const fn paycombat(method: &'static str, path: &'static str, scope: Scope, run: Known) -> Route {
        Route { method, path, scope, dialect: Dialect::Paycombat, run: Run::Known(run) }
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

impl App {
    /// A function over `store`.
    #[must_use]
    pub fn new(store: Store, host: Host) -> App {
        App { store, host, keyring: Keyring::default(), metrics: None }
    }

    /// The same with metrics in its log, told apart from others by the name of the stack.
    #[must_use]
    pub fn with_metrics(self, stack: String) -> App {
        App { metrics: Some(Metrics::new(stack)), ..self }
    }

    /// Writes to the log what was counted and not written yet: to be called before the end.
    pub fn flush(&self) {
        self.metrics.iter().flat_map(Metrics::rest).for_each(|line| (self.host.log)(&line));
    }

    /// Answers one request to `operation`. Never fails: every failure is an answer.
    pub async fn handle(&self, operation: &Operation, request: Request) -> Response<lambda_http::Body> {
        let started = Instant::now();
        let meter = Meter::default();
        let request_id = RequestId::of(&request, &self.host.random);
        let mut principal = None;
        let route = operation.route(request.method().as_str(), path(&request));
        let outcome = match route {
            Some(route) => self.run(operation, route, &request, &meter, &mut principal).await,
            None => Err(Problem::NoOperation.into()),
        };
        let dialect = route.map_or(Dialect::Mircate, |route| route.dialect);
        let ended = ended(&outcome);
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let cost = meter.cost();
        let (rru, wru) = Units::read_and_written(cost);
        let line = Line {
            request_id: &request_id,
            trace: TraceId::of(&request),
            op: CamelCase(operation.name),
            project: principal.as_ref().map(|principal: &Principal| &principal.project.id),
            code: ended.code(),
            replayed: matches!(ended, Outcome::Replayed),
            error: outcome.as_ref().err().and_then(|fault| fault.error),
            ms,
            calls: cost.calls,
            rru,
            wru,
        };
        (self.host.log)(&line.text());
        for line in self.metrics.iter().flat_map(|metrics| metrics.count(line.op, ended, ms, (self.host.now)())) {
            (self.host.log)(&line);
        }
        answer(&request_id, dialect, outcome)
    }

    async fn run(
        &self,
        operation: &Operation,
        route: &Route,
        request: &Request,
        meter: &Meter,
        known: &mut Option<Principal>,
    ) -> Result<Answer, Fault> {
        let path = path(request);
        let now = (self.host.now)();
        let run = match route.run {
            Run::Known(run) => run,
            Run::Unknown(run) => {
                let knock = Knock { request, store: &self.store, keyring: &self.keyring, now, meter };
                return run(&knock).await;
            }
        };
        let caller = self.keyring.authenticate(&self.store, route.dialect, request, now, meter).await?;
        let principal = known.insert(caller);
        principal.may(route.scope)?;

        let parameter = route.parameter(path).into_owned();
        let instance = match route.dialect {
            Dialect::Mircate => mircate::Instance::parse(&parameter)?,
            Dialect::Liquido | Dialect::Paycombat => mircate::Instance::of(principal.project.id.clone()),
        };
        if instance.project != principal.project.id {
            return Err(Problem::OtherProject.into());
        }
        let body = if route.method == "GET" {
            Body::of_query(request.query_string_parameters_ref().into_iter().flat_map(|query| query.iter()))?
        } else {
            Body::parse(request.body())?
        };
        let key = match unique_reference(operation, principal, &body)? {
            Some(key) => Some(key),
            None => idempotency_key(request)?,
        };
        let intent = Intent { key, fingerprint: body.fingerprint(operation.name), permanent: false };
        let deadline = deadline(request, now);
        let session = self.store.session(&principal.project, now, (self.host.random)(), deadline, meter);
        let (has_feed, host) = (self.store.has_feed(), &self.host);
        let call = Call { principal, session, body, parameter, instance, intent, now, has_feed, host };
        run(&call).await
    }
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
    deadline_of(request.lambda_context_ref().unwrap_or(&Context::default()), now)
}

pub(crate) fn deadline_of(context: &Context, now: Timestamp) -> Instant {
    let left = Some(context.deadline.saturating_sub(now.0)).filter(|left| *left > 0);
    let left = left.map_or(DEADLINE_DEFAULT, Duration::from_millis);
    let start = Instant::now();
    start.checked_add(left.saturating_sub(DEADLINE_MARGIN)).unwrap_or(start)
}

fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let key = IdempotencyKey::parse(text);
    key.map(Some).map_err(|error| Problem::invalid("Idempotency-Key", &error.to_string()))
}

/// Where a project says that its references are unique, a reference is the key of the request that it comes with.
fn unique_reference(
    operation: &Operation,
    principal: &Principal,
    body: &Body,
) -> Result<Option<IdempotencyKey>, Problem> {
    if !principal.project.unique_reference {
        return Ok(None);
    }
    let said: mircate::Reference = body.read()?;
    said.key(operation.name).map(|key| IdempotencyKey::parse(&key).map_err(|_| Problem::Internal)).transpose()
}

/// What the log and the metrics call it.
fn ended(outcome: &Result<Answer, Fault>) -> Outcome {
    match outcome {
        Ok(answer) if answer.replayed => Outcome::Replayed,
        Ok(Answer { status: 200, .. }) => Outcome::Done,
        Ok(Answer { status: 401, .. }) => Outcome::Refused("FORBIDDEN"),
        Ok(_) => Outcome::Refused("INVALID_REQUEST"),
        Err(Fault { failure, .. }) => match failure {
            Failure::Problem(Problem::Busy) => Outcome::Busy,
            Failure::Problem(Problem::Unavailable | Problem::Internal) => Outcome::Failed(failure.verdict().code),
            Failure::Problem(_) | Failure::Refused(_) => Outcome::Refused(failure.verdict().code),
        },
    }
}

fn answer(request_id: &RequestId, dialect: Dialect, outcome: Result<Answer, Fault>) -> Response<lambda_http::Body> {
    let (Answer { status, headers: extra, body, replayed }, retry_after) = match outcome {
        Ok(answer) => (answer, None),
        Err(fault) => {
            let verdict = dialect.verdict(&fault.failure);
            let mut answer = Answer { status: verdict.status, ..Answer::new(dialect.failure(&fault.failure)) };
            if verdict.status == 401 && dialect == Dialect::Liquido {
                answer.headers.push((header::WWW_AUTHENTICATE.as_str(), api::oauth::BEARER_CHALLENGE));
            }
            (answer, verdict.retry_after_seconds)
        }
    };
    let mut response = Response::new(lambda_http::Body::from(body.to_string()));
    *response.status_mut() = lambda_http::http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(request_id) = HeaderValue::from_str(request_id.as_str()) {
        headers.insert("x-request-id", request_id);
    }
    for (name, value) in extra {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}
