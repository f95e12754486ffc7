//! listTransactions: the history of an account, of a wallet or of the whole project, newest first unless asked otherwise.
//!
//! One account's page costs the same wherever it lies. Where only reading tells what belongs to a page (filters, several
//! accounts, a project), a call reads at most [`READ_MAX`] entries, answers what it found, and says where to go on.

use api::{Problem, Scope, mircate};
use domain::{AccountNumber, Refusal, Seq, Timestamp};
use store::{Cursor, Listing, Order, Times};

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// How many entries a call reads at most.
const READ_MAX: u64 = 1_000;

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "list_transactions",
    routes: &[
        Route::mircate("GET", "/CALL/WalletAPI/listTransactions/{instance}", Scope::Read, |call| {
            Box::pin(mircate(call))
        }),
        Route::mircate("POST", "/CALL/WalletAPI/listTransactions/{instance}", Scope::Read, |call| {
            Box::pin(mircate(call))
        }),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::List = call.body.read()?;
    let spans: mircate::Spans = call.body.read()?;
    let page_size = asked.page_size()?;
    let cursor =
        asked.cursor.as_deref().map(|text| Cursor::parse(text).ok_or(Problem::invalid("cursor", "is none of ours")));
    let mut listing = listing(call, &asked, &spans, cursor.transpose()?.as_ref()).await?;

    let wants = |transaction: &_| {
        asked.wants_transaction(transaction)
            && spans.expires_at.as_ref().is_none_or(|span| span.has_expiry_of(transaction))
    };
    let everything = !asked.is_filtered() && spans.expires_at.is_none();
    let total = listing.left().filter(|_| everything);
    let mut to_skip = if everything && listing.skip(asked.from) { 0 } else { asked.from };
    if everything {
        listing.expect(to_skip.saturating_add(page_size));
    }
    let mut found = Vec::new();
    for _ in 0..READ_MAX {
        if to_skip == 0 && u64::try_from(found.len()) == Ok(page_size) {
            break;
        }
        match listing.next().await? {
            None => break,
            Some(transaction) if !wants(&transaction) => {}
            Some(_) if to_skip > 0 => to_skip = to_skip.saturating_sub(1),
            Some(transaction) => found.push(transaction),
        }
    }

    let so_far = asked.from.saturating_sub(to_skip).saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
    let cursor = listing.cursor().map(|cursor| cursor.to_string());
    let page = mircate::Page { from: asked.from, page_size, total: total.unwrap_or(so_far), cursor };
    Ok(Answer::new(page.of_transactions(&found)))
}

/// What is listed: an account if one is named, a wallet if only that is, and the whole project otherwise.
async fn listing<'c>(
    call: &'c Call<'_>,
    asked: &mircate::List,
    spans: &mircate::Spans,
    cursor: Option<&Cursor>,
) -> Result<Listing<'c>, Fault> {
    let order = if asked.newest_first() { Order::NewestFirst } else { Order::OldestFirst };
    let (start, end) = spans.created_at.as_ref().map_or((Timestamp(0), None), mircate::Span::bounds);
    let times = Times { start, end: end.unwrap_or(Times::ALL.end) };
    let accounts = if addressing::names_an_account(call)? {
        let target = addressing::target(call).await?;
        let account = call.session.newest(&target.number).await?.map(|entry| entry.transaction.account);
        let account = account.filter(|account| target.addressed.is(account)).ok_or(Refusal::NotFound)?;
        vec![(account.number, account.seq)]
    } else if let Some(wallet) = addressing::wallet(call)? {
        let wallet = call.session.wallet(&wallet).await?.ok_or(Refusal::NotFound)?;
        newest_numbers(call, wallet.accounts.into_values()).await?
    } else if call.has_feed() {
        return Ok(call.session.list_project_history(times, order, cursor));
    } else {
        return Err(Problem::invalid("accountNumber", "is required: there is no list of the whole project here").into());
    };
    Ok(call.session.list_accounts_history(&accounts, times, order, cursor).await?)
}

async fn newest_numbers(
    call: &Call<'_>,
    accounts: impl Iterator<Item = AccountNumber>,
) -> Result<Vec<(AccountNumber, Seq)>, Fault> {
    let mut numbers = Vec::new();
    for account in call.session.newest_of(accounts).await? {
        numbers.push((account.number, account.seq));
    }
    Ok(numbers)
}
