//! getAccount: what an account holds now.

use api::{Scope, mircate};
use domain::{Refusal, Seq};

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "get_account",
    routes: &[
        Route::mircate("GET", "/CALL/WalletAPI/getAccount/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::mircate("POST", "/CALL/WalletAPI/getAccount/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let target = addressing::target(call).await?;

    let first = call.session.entry(&target.number, Seq::FIRST);
    let (newest, first) = tokio::try_join!(call.session.newest(&target.number), first)?;
    let account = newest.map(|entry| entry.transaction.account).filter(|account| target.addressed.is(account));
    let account = account.ok_or(Refusal::NotFound)?;
    let title = first.and_then(|entry| entry.transaction.note.title);

    Ok(Answer::new(mircate::account(call.project(), &account, title.as_ref(), call.now)))
}
