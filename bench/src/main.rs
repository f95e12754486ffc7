//! `bench`: what Kese costs, beside what people would build instead.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "it measures, and writes down what came of it; nothing rests on it"
)]

mod budgets;
mod contender;
mod cost;
mod dynamodb;
mod endpoint;
mod growth;
mod host;
mod hot;
mod instructions;
mod kese;
mod peers;
mod plot;
mod price;
mod report;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

use clap::{Parser, ValueEnum};
use time::OffsetDateTime;

use crate::plot::Plot;
use crate::report::Table;

/// Why nothing could be measured, in a sentence for the person who wanted to know.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Where the figures are written to.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");

/// Measures Kese beside what people would build instead
#[derive(Parser)]
struct Options {
    /// Only this section, and others that are named the same way
    #[arg(long, value_name = "SECTION")]
    only: Vec<Section>,

    /// How many spends of each contender are compared
    #[arg(long, value_name = "N", default_value_t = 300)]
    spends: usize,

    /// How long the longest history is
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    transactions: u64,

    /// Writes what is measured into docs/performance.md, too
    #[arg(long)]
    write: bool,

    /// Only checks that what a function costs, alone and at a hot account, is within what is committed
    #[arg(long, conflicts_with_all = ["only", "write"])]
    budgets: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// What each operation asks of DynamoDB
    Cost,
    /// Pages of a growing history, spends from a growing account
    Growth,
    /// Many clients at one account, and at a thousand
    Hot,
    /// Kese and its peers, invocation by invocation
    Peers,
    /// Instructions of a cold start and of a warm spend
    Instructions,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Error> {
    let folder = target_folder()?;
    if options.budgets {
        return budgets::check(&folder).await;
    }
    for section in Section::value_variants() {
        if !options.only.is_empty() && !options.only.contains(section) {
            continue;
        }
        let (tables, plots) = section.measure(&folder, options).await?;
        for table in &tables {
            println!("{table}");
        }
        if options.write {
            report::write(Path::new(DOCUMENT), section.name(), &tables, &plots)?;
        }
    }
    Ok(())
}

impl Section {
    async fn measure(self, folder: &Path, options: &Options) -> Result<(Vec<Table>, Vec<Plot>), Error> {
        let mut tables = match self {
            Section::Cost => cost::count()?,
            Section::Growth => return growth::measure(options.transactions),
            Section::Hot => hot::measure()?,
            Section::Peers => peers::compare(folder, options.spends).await?,
            Section::Instructions => instructions::count(folder).await?,
        };
        // The other figures are the same on every machine.
        if matches!(self, Section::Peers | Section::Instructions)
            && let Some(last) = tables.last_mut()
        {
            last.notes.push(circumstances());
        }
        Ok((tables, Vec::new()))
    }

    /// What it is called on the command line, and in the document.
    fn name(self) -> &'static str {
        match self {
            Section::Cost => "cost",
            Section::Growth => "growth",
            Section::Hot => "hot",
            Section::Peers => "peers",
            Section::Instructions => "instructions",
        }
    }
}

/// When and on what something was measured, with which versions of what is not in a lock.
fn circumstances() -> String {
    let says = |program: &str| {
        let said = Command::new(program).arg("--version").output().ok();
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        said.filter(|said| !said.is_empty()).unwrap_or_else(|| format!("no {program}"))
    };
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "Measured on {} with Kese {}, {}, Node {}, {}, on {cores} cores of {}.",
        OffsetDateTime::now_utc().date(),
        env!("CARGO_PKG_VERSION"),
        says("rustc"),
        says("node"),
        says("python3"),
        model.map_or(env::consts::ARCH, |(_, model)| model),
    )
}

/// The folder that this program was built into: `target`.
fn target_folder() -> Result<PathBuf, Error> {
    let program = env::current_exe()?;
    let folder = program.ancestors().nth(2).map(Path::to_owned);
    folder.ok_or_else(|| format!("{} is in no target folder.", program.display()).into())
}
