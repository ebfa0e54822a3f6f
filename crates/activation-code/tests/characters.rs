//! What each character counts as, and how many are looked at.

mod common;

use activation_code::*;
use common::{example, longest, sign};

/// What looks like a Latin letter of another script; I and O count as 1 and 0.
const LOOK_ALIKES: [(char, &str); 19] = [
    ('A', "АаΑα"),
    ('B', "ВвΒβ"),
    ('C', "Сс"),
    ('E', "ЕеΕε"),
    ('H', "НнΗ"),
    ('1', "ІіӀӏΙι"),
    ('J', "Јј"),
    ('K', "КкΚκ"),
    ('M', "МмΜ"),
    ('N', "Ν"),
    ('0', "ОоΟο"),
    ('P', "РрΡρ"),
    ('Q', "Ԛԛ"),
    ('S', "Ѕѕ"),
    ('T', "ТтΤτ"),
    ('V', "νѴѵUu"),
    ('W', "Ԝԝ"),
    ('X', "ХхΧχ"),
    ('Y', "УуΥυҮү"),
];

#[test]
fn letters_of_other_scripts_count_as_what_they_look_like() {
    let code = sign(&longest());
    let text = code.letters().join("\n");
    let last = [('Z', "Ζζ"), ('1', "LlIi"), ('0', "Oo")];
    for (latin, others) in LOOK_ALIKES.into_iter().chain(last) {
        assert!(text.contains(latin), "the code has no {latin}");
        for other in others.chars() {
            let typed = text.replace(latin, &other.to_string());
            assert_eq!(ActivationCode::read(&typed).as_ref(), Ok(&code), "{other} for {latin}");
        }
    }
}

#[test]
fn quotes_brackets_and_dashes_separate() {
    let code = sign(&example());
    let quotes = "´‘’‚‛“”„‟«»‹›\"'`()[]{}";
    let dashes = "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{2043}\u{2500}\u{30FC}\u{FE63}";
    for separator in quotes.chars().chain(dashes.chars()).chain("_.,/|*".chars()) {
        let typed = code.letters().join("\n").replace('-', &separator.to_string());
        assert_eq!(ActivationCode::read(&typed).as_ref(), Ok(&code), "{separator}");
    }
}

#[test]
fn a_row_that_begins_like_a_qr_code_is_a_row() {
    let codes = (1..).map(|number| sign(&Terms { license: LicenseNumber::new(number).unwrap(), ..example() }));
    let found = codes.take(20_000).find(|code| code.letters().iter().any(|row| row.starts_with("A1")));
    let code = found.expect("one row in a thousand begins so");
    assert_eq!(ActivationCode::read(&code.letters().join("\n")), Ok(code));
}

#[test]
fn what_begins_unlike_a_qr_code_is_none() {
    let text = sign(&example()).transport();
    assert!(ActivationCode::read(&text).is_ok());
    for begins in ["B1:", "A2:", "A1;", "1A:", ":1A", "A:1", "7) A1:"] {
        let other = text.replacen("A1:", begins, 1);
        assert!(ActivationCode::read(&other).is_err(), "{other}");
    }
}

fn reason(text: &str) -> Reason {
    ActivationCode::read(text).unwrap_err().reason()
}

#[test]
fn the_last_symbol_that_is_looked_at_is_looked_at_in_every_form() {
    let symbols = |count| "K".repeat(count);
    for (before, behind) in [("", ""), ("1) ", ""), ("A1:", ""), ("A1:\n", ""), ("A1:K\n", "\n")] {
        let first = before.matches('K').count();
        let most = MAX_SYMBOLS - first;
        assert_ne!(reason(&format!("{before}{}{behind}", symbols(most))), Reason::TooLong, "{before:?}");
        for more in [1, 2, 50] {
            let text = format!("{before}{}{behind}", symbols(most + more));
            assert_eq!(reason(&text), Reason::TooLong, "{before:?}, {more} more");
        }
    }
    // On several lines, of which one ends with the last.
    let half = symbols(MAX_SYMBOLS / 2);
    for before in ["A1:", ""] {
        assert_ne!(reason(&format!("{before}{half}\n{half}")), Reason::TooLong);
        assert_eq!(reason(&format!("{before}{half}\n{half}\nK")), Reason::TooLong);
    }
    assert_ne!(reason(&format!("1) {half}\n2) {half}")), Reason::TooLong);
    assert_eq!(reason(&format!("1) {half}\n2) {half}\n3) K")), Reason::TooLong);
    assert_ne!(reason(&"7) ".repeat(MAX_SYMBOLS)), Reason::TooLong);
    assert_eq!(reason(&"7) ".repeat(MAX_SYMBOLS + 1)), Reason::TooLong);

    let one = |text: &str| possible_rows(text).map(|_| ()).map_err(|faults| faults.reason());
    assert_ne!(one(&symbols(MAX_SYMBOLS)), Err(Reason::TooLong));
    assert_eq!(one(&symbols(MAX_SYMBOLS + 1)), Err(Reason::TooLong));
    let row = sign(&example()).letters().swap_remove(1);
    let padded = |length: usize| format!("{row}{}", " ".repeat(length - row.len()));
    assert_eq!(one(&padded(MAX_TEXT)), Ok(()));
    assert_eq!(one(&padded(MAX_TEXT + 1)), Err(Reason::TooLong));
}

fn found(text: &str) -> Vec<TypingFault> {
    let ReadFault::Typing(faults) = ActivationCode::read(text).unwrap_err() else { panic!("it is well typed") };
    faults.all().to_vec()
}

#[test]
fn what_follows_a_labelled_row_belongs_to_it_only_if_it_looks_like_its_rest() {
    let letters = sign(&example()).letters();
    let first = |begin: &str, follows: &str| {
        let rest = letters[1..].iter().zip(2..).map(|(row, number)| format!("{number}) {row}\n"));
        found(&format!("1) {begin}\n{follows}\n{}", rest.collect::<String>()))
    };
    let length = |found| TypingFault::MissingGroup { row: 1, found, wanted: 25 };
    let two_groups = &letters[0][..11];
    // Prose has longer words, and so does what is too short or too long to be the rest.
    assert_eq!(first(two_groups, "regards from the desk"), [length(10)]);
    assert_eq!(first(two_groups, "7"), [length(10)]);
    assert_eq!(first(two_groups, "77777 77777 77777 77777"), [length(10)]);
    let joined = first(two_groups, "77777 77777 77777");
    assert!(matches!(joined[..], [TypingFault::RowCheck { row: 1, .. }]), "{joined:?}");
}
