//! Who is compared: how each is started, the tables and accounts that it finds, and the spends that all of them are sent.

use std::fs;
use std::path::{Path, PathBuf};

use functions::{App, Host};
use lambda_http::{RequestExt as _, Response};
use local::demo;
use local::embedded::Embedded;
use serde_json::{Value, json};
use store::{Store, Tables};
use tokio::process::Command;
use uuid::Uuid;

use crate::Error;
use crate::endpoint::Endpoint;

/// What every account has to begin with.
pub(crate) const BALANCE: i64 = 100_000_000;

/// What a spend takes.
pub(crate) const AMOUNT: i64 = 1_250;

/// More than any account has.
pub(crate) const TOO_MUCH: i64 = 2 * BALANCE;

/// The event that all spends are made of.
const EVENT: &str = include_str!("../../events/spend.json");

/// What Lambda's managed Python, or a virtual environment, has in `site-packages` without being deployed.
const MANAGED: [&str; 16] = [
    "_distutils_hack",
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "distutils-precedence",
    "pip",
    "pkg_resources",
    "python_dateutil",
    "runtime_client",
    "s3transfer",
    "setuptools",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
];

/// The table of balances and transactions of the peers.
pub(crate) const WALLETS: &str = "Wallets";
const IDEMPOTENCY: &str = "Idempotency";

/// A function that spends.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// What it is called in tables, and its accounts begin with.
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Where it runs: `LAMBDA_TASK_ROOT`.
    root: PathBuf,
    /// Whether its accounts are Kese's, and if so, whether transactions are in the feed.
    feed: Option<bool>,
}

impl Contender {
    /// Kese's function, with the feed of transactions or without.
    pub(crate) fn kese(program: &Path, feed: bool) -> Contender {
        let root = program.parent().unwrap_or(Path::new("/")).to_owned();
        let name = if feed { "kese" } else { "kese-no-feed" };
        Contender { name, program: program.to_owned(), arguments: &[], root, feed: Some(feed) }
    }

    /// The peers that `bench/peers/install` has built into `built`.
    pub(crate) fn peers(built: &Path) -> Vec<Contender> {
        let peer = |name, program: PathBuf, arguments, root| Contender { name, program, arguments, root, feed: None };
        vec![
            Contender::rust(built),
            peer(
                "python",
                built.join("python/bin/python"),
                &["-m", "awslambdaric", "handler.handler"],
                Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python"),
            ),
            peer("typescript", PathBuf::from("node"), &["bootstrap.mjs"], built.join("typescript")),
        ]
    }

    /// The peer that is written in Rust as the SDK's documentation has it.
    pub(crate) fn rust(built: &Path) -> Contender {
        let root = built.join("rust");
        Contender { name: "rust", program: root.join("peer"), arguments: &[], root, feed: None }
    }

    /// Whether transactions are in Kese's feed; none if it is not Kese.
    pub(crate) fn feed(&self) -> Option<bool> {
        self.feed
    }

    /// What starts it beside that endpoint.
    pub(crate) fn command(&self, endpoint: &Endpoint) -> Command {
        self.command_under(&[], endpoint)
    }

    /// What starts it under an instrument, which is a program with arguments of its own.
    pub(crate) fn command_under(&self, instrument: &[&str], endpoint: &Endpoint) -> Command {
        let program = [self.program.as_os_str()];
        let mut words = instrument.iter().map(AsRef::as_ref).chain(program);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(self.arguments).current_dir(&self.root).env_clear().envs(endpoint.environment());
        command.env("LAMBDA_TASK_ROOT", &self.root).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        match self.feed {
            Some(feed) => command.envs([
                ("LEDGER_TABLE", "Ledger"),
                ("CREDENTIALS_TABLE", "Credentials"),
                ("TRANSACTION_FEED", if feed { "on" } else { "off" }),
                ("STACK", "kese-bench"),
            ]),
            None => command.envs([("WALLETS_TABLE", WALLETS), ("IDEMPOTENCY_TABLE", IDEMPOTENCY)]),
        };
        command
    }

    /// The name of one of its accounts.
    pub(crate) fn account(&self, number: usize) -> String {
        format!("{}-{number}", self.name)
    }

    /// Whether it is there.
    pub(crate) fn is_built(&self) -> bool {
        !self.program.is_absolute() && self.root.is_dir() || self.program.is_file()
    }

    /// What is deployed of it: the files, each with its name in the archive.
    pub(crate) fn package(&self) -> Result<Vec<(PathBuf, String)>, Error> {
        match self.name {
            "python" => {
                let library = self.program.ancestors().nth(2).unwrap_or(Path::new("/")).join("lib");
                let mut files = vec![(self.root.join("handler.py"), "handler.py".to_owned())];
                for version in fs::read_dir(&library)? {
                    let packages = version?.path().join("site-packages");
                    // The managed runtime brings the rest: the Runtime API's client, and the SDK.
                    for package in fs::read_dir(&packages)? {
                        let package = package?.path();
                        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
                        if !MANAGED.iter().any(|managed| name.starts_with(managed)) {
                            gather(&package, &name, &mut files)?;
                        }
                    }
                }
                Ok(files)
            }
            "typescript" => Ok(vec![(self.root.join("handler.mjs"), "handler.mjs".to_owned())]),
            _ => Ok(vec![(self.program.clone(), "bootstrap".to_owned())]),
        }
    }

    /// The balance after a spend; an error if the answer is another.
    pub(crate) fn spent(&self, answer: &Value) -> Result<i64, Error> {
        let balance = body(answer).and_then(|body| body["balance"].as_i64());
        match balance {
            Some(balance) if answer["statusCode"] == 200 => Ok(balance),
            _ => Err(format!("{} answered a spend with {answer}", self.name).into()),
        }
    }

    /// An error unless the answer says that the balance is not enough.
    pub(crate) fn refused(&self, answer: &Value) -> Result<(), Error> {
        match body(answer) {
            Some(body) if body["code"] == "INSUFFICIENT_BALANCE" && answer["statusCode"] != 200 => Ok(()),
            _ => Err(format!("{} did not refuse a spend, but answered {answer}", self.name).into()),
        }
    }
}

/// The body of an answer, if it is JSON.
pub(crate) fn body(answer: &Value) -> Option<Value> {
    serde_json::from_str(answer["body"].as_str()?).ok()
}

/// Every file below a path, by its name in an archive; without what Python has compiled, which it does again.
fn gather(path: &Path, name: &str, files: &mut Vec<(PathBuf, String)>) -> Result<(), Error> {
    if name.ends_with("__pycache__") {
        return Ok(());
    }
    if !path.is_dir() {
        files.push((path.to_owned(), name.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        gather(&entry.path(), &format!("{name}/{}", entry.file_name().to_string_lossy()), files)?;
    }
    Ok(())
}

/// The tables of all, and who may call Kese.
pub(crate) struct Stock {
    embedded: Embedded,
    api_key: String,
}

impl Stock {
    /// Makes the tables.
    pub(crate) async fn new(embedded: &Embedded) -> Result<Stock, Error> {
        let store = Store::new(embedded.connector(), Tables::default());
        store.create_tables().await?;
        let credentials = demo::credentials(&store, None, "").await?;
        let api_key = credentials.secrets.api_key.ok_or("the demo has no API key")?;
        let stock = Stock { embedded: embedded.clone(), api_key };
        for (table, key) in [(WALLETS, &["pk", "sk"] as &[&str]), (IDEMPOTENCY, &["id"])] {
            let attribute = |name| json!({ "AttributeName": name, "AttributeType": "S" });
            let key_of = |(name, kind)| json!({ "AttributeName": name, "KeyType": kind });
            stock.ask(
                "CreateTable",
                &json!({
                    "TableName": table,
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": key.iter().map(attribute).collect::<Vec<_>>(),
                    "KeySchema": key.iter().zip(["HASH", "RANGE"]).map(key_of).collect::<Vec<_>>(),
                }),
            )?;
        }
        Ok(stock)
    }

    /// Opens the first accounts of a contender, with [`BALANCE`] in each.
    pub(crate) async fn open(&self, contender: &Contender, accounts: usize) -> Result<(), Error> {
        let app = contender.feed.map(|feed| {
            let tables = Tables { feed, ..Tables::default() };
            App::new(Store::new(self.embedded.connector(), tables), quiet())
        });
        for number in 0..accounts {
            let account = contender.account(number);
            match &app {
                Some(app) => self.open_account(app, &account).await?,
                None => self.put_balance(&account)?,
            }
        }
        Ok(())
    }

    /// Opens an account of Kese's, with [`BALANCE`] in it, in a wallet of its own.
    pub(crate) async fn open_account(&self, app: &App, account: &str) -> Result<(), Error> {
        let wallet = wallet(account);
        for (path, body) in [
            ("createWallet/demo".to_owned(), json!({ "walletId": wallet })),
            (
                "createAccount/demo".to_owned(),
                json!({ "walletId": wallet, "currency": "EUR", "accountNumber": account }),
            ),
            (format!("load/demo-{account}"), json!({ "amount": BALANCE, "channel": "APP" })),
        ] {
            let answer = self.call(app, &path, &format!("{path}-{account}"), &body).await?;
            if answer.status() != 200 {
                return Err(format!("{path} was answered {answer:?}").into());
            }
        }
        Ok(())
    }

    /// Puts the balance of an account where the peers look for it.
    pub(crate) fn put_balance(&self, account: &str) -> Result<(), Error> {
        let item = json!({
            "pk": { "S": format!("WALLET#{account}") },
            "sk": { "S": "BALANCE" },
            "balance": { "N": BALANCE.to_string() },
            "currency": { "S": "EUR" },
        });
        self.ask("PutItem", &json!({ "TableName": WALLETS, "Item": item }))
    }

    /// Calls one of Kese's operations in this process, without an idempotency key if that is empty.
    pub(crate) async fn call(
        &self,
        app: &App,
        path: &str,
        idempotency_key: &str,
        body: &Value,
    ) -> Result<Response<Value>, Error> {
        let path = format!("/CALL/WalletAPI/{path}");
        let event = self.event(&path, idempotency_key, body)?;
        let (operation, _) = functions::route("POST", &path).ok_or("no such operation")?;
        let request = lambda_http::request::from_str(&event.to_string())?;
        let answer = app.handle(operation, request.with_lambda_context(lambda_http::Context::default())).await;
        let (parts, body) = answer.into_parts();
        Ok(Response::from_parts(parts, serde_json::from_slice(&body)?))
    }

    /// The event of a spend.
    pub(crate) fn spend(&self, account: &str, idempotency_key: &str, amount: i64) -> Result<Value, Error> {
        let sample: Value = serde_json::from_str(EVENT)?;
        let mut body: Value = serde_json::from_str(sample["body"].as_str().unwrap_or_default())?;
        body["amount"] = amount.into();
        // The account is a contender's own; the sample also names a wallet and a currency, which it does not have.
        if let Some(body) = body.as_object_mut() {
            body.retain(|name, _| name != "walletId" && name != "currency");
        }
        let path = format!("/CALL/WalletAPI/spend/demo-{account}");
        let mut event = self.event(&path, idempotency_key, &body)?;
        event["pathParameters"]["instance"] = format!("demo-{account}").into();
        Ok(event)
    }

    fn event(&self, path: &str, idempotency_key: &str, body: &Value) -> Result<Value, Error> {
        let mut event: Value = serde_json::from_str(EVENT)?;
        let body = body.to_string();
        event["rawPath"] = path.into();
        event["headers"]["content-length"] = body.len().to_string().into();
        event["headers"]["idempotency-key"] = idempotency_key.into();
        if let Some(headers) = event["headers"].as_object_mut() {
            headers.retain(|_, value| value != "");
        }
        event["headers"]["x-api-key"] = self.api_key.as_str().into();
        event["requestContext"]["http"]["path"] = path.into();
        event["requestContext"]["requestId"] = Uuid::new_v4().to_string().into();
        event["body"] = body.into();
        Ok(event)
    }

    fn ask(&self, operation: &str, request: &Value) -> Result<(), Error> {
        match self.embedded.answer(&format!("DynamoDB_20120810.{operation}"), request.to_string().as_bytes()) {
            (200, _) => Ok(()),
            (_, error) => Err(format!("{operation} was answered {error}").into()),
        }
    }
}

fn wallet(account: &str) -> String {
    format!("USER-{account}")
}

/// The real world without a log.
fn quiet() -> Host {
    Host { log: Box::new(|_| {}), ..Host::real() }
}
