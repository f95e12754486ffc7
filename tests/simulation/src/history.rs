//! What the callers did, and what they were told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What is done to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open it in its wallet.
    Open,
    /// Put value in. An expiry of `u64::MAX` is none.
    Load {
        /// In minor units.
        amount: u64,
        /// In milliseconds since 1970.
        expiry: u64,
    },
    /// Take value out.
    Spend {
        /// In minor units.
        amount: u64,
    },
    /// Give a spend back.
    Refund {
        /// The number of the spend's entry.
        original: usize,
        /// In minor units; none is all that is left.
        amount: Option<u64>,
    },
    /// Undo a spend or a load.
    Cancel {
        /// The number of its entry.
        original: usize,
    },
    /// Correct the balance.
    Fix {
        /// In minor units, up or down.
        by: i64,
    },
    /// Freeze its wallet.
    Freeze,
    /// Take that back.
    Unfreeze,
    /// Ask what it holds.
    Read,
    /// Ask for its newest entries.
    List,
    /// Ask for the newest entries of its project, which may be a little behind.
    ListProject,
    /// Nobody's: what has expired was booked.
    Expire,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By an entry with that number, balance and time.
    Booked {
        /// Its place in the chain.
        seq: usize,
        /// What it moved, by when it expires; `u64::MAX` is never.
        moves: BTreeMap<u64, i64>,
        /// The balance after it.
        balance: u64,
        /// In milliseconds since 1970.
        at: u64,
    },
    /// By a change of the wallet, which tells no entry, and makes none where nothing changes.
    Done {
        /// When the entries were made that it may have made, by their numbers.
        times: BTreeMap<usize, u64>,
    },
    /// By a no, with this code.
    Refused(String),
    /// By telling what the account holds.
    Balance(u64),
    /// By telling its newest entry.
    Newest {
        /// Its number.
        seq: usize,
        /// The balance after it.
        balance: u64,
    },
}

/// A command and how it ended: what the reference has to agree with.
#[derive(Clone, Debug)]
pub struct Did {
    /// What was asked for.
    pub command: Command,
    /// What came of it.
    pub outcome: Outcome,
    /// The bounds of what any function's clock said meanwhile, in milliseconds since 1970.
    pub times: (u64, u64),
    /// The key of the wish that it belongs to, if it has one and so may be done once only, and the wish.
    pub once: Option<(String, usize)>,
}

/// One of a project's two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Of two.
    pub project: usize,
    /// Of two.
    pub account: usize,
}

/// What a caller wants done once: with a key it may be asked for many times.
#[derive(Clone, Debug)]
pub struct Wish {
    /// A number of its own.
    pub id: usize,
    /// Where.
    pub place: Place,
    /// What.
    pub command: Command,
    /// Its idempotency key.
    pub key: Option<String>,
    /// Every time that it was asked for.
    pub attempts: Vec<Attempt>,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it was sent.
    pub called: Moment,
    /// When its answer came, and which; none if it never did.
    pub answered: Option<(Moment, Answer)>,
}

/// A place in the order of events, and the true time in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Counts events.
    pub order: usize,
    /// The true time.
    pub millis: u64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Whether it is marked as the repetition of an earlier one.
    pub replayed: bool,
    /// Its body.
    pub body: Value,
    /// How wrong the function's clock was, in milliseconds.
    pub skew: i64,
}

impl Answer {
    /// Whether it says what became of the request: not so 429 and 5xx.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.status < 500 && self.status != 429
    }

    /// Whether it was done.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }

    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The number of the entry that it tells.
    #[must_use]
    pub fn seq(&self) -> Option<usize> {
        self.body["transaction"]["sequence"].as_u64().and_then(|seq| usize::try_from(seq).ok())
    }
}

impl Wish {
    /// Every answer that came, and when.
    pub fn answers(&self) -> impl Iterator<Item = &(Moment, Answer)> + Clone {
        self.attempts.iter().filter_map(|attempt| attempt.answered.as_ref())
    }

    /// The first answer that it was done.
    #[must_use]
    pub fn done(&self) -> Option<&Answer> {
        self.answers().map(|(_, answer)| answer).find(|answer| answer.is_ok())
    }

    /// Whether it may have been done, or may still be, without anybody knowing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let definite = |attempt: &Attempt| attempt.answered.as_ref().is_some_and(|(_, answer)| answer.is_definite());
        self.done().is_none() && !self.attempts.iter().all(definite)
    }

    /// Where its key counts: in its account, or for changes of a wallet in its project.
    #[must_use]
    pub fn scope(&self) -> (usize, Option<usize>) {
        let of_wallet = matches!(self.command, Command::Open | Command::Freeze | Command::Unfreeze);
        (self.place.project, (!of_wallet).then_some(self.place.account))
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.command, Command::Read | Command::List | Command::ListProject)
    }

    /// The path and the body of its request.
    #[must_use]
    pub fn request(&self) -> (String, String) {
        let Place { project, account } = self.place;
        let (project, number) = (PROJECTS[project], ACCOUNTS[account]);
        let reference = format!("wish-{}", self.id);
        let (operation, body) = match &self.command {
            Command::Open => {
                let body = json!({ "walletId": WALLET, "currency": CURRENCIES[account], "accountNumber": number });
                return (format!("createAccount/{project}"), body.to_string());
            }
            Command::Freeze => return (format!("updateWallet/{project}"), status("frozen")),
            Command::Unfreeze => return (format!("updateWallet/{project}"), status("active")),
            Command::Load { amount, expiry: u64::MAX } => {
                ("load", json!({ "amount": amount, "channel": "POS", "referenceId": reference }))
            }
            Command::Load { amount, expiry } => {
                let expiry = api::time::text(domain::Timestamp(*expiry));
                ("load", json!({ "amount": amount, "channel": "POS", "referenceId": reference, "expiresAt": expiry }))
            }
            Command::Spend { amount } => {
                ("spend", json!({ "amount": amount, "channel": "POS", "referenceId": reference }))
            }
            Command::Refund { original, amount: None } => {
                ("refund", json!({ "transactionId": format!("{number}-{original}") }))
            }
            Command::Refund { original, amount: Some(amount) } => {
                ("refund", json!({ "transactionId": format!("{number}-{original}"), "amount": amount }))
            }
            Command::Cancel { original } => ("cancel", json!({ "transactionId": format!("{number}-{original}") })),
            Command::Fix { by } => ("fix", json!({ "amount": by, "description": reference })),
            Command::Read => ("getAccount", json!({})),
            Command::List => ("listTransactions", json!({ "pageSize": 5 })),
            Command::ListProject => {
                return (format!("listTransactions/{project}"), json!({ "pageSize": 20 }).to_string());
            }
            Command::Expire => unreachable!("nobody asks for it"),
        };
        (format!("{operation}/{project}-{number}"), body.to_string())
    }
}

fn status(status: &str) -> String {
    json!({ "walletId": WALLET, "status": status }).to_string()
}

/// Both projects use the same names for everything, so that nothing but the project tells their data apart.
pub const PROJECTS: [&str; 2] = ["north", "south"];
/// The wallet of each project.
pub const WALLET: &str = "purse";
/// Its accounts.
pub const ACCOUNTS: [&str; 2] = ["first", "second"];
/// Their currencies.
pub const CURRENCIES: [&str; 2] = ["EUR", "POINT"];
