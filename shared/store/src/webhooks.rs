//! Webhooks: where the events of a project go, and what became of each try to deliver one. They lie in the table `Events`, which
//! no operation reads or writes.
//!
//! | item | pk | sk | attributes |
//! |---|---|---|---|
//! | endpoint | `<project>#E` | `E#<id>` | `url`, `secret`, `types`, `at`; `off` once it is turned off; only `off` once it is removed |
//! | wallet whose address is turned off | `<project>#E` | `W#<wallet>` | `url`, `off` |
//! | try | `<project>#L#<day>` | `<milliseconds, 13 digits>#<event>#<number of the try>#<target>` | `type`, `tx`, `result`, `ms`, `next`, `ttl` |

use std::fmt;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{Duration, ProjectId, Timestamp, TransactionId, WalletId};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::{Error, Trouble};
use crate::item::{Attributes, Item, Read};
use crate::keys::Key;

/// How long a try can be looked up.
pub const LOG_LIFE: Duration = Duration::days(30);

const DAY: Duration = Duration::days(1);

/// An address that a project has named for its events.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name in the project.
    pub id: String,
    /// Where it is.
    pub url: String,
    /// What deliveries are signed with: `whsec_` and Base64.
    pub secret: String,
    /// The types of events that it wants, such as `transaction.spent`; every type if there are none.
    pub types: Vec<String>,
    /// Since when.
    pub created: Timestamp,
    /// Since when nothing is sent to it any longer: it answered 410.
    pub off: Option<Timestamp>,
}

impl Endpoint {
    /// Whether it wants events of that type.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        self.off.is_none() && (self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.id)
    }
}

/// Where an event is to be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// To an endpoint of the project.
    Endpoint(String),
    /// To the address that a wallet was created with.
    Wallet(WalletId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Endpoint(id) => write!(f, "E#{id}"),
            Target::Wallet(wallet) => write!(f, "W#{wallet}"),
        }
    }
}

impl Target {
    fn parse(text: &str) -> Option<Target> {
        match text.split_once('#')? {
            ("E", id) => Some(Target::Endpoint(id.to_owned())),
            ("W", wallet) => Some(Target::Wallet(WalletId::parse(wallet).ok()?)),
            _ => None,
        }
    }
}

/// One try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// When it ended.
    pub at: Timestamp,
    /// The id of the event.
    pub event: String,
    /// The type of the event.
    pub kind: String,
    /// The transaction that it tells of, if it tells of one.
    pub transaction: Option<TransactionId>,
    /// Where it went.
    pub target: Target,
    /// Which try of this delivery it was; the first is 1.
    pub number: u32,
    /// The status of the answer, or why there was none.
    pub result: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// When the next one is due; none if there is none.
    pub next: Option<Timestamp>,
}

impl Store {
    /// Every endpoint of a project, those that are turned off too; strongly consistent.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn endpoints_of(&self, project: &ProjectId) -> Result<Vec<Endpoint>, Error> {
        let items = self.events_items(&endpoints(project), "E#", "E#~", usize::MAX).await?;
        let endpoints = items.iter().map(read_endpoint).collect::<Result<Vec<_>, Error>>()?;
        Ok(endpoints.into_iter().flatten().collect())
    }

    /// One endpoint of a project; none if there is no such, or no longer.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn endpoint(&self, project: &ProjectId, id: &str) -> Result<Option<Endpoint>, Error> {
        let item = self.events_item(&endpoint(project, id)).await?;
        Ok(item.as_ref().map(read_endpoint).transpose()?.flatten())
    }

    /// Adds an endpoint or replaces it.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn put_endpoint(&self, project: &ProjectId, new: &Endpoint) -> Result<(), Error> {
        let mut item = Attributes::keyed(&endpoint(project, &new.id));
        item.text("url", &new.url);
        item.text("secret", &new.secret);
        item.put("types", AttributeValue::L(new.types.iter().cloned().map(AttributeValue::S).collect()));
        item.number("at", Some(new.created.0));
        item.number("off", new.off.map(|off| off.0));
        self.put_events_item(item.0).await
    }

    /// Removes an endpoint, its secret too; false if there is no such.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn remove_endpoint(&self, project: &ProjectId, id: &str, at: Timestamp) -> Result<bool, Error> {
        let is_there = self.endpoint(project, id).await?.is_some();
        if is_there {
            let mut item = Attributes::keyed(&endpoint(project, id));
            item.number("off", Some(at.0));
            self.put_events_item(item.0).await?;
        }
        Ok(is_there)
    }

    /// Sends nothing more to a target that said it is gone. A wallet that gets another address is heard again.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read or written.
    pub async fn turn_off(&self, project: &ProjectId, target: &Target, url: &str, at: Timestamp) -> Result<(), Error> {
        match target {
            Target::Endpoint(id) => match self.endpoint(project, id).await? {
                Some(there) if there.url == url => {
                    self.put_endpoint(project, &Endpoint { off: Some(at), ..there }).await
                }
                _ => Ok(()),
            },
            Target::Wallet(wallet) => {
                let mut item = Attributes::keyed(&wallet_off(project, wallet));
                item.text("url", url);
                item.number("off", Some(at.0));
                self.put_events_item(item.0).await
            }
        }
    }

    /// Whether that address of a wallet is turned off.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn is_turned_off(&self, project: &ProjectId, wallet: &WalletId, url: &str) -> Result<bool, Error> {
        let item = self.events_item(&wallet_off(project, wallet)).await?;
        Ok(item.is_some_and(|item| Read(&item).text("url").is_ok_and(|off| off == url)))
    }

    /// Writes down a try.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn log_try(&self, project: &ProjectId, done: &Try) -> Result<(), Error> {
        let Try { at, event, kind, transaction, target, number, result, millis, next } = done;
        let sk = format!("{}#{event}#{number}#{target}", millis_of(*at));
        let mut item = Attributes::keyed(&Key { pk: log(project, day(*at)), sk });
        item.text("type", kind);
        item.some_text("tx", transaction.as_ref().map(ToString::to_string).as_deref());
        item.text("result", result);
        item.number("ms", Some(*millis));
        item.number("next", next.map(|next| next.0));
        item.number("ttl", Some(at.plus(LOG_LIFE).seconds()));
        self.put_events_item(item.0).await
    }

    /// The tries from `start` until before `end`, newest first, at most `count`; not older than [`LOG_LIFE`].
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn tries(
        &self,
        project: &ProjectId,
        start: Timestamp,
        end: Timestamp,
        count: usize,
    ) -> Result<Vec<Try>, Error> {
        let start = start.max(end.minus(LOG_LIFE));
        let mut found: Vec<Try> = Vec::new();
        for day in (day(start)..=day(end)).rev() {
            let left = count.saturating_sub(found.len());
            if left == 0 {
                break;
            }
            let (from, to) = (millis_of(start), millis_of(end));
            let items = self.events_items(&log(project, day), &from, &to, usize::MAX).await?;
            for item in items.iter().rev().take(left) {
                found.push(read_try(item)?);
            }
        }
        Ok(found)
    }

    pub(crate) async fn events_item(&self, key: &Key) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.tables.events).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(key.pk.clone())).key("sk", AttributeValue::S(key.sk.clone()));
        Ok(get.send().await.map_err(Trouble::of)?.item)
    }

    /// The items of one partition of the table `Events` from one sort key to another, both included, at most `count`.
    pub(crate) async fn events_items(&self, pk: &str, from: &str, to: &str, count: usize) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let query = self.client.query().table_name(&self.tables.events).consistent_read(true);
            let query = query.key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to");
            let query = query.expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
            let query = query.expression_attribute_values(":from", AttributeValue::S(from.to_owned()));
            let query = query.expression_attribute_values(":to", AttributeValue::S(to.to_owned()));
            let limit = i32::try_from(count.saturating_sub(items.len())).ok();
            let query = query.set_limit(limit).set_exclusive_start_key(start.take());
            let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let page = query.send().await.map_err(Trouble::of)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key.filter(|_| items.len() < count);
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    pub(crate) async fn put_events_item(&self, item: Item) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.events).set_item(Some(item));
        put.send().await.map_err(Trouble::of)?;
        Ok(())
    }
}

fn endpoints(project: &ProjectId) -> String {
    format!("{project}#E")
}

fn endpoint(project: &ProjectId, id: &str) -> Key {
    Key { pk: endpoints(project), sk: format!("E#{id}") }
}

fn wallet_off(project: &ProjectId, wallet: &WalletId) -> Key {
    Key { pk: endpoints(project), sk: format!("W#{wallet}") }
}

fn log(project: &ProjectId, day: u64) -> String {
    format!("{project}#L#{day}")
}

/// The number of a day since 1970.
pub(crate) fn day(at: Timestamp) -> u64 {
    at.0.div_euclid(DAY.0)
}

/// So many digits of milliseconds last until the year 2286.
pub(crate) const MILLIS_DIGITS: usize = 13;

/// Milliseconds since 1970 as the first part of a sort key, whose order is that of time.
pub(crate) fn millis_of(at: Timestamp) -> String {
    format!("{:0MILLIS_DIGITS$}", at.0)
}

/// None for one that was removed.
fn read_endpoint(item: &Item) -> Result<Option<Endpoint>, Error> {
    let read = Read(item);
    if !item.contains_key("url") {
        return Ok(None);
    }
    let types = item.get("types").and_then(|types| types.as_l().ok()).ok_or_else(|| read.damaged("types"))?;
    let types = types.iter().map(|kind| kind.as_s().ok().cloned());
    Ok(Some(Endpoint {
        id: read.text("sk")?.strip_prefix("E#").ok_or_else(|| read.damaged("sk"))?.to_owned(),
        url: read.text("url")?.to_owned(),
        secret: read.text("secret")?.to_owned(),
        types: types.collect::<Option<_>>().ok_or_else(|| read.damaged("types"))?,
        created: Timestamp(read.some_number("at")?.ok_or_else(|| read.damaged("at"))?),
        off: read.some_number("off")?.map(Timestamp),
    }))
}

fn read_try(item: &Item) -> Result<Try, Error> {
    let read = Read(item);
    let mut parts = read.text("sk")?.splitn(4, '#');
    let mut part = || parts.next().ok_or_else(|| read.damaged("sk"));
    let [at, event, number, target] = [part()?, part()?, part()?, part()?];
    Ok(Try {
        at: Timestamp(at.parse().map_err(|_| read.damaged("sk"))?),
        event: event.to_owned(),
        kind: read.text("type")?.to_owned(),
        transaction: read.some("tx", TransactionId::parse)?,
        target: Target::parse(target).ok_or_else(|| read.damaged("sk"))?,
        number: number.parse().map_err(|_| read.damaged("sk"))?,
        result: read.text("result")?.to_owned(),
        millis: read.some_number("ms")?.unwrap_or_default(),
        next: read.some_number("next")?.map(Timestamp),
    })
}
