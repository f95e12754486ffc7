//! What grows with what: a page of a history with the history, and a spend with what its account carries. Counted in this
//! process, and exact.

use serde_json::{Value, json};

use crate::Error;
use crate::contender::AMOUNT;
use crate::dynamodb::{self, Tally};
use crate::kese::{BEGINNING, Kese, in_own_time};
use crate::plot::Plot;
use crate::report::{Table, heads};

/// How many transactions a history has at least, and how many a page.
const LEAST: u64 = 100;
const PAGE: u64 = 20;

/// How many puts DynamoDB takes at once.
const BATCH: usize = 25;

/// How many expiries an account has; the last is the most that it may have.
const LOTS: [u32; 9] = [1, 5, 10, 25, 50, 100, 200, 300, 366];

/// How many spends with a key are made on end.
const SPENDS: u32 = 45;

/// A page and what it took.
struct Page {
    place: &'static str,
    transactions: u64,
    tally: Tally,
}

/// A spend, what its account carried afterwards, and what it took.
#[derive(Clone)]
struct Spend {
    carried: u32,
    bytes: usize,
    tally: Tally,
}

/// Counts for histories of up to so many transactions.
pub(crate) fn measure(transactions: u64) -> Result<(Vec<Table>, Vec<Plot>), Error> {
    eprintln!("Spending from accounts that carry more and more …");
    let lots = in_own_time(with_lots)?;
    let keys = in_own_time(with_keys)?;
    let pages = in_own_time(move || pages(transactions))?;
    let tables = vec![
        of_pages(&pages),
        of_spends(
            "A spend, by the expiries on its account",
            "expiries",
            &lots,
            "Every load with another expiry adds a lot to the account, which its entries carry, until it is spent or expires. \
             Holds, which would be carried as well, are not built yet.",
        ),
        of_spends(
            "A spend, by the keys that its account carries",
            "keys",
            &turns(&keys),
            "Spends on end, each with a key of its own; of those that cost the same, the first and the last. An entry carries the keys of the last 25 hours. When there are twenty, the older ten are written as records of \
             their own before the next spend.",
        ),
    ];
    Ok((tables, vec![plot_of_pages(&pages), plot_of_lots(&lots), plot_of_keys(&keys)]))
}

/// Pages of a history that grows tenfold each time.
async fn pages(most: u64) -> Result<Vec<Page>, Error> {
    // The feed has nothing to do with it, and would take its time to fill.
    let kese = Kese::new(false).await?;
    kese.open("long").await?;
    kese.done("spend/demo-long", "s", &json!({ "amount": AMOUNT, "channel": "POS" })).await?;
    let spend = kese.newest("long")?;
    let mut there = number(&spend)?;
    let mut pages = Vec::new();
    let mut transactions = LEAST;
    while transactions <= most {
        eprintln!("Filling a history up to {transactions} …");
        fill(&kese, &spend, there, transactions)?;
        there = transactions;
        read(&kese, transactions, &mut pages).await?;
        transactions *= 10;
    }
    Ok(pages)
}

/// Fills a history by copies of an entry, each with a number and a time of its own. Their hashes are not those of what
/// they follow, which a listing does not look at.
fn fill(kese: &Kese, spend: &Value, there: u64, transactions: u64) -> Result<(), Error> {
    let entry = |number: u64| {
        let mut item = spend.clone();
        item["sk"] = json!({ "S": format!("T#{number:012}") });
        item["at"] = json!({ "N": (BEGINNING + number * 1000).to_string() });
        json!({ "PutRequest": { "Item": item } })
    };
    let numbers: Vec<u64> = (there + 1..=transactions).collect();
    for batch in numbers.chunks(BATCH) {
        let puts: Vec<Value> = batch.iter().map(|number| entry(*number)).collect();
        let answer = kese.pass("BatchWriteItem", &json!({ "RequestItems": { "Ledger": puts } }))?;
        if answer["UnprocessedItems"].as_object().is_some_and(|items| !items.is_empty()) {
            return Err("a batch was not written".into());
        }
    }
    Ok(())
}

/// Reads pages at all kinds of places.
async fn read(kese: &Kese, transactions: u64, pages: &mut Vec<Page>) -> Result<(), Error> {
    let middle = transactions / 2;
    let deep = json!({ "from": middle, "pageSize": PAGE });
    let (found, _) = kese.done("listTransactions/demo-long", "", &deep).await?;
    let all = found["transactions"].as_array().ok_or("nothing is listed")?;
    let at = |one: Option<&Value>| one.map(|one| one["createdAt"].clone());
    let span = json!({ "startDate": at(all.last()), "endDate": at(all.first()) });
    let newest = transactions - middle;
    for (place, first, request) in [
        ("first page", transactions, json!({ "pageSize": PAGE })),
        ("page in the middle", newest, deep.clone()),
        ("last page", PAGE, json!({ "from": transactions - PAGE, "pageSize": PAGE })),
        ("page behind a cursor", newest - PAGE, json!({ "cursor": found["cursor"], "pageSize": PAGE })),
        ("page of a span of time", newest, json!({ "createdAt": span, "pageSize": PAGE })),
    ] {
        let (answer, tally) = kese.done("listTransactions/demo-long", "", &request).await?;
        let numbers: Vec<_> =
            answer["transactions"].as_array().into_iter().flatten().map(|one| &one["sequence"]).collect();
        let expected: Vec<_> = (0..PAGE).map(|behind| json!(first - behind)).collect();
        if numbers != expected.iter().collect::<Vec<_>>() {
            return Err(format!("the {place} of {transactions} is {numbers:?}, not from {first} on").into());
        }
        pages.push(Page { place, transactions, tally });
    }
    Ok(())
}

/// Spends from an account with more and more expiries.
async fn with_lots() -> Result<Vec<Spend>, Error> {
    let kese = Kese::new(true).await?;
    kese.open("lots").await?;
    let mut spends = Vec::new();
    // What was loaded to begin with never expires.
    let mut lots = 1;
    for most in LOTS {
        while lots < most {
            // A day of its own for each, 28 in a month.
            let day = format!("{}-{:02}-{:02}", 2030 + lots / 336, lots / 28 % 12 + 1, lots % 28 + 1);
            let body = json!({ "amount": 1000 * AMOUNT, "channel": "APP", "type": "EARNED", "expiresAt": day });
            kese.done("load/demo-lots", "", &body).await?;
            lots += 1;
        }
        let (_, tally) = kese.done("spend/demo-lots", "", &json!({ "amount": AMOUNT, "channel": "POS" })).await?;
        let newest = kese.newest("lots")?;
        let carried = newest["lots"]["M"].as_object().map_or(0, serde_json::Map::len);
        spends.push(Spend { carried: u32::try_from(carried)?, bytes: dynamodb::size(&newest), tally });
    }
    Ok(spends)
}

/// Spends from an account on end, so that more and more keys have to be known.
async fn with_keys() -> Result<Vec<Spend>, Error> {
    let kese = Kese::new(true).await?;
    kese.open("keys").await?;
    let mut spends = Vec::new();
    for number in 1..=SPENDS {
        let body = json!({ "amount": AMOUNT, "channel": "POS" });
        let (_, tally) = kese.done("spend/demo-keys", &format!("s-{number}"), &body).await?;
        let newest = kese.newest("keys")?;
        // Twenty-four bytes each, in base64.
        let carried = newest["ring"]["B"].as_str().map_or(0, str::len) / 32;
        spends.push(Spend { carried: u32::try_from(carried)?, bytes: dynamodb::size(&newest), tally });
    }
    Ok(spends)
}

/// The number of an entry.
fn number(entry: &Value) -> Result<u64, Error> {
    let number = entry["sk"]["S"].as_str().and_then(|key| key.strip_prefix("T#")).ok_or("it is no entry")?;
    Ok(number.parse()?)
}

fn of_pages(pages: &[Page]) -> Table {
    let row = |page: &Page| {
        vec![
            page.place.to_owned(),
            page.transactions.to_string(),
            page.tally.requests().to_string(),
            format!("{:.1}", page.tally.read_units),
            page.tally.answer_bytes.to_string(),
        ]
    };
    let mut places: Vec<_> = pages.iter().collect();
    places.sort_by_key(|page| place(pages, page.place));
    Table {
        title: "A page of 20, by the length of the history".to_owned(),
        heads: heads(["", "transactions", "requests", "RRU", "bytes"]),
        rows: places.into_iter().map(row).collect(),
        notes: vec![
            "Of one account, newest first; bytes are those of DynamoDB's answers. The page behind a cursor is the one after \
             the page in the middle. Where a span of time begins and ends is found by halving, which takes requests as the \
             logarithm of the history grows. All entries but the first are copies of one that Kese wrote, each with a number \
             and a time of its own; listing does not look at hashes."
                .to_owned(),
        ],
    }
}

fn place(pages: &[Page], place: &str) -> usize {
    pages.iter().position(|page| page.place == place).unwrap_or_default()
}

/// The first and the last of all that cost the same.
fn turns(spends: &[Spend]) -> Vec<Spend> {
    let cost = |spend: &Spend| (spend.tally.requests(), spend.tally.read_units, spend.tally.write_units);
    let same = spends.chunk_by(|one, next| cost(one) == cost(next));
    same.flat_map(|same| if same.len() > 1 { vec![&same[0], &same[same.len() - 1]] } else { vec![&same[0]] })
        .cloned()
        .collect()
}

fn of_spends(title: &str, carried: &str, spends: &[Spend], note: &str) -> Table {
    let row = |spend: &Spend| {
        vec![
            spend.carried.to_string(),
            spend.bytes.to_string(),
            spend.tally.requests().to_string(),
            format!("{:.1}", spend.tally.read_units),
            format!("{:.1}", spend.tally.write_units),
        ]
    };
    Table {
        title: title.to_owned(),
        heads: heads([carried, "bytes", "requests", "RRU", "WRU"]),
        rows: spends.iter().map(row).collect(),
        notes: vec![format!("{note} Bytes are those of the spend's entry; a write unit of each is the feed's.")],
    }
}

fn plot_of_pages(pages: &[Page]) -> Plot {
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for page in pages {
        let point = (page.transactions as f64, page.tally.read_units);
        match curves.iter_mut().find(|(name, _)| name == page.place) {
            Some((_, points)) => points.push(point),
            None => curves.push((page.place.to_owned(), vec![point])),
        }
    }
    Plot {
        name: "pages",
        title: "A page of 20",
        x: "transactions of the account",
        powers_of_ten: true,
        y: "read units",
        curves,
    }
}

fn plot_of_lots(spends: &[Spend]) -> Plot {
    let points = spends.iter().map(|spend| (f64::from(spend.carried), spend.tally.write_units)).collect();
    Plot {
        name: "lots",
        title: "A spend, by the expiries on its account",
        x: "expiries",
        powers_of_ten: false,
        y: "write units",
        curves: vec![("spend".to_owned(), points)],
    }
}

fn plot_of_keys(spends: &[Spend]) -> Plot {
    let points =
        spends.iter().zip(1_u32..).map(|(spend, number)| (f64::from(number), spend.tally.write_units)).collect();
    Plot {
        name: "keys",
        title: "Spends with a key, one after the other",
        x: "spends within a day",
        powers_of_ten: false,
        y: "write units",
        curves: vec![("spend".to_owned(), points)],
    }
}
