//! updateWallet: freezes, unfreezes or closes a wallet with all its accounts, or changes what is said about it.

use std::collections::BTreeMap;

use api::{Scope, mircate};
use domain::{Profile, WalletCommand};

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "update_wallet",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/updateWallet/{instance}", Scope::Admin, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let wallet: mircate::UpdateWallet = call.body.read()?;

    let profile = Profile {
        title: wallet.title,
        user_id: wallet.user_id,
        updated_by: wallet.updated_by,
        updated_at: wallet.updated_at,
        details: BTreeMap::new(),
    };
    let command = WalletCommand::Update { status: wallet.status, profile };
    let updated = call.session.change_wallet(&wallet.wallet_id, &call.intent, &command).await?;

    Ok(Answer::new(mircate::wallet(call.project(), &updated.wallet)).replayed(updated.replayed))
}
