//! The reference: what an account is, as a caller would explain it. It knows entries, lots and a wallet's freeze, and
//! nothing of where anything is kept, of keys, or of more than one caller at a time.

use std::collections::BTreeMap;

use crate::history::Command;

/// How long refunded value of an expired lot lives on, in milliseconds: the setting of a new project.
const EXTENSION: u64 = 30 * 86_400_000;

/// An account, and whether its wallet is frozen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) entries: Vec<Entry>,
    /// What there is, by when it expires; `u64::MAX` is never.
    lots: BTreeMap<u64, u64>,
    pub(crate) at: u64,
    frozen: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    kind: Kind,
    pub(crate) moves: BTreeMap<u64, i64>,
    refunded: u64,
    canceled: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Kind {
    #[default]
    Other,
    Load,
    Spend,
}

impl Account {
    pub(crate) fn balance(&self, at: u64) -> u64 {
        self.lots.iter().filter(|(expiry, _)| **expiry > at).map(|(_, part)| part).sum()
    }

    /// Books a command at a time, or says why not.
    pub(crate) fn book(&mut self, command: &Command, at: u64) -> Result<(), &'static str> {
        self.at = self.at.max(at);
        let at = self.at;
        let exists = !self.entries.is_empty();
        match *command {
            Command::Open if exists => Err("ACCOUNT_EXISTS"),
            Command::Open => Ok(self.push(Kind::Other, BTreeMap::new())),
            Command::Freeze | Command::Unfreeze => {
                let changes = self.frozen != (*command == Command::Freeze);
                self.frozen = *command == Command::Freeze;
                if exists && changes {
                    self.push(Kind::Other, BTreeMap::new());
                }
                Ok(())
            }
            _ if !exists => Err("NOT_FOUND"),
            Command::Expire => Ok(self.push(Kind::Other, self.expired(at))),
            Command::Load { expiry, .. } if expiry <= at => Err("INVALID_REQUEST"),
            Command::Load { amount, expiry } => Ok(self.push(Kind::Load, BTreeMap::from([(expiry, amount as i64)]))),
            Command::Fix { by } if by > 0 => Ok(self.push(Kind::Other, BTreeMap::from([(u64::MAX, by)]))),
            Command::Spend { .. } | Command::Fix { .. } if self.frozen => Err("WALLET_FROZEN"),
            Command::Spend { amount } => self.take(None, amount).map(|moves| self.push(Kind::Spend, moves)),
            Command::Fix { by } => self.take(None, by.unsigned_abs()).map(|moves| self.push(Kind::Other, moves)),
            Command::Refund { original, amount } => {
                let spend = self.entries.get(original - 1).ok_or("NOT_FOUND")?.clone();
                let rest = spend.amount() - spend.refunded;
                match amount.unwrap_or(rest) {
                    _ if spend.kind != Kind::Spend => Err("NOT_REFUNDABLE"),
                    _ if spend.canceled => Err("TRANSACTION_CANCELED"),
                    _ if rest == 0 => Err("ALREADY_REFUNDED"),
                    amount if amount > rest => Err("REFUND_EXCEEDS_REMAINING"),
                    amount => {
                        self.entries[original - 1].refunded += amount;
                        Ok(self.push(Kind::Other, spend.given_back(amount, at)))
                    }
                }
            }
            Command::Cancel { original } => {
                let entry = self.entries.get(original - 1).ok_or("NOT_FOUND")?.clone();
                match entry.kind {
                    Kind::Load if self.frozen => return Err("WALLET_FROZEN"),
                    Kind::Other => return Err("NOT_CANCELABLE"),
                    _ if entry.canceled => return Err("ALREADY_CANCELED"),
                    _ if entry.refunded == entry.amount() => return Err("ALREADY_REFUNDED"),
                    _ if entry.refunded > 0 => return Err("PARTIALLY_REFUNDED"),
                    Kind::Load if *entry.moves.keys().next().unwrap() <= at => return Err("LOT_EXPIRED"),
                    Kind::Load => {
                        let moves = self.take(entry.moves.keys().next().copied(), entry.amount())?;
                        self.push(Kind::Other, moves);
                    }
                    Kind::Spend => self.push(Kind::Other, entry.given_back(entry.amount(), at)),
                }
                self.entries[original - 1].canceled = true;
                Ok(())
            }
            Command::Read | Command::List | Command::ListProject => Ok(()),
        }
    }

    /// What has expired and is not booked yet.
    pub(crate) fn expired(&self, at: u64) -> BTreeMap<u64, i64> {
        self.lots.range(..=at).map(|(expiry, part)| (*expiry, -(*part as i64))).collect()
    }

    /// What it would be if all that has expired were booked.
    pub(crate) fn tidied(mut self, at: u64) -> Account {
        self.lots.retain(|expiry, _| *expiry > at);
        self
    }

    /// Takes from one lot first if there is one to start with, then from what expires earliest.
    fn take(&self, first: Option<u64>, amount: u64) -> Result<BTreeMap<u64, i64>, &'static str> {
        let mut left = amount;
        let mut moves = BTreeMap::new();
        for lot in first.into_iter().chain(self.lots.keys().copied().filter(|lot| Some(*lot) != first)) {
            let part = left.min(self.lots.get(&lot).copied().unwrap_or(0));
            left -= part;
            moves.insert(lot, -(part as i64));
        }
        moves.retain(|_, part| *part != 0);
        if left == 0 { Ok(moves) } else { Err("INSUFFICIENT_BALANCE") }
    }

    fn push(&mut self, kind: Kind, moves: BTreeMap<u64, i64>) {
        for (lot, part) in &moves {
            let value = self.lots.entry(*lot).or_default();
            *value = value.checked_add_signed(*part).expect("no lot is overdrawn");
        }
        self.lots.retain(|_, part| *part > 0);
        self.entries.push(Entry { kind, moves, ..Entry::default() });
    }
}

impl Entry {
    fn amount(&self) -> u64 {
        self.moves.values().map(|part| part.unsigned_abs()).sum()
    }

    /// That much more of a spend, back to its lots, last taken first.
    fn given_back(&self, amount: u64, at: u64) -> BTreeMap<u64, i64> {
        let (mut skip, mut left) = (self.refunded, amount);
        let mut moves = BTreeMap::new();
        for (lot, part) in self.moves.iter().rev() {
            let skipped = skip.min(part.unsigned_abs());
            skip -= skipped;
            let part = left.min(part.unsigned_abs() - skipped);
            left -= part;
            if part > 0 {
                *moves.entry(if *lot <= at { at + EXTENSION } else { *lot }).or_default() += part as i64;
            }
        }
        moves
    }
}
