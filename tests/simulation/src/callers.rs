//! The callers: each wants one thing after another, asks again with the same key until it is told what became of it, loses
//! answers, sends twice, and comes back a day later.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::fleet::Fleet;
use crate::history::{Answer, Attempt, Command, Moment, Place, WALLET, Wish};

/// How often a caller asks before it leaves the question open.
const ATTEMPTS_MAX: u32 = 8;

/// Just within the day that a key is promised to be honoured for.
const A_DAY_LATER: u64 = 24 * 3_600_000 - 60_000;

/// How long it takes at most until it is looked what has expired somewhere: far more often than in a deployed stack.
const EXPIRE_EVERY_MAX_MILLIS: u64 = 400;

/// What all callers share.
pub(crate) struct Callers {
    fleet: Fleet,
    wishes: Mutex<Vec<Wish>>,
    events: Mutex<usize>,
    /// Requests that were sent a second time, and are still under way.
    strays: Mutex<JoinSet<()>>,
    requests: Mutex<u64>,
    dice: Mutex<fastrand::Rng>,
    /// Of a thousand requests, how many are killed, are sent twice, or lose their answer.
    per_mille: Mutex<u32>,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How many callers at once.
    pub(crate) callers: usize,
    /// How many wishes each.
    pub(crate) wishes: usize,
    /// Whether most of it is about one account.
    pub(crate) hot: bool,
    /// Whether half of it is to give back a little of what was spent last, so that several do so at once.
    pub(crate) generous: bool,
    /// How long a caller rests at most between two wishes.
    pub(crate) pause_millis: u64,
    /// Of a thousand requests, how many go wrong between caller and function.
    pub(crate) per_mille: u32,
}

impl Callers {
    /// Nobody has called yet.
    pub(crate) fn new(fleet: Fleet, seed: u64, plan: Plan) -> Arc<Callers> {
        Arc::new(Callers {
            fleet,
            wishes: Mutex::default(),
            events: Mutex::default(),
            strays: Mutex::default(),
            requests: Mutex::default(),
            dice: Mutex::new(fastrand::Rng::with_seed(seed)),
            per_mille: Mutex::new(plan.per_mille),
        })
    }

    /// The functions that they call.
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// All that they wanted.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        self.wishes.lock().unwrap().clone()
    }

    /// How many requests they sent.
    pub(crate) fn requests(&self) -> u64 {
        *self.requests.lock().unwrap()
    }

    /// Everybody at once. Two callers want each account opened, so that one of them is refused.
    /// Meanwhile what has expired is booked by itself.
    pub(crate) async fn work(self: &Arc<Callers>, plan: Plan) {
        let callers = Arc::clone(self);
        let expiring = tokio::spawn(async move {
            loop {
                callers.pause(EXPIRE_EVERY_MAX_MILLIS).await;
                let place = {
                    let mut dice = callers.dice.lock().unwrap();
                    Place { project: dice.usize(0..2), account: dice.usize(0..2) }
                };
                callers.fleet.expire(place, callers.killed()).await;
            }
        });
        let mut running = JoinSet::new();
        for caller in 0..plan.callers {
            let callers = Arc::clone(self);
            running.spawn(async move {
                for project in 0..2 {
                    callers.create_wallet(project, caller).await;
                    let account = caller % 2;
                    callers.want(Place { project, account }, Command::Open, true).await;
                }
                for _ in 0..plan.wishes {
                    callers.pause(plan.pause_millis).await;
                    let (place, command, keyed) = callers.think(plan);
                    callers.want(place, command, keyed).await;
                }
            });
        }
        while let Some(done) = running.join_next().await {
            done.expect("a caller does not panic");
        }
        let mut strays = std::mem::take(&mut *self.strays.lock().unwrap());
        while let Some(done) = strays.join_next().await {
            done.expect("a request does not panic");
        }
        // Wherever it is now: this is one more kill.
        expiring.abort();
        assert!(expiring.await.is_err_and(|ended| ended.is_cancelled()), "what expires does not panic");
    }

    /// When nothing goes wrong any more: every open question that has a key is asked once more.
    pub(crate) async fn settle(&self) {
        *self.per_mille.lock().unwrap() = 0;
        // What is still on its way arrives.
        sleep(Duration::from_secs(30)).await;
        let open: Vec<Wish> = self.wishes().into_iter().filter(|wish| wish.key.is_some() && wish.is_open()).collect();
        for wish in open {
            let answer = self.ask(wish.id, None).await;
            assert!(answer.is_some_and(|answer| answer.is_definite()), "nothing is wrong, and yet no answer");
        }
    }

    /// A day after a wish was first sent it is sent again, to whichever function comes. New ones come between.
    pub(crate) async fn a_day_later(self: &Arc<Callers>, plan: Plan) {
        let granted = |wish: &Wish| wish.key.is_some() && wish.done().is_some();
        let mut again: Vec<Wish> = self.wishes().into_iter().filter(granted).collect();
        self.dice.lock().unwrap().shuffle(&mut again);
        again.truncate(8);
        again.sort_by_key(|wish| wish.attempts[0].called);
        for wish in again {
            let due = wish.attempts[0].called.millis + A_DAY_LATER;
            sleep(Duration::from_millis(due.saturating_sub(self.fleet.millis()))).await;
            self.ask_until_told(wish.id).await;
            if self.dice.lock().unwrap().bool() {
                let (place, command, _) = self.think(plan);
                self.want(place, command, true).await;
            }
        }
    }

    /// Wallets are created once, under one key of both projects, by whoever comes first.
    async fn create_wallet(&self, project: usize, caller: usize) {
        let body = format!(r#"{{"walletId": "{WALLET}"}}"#);
        let key = format!("wallet-{}", caller % 2);
        for _ in 0..40 {
            let killed = self.killed();
            *self.requests.lock().unwrap() += 1;
            match self
                .fleet
                .call(
                    project,
                    &format!("createWallet/{}", crate::history::PROJECTS[project]),
                    Some(&key),
                    &body,
                    killed,
                )
                .await
            {
                // Another caller may have frozen it by now: then it is not the same wallet.
                Some(answer) if answer.is_ok() || answer.code() == "WALLET_EXISTS" => return,
                Some(answer) if answer.is_definite() => panic!("a wallet was refused: {answer:?}"),
                _ => self.pause(4_000).await,
            }
        }
        panic!("a wallet was never created");
    }

    /// Something to want.
    fn think(&self, plan: Plan) -> (Place, Command, bool) {
        let now = self.fleet.millis();
        let wishes = self.wishes.lock().unwrap();
        let mut dice = self.dice.lock().unwrap();
        let place = if plan.hot && dice.u8(0..5) > 0 {
            Place { project: 0, account: 0 }
        } else {
            Place { project: dice.usize(0..2), account: dice.usize(0..2) }
        };
        let expiry = match dice.u8(0..4) {
            0 => now + dice.u64(1_000..120_000),
            1 => now + dice.u64(200_000..900_000),
            2 => now + 40 * 86_400_000,
            _ => u64::MAX,
        };
        // One of the last that can be given back, or anything that may be there or not.
        let moved = |wish: &&Wish| matches!(wish.command, Command::Load { .. } | Command::Spend { .. });
        let done = wishes.iter().filter(|wish| wish.place == place).filter(moved).filter_map(Wish::done);
        let done: Vec<usize> = done.filter_map(Answer::seq).collect();
        let any = 1 + dice.usize(1..=24);
        let recent = dice.choice(done.iter().rev().take(4)).copied();
        let original = recent.filter(|_| dice.u8(0..5) > 0).unwrap_or(any);
        let spends = wishes.iter().filter(|wish| wish.place == place && matches!(wish.command, Command::Spend { .. }));
        let spent = spends.filter_map(|wish| wish.done()?.seq()).next_back();
        let command = match dice.u8(0..32) {
            face if let Some(original) = spent.filter(|_| plan.generous && face % 2 == 0) => {
                Command::Refund { original, amount: Some(dice.u64(1..=4)) }
            }
            0..8 => Command::Load { amount: dice.u64(1..=60), expiry },
            8..18 => Command::Spend { amount: dice.u64(1..=40) },
            18..22 => Command::Refund { original, amount: dice.bool().then(|| dice.u64(1..=30)) },
            22..25 => Command::Cancel { original },
            25 => Command::Fix { by: dice.i64(1..=15) * if dice.bool() { 1 } else { -1 } },
            26 => Command::Freeze,
            27..29 => Command::Unfreeze,
            29 => Command::Read,
            30 => Command::List,
            _ => Command::ListProject,
        };
        let reads = matches!(command, Command::Read | Command::List | Command::ListProject);
        // A change of a wallet tells no number: without a key nobody could say later what became of it.
        let needs_a_key = matches!(command, Command::Freeze | Command::Unfreeze);
        let keyed = needs_a_key || (!reads && dice.u8(0..4) > 0);
        (place, command, keyed)
    }

    async fn want(self: &Arc<Callers>, place: Place, command: Command, keyed: bool) {
        let id = {
            let mut wishes = self.wishes.lock().unwrap();
            let id = wishes.len();
            let mut dice = self.dice.lock().unwrap();
            // Both projects and all accounts get the same keys, so that each key has to be its account's own.
            let fresh = match command {
                Command::Open | Command::Freeze | Command::Unfreeze => format!("wallet-key-{id}"),
                _ => format!("key-{}", wishes.iter().filter(|wish| wish.place == place).count()),
            };
            let mut wish = Wish { id, place, command, key: None, attempts: Vec::new() };
            wish.key = (keyed && !wish.is_read()).then_some(fresh);
            // At times a caller takes the key of something else. The same request under the same key would be the same wish.
            let taken: Vec<&Wish> = wishes.iter().filter(|other| other.scope() == wish.scope()).collect();
            let twins: Vec<_> =
                taken.iter().filter(|other| other.request() == wish.request()).map(|twin| &twin.key).collect();
            let keys: Vec<_> =
                taken.iter().map(|other| &other.key).filter(|key| key.is_some() && !twins.contains(key)).collect();
            if wish.key.is_some() && !keys.is_empty() && dice.u8(0..16) == 0 {
                wish.key = dice.choice(keys).cloned().flatten();
            }
            wishes.push(wish);
            id
        };
        if keyed {
            self.send_twice(id);
            self.ask_until_told(id).await;
        } else {
            self.ask(id, self.killed()).await;
        }
    }

    /// At times the network delivers a request twice, at the same moment or long after.
    fn send_twice(self: &Arc<Callers>, id: usize) {
        let delay = {
            let mut dice = self.dice.lock().unwrap();
            let most = if dice.bool() { 25 } else { 6_000 };
            (dice.u32(0..1_000) < *self.per_mille.lock().unwrap()).then(|| Duration::from_millis(dice.u64(0..most)))
        };
        if let Some(delay) = delay {
            let callers = Arc::clone(self);
            self.strays.lock().unwrap().spawn(async move {
                sleep(delay).await;
                callers.ask(id, callers.killed()).await;
            });
        }
    }

    async fn ask_until_told(&self, id: usize) {
        for _ in 0..ATTEMPTS_MAX {
            let heard = self.ask(id, self.killed()).await;
            if heard.is_some_and(|answer| answer.is_definite()) {
                return;
            }
            self.pause(3_000).await;
        }
    }

    /// One request. The answer may not come through.
    async fn ask(&self, id: usize, killed: Option<u32>) -> Option<Answer> {
        let (wish, attempt) = {
            let called = self.moment();
            let mut wishes = self.wishes.lock().unwrap();
            wishes[id].attempts.push(Attempt { called, answered: None });
            (wishes[id].clone(), wishes[id].attempts.len() - 1)
        };
        *self.requests.lock().unwrap() += 1;
        let (path, body) = wish.request();
        let answer = self.fleet.call(wish.place.project, &path, wish.key.as_deref(), &body, killed).await?;
        if self.goes_wrong(2) {
            return None;
        }
        let answered = self.moment();
        self.wishes.lock().unwrap()[id].attempts[attempt].answered = Some((answered, answer.clone()));
        Some(answer)
    }

    fn moment(&self) -> Moment {
        let mut events = self.events.lock().unwrap();
        *events += 1;
        Moment { order: *events, millis: self.fleet.millis() }
    }

    fn killed(&self) -> Option<u32> {
        let goes_wrong = self.goes_wrong(1);
        let mut dice = self.dice.lock().unwrap();
        let steps = if dice.bool() { 16 } else { 80 };
        goes_wrong.then(|| dice.u32(0..steps))
    }

    fn goes_wrong(&self, share: u32) -> bool {
        self.dice.lock().unwrap().u32(0..1_000) < *self.per_mille.lock().unwrap() / share
    }

    async fn pause(&self, most: u64) {
        let millis = self.dice.lock().unwrap().u64(0..most);
        sleep(Duration::from_millis(millis)).await;
    }
}
