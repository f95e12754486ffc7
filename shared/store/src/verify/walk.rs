//! Reading an account for its verification: its entries, then its key records, and again what does not agree.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{AccountNumber, Project, Seq, Status};

use super::chain::Chain;
use super::finding::{Finding, Flaw, Subject};
use super::marks::Original;
use super::{Head, REREAD_AFTER, REREADS, Report, Verifier};
use crate::error::{Error, Trouble};
use crate::item::{Entry, Item};
use crate::keys::{self, KeyHash};
use crate::{Session, item};

/// A part of an account's partition.
#[derive(Clone, Debug)]
enum Range {
    /// From this sort key on.
    From(String),
    /// Behind this sort key.
    Behind(String),
    /// Before this sort key.
    Before(String),
}

impl Verifier {
    /// Verifies an account: its chain, its keys, and that its wallet has it. `head` is what an earlier run saw. An account
    /// that there is not comes to nothing.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn account(
        &self,
        project: &Project,
        number: &AccountNumber,
        head: Option<&Head>,
    ) -> Result<Report, Error> {
        let session = self.session(project);
        let mut chain = Chain::new(project, number, self.feed, head);
        let mut strays: Vec<Item> = Vec::new();
        let mut read_to = self.entries(&session, number, &mut chain, &mut strays).await?;
        self.settle(&session, number, &mut chain, &mut read_to).await?;
        let keys = self.records(&session, number, &mut chain, &mut strays).await?;
        for item in &strays {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
            let subject = Subject::Item { pk: text("pk"), sk: text("sk") };
            chain.push(Finding::new(subject, Flaw::Stray));
        }
        if chain.entries == 0 && keys > 0 {
            chain.tell_of_account(Flaw::Missing { through: Seq::FIRST });
        }
        chain.finish(self.now);
        if let Some(flaw) = self.wallet_of(&session, &chain, number).await? {
            chain.tell_of_account(flaw);
        }
        let exists = u64::from(chain.entries > 0 || keys > 0);
        let heads = chain.head().into_iter().collect();
        let Chain { entries, findings, more, .. } = chain;
        Ok(Report { accounts: exists, entries, wallets: 0, keys, findings, more, heads })
    }

    /// Reads the chain to its end, and tells how far that was.
    async fn entries(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        chain: &mut Chain<'_>,
        strays: &mut Vec<Item>,
    ) -> Result<Range, Error> {
        let range = Range::From(keys::ENTRIES.to_owned());
        let mut read_to = range.clone();
        let mut start = None;
        loop {
            let page = self.page(session, number, &range, start.take()).await?;
            for item in page.items.unwrap_or_default() {
                let Some(seq) = Chain::place_of(&item) else {
                    strays.push(item);
                    continue;
                };
                self.fill_gap(session, number, chain, seq).await?;
                chain.pass(seq, &item);
                read_to = Range::Behind(keys::seq(seq));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(read_to);
            }
        }
    }

    /// Of two entries of one transaction the second may be seen first.
    async fn fill_gap(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        chain: &mut Chain<'_>,
        until: Seq,
    ) -> Result<(), Error> {
        for reread in 0..REREADS {
            while let Some(next) = chain.next().filter(|next| *next < until) {
                let Some(item) = session.get(&keys::entry(session.project_id(), number, next)).await? else { break };
                chain.pass(next, &item);
            }
            if chain.next().is_none_or(|next| next >= until) {
                break;
            }
            if reread.saturating_add(1) < REREADS {
                tokio::time::sleep(REREAD_AFTER).await;
            }
        }
        Ok(())
    }

    /// Reads again what looks wrong, and what was written since.
    async fn settle(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        chain: &mut Chain<'_>,
        read_to: &mut Range,
    ) -> Result<(), Error> {
        for reread in 0..REREADS {
            let open = chain.marks.open();
            if open.is_empty() && !chain.ends_open() {
                break;
            }
            if reread > 0 {
                tokio::time::sleep(REREAD_AFTER).await;
            }
            for seq in open {
                let item = session.get(&keys::entry(session.project_id(), number, seq)).await?;
                let original = item.as_ref().and_then(|item| Entry::from_item(item).ok());
                chain.marks.reread(seq, original.as_ref().map(Original::of));
            }
            *read_to = self.read_on(session, number, chain, read_to.clone()).await?;
        }
        Ok(())
    }

    /// Reads what was written since: only for what it says about the entries before.
    async fn read_on(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        chain: &mut Chain<'_>,
        range: Range,
    ) -> Result<Range, Error> {
        let mut read_to = range.clone();
        let mut start = None;
        loop {
            let page = self.page(session, number, &range, start.take()).await?;
            for item in page.items.unwrap_or_default() {
                if let (Some(seq), Ok(entry)) = (Chain::place_of(&item), Entry::from_item(&item)) {
                    chain.pass_later(&entry);
                    read_to = Range::Behind(keys::seq(seq));
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(read_to);
            }
        }
    }

    /// Reads the records of the account's keys, and those that seem to be missing once more.
    async fn records(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        chain: &mut Chain<'_>,
        strays: &mut Vec<Item>,
    ) -> Result<u64, Error> {
        let range = Range::Before(keys::ENTRIES.to_owned());
        let mut count = 0_u64;
        let mut start = None;
        loop {
            let page = self.page(session, number, &range, start.take()).await?;
            for item in page.items.unwrap_or_default() {
                let sk = item.get("sk").and_then(|value| value.as_s().ok());
                match sk.and_then(|sk| keys::hash_of_account_key(sk)) {
                    Some(hash) => {
                        count = count.saturating_add(1);
                        self.record(session, number, chain, hash, &item).await?;
                    }
                    None => strays.push(item),
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        for key in chain.unrecorded(self.now) {
            if let Some(item) = session.get(&keys::account_key(session.project_id(), number, key.hash)).await? {
                self.record(session, number, chain, key.hash, &item).await?;
            }
        }
        Ok(count)
    }

    async fn record(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        chain: &mut Chain<'_>,
        hash: KeyHash,
        item: &Item,
    ) -> Result<(), Error> {
        if let Some(seq) = chain.record(hash, item, self.now) {
            let named = session.get(&keys::entry(session.project_id(), number, seq)).await?;
            if named.as_ref().and_then(item::key_of) != Some(hash) {
                chain.record_of_nothing(hash, seq);
            }
        }
        Ok(())
    }

    /// What is wrong between the account and its wallet, after looking at both more than once.
    async fn wallet_of(
        &self,
        session: &Session<'_>,
        chain: &Chain<'_>,
        number: &AccountNumber,
    ) -> Result<Option<Flaw>, Error> {
        let mut account = match chain.newest() {
            Some(newest) => newest.transaction.account.clone(),
            None => return Ok(None),
        };
        let mut flaw = None;
        for reread in 0..REREADS {
            if reread > 0 {
                tokio::time::sleep(REREAD_AFTER).await;
                match session.newest(number).await {
                    Ok(Some(newest)) => account = newest.transaction.account,
                    Ok(None) | Err(Error::Damaged { .. }) => return Ok(flaw),
                    Err(error) => return Err(error),
                }
            }
            let Some(id) = &account.wallet else { return Ok(None) };
            let wallet = match session.wallet(id).await {
                // It is told where the wallet itself is looked at.
                Err(Error::Damaged { .. }) => return Ok(None),
                read => read?,
            };
            let has_it = |wallet: &domain::Wallet| wallet.accounts.get(&account.currency) == Some(number);
            flaw = match wallet.filter(has_it) {
                None => Some(Flaw::WalletWithoutAccount { wallet: id.clone() }),
                Some(wallet) if wallet.status != account.status => {
                    let [expected, found] = [wallet.status, account.status].map(Status::as_str);
                    Some(Flaw::Status { expected, found })
                }
                Some(_) => return Ok(None),
            };
        }
        Ok(flaw)
    }

    async fn page(
        &self,
        session: &Session<'_>,
        number: &AccountNumber,
        range: &Range,
        start: Option<Item>,
    ) -> Result<QueryOutput, Error> {
        let (condition, bound) = match range {
            Range::From(sk) => ("pk = :pk AND sk >= :bound", sk),
            Range::Behind(sk) => ("pk = :pk AND sk > :bound", sk),
            Range::Before(sk) => ("pk = :pk AND sk < :bound", sk),
        };
        let query = self.store.client.query().table_name(&self.store.tables.ledger).key_condition_expression(condition);
        let query =
            query.expression_attribute_values(":pk", AttributeValue::S(keys::account(session.project_id(), number)));
        let query = query.expression_attribute_values(":bound", AttributeValue::S(bound.clone()));
        let query = query.consistent_read(true).set_exclusive_start_key(start).limit(self.page_items());
        self.wait().await;
        let page = query.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(Trouble::of)?;
        self.meter.read(page.consumed_capacity());
        Ok(page)
    }
}
