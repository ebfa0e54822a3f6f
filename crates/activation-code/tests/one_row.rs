//! One row of a code by itself, as the license desk is told it over the telephone.

mod common;

use activation_code::*;
use arbitrary::Unstructured;
use common::laws::{any_terms, possible_rows_are_right_and_differ};
use common::{example, rows, seeded, sign};
use proptest::prelude::*;

const CODES: u64 = 2_000;

/// Codes of every kind and length, the same in every run.
fn codes() -> impl Iterator<Item = ActivationCode> {
    (0..CODES).map(|seed| sign(&any_terms(&mut Unstructured::new(&seeded(seed, 300))).unwrap()))
}

/// Whole numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn other(&mut self, than: u8, alphabet: &[u8]) -> u8 {
        loop {
            let other = alphabet[self.below(alphabet.len())];
            if other != than {
                return other;
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mistake {
    Substitution,
    Swap,
    Omission,
    Extra,
}

const MISTAKES: [Mistake; 4] = [Mistake::Substitution, Mistake::Swap, Mistake::Omission, Mistake::Extra];

/// The row with a mistake anywhere; without one if no two neighbours differ.
fn mistyped(row: &[u8], mistake: Mistake, alphabet: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut row = row.to_vec();
    let at = chance.below(row.len());
    match mistake {
        Mistake::Substitution => row[at] = chance.other(row[at], alphabet),
        Mistake::Omission => drop(row.remove(at)),
        Mistake::Extra => row.insert(at, alphabet[chance.below(alphabet.len())]),
        Mistake::Swap => {
            let pairs: Vec<usize> = (1..row.len()).filter(|&i| row[i - 1] != row[i]).collect();
            if !pairs.is_empty() {
                let second = pairs[chance.below(pairs.len())];
                row.swap(second - 1, second);
            }
        }
    }
    row
}

fn symbols(row: &str) -> Vec<u8> {
    row.bytes().filter(u8::is_ascii_alphanumeric).collect()
}

/// As somebody types it: in one piece, or in groups behind its label.
fn typed(row: &[u8], label: Option<usize>) -> String {
    match label {
        None => String::from_utf8(row.to_vec()).unwrap(),
        Some(number) => {
            let groups: Vec<_> = row.chunks(5).map(|group| std::str::from_utf8(group).unwrap()).collect();
            format!("Row {number}) {}", groups.join(" "))
        }
    }
}

/// How many events away `meant` is among the possible rows, if it is.
fn found(text: &str, meant: &str, number: usize, rows: usize) -> Option<usize> {
    let typed = possible_rows(text).ok()?;
    let row = typed.iter().find(|row| row.letters == meant)?;
    assert_eq!((usize::from(row.row), row.last), (number, number == rows));
    Some(row.events)
}

/// What this row is as it stands.
fn as_it_stands(text: &str) -> String {
    let typed = possible_rows(text).unwrap();
    let row = typed.iter().next().unwrap();
    assert!(typed.faults().is_none() && row.repairs().is_empty() && row.events == 0);
    row.letters
}

/// Every row of every code by its number, as it is printed in letters and in digits, and
/// how many rows there are.
fn all_rows() -> impl Iterator<Item = (usize, String, String, usize)> {
    codes().flat_map(|code| {
        let (letters, digits) = (code.letters(), code.digits());
        let count = letters.len();
        (1..).zip(letters.into_iter().zip(digits)).map(move |(i, (letters, digits))| (i, letters, digits, count))
    })
}

#[test]
fn every_row_is_found_as_it_stands() {
    for (number, letters, digits, _) in all_rows() {
        for row in [&letters, &digits] {
            assert_eq!(as_it_stands(row), letters);
            assert_eq!(as_it_stands(&typed(&symbols(row), Some(number))), letters);
        }
    }
}

#[test]
fn every_row_of_letters_is_found_with_one_mistake() {
    let mut chance = Chance(1);
    for (i, (number, row, _, count)) in all_rows().enumerate() {
        let right = symbols(&row);
        for (j, mistake) in MISTAKES.into_iter().enumerate() {
            let wrong = mistyped(&right, mistake, ALPHABET, &mut chance);
            let text = typed(&wrong, ((i + j) % 2 == 0).then_some(number));
            // A swap may find no neighbours that differ.
            assert_eq!(found(&text, &row, number, count), Some(usize::from(wrong != right)), "{mistake:?}: {text}");
        }
    }
}

#[test]
fn every_row_of_digits_is_found_with_one_mistake() {
    let mut chance = Chance(2);
    for (i, (number, letters, row, count)) in all_rows().enumerate() {
        let right = symbols(&row);
        for mistake in [Mistake::Substitution, MISTAKES[i % 4]] {
            let wrong = mistyped(&right, mistake, b"0123456789", &mut chance);
            let text = typed(&wrong, (chance.below(2) == 0).then_some(number));
            assert_eq!(found(&text, &letters, number, count), Some(usize::from(wrong != right)), "{mistake:?}: {text}");
        }
    }
}

/// The search leaves no pair out, so this is no rate: every one is found.
#[test]
fn every_row_is_found_with_two_wrong_characters() {
    let mut chance = Chance(3);
    let mut most = 0;
    for code in codes() {
        let (letters, digits) = (code.letters(), code.digits());
        let number = 1 + chance.below(letters.len());
        let meant = &letters[number - 1];
        for (row, alphabet) in [(meant, &ALPHABET[..]), (&digits[number - 1], b"0123456789")] {
            let once = mistyped(&symbols(row), Mistake::Substitution, alphabet, &mut chance);
            let twice = mistyped(&once, Mistake::Substitution, alphabet, &mut chance);
            let text = typed(&twice, (chance.below(2) == 0).then_some(number));
            let events = found(&text, meant, number, letters.len());
            assert!(events.is_some_and(|events| events <= 2), "{text} for {row}");
            most = most.max(possible_rows(&text).unwrap().iter().count());
        }
    }
    assert!((200..500).contains(&most), "{most}");
}

#[test]
fn a_label_of_another_row_hides_nothing() {
    let letters = sign(&example()).letters();
    for (number, row) in (1..).zip(&letters) {
        for mistake in MISTAKES {
            let wrong = mistyped(&symbols(row), mistake, ALPHABET, &mut Chance(number as u64));
            let text = typed(&wrong, Some(number % letters.len() + 1));
            assert_eq!(found(&text, row, number, letters.len()), Some(1), "{text}");
        }
    }
}

#[test]
fn rows_at_the_labelled_place_come_first_and_fewer_events_before_more() {
    let row = sign(&example()).letters()[2].clone();
    let wrong = typed(&mistyped(&symbols(&row), Mistake::Omission, ALPHABET, &mut Chance(3)), None);
    for label in [None, Some(3), Some(4), Some(15)] {
        let text = label.map_or(wrong.clone(), |label| format!("{label}) {wrong}"));
        let typed = possible_rows(&text).unwrap();
        let order: Vec<_> = typed.iter().map(|row| (Some(row.row) != label, row.events)).collect();
        assert!(order.is_sorted(), "{order:?}");
        let labelled = order.iter().filter(|(elsewhere, _)| !elsewhere).count();
        assert_eq!(labelled > 0, label.is_some());
        assert!(order.iter().any(|order| order.0) && order.iter().any(|order| order.1 == 2));
    }
}

#[test]
fn a_letter_among_digits_is_a_mistake_like_another() {
    let code = sign(&example());
    let digits = code.digits()[1].replacen('8', "B", 1);
    assert_ne!(digits, code.digits()[1]);
    let typed = possible_rows(&digits).unwrap();
    let row = typed.iter().next().unwrap();
    assert_eq!((&row.letters, row.row, row.events), (&code.letters()[1], 2, 1));
    let [repair] = &row.repairs()[..] else { panic!() };
    assert!(repair.typed.contains('B') && repair.meant == repair.typed.replace('B', "8"));
}

#[test]
fn up_to_three_unreadable_letters_are_found_at_every_place() {
    let row = &sign(&example()).letters()[3];
    for unreadable in 1..=3 {
        let text = row.replace('6', "?").replacen('?', "6", row.matches('6').count() - unreadable);
        assert_eq!(found(&text, row, 4, 6), Some(unreadable), "{text}");
    }
    let faults = possible_rows("7G66? 0T3?X 64?X4 R6SR? 861EK").unwrap_err();
    assert_eq!(faults.reason(), Reason::UnknownCharacter);
}

#[test]
fn a_short_row_is_right_only_if_it_says_that_it_is_the_last() {
    for length in [2, 7, 12, 17] {
        let symbols: Vec<u8> = (0..length).map(|i| (i * 5 + 3) % 32).collect();
        let last = rows::row(1, 16 + 2, &symbols);
        assert!(matches!(read_row(&last, None), RowAnswer::Right { row: 2, last: true, .. }), "{last}");
        let goes_on = rows::row(1, 2, &symbols);
        assert!(matches!(read_row(&goes_on, None), RowAnswer::Wrong { .. }), "{goes_on}");
    }
}

#[test]
fn what_is_no_row_has_the_faults_that_reading_a_row_has() {
    let letters = sign(&example()).letters();
    for (text, reason) in [
        ("", Reason::Empty),
        ("dear desk, please find the code that I have lost", Reason::RowLength),
        (&letters[..2].join("\n"), Reason::RowLength),
        (&letters.join("\n"), Reason::RowLength),
        ("12", Reason::MissingGroup),
        (&"7".repeat(MAX_SYMBOLS + 1), Reason::TooLong),
    ] {
        let faults = possible_rows(text).unwrap_err();
        assert_eq!(faults.reason(), reason, "{text}");
        assert_eq!(read_row(text, None), RowAnswer::Wrong { faults, proposals: Vec::new() });
    }
}

/// The text of most possible rows that a search for one found, and the slowest.
#[test]
fn the_worst_texts_found_stay_within_the_bound() {
    for text in ["KKKSWWW00000KKKK11117777", "TTTFFEEE8000000000000022", &"0".repeat(24), &"0".repeat(25)] {
        let possible = possible_rows(text).unwrap().iter().count();
        assert!((600..MOST_POSSIBLE_ROWS * 3 / 4).contains(&possible), "{possible}");
        possible_rows_are_right_and_differ(text);
    }
}

#[test]
fn a_first_row_claims_what_its_code_says() {
    for code in codes() {
        let terms = code.unverified_terms();
        let claimed = Some(UnverifiedFirstRow { license: terms.license, revision: terms.revision });
        for (i, row) in code.letters().iter().enumerate() {
            assert_eq!(UnverifiedFirstRow::read(row), claimed.filter(|_| i == 0), "{row}");
        }
        assert_eq!(UnverifiedFirstRow::read(&code.digits()[0]), claimed);
        assert_eq!(UnverifiedFirstRow::read(&format!("Row 1) {}", code.letters()[0])), claimed);
    }
}

#[test]
fn a_first_row_of_no_code_claims_nothing() {
    let bytes = sign(&example()).as_bytes().to_vec();
    let first_row = |kind: u8, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        UnverifiedFirstRow::read(&rows::rows(kind, 30, &bytes)[0])
    };
    assert!(first_row(1, &|_| ()).is_some());
    assert_eq!(first_row(2, &|_| ()), None, "a row of a host request");
    assert_eq!(first_row(1, &|bytes| bytes[0] += 0x10), None, "version 2");
    assert_eq!(first_row(1, &|bytes| bytes[0] |= 0x0C), None, "kind 3");
    assert_eq!(first_row(1, &|bytes| bytes[4..8].fill(0)), None, "license 0");
    let short = &rows::rows(1, 5, &bytes)[0];
    assert!(read_row(short, Some(1)).is_right());
    assert_eq!(UnverifiedFirstRow::read(short), None, "a first row that is the last");
    assert_eq!(UnverifiedFirstRow::read(""), None);
    assert_eq!(UnverifiedFirstRow::read("20040-0E000-84G00-3X00H-7FRHV"), None, "a mistake");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_as_a_row_the_possible_rows_are_right(text in "[0-9A-Z?]{0,45}", label in "|[0-9]{1,2}\\) ") {
        possible_rows_are_right_and_differ(&format!("{label}{text}"));
    }

    #[test]
    fn whatever_digits_are_typed_the_possible_rows_are_right(text in "[0-9?B]{4,45}") {
        possible_rows_are_right_and_differ(&text);
    }

    #[test]
    fn any_text_is_looked_at_as_a_row(text in "\\PC{0,60}|(?s).{0,200}") {
        possible_rows_are_right_and_differ(&text);
        let _ = UnverifiedFirstRow::read(&text);
    }
}
