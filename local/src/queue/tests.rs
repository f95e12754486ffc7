//! The queues as the SDK sees them, with a clock that only moves when it is told to.

#![expect(clippy::arithmetic_side_effects, reason = "a test stops at whatever it does not expect")]

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message as Received, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const NOW: u64 = 1_767_225_600_000;
const HOUR: u64 = 60 * 60;

/// Two queues with a clock, and a client of them.
struct World {
    client: Client,
    clock: Arc<AtomicU64>,
    queues: Queues,
}

const SETTINGS: [Queue; 2] = [
    Queue {
        name: DELIVERIES,
        visibility_seconds: 30,
        retention_seconds: RETENTION_SECONDS_MAX,
        redrive: Some(Redrive { to: DELIVERIES_DEAD, receives_max: 3 }),
    },
    Queue { name: DELIVERIES_DEAD, visibility_seconds: 30, retention_seconds: RETENTION_SECONDS_MAX, redrive: None },
];

impl World {
    fn new() -> World {
        let clock = Arc::new(AtomicU64::new(NOW));
        let time = Arc::clone(&clock);
        World::over(Queues::memory(&SETTINGS, move || time.load(Ordering::Relaxed)), clock)
    }

    fn in_folder(folder: &TempDir, now: u64) -> World {
        let clock = Arc::new(AtomicU64::new(now));
        let time = Arc::clone(&clock);
        let queues = Queues::open(folder.path(), &SETTINGS, move || time.load(Ordering::Relaxed)).unwrap();
        World::over(queues, clock)
    }

    fn over(queues: Queues, clock: Arc<AtomicU64>) -> World {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .retry_config(RetryConfig::disabled())
            .http_client(queues.connector())
            .build();
        World { client: Client::from_conf(config), clock, queues }
    }

    fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    async fn send(&self, body: &str) -> String {
        let sent = self.client.send_message().queue_url(url(DELIVERIES)).message_body(body).send().await.unwrap();
        assert_eq!(sent.md5_of_message_body().unwrap().len(), 32);
        sent.message_id().unwrap().to_owned()
    }

    async fn receive(&self) -> Vec<Received> {
        self.receive_from(DELIVERIES).await
    }

    async fn receive_from(&self, name: &str) -> Vec<Received> {
        let receive = self.client.receive_message().queue_url(url(name)).max_number_of_messages(10);
        let all = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        all.send().await.unwrap().messages.unwrap_or_default()
    }

    async fn show_after(&self, message: &Received, seconds: i32) -> Result<(), String> {
        let change = self.client.change_message_visibility().queue_url(url(DELIVERIES)).visibility_timeout(seconds);
        let changed = change.receipt_handle(message.receipt_handle().unwrap()).send().await;
        changed.map(drop).map_err(|error| error.code().unwrap().to_owned())
    }

    async fn delete(&self, message: &Received) {
        let delete = self.client.delete_message().queue_url(url(DELIVERIES));
        delete.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    }

    /// How many can be received, are with a receiver, and are delayed.
    async fn counts(&self, name: &str) -> [u32; 3] {
        let ask = self.client.get_queue_attributes().queue_url(url(name)).attribute_names(QueueAttributeName::All);
        let attributes = ask.send().await.unwrap().attributes.unwrap();
        [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ]
        .map(|name| attributes[&name].parse().unwrap())
    }

    /// What a call is refused with.
    fn refused(&self, operation: &str, members: &Value) -> String {
        let mut request = json!({ "QueueUrl": url(DELIVERIES) });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let (status, body) = self.queues.answer(&format!("AmazonSQS.{operation}"), request.to_string().as_bytes());
        assert_eq!(status, 400, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        body["__type"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
    }
}

fn url(name: &str) -> String {
    format!("http://localhost/000000000000/{name}")
}

fn bodies(messages: &[Received]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

fn receives(message: &Received) -> &str {
    &message.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount]
}

/// Whoever opens the folder is alone with it: nobody works on what was received before. What was put off still is.
#[tokio::test]
async fn what_a_process_had_when_it_was_killed_is_received_by_the_next_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_folder(&folder, NOW);
    world.send("at work").await;
    world.send("put off").await;
    let received = world.receive().await;
    world.show_after(&received[1], 600).await.unwrap();
    drop(world);

    let next = World::in_folder(&folder, NOW + 1_000);
    let again = next.receive().await;
    assert_eq!((bodies(&again), receives(&again[0])), (vec!["at work"], "2"));
    next.wait(600);
    assert_eq!(bodies(&next.receive().await), ["at work", "put off"]);
}

#[tokio::test]
async fn a_message_is_received_until_it_is_deleted() {
    let world = World::new();
    let id = world.send("one").await;
    world.wait(5);
    let messages = world.receive().await;
    assert_eq!(bodies(&messages), ["one"]);
    assert_eq!(messages[0].message_id(), Some(id.as_str()));
    assert_eq!(messages[0].md5_of_body(), Some("f97c5d29941bfb1b2fdab0874906ab82"));
    let attributes = messages[0].attributes().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::SentTimestamp], NOW.to_string());
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp], (NOW + 5_000).to_string());
    assert_eq!(receives(&messages[0]), "1");

    assert!(world.receive().await.is_empty(), "another receiver has it");
    assert_eq!(world.counts(DELIVERIES).await, [0, 1, 0]);
    world.wait(30);
    assert_eq!(world.counts(DELIVERIES).await, [1, 0, 0]);
    let again = world.receive().await;
    assert_eq!(receives(&again[0]), "2");
    assert_eq!(again[0].message_id(), Some(id.as_str()));

    world.delete(&messages[0]).await;
    assert_eq!(world.counts(DELIVERIES).await, [0, 1, 0], "an older receive deletes nothing");
    world.delete(&again[0]).await;
    world.delete(&again[0]).await;
    assert_eq!(world.counts(DELIVERIES).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_message_is_tried_again_over_a_day() {
    let world = World::new();
    let settings = [Queue { redrive: None, ..SETTINGS[0] }];
    let time = Arc::clone(&world.clock);
    let world = World::over(Queues::memory(&settings, move || time.load(Ordering::Relaxed)), world.clock);
    world.send("patient").await;
    for (attempt, pause) in [5, 300, HOUR, 5 * HOUR, 10 * HOUR, 12 * HOUR].into_iter().enumerate() {
        let messages = world.receive().await;
        assert_eq!(receives(&messages[0]), (attempt + 1).to_string());
        world.show_after(&messages[0], i32::try_from(pause).unwrap()).await.unwrap();
        world.clock.fetch_add(pause * 1_000 - 1, Ordering::Relaxed);
        assert!(world.receive().await.is_empty(), "{pause} seconds are not over");
        world.clock.fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(receives(&world.receive().await[0]), "7");
}

#[tokio::test]
async fn nothing_is_kept_from_others_for_more_than_twelve_hours() {
    let world = World::new();
    world.send("one").await;
    let messages = world.receive().await;
    world.wait(10);
    assert_eq!(world.show_after(&messages[0], 43_201).await, Err("InvalidParameterValue".to_owned()));
    assert_eq!(world.show_after(&messages[0], 43_191).await, Err("InvalidParameterValue".to_owned()));
    world.show_after(&messages[0], 43_190).await.unwrap();
    world.wait(43_190);
    let late = world.show_after(&messages[0], 1).await;
    assert_eq!(late, Err("AWS.SimpleQueueService.MessageNotInflight".to_owned()));
    let again = world.receive().await;
    assert_eq!(world.show_after(&messages[0], 1).await, Err("InvalidParameterValue".to_owned()), "of an older receive");
    world.show_after(&again[0], 0).await.unwrap();
    assert_eq!(world.receive().await.len(), 1);
}

#[tokio::test]
async fn a_message_can_be_kept_back_when_it_is_sent() {
    let world = World::new();
    let send = world.client.send_message().queue_url(url(DELIVERIES)).message_body("later").delay_seconds(900);
    send.send().await.unwrap();
    assert_eq!(world.counts(DELIVERIES).await, [0, 0, 1]);
    world.wait(899);
    assert!(world.receive().await.is_empty());
    world.wait(1);
    assert_eq!(bodies(&world.receive().await), ["later"]);
}

#[tokio::test]
async fn what_is_received_too_often_goes_to_the_dead_letters() {
    let world = World::new();
    let id = world.send("hopeless").await;
    world.send("fine").await;
    for attempt in 1..=3 {
        let messages = world.receive().await;
        assert_eq!(receives(&messages[0]), attempt.to_string());
        if let Some(fine) = messages.get(1) {
            world.delete(fine).await;
        }
        world.wait(30);
    }
    assert!(world.receive().await.is_empty());
    assert_eq!(world.counts(DELIVERIES).await, [0, 0, 0]);
    let dead = world.receive_from(DELIVERIES_DEAD).await;
    assert_eq!(bodies(&dead), ["hopeless"]);
    assert_eq!(dead[0].message_id(), Some(id.as_str()));
}

#[tokio::test]
async fn a_batch_does_what_it_can() {
    let world = World::new();
    let entry = |id: &str, body: &str, delay: i32| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(body).delay_seconds(delay).build().unwrap()
    };
    let batch = world.client.send_message_batch().queue_url(url(DELIVERIES));
    let batch = batch.entries(entry("a", "one", 0)).entries(entry("b", "two", 901)).entries(entry("c", "three", 0));
    let sent = batch.send().await.unwrap();
    assert_eq!(sent.successful().iter().map(SendMessageBatchResultEntry::id).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(sent.failed().len(), 1);
    assert_eq!(
        (sent.failed()[0].id(), sent.failed()[0].code(), sent.failed()[0].sender_fault()),
        ("b", "InvalidParameterValue", true)
    );

    let messages = world.receive().await;
    assert_eq!(bodies(&messages), ["one", "three"]);
    let entry = |id: &str, receipt: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(receipt).build().unwrap()
    };
    let delete = world.client.delete_message_batch().queue_url(url(DELIVERIES));
    let delete = delete.entries(entry("x", messages[1].receipt_handle().unwrap())).entries(entry("y", "nonsense"));
    let deleted = delete.send().await.unwrap();
    assert_eq!(deleted.successful()[0].id(), "x");
    assert_eq!((deleted.failed()[0].id(), deleted.failed()[0].code()), ("y", "ReceiptHandleIsInvalid"));
    world.wait(30);
    assert_eq!(bodies(&world.receive().await), ["one"]);
}

#[tokio::test]
async fn limits_are_those_of_sqs() {
    let world = World::new();
    let mebibyte = "x".repeat(1_048_576);
    world.send(&mebibyte).await;
    let body = |body: &str| json!({ "MessageBody": body });
    assert_eq!(world.refused("SendMessage", &body(&format!("{mebibyte}x"))), "InvalidParameterValueException");
    assert_eq!(world.refused("SendMessage", &body("")), "InvalidParameterValueException");
    assert_eq!(world.refused("SendMessage", &body("a\u{1}")), "InvalidMessageContents");
    let delayed = json!({ "MessageBody": "a", "DelaySeconds": -1 });
    assert_eq!(world.refused("SendMessage", &delayed), "InvalidParameterValueException");
    let with_attributes = json!({ "MessageBody": "a", "MessageAttributes": {} });
    assert_eq!(world.refused("SendMessage", &with_attributes), "SerializationException", "nothing here keeps them");

    let batch = |entries: &[(&str, &str)]| {
        let entries = entries.iter().map(|(id, body)| json!({ "Id": id, "MessageBody": body }));
        world.refused("SendMessageBatch", &json!({ "Entries": entries.collect::<Vec<_>>() }))
    };
    assert_eq!(batch(&[]), "EmptyBatchRequest");
    let ids: Vec<String> = (0..11).map(|id| id.to_string()).collect();
    assert_eq!(batch(&ids.iter().map(|id| (id.as_str(), "a")).collect::<Vec<_>>()), "TooManyEntriesInBatchRequest");
    assert_eq!(batch(&[("a", "x"), ("a", "y")]), "BatchEntryIdsNotDistinct");
    assert_eq!(batch(&[("a b", "x")]), "InvalidBatchEntryId");
    assert_eq!(batch(&[(&"a".repeat(81), "x")]), "InvalidBatchEntryId");
    assert_eq!(batch(&[("a", &mebibyte), ("b", "x")]), "BatchRequestTooLong");

    assert_eq!(
        world.refused("ReceiveMessage", &json!({ "MaxNumberOfMessages": 11 })),
        "InvalidParameterValueException"
    );
    assert_eq!(
        world.refused("ReceiveMessage", &json!({ "VisibilityTimeout": 43_201 })),
        "InvalidParameterValueException"
    );
    assert_eq!(world.refused("ReceiveMessage", &json!({ "WaitTimeSeconds": 21 })), "InvalidParameterValueException");
    assert_eq!(world.refused("ReceiveMessage", &json!({ "AttributeNames": ["Colour"] })), "InvalidAttributeName");
    assert_eq!(world.refused("DeleteMessage", &json!({ "ReceiptHandle": "nonsense" })), "ReceiptHandleIsInvalid");
    assert_eq!(world.refused("PurgeQueue", &json!({})), "UnknownOperationException");
    let nowhere = world.client.send_message().queue_url(url("Nowhere")).message_body("a").send().await.unwrap_err();
    assert!(nowhere.into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_receive_gives_ten_and_those_first_that_waited_longest() {
    let world = World::new();
    for number in 0..12 {
        world.send(&number.to_string()).await;
        world.wait(1);
    }
    let first: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    assert_eq!(bodies(&world.receive().await), first);
    assert_eq!(bodies(&world.receive().await), ["10", "11"]);
}

#[tokio::test]
async fn queues_outlive_the_process() {
    let folder = TempDir::new().unwrap();
    let received = {
        let world = World::in_folder(&folder, NOW);
        world.send("one").await;
        let received = world.receive().await.remove(0);
        world.send("two").await;
        received
    };
    let world = World::in_folder(&folder, NOW + 1_000);
    let again = world.receive().await;
    assert_eq!((bodies(&again), receives(&again[0]), receives(&again[1])), (vec!["one", "two"], "2", "1"));
    world.delete(&received).await;
    world.delete(&again[1]).await;
    world.wait(30);
    assert_eq!(bodies(&world.receive().await), ["one"], "what the receiver before had deletes nothing any more");
    drop(world);
    let id = World::in_folder(&folder, NOW).send("three").await;
    assert_ne!(Some(id.as_str()), received.message_id(), "an id is never given twice");
}

#[tokio::test]
async fn a_damaged_file_is_not_used() {
    let folder = TempDir::new().unwrap();
    World::in_folder(&folder, NOW).send(&"x".repeat(100_000)).await;
    // What SQLite takes for zeros.
    let file = std::fs::File::options().write(true).open(folder.path().join(DATA_FILE)).unwrap();
    file.set_len(file.metadata().unwrap().len() - 100).unwrap();
    let unusable = Queues::open(folder.path(), &SETTINGS, || NOW).unwrap_err();
    assert!(matches!(unusable, Unusable::Damaged { .. }), "{unusable}");
}

#[tokio::test]
async fn what_is_older_than_fourteen_days_is_forgotten() {
    let world = World::new();
    world.send("old").await;
    world.wait(14 * 24 * HOUR - 1);
    world.send("young").await;
    let messages = world.receive().await;
    assert_eq!(bodies(&messages), ["old", "young"]);
    world.show_after(&messages[0], 1).await.unwrap();
    world.show_after(&messages[1], 1).await.unwrap();
    world.wait(1);
    assert_eq!(bodies(&world.receive().await), ["young"]);
    assert_eq!(world.counts(DELIVERIES).await, [0, 1, 0]);
}
