//! The project `demo` with credentials of all three dialects: what a first start gives a caller to begin with.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use api::credentials::{ApiKey, Scope};
use domain::ProjectId;
use serde::{Deserialize, Serialize};
use store::{CredentialKind, Meter, Store};
use tempfile::NamedTempFile;

use crate::issue::{Issued, Secrets};

/// The file of a data folder that keeps the secrets, so that a command of yesterday works today.
const CREDENTIALS_FILE: &str = "credentials.json";

/// What the demo's keys say that they are for.
const ENVIRONMENT: &str = "local";

/// What a caller needs to call the service.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Where the API answers.
    pub base_url: String,
    /// The project that the credentials belong to.
    pub project_id: ProjectId,
    /// What goes with the requests of each dialect.
    #[serde(flatten)]
    pub secrets: Secrets,
}

/// The credentials of the project `demo`. They are kept in `folder`, if there is one; whatever is not there yet is made.
///
/// # Errors
/// [`Unready`] when they cannot be kept or made.
pub async fn credentials(store: &Store, folder: Option<&Path>, base_url: &str) -> Result<Credentials, Unready> {
    let file = folder.map(|folder| folder.join(CREDENTIALS_FILE));
    let kept = match &file {
        Some(file) => kept(file)?,
        None => Secrets::default(),
    };
    let mut all = Vec::new();
    for kind in CredentialKind::ALL {
        let drawn = Issued::draw(kind, ENVIRONMENT).map_err(Unready::Random)?;
        all.push(restored(&kept, drawn).ok_or_else(|| Unready::Unreadable { file: file.clone().unwrap_or_default() })?);
    }
    let credentials =
        Credentials { base_url: base_url.to_owned(), project_id: project(), secrets: all.iter().collect() };

    // The file comes first: a secret that only the store knows of cannot be shown to anybody.
    if let Some(file) = &file {
        credentials.write(file)?;
    }
    // What is there stays as it is: the credential may have been revoked.
    for issued in &all {
        let known = store.credential(issued.key.key_id(), &Meter::default()).await.map_err(Unready::Store)?;
        if known.is_none() {
            let scopes = Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect();
            let credential = issued.credential(project(), scopes, None);
            store.put_credential(&credential).await.map_err(Unready::Store)?;
        }
    }
    Ok(credentials)
}

impl Credentials {
    /// Writes them to a file that only its owner can read, and that is never there in part.
    ///
    /// # Errors
    /// [`Unready::Unwritable`].
    pub fn write(&self, file: &Path) -> Result<(), Unready> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = NamedTempFile::new_in(folder).and_then(|unfinished| {
            serde_json::to_writer_pretty(&unfinished, self)?;
            unfinished.as_file().sync_all()?;
            unfinished.persist(file)?;
            Ok(())
        });
        written.map_err(|source| Unready::Unwritable { file: file.to_owned(), source })
    }
}

fn project() -> ProjectId {
    ProjectId::parse("demo").expect("it is well formed")
}

fn kept(file: &Path) -> Result<Secrets, Unready> {
    let unreadable = || Unready::Unreadable { file: file.to_owned() };
    match fs::read(file) {
        Ok(kept) => {
            let credentials: Credentials = serde_json::from_slice(&kept).map_err(|_| unreadable())?;
            Ok(credentials.secrets)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Secrets::default()),
        Err(_) => Err(unreadable()),
    }
}

/// What was kept in place of what was drawn, if it was kept; none if it is nothing that was ever given out.
///
/// What a client's access tokens are signed with is not for its owner and not kept: if the store has lost it, a new one does.
fn restored(kept: &Secrets, drawn: Issued) -> Option<Issued> {
    let Issued { kind, signing_key, .. } = drawn;
    let (key, signing_key) = match kind {
        CredentialKind::ApiKey => match &kept.api_key {
            Some(api_key) => (ApiKey::parse(api_key)?, signing_key),
            None => return Some(drawn),
        },
        CredentialKind::Client => match (&kept.client_id, &kept.client_secret) {
            (Some(id), Some(secret)) => (ApiKey::mint(ENVIRONMENT, unhex(id)?, unhex(secret)?), signing_key),
            _ => return Some(drawn),
        },
        CredentialKind::Token => match (&kept.x_token, &kept.signature_key) {
            (Some(token), Some(signature_key)) => (ApiKey::parse(token)?, unhex(signature_key)?),
            _ => return Some(drawn),
        },
    };
    Some(Issued { kind, key, signing_key })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    digits.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Why there are no credentials, in words for the person who started the service.
#[derive(Debug)]
pub enum Unready {
    /// The file cannot be written.
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there and does not hold what was written to it.
    Unreadable {
        /// The file.
        file: PathBuf,
    },
    /// The store does not take them.
    Store(store::Error),
    /// The system gives no random numbers for them.
    Random(getrandom::Error),
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unready::Unwritable { file, source } => {
                write!(f, "The file {} cannot be written: {source}.", file.display())
            }
            Unready::Unreadable { file } => {
                write!(f, "The file {} holds no credentials; take it away, and new ones are made.", file.display())
            }
            Unready::Store(source) => write!(f, "The credentials cannot be stored: {source}."),
            Unready::Random(source) => write!(f, "The system gives no random numbers: {source}."),
        }
    }
}

impl Error for Unready {}
