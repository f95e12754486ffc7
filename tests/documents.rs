//! What `docs/` says of the stack, held against the template.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::template::{self, Function};

const OPERATING: &str = include_str!("../docs/operating.md");
const SECURITY: &str = include_str!("../docs/security.md");
const RELIABILITY: &str = include_str!("../docs/reliability.md");

/// The first table below a heading: its rows, the one with the names first, each with its cells.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, section) =
        document.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no {heading}"));
    let rows = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    rows.filter(|row| !row.starts_with("|---")).map(cells).collect()
}

#[test]
fn every_permission_of_a_function_is_told() {
    let rows = table(SECURITY, "## What each function may do");
    let mut told = BTreeSet::new();
    for row in &rows[1..] {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        for (resource, actions) in rows[0].iter().zip(row).skip(1) {
            let actions = actions.split(", ").filter(|action| !action.is_empty());
            told.extend(actions.map(|action| (row[0].clone(), resource.clone(), action.to_owned())));
        }
    }
    let mut granted = BTreeSet::new();
    for Function { name, permissions, .. } in template::all(&template::template()) {
        granted.extend(permissions.into_iter().map(|(resource, action)| (name.clone(), resource, action)));
    }
    assert_eq!(told, granted);
}

#[test]
fn every_parameter_is_told() {
    let told: BTreeSet<String> =
        table(OPERATING, "## Environments and parameters").into_iter().skip(1).map(|row| row[0].clone()).collect();
    let template = template::template();
    assert_eq!(told, template["Parameters"].as_object().unwrap().keys().cloned().collect());
}

#[test]
fn every_alarm_is_told() {
    let headings = OPERATING.lines().filter_map(|line| line.strip_prefix("### `<stack>-")?.strip_suffix('`'));
    let template = template::template();
    let alarms = template::resources(&template, "AWS::CloudWatch::Alarm").into_iter().map(|(_, alarm)| {
        let name: &Value = &alarm["Properties"]["AlarmName"]["!Sub"];
        name.as_str().and_then(|name| name.strip_prefix("${AWS::StackName}-")).unwrap()
    });
    assert_eq!(headings.collect::<BTreeSet<_>>(), alarms.collect());
}

/// Every promise names tests, or files of tests, that are there.
#[test]
fn every_promise_is_held_by_a_test() {
    let mut tests = String::new();
    for folder in ["tests", "tests/simulation/tests", "shared/domain/tests"] {
        for entry in fs::read_dir(format!("{}/../{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                tests += &path.display().to_string();
                tests += "\n";
                tests += &fs::read_to_string(&path).unwrap_or_default();
            }
        }
    }
    let (_, section) = RELIABILITY.split_once("\n## Promises\n").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let promises: Vec<&str> = rows.skip(2).filter_map(|row| row.rsplit(" | ").next()).collect();
    assert_eq!(promises.len(), 12, "{promises:?}");
    for held_by in promises {
        let names: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || held_by.starts_with("not built yet"), "{held_by}");
        for name in names {
            let there = if name.contains('.') { format!("/{name}\n") } else { format!("fn {name}(") };
            assert!(tests.contains(&there), "there is no {name}");
        }
    }
}
