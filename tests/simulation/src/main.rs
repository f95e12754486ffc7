//! `simulate`: plays many seeds, and says what was wrong with which.

fn main() {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let count = std::env::args().nth(2).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in seed..seed + count {
        let report = simulation::run(seed);
        println!("{seed}: {} requests {} calls {:?} {} conflicts {} kills {} entries {} replays", report.requests, report.calls, report.faults, report.conflicts, report.kills, report.entries, report.replays);
        for violation in &report.violations {
            println!("  {violation}");
        }
        if count == 1 {
            for wish in &report.story {
                println!("{wish:?}");
            }
        }
    }
}
