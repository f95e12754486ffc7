//! `kese smoke`: that it passes where everything is right, and says what is wrong where it is not, within its time.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Home;

/// A key of the right form that opens nothing.
fn nobodys_key() -> String {
    api::ApiKey::mint("test", *b"nobody's", *b"twenty-four secret bytes").reveal()
}

/// Runs it there with that key, or without one.
fn smoke(base_url: &str, api_key: Option<&str>, more: &[&str]) -> Output {
    command(base_url, "demo", api_key).args(more).output().unwrap()
}

fn command(base_url: &str, project: &str, api_key: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
    command.env_remove("KESE_API_KEY").envs(api_key.map(|key| ("KESE_API_KEY", key))).stdin(Stdio::null());
    command.args(["smoke", "--base-url", base_url, "--project", project]);
    command
}

/// The one sentence that it failed with; no key is in what it printed.
fn refusal(output: Output, api_key: &str) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(!printed.contains(api_key) && !said.contains(api_key), "{printed}{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end().to_owned()
}

#[test]
fn it_passes_and_leaves_the_balance_as_often_as_it_runs() {
    let home = Home::new();
    let kese = home.start(&[]);
    let caller = &kese.caller;
    for round in 1..=3 {
        let output = smoke(&caller.base_url, Some(&caller.api_key), &[]);
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let steps: Vec<&str> =
            printed.lines().filter(|line| line.starts_with("ok ") && line.ends_with(" ms")).collect();
        assert_eq!((steps.len(), printed.lines().count()), (15, 16), "{printed}");
        assert!(!printed.contains(&caller.api_key));
        let account = caller.ok("getAccount", "demo-kese-smoke", json!({}));
        assert_eq!((&account["balance"], &account["currency"]), (&0.into(), &"SMOKE".into()));
        let listed = caller.ok("listTransactions", "demo-kese-smoke", json!({}));
        assert_eq!(listed["total"], 1 + 4 * round, "four entries each time, and nothing else");
    }
    assert_eq!(
        caller.ok("listAccounts", "demo", json!({}))["accounts"].as_array().unwrap().len(),
        1,
        "nothing piles up"
    );

    // What somebody left on the account is still there afterwards.
    caller.ok("load", "demo-kese-smoke", json!({ "amount": 7, "channel": "POS" }));
    assert!(smoke(&caller.base_url, Some(&caller.api_key), &[]).status.success());
    assert_eq!(caller.ok("getAccount", "demo-kese-smoke", json!({}))["balance"], 7);
}

#[test]
fn credentials_that_are_not_right_are_one_sentence() {
    let home = Home::new();
    let kese = home.start(&[]);
    let base_url = &kese.caller.base_url;
    let nobodys = nobodys_key();
    let sentence = refusal(smoke(base_url, Some(&nobodys), &[]), &nobodys);
    let beginning = format!(
        "kese: createWallet: {base_url} was expected to answer 200 or 400 WALLET_EXISTS; it answered 403 {{\"code\":\"FORBIDDEN\""
    );
    assert!(sentence.starts_with(&beginning), "{sentence}");

    let sentence = refusal(smoke(base_url, None, &[]), "none");
    assert_eq!(sentence, "kese: Put the API key into the environment variable KESE_API_KEY.");
    let sentence = refusal(smoke(base_url, Some("a secret of something else"), &[]), "a secret of something else");
    assert_eq!(sentence, "kese: What KESE_API_KEY holds is no API key of Kese.");
    // The key is one of the project demo.
    let own = kese.caller.api_key.as_str();
    let sentence = refusal(command(base_url, "other", Some(own)).output().unwrap(), own);
    assert!(sentence.contains("403"), "{sentence}");
}

#[test]
fn a_key_that_travels_in_clear_is_refused() {
    for base_url in
        ["http://example.com", "ftp://example.com", "example.com", "https://x@example.com", "https://example.com?a"]
    {
        let output = smoke(base_url, Some(&nobodys_key()), &[]);
        assert_eq!(output.status.code(), Some(2), "{base_url}: {output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("must b"), "{base_url}");
    }
}

#[test]
fn whatever_else_answers_is_one_sentence_in_time() {
    let key = nobodys_key();
    let echo = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nYou said {key}\u{1b}[2J\n", key.len() + 14);
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(2 * 1024 * 1024));
    for (answer, words) in [
        ("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}", "it answered 500 {}"),
        ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "it answered 302"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nWhat", "it answered 200 What"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\nWhat", "did not answer: "),
        (&echo, "You said <the API key> [2J"),
        (&long, "did not answer: "),
        ("\u{0}\u{1}garbage\r\n\r\n", "did not answer: "),
        ("", "did not answer: "),
    ] {
        let base_url = server(answer.to_owned(), false);
        let sentence = refusal(smoke(&base_url, Some(&key), &["--timeout", "5"]), &key);
        assert!(sentence.starts_with("kese: createWallet: ") && sentence.contains(words), "{words}: {sentence}");
        assert!(sentence.len() < 500, "{sentence}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn a_server_that_hangs_is_given_up() {
    let key = nobodys_key();
    for beginning in ["", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nWh"] {
        let base_url = server(beginning.to_owned(), true);
        let started = Instant::now();
        let sentence = refusal(smoke(&base_url, Some(&key), &["--timeout", "1"]), &key);
        assert_eq!(sentence, format!("kese: createWallet: {base_url} did not answer within 1 s."));
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
}

#[test]
fn nobody_there_is_one_sentence() {
    let key = nobodys_key();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sentence = refusal(smoke(&format!("http://{free}"), Some(&key), &[]), &key);
    assert!(sentence.starts_with(&format!("kese: createWallet: http://{free} did not answer: ")), "{sentence}");
    assert!(sentence.contains("refused"), "{sentence}");
    let sentence = refusal(smoke("https://nobody.invalid", Some(&key), &["--timeout", "5"]), &key);
    assert!(sentence.starts_with("kese: createWallet: https://nobody.invalid did not answer"), "{sentence}");
}

/// A service that answers right until it does not.
#[test]
fn the_first_wrong_answer_ends_it() {
    let home = Home::new();
    let kese = home.start(&[]);
    let caller = &kese.caller;
    // What somebody says about its wallet does not keep it from working, what somebody forbids does.
    caller.ok("createWallet", "demo", json!({ "walletId": "kese-smoke", "title": "Somebody's" }));
    let smoke = || smoke(&caller.base_url, Some(&caller.api_key), &[]);
    assert!(smoke().status.success());
    caller.ok("updateWallet", "demo", json!({ "walletId": "kese-smoke", "status": "frozen" }));
    let output = smoke();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed.lines().filter(|line| line.starts_with("ok  ")).count(), 4, "{printed}");
    assert_eq!(printed.lines().count(), 4, "{printed}");
    let expected = format!(
        "kese: spend: {} was expected to answer 200 with balance 70; it answered 403 {}",
        caller.base_url,
        json!({ "code": "WALLET_FROZEN", "message": "The wallet is frozen." })
    );
    assert_eq!(refusal(output, &caller.api_key), expected);
}

/// Whatever a service gets wrong, there is a step that sees it.
#[test]
fn every_step_looks_at_its_answer() {
    let home = Home::new();
    let kese = home.start(&[]);
    for (right, wrong, step) in [
        ("\"walletId\":\"kese-smoke\"", "\"walletId\":\"kese-smike\"", "createWallet"),
        ("\"type\":\"LOADED\"", "\"type\":\"LOANED\"", "listTransactions"),
        ("idempotent-replayed: true", "idempotent-replayed: nope", "spend, sent again"),
        ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_FORGOT", "load, its key for another amount"),
        ("INSUFFICIENT_BALANCE", "INSUFFICIENT_CREDITS", "spend, more than there is"),
        ("HTTP/1.1 403", "HTTP/1.1 200", "getAccount, with nobody's key"),
        ("HTTP/1.1 401", "HTTP/1.1 200", "GET /wallet, with nobody's token"),
        ("HTTP/1.1 404", "HTTP/1.1 200", "steal, which is no operation"),
    ] {
        let base_url = altered(&kese.caller.base_url, right, wrong);
        let sentence = refusal(smoke(&base_url, Some(&kese.caller.api_key), &[]), &kese.caller.api_key);
        assert!(
            sentence.starts_with(&format!("kese: {step}: {base_url} was expected to answer ")),
            "{step}: {sentence}"
        );
    }
}

#[test]
fn over_tls_a_certificate_is_looked_at() {
    let home = Home::new();
    let kese = home.start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let base_url = tls_before(&kese.caller.base_url, &folder);
    let key = &kese.caller.api_key;
    let certificate = folder.path().join("certificate.pem");
    let trusting = command(&base_url, "demo", Some(key)).env("SSL_CERT_FILE", &certificate).output().unwrap();
    assert!(trusting.status.success(), "{trusting:?}");

    let other = tempfile::tempdir().unwrap();
    certify(other.path());
    let output =
        command(&base_url, "demo", Some(key)).env("SSL_CERT_FILE", other.path().join("certificate.pem")).output();
    let sentence = refusal(output.unwrap(), key);
    assert!(sentence.contains(" did not answer: ") && sentence.contains("certificate"), "{sentence}");
}

/// A server that gives one answer, whatever it is asked, and then hangs up, or does not.
fn server(answer: String, hangs: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = message(&mut stream);
            let _ = stream.write_all(answer.as_bytes());
            if hangs {
                thread::sleep(Duration::from_secs(20));
            }
            let _ = stream.shutdown(Shutdown::Write);
        }
    });
    format!("http://{address}")
}

/// A private key and a certificate for this machine that vouches for itself.
fn certify(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=smoke", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// What speaks HTTPS before a service that does not, with a certificate that it puts into the folder.
fn tls_before(base_url: &str, folder: &TempDir) -> String {
    certify(folder.path());
    let chain = CertificateDer::pem_file_iter(folder.path().join("certificate.pem")).unwrap().map(Result::unwrap);
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain.collect(), key).unwrap();
    let (config, service) = (Arc::new(config), base_url.strip_prefix("http://").unwrap().to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut outside = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream.unwrap());
            // One request a connection; a client that does not trust the certificate sends none.
            while exchange(&mut outside, &service).is_ok() {}
        }
    });
    format!("https://{address}")
}

/// What stands before a service and puts one text of its answers in the place of another.
fn altered(base_url: &str, right: &'static str, wrong: &'static str) -> String {
    let service = base_url.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut outside = Altering { stream: stream.unwrap(), right, wrong };
            while exchange(&mut outside, &service).is_ok() {}
        }
    });
    format!("http://{address}")
}

/// A connection on which what is written is altered, a whole message at a time.
struct Altering {
    stream: TcpStream,
    right: &'static str,
    wrong: &'static str,
}

impl Read for Altering {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Altering {
    fn write(&mut self, message: &[u8]) -> std::io::Result<usize> {
        let altered = String::from_utf8_lossy(message).replace(self.right, self.wrong);
        self.stream.write_all(altered.as_bytes())?;
        Ok(message.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// Passes one request on, and its answer back.
fn exchange(outside: &mut (impl Read + Write), service: &str) -> std::io::Result<()> {
    let request = message(outside)?;
    let mut inside = TcpStream::connect(service)?;
    inside.write_all(&request)?;
    let answer = message(&mut inside)?;
    outside.write_all(&answer)?;
    outside.flush()
}

/// One message of HTTP with a length, or without a body.
fn message(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body)?;
    bytes.append(&mut body);
    Ok(bytes)
}

/// The commands' own tests of the log: what callers say is in nothing that the service prints.
#[test]
fn nothing_that_a_caller_sends_is_printed() {
    let home = Home::new();
    let kese = home.start(&[]);
    let caller = &kese.caller;
    let welcome = fs::read_to_string(home.stdout()).unwrap();
    let canaries = ["996555123456", "canary@example.com", "Canary O'Neil", "order-canary", "canary-wallet"];
    let [account, email, person, key, wallet] = canaries;
    let body = |more: &Value| {
        let mut body = json!({ "channel": person, "description": email, "referenceId": key, "storeName": person });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    caller.ok("createWallet", "demo", json!({ "walletId": wallet, "title": person, "userId": email }));
    caller.ok("createAccount", "demo", json!({ "walletId": wallet, "currency": "EUR", "accountNumber": account }));
    let of_account = format!("demo-{account}");
    for (operation, instance, more, status) in [
        ("load", of_account.as_str(), json!({ "amount": 10 }), 200),
        ("spend", of_account.as_str(), json!({ "amount": 1 }), 200),
        ("spend", of_account.as_str(), json!({ "amount": 100 }), 400),
        ("spend", of_account.as_str(), json!({ "amount": email }), 400),
        ("spend", "demo-canary-wallet", json!({ "amount": 1 }), 404),
        ("canary@example.com", "demo", json!({}), 404),
    ] {
        let answer = caller.send(operation, instance, &body(&more), Some(key)).unwrap();
        let reused = operation == "spend" && answer.body["code"] == "IDEMPOTENCY_KEY_REUSED";
        assert!(answer.status == status || reused, "{operation}: {answer:?}");
    }
    let mut connection = caller.connect();
    connection.write_all(format!("{email} {person}\r\n{account}\r\n\r\n").as_bytes()).unwrap();
    let _ = connection.read_to_end(&mut Vec::new());
    let secret = caller.api_key.clone();
    assert!(kese.stop().success());

    let printed = fs::read_to_string(home.stdout()).unwrap();
    let log = printed.strip_prefix(&welcome).unwrap();
    assert!(log.lines().count() >= 7, "{log}");
    let log = log.to_owned() + &fs::read_to_string(home.folder.path().join("stderr")).unwrap();
    for hidden in canaries.iter().copied().chain([secret.as_str(), "canary", "Canary"]) {
        assert!(!log.contains(hidden), "{hidden} was printed: {log}");
    }
}
