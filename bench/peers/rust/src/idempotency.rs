//! The record of a key, in the states and with the attributes that Powertools gives it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::Utc;
use lambda_http::Error;
use sha2::{Digest, Sha256};

/// How long an answer is kept.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// The key of one request, and the hash of what it asks for.
pub(crate) struct Record<'a> {
    client: &'a Client,
    table: &'a str,
    id: AttributeValue,
    validation: AttributeValue,
}

/// What a record says to a request that comes with its key.
pub(crate) enum Claim {
    /// Nobody else does the work.
    Ours,
    /// It was done, and this was answered.
    Answered(String),
    /// Somebody does it right now.
    InProgress,
    /// Something else was asked for with this key.
    Reused,
}

impl<'a> Record<'a> {
    pub(crate) fn new(client: &'a Client, table: &'a str, key: &[&str], body: &[u8]) -> Record<'a> {
        let validation = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        Record {
            client,
            table,
            id: AttributeValue::S(format!("spend#{}", key.join("#"))),
            validation: AttributeValue::S(validation),
        }
    }

    /// Takes the work on until the invocation ends, unless it is done or somebody else has it.
    pub(crate) async fn claim(&self, deadline_ms: u64) -> Result<Claim, Error> {
        let now = Utc::now();
        let put = self
            .client
            .put_item()
            .table_name(self.table)
            .item("id", self.id.clone())
            .item("status", AttributeValue::S("INPROGRESS".to_owned()))
            .item("expiration", number(now.timestamp() + KEPT_SECONDS))
            .item("in_progress_expiration", number(deadline_ms))
            .item("validation", self.validation.clone())
            .condition_expression(
                "attribute_not_exists(id) OR expiration < :now OR (#status = :inprogress AND in_progress_expiration < :now_ms)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", number(now.timestamp()))
            .expression_attribute_values(":now_ms", number(now.timestamp_millis()))
            .expression_attribute_values(":inprogress", AttributeValue::S("INPROGRESS".to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await.map_err(|error| error.into_service_error()) {
            Ok(_) => Ok(Claim::Ours),
            Err(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(self.compare(failed.item.unwrap_or_default()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a record that was there already says.
    fn compare(&self, mut item: HashMap<String, AttributeValue>) -> Claim {
        if item.get("validation") != Some(&self.validation) {
            return Claim::Reused;
        }
        match item.remove("data") {
            Some(AttributeValue::S(answer)) => Claim::Answered(answer),
            _ => Claim::InProgress,
        }
    }

    /// Keeps what was answered.
    pub(crate) async fn complete(&self, answer: &str) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.table)
            .key("id", self.id.clone())
            .update_expression("SET #data = :data, #status = :completed, expiration = :expiration")
            .expression_attribute_names("#data", "data")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":data", AttributeValue::S(answer.to_owned()))
            .expression_attribute_values(":completed", AttributeValue::S("COMPLETED".to_owned()))
            .expression_attribute_values(":expiration", number(Utc::now().timestamp() + KEPT_SECONDS));
        update.send().await?;
        Ok(())
    }

    /// Leaves the key free for another try.
    pub(crate) async fn release(&self) -> Result<(), Error> {
        self.client.delete_item().table_name(self.table).key("id", self.id.clone()).send().await?;
        Ok(())
    }
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
