//! The dialect `paycombat`: what a request may say, and that an answer has every member of the vendor's, of its type.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops at whatever it does not expect")]

use std::collections::BTreeMap;

use api::{Body, Failure, Problem, paycombat};
use domain::{
    Account, AccountNumber, Balance, Currency, Expiry, Lots, Profile, ProjectId, Refusal, Seq, Status, Text, Timestamp,
    Wallet, WalletId,
};
use serde_json::{Value, json};

fn create(body: &Value) -> Result<paycombat::CreateWallet, Problem> {
    Body::parse(body.to_string().as_bytes()).unwrap().read()
}

fn request() -> Value {
    json!({ "customer_id": "C-7", "currency": "KRW", "currency_list": ["USD"] })
}

/// The request with another value of one member; without that member if it is null.
fn request_with(member: &str, value: Value) -> Value {
    let mut request = request();
    let members = request.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member)
    } else {
        members.insert(member.to_owned(), value)
    };
    request
}

fn complaint(request: &Value) -> (String, String) {
    match create(request) {
        Err(Problem::InvalidRequest { member, reason }) => (member, reason),
        other => panic!("{request} should be refused: {other:?}"),
    }
}

fn with_webhook(url: &str) -> Result<paycombat::CreateWallet, Problem> {
    create(&request_with("webhook_url", url.into()))
}

#[test]
fn what_a_request_says_is_kept_as_it_was_said() {
    let request = json!({
        "customer_id": "C-7",
        "currency": "KRW",
        "currency_list": ["USD"],
        "description": "för 고객",
        "webhook_url": "https://hooks.example.com/kese?x=1#y",
        "unknown": [1],
    });
    let profile = create(&request).unwrap().profile();
    let told = [
        ("customer_id", "C-7"),
        ("description", "för 고객"),
        ("dialect", "paycombat"),
        ("webhook_url", "https://hooks.example.com/kese?x=1#y"),
    ];
    let details = told.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    assert_eq!(profile, Profile { details, ..Profile::default() });
}

#[test]
fn what_a_request_does_not_say_is_not_kept() {
    let details = create(&request()).unwrap().profile().details;
    assert_eq!(details.keys().collect::<Vec<_>>(), ["customer_id", "dialect"]);
}

#[test]
fn every_currency_has_one_account() {
    for (list, expected) in [
        (json!([]), vec!["KRW"]),
        (json!(["KRW"]), vec!["KRW"]),
        (json!(["USD", "EUR"]), vec!["EUR", "KRW", "USD"]),
        (json!(["USD", "KRW", "USD", "POINT", "KRW"]), vec!["KRW", "POINT", "USD"]),
    ] {
        let currencies = create(&request_with("currency_list", list)).unwrap().currencies().unwrap();
        assert_eq!(currencies.iter().map(Currency::as_str).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_request_can_ask_for_as_many_accounts_as_a_wallet_can_have() {
    let currencies = |count| request_with("currency_list", (0..count).map(|nth| format!("C{nth}")).collect());
    assert_eq!(create(&currencies(39)).unwrap().currencies().unwrap().len(), 40);
    let too_many = create(&currencies(40)).unwrap().currencies();
    assert_eq!(too_many, Err(Problem::invalid("currency_list", "must have at most 40 currencies")));
}

#[test]
fn a_complaint_names_its_member() {
    for member in ["customer_id", "currency", "currency_list"] {
        let missing = complaint(&request_with(member, Value::Null));
        assert_eq!(missing, (member.to_owned(), "is required".to_owned()));
    }
    for (member, value, place) in [
        ("customer_id", json!(""), "customer_id"),
        ("customer_id", json!("é".repeat(257)), "customer_id"),
        ("customer_id", json!(7), "customer_id"),
        ("currency", json!("krw"), "currency"),
        ("currency", json!(["KRW"]), "currency"),
        ("currency_list", json!("USD"), "currency_list"),
        ("currency_list", json!(["USD", "$"]), "currency_list[1]"),
        ("currency_list", json!([null]), "currency_list[0]"),
        ("description", json!("é".repeat(257)), "description"),
        ("description", json!({}), "description"),
        ("webhook_url", json!(false), "webhook_url"),
        ("webhook_url", json!("string"), "webhook_url"),
    ] {
        assert_eq!(complaint(&request_with(member, value)).0, place);
    }
    assert!(create(&request_with("customer_id", "é".repeat(256).into())).is_ok());
}

#[test]
fn a_webhook_can_be_anywhere_on_the_internet() {
    let names = "https://example.com https://hooks.example.com./a HTTPS://Hooks.Example.COM:8443/a?b=c@d#e
        https://localhost.example.com/ https://local.internal.example/ https://고객.example/웹훅";
    let v4 = "https://8.8.8.8/ https://134744072/ https://100.63.255.255/ https://100.128.0.0/ https://172.15.255.255/
        https://172.32.0.0/ https://192.0.1.0/ https://198.17.255.255/ https://198.20.0.0/ https://223.255.255.255/";
    let v6 = "https://[2606:4700:4700::1111]/ https://[2001:200::1]/ https://[2003::1]/ https://[::ffff:8.8.8.8]/";
    for url in [names, v4, v6].into_iter().flat_map(str::split_whitespace) {
        assert!(with_webhook(url).is_ok(), "{url}");
    }
    let long = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    assert!(with_webhook(&long(2_048)).is_ok());
    assert!(with_webhook(&long(2_049)).is_err());
}

#[test]
fn a_webhook_can_not_be_inside() {
    let names =
        "localhost LOCALHOST localhost. a.localhost printer.local Printer.LOCAL. metadata.google.internal intranet
        intranet. ｌｏｃａｌｈｏｓｔ";
    let v4 =
        "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 169.254.169.254
        172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1
        203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255";
    let v4_in_disguise =
        "2130706433 0x7f000001 017700000001 0177.0.0.1 0x7f.1 127.1 127.0.0.1. 10.1 192.168.257 0xa9fea9fe
        %31%32%37.0.0.1 １２７.０.０.１ 127。0。0。1 0";
    let v6 = "[::] [::1] [fe80::1] [fc00::1] [fd12:3456::1] [ff02::1] [fec0::1] [100::1] [2001:db8::1] [3fff:fff::1]
        [5f00::1] [2001::1] [2001:1ff::1]";
    let v4_in_v6 = "[::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:a9fe:a9fe] [::ffff:100.64.0.1]
        [0:0:0:0:0:ffff:192.168.0.1] [::127.0.0.1] [::8.8.8.8] [64:ff9b::127.0.0.1] [64:ff9b:1::10.0.0.1]
        [2002:7f00:1::] [2001:0:7f00:1::]";
    for host in [names, v4, v4_in_disguise, v6, v4_in_v6].into_iter().flat_map(str::split_whitespace) {
        for url in [format!("https://{host}"), format!("https://{host}:8443/a")] {
            let (member, reason) = complaint(&request_with("webhook_url", url.as_str().into()));
            assert_eq!((member.as_str(), reason.as_str()), ("webhook_url", "must be public"), "{url}");
        }
    }
}

#[test]
fn a_webhook_is_an_https_address_and_nothing_else() {
    let others = r"https https:// https:/// //example.com example.com /hook http://example.com ftp://example.com
        wss://example.com file:///etc/passwd javascript:alert(1) data:,a https:\\example.com
        https://example.com\@127.0.0.1/ https://example.com:99999 https://[::1 https://1.2.3.256 https://a..%00/
        https://user@example.com https://user:password@example.com https://:password@example.com
        https://@example.com https://:@example.com https:@example.com https:////@example.com";
    let spaced =
        ["", " ", " https://example.com", "https://example.com ", "https://example.com/a b", "https://a b.com"];
    let broken =
        ["https://exa\nmple.com", "ht\ttps://example.com", "https://example.com/\r\nHost: a", "https://a.com/\0"];
    for url in others.split_whitespace().chain(spaced).chain(broken) {
        assert!(with_webhook(url).is_err(), "{url}");
    }
    assert!(with_webhook("https://example.com/@ada?to=a@b#@").is_ok(), "behind the host it is no user");
}

#[test]
fn a_listing_has_pages() {
    let list = |query: &[(&str, &str)]| {
        let asked: paycombat::ListWallets = Body::of_query(query.iter().copied())?.read()?;
        Ok((asked.page()?, asked.limit()?))
    };
    assert_eq!(list(&[]), Ok((1, 20)));
    assert_eq!(list(&[("page", "3"), ("limit", "100")]), Ok((3, 100)));
    assert_eq!(list(&[("limit", "1"), ("other", "x")]), Ok((1, 1)));
    for (name, value) in
        [("page", "0"), ("page", "-1"), ("page", "x"), ("limit", "0"), ("limit", "101"), ("limit", "1.0")]
    {
        let refused: Result<_, Problem> = list(&[(name, value)]);
        assert!(
            matches!(&refused, Err(Problem::InvalidRequest { member, .. }) if member == name),
            "{name}={value}: {refused:?}"
        );
    }
}

const CREATED: Timestamp = Timestamp(1_739_414_038_035);
const SPENT: Timestamp = Timestamp(1_739_500_000_000);
const LATER: Timestamp = Timestamp(1_800_000_000_000);

fn project() -> ProjectId {
    ProjectId::parse("acme").unwrap()
}

fn a_wallet(status: Status) -> Wallet {
    let details = [
        ("customer_id", "C-7"),
        ("description", "Purse"),
        ("webhook_url", "https://example.com/"),
        ("dialect", "paycombat"),
    ];
    Wallet {
        id: WalletId::parse("W-1").unwrap(),
        status,
        profile: Profile {
            details: details.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
            ..Profile::default()
        },
        created_at: CREATED,
        accounts: BTreeMap::from([(Currency::parse("KRW").unwrap(), AccountNumber::parse("A-1").unwrap())]),
    }
}

/// 100, of which 30 have expired `LATER`.
fn an_account(status: Status) -> Account {
    let parts =
        [(Expiry::At(LATER), 30), (Expiry::Never, 70)].map(|(expiry, units)| (expiry, Balance::new(units).unwrap()));
    Account {
        number: AccountNumber::parse("A-1").unwrap(),
        currency: Currency::parse("KRW").unwrap(),
        exponent: 0,
        wallet: Some(WalletId::parse("W-1").unwrap()),
        status,
        lots: Lots::new(parts.into()).unwrap(),
        opened: CREATED,
        seq: Seq::new(3).unwrap(),
        at: SPENT,
    }
}

#[test]
fn a_wallet_has_every_member() {
    let answer = paycombat::wallet(&project(), &a_wallet(Status::Active), &[an_account(Status::Active)], LATER);
    let expected = json!({
        "category": "wallet",
        "created_at": "2025-02-13T02:33:58.035Z",
        "customer_id": "C-7",
        "deleted_at": null,
        "description": "Purse",
        "is_active": true,
        "is_deleted": false,
        "metadata": {},
        "org_id": "acme",
        "raw_data": "",
        "scope": "organization",
        "updated_at": "2025-02-14T02:26:40.000Z",
        "wallet_account": [
            {
                "actual_balance": 100,
                "available_balance": 70,
                "created_at": "2025-02-13T02:33:58.035Z",
                "currency": "KRW",
                "deleted_at": null,
                "is_active": true,
                "is_deleted": false,
                "is_settlement_allowed": true,
                "org_id": "acme",
                "updated_at": "2025-02-14T02:26:40.000Z",
                "wallet_account_id": "A-1",
                "wallet_id": "W-1",
            },
        ],
        "wallet_alias": "",
        "wallet_id": "W-1",
        "webhook_url": "https://example.com/",
    });
    assert_eq!(answer, expected);
}

#[test]
fn a_status_is_told_by_its_flags() {
    let closed_at = json!("2025-02-14T02:26:40.000Z");
    for (status, is_active, is_deleted, deleted_at) in [
        (Status::Active, true, false, Value::Null),
        (Status::Frozen, false, false, Value::Null),
        (Status::Closed, false, true, closed_at),
    ] {
        let answer = paycombat::wallet(&project(), &a_wallet(status), &[an_account(status)], SPENT);
        for told in [&answer, &answer["wallet_account"][0]] {
            let flags = [&told["is_active"], &told["is_deleted"], &told["deleted_at"]];
            assert_eq!(flags, [&is_active.into(), &is_deleted.into(), &deleted_at]);
        }
        assert_eq!(answer["wallet_account"][0]["is_settlement_allowed"], is_active);
    }
}

#[test]
fn a_wallet_of_another_dialect_has_every_member_too() {
    let title = Some(Text::parse("Purse").unwrap());
    let profile = Profile { title, ..Profile::default() };
    let wallet = Wallet { profile, accounts: BTreeMap::new(), ..a_wallet(Status::Active) };
    let answer = paycombat::wallet(&project(), &wallet, &[], LATER);
    let whole = paycombat::wallet(&project(), &a_wallet(Status::Active), &[], LATER);
    assert!(answer.as_object().unwrap().keys().eq(whole.as_object().unwrap().keys()));
    for (member, told) in
        [("customer_id", ""), ("description", ""), ("webhook_url", ""), ("wallet_alias", "Purse"), ("raw_data", "")]
    {
        assert_eq!(answer[member], told, "{member}");
    }
    assert_eq!(answer["updated_at"], answer["created_at"]);
    assert_eq!(answer["wallet_account"], json!([]));
}

#[test]
fn every_answer_says_how_it_went() {
    let data = json!({ "wallet_id": "W-1" });
    assert_eq!(paycombat::created(&data), json!({ "status": true, "message": "Wallet created", "data": data }));
    assert_eq!(paycombat::found(&data), json!({ "status": true, "message": "Wallet found", "data": data }));
    assert_eq!(
        paycombat::page(std::slice::from_ref(&data), 2, 20, false),
        json!({
            "status": true,
            "message": "Wallets found",
            "data": [data],
            "page": 2,
            "limit": 20,
            "size": 1,
            "has_more": false,
        })
    );
    assert_eq!(
        paycombat::failure(&Failure::from(Refusal::NotFound).verdict()),
        json!({ "status": false, "message": "Record Not Found", "data": null })
    );
}
