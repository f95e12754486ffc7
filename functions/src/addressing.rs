//! Which account a mircate request means: the body names it, or else the instance does.

use api::{Problem, mircate};
use domain::{Addressed, Refusal};
use store::{Cursor, Target};

use crate::shell::{Call, Fault};

/// The account that is meant. What the body says and what the instance says must agree, unless the instance is the project's own
/// account.
pub(crate) async fn target(call: &Call<'_>) -> Result<Target, Fault> {
    let said: mircate::Address = call.body.read()?;
    let own_account = call.principal.project.own_account.as_ref();
    // An account that the path names says itself whose it is, and in which currency: that is checked when it is read.
    let is_named = call.instance.account.as_ref().is_some_and(|instance| own_account != Some(instance));
    let by_body = match (&said.account_number, &said.wallet_id, &said.currency) {
        (Some(number), _, _) => Some(number.clone()),
        (None, Some(wallet), Some(currency)) if !is_named => {
            let wallet = call.session.wallet(wallet).await?.ok_or(Refusal::NotFound)?;
            Some(wallet.accounts.get(currency).ok_or(Refusal::NotFound)?.clone())
        }
        (None, _, _) => None,
    };
    let number = match (by_body, &call.instance.account) {
        (Some(number), None) => number,
        (Some(number), Some(instance)) if number == *instance || own_account == Some(instance) => number,
        (Some(_), Some(_)) => return Err(Refusal::NotFound.into()),
        (None, Some(instance)) => instance.clone(),
        (None, None) => {
            return Err(Problem::invalid("accountNumber", "is required, or walletId and currency").into());
        }
    };
    Ok(Target { number, addressed: Addressed { wallet: said.wallet_id, currency: said.currency } })
}

/// Whether what is said, or the instance, names one account.
pub(crate) fn names_an_account(call: &Call<'_>, said: &mircate::Address) -> bool {
    let by_wallet = said.wallet_id.is_some() && said.currency.is_some();
    said.account_number.is_some() || by_wallet || call.instance.account.is_some()
}

/// Where a list is to go on.
pub(crate) fn cursor(asked: &mircate::List) -> Result<Option<Cursor>, Problem> {
    let parse = |text| Cursor::parse(text).ok_or_else(|| Problem::invalid("cursor", "is none of ours"));
    asked.cursor.as_deref().map(parse).transpose()
}

/// A cursor, if there is one, is of the list that is asked for.
pub(crate) fn is_of_this_list(cursor: Option<&Cursor>, fits: impl Fn(&Cursor) -> bool) -> Result<(), Problem> {
    if cursor.is_none_or(fits) { Ok(()) } else { Err(Problem::invalid("cursor", "is none of this list")) }
}
