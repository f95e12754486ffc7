//! listWallets: the wallets of a project, newest first.

use api::{Problem, Scope, paycombat};
use futures_util::future::try_join_all;

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// How far into the list a page may lie: finding it means reading all places before it.
const PLACES_MAX: u64 = 10_000;

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "list_wallets",
    routes: &[
        Route::paycombat("GET", "/wallet", Scope::Read, |call| Box::pin(paycombat(call))),
        Route::paycombat("GET", "/api/v1/wallet", Scope::Read, |call| Box::pin(paycombat(call))),
    ],
};

async fn paycombat(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: paycombat::ListWallets = call.body.read()?;
    let (page, limit) = (asked.page()?, asked.limit()?);
    let from = page.saturating_sub(1).saturating_mul(limit);
    if from > PLACES_MAX {
        return Err(Problem::invalid("page", "is too far into the list").into());
    }

    let (wallets, more) = call.session.wallets(from, limit).await?;
    let rendered = try_join_all(wallets.iter().map(|wallet| async move {
        let accounts = call.session.newest_of(wallet.accounts.values().cloned()).await?;
        Ok::<_, store::Error>(paycombat::wallet(call.project(), wallet, &accounts, call.now))
    }));

    Ok(Answer::new(paycombat::page(&rendered.await?, page, limit, more)))
}
