//! `template.yaml` as the tests read it: what there is, which function answers which route, and what it may do to which table.

use std::collections::BTreeSet;
use std::fs;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

/// A function of the stack.
#[derive(Debug)]
pub struct Function {
    /// Its name in the template, such as `CreateWallet`.
    pub name: String,
    /// The binary that it runs.
    pub binary: String,
    /// Method and path of its routes.
    pub routes: BTreeSet<(String, String)>,
    /// Table, queue, or index of a table such as `Ledger/index/Feed`, and action such as `PutItem`.
    pub permissions: BTreeSet<(String, String)>,
}

/// The template as JSON; a tag is an object with that one member: `!Ref Ledger` is `{"!Ref": "Ledger"}`.
pub fn template() -> Value {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    parse(&text)
}

/// A file of YAML in the same way.
pub fn parse(text: &str) -> Value {
    json(&Yaml::load_from_str(text).unwrap()[0])
}

/// The resources of one type, by name.
pub fn resources<'t>(template: &'t Value, kind: &str) -> Vec<(&'t String, &'t Value)> {
    template["Resources"].as_object().unwrap().iter().filter(|(_, resource)| resource["Type"] == kind).collect()
}

/// The functions of the operations: those that have routes.
pub fn functions(template: &Value) -> Vec<Function> {
    all(template).into_iter().filter(|function| !function.routes.is_empty()).collect()
}

/// The functions of the tasks: those that nobody calls.
pub fn tasks(template: &Value) -> Vec<Function> {
    all(template).into_iter().filter(|function| function.routes.is_empty()).collect()
}

/// Every function.
pub fn all(template: &Value) -> Vec<Function> {
    let functions = resources(template, "AWS::Serverless::Function").into_iter();
    functions.map(|(name, resource)| function(name, resource)).collect()
}

fn function(name: &str, resource: &Value) -> Function {
    assert_eq!(resource["Metadata"]["BuildMethod"], "rust-cargolambda", "{name}");
    let properties = &resource["Properties"];
    let events = properties["Events"].as_object().unwrap().values();
    let policies = properties["Policies"].as_array().unwrap().iter();
    Function {
        name: name.to_owned(),
        binary: text(&resource["Metadata"]["BuildProperties"]["Binary"]),
        routes: events.filter(|event| event["Type"] == "HttpApi").map(route).collect(),
        permissions: policies.flat_map(|policy| policy["Statement"].as_array().unwrap()).flat_map(granted).collect(),
    }
}

fn route(event: &Value) -> (String, String) {
    assert_eq!(event["Properties"]["ApiId"]["!Ref"], "Api", "{event}");
    (text(&event["Properties"]["Method"]), text(&event["Properties"]["Path"]))
}

/// What a statement grants: each action on the one table, queue or index.
pub fn granted(statement: &Value) -> Vec<(String, String)> {
    assert_eq!(statement["Effect"], "Allow");
    let resource = granted_on(&statement["Resource"]);
    let action = |action: &Value| {
        let (service, action) = action.as_str().unwrap().split_once(':').unwrap();
        assert!(["dynamodb", "sqs"].contains(&service), "{service}");
        action.to_owned()
    };
    statement["Action"].as_array().unwrap().iter().map(|name| (resource.clone(), action(name))).collect()
}

/// `!GetAtt Ledger.Arn` is the table, and `!Sub '${Ledger.Arn}/index/Feed'` one of its indexes.
fn granted_on(resource: &Value) -> String {
    if let Some(table) = resource["!GetAtt"].as_str() {
        return table.strip_suffix(".Arn").unwrap().to_owned();
    }
    let index = text(&resource["!Sub"]);
    let (table, index) = index.strip_prefix("${").unwrap().split_once(".Arn}/index/").unwrap();
    format!("{table}/index/{index}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => Value::from(*value),
        Yaml::Value(Scalar::Integer(value)) => Value::from(*value),
        Yaml::Value(Scalar::FloatingPoint(value)) => Value::from(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => Value::from(value.as_ref()),
        Yaml::Sequence(elements) => elements.iter().map(json).collect(),
        Yaml::Mapping(members) => members.iter().map(|(name, value)| (text(&json(name)), json(value))).collect(),
        Yaml::Tagged(tag, value) => Map::from_iter([(tag.to_string(), json(value))]).into(),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => panic!("{yaml:?} has no place in a template"),
    }
}
