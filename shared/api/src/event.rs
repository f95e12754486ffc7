//! Events: what a project is told of after the commit. An event is the same however often it is made, down to its bytes and
//! its id, so that a receiver can leave out what it has had.

use domain::{Account, Balance, Kind, ProjectId, Timestamp, Transaction, TransactionId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::credentials::hex;
use crate::mircate;
use crate::time;

/// What is told when value is about to expire.
pub const EXPIRING: &str = "account.expiring";

/// What is sent to see whether an address works.
pub const TEST: &str = "webhook.test";

/// Every type that an endpoint can ask for.
pub const TYPES: &[&str] = &[
    "transaction.initialized",
    "transaction.loaded",
    "transaction.earned",
    "transaction.spent",
    "transaction.refunded",
    "transaction.canceled",
    "transaction.fixed",
    "transaction.expired",
    "transaction.frozen",
    "transaction.unfrozen",
    "transaction.linked",
    "transaction.unlinked",
    "transaction.closed",
    EXPIRING,
];

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same for the same event, and no other's: `evt_` and 32 hexadecimal digits.
    pub id: String,
    /// What happened, one of [`TYPES`] or [`TEST`].
    pub kind: &'static str,
    /// The transaction that it tells of, if it tells of one.
    pub transaction: Option<TransactionId>,
    /// What is posted: a JSON object of `type`, `timestamp` and `data`.
    pub body: String,
}

impl Event {
    /// A transaction is in the ledger. `data.transaction` and `data.balance` are what the operation answered, and
    /// `data.transaction.sequence` its number in the account: without gaps, so that a receiver can order and miss nothing.
    #[must_use]
    pub fn of_transaction(project: &ProjectId, transaction: &Transaction) -> Event {
        let mut data = mircate::written(transaction);
        if let Some(data) = data.as_object_mut() {
            data.insert("projectId".to_owned(), project.as_str().into());
        }
        let id = transaction.id();
        let body = body(type_of(transaction.kind), transaction.account.at, &data);
        Event { id: event_id(project, &id.to_string()), kind: type_of(transaction.kind), transaction: Some(id), body }
    }

    /// An account still holds `amount` that expires at `expiry`; that was to be told at `at`.
    #[must_use]
    pub fn of_expiring(
        project: &ProjectId,
        account: &Account,
        amount: Balance,
        expiry: Timestamp,
        at: Timestamp,
    ) -> Event {
        let data = json!({
            "projectId": project,
            "walletId": account.wallet,
            "accountNumber": account.number,
            "currency": account.currency,
            "amount": amount,
            "expiresAt": time::text(expiry),
        });
        let id = event_id(project, &format!("{}#{}", account.number, expiry.0));
        Event { id, kind: EXPIRING, transaction: None, body: body(EXPIRING, at, &data) }
    }

    /// Says nothing, to whoever asked for it; `random` tells one from another.
    #[must_use]
    pub fn of_test(project: &ProjectId, random: u128, now: Timestamp) -> Event {
        let id = event_id(project, &format!("test#{random:032x}"));
        Event { id, kind: TEST, transaction: None, body: body(TEST, now, &json!({ "projectId": project })) }
    }
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Initialized => "transaction.initialized",
        Kind::Loaded => "transaction.loaded",
        Kind::Earned => "transaction.earned",
        Kind::Spent => "transaction.spent",
        Kind::Refunded { .. } => "transaction.refunded",
        Kind::Canceled { .. } => "transaction.canceled",
        Kind::Fixed => "transaction.fixed",
        Kind::Expired => "transaction.expired",
        Kind::Frozen => "transaction.frozen",
        Kind::Unfrozen => "transaction.unfrozen",
        Kind::Linked => "transaction.linked",
        Kind::Unlinked => "transaction.unlinked",
        Kind::Closed => "transaction.closed",
    }
}

fn body(kind: &str, at: Timestamp, data: &Value) -> String {
    json!({ "type": kind, "timestamp": time::text(at), "data": data }).to_string()
}

/// Without a full stop: Standard Webhooks separates by one what is signed.
fn event_id(project: &ProjectId, name: &str) -> String {
    let digest = Sha256::new_with_prefix(project.as_str()).chain_update([0]).chain_update(name).finalize();
    format!("evt_{}", hex(digest.split_at(16).0))
}
