//! Registration keys: one row, with the help that all rows have.

use activation_code::{CodeKind, HostCodeFault, RegistrationKey, RowAnswer, read_row_of, to_rows};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_key_is_read_as_it_was_written_in_letters_and_in_digits(random: [u8; 12]) {
        let key = RegistrationKey::from_random(random);
        prop_assert_eq!(RegistrationKey::read(&key.row()), Ok(key));
        prop_assert_eq!(RegistrationKey::read(&key.row_in_digits()), Ok(key));
    }

    #[test]
    fn one_mistyped_character_is_found_and_mended(random: [u8; 12], place in 0usize..29, other in 0usize..32) {
        let key = RegistrationKey::from_random(random);
        let mut row: Vec<char> = key.row().chars().collect();
        let wrong = char::from(activation_code::ALPHABET[other]);
        prop_assume!(row[place] != '-' && row[place] != wrong);
        row[place] = wrong;
        let row: String = row.into_iter().collect();
        prop_assert!(RegistrationKey::read(&row).is_err());
        let RowAnswer::Wrong { proposals, .. } = read_row_of(CodeKind::RegistrationKey, &row, Some(1)) else {
            return Err(TestCaseError::fail("not found"));
        };
        prop_assert!(proposals.iter().any(|proposal| proposal.letters == key.row()));
    }
}

#[test]
fn the_row_of_a_key_stays_as_it_is() {
    let key = RegistrationKey::from_random([0xFF; 12]);
    assert_eq!(key.bytes()[0], 0x1F);
    assert_eq!(key.row(), "3ZZZZ-ZZZZZ-ZZZZZ-ZZZZG-6DDEE");
}

#[test]
fn a_key_of_a_newer_format_and_a_row_of_another_kind_are_told_apart() {
    let newer = to_rows(CodeKind::RegistrationKey, &[0x20; 12]).unwrap().concat();
    assert_eq!(RegistrationKey::read(&newer), Err(HostCodeFault::Newer { version: 2 }));
    let request = to_rows(CodeKind::HostRequest, &[0x10; 12]).unwrap().concat();
    let HostCodeFault::Typing(faults) = RegistrationKey::read(&request).unwrap_err() else { panic!("read") };
    assert_eq!(faults.to_string(), "row 1 is a row of a host request, wanted a registration key");
}

#[test]
fn a_key_does_not_print_itself() {
    assert_eq!(format!("{:?}", RegistrationKey::from_random([7; 12])), "RegistrationKey(..)");
}
