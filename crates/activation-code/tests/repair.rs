//! What people mistype: repaired to what was meant, or refused with a wrong row named.

mod common;

use activation_code::*;
use common::{File, example, sign, vector_trust, vectors};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistyped {
    events: Vec<Happened>,
    typed: Vec<String>,
    letters: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happened {
    event: String,
    row: u8,
}

#[test]
fn every_mistyped_vector_is_repaired_and_told_as_it_happened() {
    let file: File<Mistyped> = vectors("typing.json");
    for case in &file.cases {
        for text in [case.typed.join("\n"), case.typed.concat()] {
            let accepted = vector_trust().read(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(accepted.license.code().letters(), case.letters);
            assert!(!accepted.repairs.is_empty());
            for repair in &accepted.repairs {
                assert!(case.events.iter().any(|happened| happened.row == repair.row), "{repair:?}\n{text}");
            }
            if let ([happened], [repair]) = (case.events.as_slice(), accepted.repairs.as_slice()) {
                assert_eq!(happened.event, repair.event.name());
            }
        }
    }
}
