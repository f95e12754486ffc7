//! What must hold at the end: whatever was acknowledged is there once, every chain adds up, and it all is what the callers
//! were told. A caller knows nothing but its answers, so these laws need no look into the service.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use serde_json::{Value, json};

use crate::caller::{Acknowledged, Caller, Tally};
use crate::service::Service;
use crate::traffic::Memory;

/// What is wrong.
#[derive(Default)]
pub(crate) struct Findings {
    /// Acknowledged, and not there as it was.
    pub(crate) lost: BTreeSet<String>,
    /// There, and asked for by nobody, or for the second time.
    pub(crate) doubled: BTreeSet<String>,
    pub(crate) others: Vec<String>,
}

/// Checks everything; also returns what was sent for it.
pub(crate) fn check(service: &Service, memory: &Memory, connections: u32) -> (Findings, Tally) {
    let mut findings = Findings::default();
    let mut caller = Caller::new(service);
    let chains = chains(&mut caller, memory);
    for (account, chain) in &chains {
        findings.others.extend(of_page(chain));
        findings.others.extend(of_chain(account, chain, &mut caller));
        compare(chain, account, memory, &mut findings);
    }
    spends_while_frozen(memory, &mut findings);
    conservation(&chains, memory, &mut caller, &mut findings);

    let mut tallies = replay(service, memory, connections, &mut findings);
    for (account, before) in &chains {
        let after = chain(&mut caller, account);
        for added in after.iter().filter(|transaction| !before.contains(transaction)) {
            findings.doubled.insert(format!("{added} by sending something again"));
        }
    }
    tallies.push(caller.tally);
    (findings, tallies.into_iter().collect())
}

/// The chain of every account that was opened.
fn chains(caller: &mut Caller<'_>, memory: &Memory) -> BTreeMap<String, Vec<Value>> {
    let opened = memory.acknowledged.iter().filter(|done| done.write.operation == "createAccount");
    let numbers = opened.filter_map(|done| done.answer["accountNumber"].as_str());
    numbers.map(|number| (number.to_owned(), chain(caller, number))).collect()
}

/// Every transaction of an account, oldest first.
fn chain(caller: &mut Caller<'_>, account: &str) -> Vec<Value> {
    let mut chain = Vec::new();
    loop {
        let sorts = json!([{ "field": "createdAt", "order": "asc" }]);
        let body = json!({ "from": chain.len(), "pageSize": 100, "sorts": sorts });
        match caller.ask("listTransactions", account, &body)["transactions"].as_array() {
            Some(page) if !page.is_empty() => chain.extend(page.iter().cloned()),
            Some(_) | None => return chain,
        }
    }
}

/// What is wrong with a part of a chain, oldest first: numbers without gaps, and every balance the one before and the amount.
pub(crate) fn of_page(page: &[Value]) -> Vec<String> {
    let wrong = page.windows(2).filter(|pair| {
        let [one, next] = pair else { return false };
        let (before, after) = (one["balance"].as_i64(), next["balance"].as_i64());
        let moved = before.zip(after).map(|(before, after)| after - before);
        let amount = next["amount"].as_i64();
        let adds_up = match next["type"].as_str() {
            Some("SPENT") => moved == amount.map(|amount| -amount),
            // What it gives back or takes is up to its original.
            Some("CANCELED") => moved.map(i64::abs) == amount,
            Some(_) => moved == amount,
            None => false,
        };
        let follows = one["sequence"].as_u64().map(|sequence| sequence + 1) == next["sequence"].as_u64();
        !(adds_up && follows)
    });
    wrong.map(|pair| format!("{} does not follow {}", pair[1], pair[0])).collect()
}

/// What is wrong with a whole chain: it begins at 1 with nothing, has no spend between freezing and unfreezing, the amounts
/// add up to the balance, and no more was refunded than spent.
fn of_chain(account: &str, chain: &[Value], caller: &mut Caller<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if !chain.first().is_some_and(|first| first["sequence"] == 1 && first["balance"] == 0) {
        wrong.push(format!("the chain of {account} has no beginning"));
    }
    let mut frozen = false;
    for transaction in chain {
        match transaction["type"].as_str() {
            Some("FROZEN") => frozen = true,
            Some("UNFROZEN") => frozen = false,
            Some("SPENT") if frozen => wrong.push(format!("{transaction} was spent while frozen")),
            Some("SPENT") if transaction["refundedAmount"].as_i64() > transaction["amount"].as_i64() => {
                wrong.push(format!("more was refunded than {transaction}"));
            }
            _ => {}
        }
    }
    let sum = sum(chain.iter());
    let balance = &caller.ask("getAccount", account, &json!({}))["balance"];
    if balance.as_i64() != Some(sum) {
        wrong.push(format!("{account} has {balance}, and its transactions add up to {sum}"));
    }
    wrong
}

/// What transactions add up to. Those that they cancel are among them.
fn sum<'t>(transactions: impl Iterator<Item = &'t Value> + Clone) -> i64 {
    let types: BTreeMap<_, _> =
        transactions.clone().map(|one| (one["transactionId"].to_string(), &one["type"])).collect();
    transactions.map(|one| signed(one, types.get(&one["canceledTransactionId"].to_string()).copied())).sum()
}

/// What a transaction adds to the balance; `original` is the type of the one that it cancels.
fn signed(transaction: &Value, original: Option<&Value>) -> i64 {
    let amount = transaction["amount"].as_i64().unwrap_or_default();
    match transaction["type"].as_str() {
        Some("SPENT") => -amount,
        Some("CANCELED") if original.is_some_and(|kind| kind != "SPENT") => -amount,
        Some(_) | None => amount,
    }
}

/// Holds an account's chain against what the callers were told of it.
fn compare(chain: &[Value], account: &str, memory: &Memory, findings: &mut Findings) {
    let told: Vec<_> =
        memory.acknowledged.iter().filter(|done| done.write.account.as_deref() == Some(account)).collect();
    let there: BTreeMap<_, _> = chain.iter().map(|one| (one["transactionId"].to_string(), one)).collect();
    let mut claimed = BTreeSet::new();
    for done in told {
        let id = done.answer["transaction"]["transactionId"].to_string();
        match there.get(&id) {
            Some(one) if is_same(one, &done.answer["transaction"]) => {}
            found => {
                let found = found.map_or("nothing".to_owned(), ToString::to_string);
                findings.lost.insert(format!("{}: there is {found}", done.write));
            }
        }
        if !claimed.insert(id) {
            findings.doubled.insert(format!("{} has the transaction of another key", done.write));
        }
    }
    let by_callers = ["LOADED", "SPENT", "REFUNDED", "CANCELED"];
    for (id, one) in there {
        if one["type"].as_str().is_some_and(|kind| by_callers.contains(&kind)) && !claimed.contains(&id) {
            findings.doubled.insert(format!("{one} was acknowledged to nobody"));
        }
    }
    let mut references = BTreeSet::new();
    for one in chain {
        if one["referenceId"].is_string() && !references.insert(one["referenceId"].to_string()) {
            findings.doubled.insert(format!("{one} has a reference that is there already"));
        }
    }
}

/// Whether a listed transaction is the one that was answered, but for the marks that come later.
fn is_same(listed: &Value, answered: &Value) -> bool {
    let mut listed = listed.clone();
    if let Some(members) = listed.as_object_mut() {
        members.remove("refundedAmount");
        members.remove("canceledBy");
    }
    listed == *answered
}

/// From the answer to a freeze until the unfreeze is sent, nothing is spent.
fn spends_while_frozen(memory: &Memory, findings: &mut Findings) {
    for spend in memory.acknowledged.iter().filter(|done| done.write.operation == "spend") {
        let while_frozen = memory.frozen.iter().any(|frozen| {
            spend.write.account.as_ref() == Some(&frozen.account)
                && spend.began >= frozen.from
                && spend.ended <= frozen.until
        });
        if while_frozen {
            findings.others.push(format!("{} was done while frozen", spend.write));
        }
    }
}

/// All that there is, is what the callers put in and did not take out.
fn conservation(
    chains: &BTreeMap<String, Vec<Value>>,
    memory: &Memory,
    caller: &mut Caller<'_>,
    findings: &mut Findings,
) {
    let there: i64 = chains
        .keys()
        .map(|account| caller.ask("getAccount", account, &json!({}))["balance"].as_i64().unwrap_or_default())
        .sum();
    let told = memory.acknowledged.iter().map(|done| &done.answer["transaction"]);
    let known = sum(told.filter(|transaction| transaction.is_object()));
    if there != known {
        findings.others.push(format!("there is {there} in all accounts, and the callers know of {known}"));
    }
}

/// Sends every write again: its answer is the same.
fn replay(service: &Service, memory: &Memory, connections: u32, findings: &mut Findings) -> Vec<Tally> {
    let part = memory.acknowledged.len().div_ceil(usize::try_from(connections).unwrap_or(1)).max(1);
    let (lost, tallies): (Vec<Vec<String>>, Vec<Tally>) = thread::scope(|scope| {
        let callers: Vec<_> =
            memory.acknowledged.chunks(part).map(|part| scope.spawn(|| replay_part(service, part))).collect();
        callers.into_iter().map(|caller| caller.join().expect("a caller stopped")).unzip()
    });
    findings.lost.extend(lost.into_iter().flatten());
    tallies
}

fn replay_part(service: &Service, part: &[Acknowledged]) -> (Vec<String>, Tally) {
    let mut caller = Caller::new(service);
    let mut lost = Vec::new();
    for Acknowledged { write, answer, .. } in part {
        let again = caller.send(write.operation, write.account.as_deref(), &write.body, Some(&write.key));
        let same = again.as_ref().is_some_and(|again| again.status == 200 && again.replayed && again.body == *answer);
        if !same {
            let again = again.map_or("nothing".to_owned(), |again| again.to_string());
            lost.push(format!("{write} was answered {answer}, and then {again}"));
        }
    }
    (lost, caller.tally)
}
