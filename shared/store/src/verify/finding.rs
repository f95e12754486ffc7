//! What a verification finds: where, what is wrong, and what ought to be there. Nothing of it is what a caller said.

use std::fmt;

use domain::{AccountNumber, Amount, Balance, ProjectId, Seq, Timestamp, WalletId};
use serde::Serialize;

use crate::link::Hash;
use crate::verify::repair::Repair;

/// Something in the ledger that is not as the ledger writes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Where.
    #[serde(flatten)]
    pub subject: Subject,
    /// What.
    #[serde(flatten)]
    pub flaw: Flaw,
    /// The write that puts it right, where that can be derived.
    #[serde(skip)]
    pub(crate) repair: Option<Repair>,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Subject {
    /// One entry.
    Entry {
        /// Its project.
        project: ProjectId,
        /// Its account.
        account: AccountNumber,
        /// Its place in the chain.
        seq: Seq,
    },
    /// An account as a whole.
    Account {
        /// Its project.
        project: ProjectId,
        /// Its number.
        account: AccountNumber,
    },
    /// A wallet.
    Wallet {
        /// Its project.
        project: ProjectId,
        /// Its name.
        wallet: WalletId,
    },
    /// An item by its key.
    Item {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
    },
}

/// What is wrong. `expected` is what the rest of the ledger says, `found` is what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are what their names say, and the sentence of each is below")]
pub enum Flaw {
    /// From this entry through that one, none is there.
    Missing { through: Seq },
    /// An attribute is missing or is nothing that is ever written, so the item cannot be read.
    Unreadable { attribute: String },
    /// An attribute is not what is written there. What is unknown is told by its name only.
    Attribute { attribute: String, expected: Option<String>, found: Option<String> },
    /// An item that belongs to nothing.
    Stray,
    /// The entry does not follow the one before it.
    Link { expected: Hash, found: Hash },
    /// The entry's hash is not the hash of what it says.
    Hash { expected: Hash, found: Hash },
    /// The balance is not the sum of the amounts so far.
    Balance { expected: i64, found: u64 },
    /// The balance is right, but not its parts by expiry.
    Lots,
    /// The entry is older than the one before it.
    Time { expected: Timestamp, found: Timestamp },
    /// The entry breaks a rule of the ledger.
    Rule { rule: Rule },
    /// What it refunds or cancels is not there, comes later, or is no spend or load.
    Original { original: Seq },
    /// More was refunded than was spent.
    Exceeded { amount: Balance, refunded: Balance },
    /// Canceled, and refunded or canceled besides.
    CanceledToo { original: Seq },
    /// What a cancellation moved is not what its original did.
    CanceledOther { original: Seq },
    /// The mark of what was refunded since is not what the entries after it say.
    RefundedMark { expected: Balance, found: Balance },
    /// The mark of the entry that canceled this one is not what the entries after it say.
    CanceledMark { expected: Option<Seq>, found: Option<Seq> },
    /// Its key made an earlier entry, and was still honoured.
    KeyTwice { first: Seq },
    /// The ring does not hold the keys of the entries before it.
    Ring,
    /// The key is honoured, and is in neither the ring nor a record that is looked up.
    KeyLost,
    /// The record of its key says something else.
    KeyRecord,
    /// A record of a key that no entry has.
    KeyOfNothing { found: Seq },
    /// The account is in a wallet that there is not, or that does not know it.
    WalletWithoutAccount { wallet: WalletId },
    /// The account's status is not its wallet's.
    Status { expected: &'static str, found: &'static str },
    /// The wallet names an account that there is not, or that is elsewhere.
    AccountElsewhere { account: AccountNumber },
    /// The record of a key of a wallet that there is not.
    WalletMissing { wallet: WalletId },
    /// The entry is not the one that an earlier run saw in its place.
    Rewritten { expected: Hash, found: Hash },
    /// An earlier run saw the chain go on until there.
    Shortened { expected: Seq },
}

/// A rule about what may follow what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// The first entry opens an empty account in a wallet, and no other one does.
    Opening,
    /// Currency, exponent and the time of opening stay.
    Identity,
    /// Nothing follows a closed account's last entry.
    AfterClosed,
    /// Nothing is taken while the account is frozen.
    WhileFrozen,
    /// What an entry moves fits its kind.
    Moves,
    /// What expires first is spent first.
    SpendingOrder,
    /// What has expired is booked before anything else.
    ExpiryNotBooked,
    /// What has expired is booked together with another entry, which follows it.
    ExpiryAlone,
    /// Status and wallet change with the entries that say so, and with no other.
    State,
}

impl Finding {
    pub(crate) fn new(subject: Subject, flaw: Flaw) -> Finding {
        Finding { subject, flaw, repair: None }
    }

    /// Whether what is wrong can be derived, and so be put right.
    #[must_use]
    pub fn can_be_repaired(&self) -> bool {
        self.repair.is_some()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.flaw)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Entry { project, account, seq } => write!(f, "{project} entry {account}-{}", seq.number()),
            Subject::Account { project, account } => write!(f, "{project} account {account}"),
            Subject::Wallet { project, wallet } => write!(f, "{project} wallet {wallet}"),
            Subject::Item { pk, sk } => write!(f, "item {pk} {sk}"),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Missing { through } => write!(f, "is missing, and so is all through {}", through.number()),
            Flaw::Unreadable { attribute } => write!(f, "cannot be read: {attribute} is missing or malformed"),
            Flaw::Attribute { attribute, expected, found } => {
                let [expected, found] = [expected, found].map(|value| value.as_deref().unwrap_or("nothing"));
                write!(f, "{attribute} is {found}, not {expected}")
            }
            Flaw::Stray => f.write_str("belongs to nothing"),
            Flaw::Link { expected, found } => write!(f, "links to {found}, but the entry before is {expected}"),
            Flaw::Hash { expected, found } => write!(f, "its hash is {found}, but what it says has {expected}"),
            Flaw::Balance { expected, found } => write!(f, "the balance is {found}, but the amounts make {expected}"),
            Flaw::Lots => f.write_str("the parts of the balance are not what the moves lead to"),
            Flaw::Time { expected, found } => {
                write!(f, "was written at {}, before the entry before it at {}", found.0, expected.0)
            }
            Flaw::Rule { rule } => rule.fmt(f),
            Flaw::Original { original } => write!(f, "its original {} is no earlier spend or load", original.number()),
            Flaw::Exceeded { amount, refunded } => {
                write!(f, "{} was refunded of {}", refunded.minor_units(), amount.minor_units())
            }
            Flaw::CanceledToo { original } => {
                write!(f, "its original {} was canceled or refunded already", original.number())
            }
            Flaw::CanceledOther { original } => {
                write!(f, "does not undo what its original {} did", original.number())
            }
            Flaw::RefundedMark { expected, found } => write!(
                f,
                "is marked as refunded by {}, but the entries after it say {}",
                found.minor_units(),
                expected.minor_units()
            ),
            Flaw::CanceledMark { expected, found } => {
                let name = |seq: &Option<Seq>| seq.map_or("nothing".to_owned(), |seq| seq.number().to_string());
                write!(f, "is marked as canceled by {}, but the entries after it say {}", name(found), name(expected))
            }
            Flaw::KeyTwice { first } => write!(f, "its key had made entry {} already", first.number()),
            Flaw::Ring => f.write_str("the ring does not hold the keys of the entries before"),
            Flaw::KeyLost => f.write_str("its key is in no ring, and in no record that is looked up"),
            Flaw::KeyRecord => f.write_str("the record of its key says something else"),
            Flaw::KeyOfNothing { found } => write!(f, "is the record of a key that entry {} has not", found.number()),
            Flaw::WalletWithoutAccount { wallet } => write!(f, "is in wallet {wallet}, which does not have it"),
            Flaw::Status { expected, found } => write!(f, "is {found}, but its wallet is {expected}"),
            Flaw::AccountElsewhere { account } => write!(f, "names account {account}, which is not in it"),
            Flaw::WalletMissing { wallet } => write!(f, "is the record of a key of wallet {wallet}, which is missing"),
            Flaw::Rewritten { expected, found } => write!(f, "has hash {found}, but an earlier run saw {expected}"),
            Flaw::Shortened { expected } => {
                write!(f, "ends before entry {}, which an earlier run saw", expected.number())
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Opening => "does not open an account where it should, or does where it should not",
            Rule::Identity => "changes what never changes of an account",
            Rule::AfterClosed => "follows the end of a closed account",
            Rule::WhileFrozen => "takes something while the account is frozen",
            Rule::Moves => "moves what its kind does not move",
            Rule::SpendingOrder => "takes what expires later before what expires first",
            Rule::ExpiryNotBooked => "leaves unbooked what had expired",
            Rule::ExpiryAlone => "books what had expired, without the entry that was written with it",
            Rule::State => "changes status or wallet as its kind does not",
        })
    }
}

/// The magnitude of an amount as a balance.
pub(crate) fn magnitude(amount: domain::Delta) -> Balance {
    amount.magnitude().map_or(Balance::ZERO, |amount: Amount| amount.into())
}
