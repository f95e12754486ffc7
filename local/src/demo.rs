//! The project `demo` with one API key: what a first start gives a caller to begin with.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use api::credentials::{ApiKey, Scope};
use domain::ProjectId;
use serde::{Deserialize, Serialize};
use store::{Credential, CredentialKind, Meter, Store};
use tempfile::NamedTempFile;

/// The file of a data folder that keeps the key, so that a command of yesterday works today.
const CREDENTIALS_FILE: &str = "credentials.json";

/// What a caller needs to call the service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Where the API answers.
    pub base_url: String,
    /// The project that the key belongs to.
    pub project_id: ProjectId,
    /// The key as it goes into `x-api-key`.
    pub api_key: String,
}

/// The credentials of the project `demo`, made when they are not there yet. They are kept in `folder`, if there is one.
///
/// # Errors
/// [`Unready`] when they cannot be kept or made.
pub async fn credentials(store: &Store, folder: Option<&Path>, base_url: &str) -> Result<Credentials, Unready> {
    let file = folder.map(|folder| folder.join(CREDENTIALS_FILE));
    let kept = match &file {
        Some(file) => kept_key(file)?,
        None => None,
    };
    let key = match kept {
        Some(key) => key,
        None => ApiKey::mint("local", random()?, random()?),
    };
    let credentials = Credentials { base_url: base_url.to_owned(), project_id: project(), api_key: key.reveal() };

    // The file comes first: a key that only the store knows cannot be shown to anybody.
    if let Some(file) = &file {
        credentials.write(file)?;
    }
    // What is there stays as it is: the key may have been revoked.
    if store.credential(key.key_id(), &Meter::default()).await.map_err(Unready::Store)?.is_none() {
        let credential = Credential {
            key_id: key.key_id().to_owned(),
            kind: CredentialKind::ApiKey,
            secret_hash: key.secret_hash(),
            signing_key: [0; 32],
            project: project(),
            scopes: Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect(),
            revoked: false,
            expires: None,
        };
        store.put_credential(&credential).await.map_err(Unready::Store)?;
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

fn kept_key(file: &Path) -> Result<Option<ApiKey>, Unready> {
    let unreadable = || Unready::Unreadable { file: file.to_owned() };
    let kept = match fs::read(file) {
        Ok(kept) => kept,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(unreadable()),
    };
    let credentials: Credentials = serde_json::from_slice(&kept).map_err(|_| unreadable())?;
    ApiKey::parse(&credentials.api_key).map(Some).ok_or_else(unreadable)
}

fn random<const N: usize>() -> Result<[u8; N], Unready> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Unready::Random)?;
    Ok(bytes)
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
    /// The file is there and holds no API key.
    Unreadable {
        /// The file.
        file: PathBuf,
    },
    /// The store does not take them.
    Store(store::Error),
    /// The system gives no random numbers for a key.
    Random(getrandom::Error),
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unready::Unwritable { file, source } => {
                write!(f, "The file {} cannot be written: {source}.", file.display())
            }
            Unready::Unreadable { file } => {
                write!(f, "The file {} holds no API key; take it away, and a new key is made.", file.display())
            }
            Unready::Store(source) => write!(f, "The API key cannot be stored: {source}."),
            Unready::Random(source) => write!(f, "The system gives no random numbers: {source}."),
        }
    }
}

impl Error for Unready {}
