//! Counts what a request costs.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Adds up the calls of one request and the capacity that DynamoDB says they took.
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU32,
    half_reads: AtomicU32,
    half_writes: AtomicU32,
}

/// What a request cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Calls to DynamoDB, without the SDK's own repetitions.
    pub calls: u32,
    /// Read capacity, in half units.
    pub half_read_units: u32,
    /// Write capacity, in half units.
    pub half_write_units: u32,
}

impl Meter {
    /// What it has cost so far.
    #[must_use]
    pub fn cost(&self) -> Cost {
        Cost {
            calls: self.calls.load(Ordering::Relaxed),
            half_read_units: self.half_reads.load(Ordering::Relaxed),
            half_write_units: self.half_writes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read<'c>(&self, capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        self.half_reads.fetch_add(half_units(capacity), Ordering::Relaxed);
    }

    pub(crate) fn wrote<'c>(&self, capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        self.half_writes.fetch_add(half_units(capacity), Ordering::Relaxed);
    }
}

#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "DynamoDB tells capacity as a double that counts in halves; a cast of one saturates"
)]
fn half_units<'c>(capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) -> u32 {
    let units: f64 = capacity.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
    (units * 2.0).round() as u32
}
