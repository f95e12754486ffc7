//! `simulate`: plays many seeds, or one of them in full, and writes down what came of it.

#![expect(clippy::disallowed_methods, reason = "what it takes is told, and nothing rests on it")]

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use clap::Parser;
use serde_json::json;
use simulation::{Fault, Report};

/// Plays the operations against every fault that a network, a function and a clock have, one history for each seed.
#[derive(Parser)]
#[command(name = "simulate", version)]
struct Options {
    /// How many seeds to play
    #[arg(long, value_name = "N", default_value_t = 300)]
    seeds: u64,

    /// The first of them
    #[arg(long, value_name = "N", default_value_t = 1)]
    from: u64,

    /// Play this one alone, and print everything that was wanted, asked and answered
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,

    /// How many at once; as many as there are processors if nothing is said
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,

    /// Go on after a seed that goes wrong
    #[arg(long)]
    keep_going: bool,

    /// Write the figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(seed) = options.seed {
        return one(seed);
    }
    let begun = Instant::now();
    let played = play(&options);
    let seconds = begun.elapsed().as_secs();
    println!("{}", played.in_words(options.from, seconds));
    let figures = played.figures(options.from, seconds);
    match options.figures.map(|file| std::fs::write(file, format!("{figures:#}\n"))) {
        Some(Err(error)) => {
            eprintln!("simulate: the figures cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ if played.wrong.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn one(seed: u64) -> ExitCode {
    let report = simulation::run(seed);
    for wish in &report.story {
        println!("{} of {:?}, key {:?}: {:?}", wish.id, wish.place, wish.key, wish.command);
        for attempt in &wish.attempts {
            println!("    {:?}", attempt.called);
            if let Some((moment, answer)) = &attempt.answered {
                println!("    {moment:?}: {} {} {}", answer.status, answer.replayed, answer.body);
            }
        }
    }
    let sound = report.violations.is_empty();
    println!("{:?}", Report { story: Vec::new(), ..report });
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The sums of many seeds.
#[derive(Default)]
struct Played {
    seeds: u64,
    sums: Report,
    /// The seeds that went wrong.
    wrong: Vec<u64>,
}

fn play(options: &Options) -> Played {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = options.jobs.unwrap_or(cores).max(1);
    let (next, stop) = (AtomicU64::new(options.from), AtomicBool::new(false));
    let end = options.from.saturating_add(options.seeds);
    let (reports, received) = mpsc::channel();
    let mut played = Played::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (reports, next, stop) = (reports.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // Whoever receives is there until the last sender is gone.
                    if seed >= end || reports.send((seed, simulation::run(seed))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(reports);
        for (seed, report) in received {
            for violation in &report.violations {
                println!("seed {seed}: {violation}");
            }
            if !report.violations.is_empty() && !options.keep_going {
                stop.store(true, Ordering::Relaxed);
            }
            played.add(seed, report);
            if std::io::stderr().is_terminal() {
                eprint!("\r{} of {} seeds", played.seeds, options.seeds);
                drop(std::io::stderr().flush());
            }
        }
    });
    played
}

impl Played {
    fn add(&mut self, seed: u64, report: Report) {
        self.seeds = self.seeds.saturating_add(1);
        if !report.violations.is_empty() {
            self.wrong.push(seed);
        }
        let sums = &mut self.sums;
        for (sum, more) in [
            (&mut sums.requests, report.requests),
            (&mut sums.calls, report.calls),
            (&mut sums.conflicts, report.conflicts),
            (&mut sums.outages, report.outages),
            (&mut sums.busy, report.busy),
            (&mut sums.kills, report.kills),
            (&mut sums.entries, report.entries),
            (&mut sums.replays, report.replays),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (fault, count) in report.faults {
            let sum = sums.faults.entry(fault).or_default();
            *sum = sum.saturating_add(count);
        }
        sums.violations.extend(report.violations);
    }

    fn in_words(&self, from: u64, seconds: u64) -> String {
        let Report { requests, calls, conflicts, kills, entries, replays, faults, violations, outages, busy, .. } =
            &self.sums;
        let faults = Fault::ALL.iter().map(|fault| format!("{fault:?} {}", faults.get(fault).copied().unwrap_or(0)));
        format!(
            "{} seeds from {from} in {seconds} s: {requests} requests, {calls} calls to the database, {entries} entries, \
             {replays} replays, {kills} functions killed, {outages} outages, {conflicts} transactions met another write, {busy} times busy\nfaults: {}\n\
             {} violations in {} seeds{}",
            self.seeds,
            faults.collect::<Vec<_>>().join(", "),
            violations.len(),
            self.wrong.len(),
            self.wrong.first().map_or(String::new(), |seed| format!("; simulate --seed {seed} tells the story of one")),
        )
    }

    fn figures(&self, from: u64, seconds: u64) -> serde_json::Value {
        let sums = &self.sums;
        let faults = Fault::ALL.iter().map(|fault| (format!("{fault:?}"), json!(sums.faults.get(fault).unwrap_or(&0))));
        json!({
            "from": from,
            "seeds": self.seeds,
            "seconds": seconds,
            "requests": sums.requests,
            "calls": sums.calls,
            "entries": sums.entries,
            "replays": sums.replays,
            "kills": sums.kills,
            "conflicts": sums.conflicts,
            "outages": sums.outages,
            "busy": sums.busy,
            "faults": faults.collect::<serde_json::Map<_, _>>(),
            "violations": sums.violations.len(),
            "wrongSeeds": self.wrong,
        })
    }
}
