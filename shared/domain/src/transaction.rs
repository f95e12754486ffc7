//! A transaction: one immutable entry of an account's chain, with the state that it left behind.

use std::collections::BTreeMap;

use crate::account::{Account, Expiry};
use crate::ids::{Seq, Text, TransactionId};
use crate::money::{Balance, Delta};

/// How much of each lot an entry added or took. Never holds a zero.
pub type Moves = BTreeMap<Expiry, Delta>;

/// One entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What happened.
    pub kind: Kind,
    /// What it moved, lot by lot.
    pub moves: Moves,
    /// What the caller said about it.
    pub note: Note,
    /// The account after it: its place in the chain and its time are `account.seq` and `account.at`.
    pub account: Account,
    /// How much of a spend has been refunded since. With `canceled_by` the only thing of an entry that ever changes, and
    /// derivable from the chain.
    pub refunded: Balance,
    /// The entry that canceled this one since.
    pub canceled_by: Option<Seq>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The account was opened.
    Initialized,
    /// Value came in.
    Loaded,
    /// Value was earned (points).
    Earned,
    /// Value was spent.
    Spent,
    /// Part or all of a spend came back.
    Refunded {
        /// The spend.
        original: Seq,
    },
    /// A spend or a load was undone.
    Canceled {
        /// The spend or load.
        original: Seq,
    },
    /// A correction, up or down.
    Fixed,
    /// What had expired was taken off.
    Expired,
    /// Debits are refused from here on.
    Frozen,
    /// Debits are taken again.
    Unfrozen,
    /// The account joined a wallet.
    Linked,
    /// The account left its wallet.
    Unlinked,
    /// Only reads from here on.
    Closed,
}

impl Kind {
    /// The word of the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Initialized => "INITIALIZED",
            Kind::Loaded => "LOADED",
            Kind::Earned => "EARNED",
            Kind::Spent => "SPENT",
            Kind::Refunded { .. } => "REFUNDED",
            Kind::Canceled { .. } => "CANCELED",
            Kind::Fixed => "FIX",
            Kind::Expired => "EXPIRED",
            Kind::Frozen => "FROZEN",
            Kind::Unfrozen => "UNFROZEN",
            Kind::Linked => "LINKED",
            Kind::Unlinked => "UNLINKED",
            Kind::Closed => "CLOSED",
        }
    }

    /// The entry that it gives back or undoes.
    #[must_use]
    pub fn original(self) -> Option<Seq> {
        if let Kind::Refunded { original } | Kind::Canceled { original } = self { Some(original) } else { None }
    }

    /// The kind of that name; `original` is what it gives back or undoes, for those that do.
    #[must_use]
    pub fn parse(name: &str, original: Option<Seq>) -> Option<Kind> {
        let plain = [
            Kind::Initialized,
            Kind::Loaded,
            Kind::Earned,
            Kind::Spent,
            Kind::Fixed,
            Kind::Expired,
            Kind::Frozen,
            Kind::Unfrozen,
            Kind::Linked,
            Kind::Unlinked,
            Kind::Closed,
        ];
        let of_original = original.map(|original| [Kind::Refunded { original }, Kind::Canceled { original }]);
        plain.into_iter().chain(of_original.into_iter().flatten()).find(|kind| kind.name() == name)
    }
}

/// What a caller says about a transaction; the ledger keeps it and never looks into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Where it happened, such as `POS`.
    pub channel: Option<Text>,
    /// In words.
    pub description: Option<Text>,
    /// The caller's own reference. Not an idempotency key: one order may spend twice.
    pub reference_id: Option<Text>,
    /// Who.
    pub user_id: Option<Text>,
    /// In which store.
    pub store_id: Option<Text>,
    /// That store in words.
    pub store_name: Option<Text>,
    /// The account's title, on the entry that opened it.
    pub title: Option<Text>,
    /// Anything else, as the compact text of a JSON value.
    pub additional_data: Option<String>,
}

impl Transaction {
    /// What it added to the balance, or took from it.
    #[must_use]
    pub fn amount(&self) -> Delta {
        self.moves.values().fold(Delta::ZERO, |sum, delta| sum.plus(*delta).unwrap_or(sum))
    }

    /// Its address.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        self.sibling(self.account.seq)
    }

    /// The address of another entry of the same chain.
    #[must_use]
    pub fn sibling(&self, seq: Seq) -> TransactionId {
        TransactionId { account: self.account.number.clone(), seq }
    }

    /// What can be spent after it. An entry first books what has expired, so at its own time nothing else has.
    #[must_use]
    pub fn balance(&self) -> Balance {
        self.account.lots.available(self.account.at)
    }
}
