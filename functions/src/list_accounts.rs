//! listAccounts: the accounts of a wallet or of the whole project, newest first unless asked otherwise.
//!
//! A call looks at no more than [`READ_MAX`] accounts, answers what it found, and says where to go on.

use std::collections::VecDeque;

use api::{Scope, mircate};
use domain::{Refusal, Seq, Text, Transaction};
use serde_json::Value;
use store::{Cursor, Listing, Order};

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// How many accounts of a project a call looks at.
const READ_MAX: u64 = 200;

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "list_accounts",
    routes: &[
        Route::mircate("GET", "/CALL/WalletAPI/listAccounts/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::mircate("POST", "/CALL/WalletAPI/listAccounts/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::List = call.body.read()?;
    let said: mircate::Address = call.body.read()?;
    let page_size = asked.page_size()?;
    let mut openings = Openings::of(call, &asked, &said).await?;

    let (mut to_skip, mut found, mut read) = (asked.from, Vec::new(), 0);
    let missing = |to_skip: u64, found: &[Value]| {
        to_skip.saturating_add(page_size).saturating_sub(u64::try_from(found.len()).unwrap_or(u64::MAX))
    };
    while missing(to_skip, &found) > 0 && read < READ_MAX {
        // Never more than are missing: the list goes on after the last that was read.
        let next = openings.next(missing(to_skip, &found).min(READ_MAX.saturating_sub(read))).await?;
        if next.is_empty() {
            break;
        }
        read = read.saturating_add(u64::try_from(next.len()).unwrap_or(u64::MAX));
        let accounts = call.session.newest_of(next.iter().map(|opening| opening.account.number.clone())).await?;
        for (account, opening) in accounts.iter().zip(&next) {
            let title = opening.note.title.as_ref();
            let texts = [Some(account.number.as_str()), title.map(Text::as_str)];
            let fits = said.currency.as_ref().is_none_or(|currency| *currency == account.currency);
            if !fits || !asked.wants(account.status.as_str(), &texts) {
                continue;
            }
            if to_skip > 0 {
                to_skip = to_skip.saturating_sub(1);
            } else {
                found.push(mircate::account(call.project(), account, title, call.now));
            }
        }
    }

    let so_far = asked.from.saturating_sub(to_skip).saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
    let cursor = openings.cursor().map(|cursor| cursor.to_string());
    let page = mircate::Page { from: asked.from, page_size, total: so_far, cursor };
    Ok(Answer::new(page.of_accounts(&found)))
}

/// The first entries of the accounts that are listed, one after the other.
enum Openings<'c> {
    Wallet(VecDeque<Transaction>),
    Project(Listing<'c>),
}

impl<'c> Openings<'c> {
    async fn of(call: &'c Call<'_>, asked: &mircate::List, said: &mircate::Address) -> Result<Openings<'c>, Fault> {
        let order = if asked.newest_first() { Order::NewestFirst } else { Order::OldestFirst };
        let cursor = addressing::cursor(asked)?;
        let Some(wallet) = &said.wallet_id else {
            addressing::is_of_this_list(cursor.as_ref(), Cursor::is_of_project)?;
            return Ok(Openings::Project(call.session.list_project_openings(order, cursor.as_ref())));
        };
        let wallet = call.session.wallet(wallet).await?.ok_or(Refusal::NotFound)?;
        let numbers: Vec<_> = wallet.accounts.into_values().map(|number| (number, Seq::FIRST)).collect();
        addressing::is_of_this_list(cursor.as_ref(), |cursor| cursor.is_of(&numbers))?;
        let mut openings = call.session.openings_of(numbers.into_iter().map(|(number, _)| number)).await?;
        openings.sort_by_key(|opening| opening.account.opened);
        if order == Order::NewestFirst {
            openings.reverse();
        }
        // The cursor names what is left, in any order.
        if let Some(Cursor::Chains(left)) = cursor {
            openings.retain(|opening| left.contains_key(&opening.account.number));
        }
        Ok(Openings::Wallet(openings.into()))
    }

    /// The next ones, at most `count`.
    async fn next(&mut self, count: u64) -> Result<Vec<Transaction>, store::Error> {
        let mut next = Vec::new();
        for _ in 0..count {
            let opening = match self {
                Openings::Wallet(openings) => openings.pop_front(),
                Openings::Project(listing) => listing.next().await?,
            };
            let Some(opening) = opening else { break };
            next.push(opening);
        }
        Ok(next)
    }

    fn cursor(&self) -> Option<Cursor> {
        match self {
            Openings::Wallet(openings) if openings.is_empty() => None,
            Openings::Wallet(openings) => {
                let left = openings.iter().map(|opening| (opening.account.number.clone(), Seq::FIRST));
                Some(Cursor::Chains(left.collect()))
            }
            Openings::Project(listing) => listing.cursor(),
        }
    }
}
