//! Listing transactions: of one account, of several, or of a whole project, in the order of time.
//!
//! Dense numbers make every part of a chain an interval of sort keys, so a page of one account costs the same wherever it
//! lies. Several chains are merged; a whole project is read from its feed.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{AccountNumber, Seq, Timestamp, Transaction, TransactionId};
use futures_util::future::try_join_all;

use crate::Session;
use crate::error::{Error, Trouble};
use crate::feed::Place;
use crate::item::Entry;
use crate::keys::{self, Feed};

/// How many entries of a chain, or places of the feed, are read at once when it is not known how many will be needed.
const READ_AHEAD: u64 = 100;

/// Which comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest.
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

/// A span of time: from `start` on, before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The first instant in it.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Times {
    /// All of time.
    pub const ALL: Times = Times { start: Timestamp(0), end: Timestamp(u64::MAX >> 1) };
}

/// Where a listing goes on: for each account the next number, or the last place in the feed. Its text is for the caller to
/// send back, not to look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The next number of each account that has more.
    Chains(BTreeMap<AccountNumber, Seq>),
    /// The last entry that was seen of a project.
    Feed {
        /// When it was written.
        at: Timestamp,
        /// Which it is.
        id: TransactionId,
    },
}

impl Cursor {
    /// Whether it was given out for a listing of those accounts.
    #[must_use]
    pub fn is_of(&self, accounts: &[(AccountNumber, Seq)]) -> bool {
        match self {
            Cursor::Chains(next) => next.keys().all(|one| accounts.iter().any(|(account, _)| account == one)),
            Cursor::Feed { .. } => false,
        }
    }

    /// Whether it was given out for a listing of a project.
    #[must_use]
    pub fn is_of_project(&self) -> bool {
        matches!(self, Cursor::Feed { .. })
    }

    /// Reads a cursor; none if it can not be one that was given out. It has one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Cursor> {
        let cursor = if let Some((at, id)) = text.split_once('@') {
            Cursor::Feed { at: Timestamp(at.parse().ok()?), id: TransactionId::parse(id)? }
        } else {
            let next = |id: &str| TransactionId::parse(id).map(|id| (id.account, id.seq));
            text.split(',').map(next).collect::<Option<_>>().map(Cursor::Chains)?
        };
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cursor::Feed { at, id } => write!(f, "{}@{id}", at.0),
            Cursor::Chains(next) => {
                let ids = next.iter().map(|(account, seq)| format!("{account}-{}", seq.number()));
                f.write_str(&ids.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// A listing on its way: gives one transaction after the other.
#[derive(Debug)]
pub struct Listing<'s> {
    session: &'s Session<'s>,
    order: Order,
    source: Source,
    read_ahead: u64,
    total: Option<u64>,
}

#[derive(Debug)]
enum Source {
    Chains(Vec<Chain>),
    Project { kinds: Vec<Feed>, times: Times, last: Option<Place>, ahead: VecDeque<Transaction>, ended: bool },
}

/// What is left of one chain.
#[derive(Debug)]
struct Chain {
    account: AccountNumber,
    /// The lowest and the highest number that are left to give; none when nothing is.
    left: Option<(Seq, Seq)>,
    ahead: VecDeque<Transaction>,
}

impl<'s> Session<'s> {
    /// Lists the chains of accounts, whose newest numbers are known. Strongly consistent.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn list_accounts_history(
        &'s self,
        accounts: &[(AccountNumber, Seq)],
        times: Times,
        order: Order,
        cursor: Option<&Cursor>,
    ) -> Result<Listing<'s>, Error> {
        let chains = accounts.iter().map(|(account, total)| async move {
            let mut left = self.within(account, *total, times).await?;
            let count = left.map_or(0, count);
            if let Some(Cursor::Chains(next)) = cursor {
                left = match (left, next.get(account), order) {
                    (Some((first, last)), Some(next), Order::NewestFirst) => Some((first, last.min(*next))),
                    (Some((first, last)), Some(next), Order::OldestFirst) => Some((first.max(*next), last)),
                    (None, _, _) | (_, None, _) => None,
                };
            }
            let left = left.filter(|(first, last)| first <= last);
            Ok::<_, Error>((count, Chain { account: account.clone(), left, ahead: VecDeque::new() }))
        });
        let (counts, chains): (Vec<u64>, Vec<Chain>) = try_join_all(chains).await?.into_iter().unzip();
        let total = Some(counts.into_iter().fold(0, u64::saturating_add));
        Ok(Listing { session: self, order, source: Source::Chains(chains), read_ahead: READ_AHEAD, total })
    }

    /// Lists what a whole project has written, from its feed. Eventually consistent.
    #[must_use]
    pub fn list_project_history(&'s self, times: Times, order: Order, cursor: Option<&Cursor>) -> Listing<'s> {
        self.list_feed(vec![Feed::Transactions, Feed::Accounts], times, order, cursor)
    }

    /// Lists the first entries of a project's accounts, from its feed. Eventually consistent.
    #[must_use]
    pub fn list_project_openings(&'s self, order: Order, cursor: Option<&Cursor>) -> Listing<'s> {
        self.list_feed(vec![Feed::Accounts], Times::ALL, order, cursor)
    }

    fn list_feed(&'s self, kinds: Vec<Feed>, times: Times, order: Order, cursor: Option<&Cursor>) -> Listing<'s> {
        let last = match cursor {
            Some(Cursor::Feed { at, id }) => Some(Place::of(id, *at)),
            Some(Cursor::Chains(_)) | None => None,
        };
        let source = Source::Project { kinds, times, last, ahead: VecDeque::new(), ended: false };
        Listing { session: self, order, source, read_ahead: READ_AHEAD, total: None }
    }

    /// The numbers of a chain of `total` entries that were written within `times`.
    async fn within(&self, account: &AccountNumber, total: Seq, times: Times) -> Result<Option<(Seq, Seq)>, Error> {
        if times == Times::ALL {
            return Ok(Some((Seq::FIRST, total)));
        }
        let Some(first) = self.first_at_or_after(account, total, times.start).await? else { return Ok(None) };
        let after = self.first_at_or_after(account, total, times.end).await?;
        let last = after.map_or(Some(total), |after| Seq::new(after.number().saturating_sub(1)));
        Ok(last.map(|last| (first, last)).filter(|(first, last)| first <= last))
    }

    /// The first entry of a chain of `total` that was written at `time` or later, found by halving; none if all are earlier.
    /// Times never go back along a chain.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read, or misses an entry.
    pub async fn first_at_or_after(
        &self,
        account: &AccountNumber,
        total: Seq,
        time: Timestamp,
    ) -> Result<Option<Seq>, Error> {
        let (mut low, mut high) = (Seq::FIRST.number(), total.number().saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            let seq = Seq::new(middle).ok_or(Error::Busy)?;
            let entry = self.entry(account, seq).await?;
            let entry = entry.ok_or_else(|| Error::damaged("missing entry", middle))?;
            if entry.transaction.account.at < time {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Ok(Seq::new(low).filter(|seq| *seq <= total))
    }

    /// The entries `first..=last` of a chain, strongly consistent.
    async fn interval(
        &self,
        account: &AccountNumber,
        (first, last): (Seq, Seq),
        order: Order,
    ) -> Result<VecDeque<Transaction>, Error> {
        let mut found = VecDeque::new();
        let mut start = None;
        loop {
            self.meter.call();
            let query = self.store.client.query().table_name(&self.store.tables.ledger);
            let query = query.key_condition_expression("pk = :account AND sk BETWEEN :first AND :last");
            let pk = keys::account(&self.project.id, account);
            let query = query.expression_attribute_values(":account", AttributeValue::S(pk));
            let query = query.expression_attribute_values(":first", AttributeValue::S(keys::seq(first)));
            let query = query.expression_attribute_values(":last", AttributeValue::S(keys::seq(last)));
            let query = query.scan_index_forward(order == Order::OldestFirst).consistent_read(true);
            let query = query.set_exclusive_start_key(start.take());
            let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let part = query.send().await.map_err(Trouble::of)?;
            self.meter.read(part.consumed_capacity());
            for item in part.items() {
                found.push_back(Entry::from_item(item)?.transaction);
            }
            start = part.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

impl Listing<'_> {
    /// How many there are altogether, before a cursor too, where the numbers tell: not for a project.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Leaves out that many of a single chain without reading them, and says whether it could.
    pub fn skip(&mut self, count: u64) -> bool {
        let Source::Chains(chains) = &mut self.source else { return false };
        let [chain] = chains.as_mut_slice() else { return false };
        chain.left = chain.left.and_then(|(first, last)| match self.order {
            Order::NewestFirst => Some((first, Seq::new(last.number().checked_sub(count)?)?)),
            Order::OldestFirst => Some((Seq::new(first.number().checked_add(count)?)?, last)),
        });
        chain.left = chain.left.filter(|(first, last)| first <= last);
        true
    }

    /// Says how many will be asked for, so that no more are read.
    pub fn expect(&mut self, count: u64) {
        self.read_ahead = count.clamp(1, READ_AHEAD);
    }

    /// The next transaction; none at the end.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn next(&mut self) -> Result<Option<Transaction>, Error> {
        let (session, order, count) = (self.session, self.order, self.read_ahead);
        match &mut self.source {
            Source::Chains(chains) => {
                try_join_all(chains.iter_mut().map(|chain| chain.read_ahead(session, order, count))).await?;
                let key = |chain: &Chain| {
                    let transaction = chain.ahead.front()?;
                    Some((transaction.account.at, chain.account.clone(), transaction.account.seq))
                };
                let with_more = chains.iter_mut().filter(|chain| !chain.ahead.is_empty());
                let next = match order {
                    Order::NewestFirst => with_more.max_by_key(|chain| key(chain)),
                    Order::OldestFirst => with_more.min_by_key(|chain| key(chain)),
                };
                Ok(next.and_then(|chain| chain.give(order)))
            }
            Source::Project { kinds, times, last, ahead, ended } => {
                if ahead.is_empty() && !*ended {
                    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
                    let places = session.places(kinds, *times, order, last.as_ref(), wanted).await?;
                    *ended = places.len() < wanted;
                    let ids: Vec<TransactionId> = places.iter().filter_map(Place::id).collect();
                    *ahead = session.transactions_of(&ids).await?.into();
                }
                let next = ahead.pop_front();
                if let Some(transaction) = &next {
                    *last = Some(Place::of(&transaction.id(), transaction.account.at));
                }
                Ok(next)
            }
        }
    }

    /// Where to go on; none if it is known that nothing is left.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        match &self.source {
            Source::Chains(chains) => {
                let next = chains.iter().filter_map(|chain| {
                    let (first, last) = chain.left?;
                    let next = if self.order == Order::NewestFirst { last } else { first };
                    Some((chain.account.clone(), next))
                });
                Some(next.collect()).filter(|next: &BTreeMap<_, _>| !next.is_empty()).map(Cursor::Chains)
            }
            Source::Project { ended: true, ahead, .. } if ahead.is_empty() => None,
            Source::Project { last, .. } => {
                let last = last.as_ref()?;
                Some(Cursor::Feed { at: last.at, id: last.id()? })
            }
        }
    }
}

impl Chain {
    async fn read_ahead(&mut self, session: &Session<'_>, order: Order, count: u64) -> Result<(), Error> {
        let Some((first, last)) = self.left else { return Ok(()) };
        if !self.ahead.is_empty() {
            return Ok(());
        }
        let more = count.saturating_sub(1);
        let part = match order {
            Order::NewestFirst => (Seq::new(last.number().saturating_sub(more)).unwrap_or(first).max(first), last),
            Order::OldestFirst => (first, Seq::new(first.number().saturating_add(more)).unwrap_or(last).min(last)),
        };
        self.ahead = session.interval(&self.account, part, order).await?;
        Ok(())
    }

    fn give(&mut self, order: Order) -> Option<Transaction> {
        let next = self.ahead.pop_front()?;
        self.left = self.left.and_then(|(first, last)| match order {
            Order::NewestFirst => Some((first, Seq::new(last.number().saturating_sub(1))?)),
            Order::OldestFirst => Some((first.next()?, last)),
        });
        self.left = self.left.filter(|(first, last)| first <= last);
        Some(next)
    }
}

/// How many numbers there are from the first to the last.
fn count((first, last): (Seq, Seq)) -> u64 {
    last.number().saturating_sub(first.number()).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_spelling() {
        for text in ["a-1", "a-1,b-2", "a-b-1,c-999999999999", "0@a-1", "1767225600000@a-7"] {
            assert_eq!(Cursor::parse(text).map(|cursor| cursor.to_string()).as_deref(), Some(text));
        }
        for text in ["", "a", "a-0", "a-1,", "b-2,a-1", "a-1,a-1", "a-1,a-2", "+0@a-1", "00@a-1", "@a-1", "1@a-1,b-2"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
