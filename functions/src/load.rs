//! load: puts value into an account, for ever or until it expires.

use api::{Scope, mircate};
use domain::Command;

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "load",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/load/{instance}", Scope::Write, |call| Box::pin(mircate(call)))],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let load: mircate::Load = call.body.read()?;
    let remarks: mircate::Remarks = call.body.read()?;
    let target = addressing::target(call).await?;

    let earned = load.kind == Some(mircate::LoadType::Earned);
    let command = Command::Load { amount: load.amount, earned, expiry: load.expiry(), note: remarks.note() };
    let done = call.session.execute(&target, &call.intent, &command).await?;

    Ok(Answer::new(mircate::written(&done.transaction)).replayed(done.replayed))
}
