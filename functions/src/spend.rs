//! spend: takes value out of an account, earliest expiry first.

use api::{Scope, mircate};
use domain::Command;

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "spend",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/spend/{instance}", Scope::Write, |call| Box::pin(mircate(call)))],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let spend: mircate::Spend = call.body.read()?;
    let remarks: mircate::Remarks = call.body.read()?;
    let target = addressing::target(call).await?;

    let command = Command::Spend { amount: spend.amount, note: remarks.note() };
    let done = call.session.execute(&target, &call.intent, &command).await?;

    Ok(Answer::new(mircate::written(&done.transaction)).replayed(done.replayed))
}
