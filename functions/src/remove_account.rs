//! removeAccount: lets an account leave its wallet. It lives on by its number.

use api::{Scope, mircate};
use domain::WalletCommand;

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "remove_account",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/removeAccount/{instance}", Scope::Admin, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::Membership = call.body.read()?;

    let command = WalletCommand::Remove { number: asked.account_number };
    let changed = call.session.change_wallet(&asked.wallet_id, &call.intent, &command).await?;

    Ok(Answer::new(mircate::wallet(call.project(), &changed.wallet)).replayed(changed.replayed))
}
