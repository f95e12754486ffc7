//! Names of things. Each has one way in, which checks it: a value of these types is always well formed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest identifier, in bytes.
pub const ID_BYTES_MAX: usize = 64;

/// The greatest sequence number of an account's chain: 12 digits.
pub const SEQ_MAX: u64 = 999_999_999_999;

/// The longest text member, in characters.
pub const TEXT_CHARS_MAX: usize = 256;

/// Why a value is not an identifier, a currency or a text: a phrase that follows the member's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// Reads one.
            ///
            /// # Errors
            /// [`Malformed`] says which rule the text breaks.
            pub fn parse(text: &str) -> Result<$name, Malformed> {
                $check(text)?;
                Ok($name(text.to_owned()))
            }

            /// As it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = String::deserialize(deserializer)?;
                $check(&text).map_err(serde::de::Error::custom)?;
                Ok($name(text))
            }
        }
    };
}

text_newtype! {
    /// A tenant: `[A-Za-z0-9._:]{1,64}`, without a hyphen, because the instance part of a path ends it at the first one.
    ProjectId, check_project
}
text_newtype! {
    /// A wallet, named by its project: `[A-Za-z0-9._:-]{1,64}`.
    WalletId, check_id
}
text_newtype! {
    /// An account, unique in its project: `[A-Za-z0-9._:-]{1,64}`.
    AccountNumber, check_id
}
text_newtype! {
    /// A currency: an ISO 4217 code or one of the project's own such as `POINT`; `[A-Z0-9]{2,12}`.
    Currency, check_currency
}
text_newtype! {
    /// The name that a caller gives to one request of its own, the same for every time it sends it: 1 to 255 visible
    /// ASCII characters.
    IdempotencyKey, check_key
}
text_newtype! {
    /// A free text of at most 256 characters.
    Text, check_text
}

fn check_id(text: &str) -> Result<(), Malformed> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    if !text.is_empty() && text.len() <= ID_BYTES_MAX && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Malformed("must be 1 to 64 characters out of A-Z a-z 0-9 . _ : -"))
    }
}

fn check_project(text: &str) -> Result<(), Malformed> {
    if check_id(text).is_ok() && !text.contains('-') {
        Ok(())
    } else {
        Err(Malformed("must be 1 to 64 characters out of A-Z a-z 0-9 . _ :"))
    }
}

fn check_currency(text: &str) -> Result<(), Malformed> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if (2..=12).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Malformed("must be a currency code of 2 to 12 characters out of A-Z 0-9"))
    }
}

fn check_key(text: &str) -> Result<(), Malformed> {
    if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(Malformed("must be 1 to 255 visible ASCII characters"))
    }
}

fn check_text(text: &str) -> Result<(), Malformed> {
    if text.chars().count() <= TEXT_CHARS_MAX { Ok(()) } else { Err(Malformed("must have at most 256 characters")) }
}

/// What a request asks for, in 16 bytes: two requests with the same key and another fingerprint are two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

/// A request as exactly-once sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its name; without one every call counts.
    pub key: Option<IdempotencyKey>,
    /// What it asks for.
    pub fingerprint: Fingerprint,
    /// Whether the key is the public name of what it makes, and so kept for ever whatever its project says.
    pub permanent: bool,
}

/// The number of an entry in its account's chain: 1, 2, 3 … without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seq(u64);

impl Seq {
    /// The first entry of every chain.
    pub const FIRST: Seq = Seq(1);

    /// That entry; none for 0 and beyond [`SEQ_MAX`].
    #[must_use]
    pub fn new(number: u64) -> Option<Seq> {
        (1..=SEQ_MAX).contains(&number).then_some(Seq(number))
    }

    /// As a number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The entry that follows; none after [`SEQ_MAX`].
    #[must_use]
    pub fn next(self) -> Option<Seq> {
        self.0.checked_add(1).and_then(Seq::new)
    }
}

/// `<accountNumber>-<seq>`: the id is the address.
#[derive(Clone, PartialEq, Eq)]
pub struct TransactionId {
    /// The account whose chain holds it.
    pub account: AccountNumber,
    /// Its place in the chain.
    pub seq: Seq,
}

impl TransactionId {
    /// Reads an id; none if it can not be one that we gave. The number has no leading zeros, so an id has one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<TransactionId> {
        let (account, number) = text.rsplit_once('-')?;
        let seq = number.parse().ok().and_then(Seq::new)?;
        let id = TransactionId { account: AccountNumber::parse(account).ok()?, seq };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.account, self.seq.0)
    }
}
