//! The command `kese verify`: what it says, what it exits with, what it puts right, and how it goes on after a kill.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use local::embedded::Embedded;
use serde_json::{Value, json};

use crate::{Home, Kese};

/// What a verification printed and exited with.
struct Verified {
    code: i32,
    out: String,
    err: String,
}

impl Verified {
    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The summary, without what differs from run to run.
    fn counts(&self) -> Value {
        let mut summary = self.lines().pop().unwrap()["summary"].clone();
        summary.as_object_mut().unwrap().retain(|name, _| name != "readUnits" && name != "milliseconds");
        summary
    }

    fn units(&self) -> f64 {
        self.lines().pop().unwrap()["summary"]["readUnits"].as_str().unwrap().parse().unwrap()
    }
}

fn command(home: &Home, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
    command.arg("verify").args(arguments.split_whitespace());
    if !arguments.contains("--endpoint-url") {
        command.arg("--data").arg(home.data());
    }
    command.current_dir(home.folder.path()).stdin(Stdio::null());
    command
}

fn verify(home: &Home, arguments: &str) -> Verified {
    let output = command(home, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Verified { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Changes an attribute of an entry of `demo`, past the service.
fn forge(home: &Home, account: &str, seq: u64, expression: &str, values: Value) {
    let mut request = json!({
        "TableName": "Ledger",
        "Key": { "pk": { "S": format!("demo#A#{account}") }, "sk": { "S": format!("T#{seq:012}") } },
        "UpdateExpression": expression,
    });
    if !values.is_null() {
        request["ExpressionAttributeValues"] = values;
    }
    let embedded = Embedded::open(&home.data()).unwrap();
    let (status, answer) = embedded.answer("DynamoDB_20120810.UpdateItem", request.to_string().as_bytes());
    assert_eq!(status, 200, "{answer}");
}

/// A wallet with so many accounts, each with a load, a spend and its refund.
fn fill(kese: &Kese, accounts: u32) {
    kese.caller.ok("createWallet", "demo", json!({ "walletId": "w" }));
    for number in 0..accounts {
        let account = format!("a{number}");
        let new = json!({ "walletId": "w", "currency": format!("C{number}"), "accountNumber": account });
        kese.caller.ok("createAccount", "demo", new);
        let instance = format!("demo-{account}");
        kese.caller.ok("load", &instance, json!({ "amount": 100, "channel": "POS" }));
        let spent = kese.caller.ok("spend", &instance, json!({ "amount": 30, "channel": "POS" }));
        let id = &spent["transaction"]["transactionId"];
        kese.caller.ok("refund", &instance, json!({ "transactionId": id, "amount": 10 }));
    }
}

#[test]
fn it_says_what_is_wrong_and_puts_right_what_it_can() {
    let home = Home::new();
    let kese = home.start(&[]);
    fill(&kese, 2);
    let running = verify(&home, "");
    assert_eq!(running.code, 2, "the folder is in use: {}", running.err);
    assert!(running.err.contains("--endpoint-url"), "{}", running.err);
    let dynamodb = fs::read_to_string(home.stdout()).unwrap();
    let dynamodb = dynamodb.lines().find_map(|line| line.trim().strip_prefix("DynamoDB")).unwrap().trim().to_owned();
    let remote = verify(&home, &format!("--endpoint-url {dynamodb} --json"));
    assert_eq!(remote.code, 0, "{}{}", remote.out, remote.err);
    let alone = verify(&home, &format!("--endpoint-url {dynamodb} --table Nowhere --json"));
    assert_eq!((alone.code, alone.counts()), (0, remote.counts()), "{}", alone.err);
    assert!(alone.err.contains("The settings of projects cannot be read"), "{}", alone.err);
    let nowhere = verify(&home, &format!("--endpoint-url {dynamodb} --ledger-table Nowhere"));
    assert!(nowhere.code == 2 && nowhere.err.starts_with("kese: "), "{}", nowhere.err);
    assert!(kese.stop().success());

    let sound = verify(&home, "");
    assert_eq!((sound.code, sound.err.as_str()), (0, ""), "{}", sound.out);
    let beginning = "2 accounts with 8 entries, 1 wallets, 0 key records. Nothing is wrong.\n";
    assert!(sound.out.starts_with(beginning), "{}", sound.out);
    let counts = json!({ "accounts": 2, "entries": 8, "wallets": 1, "keys": 0, "findings": 0, "repaired": 0 });
    assert_eq!(remote.counts(), counts);
    assert_eq!(verify(&home, "--json").counts(), counts);
    assert_eq!(verify(&home, "--project demo --account a1 --json").counts()["entries"], 4);
    assert_eq!(verify(&home, "--project other --json").counts()["entries"], 0);
    let unknown = verify(&home, "--project demo --account a2");
    assert_eq!((unknown.code, unknown.err.trim()), (2, "kese: There is no account a2 in the project demo."));
    assert_eq!(verify(&home, "--account a1").code, 2);

    forge(&home, "a0", 3, "SET refunded = :mark", json!({ ":mark": { "N": "5" } }));
    forge(&home, "a1", 2, "SET posted = :posted", json!({ ":posted": { "N": "5" } }));
    let found = verify(&home, "--json");
    assert_eq!((found.code, found.lines().len()), (1, 3), "{}", found.out);
    let mut lines = found.lines();
    lines.sort_by_key(|line| line["account"].to_string());
    let mark = json!({
        "project": "demo", "account": "a0", "seq": 3, "finding": "refundedMark", "expected": 10, "found": 5,
        "message": "demo entry a0-3: is marked as refunded by 5, but the entries after it say 10",
        "repairable": true, "repaired": false,
    });
    assert_eq!(lines[0], mark);
    assert_eq!(
        (&lines[1]["attribute"], &lines[1]["expected"], &lines[1]["found"]),
        (&"posted".into(), &"100".into(), &"5".into())
    );

    assert_eq!(verify(&home, "--repair").code, 2, "nobody is there to ask");
    let repaired = verify(&home, "--repair --yes");
    assert_eq!(repaired.code, 1, "{}", repaired.out);
    assert!(repaired.out.contains("say 10 (repaired)\n") && repaired.out.contains("2 findings, 1 of them repaired."));
    let left = verify(&home, "--repair --yes");
    assert!(
        left.code == 1 && left.out.contains("posted is 5, not 100\n") && left.out.contains(" 1 findings."),
        "{}",
        left.out
    );
    forge(&home, "a1", 2, "SET posted = :posted", json!({ ":posted": { "N": "100" } }));
    assert_eq!(verify(&home, "").code, 0);
}

#[test]
fn heads_tell_what_the_ledger_itself_cannot() {
    let home = Home::new();
    let kese = home.start(&[]);
    fill(&kese, 3);
    assert!(kese.stop().success());
    assert_eq!(verify(&home, "--heads heads").code, 0);
    let kept = home.folder.path().join("heads");
    let before = fs::read_to_string(&kept).unwrap();
    assert_eq!(before.lines().count(), 4, "{before}");
    let kese = home.start(&[]);
    kese.caller.ok("load", "demo-a0", json!({ "amount": 1, "channel": "POS" }));
    assert!(kese.stop().success());
    assert_eq!(verify(&home, "--heads heads").code, 0, "appending is no finding");
    let after = fs::read_to_string(&kept).unwrap();
    assert!(before.contains("demo a0 4 ") && after.contains("demo a0 5 "), "{after}");

    // As somebody would see it who had been told other things, or more.
    fs::write(&kept, after.replace("demo a0 5 ", "demo a0 6 ")).unwrap();
    let shortened = verify(&home, "--heads heads");
    assert_eq!(shortened.code, 1);
    assert!(
        shortened.out.contains("demo account a0: ends before entry 6, which an earlier run saw"),
        "{}",
        shortened.out
    );
    assert!(fs::read_to_string(&kept).unwrap().contains("demo a0 6 "), "it stays until it is explained");
    fs::write(&kept, after.replace("demo a1 ", "demo b1 ")).unwrap();
    let gone = verify(&home, "--heads heads");
    assert!(gone.code == 1 && gone.out.contains("demo account b1: ends before entry 4"), "{}", gone.out);
    fs::write(&kept, "something else").unwrap();
    assert_eq!(verify(&home, "--heads heads").code, 2);
}

#[test]
fn the_same_command_goes_on_after_a_kill() {
    let home = Home::new();
    let kese = home.start(&[]);
    fill(&kese, 40);
    assert!(kese.stop().success());
    // Before the kill and after it.
    forge(&home, "a0", 2, "SET posted = :posted", json!({ ":posted": { "N": "5" } }));
    forge(&home, "a9", 2, "SET posted = :posted", json!({ ":posted": { "N": "5" } }));
    let whole = verify(&home, "--json");
    assert_eq!((whole.code, &whole.counts()["accounts"], &whole.counts()["findings"]), (1, &json!(40), &json!(2)));

    let state = home.folder.path().join("state");
    let mut slow =
        Running(command(&home, "--json --resume state --units-per-second 30").stdout(Stdio::null()).spawn().unwrap());
    let mut waited = 0;
    while fs::read_to_string(&state).unwrap_or_default().lines().count() < 3 {
        waited += 1;
        assert!(waited < 12_000, "it does not go on");
        assert!(slow.0.try_wait().unwrap().is_none(), "it ended before it was killed");
        thread::sleep(Duration::from_millis(10));
    }
    slow.0.kill().unwrap();
    slow.0.wait().unwrap();
    assert!(waited > 100, "it takes no more units than it may");
    // A line that was cut off did not happen.
    let mut kept = fs::read_to_string(&state).unwrap();
    kept.push_str("{\"segment\":0,\"it");
    fs::write(&state, kept).unwrap();

    assert_eq!(verify(&home, "--project demo --resume state").code, 2, "that is another verification");
    let rest = verify(&home, "--json --resume state");
    assert_eq!((rest.code, rest.counts()), (1, whole.counts()), "{}", rest.out);
    assert_eq!(rest.lines().len(), 3, "every finding is told: {}", rest.out);
    assert!(rest.units() < whole.units(), "{} of {}", rest.units(), whole.units());
    assert!(!state.exists());
    fs::write(&state, "something else\n").unwrap();
    assert_eq!(verify(&home, "--resume state").code, 2);
    assert_eq!(fs::read_to_string(PathBuf::from(&state)).unwrap(), "something else\n");
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
