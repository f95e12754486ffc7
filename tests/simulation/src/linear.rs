//! Whether one order of all that was done to an account explains every answer, and keeps to the order in which things happened.

use std::collections::BTreeMap;

use domain::{Expiry, Kind, Transaction};
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
    let any = (-SKEW_MAX_MILLIS, SKEW_MAX_MILLIS);
    let mut span = |from: Moment, until: Moment, skew: (i64, i64), wish: Option<&Wish>, outcome: Outcome| {
        let times = (from.millis.saturating_add_signed(skew.0), until.millis.saturating_add_signed(skew.1));
        let command = wish.map_or(Command::Expire, |wish| wish.command.clone());
        let once = wish.and_then(|wish| wish.key.clone().map(|key| (key, wish.id)));
        spans.push((from, until, Did { command, outcome, times, once }));
    };
    let booked = |seq: usize| {
        let Transaction { account, moves, .. } = chain[seq - 1];
        let moves = moves.iter().map(|(expiry, part)| (millis(*expiry), part.minor_units())).collect();
        Outcome::Booked { seq, moves, balance: account.lots.posted().minor_units(), at: account.at.0 }
    };
    let entry_of: BTreeMap<usize, usize> = claims.iter().map(|(seq, wish)| (*wish, *seq)).collect();
    for wish in about {
        let first = wish.attempts[0].called;
        let acknowledged = wish.answers().filter(|(_, answer)| answer.is_ok()).map(|(moment, _)| *moment).min();
        match (entry_of.get(&wish.id), acknowledged) {
            _ if wish.is_read() => {}
            (Some(seq), acknowledged) => span(first, acknowledged.unwrap_or(end), any, Some(wish), booked(*seq)),
            (None, Some(acknowledged)) => {
                let kind = if wish.command == Command::Freeze { Kind::Frozen } else { Kind::Unfrozen };
                let entries = (1..).zip(chain).filter(|(_, entry)| entry.kind == kind);
                let times = entries.map(|(seq, entry)| (seq, entry.account.at.0)).collect();
                span(first, acknowledged, any, Some(wish), Outcome::Done { times });
            }
            (None, None) => {}
        }
        for Attempt { called, answered } in &wish.attempts {
            let Some((answered, answer)) = answered else { continue };
            let outcome = match wish.command {
                // The key of a wallet's change may have been used for the other account.
                _ if answer.code() == KEY_REUSED && wish.scope().1.is_none() => continue,
                _ if !answer.is_ok() && answer.is_definite() => Outcome::Refused(answer.code().to_owned()),
                _ if !answer.is_ok() => continue,
                Command::Read => Outcome::Balance(answer.body["balance"].as_u64().expect("a balance")),
                Command::List => newest(answer),
                _ => continue,
            };
            span(*called, *answered, (answer.skew, answer.skew), Some(wish), outcome);
        }
    }
    let begun = Moment { order: 0, millis: 0 };
    for (seq, entry) in (1..).zip(chain) {
        if entry.kind == Kind::Expired {
            span(begun, end, any, None, booked(seq));
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

/// When a lot expires, in milliseconds since 1970.
fn millis(expiry: Expiry) -> u64 {
    match expiry {
        Expiry::At(instant) => instant.0,
        Expiry::Never => u64::MAX,
    }
}

/// One account, one caller at a time; and a key is one wish's, which is done once, and not refused after it was done.
struct Reference;

impl Specification for Reference {
    /// The account, and which wish each key was used for.
    type State = (Account, BTreeMap<String, usize>);
    type Operation = Did;

    fn init() -> Self::State {
        Default::default()
    }

    fn apply(did: &Did, (account, used): &Self::State) -> (bool, Self::State) {
        let mut next = (account.clone(), used.clone());
        let owner = did.once.as_ref().and_then(|(key, wish)| Some((used.get(key)?, wish)));
        let is_reuse = matches!(&did.outcome, Outcome::Refused(code) if code == KEY_REUSED);
        if is_reuse || owner.is_some() {
            return (is_reuse && owner.is_some_and(|(owner, wish)| owner != wish), next);
        }
        if matches!(did.outcome, Outcome::Booked { .. } | Outcome::Done { .. }) {
            next.1.extend(did.once.clone());
        }
        // A refusal or a read happened at some time within these bounds.
        let (from, until) = did.times;
        let expiries = account.entries.iter().flat_map(|entry| entry.moves.keys().copied());
        let mut times = expiries.filter(|time| (from..=until).contains(time)).chain([from, until]);
        let fits = match &did.outcome {
            Outcome::Booked { seq, moves, balance, at } => {
                let on_time = *at >= account.at && (from..=until).contains(at);
                let tidy = (did.command == Command::Expire) != account.expired(*at).is_empty();
                let booked = on_time && tidy && next.0.book(&did.command, *at).is_ok();
                let same = next.0.entries.last().is_some_and(|entry| entry.moves == *moves);
                booked && same && next.0.entries.len() == *seq && next.0.balance(0) == *balance
            }
            Outcome::Done { times } => {
                let at = times.get(&(account.entries.len() + 1)).copied();
                let booked = next.0.book(&did.command, at.unwrap_or(account.at)).is_ok();
                let same = next.0.entries.len() == account.entries.len();
                if same {
                    next.0.at = account.at;
                }
                booked && (same || at.is_some_and(|at| at >= account.at && account.expired(at).is_empty()))
            }
            Outcome::Refused(code) => times
                .map(|time| time.max(account.at))
                .any(|time| account.clone().tidied(time).book(&did.command, time) == Err(code.as_str())),
            Outcome::Balance(balance) => times.any(|time| account.balance(time) == *balance),
            Outcome::Newest { seq, balance } => account.entries.len() == *seq && account.balance(0) == *balance,
        };
        (fits, next)
    }
}
