//! What the fuzzers share: how a refusal looks, and the world that requests are sent to, which is the one of the tests.

#[expect(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "it is the tests' harness, and documented for them"
)]
#[path = "../../harness.rs"]
pub mod harness;
pub mod laws;

use api::{Body, Dialect, Failure, Problem};
use lambda_http::http::Uri;
use serde::de::DeserializeOwned;

/// The statuses of requests that were answered or refused, when nothing is wrong with the service.
pub const STATUSES: [u16; 7] = [200, 400, 401, 403, 404, 409, 413];

/// Whether a gateway takes requests for that path and query. `lambda_http` stops at what is no address.
#[must_use]
pub fn is_address(path: &str) -> bool {
    path.starts_with('/') && path.parse::<Uri>().is_ok()
}

/// Reads what an operation reads out of a body; none if it is refused as it should be, by the name of one of `members`.
#[must_use]
pub fn read<T: DeserializeOwned>(body: &Body, members: &[&str]) -> Option<T> {
    body.read().map_err(|problem| check_refusal(problem, members)).ok()
}

/// What is refused is refused as the caller's own mistake in every dialect, and names a member that the caller can know.
///
/// # Panics
/// If it is not.
pub fn check_refusal(problem: Problem, members: &[&str]) {
    let named: Vec<String> = match &problem {
        Problem::InvalidRequest { member, .. } => vec![member.split(['.', '[']).next().unwrap_or_default().to_owned()],
        Problem::InvalidFields(fields) => fields.iter().map(|(member, _)| (*member).to_owned()).collect(),
        Problem::BodyTooLarge => Vec::new(),
        other => panic!("{other:?} is nothing that can be wrong with what is sent"),
    };
    for member in named {
        assert!(members.contains(&member.as_str()), "{member:?} is none of {members:?}: {problem:?}");
    }
    let failure = Failure::Problem(problem);
    for dialect in [Dialect::Mircate, Dialect::Liquido, Dialect::Paycombat] {
        let verdict = dialect.verdict(&failure);
        assert!(matches!(verdict.status, 400 | 413), "{verdict:?}");
        assert!(verdict.message.chars().count() <= 500, "a refusal is no echo: {verdict:?}");
        assert!(dialect.failure(&failure).is_object());
    }
}
