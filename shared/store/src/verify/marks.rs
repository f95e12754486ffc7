//! Refunds and cancellations, added up for each original and compared with its marks.

use std::collections::BTreeMap;

use domain::{Balance, Delta, Kind, Seq, Transaction};

use super::finding::{Flaw, magnitude};
use crate::item::Entry;
use crate::link::Hash;

/// What the entries so far say about the originals that they refer to, or that are marked: bounded by their number.
#[derive(Debug, Default)]
pub(crate) struct Marks(BTreeMap<Seq, Tally>);

/// One original.
#[derive(Debug)]
struct Tally {
    /// As it was read; none as long as nothing said that it would matter.
    original: Option<Original>,
    /// How much of it everything that was seen refunded.
    refunded: Balance,
    /// How much of it was when the original was read again. What is read of a ledger in use lies between the two.
    least: Option<Balance>,
    canceled: Option<Seq>,
    /// Who referred to it, in order.
    by: Vec<(Seq, Delta)>,
}

/// What matters of an original.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    kind: Kind,
    amount: Delta,
    pub(crate) refunded: Balance,
    pub(crate) canceled_by: Option<Seq>,
    /// What its marks are put right under.
    pub(crate) hash: Hash,
}

impl Original {
    pub(crate) fn of(entry: &Entry) -> Original {
        let Transaction { kind, refunded, canceled_by, .. } = &entry.transaction;
        let amount = entry.transaction.amount();
        Original { kind: *kind, amount, refunded: *refunded, canceled_by: *canceled_by, hash: entry.hash }
    }

    fn is_marked(&self) -> bool {
        !self.refunded.is_zero() || self.canceled_by.is_some()
    }
}

/// What is wrong with the marks of one original.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// At which entry: the original, or one that refers to it.
    pub(crate) at: Seq,
    pub(crate) flaw: Flaw,
    /// The original, where only its mark is wrong.
    pub(crate) mark_of: Option<Original>,
}

impl Marks {
    /// An entry of the chain goes by.
    pub(crate) fn pass(&mut self, entry: &Entry) {
        let original = Original::of(entry);
        if original.is_marked() {
            self.0.entry(entry.transaction.account.seq).or_insert(Tally::NONE).original = Some(original);
        }
        if let Some(original) = entry.transaction.kind.original() {
            self.0.entry(original).or_insert(Tally::NONE);
        }
        self.refer(&entry.transaction);
    }

    /// What an entry says about an original that matters already. Of those that only matter to entries which were written
    /// after the walk nothing is known, and nothing is said.
    pub(crate) fn refer(&mut self, entry: &Transaction) {
        let seq = entry.account.seq;
        let Some(tally) = entry.kind.original().and_then(|original| self.0.get_mut(&original)) else { return };
        tally.by.push((seq, entry.amount()));
        match entry.kind {
            Kind::Refunded { .. } => {
                let sum = tally.refunded.plus(magnitude(entry.amount()));
                tally.refunded = sum.unwrap_or(tally.refunded);
            }
            Kind::Canceled { .. } => tally.canceled = tally.canceled.or(Some(seq)),
            Kind::Initialized
            | Kind::Loaded
            | Kind::Earned
            | Kind::Spent
            | Kind::Fixed
            | Kind::Expired
            | Kind::Frozen
            | Kind::Unfrozen
            | Kind::Linked
            | Kind::Unlinked
            | Kind::Closed => {}
        }
    }

    /// Originals that are not known or do not agree: to be read again before anything is said about them.
    pub(crate) fn open(&self) -> Vec<Seq> {
        self.0.iter().filter(|(_, tally)| !tally.agrees()).map(|(seq, _)| *seq).collect()
    }

    /// An original was read again, after the entries that were seen and before those that will be.
    pub(crate) fn reread(&mut self, seq: Seq, original: Option<Original>) {
        if let Some(tally) = self.0.get_mut(&seq) {
            tally.least = Some(tally.refunded);
            tally.original = original;
        }
    }

    /// What is wrong in the end.
    pub(crate) fn mismatches(&self) -> Vec<Mismatch> {
        self.0.iter().flat_map(|(seq, tally)| tally.mismatches(*seq)).collect()
    }
}

impl Tally {
    const NONE: Tally = Tally { original: None, refunded: Balance::ZERO, least: None, canceled: None, by: Vec::new() };

    fn agrees(&self) -> bool {
        self.original.as_ref().is_some_and(|original| {
            let least = self.least.unwrap_or(self.refunded);
            (least..=self.refunded).contains(&original.refunded) && original.canceled_by == self.canceled
        })
    }

    fn mismatches(&self, seq: Seq) -> Vec<Mismatch> {
        let mut found = Vec::new();
        let mut tell = |at, flaw| found.push(Mismatch { at, flaw, mark_of: None });
        let Some(original) = &self.original else {
            self.by.iter().for_each(|(by, _)| tell(*by, Flaw::Original { original: seq }));
            return found;
        };
        let amount = magnitude(original.amount);
        let is_load = matches!(original.kind, Kind::Loaded | Kind::Earned);
        let mut before = (Balance::ZERO, false);
        for (by, moved) in &self.by {
            let cancels = self.canceled == Some(*by);
            if *by <= seq || !(original.kind == Kind::Spent || is_load && cancels) {
                tell(*by, Flaw::Original { original: seq });
            } else if before.1 || cancels && !before.0.is_zero() {
                tell(*by, Flaw::CanceledToo { original: seq });
            } else if cancels {
                before.1 = true;
                let undone = moved.plus(original.amount) == Some(Delta::ZERO);
                if !undone {
                    tell(*by, Flaw::CanceledOther { original: seq });
                }
            } else {
                let refunded = before.0.plus(magnitude(*moved)).unwrap_or(amount);
                before.0 = refunded;
                if refunded > amount {
                    tell(*by, Flaw::Exceeded { amount, refunded });
                }
            }
        }
        if self.agrees() {
            return found;
        }
        let sound = found.is_empty();
        let mark_of = || sound.then(|| original.clone());
        if original.refunded != self.refunded {
            let flaw = Flaw::RefundedMark { expected: self.refunded, found: original.refunded };
            found.push(Mismatch { at: seq, flaw, mark_of: mark_of() });
        }
        if original.canceled_by != self.canceled {
            let flaw = Flaw::CanceledMark { expected: self.canceled, found: original.canceled_by };
            found.push(Mismatch { at: seq, flaw, mark_of: mark_of() });
        }
        found
    }
}
