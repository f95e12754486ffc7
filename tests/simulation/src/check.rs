//! What has to be true of every history, whatever went wrong in it.

use std::collections::BTreeMap;

use domain::{Kind, Transaction};
use serde_json::Value;
use store::{Entry, Hash};

use crate::history::{ACCOUNTS, Answer, Command, PROJECTS, Place, Wish};
use crate::linear::linearizable;

/// The refusal of a key that another request was made with.
pub(crate) const KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";

/// What is wrong with what happened to one account, in words for whoever replays the seed.
/// With it comes which wish made which entry.
pub(crate) fn account(place: Place, wishes: &[Wish], chain: &[Entry]) -> (Vec<String>, BTreeMap<usize, usize>) {
    let mut wrong = laws(place, chain);
    let about: Vec<&Wish> = wishes.iter().filter(|wish| concerns(wish, place)).collect();
    wrong.extend(about.iter().filter_map(|wish| equal_answers(wish)));
    let transactions: Vec<&Transaction> = chain.iter().map(|entry| &entry.transaction).collect();
    let claims = claims(&about, &transactions, &mut wrong);
    if wrong.is_empty() && !linearizable(&about, &transactions, &claims) {
        wrong.push(format!("{place:?}: no order of what was answered explains it"));
    }
    (wrong, claims)
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

/// Equal keys have equal answers, and of all but one of them it is told that they are repetitions; of nothing else.
fn equal_answers(wish: &Wish) -> Option<String> {
    let answers = wish.answers().map(|(_, answer)| answer);
    let done: Vec<&Answer> = answers.filter(|answer| answer.is_ok()).collect();
    let replays = done.iter().filter(|answer| answer.replayed).count();
    if (wish.key.is_none() || wish.attempts.len() == 1) && replays > 0 {
        return Some(format!("a repetition of nothing: {wish:?}"));
    }
    wish.key.as_ref()?;
    if done.windows(2).any(|pair| pair[0].body != pair[1].body) {
        Some(format!("unequal answers to {wish:?}"))
    } else if done.len() > replays + 1 {
        Some(format!("done {} times: {wish:?}", done.len() - replays))
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
    let reused = |wish: &&Wish| wish.answers().map(|(_, answer)| answer.code()).any(|code| code == KEY_REUSED);
    let wrong = by_key.into_values().filter(|sharing| {
        let done: Vec<usize> = sharing.iter().filter(|wish| wish.done().is_some()).map(|wish| wish.id).collect();
        done.len() > 1
            || sharing.iter().filter(|wish| reused(wish)).any(|wish| done.iter().all(|done| *done == wish.id))
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
        let tells_none = wish.is_read() || matches!(wish.command, Command::Freeze | Command::Unfreeze);
        let Some(seq) = seq else {
            if !tells_none {
                wrong.push(format!("done, and no entry told: {wish:?}"));
            }
            continue;
        };
        let there = chain.get(seq - 1);
        let as_told = |entry: &&Transaction| match wish.command {
            Command::Open => entry.kind == Kind::Initialized,
            _ => made(wish, entry, &chain[..seq - 1]) && api::mircate::written(entry) == answer.body,
        };
        if !there.is_some_and(as_told) {
            wrong.push(format!("acknowledged, and not there: {wish:?}, but {there:?}"));
        }
        if let Some(other) = claims.insert(seq, wish.id) {
            wrong.push(format!("wishes {other} and {} were both told of entry {seq}", wish.id));
        }
    }
    // Whoever has no key and heard nothing may have made what nobody else claims. Of equal ones, who asked first did it first:
    // if any order explains what happened, that one does.
    let mut silent: Vec<&&Wish> = about.iter().filter(|wish| wish.key.is_none() && wish.is_open()).collect();
    silent.sort_by_key(|wish| wish.attempts[0].called);
    for (seq, entry) in (1..).zip(chain) {
        let of_the_wallet = matches!(entry.kind, Kind::Frozen | Kind::Unfrozen | Kind::Expired);
        if of_the_wallet || claims.contains_key(&seq) {
            continue;
        }
        match silent.iter().position(|wish| made(wish, entry, &chain[..seq - 1])) {
            Some(place) => drop(claims.insert(seq, silent.remove(place).id)),
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

/// Whether an entry is what a wish would have made after those before it.
fn made(wish: &Wish, entry: &Transaction, before: &[&Transaction]) -> bool {
    let amount = entry.amount().minor_units();
    let reference = entry.note.reference_id.as_ref().map(|reference| reference.as_str().to_owned());
    let is_its_own = reference == Some(format!("wish-{}", wish.id));
    let is = |original: usize| entry.kind.original().map(domain::Seq::number) == u64::try_from(original).ok();
    match (&wish.command, entry.kind) {
        (Command::Load { amount: wanted, .. }, Kind::Loaded) => is_its_own && amount == *wanted as i64,
        (Command::Spend { amount: wanted }, Kind::Spent) => is_its_own && amount == -(*wanted as i64),
        (Command::Refund { original, amount: wanted }, Kind::Refunded { .. }) => {
            let given_back =
                before.iter().filter(|other| other.kind == entry.kind).map(|other| other.amount().minor_units());
            let spent = before.get(original - 1).map_or(0, |spend| -spend.amount().minor_units());
            is(*original) && amount == wanted.map_or(spent - given_back.sum::<i64>(), |wanted| wanted as i64)
        }
        (Command::Cancel { original }, Kind::Canceled { .. }) => is(*original),
        (Command::Fix { by }, Kind::Fixed) => {
            let said = entry.note.description.as_ref().map(|description| description.as_str().to_owned());
            amount == *by && said == Some(format!("wish-{}", wish.id))
        }
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
        let answers = wish.answers().map(|(_, answer)| answer);
        for answer in answers.filter(|answer| answer.is_ok()) {
            let told = answer.body["transactions"].as_array().expect("a list");
            let seqs: Vec<u64> = told.iter().filter_map(|entry| entry["sequence"].as_u64()).collect();
            let whole = told.len() as u64 == seqs.first().copied().unwrap_or_default().min(5);
            let dense = whole && seqs.windows(2).all(|pair| pair[0] == pair[1] + 1);
            let dense = dense || wish.command == Command::ListProject;
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

/// What all accounts hold together is what the callers wanted put in and taken out: a sum of wishes, not of entries.
pub(crate) fn conservation(
    wishes: &[Wish],
    chains: &BTreeMap<Place, Vec<Entry>>,
    claims: &BTreeMap<Place, BTreeMap<usize, usize>>,
) -> Option<String> {
    let held: i64 = chains
        .values()
        .filter_map(|chain| chain.last())
        .map(|entry| entry.transaction.account.lots.posted().minor_units().cast_signed())
        .sum();
    let mut wanted = 0;
    for (place, claims) in claims {
        let amount = |seq: usize| chains[place][seq - 1].transaction.amount().minor_units();
        let of = |seq: &usize| claims.get(seq).map(|wish| &wishes[*wish].command);
        wanted += claims
            .iter()
            .map(|(seq, wish)| match &wishes[*wish].command {
                Command::Load { amount, .. } | Command::Refund { amount: Some(amount), .. } => amount.cast_signed(),
                Command::Spend { amount } => -amount.cast_signed(),
                Command::Fix { by } => *by,
                // All that was left of it.
                Command::Refund { amount: None, .. } => amount(*seq),
                Command::Cancel { original } => match of(original) {
                    Some(Command::Load { amount, .. }) => -amount.cast_signed(),
                    Some(Command::Spend { amount }) => amount.cast_signed(),
                    _ => 0,
                },
                _ => 0,
            })
            .sum::<i64>();
    }
    let expired = chains.values().flatten().filter(|entry| entry.transaction.kind == Kind::Expired);
    wanted += expired.map(|entry| entry.transaction.amount().minor_units()).sum::<i64>();
    (held != wanted).then(|| format!("{wanted} was wanted, and {held} is there"))
}
