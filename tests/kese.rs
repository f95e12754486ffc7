//! The service as a process: what a caller on the same machine sees, and what is left of it after a kill.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

mod credentials;
mod readme;
mod smoke;
mod verify_command;
mod webhook_command;

#[test]
fn the_tour_goes_as_the_readme_says() {
    let home = Home::new();
    readme::take_the_tour(home.folder.path(), || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
        command.current_dir(home.folder.path()).args(["--port", "0"]);
        let kese = home.wait(&mut command);
        // Where the README reads its key.
        assert!(home.folder.path().join(".kese/credentials.json").exists());
        let base_url = kese.caller.base_url.clone();
        (kese, base_url)
    });
}

#[test]
fn a_tour_of_the_operations() {
    let home = Home::new();
    let kese = home.start(&[]);
    let caller = &kese.caller;

    let wallet = caller.ok("createWallet", "demo", json!({ "walletId": "w1", "status": "active" }));
    assert_eq!(wallet["walletId"], "w1");
    assert_eq!(wallet["projectId"], "demo");

    let body = json!({ "walletId": "w1", "currency": "EUR", "accountNumber": "w1-eur" });
    let account = caller.ok("createAccount", "demo", body);
    assert_eq!(account["accountNumber"], "w1-eur");
    assert_eq!(account["balance"], 0);

    let loaded = caller.ok("load", "demo-w1-eur", json!({ "amount": 1000, "channel": "POS" }));
    assert_eq!(loaded["balance"], 1000);

    let spent = caller.ok("spend", "demo-w1-eur", json!({ "amount": 300, "channel": "POS" }));
    assert_eq!(spent["transaction"]["type"], "SPENT");
    assert_eq!(spent["balance"], 700);

    let id = &spent["transaction"]["transactionId"];
    let refunded = caller.ok("refund", "demo-w1-eur", json!({ "transactionId": id, "amount": 100 }));
    assert_eq!(&refunded["transaction"]["refundedTransactionId"], id);
    assert_eq!(refunded["balance"], 800);

    let spent = caller.ok("spend", "demo-w1-eur", json!({ "amount": 50, "channel": "POS" }));
    let id = &spent["transaction"]["transactionId"];
    let canceled = caller.ok("cancel", "demo-w1-eur", json!({ "transactionId": id }));
    assert_eq!(&canceled["transaction"]["canceledTransactionId"], id);
    assert_eq!(canceled["balance"], 800);

    let transactions = caller.chain("w1-eur");
    let types: Vec<_> = transactions.iter().map(|transaction| transaction["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["INITIALIZED", "LOADED", "SPENT", "REFUNDED", "SPENT", "CANCELED"]);
}

#[test]
fn the_printed_commands_work() {
    let home = Home::new();
    let _kese = home.start(&[]);
    let printed = fs::read_to_string(home.stdout()).unwrap();
    let mut answers = Vec::new();
    for command in printed.lines().filter(|line| line.contains("curl ")) {
        let output = Command::new("sh").args(["-c", &format!("{command} --silent --fail")]).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        answers.push(serde_json::from_slice::<Value>(&output.stdout).unwrap());
    }
    let balances: Vec<_> = answers.iter().map(|answer| answer["balance"].clone()).collect();
    assert_eq!(balances, [Value::Null, json!(0), json!(1000), json!(700), Value::Null, Value::Null]);
    assert_eq!(answers[4]["balanceInCents"], 0);
    assert_eq!(answers[5]["data"]["org_id"], "demo");
}

#[test]
fn every_request_is_one_line_of_log_without_the_key() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    let secret = kese.caller.api_key.clone();
    assert!(kese.stop().success());
    let printed = fs::read_to_string(home.stdout()).unwrap();
    let log: Vec<&str> = printed.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(log.len(), 3, "{printed}");
    for line in log {
        assert!(serde_json::from_str::<Value>(line).unwrap().is_object());
        assert!(!line.contains(&secret));
    }
}

#[test]
fn the_reference_is_served_with_the_service() {
    let home = Home::new();
    let kese = home.start(&[]);
    let get = |path: &str| {
        let mut answered = ureq::get(format!("{}{path}", kese.caller.base_url)).call().unwrap();
        let kind = answered.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answered.body_mut().read_to_string().unwrap())
    };
    let (kind, yaml) = get("/openapi.yaml");
    assert!(kind == "application/yaml" && yaml.starts_with("openapi: 3.1"), "{kind}: {yaml:.100}");
    let (kind, json) = get("/openapi.json");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(kind == "application/json" && json["openapi"] == "3.1.0", "{kind}");
    let (kind, page) = get("/docs");
    assert!(kind.starts_with("text/html") && page.contains("/openapi.json"), "{kind}: {page:.100}");
    assert!(!page.contains("://"), "the page needs nothing from elsewhere");
}

#[test]
fn the_gateway_answers_what_no_function_does() {
    let home = Home::new();
    let kese = home.start(&[]);
    let caller = &kese.caller;
    let unknown = caller.send("steal", "demo", &json!({}), None).unwrap();
    assert_eq!(unknown.status, 404);
    let message = "There is no operation POST /CALL/WalletAPI/steal/demo";
    assert_eq!(unknown.body, json!({ "code": "NOT_FOUND", "message": message }));

    let long = caller.send("spend", "demo-w1-eur", &json!({ "text": "x".repeat(10 * 1024 * 1024) }), None).unwrap();
    assert_eq!(long.status, 413);
    assert_eq!(long.body, json!({ "message": "Payload Too Large" }));
}

#[test]
fn the_embedded_dynamodb_shows_the_ledger() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    let authorization = "AWS4-HMAC-SHA256 Credential=local/20250428/local/dynamodb/aws4_request, \
                         SignedHeaders=host;x-amz-date;x-amz-target, Signature=0";
    let scan = ureq::post(home.dynamodb())
        .header("x-amz-target", "DynamoDB_20120810.Scan")
        .header("x-amz-date", "20250428T115359Z")
        .header("authorization", authorization)
        .content_type("application/x-amz-json-1.0");
    let answer = scan.send(r#"{"TableName":"Ledger"}"#).unwrap().body_mut().read_to_string().unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let keys: Vec<_> =
        answer["Items"].as_array().unwrap().iter().map(|item| item["pk"]["S"].as_str().unwrap()).collect();
    assert!(keys.contains(&"demo#A#w1-eur"), "{keys:?}");
}

#[test]
fn data_and_key_survive_a_restart_and_a_sent_key_is_replayed() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    let body = json!({ "amount": 300, "channel": "POS" });
    let first = kese.caller.send("spend", "demo-w1-eur", &body, Some("order-1")).unwrap();
    assert_eq!((first.status, first.replayed), (200, false));
    let api_key = kese.caller.api_key.clone();
    assert!(kese.stop().success());

    let kese = home.start(&[]);
    assert_eq!(kese.caller.api_key, api_key);
    let again = kese.caller.send("spend", "demo-w1-eur", &body, Some("order-1")).unwrap();
    assert_eq!((again.status, again.replayed), (200, true));
    assert_eq!(again.body, first.body);
    assert_eq!(kese.caller.chain("w1-eur").len(), 3);
}

#[test]
fn a_new_key_is_made_when_the_old_one_is_gone() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    let old = kese.caller.api_key.clone();
    assert!(kese.stop().success());

    fs::remove_file(home.data().join("credentials.json")).unwrap();
    let kese = home.start(&[]);
    assert_ne!(kese.caller.api_key, old);
    assert_eq!(kese.caller.chain("w1-eur").len(), 2);
}

#[test]
fn credentials_are_for_their_owner_only() {
    let home = Home::new();
    let _kese = home.start(&[]);
    for file in [home.credentials(), home.data().join("credentials.json")] {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn an_ephemeral_service_leaves_nothing() {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
    command.current_dir(home.folder.path()).args(["--port", "0", "--ephemeral"]);
    let kese = home.wait(&mut command);
    kese.caller.open_account();
    assert!(kese.stop().success());
    let mut left: Vec<_> = fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["credentials", "stderr", "stdout"]);
}

/// The heart of the matter: eight callers spend, the process dies in the middle of it, and they send everything again.
#[test]
fn a_kill_loses_nothing_that_was_acknowledged_and_doubles_nothing() {
    let home = Home::new();
    let mut kese = home.start(&[]);
    kese.caller.open_account();
    let mut spends: Vec<Spend> = Vec::new();

    for (round, life) in [250, 400, 550, 700, 850].into_iter().enumerate() {
        let caller = &kese.caller;
        let unsure = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|thread| scope.spawn(move || caller.spend_until_cut_off(round, thread))).collect();
            thread::sleep(Duration::from_millis(life));
            kese.process.0.kill().unwrap();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(unsure.iter().any(|spend| spend.answer.is_some()), "nothing was acknowledged before the kill");
        spends.extend(unsure);
        drop(kese);

        kese = home.start(&[]);
        for spend in &mut spends {
            let again = kese.caller.spend(spend).unwrap();
            assert_eq!(again.status, 200, "{spend:?}: {again:?}");
            if let Some(first) = spend.answer.replace(again.body) {
                assert_eq!(spend.answer.as_ref(), Some(&first));
                assert!(again.replayed, "{spend:?} was acknowledged and is not there");
            }
        }

        let chain = kese.caller.chain("w1-eur");
        let spent: BTreeSet<_> = chain
            .iter()
            .filter(|transaction| transaction["type"] == "SPENT")
            .map(|transaction| transaction["transactionId"].as_str().unwrap())
            .collect();
        let answered: BTreeSet<_> = spends
            .iter()
            .map(|spend| spend.answer.as_ref().unwrap()["transaction"]["transactionId"].as_str().unwrap())
            .collect();
        assert_eq!(answered.len(), spends.len(), "two keys have the same transaction");
        assert_eq!(spent, answered, "a transaction belongs to no key");
        let total: i64 = spends.iter().map(|spend| spend.amount).sum();
        let account = kese.caller.ok("getAccount", "demo-w1-eur", json!({}));
        assert_eq!(account["balance"], LOADED - total);
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_service_stops() {
    let home = Home::new();
    let mut kese = home.start(&[]);
    kese.caller.open_account();
    let (head, body) = kese.caller.raw_spend();
    let mut connection = kese.caller.connect();
    connection.write_all(head.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(100));
    kese.terminate();
    thread::sleep(Duration::from_millis(300));
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(kese.process.ended().success());
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_service_from_stopping() {
    let home = Home::new();
    let kese = home.start(&[]);
    let (head, _) = kese.caller.raw_spend();
    let mut connection = kese.caller.connect();
    connection.write_all(head.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(kese.stop().success());
}

#[test]
fn a_taken_port_is_one_sentence() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let sentence = home.refusal(&["--port", &port]);
    assert_eq!(sentence, format!("kese: Port {port} is taken; choose another one with --port."));
    let sentence = home.refusal(&["--port", "0", "--dynamodb-port", &port]);
    assert_eq!(sentence, format!("kese: Port {port} is taken; choose another one with --dynamodb-port."));
}

#[test]
fn an_unwritable_place_is_one_sentence() {
    let home = Home::new();
    let file = home.folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let inside = file.join("inside");
    let file = file.to_str().unwrap();
    for data in [file, inside.to_str().unwrap()] {
        let sentence = home.refusal(&["--port", "0", "--data", data]);
        assert!(sentence.starts_with(&format!("kese: The data folder {data} cannot be written: ")), "{sentence}");
    }
    let credentials = inside.to_str().unwrap();
    let sentence = home.refusal(&["--port", "0", "--credentials", credentials]);
    assert!(sentence.starts_with(&format!("kese: The file {credentials} cannot be written: ")), "{sentence}");
}

#[test]
fn a_folder_in_use_is_one_sentence() {
    let home = Home::new();
    let _kese = home.start(&[]);
    let sentence = home.refusal(&["--port", "0"]);
    assert_eq!(sentence, format!("kese: The data folder {} is in use by another kese.", home.data().display()));
}

#[test]
fn a_damaged_file_is_one_sentence_and_stays_as_it_is() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    for _ in 0..20 {
        kese.caller.ok("spend", "demo-w1-eur", json!({ "amount": 1, "channel": "POS" }));
    }
    assert!(kese.stop().success());

    let file = home.data().join("ledger.db");
    let whole = fs::read(&file).unwrap();
    let pages = whole.len() / 4096;
    let mut torn = whole.clone();
    torn[pages / 2 * 4096..].fill(0x5a);
    let mut gap = whole.clone();
    gap[4096..pages / 2 * 4096].fill(0);
    let damages: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("text", b"This is not a ledger."),
        ("garbage", &[0x5a; 12_000]),
        ("header only", &whole[..100]),
        ("first half", &whole[..pages / 2 * 4096]),
        ("last page lost", &whole[..whole.len() - 4096]),
        ("last byte lost", &whole[..whole.len() - 1]),
        ("second half overwritten", &torn),
        ("first half zeros", &gap),
    ];
    for (name, damage) in damages {
        fs::write(&file, damage).unwrap();
        let sentence = home.refusal(&["--port", "0"]);
        let beginning = format!("kese: The data file {} is damaged: ", file.display());
        assert!(sentence.starts_with(&beginning), "{name}: {sentence}");
        assert!(fs::read(&file).unwrap() == damage, "{name}: the file was changed");
    }

    fs::write(&file, &whole).unwrap();
    assert_eq!(home.start(&[]).caller.chain("w1-eur").len(), 22);
}

#[test]
fn a_damaged_file_stays_as_it_is_with_its_log() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    assert!(kese.stop().success());
    let kese = home.start(&[]);
    kese.caller.ok("spend", "demo-w1-eur", json!({ "amount": 1, "channel": "POS" }));
    drop(kese);

    let (file, log) = (home.data().join("ledger.db"), home.data().join("ledger.db-wal"));
    let mut damaged = fs::read(&file).unwrap();
    damaged[4096..].fill(0x5a);
    fs::write(&file, &damaged).unwrap();
    let logged = fs::read(&log).unwrap();
    assert!(!logged.is_empty());
    let sentence = home.refusal(&["--port", "0"]);
    assert!(sentence.contains("is damaged: "), "{sentence}");
    assert!(fs::read(&file).unwrap() == damaged, "the file was changed");
    assert!(fs::read(&log).unwrap() == logged, "the log was changed");
}

#[test]
fn a_log_without_its_data_file_is_one_sentence() {
    let home = Home::new();
    let kese = home.start(&[]);
    kese.caller.open_account();
    drop(kese);
    fs::remove_file(home.data().join("ledger.db")).unwrap();
    let sentence = home.refusal(&["--port", "0"]);
    assert!(sentence.contains("is damaged: it is missing, and only its log is there."), "{sentence}");
}

#[cfg(target_os = "linux")]
#[test]
fn only_loopback_is_bound() {
    let home = Home::new();
    let kese = home.start(&[]);
    let sockets: BTreeSet<String> = fs::read_dir(format!("/proc/{}/fd", kese.process.0.id()))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut listening = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let is_ours = sockets.contains(columns[9]);
            let is_listening = columns[3] == "0A" || table.contains("udp");
            if is_ours && is_listening {
                listening.push(columns[1].split(':').next().unwrap().to_owned());
            }
        }
    }
    assert_eq!(listening, ["0100007F", "0100007F"]);
}

/// What [`Caller::open_account`] leaves on the account.
const LOADED: i64 = 1_000_000;

/// A folder of its own for a service: its data, its credentials, and what it prints.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn credentials(&self) -> PathBuf {
        self.folder.path().join("credentials")
    }

    fn stdout(&self) -> PathBuf {
        self.folder.path().join("stdout")
    }

    /// Where the service says that its DynamoDB is.
    fn dynamodb(&self) -> String {
        let printed = fs::read_to_string(self.stdout()).unwrap();
        printed.lines().find_map(|line| line.trim().strip_prefix("DynamoDB")).unwrap().trim().to_owned()
    }

    fn start(&self, arguments: &[&str]) -> Kese {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
        command.args(["--port", "0"]).arg("--data").arg(self.data()).args(arguments);
        self.wait(&mut command)
    }

    /// Starts the service and waits until it has written its credentials.
    fn wait(&self, command: &mut Command) -> Kese {
        let stderr = self.folder.path().join("stderr");
        let _ = fs::remove_file(self.credentials());
        let process = command
            .arg("--credentials")
            .arg(self.credentials())
            .stdin(Stdio::null())
            .stdout(File::create(self.stdout()).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut process = Process(process);
        for _ in 0..1000 {
            if self.credentials().exists() {
                return Kese { process, caller: Caller::new(&self.credentials()) };
            }
            let ended = process.0.try_wait().unwrap();
            assert_eq!(ended, None, "{}", fs::read_to_string(&stderr).unwrap());
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the service is not ready after 10 seconds");
    }

    /// Starts a service that cannot run, and returns the one line that it says about it.
    fn refusal(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
        if !arguments.contains(&"--data") {
            command.arg("--data").arg(self.data());
        }
        let stderr = self.folder.path().join("stderr");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&stderr).unwrap());
        let mut process = Process(command.spawn().unwrap());
        assert_eq!(process.ended().code(), Some(1));
        let said = fs::read_to_string(stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        said.trim_end().to_owned()
    }
}

/// A process that does not outlive its test.
struct Process(Child);

impl Process {
    fn ended(&mut self) -> ExitStatus {
        for _ in 0..800 {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the process still runs after 8 seconds");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running service.
struct Kese {
    process: Process,
    caller: Caller,
}

impl Kese {
    fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.process.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    fn stop(mut self) -> ExitStatus {
        self.terminate();
        self.process.ended()
    }
}

/// Somebody with the credentials of a service.
struct Caller {
    agent: Agent,
    base_url: String,
    api_key: String,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    replayed: bool,
    body: Value,
}

/// A spend under its own idempotency key, and what it was answered.
#[derive(Debug)]
struct Spend {
    key: String,
    amount: i64,
    answer: Option<Value>,
}

impl Caller {
    fn new(credentials: &Path) -> Caller {
        let credentials: Value = serde_json::from_slice(&fs::read(credentials).unwrap()).unwrap();
        assert_eq!(credentials["projectId"], "demo");
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10)));
        Caller {
            agent: config.build().into(),
            base_url: credentials["baseUrl"].as_str().unwrap().to_owned(),
            api_key: credentials["apiKey"].as_str().unwrap().to_owned(),
        }
    }

    fn send(&self, operation: &str, instance: &str, body: &Value, key: Option<&str>) -> Result<Answer, ureq::Error> {
        let url = format!("{}/CALL/WalletAPI/{operation}/{instance}", self.base_url);
        let mut request = self.agent.post(url).header("x-api-key", &self.api_key).content_type("application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let mut response = request.send(body.to_string())?;
        Ok(Answer {
            status: response.status().as_u16(),
            replayed: response.headers().get("idempotent-replayed").is_some_and(|value| value == "true"),
            body: serde_json::from_str(&response.body_mut().read_to_string()?).unwrap(),
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "so that a body can be written where it is sent")]
    fn ok(&self, operation: &str, instance: &str, body: Value) -> Value {
        let answer = self.send(operation, instance, &body, None).unwrap();
        assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        answer.body
    }

    /// A wallet `w1` with the account `w1-eur`, and [`LOADED`] on it.
    fn open_account(&self) {
        self.ok("createWallet", "demo", json!({ "walletId": "w1" }));
        self.ok("createAccount", "demo", json!({ "walletId": "w1", "currency": "EUR", "accountNumber": "w1-eur" }));
        self.ok("load", "demo-w1-eur", json!({ "amount": LOADED, "channel": "POS" }));
    }

    /// Sends it until the account is not too busy for it.
    fn spend(&self, spend: &Spend) -> Result<Answer, ureq::Error> {
        let body = json!({ "amount": spend.amount, "channel": "POS" });
        loop {
            let answer = self.send("spend", "demo-w1-eur", &body, Some(&spend.key))?;
            if answer.status != 429 {
                return Ok(answer);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Spends, one key after the other, until the service is gone.
    fn spend_until_cut_off(&self, round: usize, thread: usize) -> Vec<Spend> {
        let mut spends = Vec::new();
        for (number, amount) in (1..=7).cycle().enumerate() {
            let mut spend = Spend { key: format!("{round}-{thread}-{number}"), amount, answer: None };
            let answer = self.spend(&spend);
            if let Ok(answer) = &answer {
                assert_eq!(answer.status, 200, "{spend:?}: {answer:?}");
                spend.answer = Some(answer.body.clone());
            }
            spends.push(spend);
            if answer.is_err() {
                break;
            }
        }
        spends
    }

    /// Every transaction of an account, oldest first, after a look at its numbers and running balances.
    fn chain(&self, account: &str) -> Vec<Value> {
        let mut chain = Vec::new();
        loop {
            let page = json!({ "from": chain.len(), "pageSize": 100 });
            let listed = self.ok("listTransactions", &format!("demo-{account}"), page);
            let page = listed["transactions"].as_array().unwrap();
            if page.is_empty() {
                assert_eq!(listed["total"], chain.len());
                break;
            }
            chain.extend(page.iter().cloned());
        }
        chain.reverse();
        let mut balance = 0;
        for (transaction, sequence) in chain.iter().zip(1..) {
            let amount = transaction["amount"].as_i64().unwrap_or(0);
            balance += if transaction["type"] == "SPENT" { -amount } else { amount };
            assert_eq!(transaction["sequence"], sequence, "{transaction}");
            assert_eq!(transaction["balance"], balance, "{transaction}");
        }
        chain
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.base_url.strip_prefix("http://").unwrap()).unwrap()
    }

    /// A spend as it goes over the wire: what comes before its body, and its body.
    fn raw_spend(&self) -> (String, &'static str) {
        let body = r#"{"amount":1,"channel":"POS"}"#;
        let head = format!(
            "POST /CALL/WalletAPI/spend/demo-w1-eur HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.api_key,
            body.len()
        );
        (head, body)
    }
}
