//! Access tokens: client credentials as of RFC 6749 are exchanged for a token that carries its own proof, so that nothing
//! is stored for it. Which client has which secret is not known here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::{Duration, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::body::{BODY_BYTES_MAX, Body};
use crate::credentials::hex;

/// How long a token lives.
pub const LIFETIME: Duration = Duration::seconds(3_600);

/// What goes with every answer to a token request: nobody keeps a copy.
pub const TOKEN_HEADERS: [(&str, &str); 2] = [("cache-control", "no-store"), ("pragma", "no-cache")];

/// `WWW-Authenticate` of an [`OAuthError`] with status 401.
pub const BASIC_CHALLENGE: &str = r#"Basic realm="kese""#;

/// `WWW-Authenticate` of a resource that needs an access token.
pub const BEARER_CHALLENGE: &str = r#"Bearer realm="kese""#;

/// A client that asks for a token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Who.
    pub client_id: String,
    /// Its proof.
    pub client_secret: String,
}

impl TokenRequest {
    /// Reads a request out of its headers `Authorization` and `Content-Type` and its body, a form or a JSON object. The
    /// client says who it is either by HTTP Basic or in the body.
    ///
    /// # Errors
    /// [`OAuthError`] if it is no such request; whether the secret is right is another matter.
    pub fn read(
        authorization: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<TokenRequest, OAuthError> {
        let parameters = Parameters::read(content_type, body)?;
        match parameters.grant_type.as_deref() {
            None => return Err(OAuthError::InvalidRequest("grant_type is required")),
            Some("client_credentials") => {}
            Some(_) => return Err(OAuthError::UnsupportedGrantType),
        }
        match (authorization, parameters.client_id, parameters.client_secret) {
            (None, Some(client_id), Some(client_secret)) => Ok(TokenRequest { client_id, client_secret }),
            (None, _, _) => Err(OAuthError::InvalidClient),
            (Some(_), _, Some(_)) => Err(OAuthError::InvalidRequest("the client must authenticate in one way only")),
            // Naming itself in the body, too, is no second proof.
            (Some(authorization), named, None) => TokenRequest::of_basic(authorization)
                .filter(|request| named.is_none_or(|client_id| client_id == request.client_id))
                .ok_or(OAuthError::InvalidClient),
        }
    }

    fn of_basic(authorization: &str) -> Option<TokenRequest> {
        let pair = BASE64_STANDARD.decode(credentials_of("Basic", authorization)?).ok()?;
        let (client_id, client_secret) = str::from_utf8(&pair).ok()?.split_once(':')?;
        let plain = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned).ok().filter(|text| !text.is_empty())
        };
        Some(TokenRequest { client_id: plain(client_id)?, client_secret: plain(client_secret)? })
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenRequest({:?}, secret withheld)", self.client_id)
    }
}

/// The parameters of a token request; others are ignored, as the RFC demands.
#[derive(Deserialize)]
struct Parameters {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

impl Parameters {
    fn read(content_type: Option<&str>, body: &[u8]) -> Result<Parameters, OAuthError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(OAuthError::InvalidRequest("the body must have at most 16384 bytes"));
        }
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let parameters = if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Parameters::of_form(body)?
        } else if media_type.eq_ignore_ascii_case("application/json") {
            let read = Body::parse(body).and_then(|body| body.read());
            read.map_err(|_| OAuthError::InvalidRequest("the body must be a JSON object of texts"))?
        } else {
            return Err(OAuthError::InvalidRequest("the body must be a form or JSON, and Content-Type must say which"));
        };
        Ok(parameters.without_empty())
    }

    fn of_form(body: &[u8]) -> Result<Parameters, OAuthError> {
        let mut members = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if members.insert(name, value.into_owned()).is_some() {
                return Err(OAuthError::InvalidRequest("a parameter is there twice"));
            }
        }
        Ok(Parameters {
            grant_type: members.remove("grant_type"),
            client_id: members.remove("client_id"),
            client_secret: members.remove("client_secret"),
        })
    }

    /// To the RFC a parameter without a value is one that was not sent.
    fn without_empty(self) -> Parameters {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Parameters {
            grant_type: filled(self.grant_type),
            client_id: filled(self.client_id),
            client_secret: filled(self.client_secret),
        }
    }
}

/// Why no token is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// The request is not what the RFC says, by this description.
    InvalidRequest(&'static str),
    /// The client is unknown, did not say who it is, or said it in a way that is not known here. Comes with
    /// [`BASIC_CHALLENGE`].
    InvalidClient,
    /// Another grant than client credentials.
    UnsupportedGrantType,
}

impl OAuthError {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            OAuthError::InvalidRequest(_) | OAuthError::UnsupportedGrantType => 400,
            OAuthError::InvalidClient => 401,
        }
    }

    /// The body.
    #[must_use]
    pub fn answer(self) -> Value {
        let (error, description) = match self {
            OAuthError::InvalidRequest(description) => ("invalid_request", description),
            OAuthError::InvalidClient => ("invalid_client", "the client is not known"),
            OAuthError::UnsupportedGrantType => ("unsupported_grant_type", "grant_type must be client_credentials"),
        };
        json!({ "error": error, "error_description": description })
    }
}

/// The answer with a token that was minted to live for [`LIFETIME`].
#[must_use]
pub fn granted(access_token: &str) -> Value {
    json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": LIFETIME.0 / 1_000 })
}

/// The token in a header `Authorization`.
#[must_use]
pub fn bearer(authorization: Option<&str>) -> Option<&str> {
    credentials_of("Bearer", authorization?)
}

fn credentials_of<'a>(scheme: &str, authorization: &'a str) -> Option<&'a str> {
    let (sent, credentials) = authorization.trim().split_once(' ')?;
    sent.eq_ignore_ascii_case(scheme).then(|| credentials.trim_start())
}

/// `ket_<client id>_<expiry in seconds since 1970>_<HMAC-SHA256 of what is before it, in hexadecimal>`.
#[derive(Clone)]
pub struct AccessToken {
    signed: String,
    seal: String,
    client_id: String,
    expires: Timestamp,
}

impl AccessToken {
    /// A new token. Its expiry counts in whole seconds, rounded down.
    #[must_use]
    pub fn mint(client_id: &str, signing_key: &[u8; 32], expires: Timestamp) -> String {
        let signed = format!("ket_{client_id}_{}", expires.seconds());
        let seal = seal(signing_key, &signed);
        format!("{signed}_{seal}")
    }

    /// Reads a token; none if it can not be one. It proves nothing before [`verify`](AccessToken::verify).
    #[must_use]
    pub fn parse(text: &str) -> Option<AccessToken> {
        let (signed, seal) = text.rsplit_once('_')?;
        let (client_id, seconds) = signed.strip_prefix("ket_")?.rsplit_once('_')?;
        let expires = Timestamp(0).plus(Duration::seconds(seconds.parse().ok()?));
        let token =
            AccessToken { signed: signed.to_owned(), seal: seal.to_owned(), client_id: client_id.to_owned(), expires };
        (!client_id.is_empty()).then_some(token)
    }

    /// The client that it was minted for.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether it was minted with that key and lives at `now`. How long that takes does not tell how much of it is right.
    #[must_use]
    pub fn verify(&self, signing_key: &[u8; 32], now: Timestamp) -> bool {
        let genuine: bool = seal(signing_key, &self.signed).as_bytes().ct_eq(self.seal.as_bytes()).into();
        genuine && now < self.expires
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken({:?}, seal withheld)", self.client_id)
    }
}

fn seal(signing_key: &[u8; 32], signed: &str) -> String {
    // HMAC fills a short key with zeros up to the block of its hash. Filled here, there is no wrong length to deal with.
    let mut block = [0; 64];
    block.split_at_mut(32).0.copy_from_slice(signing_key);
    let mac = Hmac::<Sha256>::new(&block.into()).chain_update(signed);
    hex(&mac.finalize().into_bytes())
}
