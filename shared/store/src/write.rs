//! The commit: one conditional put, or one transaction of several writes.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, PutRequest, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update, WriteRequest,
};
use domain::Timestamp;
use domain::decide::Mark;

use crate::Session;
use crate::error::{Error, Trouble};
use crate::item::{self, Item};
use crate::keys::Key;
use crate::pace::Pace;

/// DynamoDB takes that many puts in one batch.
const BATCH_MAX: usize = 25;

/// One write of a commit, with the condition under which it was decided.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// Puts an item where there is none.
    Create(Item),
    /// Puts a key record where there is none that is still honoured at `now`.
    CreateKeyRecord { item: Item, now: Timestamp },
    /// Puts an item in the place of the one with that version.
    Replace { item: Item, version: u64 },
    /// Marks an entry as refunded or canceled, if it is as it was.
    Mark { entry: Key, mark: Mark },
}

/// What became of a commit.
#[derive(Debug)]
pub(crate) enum Landing {
    /// It is in the ledger.
    Committed,
    /// Somebody else's is, and this one never will be. What stands in the place of the first write, if it is known.
    Lost(Option<Item>),
}

impl Session<'_> {
    /// Writes all of it or nothing. A write whose answer is lost is sent again, unchanged, until it is known what became of
    /// it: only then may anything else be decided.
    pub(crate) async fn commit(&self, writes: &[Write], pace: &mut Pace<'_>, round: u32) -> Result<Landing, Error> {
        loop {
            let trouble = match writes {
                [Write::Create(item)] => match self.put(item).await {
                    Ok(()) => return Ok(Landing::Committed),
                    Err(error) => match conditional_check_failed(error) {
                        Ok(there) => return Ok(self.landing([there])),
                        Err(trouble) => trouble,
                    },
                },
                writes => match self.transact(writes, round).await {
                    Ok(()) => return Ok(Landing::Committed),
                    Err(error) => match canceled(error) {
                        Ok(there) => return Ok(self.landing(there)),
                        Err(trouble) => trouble,
                    },
                },
            };
            match trouble {
                Trouble::Contended => pace.lost(|| Error::Busy).await?,
                // An account that too many are at is what a partition is throttled for.
                Trouble::Throttled(error) => pace.lost(|| error).await?,
                Trouble::Passing(error) => pace.wait(|| error).await?,
                Trouble::Lasting(error) => return Err(error),
            }
        }
    }

    /// If what stands in the way carries this request's nonce, an earlier try of the same commit landed and its answer was lost.
    fn landing(&self, there: impl IntoIterator<Item = Option<Item>>) -> Landing {
        let mut there = there.into_iter().peekable();
        let first = there.peek().cloned().flatten();
        if there.flatten().any(|item| item::nonce_of(&item) == Some(self.nonce)) {
            Landing::Committed
        } else {
            Landing::Lost(first)
        }
    }

    async fn put(&self, item: &Item) -> Result<(), SdkError<PutItemError>> {
        self.meter.call();
        let put = self.store.client.put_item().table_name(&self.store.tables.ledger);
        let put = put.set_item(Some(item.clone())).condition_expression("attribute_not_exists(pk)");
        let put = put.return_values_on_condition_check_failure(OnFailure::AllOld);
        let done = put.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await?;
        self.meter.wrote(done.consumed_capacity());
        Ok(())
    }

    async fn transact(&self, writes: &[Write], round: u32) -> Result<(), SdkError<TransactWriteItemsError>> {
        self.meter.call();
        let items = writes.iter().map(|write| self.transact_item(write));
        let transact = self.store.client.transact_write_items().set_transact_items(Some(items.collect()));
        // The same token for the same commit of this request: sent twice, it happens once.
        let transact = transact.client_request_token(format!("{:032x}{:04x}", self.nonce, round & 0xffff));
        let done = transact.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await?;
        self.meter.wrote(done.consumed_capacity());
        Ok(())
    }

    fn transact_item(&self, write: &Write) -> TransactWriteItem {
        let table = &self.store.tables.ledger;
        let put = |item: &Item| {
            let put = Put::builder().table_name(table).set_item(Some(item.clone()));
            put.return_values_on_condition_check_failure(OnFailure::AllOld)
        };
        let item = TransactWriteItem::builder();
        match write {
            Write::Create(new) => {
                item.put(complete(put(new).condition_expression("attribute_not_exists(pk)").build()))
            }
            Write::CreateKeyRecord { item: new, now } => {
                let put = put(new).condition_expression("attribute_not_exists(pk) OR till <= :now");
                item.put(complete(put.expression_attribute_values(":now", number(now.0)).build()))
            }
            Write::Replace { item: new, version } => {
                let put = put(new).condition_expression("ver = :version");
                item.put(complete(put.expression_attribute_values(":version", number(*version)).build()))
            }
            Write::Mark { entry, mark } => {
                let update = Update::builder().table_name(table);
                let update = update.key("pk", AttributeValue::S(entry.pk.clone()));
                let update = update.key("sk", AttributeValue::S(entry.sk.clone()));
                let update = match mark {
                    Mark::Refunded { before, after, .. } if before.is_zero() => update
                        .update_expression("SET refunded = :after")
                        .condition_expression(
                            "attribute_exists(pk) AND attribute_not_exists(refunded) AND attribute_not_exists(canceled)",
                        )
                        .expression_attribute_values(":after", number(after.minor_units())),
                    Mark::Refunded { before, after, .. } => update
                        .update_expression("SET refunded = :after")
                        .condition_expression("refunded = :before AND attribute_not_exists(canceled)")
                        .expression_attribute_values(":before", number(before.minor_units()))
                        .expression_attribute_values(":after", number(after.minor_units())),
                    Mark::Canceled { by, .. } => update
                        .update_expression("SET canceled = :by")
                        .condition_expression(
                            "attribute_exists(pk) AND attribute_not_exists(refunded) AND attribute_not_exists(canceled)",
                        )
                        .expression_attribute_values(":by", number(by.number())),
                };
                item.update(complete(update.build()))
            }
        }
        .build()
    }

    /// Puts key records, all of them, before anything that rests on them.
    pub(crate) async fn put_records(&self, records: Vec<Item>, pace: &mut Pace<'_>) -> Result<(), Error> {
        let table = &self.store.tables.ledger;
        let mut left: Vec<WriteRequest> = records
            .into_iter()
            .map(|item| PutRequest::builder().set_item(Some(item)).build())
            .map(|put| WriteRequest::builder().put_request(complete(put)).build())
            .collect();
        while !left.is_empty() {
            let later = left.split_off(left.len().min(BATCH_MAX));
            self.meter.call();
            let batch = self.store.client.batch_write_item().request_items(table, left);
            let done = batch.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
            let done = done.map_err(Trouble::of)?;
            self.meter.wrote(done.consumed_capacity());
            left = done.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
            if !left.is_empty() {
                let source = "key records were not taken".to_owned();
                pace.wait(|| Error::Unavailable { word: "unprocessed", source }).await?;
            }
            left.extend(later);
        }
        Ok(())
    }
}

/// What stands where a put was to create something; otherwise the trouble.
fn conditional_check_failed(error: SdkError<PutItemError>) -> Result<Option<Item>, Trouble> {
    if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
        Ok(failed.item().cloned())
    } else {
        Err(Trouble::of(error))
    }
}

/// What stands where the writes of a transaction were to go, if a condition failed; otherwise the trouble.
fn canceled(error: SdkError<TransactWriteItemsError>) -> Result<Vec<Option<Item>>, Trouble> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return Err(Trouble::of(error));
    };
    let reasons = canceled.cancellation_reasons();
    let is = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    if is("ConditionalCheckFailed") {
        return Ok(reasons.iter().map(CancellationReason::item).map(Option::<&Item>::cloned).collect());
    }
    Err(Trouble::of_reasons(reasons))
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Builders of the SDK fail when a required member was not set; every one here is.
#[expect(clippy::expect_used, reason = "the members are set in the lines above each call")]
pub(crate) fn complete<T, E: std::fmt::Debug>(built: Result<T, E>) -> T {
    built.expect("every required member is set")
}
