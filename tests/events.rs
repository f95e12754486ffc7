//! The sample events: each goes through the operation's real binary, which finds here what it finds in the cloud, a Lambda
//! Runtime API, a DynamoDB and an SQS. What comes back is compared with the answer beside the event; what was done to the tables,
//! with what the template permits.

use std::collections::{BTreeSet, VecDeque};
use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use functions::Host;
use local::embedded::Embedded;
use local::gateway;
use local::queue::{QUEUES, Queues};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use store::Tables;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::samples::{self, Sample};
use crate::template;
use crate::tidy::lower_camel_case;

/// The trace that every invocation is part of.
const TRACE: &str = "1-67891233-abcdef012345678912345678";

/// One test per operation, each with its event, its answer and its binary.
macro_rules! operations {
    ($($operation:ident)*) => {
        const PLAYED: &[&str] = &[$(stringify!($operation)),*];

        $(
            #[tokio::test]
            async fn $operation() {
                play(stringify!($operation), env!(concat!("CARGO_BIN_EXE_", stringify!($operation)))).await;
            }
        )*
    };
}

operations! {
    create_token create_wallet get_wallet list_wallets update_wallet
    create_account get_account get_accounts list_accounts add_account remove_account
    load spend refund cancel fix list_transactions
}

/// One test per task, in the same way.
macro_rules! tasks {
    ($($task:ident)*) => {
        const WORKED: &[&str] = &[$(stringify!($task)),*];

        $(
            #[tokio::test]
            async fn $task() {
                work(stringify!($task), env!(concat!("CARGO_BIN_EXE_", stringify!($task)))).await;
            }
        )*
    };
}

tasks! { publish deliver expire }

/// What a list reads depends on what is asked for. The sample shows one way; these queries go the others.
const OTHER_QUERIES: &[(&str, &str)] = &[
    ("list_accounts", "walletId=USER-Bermet-300914520871"),
    ("list_transactions", "walletId=USER-Bermet-300914520871"),
    ("list_transactions", ""),
];

#[test]
fn every_operation_and_task_is_played() {
    let operations: BTreeSet<_> = functions::OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(operations, PLAYED.iter().copied().collect());
    let tasks: BTreeSet<_> = functions::TASKS.iter().map(|task| task.name).collect();
    assert_eq!(tasks, WORKED.iter().copied().collect());
}

/// The events are what `kese` makes of the same requests.
#[test]
fn the_local_gateway_makes_the_same_events() {
    let samples = PLAYED.iter().flat_map(|operation| Sample::all(operation));
    for Sample { name, event, .. } in samples.filter(|sample| sample.event["version"] == "2.0") {
        let context = &event["requestContext"];
        let request = request(&event);
        let (_, route) = functions::route(request.method.as_str(), request.uri.path()).unwrap();
        let body = event["body"].as_str().unwrap_or_default();
        let id = context["requestId"].as_str().unwrap();
        let at = i128::from(context["timeEpoch"].as_i64().unwrap()) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(at).unwrap();
        assert_eq!(event, gateway::event(&request, body.as_bytes(), route, id, at), "events/{name}.json");
    }
}

/// Sends each event twice to one instance of the function.
async fn play(operation: &str, binary: &str) {
    let samples = Sample::all(operation);
    let others = OTHER_QUERIES.iter().filter(|(name, _)| *name == operation);
    let others: Vec<Value> = others.map(|(_, query)| with_query(&samples[0].event, query)).collect();
    let twice = samples.iter().flat_map(|sample| [sample.event.clone(), sample.event.clone()]);
    let events: Vec<Value> = twice.chain(others.iter().cloned()).collect();
    let (mut lambda, address) = Lambda::start(samples::world(Tables::default()).await, events.clone()).await;
    let mut function = Function::start(binary, address);
    for sample in &samples {
        let (cold, warm) = (lambda.answer(&mut function).await, lambda.answer(&mut function).await);
        sample.check(&cold, &warm);
    }
    for other in &others {
        let answer = samples::readable(&lambda.answer(&mut function).await);
        assert_eq!(answer["statusCode"], 200, "{operation} of {}: {answer}", other["rawQueryString"]);
        assert_ne!(answer["body"]["size"], 0, "{operation} of {}: {answer}", other["rawQueryString"]);
    }

    let printed = function.terminated();
    let (metrics, lines): (Vec<_>, Vec<_>) = printed.lines().partition(|line| line.contains("_aws"));
    assert_eq!(lines.len(), events.len(), "one line per request: {printed}");
    let counted = metrics.iter().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["stack"], &line["operation"]), (&"kese-test".into(), &lower_camel_case(operation).into()));
        line["count"].as_u64().unwrap()
    });
    assert_eq!(counted.sum::<u64>(), events.len() as u64, "what was counted is told before the end: {printed}");
    for (line, event) in lines.iter().zip(&events) {
        check_log(line, operation, event);
    }

    let template = template::template();
    let function = template::functions(&template).into_iter().find(|function| function.binary == operation).unwrap();
    assert_eq!(*lambda.world.done.lock().unwrap(), function.permissions, "done, and permitted to {}", function.name);
}

/// Sends the task its event.
async fn work(task: &str, binary: &str) {
    let samples = Sample::all(task);
    let [sample] = samples.as_slice() else { panic!("one event of {task}") };
    let (mut lambda, address) = Lambda::start(samples::world_of_tasks().await, vec![sample.event.clone()]).await;
    let mut function = Function::start(binary, address);
    let answer = lambda.answer(&mut function).await;
    let printed = function.printed();
    assert_eq!(answer, sample.answer, "the answer to events/{task}.json; it printed: {printed}");
    let line: Value = serde_json::from_str(printed.trim()).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!((&line["task"], &line["code"]), (&task.into(), &"OK".into()));
    assert!(printed.len() <= 250 && !printed.contains("kese.invalid"), "{printed}");

    let template = template::template();
    let function = template::tasks(&template).into_iter().find(|function| function.binary == task).unwrap();
    assert_eq!(*lambda.world.done.lock().unwrap(), function.permissions, "done, and permitted to {}", function.name);
}

/// The event of the same request with another query string.
fn with_query(event: &Value, query: &str) -> Value {
    let mut event = event.clone();
    event["rawQueryString"] = query.into();
    event.as_object_mut().unwrap().remove("queryStringParameters");
    event
}

/// What a function logs of a request: a short line about it, and nothing that was in it.
fn check_log(line: &str, operation: &str, event: &Value) {
    assert!(line.len() <= 250, "{} bytes: {line}", line.len());
    let said: Value = serde_json::from_str(line).unwrap();
    assert_eq!(said["requestId"], event["requestContext"]["requestId"], "{line}");
    assert_eq!((&said["op"], &said["code"]), (&lower_camel_case(operation).into(), &"OK".into()));
    assert_eq!(said["trace"], TRACE);
    // Who asks for a token is not known yet.
    assert_eq!(said["project"], if operation == "create_token" { Value::Null } else { "demo".into() });

    let body: Value = event["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let members = [&body, &event["queryStringParameters"]].into_iter().filter_map(Value::as_object).flatten();
    let headers = ["x-api-key", "idempotency-key", "authorization", "x-token", "signature"]
        .into_iter()
        .filter_map(|name| event["headers"].get(name));
    let sent = members.map(|(_, value)| value).chain(headers).filter_map(Value::as_str);
    // A digit or two are in the log by chance.
    for sent in sent.filter(|sent| sent.len() > 2) {
        assert!(!line.contains(sent), "{sent} is in the log: {line}");
    }
}

/// The request that an event came from.
fn request(event: &Value) -> Parts {
    let context = &event["requestContext"]["http"];
    let path: Vec<_> = context["path"].as_str().unwrap().split('/').collect();
    let path: Vec<_> = path.into_iter().map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).collect();
    let query = event["rawQueryString"].as_str().unwrap();
    let uri = if query.is_empty() { path.join("/") } else { format!("{}?{query}", path.join("/")) };
    let mut request = Request::new(());
    *request.method_mut() = context["method"].as_str().unwrap().parse().unwrap();
    *request.uri_mut() = uri.parse::<Uri>().unwrap();
    let headers = event["headers"].as_object().unwrap().iter();
    let headers = headers.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.as_str().unwrap()));
    request.headers_mut().extend(headers.map(|(name, value)| (name, value.parse().unwrap())));
    request.into_parts().0
}

/// What surrounds a function: the events that come to it, and the DynamoDB that it works on.
struct Lambda {
    world: Arc<Surroundings>,
    answers: mpsc::UnboundedReceiver<Value>,
}

struct Surroundings {
    events: Mutex<VecDeque<Value>>,
    answers: mpsc::UnboundedSender<Value>,
    dynamodb: Embedded,
    queues: Queues,
    /// Table, index or queue, and action, of everything that was done to them.
    done: Mutex<BTreeSet<(String, String)>>,
}

impl Lambda {
    async fn start(dynamodb: Embedded, events: Vec<Value>) -> (Lambda, SocketAddr) {
        let (sender, answers) = mpsc::unbounded_channel();
        let (events, done) = (Mutex::new(events.into()), Mutex::default());
        let queues = Queues::memory(&QUEUES, || (Host::real().now)().0);
        let world = Arc::new(Surroundings { events, answers: sender, dynamodb, queues, done });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2020-01-01/extension/register", post(register))
            .route("/2020-01-01/extension/event/next", get(std::future::pending::<()>))
            .route("/", post(aws_call))
            .fallback(failure)
            .with_state(Arc::clone(&world));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (Lambda { world, answers }, address)
    }

    /// The next answer of the function.
    async fn answer(&mut self, function: &mut Function) -> Value {
        let answer = tokio::time::timeout(Duration::from_secs(30), self.answers.recv()).await;
        let Ok(Some(answer)) = answer else { panic!("no answer; it printed: {}", function.printed()) };
        answer
    }
}

/// The function asks for the next event; when there is none, it waits.
async fn next(State(world): State<Arc<Surroundings>>) -> Response {
    let event = world.events.lock().unwrap().pop_front();
    let Some(event) = event else { return std::future::pending().await };
    let trace = format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1");
    let headers = [
        ("lambda-runtime-trace-id", trace.as_str()),
        ("lambda-runtime-aws-request-id", "8f7dd2a9-4bd3-4a2b-9c3a-5a1f0f5a7f10"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:test"),
    ];
    (headers.map(|(name, value)| (name, value.to_owned())), event.to_string()).into_response()
}

/// An extension comes before the first event, and wants none.
async fn register(headers: HeaderMap, body: String) -> impl IntoResponse {
    assert!(headers.contains_key("lambda-extension-name"));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), serde_json::json!({ "events": [] }));
    ([("lambda-extension-identifier", "2b4f6c0e-0000-4000-8000-000000000001")], "{}")
}

async fn response(State(world): State<Arc<Surroundings>>, body: Bytes) -> StatusCode {
    world.answers.send(serde_json::from_slice(&body).unwrap()).unwrap();
    StatusCode::ACCEPTED
}

/// Whatever else it tells: that it failed.
async fn failure(State(world): State<Arc<Surroundings>>, uri: Uri, body: String) -> StatusCode {
    world.answers.send(format!("{uri}: {body}").into()).unwrap();
    StatusCode::ACCEPTED
}

async fn aws_call(State(world): State<Arc<Surroundings>>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap();
    let action = target.rsplit('.').next().unwrap();
    let done = actions(action, &serde_json::from_slice(&body).unwrap());
    world.done.lock().unwrap().extend(done);
    let (status, answer) = match target.split_once('.') {
        Some(("AmazonSQS", _)) => world.queues.answer(target, &body),
        _ => world.dynamodb.answer(target, &body),
    };
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/x-amz-json-1.0")], answer)
}

/// What a call needs permission for: table or index, and action. The parts of a transaction count as what they are.
fn actions(action: &str, call: &Value) -> Vec<(String, String)> {
    let table = |call: &Value| {
        let table = call["TableName"].as_str().unwrap();
        call["IndexName"].as_str().map_or(table.to_owned(), |index| format!("{table}/index/{index}"))
    };
    if let Some(url) = call["QueueUrl"].as_str() {
        // A batch needs the permission of its parts.
        vec![(url.rsplit('/').next().unwrap().to_owned(), action.trim_end_matches("Batch").to_owned())]
    } else if let Some(parts) = call["TransactItems"].as_array() {
        let parts = parts.iter().flat_map(|part| part.as_object().unwrap());
        parts.flat_map(|(kind, part)| actions(item_action(kind), part)).collect()
    } else if let Some(tables) = call["RequestItems"].as_object() {
        tables.keys().map(|table| (table.clone(), action.to_owned())).collect()
    } else {
        vec![(table(call), action.to_owned())]
    }
}

fn item_action(kind: &str) -> &'static str {
    match kind {
        "Get" => "GetItem",
        "Put" => "PutItem",
        "Update" => "UpdateItem",
        "Delete" => "DeleteItem",
        "ConditionCheck" => "ConditionCheckItem",
        _ => panic!("a transaction has no {kind}"),
    }
}

/// A function that runs; it ends with this value.
struct Function(Child);

impl Function {
    fn start(binary: &str, address: SocketAddr) -> Function {
        let mut command = Command::new(binary);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("AWS_LAMBDA_RUNTIME_API", address.to_string()).envs(samples::environment(address));
        Function(command.spawn().unwrap())
    }

    /// Ends it as Lambda does, and tells all that it printed.
    fn terminated(&mut self) -> String {
        let kill = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status().unwrap();
        assert!(kill.success());
        for _ in 0..800 {
            if let Some(status) = self.0.try_wait().unwrap() {
                let printed = self.printed();
                assert!(status.success(), "{status}: {printed}");
                return printed;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it still runs after 8 seconds: {}", self.printed());
    }

    /// Ends it, and tells all that it printed.
    fn printed(&mut self) -> String {
        self.end();
        let mut printed = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
        printed
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.end();
    }
}
