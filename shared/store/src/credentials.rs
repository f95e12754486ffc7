//! Credentials: a table of their own, so that the operations can read it and do nothing else to it.
//!
//! | item | pk | attributes |
//! |---|---|---|
//! | credential | `C#<key id>` | `secret` (SHA-256), `project`, `scopes`, `status`, `ends` |
//! | project | `P#<project>` | its settings |

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{AccountNumber, Duration, Project, ProjectId, Timestamp};

use crate::Store;
use crate::error::{Error, Trouble};
use crate::item::Item;
use crate::meter::Meter;
use crate::write::number;

/// What is known of an API key. The secret itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The public part of the key.
    pub key_id: String,
    /// SHA-256 of the secret part.
    pub secret_hash: [u8; 32],
    /// Whose it is.
    pub project: ProjectId,
    /// What it may do, in the words of the contract.
    pub scopes: Vec<String>,
    /// Whether it was taken back.
    pub revoked: bool,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
}

impl Store {
    /// The credential with that key id, and its project; none if there is no such key.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn credential(&self, key_id: &str, meter: &Meter) -> Result<Option<(Credential, Project)>, Error> {
        let Some(item) = self.credentials_item(&format!("C#{key_id}"), meter).await? else { return Ok(None) };
        let credential =
            read_credential(key_id, &item).ok_or_else(|| Error::Damaged(format!("credential {key_id}")))?;
        let project = match self.credentials_item(&format!("P#{}", credential.project), meter).await? {
            None => Project::new(credential.project.clone()),
            Some(item) => read_project(&credential.project, &item)
                .ok_or_else(|| Error::Damaged(format!("project {}", credential.project)))?,
        };
        Ok(Some((credential, project)))
    }

    /// Adds or replaces a credential.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn put_credential(&self, credential: &Credential) -> Result<(), Error> {
        let mut item = Item::new();
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("pk", AttributeValue::S(format!("C#{}", credential.key_id)));
        put("secret", AttributeValue::B(Blob::new(credential.secret_hash)));
        put("project", AttributeValue::S(credential.project.as_str().to_owned()));
        put("scopes", AttributeValue::L(credential.scopes.iter().cloned().map(AttributeValue::S).collect()));
        put("status", AttributeValue::S(if credential.revoked { "revoked" } else { "active" }.to_owned()));
        if let Some(expires) = credential.expires {
            put("ends", number(expires.0));
        }
        self.put_credentials_item(item).await
    }

    /// Adds a project or replaces its settings.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn put_project(&self, project: &Project) -> Result<(), Error> {
        let mut item = Item::new();
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("pk", AttributeValue::S(format!("P#{}", project.id)));
        put("extension", number(project.refund_extension.0));
        put("permanent", AttributeValue::Bool(project.permanent_keys));
        if let Some(own) = &project.own_account {
            put("account", AttributeValue::S(own.as_str().to_owned()));
        }
        self.put_credentials_item(item).await
    }

    async fn credentials_item(&self, pk: &str, meter: &Meter) -> Result<Option<Item>, Error> {
        meter.call();
        let get = self.client.get_item().table_name(&self.tables.credentials);
        let get = get.key("pk", AttributeValue::S(pk.to_owned()));
        let got = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(Trouble::of)?;
        meter.read(got.consumed_capacity());
        Ok(got.item)
    }

    async fn put_credentials_item(&self, item: Item) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.credentials).set_item(Some(item));
        put.send().await.map_err(Trouble::of)?;
        Ok(())
    }
}

fn read_credential(key_id: &str, item: &Item) -> Option<Credential> {
    let scopes = item.get("scopes")?.as_l().ok()?.iter();
    let expires = match item.get("ends") {
        None => None,
        Some(ends) => Some(Timestamp(ends.as_n().ok()?.parse().ok()?)),
    };
    Some(Credential {
        key_id: key_id.to_owned(),
        secret_hash: item.get("secret")?.as_b().ok()?.as_ref().try_into().ok()?,
        project: ProjectId::parse(item.get("project")?.as_s().ok()?).ok()?,
        scopes: scopes.map(|scope| scope.as_s().ok().cloned()).collect::<Option<_>>()?,
        revoked: item.get("status")?.as_s().ok()? != "active",
        expires,
    })
}

fn read_project(id: &ProjectId, item: &Item) -> Option<Project> {
    let own = item.get("account").map(|own| AccountNumber::parse(own.as_s().ok()?).ok());
    Some(Project {
        id: id.clone(),
        own_account: own.map_or(Some(None), |own| own.map(Some))?,
        refund_extension: Duration(item.get("extension")?.as_n().ok()?.parse().ok()?),
        permanent_keys: *item.get("permanent")?.as_bool().ok()?,
    })
}
