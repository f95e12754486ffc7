//! Every way in which a request can fail, and the one table that gives each its status, code and sentence. The dialects
//! only choose how it is written down.

use std::borrow::Cow;

use domain::Refusal;
use serde_json::{Value, json};

use crate::credentials::Scope;

/// How much of a reason a caller is told, in characters: reasons may quote what was sent.
const REASON_CHARS_MAX: usize = 200;

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The rules say no.
    Refused(Refusal),
    /// Something else is in the way.
    Problem(Problem),
}

/// What is not a matter of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such operation.
    NoOperation,
    /// The request is not what the contract says.
    InvalidRequest {
        /// Where: a member, a header or `instance`; empty for the body as a whole.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Several members are not what the contract says: each with what is wrong with it, in the contract's order, at least
    /// one. Fixed texts, so that nothing of what was sent is in them.
    InvalidFields(Vec<(&'static str, &'static str)>),
    /// The body is over 16 KB.
    BodyTooLarge,
    /// No credentials were sent.
    NoCredentials,
    /// The credentials are not known, or not any more.
    UnknownCredentials,
    /// The credentials are another project's.
    OtherProject,
    /// The credentials do not allow this.
    MissingScope(Scope),
    /// Others won every race until the deadline.
    Busy,
    /// The store can not be reached.
    Unavailable,
    /// Something that should not be.
    Internal,
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The HTTP status.
    pub status: u16,
    /// Stable, upper snake case.
    pub code: &'static str,
    /// A sentence for people.
    pub message: Cow<'static, str>,
    /// Figures that go with the code; null if there are none.
    pub details: Value,
    /// After how many seconds another try makes sense.
    pub retry_after_seconds: Option<u32>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Problem(problem)
    }
}

impl Problem {
    /// An invalid request: `member` is a path as `serde_path_to_error` writes it, where `.` is the whole body.
    #[must_use]
    pub fn invalid(member: &str, reason: &str) -> Problem {
        let member = if member == "." { "" } else { member };
        let short = |text: &str| text.chars().take(REASON_CHARS_MAX).collect();
        Problem::InvalidRequest { member: short(member), reason: short(reason) }
    }
}

impl Failure {
    /// The table.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Failure::Refused(refusal) => of_refusal(refusal),
            Failure::Problem(problem) => of_problem(problem),
        }
    }
}

fn of_refusal(refusal: &Refusal) -> Verdict {
    let say = Verdict::new::<&'static str>;
    match refusal {
        Refusal::IdempotencyKeyReused => {
            say(400, "IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request.")
        }
        Refusal::NotFound => say(404, "NOT_FOUND", "Record Not Found"),
        Refusal::WalletClosed => say(403, "WALLET_CLOSED", "The wallet is closed."),
        Refusal::WalletFrozen => say(403, "WALLET_FROZEN", "The wallet is frozen."),
        Refusal::WalletExists => say(400, "WALLET_EXISTS", "A wallet of this id exists with other attributes."),
        Refusal::AccountExists => {
            say(400, "ACCOUNT_EXISTS", "The wallet has an account in this currency, or the account number is taken.")
        }
        Refusal::AccountLinked => say(400, "ACCOUNT_LINKED", "The account is in a wallet."),
        Refusal::WalletFull => say(400, "WALLET_FULL", "The wallet has as many accounts as it can have."),
        Refusal::ExpiryInPast => {
            say(400, "INVALID_REQUEST", "expiresAt: must be in the future").with(json!({ "member": "expiresAt" }))
        }
        Refusal::NotRefundable => say(400, "NOT_REFUNDABLE", "Only a spend can be refunded."),
        Refusal::NotCancelable => say(400, "NOT_CANCELABLE", "Only a spend or a load can be canceled."),
        Refusal::TransactionCanceled => say(400, "TRANSACTION_CANCELED", "The transaction is canceled."),
        Refusal::AlreadyCanceled { canceled_by } => {
            say(400, "ALREADY_CANCELED", "The transaction is canceled already.")
                .with(json!({ "canceledBy": canceled_by.to_string() }))
        }
        Refusal::PartiallyRefunded => {
            say(400, "PARTIALLY_REFUNDED", "A part was refunded already: refund the rest by a refund without amount.")
        }
        Refusal::AlreadyRefunded => say(400, "ALREADY_REFUNDED", "Nothing is left to refund."),
        Refusal::LotExpired => say(400, "LOT_EXPIRED", "What was loaded has expired."),
        Refusal::RefundExceedsRemaining { refundable } => {
            say(400, "REFUND_EXCEEDS_REMAINING", "The amount is more than what is left to refund.")
                .with(json!({ "refundable": refundable }))
        }
        Refusal::InsufficientBalance { available, shortfall } => {
            say(400, "INSUFFICIENT_BALANCE", "The balance is not enough.")
                .with(json!({ "available": available, "shortfall": shortfall }))
        }
        Refusal::BalanceLimit => say(400, "BALANCE_LIMIT", "The balance would exceed 9007199254740991."),
        Refusal::BalanceRemains { available } => {
            say(400, "BALANCE_REMAINS", "An account with a balance can not be closed.")
                .with(json!({ "available": available }))
        }
        Refusal::AccountFull => say(400, "ACCOUNT_FULL", "The account has as many different expiries as it can have."),
    }
}

fn of_problem(problem: &Problem) -> Verdict {
    let say = Verdict::new::<&'static str>;
    match problem {
        Problem::NoOperation => say(404, "NOT_FOUND", "There is no such operation."),
        Problem::InvalidRequest { member, reason } => invalid_request(member, reason),
        Problem::InvalidFields(fields) => {
            let (member, reason) = fields.first().copied().unwrap_or_default();
            invalid_request(member, reason)
        }
        Problem::BodyTooLarge => say(413, "BODY_TOO_LARGE", "The body must have at most 16384 bytes."),
        Problem::NoCredentials => say(403, "FORBIDDEN", "The header x-api-key is missing."),
        Problem::UnknownCredentials => say(403, "FORBIDDEN", "The API key is not valid."),
        Problem::OtherProject => say(403, "FORBIDDEN", "The API key is not one of this project."),
        Problem::MissingScope(scope) => {
            Verdict::new(403, "FORBIDDEN", format!("The key lacks the scope {}.", scope.as_str()))
        }
        Problem::Busy => say(429, "BUSY", "The account is busy: send the same request again.").retry_after(1),
        Problem::Unavailable => {
            say(503, "UNAVAILABLE", "The service can not answer now: send the same request again.").retry_after(2)
        }
        Problem::Internal => say(500, "INTERNAL", "Something went wrong on our side."),
    }
}

fn invalid_request(member: &str, reason: &str) -> Verdict {
    let place = if member.is_empty() { String::new() } else { format!("{member}: ") };
    let verdict = Verdict::new(400, "INVALID_REQUEST", format!("{place}{reason}"));
    if member.is_empty() { verdict } else { verdict.with(json!({ "member": member })) }
}

impl Verdict {
    fn new<M: Into<Cow<'static, str>>>(status: u16, code: &'static str, message: M) -> Verdict {
        Verdict { status, code, message: message.into(), details: Value::Null, retry_after_seconds: None }
    }

    fn with(self, details: Value) -> Verdict {
        Verdict { details, ..self }
    }

    fn retry_after(self, seconds: u32) -> Verdict {
        Verdict { retry_after_seconds: Some(seconds), ..self }
    }
}
