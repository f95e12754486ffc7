//! A new credential, and what its owner gets to see of it: once.

use api::credentials::{self, ApiKey};
use domain::{ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Credential, CredentialKind};

/// A credential together with its secret.
pub struct Issued {
    pub(crate) kind: CredentialKind,
    pub(crate) key: ApiKey,
    pub(crate) signing_key: [u8; 32],
}

impl Issued {
    /// A new credential out of random bytes. The environment is a word that its owner tells it by, without `_`.
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

/// What callers of the three dialects send, each by the name that its dialect knows.
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

impl<'a> FromIterator<&'a Issued> for Secrets {
    fn from_iter<T: IntoIterator<Item = &'a Issued>>(all: T) -> Secrets {
        all.into_iter().fold(Secrets::default(), |secrets, Issued { kind, key, signing_key }| match kind {
            CredentialKind::ApiKey => Secrets { api_key: Some(key.reveal()), ..secrets },
            CredentialKind::Client => Secrets {
                client_id: Some(key.key_id().to_owned()),
                client_secret: Some(key.reveal_secret().to_owned()),
                ..secrets
            },
            CredentialKind::Token => {
                Secrets { x_token: Some(key.reveal()), signature_key: Some(credentials::hex(signing_key)), ..secrets }
            }
        })
    }
}

fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
