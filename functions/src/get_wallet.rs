//! getWallet: a wallet with the numbers of its accounts.

use api::{Problem, Scope, mircate};
use domain::{Refusal, WalletId};

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "get_wallet",
    routes: &[
        Route::get("/CALL/WalletAPI/getWallet/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::post("/CALL/WalletAPI/getWallet/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::GetWallet = call.body.read()?;
    let by_instance = || WalletId::parse(call.instance.account.as_ref()?.as_str()).ok();
    let id = asked.wallet_id.or_else(by_instance).ok_or_else(|| Problem::invalid("walletId", "is required"))?;

    let wallet = call.session.wallet(&id).await?.ok_or(Refusal::NotFound)?;

    Ok(Answer::new(mircate::wallet(call.project(), &wallet)))
}
