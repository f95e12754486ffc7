//! The canonical form of a body and its signature, held against what Node.js made of the documents of
//! `signature-vectors.jsonl`; `signature-vectors.mjs` writes that file.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test stops at whatever it does not expect")]

use api::signature::{canonical, verify};

/// The key of the signatures among the vectors.
const KEY: &[u8] = b"a key for the tests";

struct Vector {
    raw: String,
    canonical: Option<String>,
    signature: Option<String>,
}

fn vectors() -> impl Iterator<Item = Vector> {
    include_str!("signature-vectors.jsonl").lines().map(|line| {
        let mut members = serde_json::from_str::<Vec<Option<String>>>(line).unwrap().into_iter();
        let mut next = || members.next().flatten();
        Vector { raw: next().expect("a document"), canonical: next(), signature: next() }
    })
}

fn written(raw: &str) -> Option<String> {
    canonical(raw.as_bytes()).map(|text| String::from_utf8(text).unwrap())
}

#[test]
fn every_document_is_written_as_node_writes_it() {
    let (mut accepted, mut refused) = (0, 0);
    for vector in vectors() {
        assert_eq!(written(&vector.raw), vector.canonical, "{}", vector.raw);
        *if vector.canonical.is_some() { &mut accepted } else { &mut refused } += 1;
    }
    assert!(accepted >= 10_000 && refused >= 2_000, "{accepted} documents, {refused} refused");
}

#[test]
fn what_is_written_is_written_the_same_again() {
    for text in vectors().filter_map(|vector| vector.canonical) {
        assert_eq!(written(&text).as_ref(), Some(&text));
    }
}

#[test]
fn the_signature_of_node_is_good_for_what_it_read_and_what_it_wrote() {
    let mut count = 0;
    for vector in vectors() {
        let (Some(canonical), Some(signature)) = (vector.canonical, vector.signature) else { continue };
        assert!(verify(KEY, vector.raw.as_bytes(), &signature), "{}", vector.raw);
        assert!(verify(KEY, canonical.as_bytes(), &signature), "{canonical}");
        assert!(!verify(b"another key", vector.raw.as_bytes(), &signature));
        assert!(!verify(KEY, format!("[{}]", vector.raw).as_bytes(), &signature));
        count += 1;
    }
    assert!(count >= 200, "{count} signatures");
}

/// Made by `createHmac('sha256', 'key').update(body).digest('hex')` of Node.js.
#[test]
fn the_bytes_that_were_sent_can_be_signed_whatever_they_are() {
    let spaced = (&br#"{ "b": 1, "1": 2 }"#[..], "d2dfcb2f19ec52d1a1dee2d91ac7d3f1891102ba1a2488d43a09097330c20dd1");
    let compact = (&br#"{"1":2,"b":1}"#[..], "772e38579f0082d26ec5a89fd181f9f20fb6bdfeafcd91d75c4c1f4bd42e926d");
    let no_json = (&b"no JSON"[..], "1de2e20bf3e0d2df926fe225fed22590f629f293e81226fcd1c25ce8aabb6a14");
    let no_text = (&b"\xff\xfe"[..], "491f1abad6b55bf1cac88aa1357e26f61e3d9bcf43a3dbd63b7c9322175b7039");
    let empty = (&b""[..], "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0");
    let all = [spaced, compact, no_json, no_text, empty];
    for (signed, signature) in all {
        for (body, _) in all {
            let is_good = body == signed || (body == spaced.0 && signed == compact.0);
            assert_eq!(verify(b"key", body, signature), is_good, "{signature} for {body:?}");
        }
    }
}

#[test]
fn a_signature_has_one_spelling() {
    let (body, signature) =
        (&br#"{"1":2,"b":1}"#[..], "772e38579f0082d26ec5a89fd181f9f20fb6bdfeafcd91d75c4c1f4bd42e926d");
    assert!(verify(b"key", body, signature));
    for wrong in ["", &signature[..63], &signature.to_uppercase(), &format!("{signature}0"), &format!(" {signature}")] {
        assert!(!verify(b"key", body, wrong), "{wrong}");
    }
}

#[test]
fn what_is_no_utf_8_is_no_json() {
    for raw in [&b"\"\xff\""[..], b"\"\xed\xa0\x80\"", b"\xef\xbb\xbf{}", b"{}\xc3", b"\"\xc0\x80\""] {
        assert_eq!(canonical(raw), None, "{raw:?}");
    }
}

#[test]
fn neither_depth_nor_length_is_a_danger() {
    const MANY: usize = 100_000;
    for (begin, inner, end) in [("[", "", "]"), (r#"{"b":1,"0":"#, "{}", "}"), ("[0,", "1", ",2]")] {
        let raw = [begin.repeat(MANY), inner.to_owned(), end.repeat(MANY)].concat();
        assert!(written(&raw).is_some(), "{begin} {MANY} times");
        assert_eq!(written(raw.strip_suffix(end).unwrap()), None, "{begin} {MANY} times without its end");
    }
    let members: Vec<_> = (0..MANY).rev().map(|nth| format!(r#""{nth}":{nth}"#)).collect();
    let ascending: Vec<_> = members.iter().rev().cloned().collect();
    let object = |members: Vec<String>| format!("{{{}}}", members.join(","));
    assert_eq!(written(&object(members)), Some(object(ascending)));
    assert_eq!(written(&format!("[{}]", "1".repeat(MANY))).as_deref(), Some("[null]"));
    assert_eq!(written(&format!("\"{}", r"\ud83d".repeat(MANY))), None);
}
