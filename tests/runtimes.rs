//! The built functions where functions run: behind AWS's own emulator of Lambda, and in a stack that was deployed. They need
//! what `tests/runtimes.sh` builds, deploys and tells them by the environment; `cargo test` leaves them out.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::future;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use local::embedded::Embedded;
use local::{demo, gateway};
use serde_json::Value;
use store::{Store, Tables};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ureq::Agent;
use uuid::Uuid;

use crate::readme;
use crate::samples::{self, Sample};
use crate::template::{self, Function};

/// The C library of Amazon Linux 2023 is version 2.34; a binary that asks for a newer one does not start there.
#[test]
#[ignore = "tests/runtimes.sh builds what it needs"]
fn built_functions_start_on_amazon_linux() {
    for function in template::functions(&template::template()) {
        let bootstrap = fs::read(bootstrap(&function)).unwrap();
        let bootstrap = String::from_utf8_lossy(&bootstrap);
        let versions = bootstrap.split("GLIBC_2.").skip(1);
        let newest =
            versions.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()).max();
        assert!(newest.is_some_and(|newest| newest <= 34), "{} needs GLIBC_2.{newest:?}", function.name);
    }
}

#[test]
#[ignore = "tests/runtimes.sh builds what it needs"]
fn emulated_functions_answer_the_samples() {
    let runtime = Runtime::new().unwrap();
    for function in template::functions(&template::template()) {
        let world = runtime.block_on(samples::world(Tables::default()));
        let (dynamodb, _) = serve(&runtime, world, (Ipv4Addr::LOCALHOST, 0).into());
        let mut emulator = Emulator::start(&function, dynamodb);
        for sample in Sample::all(&function.binary) {
            let (cold, warm) = (emulator.invoke(&sample.event), emulator.invoke(&sample.event));
            sample.check(&cold, &warm);
        }
        only_loopback_is_bound();
    }
}

#[test]
#[ignore = "tests/runtimes.sh builds what it needs"]
fn emulated_functions_go_through_the_tour() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join(".kese");
    fs::create_dir(&kept).unwrap();
    let embedded = Embedded::memory();
    let store = Store::new(embedded.connector(), Tables::default());
    runtime.block_on(store.create_tables()).unwrap();
    let (dynamodb, _) = serve(&runtime, embedded, (Ipv4Addr::LOCALHOST, 0).into());
    readme::take_the_tour(folder.path(), || {
        let functions = template::functions(&template::template()).into_iter();
        let emulators =
            functions.map(|function| (function.binary.clone(), Emulator::start(&function, dynamodb).into()));
        let router = Router::new().fallback(call).with_state(Arc::new(emulators.collect::<Emulators>()));
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        runtime.block_on(demo::credentials(&store, Some(&kept), &base_url)).unwrap();
        let (running, ended) = oneshot::channel::<()>();
        let served = axum::serve(listener, router).with_graceful_shutdown(async { drop(ended.await) });
        runtime.spawn(async { served.await.unwrap() });
        (running, base_url)
    });
}

/// The functions of the stack work on tables that are named as the stack's are, in the embedded DynamoDB: where they were
/// deployed there is one too, but it does not do all that DynamoDB does.
#[test]
#[ignore = "tests/runtimes.sh deploys what it needs"]
fn deployed_functions_answer_the_samples() {
    let runtime = Runtime::new().unwrap();
    let listed: Value = serde_json::from_slice(&fs::read(told("KESE_STACK")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = listed.as_array().unwrap().iter();
    let stack: BTreeMap<String, String> =
        listed.map(|resource| (text(&resource["LogicalResourceId"]), text(&resource["PhysicalResourceId"]))).collect();
    let missing: Vec<_> = stack.iter().filter(|(_, created)| *created == "-").map(|(name, _)| name).collect();
    assert!(missing.is_empty(), "was not created: {missing:?}");

    let endpoint = told("AWS_ENDPOINT_URL").into_string().unwrap();
    let dynamodb = told("KESE_DYNAMODB").into_string().unwrap().parse().unwrap();
    let template = template::template();
    // The API calls what is under that alias.
    let alias = text(&template["Globals"]["Function"]["AutoPublishAlias"]);
    for function in template::functions(&template) {
        let [ledger, credentials, events] = ["Ledger", "Credentials", "Events"].map(|name| stack[name].clone());
        let tables = Tables { ledger, credentials, events, feed: true };
        let world = runtime.block_on(samples::world(tables));
        let (_, served) = serve(&runtime, world, dynamodb);
        let url = format!("{endpoint}/2015-03-31/functions/{}/invocations?Qualifier={alias}", stack[&function.name]);
        for sample in Sample::all(&function.binary) {
            let invoke = || post(&url, &sample.event).unwrap();
            sample.check(&invoke(), &invoke());
        }
        // The next one finds its own world at the same address.
        served.abort();
        assert!(runtime.block_on(served).unwrap_err().is_cancelled());
    }
}

/// What the script says by the environment.
fn told(variable: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: tests/runtimes.sh runs this test"))
}

/// Where `sam build` has put the function's binary.
fn bootstrap(function: &Function) -> PathBuf {
    PathBuf::from(told("KESE_BUILD")).join(&function.name).join("bootstrap")
}

/// DynamoDB over HTTP, at that address until it is aborted.
fn serve(runtime: &Runtime, embedded: Embedded, address: SocketAddr) -> (SocketAddr, JoinHandle<io::Result<()>>) {
    let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
    (listener.local_addr().unwrap(), runtime.spawn(embedded.serve(listener, future::pending())))
}

/// A function behind the emulator; it ends with this value.
struct Emulator {
    process: Child,
    url: String,
}

type Emulators = BTreeMap<String, Mutex<Emulator>>;

impl Emulator {
    fn start(function: &Function, dynamodb: SocketAddr) -> Emulator {
        let [invocations, runtime_api] = [free_address(), free_address()];
        let process = Command::new(told("KESE_EMULATOR"))
            .args(["--runtime-interface-emulator-address", &invocations.to_string()])
            .args(["--runtime-api-address", &runtime_api.to_string()])
            .arg(bootstrap(function))
            .env_clear()
            .envs(samples::environment(dynamodb))
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "10")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let url = format!("http://{invocations}/2015-03-31/functions/function/invocations");
        Emulator { process, url }
    }

    /// What the function answers. An emulator that is sent two events at once breaks down, so nobody shares it.
    fn invoke(&mut self, event: &Value) -> Value {
        for _ in 0..1000 {
            match post(&self.url, event) {
                Ok(answer) => return answer,
                // It has not started to listen yet.
                Err(ureq::Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    thread::sleep(Duration::from_millis(10));
                }
                Err(error) => panic!("{error}: {}", self.printed()),
            }
        }
        panic!("it does not listen after 10 seconds: {}", self.printed())
    }

    fn printed(&mut self) -> String {
        self.end();
        let mut printed = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
        printed
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends an event to a function by Lambda's API, as the emulator has it too.
fn post(url: &str, event: &Value) -> Result<Value, ureq::Error> {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(30)));
    let mut response = Agent::from(config.build()).post(url).send(event.to_string())?;
    Ok(serde_json::from_str(&response.body_mut().read_to_string()?).unwrap())
}

/// API Gateway: each request becomes the event of its route, and goes to the function of its operation, one after the other.
async fn call(State(emulators): State<Arc<Emulators>>, request: Parts, body: Bytes) -> Response {
    let Some((operation, route)) = functions::route(request.method.as_str(), request.uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let event = gateway::event(&request, &body, route, &Uuid::new_v4().to_string(), OffsetDateTime::now_utc());
    let invoked = move || emulators[operation.name].lock().unwrap().invoke(&event);
    let answer = tokio::task::spawn_blocking(invoked).await.unwrap();
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let headers = answer["headers"].as_object().unwrap().iter();
    let response = headers.fold(Response::builder().status(status), |response, (name, value)| {
        response.header(name, value.as_str().unwrap())
    });
    response.body(Body::from(answer["body"].as_str().unwrap().to_owned())).unwrap()
}

/// An address that nobody listens at, and that nobody gets who asks the system for any: a port that was asked for and let
/// go of is given to somebody else before the emulator listens there, about once in ten tours.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(10_000);
    (Ipv4Addr::LOCALHOST, NEXT.fetch_add(1, Ordering::Relaxed)).into()
}

/// The script gives these tests a network of their own, so whatever listens there is theirs.
fn only_loopback_is_bound() {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap());
    let rows =
        tables.iter().flat_map(|table| table.lines().skip(1)).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let listening: Vec<_> = rows.filter(|columns| columns[3] == "0A").map(|columns| columns[1].to_owned()).collect();
    assert!(listening.len() >= 3, "DynamoDB and the two ports of an emulator: {listening:?}");
    assert!(listening.iter().all(|address| address.starts_with("0100007F:")), "not 127.0.0.1: {listening:?}");
}
