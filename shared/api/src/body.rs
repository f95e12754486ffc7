//! Bodies: strict JSON. Unknown members are ignored, since clients send more than they should, but a member that is there
//! twice, a wrong type or a value out of range is told by its name.

use std::fmt;
use std::marker::PhantomData;

use domain::Fingerprint;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::failure::Problem;

/// The longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// How deep a body may be nested.
const BODY_DEPTH_MAX: u8 = 32;

/// How much additional data a transaction takes, in bytes of compact JSON.
pub const ADDITIONAL_DATA_BYTES_MAX: usize = 4 * 1024;

/// How deep additional data may be nested.
const ADDITIONAL_DATA_DEPTH_MAX: u8 = 8;

/// Members of a query string that are not texts.
const QUERY_INTEGERS: [&str; 4] = ["from", "limit", "page", "pageSize"];
const QUERY_JSON: [&str; 4] = ["filters", "sorts", "expiresAt", "createdAt"];

/// A JSON object that was sent. It can not be printed: nobody knows what is in it.
#[derive(Clone, PartialEq)]
pub struct Body(Value);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(withheld)")
    }
}

impl Body {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Problem::BodyTooLarge`]; [`Problem::InvalidRequest`] if it is no JSON object, nested too deep, or names a member twice.
    pub fn parse(bytes: &[u8]) -> Result<Body, Problem> {
        let value = strict(bytes)?;
        if value.is_object() { Ok(Body(value)) } else { Err(Problem::invalid("", "the body must be a JSON object")) }
    }

    /// The members of a query string as if they had come in a body.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] if a member is there twice, or is not of its type.
    pub fn of_query<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Body, Problem> {
        let mut object = Map::new();
        for (name, text) in members {
            let value = if QUERY_INTEGERS.contains(&name) {
                text.parse()
                    .map(|number: u64| number.into())
                    .map_err(|_| Problem::invalid(name, "must be an integer"))?
            } else if QUERY_JSON.contains(&name) {
                strict(text.as_bytes()).map_err(|_| Problem::invalid(name, "must be JSON"))?
            } else {
                Value::from(text)
            };
            if object.insert(name.to_owned(), value).is_some() {
                return Err(Problem::invalid(name, "is there twice"));
            }
        }
        Ok(Body(Value::Object(object)))
    }

    /// Reads the members that `T` knows.
    ///
    /// # Errors
    /// [`Problem::InvalidRequest`] with the name of the member that is missing or not as it should be.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_path_to_error::deserialize(&self.0).map_err(|error| {
            let reason = error.inner().to_string();
            let missing = reason.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            match missing {
                Some(member) => Problem::invalid(member, "is required"),
                None => Problem::invalid(&error.path().to_string(), &reason),
            }
        })
    }

    /// What is asked for by sending this to `operation`. The order of members and the white space do not count.
    #[must_use]
    pub fn fingerprint(&self, operation: &str) -> Fingerprint {
        let digest = Sha256::new_with_prefix(operation).chain_update([0]).chain_update(self.0.to_string()).finalize();
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(digest.split_at(16).0);
        Fingerprint(fingerprint)
    }
}

/// Reads one JSON value, not too long, that names no member twice and is not nested too deep.
fn strict(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(Problem::BodyTooLarge);
    }
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth_left: BODY_DEPTH_MAX }
        .deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track))
        .map_err(|error| Problem::invalid(&track.path().to_string(), &error.to_string()))?;
    json.end().map_err(|error| Problem::invalid("", &error.to_string()))?;
    Ok(value)
}

/// Additional data: any JSON value, small and flat enough to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdditionalData(pub String);

impl<'de> Deserialize<'de> for AdditionalData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AdditionalData, D::Error> {
        let value = Strict { depth_left: ADDITIONAL_DATA_DEPTH_MAX }.deserialize(deserializer)?;
        let text = value.to_string();
        if text.len() > ADDITIONAL_DATA_BYTES_MAX {
            return Err(D::Error::custom("must have at most 4096 bytes"));
        }
        Ok(AdditionalData(text))
    }
}

/// An object and nothing else: what is derived would take a list of the members' values, too.
#[derive(Clone, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Object)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Reads a JSON value that names no member twice and is not nested too deep.
#[derive(Clone, Copy)]
struct Strict {
    depth_left: u8,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Strict, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("is nested too deep"))?;
        Ok(Strict { depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member `{name}` is there twice")));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}
