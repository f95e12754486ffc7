//! One spend, as tutorials of Lambda in Rust have it: `lambda_http`, the SDK, and an idempotency record by hand.

mod idempotency;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use chrono::{SecondsFormat, Utc};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt, Response, tracing};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::idempotency::{Claim, Record};

/// The greatest whole number that every reader of JSON takes as it is.
const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// The names of the tables.
pub struct Tables {
    /// Balances and transactions.
    pub wallets: String,
    /// What was answered to which key.
    pub idempotency: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spend {
    amount: u64,
    channel: String,
    description: Option<String>,
    reference_id: Option<String>,
    user_id: Option<String>,
    store_id: Option<String>,
    store_name: Option<String>,
}

impl Spend {
    /// What the transaction says besides the amount.
    fn texts(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let optional = [
            ("description", &self.description),
            ("referenceId", &self.reference_id),
            ("userId", &self.user_id),
            ("storeId", &self.store_id),
            ("storeName", &self.store_name),
        ];
        let given = optional.into_iter().filter_map(|(name, text)| text.as_ref().map(|text| (name, text)));
        given.chain([("channel", &self.channel)])
    }

    fn is_valid(&self) -> bool {
        let mut texts = self.texts();
        (1..=AMOUNT_MAX).contains(&self.amount) && texts.all(|(_, text)| (1..=256).contains(&text.chars().count()))
    }
}

/// What the caller wants, when it makes sense.
struct Intent {
    account: String,
    key: String,
    body: Spend,
}

/// Why it was not done: for a reason that the caller is told, or because something broke.
enum Failure {
    Refused(u16, &'static str),
    Broken(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Broken(error.into())
    }
}

/// Answers one request.
///
/// # Errors
/// When DynamoDB does not do its part.
pub async fn spend(client: &Client, tables: &Tables, request: Request) -> Result<Response<Body>, Error> {
    let path = request.uri().path().to_owned();
    let correlation_id = match request.request_context() {
        RequestContext::ApiGatewayV2(context) => context.request_id.unwrap_or_default(),
        _ => String::new(),
    };

    let (status, body) = match answer(client, tables, &request).await {
        Ok(body) => (200, body),
        Err(Failure::Refused(status, code)) => (status, json!({ "code": code }).to_string()),
        Err(Failure::Broken(error)) => return Err(error),
    };

    tracing::info!(correlation_id, path, status, "spend");
    Ok(Response::builder().status(status).header("content-type", "application/json").body(body.into())?)
}

async fn answer(client: &Client, tables: &Tables, request: &Request) -> Result<String, Failure> {
    let Some(Intent { account, key, body }) = intent(request) else {
        return Err(Failure::Refused(400, "INVALID_REQUEST"));
    };
    let record = Record::new(client, &tables.idempotency, &[&account, &key], &serde_json::to_vec(&body)?);
    match record.claim(request.lambda_context().deadline).await? {
        Claim::Ours => {}
        Claim::Answered(answer) => return Ok(answer),
        Claim::InProgress => return Err(Failure::Refused(409, "IN_PROGRESS")),
        Claim::Reused => return Err(Failure::Refused(422, "KEY_REUSED")),
    }
    let done = take(client, &tables.wallets, &account, &body).await;
    match &done {
        Ok(answer) => record.complete(answer).await?,
        Err(_) => record.release().await?,
    }
    done
}

fn intent(request: &Request) -> Option<Intent> {
    let parameters = request.path_parameters();
    let account = parameters.first("instance")?.strip_prefix("demo-")?;
    let known = |letter: char| letter.is_ascii_alphanumeric() || "._:-".contains(letter);
    let key = request.headers().get("idempotency-key")?.to_str().ok()?;
    let body: Spend = serde_json::from_slice(request.body()).ok()?;
    let is_valid = (1..=64).contains(&account.len())
        && account.chars().all(known)
        && (1..=64).contains(&key.len())
        && body.is_valid();
    is_valid.then(|| Intent { account: account.to_owned(), key: key.to_owned(), body })
}

/// Takes the amount, records the transaction, and reads what is left.
async fn take(client: &Client, table: &str, account: &str, spend: &Spend) -> Result<String, Failure> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let amount = AttributeValue::N(spend.amount.to_string());
    let pk = text(&format!("WALLET#{account}"));
    let transaction_id = Uuid::new_v4().to_string();
    let created_at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);

    let update = Update::builder()
        .table_name(table)
        .key("pk", pk.clone())
        .key("sk", text("BALANCE"))
        .update_expression("SET balance = balance - :amount")
        .condition_expression("balance >= :amount")
        .expression_attribute_values(":amount", amount.clone())
        .build()?;
    let put = Put::builder()
        .table_name(table)
        .item("pk", pk.clone())
        .item("sk", text(&format!("TX#{created_at}#{transaction_id}")))
        .item("transactionId", text(&transaction_id))
        .item("createdAt", text(&created_at))
        .item("amount", amount);
    let put = spend.texts().fold(put, |put, (name, value)| put.item(name, text(value))).build()?;
    let written = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().update(update).build())
        .transact_items(TransactWriteItem::builder().put(put).build())
        .send()
        .await;
    if let Err(error) = written {
        return Err(refused(error.as_service_error()).unwrap_or_else(|| error.into()));
    }

    let wallet = client.get_item().table_name(table).key("pk", pk).key("sk", text("BALANCE")).consistent_read(true);
    let wallet = wallet.send().await?.item.ok_or("the wallet is gone")?;
    let balance = wallet.get("balance").and_then(|balance| balance.as_n().ok()).ok_or("a wallet without a balance")?;
    let currency = wallet.get("currency").and_then(|currency| currency.as_s().ok());
    let answer = json!({
        "transactionId": transaction_id,
        "amount": spend.amount,
        "currency": currency.ok_or("a wallet without a currency")?,
        "balance": balance.parse::<u64>()?,
        "createdAt": created_at,
    });
    Ok(answer.to_string())
}

/// Why a transaction was cancelled, when the caller can know.
fn refused(error: Option<&TransactWriteItemsError>) -> Option<Failure> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else { return None };
    match cancelled.cancellation_reasons().first()?.code()? {
        "ConditionalCheckFailed" => Some(Failure::Refused(409, "INSUFFICIENT_BALANCE")),
        "TransactionConflict" => Some(Failure::Refused(503, "BUSY")),
        _ => None,
    }
}
