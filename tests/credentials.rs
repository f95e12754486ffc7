//! The commands `kese credential` and `kese project`: on a data folder and on a running service, and what the credentials
//! that they give out are good for.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Caller, Home, Kese};

/// Where the commands work.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// On the data folder of a service that is not running.
    Folder,
    /// On the DynamoDB of a running service.
    Endpoint,
}

#[test]
fn every_command_works_on_a_folder() {
    every_command_works(Place::Folder);
}

#[test]
fn every_command_works_on_a_running_service() {
    every_command_works(Place::Endpoint);
}

fn every_command_works(place: Place) {
    let shop = Shop::new(place);
    let default = "project                shop\n\
                   own account            none\n\
                   refund extension days  30\n\
                   expiry notice days     none\n\
                   permanent keys         false\n\
                   unique reference       false\n";
    assert_eq!(shop.says("project show shop"), default);
    let set = "project set shop --own-account main --refund-extension-days 7 --expiry-notice-days 3 --permanent-keys true --unique-reference true";
    let settings = "project                shop\n\
                    own account            main\n\
                    refund extension days  7\n\
                    expiry notice days     3\n\
                    permanent keys         true\n\
                    unique reference       true\n";
    assert_eq!(shop.says(set), settings);
    let other = "project create other --own-account till --refund-extension-days 0 --permanent-keys true";
    assert!(
        shop.says(other)
            .contains("till\nrefund extension days  0\nexpiry notice days     none\npermanent keys         true\n")
    );
    shop.says("project set other --expiry-notice-days 5");
    assert!(shop.says("project set other --expiry-notice-days 0").contains("expiry notice days     none\n"));
    assert!(shop.says("project set other --no-own-account").contains("none\nrefund extension days  0\n"));

    let old = shop.create("mircate --scope read --scope fix --expires 2099-12-31 --environment prod");
    let old_id = key_id(&old["apiKey"]);
    assert!(old["apiKey"].as_str().unwrap().starts_with("kese_prod_"), "{old}");
    let rotated: Value =
        serde_json::from_str(&shop.says(&format!("credential rotate --project shop {old_id} --json"))).unwrap();
    let new_id = key_id(&rotated["apiKey"]);
    assert_ne!(old_id, new_id);
    shop.says(&format!("credential revoke --project shop {old_id}"));

    let row = |id: &str, status| {
        let expires = "2100-01-01T00:00:00.000Z";
        json!({ "keyId": id, "kind": "key", "scopes": ["read", "fix"], "status": status, "expiresAt": expires })
    };
    let mut rows = vec![row(&old_id, "revoked"), row(&new_id, "active")];
    rows.sort_by_key(|row| row["keyId"].as_str().unwrap().to_owned());
    assert_eq!(shop.list(), rows);
    let printed = shop.says("credential list --project shop");
    assert!(
        printed.contains(&format!("{old_id}  key     read,fix                revoked  2100-01-01T00:00:00.000Z\n"))
    );
    assert_eq!(shop.says("project show shop"), settings, "the settings stay when credentials come and go");
    let other = shop.says("credential list --project other");
    assert_eq!(other.lines().count(), 1, "credentials of another project: {other}");
}

#[test]
fn each_dialect_works_with_what_it_is_given() {
    for place in [Place::Folder, Place::Endpoint] {
        let shop = Shop::new(place);
        let [mircate, liquido, paycombat] = ["mircate", "liquido", "paycombat"].map(|dialect| shop.create(dialect));
        let members = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(members(&mircate), ["apiKey", "projectId"].map(str::to_owned).into());
        assert_eq!(members(&liquido), ["apiKey", "clientId", "clientSecret", "projectId"].map(str::to_owned).into());
        assert_eq!(members(&paycombat), ["projectId", "signatureKey", "xToken"].map(str::to_owned).into());
        let shop = shop.served();

        assert_eq!(shop.create_wallet(&mircate["apiKey"], "w1"), 200);
        assert_eq!(shop.get_wallet(&mircate["apiKey"], "w1"), 200);

        let token = shop.token(&liquido).unwrap();
        let (status, created) = shop.liquido(&liquido, &token, Some("order-1"));
        assert_eq!((status, &created["balanceInCents"]), (200, &json!(0)), "{created}");
        assert_eq!(shop.liquido(&liquido, &token, None), (200, created));

        // Over the bytes that are sent, and over what JavaScript makes of them.
        let sent = r#"{ "customer_id": "c1", "currency": "EUR", "currency_list": ["\u0045UR"], "2": 1.50, "1": "" }"#;
        let stringified = r#"{"1":"","2":1.5,"customer_id":"c1","currency":"EUR","currency_list":["EUR"]}"#;
        for signed in [sent, stringified] {
            let (status, answer) = shop.paycombat(&paycombat, sent, signed);
            assert_eq!((status, &answer["data"]["org_id"]), (200, &json!("shop")), "{answer}");
        }
        assert_eq!(shop.paycombat(&paycombat, sent, &format!("{sent} ")).0, 401);
    }
}

#[test]
fn what_is_revoked_or_out_of_scope_is_refused_and_a_rotated_one_lives_on() {
    let shop = Shop::new(Place::Folder);
    let reader = shop.create("mircate --scope read");
    let liquido = shop.create("liquido");
    let paycombat = shop.create("paycombat --scope read");
    let shop = shop.served();
    assert_eq!(shop.create_wallet(&liquido["apiKey"], "w1"), 200);
    assert_eq!(shop.create_wallet(&reader["apiKey"], "w2"), 403);
    assert_eq!(shop.get_wallet(&reader["apiKey"], "w1"), 200);
    let body = r#"{"customer_id":"c1","currency":"EUR","currency_list":[]}"#;
    assert_eq!(shop.paycombat(&paycombat, body, body).0, 403);
    let token = shop.token(&liquido).unwrap();

    let shop = shop.stopped();
    let revoke = |id: &str| shop.says(&format!("credential revoke --project shop {id}"));
    let rotate = |id: &str| {
        let said = shop.says(&format!("credential rotate --project shop {id} --json"));
        serde_json::from_str::<Value>(&said).unwrap()
    };
    let client = liquido["clientId"].as_str().unwrap();
    let rotated = rotate(client);
    assert_eq!(rotated.as_object().unwrap().len(), 3, "only what is new of a client: {rotated}");
    revoke(&key_id(&reader["apiKey"]));
    revoke(&key_id(&paycombat["xToken"]));
    let shop = shop.served();
    assert_eq!(shop.get_wallet(&reader["apiKey"], "w1"), 403);
    assert_eq!(shop.paycombat(&paycombat, body, body).0, 401);
    assert_eq!(shop.liquido(&liquido, &token, Some("order-1")).0, 200);
    assert!(shop.token(&liquido).is_some() && shop.token(&rotated).is_some());

    let shop = shop.stopped();
    shop.says(&format!("credential revoke --project shop {client}"));
    let shop = shop.served();
    assert_eq!(shop.token(&liquido), None);
    assert_eq!(shop.liquido(&liquido, &token, Some("order-1")).0, 401, "the tokens of a revoked client end with it");
    let token = shop.token(&rotated).unwrap();
    assert_eq!(shop.liquido(&liquido, &token, Some("order-1")).0, 200);
}

#[test]
fn a_third_of_a_kind_is_refused_until_one_is_revoked() {
    let shop = Shop::new(Place::Folder);
    let first = key_id(&shop.create("mircate")["apiKey"]);
    let second = key_id(&shop.create("liquido")["apiKey"]);
    let beginning = "kese: The project shop has 2 live credentials of the kind key already, ";
    for command in [
        "credential create --project shop --dialect mircate",
        "credential create --project shop --dialect liquido",
        &format!("credential rotate --project shop {first}"),
    ] {
        let sentence = shop.refuses(command);
        assert!(sentence.starts_with(beginning) && sentence.ends_with("; revoke one first."), "{sentence}");
        assert!(sentence.contains(&first) && sentence.contains(&second), "{sentence}");
    }
    assert_eq!(shop.list().len(), 3, "what was refused left nothing");
    shop.create("paycombat");
    shop.says(&format!("credential revoke --project shop {second}"));
    shop.create("mircate");
}

#[test]
fn what_is_not_there_is_one_sentence() {
    let shop = Shop::new(Place::Folder);
    let id = key_id(&shop.create("mircate")["apiKey"]);
    shop.says("project create other");
    let unknown = "kese: The project other has no credential with that id; kese credential list shows all.";
    for key_id in [&id, "0011223344556677", "", "#"] {
        assert_eq!(shop.refuses_all(&["credential", "revoke", "--project", "other", key_id]), unknown);
        assert_eq!(shop.refuses_all(&["credential", "rotate", "--project", "other", key_id]), unknown);
    }
    assert_eq!(shop.list()[0]["status"], "active");

    let nowhere = "kese: There is no project nowhere; kese project create nowhere makes it.";
    for command in [
        "project show nowhere",
        "project set nowhere --permanent-keys true",
        "credential list --project nowhere",
        "credential create --project nowhere --dialect mircate",
    ] {
        assert_eq!(shop.refuses(command), nowhere);
    }
    let sentence = shop.refuses("project create shop");
    assert_eq!(sentence, "kese: There is a project shop already; kese project set changes it.");
    let sentence = shop.refuses("project set shop");
    assert_eq!(sentence, "kese: There is nothing to set; kese project set --help shows the settings.");
    let sentence = shop.refuses("credential create --project shop --dialect mircate --expires 2020-01-01");
    assert_eq!(sentence, "kese: The credential would have ended already; choose a later --expires.");
    shop.says(&format!("credential revoke --project shop {id}"));
    let sentence = shop.refuses(&format!("credential rotate --project shop {id}"));
    assert_eq!(sentence, format!("kese: The credential {id} is revoked; create a new one."));
}

#[test]
fn a_place_that_cannot_be_used_is_one_sentence() {
    let home = Home::new();
    let data = home.data();
    let list = |place: &[&str]| {
        let output = kese(&[&["credential", "list", "--project", "demo"], place].concat());
        refusal(&output)
    };
    let folder = ["--data", data.to_str().unwrap()];
    let sentence = list(&folder);
    assert!(sentence.starts_with(&format!("kese: There is no data folder {}; ", data.display())), "{sentence}");
    assert!(!data.exists());

    let running = home.start(&[]);
    let sentence = list(&folder);
    let beginning = format!("kese: The data folder {} is in use by a running kese; ", data.display());
    assert!(sentence.starts_with(&beginning) && sentence.contains("--endpoint-url"), "{sentence}");
    let endpoint = ["--endpoint-url", &home.dynamodb()];
    let sentence = list(&[&endpoint[..], &["--table", "Elsewhere"]].concat());
    assert!(sentence.contains("ResourceNotFoundException"), "{sentence}");
    assert!(running.stop().success());
    let sentence = list(&endpoint);
    assert!(sentence.starts_with("kese: DynamoDB is unavailable: ") && sentence.contains("refused"), "{sentence}");
}

#[test]
fn the_usual_environment_leads_to_a_table() {
    let home = Home::new();
    let _kese = home.start(&[]);
    let environment = [
        ("AWS_ENDPOINT_URL_DYNAMODB", home.dynamodb()),
        ("AWS_ACCESS_KEY_ID", "somebody".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_kese"));
    command.args("project show demo --table Credentials --region eu-central-1".split(' ')).envs(environment);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.starts_with(b"project                demo\n"), "{output:?}");
}

#[test]
fn the_demo_has_credentials_of_every_dialect_and_an_older_file_is_completed() {
    let home = Home::new();
    let kese = home.start(&[]);
    let given: Value = serde_json::from_slice(&fs::read(home.credentials()).unwrap()).unwrap();
    let kept = home.data().join("credentials.json");
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&kept).unwrap()).unwrap(), given);
    works(&kese.caller, &given);
    assert!(kese.stop().success());

    // As a service before the other dialects wrote it.
    let older = json!({ "baseUrl": given["baseUrl"], "projectId": "demo", "apiKey": given["apiKey"] });
    fs::write(&kept, older.to_string()).unwrap();
    let kese = home.start(&[]);
    let completed: Value = serde_json::from_slice(&fs::read(home.credentials()).unwrap()).unwrap();
    assert_eq!(completed["apiKey"], given["apiKey"]);
    for member in ["clientId", "clientSecret", "xToken", "signatureKey"] {
        assert!(completed[member].is_string() && completed[member] != given[member], "{member}: {completed}");
    }
    works(&kese.caller, &completed);
    assert!(kese.stop().success());

    // What was taken back stays taken back.
    let data = home.data();
    let revoke = ["credential", "revoke", "--project", "demo", "--data", data.to_str().unwrap()];
    let output = self::kese(&[&revoke[..], &[&key_id(&completed["xToken"])]].concat());
    assert!(output.status.success(), "{output:?}");
    let kese = home.start(&[]);
    let body = r#"{"customer_id":"c1","currency":"EUR","currency_list":[]}"#;
    assert_eq!(paycombat(&kese.caller, &completed, body, body).0, 401);
    assert!(kese.stop().success());

    // Whatever the store has lost comes back as it was.
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(home.data().join(file));
    }
    let kese = home.start(&[]);
    let again: Value = serde_json::from_slice(&fs::read(home.credentials()).unwrap()).unwrap();
    for member in ["apiKey", "clientId", "clientSecret", "xToken", "signatureKey"] {
        assert_eq!(again[member], completed[member]);
    }
    works(&kese.caller, &completed);
    assert!(kese.stop().success());

    fs::write(&kept, completed.to_string().replace(completed["signatureKey"].as_str().unwrap(), "00")).unwrap();
    let sentence = home.refusal(&["--port", "0"]);
    let said = format!("kese: The file {} holds no credentials; take it away, and new ones are made.", kept.display());
    assert_eq!(sentence, said);
}

fn works(caller: &Caller, credentials: &Value) {
    assert_eq!(get_wallet(caller, &credentials["apiKey"], "demo", "nobody"), 404);
    let token = token(caller, credentials).unwrap();
    assert_eq!(liquido(caller, credentials, &token, Some("order-1")).0, 200);
    let body = r#"{"customer_id":"c1","currency":"EUR","currency_list":[]}"#;
    assert_eq!(paycombat(caller, credentials, body, body).0, 200);
}

#[test]
fn no_secret_is_listed_logged_or_kept() {
    let shop = Shop::new(Place::Endpoint);
    let all = ["mircate", "liquido", "paycombat"].map(|dialect| shop.create(dialect));
    let listed = shop.says("credential list --project shop") + &shop.says("credential list --project shop --json");
    let token = shop.token(&all[1]).unwrap();
    assert_eq!(shop.get_wallet(&all[0]["apiKey"], "w1"), 404);
    assert_eq!(shop.liquido(&all[1], &token, Some("order-1")).0, 200);
    assert_eq!(shop.paycombat(&all[2], "{}", "{}").0, 400);

    let demo: Value = serde_json::from_slice(&fs::read(shop.home.credentials()).unwrap()).unwrap();
    let mut secrets = Vec::new();
    for of in all.iter().chain([&demo]) {
        for (name, secret) in of.as_object().unwrap() {
            match (name.as_str(), secret.as_str().unwrap()) {
                ("apiKey" | "xToken", key) => secrets.push(key.split('_').nth(3).unwrap()),
                ("clientSecret" | "signatureKey", secret) => secrets.push(secret),
                _ => {}
            }
        }
    }
    assert_eq!(secrets.len(), 9);
    let home = &shop.home;
    let printed = fs::read_to_string(home.stdout()).unwrap();
    let log: String = printed.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(log.matches("requestId").count(), 4, "{log}");
    let kept: Vec<Vec<u8>> =
        ["ledger.db", "ledger.db-wal"].iter().filter_map(|file| fs::read(home.data().join(file)).ok()).collect();
    let id = key_id(&all[0]["apiKey"]);
    assert!(kept.iter().any(|file| holds(file, &id)), "the data is where it is looked for");
    for secret in secrets {
        assert!(!listed.contains(secret), "listed");
        assert!(!log.contains(secret), "logged");
        assert!(!kept.iter().any(|file| holds(file, secret)), "kept");
    }
    assert!(!log.contains(&token), "logged");
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A service with a project `shop`, and the commands at one of its places.
struct Shop {
    home: Home,
    place: Place,
    kese: Option<Kese>,
}

impl Shop {
    fn new(place: Place) -> Shop {
        let home = Home::new();
        let kese = home.start(&[]);
        let kese = match place {
            Place::Folder => {
                assert!(kese.stop().success());
                None
            }
            Place::Endpoint => Some(kese),
        };
        let shop = Shop { home, place, kese };
        shop.says("project create shop");
        shop
    }

    fn served(mut self) -> Shop {
        let kese = self.kese.take();
        self.kese = Some(kese.unwrap_or_else(|| self.home.start(&[])));
        self
    }

    fn stopped(mut self) -> Shop {
        assert!(self.kese.take().unwrap().stop().success());
        self
    }

    fn run(&self, command: &[&str]) -> Output {
        let place = match self.place {
            Place::Folder => ["--data".to_owned(), self.home.data().to_str().unwrap().to_owned()],
            Place::Endpoint => ["--endpoint-url".to_owned(), self.home.dynamodb()],
        };
        kese(&[command, &[&place[0], &place[1]]].concat())
    }

    fn says(&self, command: &str) -> String {
        let output = self.run(&command.split(' ').collect::<Vec<_>>());
        assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refuses(&self, command: &str) -> String {
        self.refuses_all(&command.split(' ').collect::<Vec<_>>())
    }

    fn refuses_all(&self, command: &[&str]) -> String {
        refusal(&self.run(command))
    }

    fn create(&self, dialect: &str) -> Value {
        let said = self.says(&format!("credential create --project shop --json --dialect {dialect}"));
        serde_json::from_str(&said).unwrap()
    }

    fn list(&self) -> Vec<Value> {
        serde_json::from_str(&self.says("credential list --project shop --json")).unwrap()
    }

    fn caller(&self) -> &Caller {
        &self.kese.as_ref().unwrap().caller
    }

    fn create_wallet(&self, api_key: &Value, id: &str) -> u16 {
        let url = format!("{}/CALL/WalletAPI/createWallet/shop", self.caller().base_url);
        let request = self.caller().agent.post(url).header("x-api-key", api_key.as_str().unwrap());
        request.send(json!({ "walletId": id }).to_string()).unwrap().status().as_u16()
    }

    fn get_wallet(&self, api_key: &Value, id: &str) -> u16 {
        get_wallet(self.caller(), api_key, "shop", id)
    }

    fn token(&self, credentials: &Value) -> Option<String> {
        token(self.caller(), credentials)
    }

    fn liquido(&self, credentials: &Value, token: &str, key: Option<&str>) -> (u16, Value) {
        liquido(self.caller(), credentials, token, key)
    }

    fn paycombat(&self, credentials: &Value, sent: &str, signed: &str) -> (u16, Value) {
        paycombat(self.caller(), credentials, sent, signed)
    }
}

fn kese(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kese")).args(arguments).output().unwrap()
}

/// The one line that a command says about what it cannot do.
fn refusal(output: &Output) -> String {
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end().to_owned()
}

fn key_id(key: &Value) -> String {
    key.as_str().unwrap().split('_').nth(2).unwrap().to_owned()
}

fn get_wallet(caller: &Caller, api_key: &Value, project: &str, id: &str) -> u16 {
    let url = format!("{}/CALL/WalletAPI/getWallet/{project}?walletId={id}", caller.base_url);
    caller.agent.get(url).header("x-api-key", api_key.as_str().unwrap()).call().unwrap().status().as_u16()
}

/// An access token; none if there is none for that client.
fn token(caller: &Caller, credentials: &Value) -> Option<String> {
    let [id, secret] = ["clientId", "clientSecret"].map(|name| credentials[name].as_str().unwrap());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let request = caller.agent.post(format!("{}/oauth/token", caller.base_url));
    let mut response = request.content_type("application/x-www-form-urlencoded").send(form).unwrap();
    let answer: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(response.status().as_u16(), if answer["access_token"].is_string() { 200 } else { 401 }, "{answer}");
    answer["access_token"].as_str().map(str::to_owned)
}

/// Creates a wallet under that key, or finds the one of `order-1`.
fn liquido(caller: &Caller, credentials: &Value, token: &str, key: Option<&str>) -> (u16, Value) {
    let url = format!("{}/v1/accounts/wallet", caller.base_url);
    let bearer = format!("Bearer {token}");
    let api_key = credentials["apiKey"].as_str().unwrap();
    let answered = if let Some(key) = key {
        let body = json!({
            "phoneNumber": "+855044946043",
            "name": "Ada",
            "country": "CO",
            "currency": "COP",
            "idempotencyKey": key,
        });
        let request = caller.agent.post(url).header("x-api-key", api_key).header("authorization", bearer);
        request.send(body.to_string())
    } else {
        let request = caller.agent.get(format!("{url}?idempotencyKey=order-1"));
        request.header("x-api-key", api_key).header("authorization", bearer).call()
    };
    let mut response = answered.unwrap();
    let body = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&body).unwrap())
}

/// Creates a wallet with the body `sent` and the signature of `signed`.
fn paycombat(caller: &Caller, credentials: &Value, sent: &str, signed: &str) -> (u16, Value) {
    let [token, key] = ["xToken", "signatureKey"].map(|name| credentials[name].as_str().unwrap());
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(signed);
    let signature = api::credentials::hex(&mac.finalize().into_bytes());
    let request = caller.agent.post(format!("{}/wallet/create", caller.base_url));
    let mut response = request.header("X-token", token).header("signature", signature).send(sent).unwrap();
    let body = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&body).unwrap())
}
