//! The chain: read the newest entry, decide, put the next one under the condition that nobody else did.

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Get, ReturnConsumedCapacity, TransactGetItem};
use domain::decide::Mark;
use domain::{
    Account, AccountNumber, Addressed, Command, Context, Decision, Intent, Refusal, Seq, Timestamp, Transaction,
    TransactionId,
};

use futures_util::future::try_join_all;

use crate::Session;
use crate::error::{Error, Failure, Trouble};
use crate::item::{self, Entry, Item, Origin};
use crate::keys::{self, Key, KeyHash};
use crate::link::{self, Hash};
use crate::pace::Pace;
use crate::ring::{RING_KEYS_MAX, Turn};
use crate::write::{Landing, Write, complete};

/// The account that a request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its number.
    pub number: AccountNumber,
    /// What else was said about it, and has to be true.
    pub addressed: Addressed,
}

/// A transaction that is in the ledger.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The transaction.
    pub transaction: Transaction,
    /// Whether an earlier request with the same key put it there.
    pub replayed: bool,
}

/// What a decision about one account rests on.
struct Read {
    newest: Option<Entry>,
    original: Option<Entry>,
}

/// How often an account was looked at before a try, where others are at it too.
///
/// Between two entries there is at least the time from a read to the put that rests on it. So a try right after somebody
/// else's entry meets hardly anybody, and one long after the last is likely to come too late.
#[derive(Default)]
struct Looks {
    seen: Option<Seq>,
    count: u8,
}

impl Looks {
    const MAX: u8 = 2;

    /// Whether to look once more: at first, to have nothing that is older than the search for the key; then if there is no new
    /// entry.
    fn again(&mut self, newest: Option<&Entry>) -> bool {
        let seq = newest.map(|newest| newest.transaction.account.seq);
        let again = self.count < Looks::MAX && (self.seen.is_none() || self.seen == seq);
        *self = Looks { seen: seq, count: self.count.saturating_add(1) };
        again
    }
}

/// The next entries of one chain, ready to be written.
pub(crate) struct Append {
    /// What had expired, if anything had.
    expired: Option<Entry>,
    /// What was asked for.
    entry: Entry,
    mark: Option<Mark>,
    /// Key records that have to be there before.
    pub(crate) spilled: Vec<Item>,
}

impl Session<'_> {
    /// Does `command` to an account, exactly once for each key.
    ///
    /// # Errors
    /// [`Failure::Refused`] with nothing written, or [`Failure::Store`].
    pub async fn execute(&self, target: &Target, intent: &Intent, command: &Command) -> Result<Recorded, Failure> {
        let key = intent.key.as_ref().map(|key| KeyHash::of_account(&target.number, key));
        let origin = Origin { nonce: self.nonce, key, request: intent.fingerprint };
        let mut pace = Pace::race(self, keys::account(&self.project.id, &target.number)).await?;
        let mut read = self.read(target, command).await?;
        // Whether `read` is the newest there is, or just what stood in the way of a put.
        let mut queried = true;
        let mut round = 0_u32;
        // Up to which entry the key is known to have made none, and which key records are known to be there.
        let (mut none_until, mut recorded) = (None, Vec::new());
        let mut looks = Looks::default();
        loop {
            if let (Some(newest), Some(key)) = (&read.newest, key) {
                if let Some(entry) = self.entry_of_key(newest, key, none_until).await? {
                    return self.recorded(entry, intent);
                }
                none_until = Some(newest.transaction.account.seq);
            }
            let decision = match self.decide(&read, target, command) {
                Ok(decision) => decision,
                Err(_) if !queried => {
                    read = self.read(target, command).await?;
                    queried = true;
                    continue;
                }
                Err(refusal) if self.stands(&read, target, command).await? => return Err(refusal.into()),
                Err(_) => {
                    pace.lost(|| Error::Busy).await?;
                    read = self.read(target, command).await?;
                    continue;
                }
            };
            let append = self.append(read.newest.as_ref(), decision, origin, pace.ring_keys_max());
            if append.spilled != recorded {
                self.put_records(append.spilled.clone(), &mut pace).await?;
                recorded.clone_from(&append.spilled);
            }
            if pace.is_contended() && looks.again(read.newest.as_ref()) {
                read = self.read(target, command).await?;
                queried = true;
                continue;
            }
            match self.commit(&append.writes(self), &mut pace, round).await? {
                Landing::Committed => {
                    pace.won();
                    return Ok(Recorded { transaction: append.into_transaction(), replayed: false });
                }
                // The winner's entry is the state to decide on next, and came for free. Whoever loses again waits.
                Landing::Lost(Some(item)) if round == 0 && command.original().is_none() && !pace.is_contended() => {
                    read.newest = Some(Entry::from_item(&item)?);
                    queried = false;
                }
                Landing::Lost(_) => {
                    pace.lost(|| Error::Busy).await?;
                    read = self.read(target, command).await?;
                    queried = true;
                    looks = Looks::default();
                }
            }
            round = round.saturating_add(1);
        }
    }

    /// Books what has expired in an account, if anything has.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read or written.
    pub async fn expire(&self, number: &AccountNumber) -> Result<Option<Transaction>, Error> {
        let mut pace = Pace::of(self);
        let mut round = 0_u32;
        loop {
            let Some(newest) = self.newest(number).await? else { return Ok(None) };
            let Some(transaction) = domain::expire(&newest.transaction.account, self.now) else { return Ok(None) };
            let decision = Decision { expired: None, transaction, mark: None };
            let append = self.append(Some(&newest), decision, Origin::nobody(self.nonce), RING_KEYS_MAX);
            self.put_records(append.spilled.clone(), &mut pace).await?;
            match self.commit(&append.writes(self), &mut pace, round).await? {
                Landing::Committed => return Ok(Some(append.into_transaction())),
                Landing::Lost(_) => pace.lost(|| Error::Busy).await?,
            }
            round = round.saturating_add(1);
        }
    }

    /// The newest entry of an account: its state. None if there is no such account.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn newest(&self, number: &AccountNumber) -> Result<Option<Entry>, Error> {
        self.meter.call();
        let query = self.store.client.query().table_name(&self.store.tables.ledger);
        let query = query.key_condition_expression("pk = :account AND begins_with(sk, :entries)");
        let query =
            query.expression_attribute_values(":account", AttributeValue::S(keys::account(&self.project.id, number)));
        let query = query.expression_attribute_values(":entries", AttributeValue::S(keys::ENTRIES.to_owned()));
        let query = query.scan_index_forward(false).limit(1).consistent_read(true);
        let page = query.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(Trouble::of)?;
        self.meter.read(page.consumed_capacity());
        page.items().first().map(Entry::from_item).transpose()
    }

    /// The states of those accounts, in that order, without the ones that there are not.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn newest_of(&self, numbers: impl Iterator<Item = AccountNumber>) -> Result<Vec<Account>, Error> {
        let entries = try_join_all(numbers.map(|number| async move { self.newest(&number).await })).await?;
        Ok(entries.into_iter().flatten().map(|entry| entry.transaction.account).collect())
    }

    /// The first entries of those accounts, in that order, without the ones that there are not.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn openings_of(&self, numbers: impl Iterator<Item = AccountNumber>) -> Result<Vec<Transaction>, Error> {
        let ids: Vec<TransactionId> = numbers.map(|account| TransactionId { account, seq: Seq::FIRST }).collect();
        self.transactions_of(&ids).await
    }

    /// One entry of an account.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn entry(&self, number: &AccountNumber, seq: Seq) -> Result<Option<Entry>, Error> {
        let item = self.get(&keys::entry(&self.project.id, number, seq)).await?;
        item.as_ref().map(Entry::from_item).transpose()
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, Error> {
        self.meter.call();
        let get = self.store.client.get_item().table_name(&self.store.tables.ledger);
        let get = get.key("pk", AttributeValue::S(key.pk.clone())).key("sk", AttributeValue::S(key.sk.clone()));
        let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let got = get.send().await.map_err(Trouble::of)?;
        self.meter.read(got.consumed_capacity());
        Ok(got.item)
    }

    /// Reads items as they are between transactions. A plain read may see one item of a transaction and not yet another.
    /// [`Trouble::Contended`] says that a transaction has one of them.
    pub(crate) async fn get_settled(&self, keys: &[&Key]) -> Result<Vec<Option<Item>>, Trouble> {
        self.meter.call();
        let items = keys.iter().map(|key| {
            let get = Get::builder().table_name(&self.store.tables.ledger);
            let get = get.key("pk", AttributeValue::S(key.pk.clone())).key("sk", AttributeValue::S(key.sk.clone()));
            TransactGetItem::builder().get(complete(get.build())).build()
        });
        let get = self.store.client.transact_get_items().set_transact_items(Some(items.collect()));
        let got = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        let got = got.map_err(|error| match error.as_service_error() {
            Some(TransactGetItemsError::TransactionCanceledException(canceled)) => {
                Trouble::of_reasons(canceled.cancellation_reasons())
            }
            _ => Trouble::of(error),
        })?;
        self.meter.read(got.consumed_capacity());
        Ok(got.responses.unwrap_or_default().into_iter().map(|response| response.item).collect())
    }

    /// The account's state and the entry that the command refers to, in one round trip.
    async fn read(&self, target: &Target, command: &Command) -> Result<Read, Error> {
        let original = async {
            match command.original() {
                Some(id) if id.account == target.number => self.entry(&id.account, id.seq).await,
                _ => Ok(None),
            }
        };
        let (newest, original) = tokio::try_join!(self.newest(&target.number), original)?;
        Ok(Read { newest, original })
    }

    /// The entry that a key made: in the ring, or in a key record if the account has any that still count.
    /// Nothing is looked up whose answer is known from having looked when the newest entry was `none_until`.
    async fn entry_of_key(
        &self,
        newest: &Entry,
        key: KeyHash,
        none_until: Option<Seq>,
    ) -> Result<Option<Entry>, Error> {
        let account = &newest.transaction.account;
        let at = self.now.max(account.at);
        let ring = newest.keys();
        let seq = match ring.find(key, at, self.project) {
            Some(seq) => Some(seq),
            None if none_until.is_some_and(|until| until == account.seq || ring.reaches(until)) => None,
            None if newest.spilled_until.is_some_and(|until| at < until) => {
                let record = self.get(&keys::account_key(&self.project.id, &account.number, key)).await?;
                let record = record.as_ref().map(item::of_key_record).transpose()?;
                record.filter(|(_, end)| end.is_none_or(|end| at < end)).map(|(seq, _)| seq)
            }
            None => None,
        };
        match seq {
            None => Ok(None),
            Some(seq) if seq == account.seq => Ok(Some(newest.clone())),
            Some(seq) => {
                let entry = self.entry(&account.number, seq).await?;
                entry.map(Some).ok_or_else(|| Error::damaged("missing entry of a key", seq.number()))
            }
        }
    }

    /// The answer that a key had before.
    fn recorded(&self, entry: Entry, intent: &Intent) -> Result<Recorded, Failure> {
        if entry.origin.request != intent.fingerprint {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        // What this very request wrote before its answer was lost is no replay.
        let replayed = entry.origin.nonce != self.nonce;
        Ok(Recorded { transaction: entry.transaction, replayed })
    }

    fn decide(&self, read: &Read, target: &Target, command: &Command) -> Result<Decision, Refusal> {
        let context = Context {
            now: self.now,
            addressed: &target.addressed,
            original: read.original.as_ref().map(|entry| &entry.transaction),
            refund_extension: self.project.refund_extension,
        };
        domain::decide(read.newest.as_ref().map(|entry| &entry.transaction.account), command, &context)
    }

    /// Whether a refusal can be answered. One that rests on two items, which were not read at one moment, may fit neither the
    /// moment before something else happened nor the one after, and may have missed that its own key was used. It stands if
    /// between transactions the chain has not gone on, and the original is as it was when this was decided.
    async fn stands(&self, read: &Read, target: &Target, command: &Command) -> Result<bool, Error> {
        let (Some(newest), Some(original)) = (&read.newest, command.original()) else { return Ok(true) };
        let Some(next) = newest.transaction.account.seq.next().filter(|_| original.account == target.number) else {
            return Ok(true);
        };
        let places = [next, original.seq].map(|seq| keys::entry(&self.project.id, &target.number, seq));
        // DynamoDB takes no item twice.
        let wanted: Vec<&Key> =
            if original.seq == next { places.iter().take(1).collect() } else { places.iter().collect() };
        let items = match self.get_settled(&wanted).await {
            Ok(items) => items,
            // It is about to go on.
            Err(Trouble::Contended) => return Ok(false),
            Err(trouble) => return Err(trouble.into()),
        };
        let mut entries = items.into_iter().map(|item| item.as_ref().map(Entry::from_item).transpose());
        let next = entries.next().transpose()?.flatten();
        let original = entries.next().transpose()?.flatten();
        let marks = |entry: &Entry| (entry.transaction.refunded, entry.transaction.canceled_by);
        Ok(next.is_none() && original.as_ref().map(marks) == read.original.as_ref().map(marks))
    }

    /// The entries that a decision adds after `newest`, with their ring and links.
    pub(crate) fn append(
        &self,
        newest: Option<&Entry>,
        decision: Decision,
        origin: Origin,
        ring_keys_max: usize,
    ) -> Append {
        let Decision { expired, transaction, mark } = decision;
        let at = transaction.account.at;
        let Turn { ring, spilled } = newest.map(Entry::keys).unwrap_or_default().turn(at, self.project, ring_keys_max);
        let until = newest.and_then(|entry| entry.spilled_until).filter(|until| at < *until);
        let spilled_until = spilled.iter().map(|key| self.looked_up_until(key.end())).chain(until).max();
        let records = spilled.iter().map(|key| item::key_record(self.project, &transaction.account.number, key));
        let spilled = records.collect();

        let follow = |previous: Hash, transaction: Transaction, key: Option<KeyHash>| {
            let origin = Origin { key, ..origin };
            let hash = link::hash(previous, self.project.id.as_str(), &transaction, &origin);
            Entry { transaction, origin, previous, hash, ring: ring.clone(), spilled_until }
        };
        let previous = newest.map_or(Hash::ORIGIN, |entry| entry.hash);
        // What had expired is booked for nobody: only the entry that was asked for has the key.
        let expired = expired.map(|expired| follow(previous, expired, None));
        let previous = expired.as_ref().map_or(previous, |expired| expired.hash);
        Append { entry: follow(previous, transaction, origin.key), expired, mark, spilled }
    }

    fn looked_up_until(&self, end: Timestamp) -> Timestamp {
        if self.project.keeps_keys() { Timestamp(u64::MAX) } else { end }
    }
}

impl Append {
    /// The writes that commit it, the entry next to the newest first.
    pub(crate) fn writes(&self, session: &Session<'_>) -> Vec<Write> {
        let feed = session.store.tables.feed;
        let entries = self.expired.iter().chain([&self.entry]);
        let mut writes: Vec<Write> = entries.map(|entry| Write::Create(entry.to_item(session.project, feed))).collect();
        if let Some(mark) = self.mark {
            let (Mark::Refunded { original, .. } | Mark::Canceled { original, .. }) = mark;
            let number = &self.entry.transaction.account.number;
            writes.push(Write::Mark { entry: keys::entry(&session.project.id, number, original), mark });
        }
        writes
    }

    /// What was asked for.
    pub(crate) fn into_transaction(self) -> Transaction {
        self.entry.transaction
    }
}
