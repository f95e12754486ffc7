//! cancel: undoes a spend of which nothing was refunded, or a load whose value is still there.

use api::{Scope, mircate};
use domain::{Command, Refusal};

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "cancel",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/cancel/{instance}", Scope::Write, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let cancel: mircate::Cancel = call.body.read()?;
    let target = addressing::target(call).await?;

    let original = cancel.original().ok_or(Refusal::NotFound)?;
    let done = call.session.execute(&target, &call.intent, &Command::Cancel { original }).await?;

    Ok(Answer::new(mircate::written(&done.transaction)).replayed(done.replayed))
}
