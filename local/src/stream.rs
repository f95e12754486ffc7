//! A table's stream on this machine: what DynamoDB tells of every write, in order, until it was handed on.
//!
//! The embedded database writes a record in the transaction of the write itself, and never takes one away: DynamoDB would
//! keep it for a day. With every record that it keeps it takes longer for the next, since it looks for the highest number
//! among all of them. So an index finds that number here, and a record is deleted as soon as it was handed on: what the
//! stream still holds *is* the place up to which it was read.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value, json};

use crate::embedded::Embedded;

/// An entry is written once and never changes, so its new image says everything.
const VIEW: &str = "NEW_IMAGE";

/// What a stored sequence number is in public: as DynamoDB's, of 21 digits.
const SEQUENCE_NUMBER_BASE: u128 = 100_000_000_000_000_000_000;

/// How often the database is asked whether it can be written now, and how many times.
const TRY_EVERY: Duration = Duration::from_millis(1);
const TRIES_MAX: i32 = 5_000;

/// The stream of one table.
pub struct Stream {
    data: Mutex<Connection>,
    table: String,
}

/// What became of one item.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place in the stream; later ones are higher.
    pub number: i64,
    /// What its event calls it.
    pub sequence_number: String,
    /// The record as Lambda passes it on.
    pub event: Value,
}

impl Embedded {
    /// Turns the stream of a table on, if it is not, and opens it. Whoever opens it reads it: records of a stream that nobody
    /// reads pile up.
    ///
    /// # Errors
    /// When there is no such table, or its data cannot be read or written; in words for the person who started the service.
    pub fn stream(&self, table: &str) -> Result<Stream, String> {
        let known = self.database.get_table_metadata(table).map_err(|error| error.to_string())?;
        let known = known.ok_or_else(|| format!("there is no table {table}"))?;
        if !(known.stream_enabled && known.stream_view_type.as_deref() == Some(VIEW)) {
            let update = json!({
                "TableName": table,
                "StreamSpecification": { "StreamEnabled": true, "StreamViewType": VIEW },
            });
            let update = serde_json::from_value(update).map_err(|error| error.to_string())?;
            self.database.update_table(update).map_err(|error| error.to_string())?;
        }
        let data = open(&self.address).map_err(|error| error.to_string())?;
        Ok(Stream { data: Mutex::new(data), table: table.to_owned() })
    }
}

/// A second connection to the data, which keeps out of the way of the first.
fn open(address: &str) -> rusqlite::Result<Connection> {
    let data = Connection::open(address)?;
    // The first connection has the data nearly all the time when it is busy. SQLite's own way to wait becomes slower and
    // slower, and then never sees the moments in between.
    data.busy_handler(Some(|tries| {
        thread::sleep(TRY_EVERY);
        tries < TRIES_MAX
    }))?;
    // A deletion that a power failure undoes is a record that is handed on twice, so it need not wait for the disk; and
    // bringing the log into the file is left to the one who does wait.
    data.execute_batch(
        "PRAGMA synchronous = NORMAL;
         PRAGMA wal_autocheckpoint = 0;
         CREATE INDEX IF NOT EXISTS kese_stream_records_by_number
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER));",
    )?;
    Ok(data)
}

impl Stream {
    /// The oldest records, at most so many, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn oldest(&self, records_max: usize) -> rusqlite::Result<Vec<Record>> {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        let mut select = data.prepare_cached(
            "SELECT id, event_id, event_name, keys_json, new_image, sequence_number, created_at
             FROM _stream_records WHERE table_name = ?1 ORDER BY id LIMIT ?2",
        )?;
        let records = select.query_map(params![self.table, records_max], |row| self.record(row))?;
        records.collect()
    }

    fn record(&self, row: &Row<'_>) -> rusqlite::Result<Record> {
        let json = |column| -> rusqlite::Result<Option<Value>> {
            let json: Option<String> = row.get(column)?;
            Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
        };
        let stored: String = row.get("sequence_number")?;
        let stored = stored.parse::<u64>().unwrap_or_default();
        let sequence_number = SEQUENCE_NUMBER_BASE.saturating_add(u128::from(stored)).to_string();
        let mut written = Map::from_iter([
            ("ApproximateCreationDateTime".to_owned(), row.get::<_, i64>("created_at")?.into()),
            ("Keys".to_owned(), json("keys_json")?.into()),
            ("SequenceNumber".to_owned(), sequence_number.as_str().into()),
            ("StreamViewType".to_owned(), VIEW.into()),
        ]);
        // Of an item that is gone there is none.
        if let Some(image) = json("new_image")? {
            written.insert("NewImage".to_owned(), image);
        }
        let event = json!({
            "eventID": row.get::<_, Option<String>>("event_id")?,
            "eventName": row.get::<_, String>("event_name")?,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": self.arn(),
            "awsRegion": "local",
            "dynamodb": written,
        });
        Ok(Record { number: row.get("id")?, sequence_number, event })
    }

    /// Forgets the records up to that number, which were handed on.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn forget_through(&self, number: i64) -> rusqlite::Result<()> {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delete = data.prepare_cached("DELETE FROM _stream_records WHERE table_name = ?1 AND id <= ?2")?;
        delete.execute(params![self.table, number]).map(drop)
    }

    /// Its name as an event has it.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:dynamodb:local:000000000000:table/{}/stream/kese", self.table)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("table", &self.table).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use store::{Store, Tables};
    use tempfile::TempDir;

    use super::*;

    async fn with_tables(embedded: Embedded) -> Embedded {
        Store::new(embedded.connector(), Tables::default()).create_tables().await.unwrap();
        embedded
    }

    fn call(embedded: &Embedded, operation: &str, members: &Value) {
        let mut request = json!({ "TableName": "Ledger" });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let (status, answer) =
            embedded.answer(&format!("DynamoDB_20120810.{operation}"), request.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
    }

    fn put(embedded: &Embedded, sk: &str) {
        call(
            embedded,
            "PutItem",
            &json!({ "Item": { "pk": { "S": "demo#A#a" }, "sk": { "S": sk }, "n": { "N": "1.5" } } }),
        );
    }

    fn keys(stream: &Stream) -> Vec<String> {
        let records = stream.oldest(1_000).unwrap();
        records.iter().map(|record| record.event["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_record_is_what_lambda_passes_on() {
        let embedded = with_tables(Embedded::memory()).await;
        let stream = embedded.stream("Ledger").unwrap();
        put(&embedded, "T#000000000001");
        let key = json!({ "pk": { "S": "demo#A#a" }, "sk": { "S": "T#000000000001" } });
        let update = json!({ "Key": key, "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": { ":n": { "N": "2" } } });
        call(&embedded, "UpdateItem", &update);
        call(&embedded, "DeleteItem", &json!({ "Key": key }));

        let records = stream.oldest(10).unwrap();
        let names: Vec<_> = records.iter().map(|record| record.event["eventName"].as_str().unwrap()).collect();
        assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
        let mut first = records[0].event.clone();
        assert_eq!(first["eventID"].take().as_str().unwrap().len(), 32);
        assert!(first["dynamodb"]["ApproximateCreationDateTime"].take().as_i64().unwrap() > 1_700_000_000);
        let number = first["dynamodb"]["SequenceNumber"].take();
        assert_eq!(number.as_str().unwrap().len(), 21);
        assert_eq!(number, records[0].sequence_number);
        let expected = json!({
            "eventID": null,
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": "arn:aws:dynamodb:local:000000000000:table/Ledger/stream/kese",
            "awsRegion": "local",
            "dynamodb": {
                "ApproximateCreationDateTime": null,
                "Keys": key,
                "NewImage": { "pk": key["pk"], "sk": key["sk"], "n": { "N": "1.5" } },
                "SequenceNumber": null,
                "StreamViewType": "NEW_IMAGE",
            },
        });
        assert_eq!(first, expected);
        assert_eq!(records[1].event["dynamodb"]["NewImage"]["n"]["N"], "2");
        assert_eq!(records[2].event["dynamodb"].get("NewImage"), None);
        let numbers: Vec<_> = records.iter().map(|record| record.sequence_number.as_str()).collect();
        assert!(numbers.is_sorted() && numbers[0] < numbers[2]);
    }

    #[tokio::test]
    async fn what_was_handed_on_is_gone_and_the_rest_is_there_after_a_restart() {
        let folder = TempDir::new().unwrap();
        // As an older version left it: a ledger without a stream.
        put(&with_tables(Embedded::open(folder.path()).unwrap()).await, "T#000000000001");
        {
            let embedded = Embedded::open(folder.path()).unwrap();
            let stream = embedded.stream("Ledger").unwrap();
            for sk in ["T#000000000002", "K#x", "T#000000000003", "T#000000000004"] {
                put(&embedded, sk);
            }
            assert_eq!(keys(&stream), ["T#000000000002", "K#x", "T#000000000003", "T#000000000004"]);
            let records = stream.oldest(2).unwrap();
            stream.forget_through(records[1].number).unwrap();
            assert_eq!(keys(&stream), ["T#000000000003", "T#000000000004"]);
        }
        let embedded = Embedded::open(folder.path()).unwrap();
        let stream = embedded.stream("Ledger").unwrap();
        put(&embedded, "T#000000000005");
        assert_eq!(keys(&stream), ["T#000000000003", "T#000000000004", "T#000000000005"]);
        stream.forget_through(i64::MAX).unwrap();
        drop((embedded, stream));
        assert!(fs::exists(folder.path().join("ledger.db")).unwrap());
        assert!(keys(&Embedded::open(folder.path()).unwrap().stream("Ledger").unwrap()).is_empty());
    }

    #[tokio::test]
    async fn the_highest_number_is_found_without_a_look_at_all_of_them() {
        let embedded = with_tables(Embedded::memory()).await;
        let stream = embedded.stream("Ledger").unwrap();
        let data = stream.data.lock().unwrap();
        // What the embedded database asks for at every write.
        let mut plan = data
            .prepare(
                "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1
                 FROM _stream_records WHERE table_name = ?1",
            )
            .unwrap();
        let plan: String = plan.query_row(["Ledger"], |row| row.get("detail")).unwrap();
        assert!(plan.starts_with("SEARCH _stream_records USING COVERING INDEX"), "{plan}");
    }

    #[tokio::test]
    async fn there_is_no_stream_of_what_is_not_there() {
        assert!(Embedded::memory().stream("Ledger").unwrap_err().contains("Ledger"));
    }
}
