//! `kese verify`: proves that a ledger is as it was written, and tells what is not.

mod heads;
mod progress;
mod state;

use std::error::Error;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::{AccountNumber, ProjectId};
use functions::Host;
use heads::Heads;
use progress::Progress;
use serde_json::{Value, json};
use state::{Checkpoint, State};
use store::{Finding, Part, Place as Position, Report, Scanned, Store, Verifier};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::place::Place;
use crate::project;

/// What the command exits with when it could not do its work; 1 means that something was found.
const COULD_NOT_RUN: u8 = 2;

/// How many accounts are looked at at once, if nothing else is said.
const JOBS: u32 = 8;

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is said or not")]
#[command(
    after_help = "Exits with 0 if nothing was found or everything that was found is repaired, with 1 if something \
    is wrong, and with 2 if it could not be looked at.\n\nIt reads everything, consistently, at about half a read unit an \
    entry. The ledger may be in use meanwhile: what is written while it runs is no finding. On a deployed stack it needs \
    dynamodb:Scan, Query, GetItem and DescribeTable on the ledger and GetItem on the credentials, and for --repair also \
    PutItem and UpdateItem on the ledger; no function has all of these, so use your own credentials."
)]
pub(crate) struct Options {
    /// Only this project
    #[arg(long, value_name = "ID", value_parser = project::id)]
    project: Option<ProjectId>,

    /// Only this account of the project
    #[arg(long, value_name = "NUMBER", value_parser = project::account, requires = "project")]
    account: Option<AccountNumber>,

    /// The ledger's table of a deployed stack, Ledger if nothing is said; --table names the one with the credentials
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    ledger_table: Option<String>,

    /// Look at so many accounts at once
    #[arg(long, value_name = "N", default_value_t = JOBS, value_parser = clap::value_parser!(u32).range(1..=256))]
    jobs: u32,

    /// Take no more read units a second than these
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    units_per_second: Option<u32>,

    /// Write to this file how far it came; the same command goes on from there, and takes the file away at the end
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    resume: Option<PathBuf>,

    /// Hold the ledger against what this file says of an earlier run, and write what is there now. Keep it elsewhere than
    /// the ledger: it shows a history that was written anew as a whole, and accounts that lost their end
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,

    /// Every transaction has to be in the feed of its project; without it they may be or not
    #[arg(long)]
    feed: bool,

    /// Print a line of JSON for each finding, and one for the summary
    #[arg(long)]
    json: bool,

    /// Put right what the chain tells: marks of refunds and cancellations, key records, places in the feed. Never an entry,
    /// an amount, a balance or a hash
    #[arg(long)]
    repair: bool,

    /// Do not ask before repairing
    #[arg(long, requires = "repair")]
    yes: bool,
}

/// Verifies, prints, and says by its code what came of it.
pub(crate) async fn run(options: Options, place: Place) -> ExitCode {
    match verify(options, place).await {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("kese: {sentence}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

async fn verify(options: Options, place: Place) -> Result<ExitCode, Box<dyn Error>> {
    if options.repair && !options.yes {
        ask()?;
    }
    let scope = options.scope(&place);
    // A table in one file is read in one piece; only one over a network is faster in several.
    let segments = if place.is_folder() { 1 } else { options.jobs };
    let heads = options.heads.as_deref().map(Heads::read).transpose()?.unwrap_or_default();
    let store = place.store_of(options.ledger_table.clone(), None).await?;
    let verifier = store.verifier((Host::real().now)(), options.feed, options.units_per_second);
    let mut run = Run {
        verifier: Arc::new(verifier),
        heads: Arc::new(heads),
        began: Instant::now(),
        total: Total::default(),
        progress: Progress::new(options.json),
        options,
    };
    if let (Some(project), Some(account)) = (run.options.project.clone(), run.options.account.clone()) {
        run.account(&project, &account).await?;
    } else {
        let state = run.options.resume.as_deref().map(|file| State::open(file, &scope, segments)).transpose()?;
        run.everything(&store, state, segments).await?;
    }
    run.finish()
}

/// Asks whether to repair, if there is somebody to ask.
fn ask() -> Result<(), Box<dyn Error>> {
    if !io::stdin().is_terminal() {
        return Err("Repairing writes to the ledger; say --yes if that is meant.".into());
    }
    eprint!("Put right in the ledger what can be derived? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") { Ok(()) } else { Err("Nothing was done.".into()) }
}

impl Options {
    /// What is verified, so that a file of another verification is told from this one's.
    fn scope(&self, place: &Place) -> Value {
        json!({ "place": place.to_string(), "ledger": self.ledger_table, "project": self.project, "heads": self.heads })
    }
}

/// A verification on its way.
struct Run {
    options: Options,
    verifier: Arc<Verifier>,
    heads: Arc<Heads>,
    began: Instant,
    total: Total,
    progress: Progress,
}

/// What it came to, with what an interrupted run before it came to.
#[derive(Default)]
struct Total {
    report: Report,
    findings: u64,
    repaired: u64,
}

impl Run {
    async fn account(&mut self, project: &ProjectId, account: &AccountNumber) -> Result<(), Box<dyn Error>> {
        let settings = self.verifier.project(project).await;
        let report = self.verifier.account(&settings, account, self.heads.of(project, account)).await?;
        if report.accounts == 0 && report.findings.is_empty() {
            return Err(format!("There is no account {account} in the project {project}.").into());
        }
        self.take(Checkpoint::default(), report).await?;
        Ok(())
    }

    async fn everything(&mut self, store: &Store, state: Option<State>, segments: u32) -> Result<(), Box<dyn Error>> {
        let segments = state.as_ref().map_or(segments, State::segments);
        let (mut file, done) = state.map_or((None, Vec::new()), |state| (Some(state.file), state.done));
        let mut from: Vec<Option<Option<Position>>> = (0..segments).map(|_| Some(None)).collect();
        let mut items = 0_u64;
        for checkpoint in done {
            items = items.saturating_add(checkpoint.items);
            if let Some(from) = usize::try_from(checkpoint.segment).ok().and_then(|segment| from.get_mut(segment)) {
                *from = checkpoint.next().map(Some);
            }
            self.print_again(&checkpoint)?;
            self.total.add(checkpoint);
        }
        self.progress.begin(store.items().await, items);

        let permits = Arc::new(Semaphore::new(usize::try_from(self.options.jobs)?));
        let (sender, mut checkpoints) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        for (segment, from) in (0_u32..).zip(from) {
            let Some(from) = from else { continue };
            let walk = Walk {
                verifier: Arc::clone(&self.verifier),
                heads: Arc::clone(&self.heads),
                permits: Arc::clone(&permits),
                project: self.options.project.clone(),
                segment: (segment, segments),
            };
            tasks.spawn(walk.run(from, sender.clone()));
        }
        drop(sender);
        let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            tokio::select! {
                next = checkpoints.recv() => {
                    let Some(next) = next else { break };
                    let (checkpoint, report) = next?;
                    self.progress.pass(checkpoint.items);
                    let line = self.take(checkpoint, report).await?;
                    if let Some(file) = &mut file {
                        file.write(&line)?;
                    }
                }
                _ = second.tick() => {}
            }
            self.progress.show(&self.total.report, self.total.findings, &self.units());
        }
        tasks.join_all().await;
        self.progress.end();
        self.lost_accounts().await?;
        if let Some(file) = file {
            file.remove()?;
        }
        Ok(())
    }

    /// Accounts that an earlier run saw, and that are not there any more.
    async fn lost_accounts(&mut self) -> Result<(), Box<dyn Error>> {
        let heads = Arc::clone(&self.heads);
        for head in heads.without(&self.total.report.heads, self.options.project.as_ref()) {
            let project = self.verifier.project(&head.project).await;
            let report = self.verifier.account(&project, &head.account, Some(&head)).await?;
            // What is there was walked before.
            if report.accounts == 0 {
                self.take(Checkpoint::default(), report).await?;
            }
        }
        Ok(())
    }

    /// Takes in a part of what was verified: repairs, prints, and completes the checkpoint.
    async fn take(&mut self, mut checkpoint: Checkpoint, mut report: Report) -> Result<Checkpoint, Box<dyn Error>> {
        if self.options.heads.is_none() {
            report.heads.clear();
        }
        for finding in &report.findings {
            let repaired = self.options.repair && self.verifier.repair(finding).await?;
            let line = told(finding, repaired)?;
            self.print(&line)?;
            checkpoint.findings.push(line);
        }
        checkpoint.count(&report);
        self.total.add(checkpoint.clone());
        Ok(checkpoint)
    }

    fn print_again(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        checkpoint.findings.iter().try_for_each(|line| self.print(line))
    }

    fn print(&self, line: &Value) -> io::Result<()> {
        let json = self.options.json;
        self.progress.around(|| {
            let mut out = io::stdout().lock();
            if json {
                return writeln!(out, "{line}");
            }
            let repaired = if line["repaired"] == true { " (repaired)" } else { "" };
            writeln!(out, "{}{repaired}", line["message"].as_str().unwrap_or_default())
        })
    }

    fn units(&self) -> String {
        let halves = self.verifier.cost().half_read_units;
        format!("{}.{}", halves / 2, if halves.is_multiple_of(2) { 0 } else { 5 })
    }

    fn finish(self) -> Result<ExitCode, Box<dyn Error>> {
        let Total { report, findings, repaired } = &self.total;
        let units = self.units();
        if let Some(error) = self.verifier.unreadable_settings() {
            eprintln!(
                "kese: The settings of projects cannot be read, so keys beyond 25 hours are not looked for: {error}."
            );
        }
        if let Some(file) = &self.options.heads {
            self.heads.write(file, &report.heads)?;
        }
        let took = self.began.elapsed();
        let (seconds, tenths) = (took.as_secs(), took.subsec_millis() / 100);
        let Report { accounts, entries, wallets, keys, more, .. } = report;
        let mut out = io::stdout().lock();
        if self.options.json {
            let summary = json!({
                "accounts": accounts, "entries": entries, "wallets": wallets, "keys": keys, "findings": findings,
                "repaired": repaired, "readUnits": units, "milliseconds": u64::try_from(took.as_millis())?,
            });
            writeln!(out, "{}", json!({ "summary": summary }))?;
        } else {
            if *more > 0 {
                writeln!(out, "{more} more findings are not shown, of accounts with more than 1000.")?;
            }
            let verdict = match (findings, repaired) {
                (0, _) => "Nothing is wrong.".to_owned(),
                (found, 0) => format!("{found} findings."),
                (found, repaired) => format!("{found} findings, {repaired} of them repaired."),
            };
            writeln!(
                out,
                "{accounts} accounts with {entries} entries, {wallets} wallets, {keys} key records. {verdict}"
            )?;
            writeln!(out, "{units} read units, {seconds}.{tenths} s.")?;
        }
        Ok(if findings == repaired { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Total {
    fn add(&mut self, checkpoint: Checkpoint) {
        let told = u64::try_from(checkpoint.findings.len()).unwrap_or(u64::MAX);
        let repaired = checkpoint.findings.iter().filter(|finding| finding["repaired"] == true).count();
        self.findings = self.findings.saturating_add(told).saturating_add(checkpoint.more);
        self.repaired = self.repaired.saturating_add(u64::try_from(repaired).unwrap_or(u64::MAX));
        self.report.add(checkpoint.report());
    }
}

/// A finding as it is printed and kept.
fn told(finding: &Finding, repaired: bool) -> serde_json::Result<Value> {
    let mut line = serde_json::to_value(finding)?;
    if let Some(line) = line.as_object_mut() {
        line.insert("message".to_owned(), finding.to_string().into());
        line.insert("repairable".to_owned(), finding.can_be_repaired().into());
        line.insert("repaired".to_owned(), repaired.into());
    }
    Ok(line)
}

/// One segment of the ledger, page by page.
struct Walk {
    verifier: Arc<Verifier>,
    heads: Arc<Heads>,
    permits: Arc<Semaphore>,
    project: Option<ProjectId>,
    segment: (u32, u32),
}

impl Walk {
    /// Goes on until the end, or until nobody listens any more because something else has failed.
    async fn run(self, mut from: Option<Position>, pages: mpsc::Sender<Result<(Checkpoint, Report), store::Error>>) {
        loop {
            let page = self.page(from.as_ref()).await;
            from = page.as_ref().ok().and_then(|(checkpoint, _)| checkpoint.next());
            if pages.send(page).await.is_err() || from.is_none() {
                break;
            }
        }
    }

    /// Verifies everything that begins in the next page.
    async fn page(&self, from: Option<&Position>) -> Result<(Checkpoint, Report), store::Error> {
        let Scanned { parts, items, next } = self.verifier.scan(self.segment, from).await?;
        let mut tasks = JoinSet::new();
        for part in parts.into_iter().filter(|part| self.project.as_ref().is_none_or(|project| part.is_of(project))) {
            let (verifier, heads, permits) =
                (Arc::clone(&self.verifier), Arc::clone(&self.heads), Arc::clone(&self.permits));
            tasks.spawn(async move {
                let _permit = permits.acquire().await;
                verifier.part(&part, head(&heads, &part)).await
            });
        }
        let mut report = Report::default();
        while let Some(ended) = tasks.join_next().await {
            report.add(
                ended.map_err(|error| store::Error::Unavailable { word: "a panic", source: error.to_string() })??,
            );
        }
        Ok((Checkpoint::new(self.segment.0, items, next.as_ref()), report))
    }
}

fn head<'h>(heads: &'h Heads, part: &Part) -> Option<&'h store::Head> {
    heads.of(part.project()?, part.account()?)
}
