//! Webhooks: where one may be sent, how it is signed, what an answer to it means, and when it is tried again. Sends nothing
//! and reads no clock.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use hmac::Mac;
use serde::{Deserialize, Deserializer};
pub use url::Host;
use url::Position;

use crate::{credentials, signature};

/// The longest address of a webhook, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// How often a webhook is sent at most: once, and again after each [`delay`].
pub const ATTEMPTS_MAX: u32 = 12;

/// The longest that a receiver can put off the next attempt. A message of SQS waits at most 12 h from when it was received,
/// and of these a function may have run 15 min.
pub const DELAY_MAX: Duration = Duration::from_mins(11 * 60 + 45);

/// Tried at once, and again 5 s, 1 min, 5, 15 and 30 min, 1 h, 2, 4, 8, 16 and 24 h after that.
const DELAYS: [Duration; 11] = [
    Duration::from_secs(5),
    Duration::from_secs(55),
    Duration::from_mins(4),
    Duration::from_mins(10),
    Duration::from_mins(15),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(2),
    Duration::from_hours(4),
    Duration::from_hours(8),
    Duration::from_hours(8),
];

/// How far webhooks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the internet, by https.
    Public,
    /// There, and by http to this machine: for the local service, beside which a receiver is tried out.
    Local,
}

/// Where webhooks are to be sent: an address within reach as far as its text tells. To what a name resolves is known only
/// when something is sent; then [`admits`](Url::admits) tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    text: String,
    read: url::Url,
}

/// Why a text is not the address of a webhook. Its display is a phrase that follows the member's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has more than [`URL_BYTES_MAX`].
    TooLong,
    /// It is not an https address, or not one on which all readers agree.
    NotHttps,
    /// It holds a user or a password.
    HoldsUser,
    /// Its host is not one of the internet's.
    NotPublic,
}

impl Url {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Unfit`] says which rule it breaks.
    pub fn parse(text: &str, reach: Reach) -> Result<Url, Unfit> {
        if text.len() > URL_BYTES_MAX {
            return Err(Unfit::TooLong);
        }
        // Readers of addresses do not agree on these, so that another one could see another host.
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        let read = url::Url::parse(text).ok().filter(|_| !text.contains(is_odd)).ok_or(Unfit::NotHttps)?;
        let is_within = match (read.scheme(), read.host()) {
            ("https", Some(host)) => is_public_host(&host),
            ("http", Some(host)) if reach == Reach::Local && is_loopback_host(&host) => true,
            _ => return Err(Unfit::NotHttps),
        };
        // Also an empty user, which this reader leaves out and another one may not.
        let authority = text.split_once(':').map_or("", |(_, rest)| rest.trim_start_matches('/'));
        if authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(Unfit::HoldsUser);
        }
        if is_within { Ok(Url { text: text.to_owned(), read }) } else { Err(Unfit::NotPublic) }
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is for TLS; otherwise it is for this machine, in clear.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.read.scheme() == "https"
    }

    /// Whether its host may be found at that address. For a name all that it resolves to has to be asked for.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        if self.is_https() { is_public(address) } else { address.to_canonical().is_loopback() }
    }

    /// The host. Numbers that spell an IPv4 address in another way are one.
    #[must_use]
    pub fn host(&self) -> Host<&str> {
        self.read.host().unwrap_or(Host::Domain(""))
    }

    /// The port, said or not.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.read.port_or_known_default().unwrap_or_default()
    }

    /// The host, and the port unless it is the usual one: the header `host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.read[Position::BeforeHost..Position::AfterPort]
    }

    /// Path and query: what is asked of the host.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.read[Position::BeforePath..Position::AfterQuery]
    }
}

/// Of an address that strangers give, so nothing but the internet is within its reach.
impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
        let text = String::deserialize(deserializer)?;
        Url::parse(&text, Reach::Public).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::TooLong => "must have at most 2048 bytes",
            Unfit::NotHttps => "must be an https address",
            Unfit::HoldsUser => "must not hold a user or a password",
            Unfit::NotPublic => "must be public",
        })
    }
}

impl std::error::Error for Unfit {}

/// Whether the registries of special addresses say that it can be reached from everywhere.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(address) => is_public((*address).into()),
        Host::Ipv6(address) => is_public((*address).into()),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // A name without a dot is looked up in the network of whoever asks.
    name.rsplit_once('.').is_some_and(|(_, top)| !matches!(top, "localhost" | "local" | "internal"))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        [0 | 127 | 224..=255, ..] // this network, this host; multicast, reserved, broadcast
            | [100, 64..=127, ..] // shared by the customers of a carrier
            | [192, 0, 0, _] // protocol assignments
            | [192, 88, 99, _] // relays of 6to4
            | [198, 18 | 19, ..] // benchmarks
    );
    !(special || address.is_private() || address.is_link_local() || address.is_documentation())
}

/// Only what is handed out as global unicast, without its parts for documentation, protocols and tunnels: a tunnel's
/// address holds an IPv4 address, which may be any.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let special = matches!(address.segments(), [0x2001, ..0x0200 | 0x0db8, ..] | [0x2002, ..] | [0x3fff, ..0x1000, ..]);
    matches!(address.segments(), [0x2000..=0x3fff, ..]) && !special
}

fn is_loopback_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

/// What a receiver checks signatures with: 24 to 64 bytes. It can be printed only on purpose, by [`reveal`](Secret::reveal).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new secret out of random bytes.
    #[must_use]
    pub fn mint(random: [u8; 32]) -> Secret {
        Secret(random.to_vec())
    }

    /// The secret of a customer who has a signature key and no secret: the bytes of that key's text. A customer has the key
    /// as 64 hexadecimal digits and signs with these, not with the 32 bytes that they stand for; so it is the other way round
    /// too. A library of Standard Webhooks takes `whsec_` and the base64 of the 64 digits.
    #[must_use]
    pub fn of_signature_key(signing_key: &[u8; 32]) -> Secret {
        Secret(credentials::hex(signing_key).into_bytes())
    }

    /// Reads `whsec_` and the base64 of the bytes; none if it is no such text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Secret> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Secret(bytes))
    }

    /// The text that its owner has.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The signature of Standard Webhooks, for the header `webhook-signature`: of the `webhook-id`, the `webhook-timestamp`,
    /// which is in seconds since 1970, and the body.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mac = signature::mac(&self.0).chain_update(format!("{id}.{timestamp}.")).chain_update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// The signature of the dialect `paycombat`, for the header `x-signature`: of the body alone, as that dialect's requests
    /// are signed.
    #[must_use]
    pub fn sign_body(&self, body: &[u8]) -> String {
        signature::sign(&self.0, body)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(withheld)")
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Done,
    /// The receiver wants nothing any more: the endpoint is to be disabled.
    Gone,
    /// It was not taken.
    Failed {
        /// How long to wait until it is tried again; none if it was the last attempt.
        again: Option<Duration>,
    },
}

impl Verdict {
    /// Of an answer to that attempt, which came at `now`; the first is 1. A redirect leads nowhere: it is a failure.
    #[must_use]
    pub fn of(status: u16, retry_after: Option<&str>, attempt: u32, now: Timestamp) -> Verdict {
        match status {
            200..=299 => Verdict::Done,
            410 => Verdict::Gone,
            _ => {
                let asked = retry_after.and_then(|value| self::retry_after(value, now)).unwrap_or_default();
                Verdict::Failed { again: delay(attempt).map(|delay| delay.max(asked)) }
            }
        }
    }
}

/// How long to wait after that attempt failed; the first is 1. None if it was the last. Together they are 24 h.
#[must_use]
pub fn delay(attempt: u32) -> Option<Duration> {
    DELAYS.get(usize::try_from(attempt.checked_sub(1)?).ok()?).copied()
}

/// For how long a header `retry-after` asks at `now`, whether in seconds or by a date, and at most [`DELAY_MAX`]; none if it
/// says neither.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let asked = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than there are numbers for is longer than any.
        value.parse().map_or(Duration::MAX, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        date.saturating_sub(Duration::from_millis(now.0))
    };
    Some(asked.min(DELAY_MAX))
}
