//! The one place that says yes or no to an entry of a chain. Every rule of the ledger is here, in the order in which
//! refusals take precedence: unknown record, closed or frozen, state of the original, amount against the original, balance.

use std::collections::BTreeMap;

use crate::account::{Account, Expiry, Lots, Status};
use crate::ids::{Currency, Seq, TransactionId, WalletId};
use crate::money::{Amount, Balance, Delta};
use crate::refusal::Refusal;
use crate::time::{Duration, Timestamp};
use crate::transaction::{Kind, Moves, Note, Transaction};
use crate::wallet::NewAccount;

/// How many different expiries an account holds at most before it takes no more loads: every entry carries them all.
pub const LOTS_MAX: usize = 366;

/// What a caller wants done to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open it.
    Open {
        /// What is opened.
        new: NewAccount,
        /// The wallet that it is opened in.
        wallet: WalletId,
        /// That wallet's status.
        status: Status,
    },
    /// Add value.
    Load {
        /// How much.
        amount: Amount,
        /// Whether it was earned rather than paid for.
        earned: bool,
        /// Until when it can be spent.
        expiry: Expiry,
        /// What is said about it.
        note: Note,
    },
    /// Take value.
    Spend {
        /// How much.
        amount: Amount,
        /// What is said about it.
        note: Note,
    },
    /// Give back a spend or a part of it.
    Refund {
        /// The spend.
        original: TransactionId,
        /// How much; none for all that is left.
        amount: Option<Amount>,
    },
    /// Undo a spend or a load.
    Cancel {
        /// The spend or load.
        original: TransactionId,
    },
    /// Correct the balance.
    Fix {
        /// By how much, or to what.
        fix: Fix,
        /// Why, and what else is said about it.
        note: Note,
    },
    /// Refuse debits from here on.
    Freeze,
    /// Take debits again.
    Unfreeze,
    /// Allow only reads from here on.
    Close,
    /// Join a wallet.
    Link {
        /// The wallet.
        wallet: WalletId,
        /// That wallet's status.
        status: Status,
    },
    /// Leave the wallet.
    Unlink,
}

/// A correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Up or down by that much.
    By(Delta),
    /// To that much available.
    To(Balance),
}

impl Command {
    /// The entry that the command refers to and that the decision needs.
    #[must_use]
    pub fn original(&self) -> Option<&TransactionId> {
        match self {
            Command::Refund { original, .. } | Command::Cancel { original } => Some(original),
            Command::Open { .. }
            | Command::Load { .. }
            | Command::Spend { .. }
            | Command::Fix { .. }
            | Command::Freeze
            | Command::Unfreeze
            | Command::Close
            | Command::Link { .. }
            | Command::Unlink => None,
        }
    }
}

/// What a decision needs besides the account and the command.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The time.
    pub now: Timestamp,
    /// What else the caller said about which account is meant.
    pub addressed: &'a Addressed,
    /// The entry named by [`Command::original`], if the account has it.
    pub original: Option<&'a Transaction>,
    /// How long refunded value of an expired lot lives on.
    pub refund_extension: Duration,
}

/// The wallet and the currency that a caller expects an account to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    /// In this wallet.
    pub wallet: Option<WalletId>,
    /// In this currency.
    pub currency: Option<Currency>,
}

impl Addressed {
    /// Whether `account` is the one that is meant.
    #[must_use]
    pub fn is(&self, account: &Account) -> bool {
        (self.wallet.is_none() || self.wallet == account.wallet)
            && self.currency.as_ref().is_none_or(|currency| *currency == account.currency)
    }
}

/// A yes: the entries to append, and what changes on the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What had expired, booked first and in the same commit.
    pub expired: Option<Transaction>,
    /// What was asked for.
    pub transaction: Transaction,
    /// What it does to its original.
    pub mark: Option<Mark>,
}

/// The only change that an entry ever sees: a refund or a cancellation of it. Valid only while the original is as it was
/// when this was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// More of it is refunded.
    Refunded {
        /// The spend.
        original: Seq,
        /// How much of it was refunded when this was decided.
        before: Balance,
        /// How much of it is then.
        after: Balance,
    },
    /// It is canceled. Decided while nothing of it was refunded.
    Canceled {
        /// The spend or load.
        original: Seq,
        /// The entry that cancels it.
        by: Seq,
    },
}

/// Says yes or no to `command` on `account`, which is none if there is no such account.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn decide(account: Option<&Account>, command: &Command, context: &Context) -> Result<Decision, Refusal> {
    let account = match (account, command) {
        (_, Command::Open { status: Status::Closed, .. }) => return Err(Refusal::WalletClosed),
        (None, Command::Open { new, wallet, status }) => return Ok(open(new, wallet, *status, context.now)),
        (Some(_), Command::Open { .. }) => return Err(Refusal::AccountExists),
        (account, _) => account.filter(|account| context.addressed.is(account)).ok_or(Refusal::NotFound)?,
    };
    let original = match command.original() {
        None => None,
        Some(id) if id.account == account.number => Some(context.original.ok_or(Refusal::NotFound)?),
        Some(_) => return Err(Refusal::NotFound),
    };
    if account.status == Status::Closed || matches!(command, Command::Link { status: Status::Closed, .. }) {
        return Err(Refusal::WalletClosed);
    }

    let at = context.now.max(account.at);
    let (account, expired) = book_expired(account, at)?;
    let next = Next { account: &account, at, refund_extension: context.refund_extension };
    let (transaction, mark) = match (command, original) {
        (Command::Load { amount, earned, expiry, note }, _) => (next.load(*amount, *earned, *expiry, note)?, None),
        (Command::Spend { amount, note }, _) => (next.spend(*amount, note)?, None),
        (Command::Fix { fix, note }, _) => (next.fix(*fix, note)?, None),
        (Command::Refund { amount, .. }, Some(original)) => next.refund(original, *amount)?,
        (Command::Cancel { .. }, Some(original)) => next.cancel(original)?,
        (Command::Freeze, _) => (next.status(Kind::Frozen, Status::Frozen)?, None),
        (Command::Unfreeze, _) => (next.status(Kind::Unfrozen, Status::Active)?, None),
        (Command::Close, _) => (next.close()?, None),
        (Command::Link { wallet, status }, _) => (next.link(wallet, *status)?, None),
        (Command::Unlink, _) => (next.unlink()?, None),
        (Command::Open { .. } | Command::Refund { .. } | Command::Cancel { .. }, _) => return Err(Refusal::NotFound),
    };
    Ok(Decision { expired, transaction, mark })
}

fn open(new: &NewAccount, wallet: &WalletId, status: Status, now: Timestamp) -> Decision {
    let account = Account {
        number: new.number.clone(),
        currency: new.currency.clone(),
        exponent: new.exponent,
        wallet: Some(wallet.clone()),
        status,
        lots: Lots::EMPTY,
        opened: now,
        seq: Seq::FIRST,
        at: now,
    };
    let transaction = Transaction {
        kind: Kind::Initialized,
        moves: BTreeMap::new(),
        note: Note { title: new.title.clone(), ..Note::default() },
        account,
        refunded: Balance::ZERO,
        canceled_by: None,
    };
    Decision { expired: None, transaction, mark: None }
}

/// The entry that books what has expired at `now`; none if nothing has, or if the account takes no more entries. It only
/// tidies: what has expired counts for nothing before it is booked, and the next entry that anybody asks for books it as well.
#[must_use]
pub fn expire(account: &Account, now: Timestamp) -> Option<Transaction> {
    book_expired(account, now.max(account.at)).ok()?.1
}

/// The account without what has expired at `at`, and the entry that books it.
fn book_expired(account: &Account, at: Timestamp) -> Result<(Account, Option<Transaction>), Refusal> {
    let gone = account.lots.iter().filter(|(expiry, _)| expiry.has_come(at));
    let moves: Moves = gone.map(|(expiry, part)| (expiry, part.debit())).collect();
    if moves.is_empty() {
        return Ok((account.clone(), None));
    }
    let next = Next { account, at, refund_extension: Duration(0) };
    let entry = next.entry(Kind::Expired, moves, &Note::default())?;
    Ok((entry.account.clone(), Some(entry)))
}

/// The place after an account's newest entry, free of expired value.
struct Next<'a> {
    account: &'a Account,
    at: Timestamp,
    refund_extension: Duration,
}

impl Next<'_> {
    fn load(&self, amount: Amount, earned: bool, expiry: Expiry, note: &Note) -> Result<Transaction, Refusal> {
        if expiry.has_come(self.at) {
            return Err(Refusal::ExpiryInPast);
        }
        let kind = if earned { Kind::Earned } else { Kind::Loaded };
        let entry = self.entry(kind, Moves::from([(expiry, Balance::from(amount).credit())]), note)?;
        if entry.account.lots.count() > LOTS_MAX { Err(Refusal::AccountFull) } else { Ok(entry) }
    }

    fn spend(&self, amount: Amount, note: &Note) -> Result<Transaction, Refusal> {
        self.takes_debits()?;
        let moves = self.take(amount.into(), Moves::new())?;
        self.entry(Kind::Spent, moves, note)
    }

    fn refund(&self, original: &Transaction, amount: Option<Amount>) -> Result<(Transaction, Option<Mark>), Refusal> {
        if original.kind != Kind::Spent {
            return Err(Refusal::NotRefundable);
        }
        if original.canceled_by.is_some() {
            return Err(Refusal::TransactionCanceled);
        }
        let spent = original.amount().magnitude().map_or(Balance::ZERO, Balance::from);
        let refundable = spent.minus(original.refunded).unwrap_or(Balance::ZERO);
        let rest = refundable.as_amount().ok_or(Refusal::AlreadyRefunded)?;
        let amount = Balance::from(amount.unwrap_or(rest));
        if amount > refundable {
            return Err(Refusal::RefundExceedsRemaining { refundable });
        }
        let before = original.refunded;
        let after = before.plus(amount).ok_or(Refusal::BalanceLimit)?;
        let moves = self.give_back(original, before, amount)?;
        let kind = Kind::Refunded { original: original.account.seq };
        let entry = self.entry(kind, moves, &note_of(original))?;
        Ok((entry, Some(Mark::Refunded { original: original.account.seq, before, after })))
    }

    fn cancel(&self, original: &Transaction) -> Result<(Transaction, Option<Mark>), Refusal> {
        let is_load = matches!(original.kind, Kind::Loaded | Kind::Earned);
        if is_load {
            self.takes_debits()?;
        } else if original.kind != Kind::Spent {
            return Err(Refusal::NotCancelable);
        }
        if let Some(canceled_by) = original.canceled_by {
            return Err(Refusal::AlreadyCanceled { canceled_by: original.sibling(canceled_by) });
        }
        let amount = original.amount().magnitude().map_or(Balance::ZERO, Balance::from);
        if !original.refunded.is_zero() {
            let all = original.refunded == amount;
            return Err(if all { Refusal::AlreadyRefunded } else { Refusal::PartiallyRefunded });
        }
        let moves =
            if is_load { self.take_back(original, amount)? } else { self.give_back(original, Balance::ZERO, amount)? };
        let kind = Kind::Canceled { original: original.account.seq };
        let entry = self.entry(kind, moves, &note_of(original))?;
        let by = entry.account.seq;
        Ok((entry, Some(Mark::Canceled { original: original.account.seq, by })))
    }

    fn fix(&self, fix: Fix, note: &Note) -> Result<Transaction, Refusal> {
        let delta = match fix {
            Fix::By(delta) => delta,
            Fix::To(target) => target.since(self.account.lots.posted()),
        };
        let moves = match delta.magnitude() {
            None => Moves::new(),
            Some(amount) if delta.is_debit() => {
                self.takes_debits()?;
                self.take(amount.into(), Moves::new())?
            }
            Some(_) => Moves::from([(Expiry::Never, delta)]),
        };
        self.entry(Kind::Fixed, moves, note)
    }

    fn status(&self, kind: Kind, status: Status) -> Result<Transaction, Refusal> {
        let mut entry = self.entry(kind, Moves::new(), &Note::default())?;
        entry.account.status = status;
        Ok(entry)
    }

    fn close(&self) -> Result<Transaction, Refusal> {
        let available = self.account.lots.posted();
        if available.is_zero() {
            self.status(Kind::Closed, Status::Closed)
        } else {
            Err(Refusal::BalanceRemains { available })
        }
    }

    fn link(&self, wallet: &WalletId, status: Status) -> Result<Transaction, Refusal> {
        if self.account.wallet.is_some() {
            return Err(Refusal::AccountLinked);
        }
        let mut entry = self.status(Kind::Linked, status)?;
        entry.account.wallet = Some(wallet.clone());
        Ok(entry)
    }

    fn unlink(&self) -> Result<Transaction, Refusal> {
        self.takes_debits()?;
        let mut entry = self.entry(Kind::Unlinked, Moves::new(), &Note::default())?;
        entry.account.wallet = None;
        Ok(entry)
    }

    fn takes_debits(&self) -> Result<(), Refusal> {
        if self.account.status == Status::Frozen { Err(Refusal::WalletFrozen) } else { Ok(()) }
    }

    /// Takes `amount` off the lots in the order of spending, besides what `moves` takes already.
    fn take(&self, amount: Balance, mut moves: Moves) -> Result<Moves, Refusal> {
        let mut missing = amount;
        for (expiry, part) in
            self.account.lots.iter().filter(|(expiry, _)| !moves.contains_key(expiry)).collect::<Vec<_>>()
        {
            let (taken, rest) = missing.split(part);
            if !taken.is_zero() {
                moves.insert(expiry, taken.debit());
            }
            missing = rest;
        }
        if missing.is_zero() {
            Ok(moves)
        } else {
            Err(Refusal::InsufficientBalance { available: self.account.lots.posted(), shortfall: missing })
        }
    }

    /// Takes a canceled load off its own lot first, then off the others in the order of spending.
    fn take_back(&self, load: &Transaction, amount: Balance) -> Result<Moves, Refusal> {
        let own = load.moves.keys().next().copied().unwrap_or(Expiry::Never);
        if own.has_come(self.at) {
            return Err(Refusal::LotExpired);
        }
        let (taken, rest) = amount.split(self.account.lots.part(own));
        let mut moves = Moves::new();
        if !taken.is_zero() {
            moves.insert(own, taken.debit());
        }
        self.take(rest, moves)
    }

    /// Gives `amount` of a spend back to the lots that it came from, last taken first, after `before` of it was given back.
    /// What has expired meanwhile lives on for the project's extension.
    fn give_back(&self, spend: &Transaction, before: Balance, amount: Balance) -> Result<Moves, Refusal> {
        let mut done = before;
        let mut left = amount;
        let mut moves = Moves::new();
        for (expiry, delta) in spend.moves.iter().rev() {
            let taken = delta.magnitude().map_or(Balance::ZERO, Balance::from);
            let (_, still_gone) = taken.split(done);
            (_, done) = done.split(taken);
            let (given, rest) = left.split(still_gone);
            left = rest;
            if !given.is_zero() {
                let extended = Expiry::At(self.at.plus(self.refund_extension));
                let home = if expiry.has_come(self.at) { extended } else { *expiry };
                let more = moves.get(&home).copied().unwrap_or(Delta::ZERO);
                moves.insert(home, given.credit().plus(more).ok_or(Refusal::BalanceLimit)?);
            }
        }
        Ok(moves)
    }

    fn entry(&self, kind: Kind, moves: Moves, note: &Note) -> Result<Transaction, Refusal> {
        let lots = self.account.lots.after(&moves).ok_or(Refusal::BalanceLimit)?;
        let seq = self.account.seq.next().ok_or(Refusal::AccountFull)?;
        let account = Account { lots, seq, at: self.at, ..self.account.clone() };
        Ok(Transaction { kind, moves, note: note.clone(), account, refunded: Balance::ZERO, canceled_by: None })
    }
}

/// A refund and a cancellation happen on the channel of their original.
fn note_of(original: &Transaction) -> Note {
    Note { channel: original.note.channel.clone(), ..Note::default() }
}
