//! A bounded load test of `kese` over HTTP, which is killed all the while: many callers do everything at once, send every
//! write with a key and again until it is answered, and remember what they were told. At the end it must all be there, once.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at whatever it does not expect, and measures"
)]

mod caller;
mod laws;
mod report;
mod service;
mod traffic;

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::caller::Tally;
use crate::report::Report;
use crate::service::Service;
use crate::traffic::{Memory, Town};

/// How many answers there must be between two kills: a service that nobody uses is not killed under load.
const ANSWERS_BETWEEN_KILLS: u64 = 50;

/// How long the service may take to come back and give that many answers.
const RECOVERY_MAX: Duration = Duration::from_mins(1);

/// Drives a `kese` with many callers, kills it all the while, and checks that nothing is lost or doubled
#[derive(Parser)]
struct Options {
    /// How long the callers go on; longer if that is too short for the kills
    #[arg(long, value_name = "N", default_value_t = 30)]
    seconds: u32,

    /// How many callers there are, each with a connection of its own
    #[arg(long, value_name = "N", default_value_t = 64)]
    connections: u32,

    /// How often the service is killed meanwhile
    #[arg(long, value_name = "N", default_value_t = 50)]
    kills: u32,

    /// What the callers draw their choices from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// The service; without it, the one beside this program
    #[arg(long, value_name = "FILE")]
    kese: Option<PathBuf>,

    /// Where the figures go, as JSON
    #[arg(long, value_name = "FILE", default_value = "target/soak/figures.json")]
    figures: PathBuf,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    let kese = match &options.kese {
        Some(kese) => kese.clone(),
        None => env::current_exe()?.with_file_name("kese"),
    };
    let service = Service::new(kese)?;
    service.start();
    let town = Town::new(&service);
    let began = Instant::now();

    let stop = AtomicBool::new(false);
    let (memories, tallies): (Vec<Memory>, Vec<Tally>) = thread::scope(|scope| {
        let callers: Vec<_> = (0..options.connections)
            .map(|number| {
                let (service, town, stop) = (&service, &town, &stop);
                let choices = fastrand::Rng::with_seed(options.seed ^ (u64::from(number) << 32));
                scope.spawn(move || traffic::drive(service, town, number, choices, stop))
            })
            .collect();
        kill(&service, began, &options);
        stop.store(true, Ordering::Relaxed);
        callers.into_iter().map(|caller| caller.join().expect("a caller stopped")).unzip()
    });
    let seconds = began.elapsed();
    // Once more, when nobody writes any more: what is checked is what is on the disk.
    service.kill();
    service.start();

    let memory: Memory = town.founding.into_iter().chain(memories).collect();
    let (mut findings, checking) = laws::check(&service, &memory, options.connections);
    service.kill();
    findings.others.extend(service.verify());
    let report =
        Report { seed: options.seed, kills: options.kills, seconds, tallies, checking, memory: &memory, findings };
    print!("{report}");
    report.write(&options.figures)?;
    if report.is_clean() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("The data stays in {}", service.keep().display());
    Ok(ExitCode::FAILURE)
}

/// Kills and restarts the service, spread over the time that there is, each time under load.
fn kill(service: &Service, began: Instant, options: &Options) {
    let whole = Duration::from_secs(options.seconds.into());
    let mut choices = fastrand::Rng::with_seed(options.seed);
    for number in 1..=options.kills {
        let (answered, since) = (service.answered(), Instant::now());
        let due = whole * number / (options.kills + 1);
        while began.elapsed() < due || service.answered() < answered + ANSWERS_BETWEEN_KILLS {
            assert!(began.elapsed() < due || since.elapsed() < RECOVERY_MAX, "the service does not come back");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(choices.u64(..20_000)));
        service.kill();
        service.start();
    }
    thread::sleep(whole.saturating_sub(began.elapsed()));
}
