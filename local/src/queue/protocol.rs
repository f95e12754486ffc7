//! How SQS is spoken to, AWS JSON 1.0: the calls, their limits, and the names of what is refused.

use std::collections::BTreeSet;

use rusqlite::params;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Message, Queue, Queues, Receipt, after, milliseconds};

/// One mebibyte: the longest message, and the longest batch of them.
const MESSAGE_BYTES_MAX: usize = 1_048_576;

/// How many messages a batch has at most, and how many one call receives.
const BATCH_MAX: usize = 10;

/// Fifteen minutes: for how long a message can be kept back when it is sent.
const DELAY_SECONDS_MAX: u64 = 900;

/// Twelve hours: for how long a message can be kept from others, counted from its receive.
const VISIBILITY_SECONDS_MAX: u64 = 43_200;

/// The longest name of an entry of a batch.
const ENTRY_ID_CHARACTERS_MAX: usize = 80;

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Refused {
    reason: Reason,
    message: String,
}

/// The kinds of refusals.
#[derive(Clone, Copy, Debug)]
enum Reason {
    UnknownOperation,
    Malformed,
    NoSuchQueue,
    InvalidParameter,
    InvalidAttributeName,
    InvalidMessageContents,
    InvalidReceipt,
    NotInFlight,
    EmptyBatch,
    LargeBatch,
    LongBatch,
    DoubledEntry,
    InvalidEntry,
    Broken,
}

impl Reason {
    /// Its name in an answer's body, and the one in its header.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Reason::UnknownOperation => ("com.amazon.coral.service#UnknownOperationException", "InvalidAction"),
            Reason::Malformed => ("com.amazon.coral.service#SerializationException", "MalformedInput"),
            Reason::NoSuchQueue => ("com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            Reason::InvalidParameter => {
                ("com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue")
            }
            Reason::InvalidAttributeName => ("com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName"),
            Reason::InvalidMessageContents => ("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents"),
            Reason::InvalidReceipt => ("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Reason::NotInFlight => {
                ("com.amazonaws.sqs#MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight")
            }
            Reason::EmptyBatch => ("com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            Reason::LargeBatch => (
                "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            ),
            Reason::LongBatch => {
                ("com.amazonaws.sqs#BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
            }
            Reason::DoubledEntry => {
                ("com.amazonaws.sqs#BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
            }
            Reason::InvalidEntry => {
                ("com.amazonaws.sqs#InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId")
            }
            Reason::Broken => ("com.amazonaws.sqs#InternalFailure", "InternalFailure"),
        }
    }

    fn because(self, message: impl Into<String>) -> Refused {
        Refused { reason: self, message: message.into() }
    }
}

impl Refused {
    pub(super) fn status(&self) -> u16 {
        match self.reason {
            Reason::Broken => 500,
            Reason::UnknownOperation
            | Reason::Malformed
            | Reason::NoSuchQueue
            | Reason::InvalidParameter
            | Reason::InvalidAttributeName
            | Reason::InvalidMessageContents
            | Reason::InvalidReceipt
            | Reason::NotInFlight
            | Reason::EmptyBatch
            | Reason::LargeBatch
            | Reason::LongBatch
            | Reason::DoubledEntry
            | Reason::InvalidEntry => 400,
        }
    }

    pub(super) fn body(&self) -> String {
        json!({ "__type": self.reason.names().0, "message": self.message }).to_string()
    }

    /// The header that clients tell errors apart by.
    pub(super) fn query_error(&self) -> String {
        let at_fault = if self.status() == 500 { "Receiver" } else { "Sender" };
        format!("{};{at_fault}", self.reason.names().1)
    }

    /// The same as the failure of one entry of a batch.
    fn entry(&self, id: &str) -> Value {
        json!({ "Id": id, "SenderFault": self.status() != 500, "Code": self.reason.names().1, "Message": self.message })
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Reason::Broken.because(error.to_string())
    }
}

/// Answers one call.
pub(super) fn answer(queues: &Queues, target: &str, body: &[u8]) -> Result<String, Refused> {
    let answered = match target.strip_prefix("AmazonSQS.") {
        Some("SendMessage") => send_message(queues, &parse(body)?),
        Some("SendMessageBatch") => send_message_batch(queues, &parse(body)?),
        Some("ReceiveMessage") => receive_message(queues, parse(body)?),
        Some("DeleteMessage") => delete_message(queues, &parse(body)?),
        Some("DeleteMessageBatch") => delete_message_batch(queues, &parse(body)?),
        Some("ChangeMessageVisibility") => change_message_visibility(queues, &parse(body)?),
        Some("GetQueueAttributes") => get_queue_attributes(queues, &parse(body)?),
        _ => Err(Reason::UnknownOperation.because("There is no such operation here.")),
    };
    answered.map(|answer| answer.to_string())
}

/// A request out of its JSON. A member that nothing here reads is refused, so that nobody counts on it.
fn parse<Request: DeserializeOwned>(body: &[u8]) -> Result<Request, Refused> {
    serde_json::from_slice(body).map_err(|error| Reason::Malformed.because(error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessage {
    queue_url: String,
    message_body: String,
    #[serde(default)]
    delay_seconds: i64,
}

fn send_message(queues: &Queues, request: &SendMessage) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    let delay_seconds = sendable(&request.message_body, request.delay_seconds)?;
    let ids = queues.send(queue.name, &[(&request.message_body, delay_seconds)])?;
    Ok(json!({ "MessageId": ids.first(), "MD5OfMessageBody": digest(&request.message_body) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Batch<Entry> {
    queue_url: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendEntry {
    id: String,
    message_body: String,
    #[serde(default)]
    delay_seconds: i64,
}

fn send_message_batch(queues: &Queues, request: &Batch<SendEntry>) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    entries(request.entries.iter().map(|entry| entry.id.as_str()))?;
    let bytes = request.entries.iter().fold(0, |sum: usize, entry| sum.saturating_add(entry.message_body.len()));
    if bytes > MESSAGE_BYTES_MAX {
        let message = format!("Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. You have sent {bytes}.");
        return Err(Reason::LongBatch.because(message));
    }
    let mut failed = Vec::new();
    let mut sent = Vec::new();
    for entry in &request.entries {
        match sendable(&entry.message_body, entry.delay_seconds) {
            Ok(delay_seconds) => sent.push((entry, delay_seconds)),
            Err(refused) => failed.push(refused.entry(&entry.id)),
        }
    }
    let messages: Vec<_> =
        sent.iter().map(|(entry, delay_seconds)| (entry.message_body.as_str(), *delay_seconds)).collect();
    let ids = queues.send(queue.name, &messages)?;
    let successful: Vec<_> = sent
        .iter()
        .zip(ids)
        .map(|((entry, _), id)| {
            json!({ "Id": entry.id, "MessageId": id, "MD5OfMessageBody": digest(&entry.message_body) })
        })
        .collect();
    Ok(batch_answer(successful, failed))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReceiveMessage {
    queue_url: String,
    #[serde(default = "one")]
    max_number_of_messages: usize,
    visibility_timeout: Option<i64>,
    #[serde(default)]
    wait_time_seconds: u64,
    /// The older name of the next.
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
}

fn one() -> usize {
    1
}

fn receive_message(queues: &Queues, request: ReceiveMessage) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    if !(1..=BATCH_MAX).contains(&request.max_number_of_messages) {
        return Err(invalid(
            request.max_number_of_messages,
            "MaxNumberOfMessages",
            &format!("Must be between 1 and {BATCH_MAX}, if provided."),
        ));
    }
    if request.wait_time_seconds > 20 {
        return Err(invalid(request.wait_time_seconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."));
    }
    let visibility_seconds = match request.visibility_timeout {
        Some(seconds) => visibility(seconds)?,
        None => queue.visibility_seconds,
    };
    let mut names = request.attribute_names;
    names.extend(request.message_system_attribute_names);
    let messages = queues.receive_for(queue, request.max_number_of_messages, visibility_seconds)?;
    let messages: Vec<_> = messages.iter().map(|message| received(message, &names)).collect::<Result<_, _>>()?;
    // SQS leaves the list out when there is nothing in it.
    Ok(if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) })
}

fn received(message: &Message, names: &[String]) -> Result<Value, Refused> {
    let all = [
        ("ApproximateFirstReceiveTimestamp", message.first_received_at.to_string()),
        ("ApproximateReceiveCount", message.receives.to_string()),
        ("SentTimestamp", message.sent_at.to_string()),
    ];
    let attributes = chosen(&all, names)?;
    let mut answer = Map::from_iter([
        ("MessageId".to_owned(), message.id.as_str().into()),
        ("ReceiptHandle".to_owned(), message.receipt.as_str().into()),
        ("Body".to_owned(), message.body.as_str().into()),
        ("MD5OfBody".to_owned(), digest(&message.body).into()),
    ]);
    if !attributes.is_empty() {
        answer.insert("Attributes".to_owned(), attributes.into());
    }
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteMessage {
    queue_url: String,
    receipt_handle: String,
}

fn delete_message(queues: &Queues, request: &DeleteMessage) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    receipt(&request.receipt_handle)?;
    queues.delete(queue.name, &[&request.receipt_handle])?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteEntry {
    id: String,
    receipt_handle: String,
}

fn delete_message_batch(queues: &Queues, request: &Batch<DeleteEntry>) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    entries(request.entries.iter().map(|entry| entry.id.as_str()))?;
    let mut failed = Vec::new();
    let mut successful = Vec::new();
    let mut receipts = Vec::new();
    for entry in &request.entries {
        match receipt(&entry.receipt_handle) {
            Ok(_) => {
                receipts.push(entry.receipt_handle.as_str());
                successful.push(json!({ "Id": entry.id }));
            }
            Err(refused) => failed.push(refused.entry(&entry.id)),
        }
    }
    queues.delete(queue.name, &receipts)?;
    Ok(batch_answer(successful, failed))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeMessageVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

fn change_message_visibility(queues: &Queues, request: &ChangeMessageVisibility) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    let seconds = visibility(request.visibility_timeout)?;
    let receipt = receipt(&request.receipt_handle)?;
    let now = queues.now();
    let changed = queues.write(|data| {
        let Some((received_at, visible_at)) = Queues::in_flight(data, queue.name, receipt)? else {
            return Ok(Err(invalid(
                &request.receipt_handle,
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change.",
            )));
        };
        if visible_at <= now {
            return Ok(Err(Reason::NotInFlight.because("The message is not in flight.")));
        }
        if after(now, seconds) > received_at.saturating_add(milliseconds(VISIBILITY_SECONDS_MAX)) {
            let limit = format!(
                "Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY_SECONDS_MAX} seconds]."
            );
            return Ok(Err(invalid(seconds, "VisibilityTimeout", &limit)));
        }
        let visible_at = after(now, seconds);
        data.execute("UPDATE messages SET visible_at = ?2 WHERE number = ?1", params![receipt.number, visible_at])?;
        Ok(Ok(json!({})))
    });
    changed?
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

fn get_queue_attributes(queues: &Queues, request: &GetQueueAttributes) -> Result<Value, Refused> {
    let queue = queue(queues, &request.queue_url)?;
    let (visible, in_flight, delayed): (u64, u64, u64) = queues.data().query_row(
        "SELECT count(*) FILTER (WHERE visible_at <= ?2),
                count(*) FILTER (WHERE visible_at > ?2 AND received_at IS NOT NULL),
                count(*) FILTER (WHERE visible_at > ?2 AND received_at IS NULL)
         FROM messages WHERE queue = ?1",
        params![queue.name, queues.now()],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let all = [
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
        ("MessageRetentionPeriod", queue.retention_seconds.to_string()),
        ("VisibilityTimeout", queue.visibility_seconds.to_string()),
    ];
    let attributes = chosen(&all, &request.attribute_names)?;
    Ok(if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) })
}

/// The queue of a URL, wherever these queues are reached.
fn queue<'a>(queues: &'a Queues, url: &str) -> Result<&'a Queue, Refused> {
    let path = |url: &str| url.splitn(4, '/').nth(3).map(str::to_owned);
    let found =
        queues.shared.queues.iter().find(|queue| path(url).is_some_and(|wanted| path(&queue.url()) == Some(wanted)));
    found.ok_or_else(|| Reason::NoSuchQueue.because("The specified queue does not exist."))
}

/// For how many seconds a message is to be kept back, if it can be sent.
fn sendable(body: &str, delay_seconds: i64) -> Result<u64, Refused> {
    if body.is_empty() {
        return Err(Reason::InvalidParameter.because("The message must not be empty."));
    }
    if body.len() > MESSAGE_BYTES_MAX {
        let message = format!("Message must be shorter than {} bytes.", MESSAGE_BYTES_MAX.saturating_add(1));
        return Err(Reason::InvalidParameter.because(message));
    }
    // What XML can hold.
    let unusual =
        |letter| matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if body.contains(unusual) {
        return Err(Reason::InvalidMessageContents.because("The message has characters that are not allowed."));
    }
    within(delay_seconds, DELAY_SECONDS_MAX)
        .ok_or_else(|| invalid(delay_seconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."))
}

fn visibility(seconds: i64) -> Result<u64, Refused> {
    within(seconds, VISIBILITY_SECONDS_MAX)
        .ok_or_else(|| invalid(seconds, "VisibilityTimeout", "VisibilityTimeout must be between 0 and 43200."))
}

fn within(seconds: i64, max: u64) -> Option<u64> {
    u64::try_from(seconds).ok().filter(|seconds| *seconds <= max)
}

fn receipt(handle: &str) -> Result<Receipt, Refused> {
    Receipt::parse(handle).ok_or_else(|| Reason::InvalidReceipt.because("The input receipt handle is invalid."))
}

/// Looks at the names of a batch's entries.
fn entries<'a>(ids: impl ExactSizeIterator<Item = &'a str> + Clone) -> Result<(), Refused> {
    let count = ids.len();
    if count == 0 {
        return Err(Reason::EmptyBatch.because("There should be at least one entry in the request."));
    }
    if count > BATCH_MAX {
        let message = format!("Maximum number of entries per request are {BATCH_MAX}. You have sent {count}.");
        return Err(Reason::LargeBatch.because(message));
    }
    let named = |id: &str| {
        (1..=ENTRY_ID_CHARACTERS_MAX).contains(&id.len())
            && id.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_')
    };
    if !ids.clone().all(named) {
        return Err(Reason::InvalidEntry.because("An entry's id has 1 to 80 letters, digits, hyphens and underscores."));
    }
    if ids.collect::<BTreeSet<_>>().len() < count {
        return Err(Reason::DoubledEntry.because("Two entries of the request have the same id."));
    }
    Ok(())
}

/// What became of each entry. SQS leaves an empty list out.
fn batch_answer(successful: Vec<Value>, failed: Vec<Value>) -> Value {
    let lists = [("Successful", successful), ("Failed", failed)];
    lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| (name.to_owned(), Value::Array(list)))
        .collect()
}

/// Those attributes that were asked for, by their names or by `All`.
fn chosen(all: &[(&str, String)], names: &[String]) -> Result<Map<String, Value>, Refused> {
    if let Some(unknown) = names.iter().find(|name| *name != "All" && all.iter().all(|(known, _)| known != name)) {
        return Err(Reason::InvalidAttributeName.because(format!("Unknown Attribute {unknown}.")));
    }
    let asked = |name: &str| names.iter().any(|asked| asked == "All" || asked == name);
    Ok(all
        .iter()
        .filter(|(name, _)| asked(name))
        .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
        .collect())
}

fn invalid(value: impl std::fmt::Display, parameter: &str, reason: &str) -> Refused {
    Reason::InvalidParameter.because(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// Clients compare it with what they sent.
fn digest(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}
