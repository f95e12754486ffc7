//! Time as the ledger counts it: whole milliseconds since 1970-01-01T00:00:00Z.

use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub u64);

/// A span of time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub u64);

impl Timestamp {
    /// The instant that much later; the end of time if there is none.
    #[must_use]
    pub fn plus(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }

    /// The instant that much earlier; the beginning if there is none.
    #[must_use]
    pub fn minus(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }

    /// In whole seconds, rounded down.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1_000
    }
}

impl Duration {
    /// That many seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Duration {
        Duration(seconds.saturating_mul(1_000))
    }

    /// That many minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Duration {
        Duration::seconds(minutes.saturating_mul(60))
    }

    /// That many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Duration {
        Duration::minutes(hours.saturating_mul(60))
    }

    /// That many days of 24 hours.
    #[must_use]
    pub const fn days(days: u64) -> Duration {
        Duration::hours(days.saturating_mul(24))
    }
}
