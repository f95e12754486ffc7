//! How long to wait before trying again, and when to give up.

use std::time::Duration;

use tokio::time::Instant;

use crate::Session;
use crate::error::Error;

const FIRST_WAIT_MILLIS: u64 = 4;
const LONGEST_WAIT_MILLIS: u64 = 256;

/// The waits of one request: exponential, spread over their whole length so that losers of a race do not meet again,
/// and never past the deadline.
#[derive(Debug)]
pub(crate) struct Pace {
    deadline: Instant,
    random: u64,
    span_millis: u64,
}

impl Pace {
    pub(crate) fn of(session: &Session<'_>) -> Pace {
        let [low, high] = [session.nonce & u128::from(u64::MAX), session.nonce >> 64];
        let random = u64::try_from(low ^ high).unwrap_or(1) | 1;
        Pace { deadline: session.deadline, random, span_millis: FIRST_WAIT_MILLIS }
    }

    /// Waits; fails with `at_the_end` when the wait would end after the deadline.
    pub(crate) async fn wait(&mut self, at_the_end: impl FnOnce() -> Error) -> Result<(), Error> {
        // xorshift64: spreads the waits of requests whose nonces differ; nothing else rests on it.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let wait = Duration::from_millis(self.random.checked_rem(self.span_millis).unwrap_or(0).saturating_add(1));
        self.span_millis = self.span_millis.saturating_mul(2).min(LONGEST_WAIT_MILLIS);
        if self.deadline.saturating_duration_since(Instant::now()) <= wait {
            return Err(at_the_end());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}
