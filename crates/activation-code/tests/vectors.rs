//! The vectors of an independent implementation, in both directions.

mod common;

use activation_code::*;
use common::{File, TermsCase, day, hex, sign, vector_trust, vectors};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    terms: TermsCase,
    bytes: String,
    letters: Vec<String>,
    digits: Vec<String>,
}

#[test]
fn what_is_packed_and_signed_is_what_the_vectors_say() {
    let file: File<Accepted> = vectors("accept.json");
    for case in &file.cases {
        let code = sign(&case.terms.terms());
        assert_eq!(code.as_bytes(), hex(&case.bytes));
        assert_eq!(code.letters(), case.letters);
        assert_eq!(code.digits(), case.digits);
    }
}

#[test]
fn letters_digits_and_rows_of_both_read_as_the_terms() {
    let file: File<Accepted> = vectors("accept.json");
    for case in &file.cases {
        let terms = case.terms.terms();
        let accepts = |text: &str| {
            let license =
                vector_trust().verify(ActivationCode::read(text).unwrap_or_else(|e| panic!("{e}\n{text}"))).unwrap();
            assert_eq!(license.terms(), &terms);
            assert_eq!(license.code().as_bytes(), hex(&case.bytes));
        };
        accepts(&case.letters.join("\n"));
        accepts(&case.digits.join("\n"));
        accepts(&case.letters.concat());
        accepts(&case.digits.concat());
        accepts(&sign(&terms).transport());
        for pattern in 0..4 {
            let mixed = |label: bool| {
                let rows = case.letters.iter().zip(&case.digits).enumerate().map(|(i, (letters, digits))| {
                    let row = if (i + pattern) % 3 == 0 || i == pattern { digits } else { letters };
                    if label { format!("Row {}) {row}", i + 1) } else { row.clone() }
                });
                rows.collect::<Vec<_>>()
            };
            accepts(&mixed(false).join("\n"));
            accepts(&mixed(true).join("\n"));
            accepts(&mixed(true).join(" "));
            let mut backwards = mixed(true);
            backwards.reverse();
            accepts(&backwards.join("\n"));
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    why: String,
    text: String,
    #[serde(rename = "letters")]
    _letters: Option<Vec<String>>,
}

#[test]
fn nothing_that_must_be_refused_is_accepted_and_the_reason_is_right() {
    let file: File<Refused> = vectors("refuse.json");
    for case in &file.cases {
        let reason = match ActivationCode::read(&case.text) {
            Err(fault) => fault.reason(),
            Ok(code) => match vector_trust().verify(code) {
                Err(refusal) => refusal.reason(),
                Ok(license) => panic!("accepted: {:?}\n{}", license.terms(), case.text),
            },
        };
        let right: &[Reason] = match case.why.as_str() {
            "bad signature" => {
                &[Reason::BadSignature, Reason::UnknownIssuer, Reason::NotCanonical, Reason::NewerFormat]
            }
            "newer format" => &[Reason::NewerFormat],
            "not canonical" => &[Reason::NotCanonical],
            "for testing only" => &[Reason::ForTestingOnly],
            "another kind of code" => &[Reason::OtherKind],
            "row in the wrong place" => &[Reason::WrongRow],
            "last row missing" => &[Reason::LastRowMissing],
            "rows from different codes" => &[Reason::RowsFromDifferentCodes],
            other => panic!("an outcome that this runner does not know: {other}"),
        };
        assert!(right.contains(&reason), "{reason}, wanted {}\n{}", case.why, case.text);
    }
}

#[test]
fn codes_for_testing_are_accepted_where_the_trust_is_for_testing() {
    let file: File<Refused> = vectors("refuse.json");
    let trust = common::trust(Purpose::Testing, &[1, 2, 1023]);
    let mut seen = 0;
    for case in file.cases.iter().filter(|case| case.why == "for testing only") {
        let license = trust.verify(ActivationCode::read(&case.text).unwrap()).unwrap();
        assert!(license.standing(day("2026-11-22"), None).warnings.contains(&Warning::TestTrust));
        seen += 1;
    }
    assert_eq!(seen, 4);
}
