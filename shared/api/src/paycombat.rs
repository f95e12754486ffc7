//! The dialect `paycombat`: `/wallet`, authenticated by the header `X-token`, and what is written by a
//! [`signature`](crate::signature) as well.
//!
//! Members marked in `contract.md` as fixed by the vendor's pages are to the letter; the others are our own decision in the
//! vendor's manner.

use std::collections::BTreeSet;

use domain::wallet::ACCOUNTS_MAX;
use domain::{Account, Currency, Profile, ProjectId, Status, Text, Timestamp, Wallet};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::dialect::is_about_credentials;
use crate::failure::{Failure, Problem, Verdict};
use crate::{time, webhook};

/// What is said of a wallet is kept by its names here; this is where its events are posted.
pub const WEBHOOK_URL: &str = "webhook_url";

/// The longest page of a listing.
pub const LIMIT_MAX: u64 = 100;

/// The page of a listing that does not say how long it should be.
const LIMIT_DEFAULT: u64 = 20;

/// The body of createWallet.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateWallet {
    customer_id: CustomerId,
    currency: Currency,
    currency_list: Vec<Currency>,
    description: Option<Text>,
    webhook_url: Option<webhook::Url>,
}

/// The query of listWallets.
#[derive(Clone, Debug, Deserialize)]
pub struct ListWallets {
    page: Option<u64>,
    limit: Option<u64>,
}

impl CreateWallet {
    /// The currencies of the accounts that are asked for: each once, however often it was said.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] if they are more than a wallet can have.
    pub fn currencies(&self) -> Result<BTreeSet<Currency>, Problem> {
        let currencies: BTreeSet<_> = self.currency_list.iter().chain([&self.currency]).cloned().collect();
        let fits = currencies.len() <= ACCOUNTS_MAX;
        if fits { Ok(currencies) } else { Err(Problem::invalid("currency_list", "must have at most 40 currencies")) }
    }

    /// What is said about the wallet.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let said = [
            ("dialect", Some("paycombat")),
            ("customer_id", Some(self.customer_id.0.as_str())),
            ("description", self.description.as_ref().map(Text::as_str)),
            (WEBHOOK_URL, self.webhook_url.as_ref().map(webhook::Url::as_str)),
        ];
        let details = said.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.to_owned())));
        Profile { details: details.collect(), ..Profile::default() }
    }
}

impl ListWallets {
    /// Which page; the first is 1.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] for 0.
    pub fn page(&self) -> Result<u64, Problem> {
        let page = self.page.unwrap_or(1);
        if page > 0 { Ok(page) } else { Err(Problem::invalid("page", "must be an integer from 1")) }
    }

    /// How many to answer at most.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] for 0 and above [`LIMIT_MAX`].
    pub fn limit(&self) -> Result<u64, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        let fits = (1..=LIMIT_MAX).contains(&limit);
        if fits { Ok(limit) } else { Err(Problem::invalid("limit", "must be an integer from 1 to 100")) }
    }
}

/// The vendor's name for whoever holds the wallet.
#[derive(Clone, Debug)]
struct CustomerId(Text);

impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CustomerId, D::Error> {
        let text = Text::deserialize(deserializer)?;
        if text.as_str().is_empty() { Err(D::Error::custom("must not be empty")) } else { Ok(CustomerId(text)) }
    }
}

/// A wallet as it is answered at `now`, with its accounts.
#[must_use]
pub fn wallet(project: &ProjectId, wallet: &Wallet, accounts: &[Account], now: Timestamp) -> Value {
    let detail = |name| wallet.profile.details.get(name).map_or("", String::as_str);
    let (created, is_deleted) = (wallet.created_at, wallet.status == Status::Closed);
    let updated = accounts.iter().map(|account| account.at).fold(created, Timestamp::max);
    json!({
        "wallet_id": wallet.id,
        "org_id": project,
        "customer_id": detail("customer_id"),
        "description": detail("description"),
        "webhook_url": detail(WEBHOOK_URL),
        "is_active": wallet.status == Status::Active,
        "is_deleted": is_deleted,
        "created_at": time::text(created),
        // Ours: the vendor does not say what counts. What happens to a wallet or its money is an entry of an account, and
        // none follows the one that closed it.
        "updated_at": time::text(updated),
        "deleted_at": is_deleted.then(|| time::text(updated)),
        "wallet_account": accounts.iter().map(|account| wallet_account(project, wallet, account, now)).collect::<Vec<_>>(),
        // Ours: the vendor lists these without a meaning. All wallets are of one kind, and a caller sees all of its project's.
        "category": "wallet",
        "scope": "organization",
        "wallet_alias": wallet.profile.title.as_ref().map_or("", Text::as_str),
        "metadata": {},
        "raw_data": "",
    })
}

fn wallet_account(project: &ProjectId, wallet: &Wallet, account: &Account, now: Timestamp) -> Value {
    let (is_active, is_deleted) = (account.status == Status::Active, account.status == Status::Closed);
    json!({
        "wallet_account_id": account.number,
        "wallet_id": wallet.id,
        "org_id": project,
        "currency": account.currency,
        "actual_balance": account.lots.posted(),
        "available_balance": account.lots.available(now),
        "is_active": is_active,
        "is_deleted": is_deleted,
        // Ours: to settle is to pay out, which every account allows that can be spent from.
        "is_settlement_allowed": is_active,
        "created_at": time::text(account.opened),
        "updated_at": time::text(account.at),
        "deleted_at": is_deleted.then(|| time::text(account.at)),
    })
}

/// The answer of createWallet.
#[must_use]
pub fn created(data: &Value) -> Value {
    success("Wallet created", data)
}

/// The answer of getWallet.
#[must_use]
pub fn found(data: &Value) -> Value {
    success("Wallet found", data)
}

/// The answer of listWallets.
#[must_use]
pub fn page(wallets: &[Value], page: u64, limit: u64, has_more: bool) -> Value {
    json!({
        "status": true,
        "message": "Wallets found",
        "data": wallets,
        "page": page,
        "limit": limit,
        "size": wallets.len(),
        "has_more": has_more,
    })
}

/// The table's verdict, but that this dialect knows 401.
#[must_use]
pub fn verdict(failure: &Failure) -> Verdict {
    let verdict = failure.verdict();
    if is_about_credentials(failure) {
        let message = "A valid X-token is needed, and a valid signature for what is written.".into();
        Verdict { status: 401, message, ..verdict }
    } else {
        verdict
    }
}

/// A failure as it is answered.
#[must_use]
pub fn failure(verdict: &Verdict) -> Value {
    json!({ "status": false, "message": verdict.message, "data": null })
}

fn success(message: &str, data: &Value) -> Value {
    json!({ "status": true, "message": message, "data": data })
}
