//! createWallet: makes a wallet without accounts.

use api::{Problem, Scope, mircate};
use domain::{Profile, Status, WalletCommand};

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "create_wallet",
    routes: &[Route::post("/CALL/WalletAPI/createWallet/{instance}", Scope::Write, |call| Box::pin(mircate(call)))],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let wallet: mircate::CreateWallet = call.body.read()?;
    let status = wallet.status.unwrap_or(Status::Active);
    if status == Status::Closed {
        return Err(Problem::invalid("status", "must be active or frozen").into());
    }

    let profile = Profile {
        title: wallet.title,
        user_id: wallet.user_id,
        updated_by: wallet.updated_by,
        updated_at: wallet.updated_at,
    };
    let command = WalletCommand::Create { status, profile };
    let created = call.session.change_wallet(&wallet.wallet_id, &call.intent, &command).await?;

    Ok(Answer::new(mircate::wallet(call.project(), &created.wallet)).replayed(created.replayed))
}
