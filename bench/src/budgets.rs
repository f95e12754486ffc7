//! What a function may cost: its size, its instructions, and what it takes where others are at the same account. Requests, units
//! and log bytes are held by the tests of `functions`, dependencies by `deny.toml`.

use std::path::Path;

use crate::contender::Contender;
use crate::{Error, hot, instructions, peers};

/// The bytes of a function's zip file, as Lambda keeps it.
const ZIP_BYTES: f64 = 2_370_000.0;

/// Instructions from the start until the first spend is answered.
const COLD: f64 = 7_700_000.0;

/// Instructions of a warm spend.
const WARM: f64 = 1_860_000.0;

/// Microseconds, lost tries and write units of a thousand spends, when 32 clients spend from one account: 150 spends a second.
const HOT_MICROS: f64 = 6_670_000.0;
const HOT_LOST: f64 = 1_000.0;
const HOT_UNITS: f64 = 6_500.0;

/// How far a count may go beyond what is committed, in percent: processors differ in what the cryptography can use.
const TOLERANCE_PERCENT: f64 = 10.0;

/// Compares, and fails where something is exceeded.
pub(crate) async fn check(target: &Path) -> Result<(), Error> {
    let kese = Contender::kese(&peers::build_kese(target)?, true);
    let (_, zipped) = peers::package(&kese)?;
    let mut costs = vec![("bytes of the zip file", zipped as f64, ZIP_BYTES)];
    for counted in instructions::of(&[kese]).await? {
        costs.push(("instructions of a cold start", counted.cold() as f64, COLD));
        costs.push(("instructions of a warm spend", counted.warm as f64, WARM));
    }
    let [micros, lost, units] = hot::cost_of_a_thousand()?;
    costs.push(("microseconds of a thousand spends from a hot account", micros, HOT_MICROS));
    costs.push(("lost tries of them", lost, HOT_LOST));
    costs.push(("write units of them", units, HOT_UNITS));
    let mut exceeded = Vec::new();
    for (what, cost, budget) in costs {
        println!("{what}: {cost:.0}, budget {budget} + {TOLERANCE_PERCENT} %");
        if cost > budget + budget * TOLERANCE_PERCENT / 100.0 {
            exceeded.push(what);
        }
    }
    if exceeded.is_empty() { Ok(()) } else { Err(format!("too many {}", exceeded.join(", ")).into()) }
}
