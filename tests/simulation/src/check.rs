//! What has to be true of every history, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Kind, Transaction};
use serde_json::Value;
use store::{Entry, Hash};

use crate::history::{ACCOUNTS, Answer, Command, PROJECTS, Place, Wish};
use crate::linear::linearizable;

/// The refusal of a key that another request was made with.
pub(crate) const KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";

/// What is wrong with what happened to one account, in words for whoever replays the seed.
pub(crate) fn account(place: Place, wishes: &[Wish], chain: &[Entry]) -> Vec<String> {
    let mut wrong = laws(place, chain);
    let about: Vec<&Wish> = wishes.iter().filter(|wish| concerns(wish, place)).collect();
    wrong.extend(about.iter().filter_map(|wish| equal_answers(wish)));
    let transactions: Vec<&Transaction> = chain.iter().map(|entry| &entry.transaction).collect();
    let claims = claims(&about, &transactions, &mut wrong);
    if wrong.is_empty() && !linearizable(&about, &transactions, &claims) {
        wrong.push(format!("{place:?}: no order of what was answered explains it"));
    }
    wrong
}

/// A change of a wallet happens to both of its accounts.
fn concerns(wish: &Wish, place: Place) -> bool {
    let of_wallet = matches!(wish.command, Command::Freeze | Command::Unfreeze);
    wish.place == place || (of_wallet && wish.place.project == place.project)
}

/// The chain is dense, linked, and every balance the sum of what came before; time never goes back.
fn laws(place: Place, chain: &[Entry]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut previous, mut sum, mut at) = (Hash::ORIGIN, 0, 0);
    let project = domain::ProjectId::parse(PROJECTS[place.project]).expect("an id");
    for (number, entry) in (1..).zip(chain) {
        let account = &entry.transaction.account;
        sum += entry.transaction.amount().minor_units();
        let holds = account.seq.number() == number
            && entry.previous == previous
            && entry.hash == entry.expected_hash(&project)
            && i64::try_from(account.lots.posted().minor_units()) == Ok(sum)
            && account.at.0 >= at;
        if !holds {
            wrong.push(format!("{place:?}: entry {number} breaks a law: {entry:?}"));
        }
        (previous, at) = (entry.hash, account.at.0);
    }
    wrong
}

/// Equal keys have equal answers, and all but one of them are marked as repetitions.
fn equal_answers(wish: &Wish) -> Option<String> {
    let mut done = wish.attempts.iter().filter_map(|attempt| attempt.answered.as_ref()).map(|(_, answer)| answer);
    let mut done: Vec<&Answer> = done.by_ref().filter(|answer| answer.is_ok()).collect();
    if wish.key.is_none() || wish.is_read() {
        return None;
    }
    let first = done.pop()?;
    let fresh = done.iter().chain([&first]).filter(|answer| !answer.replayed).count();
    if done.iter().any(|answer| answer.body != first.body) {
        Some(format!("unequal answers to {wish:?}"))
    } else if fresh > 1 {
        Some(format!("done {fresh} times: {wish:?}"))
    } else {
        None
    }
}

/// A key is one wish's: of all that were given it one at most is done, and only for its sake are the others refused.
pub(crate) fn keys(wishes: &[Wish]) -> Vec<String> {
    let mut by_key: BTreeMap<_, Vec<&Wish>> = BTreeMap::new();
    for wish in wishes.iter().filter(|wish| wish.key.is_some()) {
        by_key.entry((wish.scope(), &wish.key)).or_default().push(wish);
    }
    let reused = |wish: &&Wish| {
        let answers = wish.attempts.iter().filter_map(|attempt| attempt.answered.as_ref());
        answers.map(|(_, answer)| answer.code()).any(|code| code == KEY_REUSED)
    };
    let wrong = by_key.into_values().filter(|sharing| {
        let done = sharing.iter().filter(|wish| wish.done().is_some()).count();
        done > 1 || (done == 0 && sharing.iter().any(reused))
    });
    wrong.map(|sharing| format!("one key for all of them: {sharing:?}")).collect()
}

/// Which wish made which entry. Every acknowledged one is there as it was told, and no entry is there that nobody wanted.
fn claims(about: &[&Wish], chain: &[&Transaction], wrong: &mut Vec<String>) -> BTreeMap<usize, usize> {
    let mut claims = BTreeMap::new();
    for wish in about {
        let Some(answer) = wish.done() else { continue };
        let seq = match wish.command {
            Command::Open => Some(1),
            _ => answer.seq(),
        };
        let Some(seq) = seq else { continue };
        let there = chain.get(seq - 1);
        let as_told = |entry: &&Transaction| match wish.command {
            Command::Open => entry.kind == Kind::Initialized,
            _ => made(wish, entry) && api::mircate::written(entry) == answer.body,
        };
        if !there.is_some_and(as_told) {
            wrong.push(format!("acknowledged, and not there: {wish:?}, but {there:?}"));
        }
        if let Some(other) = claims.insert(seq, wish.id) {
            wrong.push(format!("wishes {other} and {} were both told of entry {seq}", wish.id));
        }
    }
    // Whoever has no key and heard nothing may have made what nobody else claims.
    let mut silent: Vec<&&Wish> = about.iter().filter(|wish| wish.key.is_none() && wish.is_open()).collect();
    for (seq, entry) in (1..).zip(chain) {
        let of_the_wallet = matches!(entry.kind, Kind::Frozen | Kind::Unfrozen | Kind::Expired);
        if of_the_wallet || claims.contains_key(&seq) {
            continue;
        }
        match silent.iter().position(|wish| made(wish, entry)) {
            Some(place) => drop(claims.insert(seq, silent.swap_remove(place).id)),
            None => wrong.push(format!("nobody wanted entry {seq}: {entry:?}")),
        }
    }
    let frozen = |kind: Kind| chain.iter().filter(|entry| entry.kind == kind).count();
    let asked = |command: Command| about.iter().filter(|wish| wish.command == command && wish.done().is_some()).count();
    if frozen(Kind::Frozen) > asked(Command::Freeze) || frozen(Kind::Unfrozen) > asked(Command::Unfreeze) {
        wrong.push("a wallet was frozen or unfrozen more often than anybody wanted".to_owned());
    }
    claims
}

/// Whether an entry is what a wish would have made.
fn made(wish: &Wish, entry: &Transaction) -> bool {
    let amount = entry.amount().minor_units();
    let reference = entry.note.reference_id.as_ref().map(|reference| reference.as_str().to_owned());
    let is_its_own = reference == Some(format!("wish-{}", wish.id));
    let is = |original: usize| entry.kind.original().map(domain::Seq::number) == u64::try_from(original).ok();
    match (&wish.command, entry.kind) {
        (Command::Load { amount: wanted, .. }, Kind::Loaded) => is_its_own && amount == *wanted as i64,
        (Command::Spend { amount: wanted }, Kind::Spent) => is_its_own && amount == -(*wanted as i64),
        (Command::Refund { original, amount: wanted }, Kind::Refunded { .. }) => {
            is(*original) && wanted.is_none_or(|wanted| amount == wanted as i64)
        }
        (Command::Cancel { original }, Kind::Canceled { .. }) => is(*original),
        (Command::Fix { by }, Kind::Fixed) => amount == *by,
        (Command::Open, Kind::Initialized) => true,
        _ => false,
    }
}

/// A listing of an account has no gap; one of a project may be behind. Both tell of every entry what there is, and of no
/// other project's.
pub(crate) fn listings(wishes: &[Wish], chains: &BTreeMap<Place, Vec<Entry>>) -> Vec<String> {
    let listed = wishes.iter().filter(|wish| matches!(wish.command, Command::List | Command::ListProject));
    let mut wrong = Vec::new();
    for wish in listed {
        let answers = wish.attempts.iter().filter_map(|attempt| attempt.answered.as_ref()).map(|(_, answer)| answer);
        for answer in answers.filter(|answer| answer.is_ok()) {
            let told = answer.body["transactions"].as_array().expect("a list");
            let seqs: Vec<u64> = told.iter().filter_map(|entry| entry["sequence"].as_u64()).collect();
            let dense = seqs.windows(2).all(|pair| pair[0] == pair[1] + 1) || wish.command == Command::ListProject;
            if !dense || !told.iter().all(|told| is_there(wish.place.project, told, chains)) {
                wrong.push(format!("a listing that is not so: {wish:?}"));
            }
        }
    }
    wrong
}

/// Whether what a listing tells of an entry is in one of that project's chains.
fn is_there(project: usize, told: &Value, chains: &BTreeMap<Place, Vec<Entry>>) -> bool {
    let account = ACCOUNTS.iter().position(|number| told["accountNumber"] == **number);
    let Some(chain) = account.and_then(|account| chains.get(&Place { project, account })) else { return false };
    let seq = told["sequence"].as_u64().and_then(|seq| usize::try_from(seq).ok()).unwrap_or_default();
    let Some(entry) = chain.get(seq.wrapping_sub(1)) else { return false };
    let written = api::mircate::written(&entry.transaction);
    let never_changes = ["transactionId", "amount", "balance", "createdAt", "type", "referenceId", "walletId"];
    never_changes.iter().all(|name| told[name] == written["transaction"][name])
}

/// What all accounts hold together is what was put in and not taken out, as far as it was told or claimed.
pub(crate) fn conservation(chains: &BTreeMap<Place, Vec<Entry>>) -> Option<String> {
    let held: i64 = chains
        .values()
        .filter_map(|chain| chain.last())
        .map(|entry| entry.transaction.account.lots.posted().minor_units().cast_signed())
        .sum();
    let moved: i64 = chains.values().flatten().map(|entry| entry.transaction.amount().minor_units()).sum();
    (held != moved).then(|| format!("{moved} went in, and {held} is there"))
}

/// No two entries of all chains have the same hash: nothing was copied from one project to the other.
pub(crate) fn distinct(chains: &BTreeMap<Place, Vec<Entry>>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let twice = chains.values().flatten().find(|entry| !seen.insert(entry.hash.0));
    twice.map(|entry| format!("the hash of {} is there twice", entry.transaction.id()))
}
