//! The ledger's stream: what DynamoDB tells of each new item, after it was written. A function is given records of it as
//! DynamoDB's own JSON.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{ProjectId, Transaction};
use serde::Deserialize;

use crate::error::Error;
use crate::item::{Entry, Item};
use crate::keys::{self, Found};

/// A record of the stream.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    new_image: Option<HashMap<String, Value>>,
}

/// A value as DynamoDB writes it in JSON: its type, and what it is.
#[derive(Debug, Deserialize)]
enum Value {
    S(String),
    N(String),
    B(String),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(bool),
    M(HashMap<String, Value>),
    L(Vec<Value>),
    #[serde(rename = "SS")]
    Strings(Vec<String>),
}

impl StreamRecord {
    /// The project, and the transaction that was written; none if it is something else that was.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an entry that can not be read.
    pub fn transaction(&self) -> Result<Option<(ProjectId, Transaction)>, Error> {
        let Some(image) = &self.dynamodb.new_image else { return Ok(None) };
        let text = |name: &str| match image.get(name) {
            Some(Value::S(text)) => text.as_str(),
            _ => "",
        };
        let Some(Found::Account(project, _)) = Found::of(text("pk"), text("sk")) else { return Ok(None) };
        if !text("sk").starts_with(keys::ENTRIES) {
            return Ok(None);
        }
        let item = image.iter().map(|(name, value)| Some((name.clone(), value.to_attribute()?)));
        let item: Item = item.collect::<Option<_>>().ok_or_else(|| Error::damaged("image", "the stream"))?;
        Ok(Some((project, Entry::from_item(&item)?.transaction)))
    }
}

impl Value {
    fn to_attribute(&self) -> Option<AttributeValue> {
        Some(match self {
            Value::S(text) => AttributeValue::S(text.clone()),
            Value::N(number) => AttributeValue::N(number.clone()),
            Value::B(base64) => AttributeValue::B(Blob::new(aws_smithy_types::base64::decode(base64).ok()?)),
            Value::Bool(value) => AttributeValue::Bool(*value),
            Value::Null(value) => AttributeValue::Null(*value),
            Value::M(members) => {
                let members = members.iter().map(|(name, value)| Some((name.clone(), value.to_attribute()?)));
                AttributeValue::M(members.collect::<Option<_>>()?)
            }
            Value::L(elements) => AttributeValue::L(elements.iter().map(Value::to_attribute).collect::<Option<_>>()?),
            Value::Strings(texts) => AttributeValue::Ss(texts.clone()),
        })
    }
}
