//! API keys: `kese_<environment>_<key id>_<secret>_<crc32>`, the last three in hexadecimal. The check sum tells a typo or a
//! fake without a look-up; the secret is only ever compared by its hash.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read.
    Read,
    /// Load, spend, refund, cancel; create wallets and accounts.
    Write,
    /// Correct balances.
    Fix,
    /// Change wallets: freeze, close, link and unlink.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Scope; 4] = [Scope::Read, Scope::Write, Scope::Fix, Scope::Admin];

    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Fix => "fix",
            Scope::Admin => "admin",
        }
    }

    /// The scope of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A key as its owner has it. It can be printed only on purpose, by [`reveal`](ApiKey::reveal).
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    environment: String,
    id: String,
    secret: String,
}

impl ApiKey {
    /// A new key out of random bytes: 64 bits name it, 192 are its secret. The environment is a word such as `prod`.
    #[must_use]
    pub fn mint(environment: &str, id: [u8; 8], secret: [u8; 24]) -> ApiKey {
        ApiKey { environment: environment.to_owned(), id: hex(&id), secret: hex(&secret) }
    }

    /// Reads a key; none if it can not be one that was given out.
    #[must_use]
    pub fn parse(text: &str) -> Option<ApiKey> {
        let (signed, sum) = text.rsplit_once('_')?;
        let mut parts = signed.split('_');
        let (kese, environment, id, secret) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let well_formed = kese == "kese" && parts.next().is_none() && is_hex(id, 16) && is_hex(secret, 48);
        let key = ApiKey { environment: environment.to_owned(), id: id.to_owned(), secret: secret.to_owned() };
        (well_formed && sum == check_sum(signed)).then_some(key)
    }

    /// The text that its owner sends. It is shown once and stored nowhere.
    #[must_use]
    pub fn reveal(&self) -> String {
        let signed = format!("kese_{}_{}_{}", self.environment, self.id, self.secret);
        let sum = check_sum(&signed);
        format!("{signed}_{sum}")
    }

    /// The public part, under which the rest is looked up.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.id
    }

    /// The secret part alone, for credentials that are sent in two parts.
    #[must_use]
    pub fn reveal_secret(&self) -> &str {
        &self.secret
    }

    /// What is stored of the secret. It is random and long, so a plain hash is enough.
    #[must_use]
    pub fn secret_hash(&self) -> [u8; 32] {
        Sha256::digest(&self.secret).into()
    }

    /// Whether that is the hash of this key's secret; takes equally long for every answer.
    #[must_use]
    pub fn matches(&self, secret_hash: &[u8; 32]) -> bool {
        secret_matches(&self.secret, secret_hash)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, secret withheld)", self.id)
    }
}

fn check_sum(signed: &str) -> String {
    format!("{:08x}", crc32fast::hash(signed.as_bytes()))
}

/// Whether that is the hash of that secret; takes equally long for every answer.
#[must_use]
pub fn secret_matches(secret: &str, secret_hash: &[u8; 32]) -> bool {
    let hash: [u8; 32] = Sha256::digest(secret).into();
    hash.ct_eq(secret_hash).into()
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
