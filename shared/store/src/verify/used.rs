//! The idempotency keys of a chain as its entries tell them, to hold rings and records against.

use std::collections::{HashMap, VecDeque};

use domain::{Project, Seq, Timestamp};

use super::finding::Flaw;
use crate::item::Entry;
use crate::keys::KeyHash;
use crate::ring::{RING_KEYS_MAX, UsedKey};

/// How many keys an entry's ring is compared with: more than a ring ever held.
const RECENT_MAX: usize = 4 * RING_KEYS_MAX;

/// When a project keeps its keys for ever, entries say that records are always to be looked up.
const ALWAYS: Timestamp = Timestamp(u64::MAX);

/// The keys that still count: those of 25 hours, or all of a project that keeps them.
#[derive(Debug)]
pub(crate) struct Used {
    keys: HashMap<[u8; 16], Key>,
    /// Whether the last ring did fit.
    ring_fits: bool,
    /// The latest keys, oldest first.
    recent: VecDeque<UsedKey>,
    /// From this entry on the keys were kept for ever.
    forever_from: Option<Seq>,
    /// With how many keys those that count no longer are let go again.
    swept_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Key {
    used: UsedKey,
    recorded: bool,
}

/// What a record says about a key that the entries do not tell.
#[derive(Debug)]
pub(crate) enum Recorded {
    /// What the entry says.
    Right,
    /// Something else: the entry that has the key.
    Wrong(UsedKey),
    /// No entry was seen with it: the entry that it names is to be read.
    Unknown,
}

impl Used {
    pub(crate) fn new() -> Used {
        Used {
            keys: HashMap::new(),
            ring_fits: true,
            recent: VecDeque::new(),
            forever_from: None,
            swept_at: RECENT_MAX,
        }
    }

    /// An entry of the chain goes by; `before` is the one before it, if it is known.
    pub(crate) fn pass(&mut self, before: Option<&Entry>, entry: &Entry) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let (seq, at) = (entry.transaction.account.seq, entry.transaction.account.at);
        let ring = &entry.ring.0;
        if before.is_none() {
            // After a gap nothing but the ring itself tells.
            self.recent = ring.iter().copied().collect();
        }
        let fits =
            ring.len() <= self.recent.len() && self.recent.iter().rev().zip(ring.iter().rev()).all(|(a, b)| a == b);
        // A ring is handed on: it is told where it begins to be wrong.
        if !fits && self.ring_fits {
            flaws.push(Flaw::Ring);
        }
        self.ring_fits = fits;
        if entry.spilled_until == Some(ALWAYS) && self.forever_from.is_none() {
            let kept = before.and_then(|before| before.keys().0.first().map(|key| key.seq));
            self.forever_from = Some(kept.unwrap_or(seq));
        }
        let Some(hash) = entry.origin.key else { return flaws };
        let used = UsedKey::new(hash, seq, at);
        if let Some(first) = self.keys.insert(hash.0, Key { used, recorded: false }).map(|key| key.used)
            && (at < first.end() || self.is_forever(&first))
        {
            flaws.push(Flaw::KeyTwice { first: first.seq });
        }
        self.recent.push_back(used);
        if self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
        if self.keys.len() > self.swept_at {
            let forever_from = self.forever_from;
            self.keys.retain(|_, key| at < key.used.end() || forever_from.is_some_and(|from| from <= key.used.seq));
            self.swept_at = self.keys.len().saturating_mul(2).max(RECENT_MAX);
        }
        flaws
    }

    fn is_forever(&self, key: &UsedKey) -> bool {
        self.forever_from.is_some_and(|from| from <= key.seq)
    }

    /// What a record says, whose key is still honoured until `end`.
    pub(crate) fn record(&mut self, hash: KeyHash, seq: Seq, end: Option<Timestamp>, project: &Project) -> Recorded {
        let forever = self.keys.get(&hash.0).is_some_and(|key| project.keeps_keys() && self.is_forever(&key.used));
        let Some(key) = self.keys.get_mut(&hash.0) else { return Recorded::Unknown };
        if key.used.seq < seq {
            return Recorded::Unknown;
        }
        key.recorded = true;
        let ends_right = end.is_none_or(|end| !forever && end == key.used.end());
        if key.used.seq == seq && ends_right { Recorded::Right } else { Recorded::Wrong(key.used) }
    }

    /// The keys that have to be found at `now` besides those that `newest` carries, each with whether there is a record of
    /// it, and whether that record is looked up.
    pub(crate) fn owed(&self, newest: &Entry, now: Timestamp, project: &Project) -> Vec<(UsedKey, bool, bool)> {
        let now = now.max(newest.transaction.account.at);
        let carried = newest.keys();
        let mut owed = Vec::new();
        for Key { used, recorded } in self.keys.values() {
            let forever = project.keeps_keys() && self.is_forever(used);
            if (forever || now < used.end()) && !carried.0.contains(used) {
                let until = if forever { ALWAYS } else { used.end() };
                owed.push((*used, *recorded, newest.spilled_until.is_some_and(|spilled| until <= spilled)));
            }
        }
        owed.sort_by_key(|(key, _, _)| key.seq);
        owed
    }
}
