//! Every single mistake in 100 codes is named, by reason, row and group. What reading
//! refuses has no `ActivationCode`, so no signature was looked at.

mod common;

use activation_code::*;
use arbitrary::Unstructured;
use common::{example, laws::any_terms, longest, seeded, sign};
use std::collections::BTreeSet;
use std::thread;

/// 100 codes of as many lengths as there are, in symbols.
fn codes() -> Vec<Vec<char>> {
    let symbols = |terms: &Terms| sign(terms).transport().chars().skip(TRANSPORT_PREFIX.len()).collect::<Vec<char>>();
    let random = |seed| any_terms(&mut Unstructured::new(&seeded(seed, 400))).unwrap();
    let mut codes = vec![symbols(&longest())];
    let mut lengths = BTreeSet::from([codes[0].len()]);
    for seed in 0..2_000 {
        let code = symbols(&random(seed));
        // Each length once, and then whatever comes.
        if lengths.insert(code.len()) {
            codes.push(code);
        }
    }
    // 31 groups have room for one more byte, and no extension is so short.
    assert_eq!(lengths, (30..=69).filter(|&groups| groups != 31).map(|groups| groups * 5).collect());
    codes.extend((2_000..2_100 - codes.len() as u64).map(|seed| symbols(&random(seed))));
    assert_eq!(codes.len(), 100);
    codes
}

/// The ways to write symbols down that `typed` can be in.
fn written(symbols: &[char], way: usize) -> String {
    let rows = symbols.chunks(25).map(String::from_iter).zip(1..);
    match way % 4 {
        0 => rows.map(|(row, _)| row + "\n").collect(),
        1 => rows.map(|(row, number)| format!("{number}) {row}\n")).collect(),
        2 => symbols.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-"),
        _ => TRANSPORT_PREFIX.chars().chain(symbols.iter().copied()).collect(),
    }
}

fn faults(symbols: &[char], way: usize) -> Vec<TypingFault> {
    let text = written(symbols, way);
    match ActivationCode::read(&text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(ReadFault::Payload(fault)) => panic!("typed right: {fault}\n{text}"),
        Err(ReadFault::Typing(faults)) => faults.all().to_vec(),
    }
}

fn row(index: usize) -> u8 {
    (index / 25 + 1) as u8
}

fn group(index: usize) -> u8 {
    (index % 25 / 5 + 1) as u8
}

fn wrong(index: usize) -> TypingFault {
    TypingFault::RowCheck { row: row(index), group: Some(group(index)) }
}

/// Shares the codes out among the processors; the sum of what `count` returns.
fn for_each_code(count: impl Fn(&mut Vec<char>, usize) -> usize + Sync) -> usize {
    let mut codes = codes();
    let workers = thread::available_parallelism().map_or(1, |n| n.get());
    let share = codes.len().div_ceil(workers);
    thread::scope(|scope| {
        let threads: Vec<_> = codes
            .chunks_mut(share)
            .map(|codes| scope.spawn(|| (0..).zip(codes).map(|(way, code)| count(code, way)).sum::<usize>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[test]
fn every_change_of_one_symbol_is_named_with_its_row_and_group() {
    let changes = for_each_code(|symbols, way| {
        assert!(ActivationCode::read(&written(symbols, way)).is_ok());
        for index in 0..symbols.len() {
            let right = symbols[index];
            for value in ALPHABET.iter().map(|&letter| char::from(letter)).filter(|&value| value != right) {
                symbols[index] = value;
                assert_eq!(faults(symbols, way), [wrong(index)], "{right} as {value}\n{}", written(symbols, way));
            }
            symbols[index] = right;
        }
        symbols.len() * 31
    });
    assert!(changes > 600_000, "{changes}");
}

#[test]
fn every_swap_of_unequal_neighbours_is_named_with_its_row_and_groups() {
    let swaps = for_each_code(|symbols, way| {
        let mut swaps = 0;
        for index in (1..symbols.len()).filter(|&index| symbols[index - 1] != symbols[index]).collect::<Vec<_>>() {
            symbols.swap(index - 1, index);
            let expected = if row(index - 1) == row(index) {
                vec![TypingFault::Swapped { row: row(index), groups: Some((group(index - 1), group(index))) }]
            } else {
                vec![wrong(index - 1), wrong(index)]
            };
            assert_eq!(faults(symbols, way), expected, "{}", written(symbols, way));
            symbols.swap(index - 1, index);
            swaps += 1;
        }
        swaps
    });
    assert!(swaps > 20_000, "{swaps}");
}

#[test]
fn every_change_of_one_digit_and_every_swap_of_two_is_named_with_its_row() {
    for terms in [example(), longest()] {
        let mut digits: Vec<Vec<char>> =
            sign(&terms).digits().iter().map(|row| row.chars().filter(char::is_ascii_digit).collect()).collect();
        let faults = |digits: &[Vec<char>]| {
            let text: String = digits.iter().map(|row| String::from_iter(row) + "\n").collect();
            match ActivationCode::read(&text) {
                Err(ReadFault::Typing(faults)) => faults.all().to_vec(),
                other => panic!("{other:?}\n{text}"),
            }
        };
        for row in 0..digits.len() {
            let expected = [TypingFault::RowCheck { row: row as u8 + 1, group: None }];
            for index in 0..digits[row].len() {
                let right = digits[row][index];
                for value in ('0'..='9').filter(|&value| value != right) {
                    digits[row][index] = value;
                    assert_eq!(faults(&digits), expected, "{right} as {value} at {index}");
                }
                digits[row][index] = right;
                if index > 0 && digits[row][index - 1] != right {
                    digits[row].swap(index - 1, index);
                    assert_eq!(faults(&digits), expected, "{index}");
                    digits[row].swap(index - 1, index);
                }
            }
        }
    }
}
