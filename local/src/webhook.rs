//! `kese webhook`: where the events of a project go, whether they arrived, and how to send them again.

use std::error::Error;
use std::fmt::Write as _;

use api::webhook::{Reach, Secret, Unfit, Url, Verdict};
use api::{Event, event, time};
use clap::{Args, Subcommand};
use domain::{Duration, Project, ProjectId, Timestamp, Transaction, TransactionId};
use functions::Host;
use functions::deliver;
use functions::publish::Delivery;
use functions::sender::{Network, Sender};
use serde_json::{Value, json};
use store::webhooks::{Endpoint, LOG_LIFE, Target, Try};
use store::{Meter, Order, Store, Times};
use tokio::time::Instant;

use crate::project;

/// How many endpoints a project can have: each event is posted to all of them.
const ENDPOINTS_MAX: usize = 16;

/// How long reading the ledger may take before an operator is told that it does not answer.
const READ_MAX: std::time::Duration = std::time::Duration::from_mins(10);

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Post every event of a project to an address, signed with a secret that is shown this once
    Add {
        #[command(flatten)]
        project: Of,
        /// The address: https and public; on this machine also http to localhost
        #[arg(long, value_name = "URL")]
        url: String,
        /// Only events of this type, such as transaction.spent; once for each
        #[arg(long = "type", value_name = "TYPE", value_parser = clap::builder::PossibleValuesParser::new(event::TYPES))]
        types: Vec<String>,
    },
    /// List the endpoints of a project, without their secrets
    List {
        #[command(flatten)]
        project: Of,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Post nothing more to an endpoint, and forget its secret
    Remove {
        #[command(flatten)]
        project: Of,
        /// Its id, as list shows it
        id: String,
    },
    /// Post an event that says nothing, now, and tell what was answered
    Test {
        #[command(flatten)]
        project: Of,
        /// The endpoint's id, as list shows it
        id: String,
    },
    /// Show the latest tries to deliver, newest first; they are kept for thirty days
    Log {
        #[command(flatten)]
        project: Of,
        /// Only those of this event
        #[arg(long, value_name = "ID")]
        event: Option<String>,
        /// Only those that did not succeed
        #[arg(long)]
        failed: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Print a line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Deliver again, now and once: the events of one transaction, or of all that were written in a span of time
    Send {
        #[command(flatten)]
        project: Of,
        /// To this endpoint, as list shows it; not said, to all that want the event
        #[arg(long, value_name = "ID")]
        endpoint: Option<String>,
        /// Of this transaction
        #[arg(long, value_name = "ID", value_parser = transaction, required_unless_present = "from")]
        transaction: Option<TransactionId>,
        /// From this time on, such as 2027-01-01T12:00:00Z
        #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "transaction", requires = "to")]
        from: Option<Timestamp>,
        /// Until before this time
        #[arg(long, value_name = "TIME", value_parser = instant, requires = "from")]
        to: Option<Timestamp>,
    },
}

#[derive(Args)]
pub(crate) struct Of {
    /// The project
    #[arg(id = "project", long, value_name = "ID", value_parser = project::id)]
    id: ProjectId,
}

/// What the commands work with.
struct Desk {
    store: Store,
    sender: Sender,
    host: Host,
    reach: Reach,
}

/// Does it, and returns what to print. An error is one sentence for whoever asked.
pub(crate) async fn run(command: Command, store: Store, reach: Reach) -> Result<String, Box<dyn Error>> {
    let desk = Desk { store, sender: Sender::new(reach, Network::real()), host: Host::real(), reach };
    match command {
        Command::Add { project, url, types } => desk.add(&project.id, &url, types).await,
        Command::List { project, json } => desk.list(&project.id, json).await,
        Command::Remove { project, id } => {
            project::existing(&desk.store, &project.id).await?;
            if desk.store.remove_endpoint(&project.id, &id, (desk.host.now)()).await? {
                Ok(format!("{id} is removed; what is on its way to it may still arrive.\n"))
            } else {
                Err(no_endpoint(&project.id, &id))
            }
        }
        Command::Test { project, id } => desk.test(&project.id, &id).await,
        Command::Log { project, event, failed, limit, json } => {
            let tries = desk.tries(&project.id, event.as_deref(), failed, limit).await?;
            let lines = tries.iter().map(|done| if json { shown_as_json(done) } else { shown(done) });
            Ok(lines.map(|line| line + "\n").collect())
        }
        Command::Send { project, endpoint, transaction, from, to } => {
            let times = from.zip(to).map(|(start, end)| Times { start, end });
            desk.send(&project.id, endpoint.as_deref(), transaction.as_ref(), times).await
        }
    }
}

impl Desk {
    async fn add(&self, project: &ProjectId, url: &str, types: Vec<String>) -> Result<String, Box<dyn Error>> {
        project::existing(&self.store, project).await?;
        let url = Url::parse(url, self.reach).map_err(|unfit: Unfit| format!("The address {unfit}."))?;
        let endpoints = self.store.endpoints_of(project).await?;
        if endpoints.len() >= ENDPOINTS_MAX {
            return Err(format!("The project has {ENDPOINTS_MAX} endpoints; remove one of them first.").into());
        }
        let [id, half, other] = [(self.host.random)(), (self.host.random)(), (self.host.random)()];
        let id = format!("{id:032x}").split_at(12).0.to_owned();
        let mut random = [0; 32];
        random.split_at_mut(16).0.copy_from_slice(&half.to_be_bytes());
        random.split_at_mut(16).1.copy_from_slice(&other.to_be_bytes());
        let secret = Secret::mint(random).reveal();
        let created = (self.host.now)();
        let url = url.as_str().to_owned();
        let endpoint = Endpoint { id: id.clone(), url, secret: secret.clone(), types, created, off: None };
        self.store.put_endpoint(project, &endpoint).await?;
        Ok(format!(
            "endpoint  {id}\nsecret    {secret}\n\nThe secret is not shown again. Try it:\nkese webhook test --project {project} {id}\n"
        ))
    }

    async fn list(&self, project: &ProjectId, json: bool) -> Result<String, Box<dyn Error>> {
        project::existing(&self.store, project).await?;
        let mut endpoints = self.store.endpoints_of(project).await?;
        endpoints.sort_by_key(|endpoint| endpoint.created);
        if json {
            let endpoint = |endpoint: &Endpoint| {
                json!({
                    "id": endpoint.id,
                    "url": endpoint.url,
                    "types": endpoint.types,
                    "createdAt": time::text(endpoint.created),
                    "offSince": endpoint.off.map(time::text),
                })
            };
            return Ok(format!("{:#}\n", Value::Array(endpoints.iter().map(endpoint).collect())));
        }
        if endpoints.is_empty() {
            return Ok(format!("The project {project} has no endpoints; kese webhook add makes one.\n"));
        }
        let mut shown = String::new();
        for Endpoint { id, url, types, off, .. } in &endpoints {
            let types = if types.is_empty() { "every type".to_owned() } else { types.join(" ") };
            let off = off.map_or(String::new(), |off| format!("  off since {}: it answered 410", time::text(off)));
            writeln!(shown, "{id}  {url}  {types}{off}")?;
        }
        Ok(shown)
    }

    async fn test(&self, project: &ProjectId, id: &str) -> Result<String, Box<dyn Error>> {
        if self.store.endpoint(project, id).await?.is_none() {
            return Err(no_endpoint(project, id));
        }
        let event = Event::of_test(project, (self.host.random)(), (self.host.now)());
        let delivery = Delivery::new(project, Target::Endpoint(id.to_owned()), &event);
        match self.post(&delivery).await? {
            None => Err(format!("{id} is off: it answered 410. Remove it, and add it again.").into()),
            Some((done, Verdict::Done)) => {
                Ok(format!("{} in {} ms, as event {}\n", done.result, done.millis, done.event))
            }
            Some((done, _)) => Err(format!("The endpoint did not take it: {}.", done.result).into()),
        }
    }

    async fn tries(
        &self,
        project: &ProjectId,
        event: Option<&str>,
        failed: bool,
        limit: usize,
    ) -> Result<Vec<Try>, Box<dyn Error>> {
        project::existing(&self.store, project).await?;
        let end = (self.host.now)().plus(Duration(1));
        let any = event.is_none() && !failed;
        let tries = self.store.tries(project, end.minus(LOG_LIFE), end, if any { limit } else { usize::MAX }).await?;
        let wanted =
            |done: &Try| event.is_none_or(|event| event == done.event) && !(failed && done.result.starts_with('2'));
        Ok(tries.into_iter().filter(wanted).take(limit).collect())
    }

    async fn send(
        &self,
        project: &ProjectId,
        endpoint: Option<&str>,
        transaction: Option<&TransactionId>,
        times: Option<Times>,
    ) -> Result<String, Box<dyn Error>> {
        project::existing(&self.store, project).await?;
        let endpoints = self.store.endpoints_of(project).await?;
        if let Some(id) = endpoint
            && !endpoints.iter().any(|endpoint| endpoint.id == id)
        {
            return Err(no_endpoint(project, id));
        }
        let (mut sent, mut taken, mut shown) = (0_u64, 0_u64, String::new());
        let settings = Project::new(project.clone());
        let (meter, start) = (Meter::default(), Instant::now());
        let deadline = start.checked_add(READ_MAX).unwrap_or(start);
        let session = self.store.session(&settings, (self.host.now)(), 0, deadline, &meter);
        let mut one = match transaction {
            None => None,
            Some(id) => {
                let entry = session.entry(&id.account, id.seq).await?;
                Some(entry.ok_or_else(|| format!("There is no transaction {id}."))?.transaction)
            }
        };
        let mut many = times.map(|times| session.list_project_history(times, Order::OldestFirst, None));
        loop {
            let next = match &mut many {
                None => one.take(),
                Some(listing) => listing.next().await?,
            };
            let Some(transaction) = next else { break };
            let event = Event::of_transaction(project, &transaction);
            for target in targets(&endpoints, endpoint, &event, &transaction) {
                let delivery = Delivery::new(project, target, &event);
                let Some((done, verdict)) = self.post(&delivery).await? else { continue };
                sent = sent.saturating_add(1);
                taken = taken.saturating_add(u64::from(verdict == Verdict::Done));
                if verdict != Verdict::Done {
                    writeln!(shown, "{}", self::shown(&done))?;
                }
            }
        }
        writeln!(shown, "{taken} of {sent} deliveries were taken.")?;
        if taken == sent { Ok(shown) } else { Err(shown.trim_end().to_owned().into()) }
    }

    async fn post(&self, delivery: &Delivery) -> Result<Option<(Try, Verdict)>, store::Error> {
        deliver::attempt(&self.store, &self.sender, &self.host, delivery, 1).await
    }
}

/// Who gets an event again: one endpoint, or all that want it and the wallet.
fn targets(endpoints: &[Endpoint], only: Option<&str>, event: &Event, transaction: &Transaction) -> Vec<Target> {
    let wanting = endpoints.iter().filter(|endpoint| endpoint.wants(event.kind));
    let wanting = wanting.filter(|endpoint| only.is_none_or(|only| only == endpoint.id));
    let wallet = transaction.account.wallet.clone().filter(|_| only.is_none()).map(Target::Wallet);
    wanting.map(|endpoint| Target::Endpoint(endpoint.id.clone())).chain(wallet).collect()
}

fn shown(done: &Try) -> String {
    let Try { at, event, kind, transaction, target, number, result, millis, next } = done;
    let target = target_name(target);
    let transaction = transaction.as_ref().map_or("-".to_owned(), TransactionId::to_string);
    let next = next.map_or(String::new(), |next| format!("  again {}", time::text(next)));
    format!("{}  {result}  {millis} ms  try {number}  {target}  {kind}  {transaction}  {event}{next}", time::text(*at))
}

fn shown_as_json(done: &Try) -> String {
    json!({
        "at": time::text(done.at),
        "event": done.event,
        "type": done.kind,
        "transactionId": done.transaction.as_ref().map(ToString::to_string),
        "target": target_name(&done.target),
        "try": done.number,
        "result": done.result,
        "millis": done.millis,
        "next": done.next.map(time::text),
    })
    .to_string()
}

fn target_name(target: &Target) -> String {
    match target {
        Target::Endpoint(id) => id.clone(),
        Target::Wallet(wallet) => format!("wallet {wallet}"),
    }
}

fn no_endpoint(project: &ProjectId, id: &str) -> Box<dyn Error> {
    format!("The project {project} has no endpoint {id}; kese webhook list --project {project} shows them.").into()
}

fn transaction(text: &str) -> Result<TransactionId, String> {
    TransactionId::parse(text).ok_or_else(|| "is no id of a transaction, such as w1-eur-2".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    time::parse(text).or_else(|| time::parse_day(text)).ok_or_else(|| time::EXPECTED.to_owned())
}
