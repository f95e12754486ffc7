//! Conversations with the service, written like those of `tests/transcripts/`: requests of all dialects one after the other,
//! lost answers, restarts and waits among them. Every answer is one that callers know, the ledger keeps its laws, and what
//! was acknowledged under a key is answered the same again and changes nothing.

#![no_main]

use std::sync::atomic::Ordering;

use api::{Dialect, Scope};
use fuzz::harness::{Fault, World};
use fuzz::laws;
use lambda_http::http::{HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::runtime::Builder;

/// How many lines of a story are told.
const LINES_MAX: usize = 24;

/// How long a key counts, in milliseconds.
const DAY: u64 = 86_400_000;

/// The longest wait of a story, in milliseconds.
const WAIT_MAX: u64 = 400 * DAY;

fuzz_target!(|data: &[u8]| {
    let Ok(story) = str::from_utf8(data) else { return };
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(tell(story));
});

/// A write that was acknowledged under a key.
struct Acknowledged<'s> {
    line: Line<'s>,
    body: Value,
    at: u64,
}

async fn tell(story: &str) {
    let mut world = World::new().await;
    let mut acknowledged = Vec::new();
    let mut faults = false;
    for line in story.lines().filter(|line| line.starts_with(['>', '@'])).take(LINES_MAX) {
        if let Some(event) = line.strip_prefix("@ ") {
            faults |= happen(&mut world, event);
        } else if let Some(line) = Line::of(line) {
            world.wait_millis(1_000);
            // The access token that it needs is not what the faults are for.
            if line.dialect() == Some(Dialect::Liquido) {
                world.heal();
            }
            let answered = line.send(&world).await;
            laws::check_answer(story, &answered, &world.traffic(), faults);
            if answered.status == 200 && line.key.is_some() && line.writes() {
                let at = world.clock.load(Ordering::Relaxed);
                acknowledged.push(Acknowledged { line, body: answered.body, at });
            }
        }
    }
    world.heal();
    let before = laws::check_ledger(&world).await;
    for Acknowledged { line, body, at } in acknowledged {
        if world.clock.load(Ordering::Relaxed) < at + DAY {
            let again = line.send(&world).await;
            assert_eq!((again.status, again.body), (200, body), "{} {} again\n{story}", line.method, line.path);
        }
    }
    assert_eq!(laws::check_ledger(&world).await, before, "what was sent again was done again\n{story}");
}

/// A line that is a request.
struct Line<'s> {
    key: Option<&'s str>,
    method: Method,
    path: String,
    body: &'s str,
}

impl<'s> Line<'s> {
    fn of(line: &'s str) -> Option<Line<'s>> {
        let line = line.strip_prefix("> ")?;
        let (key, line) = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((key, line)) => (Some(key), line),
            None => (None, line),
        };
        let (method, rest) = line.split_once(' ')?;
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/CALL/WalletAPI/{path}") };
        // A gateway passes on nothing that is no header.
        let key = key.filter(|key| HeaderValue::from_str(key).is_ok());
        let line = Line { key, method: method.parse().ok()?, path, body };
        fuzz::is_address(&line.path).then_some(line)
    }

    fn route(&self) -> Option<&'static functions::Route> {
        let path = self.path.split('?').next().unwrap_or_default();
        functions::route(self.method.as_str(), path).map(|(_, route)| route)
    }

    fn dialect(&self) -> Option<Dialect> {
        self.route().map(|route| route.dialect)
    }

    fn writes(&self) -> bool {
        self.route().is_some_and(|route| route.scope != Scope::Read)
    }

    async fn send(&self, world: &World) -> fuzz::harness::Answered {
        world.call(self.method.clone(), &self.path, self.key, self.body).await
    }
}

/// Lets something happen; returns whether it can make requests fail.
fn happen(world: &mut World, event: &str) -> bool {
    let words: Vec<&str> = event.split(' ').collect();
    let (target, fault) = match words.as_slice() {
        ["wait", span] => {
            world.wait_millis(millis(span));
            return false;
        }
        ["restart"] => {
            world.restart();
            return false;
        }
        ["lose", "answer", "of", target] => (target, Fault::LoseAnswer),
        ["lose", "request", "of", target] => (target, Fault::LoseRequest),
        ["throttle", target] => (target, Fault::Throttle),
        ["conflict", "at", target] => (target, Fault::Conflict),
        ["fail", "after", target] => (target, Fault::FailAfter),
        _ => return false,
    };
    world.fault(target, fault);
    true
}

fn millis(span: &str) -> u64 {
    let unit = span.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let count: u64 = span[..span.len() - unit.len()].parse().unwrap_or(0);
    let unit = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => DAY,
        _ => 1,
    };
    count.saturating_mul(unit).min(WAIT_MAX)
}
