//! deliver: posts events to those who want them. Called with messages of the queue, which come again until they are done: after
//! delays that grow over a day, or when the receiver asks for it.

use api::webhook::{self, Secret, Verdict};
use domain::{Duration, ProjectId, Timestamp, TransactionId};
use futures_util::future::join_all;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use store::webhooks::{Target, Try};
use store::{CredentialKind, Store};
use tokio::time::Instant;

use crate::publish::{self, Delivery};
use crate::sender::Sender;
use crate::shell::Host;
use crate::task::{self, Done, Task, Worker};

/// The task.
pub const TASK: Task = Task { name: "deliver", run: |worker, event, _| Box::pin(deliver(worker, event)) };

/// What Lambda says of a message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(rename = "messageId")]
    id: String,
    receipt_handle: String,
    body: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: String,
}

/// Where a target is, and what proves that a delivery is ours.
struct Receiver {
    url: String,
    /// One, or two while the old one is being replaced.
    secrets: Vec<Secret>,
    /// Whether it checks signatures as the dialect `paycombat` has them, too.
    checks_bodies: bool,
}

async fn deliver(worker: &Worker, event: Value) -> Result<Done, store::Error> {
    let messages = task::records::<Message>(event)?.into_iter();
    let results = join_all(messages.map(|message| handle(worker, message))).await;
    let failed: Vec<String> = results.iter().flatten().cloned().collect();
    let delivered = results.len().saturating_sub(failed.len());
    Ok(Done { failed, counts: vec![("messages", results.len()), ("done", delivered)] })
}

/// Returns the message's id if it has to come again.
async fn handle(worker: &Worker, message: Message) -> Option<String> {
    let number = message.attributes.approximate_receive_count.parse().unwrap_or(1);
    let verdict = match serde_json::from_str::<Delivery>(&message.body) {
        Ok(delivery) => attempt(&worker.store, &worker.sender, &worker.host, &delivery, number)
            .await
            .map(|done| done.map_or(Verdict::Done, |done| done.1)),
        // Nobody will ever be able to read it: it comes until it is laid aside.
        Err(_) => return Some(message.id),
    };
    match verdict {
        Ok(Verdict::Done | Verdict::Gone) => None,
        Ok(Verdict::Failed { again }) => {
            // If that fails, it comes when the queue thinks it should.
            drop(worker.queue.hide(&message.receipt_handle, again.unwrap_or_default()).await);
            Some(message.id)
        }
        // The tables cannot be read now, or written.
        Err(_) => Some(message.id),
    }
}

/// Posts an event once and writes down what came of it; none if the target is not there any longer, or wants nothing more.
///
/// # Errors
/// [`store::Error`] when the tables can not be read or written; it may have been posted then.
pub async fn attempt(
    store: &Store,
    sender: &Sender,
    host: &Host,
    delivery: &Delivery,
    number: u32,
) -> Result<Option<(Try, Verdict)>, store::Error> {
    let Ok(project) = ProjectId::parse(&delivery.project) else { return Ok(None) };
    let now = (host.now)();
    let Some(receiver) = receiver(store, &project, &delivery.target, now).await? else { return Ok(None) };
    let start = Instant::now();
    let headers = headers(&receiver, delivery, now);
    let sent = sender.post(&receiver.url, headers, delivery.body.clone().into_bytes()).await;
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let now = (host.now)();
    let (result, verdict) = match sent {
        Ok(reply) => {
            let verdict = Verdict::of(reply.status, reply.retry_after.as_deref(), number, now);
            (reply.status.to_string(), verdict)
        }
        Err(unsent) => (unsent.word().to_owned(), Verdict::Failed { again: webhook::delay(number) }),
    };
    if verdict == Verdict::Gone {
        store.turn_off(&project, &delivery.target, &receiver.url, now).await?;
    }
    let next = match verdict {
        Verdict::Failed { again } => again,
        Verdict::Done | Verdict::Gone => None,
    };
    let done = Try {
        at: now,
        event: delivery.id.clone(),
        kind: delivery.kind.clone(),
        transaction: delivery.transaction.as_deref().and_then(TransactionId::parse),
        target: delivery.target.clone(),
        number,
        result,
        millis,
        next: next.map(|span| now.plus(Duration(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))),
    };
    store.log_try(&project, &done).await?;
    Ok(Some((done, verdict)))
}

async fn receiver(
    store: &Store,
    project: &ProjectId,
    target: &Target,
    now: Timestamp,
) -> Result<Option<Receiver>, store::Error> {
    match target {
        Target::Endpoint(id) => {
            let endpoint = store.endpoint(project, id).await?.filter(|endpoint| endpoint.off.is_none());
            Ok(endpoint.and_then(|endpoint| {
                let secrets = vec![Secret::parse(&endpoint.secret)?];
                Some(Receiver { url: endpoint.url, secrets, checks_bodies: false })
            }))
        }
        Target::Wallet(wallet) => {
            let Some(url) = publish::address_of_wallet(store, project, wallet, now).await? else { return Ok(None) };
            if store.is_turned_off(project, wallet, &url).await? {
                return Ok(None);
            }
            let credentials = store.credentials_of(project).await?.into_iter();
            let tokens = credentials.filter(|it| it.kind == CredentialKind::Token && it.lives(now));
            let secrets = tokens.map(|token| Secret::of_signature_key(&token.signing_key)).collect();
            Ok(Some(Receiver { url, secrets, checks_bodies: true }))
        }
    }
}

fn headers(receiver: &Receiver, delivery: &Delivery, now: Timestamp) -> HeaderMap {
    let (body, seconds) = (delivery.body.as_bytes(), now.seconds());
    let signatures = receiver.secrets.iter().map(|secret| secret.sign(&delivery.id, seconds, body));
    let mut values = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", delivery.id.clone()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.collect::<Vec<_>>().join(" ")),
    ];
    let of_body = receiver.secrets.first().filter(|_| receiver.checks_bodies);
    values.extend(of_body.map(|secret| ("x-signature", secret.sign_body(body))));
    let header = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
    };
    values.into_iter().filter_map(header).collect()
}
