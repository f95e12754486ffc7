//! Items: how entries and wallets lie in the table. Names are short, because every byte of an entry counts towards its
//! write unit of 1 KB.
//!
//! | attribute | of | what |
//! |---|---|---|
//! | `kind`, `orig` | entry | what happened; the entry that it refunds or cancels |
//! | `moves`, `lots` | entry | minor units by expiry in milliseconds, or `never`: moved, and there after it |
//! | `amount`, `posted` | entry | their sums, for whoever looks at the table: everything here reads `moves` and `lots` |
//! | `acct`, `cur`, `exp`, `wallet`, `status`, `opened`, `at` | entry | the account after it; no status is active |
//! | `channel`, `descr`, `ref`, `user`, `store`, `shop`, `title`, `data` | entry | what the caller said |
//! | `prev`, `hash` | entry | the hash link |
//! | `nonce` | all | the request that wrote it |
//! | `key`, `req` | entry | its idempotency key, its fingerprint |
//! | `ring`, `spilt` | entry | the keys of earlier entries; until when key records are to be looked up |
//! | `refunded`, `canceled` | entry | the two that change, after the commit |
//! | `feed`, `at` | entry, wallet | its place in the index `Feed` |
//! | `status`, `accts`, `title`, `user`, `by`, `byAt`, `said`, `ver` | wallet | the wallet; its version counts changes |
//! | `seq`, `till`, `ttl` | key record | the entry that the key made; until when it counts; when the record may go, in seconds |

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Account, AccountNumber, Balance, Currency, Delta, Expiry, Fingerprint, Kind, Lots, Moves, Note, Profile, Project,
    ProjectId, Seq, Status, Text, Timestamp, Transaction, Wallet, WalletId,
};

use crate::error::Error;
use crate::keys::{self, Feed, Key, KeyHash};
use crate::link::{self, Hash};
use crate::ring::{Ring, UsedKey};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// An entry as it is stored: the transaction, and what exactly-once and the hash link need.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The transaction.
    pub transaction: Transaction,
    pub(crate) origin: Origin,
    /// The hash of the entry before it.
    pub previous: Hash,
    /// Its own hash.
    pub hash: Hash,
    /// The keys of entries before it.
    pub(crate) ring: Ring,
    /// Until when keys that are not in the ring may be in key records.
    pub(crate) spilled_until: Option<Timestamp>,
}

/// The request that an entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) nonce: u128,
    pub(crate) key: Option<KeyHash>,
    pub(crate) request: Fingerprint,
}

impl Origin {
    /// Of an entry that nobody asked for: what has expired, booked by itself.
    pub(crate) fn nobody(nonce: u128) -> Origin {
        Origin { nonce, key: None, request: Fingerprint([0; 16]) }
    }

    /// Whether nobody asked for it.
    pub(crate) fn is_nobody(&self) -> bool {
        *self == Origin::nobody(self.nonce)
    }
}

/// A wallet as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredWallet {
    pub(crate) wallet: Wallet,
    /// Counts the changes, so that a change is made to what was read.
    pub(crate) version: u64,
}

impl Entry {
    /// The hash that the entry ought to have.
    #[must_use]
    pub fn expected_hash(&self, project: &ProjectId) -> Hash {
        link::hash(self.previous, project.as_str(), &self.transaction, &self.origin)
    }

    /// Every key of the chain's last 25 hours that is not in a record, this entry's own among them.
    pub(crate) fn keys(&self) -> Ring {
        let mut ring = self.ring.clone();
        let account = &self.transaction.account;
        ring.0.extend(self.origin.key.map(|hash| UsedKey::new(hash, account.seq, account.at)));
        ring
    }

    pub(crate) fn to_item(&self, project: &Project, feed: bool) -> Item {
        let Transaction { kind, moves, note, account, refunded, canceled_by } = &self.transaction;
        let mut item = Attributes::keyed(&keys::entry(&project.id, &account.number, account.seq));
        item.text("kind", kind.name());
        item.number("orig", kind.original().map(Seq::number));
        item.put("moves", by_expiry(moves.iter().map(|(expiry, delta)| (*expiry, delta.minor_units().to_string()))));
        item.put("lots", by_expiry(account.lots.iter().map(|(expiry, part)| (expiry, part.minor_units().to_string()))));
        item.put("amount", AttributeValue::N(self.transaction.amount().minor_units().to_string()));
        item.number("posted", Some(account.lots.posted().minor_units()));
        item.text("acct", account.number.as_str());
        item.text("cur", account.currency.as_str());
        item.number("exp", Some(u64::from(account.exponent)));
        item.some_text("wallet", account.wallet.as_ref().map(WalletId::as_str));
        item.some_text("status", (account.status != Status::Active).then_some(account.status.as_str()));
        item.number("opened", Some(account.opened.0));
        item.number("at", Some(account.at.0));
        let Note { channel, description, reference_id, user_id, store_id, store_name, title, additional_data } = note;
        item.some_text("channel", channel.as_ref().map(Text::as_str));
        item.some_text("descr", description.as_ref().map(Text::as_str));
        item.some_text("ref", reference_id.as_ref().map(Text::as_str));
        item.some_text("user", user_id.as_ref().map(Text::as_str));
        item.some_text("store", store_id.as_ref().map(Text::as_str));
        item.some_text("shop", store_name.as_ref().map(Text::as_str));
        item.some_text("title", title.as_ref().map(Text::as_str));
        item.some_text("data", additional_data.as_deref());
        item.bytes("prev", &self.previous.0);
        item.bytes("hash", &self.hash.0);
        item.bytes("nonce", &self.origin.nonce.to_be_bytes());
        item.some_bytes("key", self.origin.key.as_ref().map(|key| key.0.as_slice()));
        item.bytes("req", &self.origin.request.0);
        let ring = self.ring.to_bytes();
        item.some_bytes("ring", (!ring.is_empty()).then_some(ring.as_slice()));
        item.number("spilt", self.spilled_until.map(|until| until.0));
        item.number("refunded", (!refunded.is_zero()).then_some(refunded.minor_units()));
        item.number("canceled", canceled_by.map(Seq::number));
        // The first entry stands for the account; a project with the feed off still lists its accounts.
        let listed = if *kind == Kind::Initialized { Some(Feed::Accounts) } else { feed.then_some(Feed::Transactions) };
        item.some_text("feed", listed.map(|what| keys::feed(&project.id, what, account.number.as_str())).as_deref());
        item.0
    }

    pub(crate) fn from_item(item: &Item) -> Result<Entry, Error> {
        let read = Read(item);
        let seq = read.seq_of_key()?;
        let account = Account {
            number: AccountNumber::parse(read.text("acct")?).map_err(|_| read.damaged("acct"))?,
            currency: Currency::parse(read.text("cur")?).map_err(|_| read.damaged("cur"))?,
            exponent: u8::try_from(read.number("exp")?).map_err(|_| read.damaged("exp"))?,
            wallet: read.some("wallet", |text| WalletId::parse(text).ok())?,
            status: read.some("status", status_of)?.unwrap_or(Status::Active),
            lots: read.lots()?,
            opened: Timestamp(read.number("opened")?),
            seq,
            at: Timestamp(read.number("at")?),
        };
        let note = Note {
            channel: read.some("channel", |text| Text::parse(text).ok())?,
            description: read.some("descr", |text| Text::parse(text).ok())?,
            reference_id: read.some("ref", |text| Text::parse(text).ok())?,
            user_id: read.some("user", |text| Text::parse(text).ok())?,
            store_id: read.some("store", |text| Text::parse(text).ok())?,
            store_name: read.some("shop", |text| Text::parse(text).ok())?,
            title: read.some("title", |text| Text::parse(text).ok())?,
            additional_data: read.some("data", |text| Some(text.to_owned()))?,
        };
        let transaction = Transaction {
            kind: read.kind()?,
            moves: read.moves()?,
            note,
            account,
            refunded: Balance::new(read.some_number("refunded")?.unwrap_or(0))
                .ok_or_else(|| read.damaged("refunded"))?,
            canceled_by: read.some_number("canceled")?.and_then(Seq::new),
        };
        let ring = match item.get("ring") {
            None => Ring::default(),
            Some(ring) => {
                let bytes = ring.as_b().ok().and_then(|bytes| Ring::from_bytes(bytes.as_ref(), seq));
                bytes.ok_or_else(|| read.damaged("ring"))?
            }
        };
        Ok(Entry {
            transaction,
            origin: Origin {
                nonce: nonce_of(item).ok_or_else(|| read.damaged("nonce"))?,
                key: read.key_hash()?,
                request: Fingerprint(read.bytes("req")?),
            },
            previous: Hash(read.bytes("prev")?),
            hash: Hash(read.bytes("hash")?),
            ring,
            spilled_until: read.some_number("spilt")?.map(Timestamp),
        })
    }
}

impl StoredWallet {
    pub(crate) fn to_item(&self, project: &Project, nonce: u128) -> Item {
        let mut item = Attributes::keyed(&keys::wallet(&project.id, &self.wallet.id));
        item.wallet(&self.wallet);
        item.number("ver", Some(self.version));
        item.bytes("nonce", &nonce.to_be_bytes());
        item.text("feed", &keys::feed(&project.id, Feed::Wallets, self.wallet.id.as_str()));
        item.0
    }

    pub(crate) fn from_item(item: &Item) -> Result<StoredWallet, Error> {
        Ok(StoredWallet { wallet: wallet_of(item)?, version: Read(item).number("ver")? })
    }
}

/// What a key record of a project says: what was asked, and the wallet as it was answered.
#[derive(Clone, Debug)]
pub(crate) struct WalletKeyRecord {
    pub(crate) nonce: u128,
    pub(crate) request: Fingerprint,
    pub(crate) wallet: Wallet,
    /// When the key is honoured no longer; none for never.
    pub(crate) end: Option<Timestamp>,
}

impl WalletKeyRecord {
    pub(crate) fn to_item(&self, key: &Key) -> Item {
        let mut item = Attributes::keyed(key);
        item.wallet(&self.wallet);
        item.bytes("nonce", &self.nonce.to_be_bytes());
        item.bytes("req", &self.request.0);
        item.number("ttl", self.end.map(ttl));
        item.number("till", self.end.map(|end| end.0));
        item.0
    }

    pub(crate) fn from_item(item: &Item) -> Result<WalletKeyRecord, Error> {
        let read = Read(item);
        Ok(WalletKeyRecord {
            nonce: nonce_of(item).ok_or_else(|| read.damaged("nonce"))?,
            request: Fingerprint(read.bytes("req")?),
            wallet: wallet_of(item)?,
            end: read.some_number("till")?.map(Timestamp),
        })
    }
}

/// The record of an account's key that has left the ring.
pub(crate) fn key_record(project: &Project, account: &AccountNumber, key: &UsedKey) -> Item {
    record(&project.id, account, key.hash, key.seq, (!project.keeps_keys()).then(|| key.end()))
}

/// The record of an account's key: the entry that it made, and when it is honoured no longer.
pub(crate) fn record(
    project: &ProjectId,
    account: &AccountNumber,
    hash: KeyHash,
    seq: Seq,
    end: Option<Timestamp>,
) -> Item {
    let mut item = Attributes::keyed(&keys::account_key(project, account, hash));
    item.number("seq", Some(seq.number()));
    item.number("ttl", end.map(ttl));
    item.number("till", end.map(|end| end.0));
    item.0
}

/// The entry that a key record names, and when the key is honoured no longer.
pub(crate) fn of_key_record(item: &Item) -> Result<(Seq, Option<Timestamp>), Error> {
    let read = Read(item);
    let seq = Seq::new(read.number("seq")?).ok_or_else(|| read.damaged("seq"))?;
    Ok((seq, read.some_number("till")?.map(Timestamp)))
}

/// The key that an item of an entry has.
pub(crate) fn key_of(item: &Item) -> Option<KeyHash> {
    Read(item).key_hash().ok().flatten()
}

/// DynamoDB deletes an item some time after its `ttl`, in seconds; a day more keeps a record that is still read.
fn ttl(end: Timestamp) -> u64 {
    end.plus(domain::Duration::days(1)).seconds()
}

/// The request that wrote an item.
pub(crate) fn nonce_of(item: &Item) -> Option<u128> {
    let bytes = item.get("nonce")?.as_b().ok()?;
    Some(u128::from_be_bytes(bytes.as_ref().try_into().ok()?))
}

pub(crate) fn expiry_name(expiry: Expiry) -> String {
    match expiry {
        Expiry::At(instant) => instant.0.to_string(),
        Expiry::Never => "never".to_owned(),
    }
}

fn by_expiry(parts: impl Iterator<Item = (Expiry, String)>) -> AttributeValue {
    AttributeValue::M(parts.map(|(expiry, units)| (expiry_name(expiry), AttributeValue::N(units))).collect())
}

fn status_of(name: &str) -> Option<Status> {
    [Status::Active, Status::Frozen, Status::Closed].into_iter().find(|status| status.as_str() == name)
}

fn wallet_of(item: &Item) -> Result<Wallet, Error> {
    let read = Read(item);
    let accounts = item.get("accts").and_then(|value| value.as_m().ok()).ok_or_else(|| read.damaged("accts"))?;
    let account = |(currency, number): (&String, &AttributeValue)| {
        Some((Currency::parse(currency).ok()?, AccountNumber::parse(number.as_s().ok()?).ok()?))
    };
    let details = match item.get("said").map(AttributeValue::as_m) {
        None => Some(BTreeMap::new()),
        Some(Ok(said)) => said.iter().map(|(name, text)| Some((name.clone(), text.as_s().ok()?.clone()))).collect(),
        Some(Err(_)) => None,
    };
    Ok(Wallet {
        id: WalletId::parse(read.text("wallet")?).map_err(|_| read.damaged("wallet"))?,
        status: status_of(read.text("status")?).ok_or_else(|| read.damaged("status"))?,
        profile: Profile {
            title: read.some("title", |text| Text::parse(text).ok())?,
            user_id: read.some("user", |text| Text::parse(text).ok())?,
            updated_by: read.some("by", |text| Text::parse(text).ok())?,
            updated_at: read.some("byAt", |text| Text::parse(text).ok())?,
            details: details.ok_or_else(|| read.damaged("said"))?,
        },
        created_at: Timestamp(read.number("at")?),
        accounts: accounts.iter().map(account).collect::<Option<_>>().ok_or_else(|| read.damaged("accts"))?,
    })
}

/// An item that is being written.
pub(crate) struct Attributes(pub(crate) Item);

impl Attributes {
    pub(crate) fn keyed(key: &Key) -> Attributes {
        let mut item = Attributes(Item::new());
        item.text("pk", &key.pk);
        item.text("sk", &key.sk);
        item
    }

    pub(crate) fn put(&mut self, name: &str, value: AttributeValue) {
        self.0.insert(name.to_owned(), value);
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.put(name, AttributeValue::S(text.to_owned()));
    }

    pub(crate) fn some_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(crate) fn number(&mut self, name: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.put(name, AttributeValue::N(number.to_string()));
        }
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.put(name, AttributeValue::B(Blob::new(bytes)));
    }

    fn some_bytes(&mut self, name: &str, bytes: Option<&[u8]>) {
        if let Some(bytes) = bytes {
            self.bytes(name, bytes);
        }
    }

    fn wallet(&mut self, wallet: &Wallet) {
        self.text("wallet", wallet.id.as_str());
        self.text("status", wallet.status.as_str());
        self.some_text("title", wallet.profile.title.as_ref().map(Text::as_str));
        self.some_text("user", wallet.profile.user_id.as_ref().map(Text::as_str));
        self.some_text("by", wallet.profile.updated_by.as_ref().map(Text::as_str));
        self.some_text("byAt", wallet.profile.updated_at.as_ref().map(Text::as_str));
        if !wallet.profile.details.is_empty() {
            let said =
                wallet.profile.details.iter().map(|(name, text)| (name.clone(), AttributeValue::S(text.clone())));
            self.put("said", AttributeValue::M(said.collect()));
        }
        self.number("at", Some(wallet.created_at.0));
        let accounts = wallet
            .accounts
            .iter()
            .map(|(currency, number)| (currency.as_str().to_owned(), AttributeValue::S(number.as_str().to_owned())));
        self.put("accts", AttributeValue::M(accounts.collect()));
    }
}

/// An item that is being read: everything it lacks or has wrong is told by its key and the attribute's name.
pub(crate) struct Read<'a>(pub(crate) &'a Item);

impl<'a> Read<'a> {
    pub(crate) fn damaged(&self, name: &'static str) -> Error {
        let part = |key: &str| self.0.get(key).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
        Error::damaged(name, format_args!("{} {}", part("pk"), part("sk")))
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, Error> {
        let text = self.0.get(name).and_then(|value| value.as_s().ok());
        text.map(String::as_str).ok_or_else(|| self.damaged(name))
    }

    pub(crate) fn some<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        if !self.0.contains_key(name) {
            return Ok(None);
        }
        parse(self.text(name)?).map(Some).ok_or_else(|| self.damaged(name))
    }

    pub(crate) fn some_number(&self, name: &'static str) -> Result<Option<u64>, Error> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_n().ok().and_then(|number| number.parse().ok());
        number.map(Some).ok_or_else(|| self.damaged(name))
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<u64, Error> {
        self.some_number(name)?.ok_or_else(|| self.damaged(name))
    }

    fn bytes<const N: usize>(&self, name: &'static str) -> Result<[u8; N], Error> {
        let bytes = self.0.get(name).and_then(|value| value.as_b().ok());
        bytes.and_then(|bytes| bytes.as_ref().try_into().ok()).ok_or_else(|| self.damaged(name))
    }

    fn key_hash(&self) -> Result<Option<KeyHash>, Error> {
        if self.0.contains_key("key") { self.bytes("key").map(|hash| Some(KeyHash(hash))) } else { Ok(None) }
    }

    fn seq_of_key(&self) -> Result<Seq, Error> {
        let number = self.text("sk")?.strip_prefix(keys::ENTRIES).and_then(|number| number.parse().ok());
        number.and_then(Seq::new).ok_or_else(|| self.damaged("sk"))
    }

    fn kind(&self) -> Result<Kind, Error> {
        let original = self.some_number("orig")?.and_then(Seq::new);
        Kind::parse(self.text("kind")?, original).ok_or_else(|| self.damaged("kind"))
    }

    fn expiries<T>(&self, name: &'static str, unit: impl Fn(&str) -> Option<T>) -> Result<BTreeMap<Expiry, T>, Error> {
        let parts = self.0.get(name).and_then(|value| value.as_m().ok()).ok_or_else(|| self.damaged(name))?;
        let part = |(expiry, units): (&String, &AttributeValue)| {
            let expiry = match expiry.as_str() {
                "never" => Expiry::Never,
                instant => Expiry::At(Timestamp(instant.parse().ok()?)),
            };
            Some((expiry, unit(units.as_n().ok()?)?))
        };
        parts.iter().map(part).collect::<Option<_>>().ok_or_else(|| self.damaged(name))
    }

    fn lots(&self) -> Result<Lots, Error> {
        let parts = self.expiries("lots", |units| units.parse().ok().and_then(Balance::new))?;
        Lots::new(parts).ok_or_else(|| self.damaged("lots"))
    }

    fn moves(&self) -> Result<Moves, Error> {
        self.expiries("moves", |units| units.parse().ok().and_then(Delta::new))
    }
}
