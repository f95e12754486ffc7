//! What the dialect `liquido` reads and answers.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at whatever it does not expect"
)]

use std::collections::BTreeMap;

use api::liquido::{self, CreateWallet};
use api::{Body, Failure, Problem, Scope};
use domain::{
    Account, AccountNumber, Balance, Currency, Expiry, Lots, Profile, Refusal, Seq, Status, Timestamp, Wallet, WalletId,
};
use serde_json::{Value, json};

/// The example of the vendor's page.
fn example() -> Value {
    json!({
        "phoneNumber": "+855044946043",
        "name": "Test one",
        "country": "CO",
        "currency": "COP",
        "groupId": "0001",
        "idempotencyKey": "65e85d27-1677-4a98-9f6e-dd03cfa07ea3",
    })
}

/// The example with other members; null leaves one out.
fn with(members: Value) -> Value {
    let mut body = example();
    let Value::Object(members) = members else { panic!("an object") };
    for (name, value) in members {
        body[&name] = value;
    }
    body
}

fn read(body: &Value) -> Result<CreateWallet, Problem> {
    CreateWallet::read(&Body::parse(body.to_string().as_bytes()).unwrap())
}

/// What is wrong with the body, as `member: reason`.
fn wrong(body: &Value) -> Vec<String> {
    match read(body) {
        Ok(_) => Vec::new(),
        Err(Problem::InvalidFields(fields)) => {
            fields.iter().map(|(name, reason)| format!("{name}: {reason}")).collect()
        }
        Err(problem) => panic!("{problem:?}"),
    }
}

fn answer(failure: impl Into<Failure>) -> (u16, Value) {
    let failure = failure.into();
    let verdict = liquido::verdict(&failure);
    (verdict.status, liquido::failure(&verdict, &failure))
}

#[test]
fn the_vendors_example_is_read() {
    let wallet = read(&example()).unwrap();
    assert_eq!(wallet.currency.as_str(), "COP");
    assert_eq!(wallet.idempotency_key.as_str(), "65e85d27-1677-4a98-9f6e-dd03cfa07ea3");
    let details = [
        ("country", "CO"),
        ("dialect", "liquido"),
        ("group_id", "0001"),
        ("name", "Test one"),
        ("phone", "+855044946043"),
    ];
    let details = details.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(wallet.profile(), Profile { details: BTreeMap::from(details), ..Profile::default() });
}

#[test]
fn a_group_need_not_be_sent_and_unknown_members_do_not_matter() {
    for body in [with(json!({ "groupId": null })), with(json!({ "groupId": null, "nickname": 7 }))] {
        assert!(!read(&body).unwrap().profile().details.contains_key("group_id"));
    }
}

#[test]
fn phone_numbers_are_valid_under_their_own_calling_code() {
    let valid = [
        ("Argentina", "+541123456789"),
        ("Argentina, mobile", "+5491123456789"),
        ("Australia", "+61412345678"),
        ("Australia, with its trunk zero", "+610412345678"),
        ("Brazil, mobile", "+5511961234567"),
        ("Brazil, fixed", "+551123456789"),
        ("Cambodia", "+85512345678"),
        ("Cambodia, with its trunk zero", "+855012345678"),
        ("Chile", "+56961234567"),
        ("China", "+8613812345678"),
        ("Colombia, mobile", "+573211234567"),
        ("Colombia, fixed", "+576012345678"),
        ("Finland", "+358401234567"),
        ("France", "+33612345678"),
        ("France, with its trunk zero", "+330612345678"),
        ("Germany", "+4915123456789"),
        ("Hong Kong", "+85281234567"),
        ("India", "+919876543210"),
        ("international freephone", "+80012345678"),
        ("Iran", "+989123456789"),
        ("Italy, fixed, whose zero belongs to the number", "+390612345678"),
        ("Italy, mobile", "+393123456789"),
        ("Japan", "+819012345678"),
        ("Kazakhstan", "+77012345678"),
        ("Mexico", "+525512345678"),
        ("New Zealand", "+6433316005"),
        ("Nigeria", "+2348021234567"),
        ("Norway", "+4790123456"),
        ("Peru", "+51912345678"),
        ("Russia", "+79161234567"),
        ("Singapore", "+6581234567"),
        ("South Africa", "+27821234567"),
        ("Spain", "+34612345678"),
        ("Turkey", "+905321234567"),
        ("United Kingdom, fixed", "+442079460958"),
        ("United Kingdom, mobile", "+447400123456"),
        ("United States", "+14155552671"),
    ];
    for (country, number) in valid {
        assert_eq!(wrong(&with(json!({ "phoneNumber": number }))), [""; 0], "{country}");
    }
}

#[test]
fn other_phone_numbers_are_not() {
    let invalid = [
        ("nothing", ""),
        ("no digits", "+"),
        ("a calling code alone", "+855"),
        ("no calling code", "+0"),
        ("no such calling code", "+999123456789"),
        ("the prefix of an international call", "+0033612345678"),
        ("the same of North America", "+01114155552671"),
        ("no plus", "14155552671"),
        ("two pluses", "++14155552671"),
        ("a space", "+1 4155552671"),
        ("a space behind", "+14155552671 "),
        ("a hyphen", "+1-4155552671"),
        ("a letter", "+1415555267A"),
        ("an extension", "+14155552671;ext=2"),
        ("a URI", "tel:+14155552671"),
        ("digits of another script", "+１４１５５５５２６７１"),
        ("too long by far", "+14155552671415555267141555526714155552671"),
        ("21 characters", "+12345678901234567890"),
        ("no such area in the United States", "+15555555555"),
        ("the United States, a digit short", "+1415555267"),
        ("the United Kingdom, a digit short", "+44740012345"),
        ("Colombia, a digit short", "+57321123456"),
        ("Colombia, fixed as before 2021", "+5716012345"),
        ("Spain, where no number begins with 1", "+34112345678"),
        ("Brazil, no such area", "+5511061234567"),
        ("Mexico, mobile as before 2019", "+5215512345678"),
        ("Italy, mobile without its first digit", "+39612345678"),
        ("Norway, a digit short", "+4712345678"),
        ("Iceland, no such range", "+3546001234"),
        ("Latvia, no such range", "+37110000000"),
        ("freephone, a digit short", "+8001234567"),
        ("Cambodia, zeros only", "+85500000000000"),
    ];
    for (what, number) in invalid {
        let wrong = wrong(&with(json!({ "phoneNumber": number })));
        assert_eq!(wrong, ["phoneNumber: Invalid Phone Number"], "{what}: {number}");
    }
}

#[test]
fn a_phone_number_has_at_most_20_characters() {
    // Japan's freephone numbers are the longest there are: both would be valid without the limit.
    assert_eq!(wrong(&with(json!({ "phoneNumber": "+8100003711111111111" }))), [""; 0]);
    let longer = wrong(&with(json!({ "phoneNumber": "+81000037111111111111" })));
    assert_eq!(longer, ["phoneNumber: Invalid Phone Number"]);
}

#[test]
fn names_are_not_empty_and_at_most_256_characters() {
    for name in ["X", "José María Ñandú", "王小明", &"é".repeat(256)] {
        assert_eq!(wrong(&with(json!({ "name": name }))), [""; 0]);
    }
    for name in ["", " ", "\t\n"] {
        assert_eq!(wrong(&with(json!({ "name": name }))), ["name: must not be empty"]);
    }
    assert_eq!(wrong(&with(json!({ "name": "é".repeat(257) }))), ["name: must have at most 256 characters"]);
}

#[test]
fn countries_are_those_of_iso_3166_1() {
    for country in ["CO", "US", "KH", "GB", "SS", "AX", "BQ"] {
        assert_eq!(wrong(&with(json!({ "country": country }))), [""; 0], "{country}");
    }
    let codes = (b'A'..=b'Z').flat_map(|first| (b'A'..=b'Z').map(move |second| [first, second]));
    let assigned = codes.filter(|code| {
        let code = str::from_utf8(code).unwrap();
        wrong(&with(json!({ "country": code, "phoneNumber": null }))).len() == 1
    });
    assert_eq!(assigned.count(), 249);
    for country in ["", "co", "COL", "170", "XX", "XK", "UK", "EU", "AN", "ZZ", "C O", "ＣＯ"] {
        let wrong = wrong(&with(json!({ "country": country })));
        assert_eq!(wrong, ["country: must be a country code of ISO 3166-1 with two letters"], "{country}");
    }
}

#[test]
fn currencies_are_those_of_iso_4217() {
    for currency in ["COP", "CLP", "USD", "KWD", "EUR", "MXN"] {
        assert_eq!(read(&with(json!({ "currency": currency }))).unwrap().currency.as_str(), currency);
    }
    for currency in ["", "cop", "COPS", "CO", "POINT", "DEM", "ZZZ", "$"] {
        let wrong = wrong(&with(json!({ "currency": currency })));
        assert_eq!(wrong, ["currency: must be a currency code of ISO 4217"], "{currency}");
    }
}

#[test]
fn groups_have_at_most_64_characters() {
    assert_eq!(wrong(&with(json!({ "groupId": "ñ".repeat(64) }))), [""; 0]);
    assert_eq!(wrong(&with(json!({ "groupId": "ñ".repeat(65) }))), ["groupId: must have at most 64 characters"]);
    assert_eq!(wrong(&with(json!({ "groupId": 1 }))), ["groupId: must be a string"]);
}

#[test]
fn idempotency_keys_are_1_to_255_visible_characters() {
    assert_eq!(wrong(&with(json!({ "idempotencyKey": "k".repeat(255) }))), [""; 0]);
    for key in ["", "two words", "ключ", &"k".repeat(256)] {
        let wrong = wrong(&with(json!({ "idempotencyKey": key })));
        assert_eq!(wrong, ["idempotencyKey: must be 1 to 255 visible ASCII characters"], "{key}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let required = ["phoneNumber", "name", "country", "currency", "idempotencyKey"];
    assert_eq!(wrong(&json!({})), required.map(|name| format!("{name}: is required")));

    let strange = json!({
        "phoneNumber": 855_044_946_043_u64, "name": ["Test one"], "country": "XX", "currency": null, "groupId": {},
        "idempotencyKey": "a b",
    });
    let told = [
        "phoneNumber: must be a string",
        "name: must be a string",
        "country: must be a country code of ISO 3166-1 with two letters",
        "currency: is required",
        "groupId: must be a string",
        "idempotencyKey: must be 1 to 255 visible ASCII characters",
    ];
    assert_eq!(wrong(&strange), told);

    let (status, answered) = answer(read(&strange).unwrap_err());
    assert_eq!(status, 400);
    let entry = |text| json!({ "code": "400", "errorMessage": format!("Invalid request field: {text}") });
    assert_eq!(answered, json!({ "errors": told.map(entry) }));
}

#[test]
fn the_vendors_example_of_a_failure_is_answered() {
    let problem = read(&with(json!({ "phoneNumber": "+8550" }))).unwrap_err();
    let error = json!({ "code": "400", "errorMessage": "Invalid request field: phoneNumber: Invalid Phone Number" });
    assert_eq!(answer(problem), (400, json!({ "errors": [error] })));
}

#[test]
fn where_one_field_is_told_it_is_the_first() {
    let verdict = Failure::from(read(&with(json!({ "country": "XX", "name": "" }))).unwrap_err()).verdict();
    assert_eq!((verdict.status, verdict.code), (400, "INVALID_REQUEST"));
    assert_eq!(verdict.message, "name: must not be empty");
    assert_eq!(verdict.details, json!({ "member": "name" }));
}

#[test]
fn every_failure_has_this_dialects_shape() {
    let failures: [(Failure, u16, &str); 9] = [
        (Problem::NoCredentials.into(), 401, "An access token and an API key of the same project are needed."),
        (Problem::UnknownCredentials.into(), 401, "An access token and an API key of the same project are needed."),
        (Problem::OtherProject.into(), 401, "An access token and an API key of the same project are needed."),
        (Problem::MissingScope(Scope::Write).into(), 403, "The key lacks the scope write."),
        (Refusal::NotFound.into(), 404, "Record Not Found"),
        (Refusal::IdempotencyKeyReused.into(), 409, "This idempotency key was used for another request."),
        (Problem::invalid("", "the body must be a JSON object").into(), 400, "the body must be a JSON object"),
        (Problem::invalid("a.b", "is there twice").into(), 400, "Invalid request field: a.b: is there twice"),
        (Problem::Unavailable.into(), 503, "The service can not answer now: send the same request again."),
    ];
    for (failure, status, message) in failures {
        let error = json!({ "code": status.to_string(), "errorMessage": message });
        assert_eq!(answer(failure), (status, json!({ "errors": [error] })));
    }
}

#[test]
fn a_wallet_is_answered_as_on_the_vendors_page() {
    let (wallet, account) = kept(read(&example()).unwrap().profile(), Status::Active);
    let page = json!({
        "id": "cde5843c-bbd0-46d2-9fbb-27b08f3ad021",
        "balanceInCents": 0,
        "status": "ACTIVE",
        "groupId": "0001",
        "country": "CO",
        "currency": "COP",
    });
    assert_eq!(liquido::wallet(&wallet, &account, Timestamp(0)), page);
}

#[test]
fn a_balance_is_what_has_not_expired() {
    let (wallet, mut account) = kept(Profile::default(), Status::Active);
    let [gone, stays] = [1_000, 234].map(|cents| Balance::new(cents).unwrap());
    account.lots = Lots::new(BTreeMap::from([(Expiry::At(Timestamp(10)), gone), (Expiry::Never, stays)])).unwrap();
    assert_eq!(liquido::wallet(&wallet, &account, Timestamp(9))["balanceInCents"], 1_234);
    assert_eq!(liquido::wallet(&wallet, &account, Timestamp(10))["balanceInCents"], 234);
}

#[test]
fn a_wallet_without_group_and_country_is_answered_without_them() {
    let (wallet, account) = kept(Profile::default(), Status::Active);
    let answer = liquido::wallet(&wallet, &account, Timestamp(0));
    assert_eq!((answer.get("groupId"), answer.get("country")), (None, None));
}

#[test]
fn statuses_are_written_in_capitals() {
    for (status, word) in [(Status::Active, "ACTIVE"), (Status::Frozen, "FROZEN"), (Status::Closed, "CLOSED")] {
        let (wallet, account) = kept(Profile::default(), status);
        assert_eq!(liquido::wallet(&wallet, &account, Timestamp(0))["status"], word);
    }
}

#[test]
fn personal_data_can_not_be_printed_by_accident() {
    let printed = format!("{:?}", read(&example()).unwrap());
    assert!(printed.contains("PhoneNumber(withheld)") && printed.contains("HolderName(withheld)"), "{printed}");
    let refused = read(&with(json!({ "phoneNumber": "+8550449460", "country": "Test one" }))).unwrap_err();
    let (_, answer) = answer(refused.clone());
    for text in [printed, format!("{refused:?}"), answer.to_string()] {
        assert!(!text.contains("44946") && !text.contains("Test one"), "{text}");
    }
}

/// A wallet and its account as they are kept after their creation.
fn kept(profile: Profile, status: Status) -> (Wallet, Account) {
    let id = WalletId::parse("cde5843c-bbd0-46d2-9fbb-27b08f3ad021").unwrap();
    let number = AccountNumber::parse("a").unwrap();
    let currency = Currency::parse("COP").unwrap();
    let account = Account {
        number: number.clone(),
        currency: currency.clone(),
        exponent: liquido::CENTS_EXPONENT,
        wallet: Some(id.clone()),
        status,
        lots: Lots::EMPTY,
        opened: Timestamp(0),
        seq: Seq::FIRST,
        at: Timestamp(0),
    };
    let accounts = BTreeMap::from([(currency, number)]);
    (Wallet { id, status, profile, created_at: Timestamp(0), accounts }, account)
}
