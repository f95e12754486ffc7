//! The dialect `mircate`: `/CALL/WalletAPI/<operation>/<instance>`, authenticated by the header `x-api-key`.
//!
//! Members that the vendor's pages fix are to the letter; the others are our own decision in the vendor's manner.

use domain::transaction::Kind;
use domain::{
    Account, AccountNumber, Amount, Balance, Currency, Delta, Duration, Expiry, Note, Profile, ProjectId, Status, Text,
    Timestamp, Transaction, TransactionId, Wallet, WalletId,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::body::{AdditionalData, Object};
use crate::credentials::hex;
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
    /// A project alone.
    #[must_use]
    pub fn of(project: ProjectId) -> Instance {
        Instance { project, account: None }
    }

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

/// The body of createWallet and updateWallet, besides what is said about the wallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedWallet {
    /// The wallet.
    pub wallet_id: WalletId,
    /// Its status: active for a new one, and as it was for another, if it is missing.
    pub status: Option<Status>,
}

/// What is said about a wallet.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    user_id: Option<Text>,
    title: Option<Text>,
    updated_by: Option<Text>,
    updated_at: Option<Text>,
}

impl About {
    /// As it is kept.
    #[must_use]
    pub fn profile(self) -> Profile {
        Profile {
            title: self.title,
            user_id: self.user_id,
            updated_by: self.updated_by,
            updated_at: self.updated_at,
            ..Profile::default()
        }
    }
}

/// The body of getWallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetWallet {
    /// The wallet; may stand in the path instead.
    pub wallet_id: Option<WalletId>,
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

/// The body of fix: by how much, or to what.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    amount: Option<Delta>,
    balance: Option<Balance>,
    description: Text,
    channel: Option<Text>,
    reference_id: Option<Text>,
    user_id: Option<Text>,
}

impl Fix {
    /// The correction.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] unless there is exactly one of an amount other than 0 and a balance.
    pub fn fix(&self) -> Result<domain::Fix, Problem> {
        match (self.amount, self.balance) {
            (Some(amount), None) if amount != Delta::ZERO => Ok(domain::Fix::By(amount)),
            (None, Some(balance)) => Ok(domain::Fix::To(balance)),
            (Some(_), Some(_)) => Err(Problem::invalid("balance", "must not come with amount")),
            (Some(_), None) => Err(Problem::invalid("amount", "must not be 0")),
            (None, None) => Err(Problem::invalid("amount", "is required, or balance")),
        }
    }

    /// What is said about it: at least why.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] for an empty description.
    pub fn note(&self) -> Result<Note, Problem> {
        if self.description.as_str().trim().is_empty() {
            return Err(Problem::invalid("description", "must say why"));
        }
        Ok(Note {
            channel: self.channel.clone(),
            description: Some(self.description.clone()),
            reference_id: self.reference_id.clone(),
            user_id: self.user_id.clone(),
            ..Note::default()
        })
    }
}

/// The body of addAccount and removeAccount.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The wallet.
    pub wallet_id: WalletId,
    /// The account that joins or leaves it.
    pub account_number: AccountNumber,
}

/// The body of getAccounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetAccounts {
    /// The wallet.
    pub wallet_id: WalletId,
}

/// The members of every listing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    /// How many to leave out.
    #[serde(default)]
    pub from: u64,
    page_size: Option<u64>,
    #[serde(default)]
    filters: Vec<Object<Filter>>,
    #[serde(default)]
    sorts: Vec<Object<Sort>>,
    /// Where an earlier answer says to go on.
    pub cursor: Option<String>,
}

/// The members of listTransactions alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spans {
    /// When it was written.
    pub created_at: Option<Object<Span>>,
    /// When what was loaded expires.
    pub expires_at: Option<Object<Span>>,
}

/// A span of time. Both ends are in it; a day is all of that day.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    start_date: Option<StartDate>,
    end_date: Option<EndDate>,
}

#[derive(Clone, Copy, Debug)]
struct StartDate(Timestamp);

/// The first instant after the end.
#[derive(Clone, Copy, Debug)]
struct EndDate(Timestamp);

/// One of the alternatives that a listing is narrowed to.
#[derive(Clone, Debug, Deserialize)]
struct Filter {
    #[serde(rename = "type")]
    kind: Option<String>,
    search: Option<String>,
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

/// The member that a project may declare to be unique.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    reference_id: Option<Text>,
}

impl Reference {
    /// The name that a reference gives to its request: unique for the operation. An idempotency key takes visible ASCII
    /// only, a reference everything.
    #[must_use]
    pub fn key(&self, operation: &str) -> Option<String> {
        let digest = sha2::Sha256::digest(self.reference_id.as_ref()?.as_str());
        Some(format!("reference:{operation}:{}", hex(&digest)))
    }
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

impl List {
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
        self.sorts
            .first()
            .is_none_or(|Object(Sort { field: SortField::CreatedAt, order })| matches!(order, SortOrder::Desc))
    }

    /// Whether not everything is asked for.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Whether something of that type with those texts is asked for: by one filter at least, if there are any.
    #[must_use]
    pub fn wants(&self, kind: &str, texts: &[Option<&str>]) -> bool {
        let found = |search: &String| {
            let search = search.to_lowercase();
            texts.iter().flatten().any(|text| text.to_lowercase().contains(&search))
        };
        let fits = |Object(filter): &Object<Filter>| {
            filter.kind.as_ref().is_none_or(|wanted| wanted == kind) && filter.search.as_ref().is_none_or(found)
        };
        self.filters.is_empty() || self.filters.iter().any(fits)
    }

    /// Whether that transaction is asked for.
    #[must_use]
    pub fn wants_transaction(&self, transaction: &Transaction) -> bool {
        let id = transaction.id().to_string();
        let note = &transaction.note;
        let texts = [&note.reference_id, &note.description].map(|text| text.as_ref().map(Text::as_str));
        self.wants(transaction.kind.name(), &[&[Some(id.as_str())], texts.as_slice()].concat())
    }
}

impl Span {
    /// From the first instant in it to the first one after it.
    #[must_use]
    pub fn bounds(&self) -> (Timestamp, Option<Timestamp>) {
        (self.start_date.map_or(Timestamp(0), |start| start.0), self.end_date.map(|end| end.0))
    }

    /// Whether what the transaction brought in expires within it.
    #[must_use]
    pub fn has_expiry_of(&self, transaction: &Transaction) -> bool {
        let (start, end) = self.bounds();
        let within = |instant: Timestamp| start <= instant && end.is_none_or(|end| instant < end);
        // What expires at the end of a day is there until its last moment, and gone at the first of the next.
        let within = |instant: Timestamp| within(instant) || within(instant.minus(Duration(1)));
        loaded_until(transaction).is_some_and(|expiry| matches!(expiry, Expiry::At(instant) if within(instant)))
    }
}

impl<'de> Deserialize<'de> for StartDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StartDate, D::Error> {
        let text = String::deserialize(deserializer)?;
        time::parse(&text)
            .or_else(|| time::parse_day(&text))
            .map(StartDate)
            .ok_or_else(|| D::Error::custom(time::EXPECTED))
    }
}

impl<'de> Deserialize<'de> for EndDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EndDate, D::Error> {
        let text = String::deserialize(deserializer)?;
        let after = |instant: Timestamp, span| instant.plus(span);
        let instant = time::parse(&text).map(|instant| after(instant, Duration(1)));
        let day = || time::parse_day(&text).map(|day| after(day, Duration::days(1)));
        instant.or_else(day).map(EndDate).ok_or_else(|| D::Error::custom(time::EXPECTED))
    }
}

/// Until when what a load brought in can be spent; none for anything but a load.
fn loaded_until(transaction: &Transaction) -> Option<Expiry> {
    let is_load = matches!(transaction.kind, Kind::Loaded | Kind::Earned);
    transaction.moves.keys().next().copied().filter(|_| is_load)
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
            expires_at: loaded_until(transaction).and_then(expiry_text),
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
    let as_written = Transaction { refunded: Balance::ZERO, canceled_by: None, ..transaction.clone() };
    json!({ "transaction": TransactionAnswer::of(&as_written), "balance": transaction.balance() })
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many were left out before it.
    pub from: u64,
    /// How long it may be.
    pub page_size: u64,
    /// How many there are; with a cursor and where only reading tells, how many were found so far.
    pub total: u64,
    /// Where to go on; none at the end.
    pub cursor: Option<String>,
}

impl Page {
    /// The answer of listTransactions.
    #[must_use]
    pub fn of_transactions(self, transactions: &[Transaction]) -> Value {
        let transactions = transactions.iter().map(TransactionAnswer::of).map(|answer| json!(answer));
        self.of("transactions", &transactions.collect::<Vec<_>>())
    }

    /// The answer of listAccounts.
    #[must_use]
    pub fn of_accounts(self, accounts: &[Value]) -> Value {
        self.of("accounts", accounts)
    }

    fn of(self, name: &str, items: &[Value]) -> Value {
        let mut answer = json!({
            "from": self.from,
            "pageSize": self.page_size,
            "total": self.total,
            "size": items.len(),
            name: items,
        });
        if let (Some(cursor), Some(members)) = (self.cursor, answer.as_object_mut()) {
            members.insert("cursor".to_owned(), cursor.into());
        }
        answer
    }
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
pub fn account(project: &ProjectId, account: &Account, title: Option<&Text>, now: Timestamp) -> Value {
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

/// How many digits of a currency's minor units are behind the point: as ISO 4217 says, and none for a project's own.
#[must_use]
pub fn exponent(currency: &Currency) -> u8 {
    let iso = iso_currency::Currency::from_code(currency.as_str());
    let digits = iso.and_then(iso_currency::Currency::exponent);
    digits.and_then(|digits| u8::try_from(digits).ok()).unwrap_or(0)
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
