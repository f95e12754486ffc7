//! The hash link: every entry holds the hash of the entry before it and its own, over everything of it that never changes.

use std::fmt;

use domain::{Moves, Note, Transaction};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::item::{self, Origin};
use crate::keys::{hex, unhex};

/// A SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry of every chain links to.
    pub const ORIGIN: Hash = Hash([0; 32]);

    /// Reads the hexadecimal form; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Hash> {
        unhex(text).map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The canonical form of an entry: its JSON text with these members in this order, without spaces. Binary members are
/// in hexadecimal. Adding a member changes every hash, so it may only be added as one that is left out while it is missing.
#[derive(Serialize)]
struct Canonical<'a> {
    previous: String,
    project: &'a str,
    account: &'a str,
    seq: u64,
    at: u64,
    opened: u64,
    kind: &'static str,
    original: Option<u64>,
    moves: Vec<(String, i64)>,
    lots: Vec<(String, u64)>,
    posted: u64,
    status: &'static str,
    wallet: Option<&'a str>,
    currency: &'a str,
    exponent: u8,
    channel: Option<&'a str>,
    description: Option<&'a str>,
    reference_id: Option<&'a str>,
    user_id: Option<&'a str>,
    store_id: Option<&'a str>,
    store_name: Option<&'a str>,
    title: Option<&'a str>,
    additional_data: Option<&'a str>,
    key: Option<String>,
    request: String,
}

/// The hash of an entry that follows the one with hash `previous`.
pub(crate) fn hash(previous: Hash, project: &str, transaction: &Transaction, origin: &Origin) -> Hash {
    let Transaction { kind, moves, note, account, refunded: _, canceled_by: _ } = transaction;
    let Note { channel, description, reference_id, user_id, store_id, store_name, title, additional_data } = note;
    let canonical = Canonical {
        previous: hex(&previous.0),
        project,
        account: account.number.as_str(),
        seq: account.seq.number(),
        at: account.at.0,
        opened: account.opened.0,
        kind: kind.name(),
        original: kind.original().map(domain::Seq::number),
        moves: moves_list(moves),
        lots: account.lots.iter().map(|(expiry, part)| (item::expiry_name(expiry), part.minor_units())).collect(),
        posted: account.lots.posted().minor_units(),
        status: account.status.as_str(),
        wallet: account.wallet.as_ref().map(domain::WalletId::as_str),
        currency: account.currency.as_str(),
        exponent: account.exponent,
        channel: channel.as_ref().map(domain::Text::as_str),
        description: description.as_ref().map(domain::Text::as_str),
        reference_id: reference_id.as_ref().map(domain::Text::as_str),
        user_id: user_id.as_ref().map(domain::Text::as_str),
        store_id: store_id.as_ref().map(domain::Text::as_str),
        store_name: store_name.as_ref().map(domain::Text::as_str),
        title: title.as_ref().map(domain::Text::as_str),
        additional_data: additional_data.as_deref(),
        key: origin.key.map(|key| hex(&key.0)),
        request: hex(&origin.request.0),
    };
    let mut digest = Sha256::new();
    // Strings and numbers always have a JSON text, and a digest takes every byte: neither can fail.
    let written = serde_json::to_writer(&mut Sink(&mut digest), &canonical);
    debug_assert!(written.is_ok(), "a canonical form has a JSON text");
    Hash(digest.finalize().into())
}

struct Sink<'a>(&'a mut Sha256);

impl std::io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn moves_list(moves: &Moves) -> Vec<(String, i64)> {
    moves.iter().map(|(expiry, delta)| (item::expiry_name(*expiry), delta.minor_units())).collect()
}

#[cfg(test)]
mod tests {
    use domain::{
        AccountNumber, Addressed, Amount, Command, Context, Currency, Duration, Expiry, Fingerprint, NewAccount,
        Status, Text, Timestamp, WalletId, decide,
    };

    use super::*;
    use crate::keys::KeyHash;

    /// What outsiders check an entry with: the SHA-256 of this text, member by member.
    #[test]
    fn the_hash_of_an_entry_is_that_of_its_canonical_text() {
        let number = AccountNumber::parse("card").unwrap();
        let text = |text: &str| Text::parse(text).ok();
        let context = Context {
            now: Timestamp(1_000),
            addressed: &Addressed::default(),
            original: None,
            refund_extension: Duration::days(30),
        };
        let title = text("Gift card");
        let new = NewAccount { number, currency: Currency::parse("EUR").unwrap(), exponent: 2, title };
        let open = Command::Open { new, wallet: WalletId::parse("w").unwrap(), status: Status::Active };
        let opened = decide(None, &open, &context).unwrap().transaction;
        let note = Note {
            channel: text("POS"),
            description: text("a \"gift\""),
            reference_id: text("order-1"),
            user_id: text("u"),
            store_id: text("s"),
            store_name: text("Säge"),
            title: None,
            additional_data: Some("{}".to_owned()),
        };
        let load = Command::Load {
            amount: Amount::new(250).unwrap(),
            earned: false,
            expiry: Expiry::At(Timestamp(9_000)),
            note,
        };
        let loaded = decide(Some(&opened.account), &load, &context).unwrap().transaction;

        let request = Fingerprint([0xcd; 16]);
        let first = Origin { nonce: 7, key: None, request };
        let second = Origin { nonce: 8, key: Some(KeyHash([0xab; 16])), request };
        let opened_hash = hash(Hash::ORIGIN, "demo", &opened, &first);
        let texts = [
            (
                opened_hash,
                format!(
                    r#"{{"previous":"{}","project":"demo","account":"card","seq":1,"at":1000,"opened":1000,"kind":"INITIALIZED","original":null,"moves":[],"lots":[],"posted":0,"status":"active","wallet":"w","currency":"EUR","exponent":2,"channel":null,"description":null,"reference_id":null,"user_id":null,"store_id":null,"store_name":null,"title":"Gift card","additional_data":null,"key":null,"request":"{}"}}"#,
                    "00".repeat(32),
                    "cd".repeat(16),
                ),
            ),
            (
                hash(opened_hash, "demo", &loaded, &second),
                format!(
                    r#"{{"previous":"{opened_hash}","project":"demo","account":"card","seq":2,"at":1000,"opened":1000,"kind":"LOADED","original":null,"moves":[["9000",250]],"lots":[["9000",250]],"posted":250,"status":"active","wallet":"w","currency":"EUR","exponent":2,"channel":"POS","description":"a \"gift\"","reference_id":"order-1","user_id":"u","store_id":"s","store_name":"Säge","title":null,"additional_data":"{{}}","key":"{}","request":"{}"}}"#,
                    "ab".repeat(16),
                    "cd".repeat(16),
                ),
            ),
        ];
        for (hash, text) in texts {
            assert_eq!(hash, Hash(Sha256::digest(&text).into()), "{text}");
        }
    }

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = Hash(std::array::from_fn(|place| u8::try_from(place).unwrap()));
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(serde_json::to_string(&hash).unwrap(), format!("\"{hash}\""));
        assert_eq!(Hash::parse("00"), None);
    }
}
