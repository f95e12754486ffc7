//! Credentials: a table of their own, so that the operations can read it and do nothing else to it.
//!
//! | item | pk | attributes |
//! |---|---|---|
//! | credential | `C#<key id>` | `kind`, `secret` (SHA-256), `signing`, `project`, `scopes`, `status`, `ends` |
//! | project | `P#<project>` | its settings, and `keys`: the ids of its credentials |

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{AccountNumber, Duration, Project, ProjectId, Timestamp};

use crate::Store;
use crate::error::{Error, Trouble};
use crate::item::Item;
use crate::meter::Meter;
use crate::write::number;

/// What is known of a credential. The secret itself is nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its public part.
    pub key_id: String,
    /// How it is used.
    pub kind: CredentialKind,
    /// SHA-256 of its secret part.
    pub secret_hash: [u8; 32],
    /// What its requests or its access tokens are signed with; zeros where nothing is.
    pub signing_key: [u8; 32],
    /// Whose it is.
    pub project: ProjectId,
    /// What it may do, in the words of the contract.
    pub scopes: Vec<String>,
    /// Whether it was taken back.
    pub revoked: bool,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
}

/// How a credential is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// Sent as `x-api-key`.
    ApiKey,
    /// Exchanged for access tokens.
    Client,
    /// Sent as `X-token`, with requests signed.
    Token,
}

impl CredentialKind {
    /// Every kind.
    pub const ALL: [CredentialKind; 3] = [CredentialKind::ApiKey, CredentialKind::Client, CredentialKind::Token];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CredentialKind::ApiKey => "key",
            CredentialKind::Client => "client",
            CredentialKind::Token => "token",
        }
    }
}

impl Credential {
    /// Whether it counts at `now`: it was not taken back, and has not ended.
    #[must_use]
    pub fn lives(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires.is_none_or(|end| now < end)
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({} {} of {})", self.kind.as_str(), self.key_id, self.project)
    }
}

impl Store {
    /// The credential with that key id, and its project; none if there is no such key.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn credential(&self, key_id: &str, meter: &Meter) -> Result<Option<(Credential, Project)>, Error> {
        let Some(item) = self.credentials_item(&format!("C#{key_id}"), meter).await? else { return Ok(None) };
        let credential = read_credential(key_id, &item).ok_or_else(|| Error::damaged("credential", key_id))?;
        let project = match self.credentials_item(&format!("P#{}", credential.project), meter).await? {
            None => Project::new(credential.project.clone()),
            Some(item) => read_project(&credential.project, &item)
                .ok_or_else(|| Error::damaged("project", &credential.project))?,
        };
        Ok(Some((credential, project)))
    }

    /// Adds a credential or replaces it.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn put_credential(&self, credential: &Credential) -> Result<(), Error> {
        // The project knows its credentials before they are there: one that is missing is left out of its list.
        let keys = AttributeValue::Ss(vec![credential.key_id.clone()]);
        let list = self.update(&format!("P#{}", credential.project)).update_expression("ADD #keys :keys");
        let list = list.expression_attribute_names("#keys", "keys").expression_attribute_values(":keys", keys);
        list.send().await.map_err(Trouble::of)?;

        let mut item = Item::new();
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("pk", AttributeValue::S(format!("C#{}", credential.key_id)));
        put("kind", AttributeValue::S(credential.kind.as_str().to_owned()));
        put("signing", AttributeValue::B(Blob::new(credential.signing_key)));
        put("secret", AttributeValue::B(Blob::new(credential.secret_hash)));
        put("project", AttributeValue::S(credential.project.as_str().to_owned()));
        put("scopes", AttributeValue::L(credential.scopes.iter().cloned().map(AttributeValue::S).collect()));
        put("status", AttributeValue::S(if credential.revoked { "revoked" } else { "active" }.to_owned()));
        if let Some(expires) = credential.expires {
            put("ends", number(expires.0));
        }
        let put = self.client.put_item().table_name(&self.tables.credentials).set_item(Some(item));
        put.send().await.map_err(Trouble::of)?;
        Ok(())
    }

    /// Takes a credential back; false if there is no such. Functions that know it go on for up to a minute.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn revoke_credential(&self, key_id: &str) -> Result<bool, Error> {
        let update = self.update(&format!("C#{key_id}")).condition_expression("attribute_exists(pk)");
        let update = update.update_expression("SET #status = :revoked").expression_attribute_names("#status", "status");
        let update = update.expression_attribute_values(":revoked", AttributeValue::S("revoked".to_owned()));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(Trouble::of(error).into()),
        }
    }

    /// Every credential of a project, those that were taken back too.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn credentials_of(&self, project: &ProjectId) -> Result<Vec<Credential>, Error> {
        let meter = Meter::default();
        let item = self.credentials_item(&format!("P#{project}"), &meter).await?;
        let keys = item.as_ref().and_then(|item| item.get("keys")?.as_ss().ok());
        let mut credentials = Vec::new();
        for key_id in keys.into_iter().flatten() {
            credentials.extend(self.credential(key_id, &meter).await?.map(|(credential, _)| credential));
        }
        Ok(credentials)
    }

    /// A project with its settings; none if it was never set up.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn project(&self, id: &ProjectId) -> Result<Option<Project>, Error> {
        let item = self.credentials_item(&format!("P#{id}"), &Meter::default()).await?;
        item.map(|item| read_project(id, &item).ok_or_else(|| Error::damaged("project", id))).transpose()
    }

    /// Adds a project or replaces its settings. Its credentials stay.
    ///
    /// # Errors
    /// [`Error`] when the store can not be written.
    pub async fn put_project(&self, project: &Project) -> Result<(), Error> {
        let update = self.update(&format!("P#{}", project.id));
        let update = update.expression_attribute_values(":extension", number(project.refund_extension.0));
        let update = update.expression_attribute_values(":permanent", AttributeValue::Bool(project.permanent_keys));
        let update = update.expression_attribute_values(":unique", AttributeValue::Bool(project.unique_reference));
        // Null reads as nothing, too.
        let own = project.own_account.as_ref().map(|own| AttributeValue::S(own.as_str().to_owned()));
        let update = update.expression_attribute_values(":own", own.unwrap_or(AttributeValue::Null(true)));
        let notice = project.expiry_notice.map(|notice| number(notice.0));
        let update = update.expression_attribute_values(":notice", notice.unwrap_or(AttributeValue::Null(true)));
        let update = update.update_expression(
            "SET extension = :extension, permanent = :permanent, uniqueReference = :unique, ownAccount = :own, notice = :notice",
        );
        update.send().await.map_err(Trouble::of)?;
        Ok(())
    }

    fn update(&self, pk: &str) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.tables.credentials);
        update.key("pk", AttributeValue::S(pk.to_owned()))
    }

    async fn credentials_item(&self, pk: &str, meter: &Meter) -> Result<Option<Item>, Error> {
        meter.call();
        let get = self.client.get_item().table_name(&self.tables.credentials);
        let get = get.key("pk", AttributeValue::S(pk.to_owned()));
        let got = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(Trouble::of)?;
        meter.read(got.consumed_capacity());
        Ok(got.item)
    }
}

fn read_credential(key_id: &str, item: &Item) -> Option<Credential> {
    let scopes = item.get("scopes")?.as_l().ok()?.iter();
    let expires = match item.get("ends") {
        None => None,
        Some(ends) => Some(Timestamp(ends.as_n().ok()?.parse().ok()?)),
    };
    let kind = item.get("kind")?.as_s().ok()?;
    Some(Credential {
        key_id: key_id.to_owned(),
        kind: CredentialKind::ALL.into_iter().find(|known| known.as_str() == kind)?,
        signing_key: item.get("signing")?.as_b().ok()?.as_ref().try_into().ok()?,
        secret_hash: item.get("secret")?.as_b().ok()?.as_ref().try_into().ok()?,
        project: ProjectId::parse(item.get("project")?.as_s().ok()?).ok()?,
        scopes: scopes.map(|scope| scope.as_s().ok().cloned()).collect::<Option<_>>()?,
        revoked: item.get("status")?.as_s().ok()? != "active",
        expires,
    })
}

/// A project that was never set up, but has credentials, has the settings of every new one.
fn read_project(id: &ProjectId, item: &Item) -> Option<Project> {
    let default = Project::new(id.clone());
    Some(Project {
        own_account: match item.get("ownAccount") {
            None | Some(AttributeValue::Null(_)) => None,
            Some(own) => Some(AccountNumber::parse(own.as_s().ok()?).ok()?),
        },
        refund_extension: match item.get("extension") {
            None => default.refund_extension,
            Some(extension) => Duration(extension.as_n().ok()?.parse().ok()?),
        },
        expiry_notice: match item.get("notice") {
            None | Some(AttributeValue::Null(_)) => None,
            Some(notice) => Some(Duration(notice.as_n().ok()?.parse().ok()?)),
        },
        permanent_keys: match item.get("permanent") {
            None => default.permanent_keys,
            Some(permanent) => *permanent.as_bool().ok()?,
        },
        unique_reference: match item.get("uniqueReference") {
            None => default.unique_reference,
            Some(unique) => *unique.as_bool().ok()?,
        },
        id: default.id,
    })
}
