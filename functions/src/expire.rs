//! expire: books what has expired, and tells of what is about to. Called by a schedule. It only tidies: what has expired counts
//! for nothing before it is booked, in any answer and any decision.

use api::Event;
use domain::{Duration, Expiry, Project, Timestamp};
use futures_util::future::join_all;
use store::due::{DUE_LIFE, Due, Position, What};
use store::{Meter, Session};
use tokio::time::Instant;

use crate::publish::Receivers;
use crate::task::{Done, Task, Worker};

/// How many accounts are seen to at once.
const AT_ONCE: usize = 16;

/// When an account that could not be seen to is due again.
const AGAIN_AFTER: Duration = Duration::minutes(5);

/// The task.
pub const TASK: Task = Task { name: "expire", run: |worker, _, deadline| Box::pin(expire(worker, deadline)) };

async fn expire(worker: &Worker, deadline: Instant) -> Result<Done, store::Error> {
    let now = (worker.host.now)();
    // Before the first time nothing is older than what is kept.
    let mut position = worker.store.due_position().await?.unwrap_or_else(|| Position::at(now.minus(DUE_LIFE)));
    let (mut seen, mut booked, mut told, mut put_off) = (0_usize, 0_usize, 0_usize, 0_usize);
    while Instant::now() < deadline {
        let dues = worker.store.due(&position, now, AT_ONCE).await?;
        let ended = dues.len() < AT_ONCE;
        let results = join_all(dues.iter().map(|due| see_to(worker, due, now, deadline))).await;
        let mut later = Vec::new();
        for (due, result) in dues.iter().zip(results) {
            seen = seen.saturating_add(1);
            match result {
                Ok((books, tells)) => {
                    booked = booked.saturating_add(books);
                    told = told.saturating_add(tells);
                }
                Err(_) => later.push(Due { at: now.plus(AGAIN_AFTER), ..due.clone() }),
            }
        }
        put_off = put_off.saturating_add(later.len());
        worker.store.put_due(&later).await?;
        position = if ended { Position::at(now) } else { dues.last().map_or(position, Due::position) };
        worker.store.set_due_position(&position).await?;
        if ended {
            break;
        }
    }
    Ok(Done { failed: Vec::new(), counts: vec![("due", seen), ("booked", booked), ("told", told), ("later", put_off)] })
}

/// Returns how many entries it made, and how many messages.
async fn see_to(worker: &Worker, due: &Due, now: Timestamp, deadline: Instant) -> Result<(usize, usize), store::Error> {
    let settings = worker.store.project(&due.project).await?;
    let project = settings.unwrap_or_else(|| Project::new(due.project.clone()));
    let meter = Meter::default();
    let session = worker.store.session(&project, now, (worker.host.random)(), deadline, &meter);
    match due.what {
        What::Expiry => Ok((usize::from(session.expire(&due.account).await?.is_some()), 0)),
        What::Notice(expiry) => Ok((0, tell(worker, &session, due, expiry).await?)),
    }
}

/// Tells that value of this expiry will expire, if there still is any. Returns how many messages that made.
async fn tell(worker: &Worker, session: &Session<'_>, due: &Due, expiry: Timestamp) -> Result<usize, store::Error> {
    let newest = session.newest(&due.account).await?;
    let Some(account) = newest.map(|entry| entry.transaction.account) else { return Ok(0) };
    let left = account.lots.part(Expiry::At(expiry));
    if left.is_zero() {
        return Ok(0);
    }
    let event = Event::of_expiring(&due.project, &account, left, expiry, due.at);
    let messages = Receivers::new(worker).deliveries(&due.project, account.wallet.as_ref(), &event).await?;
    worker.queue.send(&messages).await?;
    Ok(messages.len())
}
