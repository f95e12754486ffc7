//! A wallet: who holds which accounts. What happens to a wallet happens to each of its accounts' chains.

use std::collections::BTreeMap;

use crate::account::{Account, Status};
use crate::decide::Command;
use crate::ids::{AccountNumber, Currency, Text, WalletId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// How many accounts a wallet has at most: a freeze must fit into one transaction of DynamoDB, two entries an account.
pub const ACCOUNTS_MAX: usize = 40;

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Its name, unique in the project.
    pub id: WalletId,
    /// What its accounts take.
    pub status: Status,
    /// What its project says about it.
    pub profile: Profile,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its accounts, at most one a currency.
    pub accounts: BTreeMap<Currency, AccountNumber>,
}

/// What a project says about a wallet; kept as it was sent. Some of it is about a person, so nothing of it can be printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// In words.
    pub title: Option<Text>,
    /// Whose it is.
    pub user_id: Option<Text>,
    /// Who wrote it last.
    pub updated_by: Option<Text>,
    /// When, by the caller's clock.
    pub updated_at: Option<Text>,
    /// What a dialect says besides, by its own names.
    pub details: BTreeMap<String, String>,
}

/// An account to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Its number.
    pub number: AccountNumber,
    /// Its currency.
    pub currency: Currency,
    /// How many digits of its minor units are behind the point. Kept with the account and never derived again.
    pub exponent: u8,
    /// Its title.
    pub title: Option<Text>,
}

/// A change of a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletCommand {
    /// Create it.
    Create {
        /// Active, or frozen from the start.
        status: Status,
        /// What is said about it.
        profile: Profile,
        /// The accounts that it has from the start: all of them, or there is no wallet.
        accounts: Vec<NewAccount>,
    },
    /// Change its status, or what is said about it.
    Update {
        /// The new status; none leaves it.
        status: Option<Status>,
        /// What is said about it; a missing member leaves what was said.
        profile: Profile,
    },
    /// Open an account in it.
    Open(NewAccount),
    /// Take in an account that is in no wallet.
    Add {
        /// That account.
        number: AccountNumber,
    },
    /// Let an account go. It lives on by its number.
    Remove {
        /// That account.
        number: AccountNumber,
    },
}

impl WalletCommand {
    /// The account that the command names and whose state the decision needs.
    #[must_use]
    pub fn account(&self) -> Option<&AccountNumber> {
        match self {
            WalletCommand::Open(NewAccount { number, .. })
            | WalletCommand::Add { number }
            | WalletCommand::Remove { number } => Some(number),
            WalletCommand::Create { .. } | WalletCommand::Update { .. } => None,
        }
    }
}

/// What a change comes to: the wallet after it, and what is to be decided on the chains of its accounts in the same commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletChange {
    /// The wallet after it.
    pub wallet: Wallet,
    /// One command for each chain that it touches.
    pub commands: Vec<(AccountNumber, Command)>,
}

/// Says yes or no to a change of a wallet. `account` is the account that the command names, if it exists.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn change_wallet(
    id: &WalletId,
    wallet: Option<&Wallet>,
    account: Option<&Account>,
    command: &WalletCommand,
    now: Timestamp,
) -> Result<WalletChange, Refusal> {
    let Some(wallet) = wallet else {
        return match command {
            WalletCommand::Create { status, profile, accounts } => {
                let wallet = Wallet {
                    id: id.clone(),
                    status: *status,
                    profile: profile.clone(),
                    created_at: now,
                    accounts: BTreeMap::new(),
                };
                accounts.iter().try_fold(WalletChange::of(wallet), |change, account| {
                    let WalletChange { wallet, commands } = change.wallet.opened(account, None)?;
                    Ok(WalletChange { wallet, commands: [change.commands, commands].concat() })
                })
            }
            WalletCommand::Update { .. }
            | WalletCommand::Open(_)
            | WalletCommand::Add { .. }
            | WalletCommand::Remove { .. } => Err(Refusal::NotFound),
        };
    };
    match command {
        WalletCommand::Create { status, profile, .. } => wallet.created_again(*status, profile),
        WalletCommand::Update { status, profile } => wallet.updated(*status, profile),
        WalletCommand::Open(new) => wallet.opened(new, account),
        WalletCommand::Add { number } => wallet.joined(number, account),
        WalletCommand::Remove { number } => wallet.left(number, account),
    }
}

impl Wallet {
    /// Creating what exists changes nothing, if it is the same. Who wrote it and when is not part of what it is.
    fn created_again(&self, status: Status, profile: &Profile) -> Result<WalletChange, Refusal> {
        let same =
            self.status == status && self.profile.title == profile.title && self.profile.user_id == profile.user_id;
        if same { Ok(WalletChange::of(self.clone())) } else { Err(Refusal::WalletExists) }
    }

    fn updated(&self, status: Option<Status>, profile: &Profile) -> Result<WalletChange, Refusal> {
        self.takes_changes()?;
        let mut wallet = self.clone();
        wallet.profile = profile.clone().or(&self.profile);
        wallet.status = status.unwrap_or(self.status);
        let command = match (self.status, wallet.status) {
            (Status::Active, Status::Frozen) => Some(Command::Freeze),
            (Status::Frozen, Status::Active) => Some(Command::Unfreeze),
            (_, Status::Closed) => Some(Command::Close),
            (Status::Active, Status::Active)
            | (Status::Frozen, Status::Frozen)
            | (Status::Closed, Status::Active | Status::Frozen) => None,
        };
        let mut change = WalletChange::of(wallet);
        if let Some(command) = command {
            change.commands = self.accounts.values().map(|number| (number.clone(), command.clone())).collect();
        }
        Ok(change)
    }

    fn opened(&self, new: &NewAccount, account: Option<&Account>) -> Result<WalletChange, Refusal> {
        self.takes_changes()?;
        if account.is_some() {
            return Err(Refusal::AccountExists);
        }
        let command = Command::Open { new: new.clone(), wallet: self.id.clone(), status: self.status };
        self.with(&new.currency, &new.number, command)
    }

    fn joined(&self, number: &AccountNumber, account: Option<&Account>) -> Result<WalletChange, Refusal> {
        let account = account.ok_or(Refusal::NotFound)?;
        self.takes_changes()?;
        if account.status == Status::Closed {
            return Err(Refusal::WalletClosed);
        }
        let command = Command::Link { wallet: self.id.clone(), status: self.status };
        self.with(&account.currency, number, command)
    }

    fn with(&self, currency: &Currency, number: &AccountNumber, command: Command) -> Result<WalletChange, Refusal> {
        if self.accounts.contains_key(currency) {
            return Err(Refusal::AccountExists);
        }
        if self.accounts.len() >= ACCOUNTS_MAX {
            return Err(Refusal::WalletFull);
        }
        let mut wallet = self.clone();
        wallet.accounts.insert(currency.clone(), number.clone());
        Ok(WalletChange { wallet, commands: vec![(number.clone(), command)] })
    }

    /// A frozen wallet lets nothing go: leaving it would be a way around the freeze.
    fn left(&self, number: &AccountNumber, account: Option<&Account>) -> Result<WalletChange, Refusal> {
        let account = account.filter(|account| account.wallet.as_ref() == Some(&self.id)).ok_or(Refusal::NotFound)?;
        self.takes_changes()?;
        let mut wallet = self.clone();
        wallet.accounts.remove(&account.currency);
        Ok(WalletChange { wallet, commands: vec![(number.clone(), Command::Unlink)] })
    }

    fn takes_changes(&self) -> Result<(), Refusal> {
        if self.status == Status::Closed { Err(Refusal::WalletClosed) } else { Ok(()) }
    }
}

impl WalletChange {
    fn of(wallet: Wallet) -> WalletChange {
        WalletChange { wallet, commands: Vec::new() }
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(withheld)")
    }
}

impl Profile {
    fn or(self, before: &Profile) -> Profile {
        Profile {
            title: self.title.or_else(|| before.title.clone()),
            user_id: self.user_id.or_else(|| before.user_id.clone()),
            updated_by: self.updated_by.or_else(|| before.updated_by.clone()),
            updated_at: self.updated_at.or_else(|| before.updated_at.clone()),
            details: if self.details.is_empty() { before.details.clone() } else { self.details },
        }
    }
}
