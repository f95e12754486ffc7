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
///
/// What it displays is for whoever sits at a terminal: DynamoDB may quote what it was sent, and a place in a table names an
/// account. A log takes the [`word`](Error::word).
#[derive(Debug)]
pub enum Error {
    /// Others won every race until the deadline, or too many took part.
    Busy,
    /// DynamoDB can not be reached, throttles or answers with an error.
    Unavailable {
        /// What kind of error.
        word: &'static str,
        /// The error and what caused it.
        source: String,
    },
    /// What is stored is not what the store writes.
    Damaged {
        /// What of it: an attribute, or a kind of item.
        word: &'static str,
        /// Where.
        place: String,
    },
}

impl Error {
    pub(crate) fn damaged(word: &'static str, place: impl std::fmt::Display) -> Error {
        Error::Damaged { word, place: place.to_string() }
    }

    /// What a log may say of it: one of a fixed set of words, so that nothing is in it that was sent, received or stored.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Error::Busy => "contended",
            Error::Unavailable { word, .. } | Error::Damaged { word, .. } => word,
        }
    }
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
            Error::Unavailable { source, .. } => write!(f, "DynamoDB is unavailable: {source}"),
            Error::Damaged { word, place } => write!(f, "damaged item: {place}: {word}"),
        }
    }
}

impl StdError for Error {}

/// Why a call to DynamoDB did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Somebody else is at the same item at the same time.
    Contended,
    /// There are more calls than DynamoDB takes, of all or of one partition.
    Throttled(Error),
    /// It may have happened or not; the same call again will tell.
    Passing(Error),
    /// The same call will fail again.
    Lasting(Error),
}

/// DynamoDB's and SQS's names of what can go wrong. A name that is not among them is told as [`UNNAMED`].
const NAMES: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalServerError",
    "InvalidSignatureException",
    "ItemCollectionSizeLimitExceededException",
    "KMSAccessDeniedException",
    "LimitExceededException",
    "MissingAuthenticationTokenException",
    "ProvisionedThroughputExceededException",
    "QueueDoesNotExist",
    "ReceiptHandleIsInvalid",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "SerializationException",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "UnrecognizedClientException",
    "ValidationException",
];

const UNNAMED: &str = "another error";

impl Trouble {
    #[expect(clippy::needless_pass_by_value, reason = "so that it stands in `map_err` as it is")]
    pub(crate) fn of<E>(error: SdkError<E>) -> Trouble
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let source = Error::Unavailable { word: word(&error), source: causes(&error) };
        match error.code() {
            Some("TransactionConflictException" | "ReplicatedWriteConflictException") => Trouble::Contended,
            Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => {
                Trouble::Throttled(source)
            }
            Some("TransactionInProgressException" | "InternalServerError") => Trouble::Passing(source),
            // Without a status there was no answer at all: a time-out, or no connection.
            _ if status.is_none_or(|status| status >= 500 || status == 429) => Trouble::Passing(source),
            _ => Trouble::Lasting(source),
        }
    }

    /// Why a transaction was canceled, if it was not a condition.
    pub(crate) fn of_reasons(reasons: &[CancellationReason]) -> Trouble {
        let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).collect();
        let throttled = ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];
        let source = format!("a transaction was canceled: {codes:?}");
        if codes.contains(&"TransactionConflict") {
            Trouble::Contended
        } else if codes.iter().any(|code| throttled.contains(code)) {
            Trouble::Throttled(Error::Unavailable { word: "throttled transaction", source })
        } else {
            Trouble::Lasting(Error::Unavailable { word: "canceled transaction", source })
        }
    }
}

fn word<E: ProvideErrorMetadata>(error: &SdkError<E>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "not sent",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable answer",
        SdkError::ServiceError(_) | _ => {
            let name = error.code();
            NAMES.iter().find(|known| name == Some(known)).copied().unwrap_or(UNNAMED)
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
            Trouble::Throttled(error) | Trouble::Passing(error) | Trouble::Lasting(error) => error,
        }
    }
}
