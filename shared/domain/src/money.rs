//! Money: integers in minor units, bounded so that every JSON reader keeps them exact. No operation wraps or panics,
//! and there is no `Add` or `Sub`: every sum says what happens at its bounds.

use serde::{Deserialize, Deserializer, Serialize};

/// The greatest amount and the greatest balance: 2^53 - 1, the last integer that a double holds exactly.
pub const MINOR_UNITS_MAX: u64 = 9_007_199_254_740_991;

/// What is loaded, spent, refunded: 1 to 2^53 - 1 minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Amount(u64);

/// What is there: 0 to 2^53 - 1 minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Balance(u64);

/// What an entry adds to a balance, or takes from it: -(2^53 - 1) to 2^53 - 1 minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Delta(i64);

impl Amount {
    /// An amount of that many minor units; none if it is 0 or above [`MINOR_UNITS_MAX`].
    #[must_use]
    pub fn new(minor_units: u64) -> Option<Amount> {
        (1..=MINOR_UNITS_MAX).contains(&minor_units).then_some(Amount(minor_units))
    }

    /// In minor units.
    #[must_use]
    pub fn minor_units(self) -> u64 {
        self.0
    }
}

impl Balance {
    /// Nothing: a balance like any other.
    pub const ZERO: Balance = Balance(0);

    /// A balance of that many minor units; none above [`MINOR_UNITS_MAX`].
    #[must_use]
    pub fn new(minor_units: u64) -> Option<Balance> {
        (minor_units <= MINOR_UNITS_MAX).then_some(Balance(minor_units))
    }

    /// In minor units.
    #[must_use]
    pub fn minor_units(self) -> u64 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This as an amount; none if there is nothing.
    #[must_use]
    pub fn as_amount(self) -> Option<Amount> {
        Amount::new(self.0)
    }

    /// This balance after an entry; none below zero and above [`MINOR_UNITS_MAX`].
    #[must_use]
    pub fn after(self, delta: Delta) -> Option<Balance> {
        self.0.checked_add_signed(delta.0).and_then(Balance::new)
    }

    /// Both together; none above [`MINOR_UNITS_MAX`].
    #[must_use]
    pub fn plus(self, more: Balance) -> Option<Balance> {
        self.0.checked_add(more.0).and_then(Balance::new)
    }

    /// What is left when `less` is gone; none if that is more than there is.
    #[must_use]
    pub fn minus(self, less: Balance) -> Option<Balance> {
        self.0.checked_sub(less.0).map(Balance)
    }

    /// What of this fits into `at_most`, and the rest of it.
    #[must_use]
    pub fn split(self, at_most: Balance) -> (Balance, Balance) {
        let taken = self.min(at_most);
        (taken, Balance(self.0.saturating_sub(taken.0)))
    }

    /// The entry that adds this.
    #[must_use]
    pub fn credit(self) -> Delta {
        Delta(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    /// The entry that takes this.
    #[must_use]
    pub fn debit(self) -> Delta {
        Delta(self.credit().0.saturating_neg())
    }

    /// What leads from `before` to this balance.
    #[must_use]
    pub fn since(self, before: Balance) -> Delta {
        Delta(self.credit().0.saturating_add(before.debit().0))
    }
}

impl From<Amount> for Balance {
    fn from(amount: Amount) -> Balance {
        Balance(amount.0)
    }
}

impl Delta {
    /// No change: what an administrative entry moves.
    pub const ZERO: Delta = Delta(0);

    /// That many minor units up or down; none beyond [`MINOR_UNITS_MAX`] either way.
    #[must_use]
    pub fn new(minor_units: i64) -> Option<Delta> {
        (minor_units.unsigned_abs() <= MINOR_UNITS_MAX).then_some(Delta(minor_units))
    }

    /// In minor units; negative when it takes.
    #[must_use]
    pub fn minor_units(self) -> i64 {
        self.0
    }

    /// How much, whichever way; none if nothing.
    #[must_use]
    pub fn magnitude(self) -> Option<Amount> {
        Amount::new(self.0.unsigned_abs())
    }

    /// Whether it takes.
    #[must_use]
    pub fn is_debit(self) -> bool {
        self.0 < 0
    }

    /// Both together; none beyond [`MINOR_UNITS_MAX`] either way.
    #[must_use]
    pub fn plus(self, more: Delta) -> Option<Delta> {
        self.0.checked_add(more.0).and_then(Delta::new)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let minor_units = deserializer.deserialize_u64(Integer("an integer from 1 to 9007199254740991"))?;
        u64::try_from(minor_units).ok().and_then(Amount::new).ok_or_else(|| out_of_range("1 to 9007199254740991"))
    }
}

impl<'de> Deserialize<'de> for Balance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Balance, D::Error> {
        let minor_units = deserializer.deserialize_u64(Integer("an integer from 0 to 9007199254740991"))?;
        u64::try_from(minor_units).ok().and_then(Balance::new).ok_or_else(|| out_of_range("0 to 9007199254740991"))
    }
}

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Delta, D::Error> {
        let minor_units =
            deserializer.deserialize_i64(Integer("an integer from -9007199254740991 to 9007199254740991"))?;
        i64::try_from(minor_units)
            .ok()
            .and_then(Delta::new)
            .ok_or_else(|| out_of_range("-9007199254740991 to 9007199254740991"))
    }
}

fn out_of_range<E: serde::de::Error>(range: &str) -> E {
    E::custom(format_args!("must be an integer from {range}"))
}

/// Reads any integer of JSON, and nothing else: no fraction, no exponent, no string.
struct Integer(&'static str);

impl serde::de::Visitor<'_> for Integer {
    type Value = i128;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E>(self, value: u64) -> Result<i128, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<i128, E> {
        Ok(value.into())
    }
}
