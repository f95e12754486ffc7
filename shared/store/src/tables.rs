//! The tables as the local service and the tests create them. A deployed stack has them from `template.yaml`; a test holds
//! the two against each other. The ledger's stream is not made here: who reads it turns it on, because the embedded database
//! becomes slower with every record that it keeps for one.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};

use crate::Store;
use crate::error::{Error, Trouble};
use crate::write::complete;

/// The index that lists a project's transactions, accounts and wallets.
pub(crate) const FEED: &str = "Feed";

impl Store {
    /// Creates the tables that are not there yet.
    ///
    /// # Errors
    /// [`Error`] when DynamoDB can not or will not.
    pub async fn create_tables(&self) -> Result<(), Error> {
        let feed = GlobalSecondaryIndex::builder()
            .index_name(FEED)
            .key_schema(key("feed", KeyType::Hash))
            .key_schema(key("at", KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        let ledger = self
            .client
            .create_table()
            .table_name(&self.tables.ledger)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S))
            .attribute_definitions(attribute("sk", ScalarAttributeType::S))
            .attribute_definitions(attribute("feed", ScalarAttributeType::S))
            .attribute_definitions(attribute("at", ScalarAttributeType::N))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .global_secondary_indexes(complete(feed.build()));
        let credentials = self
            .client
            .create_table()
            .table_name(&self.tables.credentials)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S))
            .key_schema(key("pk", KeyType::Hash));
        let events = self
            .client
            .create_table()
            .table_name(&self.tables.events)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S))
            .attribute_definitions(attribute("sk", ScalarAttributeType::S))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range));
        for table in [ledger, credentials, events] {
            match table.send().await {
                Ok(_) => {}
                Err(error) if error.code() == Some("ResourceInUseException") => {}
                Err(error) => return Err(Trouble::of(error).into()),
            }
        }
        Ok(())
    }
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    complete(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build())
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    complete(KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
}
