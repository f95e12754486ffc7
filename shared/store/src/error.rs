//! What can go wrong at the store, and how an error of the SDK is told apart: lost for good, worth another try, or broken.

use std::error::Error as StdError;
use std::iter;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::CancellationReason;
use domain::Refusal;

/// What a caller of the store learns.
#[derive(Debug)]
pub enum Failure {
    /// The rules say no.
    Refused(Refusal),
    /// The store could not.
    Store(Error),
}

/// Why the store could not. With [`Busy`](Error::Busy) and [`Unavailable`](Error::Unavailable) either nothing was written,
/// or the same request with the same key is answered with what was.
#[derive(Debug)]
pub enum Error {
    /// Others won every race until the deadline.
    Busy,
    /// DynamoDB can not be reached, throttles or answers with an error; the text is for the log.
    Unavailable(String),
    /// What is stored is not what the store writes; the text is for the log and holds no caller's data.
    Damaged(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Store(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Busy => f.write_str("lost every race until the deadline"),
            Error::Unavailable(source) => write!(f, "DynamoDB is unavailable: {source}"),
            Error::Damaged(what) => write!(f, "damaged item: {what}"),
        }
    }
}

impl StdError for Error {}

/// Why a call to DynamoDB did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Somebody else is at the same item at the same time.
    Contended,
    /// It may have happened or not; the same call again will tell.
    Passing(String),
    /// The same call will fail again.
    Lasting(String),
}

impl Trouble {
    #[expect(clippy::needless_pass_by_value, reason = "so that it stands in `map_err` as it is")]
    pub(crate) fn of<E>(error: SdkError<E>) -> Trouble
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().map(ToOwned::to_owned);
        let source = causes(&error);
        match code.as_deref() {
            Some("TransactionConflictException" | "ReplicatedWriteConflictException") => Trouble::Contended,
            Some(
                "TransactionInProgressException"
                | "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "InternalServerError",
            ) => Trouble::Passing(source),
            // Without a status there was no answer at all: a time-out, or no connection.
            _ if status.is_none_or(|status| status >= 500 || status == 429) => Trouble::Passing(source),
            _ => Trouble::Lasting(source),
        }
    }
}

impl Trouble {
    /// Why a transaction was canceled, if it was not a condition.
    pub(crate) fn of_reasons(reasons: &[CancellationReason]) -> Trouble {
        let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).collect();
        let passing = ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];
        if codes.contains(&"TransactionConflict") {
            Trouble::Contended
        } else if codes.iter().any(|code| passing.contains(code)) {
            Trouble::Passing("a transaction was throttled".to_owned())
        } else {
            Trouble::Lasting(format!("a transaction was canceled: {codes:?}"))
        }
    }
}

/// An error and what caused it. The SDK's own text goes on with everything that was received, items too.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let chain = iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// For reads: the SDK has tried again already.
impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        match trouble {
            Trouble::Contended => Error::Busy,
            Trouble::Passing(source) | Trouble::Lasting(source) => Error::Unavailable(source),
        }
    }
}
