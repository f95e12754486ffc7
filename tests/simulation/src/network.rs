//! The network between the SDK and the database, and all that a network does. A request that was sent goes its way, whether
//! or not whoever sent it still waits, or lives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::service::{Service, Steps, canceled, error, keys};

/// What can happen to a call to DynamoDB besides that it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It never arrives, and the connection says so.
    RequestLost,
    /// It never arrives, and nobody says so.
    RequestSwallowed,
    /// It arrives, and its answer is lost.
    AnswerLost,
    /// It arrives, and its answer comes when nobody waits any more.
    AnswerSlow,
    /// It arrives when nobody waits any more, after what was sent later.
    Late,
    /// It arrives twice, the second time long after it was answered.
    Twice,
    /// It is answered with an internal error, and not done.
    ErrorBefore,
    /// It is done, and answered with an internal error.
    ErrorAfter,
    /// It is turned away: too many requests. Of a batch, a part is.
    Throttled,
    /// It is turned away: more than the table or partition takes. Of a batch, a part is.
    ThroughputExceeded,
    /// It is turned away: a transaction has its item.
    Conflict,
}

impl Fault {
    /// All there are.
    pub const ALL: [Fault; 11] = [
        Fault::RequestLost,
        Fault::RequestSwallowed,
        Fault::AnswerLost,
        Fault::AnswerSlow,
        Fault::Late,
        Fault::Twice,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::Throttled,
        Fault::ThroughputExceeded,
        Fault::Conflict,
    ];
}

/// The network.
#[derive(Debug)]
pub(crate) struct Network {
    service: Service,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: fastrand::Rng,
    /// Of a thousand calls, how many something happens to.
    per_mille: u32,
    /// How long the longest transaction is under way, in milliseconds.
    transaction_millis: u64,
    /// Of a thousand commits, how many are the first of an outage.
    outages_per_mille: u32,
    /// Until when everything has the same fate.
    outage: Option<(Instant, Fault)>,
    calls: u64,
    faults: BTreeMap<Fault, u64>,
    outages: u64,
}

/// What is to happen to one call.
struct Fate {
    there: Duration,
    back: Duration,
    fault: Option<Fault>,
    steps: Steps,
}

impl Network {
    /// A network where of a thousand calls something happens to that many.
    pub(crate) fn new(seed: u64, per_mille: u32) -> Arc<Network> {
        let mut dice = fastrand::Rng::with_seed(seed);
        // Seldom, since those who wait for the end of one, or of an outage, call again and again.
        let transaction_millis = if dice.u8(0..24) == 0 { 8_000 } else { 12 };
        let outages_per_mille = if dice.u8(0..4) == 0 { 5 } else { 0 };
        let faults = BTreeMap::new();
        let state = State {
            dice,
            per_mille,
            transaction_millis,
            outages_per_mille,
            outage: None,
            calls: 0,
            faults,
            outages: 0,
        };
        Arc::new(Network { service: Service::new(), state: Mutex::new(state) })
    }

    /// The database behind it.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Changes how often something happens, and ends what lasts.
    pub(crate) fn turn(&self, per_mille: u32) {
        let mut state = self.state.lock().unwrap();
        state.per_mille = per_mille;
        state.transaction_millis = 12;
        state.outage = None;
    }

    /// How many calls there were, what happened to them, and how many outages there were.
    pub(crate) fn tally(&self) -> (u64, BTreeMap<Fault, u64>, u64) {
        let state = self.state.lock().unwrap();
        (state.calls, state.faults.clone(), state.outages)
    }

    /// The network as a client of the SDK takes it.
    pub(crate) fn client(self: &Arc<Network>) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(Connector(Arc::clone(self)));
        http_client_fn(move |_, _| connector.clone())
    }

    fn fate(&self, target: &str) -> Fate {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        let State { per_mille, transaction_millis, .. } = *state;
        let dice = &mut state.dice;
        let mut millis = |most: u64| Duration::from_micros(dice.u64(100..=most * 1_000));
        let steps = Steps {
            prepare: millis(transaction_millis),
            show: [millis(8), millis(8), millis(8)],
            behind: millis(3_000),
        };
        let (there, back) = (millis(6), millis(6));
        // Batches are few, and each can be taken in part.
        let fault = if target.starts_with("Batch") && dice.u32(0..1_000) < per_mille * 2 {
            Some(Fault::Throttled)
        } else {
            (dice.u32(0..1_000) < per_mille).then(|| dice.choice(Fault::ALL).expect("some"))
        };
        // At times a commit is the first of everything for eight seconds, longer than any function tries, of which nobody hears
        // what became of it.
        let commits = ["PutItem", "TransactWriteItems"].contains(&target);
        let lasts = state.outage.filter(|(until, _)| Instant::now() < *until).map(|(_, silence)| silence);
        let begins = lasts.is_none() && per_mille > 0 && commits && state.dice.u32(0..1_000) < state.outages_per_mille;
        let fault = if begins {
            let silence = state.dice.choice([Fault::AnswerLost, Fault::AnswerSlow, Fault::ErrorAfter]).expect("some");
            state.outage = Some((Instant::now() + Duration::from_secs(8), silence));
            state.outages += 1;
            Some(silence)
        } else {
            lasts.or(fault)
        };
        // Nothing but writes of one item and transactions is ever turned away for a conflict.
        let meets_others = target.starts_with("Transact") || target == "PutItem";
        let fault = fault.filter(|fault| *fault != Fault::Conflict || meets_others);
        if let Some(fault) = fault {
            *state.faults.entry(fault).or_default() += 1;
        }
        Fate { there, back, fault, steps }
    }

    async fn deliver(self: &Arc<Network>, target: &str, body: &[u8], fate: Fate) -> Option<(u16, String)> {
        sleep(fate.there).await;
        let items = || keys(&serde_json::from_slice(body).unwrap_or_default()).len();
        let transaction = target.starts_with("Transact");
        let answer = match fate.fault {
            None => self.service.answer(target, body, &fate.steps).await,
            Some(Fault::RequestLost | Fault::RequestSwallowed) => return None,
            Some(Fault::AnswerLost) => {
                self.service.answer(target, body, &fate.steps).await;
                return None;
            }
            Some(Fault::AnswerSlow) => {
                let answer = self.service.answer(target, body, &fate.steps).await;
                sleep(Duration::from_millis(1_200)).await;
                answer
            }
            Some(Fault::Late) => {
                // Longer than any attempt waits, and sometimes than the function lives.
                sleep(fate.steps.behind * 4 + Duration::from_secs(1)).await;
                self.service.answer(target, body, &fate.steps).await
            }
            Some(Fault::Twice) => {
                let answer = self.service.answer(target, body, &fate.steps).await;
                let (network, target, body) = (Arc::clone(self), target.to_owned(), body.to_vec());
                tokio::spawn(async move {
                    sleep(fate.steps.behind * 4).await;
                    network.service.answer(&target, &body, &fate.steps).await;
                });
                answer
            }
            Some(Fault::Throttled | Fault::ThroughputExceeded) if target.starts_with("Batch") => {
                self.service.answer_half(target, body, &fate.steps).await
            }
            Some(Fault::ErrorBefore) => (500, error("InternalServerError", "try again").1),
            Some(Fault::ErrorAfter) => {
                self.service.answer(target, body, &fate.steps).await;
                (500, error("InternalServerError", "try again").1)
            }
            Some(Fault::Throttled) if transaction => canceled((0..items()).map(|_| "ThrottlingError")),
            Some(Fault::Throttled) => error("ThrottlingException", "slow down"),
            Some(Fault::ThroughputExceeded) if transaction => {
                canceled((0..items()).map(|item| if item == 0 { "ProvisionedThroughputExceeded" } else { "None" }))
            }
            Some(Fault::ThroughputExceeded) => error("ProvisionedThroughputExceededException", "slow down"),
            Some(Fault::Conflict) if transaction => {
                canceled((0..items()).map(|item| if item == 0 { "TransactionConflict" } else { "None" }))
            }
            Some(Fault::Conflict) => error("TransactionConflictException", "Transaction is ongoing for the item"),
        };
        sleep(fate.back).await;
        Some(answer)
    }
}

#[derive(Debug)]
struct Connector(Arc<Network>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let network = Arc::clone(&self.0);
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let target = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let fate = network.fate(&target);
        let says_so = fate.fault != Some(Fault::RequestSwallowed);
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let answer = network.deliver(&target, &body, fate).await;
            if !says_so {
                // Nobody closes this connection: whoever waits has to give up.
                sleep(Duration::from_mins(1)).await;
            }
            // Whoever sent it may be gone.
            drop(sender.send(answer));
        });
        HttpConnectorFuture::new(async move {
            let lost = || ConnectorError::io("the connection was closed".into());
            let (status, body) = receiver.await.expect("the network does not panic").ok_or_else(lost)?;
            Ok(HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body)))
        })
    }
}
