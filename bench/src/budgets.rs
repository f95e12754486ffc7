//! What a function may cost: its size, and its instructions. Requests, units and log bytes are held by the tests of `functions`,
//! dependencies by `deny.toml`.

use std::path::Path;

use crate::contender::Contender;
use crate::{Error, instructions, peers};

/// The bytes of a function's zip file, as Lambda keeps it.
const ZIP_BYTES: u64 = 2_370_000;

/// Instructions from the start until the first spend is answered.
const COLD: u64 = 7_700_000;

/// Instructions of a warm spend.
const WARM: u64 = 1_860_000;

/// How far a count may go beyond what is committed, in percent: processors differ in what the cryptography can use.
const TOLERANCE_PERCENT: u64 = 10;

/// Compares, and fails where something is exceeded.
pub(crate) async fn check(target: &Path) -> Result<(), Error> {
    let kese = Contender::kese(&peers::build_kese(target)?, true);
    let (_, zipped) = peers::package(&kese)?;
    let mut costs = vec![("bytes of the zip file", zipped, ZIP_BYTES)];
    for counted in instructions::of(&[kese]).await? {
        costs.push(("instructions of a cold start", counted.cold(), COLD));
        costs.push(("instructions of a warm spend", counted.warm, WARM));
    }
    let mut exceeded = Vec::new();
    for (what, cost, budget) in costs {
        println!("{what}: {cost}, budget {budget} + {TOLERANCE_PERCENT} %");
        if cost > budget + budget * TOLERANCE_PERCENT / 100 {
            exceeded.push(what);
        }
    }
    if exceeded.is_empty() { Ok(()) } else { Err(format!("too many {}", exceeded.join(", ")).into()) }
}
