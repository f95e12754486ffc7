//! Lambda around one process: its Runtime API on loopback, which hands out an event and waits for the answer, and what the
//! process has used meanwhile.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::Error;

/// How long a function may take for anything, also under an instrument that slows it down a hundredfold.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long a process may take to end.
const END_MAX: Duration = Duration::from_secs(30);

/// The memory of a function, in MB.
pub(crate) const MEMORY_MB: u32 = 128;

/// A function's process. It ends with this value.
pub(crate) struct Host {
    process: Child,
    pid: Pid,
    polls: mpsc::Receiver<Poll>,
    answers: mpsc::Receiver<Answer>,
    /// The function waits for an event.
    waiting: Option<Poll>,
    started: Instant,
    init: Duration,
    log: Arc<Mutex<Vec<u8>>>,
    server: AbortHandle,
}

/// A function that waits for its next event.
type Poll = oneshot::Sender<Event>;

struct Event {
    id: String,
    body: String,
}

/// What a function has answered, and when.
struct Answer {
    at: Instant,
    body: Result<Bytes, Bytes>,
}

/// An event that was answered.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The answer.
    pub(crate) answer: Value,
    /// From handing out the event until the answer.
    pub(crate) wall: Duration,
    /// The processor time of all threads from one wait for an event to the next.
    pub(crate) cpu: Duration,
}

/// What a process has in memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// At most so far.
    pub(crate) peak: u64,
}

impl Host {
    /// Starts a process in the environment that Lambda gives one, with what the command adds to it, and waits until it asks
    /// for its first event.
    pub(crate) async fn start(mut command: Command) -> Result<Host, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (polled, polls) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .route("/2020-01-01/extension/register", post(register))
            .route("/2020-01-01/extension/event/next", get(std::future::pending::<()>))
            .with_state(Lambda { polled, answered });
        let server = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();

        command.env("AWS_LAMBDA_RUNTIME_API", address.to_string()).envs(environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let started = Instant::now();
        let mut process = command
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", command.as_std().get_program().display()))?;
        let pid = process.id().and_then(|pid| i32::try_from(pid).ok()).ok_or("a process without an id")?;
        let log = Arc::default();
        tokio::spawn(collect(process.stdout.take(), Arc::clone(&log)));
        tokio::spawn(collect(process.stderr.take(), Arc::clone(&log)));

        let pid = Pid::from_raw(pid);
        let init = Duration::ZERO;
        let mut host = Host { process, pid, polls, answers, waiting: None, started, init, log, server };
        host.wait_for_poll().await?;
        host.init = started.elapsed();
        Ok(host)
    }

    /// From the start of the process until it asked for its first event.
    pub(crate) fn init(&self) -> Duration {
        self.init
    }

    /// How long ago the process was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Hands out an event, and waits for its answer and until the function asks for the next one.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<Invocation, Error> {
        let waiting = self.waiting.take().ok_or("the function was not waiting for an event")?;
        let event = Event { id: Uuid::new_v4().to_string(), body: event.to_string() };
        let before = self.cpu()?;
        let begun = Instant::now();
        if waiting.send(event).is_err() {
            return Err(self.complaint("hung up while it waited for an event"));
        }
        let answer = match wait(&mut self.answers, &mut self.process).await {
            Ok(answer) => answer,
            Err(ended) => return Err(self.complaint(&ended)),
        };
        let wall = answer.at.duration_since(begun);
        let body = answer
            .body
            .map_err(|error| self.complaint(&format!("answered with an error: {}", String::from_utf8_lossy(&error))))?;
        let answer = serde_json::from_slice(&body)
            .map_err(|_| self.complaint(&format!("answered no JSON: {}", String::from_utf8_lossy(&body))))?;
        self.wait_for_poll().await?;
        Ok(Invocation { answer, wall, cpu: self.cpu()?.saturating_sub(before) })
    }

    async fn wait_for_poll(&mut self) -> Result<(), Error> {
        match wait(&mut self.polls, &mut self.process).await {
            Ok(poll) => self.waiting = Some(poll),
            Err(ended) => return Err(self.complaint(&ended)),
        }
        Ok(())
    }

    /// What the process has written to its outputs since this was last called.
    pub(crate) fn take_log(&self) -> Vec<u8> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The processor time that the process has used.
    #[cfg(target_os = "linux")]
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        let clock = nix::time::clock_getcpuclockid(self.pid)?;
        Ok(Duration::from(nix::time::clock_gettime(clock)?))
    }

    /// The processor time that the process has used.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        Err("The processor time of another process is read on Linux alone.".into())
    }

    /// What the process has in memory.
    pub(crate) fn memory(&self) -> Result<Memory, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let kilobytes = |name: &str| -> Result<u64, Error> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = line.and_then(|line| line.split_whitespace().next()).ok_or("a process without memory")?;
            Ok(number.parse::<u64>()? * 1024)
        };
        Ok(Memory { resident: kilobytes("VmRSS")?, peak: kilobytes("VmHWM")? })
    }

    /// Ends the process as Lambda does, and waits until it is gone.
    pub(crate) async fn end(mut self) -> Result<(), Error> {
        kill(self.pid, Signal::SIGTERM)?;
        if timeout(END_MAX, self.process.wait()).await.is_err() {
            self.process.kill().await?;
        }
        Ok(())
    }

    fn complaint(&self, what: &str) -> Error {
        let log = self.take_log();
        let log = String::from_utf8_lossy(&log);
        let mut last: Vec<_> = log.lines().rev().take(20).collect();
        last.reverse();
        format!("The function {what}. Its log ends with:\n{}", last.join("\n")).into()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What the function does next; in words what it did instead.
async fn wait<T>(awaited: &mut mpsc::Receiver<T>, process: &mut Child) -> Result<T, String> {
    tokio::select! {
        biased;
        Some(came) = awaited.recv() => Ok(came),
        ended = process.wait() => {
            // What it wrote last may still be on its way.
            sleep(Duration::from_millis(100)).await;
            Err(match ended {
                Ok(status) => format!("ended ({status})"),
                Err(error) => format!("is lost: {error}"),
            })
        }
        () = sleep(PATIENCE) => Err(format!("did nothing for {} seconds", PATIENCE.as_secs())),
    }
}

/// What every function finds in its environment, but for where things are.
fn environment() -> [(&'static str, String); 17] {
    [
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
        ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MB.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", "spend".to_owned()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", "10".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/spend".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[1]0123456789abcdef0123456789abcdef".to_owned()),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
        // As long as those are that a role gets.
        ("AWS_SESSION_TOKEN", "x".repeat(900)),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ]
}

#[derive(Clone)]
struct Lambda {
    polled: mpsc::Sender<Poll>,
    answered: mpsc::Sender<Answer>,
}

async fn next(State(lambda): State<Lambda>) -> Response {
    let (poll, event) = oneshot::channel();
    if lambda.polled.send(poll).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    let Ok(Event { id, body }) = event.await else { return StatusCode::GONE.into_response() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", (now + Duration::from_secs(10)).as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:spend:1".to_owned()),
        (
            "lambda-runtime-trace-id",
            "Root=1-65f0a1b2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0".to_owned(),
        ),
    ];
    (headers, body).into_response()
}

async fn response(State(lambda): State<Lambda>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    answered(&lambda, Ok(body)).await
}

async fn error(State(lambda): State<Lambda>, body: Bytes) -> StatusCode {
    answered(&lambda, Err(body)).await
}

async fn answered(lambda: &Lambda, body: Result<Bytes, Bytes>) -> StatusCode {
    let answer = Answer { at: Instant::now(), body };
    match lambda.answered.send(answer).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}

async fn register() -> Response {
    let headers = [("content-type", "application/json"), ("lambda-extension-identifier", "0001")];
    (headers, r#"{"functionName":"spend","functionVersion":"1","handler":"bootstrap"}"#).into_response()
}

/// Keeps what a process writes.
async fn collect(output: Option<impl AsyncRead + Unpin>, log: Arc<Mutex<Vec<u8>>>) {
    let Some(mut output) = output else { return };
    let mut read = [0; 8192];
    while let Ok(bytes @ 1..) = output.read(&mut read).await {
        log.lock().unwrap_or_else(PoisonError::into_inner).extend(read.iter().take(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_ends_is_told_with_the_last_that_it_said() {
        let mut function = Command::new("sh");
        function.args(["-c", "echo in $AWS_REGION; exit 3"]);
        let error = Host::start(function).await.err().unwrap().to_string();
        assert_eq!(error, "The function ended (exit status: 3). Its log ends with:\nin eu-west-1");

        let error = Host::start(Command::new("./no-such-function")).await.err().unwrap().to_string();
        assert!(error.starts_with("./no-such-function does not start: "), "{error}");
    }
}
