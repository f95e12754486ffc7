//! The rules as a specification: one line a case, told in a small language of its own, and every row of the table of
//! rules named. Random histories are in `laws.rs`.
//!
//! A case is `row <number> | <story> | <outcome of the last step>`. A story begins on day 1 with account A, which
//! counts EUR and is in wallet W, and its steps are
//!
//! ```text
//! day 5                just before day 5
//! load 10              load 10@5         until day 5       earn 10
//! spend 10             refund #3         the third entry   refund 10 of #3
//! cancel #3            fix by -5                           fix to 20
//! spend 10 via V       spend 10 via USD                    the caller names a wallet, a currency
//! B: spend 10          refund B#3                          another account than A
//! create V             create V frozen                     create V titled Purse      create V by Ann
//! open B in W for USD  add B to W                          remove B from W
//! freeze W             unfreeze W                          close W                    title W Purse
//! grace 7 days         what refunded value of an expired lot gets
//! refused: spend 10    and the story goes on
//! ```
//!
//! An outcome is a refusal, or the entries that were written with what each moved (`-5@9`: 5 less of what expires on
//! day 9) and what is there afterwards.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use domain::decide::{LOTS_MAX, Mark};
use domain::ids::SEQ_MAX;
use domain::money::MINOR_UNITS_MAX;
use domain::wallet::ACCOUNTS_MAX;
use domain::{
    Account, AccountNumber, Addressed, Amount, Balance, Command, Context, Currency, Decision, Delta, Duration, Expiry,
    Fix, Kind, Lots, NewAccount, Note, Profile, Refusal, Seq, Status, Text, Timestamp, Transaction, TransactionId,
    Wallet, WalletCommand, WalletId, change_wallet, decide,
};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as Unreadable;

const RULES: &str = "
-- An amount is 1 to 2^53 - 1, and 0 is not short for all.
row  1 | load 0                                                     | malformed
row  1 | load -1                                                    | malformed
row  1 | load 9007199254740992                                      | malformed
row  1 | load 9007199254740991                                      | LOADED +9007199254740991, leaving 9007199254740991
row  1 | load 10, spend 0                                           | malformed
row  1 | load 10, spend 10, refund 0 of #3                          | malformed

-- A balance is at most 2^53 - 1, whatever brings it up.
row  2 | load 9007199254740991, load 1                              | BalanceLimit
row  2 | load 9007199254740990, load 1                              | LOADED +1, leaving 9007199254740991
row  2 | load 9007199254740991@5, load 1                            | BalanceLimit
row  2 | load 9007199254740991@5, day 5, load 1                     | EXPIRED -9007199254740991@5, LOADED +1, leaving 1
row  2 | load 9007199254740991, spend 1, load 1, refund #3          | BalanceLimit
row  2 | load 9007199254740991, spend 1, load 1, cancel #3          | BalanceLimit
row  2 | load 9007199254740991, fix by +1                           | BalanceLimit

-- No more is spent than is available.
row  3 | spend 1                                                    | InsufficientBalance available: 0, shortfall: 1
row  3 | load 100, spend 101                                        | InsufficientBalance available: 100, shortfall: 1
row  3 | load 50@5, load 10, day 5, spend 60                        | InsufficientBalance available: 10, shortfall: 50
row  3 | load 100, refused: spend 101, spend 99                     | SPENT -99, leaving 1

-- All of it can be spent, and nothing is a balance too.
row  4 | load 100, spend 100                                        | SPENT -100, leaving nothing
row  4 | load 60@9, load 40, spend 100                              | SPENT -60@9 -40, leaving nothing
row  4 | load 100, spend 100, load 5                                | LOADED +5, leaving 5

-- What expires first is spent first, what never expires last; an entry says what it took of which.
row  5 | load 40, load 30@9, load 20@5, spend 15                    | SPENT -15@5, leaving 5@5 30@9 40
row  5 | load 40, load 30@9, load 20@5, spend 20                    | SPENT -20@5, leaving 30@9 40
row  5 | load 40, load 30@9, load 20@5, spend 60                    | SPENT -20@5 -30@9 -10, leaving 30
row  5 | load 10@5, load 10@5, spend 15                             | SPENT -15@5, leaving 5@5
row  5 | load 40, earn 30@9, spend 50                               | SPENT -30@9 -20, leaving 20

-- A lot counts until its instant. The next entry, whatever it is, comes after one that books what has expired.
row  6 | load 10@5, just before day 5, spend 10                     | SPENT -10@5, leaving nothing
row  6 | load 10@5, day 5, spend 10                                 | InsufficientBalance available: 0, shortfall: 10
row  6 | load 10@5, load 20, day 5, spend 20                        | EXPIRED -10@5, SPENT -20, leaving nothing
row  6 | load 10@5, load 20@6, day 7, load 1                        | EXPIRED -10@5 -20@6, LOADED +1, leaving 1
row  6 | load 10@5, load 20@6, day 5, load 1                        | EXPIRED -10@5, LOADED +1, leaving 20@6 1
row  6 | load 10@5, spend 4, day 9, load 1                          | EXPIRED -6@5, LOADED +1, leaving 1
row  6 | load 10@5, spend 10, day 9, load 1                         | LOADED +1, leaving 1
row  6 | load 10@5, day 5, load 1, load 1                           | LOADED +1, leaving 2
row  6 | load 10@5, day 5, refused: spend 1, load 1                 | EXPIRED -10@5, LOADED +1, leaving 1
row  6 | load 10@5, spend 4, day 5, refund #3                       | EXPIRED -6@5, REFUNDED +4@35, leaving 4@35
row  6 | load 10@5, day 5, freeze W                                 | A EXPIRED -10@5, A FROZEN, W frozen (A)
row  6 | load 10@5, day 5, remove A from W                          | A EXPIRED -10@5, A UNLINKED, W active ()
row  6 | day 5, load 1, day 4, load 10@5                            | ExpiryInPast

-- Nothing is loaded that has expired.
row  7 | day 5, load 10@4                                           | ExpiryInPast
row  7 | day 5, load 10@5                                           | ExpiryInPast
row  7 | just before day 5, load 10@5                               | LOADED +10@5, leaving 10@5
row  7 | just before day 5, earn 10@5                               | EARNED +10@5, leaving 10@5
row  7 | day 5, earn 10@4                                           | ExpiryInPast

-- A refund without amount gives back what is left.
row  8 | load 100, spend 60, refund #3                              | REFUNDED +60, leaving 100
row  8 | load 100, spend 60, refund 20 of #3, refund #3             | REFUNDED +40, leaving 100

-- Several refunds of one spend, equal ones too.
row  9 | load 100, spend 60, refund 20 of #3                        | REFUNDED +20, leaving 60
row  9 | load 100, spend 60, refund 20 of #3, refund 20 of #3       | REFUNDED +20, leaving 80
row  9 | load 100, spend 60, refund 59 of #3, refund 1 of #3        | REFUNDED +1, leaving 100
row  9 | load 100, spend 30, spend 30, refund #3, refund #4         | REFUNDED +30, leaving 100

-- No more is given back than is left of the spend.
row 10 | load 100, spend 60, refund 61 of #3                        | RefundExceedsRemaining refundable: 60
row 10 | load 100, spend 60, refund 20 of #3, refund 41 of #3       | RefundExceedsRemaining refundable: 40
row 10 | load 100, spend 60, refund 9007199254740991 of #3          | RefundExceedsRemaining refundable: 60

-- When nothing is left, nothing is given back.
row 11 | load 100, spend 60, refund #3, refund #3                   | AlreadyRefunded
row 11 | load 100, spend 60, refund #3, refund 1 of #3              | AlreadyRefunded
row 11 | load 100, spend 60, refund 20 of #3, refund 40 of #3, refund #3 | AlreadyRefunded
row 11 | load 100, spend 60, refund #3, cancel #3                   | AlreadyRefunded

-- A canceled spend was given back already.
row 12 | load 100, spend 60, cancel #3, refund #3                   | TransactionCanceled
row 12 | load 100, spend 60, cancel #3, refund 1 of #3              | TransactionCanceled

-- Only spends are refunded.
row 13 | refund #1                                                  | NotRefundable
row 13 | load 100, refund #2                                        | NotRefundable
row 13 | earn 100, refund #2                                        | NotRefundable
row 13 | load 100, cancel #2, refund #2                             | NotRefundable
row 13 | load 100, spend 60, refund #3, refund #4                   | NotRefundable
row 13 | load 100, spend 60, cancel #3, refund #4                   | NotRefundable
row 13 | load 100, fix by -5, refund #3                             | NotRefundable
row 13 | load 100@5, day 5, load 1, refund #3                       | NotRefundable
row 13 | freeze W, refund #2                                        | NotRefundable

-- Unknown, of another account, of another wallet, of another currency: the caller can not tell which.
row 14 | refund #2                                                  | NotFound
row 14 | cancel #2                                                  | NotFound
row 14 | load 9, spend 5, open B in W for USD, B: refund A#3        | NotFound
row 14 | load 9, spend 5, open B in W for USD, B: cancel A#3        | NotFound
row 14 | load 9, spend 5, open B in W for USD, B: refund #3         | NotFound
row 14 | load 9, spend 5, refund #3 via V                           | NotFound
row 14 | load 9, spend 5, refund #3 via USD                         | NotFound
row 14 | load 9, spend 5, refund #3 via W                           | REFUNDED +5, leaving 9
row 14 | load 9, spend 5, refund #3 via EUR                         | REFUNDED +5, leaving 9
row 14 | load 9, spend 5, cancel #3 via V                           | NotFound
row 14 | load 9, spend 5 via USD                                    | NotFound
row 14 | B: load 9                                                  | NotFound
row 14 | close W, refund #9                                         | NotFound

-- What is given back goes to where it came from, last taken first. What has expired meanwhile lives on for 30 days.
row 15 | load 3@5, load 4@9, load 5, spend 10, refund 2 of #5       | REFUNDED +2, leaving 4
row 15 | load 3@5, load 4@9, load 5, spend 10, refund 5 of #5       | REFUNDED +2@9 +3, leaving 2@9 5
row 15 | load 3@5, load 4@9, load 5, spend 10, refund #5            | REFUNDED +3@5 +4@9 +3, leaving 3@5 4@9 5
row 15 | load 3@5, load 4@9, load 5, spend 10, refund 5 of #5, refund 3 of #5 | REFUNDED +1@5 +2@9, leaving 1@5 4@9 5
row 15 | load 30@5, spend 30, just before day 5, refund #3          | REFUNDED +30@5, leaving 30@5
row 15 | load 30@5, spend 30, day 5, refund #3                      | REFUNDED +30@35, leaving 30@35
row 15 | load 30@5, spend 30, day 6, refund #3                      | REFUNDED +30@36, leaving 30@36
row 15 | load 30@5, spend 30, day 4, refund 10 of #3, day 6, refund #3 | EXPIRED -10@5, REFUNDED +20@36, leaving 20@36
row 15 | load 30@5, spend 30, day 6, refund 10 of #3, day 7, refund #3 | REFUNDED +20@37, leaving 10@36 20@37
row 15 | load 10@5, load 20@6, spend 30, day 6, refund #4           | REFUNDED +30@36, leaving 30@36
row 15 | load 10@5, load 20@36, spend 25, day 6, refund #4          | REFUNDED +25@36, leaving 30@36
row 15 | load 10@5, load 20@9, spend 30, day 6, refund 25 of #4     | REFUNDED +20@9 +5@36, leaving 20@9 5@36
row 15 | grace 7 days, load 30@5, spend 30, day 6, refund #3        | REFUNDED +30@13, leaving 30@13

-- Canceling a spend gives all of it back in the same way.
row 16 | load 100, spend 60, cancel #3                              | CANCELED +60, leaving 100
row 16 | load 30@5, load 40, spend 50, cancel #4                    | CANCELED +30@5 +20, leaving 30@5 40
row 16 | load 30@5, load 40, spend 50, day 6, cancel #4             | CANCELED +30@36 +20, leaving 30@36 40
row 16 | load 30@5, load 40, spend 20, day 6, cancel #4             | EXPIRED -10@5, CANCELED +20@36, leaving 20@36 40

-- What was refunded in part is not canceled.
row 17 | load 100, spend 60, refund 1 of #3, cancel #3              | PartiallyRefunded
row 17 | load 100, spend 60, refund 59 of #3, cancel #3             | PartiallyRefunded

-- What was canceled is not canceled again.
row 18 | load 100, spend 60, cancel #3, cancel #3                   | AlreadyCanceled canceled_by: A-4
row 18 | load 100, load 60, cancel #2, spend 1, cancel #2           | AlreadyCanceled canceled_by: A-4
row 18 | load 9@5, load 60, day 5, spend 1, cancel #5, cancel #5    | AlreadyCanceled canceled_by: A-6

-- Canceling a load takes its own lot first, then the others in the order of spending.
row 19 | load 100, cancel #2                                        | CANCELED -100, leaving nothing
row 19 | earn 100, cancel #2                                        | CANCELED -100, leaving nothing
row 19 | load 50@9, load 20@5, cancel #2                            | CANCELED -50@9, leaving 20@5
row 19 | load 50, load 20@5, cancel #2                              | CANCELED -50, leaving 20@5
row 19 | load 50, load 20, cancel #3                                | CANCELED -20, leaving 50
row 19 | load 50@9, load 60, spend 40, cancel #2                    | CANCELED -10@9 -40, leaving 20
row 19 | load 50, spend 20, load 20@9, load 5@7, cancel #2          | CANCELED -5@7 -15@9 -30, leaving 5@9
row 19 | load 50@9, spend 50, load 30, load 30@5, cancel #2         | CANCELED -30@5 -20, leaving 10

-- Not enough left to take a load back.
row 20 | load 100, spend 30, cancel #2                              | InsufficientBalance available: 70, shortfall: 30
row 20 | load 100@9, spend 90, load 30, cancel #2                   | InsufficientBalance available: 40, shortfall: 60
row 20 | load 30@5, load 90, spend 40, day 5, cancel #3             | InsufficientBalance available: 80, shortfall: 10

-- An expired load is gone already.
row 21 | load 10@5, load 90, just before day 5, cancel #2           | CANCELED -10@5, leaving 90
row 21 | load 10@5, load 90, day 5, cancel #2                       | LotExpired
row 21 | load 10@5, load 90, spend 10, day 5, cancel #2             | LotExpired

-- Only spends and loads are canceled.
row 22 | cancel #1                                                  | NotCancelable
row 22 | load 100, spend 60, refund #3, cancel #4                   | NotCancelable
row 22 | load 100, spend 60, cancel #3, cancel #4                   | NotCancelable
row 22 | load 100, fix by +5, cancel #3                             | NotCancelable
row 22 | load 100@5, day 5, load 1, cancel #3                       | NotCancelable
row 22 | freeze W, cancel #2                                        | NotCancelable
row 22 | freeze W, unfreeze W, cancel #3                            | NotCancelable
row 22 | remove A from W, cancel #2                                 | NotCancelable
row 22 | remove A from W, add A to W, cancel #3                     | NotCancelable

-- A correction goes up or down by so much, or to so much, and never below zero.
row 23 | fix by +5                                                  | FIX +5, leaving 5
row 23 | load 10, fix by -10                                        | FIX -10, leaving nothing
row 23 | load 10, fix by -11                                        | InsufficientBalance available: 10, shortfall: 1
row 23 | load 10, load 10@5, fix by -15                             | FIX -10@5 -5, leaving 5
row 23 | load 10@5, fix to 30                                       | FIX +20, leaving 10@5 20
row 23 | load 10, fix to 3                                          | FIX -7, leaving 3
row 23 | load 10, fix to 0                                          | FIX -10, leaving nothing
row 23 | load 10, fix to 10                                         | FIX, leaving 10
row 23 | load 10@5, load 20, day 5, fix to 30                       | EXPIRED -10@5, FIX +10, leaving 30
row 23 | fix to 9007199254740991                                    | FIX +9007199254740991, leaving 9007199254740991

-- A wallet is created again only as it is.
row 24 | create V                                                   | V active ()
row 24 | create V frozen                                            | V frozen ()
row 24 | create W                                                   | W active (A)
row 24 | create W frozen                                            | WalletExists
row 24 | create W titled Purse                                      | WalletExists
row 24 | create V titled Purse, create V titled Purse               | V active ()
row 24 | create V titled Purse, create V                            | WalletExists
row 24 | create V by Ann, create V by Bob                           | V active ()
row 24 | title W Purse, create W                                    | WalletExists
row 24 | title W Purse, create W titled Purse                       | W active (A)
row 24 | title W Purse, freeze W, unfreeze W, create W titled Purse | W active (A)

-- A wallet has one account a currency, a project one account a number.
row 25 | open B in W for USD                                        | B INITIALIZED, W active (A B)
row 25 | open B in W for EUR                                        | AccountExists
row 25 | open A in W for USD                                        | AccountExists
row 25 | create V, open A in V for USD                              | AccountExists
row 25 | create V, open B in V for EUR                              | B INITIALIZED, V active (B)
row 25 | open B in V for EUR                                        | NotFound

-- A wallet takes in an account that is in none.
row 26 | load 9, remove A from W, create V, add A to V              | A LINKED, V active (A)
row 26 | create V, add A to V                                       | AccountLinked
row 26 | add A to W                                                 | AccountExists
row 26 | remove A from W, open B in W for EUR, add A to W           | AccountExists
row 26 | remove A from W, create V, add A to V, add A to W          | AccountLinked
row 26 | add B to W                                                 | NotFound
row 26 | remove A from W, add A to V                                | NotFound
row 26 | remove A from W, create V, add A to V, spend 1 via W       | NotFound

-- What leaves a wallet keeps its balance and is known by its number.
row 27 | load 9, remove A from W                                    | A UNLINKED, W active ()
row 27 | load 9, remove A from W, spend 4                           | SPENT -4, leaving 5
row 27 | load 9, remove A from W, spend 4 via W                     | NotFound
row 27 | load 9, spend 4, remove A from W, refund #3                | REFUNDED +4, leaving 9
row 27 | load 9, remove A from W, create V, add A to V, spend 4 via V | SPENT -4, leaving 5
row 27 | remove A from W, open B in W for EUR                       | B INITIALIZED, W active (B)
row 27 | remove A from W, close W, load 9                           | LOADED +9, leaving 9
row 27 | remove A from W, remove A from W                           | NotFound
row 27 | create V, remove A from V                                  | NotFound
row 27 | remove B from W                                            | NotFound

-- A frozen wallet takes credits and no debits, and no way around it.
row 28 | load 9, open B in W for USD, freeze W                      | A FROZEN, B FROZEN, W frozen (A B)
row 28 | load 9, freeze W, spend 1                                  | WalletFrozen
row 28 | load 9, freeze W, spend 10                                 | WalletFrozen
row 28 | load 9, freeze W, load 1                                   | LOADED +1, leaving 10
row 28 | load 9, spend 5, freeze W, refund #3                       | REFUNDED +5, leaving 9
row 28 | load 9, spend 5, freeze W, cancel #3                       | CANCELED +5, leaving 9
row 28 | load 9, freeze W, cancel #2                                | WalletFrozen
row 28 | load 9, freeze W, fix by -1                                | WalletFrozen
row 28 | load 9, freeze W, fix to 8                                 | WalletFrozen
row 28 | load 9, freeze W, fix by +1                                | FIX +1, leaving 10
row 28 | load 9, freeze W, remove A from W                          | WalletFrozen
row 28 | load 9, freeze W, unfreeze W                               | A UNFROZEN, W active (A)
row 28 | load 9, freeze W, unfreeze W, spend 1                      | SPENT -1, leaving 8
row 28 | load 9, freeze W, freeze W                                 | W frozen (A)
row 28 | load 9, unfreeze W                                         | W active (A)
row 28 | freeze W, open B in W for USD, B: load 9, B: spend 1       | WalletFrozen
row 28 | create V frozen, load 9, remove A from W, add A to V, spend 1 | WalletFrozen
row 28 | load 9, freeze W, title W Purse, spend 1                   | WalletFrozen
row 28 | load 9@5, freeze W, day 5, load 1                          | EXPIRED -9@5, LOADED +1, leaving 1

-- Only what is empty is closed, and what is closed stays.
row 29 | open B in W for USD, close W                               | A CLOSED, B CLOSED, W closed (A B)
row 29 | load 9, close W                                            | BalanceRemains available: 9
row 29 | open B in W for USD, B: load 9, close W                    | BalanceRemains available: 9
row 29 | open B in W for USD, B: load 9, refused: close W, load 1   | LOADED +1, leaving 1
row 29 | load 9@5, day 5, close W                                   | A EXPIRED -9@5, A CLOSED, W closed (A)
row 29 | load 9, spend 9, freeze W, close W                         | A CLOSED, W closed (A)
row 29 | load 9, freeze W, close W                                  | BalanceRemains available: 9
row 29 | close W, load 1                                            | WalletClosed
row 29 | close W, spend 1                                           | WalletClosed
row 29 | load 9, spend 9, close W, refund #3                        | WalletClosed
row 29 | load 9, spend 9, close W, cancel #3                        | WalletClosed
row 29 | close W, fix to 0                                          | WalletClosed
row 29 | close W, unfreeze W                                        | WalletClosed
row 29 | close W, freeze W                                          | WalletClosed
row 29 | close W, close W                                           | WalletClosed
row 29 | close W, title W Purse                                     | WalletClosed
row 29 | close W, open B in W for USD                               | WalletClosed
row 29 | close W, remove A from W                                   | WalletClosed
row 29 | close W, create V, add A to V                              | WalletClosed
row 29 | close W, create V, open B in V for EUR, add A to V         | WalletClosed
row 29 | create V, remove A from W, close V, add A to V             | WalletClosed
";

const ROWS: RangeInclusive<usize> = 1..=34;

/// The rows that nothing in this crate decides, with who does. Of some rows a part is decided elsewhere too: that an
/// amount is there (1), what a date without time means (6), the scope and the description of a correction (23).
const DECIDED_ELSEWHERE: &[(usize, &str)] = &[
    (30, "the store finds a key before it decides"),
    (31, "the store compares a key's request before it decides"),
    (32, "the store keeps references; a decision never looks into a note"),
    (33, "the store gives up at its deadline"),
    (34, "the store could not be reached"),
];

#[test]
fn each_rule_holds() {
    let wrong: Vec<String> = cases().filter_map(|case| case.contradiction()).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn each_row_is_named() {
    let here: BTreeSet<usize> = cases().map(|case| case.row).collect();
    let elsewhere: BTreeSet<usize> = DECIDED_ELSEWHERE.iter().map(|(row, _)| *row).collect();
    assert!(here.is_disjoint(&elsewhere));
    assert!(here.union(&elsewhere).copied().eq(ROWS), "{here:?} and {elsewhere:?}");
}

struct Case {
    row: usize,
    story: &'static str,
    outcome: &'static str,
}

fn cases() -> impl Iterator<Item = Case> {
    RULES.lines().filter(|line| !line.is_empty() && !line.starts_with("-- ")).map(|line| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [row, story, outcome] = parts[..] else { panic!("neither a case nor a heading: {line}") };
        Case { row: row.strip_prefix("row").unwrap().trim().parse().unwrap(), story, outcome }
    })
}

impl Case {
    fn contradiction(&self) -> Option<String> {
        let Case { row, story, outcome } = self;
        let told = World::new().tell(story);
        (told != *outcome).then(|| format!("row {row} | {story}\n  expected: {outcome}\n  decided:  {told}"))
    }
}

/// Commands with what can stand in their way. Where two things do, the refusal that is declared first is the answer.
/// The original of a refund or cancel is always entry #3.
const OBSTACLES: &str = "
load 10@9                               | unknown, elsewhere, other currency, closed, late, full, last
load 10@9                               | unknown, elsewhere, other currency, closed, late, crowded
load 9, spend 6                         | unknown, elsewhere, other currency, closed, frozen, poor, last
load 9, fix by -6                       | unknown, elsewhere, other currency, closed, frozen, poor, last
load 9, fix to 3                        | unknown, elsewhere, other currency, closed, frozen, last
fix by +6                               | unknown, elsewhere, other currency, closed, full, last
load 9, spend 6, load 1, refund #3      | unknown, elsewhere, no #3, closed, no spend, canceled, refunded, full, last
load 9, spend 6, load 1, refund 2 of #3 | unknown, no #3, closed, no spend, canceled, most refunded, full, last
load 9, spend 6, load 1, cancel #3      | unknown, no #3, closed, no money, canceled before, part refunded, full, last
load 9, spend 6, load 1, cancel #3      | unknown, no #3, closed, no money, canceled before, refunded, full, last
load 1, load 9, load 1, cancel #3       | unknown, no #3, closed, frozen, canceled before, lot expired, poor, last
freeze W                                | no wallet, wallet closed, closed, last
freeze W, unfreeze W                    | no wallet, wallet closed, closed, last
close W                                 | no wallet, wallet closed, closed, not empty, last
title W Purse                           | no wallet, wallet closed
create V                                | created before
open B in W for USD                     | no wallet, wallet closed, currency taken, number taken, wallet full
create V, remove A from W, add A to V   | no wallet, unknown, wallet closed, closed, currency taken, linked, last
create V, remove A from W, add A to V   | no wallet, unknown, wallet closed, closed, linked, wallet full, last
remove A from W                         | no wallet, unknown, left before, wallet closed, frozen, last
remove A from W                         | no wallet, unknown, left before, wallet closed, closed, last
";

/// What stands in a command's way: its name, what it changes, the refusal it leads to, and how it gets there.
/// Two that change the same thing can not be there together.
struct Obstacle(&'static str, &'static str, &'static str, fn(&mut World));

const OBSTACLE: &[Obstacle] = &[
    Obstacle("no wallet", "existence", "NotFound", |it| it.wallets.clear()),
    Obstacle("unknown", "existence", "NotFound", |it| it.chains.clear()),
    Obstacle("elsewhere", "address", "NotFound", |it| it.addressed.wallet = Some(wallet("U"))),
    Obstacle("other currency", "address", "NotFound", |it| it.addressed.currency = Some(currency("CHF"))),
    Obstacle("left before", "link", "NotFound", |it| it.account().wallet = None),
    Obstacle("no #3", "original", "NotFound", |it| it.original().account.seq = Seq::new(99).unwrap()),
    Obstacle("wallet closed", "wallet", "WalletClosed", |it| it.wallet().status = Status::Closed),
    Obstacle("closed", "status", "WalletClosed", |it| it.account().status = Status::Closed),
    Obstacle("frozen", "status", "WalletFrozen", |it| it.account().status = Status::Frozen),
    Obstacle("created before", "wallet", "WalletExists", |it| assert!(it.step("create V frozen").is_ok())),
    Obstacle("currency taken", "accounts", "AccountExists", |it| it.occupy(["EUR", "USD"])),
    Obstacle("number taken", "number", "AccountExists", |it| {
        it.chains.extend([(number("B"), it.chains[&number("A")].clone())]);
    }),
    Obstacle("wallet full", "fullness", "WalletFull", |it| it.occupy((10..).take(ACCOUNTS_MAX))),
    Obstacle("linked", "link", "AccountLinked", |it| it.account().wallet = Some(wallet("U"))),
    Obstacle("late", "time", "ExpiryInPast", |it| it.now = day("9")),
    Obstacle("no spend", "kind", "NotRefundable", |it| it.original().kind = Kind::Loaded),
    Obstacle("no money", "kind", "NotCancelable", |it| it.original().kind = Kind::Frozen),
    Obstacle("canceled", "cancel", "TransactionCanceled", |it| it.original().canceled_by = Some(Seq::FIRST)),
    Obstacle("canceled before", "cancel", "AlreadyCanceled", |it| it.original().canceled_by = Some(Seq::FIRST)),
    Obstacle("part refunded", "refund", "PartiallyRefunded", |it| it.original().refunded = balance(2)),
    Obstacle("refunded", "refund", "AlreadyRefunded", |it| it.original().refunded = balance(6)),
    Obstacle("most refunded", "refund", "RefundExceedsRemaining", |it| it.original().refunded = balance(5)),
    Obstacle("lot expired", "lot", "LotExpired", |it| {
        it.original().moves = [(at_day("1"), balance(9).credit())].into();
    }),
    Obstacle("poor", "lots", "InsufficientBalance", |it| it.hold([(Expiry::Never, 1)])),
    Obstacle("full", "lots", "BalanceLimit", |it| it.hold([(Expiry::Never, MINOR_UNITS_MAX)])),
    Obstacle("not empty", "lots", "BalanceRemains", |it| it.hold([(Expiry::Never, 1)])),
    Obstacle("crowded", "lots", "AccountFull", |it| {
        it.hold((100..).take(LOTS_MAX).map(|n| (at_day(&n.to_string()), 1)));
    }),
    Obstacle("last", "seq", "AccountFull", |it| it.account().seq = Seq::new(SEQ_MAX).unwrap()),
];

#[test]
fn of_two_refusals_the_one_declared_first_is_answered() {
    let declared = refusals();
    let place = |refusal: &str| declared.iter().position(|name| *name == refusal).unwrap();
    let mut wrong = Vec::new();
    for (story, obstacles) in obstacles() {
        let undisturbed = World::new().tell(story);
        if undisturbed.split([' ', ',']).next().is_some_and(|word| declared.contains(&word)) {
            wrong.push(format!("{story}: {undisturbed}"));
        }
        for (n, one) in obstacles.iter().enumerate() {
            // Paired with itself, an obstacle stands there alone.
            for other in obstacles[n..].iter().filter(|other| other.0 == one.0 || other.1 != one.1) {
                let first = declared[place(one.2).min(place(other.2))];
                let told = World::obstructed(story, &[one, other]);
                if told.split(' ').next() != Some(first) {
                    wrong.push(format!("{story}, {} and {}: {told} instead of {first}", one.0, other.0));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn each_refusal_has_an_obstacle() {
    let covered: BTreeSet<&str> = obstacles().flat_map(|(_, obstacles)| obstacles).map(|obstacle| obstacle.2).collect();
    // The store says that one, before anything is decided.
    let missing: Vec<&str> = refusals().into_iter().filter(|refusal| !covered.contains(refusal)).collect();
    assert_eq!(missing, ["IdempotencyKeyReused"]);
}

fn obstacles() -> impl Iterator<Item = (&'static str, Vec<&'static Obstacle>)> {
    let obstacle = |name: &str| OBSTACLE.iter().find(|obstacle| obstacle.0 == name).unwrap();
    OBSTACLES.trim().lines().map(move |line| {
        let (story, names) = line.split_once('|').unwrap();
        (story.trim(), names.trim().split(", ").map(obstacle).collect())
    })
}

/// The names of the refusals as they are declared.
fn refusals() -> Vec<&'static str> {
    let variants = include_str!("../src/refusal.rs").lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    variants.map(|line| line.trim_end_matches([',', ' ', '{'])).collect()
}

#[test]
fn no_account_is_opened_in_or_joins_a_closed_wallet() {
    let mut world = World::new();
    let new = NewAccount { number: number("A"), currency: currency("EUR"), exponent: 2, title: None };
    let open = Command::Open { new, wallet: wallet("W"), status: Status::Closed };
    assert_eq!(world.decide("B", &open).unwrap_err(), "WalletClosed");
    assert_eq!(world.decide("A", &open).unwrap_err(), "WalletClosed");

    let link = Command::Link { wallet: wallet("W"), status: Status::Closed };
    assert_eq!(world.decide("A", &link).unwrap_err(), "WalletClosed");
    world.step("remove A from W").unwrap();
    assert_eq!(world.decide("A", &link).unwrap_err(), "WalletClosed");
}

#[test]
fn what_has_expired_is_booked_by_itself_and_nothing_else() {
    let mut world = World::new();
    assert!(world.step("load 5@9").is_ok());
    assert!(world.step("load 7@10").is_ok());
    assert!(world.step("load 1").is_ok());
    let account = world.account().clone();
    let end = |day: &str| match at_day(day) {
        Expiry::At(instant) => instant,
        Expiry::Never => panic!("{day} never comes"),
    };
    assert_eq!(domain::expire(&account, end("9").minus(Duration(1))), None);
    let booked = domain::expire(&account, end("9")).unwrap();
    assert_eq!((booked.kind, booked.amount().minor_units()), (Kind::Expired, -5));
    assert_eq!((booked.account.at, booked.account.lots.posted().minor_units()), (end("9"), 8));
    assert_eq!(domain::expire(&booked.account, end("9")), None, "once");
    // A clock that is behind books it when the newest entry was made.
    let late = Account { at: end("10"), ..account.clone() };
    assert_eq!(domain::expire(&late, Timestamp(0)).unwrap().account.at, end("10"));
    let full = Account { seq: Seq::new(SEQ_MAX).unwrap(), ..account };
    assert_eq!(domain::expire(&full, end("9")), None, "there is no number left for it");
}

#[test]
fn an_account_holds_so_many_expiries() {
    let mut world = World::new();
    world.hold((100..).take(LOTS_MAX - 1).map(|n| (at_day(&n.to_string()), 1)));
    assert!(world.step("load 1@9").is_ok());
    assert_eq!(world.step("load 1@10"), Err("AccountFull".to_owned()));
    assert!(world.step("load 1@9").is_ok());
    assert!(world.step("spend 2").is_ok());
    assert!(world.step("load 1@10").is_ok());
}

#[test]
fn what_was_said_is_kept_and_what_is_undone_was_on_the_same_channel() {
    let text = |text| Text::parse(text).ok();
    let mut world = World::new();
    let note = Note { channel: text("POS"), description: text("a book"), ..Note::default() };
    let load = Command::Load { amount: amount("5").unwrap(), earned: false, expiry: Expiry::Never, note: note.clone() };
    let spend = Command::Spend { amount: amount("4").unwrap(), note: note.clone() };
    for command in [load, spend] {
        let decision = world.decide("A", &command).unwrap();
        assert_eq!(world.commit("A", decision)[0].note, note);
    }
    let new = NewAccount { number: number("B"), currency: currency("USD"), exponent: 2, title: text("travels") };
    let opened = world.decide("B", &Command::Open { new, wallet: wallet("W"), status: Status::Active }).unwrap();
    assert_eq!(opened.transaction.note, Note { title: text("travels"), ..Note::default() });
    let refund = world.decide("A", &Command::Refund { original: id("A", "#3"), amount: None }).unwrap();
    let cancel = world.decide("A", &Command::Cancel { original: id("A", "#3") }).unwrap();
    for undone in [refund, cancel] {
        assert_eq!(undone.transaction.note, Note { channel: text("POS"), ..Note::default() });
    }
}

/// Row 1, as a request brings it.
#[test]
fn an_amount_is_an_integer_within_its_range() {
    fn read<'de>(value: impl IntoDeserializer<'de, Unreadable>) -> Option<u64> {
        Amount::deserialize(value.into_deserializer()).ok().map(Amount::minor_units)
    }
    assert_eq!(read(1_u64), Some(1));
    assert_eq!(read(1_i64), Some(1));
    assert_eq!(read(9_007_199_254_740_991_u64), Some(MINOR_UNITS_MAX));
    assert_eq!(read(0_u64), None);
    assert_eq!(read(-1_i64), None);
    assert_eq!(read(9_007_199_254_740_992_u64), None);
    assert_eq!(read(u64::MAX), None);
    assert_eq!(read(i64::MIN), None);
    assert_eq!(read(1.0), None);
    assert_eq!(read(1.5), None);
    assert_eq!(read("1"), None);
    assert_eq!(read(true), None);
    assert_eq!(read(()), None);
}

/// Whoever sends something else is told what it should have been.
#[test]
fn what_is_not_an_amount_or_a_name_is_told_what_is_one() {
    let wrong: Unreadable = Amount::deserialize("1".into_deserializer()).unwrap_err();
    assert_eq!(wrong.to_string(), "invalid type: string \"1\", expected an integer from 1 to 9007199254740991");
    let wrong: Unreadable = Currency::deserialize("eur".into_deserializer()).unwrap_err();
    assert_eq!(Some(wrong.to_string()), Currency::parse("eur").err().map(|malformed| malformed.0.to_owned()));
}

/// What is personal gets into no log, whoever prints a wallet.
#[test]
fn a_profile_is_withheld() {
    assert_eq!(format!("{:?}", titled("Purse")), "Profile(withheld)");
}

/// What the stories are told in: wallets, chains of entries, and a clock.
struct World {
    now: Timestamp,
    grace: Duration,
    addressed: Addressed,
    wallets: BTreeMap<WalletId, Wallet>,
    chains: BTreeMap<AccountNumber, Vec<Transaction>>,
}

impl World {
    fn new() -> World {
        let (wallets, chains) = (BTreeMap::new(), BTreeMap::new());
        let mut world =
            World { now: day("1"), grace: Duration::days(30), addressed: Addressed::default(), wallets, chains };
        for step in ["create W", "open A in W for EUR"] {
            world.step(step).unwrap();
        }
        world
    }

    /// The outcome of the last step of a story.
    fn tell(&mut self, story: &str) -> String {
        let mut outcome = Ok(String::new());
        for step in story.split(", ") {
            if let Err(refusal) = outcome {
                return format!("{refusal}, before {step}");
            }
            outcome = match step.strip_prefix("refused: ") {
                None => self.step(step),
                Some(step) => match self.step(step) {
                    Ok(done) => Err(format!("not refused but {done}")),
                    Err(_) => Ok(String::new()),
                },
            };
        }
        outcome.unwrap_or_else(|refusal| refusal)
    }

    /// The outcome of the last step of a story in whose way something is put just before.
    fn obstructed(story: &str, obstacles: &[&Obstacle]) -> String {
        let (before, last) = story.rsplit_once(", ").unwrap_or(("day 1", story));
        let mut world = World::new();
        world.tell(before);
        // What takes something away comes last, so that the others find it.
        for obstacle in obstacles.iter().rev() {
            obstacle.3(&mut world);
        }
        world.tell(last)
    }

    fn step(&mut self, step: &str) -> Result<String, String> {
        let (name, step) = step.split_once(": ").unwrap_or(("A", step));
        let words: Vec<&str> = step.split(' ').collect();
        let outcome = match &words[..] {
            [words @ .., "via", code] if code.len() == 3 => {
                self.addressed.currency = Some(currency(code));
                self.perform(name, words)
            }
            [words @ .., "via", id] => {
                self.addressed.wallet = Some(wallet(id));
                self.perform(name, words)
            }
            words => self.perform(name, words),
        };
        self.addressed = Addressed::default();
        outcome
    }

    fn perform(&mut self, name: &str, words: &[&str]) -> Result<String, String> {
        match *words {
            ["day", number] => self.now = day(number),
            ["just", "before", "day", number] => self.now = day(number).minus(Duration(1)),
            ["grace", days, "days"] => self.grace = Duration::days(days.parse().unwrap()),
            _ => return self.ask(name, words),
        }
        Ok(String::new())
    }

    fn ask(&mut self, name: &str, words: &[&str]) -> Result<String, String> {
        match *words {
            ["load", value] => self.load(name, false, value),
            ["earn", value] => self.load(name, true, value),
            ["spend", units] => self.act(name, &Command::Spend { amount: amount(units)?, note: Note::default() }),
            ["refund", original] => self.act(name, &Command::Refund { original: id(name, original), amount: None }),
            ["refund", units, "of", original] => {
                let (original, amount) = (id(name, original), Some(amount(units)?));
                self.act(name, &Command::Refund { original, amount })
            }
            ["cancel", original] => self.act(name, &Command::Cancel { original: id(name, original) }),
            ["fix", "by", units] => self.fix(name, Fix::By(Delta::new(units.parse().unwrap()).unwrap())),
            ["fix", "to", units] => self.fix(name, Fix::To(balance(units.parse().unwrap()))),

            ["create", id] => self.create(id, Status::Active, Profile::default()),
            ["create", id, "frozen"] => self.create(id, Status::Frozen, Profile::default()),
            ["create", id, "titled", title] => self.create(id, Status::Active, titled(title)),
            ["create", id, "by", name] => {
                self.create(id, Status::Active, Profile { updated_by: Text::parse(name).ok(), ..Profile::default() })
            }
            ["open", name, "in", id, "for", code] => {
                let command = WalletCommand::Open(NewAccount {
                    number: number(name),
                    currency: currency(code),
                    exponent: 2,
                    title: None,
                });
                self.change(id, &command)
            }
            ["add", name, "to", id] => self.change(id, &WalletCommand::Add { number: number(name) }),
            ["remove", name, "from", id] => self.change(id, &WalletCommand::Remove { number: number(name) }),
            ["freeze", id] => self.update(id, Some(Status::Frozen), Profile::default()),
            ["unfreeze", id] => self.update(id, Some(Status::Active), Profile::default()),
            ["close", id] => self.update(id, Some(Status::Closed), Profile::default()),
            ["title", id, title] => self.update(id, None, titled(title)),
            _ => panic!("no step: {words:?}"),
        }
    }

    fn load(&mut self, name: &str, earned: bool, value: &str) -> Result<String, String> {
        let (units, expiry) = match value.split_once('@') {
            Some((units, number)) => (units, at_day(number)),
            None => (value, Expiry::Never),
        };
        self.act(name, &Command::Load { amount: amount(units)?, earned, expiry, note: Note::default() })
    }

    fn fix(&mut self, name: &str, fix: Fix) -> Result<String, String> {
        self.act(name, &Command::Fix { fix, note: Note::default() })
    }

    fn create(&mut self, id: &str, status: Status, profile: Profile) -> Result<String, String> {
        self.change(id, &WalletCommand::Create { status, profile, accounts: Vec::new() })
    }

    fn update(&mut self, id: &str, status: Option<Status>, profile: Profile) -> Result<String, String> {
        self.change(id, &WalletCommand::Update { status, profile })
    }

    fn act(&mut self, name: &str, command: &Command) -> Result<String, String> {
        let decision = self.decide(name, command)?;
        let done: Vec<String> = self.commit(name, decision).iter().map(written).collect();
        Ok(format!("{}, leaving {}", done.join(", "), left(self.newest(name).unwrap())))
    }

    fn change(&mut self, id: &str, command: &WalletCommand) -> Result<String, String> {
        let id = wallet(id);
        let named = command.account().and_then(|number| self.newest(number.as_str()));
        let change =
            change_wallet(&id, self.wallets.get(&id), named, command, self.now).map_err(|refusal| refused(&refusal))?;
        // All of it is decided before any of it is written.
        let mut decisions = Vec::new();
        for (number, command) in &change.commands {
            decisions.push((number.as_str(), self.decide(number.as_str(), command)?));
        }

        let mut done = Vec::new();
        for (name, decision) in decisions {
            done.extend(self.commit(name, decision).iter().map(|entry| format!("{name} {}", written(entry))));
        }
        let accounts: Vec<&str> = change.wallet.accounts.values().map(AccountNumber::as_str).collect();
        done.push(format!("{id} {} ({})", change.wallet.status.as_str(), accounts.join(" ")));
        self.wallets.insert(id, change.wallet);
        Ok(done.join(", "))
    }

    fn newest(&self, name: &str) -> Option<&Account> {
        Some(&self.chains.get(&number(name))?.last()?.account)
    }

    fn decide(&self, name: &str, command: &Command) -> Result<Decision, String> {
        let find = |id: &TransactionId| self.chains.get(&id.account)?.iter().find(|entry| entry.account.seq == id.seq);
        let original = command.original().and_then(find);
        let context = Context { now: self.now, addressed: &self.addressed, original, refund_extension: self.grace };
        decide(self.newest(name), command, &context).map_err(|refusal| refused(&refusal))
    }

    /// Marks the original and appends what was decided, as the store does.
    fn commit(&mut self, name: &str, decision: Decision) -> Vec<Transaction> {
        let chain = self.chains.entry(number(name)).or_default();
        if let Some(mark) = decision.mark {
            let (Mark::Refunded { original, .. } | Mark::Canceled { original, .. }) = mark;
            let original = chain.iter_mut().find(|entry| entry.account.seq == original).unwrap();
            match mark {
                Mark::Refunded { after, .. } => original.refunded = after,
                Mark::Canceled { by, .. } => original.canceled_by = Some(by),
            }
        }
        let entries: Vec<Transaction> = decision.expired.into_iter().chain([decision.transaction]).collect();
        chain.extend(entries.iter().cloned());
        entries
    }

    fn account(&mut self) -> &mut Account {
        &mut self.chains.get_mut(&number("A")).unwrap().last_mut().unwrap().account
    }

    fn original(&mut self) -> &mut Transaction {
        &mut self.chains.get_mut(&number("A")).unwrap()[2]
    }

    fn hold(&mut self, parts: impl IntoIterator<Item = (Expiry, u64)>) {
        let parts = parts.into_iter().map(|(expiry, units)| (expiry, balance(units)));
        self.account().lots = Lots::new(parts.collect()).unwrap();
    }

    /// The wallet that the stories with obstacles are about.
    fn wallet(&mut self) -> &mut Wallet {
        self.wallets.values_mut().next().unwrap()
    }

    fn occupy(&mut self, currencies: impl IntoIterator<Item = impl ToString>) {
        let accounts = currencies.into_iter().map(|code| (currency(&code.to_string()), number("C")));
        self.wallet().accounts.extend(accounts);
    }
}

fn written(entry: &Transaction) -> String {
    let moves = entry.moves.iter().map(|(expiry, delta)| format!(" {:+}{}", delta.minor_units(), at(*expiry)));
    entry.kind.name().to_owned() + &moves.collect::<String>()
}

fn left(account: &Account) -> String {
    let parts = account.lots.iter().map(|(expiry, part)| format!("{}{}", part.minor_units(), at(expiry)));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(" ") }
}

fn refused(refusal: &Refusal) -> String {
    ["Balance(", "Seq(", ")", "{ ", " }"].iter().fold(format!("{refusal:?}"), |text, frame| text.replace(frame, ""))
}

fn at(expiry: Expiry) -> String {
    match expiry {
        Expiry::At(instant) => format!("@{}", instant.seconds() / (24 * 60 * 60)),
        Expiry::Never => String::new(),
    }
}

fn at_day(number: &str) -> Expiry {
    Expiry::At(day(number))
}

fn day(number: &str) -> Timestamp {
    Timestamp(0).plus(Duration::days(number.parse().unwrap()))
}

fn amount(units: &str) -> Result<Amount, String> {
    units.parse().ok().and_then(Amount::new).ok_or("malformed".to_owned())
}

fn balance(units: u64) -> Balance {
    Balance::new(units).unwrap()
}

/// `#3` is of the account that acts, `B#3` of another.
fn id(acting: &str, text: &str) -> TransactionId {
    let (name, seq) = text.split_once('#').unwrap();
    let name = if name.is_empty() { acting } else { name };
    TransactionId { account: number(name), seq: Seq::new(seq.parse().unwrap()).unwrap() }
}

fn titled(title: &str) -> Profile {
    Profile { title: Text::parse(title).ok(), ..Profile::default() }
}

fn number(name: &str) -> AccountNumber {
    AccountNumber::parse(name).unwrap()
}

fn wallet(name: &str) -> WalletId {
    WalletId::parse(name).unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}
