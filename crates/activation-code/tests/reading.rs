//! What people type: where it is wrong is said by row, group, line and column, and
//! nothing that is typed makes it panic.

mod common;

use activation_code::*;
use arbitrary::Unstructured;
use common::{example, laws, longest, rows, seeded, sign};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The example's rows.
fn lines() -> Vec<String> {
    sign(&example()).letters()
}

fn faults(text: &str) -> TypingFaults {
    match ActivationCode::read(text) {
        Err(ReadFault::Typing(faults)) => faults,
        other => panic!("{other:?}\n{text}"),
    }
}

fn all(text: &str) -> Vec<TypingFault> {
    faults(text).all().to_vec()
}

fn reads(text: &str) {
    assert_eq!(ActivationCode::read(text), Ok(sign(&example())), "{text}");
}

/// The rows with `Row N)` before each, N as given.
fn labelled(rows: &[(u8, &String)]) -> String {
    rows.iter().map(|(label, row)| format!("{label}) {row}\n")).collect()
}

fn numbered(rows: &[String]) -> Vec<(u8, &String)> {
    (1..).zip(rows).collect()
}

fn at(line: u32, column: u32) -> TextPlace {
    TextPlace { line, column }
}

#[test]
fn there_is_no_code_in_a_text_without_symbols() {
    for text in ["", " ", "\n\n\r\n\t", "---", "()", "# 20040-0E000-84G00-3X00H-7FRHT", "\u{FEFF}\u{200B}", "> > >"] {
        assert_eq!(all(text), [TypingFault::Empty], "{text:?}");
    }
    assert_eq!(faults("").reason(), Reason::Empty);
    assert_eq!(faults("").places(), []);
}

#[test]
fn sixty_four_kib_are_looked_at_and_not_a_byte_more() {
    let code = lines().join("\n") + "\n";
    let padded = |length: usize| code.clone() + &" ".repeat(length - code.len());
    reads(&padded(MAX_TEXT));
    assert_eq!(all(&padded(MAX_TEXT + 1)), [TypingFault::TooLong]);
    assert_eq!(all(&"A".repeat(4_000_000)), [TypingFault::TooLong]);
    // Counted in bytes, also where a character has three.
    assert_eq!(all(&"例".repeat(MAX_TEXT / 3 + 1)), [TypingFault::TooLong]);
}

#[test]
fn six_hundred_and_forty_symbols_are_looked_at_and_not_one_more() {
    for (symbol, joint) in [("A", ""), ("A", "\n"), ("7", ""), ("7", "\n"), ("7", " "), ("?", "")] {
        let text = |count: usize| vec![symbol; count].join(joint);
        assert_ne!(faults(&text(MAX_SYMBOLS)).reason(), Reason::TooLong, "{symbol:?} {joint:?}");
        assert_eq!(all(&text(MAX_SYMBOLS + 1)), [TypingFault::TooLong], "{symbol:?} {joint:?}");
        let labelled = |count: usize| format!("1) {}", vec![symbol; count].join(""));
        assert_ne!(faults(&labelled(MAX_SYMBOLS)).reason(), Reason::TooLong, "{symbol:?}");
        assert_eq!(all(&labelled(MAX_SYMBOLS + 1)), [TypingFault::TooLong], "{symbol:?}");
        let transport = |count: usize| format!("A1:{}", vec![symbol; count].join(""));
        assert_ne!(faults(&transport(MAX_SYMBOLS)).reason(), Reason::TooLong, "{symbol:?}");
        assert_eq!(all(&transport(MAX_SYMBOLS + 1)), [TypingFault::TooLong], "{symbol:?}");
    }
}

#[test]
fn more_rows_than_a_code_has_are_no_panic() {
    for text in ["1\nA\n".repeat(320), "1\nA\n".repeat(128), "7\n?\n".repeat(300)] {
        laws::read_code(text.as_bytes());
        assert!(!all(&text).is_empty());
    }
}

#[test]
fn noise_is_no_code_and_no_panic() {
    // Bytes, and what the reader gives a meaning to.
    let meant: Vec<char> =
        "0123456789ABCDEFGHJKMNPQRSTVWXYZ ilou  --\n\n\r\t#>?()1)2)Row.:A\0é例\u{200B}\u{2028}Ａ３٣".chars().collect();
    for seed in 0..3_000 {
        let length = seeded(seed, 2).iter().map(|&byte| usize::from(byte)).sum();
        let bytes = seeded(seed, length);
        laws::read_code(&bytes);
        let text: String = bytes.iter().map(|&byte| meant[usize::from(byte) % meant.len()]).collect();
        laws::read_code(text.as_bytes());
        assert!(ActivationCode::read(&text).is_err());
    }
}

#[test]
fn damaged_codes_are_no_panic() {
    for (seed, code) in (0..).zip([sign(&example()), sign(&longest())].iter().cycle().take(400)) {
        for text in laws::spellings(code) {
            let mut bytes = text.into_bytes();
            for change in seeded(seed, 24).as_chunks::<3>().0 {
                let at = (usize::from(change[0]) << 8 | usize::from(change[1])) % bytes.len();
                match change[2] % 4 {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, change[2]),
                    2 => bytes[at] = b"\n )>#?0O1"[usize::from(change[2] / 4) % 9],
                    _ => bytes.truncate(bytes.len() - usize::from(change[2] / 32)),
                }
            }
            laws::read_code(&bytes);
        }
    }
}

#[test]
fn the_most_hostile_texts_take_no_time_to_speak_of() {
    let fill = |piece: &str| piece.repeat(MAX_TEXT / piece.len());
    for piece in [
        "1) ",
        "1)\n",
        "1) A\n-\n",
        "15)A ",
        "Row ",
        "Row 1",
        "row  \n",
        "A1:",
        "A1:A\n",
        "\nA1:\n",
        "#\n",
        ">",
        "> \n",
        "-\n",
        "\n",
        "\r",
        "\u{2028}",
        "\u{200B}",
        "1) 2) 3) 4) 5) 6)\n",
        "1)-\n-\n-\n",
        "\u{AD}\n",
        "例\n",
        "\0",
    ] {
        let text = fill(piece);
        let start = Instant::now();
        laws::read_code(text.as_bytes());
        laws::read_code(format!("1) {text}").as_bytes());
        assert!(start.elapsed() < Duration::from_secs(1), "{piece:?}: {:?}", start.elapsed());
    }
}

#[test]
fn long_lists_of_labels_are_no_code() {
    let prose: String = (1..=5_000).map(|n| format!("{n}) item\n")).collect();
    assert!(ActivationCode::read(&prose).is_err());
    // A code among them is found.
    let list: String = (1..=300).map(|n| format!("({n}) point {n}\n")).collect();
    reads(&format!("{list}\n{}\n{list}", labelled(&numbered(&lines()))));
}

#[test]
fn a_character_that_no_code_has_is_shown_where_it_stands() {
    let rows = lines();
    let typed = rows[2].replacen("NGSNG", "NG?NG", 1);
    let text = [&rows[0], &rows[1], &typed, &rows[3], &rows[4], &rows[5]].map(String::as_str).join("\n");
    let fault = TypingFault::UnknownCharacter { row: 3, group: 2, character: '?', place: at(3, 9) };
    assert_eq!(all(&text), [fault]);
    assert_eq!(faults(&text).reason(), Reason::UnknownCharacter);
    assert_eq!(faults(&text).places(), [RowGroup { row: 3, group: Some(2) }]);
    // Lines and columns are those of the text: mail around it, indents, \r\n and all.
    let text = labelled(&numbered(&rows)).replacen("NGSNG", "NG?NG", 1);
    let mail = format!("Dear\r\n\r\n# remark\r\n>  {}", text.replace('\n', "\r\n>  "));
    assert_eq!(
        all(&mail),
        [TypingFault::UnknownCharacter { row: 3, group: 2, character: '?', place: at(6, 15) }],
        "{mail}"
    );
}

#[test]
fn every_character_of_a_text_counts_as_a_column() {
    let rows = lines();
    // A zero-width space counts, and an é counts once.
    let typed = rows[0].replacen("20040", "200\u{200B}4é", 1);
    let text = typed + "\n" + &rows[1..].join("\n");
    assert_eq!(all(&text), [TypingFault::UnknownCharacter { row: 1, group: 1, character: 'é', place: at(1, 6) }]);
}

#[test]
fn nul_is_a_character_that_no_code_has() {
    let text = lines().join("\n").replacen("0", "\0", 1);
    assert_eq!(all(&text), [TypingFault::UnknownCharacter { row: 1, group: 1, character: '\0', place: at(1, 2) }]);
    assert!(faults(&text).to_string().contains("U+0000"));
    assert_eq!(faults(&"\0".repeat(150)).reason(), Reason::UnknownCharacter);
}

#[test]
fn all_unreadable_characters_are_shown_at_once() {
    let rows = lines();
    let text = labelled(&numbered(&rows)).replace("7FRHT", "7FR?!").replace("VA7K6", "~A7K6");
    assert_eq!(
        all(&text),
        [
            TypingFault::UnknownCharacter { row: 1, group: 5, character: '?', place: at(1, 31) },
            TypingFault::UnknownCharacter { row: 1, group: 5, character: '!', place: at(1, 32) },
            TypingFault::UnknownCharacter { row: 2, group: 5, character: '~', place: at(2, 28) },
        ]
    );
    let places = [(1, 5), (2, 5)].map(|(row, group)| RowGroup { row, group: Some(group) });
    assert_eq!(faults(&text).places(), places);
}

#[test]
fn a_character_too_few_or_too_many_is_counted_and_its_group_named() {
    let rows = lines();
    for (from, to, row, group, found) in [
        ("84G00", "84G0", 1, Some(3), 24),
        ("84G00", "84G000", 1, Some(3), 26),
        ("9CK4J", "9CK", 2, Some(3), 23),
        ("861EK", "861EKK", 4, Some(5), 26),
        ("-49974", "-4997", 6, Some(5), 24),
    ] {
        let wanted = 25;
        let expected = [TypingFault::RowLength { row, group, found, wanted }];
        for text in [rows.join("\n"), labelled(&numbered(&rows))] {
            let text = text.replacen(from, to, 1);
            assert_eq!(all(&text), expected, "{text}");
            assert_eq!(faults(&text).reason(), Reason::RowLength);
        }
    }
    // Two odd groups, or no groups at all: which one it is cannot be said.
    let text = rows.join("\n").replacen("84G00-3X00H", "84G0-03X00H8", 1);
    assert_eq!(all(&text), [TypingFault::RowLength { row: 1, group: None, found: 26, wanted: 25 }]);
    let text = rows.join("\n").replace('-', "").replacen("84G00", "84G0", 1);
    assert_eq!(all(&text), [TypingFault::RowLength { row: 1, group: None, found: 24, wanted: 25 }]);
}

#[test]
fn a_group_that_was_left_out_is_named() {
    let rows = lines();
    let text = labelled(&numbered(&rows)).replacen("-645X4", "", 1);
    assert_eq!(all(&text), [TypingFault::MissingGroup { row: 4, found: 20, wanted: 25 }]);
    assert_eq!(faults(&text).reason(), Reason::MissingGroup);
    assert_eq!(faults(&text).places(), [RowGroup { row: 4, group: None }]);
}

#[test]
fn a_row_that_was_left_out_is_named() {
    let rows = lines();
    for missing in 0..5 {
        let row = missing as u8 + 1;
        let mut kept = numbered(&rows);
        kept.remove(missing);
        assert_eq!(all(&labelled(&kept)), [TypingFault::MissingRow { row }]);
        let bare: Vec<_> = kept.iter().map(|(_, row)| row.as_str()).collect();
        assert_eq!(all(&bare.join("\n")), [TypingFault::MissingRow { row }]);
        assert_eq!(faults(&bare.concat()).places(), [RowGroup { row, group: None }]);
    }
    assert_eq!(all(&rows[5]), (1..=5).map(|row| TypingFault::MissingRow { row }).collect::<Vec<_>>());
}

#[test]
fn a_row_that_was_left_out_is_named_where_another_one_is_wrong() {
    let rows = lines();
    let wrong = rows[4].replacen(&rows[4][..1], "?", 1);
    let text = [&rows[0], &rows[2], &rows[3], &wrong, &rows[5]].map(String::as_str).join("\n");
    assert_eq!(faults(&text).places(), [RowGroup { row: 2, group: None }, RowGroup { row: 5, group: Some(1) }]);
    // A row that is there twice says nothing of what is missing.
    let text = [&rows[0], &rows[2], &rows[2], &wrong].map(String::as_str).join("\n");
    let found = all(&text);
    assert_eq!(found[1..], [TypingFault::WrongRow { row: 2, belongs: 3 }], "{found:?}");
}

#[test]
fn a_code_that_goes_on_is_not_finished() {
    let rows = lines();
    for kept in 1..6 {
        let row = kept as u8 + 1;
        let expected = [TypingFault::LastRowMissing { row }];
        assert_eq!(all(&rows[..kept].join("\n")), expected);
        assert_eq!(all(&labelled(&numbered(&rows)[..kept])), expected);
        assert_eq!(faults(&rows[..kept].concat()).reason(), Reason::LastRowMissing);
    }
    assert_eq!(
        all(&[&rows[0], &rows[2]].map(String::as_str).join("\n")),
        [TypingFault::MissingRow { row: 2 }, TypingFault::LastRowMissing { row: 4 }]
    );
}

#[test]
fn labelled_rows_may_come_in_any_order() {
    let rows = lines();
    let mut backwards = numbered(&rows);
    backwards.reverse();
    reads(&labelled(&backwards));
}

#[test]
fn rows_in_the_wrong_order_are_told_where_they_belong() {
    let mut rows = lines();
    rows.swap(1, 3);
    let text = rows.join("\n");
    assert_eq!(
        all(&text),
        [TypingFault::WrongRow { row: 2, belongs: 4 }, TypingFault::WrongRow { row: 4, belongs: 2 }]
    );
    assert_eq!(faults(&text).reason(), Reason::WrongRow);
    assert_eq!(faults(&text).places(), [2, 4].map(|row| RowGroup { row, group: None }));
}

#[test]
fn a_label_that_the_check_does_not_confirm_is_reported() {
    let rows = lines();
    let mut two_and_three = numbered(&rows);
    (two_and_three[1].0, two_and_three[2].0) = (3, 2);
    assert_eq!(
        all(&labelled(&two_and_three)),
        [TypingFault::WrongRow { row: 3, belongs: 2 }, TypingFault::WrongRow { row: 2, belongs: 3 }]
    );
    let mut last_is_seven = numbered(&rows);
    last_is_seven[5].0 = 7;
    assert_eq!(all(&labelled(&last_is_seven)), [TypingFault::WrongRow { row: 7, belongs: 6 }]);
}

#[test]
fn a_labelled_row_typed_twice_counts_once() {
    let rows = lines();
    let text = labelled(&numbered(&rows));
    reads(&(text.clone() + &text));
    reads(&(text + &labelled(&[(3, &rows[2])])));
}

#[test]
fn a_row_typed_twice_is_in_the_wrong_place() {
    let rows = lines();
    let text = rows[..3].join("\n") + "\n" + &rows[2..].join("\n");
    assert_eq!(faults(&text).reason(), Reason::WrongRow);
}

#[test]
fn rows_of_two_codes_are_no_code() {
    let other = sign(&Terms { license: LicenseNumber::new(1043).unwrap(), ..example() }).letters();
    let rows = lines();
    for from_other in 0..6 {
        let mut mixed = rows.clone();
        mixed[from_other].clone_from(&other[from_other]);
        for text in [mixed.join("\n"), labelled(&numbered(&mixed)), mixed.concat()] {
            assert_eq!(all(&text), [TypingFault::DifferentCodes], "{text}");
        }
    }
    assert_eq!(faults(&(rows.join("\n") + "\n" + &other.join("\n"))).reason(), Reason::RowsFromDifferentCodes);
    let both = labelled(&numbered(&rows)) + &labelled(&numbered(&other));
    assert_eq!(faults(&both).reason(), Reason::RowsFromDifferentCodes);
}

#[test]
fn a_row_behind_the_last_one_belongs_to_another_code() {
    let rows = lines();
    let long = sign(&longest()).letters();
    let text = rows.join("\n") + "\n" + &long[6..].join("\n");
    assert_eq!(all(&text), [TypingFault::DifferentCodes]);
    // Also where something else is wrong: row 7 is missing.
    let missing = TypingFault::MissingRow { row: 7 };
    assert_eq!(all(&format!("{}\n{}", rows.join("\n"), long[7])), [missing, TypingFault::DifferentCodes]);
}

#[test]
fn rows_of_another_kind_are_named_by_it() {
    let bytes = sign(&example()).as_bytes().to_vec();
    for (element, kind) in [
        (2, CodeKind::HostRequest),
        (3, CodeKind::Receipt),
        (4, CodeKind::RegistrationKey),
        (5, CodeKind::KeyShare),
        (6, CodeKind::ClockReset),
    ] {
        // A host request and a registration key have one row.
        for groups in [5, 8, 30] {
            let rows = rows::rows(element, groups, &bytes);
            let expected: Vec<_> = (1..=rows.len() as u8)
                .map(|row| TypingFault::OtherKind { row, kind, wanted: CodeKind::ActivationCode })
                .collect();
            for text in [rows.join("\n"), labelled(&numbered(&rows))] {
                assert_eq!(all(&text), expected);
                assert_eq!(faults(&text).reason(), Reason::OtherKind);
                assert!(faults(&text).to_string().contains(&kind.to_string()), "{}", faults(&text));
            }
        }
    }
    // Each row by itself, where one kind ends with it and the other one does not.
    let kinds = [
        (CodeKind::ActivationCode, 81),
        (CodeKind::HostRequest, 12),
        (CodeKind::RegistrationKey, 12),
        (CodeKind::Receipt, 20),
        (CodeKind::KeyShare, 53),
        (CodeKind::ClockReset, 75),
    ];
    for (kind, length) in kinds {
        let rows = to_rows(kind, &bytes[..length]).unwrap();
        for (wanted, _) in kinds.into_iter().filter(|(wanted, _)| *wanted != kind) {
            // What is shorter than a row of the kind that is wanted has lost a group, whatever it is.
            for (number, row) in (1..).zip(&rows).filter(|(_, row)| row.len() == 29) {
                let found = read_row_of(wanted, row, Some(number));
                let RowAnswer::Wrong { faults, .. } = found else { panic!("{found:?}") };
                assert_eq!(faults.all(), [TypingFault::OtherKind { row: number, kind, wanted }], "{row}");
            }
        }
    }
    // A kind that this release does not know has no name.
    let unknown = rows::rows(7, 5, &bytes);
    assert_eq!(all(&unknown.join("\n")), [TypingFault::RowCheck { row: 1, group: None }]);
}

#[test]
fn a_row_in_digits_with_a_digit_too_few_or_too_many_is_counted() {
    let digits = sign(&example()).digits();
    for (from, to, found) in [(" ", " 1", 41), ("0", "", 39)] {
        let text = digits.join("\n").replacen(from, to, 1);
        let faults = all(&text);
        assert!(
            matches!(faults[..], [TypingFault::RowLength { row: 1, found: count, wanted: 40, .. }] if count == found),
            "{faults:?}"
        );
    }
}

#[test]
fn every_way_to_write_a_code_reads_the_same() {
    let rows = lines();
    let text = rows.join("\n");
    reads(&text);
    reads(&text.to_lowercase());
    reads(&text.replace('-', ""));
    reads(&text.replace('-', " "));
    reads(&text.replace('-', "\u{2013}"));
    reads(&text.replace(['-', '\n'], ""));
    reads(&text.replace('0', "O").replace('1', "l"));
    reads(&text.replace('0', "о").replace('1', "I").replace('V', "u"));
    reads(&text.replace('\n', "\r\n"));
    reads(&format!("\u{FEFF}{text}\n\n\n"));
    reads(&format!("> {}", text.replace('\n', "\n> ")));
    reads(
        &text
            .chars()
            .map(|c| if c.is_ascii_digit() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
            .collect::<String>(),
    );
    reads(&format!("Dear customer,\n\nyour code:\n\n{}\nRegards, Bob", labelled(&numbered(&rows))));
    reads(&rows.iter().zip(1..).map(|(row, n)| format!("Row {n}: {row}\n")).collect::<String>());
    reads(&sign(&example()).transport().to_lowercase());
    reads(&format!("(\"{}\")", rows.concat()));
}

/// What looks right by chance in another place, once in a thousand rows, misleads nobody.
#[test]
fn thousands_of_codes_read_in_every_spelling_and_wrapping() {
    let mut seen = BTreeSet::new();
    for seed in 0..4_000 {
        let code = sign(&laws::any_terms(&mut Unstructured::new(&seeded(seed, 400))).unwrap());
        let rows = code.letters();
        seen.insert(rows.last().unwrap().len());
        let wrapped = |at: usize| {
            let rows = rows.iter().zip(1..).map(|(row, n)| match row.split_at_checked(at) {
                Some((head, tail)) => format!("{n}) {head}\n   {tail}\n"),
                None => format!("{n}) {row}\n"),
            });
            rows.collect::<String>()
        };
        let digits = labelled(&numbered(&code.digits()));
        for text in laws::spellings(&code).into_iter().chain([wrapped(12), wrapped(18), wrapped(24), digits]) {
            assert_eq!(ActivationCode::read(&text).as_ref(), Ok(&code), "seed {seed}\n{text}");
        }
    }
    assert_eq!(seen.len(), 5, "last rows of every length");
}

/// The last row of this code has 25 digits, which as letters are by chance a right last row too.
#[test]
fn a_colon_of_another_script_is_one() {
    let code = ActivationCode::read(&lines().join("\n")).unwrap();
    let text = code.transport().replace(':', "\u{FF1A}");
    assert_eq!(ActivationCode::read(&text), Ok(code));
}

#[test]
fn digits_of_two_rows_on_the_last_line_are_two_rows() {
    for terms in [example(), longest()] {
        let code = sign(&terms);
        let mut rows: Vec<String> = code.digits().iter().map(|row| row.replace([' ', '-'], "")).collect();
        let last = rows.pop().unwrap();
        rows.last_mut().unwrap().push_str(&last);
        assert_eq!(ActivationCode::read(&rows.join("\n")), Ok(code), "{rows:?}");
    }
}

#[test]
fn digits_that_would_do_as_letters_are_digits() {
    let code = sign(&laws::any_terms(&mut Unstructured::new(&seeded(7_938, 400))).unwrap());
    let digits = code.digits();
    let row = digits.last().unwrap();
    assert_eq!(row.replace(' ', "").len(), 25);
    assert_eq!(ActivationCode::read(&digits.join("\n")).as_ref(), Ok(&code));
    // Without the other rows: the digits say row 7.
    assert_eq!(all(row), (1..=6).map(|row| TypingFault::MissingRow { row }).collect::<Vec<_>>());
}

#[test]
fn each_fault_says_what_was_found_and_what_was_wanted() {
    let rows = lines();
    let text = rows.join("\n");
    let changed = |from: &str, to: &str| text.replacen(from, to, 1);
    let code = sign(&example());
    let exchanged = [0, 3, 2, 1, 4, 5].map(|i: usize| rows[i].as_str()).join("\n");
    let other = sign(&Terms { license: LicenseNumber::new(1043).unwrap(), ..example() }).letters();
    for (text, fault, sentence) in [
        (String::new(), TypingFault::Empty, "there is no code here"),
        (
            "A".repeat(641),
            TypingFault::TooLong,
            "the text is too long for a code: wanted at most 64 KiB and 640 symbols",
        ),
        (
            changed("NGSNG", "NG?NG"),
            TypingFault::UnknownCharacter { row: 3, group: 2, character: '?', place: at(3, 9) },
            "row 3, group 2 has a character that no code has: ? (line 3, column 9)",
        ),
        (
            changed("NGSNG", "NG\u{1}NG"),
            TypingFault::UnknownCharacter { row: 3, group: 2, character: '\u{1}', place: at(3, 9) },
            "row 3, group 2 has a character that no code has: U+0001 (line 3, column 9)",
        ),
        (
            changed("84G00", "84G0"),
            TypingFault::RowLength { row: 1, group: Some(3), found: 24, wanted: 25 },
            "row 1 has 24 characters, wanted 25; group 3 shows it",
        ),
        (
            text.replace('-', "").replacen("84G00", "84G0", 1),
            TypingFault::RowLength { row: 1, group: None, found: 24, wanted: 25 },
            "row 1 has 24 characters, wanted 25",
        ),
        (changed("84G00", "84G01"), TypingFault::RowCheck { row: 1, group: Some(3) }, "row 1, group 3 does not check"),
        (
            rows::rows(7, 5, code.as_bytes()).concat(),
            TypingFault::RowCheck { row: 1, group: None },
            "row 1 does not check",
        ),
        (
            changed("84G00", "48G00"),
            TypingFault::Swapped { row: 1, groups: Some((3, 3)) },
            "row 1, group 3 has two characters in the wrong order",
        ),
        (
            changed("84G00-3X00H", "84G03-0X00H"),
            TypingFault::Swapped { row: 1, groups: Some((3, 4)) },
            "row 1: the last character of group 3 and the first of group 4 are in the wrong order",
        ),
        (
            labelled(&numbered(&rows)).replacen("84G00-3X00H", "3X00H-84G00", 1),
            TypingFault::Swapped { row: 1, groups: None },
            "row 1 has the right characters in the wrong order",
        ),
        (exchanged, TypingFault::WrongRow { row: 2, belongs: 4 }, "what stands as row 2 is row 4 of a code"),
        (rows[1..].join("\n"), TypingFault::MissingRow { row: 1 }, "row 1 is missing"),
        (
            labelled(&numbered(&rows)).replacen("-645X4", "", 1),
            TypingFault::MissingGroup { row: 4, found: 20, wanted: 25 },
            "row 4 has 20 characters, wanted 25: a group is missing",
        ),
        (rows[..5].join("\n"), TypingFault::LastRowMissing { row: 6 }, "the code goes on: row 6 is missing"),
        (
            rows::rows(2, 5, code.as_bytes()).concat(),
            TypingFault::OtherKind { row: 1, kind: CodeKind::HostRequest, wanted: CodeKind::ActivationCode },
            "row 1 is a row of a host request, wanted an activation code",
        ),
        (
            [&rows[..1], &other[1..]].concat().join("\n"),
            TypingFault::DifferentCodes,
            "every row is right by itself, and they are not rows of one code",
        ),
        (
            labelled(&numbered(&rows)) + &labelled(&numbered(&other)),
            TypingFault::SeveralCodes { row: 1 },
            "there is more than one code: row 1 is there twice, and differs",
        ),
    ] {
        let faults = faults(&text);
        assert_eq!(faults.all()[0], fault);
        assert_eq!(fault.to_string(), sentence);
        assert_eq!((faults.to_string().as_str(), faults.reason()), (sentence, fault.reason()));
        assert_eq!(ReadFault::Typing(faults).to_string(), sentence);
    }
}

#[test]
fn a_code_read_is_the_bytes_and_nothing_else() {
    let code = ActivationCode::read(&lines().join("\n")).unwrap();
    assert_eq!(code.payload(), example().to_payload().unwrap());
    assert_eq!([code.payload(), code.signature()].concat(), code.as_bytes());
}
