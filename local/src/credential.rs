//! `kese credential`: who may call.

use std::error::Error;

use api::credentials::Scope;
use api::{Dialect, time};
use clap::{Args, Subcommand};
use domain::{Duration, ProjectId, Timestamp};
use local::issue::{Issued, Secrets};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Credential, CredentialKind, Meter, Store};

use crate::project;

/// How many credentials of one kind a project has in use: the one that callers have, and the one that they are about to get.
const LIVE_MAX: usize = 2;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Give out what a client of a dialect needs, and show it this once
    Create {
        #[command(flatten)]
        project: Of,
        /// mircate, liquido or paycombat
        #[arg(long, value_name = "NAME", value_parser = dialect)]
        dialect: Dialect,
        /// What it may do: read, write, fix or admin; once for each
        #[arg(long = "scope", value_name = "WORD", value_parser = scope, default_values = ["read", "write"])]
        scopes: Vec<Scope>,
        #[command(flatten)]
        terms: Terms,
    },
    /// List the credentials of a project, without their secrets
    List {
        #[command(flatten)]
        project: Of,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a credential back
    Revoke {
        #[command(flatten)]
        project: Of,
        /// Its id, as list shows it
        key_id: String,
    },
    /// Give out a second credential of the same kind, with the same scopes, to take the place of one
    Rotate {
        #[command(flatten)]
        project: Of,
        /// The id of the one, as list shows it
        key_id: String,
        #[command(flatten)]
        terms: Terms,
    },
}

#[derive(Args)]
pub(crate) struct Of {
    /// The project that it belongs to
    #[arg(long = "project", value_name = "ID", value_parser = project::id)]
    id: ProjectId,
}

#[derive(Args)]
pub(crate) struct Terms {
    /// A word in the key for whoever finds it
    #[arg(long, value_name = "WORD", value_parser = environment, default_value = "local")]
    environment: String,
    /// When it ends: a time such as 2027-01-01T12:00:00Z, or a day, with which it ends; not said, never or as the rotated one
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it, and returns what to print. An error is one sentence for whoever asked.
pub(crate) async fn run(command: Command, store: &Store, now: Timestamp) -> Result<String, Box<dyn Error>> {
    match command {
        Command::Create { project, dialect, scopes, terms } => {
            let scopes = Scope::ALL.iter().filter(|scope| scopes.contains(scope));
            let scopes = scopes.map(|scope| scope.as_str().to_owned()).collect();
            issue(store, &project.id, kinds(dialect), scopes, &terms, now).await
        }
        Command::List { project, json } => {
            project::existing(store, &project.id).await?;
            let mut credentials = store.credentials_of(&project.id).await?;
            credentials
                .sort_by(|one, other| (one.kind.as_str(), &one.key_id).cmp(&(other.kind.as_str(), &other.key_id)));
            Ok(if json { listed_as_json(&credentials, now) } else { listed(&credentials, now) })
        }
        Command::Revoke { project, key_id } => {
            let credential = find(store, &project.id, &key_id).await?;
            store.revoke_credential(&credential.key_id).await?;
            Ok(format!("{key_id} is revoked; whoever has used it lately can go on for up to a minute.\n"))
        }
        Command::Rotate { project, key_id, terms } => {
            let old = find(store, &project.id, &key_id).await?;
            if status(&old, now) != "active" {
                return Err(format!("The credential {key_id} is {}; create a new one.", status(&old, now)).into());
            }
            let terms = Terms { expires: terms.expires.or(old.expires), ..terms };
            let shown = issue(store, &project.id, &[old.kind], old.scopes, &terms, now).await?;
            if terms.json {
                return Ok(shown);
            }
            Ok(format!(
                "{shown}\n{key_id} goes on working. When nobody uses it any more:\n\
                 kese credential revoke --project {} {key_id}\n",
                project.id
            ))
        }
    }
}

/// Makes credentials of those kinds, and tells their secrets.
async fn issue(
    store: &Store,
    project: &ProjectId,
    kinds: &[CredentialKind],
    scopes: Vec<String>,
    terms: &Terms,
    now: Timestamp,
) -> Result<String, Box<dyn Error>> {
    project::existing(store, project).await?;
    if terms.expires.is_some_and(|expires| expires <= now) {
        return Err("The credential would have ended already; choose a later --expires.".into());
    }
    let mut live = store.credentials_of(project).await?;
    live.retain(|credential| status(credential, now) == "active");
    let of = |kind| live.iter().filter(move |credential| credential.kind == kind).map(|credential| &*credential.key_id);
    if let Some(full) = kinds.iter().find(|kind| of(**kind).count() >= LIVE_MAX) {
        let ids: Vec<_> = of(*full).collect();
        return Err(format!(
            "The project {project} has {LIVE_MAX} live credentials of the kind {} already, {}; revoke one first.",
            full.as_str(),
            ids.join(" and ")
        )
        .into());
    }

    let mut issued = Vec::new();
    for kind in kinds {
        issued.push(Issued::draw(*kind, &terms.environment)?);
    }
    for issued in &issued {
        store.put_credential(&issued.credential(project.clone(), scopes.clone(), terms.expires)).await?;
    }
    Ok(told(project, &issued.iter().collect(), &scopes, terms))
}

/// The credential of that id; one of another project is as little there as one that never was.
async fn find(store: &Store, project: &ProjectId, key_id: &str) -> Result<Credential, Box<dyn Error>> {
    let found = store.credential(key_id, &Meter::default()).await?.map(|(credential, _)| credential);
    let own = found.filter(|credential| credential.project == *project);
    // What was given may be a secret, and is not repeated.
    Ok(own.ok_or_else(|| {
        format!("The project {project} has no credential with that id; kese credential list shows all.")
    })?)
}

fn status(credential: &Credential, now: Timestamp) -> &'static str {
    if credential.revoked {
        "revoked"
    } else if credential.expires.is_some_and(|expires| expires <= now) {
        "expired"
    } else {
        "active"
    }
}

/// The secrets, by the names that their owner's client has for them.
fn told(project: &ProjectId, secrets: &Secrets, scopes: &[String], terms: &Terms) -> String {
    if terms.json {
        return format!("{:#}\n", json!(Told { project_id: project, secrets }));
    }
    let secrets = json!(secrets);
    let secrets = secrets.as_object().into_iter().flatten().map(|(name, secret)| {
        let secret = secret.as_str().unwrap_or_default();
        format!("{name:<14}{secret}\n")
    });
    format!(
        "{}\nproject       {project}\nscopes        {}\nexpires       {}\n\n\
         Keep it now: nobody can look it up again.\n",
        secrets.collect::<String>(),
        scopes.join(", "),
        ends(terms.expires),
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    project_id: &'a ProjectId,
    #[serde(flatten)]
    secrets: &'a Secrets,
}

fn listed(credentials: &[Credential], now: Timestamp) -> String {
    let row = |id: &str, kind: &str, scopes: &str, status: &str, expires: &str| {
        format!("{id:<18}{kind:<8}{scopes:<24}{status:<9}{expires}\n")
    };
    let rows = credentials.iter().map(|credential| {
        let (scopes, expires) = (credential.scopes.join(","), ends(credential.expires));
        row(&credential.key_id, credential.kind.as_str(), &scopes, status(credential, now), &expires)
    });
    row("ID", "KIND", "SCOPES", "STATUS", "EXPIRES") + &rows.collect::<String>()
}

fn listed_as_json(credentials: &[Credential], now: Timestamp) -> String {
    let rows = credentials.iter().map(|credential| {
        json!({
            "keyId": credential.key_id,
            "kind": credential.kind.as_str(),
            "scopes": credential.scopes,
            "status": status(credential, now),
            "expiresAt": credential.expires.map(time::text),
        })
    });
    format!("{:#}\n", rows.collect::<Value>())
}

fn ends(expires: Option<Timestamp>) -> String {
    expires.map_or("never".to_owned(), time::text)
}

/// What a client of a dialect needs.
fn kinds(dialect: Dialect) -> &'static [CredentialKind] {
    match dialect {
        Dialect::Mircate => &[CredentialKind::ApiKey],
        Dialect::Liquido => &[CredentialKind::ApiKey, CredentialKind::Client],
        Dialect::Paycombat => &[CredentialKind::Token],
    }
}

fn dialect(word: &str) -> Result<Dialect, &'static str> {
    match word {
        "mircate" => Ok(Dialect::Mircate),
        "liquido" => Ok(Dialect::Liquido),
        "paycombat" => Ok(Dialect::Paycombat),
        _ => Err("must be mircate, liquido or paycombat"),
    }
}

fn scope(word: &str) -> Result<Scope, &'static str> {
    Scope::parse(word).ok_or("must be read, write, fix or admin")
}

/// A key is split at each `_`, and goes into a header.
fn environment(word: &str) -> Result<String, &'static str> {
    let fits = (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(word.to_owned()) } else { Err("must be 1 to 16 letters and digits") }
}

fn expiry(text: &str) -> Result<Timestamp, &'static str> {
    let day = || time::parse_day(text).map(|day| day.plus(Duration::days(1)));
    time::parse(text).or_else(day).ok_or("must be a day such as 2027-01-01, or a time such as 2027-01-01T12:00:00Z")
}
