//! listTransactions: the history of an account, of a wallet or of the whole project, newest first unless asked otherwise.
//!
//! One account's page costs the same wherever it lies. Where only reading tells what belongs to a page (filters, several
//! accounts, a project), a call reads at most [`READ_MAX`] entries, answers what it found, and says where to go on.

use api::{Problem, Scope, mircate};
use domain::{Refusal, Timestamp, Transaction};
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
    let said: mircate::Address = call.body.read()?;
    let page_size = asked.page_size()?;
    let mut listing = listing(call, &asked, &spans, &said).await?;

    let wants = |transaction: &Transaction| {
        asked.wants_transaction(transaction)
            && spans.expires_at.as_ref().is_none_or(|span| span.0.has_expiry_of(transaction))
            && said.currency.as_ref().is_none_or(|currency| *currency == transaction.account.currency)
    };
    // All transactions of one account are of its currency.
    let any_currency = said.currency.is_none() || addressing::names_an_account(call, &said);
    let everything = !asked.is_filtered() && spans.expires_at.is_none() && any_currency;
    let total = listing.total().filter(|_| everything);
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
    said: &mircate::Address,
) -> Result<Listing<'c>, Fault> {
    let cursor = addressing::cursor(asked)?;
    let order = if asked.newest_first() { Order::NewestFirst } else { Order::OldestFirst };
    let (start, end) = spans.created_at.as_ref().map_or((Timestamp(0), None), |span| span.0.bounds());
    let times = Times { start, end: end.unwrap_or(Times::ALL.end) };
    let accounts = if addressing::names_an_account(call, said) {
        let target = addressing::target(call).await?;
        let account = call.session.newest(&target.number).await?.map(|entry| entry.transaction.account);
        let account = account.filter(|account| target.addressed.is(account)).ok_or(Refusal::NotFound)?;
        vec![(account.number, account.seq)]
    } else if let Some(wallet) = &said.wallet_id {
        let wallet = call.session.wallet(wallet).await?.ok_or(Refusal::NotFound)?;
        let accounts = call.session.newest_of(wallet.accounts.into_values()).await?;
        accounts.into_iter().map(|account| (account.number, account.seq)).collect()
    } else if call.has_feed() {
        addressing::is_of_this_list(cursor.as_ref(), Cursor::is_of_project)?;
        return Ok(call.session.list_project_history(times, order, cursor.as_ref()));
    } else {
        return Err(Problem::invalid("accountNumber", "is required: there is no list of the whole project here").into());
    };
    addressing::is_of_this_list(cursor.as_ref(), |cursor| cursor.is_of(&accounts))?;
    Ok(call.session.list_accounts_history(&accounts, times, order, cursor.as_ref()).await?)
}
