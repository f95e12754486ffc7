//! Who is calling. A [`Principal`] can only come from here, and a call only from a principal.
//!
//! mircate sends an API key; liquido an API key and an access token of the same project; paycombat a token, and signs what
//! it writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::oauth::{self, AccessToken};
use api::{ApiKey, Dialect, Problem, Scope, signature};
use domain::{Duration, Project, Timestamp};
use lambda_http::Request;
use lambda_http::http::{Method, header};
use store::{Credential, CredentialKind, Meter, Store};

use crate::shell::Fault;

/// How long a function rests on what it knows of a credential, one that does not exist included.
const CACHE_LIFE: Duration = Duration::seconds(60);

/// How many credentials a function remembers; somebody who makes them up only empties its memory.
const CACHE_KEYS_MAX: usize = 1_000;

/// A caller whose credentials were checked.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) project: Arc<Project>,
    scopes: Vec<Scope>,
}

impl Principal {
    /// Whether the caller may do that.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) { Ok(()) } else { Err(Problem::MissingScope(scope)) }
    }
}

/// The credentials that a warm function knows.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    credential: Option<(Credential, Arc<Project>)>,
    since: Timestamp,
}

impl Keyring {
    /// Finds out who sent a request. Credentials that do not exist, were taken back, have ended or are wrong are the same.
    pub(crate) async fn authenticate(
        &self,
        store: &Store,
        dialect: Dialect,
        request: &Request,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Principal, Fault> {
        let (name, kind) = match dialect {
            Dialect::Mircate | Dialect::Liquido => ("x-api-key", CredentialKind::ApiKey),
            Dialect::Paycombat => ("x-token", CredentialKind::Token),
        };
        let text = header(request, name).filter(|text| !text.is_empty()).ok_or(Problem::NoCredentials)?;
        let key = std::str::from_utf8(text).ok().and_then(ApiKey::parse).ok_or(Problem::UnknownCredentials)?;
        let (credential, project) = self.living(store, kind, key.key_id(), now, meter).await?;
        if !key.matches(&credential.secret_hash) {
            return Err(Problem::UnknownCredentials.into());
        }
        match dialect {
            Dialect::Mircate => {}
            Dialect::Liquido => {
                let client = self.bearer(store, request, now, meter).await?;
                if client.project != credential.project {
                    return Err(Problem::UnknownCredentials.into());
                }
            }
            Dialect::Paycombat if request.method() == Method::GET => {}
            Dialect::Paycombat => signed(request, &credential)?,
        }
        let scopes = credential.scopes.iter().filter_map(|word| Scope::parse(word)).collect();
        Ok(Principal { project, scopes })
    }

    /// The client that an access token was given to.
    async fn bearer(
        &self,
        store: &Store,
        request: &Request,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Credential, Fault> {
        let text = header(request, header::AUTHORIZATION.as_str()).ok_or(Problem::NoCredentials)?;
        let token = oauth::bearer(std::str::from_utf8(text).ok()).and_then(AccessToken::parse);
        let token = token.ok_or(Problem::UnknownCredentials)?;
        let (client, _) = self.living(store, CredentialKind::Client, token.client_id(), now, meter).await?;
        if token.verify(&client.signing_key, now) { Ok(client) } else { Err(Problem::UnknownCredentials.into()) }
    }

    /// The client with that id and secret.
    pub(crate) async fn client(
        &self,
        store: &Store,
        (id, secret): (&str, &str),
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Credential, Fault> {
        let (client, _) = self.living(store, CredentialKind::Client, id, now, meter).await?;
        let matches = api::credentials::secret_matches(secret, &client.secret_hash);
        if matches { Ok(client) } else { Err(Problem::UnknownCredentials.into()) }
    }

    /// A credential of that kind that is neither taken back nor ended.
    async fn living(
        &self,
        store: &Store,
        kind: CredentialKind,
        key_id: &str,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<(Credential, Arc<Project>), Fault> {
        let known = if let Some(known) = self.remembered(key_id, now) {
            known
        } else {
            let found = store.credential(key_id, meter).await?;
            let credential = found.map(|(credential, project)| (credential, Arc::new(project)));
            self.remember(key_id, Known { credential, since: now })
        };
        let (credential, project) = known.credential.ok_or(Problem::UnknownCredentials)?;
        if credential.lives(now) && credential.kind == kind {
            Ok((credential, project))
        } else {
            Err(Problem::UnknownCredentials.into())
        }
    }

    fn remembered(&self, key_id: &str, now: Timestamp) -> Option<Known> {
        let known = self.known.lock().ok()?;
        known.get(key_id).filter(|known| now < known.since.plus(CACHE_LIFE)).cloned()
    }

    fn remember(&self, key_id: &str, known: Known) -> Known {
        if let Ok(mut all) = self.known.lock() {
            if all.len() >= CACHE_KEYS_MAX {
                all.clear();
            }
            all.insert(key_id.to_owned(), known.clone());
        }
        known
    }
}

/// What is written through paycombat carries a signature.
fn signed(request: &Request, credential: &Credential) -> Result<(), Problem> {
    if request.body().len() > api::body::BODY_BYTES_MAX {
        return Err(Problem::BodyTooLarge);
    }
    let signature = header(request, "signature").and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
    // The vendor's clients sign with the key as it is shown: its hexadecimal text.
    let signing_key = api::credentials::hex(&credential.signing_key);
    let genuine = signature::verify(signing_key.as_bytes(), request.body(), signature);
    if genuine { Ok(()) } else { Err(Problem::UnknownCredentials) }
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r [u8]> {
    request.headers().get(name).map(lambda_http::http::HeaderValue::as_bytes)
}
