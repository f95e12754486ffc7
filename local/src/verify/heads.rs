//! The file of heads: the newest entry of each account as a run saw it, for later runs to be held against. It is the only
//! thing that shows a history that was written anew as a whole.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use domain::{AccountNumber, ProjectId, Seq};
use store::{Hash, Head};
use tempfile::NamedTempFile;

/// The first line: what it is, and in which form.
const FORM: &str = "kese heads 1";

/// The heads of accounts.
#[derive(Default)]
pub(super) struct Heads(BTreeMap<(ProjectId, AccountNumber), Head>);

impl Heads {
    /// Reads what an earlier run wrote; nothing if it is not there.
    pub(super) fn read(file: &Path) -> Result<Heads, Box<dyn Error>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Heads::default()),
            Err(error) => return Err(format!("The file {} cannot be read: {error}.", file.display()).into()),
        };
        let mut lines = text.lines();
        let heads = lines.next().filter(|first| *first == FORM).and_then(|_| lines.map(head).collect::<Option<_>>());
        let heads: Vec<Head> = heads.ok_or_else(|| format!("The file {} holds no heads.", file.display()))?;
        Ok(heads.into_iter().collect())
    }

    /// What is known of that account.
    pub(super) fn of(&self, project: &ProjectId, account: &AccountNumber) -> Option<&Head> {
        self.0.get(&(project.clone(), account.clone()))
    }

    /// Those that are not among `seen`, of that project or of all.
    pub(super) fn without(&self, seen: &[Head], project: Option<&ProjectId>) -> Vec<Head> {
        let seen: Heads = seen.iter().cloned().collect();
        let in_scope = self.0.values().filter(|head| project.is_none_or(|project| head.project == *project));
        in_scope.filter(|head| seen.of(&head.project, &head.account).is_none()).cloned().collect()
    }

    /// Writes them with those of accounts that nothing is wrong with, as they are now; the others stay as they were.
    pub(super) fn write(&self, file: &Path, now: &[Head]) -> Result<(), Box<dyn Error>> {
        let all: Heads = self.0.values().chain(now).cloned().collect();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let line = |Head { project, account, seq, hash }: &Head| format!("{project} {account} {} {hash}", seq.number());
        let lines: Vec<String> = [FORM.to_owned()].into_iter().chain(all.0.values().map(line)).collect();
        let written = NamedTempFile::new_in(folder).and_then(|mut unfinished| {
            writeln!(unfinished, "{}", lines.join("\n"))?;
            unfinished.as_file().sync_all()?;
            unfinished.persist(file)?;
            Ok(())
        });
        Ok(written.map_err(|error| format!("The file {} cannot be written: {error}.", file.display()))?)
    }
}

impl FromIterator<Head> for Heads {
    fn from_iter<T: IntoIterator<Item = Head>>(all: T) -> Heads {
        Heads(all.into_iter().map(|head| ((head.project.clone(), head.account.clone()), head)).collect())
    }
}

fn head(line: &str) -> Option<Head> {
    let mut words = line.split(' ');
    let mut word = || words.next();
    Some(Head {
        project: ProjectId::parse(word()?).ok()?,
        account: AccountNumber::parse(word()?).ok()?,
        seq: word()?.parse().ok().and_then(Seq::new)?,
        hash: Hash::parse(word()?)?,
    })
}
