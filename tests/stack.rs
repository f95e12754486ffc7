//! The rules that the stack, its environments and its workflows keep, and the breaking of each: a rule that lets its breach pass is
//! none. Misspelt words are for the linters of `tests/stack.sh`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::catch_unwind;

use serde_json::{Value, json};

use crate::template;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What the log of the API may tell of a request: nothing that was in it, and not who sent it.
const LOGGED: [&str; 9] = [
    "requestId",
    "requestTimeEpoch",
    "routeKey",
    "status",
    "responseLength",
    "responseLatency",
    "integrationStatus",
    "integrationLatency",
    "error.responseType",
];

/// Every alarm by the end of its name, and the metrics that it looks at.
const ALARMS: [(&str, &[&str]); 5] = [
    ("failures", &["AWS/ApiGateway 5xx", "AWS/ApiGateway Count"]),
    ("latency", &["AWS/ApiGateway Latency"]),
    (
        "throttles",
        &[
            "AWS/DynamoDB ReadThrottleEvents",
            "AWS/DynamoDB WriteThrottleEvents",
            "AWS/DynamoDB WriteThrottleEvents",
            "AWS/DynamoDB ReadThrottleEvents",
        ],
    ),
    ("conflicts", &["Kese busy", "Kese count"]),
    ("crashes", &["Kese/${AWS::StackName} crashed"]),
];

/// Those of the tasks, at which no canary looks: they are about what was long before.
const ALARMS_OF_TASKS: [(&str, &[&str]); 5] = [
    ("lag", &["AWS/Lambda IteratorAge"]),
    ("unpublished", &["AWS/SQS ApproximateNumberOfMessagesVisible"]),
    ("backlog", &["AWS/SQS ApproximateNumberOfMessagesVisible"]),
    ("age", &["AWS/SQS ApproximateAgeOfOldestMessage"]),
    ("undelivered", &["AWS/SQS ApproximateNumberOfMessagesVisible"]),
];

/// What says how the service is deployed.
struct Deployment {
    /// The files by their paths.
    files: BTreeMap<String, String>,
    template: Value,
}

impl Deployment {
    fn read() -> Deployment {
        let mut files = BTreeMap::new();
        for path in ["template.yaml", "samconfig.toml", ".github/actions/deploy/action.yml"] {
            files.insert(path.to_owned(), fs::read_to_string(format!("{ROOT}/{path}")).unwrap());
        }
        for workflow in fs::read_dir(format!("{ROOT}/.github/workflows")).unwrap() {
            let workflow = workflow.unwrap();
            let path = format!(".github/workflows/{}", workflow.file_name().to_str().unwrap());
            files.insert(path, fs::read_to_string(workflow.path()).unwrap());
        }
        Deployment::of(files)
    }

    fn of(files: BTreeMap<String, String>) -> Deployment {
        Deployment { template: template::parse(&files["template.yaml"]), files }
    }

    /// The same with `from`, where it stands first, changed into `to`.
    fn with(&self, path: &str, from: &str, to: &str) -> Deployment {
        let mut files = self.files.clone();
        let text = files.get_mut(path).unwrap_or_else(|| panic!("there is no {path}"));
        assert!(text.contains(from), "{path} does not say {from}");
        *text = text.replacen(from, to, 1);
        Deployment::of(files)
    }

    fn workflow(&self, name: &str) -> Value {
        template::parse(&self.files[&format!(".github/workflows/{name}.yml")])
    }
}

/// Every rule.
const RULES: [fn(&Deployment); 12] = [
    every_route_of_the_code_is_deployed,
    what_functions_share_is_said_once,
    tasks_hold_up_nobody_and_lose_nothing,
    nothing_is_permitted_in_general,
    no_function_exceeds_the_boundary,
    tables_outlive_mistakes,
    logs_end_and_tell_of_nobody,
    a_canary_looks_at_every_alarm,
    the_dashboard_shows_what_there_is,
    every_environment_decides_every_parameter,
    workflows_run_what_there_is,
    what_is_deployed_was_deployed_before,
];

#[test]
fn every_rule_is_kept() {
    let deployment = Deployment::read();
    for rule in RULES {
        rule(&deployment);
    }
}

fn every_route_of_the_code_is_deployed(deployment: &Deployment) {
    let functions = template::functions(&deployment.template).into_iter();
    let deployed: BTreeMap<_, _> = functions.map(|function| (function.binary, function.routes)).collect();
    let routes = functions::OPERATIONS.iter().map(|operation| {
        let routes = operation.routes.iter().map(|route| (route.method.to_owned(), route.path.to_owned()));
        (operation.name.to_owned(), routes.collect())
    });
    assert_eq!(deployed, routes.collect(), "routes");
}

fn what_functions_share_is_said_once(deployment: &Deployment) {
    let template = &deployment.template;
    let is_operation = |resource: &Value| {
        let events = resource["Properties"]["Events"].as_object().unwrap();
        events.values().any(|event| event["Type"] == "HttpApi")
    };
    for (name, resource) in template::resources(template, "AWS::Serverless::Function") {
        let mut own: Vec<_> = resource["Properties"].as_object().unwrap().keys().collect();
        // What nobody waits for may take its time.
        own.retain(|member| *member != "Timeout" || is_operation(resource));
        assert_eq!(own, ["Description", "Events", "Policies"], "what {name} says of itself");
    }
    let all = &template["Globals"]["Function"];
    assert_eq!(all["AutoPublishAlias"], "live", "alias");
    assert_eq!(all["DeploymentPreference"]["Type"], json!({ "!Ref": "Rollout" }), "rollout");
    assert_eq!(all["LoggingConfig"]["LogGroup"], json!({ "!Ref": "Logs" }), "log group");
    assert_eq!(all["PermissionsBoundary"], json!({ "!Ref": "Boundary" }), "boundary");
    assert_eq!(all["Tracing"], json!({ "!Ref": "Tracing" }), "tracing");
    assert_eq!(all["Environment"]["Variables"]["STACK"], json!({ "!Ref": "AWS::StackName" }), "stack");
    let api = &template["Resources"]["Api"]["Properties"]["DefaultRouteSettings"];
    let limits = json!({
        "ThrottlingRateLimit": { "!Ref": "RequestsPerSecond" },
        "ThrottlingBurstLimit": { "!Ref": "RequestsBurst" },
    });
    assert_eq!(*api, limits, "limits");
}

/// What a task cannot do comes again, is given up in the end, and is then laid where somebody is told of it.
fn tasks_hold_up_nobody_and_lose_nothing(deployment: &Deployment) {
    let resources = &deployment.template["Resources"];
    let tasks = template::tasks(&deployment.template).into_iter().map(|task| task.binary);
    let known = functions::TASKS.iter().map(|task| task.name.to_owned());
    assert_eq!(tasks.collect::<BTreeSet<_>>(), known.collect(), "tasks");

    let stream = &resources["Publish"]["Properties"]["Events"]["Stream"]["Properties"];
    assert_eq!(stream["Stream"], json!({ "!GetAtt": "Ledger.StreamArn" }), "stream");
    assert_eq!(stream["StartingPosition"], "TRIM_HORIZON", "where the stream begins");
    assert_eq!(stream["BisectBatchOnFunctionError"], true, "bisect");
    assert!(stream["MaximumRetryAttempts"].as_u64().is_some_and(|tries| (1..=100).contains(&tries)), "tries");
    let given_up = json!({ "Type": "SQS", "Destination": { "!GetAtt": "Unpublished.Arn" } });
    assert_eq!(stream["DestinationConfig"]["OnFailure"], given_up, "what is given up");
    let pattern: Value =
        serde_json::from_str(stream["FilterCriteria"]["Filters"][0]["Pattern"].as_str().unwrap()).unwrap();
    let entries = json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": { "sk": { "S": [{ "prefix": "T#" }] } } } });
    assert_eq!(pattern, entries, "filter");

    let queue = &resources["Deliver"]["Properties"]["Events"]["Queue"]["Properties"];
    for source in [stream, queue] {
        assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]), "partial answers");
    }
    let deliveries = &resources["Deliveries"]["Properties"];
    let redrive = &deliveries["RedrivePolicy"];
    assert_eq!(redrive["deadLetterTargetArn"], json!({ "!GetAtt": "DeliveriesDead.Arn" }), "dead letters");
    assert_eq!(redrive["maxReceiveCount"], api::webhook::ATTEMPTS_MAX, "deliveries");
    // As long as it takes a receiver that asks for the longest delay after each of them.
    let days = api::webhook::DELAY_MAX.as_secs() * u64::from(api::webhook::ATTEMPTS_MAX);
    assert!(deliveries["MessageRetentionPeriod"].as_u64().is_some_and(|seconds| seconds > days), "retention");
    let local = local::queue::QUEUES.iter().find(|queue| queue.name == local::queue::DELIVERIES).unwrap();
    assert_eq!(deliveries["VisibilityTimeout"], local.visibility_seconds, "hidden while it is handled, as in kese");
    assert_eq!(redrive["maxReceiveCount"], local.redrive.unwrap().receives_max, "deliveries, as in kese");
    let timeout = resources["Deliver"]["Properties"]["Timeout"].as_u64().unwrap();
    assert!(
        timeout * 6 <= deliveries["VisibilityTimeout"].as_u64().unwrap(),
        "a message is hidden while it is handled"
    );
    for (name, queue) in template::resources(&deployment.template, "AWS::SQS::Queue") {
        assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], true, "encryption of {name}");
    }
}

/// No star but the one of X-Ray, no policy of AWS's, and nothing that deletes or that reads a table as a whole.
fn nothing_is_permitted_in_general(deployment: &Deployment) {
    let template = &deployment.template;
    let mut statements = boundary(template).clone();
    for (name, resource) in template::resources(template, "AWS::Serverless::Function") {
        for policy in resource["Properties"]["Policies"].as_array().unwrap() {
            let own = policy.as_object().map(|policy| policy.keys().collect::<Vec<_>>());
            assert_eq!(own, Some(vec![&"Statement".to_owned()]), "a policy of {name} that is not its own");
            statements.extend(policy["Statement"].as_array().unwrap().iter().cloned());
        }
    }
    for statement in &statements {
        let mut actions = statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap());
        let traces = actions.clone().all(|action| action.starts_with("xray:Put"));
        assert!(traces || !statement["Resource"].to_string().contains('*'), "a star for a resource: {statement}");
        let general = |action: &str| {
            let words = ["*", "Delete", "Scan", "PartiQL", "Table", "Import", "Export", "Restore"];
            action != "sqs:DeleteMessage" && words.iter().any(|word| action.contains(word))
        };
        assert_eq!(actions.find(|action| general(action)), None, "too general an action");
    }
}

fn no_function_exceeds_the_boundary(deployment: &Deployment) {
    let template = &deployment.template;
    let ours = |statement: &&Value| {
        let actions = statement["Action"].to_string();
        let is_lambdas = actions.contains("Records")
            || actions.contains("ReceiveMessage")
            || statement["Resource"] == json!({ "!GetAtt": "Unpublished.Arn" });
        !is_lambdas && ["dynamodb:", "sqs:"].iter().any(|service| actions.contains(service))
    };
    let most: BTreeSet<_> = boundary(template).iter().filter(ours).flat_map(template::granted).collect();
    let functions = template::all(template).into_iter();
    assert_eq!(functions.flat_map(|function| function.permissions).collect::<BTreeSet<_>>(), most, "boundary");
}

fn boundary(template: &Value) -> &Vec<Value> {
    let policy = &template["Resources"]["Boundary"]["Properties"]["PolicyDocument"];
    policy["Statement"].as_array().unwrap()
}

fn tables_outlive_mistakes(deployment: &Deployment) {
    let template = &deployment.template;
    for (name, table) in template::resources(template, "AWS::DynamoDB::Table") {
        let properties = &table["Properties"];
        assert_eq!(table["DeletionPolicy"], "Retain", "DeletionPolicy of {name}");
        assert_eq!(table["UpdateReplacePolicy"], "Retain", "UpdateReplacePolicy of {name}");
        assert_eq!(properties["DeletionProtectionEnabled"], true, "deletion protection of {name}");
        let recovery = &properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        assert_eq!(*recovery, true, "recovery of {name}");
        assert_eq!(properties["SSESpecification"]["SSEEnabled"], true, "encryption of {name}");
        assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST", "billing of {name}");
    }
}

fn logs_end_and_tell_of_nobody(deployment: &Deployment) {
    let template = &deployment.template;
    let groups = template::resources(template, "AWS::Logs::LogGroup");
    assert_eq!(groups.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["AccessLogs", "Logs"], "log groups");
    for (name, group) in groups {
        assert_eq!(group["Properties"], json!({ "RetentionInDays": { "!Ref": "LogRetentionDays" } }), "end of {name}");
    }
    let settings = &template["Resources"]["Api"]["Properties"]["AccessLogSettings"];
    assert_eq!(settings["DestinationArn"], json!({ "!GetAtt": "AccessLogs.Arn" }), "access log");
    let line: BTreeMap<String, String> = serde_json::from_str(settings["Format"].as_str().unwrap()).unwrap();
    for variable in line.values() {
        let logged = variable.strip_prefix("$context.").is_some_and(|variable| LOGGED.contains(&variable));
        assert!(logged, "the access log tells {variable}");
    }
}

fn a_canary_looks_at_every_alarm(deployment: &Deployment) {
    let template = &deployment.template;
    let named = |end: &str| json!({ "!Sub": format!("${{AWS::StackName}}-{end}") });
    let canary = template["Globals"]["Function"]["DeploymentPreference"]["Alarms"].as_array().unwrap();
    let mut alarms = template::resources(template, "AWS::CloudWatch::Alarm");
    assert_eq!(*canary, ALARMS.map(|(end, _)| named(end)), "what a canary looks at");
    for (end, metrics) in ALARMS.into_iter().chain(ALARMS_OF_TASKS) {
        let place = alarms.iter().position(|(_, alarm)| alarm["Properties"]["AlarmName"] == named(end));
        let (_, alarm) = alarms.remove(place.unwrap_or_else(|| panic!("no alarm {end}")));
        let properties = &alarm["Properties"];
        let many = properties["Metrics"].as_array().into_iter().flatten().map(|part| &part["MetricStat"]["Metric"]);
        let metric = |metric: &Value| {
            let namespace = metric["Namespace"].as_str().or(metric["Namespace"]["!Sub"].as_str())?;
            Some(format!("{namespace} {}", metric["MetricName"].as_str()?))
        };
        let seen: Vec<_> = many.chain([properties]).filter_map(metric).collect();
        assert_eq!(seen, metrics, "what {end} looks at");
        assert_eq!(properties["AlarmActions"], json!([{ "!Ref": "Alerts" }]), "who is told of {end}");
        assert_eq!(properties["TreatMissingData"], "notBreaching", "{end}, when nobody calls");
    }
    assert!(alarms.is_empty(), "more alarms: {alarms:?}");
}

fn the_dashboard_shows_what_there_is(deployment: &Deployment) {
    let template = &deployment.template;
    let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["!Sub"].as_str().unwrap();
    let dashboard: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("the dashboard: {error}"));
    assert!(!dashboard["widgets"].as_array().unwrap().is_empty());
    for reference in body.split("${").skip(1) {
        let name = reference.split(['}', '.']).next().unwrap();
        let known = name.starts_with("AWS::") || !template["Resources"][name].is_null();
        assert!(known, "the dashboard refers to {name}");
    }
    for metric in ["count", "latency", "refused", "replayed", "busy", "failed", "crashed"] {
        assert!(body.contains(&format!("\"{metric}")), "the dashboard does not show {metric}");
    }
}

/// But for the ones that are empty: an address, a domain and a certificate belong to who runs it.
fn every_environment_decides_every_parameter(deployment: &Deployment) {
    let template = &deployment.template;
    let parameters = template["Parameters"].as_object().unwrap();
    let ours = parameters.iter().filter(|(_, parameter)| parameter["Default"] != "").map(|(name, _)| name.as_str());
    let ours: BTreeSet<_> = ours.collect();

    let sections = deployment.files["samconfig.toml"].split("\n[").skip(1).filter_map(|text| text.split_once("]\n"));
    let sections: BTreeMap<_, _> = sections.collect();
    for environment in ["default", "dev", "staging", "prod"] {
        let section = sections[format!("{environment}.deploy.parameters").as_str()];
        let (_, overrides) = section.split_once("parameter_overrides = [").unwrap();
        let overrides: BTreeMap<_, _> = overrides.split('"').filter_map(|text| text.split_once('=')).collect();
        assert_eq!(overrides.keys().copied().collect::<BTreeSet<_>>(), ours, "parameters of {environment}");
        for (name, value) in &overrides {
            let allowed = parameters[*name]["AllowedValues"].as_array();
            let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let is_allowed =
                allowed.is_none_or(|allowed| allowed.iter().any(|value_allowed| text(value_allowed) == *value));
            assert!(is_allowed, "{environment}: {name} is {value}");
        }
        let stack = if environment == "default" { "dev" } else { environment };
        assert!(section.contains(&format!("stack_name = \"kese-{stack}\"")), "name of {environment}");
        assert!(
            section.contains(&format!("tags = [\"application=kese\", \"environment={stack}\"]")),
            "tags of {environment}"
        );
    }
    let said = |section: &str| -> Vec<String> {
        let lines = sections[section].lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.filter(|line| !line.starts_with("confirm_changeset")).map(str::to_owned).collect()
    };
    assert_eq!(said("default.deploy.parameters"), said("dev.deploy.parameters"), "default and dev");
    assert!(sections["prod.deploy.parameters"].contains("Rollout=Canary"), "prod without a canary");
}

fn workflows_run_what_there_is(deployment: &Deployment) {
    for (path, text) in deployment.files.iter().filter(|(path, _)| path.starts_with(".github/")) {
        let workflow = template::parse(text);
        for forbidden in ["aws-access-key-id", "aws-secret-access-key", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            assert!(!text.contains(forbidden), "{path} has a stored key");
        }
        for (_, job) in workflow["jobs"].as_object().into_iter().flatten() {
            let called = job["uses"].is_string();
            assert!(called || job["timeout-minutes"].is_number(), "{path}: a job without an end");
            assert!(job["permissions"].is_object(), "{path}: a job that does not say what it may");
        }
        let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
        for line in lines.clone().filter_map(|line| line.strip_prefix("uses: ")) {
            let version = line.split_once('@').map(|(_, version)| version.split(' ').next().unwrap());
            let is_commit = |version: &str| version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(line.starts_with("./") || version.is_some_and(is_commit), "{path}: {line} may change");
        }
        for line in lines.filter_map(|line| line.strip_prefix("run: ")) {
            let command = line.split(' ').next().unwrap();
            let is_script = command.starts_with(".ci/") || command.starts_with("tests/");
            let is_there = is_script && fs::exists(format!("{ROOT}/{command}")).unwrap();
            assert!(is_there || ["rustup", "gh", "sudo"].contains(&command), "{path} runs {command}");
        }
    }
}

fn what_is_deployed_was_deployed_before(deployment: &Deployment) {
    let jobs = &deployment.workflow("deploy")["jobs"];
    for (job, before) in [("build", "check"), ("dev", "build"), ("staging", "dev"), ("prod", "staging")] {
        assert_eq!(jobs[job]["needs"], before, "what comes before {job}");
    }
    for environment in ["dev", "staging", "prod"] {
        let job = &jobs[environment];
        assert_eq!(job["environment"], environment, "environment of {environment}");
        assert_eq!(job["permissions"], json!({ "contents": "read", "id-token": "write" }), "what {environment} may");
        let deploys = job["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(deploys["uses"], "./.github/actions/deploy", "what {environment} does");
        assert_eq!(deploys["with"]["environment"], environment, "where {environment} goes");
    }
    let text = &deployment.files[".github/workflows/deploy.yml"];
    assert_eq!(text.matches("sam build").count() + text.matches(".ci/build").count(), 1, "built once");
}

/// File, what stands there, what stands there instead, and a part of what a rule then says.
const BREAKS: &[(&str, &str, &str, &str)] = &[
    ("template.yaml", "Path: '/CALL/WalletAPI/spend/{instance}'", "Path: '/CALL/WalletAPI/spent/{instance}'", "routes"),
    (
        "template.yaml",
        "        Paycombat:\n          Type: HttpApi\n          Properties: { ApiId: !Ref Api, Method: GET, Path: /wallet }\n",
        "",
        "routes",
    ),
    (
        "template.yaml",
        "        Post:\n          Type: HttpApi\n          Properties: { ApiId: !Ref Api, Method: POST, Path: '/CALL/WalletAPI/load/{instance}' }\n",
        "        {}\n",
        "routes",
    ),
    ("template.yaml", "{ BuildMethod: rust-cargolambda", "{ BuildMethod: makefile", "rust-cargolambda"),
    (
        "template.yaml",
        "      Description: Corrects a balance\n",
        "      Description: Corrects a balance\n      Timeout: 30\n",
        "what Fix says of itself",
    ),
    ("template.yaml", "            BisectBatchOnFunctionError: true\n", "", "bisect"),
    ("template.yaml", "            MaximumRetryAttempts: 20\n", "", "tries"),
    (
        "template.yaml",
        "Destination: !GetAtt Unpublished.Arn",
        "Destination: !GetAtt Deliveries.Arn",
        "what is given up",
    ),
    ("template.yaml", "\"prefix\":\"T#\"", "\"prefix\":\"K#\"", "filter"),
    ("template.yaml", "            FunctionResponseTypes: [ReportBatchItemFailures]\n", "", "partial answers"),
    ("template.yaml", "maxReceiveCount: 12", "maxReceiveCount: 3", "deliveries"),
    (
        "template.yaml",
        "      VisibilityTimeout: 360\n      MessageRetentionPeriod: 1209600\n",
        "      VisibilityTimeout: 360\n      MessageRetentionPeriod: 345600\n",
        "retention",
    ),
    ("template.yaml", "      VisibilityTimeout: 360\n", "      VisibilityTimeout: 60\n", "hidden while it is handled"),
    ("template.yaml", "      SqsManagedSseEnabled: true\n", "", "encryption of Deliveries"),
    (
        "template.yaml",
        "AlarmName: !Sub '${AWS::StackName}-lag'",
        "AlarmName: !Sub '${AWS::StackName}-late'",
        "no alarm lag",
    ),
    ("template.yaml", "    AutoPublishAlias: live\n", "", "alias"),
    ("template.yaml", "Type: !Ref Rollout", "Type: AllAtOnce", "rollout"),
    ("template.yaml", "LogGroup: !Ref Logs,", "LogGroup: elsewhere,", "log group"),
    ("template.yaml", "    PermissionsBoundary: !Ref Boundary\n", "", "boundary"),
    ("template.yaml", "    Tracing: !Ref Tracing\n", "", "tracing"),
    ("template.yaml", "        STACK: !Ref AWS::StackName\n", "        STACK: kese\n", "stack"),
    ("template.yaml", "ThrottlingRateLimit: !Ref RequestsPerSecond", "ThrottlingRateLimit: 10000", "limits"),
    ("template.yaml", "Resource: !GetAtt Credentials.Arn", "Resource: '*'", "a star for a resource"),
    ("template.yaml", "Resource: !GetAtt Logs.Arn", "Resource: '*'", "a star for a resource"),
    ("template.yaml", "Action: [dynamodb:GetItem]", "Action: ['dynamodb:*']", "too general an action"),
    ("template.yaml", "Action: [dynamodb:GetItem]", "Action: [dynamodb:Scan]", "too general an action"),
    ("template.yaml", "dynamodb:PutItem]", "dynamodb:PutItem, dynamodb:DeleteItem]", "too general an action"),
    ("template.yaml", "dynamodb:PutItem]", "dynamodb:PutItem, dynamodb:DeleteTable]", "too general an action"),
    ("template.yaml", "        - Statement:\n", "        - DynamoDBCrudPolicy:\n", "that is not its own"),
    (
        "template.yaml",
        "        - Statement:\n",
        "        - AmazonDynamoDBFullAccess\n        - Statement:\n",
        "that is not its own",
    ),
    ("template.yaml", "dynamodb:PutItem]", "dynamodb:PutItem, dynamodb:ConditionCheckItem]", "boundary"),
    ("template.yaml", "              - dynamodb:UpdateItem\n", "", "boundary"),
    ("template.yaml", "    DeletionPolicy: Retain\n", "    DeletionPolicy: Delete\n", "DeletionPolicy of Ledger"),
    ("template.yaml", "    UpdateReplacePolicy: Retain\n", "", "UpdateReplacePolicy of Ledger"),
    (
        "template.yaml",
        "DeletionProtectionEnabled: true",
        "DeletionProtectionEnabled: false",
        "deletion protection of Ledger",
    ),
    ("template.yaml", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "recovery of Ledger"),
    ("template.yaml", "SSEEnabled: true", "SSEEnabled: false", "encryption of Ledger"),
    ("template.yaml", "BillingMode: PAY_PER_REQUEST", "BillingMode: PROVISIONED", "billing of Ledger"),
    (
        "template.yaml",
        "      RetentionInDays: !Ref LogRetentionDays\n",
        "      LogGroupClass: STANDARD\n",
        "end of Logs",
    ),
    ("template.yaml", "$context.routeKey", "$context.path", "the access log tells $context.path"),
    (
        "template.yaml",
        "$context.status",
        "$context.identity.sourceIp",
        "the access log tells $context.identity.sourceIp",
    ),
    ("template.yaml", "        - !Sub '${AWS::StackName}-throttles'\n", "", "what a canary looks at"),
    (
        "template.yaml",
        "AlarmName: !Sub '${AWS::StackName}-crashes'",
        "AlarmName: !Sub '${AWS::StackName}-crash'",
        "no alarm crashes",
    ),
    ("template.yaml", "MetricName: busy", "MetricName: conflicts", "what conflicts looks at"),
    ("template.yaml", "      AlarmActions: [!Ref Alerts]\n", "", "who is told of failures"),
    ("template.yaml", "TreatMissingData: notBreaching", "TreatMissingData: breaching", "when nobody calls"),
    ("template.yaml", "\"widgets\": [", "\"widgets\": [[", "the dashboard: "),
    ("template.yaml", "\"${FailureAlarm.Arn}\"", "\"${FailuresAlarm.Arn}\"", "the dashboard refers to FailuresAlarm"),
    (
        "template.yaml",
        "[\"Kese\", \"replayed\", \"stack\"",
        "[\"Kese\", \"repeated\", \"stack\"",
        "does not show replayed",
    ),
    ("template.yaml", "  MemorySize:\n    Type: Number\n", "  Memory:\n    Type: Number\n", "parameters of default"),
    ("samconfig.toml", "    \"Tracing=Active\",\n", "", "parameters of default"),
    ("samconfig.toml", "LogRetentionDays=365", "LogRetentionDays=366", "prod: LogRetentionDays is 366"),
    ("samconfig.toml", "stack_name = \"kese-prod\"", "stack_name = \"kese-staging\"", "name of prod"),
    ("samconfig.toml", "\"environment=staging\"", "\"environment=prod\"", "tags of staging"),
    ("samconfig.toml", "RequestsPerSecond=50\"", "RequestsPerSecond=60\"", "default and dev"),
    (".github/workflows/check.yml", "run: .ci/run", "run: .ci/runs", "runs .ci/runs"),
    (".github/workflows/check.yml", "    timeout-minutes: 60\n", "", "a job without an end"),
    (
        ".github/workflows/check.yml",
        "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
        "actions/checkout@v5",
        "may change",
    ),
    (
        ".github/actions/deploy/action.yml",
        "        role-to-assume: ${{ inputs.role }}\n",
        "        aws-access-key-id: ${{ inputs.role }}\n",
        "has a stored key",
    ),
    (".github/workflows/deploy.yml", "    needs: staging\n", "    needs: dev\n", "what comes before prod"),
    (".github/workflows/deploy.yml", "    environment: prod\n", "    environment: dev\n", "environment of prod"),
    (
        ".github/workflows/deploy.yml",
        "      - run: .ci/sbom target/dist\n",
        "      - run: .ci/build stack\n",
        "built once",
    ),
];

#[test]
fn every_breach_is_found() {
    let deployment = Deployment::read();
    for (path, from, to, complaint) in BREAKS {
        let broken = deployment.with(path, from, to);
        let mut complaints = RULES.iter().filter_map(|rule| complaint_of(*rule, &broken));
        let is_found = complaints.any(|said| said.contains(complaint));
        assert!(is_found, "{path} with {to:?} for {from:?}: nobody complains of {complaint:?}");
    }
}

/// What a rule has to say, if anything.
fn complaint_of(rule: fn(&Deployment), deployment: &Deployment) -> Option<String> {
    let panic = catch_unwind(|| rule(deployment)).err()?;
    let said = panic.downcast_ref::<String>().cloned();
    Some(said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned())).unwrap_or_default())
}
