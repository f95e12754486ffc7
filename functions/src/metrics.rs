//! Metrics for CloudWatch, in its embedded metric format: lines of the log that CloudWatch reads as numbers.
//!
//! A line for every request would be longer than what the log says of the request. So a function counts, and writes a line
//! for up to 100 requests or a minute of them; sooner where somebody may be woken up by it, and when Lambda ends the function.
//! What is lost is what an instance that dies of a crash or a time-out has not written yet.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use domain::{Duration, Timestamp};
use serde_json::{Map, Value, json};

use crate::log::{CamelCase, Outcome};

/// The longest time that one line tells about, and that an instance with requests keeps silent.
const WINDOW: Duration = Duration::minutes(1);

/// The most requests that one line tells about: CloudWatch takes no more values of a metric than that at once.
const REQUESTS_MAX: usize = 100;

/// What the requests to a function came to.
#[derive(Debug)]
pub(crate) struct Metrics {
    stack: String,
    /// By operation; a deployed function has one.
    counts: Mutex<BTreeMap<CamelCase, Count>>,
}

/// What was counted of one operation and not written yet.
#[derive(Debug, Default)]
struct Count {
    /// When the first of these requests ended.
    since: Option<Timestamp>,
    /// When a line was written last because its time had come.
    told: Option<Timestamp>,
    /// How long each request took, in milliseconds.
    latency: Vec<u64>,
    replayed: u32,
    busy: u32,
    failed: u32,
    /// By code.
    refused: BTreeMap<&'static str, u32>,
}

impl Metrics {
    /// Nothing counted yet; `stack` is what tells one deployment from another.
    pub(crate) fn new(stack: String) -> Metrics {
        Metrics { stack, counts: Mutex::default() }
    }

    /// Counts a request that ended `now`, and returns the lines that are to be written.
    pub(crate) fn count(&self, operation: CamelCase, outcome: Outcome, ms: u64, now: Timestamp) -> Vec<String> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(operation).or_default();
        let mut lines = Vec::new();
        // An instance that was frozen is late: what it has counted before is not of now.
        if count.since.is_some_and(|since| now >= since.plus(WINDOW)) {
            lines = self.lines(operation, count);
        }
        count.add(outcome, ms, now);
        let urgent = matches!(outcome, Outcome::Busy | Outcome::Failed(_));
        let is_time = count.told.is_none_or(|told| now >= told.plus(WINDOW));
        if urgent || is_time || count.latency.len() >= REQUESTS_MAX {
            count.told = Some(now);
            lines.extend(self.lines(operation, count));
        }
        lines
    }

    /// The lines of everything that is left.
    pub(crate) fn rest(&self) -> Vec<String> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter_mut().filter(|(_, count)| count.since.is_some());
        counts.flat_map(|(operation, count)| self.lines(*operation, count)).collect()
    }

    /// What was counted, as lines; the count begins again. A metric that is zero is left out: CloudWatch charges by the hour
    /// for each that it hears of.
    fn lines(&self, operation: CamelCase, count: &mut Count) -> Vec<String> {
        let Count { since, told, latency, replayed, busy, failed, refused } = mem::take(count);
        count.told = told;
        let figures = [
            ("replayed", replayed),
            ("busy", busy),
            ("failed", failed),
            ("refused", refused.values().fold(0, |sum: u32, of_code| sum.saturating_add(*of_code))),
        ];
        let figures = figures.into_iter().filter(|(_, figure)| *figure > 0);

        let mut metrics = vec![json!({ "Name": "count" }), json!({ "Name": "latency", "Unit": "Milliseconds" })];
        metrics.extend(figures.clone().map(|(name, _)| json!({ "Name": name })));
        let mut line: Map<_, _> = figures.map(|(name, figure)| (name.to_owned(), figure.into())).collect();
        line.extend([
            ("_aws".to_owned(), directive(since, &json!([["stack"], ["stack", "operation"]]), &metrics)),
            ("stack".to_owned(), self.stack.as_str().into()),
            ("operation".to_owned(), json!(operation)),
            ("count".to_owned(), latency.len().into()),
            ("latency".to_owned(), latency.into()),
        ]);

        // One line has room for one code.
        let by_code = refused.into_iter().map(|(code, figure)| {
            json!({
                "_aws": directive(since, &json!([["stack", "code"]]), &[json!({ "Name": "refused" })]),
                "stack": self.stack,
                "code": code,
                "refused": figure,
            })
        });
        [Value::Object(line)].into_iter().chain(by_code).map(|line| line.to_string()).collect()
    }
}

impl Count {
    fn add(&mut self, outcome: Outcome, ms: u64, now: Timestamp) {
        self.since.get_or_insert(now);
        self.latency.push(ms);
        let one_more = |figure: &mut u32| *figure = figure.saturating_add(1);
        match outcome {
            Outcome::Done => {}
            Outcome::Replayed => one_more(&mut self.replayed),
            Outcome::Refused(code) => one_more(self.refused.entry(code).or_default()),
            Outcome::Busy => one_more(&mut self.busy),
            Outcome::Failed(_) => one_more(&mut self.failed),
        }
    }
}

/// What makes a line one of metrics.
fn directive(at: Option<Timestamp>, dimensions: &Value, metrics: &[Value]) -> Value {
    json!({
        "Timestamp": at,
        "CloudWatchMetrics": [{ "Namespace": "Kese", "Dimensions": dimensions, "Metrics": metrics }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEND: CamelCase = CamelCase("spend");

    fn metrics() -> Metrics {
        Metrics::new("kese-test".to_owned())
    }

    fn parsed(lines: &[String]) -> Vec<Value> {
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The second of a request, counted from a day long gone.
    fn second(second: u64) -> Timestamp {
        Timestamp(1_000_000_000_000).plus(Duration::seconds(second))
    }

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let lines = metrics().count(SPEND, Outcome::Done, 12, second(0));
        let expected = json!({
            "_aws": {
                "Timestamp": 1_000_000_000_000_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "Kese",
                    "Dimensions": [["stack"], ["stack", "operation"]],
                    "Metrics": [{ "Name": "count" }, { "Name": "latency", "Unit": "Milliseconds" }],
                }],
            },
            "stack": "kese-test",
            "operation": "spend",
            "count": 1,
            "latency": [12],
        });
        assert_eq!(parsed(&lines), [expected]);
    }

    #[test]
    fn a_lone_request_is_told_at_once_and_a_crowd_in_lines_of_a_hundred_or_a_minute() {
        let metrics = metrics();
        let mut told = Vec::new();
        // One, and then 250 within a minute, and one after it.
        for at in [0].into_iter().chain((1..=250).map(|number| number / 5)).chain([60]) {
            let lines = parsed(&metrics.count(SPEND, Outcome::Done, 1, second(at)));
            told.extend(lines.iter().map(|line| (at, line["count"].as_u64().unwrap())));
        }
        // The hundreds take the place of the minute's line, which counts from the last of them.
        assert_eq!(told, [(0, 1), (20, 100), (40, 100)]);
        assert_eq!(parsed(&metrics.rest())[0]["count"], 51);
        assert!(metrics.rest().is_empty(), "nothing is told twice");
        let lone = metrics.count(SPEND, Outcome::Done, 1, second(200));
        assert_eq!(parsed(&lone)[0]["count"], 1);
    }

    #[test]
    fn what_was_counted_before_a_freeze_keeps_its_time() {
        let metrics = metrics();
        assert_eq!(metrics.count(SPEND, Outcome::Done, 1, second(0)).len(), 1);
        assert!(metrics.count(SPEND, Outcome::Done, 2, second(10)).is_empty());
        let lines = parsed(&metrics.count(SPEND, Outcome::Done, 3, second(1_000)));
        let told = lines.iter().map(|line| (&line["_aws"]["Timestamp"], &line["latency"]));
        let [before, now] = [10, 1_000].map(|at| Value::from(second(at).0));
        assert!(told.eq([(&before, &json!([2])), (&now, &json!([3]))]), "{lines:?}");
    }

    #[test]
    fn what_may_wake_somebody_is_told_at_once() {
        for (outcome, name) in [(Outcome::Busy, "busy"), (Outcome::Failed("UNAVAILABLE"), "failed")] {
            let metrics = metrics();
            metrics.count(SPEND, Outcome::Done, 1, second(0));
            assert!(metrics.count(SPEND, Outcome::Replayed, 1, second(1)).is_empty());
            let lines = parsed(&metrics.count(SPEND, outcome, 1, second(2)));
            assert_eq!(lines.len(), 1);
            assert_eq!((&lines[0]["count"], &lines[0]["replayed"], &lines[0][name]), (&2.into(), &1.into(), &1.into()));
        }
    }

    #[test]
    fn refusals_are_told_by_their_codes() {
        let metrics = metrics();
        metrics.count(SPEND, Outcome::Done, 1, second(0));
        for code in ["NOT_FOUND", "WALLET_FROZEN", "NOT_FOUND"] {
            assert!(metrics.count(SPEND, Outcome::Refused(code), 1, second(1)).is_empty());
        }
        let lines = parsed(&metrics.rest());
        assert_eq!((&lines[0]["count"], &lines[0]["refused"]), (&3.into(), &3.into()));
        let by_code: Vec<_> = lines[1..].iter().map(|line| (&line["code"], &line["refused"])).collect();
        assert_eq!(by_code, [(&"NOT_FOUND".into(), &2.into()), (&"WALLET_FROZEN".into(), &1.into())]);
        for line in &lines[1..] {
            assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack", "code"]]));
            assert_eq!(line.get("operation"), None, "it is not counted a second time");
        }
    }
}
