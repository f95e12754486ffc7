//! The Lambda function of an operation.

use std::convert::Infallible;

use lambda_http::service_fn;
use store::{Store, Tables};

use crate::shell::{App, Host, Operation};

/// Why a function ended.
pub type Error = lambda_http::Error;

/// Runs an operation as a Lambda function until Lambda ends it.
///
/// # Errors
/// When there is no Lambda runtime to talk to.
pub fn serve(operation: &'static Operation) -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let app = &App::new(Store::connect(tables()).await, Host::real());
        let handler = |request| async move { Ok::<_, Infallible>(app.handle(operation, request).await) };
        lambda_http::run(service_fn(handler)).await
    })
}

/// The names of the tables, as the template gives them.
#[expect(clippy::disallowed_methods, reason = "this is the shell: the one place that reads the environment")]
fn tables() -> Tables {
    let default = Tables::default();
    Tables {
        ledger: std::env::var("LEDGER_TABLE").unwrap_or(default.ledger),
        credentials: std::env::var("CREDENTIALS_TABLE").unwrap_or(default.credentials),
        feed: std::env::var("TRANSACTION_FEED").map_or(default.feed, |feed| feed != "off"),
    }
}
