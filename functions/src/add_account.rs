//! addAccount: takes an account that is in no wallet into one.

use api::{Scope, mircate};
use domain::WalletCommand;

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "add_account",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/addAccount/{instance}", Scope::Admin, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::Membership = call.body.read()?;

    let command = WalletCommand::Add { number: asked.account_number };
    let changed = call.session.change_wallet(&asked.wallet_id, &call.intent, &command).await?;

    Ok(Answer::new(mircate::wallet(call.project(), &changed.wallet)).replayed(changed.replayed))
}
