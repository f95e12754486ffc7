//! A project can neither read nor change nor detect another's data: every route, called with every credential that is not
//! its project's own, is answered as if there was nothing.

use domain::{Project, ProjectId};
use functions::{OPERATIONS, Route};
use lambda_http::http::Method;

use crate::harness::{Answered, Traffic, World, sign};

const EXISTS: &str = "exists";
const NOTHING: &str = "nothing";

/// For each route: a body (or query) that means something of the other project, and the same for something that nobody has.
/// `NAME` stands for one or the other. A route that is missing here fails the test.
const CASES: &[(&str, &str)] = &[
    ("POST /oauth/token", ""),
    ("POST /CALL/WalletAPI/createWallet/{instance}", r#"{"walletId": "NAME", "title": "Mine"}"#),
    (
        "POST /v1/accounts/wallet",
        r#"{"phoneNumber": "+855044946043", "name": "A", "country": "CO", "currency": "COP", "idempotencyKey": "NAME"}"#,
    ),
    ("POST /wallet/create", r#"{"customer_id": "NAME", "currency": "EUR", "currency_list": []}"#),
    ("POST /api/v1/wallet/create", r#"{"customer_id": "NAME", "currency": "EUR", "currency_list": []}"#),
    ("GET /CALL/WalletAPI/getWallet/{instance}", "walletId=NAME"),
    ("POST /CALL/WalletAPI/getWallet/{instance}", r#"{"walletId": "NAME"}"#),
    ("GET /v1/accounts/wallet", "idempotencyKey=NAME"),
    ("GET /v1/accounts/wallet/{id}", ""),
    ("GET /wallet/{wallet_id}", ""),
    ("GET /api/v1/wallet/{wallet_id}", ""),
    ("GET /wallet", ""),
    ("GET /api/v1/wallet", ""),
    ("POST /CALL/WalletAPI/updateWallet/{instance}", r#"{"walletId": "NAME", "status": "frozen"}"#),
    ("POST /CALL/WalletAPI/createAccount/{instance}", r#"{"walletId": "NAME", "currency": "USD"}"#),
    ("GET /CALL/WalletAPI/getAccount/{instance}", "accountNumber=NAME"),
    ("POST /CALL/WalletAPI/getAccount/{instance}", r#"{"accountNumber": "NAME"}"#),
    ("GET /CALL/WalletAPI/getAccounts/{instance}", "walletId=NAME"),
    ("POST /CALL/WalletAPI/getAccounts/{instance}", r#"{"walletId": "NAME"}"#),
    ("GET /CALL/WalletAPI/listAccounts/{instance}", "walletId=NAME"),
    ("POST /CALL/WalletAPI/listAccounts/{instance}", r#"{"walletId": "NAME"}"#),
    ("POST /CALL/WalletAPI/addAccount/{instance}", r#"{"walletId": "own", "accountNumber": "NAME"}"#),
    ("POST /CALL/WalletAPI/removeAccount/{instance}", r#"{"walletId": "NAME", "accountNumber": "NAME"}"#),
    ("POST /CALL/WalletAPI/load/{instance}", r#"{"accountNumber": "NAME", "amount": 1, "channel": "POS"}"#),
    ("POST /CALL/WalletAPI/spend/{instance}", r#"{"accountNumber": "NAME", "amount": 1, "channel": "POS"}"#),
    ("POST /CALL/WalletAPI/refund/{instance}", r#"{"accountNumber": "NAME", "transactionId": "NAME-3"}"#),
    ("POST /CALL/WalletAPI/cancel/{instance}", r#"{"accountNumber": "NAME", "transactionId": "NAME-3"}"#),
    ("POST /CALL/WalletAPI/fix/{instance}", r#"{"accountNumber": "NAME", "amount": 1, "description": "x"}"#),
    ("GET /CALL/WalletAPI/listTransactions/{instance}", "accountNumber=NAME"),
    ("POST /CALL/WalletAPI/listTransactions/{instance}", r#"{"accountNumber": "NAME"}"#),
];

fn routes() -> impl Iterator<Item = &'static Route> {
    OPERATIONS.iter().flat_map(|operation| operation.routes)
}

/// The body or query that the case of a route holds.
fn case(route: &Route) -> &'static str {
    let name = format!("{} {}", route.method, route.path);
    let found = CASES.iter().find(|(route, _)| *route == name);
    found.unwrap_or_else(|| panic!("{name} is not in the matrix")).1
}

/// Credentials of one project.
struct Caller {
    project: ProjectId,
    key: String,
    client: (String, String),
    token: (String, String),
}

impl Caller {
    async fn of(world: &World, project: &str, scopes: &[&str]) -> Caller {
        let project = Project::new(ProjectId::parse(project).unwrap());
        Caller {
            key: world.grant(&project, scopes).await,
            client: world.grant_client(&project).await,
            token: world.grant_token(&project, scopes).await,
            project: project.id,
        }
    }

    /// Calls a route about `name` in the path of `project`, with the credentials of every dialect at once.
    async fn call(&self, world: &World, route: &Route, project: &str, name: &str) -> Answered {
        let said = case(route).replace("NAME", name);
        let path = route.path.replace("{instance}", project).replace("{id}", name).replace("{wallet_id}", name);
        let (path, body) = match route.method {
            "GET" => (format!("{path}?{said}"), String::new()),
            _ => (path, said),
        };
        let bearer = format!("Bearer {}", world.access_token_of(&self.client).await);
        let signature = sign(&self.token.1, body.as_bytes());
        let headers = [
            ("x-api-key", self.key.as_str()),
            ("authorization", bearer.as_str()),
            ("x-token", self.token.0.as_str()),
            ("signature", signature.as_str()),
        ];
        let method: Method = route.method.parse().unwrap();
        world.send(method, &path, &headers, body.as_bytes()).await
    }
}

/// A world in which the project `other` has a wallet, an account and a key of the name [`EXISTS`], and `mine` has nothing of it.
async fn world() -> (World, Caller) {
    let world = World::new().await;
    let owner = Caller::of(&world, "other", &["read", "write", "fix", "admin"]).await;
    let other = owner.project.as_str();
    let post = async |path: &str, body: &str| {
        let headers = [("x-api-key", owner.key.as_str())];
        let path = format!("/CALL/WalletAPI/{path}/{other}");
        let answered = world.send(Method::POST, &path, &headers, body.as_bytes()).await;
        assert_eq!(answered.status, 200, "{answered:?}");
    };
    post("createWallet", r#"{"walletId": "exists"}"#).await;
    post("createAccount", r#"{"walletId": "exists", "currency": "EUR", "accountNumber": "exists"}"#).await;
    post("load", r#"{"accountNumber": "exists", "amount": 100, "channel": "POS"}"#).await;
    post("spend", r#"{"accountNumber": "exists", "amount": 50, "channel": "POS"}"#).await;
    let create = routes().find(|route| route.path == "/v1/accounts/wallet" && route.method == "POST").unwrap();
    assert_eq!(owner.call(&world, create, other, EXISTS).await.status, 200);
    (world, owner)
}

/// No call to DynamoDB named anything of the other project: what is not named is neither read nor changed.
fn untouched(calls: &[Traffic], told: &str) {
    let of_other = calls.iter().find(|call| call.request.to_string().contains("other#"));
    assert_eq!(of_other, None, "{told}");
}

#[tokio::test]
async fn what_is_another_projects_looks_like_nothing() {
    for scopes in [&["read", "write", "fix", "admin"][..], &["read"], &["write"], &["fix"], &["admin"], &[]] {
        for route in routes().filter(|route| route.path != "/oauth/token") {
            let (world, _) = world().await;
            let mine = Caller::of(&world, "mine", scopes).await;
            let warm = mine.call(&world, route, "mine", "warm").await;
            world.traffic();

            let exists = mine.call(&world, route, "mine", EXISTS).await;
            let calls_of_exists = world.traffic();
            let (nothing, calls_of_nothing) = {
                let (world, _) = self::world().await;
                let mine = Caller::of(&world, "mine", scopes).await;
                mine.call(&world, route, "mine", "warm").await;
                world.traffic();
                (mine.call(&world, route, "mine", NOTHING).await, world.traffic())
            };
            let told = format!("{route:?} with {scopes:?}: {exists:?} and {nothing:?} after {warm:?}");
            assert_eq!(exists.status, nothing.status, "{told}");
            assert_eq!(exists.body.to_string().replace(EXISTS, NOTHING), nothing.body.to_string(), "{told}");
            let kinds = |calls: &[Traffic]| {
                calls.iter().map(|call| (call.target.clone(), call.units.to_string())).collect::<Vec<_>>()
            };
            let sorted = |mut kinds: Vec<(String, String)>| {
                kinds.sort();
                kinds
            };
            assert_eq!(sorted(kinds(&calls_of_exists)), sorted(kinds(&calls_of_nothing)), "{told}");
            untouched(&calls_of_exists, &told);
        }
    }
}

#[tokio::test]
async fn another_projects_path_is_closed_whether_or_not_it_exists() {
    let (world, _) = world().await;
    let mine = Caller::of(&world, "mine", &["read", "write", "fix", "admin"]).await;
    for route in routes().filter(|route| route.path.contains("{instance}")) {
        world.traffic();
        let other = mine.call(&world, route, "other", EXISTS).await;
        let nobody = mine.call(&world, route, "nobody", EXISTS).await;
        assert_eq!((other.status, nobody.status), (403, 403), "{route:?}");
        assert_eq!(other.body, nobody.body, "{route:?}");
        untouched(&world.traffic(), route.path);
    }
}

/// Every scope opens the routes that ask for it, and no others.
#[tokio::test]
async fn a_scope_opens_what_asks_for_it() {
    let (world, _) = world().await;
    for scope in api::Scope::ALL {
        let caller = Caller::of(&world, "other", &[scope.as_str()]).await;
        for route in routes().filter(|route| route.path != "/oauth/token") {
            let answered = caller.call(&world, route, "other", EXISTS).await;
            let closed = answered.status == 403 && answered.body.to_string().contains("lacks the scope");
            assert_eq!(closed, route.scope != scope, "{route:?} with {scope:?}: {answered:?}");
        }
    }
}

/// A token and a key of two projects are no credentials at all.
#[tokio::test]
async fn an_access_token_goes_with_a_key_of_its_own_project() {
    let (world, owner) = world().await;
    let mine = Caller::of(&world, "mine", &["read", "write"]).await;
    let mixed = Caller { client: owner.client.clone(), ..mine };
    for route in routes().filter(|route| route.path.starts_with("/v1/")) {
        let answered = mixed.call(&world, route, "other", EXISTS).await;
        assert_eq!(answered.status, 401, "{route:?}: {answered:?}");
    }
}
