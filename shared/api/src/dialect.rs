//! The three dialects, and how each writes down a failure.

use serde_json::Value;

use crate::failure::{Failure, Problem, Verdict};
use crate::{liquido, mircate, paycombat};

/// A wire format over the same core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `/CALL/WalletAPI/…`
    Mircate,
    /// `/v1/accounts/wallet`
    Liquido,
    /// `/wallet`
    Paycombat,
}

impl Dialect {
    /// The table's verdict, in the statuses that this dialect knows.
    #[must_use]
    pub fn verdict(self, failure: &Failure) -> Verdict {
        match self {
            Dialect::Mircate => failure.verdict(),
            Dialect::Liquido => liquido::verdict(failure),
            Dialect::Paycombat => paycombat::verdict(failure),
        }
    }

    /// A failure as it is answered.
    #[must_use]
    pub fn failure(self, failure: &Failure) -> Value {
        let verdict = self.verdict(failure);
        match self {
            Dialect::Mircate => mircate::failure(&verdict),
            Dialect::Liquido => liquido::failure(&verdict, failure),
            Dialect::Paycombat => paycombat::failure(&verdict),
        }
    }
}

/// Whether a failure is about who is calling.
pub(crate) fn is_about_credentials(failure: &Failure) -> bool {
    matches!(failure, Failure::Problem(Problem::NoCredentials | Problem::UnknownCredentials | Problem::OtherProject))
}
