//! Laws that hold for every history, whatever was asked for at whatever time, and the values that histories are made
//! of. What each operation means, case by case, is in `rules.rs`.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

use std::collections::BTreeMap;
use std::mem;

use domain::decide::Mark;
use domain::ids::{SEQ_MAX, TEXT_CHARS_MAX};
use domain::money::MINOR_UNITS_MAX;
use domain::{
    Account, AccountNumber, Addressed, Amount, Balance, Command, Context, Currency, Delta, Duration, Expiry, Fix,
    IdempotencyKey, Kind, Lots, Moves, NewAccount, Note, Project, ProjectId, Refusal, Seq, Status, Text, Timestamp,
    Transaction, TransactionId, WalletId, decide,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as Unreadable;

/// When every history begins, in milliseconds; and how many of them refunded value of an expired lot lives on.
const OPENED: u64 = 1_000;
const GRACE: u64 = 5;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(400))]

    /// A unit of the model is worth 1, or a hundredth of what a balance can be.
    #[test]
    fn decisions_are_those_of_a_model_that_counts_single_units(
        worth in prop_oneof![Just(1), Just(MINOR_UNITS_MAX / 100)],
        steps in vec((-3..=4_i64, action(1..=40_u64)), 1..60),
    ) {
        let mut chain = Chain::open(Seq::FIRST, Duration(GRACE));
        let mut model = Model::open(worth);
        let mut now = OPENED;
        for (ticks, action) in steps {
            now = now.saturating_add_signed(ticks);
            let decided = chain.perform(Timestamp(now), &action.command(&chain, now, worth));
            prop_assert_eq!(decided, model.perform(now, &action), "{:?} at {}", action, now);
            model.agrees_with(&chain);
        }
        chain.keeps_the_laws();
        for entry in &chain.entries {
            prop_assert_eq!(entry.balance(), entry.account.lots.posted(), "what has expired is booked");
        }
    }

    #[test]
    fn the_laws_hold_at_the_ends_of_money_time_and_numbers(
        first in prop_oneof![Just(1), SEQ_MAX - 30..=SEQ_MAX],
        grace in prop_oneof![0..=9_u64, Just(u64::MAX)],
        steps in vec((prop_oneof![30 => 0..=20_u64, 1 => u64::MAX - 9..=u64::MAX], action(extreme_amount())), 1..40),
    ) {
        let mut chain = Chain::open(Seq::new(first).unwrap(), Duration(grace));
        for (now, action) in steps {
            let _refused_or_not = chain.perform(Timestamp(now), &action.command(&chain, now, 1));
        }
        chain.keeps_the_laws();
    }

    #[test]
    fn giving_back_all_of_a_spend_restores_its_lots(
        loads in vec((1..=30_u64, option::of(1..=9_u64)), 1..9),
        spent in any::<Index>(),
        parts in vec(1..=90_u64, 0..9),
        canceled in any::<bool>(),
    ) {
        let mut chain = Chain::open(Seq::FIRST, Duration(GRACE));
        let now = Timestamp(OPENED);
        for (units, lasts) in loads {
            let expiry = lasts.map_or(Expiry::Never, |ticks| Expiry::At(Timestamp(OPENED + ticks)));
            let load = Command::Load { amount: amount(units), earned: false, expiry, note: Note::default() };
            chain.perform(now, &load).unwrap();
        }
        let before = chain.account().lots.clone();
        let spent = amount(1 + u64::try_from(spent.index(size(before.posted().minor_units()))).unwrap());
        chain.perform(now, &Command::Spend { amount: spent, note: Note::default() }).unwrap();
        let original = chain.entries.last().unwrap().id();
        if canceled {
            chain.perform(now, &Command::Cancel { original }).unwrap();
        } else {
            // As many parts as fit, and then the rest of it.
            for part in parts {
                let refund = Command::Refund { original: original.clone(), amount: Some(amount(part)) };
                let _too_much = chain.perform(now, &refund);
            }
            let _nothing_left = chain.perform(now, &Command::Refund { original, amount: None });
        }
        prop_assert_eq!(&chain.account().lots, &before);
    }
}

/// What is asked for, of an account whose chain is not known yet.
#[derive(Clone, Debug)]
enum Action {
    Open,
    Load { units: u64, lasts: Option<i64>, earned: bool },
    Spend { units: u64 },
    Refund { original: Index, units: Option<u64> },
    Cancel { original: Index },
    Fix { up: bool, units: u64 },
    FixTo { units: u64 },
    Freeze,
    Unfreeze,
    Close,
    Link { frozen: bool },
    Unlink,
}

fn action(units: impl Strategy<Value = u64> + Clone + 'static) -> impl Strategy<Value = Action> {
    let load = (units.clone(), option::of(-1..=12_i64), any::<bool>());
    // Often so little that several refunds of one spend fit.
    let part = prop_oneof![units.clone(), units.clone().prop_map(|units| units.div_ceil(8))];
    let refund = (any::<Index>(), option::weighted(0.8, part));
    prop_oneof![
        20 => load.prop_map(|(units, lasts, earned)| Action::Load { units, lasts, earned }),
        15 => units.clone().prop_map(|units| Action::Spend { units }),
        40 => refund.prop_map(|(original, units)| Action::Refund { original, units }),
        10 => any::<Index>().prop_map(|original| Action::Cancel { original }),
        3 => (any::<bool>(), units.clone()).prop_map(|(up, units)| Action::Fix { up, units }),
        3 => units.prop_map(|units| Action::FixTo { units: units - 1 }),
        2 => Just(Action::Freeze),
        4 => Just(Action::Unfreeze),
        1 => Just(Action::Close),
        1 => any::<bool>().prop_map(|frozen| Action::Link { frozen }),
        1 => Just(Action::Unlink),
        1 => Just(Action::Open),
    ]
}

fn extreme_amount() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![1..=3_u64, 1..=MINOR_UNITS_MAX, MINOR_UNITS_MAX - 3..=MINOR_UNITS_MAX]
}

impl Action {
    fn command(&self, chain: &Chain, now: u64, worth: u64) -> Command {
        let note = Note::default();
        let balance = |units: u64| Balance::new(units * worth).unwrap();
        // The last one is no entry.
        let id = |original: &Index| {
            let first = chain.entries[0].account.seq.number();
            let seq = first + u64::try_from(original.index(chain.entries.len() + 1)).unwrap();
            TransactionId { account: number(), seq: Seq::new(seq).unwrap_or(Seq::FIRST) }
        };
        match self {
            Action::Open => Command::Open {
                new: NewAccount {
                    number: number(),
                    currency: Currency::parse("EUR").unwrap(),
                    exponent: 2,
                    title: None,
                },
                wallet: WalletId::parse("W").unwrap(),
                status: Status::Active,
            },
            Action::Load { units, lasts, earned } => {
                let expiry = lasts.map(|ticks| Expiry::At(Timestamp(now.saturating_add_signed(ticks))));
                let expiry = expiry.unwrap_or(Expiry::Never);
                Command::Load { amount: amount(units * worth), earned: *earned, expiry, note }
            }
            Action::Spend { units } => Command::Spend { amount: amount(units * worth), note },
            Action::Refund { original, units } => {
                Command::Refund { original: id(original), amount: units.map(|units| amount(units * worth)) }
            }
            Action::Cancel { original } => Command::Cancel { original: id(original) },
            Action::Fix { up: true, units } => Command::Fix { fix: Fix::By(balance(*units).credit()), note },
            Action::Fix { up: false, units } => Command::Fix { fix: Fix::By(balance(*units).debit()), note },
            Action::FixTo { units } => Command::Fix { fix: Fix::To(balance(*units)), note },
            Action::Freeze => Command::Freeze,
            Action::Unfreeze => Command::Unfreeze,
            Action::Close => Command::Close,
            Action::Link { frozen } => Command::Link { wallet: WalletId::parse("W").unwrap(), status: status(*frozen) },
            Action::Unlink => Command::Unlink,
        }
    }
}

fn status(frozen: bool) -> Status {
    if frozen { Status::Frozen } else { Status::Active }
}

fn number() -> AccountNumber {
    AccountNumber::parse("A").unwrap()
}

fn amount(minor_units: u64) -> Amount {
    Amount::new(minor_units).unwrap()
}

/// An account as a store keeps it.
struct Chain {
    entries: Vec<Transaction>,
    grace: Duration,
}

impl Chain {
    fn open(first: Seq, grace: Duration) -> Chain {
        let account = Account {
            number: number(),
            currency: Currency::parse("EUR").unwrap(),
            exponent: 2,
            wallet: Some(WalletId::parse("W").unwrap()),
            status: Status::Active,
            lots: Lots::EMPTY,
            opened: Timestamp(0),
            seq: first,
            at: Timestamp(0),
        };
        let (moves, note) = (Moves::new(), Note::default());
        let refunded = Balance::ZERO;
        let opened = Transaction { kind: Kind::Initialized, moves, note, account, refunded, canceled_by: None };
        Chain { entries: vec![opened], grace }
    }

    fn account(&self) -> &Account {
        &self.entries.last().unwrap().account
    }

    fn perform(&mut self, now: Timestamp, command: &Command) -> Result<(), Refusal> {
        let original = command.original().and_then(|id| self.entries.iter().find(|entry| entry.account.seq == id.seq));
        let addressed = &Addressed::default();
        let context = Context { now, addressed, original, refund_extension: self.grace };
        let decision = decide(Some(self.account()), command, &context)?;
        if let Some(mark) = decision.mark {
            self.mark(mark);
        }
        self.entries.extend(decision.expired.into_iter().chain([decision.transaction]));
        Ok(())
    }

    fn mark(&mut self, mark: Mark) {
        let (Mark::Refunded { original, .. } | Mark::Canceled { original, .. }) = mark;
        let original = self.entries.iter_mut().find(|entry| entry.account.seq == original).unwrap();
        assert_eq!(original.canceled_by, None);
        match mark {
            Mark::Refunded { before, after, .. } => {
                assert_eq!(mem::replace(&mut original.refunded, after), before);
            }
            Mark::Canceled { by, .. } => {
                assert!(original.refunded.is_zero());
                original.canceled_by = Some(by);
            }
        }
    }

    fn keeps_the_laws(&self) {
        for pair in self.entries.windows(2) {
            let [before, entry] = pair else { unreachable!("windows of two") };
            follows(before, entry);
        }
        let mut posted = 0;
        for entry in &self.entries {
            posted += entry.amount().minor_units();
            let sum: u64 = entry.account.lots.iter().map(|(_, part)| part.minor_units()).sum();
            assert_eq!(i64::try_from(sum), Ok(posted), "posted = sum of amounts = sum of lots");
            assert_eq!(entry.account.lots.posted().minor_units(), sum);
            assert!(entry.balance() <= entry.account.lots.posted());
            assert!(sum <= MINOR_UNITS_MAX);
            self.keeps_its_marks(entry);
        }
    }

    /// The two members of an entry that change say what can be seen from the later entries.
    fn keeps_its_marks(&self, original: &Transaction) {
        let seq = original.account.seq;
        let of_it = |kind: Kind| self.entries.iter().filter(move |entry| entry.kind == kind);
        let refunded = of_it(Kind::Refunded { original: seq }).map(|entry| entry.amount().minor_units()).sum();
        assert_eq!(original.refunded.credit().minor_units(), refunded);
        assert!(refunded <= original.amount().minor_units().abs(), "0 <= refunded <= amount");
        let canceled: Vec<Seq> = of_it(Kind::Canceled { original: seq }).map(|entry| entry.account.seq).collect();
        assert_eq!(original.canceled_by.into_iter().collect::<Vec<_>>(), canceled);
        assert!(canceled.is_empty() || refunded == 0, "canceled implies refunded = 0");
    }
}

/// What `entry` is to the entry `before` it.
fn follows(before: &Transaction, entry: &Transaction) {
    assert_eq!(before.account.seq.next(), Some(entry.account.seq), "seq is dense");
    assert!(before.account.at <= entry.account.at, "time does not go back");
    assert_eq!(before.account.lots.after(&entry.moves).as_ref(), Some(&entry.account.lots));
    assert_eq!(before.account.currency, entry.account.currency);

    let takes = entry.moves.values().all(|delta| delta.minor_units() < 0);
    let gives = entry.moves.values().all(|delta| delta.minor_units() > 0);
    assert!(takes || gives, "an entry goes one way: {entry:?}");
    if entry.kind == Kind::Spent {
        assert!(takes && !entry.moves.is_empty());
        let last_taken = *entry.moves.keys().next_back().unwrap();
        assert!(entry.account.lots.iter().all(|(left, _)| left >= last_taken), "earliest expiry first");
    }
    for expiry in entry.moves.keys().filter(|_| takes) {
        assert_eq!(expiry.has_come(entry.account.at), entry.kind == Kind::Expired, "only what is there is spent");
    }
}

const NEVER: u64 = u64::MAX;

/// An account of which each single unit is known by the time when it expires.
#[derive(Clone)]
struct Model {
    worth: u64,
    units: Vec<u64>,
    entries: Vec<Past>,
    status: Status,
    linked: bool,
    at: u64,
}

#[derive(Clone)]
enum Past {
    Load {
        amount: usize,
        expiry: u64,
        canceled_by: Option<usize>,
    },
    /// With the units that are still spent, in the order in which they were taken.
    Spend {
        amount: usize,
        spent: Vec<u64>,
        canceled_by: Option<usize>,
    },
    Other,
}

impl Model {
    fn open(worth: u64) -> Model {
        Model { worth, units: vec![], entries: vec![Past::Other], status: Status::Active, linked: true, at: 0 }
    }

    fn perform(&mut self, now: u64, action: &Action) -> Result<(), Refusal> {
        let mut next = self.clone();
        next.at = next.at.max(now);
        let all = next.units.len();
        next.units.retain(|expiry| *expiry > next.at);
        if next.units.len() < all {
            next.entries.push(Past::Other);
        }
        // Originals are picked from what is there before.
        next.act(now, action, self.entries.len())?;
        *self = next;
        Ok(())
    }

    fn act(&mut self, now: u64, action: &Action, entries: usize) -> Result<(), Refusal> {
        if let Action::Open = action {
            return Err(Refusal::AccountExists);
        }
        let original = if let Action::Refund { original, .. } | Action::Cancel { original } = action {
            original.index(entries + 1)
        } else {
            0
        };
        if original == entries {
            return Err(Refusal::NotFound);
        }
        if self.status == Status::Closed {
            return Err(Refusal::WalletClosed);
        }
        let entry = match action {
            Action::Open => unreachable!("answered above"),
            Action::Load { units, lasts, .. } => {
                self.load(size(*units), lasts.map_or(NEVER, |ticks| now.saturating_add_signed(ticks)))?
            }
            Action::Spend { units } => self.spend(size(*units))?,
            Action::Refund { units, .. } => self.refund(original, units.map(size))?,
            Action::Cancel { .. } => self.cancel(original)?,
            Action::Fix { up: true, units } => self.give(vec![NEVER; size(*units)])?,
            Action::Fix { up: false, units } => self.fix_down(size(*units))?,
            Action::FixTo { units } if size(*units) < self.units.len() => {
                self.fix_down(self.units.len() - size(*units))?
            }
            Action::FixTo { units } => self.give(vec![NEVER; size(*units) - self.units.len()])?,
            Action::Freeze => self.status(Status::Frozen),
            Action::Unfreeze => self.status(Status::Active),
            Action::Close if self.units.is_empty() => self.status(Status::Closed),
            Action::Close => return Err(Refusal::BalanceRemains { available: self.balance(self.units.len()) }),
            Action::Link { .. } if self.linked => return Err(Refusal::AccountLinked),
            Action::Link { frozen } => {
                self.linked = true;
                self.status(status(*frozen))
            }
            Action::Unlink => {
                self.debits()?;
                self.linked = false;
                Past::Other
            }
        };
        self.entries.push(entry);
        Ok(())
    }

    fn load(&mut self, amount: usize, expiry: u64) -> Result<Past, Refusal> {
        if expiry <= self.at {
            return Err(Refusal::ExpiryInPast);
        }
        self.give(vec![expiry; amount])?;
        Ok(Past::Load { amount, expiry, canceled_by: None })
    }

    fn spend(&mut self, amount: usize) -> Result<Past, Refusal> {
        self.debits()?;
        Ok(Past::Spend { amount, spent: self.take(amount)?, canceled_by: None })
    }

    fn refund(&mut self, original: usize, amount: Option<usize>) -> Result<Past, Refusal> {
        let Past::Spend { spent, canceled_by, .. } = &mut self.entries[original] else {
            return Err(Refusal::NotRefundable);
        };
        if canceled_by.is_some() {
            return Err(Refusal::TransactionCanceled);
        }
        if spent.is_empty() {
            return Err(Refusal::AlreadyRefunded);
        }
        let amount = amount.unwrap_or(spent.len());
        if amount > spent.len() {
            let refundable = spent.len();
            return Err(Refusal::RefundExceedsRemaining { refundable: self.balance(refundable) });
        }
        let last_taken = spent.split_off(spent.len() - amount);
        self.give_back(last_taken)
    }

    fn cancel(&mut self, original: usize) -> Result<Past, Refusal> {
        let by = self.entries.len();
        if let Past::Load { .. } = self.entries[original] {
            self.debits()?;
        }
        match &mut self.entries[original] {
            Past::Other => Err(Refusal::NotCancelable),
            Past::Load { canceled_by: Some(by), .. } | Past::Spend { canceled_by: Some(by), .. } => {
                Err(Refusal::AlreadyCanceled { canceled_by: TransactionId { account: number(), seq: seq(*by) } })
            }
            Past::Spend { spent, .. } if spent.is_empty() => Err(Refusal::AlreadyRefunded),
            Past::Spend { spent, amount, .. } if spent.len() < *amount => Err(Refusal::PartiallyRefunded),
            Past::Spend { spent, canceled_by, .. } => {
                *canceled_by = Some(by);
                let spent = spent.clone();
                self.give_back(spent)
            }
            Past::Load { expiry, .. } if *expiry <= self.at => Err(Refusal::LotExpired),
            Past::Load { amount, expiry, canceled_by } => {
                *canceled_by = Some(by);
                let (amount, own) = (*amount, *expiry);
                // Its own units first: as if nothing expired before them.
                self.take_by(amount, |expiry| if expiry == own { 0 } else { expiry })?;
                Ok(Past::Other)
            }
        }
    }

    fn fix_down(&mut self, amount: usize) -> Result<Past, Refusal> {
        self.debits()?;
        self.take(amount)?;
        Ok(Past::Other)
    }

    fn status(&mut self, status: Status) -> Past {
        self.status = status;
        Past::Other
    }

    fn debits(&self) -> Result<(), Refusal> {
        if self.status == Status::Frozen { Err(Refusal::WalletFrozen) } else { Ok(()) }
    }

    fn give_back(&mut self, mut units: Vec<u64>) -> Result<Past, Refusal> {
        for expiry in &mut units {
            if *expiry <= self.at {
                *expiry = self.at + GRACE;
            }
        }
        self.give(units)
    }

    fn give(&mut self, units: Vec<u64>) -> Result<Past, Refusal> {
        self.units.extend(units);
        let most = size(MINOR_UNITS_MAX / self.worth);
        if self.units.len() > most { Err(Refusal::BalanceLimit) } else { Ok(Past::Other) }
    }

    fn take(&mut self, amount: usize) -> Result<Vec<u64>, Refusal> {
        self.take_by(amount, |expiry| expiry)
    }

    fn take_by(&mut self, amount: usize, order: impl Fn(u64) -> u64) -> Result<Vec<u64>, Refusal> {
        let all = self.units.len();
        if amount > all {
            let (available, shortfall) = (self.balance(all), self.balance(amount - all));
            return Err(Refusal::InsufficientBalance { available, shortfall });
        }
        self.units.sort_by_key(|expiry| order(*expiry));
        Ok(self.units.drain(..amount).collect())
    }

    fn balance(&self, units: usize) -> Balance {
        Balance::new(u64::try_from(units).unwrap() * self.worth).unwrap()
    }

    fn agrees_with(&self, chain: &Chain) {
        let account = chain.account();
        let mut lots = BTreeMap::new();
        for unit in &self.units {
            let expiry = if *unit == NEVER { Expiry::Never } else { Expiry::At(Timestamp(*unit)) };
            *lots.entry(expiry).or_default() += 1;
        }
        let lots: Vec<_> = lots.into_iter().map(|(expiry, units)| (expiry, self.balance(units))).collect();
        assert_eq!(account.lots.iter().collect::<Vec<_>>(), lots);
        assert_eq!((account.status, account.wallet.is_some()), (self.status, self.linked));
        assert_eq!(account.at, Timestamp(self.at));

        assert_eq!(chain.entries.len(), self.entries.len());
        for (entry, past) in chain.entries.iter().zip(&self.entries) {
            let (refunded, canceled_by) = match past {
                Past::Spend { amount, spent, canceled_by } => (amount - spent.len(), *canceled_by),
                Past::Load { canceled_by, .. } => (0, *canceled_by),
                Past::Other => (0, None),
            };
            assert_eq!((entry.refunded, entry.canceled_by), (self.balance(refunded), canceled_by.map(seq)));
        }
    }
}

fn size(units: u64) -> usize {
    usize::try_from(units).unwrap()
}

/// The number of the entry at that place of a chain.
fn seq(place: usize) -> Seq {
    Seq::new(u64::try_from(place).unwrap() + 1).unwrap()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn an_id_is_read_as_it_was_written(account in "[A-Za-z0-9._:-]{1,64}", seq in 1..=SEQ_MAX) {
        let id = TransactionId { account: AccountNumber::parse(&account).unwrap(), seq: Seq::new(seq).unwrap() };
        prop_assert_eq!(TransactionId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn no_id_has_two_spellings(text in "[ab]-?-[0+]?[0-9]{0,3}") {
        if let Some(id) = TransactionId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn money_is_added_as_integers_are(one in extreme_amount(), other in extreme_amount()) {
        let (a, b) = (Balance::new(one).unwrap(), Balance::new(other).unwrap());
        prop_assert_eq!(a.plus(b), Balance::new(one + other));
        prop_assert_eq!(a.minus(b), one.checked_sub(other).and_then(Balance::new));
        prop_assert_eq!(a.after(b.credit()), a.plus(b));
        prop_assert_eq!(a.after(b.debit()), a.minus(b));
        prop_assert_eq!(b.after(a.since(b)), Some(a));
        prop_assert_eq!(a.split(b), (a.min(b), a.minus(b).unwrap_or(Balance::ZERO)));
        prop_assert_eq!(a.credit().plus(a.debit()), Some(Delta::ZERO));
        prop_assert_eq!(a.credit().plus(b.credit()), a.plus(b).map(Balance::credit));
        prop_assert_eq!(a.debit().magnitude(), Some(amount(one)));
        prop_assert!(a.debit().is_debit() && !a.credit().is_debit());
    }
}

#[test]
fn what_moves_nothing_takes_nothing() {
    assert!(!Delta::ZERO.is_debit());
    assert_eq!(Delta::ZERO.magnitude(), None);
}

/// A reference that is unique for ever is a key that is kept for ever.
#[test]
fn keys_are_kept_where_they_are_permanent_or_references_are_unique() {
    for (permanent_keys, unique_reference) in [(false, false), (false, true), (true, false), (true, true)] {
        let project = Project::new(ProjectId::parse("demo").unwrap());
        let project = Project { permanent_keys, unique_reference, ..project };
        assert_eq!(project.keeps_keys(), (permanent_keys, unique_reference) != (false, false), "{project:?}");
    }
}

#[test]
fn a_transaction_id_is_an_account_and_a_number() {
    let id = TransactionId::parse("gift-card-7-12").unwrap();
    assert_eq!((id.account.as_str(), id.seq.number()), ("gift-card-7", 12));
    assert_eq!(TransactionId::parse("a--1").unwrap().account.as_str(), "a-");
    assert!(TransactionId::parse("a-999999999999").is_some());
    let longest = "a".repeat(64);
    assert!(TransactionId::parse(&format!("{longest}-1")).is_some());

    for text in ["", "-", "a", "a-", "-1", "1", "a-0", "a-01", "a-+1", "a- 1", "a-1 ", "a-1.0", "a-x", "a#1", "a#b-1"] {
        assert_eq!(TransactionId::parse(text), None, "{text}");
    }
    assert_eq!(TransactionId::parse("a-1000000000000"), None);
    assert_eq!(TransactionId::parse("a-18446744073709551617"), None);
    assert_eq!(TransactionId::parse(&format!("{longest}a-1")), None);
}

#[test]
fn names_keep_to_their_alphabet_and_length() {
    let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
    let refused = ["", "a#b", "a b", " a", "a\n", "a/b", "a%", "é", "💰", "a\0", &too_long];
    for text in refused {
        assert!(AccountNumber::parse(text).is_err(), "{text}");
        assert!(WalletId::parse(text).is_err(), "{text}");
        assert!(ProjectId::parse(text).is_err(), "{text}");
        assert!(read::<AccountNumber>(text).is_none(), "{text}");
    }
    for text in ["a", "A.b_c:9", &longest] {
        assert_eq!(AccountNumber::parse(text).unwrap().as_str(), text);
        assert_eq!(WalletId::parse(text).unwrap().as_str(), text);
        assert_eq!(ProjectId::parse(text).unwrap().as_str(), text);
        assert_eq!(read::<AccountNumber>(text), AccountNumber::parse(text).ok());
    }
    assert!(AccountNumber::parse("a-b").is_ok());
    assert!(WalletId::parse("-").is_ok());
    assert!(ProjectId::parse("a-b").is_err());
    assert!(read::<ProjectId>("a-b").is_none());
}

#[test]
fn currencies_keys_and_texts_have_their_bounds() {
    for text in ["EUR", "POINT", "X1", "ABCDEFGHIJ12"] {
        assert!(Currency::parse(text).is_ok(), "{text}");
    }
    for text in ["", "E", "eur", "EU-R", "€€", "ABCDEFGHIJ123"] {
        assert!(Currency::parse(text).is_err(), "{text}");
    }
    assert!(IdempotencyKey::parse(&"!".repeat(255)).is_ok());
    assert!(IdempotencyKey::parse("~").is_ok());
    for text in ["", "a b", "a\t", "é", "\u{7f}", &"!".repeat(256)] {
        assert!(IdempotencyKey::parse(text).is_err(), "{text}");
    }
    // Characters, not bytes.
    assert!(Text::parse(&"💰".repeat(TEXT_CHARS_MAX)).is_ok());
    assert!(Text::parse(&"x".repeat(TEXT_CHARS_MAX + 1)).is_err());
}

#[test]
fn numbers_of_entries_go_from_1_to_12_digits() {
    assert_eq!(Seq::new(0), None);
    assert_eq!(Seq::new(1), Some(Seq::FIRST));
    assert_eq!(Seq::FIRST.next().map(Seq::number), Some(2));
    assert_eq!(Seq::new(SEQ_MAX).unwrap().next(), None);
    assert_eq!(Seq::new(SEQ_MAX + 1), None);
    assert_eq!(SEQ_MAX.to_string().len(), 12);
}

#[test]
fn a_kind_is_read_as_it_was_written() {
    let original = Seq::new(7).unwrap();
    let plain = [Kind::Initialized, Kind::Loaded, Kind::Earned, Kind::Spent, Kind::Fixed, Kind::Expired];
    let administrative = [Kind::Frozen, Kind::Unfrozen, Kind::Linked, Kind::Unlinked, Kind::Closed];
    let referring = [Kind::Refunded { original }, Kind::Canceled { original }];
    for kind in plain.into_iter().chain(administrative).chain(referring) {
        assert_eq!(Kind::parse(kind.name(), kind.original()), Some(kind));
    }
    assert_eq!(Kind::parse("REFUNDED", None), None);
    assert_eq!(Kind::parse("spent", None), None);
}

#[test]
fn money_has_its_bounds() {
    let most = Balance::new(MINOR_UNITS_MAX).unwrap();
    let one = Balance::new(1).unwrap();
    assert_eq!(MINOR_UNITS_MAX, 9_007_199_254_740_991);
    assert_eq!(Amount::new(0), None);
    assert_eq!(Amount::new(MINOR_UNITS_MAX + 1), None);
    assert_eq!(Balance::new(0), Some(Balance::ZERO));
    assert_eq!(Balance::new(MINOR_UNITS_MAX + 1), None);
    assert_eq!(Balance::ZERO.as_amount(), None);
    assert_eq!(most.plus(one), None);
    assert_eq!(most.plus(most), None);
    assert_eq!(Balance::ZERO.minus(one), None);
    assert_eq!(Delta::new(most.credit().minor_units() + 1), None);
    assert_eq!(Delta::new(most.debit().minor_units() - 1), None);
    assert_eq!(Delta::new(i64::MIN), None);
    assert_eq!(Delta::ZERO.magnitude(), None);
    assert_eq!(most.credit().plus(one.credit()), None);
    assert_eq!(most.debit().plus(one.debit()), None);

    assert_eq!(read(0_u64), Some(Balance::ZERO));
    assert_eq!(read(MINOR_UNITS_MAX), Some(most));
    assert_eq!(read::<Balance>(MINOR_UNITS_MAX + 1), None);
    assert_eq!(read::<Balance>(-1_i64), None);
    assert_eq!(read::<Balance>(1.0), None);
    assert_eq!(read(most.debit().minor_units()), Some(most.debit()));
    assert_eq!(read::<Delta>(most.debit().minor_units() - 1), None);
    assert_eq!(read::<Delta>(u64::MAX), None);
    assert_eq!(read::<Delta>("1"), None);
}

#[test]
fn lots_are_bounded_together_and_hold_no_nothing() {
    let lots = |parts: &[(Expiry, u64)]| {
        Lots::new(parts.iter().map(|(expiry, units)| (*expiry, Balance::new(*units).unwrap())).collect())
    };
    let soon = Expiry::At(Timestamp(5));
    assert_eq!(lots(&[(soon, MINOR_UNITS_MAX), (Expiry::Never, 1)]), None);
    assert_eq!(
        lots(&[(soon, MINOR_UNITS_MAX - 1), (Expiry::Never, 1)]).unwrap().posted().minor_units(),
        MINOR_UNITS_MAX
    );
    assert_eq!(lots(&[(soon, 0)]), Some(Lots::EMPTY));

    let both = lots(&[(Expiry::Never, 2), (soon, 3)]).unwrap();
    assert_eq!(both.available(Timestamp(4)).minor_units(), 5);
    assert_eq!(both.available(Timestamp(5)).minor_units(), 2);
    assert_eq!(both.iter().next().map(|(expiry, _)| expiry), Some(soon));
    assert_eq!(both.after(&Moves::from([(soon, both.part(soon).debit())])).unwrap().count(), 1);
    assert_eq!(both.after(&Moves::from([(soon, both.posted().debit())])), None);
}

#[test]
fn an_expiry_is_the_first_moment_without_its_value() {
    let noon = Timestamp(12);
    assert!(!Expiry::At(noon).has_come(Timestamp(11)));
    assert!(Expiry::At(noon).has_come(noon));
    assert!(Expiry::At(noon).has_come(Timestamp(13)));
    assert!(!Expiry::Never.has_come(Timestamp(u64::MAX)));
    assert!(Expiry::At(Timestamp(u64::MAX)) < Expiry::Never);
}

#[test]
fn time_stops_at_its_ends() {
    assert_eq!(Timestamp(u64::MAX).plus(Duration(1)), Timestamp(u64::MAX));
    assert_eq!(Timestamp(0).minus(Duration(1)), Timestamp(0));
    assert_eq!(Duration::days(u64::MAX), Duration(u64::MAX));
    assert_eq!(Duration::days(30), Duration(2_592_000_000));
    assert_eq!(Duration::hours(25), Duration::minutes(25 * 60));
    assert_eq!(Timestamp(1_999).seconds(), 1);
}

/// A value as a request brings it.
fn read<'de, T: Deserialize<'de>>(value: impl IntoDeserializer<'de, Unreadable>) -> Option<T> {
    T::deserialize(value.into_deserializer()).ok()
}
