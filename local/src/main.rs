//! `kese`: the wallet service on one machine, in one process, and the commands for those who run it anywhere.

mod credential;
mod place;
mod project;
mod smoke;
mod verify;
mod webhook;

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::webhook::Reach;
use clap::{Args, Parser, Subcommand};
use functions::{App, Host, Network, Sender, Task, Worker, deliver, expire, publish};
use local::background::{Background, Function};
use local::demo::{self, Credentials};
use local::embedded::Embedded;
use local::gateway;
use local::queue::{self, DELIVERIES, QUEUES, Queues};
use place::Place;
use store::{Store, Tables};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a task may go on with what is left: less than a call of it may take.
const TASK_MAX: Duration = Duration::from_secs(30);

/// How long requests that are under way may take when the service is told to stop.
const STOP_MAX: Duration = Duration::from_secs(5);

/// A wallet service on this machine: the HTTP API, and a DynamoDB of its own behind it.
#[derive(Parser)]
#[command(name = "kese", version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    service: Service,
}

#[derive(Subcommand)]
enum Command {
    /// Create, list, revoke and rotate the credentials of a project
    Credential {
        #[command(subcommand)]
        command: credential::Command,
        #[command(flatten)]
        place: Place,
    },
    /// Create a project, show and change its settings
    Project {
        #[command(subcommand)]
        command: project::Command,
        #[command(flatten)]
        place: Place,
    },
    /// Post the events of a project somewhere, see whether they arrive, and send them again
    Webhook {
        #[command(subcommand)]
        command: webhook::Command,
        /// The ledger's table of a deployed stack, Ledger if nothing is said; --table names the one with the credentials
        #[arg(long, value_name = "NAME", conflicts_with = "data", global = true)]
        ledger_table: Option<String>,
        /// The table of webhooks of a deployed stack, Events if nothing is said
        #[arg(long, value_name = "NAME", conflicts_with = "data", global = true)]
        events_table: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Prove a running service from outside, step by step, such as a stack that was just deployed
    Smoke(smoke::Options),
    /// Prove that the ledger is as it was written: every entry, balance, mark and key
    Verify {
        #[command(flatten)]
        options: verify::Options,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Service {
    /// The port of the API, on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,

    /// The folder of the data, made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".kese")]
    data: PathBuf,

    /// Keep the data in memory, a gigabyte at most, and forget it at the end
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,

    /// Write the base URL, the project and its credentials to this file, as JSON, as soon as the service answers
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,

    /// The port of the embedded DynamoDB, on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    dynamodb_port: u16,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(run(options))) {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("kese: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked for. An error is one sentence for whoever did.
async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let said = match options.command {
        None => return serve(options.service).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Verify { options, place }) => return Ok(verify::run(options, place).await),
        Some(Command::Credential { command, place }) => {
            credential::run(command, &place.store().await?, (Host::real().now)()).await?
        }
        Some(Command::Project { command, place }) => project::run(command, &place.store().await?).await?,
        Some(Command::Webhook { command, ledger_table, events_table, place }) => {
            let reach = if place.is_here() { Reach::Local } else { Reach::Public };
            webhook::run(command, place.store_of(ledger_table, events_table).await?, reach).await?
        }
        Some(Command::Smoke(options)) => return smoke::run(&options).map(|()| ExitCode::SUCCESS),
    };
    // What cannot be printed is a secret that is lost.
    io::stdout().write_all(said.as_bytes()).map_err(|error| format!("The answer cannot be printed: {error}."))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the service until it is told to stop.
async fn serve(options: Service) -> Result<(), Box<dyn Error>> {
    let api = listen(options.port, "--port").await?;
    let dynamodb = listen(options.dynamodb_port, "--dynamodb-port").await?;
    let base_url = url(&api)?;
    let dynamodb_url = url(&dynamodb)?;

    let folder = (!options.ephemeral).then_some(options.data);
    let embedded = match &folder {
        Some(folder) => Embedded::open(folder)?,
        None => Embedded::memory(),
    };
    let store = Store::new(embedded.connector(), Tables::default());
    store.create_tables().await.map_err(|error| format!("The tables cannot be created: {error}."))?;
    let credentials = demo::credentials(&store, folder.as_deref(), &base_url).await?;
    let background = background(&embedded, store.clone(), folder.as_deref())?;

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stop, stopped) = watch::channel(());
    let app = Arc::new(App::new(store, Host::real()));
    let gateway = tokio::spawn(gateway::serve(api, app, until_closed(stopped.clone())));
    let background = tokio::spawn(background.run(stopped.clone()));
    let dynamodb = tokio::spawn(embedded.serve(dynamodb, until_closed(stopped)));

    if let Some(file) = &options.credentials {
        credentials.write(file)?;
    }
    let data = folder.map_or("in memory".to_owned(), |folder| folder.display().to_string());
    // Whoever closes our output does not want to read it, and wants the service none the less.
    let _ = write!(io::stdout(), "{}", Welcome { credentials: &credentials, dynamodb_url: &dynamodb_url, data: &data });

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    drop(stop);
    // What is still running after that is cut off, as by a kill: it is made to survive that.
    let _ = tokio::time::timeout(STOP_MAX, async { tokio::join!(gateway, background, dynamodb) }).await;
    Ok(())
}

/// What happens after the commit: the tasks on the ledger's stream, and on queues beside the data.
fn background(embedded: &Embedded, store: Store, folder: Option<&Path>) -> Result<Background, Box<dyn Error>> {
    let clock = Host::real();
    let now = move || (clock.now)().0;
    let queues = match folder {
        Some(folder) => Queues::open(folder, &QUEUES, now)?,
        None => Queues::memory(&QUEUES, now),
    };
    let stream = embedded.stream(&Tables::default().ledger)?;
    let deliveries = queues.queue(DELIVERIES).map(queue::Queue::url).unwrap_or_default();
    let worker = Arc::new(Worker {
        store,
        queue: store::Queue::new(queues.connector(), deliveries),
        sender: Sender::new(Reach::Local, Network::real()),
        host: Host::real(),
    });
    let function = |task: &'static Task| {
        let worker = Arc::clone(&worker);
        Function::new(task.name, move |event| {
            let worker = Arc::clone(&worker);
            async move {
                let start = Instant::now();
                let deadline = start.checked_add(TASK_MAX).unwrap_or(start);
                worker.run(task, event, deadline).await.map_err(|error| format!("{error}."))
            }
        })
    };
    let [publish, deliver, expire] = [&publish::TASK, &deliver::TASK, &expire::TASK].map(function);
    Ok(Background::new(stream, queues, publish, deliver, expire))
}

async fn listen(port: u16, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        if error.kind() == ErrorKind::AddrInUse {
            format!("Port {port} is taken; choose another one with {option}.")
        } else {
            format!("Port {port} cannot be opened: {error}.")
        }
    })
}

fn url(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

async fn until_closed(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// What a person sees first: where everything is, and commands to paste.
struct Welcome<'a> {
    credentials: &'a Credentials,
    dynamodb_url: &'a str,
    data: &'a str,
}

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Credentials { base_url, project_id, secrets } = self.credentials;
        let [api_key, client_id, client_secret, x_token, signature_key] =
            [&secrets.api_key, &secrets.client_id, &secrets.client_secret, &secrets.x_token, &secrets.signature_key]
                .map(|secret| secret.as_deref().unwrap_or_default());
        let Welcome { dynamodb_url, data, .. } = self;
        writeln!(f, "Kese {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(f)?;
        writeln!(f, "  API       {base_url}")?;
        writeln!(f, "  DynamoDB  {dynamodb_url}")?;
        writeln!(f, "  Data      {data}")?;
        writeln!(f)?;
        let calls = [
            ("createWallet", "", r#"{"walletId":"w1","status":"active"}"#),
            ("createAccount", "", r#"{"walletId":"w1","currency":"EUR","accountNumber":"w1-eur"}"#),
            ("load", "-w1-eur", r#"{"amount":1000,"channel":"POS"}"#),
            ("spend", "-w1-eur", r#"{"amount":300,"channel":"POS"}"#),
        ];
        for (operation, account, body) in calls {
            writeln!(
                f,
                "curl {base_url}/CALL/WalletAPI/{operation}/{project_id}{account} -H 'x-api-key: {api_key}' \
                 -H 'content-type: application/json' -d '{body}'"
            )?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "TOKEN=$(curl -s {base_url}/oauth/token -u {client_id}:{client_secret} -d grant_type=client_credentials \
             | cut -d '\"' -f 4); \
             curl {base_url}/v1/accounts/wallet -H \"authorization: Bearer $TOKEN\" -H 'x-api-key: {api_key}' \
             -H 'content-type: application/json' -d '{{\"phoneNumber\":\"+4930123456\",\"name\":\"Ada\",\"country\":\"DE\",\
             \"currency\":\"EUR\",\"idempotencyKey\":\"ada\"}}'"
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "BODY='{{\"customer_id\":\"ada\",\"currency\":\"EUR\",\"currency_list\":[\"EUR\"]}}'; \
             SIGNATURE=$(printf %s \"$BODY\" | openssl dgst -sha256 -hmac {signature_key} | cut -d ' ' -f 2); \
             curl {base_url}/wallet/create -H 'X-token: {x_token}' -H \"signature: $SIGNATURE\" \
             -H 'content-type: application/json' -d \"$BODY\""
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
             aws dynamodb scan --region local --endpoint-url {dynamodb_url} --table-name Ledger"
        )?;
        writeln!(f)
    }
}
