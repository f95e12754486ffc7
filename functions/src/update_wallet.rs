//! updateWallet: freezes, unfreezes or closes a wallet with all its accounts, or changes what is said about it.

use api::{Scope, mircate};
use domain::WalletCommand;

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "update_wallet",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/updateWallet/{instance}", Scope::Admin, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let wallet: mircate::NamedWallet = call.body.read()?;
    let about: mircate::About = call.body.read()?;

    let command = WalletCommand::Update { status: wallet.status, profile: about.profile() };
    let updated = call.session.change_wallet(&wallet.wallet_id, &call.intent, &command).await?;

    Ok(Answer::new(mircate::wallet(call.project(), &updated.wallet)).replayed(updated.replayed))
}
