//! Stories: conversations with the service, one file each in `tests/transcripts/`, by dialect, replayed against a new world and compared to
//! the letter. `KESE_GOLDEN=write cargo test` writes what really happened; the diff is what is reviewed.
//!
//! | line | means |
//! |---|---|
//! | `> POST spend/demo-card {…}` | a request; `/CALL/WalletAPI/` is left out, other paths begin with `/` |
//! | `> [k1] POST …` | the same with the idempotency key `k1` |
//! | `< 200 {…}` | the answer, marked `replayed` where its header says so |
//! | `  Query 1 · PutItem 2` | the calls to DynamoDB that it took, with their units |
//! | `@ wait 25h` | time passes: `ms`, `s`, `m`, `h` or `d` |
//! | `@ lose answer of PutItem` | what goes wrong next; also `request`, `throttle`, `conflict`, `fail after`; `3 times` |
//! | `@ peace` | nothing goes wrong any more |
//! | `@ restart` | another function instance takes over |
//! | everything else | for the reader |

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lambda_http::http::Method;

use crate::golden;
use crate::harness::{Answered, Fault, World};

/// A line that is a request, without its `> `.
pub struct Request<'l> {
    pub idempotency_key: Option<&'l str>,
    pub method: &'l str,
    pub path: String,
    pub body: &'l str,
}

impl Request<'_> {
    pub fn of(line: &str) -> Request<'_> {
        let (idempotency_key, line) = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((key, line)) => (Some(key), line),
            None => (None, line),
        };
        let (method, rest) = line.split_once(' ').unwrap();
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/CALL/WalletAPI/{path}") };
        Request { idempotency_key, method, path, body }
    }
}

/// Every story, as it is written.
pub fn written() -> Vec<String> {
    files().iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// The runtime's clock is paused, so that waits pass at once.
#[tokio::test(start_paused = true)]
async fn every_story_goes_as_it_is_written() {
    let mut wrong = Vec::new();
    for file in files() {
        let written = fs::read_to_string(&file).unwrap();
        let told = tell(&written).await;
        wrong.extend(golden::differs(&file, &told));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let mut files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts"));
    files.sort();
    assert!(!files.is_empty(), "there are stories");
    files
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    inside.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The story as it goes now.
async fn tell(story: &str) -> String {
    let mut world = World::new().await;
    // The first request of a function also reads who is calling; no story is about that.
    world.post("getWallet/demo", None, r#"{"walletId": "nobody"}"#).await;
    world.call(Method::GET, "/v1/accounts/wallet/nobody", None, "").await;
    world.call(Method::GET, "/wallet/nobody", None, "").await;
    world.traffic();
    let mut told = String::new();
    for line in story.lines().filter(|line| !line.starts_with('<') && !line.starts_with("  ")) {
        told.push_str(line);
        told.push('\n');
        if let Some(request) = line.strip_prefix("> ") {
            told.push_str(&exchange(&world, request).await);
        } else if let Some(event) = line.strip_prefix("@ ") {
            happen(&mut world, event);
        }
    }
    told
}

async fn exchange(world: &World, request: &str) -> String {
    world.wait_millis(1_000);
    let Request { idempotency_key, method, path, body } = Request::of(request);
    let answered = world.call(method.parse::<Method>().unwrap(), &path, idempotency_key, body).await;
    let Answered { status, headers, body } = answered;
    let replayed = if headers.contains_key("idempotent-replayed") { "replayed " } else { "" };
    let mut traffic = world.traffic();
    // Reads that go out together come back in any order.
    for reads in traffic.chunk_by_mut(|one, next| is_read(&one.target) && is_read(&next.target)) {
        reads.sort_by(|one, other| one.target.cmp(&other.target));
    }
    let calls: Vec<String> = traffic
        .iter()
        .map(|call| {
            format!("{} {}", call.target, if call.done { call.units.to_string() } else { "refused".to_owned() })
        })
        .collect();
    let cost = if calls.len() > 20 {
        format!("{} and many more", calls[0])
    } else if calls.is_empty() {
        "nothing".to_owned()
    } else {
        calls.join(" · ")
    };
    format!("< {status} {replayed}{body}\n  {cost}\n")
}

fn is_read(target: &str) -> bool {
    matches!(target, "Query" | "GetItem" | "BatchGetItem")
}

fn happen(world: &mut World, event: &str) {
    let mut words: Vec<&str> = event.split(' ').collect();
    let times = match words.as_slice() {
        [.., count, "times"] => count.parse().unwrap(),
        _ => 1,
    };
    if times > 1 {
        words.truncate(words.len() - 2);
        for _ in 0..times {
            happen(world, &words.join(" "));
        }
        return;
    }
    match words.as_slice() {
        ["peace"] => world.heal(),
        ["wait", span] => world.wait_millis(millis(span)),
        ["restart"] => world.restart(),
        ["lose", "answer", "of", target] => world.fault(target, Fault::LoseAnswer),
        ["lose", "request", "of", target] => world.fault(target, Fault::LoseRequest),
        ["throttle", target] => world.fault(target, Fault::Throttle),
        ["conflict", "at", target] => world.fault(target, Fault::Conflict),
        ["fail", "after", target] => world.fault(target, Fault::FailAfter),
        _ => panic!("a story does not know: {event}"),
    }
}

fn millis(span: &str) -> u64 {
    let unit = span.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let count: u64 = span[..span.len() - unit.len()].parse().unwrap();
    count
        * match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => panic!("a story does not know the unit {unit}"),
        }
}

/// Every row of the table of what each operation means is named by a story, or by a case of the domain's rules.
#[test]
fn every_row_of_the_semantics_is_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut named = BTreeSet::new();
    for file in
        files_below(&root.join("tests/transcripts")).into_iter().chain([root.join("shared/domain/tests/rules.rs")])
    {
        let text = fs::read_to_string(&file).unwrap();
        for after in text.split("row ").skip(1).chain(text.split("rows ").skip(1)) {
            // `row 4`, `rows 5, 6, 7`: numbers, as far as they go.
            let words = after.split([',', ' ', '\n', ')', '.']).filter(|word| !word.is_empty());
            let numbers = words.map_while(|word| word.parse::<u8>().ok());
            named.extend(numbers);
        }
    }
    let missing: Vec<u8> = (1..=34).filter(|row| !named.contains(row)).collect();
    assert!(missing.is_empty(), "rows that nothing tells: {missing:?}");
}
