//! The laws of a chain, entry by entry, told independently of the code that decides: what may follow what.

use domain::{Account, Expiry, Kind, Moves, Status, Transaction};

use super::finding::Rule;

/// The rules that the first entry of a chain breaks.
pub(crate) fn of_opening(entry: &Transaction) -> Vec<Rule> {
    let Transaction { kind, moves, account, .. } = entry;
    let opens = *kind == Kind::Initialized
        && moves.is_empty()
        && account.lots.count() == 0
        && account.wallet.is_some()
        && account.status != Status::Closed
        && account.opened == account.at;
    if opens { Vec::new() } else { vec![Rule::Opening] }
}

/// The rules that an entry breaks which follows the state `before`.
pub(crate) fn of_following(before: &Account, entry: &Transaction) -> Vec<Rule> {
    let Transaction { kind, moves, account, .. } = entry;
    let takes = entry.amount().is_debit() && *kind != Kind::Expired || *kind == Kind::Unlinked;
    let keeps_expired = before.lots.iter().any(|(expiry, _)| expiry.has_come(account.at));
    let same =
        before.currency == account.currency && before.exponent == account.exponent && before.opened == account.opened;
    let broken = [
        (*kind == Kind::Initialized, Rule::Opening),
        (!same, Rule::Identity),
        (before.status == Status::Closed, Rule::AfterClosed),
        (before.status == Status::Frozen && takes, Rule::WhileFrozen),
        (!moves_fit(before, entry), Rule::Moves),
        (spends(entry) && !in_order(before, moves), Rule::SpendingOrder),
        (keeps_expired && *kind != Kind::Expired, Rule::ExpiryNotBooked),
        (!state_fits(before, entry), Rule::State),
    ];
    broken.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, rule)| rule).collect()
}

fn spends(entry: &Transaction) -> bool {
    entry.kind == Kind::Spent || (entry.kind == Kind::Fixed && entry.amount().is_debit())
}

fn moves_fit(before: &Account, entry: &Transaction) -> bool {
    let Transaction { kind, moves, account, .. } = entry;
    let debits = || !moves.is_empty() && moves.values().all(|delta| delta.is_debit());
    let credits = || !moves.is_empty() && moves.values().all(|delta| delta.minor_units() > 0);
    match kind {
        Kind::Loaded | Kind::Earned => {
            credits() && moves.len() == 1 && moves.keys().all(|expiry| !expiry.has_come(account.at))
        }
        Kind::Spent => debits(),
        Kind::Refunded { .. } => credits(),
        Kind::Canceled { .. } => debits() || credits(),
        Kind::Fixed => moves.is_empty() || debits() || (credits() && moves.keys().eq([&Expiry::Never])),
        Kind::Expired => {
            let gone = before.lots.iter().filter(|(expiry, _)| expiry.has_come(account.at));
            debits() && gone.map(|(expiry, part)| (expiry, part.debit())).eq(moves.iter().map(|(e, d)| (*e, *d)))
        }
        Kind::Initialized | Kind::Frozen | Kind::Unfrozen | Kind::Linked | Kind::Unlinked | Kind::Closed => {
            moves.is_empty()
        }
    }
}

/// Once a part is not taken as a whole, nothing is taken of those after it.
fn in_order(before: &Account, moves: &Moves) -> bool {
    let mut rest_stays = false;
    before.lots.iter().all(|(expiry, part)| {
        let taken = moves.get(&expiry).map(|delta| delta.minor_units());
        let allowed = taken.is_none() || !rest_stays;
        rest_stays |= taken != Some(part.debit().minor_units());
        allowed
    })
}

fn state_fits(before: &Account, entry: &Transaction) -> bool {
    let Transaction { kind, account, .. } = entry;
    let status = (before.status, account.status);
    let same_wallet = before.wallet == account.wallet;
    match kind {
        Kind::Frozen => same_wallet && status == (Status::Active, Status::Frozen),
        Kind::Unfrozen => same_wallet && status == (Status::Frozen, Status::Active),
        Kind::Closed => same_wallet && account.status == Status::Closed && account.lots.count() == 0,
        Kind::Linked => before.wallet.is_none() && account.wallet.is_some() && account.status != Status::Closed,
        Kind::Unlinked => before.wallet.is_some() && account.wallet.is_none() && status.0 == status.1,
        Kind::Initialized
        | Kind::Loaded
        | Kind::Earned
        | Kind::Spent
        | Kind::Refunded { .. }
        | Kind::Canceled { .. }
        | Kind::Fixed
        | Kind::Expired => same_wallet && status.0 == status.1,
    }
}
