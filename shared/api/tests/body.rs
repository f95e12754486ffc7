//! Bodies: what is kept of them is what was sent.

use api::body::AdditionalData;
use api::{Body, Problem, time};
use serde_json::{Value, json};

/// Reading and writing a number must not end at the double beside it.
#[test]
fn a_fraction_is_kept_as_the_double_that_was_sent() {
    for text in ["0.12345678901234565", "0.12345678901213456", "-8.98e-306", "1e-7", "5e-324", "1.7976931348623157e308"]
    {
        let data: AdditionalData = serde_json::from_str(&format!("[{text}]")).unwrap();
        let kept: Vec<f64> = serde_json::from_str(&data.0).unwrap();
        assert_eq!(kept.first().map(|kept| kept.to_bits()), text.parse().ok().map(f64::to_bits), "{text}: {}", data.0);

        let body = Body::parse(json!({ "a": kept }).to_string().as_bytes()).unwrap();
        let again = Body::parse(body.read::<Value>().unwrap().to_string().as_bytes()).unwrap();
        assert!(again == body, "{text} reads otherwise when it was written again");
    }
}

#[test]
fn the_last_instant_before_1970_is_no_time() {
    assert_eq!(time::parse("1970-01-01T00:00:00Z"), Some(domain::Timestamp(0)));
    for text in ["1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01"] {
        assert_eq!(time::parse(text), None, "{text}");
    }
}

#[test]
fn a_member_of_a_query_is_one_value() {
    let read = |text| Body::of_query([("filters", text)]);
    assert!(read(r#" [{"type": "SPENT"}] "#).is_ok());
    for text in [r#"5,"amount":6"#, "5}", "", "[1", "1 2"] {
        assert_eq!(read(text), Err(Problem::invalid("filters", "must be JSON")), "{text}");
    }
}
