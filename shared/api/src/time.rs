//! Timestamps of the contract: RFC 3339 in UTC with milliseconds.

use ::time::format_description::well_known::Rfc3339;
use ::time::macros::format_description;
use ::time::{Date, OffsetDateTime};
use domain::{Duration, Expiry, Timestamp};
use serde::{Deserialize, Deserializer};

/// `2025-04-28T11:53:59.137Z`. An instant after the year 9999 has no such text and reads as its last millisecond.
#[must_use]
pub fn text(instant: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let nanoseconds = i128::from(instant.0).saturating_mul(1_000_000);
    let written = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok().and_then(|time| time.format(format).ok());
    written.unwrap_or_else(|| "9999-12-31T23:59:59.999Z".to_owned())
}

/// Reads an instant with its offset, to the millisecond; none if it is no RFC 3339 or before 1970.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos().checked_div_euclid(1_000_000)?).ok().map(Timestamp)
}

/// Reads a day; the instant is its beginning in UTC.
#[must_use]
pub fn parse_day(text: &str) -> Option<Timestamp> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    let seconds = u64::try_from(day.midnight().assume_utc().unix_timestamp()).ok()?;
    Some(Timestamp(0).plus(Duration::seconds(seconds)))
}

/// What a member that is a time has to be.
pub const EXPECTED: &str = "must be a time such as 2025-04-28T11:53:59.137Z, or a day";

/// When value expires: an instant, or a day, which means the end of that day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiresAt(pub Expiry);

impl<'de> Deserialize<'de> for ExpiresAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExpiresAt, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant = parse(&text).or_else(|| parse_day(&text).map(|day| day.plus(Duration::days(1))));
        let instant = instant.ok_or_else(|| serde::de::Error::custom(EXPECTED))?;
        Ok(ExpiresAt(Expiry::At(instant)))
    }
}
