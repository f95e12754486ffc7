//! getAccounts: all accounts of a wallet, in the order of their currencies.

use api::{Scope, mircate};
use domain::{Account, Refusal, Transaction};
use serde_json::json;

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "get_accounts",
    routes: &[
        Route::mircate("GET", "/CALL/WalletAPI/getAccounts/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::mircate("POST", "/CALL/WalletAPI/getAccounts/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::GetAccounts = call.body.read()?;

    let wallet = call.session.wallet(&asked.wallet_id).await?.ok_or(Refusal::NotFound)?;
    let numbers = || wallet.accounts.values().cloned();
    let (accounts, openings) =
        tokio::try_join!(call.session.newest_of(numbers()), call.session.openings_of(numbers()))?;

    let answer = |(account, opening): (&Account, &Transaction)| {
        mircate::account(call.project(), account, opening.note.title.as_ref(), call.now)
    };
    let answers: Vec<_> = accounts.iter().zip(&openings).map(answer).collect();
    Ok(Answer::new(json!({ "accounts": answers })))
}
