//! fix: corrects a balance, by an amount or to a target, and says why.

use api::{Scope, mircate};
use domain::Command;

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "fix",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/fix/{instance}", Scope::Fix, |call| Box::pin(mircate(call)))],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::Fix = call.body.read()?;
    let command = Command::Fix { fix: asked.fix()?, note: asked.note()? };
    let target = addressing::target(call).await?;

    let done = call.session.execute(&target, &call.intent, &command).await?;

    Ok(Answer::new(mircate::written(&done.transaction)).replayed(done.replayed))
}
