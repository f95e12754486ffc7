//! What holds for many seeds.

#![expect(clippy::as_conversions, clippy::disallowed_methods, reason = "a test may panic: that is how it fails")]

use std::collections::BTreeSet;
use std::ops::Range;
use std::thread;

use simulation::Fault;

/// A seed tells the same story each time, or nothing could be learnt from one that went wrong.
#[test]
fn a_seed_replays() {
    for seed in [1, 9, 24] {
        let [first, second] = [simulation::run(seed), simulation::run(seed)];
        assert_eq!(format!("{first:?}"), format!("{second:?}"), "seed {seed}");
    }
}

/// Three hundred seeds, unless `KESE_SEEDS` says otherwise, and everything that can go wrong did in some of them.
#[test]
fn nothing_is_lost_and_nothing_doubled() {
    let seeds = std::env::var("KESE_SEEDS").map_or(300, |seeds| seeds.parse().expect("a number"));
    let play = |seed| {
        let report = simulation::run(seed);
        assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
        report
    };
    let play_all = |seeds: Range<u64>| move || seeds.map(play).collect::<Vec<_>>();
    let halves = [play_all(1..1 + seeds / 2), play_all(1 + seeds / 2..1 + seeds)].map(thread::spawn);
    let reports: Vec<_> = halves.into_iter().flat_map(|half| half.join().expect("no seed panics")).collect();
    let faults: BTreeSet<Fault> = reports.iter().flat_map(|report| report.faults.keys().copied()).collect();
    assert_eq!(faults, BTreeSet::from(Fault::ALL));
    let sum = |of: fn(&simulation::Report) -> u64| reports.iter().map(of).sum::<u64>();
    let (kills, conflicts) = (sum(|report| report.kills), sum(|report| report.conflicts));
    println!("{} seeds, {kills} kills, {conflicts} conflicts", reports.len());
    assert!(reports.len() as u64 == seeds && kills > seeds && conflicts > seeds);
    assert!(sum(|report| report.outages) > 0 && sum(|report| report.busy) > 0, "no outage, or nobody was told to wait");
}
