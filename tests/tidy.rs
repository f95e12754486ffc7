//! The repository's own rules: one word for one operation everywhere, one truth about routes and tables, crates that know
//! only what they should, and files that can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use local::embedded::Embedded;
use serde_json::{Value, json};
use store::{Store, Tables};

use crate::template;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The longest file that is still read from top to bottom.
const FILE_LINES_MAX: usize = 900;

/// What nobody writes by hand, or reads from top to bottom: locks, goldens, vectors, and the references of API and stack.
const LOOKED_UP: [&str; 8] = [
    "Cargo.lock",
    "bench/peers/rust/Cargo.lock",
    "bench/peers/typescript/package-lock.json",
    "shared/api/openapi.yaml",
    "shared/api/tests/signature-vectors.jsonl",
    "template.yaml",
    "tests/access-patterns.txt",
    "tests/fuzz/Cargo.lock",
];

/// Workspaces of their own, with features and locks of their own: a peer that Kese is compared with, and the fuzzers.
const APART: [&str; 2] = ["bench/peers/rust/Cargo.toml", "tests/fuzz/Cargo.toml"];

/// The fuzzers' inputs: bytes, not text.
const CORPUS: &str = "tests/fuzz/corpus";

#[test]
fn every_operation_and_task_has_one_word_for_everything() {
    let operations: BTreeSet<String> =
        functions::OPERATIONS.iter().map(|operation| operation.name.to_owned()).collect();
    let tasks: BTreeSet<String> = functions::TASKS.iter().map(|task| task.name.to_owned()).collect();
    let both: BTreeSet<String> = &operations | &tasks;
    assert_eq!(both.len(), functions::OPERATIONS.len() + functions::TASKS.len(), "no word twice");

    let files = files();
    let named = |folder: &str, extension: &str| -> BTreeSet<String> {
        let names = files.keys().filter_map(|path| path.strip_prefix(folder)?.strip_suffix(extension));
        names.filter(|name| !name.contains(['/', '.'])).map(str::to_owned).collect()
    };
    let modules = |constant: &str| {
        let mut modules = named("functions/src/", ".rs");
        modules.retain(|name| files[&format!("functions/src/{name}.rs")].contains(constant));
        modules
    };
    let functions = template::all(&template::template());
    let resources: BTreeSet<_> = functions.iter().map(|function| snake_case(&function.name)).collect();
    let binaries: BTreeSet<_> = functions.iter().map(|function| function.binary.clone()).collect();

    assert_eq!(modules("pub const OPERATION: "), operations, "functions/src");
    assert_eq!(modules("pub const TASK: "), tasks, "functions/src");
    assert_eq!(named("functions/src/bin/", ".rs"), both, "functions/src/bin");
    assert_eq!(resources, both, "functions of template.yaml");
    assert_eq!(binaries, both, "binaries of template.yaml");
    assert_eq!(named("events/", ".json"), both, "events");
    let events = |ends: &str| -> BTreeSet<String> {
        let ending = files.keys().filter_map(|path| path.strip_prefix("events/")?.strip_suffix(ends));
        ending.filter(|event| !event.ends_with(".answer")).map(str::to_owned).collect()
    };
    assert_eq!(events(".json"), events(".answer.json"), "every event has its answer, and every answer its event");
    for name in events(".json") {
        assert!(both.contains(name.split('.').next().unwrap()), "events/{name}.json is of no operation or task");
    }
    let serves = operations.iter().map(|name| (name, format!("functions::serve(&functions::{name}::OPERATION)")));
    let works = tasks.iter().map(|name| (name, format!("functions::work(&functions::{name}::TASK)")));
    for (name, call) in serves.chain(works) {
        assert!(files[&format!("functions/src/bin/{name}.rs")].contains(&call), "the binary {name}");
    }
}

#[test]
fn cargo_lambda_watch_knows_every_route() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(ROOT).args(["metadata", "--no-deps", "--locked", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
    let package = metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == "functions");
    let mut paths: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for operation in functions::OPERATIONS {
        for route in operation.routes {
            paths.entry(route.path).or_default().push((route.method, operation.name));
        }
    }
    let answers = paths.into_iter().map(|(path, calls)| {
        let (_, first) = calls[0];
        let by_method = calls.iter().map(|(method, name)| json!({ "method": method, "function": name })).collect();
        let one = calls.iter().all(|(_, name)| *name == first);
        (path.to_owned(), if one { first.into() } else { Value::Array(by_method) })
    });
    assert_eq!(package.unwrap()["metadata"]["lambda"]["watch"]["router"], answers.collect::<Value>());
}

#[test]
fn every_route_is_in_the_readme() {
    let files = files();
    let rows = files["README.md"].lines().filter(|line| line.starts_with('|') && line.contains("`/"));
    let rows: BTreeSet<&str> = rows.filter_map(|row| row.rsplit_once(" | ")).map(|(call, _)| call).collect();
    let mut calls: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for operation in functions::OPERATIONS {
        for route in operation.routes {
            calls.entry((operation.name, route.path, route.scope.as_str())).or_default().push(route.method);
        }
    }
    let told = calls.into_iter().map(|((name, path, scope), methods)| {
        format!("| {} | {} | `{path}` | {scope}", lower_camel_case(name), methods.join(", "))
    });
    assert_eq!(rows.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), told.collect());
}

#[tokio::test]
async fn the_template_has_the_tables_of_the_store() {
    let embedded = Embedded::memory();
    let names = Tables::default();
    Store::new(embedded.connector(), names.clone()).create_tables().await.unwrap();
    let names = BTreeSet::from([names.ledger, names.credentials, names.events]);

    let template = template::template();
    let tables: BTreeMap<_, _> = template::resources(&template, "AWS::DynamoDB::Table").into_iter().collect();
    assert_eq!(tables.keys().copied().cloned().collect::<BTreeSet<_>>(), names);
    for (name, resource) in tables {
        let request = json!({ "TableName": name }).to_string();
        let (status, answer) = embedded.answer("DynamoDB_20120810.DescribeTable", request.as_bytes());
        assert_eq!(status, 200, "{answer}");
        let created: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(shape(&resource["Properties"]), shape(&created["Table"]), "{name}");
    }
}

/// What the store rests on.
fn shape(table: &Value) -> Value {
    let mut attributes = table["AttributeDefinitions"].as_array().unwrap().clone();
    attributes.sort_by_key(ToString::to_string);
    let indexes = table["GlobalSecondaryIndexes"].as_array().into_iter().flatten().map(
        |index| json!({ "name": index["IndexName"], "keys": index["KeySchema"], "projection": index["Projection"] }),
    );
    json!({
        "attributes": attributes,
        "keys": table["KeySchema"],
        "indexes": indexes.collect::<Vec<_>>(),
    })
}

#[test]
fn the_template_says_what_the_code_reads_and_writes() {
    let files = files();
    let template = template::template();
    let variables = template["Globals"]["Function"]["Environment"]["Variables"].as_object().unwrap();
    let read =
        files["functions/src/lambda.rs"].split("variable(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let of_lambda = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let read = read.filter(|name| !of_lambda.contains(name) && !name.starts_with("AWS_CONTAINER_CREDENTIALS_"));
    assert_eq!(variables.keys().map(String::as_str).collect::<BTreeSet<_>>(), read.collect());

    // What `sam local` puts in their place, for the tables that `kese` has made.
    let local: Value = serde_json::from_str(&files["env.json"]).unwrap();
    let local = local["Parameters"].as_object().unwrap();
    assert_eq!(local.keys().collect::<BTreeSet<_>>(), variables.keys().collect());
    let Tables { ledger, credentials, events, feed } = Tables::default();
    let feed = if feed { "on" } else { "off" };
    let told = ["LEDGER_TABLE", "CREDENTIALS_TABLE", "EVENTS_TABLE", "TRANSACTION_FEED"].map(|name| &local[name]);
    assert_eq!(told, [&ledger, &credentials, &events, feed]);

    let ledger = &template["Resources"]["Ledger"]["Properties"];
    assert_eq!(ledger["StreamSpecification"], json!({ "StreamViewType": "NEW_IMAGE" }));
    let ttl = &ledger["TimeToLiveSpecification"];
    assert_eq!(ttl["Enabled"], true);
    let written = format!("item.number({}, ", ttl["AttributeName"]);
    assert!(files["shared/store/src/item.rs"].contains(&written), "no item has the attribute {}", ttl["AttributeName"]);
}

#[test]
fn every_dependency_is_named_in_the_workspace_and_used() {
    let files = files();
    let mut used = BTreeSet::new();
    for (path, manifest) in files.iter().filter(|(path, _)| is_member(path)) {
        for dependency in dependencies(manifest) {
            let from_workspace =
                dependency.is.starts_with(".workspace = true") || dependency.is.contains("workspace = true,");
            assert!(from_workspace, "{path}: {}{}", dependency.name, dependency.is);
            used.insert(dependency.name);
        }
    }
    let named = dependencies(&files["Cargo.toml"]).into_iter().map(|dependency| dependency.name).collect();
    assert_eq!(used, named);
}

/// In another version they would look for mistakes that nobody can meet, and miss others.
#[test]
fn the_fuzzers_try_the_versions_that_are_shipped() {
    let files = files();
    let shipped = locked(&files["Cargo.lock"]);
    let tried = locked(&files["tests/fuzz/Cargo.lock"]);
    assert!(tried.contains_key("store"), "the lock is read as it should be");
    for (name, versions) in tried {
        let others: Vec<_> = shipped.get(name).into_iter().flat_map(|shipped| versions.difference(shipped)).collect();
        assert!(
            others.is_empty(),
            "{name} {others:?}: copy Cargo.lock to tests/fuzz, and let `cargo metadata` strike out what is not needed"
        );
    }
}

#[test]
fn the_domain_is_pure() {
    for package in tree("domain") {
        let does_something = ["tokio", "time", "chrono", "rand", "getrandom", "uuid"].contains(&package.as_str());
        assert!(!does_something && !package.starts_with("aws"), "domain needs {package}");
    }
}

#[test]
fn the_api_and_the_store_do_not_know_each_other() {
    assert!(!tree("api").contains("store"));
    assert!(!tree("store").contains("api"));
}

#[test]
fn only_the_store_names_the_sdk() {
    let files = files();
    let manifests = files.iter().filter(|(path, _)| is_member(path));
    let names_it = |manifest: &str| {
        let mut named = dependencies(manifest).into_iter().filter(|dependency| dependency.section == "dependencies");
        named.any(|dependency| dependency.name.starts_with("aws-sdk"))
    };
    let naming: Vec<_> = manifests.filter(|(_, manifest)| names_it(manifest)).map(|(path, _)| path.as_str()).collect();
    assert_eq!(naming, ["shared/store/Cargo.toml"]);
}

/// The template permits no such call but one: who may write in batches may also delete in batches, and only this says that
/// nobody does.
#[test]
fn nothing_is_deleted_and_no_table_is_scanned() {
    for (path, text) in files().iter().filter(|(path, _)| path.starts_with("shared/store/src/")) {
        for call in ["delete_item", "delete_request", "DeleteRequest", "types::Delete", "execute_statement"] {
            assert!(!text.contains(call), "{path} has {call}");
        }
        // An operator's verification is the one to read all there is.
        assert!(path == "shared/store/src/verify.rs" || !text.contains(".scan()"), "{path} scans");
    }
}

#[test]
fn no_function_carries_a_database() {
    let packages = tree("functions");
    assert!(packages.contains("store"), "the tree is read as it should be");
    for package in packages {
        assert!(!package.starts_with("dynoxide") && !package.contains("sqlite"), "functions needs {package}");
    }
}

#[test]
fn every_file_can_be_read() {
    let mut files = files();
    files.retain(|path, text| text.lines().count() > FILE_LINES_MAX && !LOOKED_UP.contains(&path.as_str()));
    assert!(files.is_empty(), "longer than {FILE_LINES_MAX} lines: {:?}", files.keys());
}

#[test]
fn every_source_says_what_it_is_and_is_finished() {
    // In pieces, so that this file does not hold them.
    let unfinished = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!"), concat!("unimplement", "ed!")];
    let is_source = |path: &str| Path::new(path).extension().is_some_and(|extension| extension == "rs");
    for (path, text) in files().into_iter().filter(|(path, _)| is_source(path)) {
        assert!(text.starts_with("//! "), "{path} does not begin with what it is");
        for word in unfinished {
            assert!(!text.contains(word), "{path} holds {word}");
        }
    }
}

/// Every file of the repository by its path, without what is built or kept on this machine.
fn files() -> BTreeMap<String, String> {
    let ignored = fs::read_to_string(format!("{ROOT}/.gitignore")).unwrap();
    let skipped: BTreeSet<&str> =
        ignored.lines().filter_map(|line| line.strip_prefix('/')).chain([".git", CORPUS]).collect();
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}{}", entry.file_name().to_str().unwrap());
            if skipped.contains(path.as_str()) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(format!("{path}/"));
            } else {
                let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{path}: {error}"));
                files.insert(path, text);
            }
        }
    }
    files
}

/// Whether that is the manifest of a member of the workspace.
fn is_member(path: &str) -> bool {
    path.ends_with("/Cargo.toml") && !APART.contains(&path)
}

/// A line of a manifest's tables of dependencies.
struct Dependency {
    section: String,
    name: String,
    /// What follows the name.
    is: String,
}

fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            assert!(!section.contains("dependencies."), "a dependency is one line: {line}");
        } else if section.ends_with("dependencies") {
            let (name, is) = line.split_at(line.find(['.', ' ']).unwrap());
            found.push(Dependency { section: section.to_owned(), name: name.to_owned(), is: is.to_owned() });
        }
    }
    found
}

/// The versions of every package in a lock.
fn locked(lock: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |name: &str| package.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim_matches('"');
        versions.entry(value("name = ")).or_default().insert(value("version = "));
    }
    versions
}

/// A package and everything that is built into it.
fn tree(package: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(ROOT).args(["tree", "--locked", "--offline", "--package", package]);
    let tree = cargo.args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let packages = String::from_utf8(tree.stdout).unwrap();
    packages.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// `listAccounts` for `list_accounts`.
pub fn lower_camel_case(snake_case: &str) -> String {
    let mut words = snake_case.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| format!("{name}{}{}", word[..1].to_uppercase(), &word[1..]))
}

fn snake_case(camel_case: &str) -> String {
    let mut snake_case = String::new();
    for letter in camel_case.chars() {
        if letter.is_uppercase() && !snake_case.is_empty() {
            snake_case.push('_');
        }
        snake_case.extend(letter.to_lowercase());
    }
    snake_case
}
