//! The dialect `liquido`: `/v1/accounts/wallet`, authenticated by an access token in the header `Authorization` and a key in
//! the header `x-api-key`.
//!
//! Whatever the vendor's page says is to the letter. Phone number and name are personal data: they leave this module by
//! [`CreateWallet::profile`] only.

use std::fmt;

use domain::ids::Malformed;
use domain::{Account, Currency, IdempotencyKey, Profile, Refusal, Status, Text, Timestamp, Wallet};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::body::Body;
use crate::dialect::is_about_credentials;
use crate::failure::{Failure, Problem, Verdict};

/// Every currency has cents here, also those that ISO 4217 gives no decimals or three.
pub const CENTS_EXPONENT: u8 = 2;

/// The longest phone number, in characters with its `+`.
const PHONE_CHARS_MAX: usize = 20;

/// The longest group, in characters.
const GROUP_CHARS_MAX: usize = 64;

/// What a wallet's profile says under this dialect's names.
mod detail {
    pub(super) const DIALECT: &str = "dialect";
    pub(super) const PHONE: &str = "phone";
    pub(super) const NAME: &str = "name";
    pub(super) const COUNTRY: &str = "country";
    pub(super) const GROUP: &str = "group_id";
}

/// The body of Create Wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateWallet {
    phone: PhoneNumber,
    name: HolderName,
    country: &'static str,
    /// The currency of its one account.
    pub currency: Currency,
    group: Option<String>,
    /// The wallet's public name, for ever.
    pub idempotency_key: IdempotencyKey,
}

impl CreateWallet {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Problem::InvalidFields`] with every member that is missing or not as it should be.
    pub fn read(body: &Body) -> Result<CreateWallet, Problem> {
        let mut fields = Fields { members: body.read()?, wrong: Vec::new() };
        let phone = fields.required("phoneNumber", PhoneNumber::parse);
        let name = fields.required("name", HolderName::parse);
        let country = fields.required("country", country);
        let currency = fields.required("currency", currency);
        let group = fields.optional("groupId", group);
        let key = fields.required("idempotencyKey", IdempotencyKey::parse);
        match (phone, name, country, currency, key) {
            (Some(phone), Some(name), Some(country), Some(currency), Some(idempotency_key))
                if fields.wrong.is_empty() =>
            {
                Ok(CreateWallet { phone, name, country, currency, group, idempotency_key })
            }
            _ => Err(Problem::InvalidFields(fields.wrong)),
        }
    }

    /// What is kept with the wallet.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let said = [
            (detail::DIALECT, Some("liquido")),
            (detail::PHONE, Some(self.phone.0.as_str())),
            (detail::NAME, Some(self.name.0.as_str())),
            (detail::COUNTRY, Some(self.country)),
            (detail::GROUP, self.group.as_deref()),
        ];
        let details = said.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.to_owned())));
        Profile { details: details.collect(), ..Profile::default() }
    }
}

/// The query that finds a wallet by the key that it was created with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindWallet {
    /// That key.
    pub idempotency_key: IdempotencyKey,
}

/// The wallet holder's phone number: valid under its own calling code, which need not be that of the wallet's country.
#[derive(Clone, PartialEq, Eq)]
struct PhoneNumber(String);

impl PhoneNumber {
    fn parse(text: &str) -> Result<PhoneNumber, Malformed> {
        // The library reads more than the contract allows: spaces, letters, `tel:`, numbers without `+`.
        let digits = text.strip_prefix('+').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let fits = digits.is_some() && text.len() <= PHONE_CHARS_MAX;
        let valid = fits && phonenumber::parse(None, text).is_ok_and(|number| number.is_valid());
        if valid { Ok(PhoneNumber(text.to_owned())) } else { Err(Malformed("Invalid Phone Number")) }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(withheld)")
    }
}

/// The wallet holder's full name.
#[derive(Clone, PartialEq, Eq)]
struct HolderName(Text);

impl HolderName {
    fn parse(text: &str) -> Result<HolderName, Malformed> {
        if text.trim().is_empty() { Err(Malformed("must not be empty")) } else { Text::parse(text).map(HolderName) }
    }
}

impl fmt::Debug for HolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderName(withheld)")
    }
}

fn country(text: &str) -> Result<&'static str, Malformed> {
    let country = rust_iso3166::from_alpha2(text);
    country.map(|country| country.alpha2).ok_or(Malformed("must be a country code of ISO 3166-1 with two letters"))
}

fn currency(text: &str) -> Result<Currency, Malformed> {
    let iso = iso_currency::Currency::from_code(text).ok_or(Malformed("must be a currency code of ISO 4217"))?;
    Currency::parse(iso.code())
}

fn group(text: &str) -> Result<String, Malformed> {
    let fits = text.chars().count() <= GROUP_CHARS_MAX;
    if fits { Ok(text.to_owned()) } else { Err(Malformed("must have at most 64 characters")) }
}

/// The members of a body, and what turned out to be wrong with them.
struct Fields {
    members: Map<String, Value>,
    wrong: Vec<(&'static str, &'static str)>,
}

impl Fields {
    fn required<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, Malformed>) -> Option<T> {
        let value = self.sent(name).ok_or(Malformed("is required"));
        let text = value.and_then(|value| value.as_str().ok_or(Malformed("must be a string")));
        let read = text.and_then(parse);
        read.map_err(|Malformed(reason)| self.wrong.push((name, reason))).ok()
    }

    /// None also if it is wrong.
    fn optional<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, Malformed>) -> Option<T> {
        self.sent(name)?;
        self.required(name, parse)
    }

    fn sent(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }
}

/// A wallet with its account as it is answered at `now`. What was not sent is left out.
#[must_use]
pub fn wallet(wallet: &Wallet, account: &Account, now: Timestamp) -> Value {
    let mut answer = json!({
        "id": wallet.id,
        "balanceInCents": account.lots.available(now),
        "status": status(wallet.status),
        "currency": account.currency,
    });
    if let Some(members) = answer.as_object_mut() {
        let said = [("groupId", detail::GROUP), ("country", detail::COUNTRY)];
        members.extend(said.into_iter().filter_map(|(member, detail)| {
            let text = wallet.profile.details.get(detail)?;
            Some((member.to_owned(), text.as_str().into()))
        }));
    }
    answer
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Frozen => "FROZEN",
        Status::Closed => "CLOSED",
    }
}

/// The table's verdict, but that this dialect knows 401 and 409.
#[must_use]
pub fn verdict(failure: &Failure) -> Verdict {
    let verdict = failure.verdict();
    match failure {
        failure if is_about_credentials(failure) => Verdict {
            status: 401,
            message: "An access token and an API key of the same project are needed.".into(),
            ..verdict
        },
        Failure::Refused(Refusal::IdempotencyKeyReused) => Verdict { status: 409, ..verdict },
        Failure::Refused(_) | Failure::Problem(_) => verdict,
    }
}

/// A failure as it is answered: one entry for every member that is not as it should be.
#[must_use]
pub fn failure(verdict: &Verdict, failure: &Failure) -> Value {
    let invalid = |member: &str, reason: &str| format!("Invalid request field: {member}: {reason}");
    let messages = match failure {
        Failure::Problem(Problem::InvalidFields(fields)) => {
            fields.iter().map(|(member, reason)| invalid(member, reason)).collect()
        }
        Failure::Problem(Problem::InvalidRequest { member, reason }) if !member.is_empty() => {
            vec![invalid(member, reason)]
        }
        Failure::Problem(_) | Failure::Refused(_) => vec![verdict.message.to_string()],
    };
    let code = verdict.status.to_string();
    let errors: Vec<_> = messages.iter().map(|message| json!({ "code": code, "errorMessage": message })).collect();
    json!({ "errors": errors })
}
