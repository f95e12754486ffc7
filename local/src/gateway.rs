//! API Gateway's HTTP API on this machine: a request becomes the event that a deployed function receives, and what the
//! function answers goes back over HTTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AsHeaderName, CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use functions::{App, Operation, Route};
use lambda_http::{Context, RequestExt};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::docs;

/// The longest request body that API Gateway takes.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How long a deployed function may take, in milliseconds.
const FUNCTION_TIMEOUT_MILLISECONDS: u64 = 10_000;

/// How API Gateway writes a time for people: `12/Mar/2020:19:03:58 +0000`.
const TIME: StaticFormatDescription = format_description!(
    "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
);

/// Serves every operation of `app` until `stopped`; requests that are under way then are still answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = docs::router().fallback(answer).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(app);
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

async fn answer(State(app): State<Arc<App>>, request: Parts, body: Result<Bytes, BytesRejection>) -> Response {
    let Some((operation, route)) = functions::route(request.method.as_str(), request.uri.path()) else {
        return no_operation(&request);
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return own_answer(rejection.status()),
    };
    // On a task of its own, as a function is a process of its own: one that panics stops nobody else, and a caller who
    // hangs up does not stop it half-way.
    let function = tokio::spawn(async move {
        let timeout = Duration::from_millis(FUNCTION_TIMEOUT_MILLISECONDS);
        tokio::time::timeout(timeout, invoke(&app, operation, route, &request, &body)).await
    });
    match function.await {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => own_answer(StatusCode::SERVICE_UNAVAILABLE),
        Err(_panicked) => own_answer(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

#[expect(clippy::disallowed_methods, reason = "the gateway is the edge: a request's time and id begin here")]
async fn invoke(app: &App, operation: &'static Operation, route: &Route, request: &Parts, body: &[u8]) -> Response {
    let now = OffsetDateTime::now_utc();
    let request_id = Uuid::new_v4().to_string();
    let event = event(request, body, route, &request_id, now);
    let Ok(request) = lambda_http::request::from_str(&event.to_string()) else {
        return own_answer(StatusCode::BAD_REQUEST);
    };
    let mut context = Context::default();
    context.request_id = request_id;
    context.deadline = milliseconds(now).saturating_add(FUNCTION_TIMEOUT_MILLISECONDS);
    app.handle(operation, request.with_lambda_context(context)).await.map(Body::new)
}

/// The event that an HTTP API makes of a request (payload format 2.0).
#[must_use]
pub fn event(request: &Parts, body: &[u8], route: &Route, request_id: &str, at: OffsetDateTime) -> Value {
    let path = decoded(request.uri.path());
    let query = request.uri.query().unwrap_or_default();
    let route_key = format!("{} {}", route.method, route.path);
    let (body, is_base64_encoded) = match str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(body), true),
    };
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies(&request.headers),
        "headers": headers(&request.headers),
        "queryStringParameters": query_parameters(query),
        "pathParameters": path_parameters(route.path, request.uri.path()),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", request.version),
                "sourceIp": "127.0.0.1",
                "userAgent": joined(&request.headers, USER_AGENT),
            },
            "requestId": request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": at.format(TIME).unwrap_or_default(),
            "timeEpoch": milliseconds(at),
        },
        "body": (!body.is_empty()).then_some(body),
        "isBase64Encoded": is_base64_encoded,
    });
    // API Gateway leaves out what there is none of.
    if let Some(members) = event.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    event
}

/// Every header once, its values joined, without cookies; those that describe the way here are the gateway's own.
fn headers(request: &HeaderMap) -> Map<String, Value> {
    let mut headers: Map<String, Value> = request
        .keys()
        .filter(|name| *name != COOKIE)
        .map(|name| (name.to_string(), joined(request, name).into()))
        .collect();
    headers.insert(HOST.to_string(), "localhost".into());
    headers.insert("x-forwarded-for".to_owned(), "127.0.0.1".into());
    headers.insert("x-forwarded-proto".to_owned(), "http".into());
    headers
}

fn joined(headers: &HeaderMap, name: impl AsHeaderName) -> String {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    values.join(",")
}

fn cookies(headers: &HeaderMap) -> Option<Value> {
    let cookies: Vec<_> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split("; "))
        .collect();
    (!cookies.is_empty()).then(|| cookies.into())
}

/// The members of a query string, decoded; the values of one name joined.
fn query_parameters(query: &str) -> Option<Value> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let joined = match parameters.get(name.as_ref()).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier},{value}"),
            None => value.into_owned(),
        };
        parameters.insert(name.into_owned(), joined.into());
    }
    (!parameters.is_empty()).then_some(parameters.into())
}

/// What stands in a path where its route has `{name}`, decoded.
fn path_parameters(pattern: &str, path: &str) -> Option<Value> {
    let parameters: Map<String, Value> = pattern
        .split('/')
        .zip(path.split('/'))
        .filter_map(|(pattern, segment)| {
            let name = pattern.strip_prefix('{')?.strip_suffix('}')?;
            Some((name.to_owned(), decoded(segment).into()))
        })
        .collect();
    (!parameters.is_empty()).then_some(parameters.into())
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Milliseconds since 1970; no request is older.
fn milliseconds(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// A deployed HTTP API says only "Not Found" here; on one machine the caller is the developer.
fn no_operation(request: &Parts) -> Response {
    let message = format!("There is no operation {} {}", request.method, request.uri.path());
    json_answer(StatusCode::NOT_FOUND, &json!({ "code": "NOT_FOUND", "message": message }))
}

/// What API Gateway itself answers when no function did.
fn own_answer(status: StatusCode) -> Response {
    json_answer(status, &json!({ "message": status.canonical_reason() }))
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use functions::Host;
    use store::{Store, Tables};
    use time::macros::datetime;

    use super::*;
    use crate::embedded::Embedded;

    const SPEND: &str = "/CALL/WalletAPI/spend/demo-w1";

    fn spend_at(path: &str, headers: &[(&str, &[u8])]) -> Parts {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn event_of(request: &Parts, body: &[u8]) -> Value {
        let (_, route) = functions::route("POST", SPEND).unwrap();
        event(request, body, route, "00000000-0000-4000-8000-000000000000", datetime!(2025-04-28 11:53:59.137 UTC))
    }

    #[test]
    fn an_event_is_what_api_gateway_sends() {
        let request = spend_at(
            "/CALL/WalletAPI/spend/demo-w1%20a?x=1&y=a%2Cb+c&x=2",
            &[
                ("Host", b"127.0.0.1:3000"),
                ("X-Api-Key", b"kese"),
                ("X-Twice", b"a"),
                ("x-twice", b"b"),
                ("User-Agent", b"curl"),
                ("Cookie", b"a=1; b=2"),
            ],
        );
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /CALL/WalletAPI/spend/{instance}",
            "rawPath": "/CALL/WalletAPI/spend/demo-w1 a",
            "rawQueryString": "x=1&y=a%2Cb+c&x=2",
            "cookies": ["a=1", "b=2"],
            "headers": {
                "host": "localhost",
                "user-agent": "curl",
                "x-api-key": "kese",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-proto": "http",
                "x-twice": "a,b",
            },
            "queryStringParameters": { "x": "1,2", "y": "a,b c" },
            "pathParameters": { "instance": "demo-w1 a" },
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": "POST",
                    "path": "/CALL/WalletAPI/spend/demo-w1 a",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "curl",
                },
                "requestId": "00000000-0000-4000-8000-000000000000",
                "routeKey": "POST /CALL/WalletAPI/spend/{instance}",
                "stage": "$default",
                "time": "28/Apr/2025:11:53:59 +0000",
                "timeEpoch": 1_745_841_239_137_u64,
            },
            "body": "{}",
            "isBase64Encoded": false,
        });
        assert_eq!(event_of(&request, b"{}"), expected);
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let event = event_of(&spend_at(SPEND, &[]), b"");
        for member in ["cookies", "queryStringParameters", "body"] {
            assert_eq!(event.get(member), None);
        }
    }

    #[test]
    fn whatever_bytes_arrive_become_a_request() {
        let headers: [(&str, &[u8]); 4] =
            [("host", b"a b@@["), ("x-forwarded-proto", b"!!"), ("x-latin", b"Jos\xe9"), ("cookie", b"\xff")];
        let event = event_of(&spend_at("/CALL/WalletAPI/spend/%ff%00%3f?%ff", &headers), b"\xff\xfe");
        assert_eq!(event["body"], "//4=");
        assert_eq!(event["isBase64Encoded"], true);
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        assert_eq!(request.body().as_ref(), b"\xff\xfe");
    }

    #[tokio::test]
    async fn a_function_that_panics_stops_nobody_else() {
        let store = Store::new(Embedded::memory().connector(), Tables::default());
        store.create_tables().await.unwrap();
        let host = Host { log: Box::new(|_| panic!("the log is full")), ..Host::real() };
        let app = Arc::new(App::new(store, host));
        for _ in 0..2 {
            let answered = answer(State(app.clone()), spend_at(SPEND, &[]), Ok(Bytes::new())).await;
            assert_eq!(answered.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = axum::body::to_bytes(answered.into_body(), BODY_BYTES_MAX).await.unwrap();
            assert_eq!(body, r#"{"message":"Internal Server Error"}"#);
        }
    }
}
