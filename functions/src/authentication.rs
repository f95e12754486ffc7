//! Who is calling. A [`Principal`] can only come from here, and a call only from a principal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::{ApiKey, Problem, Scope};
use domain::{Duration, Project, Timestamp};
use store::{Credential, Meter, Store};

use crate::shell::Fault;

/// How long a function rests on what it knows of a key, a key that does not exist included.
const CACHE_LIFE: Duration = Duration::seconds(60);

/// How many keys a function remembers; somebody who makes them up only empties its memory.
const CACHE_KEYS_MAX: usize = 1_000;

/// A caller whose key was checked.
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

/// The keys that a warm function knows.
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
    /// Finds out who sent `key`. A key that does not exist, was taken back, has ended or has another secret is the same.
    pub(crate) async fn authenticate(
        &self,
        store: &Store,
        key: Option<&[u8]>,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Principal, Fault> {
        let key = key.filter(|key| !key.is_empty()).ok_or(Problem::NoCredentials)?;
        let key = std::str::from_utf8(key).ok().and_then(ApiKey::parse).ok_or(Problem::UnknownCredentials)?;
        let known = if let Some(known) = self.remembered(key.key_id(), now) {
            known
        } else {
            let found = store.credential(key.key_id(), meter).await?;
            let credential = found.map(|(credential, project)| (credential, Arc::new(project)));
            self.remember(key.key_id(), Known { credential, since: now })
        };
        let (credential, project) = known.credential.ok_or(Problem::UnknownCredentials)?;
        let lives = !credential.revoked && credential.expires.is_none_or(|expires| now < expires);
        if !key.matches(&credential.secret_hash) || !lives {
            return Err(Problem::UnknownCredentials.into());
        }
        let scopes = credential.scopes.iter().filter_map(|word| Scope::parse(word)).collect();
        Ok(Principal { project, scopes })
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
