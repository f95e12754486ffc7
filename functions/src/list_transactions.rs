//! listTransactions: an account's history, newest first unless asked otherwise. Strongly consistent and without gaps.

use api::{Scope, mircate};
use domain::Refusal;
use store::Page;

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "list_transactions",
    routes: &[
        Route::get("/CALL/WalletAPI/listTransactions/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::post("/CALL/WalletAPI/listTransactions/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::ListTransactions = call.body.read()?;
    let size = asked.page_size()?;
    let target = addressing::target(call).await?;

    let newest = call.session.newest(&target.number).await?;
    let account = newest.map(|entry| entry.transaction.account).filter(|account| target.addressed.is(account));
    let total = account.ok_or(Refusal::NotFound)?.seq;
    let page = match Page::of(total, asked.from(), size, asked.newest_first()) {
        Some(page) => call.session.transactions(&target.number, page).await?,
        None => Vec::new(),
    };

    Ok(Answer::new(mircate::transactions(&page, asked.from(), size, total.number())))
}
