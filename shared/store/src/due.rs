//! Due dates: when something that was loaded expires, and when its project wants to be told before. They lie in the table
//! `Events`, written after the commit; what they are not for is deciding anything, since every entry carries its expiries itself.
//!
//! | item | pk | sk | attributes |
//! |---|---|---|---|
//! | due date | `D#<day>` | `<milliseconds, 13 digits>#X#<project>#<account>` | `ttl` |
//! | of the notice before | `D#<day>` | `<milliseconds>#S#<project>#<account>#<expiry>` | `ttl` |
//! | how far they were gone through | `D` | `D` | `after` |

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{AccountNumber, Duration, ProjectId, Timestamp};
use futures_util::future::try_join_all;

use crate::Store;
use crate::error::Error;
use crate::item::{Attributes, Item, Read};
use crate::keys::Key;
use crate::webhooks::{MILLIS_DIGITS, day, millis_of};

/// How long a due date stays after its time, for whoever wants to see it.
pub const DUE_LIFE: Duration = Duration::days(7);

/// How many are written at once.
const AT_ONCE: usize = 25;

/// That something of an account is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Of this project.
    pub project: ProjectId,
    /// At this account.
    pub account: AccountNumber,
    /// What.
    pub what: What,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What has expired by then is to be booked.
    Expiry,
    /// It is to be told that value of this expiry will expire.
    Notice(Timestamp),
}

/// A place among all due dates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(String);

impl Store {
    /// Writes down due dates. One that is there already is the same.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn put_due(&self, dues: &[Due]) -> Result<(), Error> {
        for some in dues.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|due| self.put_events_item(due.to_item()))).await?;
        }
        Ok(())
    }

    /// What is due after `after` and until `until`, in the order of time, at most `count`: reads that and nothing else, but for a
    /// look at each day in between.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn due(&self, after: &Position, until: Timestamp, count: usize) -> Result<Vec<Due>, Error> {
        let to = Position::at(until);
        let mut found: Vec<Due> = Vec::new();
        for day in day(after.time())..=day(until) {
            let left = count.saturating_sub(found.len());
            if left == 0 || *after >= to {
                break;
            }
            for item in self.events_items(&format!("D#{day}"), &after.0, &to.0, left).await? {
                found.push(Due::from_item(&item).ok_or_else(|| Read(&item).damaged("sk"))?);
            }
        }
        Ok(found)
    }

    /// Where going through what is due ended; none if that was never done.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn due_position(&self) -> Result<Option<Position>, Error> {
        match self.events_item(&position()).await? {
            None => Ok(None),
            Some(item) => Ok(Some(Position(Read(&item).text("after")?.to_owned()))),
        }
    }

    /// Remembers where going through what is due ended.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn set_due_position(&self, after: &Position) -> Result<(), Error> {
        let mut item = Attributes::keyed(&position());
        item.text("after", &after.0);
        self.put_events_item(item.0).await
    }
}

impl Position {
    /// After everything that is due at `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Position {
        // The first character after what separates the parts of a sort key.
        Position(format!("{}$", millis_of(at)))
    }

    fn time(&self) -> Timestamp {
        let digits = self.0.get(..MILLIS_DIGITS).and_then(|digits| digits.parse().ok());
        Timestamp(digits.unwrap_or_default())
    }
}

impl Due {
    /// The place right after it.
    #[must_use]
    pub fn position(&self) -> Position {
        // No name holds a space, and every character of one comes after it.
        Position(format!("{} ", self.sk()))
    }

    fn sk(&self) -> String {
        let Due { at, project, account, what } = self;
        let at = millis_of(*at);
        match what {
            What::Expiry => format!("{at}#X#{project}#{account}"),
            What::Notice(expiry) => format!("{at}#S#{project}#{account}#{}", expiry.0),
        }
    }

    fn to_item(&self) -> Item {
        let mut item = Attributes::keyed(&Key { pk: format!("D#{}", day(self.at)), sk: self.sk() });
        item.number("ttl", Some(self.at.plus(DUE_LIFE).seconds()));
        item.0
    }

    fn from_item(item: &Item) -> Option<Due> {
        let sk = item.get("sk").map(AttributeValue::as_s)?.ok()?;
        let parts: Vec<&str> = sk.split('#').collect();
        let (at, project, account, what) = match parts.as_slice() {
            [at, "X", project, account] => (at, project, account, What::Expiry),
            [at, "S", project, account, expiry] => {
                (at, project, account, What::Notice(Timestamp(expiry.parse().ok()?)))
            }
            _ => return None,
        };
        let (project, account) = (ProjectId::parse(project).ok()?, AccountNumber::parse(account).ok()?);
        Some(Due { at: Timestamp(at.parse().ok()?), project, account, what })
    }
}

fn position() -> Key {
    Key { pk: "D".to_owned(), sk: "D".to_owned() }
}
