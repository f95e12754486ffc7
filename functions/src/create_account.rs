//! createAccount: opens an account in a wallet, at most one a currency.

use api::{Scope, mircate};
use domain::{AccountNumber, NewAccount, Refusal, WalletCommand};

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "create_account",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/createAccount/{instance}", Scope::Write, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::CreateAccount = call.body.read()?;
    let number = match asked.account_number {
        Some(number) => number,
        None => AccountNumber::parse(&call.fresh_id().simple().to_string()).map_err(|_| api::Problem::Internal)?,
    };

    let exponent = mircate::exponent(&asked.currency);
    let command = WalletCommand::Open(NewAccount { number, currency: asked.currency, exponent, title: asked.title });
    let opened = call.session.change_wallet(&asked.wallet_id, &call.intent, &command).await?;
    let first = opened.opened.first().ok_or(Refusal::NotFound)?;

    let answer = mircate::account(call.project(), &first.account, first.note.title.as_ref(), first.account.at);
    Ok(Answer::new(answer).replayed(opened.replayed))
}
