//! One chain, entry by entry from the oldest: what each of them has to be after the ones before it. Reads nothing, so that it
//! takes any entries, and keeps only what later ones are held against.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{AccountNumber, Balance, Kind, Project, Seq, Timestamp};

use super::finding::{Finding, Flaw, Rule, Subject};
use super::marks::{Marks, Original};
use super::repair::Repair;
use super::used::{Recorded, Used};
use super::{Head, rules};
use crate::error::Error;
use crate::item::{self, Entry, Item};
use crate::keys::{self, KeyHash};
use crate::ring::UsedKey;
use crate::write::number;

/// How many findings of one account are told one by one.
const FINDINGS_MAX: usize = 1_000;

/// A chain that is being walked.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    project: &'a Project,
    account: &'a AccountNumber,
    /// Whether every transaction has to have a place in the feed.
    feed: bool,
    /// What an earlier run saw.
    head: Option<&'a Head>,
    /// The entry before, if it could be read.
    before: Option<Entry>,
    /// The number that comes next.
    next: u64,
    /// How many entries there were.
    pub(crate) entries: u64,
    /// The sum of the amounts so far; none after a gap.
    sum: Option<i64>,
    pub(crate) marks: Marks,
    used: Used,
    pub(crate) findings: Vec<Finding>,
    /// How many more findings there were.
    pub(crate) more: u64,
    /// Whether there are entries after the last one that went by.
    ended: bool,
    /// Whether everything so far was as it has to be, so that what it says can be relied on.
    is_sound: bool,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(
        project: &'a Project,
        account: &'a AccountNumber,
        feed: bool,
        head: Option<&'a Head>,
    ) -> Chain<'a> {
        Chain {
            project,
            account,
            feed,
            head,
            before: None,
            next: 1,
            entries: 0,
            sum: Some(0),
            marks: Marks::default(),
            used: Used::new(),
            findings: Vec::new(),
            more: 0,
            ended: false,
            is_sound: true,
        }
    }

    /// The number that the next entry has to have.
    pub(crate) fn next(&self) -> Option<Seq> {
        Seq::new(self.next)
    }

    /// The newest entry that went by, if it could be read.
    pub(crate) fn newest(&self) -> Option<&Entry> {
        self.before.as_ref()
    }

    /// Whether `item` is an entry's by its key; everything else in the partition is not part of the chain.
    pub(crate) fn place_of(item: &Item) -> Option<Seq> {
        let text = item.get("sk")?.as_s().ok()?;
        let seq = text.strip_prefix(keys::ENTRIES)?.parse().ok().and_then(Seq::new)?;
        (keys::seq(seq) == *text).then_some(seq)
    }

    /// The next item of the partition that is an entry's by its key.
    pub(crate) fn pass(&mut self, seq: Seq, item: &Item) {
        self.entries = self.entries.saturating_add(1);
        if let Some(missing) = self.next().filter(|next| *next < seq) {
            let through = Seq::new(seq.number().saturating_sub(1)).unwrap_or(missing);
            self.break_off(missing, Flaw::Missing { through });
        }
        self.next = seq.number().saturating_add(1);
        match Entry::from_item(item) {
            Err(error) => self.break_off(seq, Flaw::Unreadable { attribute: unreadable(&error) }),
            Ok(entry) => self.pass_entry(entry, item),
        }
    }

    fn pass_entry(&mut self, entry: Entry, item: &Item) {
        let seq = entry.transaction.account.seq;
        self.compare(&entry, item);
        let expected = entry.expected_hash(&self.project.id);
        if entry.hash != expected {
            self.tell(seq, Flaw::Hash { expected, found: entry.hash });
        }
        if let Some(head) = self.head.filter(|head| head.seq == seq && head.hash != entry.hash) {
            self.tell(seq, Flaw::Rewritten { expected: head.hash, found: entry.hash });
        }
        self.follow(&entry);
        for flaw in self.used.pass(self.before.as_ref(), &entry) {
            self.tell(seq, flaw);
        }
        self.marks.pass(&entry);
        self.before = Some(entry);
    }

    /// What the entry says about itself twice has to be the same, and there is nothing else in the item.
    fn compare(&mut self, entry: &Entry, item: &Item) {
        let seq = entry.transaction.account.seq;
        let account = &entry.transaction.account.number;
        if account != self.account {
            let [expected, found] = [self.account, account].map(|number| Some(number.as_str().to_owned()));
            self.tell(seq, Flaw::Attribute { attribute: "acct".to_owned(), expected, found });
            return;
        }
        let listed = self.feed || item.contains_key("feed");
        let right = entry.to_item(self.project, listed);
        for flaw in differences(&right, item) {
            let repair = is_feed(&flaw).then(|| Repair::Attribute {
                key: keys::entry(&self.project.id, self.account, seq),
                guard: ("hash", AttributeValue::B(entry.hash.0.to_vec().into())),
                name: "feed",
                found: item.get("feed").cloned(),
                right: right.get("feed").cloned(),
            });
            self.tell_with(seq, flaw, repair);
        }
    }

    /// What the entry has to be after the one before it.
    fn follow(&mut self, entry: &Entry) {
        let transaction = &entry.transaction;
        let (seq, posted) = (transaction.account.seq, transaction.account.lots.posted().minor_units());
        let mut flaws = Vec::new();
        let previous = match &self.before {
            None if seq == Seq::FIRST => Some(crate::Hash::ORIGIN),
            None => None,
            Some(before) => Some(before.hash),
        };
        if let Some(expected) = previous.filter(|expected| *expected != entry.previous) {
            flaws.push(Flaw::Link { expected, found: entry.previous });
        }
        let sum = self.sum.and_then(|sum| sum.checked_add(transaction.amount().minor_units()));
        match sum {
            Some(expected) if u64::try_from(expected) != Ok(posted) => {
                flaws.push(Flaw::Balance { expected, found: posted });
            }
            _ => {
                let lots = self.before.as_ref().map(|before| before.transaction.account.lots.after(&transaction.moves));
                if lots.is_some_and(|lots| lots.as_ref() != Some(&transaction.account.lots)) {
                    flaws.push(Flaw::Lots);
                }
            }
        }
        self.sum = i64::try_from(posted).ok();
        let broken = match &self.before {
            None if seq == Seq::FIRST => rules::of_opening(transaction),
            None => Vec::new(),
            Some(before) => rules::of_following(&before.transaction.account, transaction),
        };
        flaws.extend(broken.into_iter().map(|rule| Flaw::Rule { rule }));
        if let Some(before) = &self.before {
            let (expected, found) = (before.transaction.account.at, transaction.account.at);
            if found < expected {
                flaws.push(Flaw::Time { expected, found });
            }
            let together = before.origin.nonce == entry.origin.nonce && expected == found;
            if needs_a_follower(before) && !together {
                self.tell(before.transaction.account.seq, Flaw::Rule { rule: Rule::ExpiryAlone });
            }
        }
        for flaw in flaws {
            self.tell(seq, flaw);
        }
    }

    /// Whether the last entry has to have one after it: seen in the middle of a transaction, or for good.
    pub(crate) fn ends_open(&self) -> bool {
        !self.ended && self.newest().is_some_and(needs_a_follower)
    }

    /// An entry that was written after the last one that went by.
    pub(crate) fn pass_later(&mut self, entry: &Entry) {
        self.ended = true;
        self.marks.refer(&entry.transaction);
    }

    /// A record of one of the account's keys. None if all is said about it; otherwise the entry that it names, which has to
    /// have that key.
    pub(crate) fn record(&mut self, hash: KeyHash, item: &Item, now: Timestamp) -> Option<Seq> {
        let Ok((seq, end)) = item::of_key_record(item) else {
            self.tell_of_record(hash, Flaw::Unreadable { attribute: "seq or till".to_owned() });
            return None;
        };
        for flaw in differences(&item::record(&self.project.id, self.account, hash, seq, end), item) {
            self.tell_of_record(hash, flaw);
        }
        let now = self.newest().map_or(now, |newest| now.max(newest.transaction.account.at));
        if end.is_some_and(|end| end <= now) {
            return None;
        }
        match self.used.record(hash, seq, end, self.project) {
            Recorded::Right => None,
            Recorded::Unknown => Some(seq),
            Recorded::Wrong(used) => {
                let repair = self.record_of(&used, Some(item.clone()));
                self.tell_with(used.seq, Flaw::KeyRecord, Some(repair));
                None
            }
        }
    }

    /// A record whose key no entry has.
    pub(crate) fn record_of_nothing(&mut self, hash: KeyHash, seq: Seq) {
        self.tell_of_record(hash, Flaw::KeyOfNothing { found: seq });
    }

    /// Keys that are honoured, have no record, and need one.
    pub(crate) fn unrecorded(&self, now: Timestamp) -> Vec<UsedKey> {
        let owed = self.newest().map(|newest| self.used.owed(newest, now, self.project)).unwrap_or_default();
        owed.into_iter().filter(|(_, recorded, _)| !recorded).map(|(key, _, _)| key).collect()
    }

    /// What can only be said at the end: of marks, of keys, and of the end itself.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        for mismatch in self.marks.mismatches() {
            let repair =
                mismatch.mark_of.as_ref().and_then(|original| self.mark(mismatch.at, &mismatch.flaw, original));
            self.tell_with(mismatch.at, mismatch.flaw, repair);
        }
        let owed = self.newest().map(|newest| self.used.owed(newest, now, self.project)).unwrap_or_default();
        for (key, recorded, looked_up) in owed {
            if !recorded || !looked_up {
                // The ring itself is part of an entry and stays as it is.
                let repair = looked_up.then(|| self.record_of(&key, None));
                self.tell_with(key.seq, Flaw::KeyLost, repair);
            }
        }
        if self.ends_open()
            && let Some(newest) = self.newest()
        {
            self.tell(newest.transaction.account.seq, Flaw::Rule { rule: Rule::ExpiryAlone });
        }
        if let Some(head) = self.head
            && self.next <= head.seq.number()
        {
            self.is_sound = false;
            self.tell_of_account(Flaw::Shortened { expected: head.seq });
        }
        if !self.is_sound {
            // What other entries say is only worth something if all of them can be believed.
            for finding in &mut self.findings {
                finding.repair = finding.repair.take().filter(|_| is_feed(&finding.flaw));
            }
        }
    }

    /// The newest entry, if everything was as it has to be.
    pub(crate) fn head(&self) -> Option<Head> {
        let newest = self.newest().filter(|_| self.findings.is_empty())?;
        let (project, account) = (self.project.id.clone(), self.account.clone());
        Some(Head { project, account, seq: newest.transaction.account.seq, hash: newest.hash })
    }

    fn mark(&self, seq: Seq, flaw: &Flaw, original: &Original) -> Option<Repair> {
        let key = keys::entry(&self.project.id, self.account, seq);
        let guard = ("hash", AttributeValue::B(original.hash.0.to_vec().into()));
        let (name, found, right) = if let Flaw::RefundedMark { expected, found } = flaw {
            let units = |mark: &Balance| (!mark.is_zero()).then(|| number(mark.minor_units()));
            ("refunded", units(found), units(expected))
        } else if let Flaw::CanceledMark { expected, found } = flaw {
            let by = |mark: &Option<Seq>| mark.map(|seq| number(seq.number()));
            ("canceled", by(found), by(expected))
        } else {
            return None;
        };
        Some(Repair::Attribute { key, guard, name, found, right })
    }

    fn record_of(&self, key: &UsedKey, found: Option<Item>) -> Repair {
        Repair::Record { item: item::key_record(self.project, self.account, key), found }
    }

    /// What comes after is held against nothing before.
    fn break_off(&mut self, seq: Seq, flaw: Flaw) {
        self.tell(seq, flaw);
        self.before = None;
        self.sum = None;
    }

    pub(crate) fn tell(&mut self, seq: Seq, flaw: Flaw) {
        self.tell_with(seq, flaw, None);
    }

    pub(crate) fn tell_of_account(&mut self, flaw: Flaw) {
        let subject = Subject::Account { project: self.project.id.clone(), account: self.account.clone() };
        self.push(Finding::new(subject, flaw));
    }

    fn tell_of_record(&mut self, hash: KeyHash, flaw: Flaw) {
        let keys::Key { pk, sk } = keys::account_key(&self.project.id, self.account, hash);
        self.push(Finding::new(Subject::Item { pk, sk }, flaw));
    }

    fn tell_with(&mut self, seq: Seq, flaw: Flaw, repair: Option<Repair>) {
        self.is_sound &= !breaks_chain(&flaw);
        let subject = Subject::Entry { project: self.project.id.clone(), account: self.account.clone(), seq };
        self.push(Finding { subject, flaw, repair });
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// Whether what the entries say about others can be relied on no longer.
fn breaks_chain(flaw: &Flaw) -> bool {
    let beside = matches!(
        flaw,
        Flaw::RefundedMark { .. }
            | Flaw::CanceledMark { .. }
            | Flaw::KeyTwice { .. }
            | Flaw::Ring
            | Flaw::KeyLost
            | Flaw::KeyRecord
            | Flaw::Rule { rule: Rule::ExpiryAlone }
    );
    !beside && !is_feed(flaw)
}

/// Whether an entry books what had expired for the sake of another one, written with it.
fn needs_a_follower(entry: &Entry) -> bool {
    entry.transaction.kind == Kind::Expired && !entry.origin.is_nobody()
}

fn is_feed(flaw: &Flaw) -> bool {
    matches!(flaw, Flaw::Attribute { attribute, .. } if attribute == "feed")
}

/// The attribute that an item could not be read for: the last word of what was said.
pub(crate) fn unreadable(error: &Error) -> String {
    let text = error.to_string();
    text.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// In what an item is not what it has to be.
pub(crate) fn differences(right: &Item, found: &Item) -> Vec<Flaw> {
    let names = right.keys().chain(found.keys().filter(|name| !right.contains_key(*name)));
    let mut differing: Vec<&String> = names.filter(|name| right.get(*name) != found.get(*name)).collect();
    differing.sort();
    let flaw = |name: &String| Flaw::Attribute {
        attribute: name.clone(),
        expected: right.get(name).map(shown),
        // An attribute of no known name may hold anything.
        found: found.get(name).map(|value| if right.contains_key(name) { shown(value) } else { "there".to_owned() }),
    };
    differing.into_iter().map(flaw).collect()
}

/// Numbers, and texts that are built from identifiers; what callers said is never among what differs.
fn shown(value: &AttributeValue) -> String {
    let text = value.as_n().or_else(|_| value.as_s());
    text.map_or_else(|_| "something else".to_owned(), String::clone)
}

#[cfg(test)]
mod tests {
    use domain::{
        Addressed, Amount, Command, Context, Currency, Decision, Duration, Expiry, Fingerprint, NewAccount, Note,
        ProjectId, Status, TransactionId, WalletId, decide,
    };

    use super::*;
    use crate::Hash;
    use crate::item::Origin;
    use crate::link;
    use crate::ring::Ring;

    fn project() -> Project {
        Project::new(ProjectId::parse("demo").unwrap())
    }

    fn account() -> AccountNumber {
        AccountNumber::parse("card").unwrap()
    }

    fn load(amount: u64) -> Command {
        let amount = Amount::new(amount).unwrap();
        Command::Load { amount, earned: false, expiry: Expiry::Never, note: Note::default() }
    }

    fn spend(amount: u64) -> Command {
        Command::Spend { amount: Amount::new(amount).unwrap(), note: Note::default() }
    }

    fn refund(original: u64, amount: u64) -> Command {
        let original = TransactionId { account: account(), seq: Seq::new(original).unwrap() };
        Command::Refund { original, amount: Amount::new(amount) }
    }

    /// A chain that is opened and then does that, with the marks that its originals have in the end.
    fn written(commands: &[Command]) -> Vec<Entry> {
        let new = NewAccount { number: account(), currency: Currency::parse("EUR").unwrap(), exponent: 2, title: None };
        let open = Command::Open { new, wallet: WalletId::parse("w").unwrap(), status: Status::Active };
        let mut chain: Vec<Entry> = Vec::new();
        for command in [&open].into_iter().chain(commands) {
            let original = command.original().and_then(|id| chain.iter().position(|e| e.transaction.id() == *id));
            let context = Context {
                now: Timestamp(1_000),
                addressed: &Addressed::default(),
                original: original.map(|place| &chain[place].transaction),
                refund_extension: Duration::days(30),
            };
            let before = chain.last();
            let Decision { transaction, mark, .. } =
                decide(before.map(|entry| &entry.transaction.account), command, &context).unwrap();
            let previous = before.map_or(Hash::ORIGIN, |entry| entry.hash);
            let origin = Origin { nonce: 0, key: None, request: Fingerprint([0; 16]) };
            let hash = link::hash(previous, "demo", &transaction, &origin);
            if let (Some(domain::decide::Mark::Refunded { after, .. }), Some(place)) = (mark, original) {
                chain[place].transaction.refunded = after;
            }
            chain.push(Entry { transaction, origin, previous, hash, ring: Ring::default(), spilled_until: None });
        }
        chain
    }

    fn pass(chain: &mut Chain<'_>, entries: &[Entry]) {
        for entry in entries {
            chain.pass(entry.transaction.account.seq, &entry.to_item(&project(), true));
        }
    }

    fn flaws(chain: &mut Chain<'_>) -> Vec<Flaw> {
        chain.finish(Timestamp(2_000));
        chain.findings.drain(..).map(|finding| finding.flaw).collect()
    }

    #[test]
    fn a_chain_as_it_is_written_has_no_flaw() {
        let (project, account) = (project(), account());
        let mut chain = Chain::new(&project, &account, true, None);
        pass(&mut chain, &written(&[load(100), spend(60), refund(3, 20), refund(3, 40), spend(100)]));
        assert!(chain.marks.open().is_empty());
        assert_eq!(flaws(&mut chain), []);
        assert_eq!(chain.head().map(|head| head.seq.number()), Some(6));
    }

    #[test]
    fn after_a_gap_nothing_is_held_against_what_was_before_it() {
        let (project, account) = (project(), account());
        let mut entries = written(&[load(100), spend(60), spend(10), load(5)]);
        entries.remove(2);
        let mut chain = Chain::new(&project, &account, true, None);
        pass(&mut chain, &entries);
        assert_eq!(chain.head(), None, "what is not sound is not vouched for");
        assert_eq!(flaws(&mut chain), [Flaw::Missing { through: Seq::new(3).unwrap() }]);
    }

    /// The original was read when it was marked already, and the walk had ended before what marked it.
    #[test]
    fn a_mark_that_is_ahead_is_right_once_the_chain_was_read_on() {
        let (project, account) = (project(), account());
        let entries = written(&[load(100), spend(60), refund(3, 20), refund(3, 40)]);
        let mut chain = Chain::new(&project, &account, true, None);
        pass(&mut chain, &entries[..4]);
        let spent = entries[2].transaction.account.seq;
        assert_eq!(chain.marks.open(), [spent]);
        chain.pass_later(&entries[4]);
        assert_eq!(chain.marks.open(), []);
        assert_eq!(flaws(&mut chain), []);
    }

    /// Between reading an original again and reading on, more of it may be refunded; but less than was seen before, or more
    /// than was seen after, never was.
    #[test]
    fn a_mark_lies_between_what_was_seen_before_and_after_it() {
        let (project, account) = (project(), account());
        let entries = written(&[load(100), spend(60), refund(3, 20), refund(3, 10), refund(3, 10)]);
        let spent = entries[2].transaction.account.seq;
        for (mark, is_right) in [(19, false), (20, true), (30, true), (40, true), (41, false)] {
            let mut chain = Chain::new(&project, &account, true, None);
            pass(&mut chain, &entries[..4]);
            let mut original = entries[2].clone();
            original.transaction.refunded = Balance::new(mark).unwrap();
            chain.marks.reread(spent, Some(Original::of(&original)));
            entries[4..].iter().for_each(|entry| chain.pass_later(entry));
            assert_eq!(chain.marks.open().is_empty(), is_right, "{mark}");
            assert_eq!(flaws(&mut chain).is_empty(), is_right, "{mark}");
        }
    }

    /// Their own originals may not have been read: they are for the next verification.
    #[test]
    fn entries_that_were_written_later_are_not_verified_themselves() {
        let (project, account) = (project(), account());
        let mut entries = written(&[load(100), spend(60), spend(10), refund(3, 20), refund(4, 5)]);
        for entry in &mut entries {
            entry.transaction.refunded = Balance::ZERO;
        }
        let mut chain = Chain::new(&project, &account, true, None);
        pass(&mut chain, &entries[..3]);
        entries[3..].iter().for_each(|entry| chain.pass_later(entry));
        assert_eq!(chain.marks.open(), []);
        assert_eq!(flaws(&mut chain), []);
    }

    #[test]
    fn findings_without_end_are_counted_and_not_kept() {
        let (project, account) = (project(), account());
        let mut entries = written(&vec![load(1); FINDINGS_MAX + 9]);
        for entry in &mut entries {
            entry.hash = Hash::ORIGIN;
        }
        let mut chain = Chain::new(&project, &account, true, None);
        pass(&mut chain, &entries);
        // 1,010 wrong hashes, and 1,009 links to others.
        assert_eq!((chain.findings.len(), chain.more), (1_000, 1_019));
    }
}
