//! The feed: what a whole project has, by time. An index in several partitions, read together and merged; eventually
//! consistent, unlike everything else.

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use domain::{AccountNumber, Seq, Timestamp, Transaction, TransactionId};
use futures_util::future::try_join_all;

use crate::Session;
use crate::error::{Error, Trouble};
use crate::item::{Entry, Item};
use crate::keys::{self, FEED_SHARDS, Feed};
use crate::listing::{Order, Times};
use crate::tables::FEED;
use crate::write::{complete, number};

/// DynamoDB gives that many items at once.
const BATCH_MAX: usize = 100;

/// A place in the feed: of an entry, or of a wallet. Their order is by time, and by name and number within one millisecond.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) at: Timestamp,
    /// The account's number, or the wallet's name.
    pub(crate) name: String,
    /// The entry; none for a wallet.
    pub(crate) seq: Option<Seq>,
}

impl Place {
    /// The entry that it is the place of.
    pub(crate) fn id(&self) -> Option<TransactionId> {
        Some(TransactionId { account: AccountNumber::parse(&self.name).ok()?, seq: self.seq? })
    }

    /// The place of an entry.
    pub(crate) fn of(id: &TransactionId, at: Timestamp) -> Place {
        Place { at, name: id.account.as_str().to_owned(), seq: Some(id.seq) }
    }
}

impl Session<'_> {
    /// The next places of the feed after `after`, at most `count`.
    pub(crate) async fn places(
        &self,
        kinds: &[Feed],
        times: Times,
        order: Order,
        after: Option<&Place>,
        count: usize,
    ) -> Result<Vec<Place>, Error> {
        let shards = kinds.iter().flat_map(|kind| (0..FEED_SHARDS).map(|shard| (*kind, shard)));
        let reads = shards.map(|(kind, shard)| self.shard(kind, shard, times, order, after, count));
        let mut places: Vec<Place> = try_join_all(reads).await?.into_iter().flatten().collect();
        places.sort();
        if order == Order::NewestFirst {
            places.reverse();
        }
        places.truncate(count);
        Ok(places)
    }

    async fn shard(
        &self,
        kind: Feed,
        shard: u32,
        times: Times,
        order: Order,
        after: Option<&Place>,
        count: usize,
    ) -> Result<Vec<Place>, Error> {
        let times = match (after, order) {
            (None, _) => times,
            (Some(place), Order::NewestFirst) => {
                Times { end: times.end.min(place.at.plus(domain::Duration(1))), ..times }
            }
            (Some(place), Order::OldestFirst) => Times { start: times.start.max(place.at), ..times },
        };
        let comes = |place: &Place| match (after, order) {
            (None, _) => true,
            (Some(after), Order::NewestFirst) => place < after,
            (Some(after), Order::OldestFirst) => place > after,
        };
        let mut places = Vec::new();
        let mut start = None;
        // An empty interval is an error to DynamoDB.
        while places.len() < count && times.start < times.end {
            self.meter.call();
            let query = self.store.client.query().table_name(&self.store.tables.ledger).index_name(FEED);
            let query = query.key_condition_expression("feed = :feed AND #at BETWEEN :start AND :end");
            let query = query.expression_attribute_names("#at", "at");
            let feed = keys::feed_shard(&self.project.id, kind, shard);
            let query = query.expression_attribute_values(":feed", AttributeValue::S(feed));
            let query = query.expression_attribute_values(":start", number(times.start.0));
            let query = query.expression_attribute_values(":end", number(times.end.0.saturating_sub(1)));
            let query = query.scan_index_forward(order == Order::OldestFirst).set_exclusive_start_key(start.take());
            let query = query.limit(i32::try_from(count).unwrap_or(i32::MAX));
            let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let part = query.send().await.map_err(Trouble::of)?;
            self.meter.read(part.consumed_capacity());
            for item in part.items() {
                let place = place(item).ok_or_else(|| Error::damaged("place", "the feed"))?;
                places.extend(Some(place).filter(|place| comes(place)));
            }
            start = part.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(places)
    }

    /// Those transactions, in that order, without the ones that are not there.
    pub(crate) async fn transactions_of(&self, ids: &[TransactionId]) -> Result<Vec<Transaction>, Error> {
        let mut found: Vec<Transaction> = Vec::new();
        for ids in ids.chunks(BATCH_MAX) {
            let keys = ids.iter().map(|id| {
                let key = keys::entry(&self.project.id, &id.account, id.seq);
                Item::from([("pk".to_owned(), AttributeValue::S(key.pk)), ("sk".to_owned(), AttributeValue::S(key.sk))])
            });
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
            let mut wanted = Some(complete(wanted.build()));
            while let Some(keys) = wanted {
                self.meter.call();
                let get = self.store.client.batch_get_item().request_items(&self.store.tables.ledger, keys);
                let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
                let got = get.send().await.map_err(Trouble::of)?;
                self.meter.read(got.consumed_capacity());
                for item in got
                    .responses
                    .into_iter()
                    .filter_map(|mut tables| tables.remove(&self.store.tables.ledger))
                    .flatten()
                {
                    found.push(Entry::from_item(&item)?.transaction);
                }
                wanted = got.unprocessed_keys.and_then(|mut tables| tables.remove(&self.store.tables.ledger));
            }
        }
        Ok(ids.iter().filter_map(|id| found.iter().find(|transaction| transaction.id() == *id).cloned()).collect())
    }
}

fn place(item: &Item) -> Option<Place> {
    let name = item.get("pk")?.as_s().ok()?.split('#').nth(2)?.to_owned();
    let seq = match item.get("sk")?.as_s().ok()?.strip_prefix(keys::ENTRIES) {
        Some(number) => Some(number.parse().ok().and_then(Seq::new)?),
        None => None,
    };
    Some(Place { at: Timestamp(item.get("at")?.as_n().ok()?.parse().ok()?), name, seq })
}
