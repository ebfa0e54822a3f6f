//! What people mistype: repaired to what was meant, or refused with a wrong row named.

mod common;

use activation_code::*;
use common::laws::{reading_never_accepts_what_is_not_signed, search_stays_within_its_bounds};
use common::{File, example, sign, trust, vector_trust, vectors};
use ed25519_dalek::Signer;
use proptest::prelude::*;
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

#[test]
fn without_repairs_every_mistyped_vector_is_refused_with_a_wrong_row_named() {
    let file: File<Mistyped> = vectors("typing.json");
    for case in &file.cases {
        let Err(ReadFault::Typing(faults)) = ActivationCode::read(&case.typed.join("\n")) else { panic!() };
        let named = faults.places();
        assert!(named.iter().any(|place| case.events.iter().any(|happened| happened.row == place.row)), "{faults}");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    why: String,
    text: String,
    letters: Option<Vec<String>>,
}

#[test]
fn what_must_be_refused_is_repaired_only_to_the_code_that_was_meant() {
    let file: File<Refused> = vectors("refuse.json");
    let mut repaired = 0;
    for case in &file.cases {
        let reason = match vector_trust().read(&case.text) {
            Ok(accepted) => {
                assert_eq!(Some(accepted.license.code().letters()), case.letters, "{}\n{}", case.why, case.text);
                assert!(!accepted.repairs.is_empty());
                repaired += 1;
                continue;
            }
            Err(rejected) => rejected.obstacle.reason(),
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
    assert!(repaired >= 4, "rows in the wrong place are put right: {repaired}");
}

fn rows() -> Vec<String> {
    sign(&example()).letters()
}

/// The repairs of a text that is the example after them.
fn repairs(text: &str) -> Vec<Repair> {
    let accepted = vector_trust().read(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(accepted.license.terms(), &example());
    accepted.repairs
}

/// The repairs of the example with its row 3 replaced by this.
fn repairs_of_row_3(row: &str) -> Vec<Repair> {
    let mut rows = rows();
    assert_eq!(rows[2], "6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM");
    rows[2] = row.into();
    repairs(&rows.join("\n"))
}

fn repair(row: u8, group: u8, typed: &str, meant: &str, event: Event) -> Repair {
    Repair { row, group: Some(group), typed: typed.into(), meant: meant.into(), event }
}

#[test]
fn what_is_typed_right_needs_no_repair() {
    assert_eq!(repairs(&rows().join("\n")), []);
}

#[test]
fn every_event_in_letters_is_told_by_its_name() {
    let told = |row: &str, typed: &str, meant: &str, group, event| {
        assert_eq!(repairs_of_row_3(row), [repair(3, group, typed, meant, event)], "{row}");
    };
    told("6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZN", "XG6ZN", "XG6ZM", 5, Event::Substitution);
    told("6nkmy-ngsng-1pf2g-n3zg3-xg6zm", "6nkmy", "6NJMY", 1, Event::Substitution);
    told("6NJMY-NGSNG-1P2FG-N3ZG3-XG6ZM", "1P2FG", "1PF2G", 3, Event::Swap);
    told("6NJMY-NSGNG-1PF2G-N3ZG3-XG6ZM", "NSGNG", "NGSNG", 2, Event::Swap);
    told("6NJMY-NGSNG-12FPG-N3ZG3-XG6ZM", "12FPG", "1PF2G", 3, Event::Jump);
    told("6NJMY-NGSNG-1PF2G-N3Z3-XG6ZM", "N3Z3", "N3ZG3", 4, Event::Omission);
    told("6NJMY-NGSNG-1PFF2G-N3ZG3-XG6ZM", "1PFF2G", "1PF2G", 3, Event::Extra);
    told("6NJMY-NGSNG-1P?2G-N3ZG3-XG6ZM", "1P?2G", "1PF2G", 3, Event::Unreadable);
    told("6NJMY-NGSNG-FP12G-N3ZG3-XG6ZM", "FP12G", "1PF2G", 3, Event::Jump);
    told("6NJMY-NGSNG-PF21G-N3ZG3-XG6ZM", "PF21G", "1PF2G", 3, Event::Moved);
    assert_eq!(
        repairs_of_row_3("6NJMY-1PF2G-NGSNG-N3ZG3-XG6ZM"),
        [repair(3, 2, "1PF2G", "NGSNG", Event::GroupSwap), repair(3, 3, "NGSNG", "1PF2G", Event::GroupSwap)]
    );
    assert_eq!(
        repairs_of_row_3("6NJMN-YGSNG-1PF2G-N3ZG3-XG6ZM"),
        [repair(3, 1, "6NJMN", "6NJMY", Event::Swap), repair(3, 2, "YGSNG", "NGSNG", Event::Swap)]
    );
    let mut rows = rows();
    rows[0] = rows[0].replace("84G00", "84GYY");
    assert_eq!(repairs(&rows.join("\n")), [repair(1, 3, "84GYY", "84G00", Event::Twin)]);
}

#[test]
fn up_to_three_mistakes_in_each_row_are_repaired() {
    for row in [
        "6NJMX-NGSNG-1PF2G-N3ZG3-XG6ZN",
        "6NJYM-NGSNG-1PF2-N3ZG3-XG6ZM",
        "6NJMY-NGSNG-11PF2G-N3ZG3-XG6Z",
        "??JMY-NGSNG-1PF2G-N3ZG3-XG6Z?",
        "??JMY-?GSNG-1P?2G-N3ZG3-XG6Z?",
        "6NJM?-NGSNG-1PF2G-3NZG3-XG6ZN",
        "6NJM-GSNG-1PF2G-N3ZG3-XG6Z",
        "66NJMY-NNGSNG-1PF22G-N3ZG3-XG6ZM",
        "6NJMX-NGSNH-1PF2G-N3ZG4-XG6ZM",
    ] {
        let repairs = repairs_of_row_3(row);
        assert!(repairs.iter().all(|repair| repair.row == 3) && repairs.len() <= 5, "{repairs:?}");
    }
}

#[test]
fn digits_are_repaired_and_told_as_digits() {
    let digits = sign(&example()).digits();
    let with = |row: usize, text: &str| {
        let mut rows = rows();
        rows[row] = text.into();
        repairs(&rows.join("\n"))
    };
    let right = digits[1].clone();
    assert_eq!(with(1, &right), []);
    let groups: Vec<&str> = right.split(' ').collect();
    let group = groups[2].to_string();
    let replaced = |typed: &str| right.replacen(&group, typed, 1);
    let other = |at: usize| char::from(b'0' + (group.as_bytes()[at] - b'0' + 3) % 10);
    let mut typed = group.clone();
    typed.replace_range(1..2, &other(1).to_string());
    assert_eq!(with(1, &replaced(&typed)), [repair(2, 3, &typed, &group, Event::Substitution)]);
    let mut typed = group.clone();
    typed.replace_range(1..3, "??");
    assert_eq!(with(1, &replaced(&typed)), [repair(2, 3, &typed, &group, Event::Unreadable)]);
    for at in 0..5 {
        let mut left_out = group.clone();
        left_out.remove(at);
        let told = with(1, &replaced(&left_out));
        assert!(matches!(told.as_slice(), [Repair { row: 2, event: Event::Omission, .. }]), "{told:?}");
        let mut added = group.clone();
        added.insert(at, '7');
        let told = with(1, &replaced(&added));
        assert!(matches!(told.as_slice(), [Repair { row: 2, event: Event::Extra, .. }]), "{told:?}");
    }
    // Two mistakes, and a row in letters with one.
    let mut rows = rows();
    rows[1] = replaced(&group.chars().rev().collect::<String>());
    rows[4] = rows[4].replace("V031W", "V03IV");
    assert!(repairs(&rows.join("\n")).iter().any(|repair| repair.row == 5));
}

#[test]
fn rows_in_other_places_are_put_right_and_told() {
    let mut rows = rows();
    rows.swap(1, 4);
    let told = repairs(&rows.join("\n"));
    let plain = |row: &str| row.replace('-', "");
    assert_eq!(
        told.iter().map(|r| (r.row, r.group, r.typed.clone(), r.meant.clone(), r.event)).collect::<Vec<_>>(),
        [
            (2, None, plain(&rows[1]), plain(&rows[4]), Event::WrongRow),
            (5, None, plain(&rows[4]), plain(&rows[1]), Event::WrongRow),
        ]
    );
    // With labels that are wrong, and a mistake in each of the two.
    rows[1] = rows[1].replace("V031W", "V013W");
    rows[4] = rows[4].replace("9CK4J", "9CKJ");
    let labelled: Vec<String> = rows.iter().zip(1..).map(|(row, i)| format!("Row {i}) {row}")).collect();
    let told = repairs(&labelled.join("\n"));
    assert!(told.contains(&repair(5, 2, "V013W", "V031W", Event::Swap)), "{told:?}");
    assert!(told.contains(&repair(2, 3, "9CKJ", "9CK4J", Event::Omission)), "{told:?}");
}

#[test]
fn a_row_typed_twice_is_dropped() {
    let mut twice = rows();
    twice.insert(3, twice[2].clone());
    assert!(repairs(&twice.join("\n")).iter().any(|repair| repair.event == Event::Extra));
    twice[3] = twice[3].replace("1PF2G", "1PF2H");
    assert!(repairs(&twice.join("\n")).iter().any(|repair| repair.event == Event::Extra));
}

#[test]
fn a_last_row_of_one_group_is_made_anew() {
    // The name fills 36 groups but for the last row's checks.
    let letters = (1..40)
        .map(|length| sign(&Terms { holder: Holder::new(&"x".repeat(length)).ok(), ..example() }).letters())
        .find(|rows| rows.last().is_some_and(|row| row.len() == 5))
        .expect("some code ends in a row of one group");
    let (last, before) = letters.split_last().unwrap();
    let number = letters.len() as u8;
    let accepted = vector_trust().read(&before.join("\n")).unwrap();
    assert_eq!(accepted.license.code().letters(), letters);
    assert_eq!(accepted.repairs, [repair(number, 1, "", last, Event::Omission)]);
    let mut rows = before.to_vec();
    rows[1] = rows[1].replacen(char::is_alphanumeric, "", 1);
    rows.push("ZZZZZ".into());
    let accepted = vector_trust().read(&rows.join("\n")).unwrap();
    assert_eq!(accepted.license.code().letters(), letters);
}

#[test]
fn keyboards_of_other_countries_are_recognised() {
    for keys in ["YZ", "AQZW"] {
        let keys: Vec<char> = keys.chars().collect();
        let other = |c: char| keys.iter().position(|&key| key == c).map_or(c, |i| keys[i ^ 1]);
        let typed: String = rows().join("\n").chars().map(other).collect();
        let told = repairs(&typed);
        assert!(told.len() > 1 && told.iter().all(|repair| repair.event == Event::KeyboardLayout), "{told:?}");
    }
}

#[test]
fn another_keyboard_shows_in_two_rows_and_not_in_one() {
    let concerned = |code: &ActivationCode| code.letters().iter().filter(|row| row.contains(['Y', 'Z'])).count();
    let codes = (1..).map(|number| sign(&Terms { license: LicenseNumber::new(number).unwrap(), ..example() }));
    let of = |rows| codes.clone().take(50_000).find(|code| concerned(code) == rows).expect("one code in some hundreds");
    for (rows, keyboard) in [(1, false), (2, true), (3, true)] {
        let code = of(rows);
        let typed = code.letters().join("\n").replace('Y', "y").replace('Z', "Y").replace('y', "Z");
        let (first, _) = propose(&typed, &mut |bytes| bytes == code.as_bytes());
        let repairs = first.map(|proposal| proposal.repairs).unwrap_or_default();
        assert_eq!(repairs.iter().any(|it| it.event == Event::KeyboardLayout), keyboard, "{typed}: {repairs:?}");
    }
}

#[test]
fn one_string_with_mistakes_is_aligned_over_its_rows() {
    let text = rows().concat().replace('-', "");
    for (omitted, added) in [(3, 140), (30, 31), (140, 3), (75, 75), (24, 100)] {
        let mut typed = text.clone();
        typed.remove(omitted);
        typed.insert(added, 'Q');
        assert!(!repairs(&typed).is_empty());
        let mut shorter = text.clone();
        shorter.remove(omitted);
        assert!(matches!(repairs(&shorter).as_slice(), [Repair { event: Event::Omission, .. }]));
    }
    // A line that ends one character too late is no mistake.
    let mut lines = rows().concat().replace('-', "");
    for at in [125, 101, 75, 49, 25] {
        lines.insert(at, '\n');
    }
    assert_eq!(repairs(&lines), []);
    // The same as one string of digits.
    let mut digits = sign(&example()).digits().concat().replace(' ', "");
    digits.remove(97);
    assert!(matches!(repairs(&digits).as_slice(), [Repair { row: 3, event: Event::Omission, .. }]));
}

#[test]
fn a_repaired_code_is_refused_for_what_it_is() {
    let text = |terms: &Terms| sign(terms).letters().join("\n").replacen("0E000", "0E0O8", 1);
    let test = Terms { test: true, ..example() };
    let rejected = vector_trust().read(&text(&test)).unwrap_err();
    assert_eq!(rejected.obstacle, Obstacle::Refused(Refusal::ForTestingOnly));
    assert_eq!(rejected.code.unwrap().unverified_terms(), &test);
    assert_eq!(rejected.repairs.len(), 1);
    assert!(trust(Purpose::Testing, &[1]).read(&text(&test)).is_ok());

    // A number that the trust has not, signed by its only key.
    let rejected = trust(Purpose::Production, &[2]).read(&text(&example())).unwrap_err();
    assert_eq!(rejected.obstacle.reason(), Reason::UnknownIssuer);

    // Nobody that we know has signed it: then the typing is what is wrong.
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let payload = example().to_payload().unwrap();
    let code = ActivationCode::from_parts(&payload, &stranger.sign(&signed_message(&payload)).to_bytes()).unwrap();
    let rejected = vector_trust().read(&code.letters().join("\n").replacen("0E000", "0E0O8", 1)).unwrap_err();
    assert_eq!(rejected.obstacle.reason(), Reason::RowCheck);
    assert_eq!((rejected.code, rejected.repairs), (None, vec![]));
}

#[test]
fn a_newer_format_is_told_through_a_mistake() {
    let file: File<Refused> = vectors("refuse.json");
    let newer = file.cases.iter().filter(|case| case.why == "newer format");
    for case in newer {
        let mut text = case.text.clone();
        let last = text.pop().unwrap();
        text.push(if last == '7' { '8' } else { '7' });
        let rejected = vector_trust().read(&text).unwrap_err();
        assert_eq!(rejected.obstacle.reason(), Reason::NewerFormat);
        assert_eq!(rejected.repairs.len(), 1);
    }
}

/// Whatever surrounds, breaks or spells the rows: the code is read, as it was typed.
#[test]
fn a_code_is_read_in_every_form() {
    let letters = rows();
    let digits = sign(&example()).digits();
    let labelled = |label: &dyn Fn(usize) -> String, rows: &[String]| -> String {
        rows.iter().zip(1..).map(|(row, i)| format!("{}{row}\n", label(i))).collect()
    };
    let mut forms = vec![
        letters.join("\n"),
        letters.join("\r\n"),
        letters.join(" "),
        letters.concat(),
        letters.join("\n").replace('-', ""),
        letters.join("\n").replace('-', " – "),
        letters.join("\n").to_lowercase(),
        letters.join("\n").replace('0', "O").replace('1', "l"),
        letters.join("\n").replace('0', "０").replace('7', "７").replace('A', "Ａ"),
        letters.join("\n").replace('7', "٧").replace('E', "Е").replace('H', "Η"),
        letters.join("\n").replace('-', "\u{AD}-\u{200B}"),
        format!("\u{FEFF}{}", letters.join("\n")),
        format!("# Product 7, 250 units\n{}\n# end", letters.join("\n")),
        labelled(&|_| "> > ".into(), &letters),
        labelled(&|i| format!("{i}) "), &letters),
        labelled(&|i| format!("{i})"), &letters),
        labelled(&|i| format!("Row {i}) "), &letters),
        labelled(&|i| format!("row {i}. "), &letters),
        labelled(&|i| format!("> ROW {i}: "), &letters),
        labelled(&|i| format!("Row {i}) "), &letters).replace('\n', "  "),
        labelled(&|i| format!("Row {i}) "), &digits),
        digits.join("\n"),
        digits.concat(),
        sign(&example()).transport(),
        format!("> {}", sign(&example()).transport()),
        format!(
            "Dear Ms Larsen,\n\nthank you for order 10) 4711 of 2026-11-22. Your code:\n\n{}\nPlease call +47 22 33 44 55 with questions.\n\nKind regards\n",
            labelled(&|i| format!("  Row {i}) "), &letters)
        ),
        format!(
            "Your code is below (1) and the terms (2) apply.\n\nA1:{}\n\nRegards",
            letters.concat().replace('-', "")
        ),
    ];
    let mixed: Vec<String> = (0..6).map(|i| if i % 2 == 0 { letters[i].clone() } else { digits[i].clone() }).collect();
    forms.push(mixed.join("\n"));
    forms.push(labelled(&|i| format!("Row {i}) "), &mixed));
    // Wrapped at any column.
    for column in 6..40 {
        let wrap = |text: &str| {
            text.as_bytes().chunks(column).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>()
        };
        forms.push(wrap(&letters.concat().replace('-', "")).join("\n"));
        forms.push(wrap(&sign(&example()).transport()).join("\n> "));
        let labels: Vec<String> = letters.iter().zip(1..).map(|(row, i)| format!("{i}) {row}")).collect();
        forms.push(labels.iter().map(|row| wrap(row).join("\n")).collect::<Vec<_>>().join("\n"));
    }
    for form in forms {
        let accepted = vector_trust().read(&form).unwrap_or_else(|e| panic!("{e}\n{form}"));
        assert_eq!(accepted.license.terms(), &example());
        assert_eq!(accepted.repairs, [], "{form}");
    }
}

#[test]
fn mistakes_are_repaired_in_every_form() {
    let mut letters = rows();
    letters[3] = letters[3].replace("645X4", "64SX4");
    let labels: String = letters.iter().zip(1..).map(|(row, i)| format!("> {i}) {row}\n")).collect();
    for form in [
        labels.clone(),
        labels.replace("> ", " "),
        format!("Hello,\nhere it is:\n\n{labels}\nRegards,\nEve"),
        format!("A1:{}", letters.concat().replace('-', "")),
        labels.replace("N3ZG3-XG6ZM", "\n  N3ZG3-XG6ZM"),
        labels.replace("R6SRN-861EK", "\n  R6SRN-861EK"),
        letters.concat(),
        letters.join("\n").replacen("SBXV8-F7K7R-", "SBXV8-F7K7R-\n", 1),
    ] {
        assert_eq!(repairs(&form), [repair(4, 3, "64SX4", "645X4", Event::Substitution)], "{form}");
    }
}

#[test]
fn a_row_by_itself_is_answered_at_once() {
    let rows = rows();
    for (row, number) in rows.iter().zip(1..) {
        let right = RowAnswer::Right { row: number, last: number == 6, letters: row.clone() };
        assert_eq!(read_row(row, Some(number)), right);
        assert_eq!(read_row(&format!("Row {number}) {row}"), None), right);
        // In another place it is still itself.
        assert_eq!(read_row(row, Some(2)), right);
    }
    for (digits, (letters, number)) in sign(&example()).digits().iter().zip(rows.iter().zip(1..)) {
        let right = RowAnswer::Right { row: number, last: number == 6, letters: letters.clone() };
        assert_eq!(read_row(digits, Some(number)), right);
    }
    let RowAnswer::Wrong { faults, proposals } = read_row("6NJMY NGSGN 1PF2G N3ZG3 XG6ZM", Some(3)) else { panic!() };
    assert_eq!(faults.reason(), Reason::CharactersSwapped);
    assert_eq!(faults.places(), [RowGroup { row: 3, group: Some(2) }]);
    let [proposal] = proposals.as_slice() else { panic!("{proposals:?}") };
    assert_eq!((proposal.letters.as_str(), proposal.sureness), (rows[2].as_str(), Sureness::Likely));
    assert_eq!(proposal.repairs, [repair(3, 2, "NGSGN", "NGSNG", Event::Swap)]);

    // Two mistakes: some proposals, none of them sure.
    let RowAnswer::Wrong { proposals, .. } = read_row("6NJMY NGSGN 1PF2G N3ZG3 XG6ZN", Some(3)) else { panic!() };
    assert!((1..=5).contains(&proposals.len()));
    assert!(proposals.iter().all(|proposal| proposal.sureness == Sureness::Possible));

    assert_eq!(read_row("", Some(1)), read_row("  - ", None));
    let RowAnswer::Wrong { faults, proposals } = read_row("6NJMY", Some(3)) else { panic!() };
    assert_eq!((faults.reason(), proposals.len()), (Reason::MissingGroup, 0));
}

/// One mistake, as people make them.
#[derive(Clone, Copy, Debug)]
enum Mistake {
    Substitution(u8),
    Swap,
    Jump,
    GroupSwap,
    Omission,
    Extra(u8),
    Unreadable,
}

fn mistakes() -> impl Strategy<Value = Mistake> {
    prop_oneof![
        (0u8..32).prop_map(Mistake::Substitution),
        Just(Mistake::Swap),
        Just(Mistake::Jump),
        Just(Mistake::GroupSwap),
        Just(Mistake::Omission),
        (0u8..32).prop_map(Mistake::Extra),
        Just(Mistake::Unreadable),
    ]
}

fn mistyped(row: &str, mistake: Mistake, at: usize) -> String {
    let mut symbols: Vec<char> = row.chars().filter(|&c| c != '-').collect();
    let at = at % symbols.len();
    let other = |value: u8| char::from(ALPHABET[usize::from(value)]);
    let last = symbols.len() - 1;
    match mistake {
        Mistake::Substitution(value) => symbols[at] = other(value),
        Mistake::Swap => symbols.swap(at, (at + 1).min(last)),
        Mistake::Jump => symbols.swap(at, if at + 2 > last { at } else { at + 2 }),
        Mistake::GroupSwap => (0..5).for_each(|i| symbols.swap(i, i + symbols_group(at, last))),
        Mistake::Omission => drop(symbols.remove(at)),
        Mistake::Extra(value) => symbols.insert(at, other(value)),
        Mistake::Unreadable => symbols[at] = '?',
    }
    symbols.into_iter().collect()
}

/// Where the group at this symbol starts.
fn symbols_group(at: usize, last: usize) -> usize {
    (at / 5 * 5).min(last + 1 - 5)
}

fn codes() -> impl Strategy<Value = ActivationCode> {
    (1u32..1 << 28, 1u32..1 << 24, 0i32..20_000, proptest::option::of(0u32..=u32::MAX)).prop_map(
        |(license, units, first, host)| {
            let day = |days| Day::from_days_since_2020(days).unwrap();
            sign(&Terms {
                license: LicenseNumber::new(license).unwrap(),
                units: Units::new(units).unwrap(),
                period: MaintenancePeriod::new(day(first), day(first + 364)).unwrap(),
                issued: day(first),
                host: host.map(HostId),
                ..example()
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_one_event_in_any_row_of_any_code_is_repaired(
        code in codes(), row in 0usize..8, at in 0usize..25, mistake in mistakes(), in_digits in any::<bool>(),
    ) {
        let mut rows = code.letters();
        let row = row % rows.len();
        let meant = rows[row].replace('-', "");
        rows[row] = mistyped(&rows[row], mistake, at);
        // Groups exchanged make another right row once in 32,768: then nothing says which row is wrong.
        prop_assume!(rows[row] == meant || !read_row(&rows[row], Some(row as u8 + 1)).is_right());
        if in_digits {
            let digits = code.digits();
            (0..rows.len()).filter(|&other| other != row).for_each(|other| rows[other] = digits[other].clone());
        }
        let accepted = vector_trust().read(&rows.join("\n")).map_err(|e| TestCaseError::fail(format!("{e}")))?;
        prop_assert_eq!(accepted.license.code(), &code);
        prop_assert!(accepted.repairs.iter().all(|repair| usize::from(repair.row) == row + 1));
    }

    #[test]
    fn any_three_events_are_repaired_or_a_wrong_row_is_named(
        code in codes(), events in prop::collection::vec((0usize..8, 0usize..25, mistakes()), 3),
    ) {
        let meant = code.letters();
        let mut rows = meant.clone();
        for (row, at, mistake) in events {
            let row = row % rows.len();
            rows[row] = mistyped(&rows[row], mistake, at);
        }
        match vector_trust().read(&rows.join("\n")) {
            Ok(accepted) => prop_assert_eq!(accepted.license.code(), &code),
            Err(Rejected { obstacle: Obstacle::Read(ReadFault::Typing(faults)), .. }) => {
                let wrong = |number: u8| rows.get(usize::from(number) - 1).map(|row| row.replace('-', ""))
                    != meant.get(usize::from(number) - 1).map(|row| row.replace('-', ""));
                prop_assert!(faults.places().iter().any(|place| wrong(place.row)), "{}", faults);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn whatever_is_typed_nothing_unsigned_is_accepted(text in "[0-9A-Z ?)\n-]{0,300}") {
        reading_never_accepts_what_is_not_signed(&text);
    }

    #[test]
    fn whatever_is_done_to_a_code_nothing_unsigned_is_accepted(
        code in codes(), cuts in prop::collection::vec((0usize..200, 0usize..6, "[0-9A-Z?\n)]{0,4}"), 1..6),
    ) {
        let mut text = code.letters().join("\n");
        for (at, length, instead) in cuts {
            let at = at % text.len();
            text.replace_range(at..(at + length).min(text.len()), &instead);
        }
        reading_never_accepts_what_is_not_signed(&text);
    }

    #[test]
    fn a_row_by_itself_never_proposes_a_wrong_row(text in "[0-9A-Z?]{0,45}", number in 0u8..20) {
        if let RowAnswer::Wrong { proposals, .. } = read_row(&text, Some(number)) {
            for proposal in proposals {
                let right = RowAnswer::Right { row: number, last: proposal.last, letters: proposal.letters.clone() };
                prop_assert_eq!(read_row(&proposal.letters, None), right);
            }
        }
    }
}

/// The texts that took longest in a search for slow ones: they stay within the bounds.
#[test]
fn the_slowest_texts_found_stay_within_the_bounds() {
    let noise = |seed: u64, count: usize, alphabet: &[u8]| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        (0..count).map(|_| char::from(alphabet[next() % alphabet.len()])).collect()
    };
    let zeros = "0".repeat(25);
    let mut texts = vec![
        vec![zeros.clone(); 6].join("\n"),
        vec![zeros.clone(); 15].join("\n"),
        vec!["0".repeat(24); 15].join("\n"),
        vec!["0".repeat(26); 7].join("\n"),
        vec!["0".repeat(40); 6].join("\n"),
        "0".repeat(151),
        "0".repeat(241),
        vec![format!("???{}", "0".repeat(22)); 6].join("\n"),
        vec![format!("??{}", "Z".repeat(22)); 15].join("\n"),
        vec!["1?2?3?4?5".repeat(4); 6].join("\n"),
        (1..=15).map(|i| format!("{i}) {}\n", "0".repeat(24))).collect(),
        "?".repeat(150),
        "?".repeat(MAX_SYMBOLS),
        "0".repeat(MAX_SYMBOLS),
        "1)".repeat(300),
    ];
    for seed in 0..4 {
        for (rows, width) in
            [(6, 25), (7, 24), (7, 23), (15, 25), (6, 40), (7, 39), (1, 150), (1, 152), (1, 240), (1, 277)]
        {
            let alphabet: &[u8] = if width >= 39 && seed % 2 == 0 { b"0123456789" } else { ALPHABET };
            let lines: Vec<String> = (0..rows).map(|row| noise(seed * 100 + row, width, alphabet)).collect();
            texts.push(lines.join("\n"));
        }
    }
    // A code of which some rows are noise has the most combinations.
    for wrong in 1..5 {
        let mut lines = rows();
        (0..wrong).for_each(|row| lines[row] = noise(row as u64, 25 - row % 2, ALPHABET));
        texts.push(lines.join("\n"));
    }
    let most =
        texts.iter().map(|text| search_stays_within_its_bounds(text)).fold(Effort::default(), |most, effort| Effort {
            explanations: most.explanations.max(effort.explanations),
            combinations: most.combinations.max(effort.combinations),
            signatures: most.signatures.max(effort.signatures),
        });
    // The bounds are what stops the search, not the texts.
    assert!(most.signatures == MOST_SIGNATURES && most.combinations >= 10_000, "{most:?}");
}

#[test]
fn characters_that_slipped_into_a_neighbouring_row_are_told() {
    for at in [1, 2] {
        let mut typed: Vec<String> = rows().iter().map(|row| row.replace('-', "")).collect();
        let (stays, goes) = typed[2].split_at(at);
        (typed[1], typed[2]) = (format!("{}{stays}", typed[1]), goes.to_owned());
        // Without labels it is a code that was wrapped elsewhere.
        assert_eq!(repairs(&typed.join("\n")), []);
        assert!(ActivationCode::read(&typed.join("\n")).is_ok());
        // With labels the characters stand where they do not belong.
        let labelled: Vec<String> = typed.iter().zip(1..).map(|(row, i)| format!("{i}) {row}")).collect();
        assert!(ActivationCode::read(&labelled.join("\n")).is_err());
        let told = repairs(&labelled.join("\n"));
        assert!(!told.is_empty() && told.iter().all(|repair| repair.typed != repair.meant), "{told:?}");
    }
}

#[test]
fn a_surplus_character_at_the_end_of_a_group_is_shown() {
    let mut rows = rows();
    rows[3] = rows[3].replace("7G669", "7G6692");
    let told = repairs(&rows.join("\n"));
    assert_eq!(told, [repair(4, 1, "7G6692", "7G669", Event::Extra)]);
}

#[test]
fn several_codes_are_refused_and_none_is_guessed() {
    let other = sign(&Terms { units: Units::new(7).unwrap(), ..example() });
    let both = format!("{}\n{}", rows().join("\n"), other.letters().join("\n"));
    let rejected = vector_trust().read(&both).unwrap_err();
    assert_eq!(rejected.obstacle.reason(), Reason::RowsFromDifferentCodes);
    assert!(rejected.code.is_none() && rejected.repairs.is_empty());
}
