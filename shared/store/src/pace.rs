//! How long to wait before trying again, and when to give up.
//!
//! Whoever writes to an account has read it before, and fails if somebody else's entry came between. Where many write to one
//! account at once, it only counts how many tries there are in all: too many, and nearly all of them are in vain. Nobody
//! sees all of them. So a function remembers, for each account that it met others at, over what span it spread its tries
//! when it succeeded. A lost race doubles the span; a success makes tries more frequent by a fixed step. As with the
//! connections of TCP this settles, for all functions together, where about every other try succeeds, and gives each a fair share.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::Session;
use crate::error::Error;
use crate::ring::{RING_KEYS_EARLY, RING_KEYS_MAX};

const FIRST_SPAN: Duration = Duration::from_millis(4);
/// As long as waits get for what passes by itself, and for a change of a wallet: everything that waits for it waits, too.
const LONGEST_SPAN: Duration = Duration::from_millis(256);
/// As long as they get in a race, where whoever is told to come again leaves room for the others.
const LONGEST_SPAN_OF_RACE: Duration = Duration::from_millis(8_192);

/// How long a request takes part in races for one account: whoever has to wait for longer is better told to come again.
const RACE_MAX: Duration = Duration::from_millis(800);

/// By how many more tries a second a function continues after a success, in halves: a try comes after half a span.
const STEP: u32 = 22;

/// How many accounts are remembered; beyond that all are forgotten, and learnt anew.
const ACCOUNTS_MAX: usize = 1_000;

/// The accounts that others were at, over what span tries were spread there, and when that was learnt.
#[derive(Debug, Default)]
pub(crate) struct Contended(Mutex<HashMap<String, (Duration, Instant)>>);

impl Contended {
    /// Over what span to spread the first try; none if nobody else is known to be there. What was learnt is
    /// forgotten by half every four seconds.
    fn span(&self, account: &str) -> Option<Duration> {
        let spans = self.0.lock().ok()?;
        let (span, learnt) = spans.get(account)?;
        let halvings = u32::try_from(learnt.elapsed().as_secs() / 4).unwrap_or(u32::MAX);
        span.checked_div(1_u32.checked_shl(halvings)?).filter(|span| *span >= FIRST_SPAN)
    }

    fn learn(&self, account: &str, span: Duration) {
        let Ok(mut spans) = self.0.lock() else { return };
        if span < FIRST_SPAN {
            spans.remove(account);
            return;
        }
        if spans.len() >= ACCOUNTS_MAX {
            spans.clear();
        }
        spans.insert(account.to_owned(), (span, Instant::now()));
    }
}

/// The waits of one request: exponential, spread over their whole length so that losers of a race do not meet again,
/// and never past the deadline.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    deadline: Instant,
    random: u64,
    span: Duration,
    race: Option<Race<'a>>,
    is_contended: bool,
}

/// What all requests for an account take part in.
#[derive(Debug)]
struct Race<'a> {
    contended: &'a Contended,
    account: String,
    end: Instant,
}

impl<'a> Pace<'a> {
    /// The waits of a request that is given all the time that the function has.
    pub(crate) fn of(session: &Session<'_>) -> Pace<'a> {
        let [low, high] = [session.nonce & u128::from(u64::MAX), session.nonce >> 64];
        let random = u64::try_from(low ^ high).unwrap_or(1) | 1;
        Pace { deadline: session.deadline, random, span: FIRST_SPAN, race: None, is_contended: false }
    }

    /// The waits of a request that adds to one account, the first of them before it is read if others are there.
    ///
    /// # Errors
    /// [`Error::Busy`] where that wait alone would take too long.
    pub(crate) async fn race(session: &'a Session<'_>, account: String) -> Result<Pace<'a>, Error> {
        let contended = &session.store.contended;
        let span = contended.span(&account);
        let end = Instant::now().checked_add(RACE_MAX).map_or(session.deadline, |end| end.min(session.deadline));
        let mut pace = Pace {
            span: span.unwrap_or(FIRST_SPAN),
            race: Some(Race { contended, account, end }),
            is_contended: span.is_some(),
            ..Pace::of(session)
        };
        if pace.is_contended {
            pace.rest(end, || Error::Busy).await?;
        }
        Ok(pace)
    }

    /// Whether others are at the same account.
    pub(crate) fn is_contended(&self) -> bool {
        self.is_contended
    }

    /// With how many keys this request takes a ring to be full. Where others are at it, a few relieve it before it is, so that
    /// not all have to do so at once.
    pub(crate) fn ring_keys_max(&self) -> usize {
        if self.is_contended && self.random.is_multiple_of(4) { RING_KEYS_EARLY } else { RING_KEYS_MAX }
    }

    /// Waits after a lost race.
    ///
    /// # Errors
    /// What `at_the_end` says when there is no time left.
    pub(crate) async fn lost(&mut self, at_the_end: impl FnOnce() -> Error) -> Result<(), Error> {
        let (end, longest) =
            self.race.as_ref().map_or((self.deadline, LONGEST_SPAN), |race| (race.end, LONGEST_SPAN_OF_RACE));
        self.is_contended = true;
        self.span = self.span.saturating_mul(2).min(longest);
        let rested = self.rest(end, at_the_end).await;
        if let (Err(_), Some(race)) = (&rested, &self.race) {
            race.contended.learn(&race.account, self.span);
        }
        rested
    }

    /// Remembers what it took to win.
    pub(crate) fn won(&self) {
        let Some(Race { contended, account, .. }) = &self.race else { return };
        if !self.is_contended {
            return;
        }
        // The rate is the inverse of the span: 1 / (1 / span + step). Where hardly anybody is left, a tenth is faster.
        let millis = u32::try_from(self.span.as_millis()).unwrap_or(u32::MAX);
        let stepped = self.span.saturating_mul(2_000).checked_div(millis.saturating_mul(STEP).saturating_add(2_000));
        let shorter = self.span.saturating_mul(9).checked_div(10);
        contended.learn(account, stepped.min(shorter).unwrap_or_default());
    }

    /// Waits before the same is tried again.
    ///
    /// # Errors
    /// What `at_the_end` says when there is no time left.
    pub(crate) async fn wait(&mut self, at_the_end: impl FnOnce() -> Error) -> Result<(), Error> {
        self.rest(self.deadline, at_the_end).await?;
        self.span = self.span.saturating_mul(2).min(LONGEST_SPAN.max(self.span));
        Ok(())
    }

    async fn rest(&mut self, end: Instant, at_the_end: impl FnOnce() -> Error) -> Result<(), Error> {
        // xorshift64: spreads the waits of requests whose nonces differ; nothing else rests on it.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let span = u64::try_from(self.span.as_micros()).unwrap_or(u64::MAX);
        let wait = Duration::from_micros(self.random.checked_rem(span).unwrap_or(0));
        if end.saturating_duration_since(Instant::now()) <= wait {
            return Err(at_the_end());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}
