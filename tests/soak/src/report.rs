//! What came out: a table for people, and figures for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::caller::Tally;
use crate::laws::Findings;
use crate::traffic::Memory;

/// How many findings are printed: the first ones tell most.
const FINDINGS_PRINTED: usize = 20;

pub(crate) struct Report<'m> {
    pub(crate) seed: u64,
    pub(crate) kills: u32,
    pub(crate) seconds: Duration,
    /// What the callers saw.
    pub(crate) tallies: Vec<Tally>,
    /// What was seen while checking.
    pub(crate) checking: Tally,
    pub(crate) memory: &'m Memory,
    pub(crate) findings: Findings,
}

impl FromIterator<Tally> for Tally {
    fn from_iter<I: IntoIterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.into_iter().fold(Tally::default(), |mut all, tally| {
            for (answer, count) in tally.answers {
                *all.answers.entry(answer).or_default() += count;
            }
            all.replayed += tally.replayed;
            all.latencies.extend(tally.latencies);
            all.violations.extend(tally.violations);
            all
        })
    }
}

impl Tally {
    fn requests(&self) -> u64 {
        self.answers.values().sum()
    }
}

impl Report<'_> {
    pub(crate) fn is_clean(&self) -> bool {
        self.violations().next().is_none()
    }

    /// Everything that is wrong.
    fn violations(&self) -> impl Iterator<Item = String> {
        let lost = self.findings.lost.iter().map(|finding| format!("lost: {finding}"));
        let doubled = self.findings.doubled.iter().map(|finding| format!("doubled: {finding}"));
        let seen = self.tallies.iter().chain([&self.checking]).flat_map(|tally| tally.violations.clone());
        lost.chain(doubled).chain(self.findings.others.clone()).chain(seen)
    }

    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, format!("{:#}\n", self.figures()))
    }

    fn figures(&self) -> Value {
        let requests: u64 = self.tallies.iter().map(Tally::requests).sum();
        json!({
            "requests": requests,
            "acknowledged": self.memory.acknowledged.len(),
            "replayed": self.checking.replayed + self.tallies.iter().map(|tally| tally.replayed).sum::<u64>(),
            "kills": self.kills,
            "lost": self.findings.lost.len(),
            "doubled": self.findings.doubled.len(),
            "violations": self.violations().count(),
            "seconds": self.seconds.as_secs(),
            "seed": self.seed,
        })
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_operation: BTreeMap<_, BTreeMap<_, u64>> = BTreeMap::new();
        let mut latencies = Vec::new();
        for tally in &self.tallies {
            for ((operation, status), count) in &tally.answers {
                *by_operation.entry(*operation).or_default().entry(*status).or_default() += count;
            }
            latencies.extend(&tally.latencies);
        }
        latencies.sort();
        writeln!(f, "{:<18} {:>9} {:>9}  by status", "operation", "requests", "cut off")?;
        for (operation, statuses) in by_operation {
            let cut_off = statuses.get(&None).copied().unwrap_or(0);
            let answers: Vec<_> =
                statuses.iter().filter_map(|(status, count)| Some(format!("{} × {count}", (*status)?))).collect();
            let requests: u64 = statuses.values().sum();
            writeln!(f, "{operation:<18} {requests:>9} {cut_off:>9}  {}", answers.join(", "))?;
        }
        let percentile = |percent: usize| {
            let place = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
            latencies.get(place).map_or(0, Duration::as_millis)
        };
        writeln!(f, "\nlatency p50 {} ms, p99 {} ms", percentile(50), percentile(99))?;
        if let Value::Object(figures) = self.figures() {
            for (name, figure) in figures {
                writeln!(f, "{name:<14} {figure:>9}")?;
            }
        }
        self.violations().take(FINDINGS_PRINTED).try_for_each(|violation| writeln!(f, "! {violation}"))
    }
}
