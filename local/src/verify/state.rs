//! The file of a verification that may be interrupted: a first line that says of what it is, and a line for every page that
//! was verified as a whole. What was not written to its end did not happen.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use domain::{AccountNumber, ProjectId, Seq};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Hash, Head, Place, Report};

/// The form of the file. One of another form is not gone on from.
const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Opening {
    version: u32,
    scope: Value,
    segments: u32,
}

/// A page of a segment that was verified, with all accounts that begin in it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) segment: u32,
    pub(super) items: u64,
    next: Option<[String; 2]>,
    /// Accounts, entries, wallets, key records.
    counts: [u64; 4],
    pub(super) findings: Vec<Value>,
    pub(super) more: u64,
    heads: Vec<(ProjectId, AccountNumber, u64, String)>,
}

impl Checkpoint {
    pub(super) fn new(segment: u32, items: u64, next: Option<&Place>) -> Checkpoint {
        let next = next.map(|Place { pk, sk }| [pk.clone(), sk.clone()]);
        Checkpoint { segment, items, next, ..Checkpoint::default() }
    }

    /// Where its segment goes on.
    pub(super) fn next(&self) -> Option<Place> {
        self.next.clone().map(|[pk, sk]| Place { pk, sk })
    }

    /// Notes what was verified.
    pub(super) fn count(&mut self, report: &Report) {
        self.more = report.more;
        self.counts = [report.accounts, report.entries, report.wallets, report.keys];
        let head = |Head { project, account, seq, hash }: &Head| {
            (project.clone(), account.clone(), seq.number(), hash.to_string())
        };
        self.heads = report.heads.iter().map(head).collect();
    }

    /// What was verified, without the findings, which are lines already.
    pub(super) fn report(self) -> Report {
        let [accounts, entries, wallets, keys] = self.counts;
        let head = |(project, account, seq, hash): (_, _, u64, String)| {
            Some(Head { project, account, seq: Seq::new(seq)?, hash: Hash::parse(&hash)? })
        };
        let heads = self.heads.into_iter().filter_map(head).collect();
        Report { accounts, entries, wallets, keys, more: self.more, findings: Vec::new(), heads }
    }
}

/// How far a verification came.
pub(super) struct State {
    opening: Opening,
    pub(super) done: Vec<Checkpoint>,
    pub(super) file: Log,
}

/// The file that it is written to.
pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl State {
    /// Goes on from that file, or begins it.
    pub(super) fn open(path: &Path, scope: &Value, segments: u32) -> Result<State, Box<dyn Error>> {
        let unusable = |error: io::Error| format!("The file {} cannot be used: {error}.", path.display());
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(unusable)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unusable)?;
        // A line without its end was cut off by whatever interrupted the run.
        let whole = text.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let mut lines = text.get(..whole).unwrap_or_default().lines();
        let foreign = || format!("The file {} is not of a verification of this ledger.", path.display());
        let opening = match lines.next() {
            None if !text.is_empty() && !text.starts_with("{\"version\":") => return Err(foreign().into()),
            None => None,
            Some(line) => Some(serde_json::from_str::<Opening>(line).map_err(|_| foreign())?),
        };
        let done = lines.map(serde_json::from_str).collect::<Result<Vec<Checkpoint>, _>>().map_err(|_| foreign())?;
        if let Some(opening) = &opening
            && (opening.version != VERSION || opening.scope != *scope)
        {
            return Err(foreign().into());
        }
        file.set_len(u64::try_from(whole)?).and_then(|()| file.seek(io::SeekFrom::End(0))).map_err(unusable)?;
        let mut file = Log { path: path.to_owned(), file };
        let opening = if let Some(opening) = opening {
            opening
        } else {
            let opening = Opening { version: VERSION, scope: scope.clone(), segments };
            file.write(&opening)?;
            opening
        };
        Ok(State { opening, done, file })
    }

    /// Into how many segments the ledger was divided.
    pub(super) fn segments(&self) -> u32 {
        self.opening.segments
    }
}

impl Log {
    /// Adds a line.
    pub(super) fn write(&mut self, line: &impl Serialize) -> Result<(), Box<dyn Error>> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes());
        Ok(written.map_err(|error| format!("The file {} cannot be written: {error}.", self.path.display()))?)
    }

    /// Takes the file away: the next verification begins anew.
    pub(super) fn remove(self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
