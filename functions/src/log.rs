//! What the log says of a request: one line of JSON. Only words of this program, numbers, project ids and ids of a closed
//! form go into it, so that nothing can which a caller sent or which the tables hold.

use domain::ProjectId;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use serde::{Serialize, Serializer};
use store::Cost;

/// The longest id of a request; API Gateway's have 16 characters, a UUID 36.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// What the log says of one request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line<'a> {
    pub(crate) request_id: &'a RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<TraceId>,
    pub(crate) op: CamelCase,
    /// The caller's, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<&'a ProjectId>,
    pub(crate) code: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) replayed: bool,
    /// What the store could not, in [`store::Error::word`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'static str>,
    pub(crate) ms: u64,
    pub(crate) calls: u32,
    pub(crate) rru: Units,
    pub(crate) wru: Units,
}

impl Line<'_> {
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("it holds nothing that JSON can not")
    }
}

/// How a request ended.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Done,
    /// Answered from what was done before.
    Replayed,
    /// The caller is told what is wrong with it.
    Refused(&'static str),
    /// Others won every race until the deadline.
    Busy,
    /// The service could not.
    Failed(&'static str),
}

impl Outcome {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Outcome::Done | Outcome::Replayed => "OK",
            Outcome::Refused(code) | Outcome::Failed(code) => code,
            Outcome::Busy => "BUSY",
        }
    }
}

/// The name of an operation as the API writes it: `createWallet` for `create_wallet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CamelCase(pub(crate) &'static str);

impl Serialize for CamelCase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut name = String::with_capacity(self.0.len());
        let mut begins = false;
        for letter in self.0.chars() {
            match letter {
                '_' => begins = true,
                _ if begins => {
                    name.push(letter.to_ascii_uppercase());
                    begins = false;
                }
                _ => name.push(letter),
            }
        }
        serializer.serialize_str(&name)
    }
}

/// Capacity of DynamoDB, which counts in halves of units: an integer where it is one.
pub(crate) struct Units(u32);

impl Units {
    pub(crate) fn read_and_written(cost: Cost) -> (Units, Units) {
        (Units(cost.half_read_units), Units(cost.half_write_units))
    }
}

impl Serialize for Units {
    #[expect(clippy::float_arithmetic, reason = "a half is exact in a double")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(2) {
            serializer.serialize_u32(self.0 / 2)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 2.0)
        }
    }
}

/// What a request is called by whoever passed it on: the caller is told it, and finds the line by it. Base64, a UUID or
/// the like, and short.
#[derive(Serialize)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The id that API Gateway gave, or one that is made of `random`.
    pub(crate) fn of(request: &Request, random: impl FnOnce() -> u128) -> RequestId {
        let given = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_deref(),
            Some(RequestContext::ApiGatewayV1(context)) => context.request_id.as_deref(),
            Some(_) | None => None,
        };
        given.and_then(RequestId::parse).unwrap_or_else(|| RequestId(format!("{:032x}", random())))
    }

    fn parse(text: &str) -> Option<RequestId> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
        let is_one = (1..=REQUEST_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits);
        is_one.then(|| RequestId(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The root of a trace of X-Ray: `1-67891233-abcdef012345678912345678`, and nothing else of what the service is told about it.
#[derive(Serialize)]
pub(crate) struct TraceId(String);

impl TraceId {
    /// The trace that Lambda says the request is part of.
    pub(crate) fn of(request: &Request) -> Option<TraceId> {
        TraceId::parse(request.lambda_context_ref()?.xray_trace_id.as_deref()?)
    }

    fn parse(header: &str) -> Option<TraceId> {
        let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
        let mut parts = root.split('-');
        let mut is_hex = |digits: usize| {
            parts.next().is_some_and(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let is_one = is_hex(1) && is_hex(8) && is_hex(24) && parts.next().is_none();
        is_one.then(|| TraceId(root.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_request_has_a_form() {
        let longest = "x".repeat(64);
        for id in ["JKJaXmPLvHcESHA=", "00000000-0000-4000-8000-000000000000", "a/b+c_d", &longest] {
            assert_eq!(RequestId::parse(id).map(|id| id.0).as_deref(), Some(id));
        }
        let too_long = "x".repeat(65);
        for id in ["", " ", "a b", "a\nb", "a\"b", "a\\b", "\u{7f}", "\u{202e}", "ada@example.com", &too_long] {
            assert!(RequestId::parse(id).is_none(), "{id:?}");
        }
    }

    #[test]
    fn a_trace_is_its_root() {
        let root = "1-67891233-abcdef012345678912345678";
        for header in [
            format!("Root={root}"),
            format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1"),
            format!("Parent=53995c3f42cd8ad8; Root={root};Lineage=25:3c9e9b2f:0"),
        ] {
            assert_eq!(TraceId::parse(&header).map(|trace| trace.0).as_deref(), Some(root), "{header}");
        }
        for header in [
            root.to_owned(),
            format!("Self={root}"),
            format!("Root={root}-1"),
            format!("Root={}", root.replace("abcdef", "abcdeg")),
            format!("Root={}", root.replace('6', "66")),
            "Root=".to_owned(),
            String::new(),
        ] {
            assert!(TraceId::parse(&header).is_none(), "{header}");
        }
    }
}
