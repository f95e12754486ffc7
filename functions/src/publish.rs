//! publish: turns what was written to the ledger into events, and puts each into the queue once for everybody who wants it. Called
//! with records of the ledger's stream, in the order of each account. Done twice, it makes the same events again.

use std::collections::HashMap;

use api::{Event, paycombat};
use domain::{Duration, Expiry, Project, ProjectId, Timestamp, Transaction, WalletId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::due::{Due, What};
use store::webhooks::{Endpoint, Target};
use store::{Meter, Store, StreamRecord};
use tokio::time::Instant;

use crate::task::{self, Done, Task, Worker};

/// How long after it was written down something is due at the earliest. Whoever goes through what is due has then not passed it
/// yet, unless clocks differ by more.
const DUE_MARGIN: Duration = Duration::minutes(2);

/// The task.
pub const TASK: Task = Task { name: "publish", run: |worker, event, _| Box::pin(publish(worker, event)) };

async fn publish(worker: &Worker, event: Value) -> Result<Done, store::Error> {
    let records = task::records::<Value>(event)?;
    let mut done = Done { failed: Vec::new(), counts: vec![("records", records.len())] };
    let mut written = Vec::new();
    for record in records {
        let place = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Ok(Ok(transaction)) = serde_json::from_value::<StreamRecord>(record).map(|record| record.transaction()) {
            written.extend(transaction);
        } else {
            // Those before it are done; Lambda comes again with it and those after it, and gives it up in the end.
            done.failed.push(place);
            break;
        }
    }

    let mut receivers = Receivers::new(worker);
    let (mut messages, mut dues) = (Vec::new(), Vec::new());
    for (project, transaction) in &written {
        let event = Event::of_transaction(project, transaction);
        messages.extend(receivers.deliveries(project, transaction.account.wallet.as_ref(), &event).await?);
        for expiry in expiries(transaction) {
            let due = |at: Timestamp, what| Due {
                at: at.max((worker.host.now)().plus(DUE_MARGIN)),
                project: project.clone(),
                account: transaction.account.number.clone(),
                what,
            };
            dues.push(due(expiry, What::Expiry));
            dues.extend(receivers.notice(project).await?.map(|span| due(expiry.minus(span), What::Notice(expiry))));
        }
    }
    worker.store.put_due(&dues).await?;
    worker.queue.send(&messages).await?;
    done.counts.extend([("messages", messages.len()), ("dues", dues.len())]);
    Ok(done)
}

/// When what it added expires.
fn expiries(transaction: &Transaction) -> impl Iterator<Item = Timestamp> {
    let added = transaction.moves.iter().filter(|(_, delta)| !delta.is_debit());
    added.filter_map(|(expiry, _)| match expiry {
        Expiry::At(instant) => Some(*instant),
        Expiry::Never => None,
    })
}

/// A message of the queue: one event for one target.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose event it is.
    pub project: String,
    /// To whom it goes.
    pub target: Target,
    /// Its id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The transaction that it tells of, if it tells of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// What is posted, to the byte.
    pub body: String,
}

impl Delivery {
    /// That event for that target.
    #[must_use]
    pub fn new(project: &ProjectId, target: Target, event: &Event) -> Delivery {
        Delivery {
            project: project.as_str().to_owned(),
            target,
            id: event.id.clone(),
            kind: event.kind.to_owned(),
            transaction: event.transaction.as_ref().map(ToString::to_string),
            body: event.body.clone(),
        }
    }
}

/// Who wants what, asked once for each project and wallet of a call.
pub(crate) struct Receivers<'a> {
    worker: &'a Worker,
    endpoints: HashMap<ProjectId, Vec<Endpoint>>,
    wallets: HashMap<(ProjectId, WalletId), bool>,
    notices: HashMap<ProjectId, Option<Duration>>,
}

impl<'a> Receivers<'a> {
    pub(crate) fn new(worker: &'a Worker) -> Receivers<'a> {
        Receivers { worker, endpoints: HashMap::new(), wallets: HashMap::new(), notices: HashMap::new() }
    }

    /// The messages that bring an event to everybody who wants it.
    pub(crate) async fn deliveries(
        &mut self,
        project: &ProjectId,
        wallet: Option<&WalletId>,
        event: &Event,
    ) -> Result<Vec<String>, store::Error> {
        if !self.endpoints.contains_key(project) {
            self.endpoints.insert(project.clone(), self.worker.store.endpoints_of(project).await?);
        }
        let endpoints = self.endpoints.get(project).into_iter().flatten();
        let wanting = endpoints.filter(|endpoint| endpoint.wants(event.kind));
        let mut targets: Vec<Target> = wanting.map(|endpoint| Target::Endpoint(endpoint.id.clone())).collect();
        if let Some(wallet) = wallet
            && self.has_address(project, wallet).await?
        {
            targets.push(Target::Wallet(wallet.clone()));
        }
        let message = |target| serde_json::to_string(&Delivery::new(project, target, event));
        Ok(targets.into_iter().filter_map(|target| message(target).ok()).collect())
    }

    async fn has_address(&mut self, project: &ProjectId, wallet: &WalletId) -> Result<bool, store::Error> {
        let name = (project.clone(), wallet.clone());
        if let Some(known) = self.wallets.get(&name) {
            return Ok(*known);
        }
        let has_address =
            address_of_wallet(&self.worker.store, project, wallet, (self.worker.host.now)()).await?.is_some();
        self.wallets.insert(name, has_address);
        Ok(has_address)
    }

    /// How long before something expires the project wants to be told.
    async fn notice(&mut self, project: &ProjectId) -> Result<Option<Duration>, store::Error> {
        if !self.notices.contains_key(project) {
            let settings = self.worker.store.project(project).await?;
            self.notices.insert(project.clone(), settings.and_then(|project| project.expiry_notice));
        }
        Ok(self.notices.get(project).copied().flatten())
    }
}

/// The address that a wallet was created with, if it was with one.
pub(crate) async fn address_of_wallet(
    store: &Store,
    project: &ProjectId,
    wallet: &WalletId,
    now: Timestamp,
) -> Result<Option<String>, store::Error> {
    let (project, meter) = (Project::new(project.clone()), Meter::default());
    let session = store.session(&project, now, 0, Instant::now(), &meter);
    let wallet = session.wallet(wallet).await?;
    let address = wallet.and_then(|wallet| wallet.profile.details.get(paycombat::WEBHOOK_URL).cloned());
    Ok(address.filter(|address| !address.is_empty()))
}
