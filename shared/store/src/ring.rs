//! The ring: the idempotency keys of an account's last 25 hours, carried by its newest entry.
//!
//! When it is full, its older half is written to key records of their own, and only then dropped from the ring, by the
//! commit that follows. A record only repeats what a committed entry says, so writing it early, twice or in vain does no
//! harm, and no transaction is needed: a key is always in the ring, or in a record that was there before it left the ring.

use domain::{Duration, Project, Seq, Timestamp};

use crate::keys::KeyHash;

/// How long a key is honoured: 24 hours as promised, and a margin that must stay larger than twice the clock skew between
/// functions plus their longest deadline.
pub(crate) const KEY_LIFE: Duration = Duration::hours(25);

/// How many keys the ring holds before its older half is written to key records.
pub const RING_KEYS_MAX: usize = 20;

/// With so many keys a ring may be relieved of its older half already.
pub(crate) const RING_KEYS_EARLY: usize = 15;

/// One key of an account: 24 bytes in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UsedKey {
    pub(crate) hash: KeyHash,
    /// The entry that it made.
    pub(crate) seq: Seq,
    /// When, in seconds, rounded down.
    pub(crate) at_seconds: u32,
}

/// Used keys, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ring(pub(crate) Vec<UsedKey>);

/// What becomes of a ring when an entry is appended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// What the next entry carries.
    pub(crate) ring: Ring,
    /// What has to be in key records before.
    pub(crate) spilled: Vec<UsedKey>,
}

impl UsedKey {
    pub(crate) fn new(hash: KeyHash, seq: Seq, at: Timestamp) -> UsedKey {
        UsedKey { hash, seq, at_seconds: u32::try_from(at.seconds()).unwrap_or(u32::MAX) }
    }

    /// The first moment at which it is honoured no longer.
    pub(crate) fn end(&self) -> Timestamp {
        Timestamp(u64::from(self.at_seconds).saturating_mul(1_000)).plus(KEY_LIFE)
    }
}

impl Ring {
    /// The entry that `hash` made, if its key is here and still counts at `at`.
    pub(crate) fn find(&self, hash: KeyHash, at: Timestamp, project: &Project) -> Option<Seq> {
        let counts = |key: &&UsedKey| key.hash == hash && (project.keeps_keys() || at < key.end());
        self.0.iter().rev().find(counts).map(|key| key.seq)
    }

    /// Whether every key of an entry after `seq` is here: keys leave in their order, so a key that is as old tells that none has.
    pub(crate) fn reaches(&self, seq: Seq) -> bool {
        self.0.first().is_some_and(|oldest| oldest.seq <= seq)
    }

    /// Lets go at `at` of what is old enough, and of the oldest when there are `max` keys or more. A project with permanent keys
    /// lets go of nothing that is not in a record.
    pub(crate) fn turn(mut self, at: Timestamp, project: &Project, max: usize) -> Turn {
        let is_old = |key: &UsedKey| key.end() <= at;
        let aged = self.0.iter().take_while(|key| is_old(key)).count();
        let crowded = if self.0.len().saturating_sub(aged) >= max { RING_KEYS_MAX.div_ceil(2) } else { 0 };
        let kept = self.0.split_off(aged.saturating_add(crowded));
        let gone = self.0;
        let spilled = if project.keeps_keys() { gone } else { gone.into_iter().skip(aged).collect() };
        Turn { ring: Ring(kept), spilled }
    }

    /// 24 bytes a key: hash, seconds, the low half of the sequence number.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let bytes = self.0.iter().flat_map(|key| {
            let [_, _, _, _, seq @ ..] = key.seq.number().to_be_bytes();
            key.hash.0.into_iter().chain(key.at_seconds.to_be_bytes()).chain(seq)
        });
        bytes.collect()
    }

    /// Reads what [`to_bytes`](Ring::to_bytes) wrote into the entry `newest`; none for anything else. The upper half of a
    /// sequence number is that of the newest, or one less where the count went over since.
    pub(crate) fn from_bytes(bytes: &[u8], newest: Seq) -> Option<Ring> {
        let (records, rest) = bytes.as_chunks::<24>();
        if !rest.is_empty() {
            return None;
        }
        let record = |record: &[u8; 24]| {
            let (hash, record) = record.split_first_chunk::<16>()?;
            let (seconds, seq) = record.split_first_chunk::<4>()?;
            let low = u64::from(u32::from_be_bytes(seq.try_into().ok()?));
            let high = newest.number() & !u64::from(u32::MAX);
            let same = high | low;
            let number = if same <= newest.number() { same } else { same.checked_sub(1 << 32)? };
            Some(UsedKey { hash: KeyHash(*hash), at_seconds: u32::from_be_bytes(*seconds), seq: Seq::new(number)? })
        };
        records.iter().map(record).collect::<Option<Vec<_>>>().map(Ring)
    }
}

#[cfg(test)]
mod tests {
    use domain::ProjectId;

    use super::*;

    fn project() -> Project {
        Project::new(ProjectId::parse("demo").unwrap())
    }

    fn key(number: u64, seq: u64, hours: u64) -> UsedKey {
        let hash = KeyHash(u128::from(number).to_be_bytes());
        UsedKey::new(hash, Seq::new(seq).unwrap(), Timestamp(0).plus(Duration::hours(hours)))
    }

    /// Sequence numbers are kept by their lower half; the newest entry tells the upper one, also where the count went over.
    #[test]
    fn a_ring_is_read_as_it_was_written_at_every_sequence_number() {
        let over = 1_u64 << 32;
        for newest in [1, 20, over - 1, over, over + 1, over + 19, 7 * over + 3, domain::ids::SEQ_MAX] {
            let seqs = (newest.saturating_sub(19).max(1)..=newest).collect::<Vec<_>>();
            let ring = Ring(seqs.iter().map(|seq| key(*seq, *seq, 0)).collect());
            assert_eq!(Ring::from_bytes(&ring.to_bytes(), Seq::new(newest).unwrap()), Some(ring), "newest {newest}");
        }
        assert_eq!(Ring::from_bytes(&[0; 25], Seq::FIRST), None, "not whole records");
        assert_eq!(Ring::from_bytes(&[0; 24], Seq::FIRST), None, "no entry is numbered 0");
    }

    #[test]
    fn a_turn_forgets_what_is_old_and_spills_what_has_no_room() {
        let at = Timestamp(0).plus(Duration::hours(30));
        let old = (0..3).map(|number| key(number, number + 1, 4));
        let young = |count: u64| (10..10 + count).map(|number| key(number, number, 6));

        let Turn { ring, spilled } = Ring(old.clone().chain(young(19)).collect()).turn(at, &project(), RING_KEYS_MAX);
        assert_eq!((ring.0.len(), spilled.len()), (19, 0), "old ones make room");
        let Turn { ring, spilled } = Ring(old.clone().chain(young(20)).collect()).turn(at, &project(), RING_KEYS_MAX);
        assert_eq!((ring.0.len(), spilled.len()), (10, 10));
        assert_eq!(spilled.first(), young(1).next().as_ref(), "the older half, without what is old");

        let forever = Project { permanent_keys: true, ..project() };
        let Turn { ring, spilled } = Ring(old.chain(young(19)).collect()).turn(at, &forever, RING_KEYS_MAX);
        assert_eq!((ring.0.len(), spilled.len()), (19, 3), "nothing leaves without a record");
    }

    #[test]
    fn a_ring_reaches_back_to_its_oldest_key_and_without_keys_nowhere() {
        let ring = Ring(vec![key(1, 5, 0), key(2, 9, 0)]);
        let reached = |seq| ring.reaches(Seq::new(seq).unwrap());
        assert_eq!([4, 5, 6, 9, 10].map(reached), [false, true, true, true, true]);
        assert!(!Ring::default().reaches(Seq::new(10).unwrap()), "all that it had may have been let go of");
    }

    #[test]
    fn a_key_counts_until_its_end() {
        let ring = Ring(vec![key(1, 1, 0)]);
        let (hash, end) = (key(1, 1, 0).hash, Timestamp(0).plus(KEY_LIFE));
        assert_eq!(ring.find(hash, end.minus(Duration(1)), &project()), Some(Seq::FIRST));
        assert_eq!(ring.find(hash, end, &project()), None);
        assert_eq!(ring.find(hash, end, &Project { unique_reference: true, ..project() }), Some(Seq::FIRST));
        assert_eq!(ring.find(key(2, 1, 0).hash, Timestamp(0), &project()), None);
    }
}
