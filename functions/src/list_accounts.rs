//! listAccounts: the accounts of a wallet or of the whole project, newest first unless asked otherwise.
//!
//! A call looks at no more than [`READ_MAX`] accounts, answers what it found, and says where to go on.

use api::{Problem, Scope, mircate};
use domain::{Account, Refusal, Text, Transaction};
use store::{Cursor, Order};

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

    let (openings, next) = openings(call, &asked).await?;
    let wants = |opening: &&Transaction| {
        let account = &opening.account;
        let title = opening.note.title.as_ref().map(Text::as_str);
        said.currency.as_ref().is_none_or(|currency| *currency == account.currency)
            && asked.wants(account.status.as_str(), &[Some(account.number.as_str()), title])
    };
    let wanted: Vec<&Transaction> = openings.iter().filter(wants).collect();
    let page = wanted.iter().skip(usize::try_from(asked.from).unwrap_or(usize::MAX));
    let page: Vec<&Transaction> = page.take(usize::try_from(page_size).unwrap_or(usize::MAX)).copied().collect();
    let accounts = call.session.newest_of(page.iter().map(|opening| opening.account.number.clone())).await?;
    let answer = |(account, opening): (&Account, &&Transaction)| {
        mircate::account(call.project(), account, opening.note.title.as_ref(), call.now)
    };
    let answers: Vec<_> = accounts.iter().zip(&page).map(answer).collect();

    let total = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    let page = mircate::Page { from: asked.from, page_size, total, cursor: next.map(|cursor| cursor.to_string()) };
    Ok(Answer::new(page.of_accounts(&answers)))
}

/// The first entries of the accounts that are listed, and where to go on.
async fn openings(call: &Call<'_>, asked: &mircate::List) -> Result<(Vec<Transaction>, Option<Cursor>), Fault> {
    let order = if asked.newest_first() { Order::NewestFirst } else { Order::OldestFirst };
    if let Some(wallet) = addressing::wallet(call)? {
        let wallet = call.session.wallet(&wallet).await?.ok_or(Refusal::NotFound)?;
        let mut openings = call.session.openings_of(wallet.accounts.into_values()).await?;
        openings.sort_by_key(|opening| opening.account.opened);
        if order == Order::NewestFirst {
            openings.reverse();
        }
        return Ok((openings, None));
    }
    let cursor =
        asked.cursor.as_deref().map(|text| Cursor::parse(text).ok_or(Problem::invalid("cursor", "is none of ours")));
    let mut listing = call.session.list_project_openings(order, cursor.transpose()?.as_ref());
    let mut openings = Vec::new();
    for _ in 0..READ_MAX {
        let Some(opening) = listing.next().await? else { break };
        openings.push(opening);
    }
    Ok((openings, listing.cursor()))
}
