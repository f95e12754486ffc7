//! Verification: reads what is stored and tells what of it the ledger would not have written. Its rules are told apart from
//! those that decide, and it takes a ledger that is in use: what looks wrong is read again before it is called so.
//!
//! [`chain`] says what the entries of one account have to be, without reading anything; [`walk`] reads them, and
//! [`wallet`] everything that is not part of a chain. A scan finds what there is: no request may do that, but
//! an operator may.

mod chain;
mod finding;
mod marks;
mod repair;
mod rules;
mod used;
mod walk;
mod wallet;

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{AccountNumber, Project, ProjectId, Seq, Timestamp};
use tokio::sync::Mutex;
use tokio::time::Instant;

pub use finding::{Finding, Flaw, Rule, Subject};

use crate::error::{Error, Trouble};
use crate::item::Item;
use crate::keys::{Found, Key};
use crate::meter::{Cost, Meter};
use crate::{Hash, Session, Store};

/// How often something that looks wrong is read again before it is called so, and how long apart: a transaction that is seen
/// in part is seen as a whole by then.
const REREADS: u32 = 3;
const REREAD_AFTER: Duration = Duration::from_millis(100);

/// How many items are read at once: about half of what DynamoDB gives at most.
const PAGE_ITEMS: u32 = 500;

/// The newest entry of an account, to hold a later run against: from there on history was only appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The account's project.
    pub project: ProjectId,
    /// The account.
    pub account: AccountNumber,
    /// The entry's number.
    pub seq: Seq,
    /// Its hash.
    pub hash: Hash,
}

/// What a verification came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Accounts that were walked.
    pub accounts: u64,
    /// Their entries.
    pub entries: u64,
    /// Wallets.
    pub wallets: u64,
    /// Records of keys.
    pub keys: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many findings there are besides, where one account has too many to tell.
    pub more: u64,
    /// The newest entries of accounts without findings.
    pub heads: Vec<Head>,
}

impl Report {
    /// Adds another one.
    pub fn add(&mut self, other: Report) {
        let sum = |mine: &mut u64, more: u64| *mine = mine.saturating_add(more);
        sum(&mut self.accounts, other.accounts);
        sum(&mut self.entries, other.entries);
        sum(&mut self.wallets, other.wallets);
        sum(&mut self.keys, other.keys);
        sum(&mut self.more, other.more);
        self.findings.extend(other.findings);
        self.heads.extend(other.heads);
    }
}

/// Something in the ledger that is verified as one: an account, a wallet, a record, or an item that is none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part(Is);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Is {
    Known(Found),
    Stray(Key),
}

impl Part {
    /// The project that it belongs to, as far as its key says.
    #[must_use]
    pub fn project(&self) -> Option<&ProjectId> {
        match &self.0 {
            Is::Known(Found::Account(project, _) | Found::Wallet(project, _) | Found::ProjectKey(project, _)) => {
                Some(project)
            }
            Is::Stray(_) => None,
        }
    }

    /// The account that it is.
    #[must_use]
    pub fn account(&self) -> Option<&AccountNumber> {
        if let Is::Known(Found::Account(_, account)) = &self.0 { Some(account) } else { None }
    }

    /// Whether it stands in a partition whose key begins as those of `project`.
    #[must_use]
    pub fn is_of(&self, project: &ProjectId) -> bool {
        match &self.0 {
            Is::Known(_) => self.project() == Some(project),
            Is::Stray(key) => key.pk.split('#').next() == Some(project.as_str()),
        }
    }
}

/// Where a scan stands in its segment: the last key that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its partition key.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
}

/// What a scan found.
#[derive(Debug)]
pub struct Scanned {
    /// Accounts, wallets, records and strays that had not come yet.
    pub parts: Vec<Part>,
    /// How many items were read.
    pub items: u64,
    /// Where it goes on; none at the end of the segment.
    pub next: Option<Place>,
}

/// One verification: at one time, at one pace.
#[derive(Debug)]
pub struct Verifier {
    store: Store,
    now: Timestamp,
    feed: bool,
    meter: Meter,
    pace: Option<Units>,
    /// The settings that were read.
    projects: Mutex<HashMap<ProjectId, Project>>,
    unreadable_settings: OnceLock<String>,
}

/// Spreads calls so that they take so many units a second.
#[derive(Debug)]
struct Units {
    per_second: u32,
    turn: Mutex<Turn>,
}

/// When the next call may be made, and up to how many half units that has been put off for.
#[derive(Debug)]
struct Turn {
    at: Instant,
    paid: u32,
}

impl Store {
    /// Begins a verification at `now`. With `feed` every transaction has to be in the feed of its project; otherwise it may
    /// be. It takes no more than `units_per_second`, if that is said.
    #[must_use]
    pub fn verifier(&self, now: Timestamp, feed: bool, units_per_second: Option<u32>) -> Verifier {
        let pace = units_per_second
            .map(|units| Units { per_second: units.max(1), turn: Mutex::new(Turn { at: Instant::now(), paid: 0 }) });
        Verifier {
            store: self.patient(),
            now,
            feed,
            meter: Meter::default(),
            pace,
            projects: Mutex::default(),
            unreadable_settings: OnceLock::new(),
        }
    }

    /// The same store for work that nobody waits for: it would rather wait than fail.
    fn patient(&self) -> Store {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_attempt_timeout(Duration::from_secs(20))
            .operation_timeout(Duration::from_mins(3))
            .build();
        let config = self.client.config().to_builder();
        let config = config.timeout_config(timeouts).retry_config(RetryConfig::standard().with_max_attempts(10));
        Store { client: Client::from_conf(config.build()), ..self.clone() }
    }

    /// About how many items the ledger holds, as DynamoDB counts them now and then; none if it does not say.
    pub async fn items(&self) -> Option<u64> {
        let described = self.client.describe_table().table_name(&self.tables.ledger).send().await.ok()?;
        u64::try_from(described.table?.item_count?).ok()
    }
}

impl Verifier {
    /// What it has cost so far.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.meter.cost()
    }

    /// The next of what there is, after `from`, in one of so many segments of the ledger.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn scan(&self, (segment, segments): (u32, u32), from: Option<&Place>) -> Result<Scanned, Error> {
        let scan = self.store.client.scan().table_name(&self.store.tables.ledger).projection_expression("pk, sk");
        let scan = if segments > 1 {
            let [segment, segments] = [segment, segments].map(|number| i32::try_from(number).unwrap_or(i32::MAX));
            scan.segment(segment).total_segments(segments)
        } else {
            scan
        };
        let scan = scan.set_exclusive_start_key(from.map(Place::key)).limit(self.page_items()).consistent_read(true);
        self.wait().await;
        let page = scan.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(Trouble::of)?;
        self.meter.read(page.consumed_capacity());

        let mut parts: Vec<Part> = Vec::new();
        let mut last = from.and_then(|place| Part::of(&place.pk, &place.sk));
        for Place { pk, sk } in page.items().iter().filter_map(Place::of) {
            let part = Part::of(&pk, &sk).unwrap_or(Part(Is::Stray(Key { pk, sk })));
            // The items of an account lie together.
            if part.account().is_none() || last.as_ref() != Some(&part) {
                parts.push(part.clone());
            }
            last = Some(part);
        }
        let next = page.last_evaluated_key.as_ref().and_then(Place::of);
        Ok(Scanned { parts, items: u64::try_from(page.scanned_count).unwrap_or(0), next })
    }

    /// Verifies what a scan found; `head` is what an earlier run saw of it.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn part(&self, part: &Part, head: Option<&Head>) -> Result<Report, Error> {
        match &part.0 {
            Is::Known(Found::Account(project, account)) => {
                self.account(&self.project(project).await, account, head).await
            }
            Is::Known(Found::Wallet(project, wallet)) => self.wallet(&self.project(project).await, wallet).await,
            Is::Known(Found::ProjectKey(project, hash)) => self.project_key(&self.project(project).await, *hash).await,
            Is::Stray(Key { pk, sk }) => {
                let subject = Subject::Item { pk: pk.clone(), sk: sk.clone() };
                Ok(Report { findings: vec![Finding::new(subject, Flaw::Stray)], ..Report::default() })
            }
        }
    }

    /// Verifies everything there is, one after the other.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn everything(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut from = None;
        loop {
            let Scanned { parts, next, .. } = self.scan((0, 1), from.as_ref()).await?;
            for part in parts {
                report.add(self.part(&part, None).await?);
            }
            from = next;
            if from.is_none() {
                return Ok(report);
            }
        }
    }

    /// A project with its settings. If they can not be read, it is taken as a new one: its keys count for 25 hours, and what
    /// is kept of them beyond that is not looked for.
    pub async fn project(&self, id: &ProjectId) -> Project {
        let mut projects = self.projects.lock().await;
        if let Some(project) = projects.get(id) {
            return project.clone();
        }
        let read = self.store.project(id).await;
        if let Err(error) = &read {
            self.unreadable_settings.get_or_init(|| error.to_string());
        }
        let project = read.ok().flatten().unwrap_or_else(|| Project::new(id.clone()));
        projects.insert(id.clone(), project.clone());
        project
    }

    /// Why settings of projects could not be read, if that was so.
    #[must_use]
    pub fn unreadable_settings(&self) -> Option<&str> {
        self.unreadable_settings.get().map(String::as_str)
    }

    fn session<'a>(&'a self, project: &'a Project) -> Session<'a> {
        self.store.session(project, self.now, 0, Instant::now(), &self.meter)
    }

    fn page_items(&self) -> i32 {
        let paced = self.pace.as_ref().map_or(PAGE_ITEMS, |pace| pace.per_second.saturating_mul(2).min(PAGE_ITEMS));
        i32::try_from(paced).unwrap_or(i32::MAX)
    }

    /// Waits until it is this call's turn: as long as everything took that was read until now.
    async fn wait(&self) {
        self.meter.call();
        if let Some(pace) = &self.pace {
            let at = {
                let mut turn = pace.turn.lock().await;
                let taken = self.meter.cost().half_read_units;
                let halves = u64::from(taken.saturating_sub(turn.paid));
                let nanos = halves.saturating_mul(500_000_000).checked_div(pace.per_second.into()).unwrap_or(0);
                let from = turn.at.max(Instant::now());
                let at = from.checked_add(Duration::from_nanos(nanos)).unwrap_or(from);
                *turn = Turn { at, paid: taken };
                at
            };
            tokio::time::sleep_until(at).await;
        }
    }
}

impl Part {
    fn of(pk: &str, sk: &str) -> Option<Part> {
        Found::of(pk, sk).map(|found| Part(Is::Known(found)))
    }
}

impl Place {
    fn of(item: &Item) -> Option<Place> {
        let part = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Place { pk: part("pk")?, sk: part("sk")? })
    }

    fn key(&self) -> Item {
        let [pk, sk] = [&self.pk, &self.sk].map(|part| AttributeValue::S(part.clone()));
        Item::from([("pk".to_owned(), pk), ("sk".to_owned(), sk)])
    }
}
