//! The dialect `mircate`: `/CALL/WalletAPI/<operation>/<instance>`, authenticated by the header `x-api-key`.
//!
//! Members marked in `contract.md` as fixed by the vendor's pages are to the letter; the others are our own decision in the
//! vendor's manner.

use domain::transaction::Kind;
use domain::{
    Account, AccountNumber, Amount, Currency, Expiry, Note, ProjectId, Status, Text, Transaction, TransactionId,
    Wallet, WalletId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::body::AdditionalData;
use crate::failure::{Problem, Verdict};
use crate::time::{self, ExpiresAt};

/// The longest page of a listing.
pub const PAGE_SIZE_MAX: u64 = 100;

/// The page of a listing that does not say how long it should be.
const PAGE_SIZE_DEFAULT: u64 = 20;

/// The last part of every path: `<project>` or `<project>-<account>`, split at the first hyphen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The project.
    pub project: ProjectId,
    /// What follows the hyphen.
    pub account: Option<AccountNumber>,
}

impl Instance {
    /// Reads the last part of a path.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] if a part is empty or not an identifier.
    pub fn parse(text: &str) -> Result<Instance, Problem> {
        let (project, account) = match text.split_once('-') {
            None => (text, None),
            Some((project, account)) => (project, Some(account)),
        };
        let invalid = |part: &str, error: domain::ids::Malformed| {
            Problem::invalid("instance", &format!("the {part} part {error}"))
        };
        Ok(Instance {
            project: ProjectId::parse(project).map_err(|error| invalid("project", error))?,
            account: account.map(AccountNumber::parse).transpose().map_err(|error| invalid("account", error))?,
        })
    }
}

/// What a body says about which account is meant: either its number, or its wallet and currency.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The account.
    pub account_number: Option<AccountNumber>,
    /// Its wallet.
    pub wallet_id: Option<WalletId>,
    /// Its currency.
    pub currency: Option<Currency>,
}

/// The body of createWallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateWallet {
    /// The wallet's name.
    pub wallet_id: WalletId,
    /// Active if it is missing.
    pub status: Option<Status>,
    /// Whose it is.
    pub user_id: Option<Text>,
    /// In words.
    pub title: Option<Text>,
    /// Who creates it.
    pub updated_by: Option<Text>,
    /// When, by the caller's clock.
    pub updated_at: Option<Text>,
}

/// The body of getWallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetWallet {
    /// The wallet; may stand in the path instead.
    pub wallet_id: Option<WalletId>,
}

/// The body of updateWallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateWallet {
    /// The wallet.
    pub wallet_id: WalletId,
    /// Its new status.
    pub status: Option<Status>,
    /// Whose it is from now on.
    pub user_id: Option<Text>,
    /// In words, from now on.
    pub title: Option<Text>,
    /// Who changes it.
    pub updated_by: Option<Text>,
    /// When, by the caller's clock.
    pub updated_at: Option<Text>,
}

/// The body of createAccount.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccount {
    /// The wallet that gets it.
    pub wallet_id: WalletId,
    /// Its currency.
    pub currency: Currency,
    /// Its number; made up if it is missing.
    pub account_number: Option<AccountNumber>,
    /// In words.
    pub title: Option<Text>,
}

/// The body of load.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// How much.
    pub amount: Amount,
    /// `LOADED` if it is missing.
    #[serde(rename = "type")]
    pub kind: Option<LoadType>,
    /// Until when it can be spent; for ever if it is missing.
    pub expires_at: Option<ExpiresAt>,
}

/// What is loaded: paid for, or earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LoadType {
    /// Paid for.
    Loaded,
    /// Earned.
    Earned,
}

/// The body of spend.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spend {
    /// How much.
    pub amount: Amount,
}

/// The body of refund.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    transaction_id: String,
    /// How much; all that is left if it is missing.
    pub amount: Option<Amount>,
}

/// The body of cancel.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancel {
    transaction_id: String,
}

/// The body of listTransactions.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListTransactions {
    #[serde(default)]
    from: u64,
    page_size: Option<u64>,
    #[serde(default)]
    sorts: Vec<Sort>,
}

#[derive(Clone, Debug, Deserialize)]
struct Sort {
    field: SortField,
    order: SortOrder,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SortField {
    CreatedAt,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SortOrder {
    Asc,
    Desc,
}

/// What the bodies of load and spend say besides the amount.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remarks {
    channel: Text,
    description: Option<Text>,
    additional_data: Option<AdditionalData>,
    reference_id: Option<Text>,
    user_id: Option<Text>,
    store_id: Option<Text>,
    store_name: Option<Text>,
}

impl Remarks {
    /// As the ledger keeps it.
    #[must_use]
    pub fn note(&self) -> Note {
        Note {
            channel: Some(self.channel.clone()),
            description: self.description.clone(),
            reference_id: self.reference_id.clone(),
            user_id: self.user_id.clone(),
            store_id: self.store_id.clone(),
            store_name: self.store_name.clone(),
            title: None,
            additional_data: self.additional_data.as_ref().map(|data| data.0.clone()),
        }
    }
}

impl Load {
    /// Until when it can be spent.
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        self.expires_at.map_or(Expiry::Never, |expires_at| expires_at.0)
    }
}

impl Refund {
    /// The spend; none if no transaction can have that id.
    #[must_use]
    pub fn original(&self) -> Option<TransactionId> {
        TransactionId::parse(&self.transaction_id)
    }
}

impl Cancel {
    /// The spend or load; none if no transaction can have that id.
    #[must_use]
    pub fn original(&self) -> Option<TransactionId> {
        TransactionId::parse(&self.transaction_id)
    }
}

impl ListTransactions {
    /// How many to leave out.
    #[must_use]
    pub fn from(&self) -> u64 {
        self.from
    }

    /// How many to answer at most.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] for 0 and above [`PAGE_SIZE_MAX`].
    pub fn page_size(&self) -> Result<u64, Problem> {
        let size = self.page_size.unwrap_or(PAGE_SIZE_DEFAULT);
        let fits = (1..=PAGE_SIZE_MAX).contains(&size);
        if fits { Ok(size) } else { Err(Problem::invalid("pageSize", "must be an integer from 1 to 100")) }
    }

    /// Whether the newest comes first, as it does unless it is asked otherwise.
    #[must_use]
    pub fn newest_first(&self) -> bool {
        self.sorts.first().is_none_or(|Sort { field: SortField::CreatedAt, order }| matches!(order, SortOrder::Desc))
    }
}

/// A transaction as it is answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransactionAnswer<'a> {
    transaction_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a Text>,
    created_at: String,
    account_number: &'a AccountNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<&'a WalletId>,
    currency: &'a Currency,
    balance: u64,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_name: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_transaction_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_transaction_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_by: Option<String>,
}

impl<'a> TransactionAnswer<'a> {
    fn of(transaction: &'a Transaction) -> TransactionAnswer<'a> {
        let Transaction { kind, note, account, .. } = transaction;
        let amount = transaction.amount().minor_units();
        let original = kind.original().map(|original| transaction.sibling(original).to_string());
        let expiry = transaction.moves.keys().next().filter(|_| matches!(kind, Kind::Loaded | Kind::Earned));
        TransactionAnswer {
            transaction_id: transaction.id().to_string(),
            kind: kind.name(),
            amount: if *kind == Kind::Fixed { amount } else { amount.saturating_abs() },
            description: note.description.as_ref(),
            channel: note.channel.as_ref(),
            created_at: time::text(account.at),
            account_number: &account.number,
            wallet_id: account.wallet.as_ref(),
            currency: &account.currency,
            balance: transaction.balance().minor_units(),
            sequence: account.seq.number(),
            reference_id: note.reference_id.as_ref(),
            user_id: note.user_id.as_ref(),
            store_id: note.store_id.as_ref(),
            store_name: note.store_name.as_ref(),
            additional_data: note.additional_data.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            expires_at: expiry.and_then(|expiry| expiry_text(*expiry)),
            refunded_transaction_id: original.clone().filter(|_| matches!(kind, Kind::Refunded { .. })),
            canceled_transaction_id: original.filter(|_| matches!(kind, Kind::Canceled { .. })),
            refunded_amount: transaction.refunded.as_amount().map(Amount::minor_units),
            canceled_by: transaction.canceled_by.map(|seq| transaction.sibling(seq).to_string()),
        }
    }
}

/// The answer of a write: the transaction and the balance after it. Nothing in it ever changes, so a replay is equal to it.
#[must_use]
pub fn written(transaction: &Transaction) -> Value {
    let as_written = Transaction { refunded: domain::Balance::ZERO, canceled_by: None, ..transaction.clone() };
    json!({ "transaction": TransactionAnswer::of(&as_written), "balance": transaction.balance() })
}

/// The answer of a listing.
#[must_use]
pub fn transactions(transactions: &[Transaction], from: u64, page_size: u64, total: u64) -> Value {
    let answers: Vec<_> = transactions.iter().map(TransactionAnswer::of).collect();
    json!({
        "transactions": answers,
        "from": from,
        "pageSize": page_size,
        "total": total,
        "size": transactions.len(),
    })
}

/// A wallet as it is answered: what was sent, its accounts, and when it was created.
#[must_use]
pub fn wallet(project: &ProjectId, wallet: &Wallet) -> Value {
    let mut answer = json!({
        "projectId": project,
        "walletId": wallet.id,
        "status": wallet.status,
        "walletAccounts": wallet.accounts.values().collect::<Vec<_>>(),
        "createdAt": time::text(wallet.created_at),
    });
    let profile = &wallet.profile;
    let said = [
        ("userId", &profile.user_id),
        ("title", &profile.title),
        ("updatedBy", &profile.updated_by),
        ("updatedAt", &profile.updated_at),
    ];
    if let Some(members) = answer.as_object_mut() {
        members.extend(
            said.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_ref()?.as_str().into()))),
        );
    }
    answer
}

/// An account as it is answered at `now`.
#[must_use]
pub fn account(project: &ProjectId, account: &Account, title: Option<&Text>, now: domain::Timestamp) -> Value {
    let live = account.lots.iter().filter(|(expiry, _)| !expiry.has_come(now));
    let expirations =
        live.filter_map(|(expiry, amount)| Some(json!({ "amount": amount, "expiresAt": expiry_text(expiry)? })));
    let mut answer = json!({
        "projectId": project,
        "accountNumber": account.number,
        "currency": account.currency,
        "balance": account.lots.available(now),
        // No operation reserves anything yet.
        "held": 0,
        "status": account.status,
        "expirations": expirations.collect::<Vec<_>>(),
        "createdAt": time::text(account.opened),
    });
    if let Some(members) = answer.as_object_mut() {
        members.extend(account.wallet.as_ref().map(|wallet| ("walletId".to_owned(), wallet.as_str().into())));
        members.extend(title.map(|title| ("title".to_owned(), title.as_str().into())));
    }
    answer
}

/// A failure as it is answered.
#[must_use]
pub fn failure(verdict: &Verdict) -> Value {
    let mut answer = json!({ "code": verdict.code, "message": verdict.message });
    if let (Some(members), false) = (answer.as_object_mut(), verdict.details.is_null()) {
        members.insert("details".to_owned(), verdict.details.clone());
    }
    answer
}

fn expiry_text(expiry: Expiry) -> Option<String> {
    match expiry {
        Expiry::At(instant) => Some(time::text(instant)),
        Expiry::Never => None,
    }
}
