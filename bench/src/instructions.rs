//! Instructions, counted by callgrind: of a start until the function asks for its first event, of the first spend after
//! that, and of one of many that follow.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use local::embedded::Embedded;
use uuid::Uuid;

use crate::contender::{AMOUNT, Contender, Stock};
use crate::dynamodb::{DynamoDb, Latency};
use crate::endpoint::Endpoint;
use crate::host::Host;
use crate::report::Table;
use crate::{Error, peers};

/// How many spends are played in the longest run.
const SPENDS: usize = 101;

/// On how many accounts: none has so many spends that its keys take more than its newest entry.
const ACCOUNTS: usize = 10;

/// How many there are.
pub(crate) struct Instructions {
    /// Until the function asks for its first event.
    pub(crate) init: u64,
    /// From there until the first spend is answered.
    pub(crate) first: u64,
    /// Of a spend after that.
    pub(crate) warm: u64,
}

impl Instructions {
    /// From the start until the first spend is answered.
    pub(crate) fn cold(&self) -> u64 {
        self.init.saturating_add(self.first)
    }
}

/// Counts for Kese, and for the peer in Rust if it is there. Without valgrind there is nothing to count with.
pub(crate) async fn count(target: &Path) -> Result<Vec<Table>, Error> {
    let mut contenders = vec![Contender::kese(&peers::build_kese(target)?, true)];
    contenders.extend(Some(Contender::rust(&peers::built(target))).filter(Contender::is_built));
    let counted = of(&contenders).await?;
    if counted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = contenders.iter().zip(counted).map(|(contender, counted)| {
        let (init, first, cold) = (millions(counted.init), millions(counted.first), millions(counted.cold()));
        vec![contender.name.to_owned(), init, first, cold, format!("{} K", counted.warm / 1000)]
    });
    Ok(vec![Table {
        title: "Instructions".to_owned(),
        heads: ["", "init", "first spend", "cold start", "warm spend"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec![format!(
            "Counted by callgrind over TLS: init until the function asks for its first event, the cold start until the first \
             spend is answered, a warm spend as the mean of the {} that follow. Valgrind passes on the AES instructions of the \
             processor but not its SHA instructions, so that hashing, above all for signatures, counts for many times what \
             it takes where they are used: for about a quarter of a warm spend.",
            SPENDS - 1
        )],
    }])
}

/// Counts for each of them; nothing without valgrind.
pub(crate) async fn of(contenders: &[Contender]) -> Result<Vec<Instructions>, Error> {
    let valgrind = std::process::Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !valgrind.is_ok_and(|status| status.success()) {
        eprintln!("valgrind is not installed: no instructions are counted.");
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let database = DynamoDb::new(Embedded::memory(), Latency::NONE);
    let stock = Stock::new(database.embedded()).await?;
    let endpoint = Endpoint::start(database, folder.path()).await?;
    let mut all = Vec::new();
    for contender in contenders {
        eprintln!("Counting the instructions of {} …", contender.name);
        stock.open(contender, ACCOUNTS).await?;
        let init = run(contender, &stock, &endpoint, folder.path(), 0).await?;
        let cold = run(contender, &stock, &endpoint, folder.path(), 1).await?;
        let warm = run(contender, &stock, &endpoint, folder.path(), SPENDS).await?.saturating_sub(cold);
        all.push(Instructions { init, first: cold.saturating_sub(init), warm: warm / (SPENDS as u64 - 1) });
    }
    Ok(all)
}

/// The instructions of a process that answers so many spends.
async fn run(
    contender: &Contender,
    stock: &Stock,
    endpoint: &Endpoint,
    folder: &Path,
    spends: usize,
) -> Result<u64, Error> {
    let file = folder.join(format!("{}-{spends}.callgrind", contender.name));
    let output = format!("--callgrind-out-file={}", file.display());
    let mut host = Host::start(contender.command_under(&["valgrind", "--tool=callgrind", &output], endpoint)).await?;
    for number in 0..spends {
        let account = contender.account(number % ACCOUNTS);
        let event = stock.spend(&account, &Uuid::new_v4().to_string(), AMOUNT)?;
        contender.spent(&host.invoke(&event).await?.answer)?;
    }
    host.end().await?;
    let counted = fs::read_to_string(&file)?;
    let counted = counted.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(counted.ok_or("callgrind counted nothing")?.trim().parse()?)
}

fn millions(instructions: u64) -> String {
    format!("{:.2} M", instructions as f64 / 1e6)
}
