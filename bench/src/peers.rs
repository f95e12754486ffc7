//! Kese and its peers in one run: each event goes to all of them, one after the other, over the same store.

use std::collections::HashMap;
use std::env;
use std::fs::File;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use local::embedded::Embedded;
use serde_json::Value;
use tokio::time::sleep;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Error;
use crate::contender::{self, AMOUNT, BALANCE, Contender, Stock, TOO_MUCH};
use crate::dynamodb::{DynamoDb, Latency, Tally};
use crate::endpoint::Endpoint;
use crate::host::{Host, Invocation, MEMORY_MB, Memory};
use crate::price;
use crate::report::{Table, heads, millis, percentile};

/// On how many accounts each contender spends. Many customers spend a few times a day each: so few spends of one account
/// are all in the keys that its newest entry carries.
const ACCOUNTS: usize = 50;

/// Spends of each that are not measured: connections are made, code is loaded and compiled.
const WARM_UP: usize = 50;

/// Replays, and refusals, of each.
const OTHERS: usize = 100;

/// Cold starts of each.
const COLD_STARTS: usize = 7;

/// What Kese may take of what a peer takes.
struct Target {
    what: &'static str,
    figure: fn(&Measured) -> f64,
    with_feed: f64,
    without: f64,
}

const TARGETS: [Target; 5] = [
    Target {
        what: "requests",
        figure: |m| m.spends.each(m.spends.tally.requests() as f64),
        with_feed: 0.5,
        without: 0.5,
    },
    Target {
        what: "write units",
        figure: |m| m.spends.each(m.spends.tally.write_units),
        with_feed: 0.35,
        without: 0.2,
    },
    Target { what: "p50", figure: |m| m.spends.wall_millis(50), with_feed: 0.45, without: 0.45 },
    Target { what: "CPU", figure: |m| m.spends.cpu_millis(), with_feed: 0.05, without: 0.05 },
    Target { what: "$ per million", figure: |m| m.costs().iter().sum(), with_feed: 0.5, without: 0.5 },
];

/// What a contender took.
struct Measured {
    contender: Contender,
    cold: Vec<Cold>,
    spends: Series,
    replays: Series,
    refusals: Series,
    memory: Memory,
    /// Bytes as they are, and in a zip file.
    package: (u64, u64),
}

/// A cold start.
#[derive(Clone, Copy)]
struct Cold {
    /// From the start of the process until it asked for its first event.
    init: Duration,
    /// Until the first answer.
    wall: Duration,
    /// The processor time until then.
    cpu: Duration,
}

/// Invocations of one kind.
#[derive(Default)]
struct Series {
    walls: Vec<Duration>,
    cpu: Duration,
    tally: Tally,
    log_bytes: usize,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A spend with a key of its own.
    Spend,
    /// A spend that was done, once more.
    Replay,
    /// A spend of more than there is.
    Refusal,
}

/// A contender at work.
struct Running {
    contender: Contender,
    cold: Vec<Cold>,
    host: Host,
    /// Spends that were done: what was asked, and what was answered.
    done: Vec<(Value, Value)>,
    /// What must be left on each account that was spent from.
    balances: HashMap<String, i64>,
    /// What it was asked, in that order.
    series: Vec<Series>,
}

/// Compares all that is built.
pub(crate) async fn compare(target: &Path, spends: usize) -> Result<Vec<Table>, Error> {
    let kese = build_kese(target)?;
    if !Contender::peers(&built(target)).iter().all(Contender::is_built) {
        build_peers(target)?;
    }
    let (peers, absent): (Vec<_>, Vec<_>) = Contender::peers(&built(target)).into_iter().partition(Contender::is_built);
    let absent: Vec<_> = absent.iter().map(|peer| peer.name).collect();
    if !absent.is_empty() {
        eprintln!("Not there, and so not compared: {}.", absent.join(", "));
    }
    let contenders: Vec<_> = [true, false].map(|feed| Contender::kese(&kese, feed)).into_iter().chain(peers).collect();

    let folder = tempfile::tempdir()?;
    let database = DynamoDb::new(Embedded::memory(), Latency::USUAL);
    let stock = Stock::new(database.embedded()).await?;
    let endpoint = Endpoint::start(database, folder.path()).await?;
    for contender in &contenders {
        stock.open(contender, ACCOUNTS + COLD_STARTS).await?;
    }
    let cold = cold_starts(&contenders, &stock, &endpoint).await?;

    let mut all = Vec::new();
    for (contender, cold) in contenders.into_iter().zip(cold) {
        let host = Host::start(contender.command(&endpoint)).await?;
        all.push(Running { contender, cold, host, done: Vec::new(), balances: HashMap::new(), series: Vec::new() });
    }
    eprintln!("Warming up …");
    play(&mut all, &stock, &endpoint, Kind::Spend, WARM_UP).await?;
    play(&mut all, &stock, &endpoint, Kind::Spend, spends).await?;
    play(&mut all, &stock, &endpoint, Kind::Replay, OTHERS.min(spends)).await?;
    play(&mut all, &stock, &endpoint, Kind::Refusal, OTHERS).await?;

    let mut measured = Vec::new();
    for running in all {
        measured.push(running.end().await?);
    }
    Ok(tables(&measured, &absent))
}

impl Running {
    /// Asks for something, and checks the answer: a spend takes what it says and no more, a replay takes nothing.
    async fn ask(&mut self, kind: Kind, stock: &Stock, number: usize) -> Result<Invocation, Error> {
        let account = self.contender.account(number % ACCOUNTS);
        let key = Uuid::new_v4().to_string();
        match kind {
            Kind::Spend => {
                let event = stock.spend(&account, &key, AMOUNT)?;
                let invocation = self.host.invoke(&event).await?;
                let before = self.balances.entry(account).or_insert(BALANCE);
                *before -= AMOUNT;
                let balance = self.contender.spent(&invocation.answer)?;
                if balance != *before {
                    return Err(format!("{}: the balance is {balance}, not {before}", self.contender.name).into());
                }
                self.done.push((event, invocation.answer.clone()));
                Ok(invocation)
            }
            Kind::Replay => {
                let latest = self.done.len().checked_sub(number + 1).and_then(|latest| self.done.get(latest));
                let (event, first) = latest.ok_or("there is no spend to repeat")?;
                let invocation = self.host.invoke(event).await?;
                if contender::body(&invocation.answer) != contender::body(first) {
                    let name = self.contender.name;
                    return Err(format!("{name} answered {first}, and then {}", invocation.answer).into());
                }
                Ok(invocation)
            }
            Kind::Refusal => {
                let invocation = self.host.invoke(&stock.spend(&account, &key, TOO_MUCH)?).await?;
                self.contender.refused(&invocation.answer)?;
                Ok(invocation)
            }
        }
    }

    async fn end(self) -> Result<Measured, Error> {
        let memory = self.host.memory()?;
        self.host.end().await?;
        let package = package(&self.contender)?;
        let [_warm_up, spends, replays, refusals] =
            self.series.try_into().map_err(|_| "it was asked something else")?;
        Ok(Measured { contender: self.contender, cold: self.cold, spends, replays, refusals, memory, package })
    }
}

impl Series {
    fn count(&mut self, invocation: &Invocation, tally: &Tally) {
        self.walls.push(invocation.wall);
        self.cpu += invocation.cpu;
        self.tally.add(tally);
    }

    /// A sum, by invocation.
    fn each(&self, sum: f64) -> f64 {
        sum / self.walls.len() as f64
    }

    fn cpu_millis(&self) -> f64 {
        self.each(millis(self.cpu))
    }

    fn wall_millis(&self, percent: usize) -> f64 {
        millis(percentile(&self.walls, percent))
    }
}

impl Measured {
    /// What a million spends cost, in dollars: write units, read units, API, requests and time of functions, logs.
    fn costs(&self) -> [f64; 6] {
        let Series { tally, log_bytes, .. } = &self.spends;
        let seconds = self.spends.wall_millis(50).ceil() / 1000.0;
        [
            self.spends.each(tally.write_units) * price::WRITE_UNITS,
            self.spends.each(tally.read_units) * price::READ_UNITS,
            price::HTTP_API_REQUESTS,
            price::LAMBDA_REQUESTS,
            seconds * f64::from(MEMORY_MB) / 1024.0 * price::GIGABYTE_SECONDS,
            self.spends.each(*log_bytes as f64) * price::LOG_BYTES,
        ]
    }
}

/// Starts each of them a few times, in turns, and sends it one spend.
async fn cold_starts(contenders: &[Contender], stock: &Stock, endpoint: &Endpoint) -> Result<Vec<Vec<Cold>>, Error> {
    eprintln!("Starting each of {} {COLD_STARTS} times …", contenders.len());
    let mut cold: Vec<Vec<Cold>> = contenders.iter().map(|_| Vec::new()).collect();
    for number in 0..COLD_STARTS {
        for (contender, cold) in contenders.iter().zip(&mut cold) {
            // Nobody else spends from there.
            let account = contender.account(ACCOUNTS + number);
            let mut host = Host::start(contender.command(endpoint)).await?;
            let event = stock.spend(&account, &Uuid::new_v4().to_string(), AMOUNT)?;
            let begun = host.age();
            let invocation = host.invoke(&event).await?;
            contender.spent(&invocation.answer)?;
            cold.push(Cold { init: host.init(), wall: begun + invocation.wall, cpu: host.cpu()? });
            host.end().await?;
        }
    }
    Ok(cold)
}

/// Asks all of them the same, in turns, and notes what that took.
async fn play(all: &mut [Running], stock: &Stock, endpoint: &Endpoint, kind: Kind, times: usize) -> Result<(), Error> {
    for running in &mut *all {
        running.host.take_log();
        running.series.push(Series::default());
    }
    // Whoever comes after a large process finds the processor's caches full of it: nobody always does.
    let mut order: Vec<_> = (0..all.len()).collect();
    let mut shuffled = fastrand::Rng::with_seed(1);
    for number in 0..times {
        if number % 50 == 0 {
            eprintln!("{kind:?} {number} of {times} …");
        }
        shuffled.shuffle(&mut order);
        for running in &order {
            let Some(running) = all.get_mut(*running) else { continue };
            endpoint.database.take_tally();
            let invocation = running.ask(kind, stock, number).await?;
            if let Some(series) = running.series.last_mut() {
                series.count(&invocation, &endpoint.database.take_tally());
            }
        }
    }
    // What was written last may still be on its way.
    sleep(Duration::from_millis(100)).await;
    for running in all {
        if let Some(series) = running.series.last_mut() {
            series.log_bytes = running.host.take_log().len();
        }
    }
    Ok(())
}

fn tables(all: &[Measured], absent: &[&str]) -> Vec<Table> {
    let mut spends = by_invocation("A spend", all, |measured| &measured.spends);
    if !absent.is_empty() {
        spends.notes.push(format!("Not there, and so not compared: {}.", absent.join(", ")));
    }
    let mut replays = by_invocation("A replay", all, |measured| &measured.replays);
    replays.notes.push(
        "Of the newest spend of each account, and then of the one before it, whose entry Kese reads as well."
            .to_owned(),
    );
    let refusals = by_invocation("A refusal", all, |measured| &measured.refusals);
    let mut tables = vec![spends, replays, refusals, processes(all), dollars(all)];
    tables.extend([true, false].iter().filter_map(|feed| ratios(all, *feed)));
    tables
}

fn by_invocation(title: &str, all: &[Measured], series: fn(&Measured) -> &Series) -> Table {
    let count = all.first().map_or(0, |measured| series(measured).walls.len());
    let row = |measured: &Measured| {
        let series = series(measured);
        let each = |sum: f64| format!("{:.2}", series.each(sum));
        vec![
            measured.contender.name.to_owned(),
            each(series.tally.requests() as f64),
            each(series.tally.read_units),
            each(series.tally.write_units),
            each((series.tally.request_bytes + series.tally.answer_bytes) as f64),
            format!("{:.2}", series.wall_millis(50)),
            format!("{:.2}", series.wall_millis(99)),
            format!("{:.3}", series.cpu_millis()),
            format!("{:.0}", series.each(series.log_bytes as f64)),
        ]
    };
    let calls = all.iter().map(|measured| {
        let series = series(measured);
        let calls = series.tally.calls.iter();
        let calls = calls.map(|(call, times)| format!("{call} {:.2}", series.each(*times as f64))).collect::<Vec<_>>();
        format!("{}: {}", measured.contender.name, calls.join(", "))
    });
    Table {
        title: title.to_owned(),
        heads: heads(["", "requests", "RRU", "WRU", "bytes", "p50 ms", "p99 ms", "CPU ms", "log bytes"]),
        rows: all.iter().map(row).collect(),
        notes: vec![format!(
            "The mean of {count}, in turns, on {ACCOUNTS} accounts each. {}.",
            calls.collect::<Vec<_>>().join("; ")
        )],
    }
}

fn processes(all: &[Measured]) -> Table {
    let row = |measured: &Measured| {
        let median = |time: fn(&Cold) -> Duration| {
            format!("{:.1}", millis(percentile(&measured.cold.iter().map(time).collect::<Vec<_>>(), 50)))
        };
        let (bytes, zipped) = measured.package;
        vec![
            measured.contender.name.to_owned(),
            median(|cold| cold.init),
            median(|cold| cold.wall),
            median(|cold| cold.cpu),
            mebibytes(measured.memory.resident),
            mebibytes(measured.memory.peak),
            mebibytes(bytes),
            mebibytes(zipped),
        ]
    };
    Table {
        title: "A process".to_owned(),
        heads: heads([
            "",
            "init ms",
            "cold start ms",
            "cold CPU ms",
            "resident MiB",
            "peak MiB",
            "package MiB",
            "zip MiB",
        ]),
        rows: all.iter().map(row).collect(),
        notes: vec![format!(
            "A cold start is from the start of the process until its first spend is answered, the median of {COLD_STARTS}; \
             memory is after all that was asked. The package is what would be deployed, without what a managed runtime \
             brings; its zip is of level 9.",
        )],
    }
}

fn dollars(all: &[Measured]) -> Table {
    let row = |measured: &Measured| {
        let costs = measured.costs();
        let costs = costs.iter().copied().chain([costs.iter().sum()]).map(|cost| format!("{cost:.3}"));
        std::iter::once(measured.contender.name.to_owned()).chain(costs).collect()
    };
    Table {
        title: "A million spends, in dollars".to_owned(),
        heads: heads(["", "WRU", "RRU", "HTTP API", "requests", "GB-s", "logs", "total"]),
        rows: all.iter().map(row).collect(),
        notes: vec![format!(
            "{} Billed is the p50 from above, rounded up to a millisecond, with \
             {MEMORY_MB} MB for all. That favours the peers: with so little memory Lambda gives a small part of a \
             processor, and they are commonly run with more.",
            price::list()
        )],
    }
}

/// Kese by each peer; none if there is no peer.
fn ratios(all: &[Measured], feed: bool) -> Option<Table> {
    let kese = all.iter().find(|measured| measured.contender.feed() == Some(feed))?;
    let peers: Vec<_> = all.iter().filter(|measured| measured.contender.feed().is_none()).collect();
    if peers.is_empty() {
        return None;
    }
    let row = |target: &Target| {
        let most = if feed { target.with_feed } else { target.without };
        let ratios = peers.iter().map(|peer| {
            let ratio = (target.figure)(kese) / (target.figure)(peer);
            format!("{ratio:.3}{}", if ratio <= most { "" } else { " (missed)" })
        });
        [target.what.to_owned(), format!("{most}")].into_iter().chain(ratios).collect()
    };
    let names = peers.iter().map(|peer| format!("/ {}", peer.contender.name));
    Some(Table {
        title: format!("A spend, {} by its peers", kese.contender.name),
        heads: heads(["", "at most"]).into_iter().chain(names).collect(),
        rows: TARGETS.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / f64::from(1 << 20))
}

/// Builds the function `spend` as it is deployed, and says where it is.
pub(crate) fn build_kese(target: &Path) -> Result<PathBuf, Error> {
    eprintln!("Building Kese's function …");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).arg("build").arg("--target-dir").arg(target);
    let built = cargo.args(["--release", "--locked", "--package", "functions", "--bin", "spend"]).status()?;
    if !built.success() {
        return Err("Kese's function cannot be built.".into());
    }
    Ok(target.join("release/spend"))
}

/// Builds the peers; those that cannot be built here are not there afterwards.
fn build_peers(target: &Path) -> Result<(), Error> {
    eprintln!("Building the peers by bench/peers/install, which takes a few minutes the first time …");
    let mut install = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/install"));
    let built = install.env("CARGO_TARGET_DIR", target).status()?;
    if !built.success() {
        eprintln!("bench/peers/install did not come to its end.");
    }
    Ok(())
}

/// Where `bench/peers/install` puts what it builds.
pub(crate) fn built(target: &Path) -> PathBuf {
    target.join("bench/peers")
}

/// How many bytes a contender's package has, as it is and in a zip file.
pub(crate) fn package(contender: &Contender) -> Result<(u64, u64), Error> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_level(Some(9));
    let mut bytes = 0;
    for (file, name) in contender.package()? {
        zip.start_file(name, options)?;
        bytes += io::copy(&mut File::open(file)?, &mut zip)?;
    }
    Ok((bytes, zip.finish()?.into_inner().len() as u64))
}
