//! Wallets: what happens to one happens, in the same transaction, to the chains of all its accounts.

use std::collections::HashMap;

use domain::{
    AccountNumber, Addressed, Context, IdempotencyKey, Intent, Kind, Refusal, Transaction, Wallet, WalletChange,
    WalletCommand, WalletId, change_wallet, decide,
};

use futures_util::future::try_join_all;

use crate::Session;
use crate::error::{Error, Failure, Trouble};
use crate::item::{Entry, Item, Origin, StoredWallet, WalletKeyRecord};
use crate::keys::{self, Feed, Key, KeyHash};
use crate::listing::{Order, Times};
use crate::pace::Pace;
use crate::ring::{KEY_LIFE, RING_KEYS_MAX};
use crate::write::{Landing, Write};

/// A change of a wallet that is in the ledger.
#[derive(Clone, Debug)]
pub struct WalletRecorded {
    /// The wallet after it.
    pub wallet: Wallet,
    /// The first entries of the accounts that it opened.
    pub opened: Vec<Transaction>,
    /// Whether an earlier request with the same key made the change.
    pub replayed: bool,
}

impl Session<'_> {
    /// A wallet, strongly consistent.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn wallet(&self, id: &WalletId) -> Result<Option<Wallet>, Error> {
        Ok(self.stored_wallet(id).await?.map(|stored| stored.wallet))
    }

    /// The wallet that a creation with that key made, as it is now.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn wallet_of_key(&self, key: &IdempotencyKey) -> Result<Option<Wallet>, Error> {
        let key = keys::project_key(&self.project.id, KeyHash::of_project(key));
        match self.key_record(Some(&key)).await? {
            Some(record) => self.wallet(&record.wallet.id).await,
            None => Ok(None),
        }
    }

    /// The wallets of a project, newest first, at most `count` after leaving out `from`, and whether there are more.
    /// Eventually consistent.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn wallets(&self, from: u64, count: u64) -> Result<(Vec<Wallet>, bool), Error> {
        let [from, count] = [from, count].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let wanted = from.saturating_add(count).saturating_add(1);
        let places = self.places(&[Feed::Wallets], Times::ALL, Order::NewestFirst, None, wanted).await?;
        let more = places.len() == wanted;
        let page = places.into_iter().skip(from).take(count);
        let wallets = try_join_all(page.map(|place| async move {
            let id = WalletId::parse(&place.name).map_err(|_| Error::damaged("wallet", "the feed"))?;
            self.wallet(&id).await
        }));
        Ok((wallets.await?.into_iter().flatten().collect(), more))
    }

    /// Makes a change of a wallet, and of the accounts it touches, exactly once for each key.
    ///
    /// # Errors
    /// [`Failure::Refused`] with nothing written, or [`Failure::Store`].
    pub async fn change_wallet(
        &self,
        id: &WalletId,
        intent: &Intent,
        command: &WalletCommand,
    ) -> Result<WalletRecorded, Failure> {
        let key = intent.key.as_ref().map(|key| keys::project_key(&self.project.id, KeyHash::of_project(key)));
        let mut pace = Pace::of(self);
        let mut round = 0_u32;
        loop {
            let account = async {
                match command.account() {
                    Some(number) => self.newest(number).await,
                    None => Ok(None),
                }
            };
            let (record, stored, account) =
                tokio::try_join!(self.key_record(key.as_ref()), self.stored_wallet(id), account)?;
            if let Some(record) = record {
                // Its wallet may have another name: one that was made up for the first request.
                match self.settled_key_record(&record.wallet.id, key.as_ref()).await? {
                    Settled::There(Some(record)) => return self.replayed(*record, intent, command).await,
                    Settled::There(None) => {}
                    Settled::NotYet => {
                        pace.lost(|| Error::Busy).await?;
                        continue;
                    }
                }
            }
            let append = match self.decide_wallet(id, stored.as_ref(), account, command, intent).await {
                Ok(append) => append,
                Err(Failure::Refused(refusal)) => match self.settled_key_record(id, key.as_ref()).await? {
                    Settled::There(Some(record)) => return self.replayed(*record, intent, command).await,
                    Settled::There(None) => return Err(refusal.into()),
                    Settled::NotYet => {
                        pace.lost(|| Error::Busy).await?;
                        continue;
                    }
                },
                Err(Failure::Store(error)) => return Err(error.into()),
            };
            self.put_records(append.spilled, &mut pace).await?;
            let mut writes = append.writes;
            if let Some(key) = &key {
                let end = (!self.project.keeps_keys() && !intent.permanent).then(|| self.now.plus(KEY_LIFE));
                let request = intent.fingerprint;
                let record = WalletKeyRecord { nonce: self.nonce, request, wallet: append.wallet.clone(), end };
                writes.push(Write::CreateKeyRecord { item: record.to_item(key), now: self.now });
            }
            // A wallet that is created again as it is, without a key, leaves nothing to write.
            let landing =
                if writes.is_empty() { Landing::Committed } else { self.commit(&writes, &mut pace, round).await? };
            match landing {
                Landing::Committed => {
                    return Ok(WalletRecorded { wallet: append.wallet, opened: append.opened, replayed: false });
                }
                Landing::Lost(_) => pace.lost(|| Error::Busy).await?,
            }
            round = round.saturating_add(1);
        }
    }

    async fn stored_wallet(&self, id: &WalletId) -> Result<Option<StoredWallet>, Error> {
        let item = self.get(&keys::wallet(&self.project.id, id)).await?;
        item.as_ref().map(StoredWallet::from_item).transpose()
    }

    async fn key_record(&self, key: Option<&Key>) -> Result<Option<WalletKeyRecord>, Error> {
        let Some(key) = key else { return Ok(None) };
        self.living(self.get(key).await?.as_ref())
    }

    /// The record of a key, read together with the wallet: as long as one of them is in a transaction, a caller who was told
    /// of it could find the other as it was before.
    async fn settled_key_record(&self, id: &WalletId, key: Option<&Key>) -> Result<Settled, Error> {
        let Some(key) = key else { return Ok(Settled::There(None)) };
        match self.get_settled(&[key, &keys::wallet(&self.project.id, id)]).await {
            Ok(items) => Ok(Settled::There(self.living(items.first().and_then(Option::as_ref))?.map(Box::new))),
            Err(Trouble::Contended) => Ok(Settled::NotYet),
            Err(trouble) => Err(trouble.into()),
        }
    }

    fn living(&self, item: Option<&Item>) -> Result<Option<WalletKeyRecord>, Error> {
        let record = item.map(WalletKeyRecord::from_item).transpose()?;
        Ok(record.filter(|record| record.end.is_none_or(|end| self.now < end)))
    }

    /// The answer that a key had before: the wallet of that time, and the account's entry of that time.
    async fn replayed(
        &self,
        record: WalletKeyRecord,
        intent: &Intent,
        command: &WalletCommand,
    ) -> Result<WalletRecorded, Failure> {
        if record.request != intent.fingerprint {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let WalletKeyRecord { wallet, nonce, .. } = record;
        // The numbers may have been made up for the first request.
        let numbers: Vec<AccountNumber> = match command {
            WalletCommand::Create { .. } => wallet.accounts.values().cloned().collect(),
            WalletCommand::Open(new) => wallet.accounts.get(&new.currency).cloned().into_iter().collect(),
            WalletCommand::Update { .. } | WalletCommand::Add { .. } | WalletCommand::Remove { .. } => Vec::new(),
        };
        let opened = self.openings_of(numbers.into_iter()).await?;
        Ok(WalletRecorded { wallet, opened, replayed: nonce != self.nonce })
    }

    async fn decide_wallet(
        &self,
        id: &WalletId,
        stored: Option<&StoredWallet>,
        account: Option<Entry>,
        command: &WalletCommand,
        intent: &Intent,
    ) -> Result<WalletAppend, Failure> {
        let before = stored.map(|stored| &stored.wallet);
        let named = account.as_ref().map(|entry| &entry.transaction.account);
        let WalletChange { wallet, commands } = change_wallet(id, before, named, command, self.now)?;
        let version = stored.map_or(0, |stored| stored.version);
        let next = StoredWallet { wallet: wallet.clone(), version: version.saturating_add(1) };
        let mut append = WalletAppend { wallet, opened: Vec::new(), writes: Vec::new(), spilled: Vec::new() };
        let item = next.to_item(self.project, self.nonce);
        match before {
            None => append.writes.push(Write::Create(item)),
            Some(before) if *before != append.wallet => append.writes.push(Write::Replace { item, version }),
            Some(_) => {}
        }

        let mut chains: HashMap<AccountNumber, Option<Entry>> =
            command.account().map(|number| (number.clone(), account)).into_iter().collect();
        let origin = Origin { nonce: self.nonce, key: None, request: intent.fingerprint };
        let addressed = Addressed::default();
        for (number, command) in commands {
            let newest = match chains.remove(&number) {
                Some(read) => read,
                None => self.newest(&number).await?,
            };
            let context = Context {
                now: self.now,
                addressed: &addressed,
                original: None,
                refund_extension: self.project.refund_extension,
            };
            let decision = decide(newest.as_ref().map(|entry| &entry.transaction.account), &command, &context)?;
            let next = self.append(newest.as_ref(), decision, origin, RING_KEYS_MAX);
            append.writes.extend(next.writes(self));
            append.spilled.extend(next.spilled.iter().cloned());
            append.opened.extend(Some(next.into_transaction()).filter(|entry| entry.kind == Kind::Initialized));
        }
        Ok(append)
    }
}

/// What there is of a key's record between transactions.
enum Settled {
    /// The record, if there is one.
    There(Option<Box<WalletKeyRecord>>),
    /// A transaction has it, or the wallet.
    NotYet,
}

/// A change of a wallet, ready to be written.
struct WalletAppend {
    wallet: Wallet,
    opened: Vec<Transaction>,
    writes: Vec<Write>,
    spilled: Vec<Item>,
}
