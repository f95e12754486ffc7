//! `kese webhook` and what a running `kese` posts: to somebody who listens here.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Home;

/// Somebody who takes every event.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    fn new() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever was killed while it posted has told nothing.
                let Ok(body) = take(&mut stream.unwrap()) else { continue };
                told.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            }
        });
        Receiver { url, got }
    }

    /// The numbers of the transactions that arrive until there are so many, in half a minute at most.
    fn sequences(&self, count: usize) -> BTreeSet<u64> {
        let mut sequences = BTreeSet::new();
        for _ in 0..300 {
            let got = self.got.lock().unwrap();
            sequences = got.iter().filter_map(|event| event["data"]["transaction"]["sequence"].as_u64()).collect();
            drop(got);
            if sequences.len() >= count {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        sequences
    }
}

/// Reads a request to its end, and says that it was taken; an error if it breaks off.
fn take(stream: &mut TcpStream) -> io::Result<String> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse::<usize>().unwrap();
        if body.len() >= length {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
            return Ok(body.to_owned());
        }
    }
}

fn webhook(home: &Home, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
    command.arg("webhook").args(arguments).args(["--project", "demo", "--endpoint-url", &home.dynamodb()]);
    command.output().unwrap()
}

/// What a command prints that succeeds.
fn said(home: &Home, arguments: &[&str]) -> String {
    let output = webhook(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command complains of.
fn complaint(home: &Home, arguments: &[&str]) -> String {
    let output = webhook(home, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_endpoint_is_added_tried_looked_at_sent_to_again_and_removed() {
    let (home, receiver) = (Home::new(), Receiver::new());
    let kese = home.start(&[]);
    assert!(said(&home, &["list"]).contains("has no endpoints"));
    let added = said(&home, &["add", "--url", &receiver.url, "--type", "transaction.loaded"]);
    let word = |name: &str| added.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let (id, secret) = (word("endpoint"), word("secret"));
    assert!(secret.starts_with("whsec_"));
    let listed = said(&home, &["list"]);
    assert!(listed.contains(&id) && listed.contains(&receiver.url) && !listed.contains(&secret), "{listed}");

    assert!(said(&home, &["test", &id]).starts_with("200 in "));
    assert_eq!(receiver.got.lock().unwrap().pop().unwrap()["type"], "webhook.test");
    kese.caller.open_account();
    assert_eq!(receiver.sequences(1), BTreeSet::from([2]), "the load, and not the opening");
    assert!(said(&home, &["send", "--transaction", "w1-eur-2"]).contains("1 of 1 deliveries"));
    assert!(said(&home, &["send", "--from", "2000-01-01", "--to", "2100-01-01"]).contains("1 of 1 deliveries"));
    let got = receiver.got.lock().unwrap().clone();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|event| *event == got[0]), "the same, however often");
    let log = said(&home, &["log", "--json"]);
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(log.len(), 4, "the test, the event, and both times again: {log:?}");
    assert!(log.iter().all(|done| done["result"] == "200" && done["target"] == id.as_str()));
    assert_eq!(said(&home, &["log", "--failed"]), "");

    assert!(complaint(&home, &["add", "--url", "https://10.0.0.1/"]).contains("must be public"));
    assert!(complaint(&home, &["add", "--url", "http://example.com/"]).contains("must be an https address"));
    assert!(complaint(&home, &["test", "nobody"]).contains("has no endpoint nobody"));
    assert!(complaint(&home, &["send", "--transaction", "w1-eur-9"]).contains("There is no transaction w1-eur-9"));
    assert!(said(&home, &["remove", &id]).contains("is removed"));
    assert!(complaint(&home, &["remove", &id]).contains("has no endpoint"));
    assert!(said(&home, &["list"]).contains("has no endpoints"));
}

/// What was committed before a kill arrives after it: the stream and the queue are on the disk.
#[test]
fn a_kill_loses_no_event() {
    let (home, receiver) = (Home::new(), Receiver::new());
    let mut kese = home.start(&[]);
    said(&home, &["add", "--url", &receiver.url]);
    // A connection of a process that was killed before it sent anything keeps nobody from the next one.
    drop(TcpStream::connect(receiver.url["http://".len()..].trim_end_matches("/events")).unwrap());
    kese.caller.open_account();
    for round in 0..5 {
        for _ in 0..4 {
            kese.caller.ok("spend", "demo-w1-eur", json!({ "amount": 1, "channel": "POS" }));
        }
        // At different moments after the last answer: before anything was published, and while it is delivered.
        thread::sleep(Duration::from_millis(round * 60));
        kese.process.0.kill().unwrap();
        drop(kese);
        kese = home.start(&[]);
    }
    // The account was opened and loaded, and then there were twenty.
    assert_eq!(receiver.sequences(22), (1..=22).collect());
}
