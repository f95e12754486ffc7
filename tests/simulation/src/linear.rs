//! Whether one order of all that was done to an account explains every answer, and keeps to the order in which things happened.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Kind, Transaction};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use crate::check::KEY_REUSED;
use crate::fleet::SKEW_MAX_MILLIS;
use crate::history::{Answer, Attempt, Command, Did, Moment, Outcome, Wish};
use crate::model::Account;

/// Whether there is one order of all that was done and answered, in keeping with the order of time, that the reference
/// explains.
pub(crate) fn linearizable(about: &[&Wish], chain: &[&Transaction], claims: &BTreeMap<usize, usize>) -> bool {
    let end = Moment { order: usize::MAX, millis: u64::MAX / 2 };
    let mut spans: Vec<(Moment, Moment, Did)> = Vec::new();
    let mut span = |from: Moment, until: Moment, wish: Option<&Wish>, outcome: Outcome| {
        let skew = SKEW_MAX_MILLIS.unsigned_abs();
        let times = (from.millis - skew, until.millis + skew);
        let command = wish.map_or(Command::Expire, |wish| wish.command.clone());
        let once = wish.filter(|wish| wish.key.is_some()).map(|wish| wish.id);
        spans.push((from, until, Did { command, outcome, times, once }));
    };
    let booked = |seq: usize| {
        let account = &chain[seq - 1].account;
        Outcome::Booked { seq, balance: account.lots.posted().minor_units(), at: account.at.0 }
    };
    let entry_of: BTreeMap<usize, usize> = claims.iter().map(|(seq, wish)| (*wish, *seq)).collect();
    for wish in about {
        let first = wish.attempts[0].called;
        let acknowledged = wish.attempts.iter().filter_map(|attempt| attempt.answered.as_ref());
        let acknowledged = acknowledged.filter(|(_, answer)| answer.is_ok()).map(|(moment, _)| *moment).min();
        match (entry_of.get(&wish.id), acknowledged) {
            _ if wish.is_read() => {}
            (Some(seq), acknowledged) => span(first, acknowledged.unwrap_or(end), Some(wish), booked(*seq)),
            (None, Some(acknowledged)) => span(first, acknowledged, Some(wish), Outcome::Done),
            (None, None) => {}
        }
        for Attempt { called, answered } in &wish.attempts {
            let Some((answered, answer)) = answered else { continue };
            let outcome = match wish.command {
                // The reference knows of no two wishes with one key.
                _ if answer.code() == KEY_REUSED => continue,
                _ if !answer.is_ok() && answer.is_definite() => Outcome::Refused(answer.code().to_owned()),
                _ if !answer.is_ok() => continue,
                Command::Read => Outcome::Balance(answer.body["balance"].as_u64().expect("a balance")),
                Command::List => newest(answer),
                _ => continue,
            };
            span(*called, *answered, Some(wish), outcome);
        }
    }
    let begun = Moment { order: 0, millis: SKEW_MAX_MILLIS.unsigned_abs() };
    for (seq, entry) in (1..).zip(chain) {
        if entry.kind == Kind::Expired {
            span(begun, end, None, booked(seq));
        }
    }
    if spans.is_empty() {
        return true;
    }
    let mut actions: Vec<(Moment, bool, usize)> = Vec::new();
    for (number, (from, until, _)) in spans.iter().enumerate() {
        actions.push((*from, false, number));
        actions.push((*until, true, number));
    }
    actions.sort_unstable();
    let actions = actions.into_iter().map(|(_, ends, number)| {
        let did = spans[number].2.clone();
        (number, if ends { Action::Response(did) } else { Action::Call(did) })
    });
    WGLChecker::<Reference>::is_linearizable(History::from_actions(actions.collect()))
}

/// The newest entry that a listing tells.
fn newest(answer: &Answer) -> Outcome {
    let newest = &answer.body["transactions"][0];
    let seq = newest["sequence"].as_u64().and_then(|seq| usize::try_from(seq).ok());
    Outcome::Newest { seq: seq.unwrap_or_default(), balance: newest["balance"].as_u64().unwrap_or_default() }
}

/// One account, one caller at a time; and what has a key is done once, and not refused after it was done.
struct Reference;

impl Specification for Reference {
    type State = (Account, BTreeSet<usize>);
    type Operation = Did;

    fn init() -> Self::State {
        Default::default()
    }

    fn apply(did: &Did, (account, done): &Self::State) -> (bool, Self::State) {
        let mut next = (account.clone(), done.clone());
        let changes = matches!(did.outcome, Outcome::Booked { .. } | Outcome::Done);
        if did.once.is_some_and(|wish| done.contains(&wish)) {
            return (false, next);
        }
        if changes {
            next.1.extend(did.once);
        }
        // The functions' clocks differ: a refusal or a read happened at some time within these bounds.
        let (from, until) = did.times;
        let expiries = account.entries.iter().flat_map(|entry| entry.moves.keys().copied());
        let mut times = expiries.filter(|time| (from..=until).contains(time)).chain([from, until]);
        let fits = match &did.outcome {
            Outcome::Booked { seq, balance, at } => {
                let tidy = (did.command == Command::Expire) != account.expired(*at).is_empty();
                let booked = *at >= account.at && next.0.book(&did.command, *at).is_ok();
                tidy && booked && next.0.entries.len() == *seq && next.0.balance(0) == *balance
            }
            Outcome::Done => next.0.book(&did.command, from).is_ok(),
            Outcome::Refused(code) => times
                .map(|time| time.max(account.at))
                .any(|time| account.clone().tidied(time).book(&did.command, time) == Err(code.as_str())),
            Outcome::Balance(balance) => times.any(|time| account.balance(time) == *balance),
            Outcome::Newest { seq, balance } => account.entries.len() == *seq && account.balance(0) == *balance,
        };
        (fits, next)
    }
}
