//! `kese project`: the settings of a project.

use std::error::Error;

use clap::{Args, Subcommand};
use domain::{AccountNumber, Duration, Project, ProjectId};
use store::Store;

const DAY: Duration = Duration::days(1);

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Set up a new project
    Create {
        #[arg(value_name = "ID", value_parser = id)]
        project: ProjectId,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show the settings of a project
    Show {
        #[arg(value_name = "ID", value_parser = id)]
        project: ProjectId,
    },
    /// Change settings of a project; those that are not named stay
    Set {
        #[arg(value_name = "ID", value_parser = id)]
        project: ProjectId,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Args)]
pub(crate) struct Settings {
    /// What stands for any account in a path when the body names the account
    #[arg(long, value_name = "ID", value_parser = account)]
    own_account: Option<AccountNumber>,

    /// Nothing does
    #[arg(long, conflicts_with = "own_account")]
    no_own_account: bool,

    /// How many days refunded value of something that has expired lives on; 30 for a new project
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=36_500))]
    refund_extension_days: Option<u64>,

    /// How many days before value expires a webhook tells of it; 0 for no notice, which a new project has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=3_650))]
    expiry_notice_days: Option<u64>,

    /// Whether idempotency keys are kept for ever, not 25 hours
    #[arg(long, value_name = "true|false", value_parser = clap::value_parser!(bool), hide_possible_values = true)]
    permanent_keys: Option<bool>,

    /// Whether a referenceId is unique for each account and operation, and takes the place of the idempotency key
    #[arg(long, value_name = "true|false", value_parser = clap::value_parser!(bool), hide_possible_values = true)]
    unique_reference: Option<bool>,
}

/// Does it, and returns what to print. An error is one sentence for whoever asked.
pub(crate) async fn run(command: Command, store: &Store) -> Result<String, Box<dyn Error>> {
    let project = match command {
        Command::Show { project } => existing(store, &project).await?,
        Command::Create { project, settings } => {
            if store.project(&project).await?.is_some() {
                return Err(format!("There is a project {project} already; kese project set changes it.").into());
            }
            let created = settings.applied(Project::new(project));
            store.put_project(&created).await?;
            created
        }
        Command::Set { project, settings } => {
            let project = existing(store, &project).await?;
            if settings.is_empty() {
                return Err("There is nothing to set; kese project set --help shows the settings.".into());
            }
            let changed = settings.applied(project);
            store.put_project(&changed).await?;
            changed
        }
    };
    Ok(shown(&project))
}

/// The project of that id, which must be there.
pub(crate) async fn existing(store: &Store, id: &ProjectId) -> Result<Project, Box<dyn Error>> {
    let project = store.project(id).await?;
    Ok(project.ok_or_else(|| format!("There is no project {id}; kese project create {id} makes it."))?)
}

pub(crate) fn id(text: &str) -> Result<ProjectId, String> {
    ProjectId::parse(text).map_err(|malformed| malformed.to_string())
}

impl Settings {
    fn is_empty(&self) -> bool {
        let Settings {
            own_account,
            no_own_account,
            refund_extension_days,
            expiry_notice_days,
            permanent_keys,
            unique_reference,
        } = self;
        own_account.is_none()
            && !no_own_account
            && refund_extension_days.is_none()
            && expiry_notice_days.is_none()
            && permanent_keys.is_none()
            && unique_reference.is_none()
    }

    fn applied(self, project: Project) -> Project {
        Project {
            own_account: if self.no_own_account { None } else { self.own_account.or(project.own_account) },
            refund_extension: self.refund_extension_days.map_or(project.refund_extension, Duration::days),
            expiry_notice: match self.expiry_notice_days {
                None => project.expiry_notice,
                Some(days) => Some(Duration::days(days)).filter(|_| days > 0),
            },
            permanent_keys: self.permanent_keys.unwrap_or(project.permanent_keys),
            unique_reference: self.unique_reference.unwrap_or(project.unique_reference),
            id: project.id,
        }
    }
}

pub(crate) fn account(text: &str) -> Result<AccountNumber, String> {
    AccountNumber::parse(text).map_err(|malformed| malformed.to_string())
}

fn shown(project: &Project) -> String {
    let own_account = project.own_account.as_ref().map_or("none", AccountNumber::as_str);
    let days = project.refund_extension.0 / DAY.0;
    let notice = project.expiry_notice.map_or("none".to_owned(), |notice| (notice.0 / DAY.0).to_string());
    format!(
        "project                {}\n\
         own account            {own_account}\n\
         refund extension days  {days}\n\
         expiry notice days     {notice}\n\
         permanent keys         {}\n\
         unique reference       {}\n",
        project.id, project.permanent_keys, project.unique_reference
    )
}
