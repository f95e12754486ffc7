//! Where the commands work: on a data folder of this machine, or on a DynamoDB.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use local::embedded::{Embedded, Unusable};
use store::{Endpoint, Store, Tables};
use url::Url;

/// Where credentials and projects are kept.
#[derive(Args)]
pub(crate) struct Place {
    /// The data folder of a kese that is not running
    #[arg(long, value_name = "DIR", default_value = ".kese", global = true)]
    data: PathBuf,

    /// Instead of a folder: the table of a deployed stack, Credentials if nothing is said
    #[arg(long, value_name = "NAME", conflicts_with = "data", global = true)]
    table: Option<String>,

    /// Instead of a folder: the address of a DynamoDB, such as the one that a running kese prints
    #[arg(long, value_name = "URL", conflicts_with = "data", global = true)]
    endpoint_url: Option<String>,

    /// The AWS region of the table, if not the one that the environment or the profile says
    #[arg(long, value_name = "NAME", conflicts_with = "data", global = true)]
    region: Option<String>,
}

impl Place {
    /// Whether it is a folder, and not a DynamoDB with a network in between.
    pub(crate) fn is_folder(&self) -> bool {
        self.table.is_none() && self.endpoint_url.is_none() && self.region.is_none()
    }

    /// Whether it is on this machine: a folder, or the DynamoDB of a running kese.
    pub(crate) fn is_here(&self) -> bool {
        let address = self.endpoint_url.as_deref().and_then(|url| Url::parse(url).ok());
        self.is_folder() || address.is_some_and(|url| matches!(url.host_str(), Some("127.0.0.1" | "localhost")))
    }

    pub(crate) async fn store(self) -> Result<Store, Box<dyn Error>> {
        self.store_of(None, None).await
    }

    /// The same, with tables of other names on a deployed stack.
    pub(crate) async fn store_of(
        self,
        ledger: Option<String>,
        events: Option<String>,
    ) -> Result<Store, Box<dyn Error>> {
        let Place { data, table, endpoint_url, region } = self;
        let default = Tables::default();
        if ledger.is_some() || events.is_some() || table.is_some() || endpoint_url.is_some() || region.is_some() {
            let tables = Tables {
                ledger: ledger.unwrap_or(default.ledger),
                credentials: table.unwrap_or(default.credentials),
                events: events.unwrap_or(default.events),
                ..default
            };
            return Ok(Store::connect(Endpoint { url: endpoint_url, region }, tables).await);
        }
        if !data.is_dir() {
            return Err(format!(
                "There is no data folder {}; kese makes it at its first start, and --data names another one.",
                data.display()
            )
            .into());
        }
        let embedded = Embedded::open(&data).map_err(|unusable| match unusable {
            Unusable::InUse { folder } => format!(
                "The data folder {} is in use by a running kese; reach it with --endpoint-url and the address of its \
                 DynamoDB, which it printed at its start.",
                folder.display()
            ),
            Unusable::Unwritable { .. } | Unusable::Damaged { .. } => unusable.to_string(),
        })?;
        let store = Store::new(embedded.connector(), default);
        store.create_tables().await?;
        Ok(store)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_folder() {
            return self.data.display().fmt(f);
        }
        let parts = [&self.endpoint_url, &self.region, &self.table].into_iter().flatten();
        f.write_str(&parts.map(String::as_str).collect::<Vec<_>>().join(" "))
    }
}
