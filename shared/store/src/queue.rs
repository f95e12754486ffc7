//! The queue of deliveries, at SQS: a message is one event for one target, and comes again until it was delivered.

use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use crate::error::{Error, Trouble};
use crate::write::complete;

/// SQS takes that many messages at once.
const BATCH_MAX: usize = 10;

/// The longest that a message can be hidden after it was received.
pub const HIDDEN_MAX: Duration = Duration::from_hours(12);

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) url: String,
}

impl Queue {
    /// Sends messages, all of them; some of them twice if this fails and is done again.
    ///
    /// # Errors
    /// [`Error`] when SQS can not be reached or does not take one.
    pub async fn send(&self, messages: &[String]) -> Result<(), Error> {
        for batch in messages.chunks(BATCH_MAX) {
            let entries = batch.iter().enumerate().map(|(place, message)| {
                let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(message);
                complete(entry.build())
            });
            let send = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
            let done = send.send().await.map_err(Trouble::of)?;
            if let Some(failed) = done.failed.first() {
                let source = format!("a message was not taken: {}", failed.code);
                return Err(Error::Unavailable { word: "message not taken", source });
            }
        }
        Ok(())
    }

    /// Hides a message that was received for `span` from now on, at most [`HIDDEN_MAX`] from when it was received.
    ///
    /// # Errors
    /// [`Error`] when SQS can not be reached or has no such message any longer.
    pub async fn hide(&self, receipt: &str, span: Duration) -> Result<(), Error> {
        let seconds = i32::try_from(span.min(HIDDEN_MAX).as_secs()).unwrap_or(i32::MAX);
        let hide = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        hide.visibility_timeout(seconds).send().await.map_err(Trouble::of)?;
        Ok(())
    }
}
