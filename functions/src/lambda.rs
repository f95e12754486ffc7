//! The Lambda function of an operation, or of a task.

use std::convert::Infallible;
use std::future::pending;
use std::io::Write as _;
use std::time::Duration;

use api::webhook::Reach;
use lambda_http::http::Request;
use lambda_http::{LambdaEvent, service_fn};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{Client, build_request};
use serde_json::{Value, json};
use store::{AccessKey, Environment, Queue, Store, Tables};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::sender::{Network, Sender};
use crate::shell::{App, Host, Operation, deadline_of};
use crate::task::{Task, Worker};

/// Why a function ended.
pub type Error = lambda_http::Error;

/// How long Lambda may take to register an extension.
const REGISTER_MAX: Duration = Duration::from_secs(1);

/// Runs an operation as a Lambda function until Lambda ends it.
///
/// # Errors
/// When there is no Lambda runtime to talk to, or the certificates to trust cannot be read.
pub fn serve(operation: &'static Operation) -> Result<(), Error> {
    say_where_it_panics();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = Store::in_lambda(environment()?, tables());
        store.warm_up().await;
        let app = App::new(store, Host::real());
        let Some(stack) = variable("STACK") else { return run(operation, &app).await };
        let app = app.with_metrics(stack);
        // What plays Lambda elsewhere may know no extensions: the function then runs without being told of its end.
        let extension = timeout(REGISTER_MAX, Extension::register()).await.ok().and_then(Result::ok);
        tokio::select! {
            ended = run(operation, &app) => ended,
            () = told_to_end(extension) => {
                app.flush();
                Ok(())
            }
        }
    })
}

/// Runs a task as a Lambda function until Lambda ends it.
///
/// # Errors
/// When there is no Lambda runtime to talk to, or the environment names no queue or certificates that cannot be read.
pub fn work(task: &'static Task) -> Result<(), Error> {
    say_where_it_panics();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let queue = variable("DELIVERIES_QUEUE").ok_or("DELIVERIES_QUEUE does not say where the queue is")?;
        let environment = environment()?;
        let store = Store::in_lambda(environment.clone(), tables());
        let queue = Queue::in_lambda(environment, queue);
        let sender = Sender::new(Reach::Public, Network::real());
        let worker = &Worker { store, queue, sender, host: Host::real() };
        let handler = |event: LambdaEvent<Value>| async move {
            let deadline = deadline_of(&event.context, (worker.host.now)());
            // Lambda logs what it is told.
            worker.run(task, event.payload, deadline).await.map_err(|error| error.word())
        };
        lambda_http::lambda_runtime::run(service_fn(handler)).await
    })
}

async fn run(operation: &'static Operation, app: &App) -> Result<(), Error> {
    let handler = |request| async move { Ok::<_, Infallible>(app.handle(operation, request).await) };
    lambda_http::run(service_fn(handler)).await
}

/// What is said in a panic may hold what a caller sent; where it was is enough to find it.
fn say_where_it_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        drop(writeln!(std::io::stderr(), "{}", json!({ "code": "PANIC", "at": place })));
    }));
}

/// Lambda tells only functions with an extension before it ends them. This one asks for no events: it is never woken, and
/// keeps nothing awake.
struct Extension {
    client: Client,
    id: String,
}

impl Extension {
    async fn register() -> Result<Extension, Error> {
        let client = Client::builder().build()?;
        let request = build_request().method("POST").uri("/2020-01-01/extension/register");
        let request = request.header("lambda-extension-name", "kese").header("content-type", "application/json");
        let answer = client.call(request.body(Body::from(r#"{"events":[]}"#))?).await?;
        let id =
            answer.headers().get("lambda-extension-identifier").ok_or("Lambda gives no extension an identifier")?;
        let id = id.to_str()?.to_owned();
        Ok(Extension { client, id })
    }

    /// Waits for an event; there is none. Lambda starts no request before the extension does so.
    async fn wait(self) -> Result<(), Error> {
        let request = build_request().method("GET").uri("/2020-01-01/extension/event/next");
        let request: Request<Body> = request.header("lambda-extension-identifier", self.id).body(Body::empty())?;
        self.client.call(request).await?;
        Ok(())
    }
}

/// Returns when the function is about to be ended.
async fn told_to_end(extension: Option<Extension>) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return pending().await };
    let waiting = async {
        if let Some(extension) = extension {
            // It only has to be asked.
            drop(extension.wait().await);
        }
        pending::<()>().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        () = waiting => {}
    }
}

/// The names of the tables, as the template gives them.
fn tables() -> Tables {
    let default = Tables::default();
    Tables {
        ledger: variable("LEDGER_TABLE").unwrap_or(default.ledger),
        credentials: variable("CREDENTIALS_TABLE").unwrap_or(default.credentials),
        events: variable("EVENTS_TABLE").unwrap_or(default.events),
        feed: variable("TRANSACTION_FEED").map_or(default.feed, |feed| feed != "off"),
    }
}

/// What Lambda tells of region and credentials, and the template of what is not usual.
fn environment() -> Result<Environment, Error> {
    let access_key = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Some(AccessKey { id, secret, session_token: variable("AWS_SESSION_TOKEN") }),
        _ if variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() => None,
        _ if variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some() => None,
        _ => return Err("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY do not say as whom to call AWS".into()),
    };
    let ca_bundle = variable("AWS_CA_BUNDLE").map(|file| {
        std::fs::read(&file).map_err(|error| format!("the certificates in {file} cannot be read: {error}"))
    });
    Ok(Environment {
        region: variable("AWS_REGION").ok_or("AWS_REGION does not say where the tables are")?,
        access_key,
        endpoint_url: variable("AWS_ENDPOINT_URL_DYNAMODB"),
        ca_bundle: ca_bundle.transpose()?,
    })
}

/// What the environment says under that name; saying nothing of it and saying the empty text are the same.
#[expect(clippy::disallowed_methods, reason = "this is the shell: the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
