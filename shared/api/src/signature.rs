//! The header `signature` of the dialect `paycombat`: HMAC-SHA256 in lower-case hexadecimal, under the credential's
//! signature key, of `JSON.stringify` of the body. A client may sign another text of its body than the one it sends, so
//! the body counts also as JavaScript writes it after reading it.

use std::iter;
use std::mem;

use hmac::{Hmac, KeyInit, Mac};
use indexmap::IndexMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::credentials;

/// Whether `signature` is that of the body, as it was sent or in its [`canonical`] form. How long that takes does not tell
/// how much of a signature is right.
#[must_use]
pub fn verify(key: &[u8], raw_body: &[u8], signature: &str) -> bool {
    let signs = |body: &[u8]| sign(key, body).as_bytes().ct_eq(signature.as_bytes()).into();
    signs(raw_body) || canonical(raw_body).is_some_and(|body| signs(&body))
}

/// The signature of those very bytes.
#[must_use]
pub fn sign(key: &[u8], body: &[u8]) -> String {
    credentials::hex(&mac(key).chain_update(body).finalize().into_bytes())
}

pub(crate) fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// `JSON.stringify(JSON.parse(raw))` of JavaScript, to the byte; none if `JSON.parse` refuses it.
///
/// A member stands where its name came first and has the value that came last; members that are named like the index of
/// an array stand before all others, in ascending order. A number is the shortest text of the nearest double, and `null`
/// beyond all doubles. Characters stand for themselves, except `"`, `\`, controls and halves of a surrogate pair.
///
/// Takes linear time but for the sorting, and no stack, however deep the nesting.
#[must_use]
pub fn canonical(raw: &[u8]) -> Option<Vec<u8>> {
    let mut input = Input { rest: str::from_utf8(raw).ok()? };
    let mut closed = Closed::default();
    let mut open = Vec::new();
    loop {
        let mut value = if input.take('[') {
            if !input.take(']') {
                open.push(Open::Array(Vec::new()));
                continue;
            }
            closed.array(Vec::new())
        } else if input.take('{') {
            if !input.take('}') {
                open.push(Open::Object(IndexMap::new(), input.name()?));
                continue;
            }
            closed.object(IndexMap::new())
        } else {
            Part::Text(input.scalar()?)
        };
        // A value may be the last of what holds it, which may be the last of what holds that.
        loop {
            value = match open.pop() {
                None => return input.is_at_end().then(|| closed.write(value)),
                Some(Open::Array(mut elements)) => {
                    elements.push(value);
                    if input.take(',') {
                        open.push(Open::Array(elements));
                        break;
                    }
                    input.expect(']')?;
                    closed.array(elements)
                }
                Some(Open::Object(mut members, name)) => {
                    members.insert(name, value);
                    if input.take(',') {
                        open.push(Open::Object(members, input.name()?));
                        break;
                    }
                    input.expect('}')?;
                    closed.object(members)
                }
            };
        }
    }
}

/// An array or object whose end has not come yet.
enum Open {
    Array(Vec<Part>),
    /// Its members, and the name of the one that is being read. A name is kept as it is written, which says as much.
    Object(IndexMap<String, Part>, String),
}

/// A part of what is written.
enum Part {
    Text(String),
    /// An array or object, by its place in [`Closed`].
    Closed(usize),
}

/// The arrays and objects that were read to their ends, each as the parts that it is written of. They lie side by side:
/// nested values would be dropped by a recursion, and nested texts copied at every level.
#[derive(Default)]
struct Closed(Vec<Vec<Part>>);

impl Closed {
    fn array(&mut self, elements: Vec<Part>) -> Part {
        self.close('[', elements.into_iter().map(|element| (String::new(), element)), ']')
    }

    fn object(&mut self, mut members: IndexMap<String, Part>) -> Part {
        members.sort_by_cached_key(|name, _| {
            let index = array_index(name);
            (index.is_none(), index)
        });
        self.close('{', members.into_iter().map(|(name, value)| (name + ":", value)), '}')
    }

    fn close(&mut self, begin: char, values: impl Iterator<Item = (String, Part)>, end: char) -> Part {
        let mut parts = vec![Part::Text(begin.into())];
        for (nth, (label, value)) in values.enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            parts.extend([Part::Text(format!("{comma}{label}")), value]);
        }
        parts.push(Part::Text(end.into()));
        self.0.push(parts);
        Part::Closed(self.0.len().saturating_sub(1))
    }

    fn write(mut self, value: Part) -> Vec<u8> {
        let mut text = String::new();
        let mut ahead = vec![value];
        while let Some(part) = ahead.pop() {
            match part {
                Part::Text(part) => text.push_str(&part),
                Part::Closed(place) => {
                    let parts = self.0.get_mut(place).map(mem::take).unwrap_or_default();
                    ahead.extend(parts.into_iter().rev());
                }
            }
        }
        text.into_bytes()
    }
}

/// The index that a name spells: 0 to 2^32 - 2, without leading zeros.
fn array_index(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('"')?.strip_suffix('"')?;
    let index: u32 = digits.parse().ok()?;
    (index < u32::MAX && index.to_string() == digits).then_some(index)
}

/// What is left to read.
#[derive(Clone, Copy)]
struct Input<'a> {
    rest: &'a str,
}

impl<'a> Input<'a> {
    /// Whether that is the next token, which is then behind.
    fn take(&mut self, token: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: char) -> Option<()> {
        self.take(token).then_some(())
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn name(&mut self) -> Option<String> {
        self.expect('"')?;
        let name = self.text()?;
        self.expect(':')?;
        Some(name)
    }

    /// Whatever is neither array nor object, as it is written.
    fn scalar(&mut self) -> Option<String> {
        if self.take('"') {
            return self.text();
        }
        match self.until(|c| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.')) {
            word @ ("null" | "true" | "false") => Some(word.to_owned()),
            word => number(word),
        }
    }

    /// A text whose opening quote is behind, as it is written.
    fn text(&mut self) -> Option<String> {
        let mut text = String::from('"');
        loop {
            text.push_str(self.until(|c| matches!(c, '"' | '\\' | '\0'..='\x1f')));
            match self.character()? {
                '"' => return Some(text + "\""),
                '\\' => text.push_str(&escape(self.escaped()?)),
                _ => return None,
            }
        }
    }

    /// What follows a backslash: a character, or half of a surrogate pair whose other half does not follow.
    fn escaped(&mut self) -> Option<Result<char, u16>> {
        Some(Ok(match self.character()? {
            itself @ ('"' | '\\' | '/') => itself,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(),
            _ => return None,
        }))
    }

    fn unicode(&mut self) -> Option<Result<char, u16>> {
        let first = self.utf16()?;
        let mut ahead = *self;
        let second = (ahead.character() == Some('\\') && ahead.character() == Some('u')).then(|| ahead.utf16());
        let units = iter::once(first).chain(second.flatten());
        let read = char::decode_utf16(units).next()?.map_err(|lone| lone.unpaired_surrogate());
        if read.is_ok_and(|character| character.len_utf16() == 2) {
            *self = ahead;
        }
        Some(read)
    }

    fn utf16(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        // A number may have a sign, which does not belong here.
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    }

    fn character(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        self.rest = characters.as_str();
        Some(character)
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let (before, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        before
    }
}

/// How an escaped character or a lone half of a pair is written: as itself, if it can be.
fn escape(read: Result<char, u16>) -> String {
    match read {
        Ok('"') => r#"\""#.to_owned(),
        Ok('\\') => r"\\".to_owned(),
        Ok('\x08') => r"\b".to_owned(),
        Ok('\x0c') => r"\f".to_owned(),
        Ok('\n') => r"\n".to_owned(),
        Ok('\r') => r"\r".to_owned(),
        Ok('\t') => r"\t".to_owned(),
        Ok(control @ '\0'..='\x1f') => format!("\\u{:04x}", u32::from(control)),
        Ok(itself) => itself.into(),
        Err(half) => format!("\\u{half:04x}"),
    }
}

/// How a number is written; none if it is none.
fn number(word: &str) -> Option<String> {
    let (mantissa, exponent) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);

    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed =
        [whole, fraction, exponent].into_iter().all(is_digits) && (whole == "0" || !whole.starts_with('0'));
    let nearest: f64 = word.parse().ok().filter(|_| well_formed)?;
    Some(if nearest.is_finite() { ryu_js::Buffer::new().format_finite(nearest).to_owned() } else { "null".to_owned() })
}
