//! Listing a chain: dense numbers make every page an interval of sort keys, so each costs the same wherever it lies.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{AccountNumber, Seq, Timestamp, Transaction};

use crate::Session;
use crate::error::{Error, Trouble};
use crate::item::Entry;
use crate::keys;

/// An interval of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The lowest number in it.
    pub first: Seq,
    /// The highest number in it.
    pub last: Seq,
    /// Whether the highest comes first.
    pub newest_first: bool,
}

impl Page {
    /// `size` entries of a chain of `total`, after leaving out `from`; none if nothing is left.
    #[must_use]
    pub fn of(total: Seq, from: u64, size: u64, newest_first: bool) -> Option<Page> {
        let total = total.number();
        let left = total.checked_sub(from).filter(|left| *left > 0)?;
        let size = size.min(left).max(1);
        let (first, last) = if newest_first {
            (left.saturating_sub(size).saturating_add(1), left)
        } else {
            (from.saturating_add(1), from.saturating_add(size))
        };
        Some(Page { first: Seq::new(first)?, last: Seq::new(last)?, newest_first })
    }
}

impl Session<'_> {
    /// The transactions of a page, strongly consistent.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn transactions(&self, number: &AccountNumber, page: Page) -> Result<Vec<Transaction>, Error> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            self.meter.call();
            let query = self.store.client.query().table_name(&self.store.tables.ledger);
            let query = query.key_condition_expression("pk = :account AND sk BETWEEN :first AND :last");
            let account = keys::account(&self.project.id, number);
            let query = query.expression_attribute_values(":account", AttributeValue::S(account));
            let query = query.expression_attribute_values(":first", AttributeValue::S(keys::seq(page.first)));
            let query = query.expression_attribute_values(":last", AttributeValue::S(keys::seq(page.last)));
            let query = query.scan_index_forward(!page.newest_first).consistent_read(true);
            let query = query.set_exclusive_start_key(start.take());
            let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let part = query.send().await.map_err(Trouble::of)?;
            self.meter.read(part.consumed_capacity());
            for item in part.items() {
                found.push(Entry::from_item(item)?.transaction);
            }
            start = part.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// The first entry of a chain of `total` that was written at `time` or later, found by halving; none if all are earlier.
    /// Times never go back along a chain.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read, or misses an entry.
    pub async fn first_at_or_after(
        &self,
        number: &AccountNumber,
        total: Seq,
        time: Timestamp,
    ) -> Result<Option<Seq>, Error> {
        let (mut low, mut high) = (Seq::FIRST.number(), total.number().saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            let seq = Seq::new(middle).ok_or(Error::Busy)?;
            let entry = self.entry(number, seq).await?;
            let entry = entry.ok_or_else(|| Error::Damaged(format!("missing entry {middle}")))?;
            if entry.transaction.account.at < time {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Ok(Seq::new(low).filter(|seq| *seq <= total))
    }
}
