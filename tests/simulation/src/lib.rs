//! One seed, one history: real operations over the real SDK and the embedded database, called by several at once through a
//! network, functions and clocks that fail as the seed says; afterwards everything that was answered and everything that is
//! stored is held against a reference that knows nothing of any of it.
//!
//! Time is the runtime's and paused: it moves on when nobody has anything to do. Everything random is drawn from the seed,
//! so that the same seed tells the same story.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_wrap,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unit_arg,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test may panic: that is how it fails"
)]

mod callers;
mod check;
mod fleet;
pub mod history;
mod linear;
mod model;
mod network;
mod service;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::{AccountNumber, Project, ProjectId, Seq, Timestamp};
use store::{Entry, Meter, Store, Tables};

use crate::callers::{Callers, Plan};
use crate::fleet::Fleet;
use crate::history::{ACCOUNTS, PROJECTS, Place, Wish};
pub use crate::network::Fault;
use crate::network::Network;

/// What came of a seed.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests that callers sent.
    pub requests: u64,
    /// Calls to the database.
    pub calls: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// How often nobody heard what became of anything for a while.
    pub outages: u64,
    /// How often a caller was told that an account is busy.
    pub busy: u64,
    /// How often a transaction met another write.
    pub conflicts: u64,
    /// How many functions were killed.
    pub kills: u64,
    /// Entries in all chains.
    pub entries: u64,
    /// Repetitions that were answered as such.
    pub replays: u64,
    /// What is wrong.
    pub violations: Vec<String>,
    /// Everything that was wanted, asked and answered.
    pub story: Vec<Wish>,
}

/// Plays a seed.
#[must_use]
pub fn run(seed: u64) -> Report {
    // The waits of the SDK are drawn from this thread's generator.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(play(seed))));
    // Whoever still waits is not interesting any more.
    runtime.shutdown_background();
    played.unwrap_or_else(|_| Report { violations: vec!["something panicked".to_owned()], ..Report::default() })
}

async fn play(seed: u64) -> Report {
    let mut dice = fastrand::Rng::with_seed(seed);
    let plan = Plan {
        callers: dice.usize(2..=8),
        wishes: dice.usize(3..=12),
        hot: dice.bool(),
        generous: dice.u8(0..4) == 0,
        pause_millis: *dice.choice(&[10, 100, 2_000]).expect("some"),
        per_mille: *dice.choice(&[0, 100, 250]).expect("some"),
    };
    let storm = *dice.choice(&[0, 20, 60, 150, 300]).expect("some");
    let network = Network::new(dice.u64(..), storm);
    let fleet = Fleet::new(network.clone(), dice.u64(..)).await;
    let callers = Callers::new(fleet, dice.u64(..), plan);

    callers.work(plan).await;
    network.turn(0);
    callers.settle().await;
    network.turn(storm.min(20));
    callers.a_day_later(plan).await;
    network.turn(0);
    callers.settle().await;

    let wishes = callers.wishes();
    let mut violations = Vec::new();
    let (mut chains, mut claims) = (BTreeMap::new(), BTreeMap::new());
    for (project, account) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let place = Place { project, account };
        let chain = chain(&network, place).await;
        let (wrong, claimed) = check::account(place, &wishes, &chain);
        violations.extend(wrong);
        claims.insert(place, claimed);
        chains.insert(place, chain);
    }
    violations.extend(check::keys(&wishes));
    violations.extend(check::listings(&wishes, &chains));
    violations.extend(check::conservation(&wishes, &chains, &claims));
    let entries = chains.values().map(|chain: &Vec<Entry>| chain.len() as u64).sum();
    let now = Timestamp(callers.fleet().millis());
    let verified = store(&network).verifier(now, true, None).everything().await.expect("the embedded database answers");
    violations.extend(verified.findings.iter().map(|finding| format!("verification finds {finding}")));
    if verified.entries != entries {
        violations.push(format!("verification saw {} entries of {entries}", verified.entries));
    }
    let (calls, faults, outages) = network.tally();
    let answers = wishes.iter().flat_map(Wish::answers);
    Report {
        requests: callers.requests(),
        calls,
        faults,
        outages,
        busy: answers.clone().filter(|(_, answer)| answer.status == 429).count() as u64,
        conflicts: network.service().conflicts(),
        kills: callers.fleet().kills(),
        entries,
        replays: answers.filter(|(_, answer)| answer.replayed).count() as u64,
        violations,
        story: wishes,
    }
}

/// The database past the network.
fn store(network: &Network) -> Store {
    Store::new(network.service().embedded().connector(), Tables::default())
}

/// Every entry of an account, oldest first, read past the network.
async fn chain(network: &Network, place: Place) -> Vec<Entry> {
    let store = store(network);
    let project = Project::new(ProjectId::parse(PROJECTS[place.project]).expect("an id"));
    let number = AccountNumber::parse(ACCOUNTS[place.account]).expect("a number");
    let (meter, deadline) = (Meter::default(), tokio::time::Instant::now() + Duration::from_mins(1));
    let session = store.session(&project, Timestamp(0), 0, deadline, &meter);
    let Some(newest) = session.newest(&number).await.expect("the embedded database answers") else { return Vec::new() };
    let mut entries = Vec::new();
    for seq in 1..=newest.transaction.account.seq.number() {
        let seq = Seq::new(seq).expect("a number");
        entries.extend(session.entry(&number, seq).await.expect("the embedded database answers"));
    }
    entries
}
