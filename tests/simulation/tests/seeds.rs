//! What holds for many seeds.

#![expect(clippy::tests_outside_test_module, reason = "an integration test is outside of one")]

use std::collections::BTreeSet;
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

/// Three hundred seeds, and everything that can go wrong did in some of them.
#[test]
fn nothing_is_lost_and_nothing_doubled() {
    let play =
        |seeds: std::ops::Range<u64>| move || seeds.map(|seed| (seed, simulation::run(seed))).collect::<Vec<_>>();
    let halves = [play(1..151), play(151..301)].map(thread::spawn);
    let reports: Vec<_> = halves.into_iter().flat_map(|half| half.join().expect("no seed panics")).collect();
    for (seed, report) in &reports {
        assert!(report.violations.is_empty(), "seed {seed}: {:#?}", report.violations);
    }
    let faults: BTreeSet<Fault> = reports.iter().flat_map(|(_, report)| report.faults.keys().copied()).collect();
    assert_eq!(faults, BTreeSet::from(Fault::ALL));
    let sum = |of: fn(&simulation::Report) -> u64| reports.iter().map(|(_, report)| of(report)).sum::<u64>();
    assert_eq!(reports.len(), 300);
    assert!(
        sum(|report| report.kills) > 100
            && sum(|report| report.conflicts) > 100
            && sum(|report| report.replays) > 1_000
    );
}
