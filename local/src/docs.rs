//! What `kese` says about the API: the OpenAPI document, and a page to read it and to try it out. These paths are `kese`'s
//! own; a deployed service does not have them.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::get;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::Value;

/// The OpenAPI document, as it is written.
pub const OPENAPI: &str = include_str!("../../shared/api/openapi.yaml");

const PAGE: &str = include_str!("docs.html");

/// Serves the document and the page.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let json = openapi_json();
    Router::new()
        .route("/openapi.yaml", get(|| async { ([(CONTENT_TYPE, "application/yaml")], OPENAPI) }))
        .route("/openapi.json", get(|| async { ([(CONTENT_TYPE, "application/json")], json) }))
        .route("/docs", get(|| async { Html(PAGE) }))
}

/// The OpenAPI document as JSON. Its members keep their order, which is that of the page.
///
/// # Panics
/// When the document is no YAML, which the tests would have told.
#[must_use]
pub fn openapi_json() -> String {
    let documents = Yaml::load_from_str(OPENAPI).expect("it is YAML");
    documents.first().map(json).unwrap_or_default()
}

fn json(yaml: &Yaml<'_>) -> String {
    match yaml {
        Yaml::Value(Scalar::Boolean(value)) => value.to_string(),
        Yaml::Value(Scalar::Integer(value)) => value.to_string(),
        Yaml::Value(Scalar::FloatingPoint(value)) => Value::from(value.into_inner()).to_string(),
        Yaml::Value(Scalar::String(value)) => Value::from(value.as_ref()).to_string(),
        Yaml::Sequence(elements) => format!("[{}]", elements.iter().map(json).collect::<Vec<_>>().join(",")),
        Yaml::Mapping(members) => {
            let members = members.iter().map(|(name, value)| format!("{}:{}", name_json(name), json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Yaml::Value(Scalar::Null) | Yaml::Tagged(..) | Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            "null".to_owned()
        }
    }
}

/// A name is a text in JSON, also where it is a status.
fn name_json(name: &Yaml<'_>) -> String {
    let name = json(name);
    if name.starts_with('"') { name } else { format!("\"{name}\"") }
}
