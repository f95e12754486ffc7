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
