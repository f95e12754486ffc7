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
mod dynamodb;
mod endpoint;
mod host;
mod instructions;
mod peers;
mod report;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::report::Table;

/// Why nothing could be measured, in a sentence for the person who wanted to know.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures Kese beside what people would build instead
#[derive(Parser)]
struct Options {
    /// Only this section, and others that are named the same way
    #[arg(long, value_name = "SECTION")]
    only: Vec<Section>,

    /// How many spends of each contender are compared
    #[arg(long, value_name = "N", default_value_t = 300)]
    spends: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Instructions of a cold start and of a warm spend
    Instructions,
    /// Kese and its peers, invocation by invocation
    Peers,
    /// Whether size and instructions of a function stay within what is committed; only where it is asked for
    Budgets,
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
    let wanted = |section| options.only.is_empty() || options.only.contains(&section);
    let folder = target_folder()?;
    if wanted(Section::Instructions) {
        print(&instructions::count(&folder).await?);
    }
    if wanted(Section::Peers) {
        print(&peers::compare(&folder, options.spends).await?);
    }
    if options.only.contains(&Section::Budgets) {
        budgets::check(&folder).await?;
    }
    Ok(())
}

fn print(tables: &[Table]) {
    for table in tables {
        println!("{table}");
    }
}

/// The folder that this program was built into: `target`.
fn target_folder() -> Result<PathBuf, Error> {
    let program = env::current_exe()?;
    let folder = program.ancestors().nth(2).map(Path::to_owned);
    folder.ok_or_else(|| format!("{} is in no target folder.", program.display()).into())
}
