//! The rules of the ledger, pure: what a wallet, an account and a transaction are, and [`decide`](decide::decide),
//! the only place that says yes or no to a change of money. Nothing here does I/O, awaits, reads a clock or draws a
//! random number.

pub mod account;
pub mod decide;
pub mod ids;
pub mod money;
pub mod project;
pub mod refusal;
pub mod time;
pub mod transaction;
pub mod wallet;

pub use account::{Account, Expiry, Lots, Status};
pub use decide::{Addressed, Command, Context, Decision, Fix, decide, expire};
pub use ids::{
    AccountNumber, Currency, Fingerprint, IdempotencyKey, Intent, ProjectId, Seq, Text, TransactionId, WalletId,
};
pub use money::{Amount, Balance, Delta};
pub use project::Project;
pub use refusal::Refusal;
pub use time::{Duration, Timestamp};
pub use transaction::{Kind, Moves, Note, Transaction};
pub use wallet::{NewAccount, Profile, Wallet, WalletChange, WalletCommand, change_wallet};
