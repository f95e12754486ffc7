//! The OpenAPI document says what is there: the routes and scopes of the route table, the codes of the failure table, and
//! every member of every answer. Its examples are played one after the other, and answered as they say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::{Dialect, Event, event};
use aws_smithy_types::base64;
use lambda_http::http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::harness::{Answered, Fault, World};
use crate::{stories, tidy};

/// Headers that say nothing about an operation, and so are not described.
const TECHNICAL_HEADERS: [&str; 2] = ["content-type", "pragma"];

/// Members of answers that no story has: nobody tells a story of access tokens.
const UNTOLD: [&str; 5] = ["access_token", "error", "error_description", "expires_in", "token_type"];

#[test]
fn every_route_is_described_and_the_other_way_round() {
    let document = Document::new();
    let described: BTreeSet<_> = document.operations().iter().map(Described::summary).collect();
    let routes = functions::OPERATIONS.iter().flat_map(|operation| {
        let id = |dialect| format!("{}_{}", word(dialect), tidy::lower_camel_case(operation.name));
        operation
            .routes
            .iter()
            .map(move |route| format!("{} {} {} {}", route.method, route.path, id(route.dialect), route.scope.as_str()))
    });
    assert_eq!(described, routes.collect());
}

#[test]
fn every_code_is_described_with_its_status_and_the_other_way_round() {
    let document = Document::new();
    let mut described = BTreeSet::new();
    for operation in document.operations().iter().filter(|operation| operation.tag() == "mircate") {
        for (status, response) in operation.responses().filter(|(status, _)| *status != "200") {
            let schema = &document.content(response)["application/json"]["schema"];
            let codes = schema["properties"]["code"]["enum"].as_array().unwrap();
            described.extend(codes.iter().map(|code| format!("{status}, {code}")));
        }
    }
    // The table is a match; its rows can only be read: `(400, "INVALID_REQUEST", …`.
    let rows = include_str!("../shared/api/src/failure.rs").split('(').filter_map(|rest| {
        let row = rest.get(..=rest.match_indices('"').nth(1)?.0)?;
        row.bytes().next()?.is_ascii_digit().then(|| row.to_owned())
    });
    assert_eq!(described, rows.collect());
}

#[test]
fn every_exchange_of_a_story_is_described() {
    let document = Document::new();
    let operations = document.operations();
    let mut told = BTreeSet::new();
    for story in stories::written() {
        let lines: Vec<&str> = story.lines().collect();
        for (line, answer) in lines.iter().zip(&lines[1..]).filter(|(line, _)| line.starts_with("> ")) {
            let request = stories::Request::of(&line[2..]);
            let (status, body) = answer[2..].split_once(' ').unwrap();
            let body: Value = serde_json::from_str(body.trim_start_matches("replayed ")).unwrap();
            let described = find(&operations, request.method, &request.path);

            let mut wrong = document.wrong_in_answer(described, status, &body);
            if status == "200" {
                wrong.extend(document.wrong_in_request(described, &request.path, request.body));
            }
            assert!(wrong.is_empty(), "{line}\n{answer}\n{wrong:#?}");
            names_in(&body, &mut told);
        }
    }
    told.extend(UNTOLD.map(str::to_owned));
    let described = document.names_in_answers();
    let untold: Vec<_> = described.difference(&told).collect();
    assert!(untold.is_empty(), "described, and in no story: {untold:?}");
}

#[tokio::test]
async fn every_example_is_answered_as_it_says() {
    let document = Document::new();
    let world = World::new().await;
    let mut made = String::new();
    for operation in document.operations() {
        let path = document.example_path(&operation, &made);
        for example in document.examples(&operation) {
            world.wait_millis(1_000);
            let answered = play(&world, &operation, &path, &example).await;
            let what = format!("{} {path} {}: {answered:?}", operation.method, example.request);
            assert_eq!(answered.status, 200, "{what}");
            let wrong = document.wrong_in(&operation, &answered);
            assert!(wrong.is_empty(), "{what}\n{wrong:#?}");
            if let Some(id) = answered.body["id"].as_str().or_else(|| answered.body["data"]["wallet_id"].as_str()) {
                id.clone_into(&mut made);
            }
            // The query of a read shows each of its parameters; what it finds is another matter.
            if !operation.id().ends_with("_query") {
                assert_eq!(blurred(&answered.body), blurred(&example.answer), "{what}");
            }
        }
    }
}

#[test]
fn every_example_is_as_it_is_described() {
    let document = Document::new();
    for operation in document.operations() {
        for (status, response) in operation.responses() {
            for (name, example) in examples_of(&document.content(response)["application/json"]) {
                let wrong = document.wrong_in_answer(&operation, status, &example);
                assert!(wrong.is_empty(), "{} {status} {name}: {wrong:#?}", operation.id());
            }
        }
        for (media_type, content) in document.content(&operation.value["requestBody"]).as_object().into_iter().flatten()
        {
            for (name, example) in examples_of(content) {
                let wrong = breaches(&document.closed, &content["schema"], &example);
                assert!(wrong.is_empty(), "{} {media_type} {name}: {wrong:#?}", operation.id());
            }
        }
    }
}

/// Every type of event is described, its example fits, and so does what is made of each entry of a chain.
#[tokio::test]
async fn every_event_is_as_it_is_described() {
    let document = Document::new();
    let webhooks = document.open["webhooks"].as_object().unwrap();
    let types = event::TYPES.iter().chain([&event::TEST]).map(|kind| (*kind).to_owned());
    assert_eq!(webhooks.keys().cloned().collect::<BTreeSet<_>>(), types.collect());
    let wrong_in = |kind: &str, body: &Value| {
        let schema = &document.content(&webhooks[kind]["post"]["requestBody"])["application/json"]["schema"];
        let mut wrong = breaches(&document.closed, schema, body);
        wrong.extend((body["type"] != kind).then(|| format!("is of the type {}", body["type"])));
        wrong
    };
    for (kind, webhook) in webhooks {
        let examples = examples_of(&document.content(&webhook["post"]["requestBody"])["application/json"]);
        assert_eq!(examples.len(), 1, "{kind}");
        for example in examples.values() {
            assert_eq!(wrong_in(kind, example), Vec::<String>::new(), "the example of {kind}: {example}");
        }
    }

    let world = World::new().await;
    world.open("w1", "EUR", "w1-eur").await;
    let expiry = world.clock.load(Ordering::Relaxed) + 3_600_000;
    let load = format!(
        r#"{{"amount":50,"channel":"POS","additionalData":{{"till":4}},"expiresAt":"{}"}}"#,
        api::time::text(domain::Timestamp(expiry))
    );
    for (path, body) in [
        ("load/demo-w1-eur", load.as_str()),
        ("load/demo-w1-eur", r#"{"amount":9,"channel":"POS","type":"EARNED"}"#),
        ("spend/demo-w1-eur", r#"{"amount":20,"channel":"POS","referenceId":"order-1"}"#),
        ("refund/demo-w1-eur", r#"{"transactionId":"w1-eur-4","amount":5}"#),
        ("cancel/demo-w1-eur", r#"{"transactionId":"w1-eur-3"}"#),
        ("updateWallet/demo", r#"{"walletId":"w1","status":"frozen"}"#),
        ("updateWallet/demo", r#"{"walletId":"w1","status":"active"}"#),
    ] {
        let answered = world.post(path, None, body).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.body);
    }
    world.clock.store(expiry, Ordering::Relaxed);
    for (path, body) in [
        ("fix/demo-w1-eur", r#"{"amount":5,"channel":"POS","description":"counted"}"#),
        ("spend/demo-w1-eur", r#"{"amount":5,"channel":"POS"}"#),
        ("removeAccount/demo", r#"{"walletId":"w1","accountNumber":"w1-eur"}"#),
        ("addAccount/demo", r#"{"walletId":"w1","accountNumber":"w1-eur"}"#),
        ("updateWallet/demo", r#"{"walletId":"w1","status":"closed"}"#),
    ] {
        let answered = world.post(path, None, body).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.body);
    }
    let chain = world.chain("w1-eur").await;
    let project = &world.project.id;
    let account = &chain[1].transaction.account;
    let left = account.lots.posted();
    let mut events: Vec<Event> = chain.iter().map(|entry| Event::of_transaction(project, &entry.transaction)).collect();
    events.push(Event::of_expiring(project, account, left, domain::Timestamp(expiry), account.at));
    events.push(Event::of_test(project, 1, account.at));
    for event in &events {
        let body: Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(wrong_in(event.kind, &body), Vec::<String>::new(), "{body}");
    }
    let made: BTreeSet<&str> = events.iter().map(|event| event.kind).collect();
    assert_eq!(made, webhooks.keys().map(String::as_str).collect(), "every type was made");
    assert_eq!(events.iter().map(|event| &event.id).collect::<BTreeSet<_>>().len(), events.len(), "ids");
}

/// The runtime's clock is paused, so that waits pass at once.
#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_answered_as_it_is_described() {
    let document = Document::new();
    let operations = document.operations();
    let mut world = World::new().await;
    world.open("a", "EUR", "a").await;
    let may_all = (world.key.clone(), world.token.clone());
    let may_nothing = (world.grant(&world.project, &[]).await, world.grant_token(&world.project, &[]).await);
    let twice = r#"{"x": 1, "x": 2}"#.to_owned();
    let long = format!(r#"{{"x": "{}"}}"#, "x".repeat(17_000));
    let mut seen: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
    let mut check = |method: &Method, path: &str, answered: &Answered| {
        let described = find(&operations, method.as_str(), path);
        let wrong = document.wrong_in(described, answered);
        assert!(wrong.is_empty(), "{method} {path}: {answered:?}\n{wrong:#?}");
        seen.entry(described.tag()).or_default().insert(answered.status);
    };
    for route in functions::OPERATIONS.iter().flat_map(|operation| operation.routes) {
        let path = route.path.replace("{instance}", "demo-b").replace("{id}", "b").replace("{wallet_id}", "b");
        let method: Method = route.method.parse().unwrap();
        check(&method, &path, &world.send(method.clone(), &path, &[], b"{}").await);
        for credentials in [&may_nothing, &may_all] {
            (world.key, world.token) = credentials.clone();
            let bodies: &[&str] = if method == Method::GET { &[""] } else { &["{}", "[", &twice, &long] };
            for body in bodies {
                check(&method, &path, &world.call(method.clone(), &path, None, body).await);
            }
        }
    }
    let load = r#"{"amount": 1, "channel": "POS"}"#;
    for (method, path, body, target, fault) in [
        (Method::POST, "/CALL/WalletAPI/load/demo-a", load, "PutItem", Fault::Conflict),
        (Method::POST, "/CALL/WalletAPI/load/demo-a", load, "PutItem", Fault::Throttle),
        (Method::GET, "/v1/accounts/wallet/a", "", "GetItem", Fault::Throttle),
        (Method::GET, "/wallet/a", "", "GetItem", Fault::Throttle),
    ] {
        (0..1_000).for_each(|_| world.fault(target, fault));
        check(&method, path, &world.call(method.clone(), path, None, body).await);
        world.heal();
        // Until nobody remembers that others were at the account.
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let every = [
        ("mircate", [200, 400, 403, 404, 413, 429, 503].as_slice()),
        ("liquido", &[400, 401, 403, 404, 413, 503]),
        ("paycombat", &[200, 400, 401, 403, 404, 413, 503]),
    ];
    assert_eq!(seen, every.map(|(dialect, statuses)| (dialect, statuses.iter().copied().collect())).into());
}

/// Sends an example. What takes an idempotency key is sent twice, and the second time answered again.
async fn play(world: &World, operation: &Described<'_>, path: &str, example: &Example) -> Answered {
    let method: Method = operation.method.parse().unwrap();
    let body = if example.request.is_null() { String::new() } else { example.request.to_string() };
    if operation.id() == "liquido_createToken" {
        let is_json = example.media_type == "application/json";
        let body = if is_json { body } else { "grant_type=client_credentials".to_owned() };
        let client = format!("Basic {}", base64::encode(format!("{}:{}", world.client.0, world.client.1)));
        let headers = [("authorization", client.as_str()), ("content-type", &example.media_type)];
        return world.send(method, path, &headers, body.as_bytes()).await;
    }
    if operation.parameters().all(|parameter| parameter["$ref"] != "#/components/parameters/idempotency-key") {
        return world.call(method, path, None, &body).await;
    }
    let key = format!("example-{}", world.clock.load(Ordering::Relaxed));
    let first = world.call(method.clone(), path, Some(&key), &body).await;
    let again = world.call(method, path, Some(&key), &body).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "{path}");
    assert!(again.headers.contains_key("idempotent-replayed"), "{path} {body}: {again:?}");
    again
}

/// The document, and the same with every object closed: what is not described is not there.
struct Document {
    open: Value,
    closed: Value,
    /// The text, which has the members in their order.
    text: String,
}

/// An operation that is described. One that answers under two prefixes is two.
struct Described<'d> {
    method: String,
    path: String,
    item: &'d Value,
    value: &'d Value,
}

/// An example of a request with its answer.
struct Example {
    media_type: String,
    request: Value,
    answer: Value,
}

impl Document {
    fn new() -> Document {
        let text = local::docs::openapi_json();
        let open: Value = serde_json::from_str(&text).unwrap();
        let mut closed = open.clone();
        let schemas = closed["components"]["schemas"].as_object_mut().unwrap();
        let mut parts = BTreeSet::new();
        for schema in schemas.values() {
            let all = schema["allOf"].as_array().into_iter().flatten();
            parts.extend(all.map(|part| part["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()));
        }
        for (name, schema) in schemas.iter_mut() {
            close(schema, !parts.contains(name));
        }
        Document { open, closed, text }
    }

    /// Every operation, in the order of the document; of one path, what writes comes first.
    fn operations(&self) -> Vec<Described<'_>> {
        let mut paths: Vec<_> = self.open["paths"].as_object().unwrap().iter().collect();
        paths.sort_by_key(|(path, _)| self.text.find(&format!("\"{path}\":{{")));
        let mut operations = Vec::new();
        for (path, item) in paths {
            for (method, value) in ["post", "get"].into_iter().filter_map(|method| Some((method, item.get(method)?))) {
                let prefixes = item.get("servers").unwrap_or(&self.open["servers"]).as_array().unwrap();
                operations.extend(prefixes.iter().map(|server| {
                    let path = format!("{}{path}", server["url"].as_str().unwrap().trim_end_matches('/'));
                    Described { method: method.to_uppercase(), path, item, value }
                }));
            }
        }
        operations
    }

    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        let target = value["$ref"].as_str();
        target.map_or(value, |target| self.open.pointer(&target[1..]).unwrap_or_else(|| panic!("no {target}")))
    }

    /// What a request body or a response consists of, by media type.
    fn content<'d>(&'d self, value: &'d Value) -> &'d Value {
        &self.resolved(value)["content"]
    }

    /// What is wrong with an answer, its headers included.
    fn wrong_in(&self, operation: &Described<'_>, answered: &Answered) -> Vec<String> {
        let status = answered.status.to_string();
        let mut wrong = self.wrong_in_answer(operation, &status, &answered.body);
        let headers = &self.resolved(&operation.value["responses"][&status])["headers"];
        let described = headers.as_object().cloned().unwrap_or_default();
        let sent = answered.headers.keys().map(lambda_http::http::HeaderName::as_str);
        let unknown = sent.filter(|name| !described.contains_key(*name) && !TECHNICAL_HEADERS.contains(name));
        wrong.extend(unknown.map(|name| format!("the header {name} is not described")));
        let missing = described.iter().filter(|(name, header)| {
            self.resolved(header)["required"] == true && !answered.headers.contains_key(*name)
        });
        wrong.extend(missing.map(|(name, _)| format!("the header {name} is missing")));
        wrong
    }

    fn wrong_in_answer(&self, operation: &Described<'_>, status: &str, body: &Value) -> Vec<String> {
        let content = &self.content(&operation.value["responses"][status])["application/json"];
        if content.is_null() {
            return vec![format!("the status {status} is not described")];
        }
        breaches(&self.closed, &content["schema"], body)
    }

    /// Whether a request that was taken is one that may be sent.
    fn wrong_in_request(&self, operation: &Described<'_>, path: &str, body: &str) -> Vec<String> {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let names =
            query.split('&').filter(|member| !member.is_empty()).map(|member| member.split('=').next().unwrap());
        let described = |name: &str| operation.parameters().any(|parameter| self.resolved(parameter)["name"] == name);
        let unknown =
            names.filter(|name| !described(name)).map(|name| format!("the parameter {name} is not described"));
        let mut wrong: Vec<_> = unknown.collect();
        let schema = &self.content(&operation.value["requestBody"])["application/json"]["schema"];
        if !schema.is_null() {
            wrong.extend(breaches(&self.open, schema, &serde_json::from_str(body).unwrap()));
        }
        wrong
    }

    /// A path with its parameters' examples. An id that the service makes up is the one that it made last.
    fn example_path(&self, operation: &Described<'_>, made: &str) -> String {
        let mut path = operation.path.replace("{id}", made).replace("{wallet_id}", made);
        let mut query = Vec::new();
        for parameter in operation.parameters().map(|parameter| self.resolved(parameter)) {
            let name = parameter["name"].as_str().unwrap();
            let json = &parameter["content"]["application/json"]["example"];
            let example = if json.is_null() { &parameter["example"] } else { json };
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            match parameter["in"].as_str().unwrap() {
                "path" => path = path.replace(&format!("{{{name}}}"), &text),
                "query" if !example.is_null() => {
                    query.push(format!("{name}={}", utf8_percent_encode(&text, NON_ALPHANUMERIC)));
                }
                _ => {}
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The examples of an operation's request with the answers of the same name; of one without a body, just an answer.
    fn examples(&self, operation: &Described<'_>) -> Vec<Example> {
        let answers = examples_of(&self.content(&operation.value["responses"]["200"])["application/json"]);
        let Some(contents) = self.content(&operation.value["requestBody"]).as_object() else {
            let answers = answers.into_values();
            return answers.map(|answer| Example { media_type: String::new(), request: Value::Null, answer }).collect();
        };
        let mut examples = Vec::new();
        for (media_type, content) in contents {
            let requests = examples_of(content);
            assert!(requests.keys().eq(answers.keys()), "{}: a request and an answer each", operation.id());
            examples.extend(requests.into_iter().map(|(name, request)| Example {
                media_type: media_type.clone(),
                request,
                answer: answers[&name].clone(),
            }));
        }
        examples
    }

    /// The names of all members that answers can have.
    fn names_in_answers(&self) -> BTreeSet<String> {
        let (mut names, mut ahead) = (BTreeSet::new(), Vec::new());
        for operation in self.operations() {
            ahead.extend(
                operation.responses().map(|(_, response)| &self.content(response)["application/json"]["schema"]),
            );
        }
        while let Some(schema) = ahead.pop() {
            let target = self.resolved(schema);
            let properties = target["properties"].as_object();
            names.extend(properties.into_iter().flat_map(Map::keys).cloned());
            ahead.extend(properties.into_iter().flat_map(Map::values));
            ahead.extend(target["allOf"].as_array().into_iter().flatten());
            ahead.extend(target.get("items"));
        }
        names
    }
}

impl<'d> Described<'d> {
    fn id(&self) -> &'d str {
        self.value["operationId"].as_str().unwrap()
    }

    fn tag(&self) -> &'d str {
        self.value["tags"][0].as_str().unwrap()
    }

    fn responses(&self) -> impl Iterator<Item = (&'d str, &'d Value)> + use<'d> {
        self.value["responses"].as_object().unwrap().iter().map(|(status, response)| (status.as_str(), response))
    }

    fn parameters(&self) -> impl Iterator<Item = &'d Value> + use<'d> {
        [self.item, self.value].into_iter().flat_map(|holder| holder["parameters"].as_array().into_iter().flatten())
    }

    /// Its call, the first two words of its id, and the scope that it asks for; who only gets known needs none to speak of.
    fn summary(&self) -> String {
        let id = self.id().splitn(3, '_').take(2).collect::<Vec<_>>().join("_");
        let schemes = self.value["security"][0].as_object().unwrap();
        let scope = schemes.values().find_map(|scopes| scopes[0].as_str()).unwrap_or("read");
        format!("{} {} {id} {scope}", self.method, self.path)
    }
}

/// The description of the route that a request takes.
fn find<'o, 'd>(operations: &'o [Described<'d>], method: &str, path: &str) -> &'o Described<'d> {
    let path = path.split('?').next().unwrap();
    let (_, route) = functions::route(method, path).unwrap_or_else(|| panic!("no route for {method} {path}"));
    let found = operations.iter().find(|operation| operation.method == method && operation.path == route.path);
    found.unwrap_or_else(|| panic!("{method} {path} is not described"))
}

/// What is wrong with a value by a schema of that document.
fn breaches(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The examples of a content, by name; one alone has none.
fn examples_of(content: &Value) -> BTreeMap<String, Value> {
    let named = content["examples"].as_object().into_iter().flatten();
    let named = named.map(|(name, example)| (name.clone(), example["value"].clone()));
    named.chain(content.get("example").map(|example| (String::new(), example.clone()))).collect()
}

/// Lets an object have no member that is not described, if it `is_whole`, and all objects within it.
fn close(schema: &mut Value, is_whole: bool) {
    let Some(members) = schema.as_object_mut() else { return };
    if is_whole && members.contains_key("type") && members.contains_key("properties") {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
    for inner in members.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        close(inner, true);
    }
    members.get_mut("items").into_iter().for_each(|items| close(items, true));
}

/// The names of a value's members, but of what is kept as it was sent.
fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        names.insert(name.clone());
        if name != "additionalData" {
            names_in(member, names);
        }
    }
    value.as_array().into_iter().flatten().for_each(|element| names_in(element, names));
}

/// A value without what is another one each time: times, ids that the service makes up, tokens.
fn blurred(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(blurred).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), blurred(member))).collect(),
        Value::String(text) if api::time::parse(text).is_some() => "time".into(),
        Value::String(text) if text.starts_with("ket_") => "token".into(),
        Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => "id".into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Mircate => "mircate",
        Dialect::Liquido => "liquido",
        Dialect::Paycombat => "paycombat",
    }
}
