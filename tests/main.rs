//! What a caller can see, in one binary: stories, concurrency, faults, bad input, events, and the repository's own rules.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    unreachable_pub,
    clippy::disallowed_methods,
    reason = "a test may panic: that is how it fails"
)]

mod access_patterns;
mod concurrency;
mod costs;
mod documents;
mod events;
mod exactly_once;
mod faults;
mod golden;
mod harness;
mod isolation;
mod lambda;
mod listing;
mod logs;
mod nonsense;
mod openapi;
mod readme;
mod runtimes;
mod samples;
mod sender;
mod stack;
mod stories;
mod template;
mod tidy;
mod verify;
mod webhooks;
