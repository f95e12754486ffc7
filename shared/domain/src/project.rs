//! A project: the tenant, and what it has decided for itself.

use crate::ids::{AccountNumber, ProjectId};
use crate::time::Duration;

/// A tenant with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its name. Every credential belongs to one project, and a project never sees another's data.
    pub id: ProjectId,
    /// What may stand for any account in the instance part of a path when the body names the account.
    pub own_account: Option<AccountNumber>,
    /// How long refunded value of an expired lot lives on.
    pub refund_extension: Duration,
    /// How long before value expires it is told that it will; none if it is not told.
    pub expiry_notice: Option<Duration>,
    /// Whether idempotency keys are kept for ever instead of 25 hours.
    pub permanent_keys: bool,
    /// Whether a reference is unique for each account and operation. It takes the place of the idempotency key then, and
    /// keys are kept for ever.
    pub unique_reference: bool,
}

impl Project {
    /// A project with the settings that it has until it says otherwise: no account id of its own, 30 days, no
    /// notice, 25 hours, references that may repeat.
    #[must_use]
    pub fn new(id: ProjectId) -> Project {
        Project {
            id,
            own_account: None,
            refund_extension: Duration::days(30),
            expiry_notice: None,
            permanent_keys: false,
            unique_reference: false,
        }
    }

    /// Whether no key is ever forgotten.
    #[must_use]
    pub fn keeps_keys(&self) -> bool {
        self.permanent_keys || self.unique_reference
    }
}
