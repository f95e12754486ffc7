//! createWallet: makes a wallet. In mircate it has no accounts yet, in liquido one, in paycombat one for each currency.

use api::{Problem, Scope, liquido, mircate, paycombat};
use domain::{AccountNumber, Currency, Intent, NewAccount, Refusal, Status, WalletCommand, WalletId};

use crate::shell::{Answer, Call, Fault, Operation, Route};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "create_wallet",
    routes: &[
        Route::mircate("POST", "/CALL/WalletAPI/createWallet/{instance}", Scope::Write, |call| Box::pin(mircate(call))),
        Route::liquido("POST", "/v1/accounts/wallet", Scope::Write, |call| Box::pin(liquido(call))),
        Route::paycombat("POST", "/wallet/create", Scope::Write, |call| Box::pin(paycombat(call))),
        Route::paycombat("POST", "/api/v1/wallet/create", Scope::Write, |call| Box::pin(paycombat(call))),
    ],
};

async fn mircate(call: &Call<'_>) -> Result<Answer, Fault> {
    let wallet: mircate::NamedWallet = call.body.read()?;
    let about: mircate::About = call.body.read()?;
    let status = wallet.status.unwrap_or(Status::Active);
    if status == Status::Closed {
        return Err(Problem::invalid("status", "must be active or frozen").into());
    }

    let command = WalletCommand::Create { status, profile: about.profile(), accounts: Vec::new() };
    let created = call.session.change_wallet(&wallet.wallet_id, &call.intent, &command).await?;

    Ok(Answer::new(mircate::wallet(call.project(), &created.wallet)).replayed(created.replayed))
}

/// The wallet and its account have one name. The key is the public name of both, and so kept for ever.
async fn liquido(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked = liquido::CreateWallet::read(&call.body)?;
    let id = WalletId::parse(&call.fresh_id().to_string()).map_err(|_| Problem::Internal)?;
    let account = new_account(id.as_str(), &asked.currency, liquido::CENTS_EXPONENT)?;

    let key = Some(asked.idempotency_key.clone());
    let intent = Intent { key, permanent: true, ..call.intent.clone() };
    let command = WalletCommand::Create { status: Status::Active, profile: asked.profile(), accounts: vec![account] };
    let created = call.session.change_wallet(&id, &intent, &command).await?;
    let first = created.opened.first().ok_or(Refusal::NotFound)?;

    let answer = liquido::wallet(&created.wallet, &first.account, first.account.at);
    Ok(Answer::new(answer).replayed(created.replayed))
}

async fn paycombat(call: &Call<'_>) -> Result<Answer, Fault> {
    let asked: paycombat::CreateWallet = call.body.read()?;
    let id = WalletId::parse(&call.fresh_id().to_string()).map_err(|_| Problem::Internal)?;
    let account =
        |currency: &Currency| new_account(&call.fresh_id().to_string(), currency, mircate::exponent(currency));
    let accounts = asked.currencies()?.iter().map(account).collect::<Result<_, _>>()?;

    let command = WalletCommand::Create { status: Status::Active, profile: asked.profile(), accounts };
    let created = call.session.change_wallet(&id, &call.intent, &command).await?;
    let accounts: Vec<_> = created.opened.iter().map(|opened| opened.account.clone()).collect();

    let wallet = paycombat::wallet(call.project(), &created.wallet, &accounts, created.wallet.created_at);
    Ok(Answer::new(paycombat::created(&wallet)).replayed(created.replayed))
}

fn new_account(number: &str, currency: &Currency, exponent: u8) -> Result<NewAccount, Problem> {
    let number = AccountNumber::parse(number).map_err(|_| Problem::Internal)?;
    Ok(NewAccount { number, currency: currency.clone(), exponent, title: None })
}
