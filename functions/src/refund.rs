//! refund: gives back a spend, or a part of it, to the lots that it came from.

use api::{Scope, mircate};
use domain::{Command, Refusal};

use crate::addressing;
use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "refund",
    routes: &[Route::mircate("POST", "/CALL/WalletAPI/refund/{instance}", Scope::Write, |call| {
        Box::pin(mircate(call))
    })],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let refund: mircate::Refund = call.body.read()?;
    let target = addressing::target(call).await?;

    let original = refund.original().ok_or(Refusal::NotFound)?;
    let command = Command::Refund { original, amount: refund.amount };
    let done = call.session.execute(&target, &call.intent, &command).await?;

    Ok(Answer::new(mircate::written(&done.transaction)).replayed(done.replayed))
}
