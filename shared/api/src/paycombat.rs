//! The dialect `paycombat`: `/wallet`, authenticated by the header `X-token`, and what is written by a
//! [`signature`](crate::signature) as well.
//!
//! Members marked in `contract.md` as fixed by the vendor's pages are to the letter; the others are our own decision in the
//! vendor's manner.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use domain::wallet::ACCOUNTS_MAX;
use domain::{Account, Currency, Profile, ProjectId, Status, Text, Timestamp, Wallet};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use url::{Host, Url};

use crate::dialect::is_about_credentials;
use crate::failure::{Failure, Problem, Verdict};
use crate::time;

/// The longest page of a listing.
pub const LIMIT_MAX: u64 = 100;

/// The page of a listing that does not say how long it should be.
const LIMIT_DEFAULT: u64 = 20;

/// The longest address of a webhook, in bytes.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_048;

/// The body of createWallet.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateWallet {
    customer_id: CustomerId,
    currency: Currency,
    currency_list: Vec<Currency>,
    description: Option<Text>,
    webhook_url: Option<WebhookUrl>,
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
            ("webhook_url", self.webhook_url.as_ref().map(|url| url.0.as_str())),
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

/// Where events are to be sent: an address that is public as far as its text tells. To what a name resolves is known only
/// when something is sent.
#[derive(Clone, Debug)]
struct WebhookUrl(String);

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WebhookUrl, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > WEBHOOK_URL_BYTES_MAX {
            return Err(D::Error::custom("must have at most 2048 bytes"));
        }
        // Readers of addresses do not agree on these, so that another one could see another host.
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        let url = Url::parse(&text).ok().filter(|url| url.scheme() == "https" && !text.contains(is_odd));
        let url = url.ok_or_else(|| D::Error::custom("must be an https address"))?;
        // Also an empty user, which this reader leaves out and another one may not.
        let authority = text.split_once(':').map_or("", |(_, rest)| rest.trim_start_matches('/'));
        if authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(D::Error::custom("must not hold a user or a password"));
        }
        if url.host().as_ref().is_some_and(is_public) {
            Ok(WebhookUrl(text))
        } else {
            Err(D::Error::custom("must be public"))
        }
    }
}

/// Whether a host can be one of the internet's. Numbers that spell an IPv4 address in another way have become one before.
fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(address) => is_public_address((*address).into()),
        Host::Ipv6(address) => is_public_address((*address).into()),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // A name without a dot is looked up in the network of whoever asks.
    name.rsplit_once('.').is_some_and(|(_, top)| !matches!(top, "localhost" | "local" | "internal"))
}

/// Whether the registries of special addresses say that it can be reached from everywhere.
fn is_public_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        [0 | 127 | 224..=255, ..] // this network, this host; multicast, reserved, broadcast
            | [100, 64..=127, ..] // shared by the customers of a carrier
            | [192, 0, 0, _] // protocol assignments
            | [192, 88, 99, _] // relays of 6to4
            | [198, 18 | 19, ..] // benchmarks
    );
    !(special || address.is_private() || address.is_link_local() || address.is_documentation())
}

/// Only what is handed out as global unicast, without its parts for documentation, protocols and tunnels: a tunnel's
/// address holds an IPv4 address, which may be any.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let special = matches!(address.segments(), [0x2001, ..0x0200 | 0x0db8, ..] | [0x2002, ..] | [0x3fff, ..0x1000, ..]);
    matches!(address.segments(), [0x2000..=0x3fff, ..]) && !special
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
        "webhook_url": detail("webhook_url"),
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
