//! A new credential, and what its owner gets to see of it: once.

use std::iter;

use api::credentials::{self, ApiKey, Scope};
use domain::{ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Credential, CredentialKind};

/// A credential with its secret.
pub struct Issued {
    kind: CredentialKind,
    key: ApiKey,
    signing_key: [u8; 32],
}

impl Issued {
    /// A new credential out of random bytes. The environment is a word that its owner tells it by.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn draw(kind: CredentialKind, environment: &str) -> Result<Issued, getrandom::Error> {
        let signing_key = match kind {
            CredentialKind::ApiKey => [0; 32],
            CredentialKind::Client | CredentialKind::Token => random()?,
        };
        Ok(Issued { kind, key: ApiKey::mint(environment, random()?, random()?), signing_key })
    }

    /// The public part.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.key.key_id()
    }

    /// What is kept of it.
    #[must_use]
    pub fn credential(&self, project: ProjectId, scopes: Vec<String>, expires: Option<Timestamp>) -> Credential {
        Credential {
            key_id: self.key.key_id().to_owned(),
            kind: self.kind,
            secret_hash: self.key.secret_hash(),
            signing_key: self.signing_key,
            project,
            scopes,
            revoked: false,
            expires,
        }
    }
}

/// Every scope, as a credential has them.
pub(crate) fn all_scopes() -> Vec<String> {
    Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect()
}

/// What the callers of the three dialects send, by the names that they know it by.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    /// The header `x-api-key` of mircate and liquido.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Who asks for liquido's access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The proof of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The header `X-token` of paycombat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_token: Option<String>,
    /// What paycombat's requests are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_key: Option<String>,
}

/// What is no credential that was given out.
#[derive(Debug)]
pub struct Malformed;

impl Secrets {
    /// Every secret that is there, with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named = [
            ("apiKey", &self.api_key),
            ("clientId", &self.client_id),
            ("clientSecret", &self.client_secret),
            ("xToken", &self.x_token),
            ("signatureKey", &self.signature_key),
        ];
        named.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)))
    }

    /// The credential of that kind; none if it is not there, or not all of it.
    ///
    /// What a client's access tokens are signed with is no secret of its owner, and new.
    ///
    /// # Errors
    /// [`Malformed`] if it is not what was given out, or [`getrandom::Error`]
    pub fn issued(&self, kind: CredentialKind) -> Result<Option<Issued>, Malformed> {
        todo
    }
}
