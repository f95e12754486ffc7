//! The one encoder of keys. Identifiers never hold a `#`, so it separates, and no two things share a key.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | entry | `<project>#A#<account>` | `T#<seq, 12 digits>` |
//! | record of an account's key | `<project>#A#<account>` | `K#<hash>` |
//! | wallet | `<project>#W#<wallet>` | `W` |
//! | record of a wallet's or creation's key | `<project>#K#<hash>` | `K` |

use domain::{AccountNumber, IdempotencyKey, ProjectId, Seq, WalletId};
use sha2::{Digest, Sha256};

/// How many partitions of the feed a project has for each of its kinds, so that no project is one hot key.
pub(crate) const FEED_SHARDS: u32 = 4;

/// A primary key of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// An idempotency key with its scope, in 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHash(pub(crate) [u8; 16]);

/// What a key is the key of, for whoever finds it in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An entry of an account, or a record of one of its keys.
    Account(ProjectId, AccountNumber),
    Wallet(ProjectId, WalletId),
    /// The record of the key of a wallet's change.
    ProjectKey(ProjectId, KeyHash),
}

/// What the feed lists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Feed {
    Transactions,
    Accounts,
    Wallets,
}

impl KeyHash {
    /// A key's scope is its account.
    pub(crate) fn of_account(account: &AccountNumber, key: &IdempotencyKey) -> KeyHash {
        KeyHash::scoped(account.as_str(), key)
    }

    /// For what is not about one existing account, it is the project.
    pub(crate) fn of_project(key: &IdempotencyKey) -> KeyHash {
        KeyHash::scoped("", key)
    }

    fn scoped(scope: &str, key: &IdempotencyKey) -> KeyHash {
        let digest = Sha256::new_with_prefix(scope).chain_update([0]).chain_update(key.as_str()).finalize();
        let mut hash = [0; 16];
        hash.copy_from_slice(digest.split_at(16).0);
        KeyHash(hash)
    }
}

pub(crate) fn account(project: &ProjectId, account: &AccountNumber) -> String {
    format!("{}{account}", accounts(project))
}

/// The common beginning of the partition keys of a project's accounts.
pub(crate) fn accounts(project: &ProjectId) -> String {
    format!("{project}#A#")
}

/// The common beginning of the sort keys of entries.
pub(crate) const ENTRIES: &str = "T#";

pub(crate) fn seq(seq: Seq) -> String {
    format!("{ENTRIES}{:012}", seq.number())
}

pub(crate) fn entry(project: &ProjectId, number: &AccountNumber, place: Seq) -> Key {
    Key { pk: account(project, number), sk: seq(place) }
}

pub(crate) fn account_key(project: &ProjectId, number: &AccountNumber, hash: KeyHash) -> Key {
    Key { pk: account(project, number), sk: format!("K#{}", hex(&hash.0)) }
}

pub(crate) fn wallet(project: &ProjectId, wallet: &WalletId) -> Key {
    Key { pk: format!("{project}#W#{wallet}"), sk: "W".to_owned() }
}

pub(crate) fn project_key(project: &ProjectId, hash: KeyHash) -> Key {
    Key { pk: format!("{project}#K#{}", hex(&hash.0)), sk: "K".to_owned() }
}

/// The partition of the feed in which `name` is listed.
pub(crate) fn feed(project: &ProjectId, what: Feed, name: &str) -> String {
    feed_shard(project, what, spread(name).rem_euclid(FEED_SHARDS))
}

/// One partition of a feed.
pub(crate) fn feed_shard(project: &ProjectId, what: Feed, shard: u32) -> String {
    let what = match what {
        Feed::Transactions => 'T',
        Feed::Accounts => 'A',
        Feed::Wallets => 'W',
    };
    format!("{project}#{what}#{shard}")
}

/// Spreads names evenly; the same for ever, since it is in keys.
fn spread(name: &str) -> u32 {
    let digest = Sha256::digest(name);
    digest.iter().take(4).fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

impl Found {
    /// What that key is the key of; none if nothing has such keys.
    pub(crate) fn of(pk: &str, sk: &str) -> Option<Found> {
        let mut parts = pk.splitn(3, '#');
        let project = ProjectId::parse(parts.next()?).ok()?;
        match (parts.next()?, parts.next()?, sk) {
            ("A", account, _) => Some(Found::Account(project, AccountNumber::parse(account).ok()?)),
            ("W", wallet, "W") => Some(Found::Wallet(project, WalletId::parse(wallet).ok()?)),
            ("K", hash, "K") => Some(Found::ProjectKey(project, KeyHash(unhex(hash)?))),
            _ => None,
        }
    }
}

/// The hash in the sort key of a record of an account's key.
pub(crate) fn hash_of_account_key(sk: &str) -> Option<KeyHash> {
    sk.strip_prefix("K#").and_then(unhex).map(KeyHash)
}

/// Reads what [`hex`] writes, and nothing else.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes: [u8; N] = digits.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
    (hex(&bytes) == text).then_some(bytes)
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}
