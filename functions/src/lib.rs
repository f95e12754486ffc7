//! The operations. Each has a file of its own with its routes and its three beats: parse, act, answer. This file is their
//! table; [`shell`] runs them. Tasks run after the commit, called by nobody: they make and deliver events, and book what has
//! expired.

pub mod add_account;
mod addressing;
mod authentication;
pub mod cancel;
pub mod create_account;
pub mod create_token;
pub mod create_wallet;
pub mod deliver;
pub mod expire;
pub mod fix;
pub mod get_account;
pub mod get_accounts;
pub mod get_wallet;
mod lambda;
pub mod list_accounts;
pub mod list_transactions;
pub mod list_wallets;
pub mod load;
mod log;
mod metrics;
pub mod publish;
pub mod refund;
pub mod remove_account;
pub mod sender;
mod shell;
pub mod spend;
mod task;
pub mod update_wallet;

pub use lambda::{Error, serve, work};
pub use sender::{Network, Reply, Sender, Unsent};
pub use shell::{App, Host, Operation, Route};
pub use task::{Task, Worker};

/// Every operation.
pub const OPERATIONS: &[&Operation] = &[
    &create_token::OPERATION,
    &create_wallet::OPERATION,
    &get_wallet::OPERATION,
    &update_wallet::OPERATION,
    &list_wallets::OPERATION,
    &create_account::OPERATION,
    &get_account::OPERATION,
    &get_accounts::OPERATION,
    &list_accounts::OPERATION,
    &add_account::OPERATION,
    &remove_account::OPERATION,
    &load::OPERATION,
    &spend::OPERATION,
    &refund::OPERATION,
    &cancel::OPERATION,
    &fix::OPERATION,
    &list_transactions::OPERATION,
];

/// Every task.
pub const TASKS: &[&Task] = &[&publish::TASK, &deliver::TASK, &expire::TASK];

/// The operation and the route that a request goes to; none if there is none.
#[must_use]
pub fn route(method: &str, path: &str) -> Option<(&'static Operation, &'static Route)> {
    OPERATIONS.iter().find_map(|operation| operation.route(method, path).map(|route| (*operation, route)))
}
