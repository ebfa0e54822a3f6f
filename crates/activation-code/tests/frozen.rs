//! What mistyped texts may have been meant as stays as it was: every code that the search offers, in its order, what it
//! looked at, every row that a row is taken for, and every fault that is named.
//!
//! `golden.jsonl` freezes answers that a person sees, one by one. Here the whole search is frozen by digests, a sort of
//! mistake a test, for 120 texts of each. Whoever changes the search on purpose looks at both versions with
//! `--nocapture`, has a reason for each text that differs, and freezes the new digests.

mod common;

use activation_code::*;
use arbitrary::Unstructured;
use common::laws::any_terms;
use common::{seeded, sign, to_hex};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const TEXTS: u64 = 120;

/// Rows that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// A code as it was typed: rows without dashes, letters or digits.
struct Typed {
    code: ActivationCode,
    rows: Vec<Vec<u8>>,
    digits: bool,
}

impl Typed {
    /// Letters and digits take turns.
    fn of(seed: u64) -> Self {
        let code = sign(&any_terms(&mut Unstructured::new(&seeded(seed, 300))).unwrap());
        let digits = seed % 2 == 1;
        let rows = symbols(if digits { code.digits() } else { code.letters() });
        Self { code, rows, digits }
    }

    fn alphabet(&self) -> &'static [u8] {
        if self.digits { b"0123456789" } else { b"0123456789ABCDEFGHJKMNPQRSTUVWXYZ" }
    }

    /// In groups behind labels, as it is printed.
    fn text(&self) -> String {
        let mut text = String::new();
        for (number, row) in (1..).zip(&self.rows) {
            let groups: Vec<_> = row.chunks(if self.digits { 6 } else { 5 }).map(String::from_utf8_lossy).collect();
            writeln!(text, "Row {number}) {}", groups.join("-")).unwrap();
        }
        text
    }
}

fn symbols(rows: Vec<String>) -> Vec<Vec<u8>> {
    rows.iter().map(|row| row.bytes().filter(u8::is_ascii_alphanumeric).collect()).collect()
}

/// What is frozen of a text: one line for each thing that is found.
fn answers(text: &str) -> String {
    let mut said = String::new();
    match ActivationCode::read(text) {
        Ok(code) => writeln!(said, "read {}", to_hex(code.as_bytes())),
        Err(ReadFault::Typing(faults)) => {
            let places =
                faults.places().into_iter().map(|place| format!(" {}.{}", place.row, place.group.unwrap_or(0)));
            writeln!(said, "{faults}{}", places.collect::<String>())
        }
        Err(fault) => writeln!(said, "{fault}"),
    }
    .unwrap();
    let mut offered = Sha256::new();
    let (proposal, effort) = propose(text, &mut |bytes| {
        offered.update([bytes.len() as u8]);
        offered.update(bytes);
        false
    });
    assert_eq!(proposal, None);
    let Effort { explanations, combinations, signatures } = effort;
    let offered = to_hex(&offered.finalize());
    writeln!(said, "offered {offered}, {explanations} {combinations} {signatures}").unwrap();
    // The third that it offers, as if it were signed, with what is said of it.
    let mut left = 3;
    let (proposal, _) = propose(text, &mut |_| {
        left -= 1;
        left == 0
    });
    if let Some(Proposal { bytes, repairs }) = proposal {
        writeln!(said, "third {}{}", to_hex(&bytes), mended(&repairs)).unwrap();
    }
    for (number, row) in (1..).zip(text.lines()) {
        match read_row(row, Some(number)) {
            RowAnswer::Right { .. } => continue,
            RowAnswer::Wrong { faults, proposals } => {
                writeln!(said, "row {number}: {faults}").unwrap();
                for RowProposal { row, last, letters, repairs, sureness } in proposals {
                    writeln!(said, "  {row} {last} {letters} {sureness:?}{}", mended(&repairs)).unwrap();
                }
            }
            _ => unreachable!("there are no other answers"),
        }
        let Ok(possible) = possible_rows(row) else { continue };
        for one in possible.iter() {
            writeln!(said, "  {} {} {} {}", one.row, one.last, one.letters, one.events).unwrap();
        }
        if let Some(first) = possible.iter().next() {
            writeln!(said, " {}", mended(&first.repairs())).unwrap();
        }
    }
    said
}

fn mended(repairs: &[Repair]) -> String {
    let repair = |one: &Repair| {
        let group = one.group.unwrap_or(0);
        format!(" {} in {}.{group}: {:?} for {:?}", one.event.name(), one.row, one.meant, one.typed)
    };
    repairs.iter().map(repair).collect()
}

fn holds(name: &str, frozen: &str, mistype: impl Fn(&mut Typed, &mut Chance) -> Option<String>) {
    let mut digest = Sha256::new();
    let sort = name.bytes().map(u64::from).sum::<u64>() * 1000;
    for seed in 0..TEXTS {
        let (mut typed, mut chance) = (Typed::of(sort + seed), Chance(sort + seed));
        let text = mistype(&mut typed, &mut chance).unwrap_or_else(|| typed.text());
        let said = answers(&text);
        println!("{text}{said}");
        digest.update(said);
    }
    assert_eq!(
        to_hex(&digest.finalize()[..8]),
        frozen,
        "{name}: what is said of some of these texts is not what was said"
    );
}

/// A sort of mistake: its name, what was frozen, and how it is made.
macro_rules! frozen {
    ($($name:ident, $digest:literal, $mistype:expr;)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name), $digest, $mistype);
        })*
    };
}

fn substitute(typed: &mut Typed, chance: &mut Chance, row: usize) {
    let (at, other) = (chance.below(typed.rows[row].len()), *chance.of(typed.alphabet()));
    typed.rows[row][at] = other;
}

fn exchange(typed: &mut Typed, chance: &mut Chance, row: usize, apart: usize) {
    let row = &mut typed.rows[row];
    if row.len() > apart {
        let at = chance.below(row.len() - apart);
        row.swap(at, at + apart);
    }
}

fn omit(typed: &mut Typed, chance: &mut Chance, row: usize) {
    let row = &mut typed.rows[row];
    let at = chance.below(row.len());
    row.remove(at);
}

fn add(typed: &mut Typed, chance: &mut Chance, row: usize) {
    let other = *chance.of(typed.alphabet());
    let row = &mut typed.rows[row];
    let at = chance.below(row.len() + 1);
    row.insert(at, other);
}

fn unreadable(typed: &mut Typed, chance: &mut Chance, row: usize) {
    let at = chance.below(typed.rows[row].len());
    typed.rows[row][at] = b'?';
}

/// Any row, or the last one twice as often as others.
fn any_row(typed: &Typed, chance: &mut Chance) -> usize {
    chance.below(typed.rows.len() + 1).min(typed.rows.len() - 1)
}

/// Keys that look alike, or lie beside each other.
const LOOK_ALIKE: [(u8, u8); 8] =
    [(b'0', b'D'), (b'1', b'7'), (b'2', b'Z'), (b'5', b'S'), (b'8', b'B'), (b'V', b'U'), (b'M', b'N'), (b'6', b'G')];

frozen! {
    one_symbol_is_another, "ad4334cb06e0b726", |typed, chance| {
        let row = any_row(typed, chance);
        substitute(typed, chance, row);
        None
    };
    two_symbols_of_a_row_are_others, "e0f9e6702d1873a5", |typed, chance| {
        let row = any_row(typed, chance);
        substitute(typed, chance, row);
        substitute(typed, chance, row);
        None
    };
    a_symbol_in_each_of_two_rows_is_another, "081726bce8121144", |typed, chance| {
        let row = any_row(typed, chance);
        substitute(typed, chance, row);
        substitute(typed, chance, 0);
        None
    };
    symbols_that_look_alike, "9a48f2fcb9424d5d", |typed, chance| {
        let row = any_row(typed, chance);
        for symbol in &mut typed.rows[row] {
            for (one, other) in LOOK_ALIKE {
                if *symbol == one && chance.below(2) == 0 {
                    *symbol = other;
                } else if *symbol == other && chance.below(2) == 0 {
                    *symbol = one;
                }
            }
        }
        None
    };
    neighbours_are_exchanged, "32d5ab06e29d2084", |typed, chance| {
        let row = any_row(typed, chance);
        exchange(typed, chance, row, 1);
        None
    };
    symbols_around_a_third_are_exchanged, "7344da696fdc35e2", |typed, chance| {
        let row = any_row(typed, chance);
        exchange(typed, chance, row, 2);
        None
    };
    neighbours_are_exchanged_and_a_symbol_is_another, "a8f9327dfa01d0f4", |typed, chance| {
        let row = any_row(typed, chance);
        exchange(typed, chance, row, 1);
        substitute(typed, chance, row);
        None
    };
    a_symbol_is_left_out, "58018cca1e62aae7", |typed, chance| {
        let row = any_row(typed, chance);
        omit(typed, chance, row);
        None
    };
    two_symbols_are_left_out, "9b20449dacfddfff", |typed, chance| {
        let row = any_row(typed, chance);
        omit(typed, chance, row);
        omit(typed, chance, row);
        None
    };
    a_symbol_is_one_too_many, "82e899527946a3cc", |typed, chance| {
        let row = any_row(typed, chance);
        add(typed, chance, row);
        None
    };
    a_symbol_is_typed_twice_and_another_left_out, "ef7c479a95c7a6f3", |typed, chance| {
        let row = any_row(typed, chance);
        let at = chance.below(typed.rows[row].len());
        let twice = typed.rows[row][at];
        typed.rows[row].insert(at, twice);
        omit(typed, chance, row);
        None
    };
    a_symbol_is_left_out_and_another_one_is_wrong, "860dbb7d9c273d68", |typed, chance| {
        let row = any_row(typed, chance);
        omit(typed, chance, row);
        substitute(typed, chance, row);
        None
    };
    a_pair_is_another_pair, "313ca11140947389", |typed, chance| {
        let row = any_row(typed, chance);
        let at = chance.below(typed.rows[row].len() - 1);
        let (one, other) = (*chance.of(typed.alphabet()), *chance.of(typed.alphabet()));
        (typed.rows[row][at], typed.rows[row][at + 1]) = match chance.below(3) {
            0 => (one, one),
            1 => (typed.rows[row][at], typed.rows[row][at]),
            _ => (one, other),
        };
        None
    };
    one_symbol_cannot_be_read, "601e949864d88246", |typed, chance| {
        let row = any_row(typed, chance);
        unreadable(typed, chance, row);
        None
    };
    several_symbols_cannot_be_read, "012aeda53af68627", |typed, chance| {
        let row = any_row(typed, chance);
        for _ in 0..2 + chance.below(4) {
            unreadable(typed, chance, row);
        }
        None
    };
    one_cannot_be_read_and_one_is_left_out, "0ddc4a331f95c9be", |typed, chance| {
        let row = any_row(typed, chance);
        unreadable(typed, chance, row);
        omit(typed, chance, row);
        None
    };
    two_groups_are_exchanged, "d0b68e680168f69e", |typed, chance| {
        let (row, long) = (any_row(typed, chance), if typed.digits { 6 } else { 5 });
        let groups = typed.rows[row].len() / long;
        if groups >= 2 {
            let (one, other) = (chance.below(groups), chance.below(groups));
            (0..long).for_each(|at| typed.rows[row].swap(one * long + at, other * long + at));
        }
        None
    };
    a_group_is_left_out, "b07b5bf04bc5396e", |typed, chance| {
        let (row, long) = (any_row(typed, chance), if typed.digits { 6 } else { 5 });
        let group = chance.below(typed.rows[row].len().div_ceil(long));
        let end = typed.rows[row].len().min((group + 1) * long);
        typed.rows[row].drain(group * long..end);
        None
    };
    two_rows_are_exchanged, "7db39fc1081911c2", |typed, chance| {
        let (one, other) = (any_row(typed, chance), any_row(typed, chance));
        typed.rows.swap(one, other);
        None
    };
    a_row_is_left_out, "51b50b2692bc86c8", |typed, chance| {
        let row = any_row(typed, chance);
        typed.rows.remove(row);
        None
    };
    a_row_is_typed_twice, "9a58592ca77561c6", |typed, chance| {
        let (row, place) = (any_row(typed, chance), any_row(typed, chance));
        let again = typed.rows[row].clone();
        typed.rows.insert(place, again);
        if chance.below(2) == 0 {
            substitute(typed, chance, place);
        }
        None
    };
    a_row_is_of_another_code, "5e48c723c58ac867", |typed, chance| {
        let other = Typed::of(9_000 + 2 * chance.below(50) as u64 + u64::from(typed.digits));
        let row = chance.below(typed.rows.len().min(other.rows.len()));
        typed.rows[row] = other.rows[row].clone();
        None
    };
    keys_of_another_country, "1f8c1803658b9a5c", |typed, chance| {
        let pairs: &[(u8, u8)] = if chance.below(2) == 0 { &[(b'Y', b'Z')] } else { &[(b'A', b'Q'), (b'Z', b'W')] };
        for symbol in typed.rows.iter_mut().flatten() {
            if let Some((one, other)) = pairs.iter().find(|(one, other)| [*one, *other].contains(symbol)) {
                *symbol = if symbol == one { *other } else { *one };
            }
        }
        if chance.below(3) == 0 {
            substitute(typed, chance, 0);
        }
        None
    };
    in_one_line_without_labels, "89fc99f217546983", |typed, chance| {
        let row = any_row(typed, chance);
        match chance.below(3) {
            0 => substitute(typed, chance, row),
            1 => omit(typed, chance, row),
            _ => add(typed, chance, row),
        }
        Some(String::from_utf8(typed.rows.concat()).unwrap() + "\n")
    };
    without_labels_and_broken_elsewhere, "0fdd51a4e2f88e10", |typed, chance| {
        let row = any_row(typed, chance);
        substitute(typed, chance, row);
        let (all, width) = (typed.rows.concat(), 18 + chance.below(20));
        let lines = all.chunks(width).map(|line| String::from_utf8_lossy(line) + "\n");
        Some(lines.collect())
    };
    labels_that_are_wrong, "415c01de975a5863", |typed, chance| {
        let row = any_row(typed, chance);
        substitute(typed, chance, row);
        let (before, after) = (format!("Row {})", row + 1), format!("Row {})", 1 + chance.below(15)));
        Some(typed.text().replace(&before, &after))
    };
    lines_that_are_joined, "fe036a2f71ee6981", |typed, chance| {
        let row = any_row(typed, chance);
        omit(typed, chance, row);
        let text = typed.text();
        let joined = text.replacen("\n", [" ", "-", ""][chance.below(3)], 1 + chance.below(3));
        Some(joined + "\n")
    };
    letters_among_digits_and_digits_among_letters, "c0279ece4047a011", |typed, chance| {
        let row = any_row(typed, chance);
        let at = chance.below(typed.rows[row].len());
        typed.rows[row][at] = *chance.of(if typed.digits { b"OILSBZGQ" } else { b"01586279" });
        if chance.below(2) == 0 {
            let at = chance.below(typed.rows[row].len());
            typed.rows[row][at] = *chance.of(b"OILSBZGQ");
        }
        None
    };
    noise, "9575a7b97c16d1d2", |typed, chance| {
        let row = any_row(typed, chance);
        for at in 0..typed.rows[row].len() {
            typed.rows[row][at] = *chance.of(typed.alphabet());
        }
        None
    };
    rows_that_are_wrapped, "1fbb89d895e2468b", |typed, chance| {
        let row = any_row(typed, chance);
        if chance.below(3) > 0 {
            substitute(typed, chance, row);
        }
        let mut text = String::new();
        for line in typed.text().lines() {
            let label = line.find(')').unwrap() + 1;
            let at = label + 2 + chance.below(line.len() - label - 2);
            let (before, after) = line.split_at(at);
            match chance.below(3) {
                0 => writeln!(text, "{line}"),
                1 => writeln!(text, "{before}\n{after}"),
                _ => writeln!(text, "{before}\n  {}\n{}", &after[..after.len() / 2], &after[after.len() / 2..]),
            }
            .unwrap();
        }
        Some(text)
    };
    what_a_qr_code_has_wrapped_or_mistyped, "155bda13b168f9be", |typed, chance| {
        let mut line = typed.code.transport().into_bytes();
        let at = 3 + chance.below(line.len() - 3);
        match chance.below(5) {
            0 => line[at] = *chance.of(typed.alphabet()),
            1 => drop(line.remove(at)),
            2 => line.insert(at, *chance.of(typed.alphabet())),
            3 => line.truncate(at),
            _ => {}
        }
        let width = 20 + chance.below(140);
        let wrapped: Vec<_> = line.chunks(width).map(String::from_utf8_lossy).collect();
        let before = *chance.of(&["", "Dear Sir,\n", "1 of 2 pages\n\n", "a: b\n"]);
        let after = *chance.of(&["", "\nKind regards\n", "\n12345\n", "\n\n12345\n", " and so on\n"]);
        Some(format!("{before}{}{after}", wrapped.join(*chance.of(&["\n", " \n", "\r\n"]))))
    };
    letters_and_digits_in_turn, "9f808fdab4eaa176", |typed, chance| {
        let (letters, digits) = (symbols(typed.code.letters()), symbols(typed.code.digits()));
        for row in 0..typed.rows.len() {
            typed.rows[row] = if chance.below(2) == 0 { letters[row].clone() } else { digits[row].clone() };
        }
        let row = any_row(typed, chance);
        match chance.below(4) {
            0 => substitute(typed, chance, row),
            1 => omit(typed, chance, row),
            2 => add(typed, chance, row),
            _ => {}
        }
        let lines: Vec<_> = typed.rows.iter().map(|row| String::from_utf8_lossy(row)).collect();
        Some(lines.join(*chance.of(&["\n", "\n\n", " "])) + "\n")
    };
    among_other_words, "1bd21369f41d47d7", |typed, chance| {
        let row = any_row(typed, chance);
        if chance.below(2) == 0 {
            substitute(typed, chance, row);
        }
        let noise = [
            "1) see page 12", "Order 2) of 7.", "3. Row by row", "ALL THE BEST TO YOU", "7:30 is the time", "# 4) a remark",
            "2) 6NJMY", "Row 1)", "15) nothing", "AB-CD-EF", "1234567890", "16) none", "Row2) X", "row 3 ) y",
        ];
        let mut text = String::new();
        for line in typed.text().lines() {
            if chance.below(3) == 0 {
                writeln!(text, "{}", chance.of(&noise)).unwrap();
            }
            writeln!(text, "{line}{}", chance.of(&["", "", "", " (c)", " x"])).unwrap();
        }
        Some(text + *chance.of(&noise[..]))
    };
    lines_a_little_too_long_or_too_short, "e9c60ef76d0dc064", |typed, chance| {
        for row in 0..typed.rows.len() {
            for _ in 0..chance.below(10).saturating_sub(5) {
                if chance.below(2) == 0 { omit(typed, chance, row) } else { add(typed, chance, row) }
            }
        }
        let lines: Vec<_> = typed.rows.iter().map(|row| String::from_utf8_lossy(row)).collect();
        Some(lines.join("\n") + "\n")
    };
    too_few_or_too_many_lines, "b7caeeaca20c7037", |typed, chance| {
        let rows = typed.rows.clone();
        for _ in 0..chance.below(16) {
            let again = chance.of(&rows).clone();
            typed.rows.push(again);
        }
        let kept = 1 + chance.below(typed.rows.len());
        typed.rows.truncate(kept);
        let row = any_row(typed, chance);
        omit(typed, chance, row);
        let lines: Vec<_> = typed.rows.iter().map(|row| String::from_utf8_lossy(row)).collect();
        Some(lines.join("\n") + "\n")
    };
}
