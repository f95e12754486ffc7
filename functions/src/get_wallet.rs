//! getWallet: a wallet with the numbers of its accounts.

use api::{Problem, Scope, liquido, mircate, paycombat};
use domain::{AccountNumber, Refusal, Wallet, WalletId};

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "get_wallet",
    routes: &[
        Route::mircate("GET", "/CALL/WalletAPI/getWallet/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::mircate("POST", "/CALL/WalletAPI/getWallet/{instance}", Scope::Read, |call| Box::pin(mircate(call))),
        Route::liquido("GET", "/v1/accounts/wallet", Scope::Read, |call| Box::pin(liquido(call))),
        Route::liquido("GET", "/v1/accounts/wallet/{id}", Scope::Read, |call| Box::pin(liquido(call))),
        Route::paycombat("GET", "/wallet/{wallet_id}", Scope::Read, |call| Box::pin(paycombat(call))),
        Route::paycombat("GET", "/api/v1/wallet/{wallet_id}", Scope::Read, |call| Box::pin(paycombat(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: mircate::GetWallet = call.body.read()?;
    let by_instance = || WalletId::parse(call.instance.account.as_ref()?.as_str()).ok();
    let id = asked.wallet_id.or_else(by_instance).ok_or_else(|| Problem::invalid("walletId", "is required"))?;

    let wallet = call.session.wallet(&id).await?.ok_or(Refusal::NotFound)?;

    Ok(Answer::new(mircate::wallet(call.project(), &wallet)))
}

/// By its id, or by the key that it was created with. What is answered is the account that it was created with.
async fn liquido(call: &Call<'_>) -> Result<Answer, Fault> {
    let wallet = if call.parameter.is_empty() {
        let asked: liquido::FindWallet = call.body.read()?;
        call.session.wallet_of_key(&asked.idempotency_key).await?
    } else {
        by_id(call).await?
    };
    let wallet = wallet.ok_or(Refusal::NotFound)?;
    let own = |number: &&AccountNumber| number.as_str() == wallet.id.as_str();
    let number = wallet.accounts.values().find(own).or_else(|| wallet.accounts.values().next());
    let newest = call.session.newest(number.ok_or(Refusal::NotFound)?).await?.ok_or(Refusal::NotFound)?;

    Ok(Answer::new(liquido::wallet(&wallet, &newest.transaction.account, call.now)))
}

async fn paycombat(call: &Call<'_>) -> Result<Answer, Fault> {
    let wallet = by_id(call).await?.ok_or(Refusal::NotFound)?;
    let accounts = call.session.newest_of(wallet.accounts.values().cloned()).await?;

    Ok(Answer::new(paycombat::found(&paycombat::wallet(call.project(), &wallet, &accounts, call.now))))
}

async fn by_id(call: &Call<'_>) -> Result<Option<Wallet>, Fault> {
    match WalletId::parse(&call.parameter) {
        Ok(id) => Ok(call.session.wallet(&id).await?),
        Err(_) => Ok(None),
    }
}
