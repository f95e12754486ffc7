//! What the callers do: everything, at once, on accounts that all of them use and on some that hardly anybody does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::caller::{Acknowledged, Caller, Tally, Write};
use crate::laws;
use crate::service::Service;

/// How many accounts every second write is about.
const HOT: usize = 2;

/// How many accounts are frozen from time to time.
const FREEZING: usize = 6;

/// How many accounts there are in the beginning.
const ACCOUNTS: usize = 48;

/// What every account begins with.
const BEGINNING: u64 = 10_000;

/// How many of its own transactions a caller may still refund or cancel.
const RECENT: usize = 32;

/// The accounts, as the callers know them.
pub(crate) struct Town {
    accounts: RwLock<Vec<Arc<Account>>>,
    /// How they were opened.
    pub(crate) founding: Vec<Memory>,
}

struct Account {
    number: String,
    wallet: String,
    /// The greatest number of an entry that a caller was told of.
    seen: AtomicU64,
    /// Held by whoever freezes it.
    freezing: Mutex<()>,
}

/// What callers were told.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) frozen: Vec<Frozen>,
}

/// A time during which an account was frozen for sure.
pub(crate) struct Frozen {
    pub(crate) account: String,
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

impl FromIterator<Memory> for Memory {
    fn from_iter<I: IntoIterator<Item = Memory>>(memories: I) -> Memory {
        memories.into_iter().fold(Memory::default(), |mut all, memory| {
            all.acknowledged.extend(memory.acknowledged);
            all.frozen.extend(memory.frozen);
            all
        })
    }
}

impl Town {
    pub(crate) fn new(service: &Service) -> Town {
        let mut town = Town { accounts: RwLock::default(), founding: Vec::new() };
        let mut founder = Person::new(service, &town, u32::MAX, Rng::with_seed(0));
        for number in 0..ACCOUNTS {
            founder.open(&format!("account-{number}"));
        }
        assert_eq!(founder.caller.tally.violations, Vec::<String>::new());
        let founding = founder.memory;
        town.founding.push(founding);
        town
    }

    fn pick(&self, choices: &mut Rng) -> Arc<Account> {
        let accounts = self.accounts.read().expect("nobody panicked");
        let place = match choices.u32(..10) {
            0..5 => choices.usize(..HOT),
            5..7 => HOT + choices.usize(..FREEZING),
            _ => choices.usize(HOT..accounts.len()),
        };
        Arc::clone(&accounts[place])
    }
}

/// Does one thing after the other until it is told to stop.
pub(crate) fn drive(service: &Service, town: &Town, number: u32, choices: Rng, stop: &AtomicBool) -> (Memory, Tally) {
    let mut person = Person::new(service, town, number, choices);
    while !stop.load(Ordering::Relaxed) {
        person.act();
    }
    (person.memory, person.caller.tally)
}

struct Person<'s> {
    caller: Caller<'s>,
    town: &'s Town,
    number: u32,
    choices: Rng,
    keys: u64,
    memory: Memory,
    recent: Vec<(Arc<Account>, Value)>,
}

impl<'s> Person<'s> {
    fn new(service: &'s Service, town: &'s Town, number: u32, choices: Rng) -> Person<'s> {
        let caller = Caller::new(service);
        Person { caller, town, number, choices, keys: 0, memory: Memory::default(), recent: Vec::new() }
    }

    fn act(&mut self) {
        let account = self.town.pick(&mut self.choices);
        let amount = self.choices.u64(1..=90);
        match self.choices.u32(..100) {
            0..38 => self.move_money("spend", &account, json!({ "amount": amount, "channel": "POS" })),
            38..58 => self.move_money("load", &account, json!({ "amount": amount, "channel": "APP" })),
            58..68 => self.take_back("refund", |original| json!({ "transactionId": original, "amount": amount })),
            68..75 => self.take_back("cancel", |original| json!({ "transactionId": original })),
            75..85 => self.look(&account),
            85..95 => self.list(&account),
            95..97 => self.open(&format!("account-{}-{}", self.number, self.keys)),
            _ => self.freeze(),
        }
    }

    /// Loads or spends. The key also stands in the transaction, so that a list tells what belongs to which.
    fn move_money(&mut self, operation: &'static str, account: &Arc<Account>, mut body: Value) {
        let key = self.key();
        body["referenceId"] = key.as_str().into();
        let write = Write { operation, account: Some(account.number.clone()), body, key };
        if let Some(id) = self.write(write, account) {
            let place = self.choices.usize(..RECENT);
            let recent = (Arc::clone(account), id);
            match self.recent.get_mut(place) {
                Some(old) => *old = recent,
                None => self.recent.push(recent),
            }
        }
    }

    /// Refunds or cancels something of its own.
    fn take_back(&mut self, operation: &'static str, body: impl Fn(&Value) -> Value) {
        let Some((account, original)) = self.choices.choice(&self.recent).cloned() else { return };
        let write = Write { operation, account: Some(account.number.clone()), body: body(&original), key: self.key() };
        self.write(write, &account);
    }

    /// What is done to an account, and the id of the transaction that it made.
    fn write(&mut self, write: Write, account: &Account) -> Option<Value> {
        let done = self.caller.insist(write)?;
        let transaction = &done.answer["transaction"];
        account.seen.fetch_max(transaction["sequence"].as_u64().unwrap_or(u64::MAX), Ordering::SeqCst);
        let id = transaction["transactionId"].clone();
        self.memory.acknowledged.push(done);
        Some(id)
    }

    fn look(&mut self, account: &Account) {
        let seen = self.caller.ask("getAccount", &account.number, &json!({}));
        if !seen["balance"].is_u64() {
            self.caller.tally.violations.push(format!("{} has no balance: {seen}", account.number));
        }
    }

    /// Reads the newest page: it is without gaps, adds up, and holds what anybody was told of before.
    fn list(&mut self, account: &Account) {
        let seen = account.seen.load(Ordering::SeqCst);
        let mut listed = self.caller.ask("listTransactions", &account.number, &json!({ "pageSize": 20 }));
        let Some(page) = listed["transactions"].as_array_mut() else { return };
        let newest = page.first().and_then(|transaction| transaction["sequence"].as_u64());
        page.reverse();
        let violations = &mut self.caller.tally.violations;
        if newest < Some(seen) {
            violations.push(format!("{} was read up to {newest:?}, and {seen} was acknowledged", account.number));
        }
        violations.extend(laws::of_page(page));
    }

    /// Opens a wallet with an account, and puts something in.
    fn open(&mut self, number: &str) {
        let wallet = format!("wallet-of-{number}");
        let body = json!({ "walletId": wallet });
        let created = Write { operation: "createWallet", account: None, body, key: self.key() };
        let body = json!({ "walletId": wallet, "currency": "EUR", "accountNumber": number });
        let opened = Write { operation: "createAccount", account: None, body, key: self.key() };
        for write in [created, opened] {
            let Some(done) = self.caller.insist(write) else {
                self.caller.tally.violations.push(format!("{number} can not be opened"));
                return;
            };
            self.memory.acknowledged.push(done);
        }
        let account =
            Account { number: number.to_owned(), wallet, seen: AtomicU64::new(1), freezing: Mutex::default() };
        let account = Arc::new(account);
        self.move_money("load", &account, json!({ "amount": BEGINNING, "channel": "APP" }));
        self.town.accounts.write().expect("nobody panicked").push(account);
    }

    /// Freezes a wallet for a while, unless somebody else does.
    fn freeze(&mut self) {
        let place = HOT + self.choices.usize(..FREEZING);
        let account = Arc::clone(&self.town.accounts.read().expect("nobody panicked")[place]);
        let Ok(_freezing) = account.freezing.try_lock() else { return };
        let Some(from) = self.set_status(&account, "frozen").map(|(_, ended)| ended) else { return };
        thread::sleep(Duration::from_millis(self.choices.u64(20..200)));
        // It must not stay frozen: nobody would spend from it any more.
        let Some((until, _)) = self.set_status(&account, "active") else { return };
        self.memory.frozen.push(Frozen { account: account.number.clone(), from, until });
    }

    fn set_status(&mut self, account: &Account, status: &str) -> Option<(Instant, Instant)> {
        let body = json!({ "walletId": account.wallet, "status": status });
        let write = Write { operation: "updateWallet", account: None, body, key: self.key() };
        let Some(done) = self.caller.insist(write) else {
            self.caller.tally.violations.push(format!("{} can not be made {status}", account.wallet));
            return None;
        };
        let times = (done.began, done.ended);
        self.memory.acknowledged.push(done);
        Some(times)
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("{}-{}", self.number, self.keys)
    }
}
