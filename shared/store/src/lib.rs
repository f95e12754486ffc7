//! Every DynamoDB key, attribute and expression of the project, and the way to commit: one conditional write whose entry
//! is the account's next state. The only crate that names the SDK.
//!
//! An account is a chain of entries `T#1, T#2, …` in one partition. The newest entry *is* the account, and putting the
//! next one under the condition that it does not exist is the commit ([`chain`]). What happens to several chains or to a
//! wallet goes into one transaction ([`wallets`]).

mod chain;
mod connect;
mod credentials;
pub mod due;
mod error;
mod feed;
mod item;
mod keys;
mod link;
mod listing;
mod meter;
mod pace;
mod queue;
mod ring;
mod stream;
mod tables;
mod verify;
mod wallets;
pub mod webhooks;
mod write;

pub use chain::{Recorded, Target};
pub use connect::{AccessKey, Endpoint, Environment, Tables};
pub use credentials::{Credential, CredentialKind};
pub use error::{Error, Failure};
pub use item::Entry;
pub use link::Hash;
pub use listing::{Cursor, Listing, Order, Times};
pub use meter::{Cost, Meter};
pub use queue::{HIDDEN_MAX, Queue};
pub use ring::RING_KEYS_MAX;
pub use stream::StreamRecord;
pub use verify::{Finding, Flaw, Head, Part, Place, Report, Rule, Scanned, Subject, Verifier};
pub use wallets::WalletRecorded;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use domain::{Project, ProjectId, Timestamp};
use tokio::time::Instant;

use crate::pace::Contended;

/// The tables, and the connection to them.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    tables: Tables,
    /// Shared by its clones: what one request learnt serves the next.
    contended: Arc<Contended>,
}

/// One request of one project at the store. Every key is built from the session's project, so nothing of another one can
/// be named.
#[derive(Debug)]
pub struct Session<'a> {
    store: &'a Store,
    project: &'a Project,
    /// The time at which everything in this request happens.
    now: Timestamp,
    /// Marks what this request writes, so that it recognises its own write when the answer was lost.
    nonce: u128,
    /// When to stop trying.
    deadline: Instant,
    meter: &'a Meter,
}

impl Session<'_> {
    pub(crate) fn project_id(&self) -> &ProjectId {
        &self.project.id
    }
}

impl Store {
    /// Opens a session for one request. `nonce` is random; `deadline` is when the caller must have its answer.
    #[must_use]
    pub fn session<'a>(
        &'a self,
        project: &'a Project,
        now: Timestamp,
        nonce: u128,
        deadline: Instant,
        meter: &'a Meter,
    ) -> Session<'a> {
        Session { store: self, project, now, nonce, deadline, meter }
    }

    /// Whether a project's transactions can be listed as a whole.
    #[must_use]
    pub fn has_feed(&self) -> bool {
        self.tables.feed
    }
}
