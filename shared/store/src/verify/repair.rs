//! What can be put right, because the chain says what it has to be: marks, key records and places in the feed. Each under
//! the condition that it is as it was found; never an amount, a balance, a hash or an entry.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::{Finding, Verifier};
use crate::error::{Error, Trouble};
use crate::item::Item;
use crate::keys::Key;

/// A write that puts something right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Repair {
    /// Sets one attribute that no hash covers, or removes it.
    Attribute {
        key: Key,
        /// What tells that the item is the one that was seen: its hash, or a wallet's version.
        guard: (&'static str, AttributeValue),
        name: &'static str,
        found: Option<AttributeValue>,
        right: Option<AttributeValue>,
    },
    /// Puts the record of a key, where there is none or the one that was found.
    Record { item: Item, found: Option<Item> },
}

impl Verifier {
    /// Puts right what was found; false if it can not be, or is not as it was found any more.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn repair(&self, finding: &Finding) -> Result<bool, Error> {
        let Some(repair) = &finding.repair else { return Ok(false) };
        self.meter.call();
        let done = match repair {
            Repair::Attribute { key, guard: (guard, seen), name, found, right } => {
                let update = self.store.client.update_item().table_name(&self.store.tables.ledger);
                let update = update.key("pk", AttributeValue::S(key.pk.clone()));
                let update = update.key("sk", AttributeValue::S(key.sk.clone()));
                let update = update.expression_attribute_names("#guard", *guard);
                let update = update.expression_attribute_names("#name", *name);
                let update = update.expression_attribute_values(":seen", seen.clone());
                let update = match right {
                    Some(right) => update
                        .update_expression("SET #name = :right")
                        .expression_attribute_values(":right", right.clone()),
                    None => update.update_expression("REMOVE #name"),
                };
                let update = match found {
                    Some(found) => update
                        .condition_expression("#guard = :seen AND #name = :found")
                        .expression_attribute_values(":found", found.clone()),
                    None => update.condition_expression("#guard = :seen AND attribute_not_exists(#name)"),
                };
                let sent = update.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
                sent.map(|done| self.meter.wrote(done.consumed_capacity())).map_err(failed)
            }
            Repair::Record { item, found } => {
                let put = self.store.client.put_item().table_name(&self.store.tables.ledger);
                let put = put.set_item(Some(item.clone()));
                let seen = |name| found.as_ref().and_then(|found: &Item| found.get(name)).cloned();
                let put = match (seen("seq"), seen("till")) {
                    (None, _) => put.condition_expression("attribute_not_exists(pk)"),
                    (Some(seq), None) => put
                        .condition_expression("seq = :seq AND attribute_not_exists(till)")
                        .expression_attribute_values(":seq", seq),
                    (Some(seq), Some(till)) => put
                        .condition_expression("seq = :seq AND till = :till")
                        .expression_attribute_values(":seq", seq)
                        .expression_attribute_values(":till", till),
                };
                let sent = put.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
                sent.map(|done| self.meter.wrote(done.consumed_capacity())).map_err(failed)
            }
        };
        match done {
            Ok(()) => Ok(true),
            Err(None) => Ok(false),
            Err(Some(trouble)) => Err(trouble.into()),
        }
    }
}

/// None if the condition did not hold.
fn failed<E>(error: aws_sdk_dynamodb::error::SdkError<E>) -> Option<Trouble>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let unmet = error.code() == Some("ConditionalCheckFailedException");
    (!unmet).then(|| Trouble::of(error))
}
