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

use fastrand::Rng;
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
    random: Rng,
    span: Duration,
    race: Option<Race<'a>>,
    is_contended: bool,
    /// Whether this try is one of the few that relieve a ring before it is full.
    relieves: bool,
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
        // Not for secrets: requests whose nonces differ are to wait for different times, and nothing else rests on it.
        let random = Rng::with_seed(session.nonce.to_le_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes));
        Pace { deadline: session.deadline, random, span: FIRST_SPAN, race: None, is_contended: false, relieves: false }
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
        if self.is_contended && self.relieves { RING_KEYS_EARLY } else { RING_KEYS_MAX }
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
        // With each wait, and not with each look: who looks three times would else relieve the ring more often than one in four.
        self.relieves = self.random.u8(..4) == 0;
        let span = u64::try_from(self.span.as_micros()).unwrap_or(u64::MAX);
        let wait = Duration::from_micros(self.random.u64(..=span));
        if end.saturating_duration_since(Instant::now()) <= wait {
            return Err(at_the_end());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{Project, ProjectId, Timestamp};

    use super::*;
    use crate::{Environment, Meter, Store, Tables};

    const ACCOUNT: &str = "account";

    fn store() -> Store {
        let environment =
            Environment { region: "eu-west-1".to_owned(), access_key: None, endpoint_url: None, ca_bundle: None };
        Store::in_lambda(environment, Tables::default())
    }

    /// What `does` does with a session of that number that has ten seconds.
    async fn at(store: &Store, number: u64, does: impl AsyncFnOnce(&Session<'_>)) {
        let project = Project::new(ProjectId::parse("demo").unwrap());
        let deadline = Instant::now().checked_add(Duration::from_secs(10)).unwrap();
        does(&store.session(&project, Timestamp(0), number.into(), deadline, &Meter::default())).await;
    }

    /// A store that remembers others at the account, at that span.
    fn contended(span: Duration) -> Store {
        let store = store();
        store.contended.learn(ACCOUNT, span);
        store
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn busy() -> Error {
        Error::Busy
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_is_forgotten_by_half_every_four_seconds() {
        let contended = Contended::default();
        assert_eq!(contended.span(ACCOUNT), None);
        contended.learn(ACCOUNT, millis(40));
        for (seconds, left) in [(0, 40), (3, 40), (1, 20), (4, 10), (4, 5)] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert_eq!(contended.span(ACCOUNT), Some(millis(left)));
        }
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(contended.span(ACCOUNT), None, "2.5 ms are less than a first wait has");
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_as_short_as_the_first_is_kept_and_a_shorter_one_is_forgotten() {
        let contended = Contended::default();
        contended.learn(ACCOUNT, FIRST_SPAN);
        assert_eq!(contended.span(ACCOUNT), Some(FIRST_SPAN));
        contended.learn(ACCOUNT, millis(3));
        assert!(contended.0.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_accounts_are_remembered_and_not_one_more() {
        let contended = Contended::default();
        let remembered = || contended.0.lock().unwrap().len();
        for account in 0..ACCOUNTS_MAX {
            contended.learn(&account.to_string(), FIRST_SPAN);
        }
        assert_eq!(remembered(), ACCOUNTS_MAX);
        contended.learn(ACCOUNT, FIRST_SPAN);
        assert_eq!(remembered(), 1);
    }

    /// What is waited for is spread over the whole span: from hardly any time to nearly all of it.
    #[tokio::test(start_paused = true)]
    async fn requests_wait_for_different_times_within_their_span() {
        let store = store();
        let mut waits = Vec::new();
        for number in 0..100 {
            at(&store, number, async |session| {
                let start = Instant::now();
                Pace::of(session).wait(busy).await.unwrap();
                waits.push(start.elapsed());
            })
            .await;
        }
        waits.sort();
        // Timers of tokio go by the millisecond, upwards.
        assert!(waits.iter().all(|wait| *wait <= FIRST_SPAN + millis(1)));
        let among = |from, to| waits.iter().filter(|wait| (millis(from)..millis(to)).contains(*wait)).count();
        assert!(among(0, 2) > 10 && among(4, 6) > 10, "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_up_to_a_quarter_of_a_second_and_end_before_the_deadline() {
        let store = store();
        at(&store, 1, async |session| {
            let mut pace = Pace::of(session);
            let mut spans = Vec::new();
            let ended = loop {
                spans.push(pace.span);
                if let Err(error) = pace.wait(busy).await {
                    break error;
                }
            };
            assert!(matches!(ended, Error::Busy));
            assert_eq!(spans[..8], [4, 8, 16, 32, 64, 128, 256, 256].map(millis));
            let left = session.deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && left <= LONGEST_SPAN, "{left:?}");
        })
        .await;
    }

    /// As long as nobody else was met, nothing is waited for.
    #[tokio::test(start_paused = true)]
    async fn a_first_request_does_not_wait_and_teaches_nothing() {
        let store = store();
        at(&store, 1, async |session| {
            let start = Instant::now();
            let pace = Pace::race(session, ACCOUNT.to_owned()).await.unwrap();
            assert_eq!((pace.is_contended(), pace.ring_keys_max(), start.elapsed()), (false, RING_KEYS_MAX, millis(0)));
            pace.won();
            assert!(store.contended.0.lock().unwrap().is_empty());
        })
        .await;
    }

    /// A lost race doubles the span, and who wins then leaves the next one a shorter one: 22 halves of a try a second more.
    #[tokio::test(start_paused = true)]
    async fn who_lost_remembers_for_all_over_what_span_it_won() {
        let store = store();
        at(&store, 1, async |session| {
            let mut pace = Pace::race(session, ACCOUNT.to_owned()).await.unwrap();
            for span in [8, 16, 32, 64, 128] {
                let start = Instant::now();
                pace.lost(busy).await.unwrap();
                assert_eq!((pace.span, pace.is_contended()), (millis(span), true));
                assert!(start.elapsed() <= millis(span + 1));
            }
            pace.won();
        })
        .await;
        // 1 / (1 / 0.128 + 11) seconds.
        let learnt = store.contended.span(ACCOUNT).unwrap();
        assert!((millis(53)..millis(54)).contains(&learnt), "{learnt:?}");
        at(&store, 2, async |session| {
            let start = Instant::now();
            let pace = Pace::race(session, ACCOUNT.to_owned()).await.unwrap();
            assert_eq!((pace.is_contended(), pace.span), (true, learnt));
            assert!((millis(1)..=learnt + millis(1)).contains(&start.elapsed()));
            pace.won();
        })
        .await;
        assert!(store.contended.span(ACCOUNT).unwrap() < learnt);
    }

    /// Where hardly anybody is left, a step would be smaller than what is left of the span by a tenth.
    #[tokio::test(start_paused = true)]
    async fn a_short_span_becomes_shorter_by_a_tenth() {
        let store = contended(millis(8));
        at(&store, 1, async |session| Pace::race(session, ACCOUNT.to_owned()).await.unwrap().won()).await;
        assert_eq!(store.contended.span(ACCOUNT), Some(Duration::from_micros(7_200)));
    }

    /// Who may not take part in the race is told at once, and who had to give up tells the others.
    #[tokio::test(start_paused = true)]
    async fn a_race_is_left_after_its_time() {
        let store = contended(Duration::from_mins(1));
        at(&store, 1, async |session| {
            let start = Instant::now();
            assert!(matches!(Pace::race(session, ACCOUNT.to_owned()).await, Err(Error::Busy)));
            assert_eq!(start.elapsed(), millis(0));
        })
        .await;

        let store = contended(FIRST_SPAN);
        at(&store, 1, async |session| {
            let start = Instant::now();
            let mut pace = Pace::race(session, ACCOUNT.to_owned()).await.unwrap();
            while pace.lost(busy).await.is_ok() {}
            assert!(start.elapsed() <= RACE_MAX);
            assert_eq!(store.contended.span(ACCOUNT), Some(pace.span));
            assert!(pace.span > LONGEST_SPAN);
        })
        .await;
    }

    /// A change of a wallet, that all its accounts wait for, takes part in no race.
    #[tokio::test(start_paused = true)]
    async fn without_a_race_losing_is_waiting() {
        let store = store();
        at(&store, 1, async |session| {
            let start = Instant::now();
            let mut pace = Pace::of(session);
            while pace.lost(busy).await.is_ok() {}
            assert!(start.elapsed() > RACE_MAX && pace.span == LONGEST_SPAN);
            pace.won();
            assert!(store.contended.0.lock().unwrap().is_empty());
        })
        .await;
    }

    /// About every fourth relieves a ring before it is full.
    #[tokio::test(start_paused = true)]
    async fn where_others_are_a_few_relieve_the_ring_early() {
        let store = contended(FIRST_SPAN);
        let mut early = 0;
        for number in 0..100 {
            at(&store, number, async |session| {
                let pace = Pace::race(session, ACCOUNT.to_owned()).await.unwrap();
                early += u32::from(pace.ring_keys_max() == RING_KEYS_EARLY);
                assert!([RING_KEYS_EARLY, RING_KEYS_MAX].contains(&pace.ring_keys_max()));
            })
            .await;
        }
        assert!((15..=35).contains(&early), "{early}");
    }
}
