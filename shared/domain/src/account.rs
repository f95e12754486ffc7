//! An account: what the newest entry of its chain says is there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountNumber, Currency, Seq, WalletId};
use crate::money::{Balance, Delta};
use crate::time::Timestamp;

/// The state of an account after one of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number, unique in the project.
    pub number: AccountNumber,
    /// What it counts; never changes.
    pub currency: Currency,
    /// How many digits of its minor units are behind the point; never changes.
    pub exponent: u8,
    /// The wallet it belongs to; none for an account that was removed from one.
    pub wallet: Option<WalletId>,
    /// Whether it may be spent from and written to.
    pub status: Status,
    /// What is there, by expiry.
    pub lots: Lots,
    /// When the account was opened.
    pub opened: Timestamp,
    /// The entry that left this state.
    pub seq: Seq,
    /// When that entry was written; never earlier than the entry before it.
    pub at: Timestamp,
}

/// Whether an account, or a wallet with all its accounts, takes entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything goes.
    Active,
    /// Debits are refused; credits and reads go on.
    Frozen,
    /// Only reads.
    Closed,
}

impl Status {
    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Frozen => "frozen",
            Status::Closed => "closed",
        }
    }
}

/// When value expires. Value of the same expiry is fungible, so an expiry names a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expiry {
    /// From that instant on it can not be spent.
    At(Timestamp),
    /// It stays.
    Never,
}

impl Expiry {
    /// Whether value of this expiry is gone at `now`: the instant itself is the first moment without it.
    #[must_use]
    pub fn has_come(self, now: Timestamp) -> bool {
        match self {
            Expiry::At(instant) => instant <= now,
            Expiry::Never => false,
        }
    }
}

/// The parts of a balance by expiry, in the order in which they are spent: earliest first, never-expiring last.
/// No part is zero, and together they are at most [`MINOR_UNITS_MAX`](crate::money::MINOR_UNITS_MAX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lots {
    parts: BTreeMap<Expiry, Balance>,
    posted: Balance,
}

impl Lots {
    /// Nothing.
    pub const EMPTY: Lots = Lots { parts: BTreeMap::new(), posted: Balance::ZERO };

    /// These parts together; none if they are more than a balance can be.
    #[must_use]
    pub fn new(parts: BTreeMap<Expiry, Balance>) -> Option<Lots> {
        let posted = parts.values().try_fold(Balance::ZERO, |sum, part| sum.plus(*part))?;
        let parts = parts.into_iter().filter(|(_, part)| !part.is_zero()).collect();
        Some(Lots { parts, posted })
    }

    /// All of it: the sum of the chain's amounts.
    #[must_use]
    pub fn posted(&self) -> Balance {
        self.posted
    }

    /// What has not expired at `now`.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> Balance {
        let live = self.iter().filter(|(expiry, _)| !expiry.has_come(now));
        live.fold(Balance::ZERO, |sum, (_, part)| sum.plus(part).unwrap_or(sum))
    }

    /// What there is of one expiry.
    #[must_use]
    pub fn part(&self, expiry: Expiry) -> Balance {
        self.parts.get(&expiry).copied().unwrap_or(Balance::ZERO)
    }

    /// Every part, in the order of spending.
    pub fn iter(&self) -> impl Iterator<Item = (Expiry, Balance)> {
        self.parts.iter().map(|(expiry, part)| (*expiry, *part))
    }

    /// How many parts there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// What is there after an entry moved `moves`; none if a part or the whole would leave its bounds.
    #[must_use]
    pub fn after(&self, moves: &BTreeMap<Expiry, Delta>) -> Option<Lots> {
        let mut parts = self.parts.clone();
        for (expiry, delta) in moves {
            let part = self.part(*expiry).after(*delta)?;
            parts.insert(*expiry, part);
        }
        Lots::new(parts)
    }
}
