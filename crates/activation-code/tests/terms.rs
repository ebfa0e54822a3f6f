//! Terms and their bits: one payload for any terms, one meaning of any payload, and a
//! name for everything that is neither.

mod common;

use activation_code::*;
use arbitrary::Unstructured;
use common::{day, example, laws, longest, rows, sign};
use proptest::{collection::vec, prelude::*};

proptest! {
    #[test]
    fn terms_come_back_from_their_payload(chance in vec(any::<u8>(), 0..400)) {
        if let Ok(terms) = laws::any_terms(&mut Unstructured::new(&chance)) {
            let payload = terms.to_payload().unwrap();
            prop_assert_eq!(Terms::from_payload(&payload), Ok(terms));
        }
    }

    #[test]
    fn a_payload_that_is_read_is_the_one_that_its_terms_have(
        chance in vec(any::<u8>(), 400),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut payload = laws::any_terms(&mut Unstructured::new(&chance)).unwrap().to_payload().unwrap();
        for (index, value) in changes {
            let index = index.index(payload.len());
            payload[index] = value;
        }
        laws::terms(&payload);
    }

    #[test]
    fn bytes_that_nobody_has_packed_are_read_as_nothing_else(mut payload in vec(any::<u8>(), 0..140), kind in 0..3u8) {
        laws::terms(&payload);
        if let Some(first) = payload.first_mut() {
            *first = 0x10 | kind << 2 | *first & 3;
            laws::terms(&payload);
        }
    }

    #[test]
    fn different_terms_have_different_payloads(a in vec(any::<u8>(), 400), b in vec(any::<u8>(), 400)) {
        let [a, b] = [a, b].map(|chance| laws::any_terms(&mut Unstructured::new(&chance)).unwrap());
        prop_assert_eq!(a == b, a.to_payload() == b.to_payload());
    }
}

#[test]
fn every_cut_and_every_changed_bit_of_a_payload_is_judged() {
    for terms in [example(), longest(), Terms { holder: None, ..longest() }, Terms { members: None, ..longest() }] {
        let payload = terms.to_payload().unwrap();
        for length in 0..payload.len() {
            assert!(Terms::from_payload(&payload[..length]).is_err(), "{length}");
        }
        for bit in 0..payload.len() * 8 {
            let mut changed = payload.clone();
            changed[bit / 8] ^= 0x80 >> (bit % 8);
            laws::terms(&changed);
            assert_ne!(Terms::from_payload(&changed).as_ref(), Ok(&terms), "bit {bit}");
        }
        for more in 1..40 {
            let longer = [payload.as_slice(), &vec![0; more]].concat();
            assert_eq!(flaw(&longer), Flaw::PaddingLength, "{more}");
        }
    }
}

#[test]
fn the_default_grace_given_and_not_given_are_different_terms() {
    let given = Terms { grace: Some(30), ..example() };
    assert_eq!(given.grace_days(), example().grace_days());
    assert_ne!(given.to_payload(), example().to_payload());
}

fn flaw(payload: &[u8]) -> Flaw {
    match Terms::from_payload(payload) {
        Err(PayloadFault::NotCanonical(flaw)) => flaw,
        other => panic!("{other:?}"),
    }
}

fn newer(payload: &[u8]) -> Newer {
    match Terms::from_payload(payload) {
        Err(PayloadFault::Newer(newer)) => newer,
        other => panic!("{other:?}"),
    }
}

/// The example's payload, with `bits` at a place of the base changed to `value`.
fn with(first_bit: usize, bits: usize, value: u32) -> Vec<u8> {
    let mut payload = example().to_payload().unwrap();
    for i in 0..bits {
        let (byte, mask) = ((first_bit + i) / 8, 0x80 >> ((first_bit + i) % 8));
        let one = value >> (bits - 1 - i) & 1 == 1;
        payload[byte] = payload[byte] & !mask | if one { mask } else { 0 };
    }
    payload
}

/// The example's payload with this extension, padded as it should be.
fn extended(extension: &[u8]) -> Vec<u8> {
    let mut payload = with(7, 1, 1);
    payload.extend(extension);
    let shape = Shape::holding(payload.len() + SIGNATURE_BYTES).unwrap();
    payload.resize(shape.capacity() - SIGNATURE_BYTES, 0);
    payload
}

#[test]
fn another_version_is_newer() {
    for version in (0..16).filter(|&version| version != 1) {
        assert_eq!(newer(&with(0, 4, version)), Newer::Version(version as u8));
    }
    assert_eq!(newer(&[0x20]), Newer::Version(2), "whatever follows");
}

#[test]
fn the_fourth_kind_is_newer() {
    assert_eq!(newer(&with(4, 2, 3)), Newer::Kind);
}

#[test]
fn unknown_flags_are_newer() {
    for flags in 0..=255u8 {
        if flags & 7 != 0 {
            assert_eq!(newer(&extended(&[flags])), Newer::Fields(flags & 7));
        }
    }
}

#[test]
fn numbers_that_start_at_1_are_not_0() {
    for (first_bit, bits, field) in [
        (8, 10, Field::Issuer),
        (18, 16, Field::Product),
        (34, 28, Field::License),
        (62, 24, Field::Units),
        (86, 10, Field::Revision),
    ] {
        assert_eq!(flaw(&with(first_bit, bits, 0)), Flaw::Zero(field));
        assert!(Terms::from_payload(&with(first_bit, bits, u32::MAX)).is_ok(), "{field:?}");
    }
}

#[test]
fn nothing_is_issued_before_2020() {
    // First day 2020-01-01 and 1 day before it issued: lead 2049 − 2048.
    let mut payload = with(96, 15, 0);
    (payload[15], payload[16]) = (payload[15] & 0xF0 | 0x8, 1);
    assert_eq!(flaw(&payload), Flaw::IssueDay);
    payload[16] = 0;
    assert_eq!(Terms::from_payload(&payload).map(|terms| terms.issued), Ok(Day::EPOCH));
}

#[test]
fn an_extension_announces_something() {
    assert_eq!(flaw(&extended(&[0])), Flaw::EmptyExtension);
}

#[test]
fn members_are_1_to_16_and_ascend() {
    let of = |count: u8, members: &[u16]| {
        let members = members.iter().flat_map(|member| member.to_be_bytes());
        extended(&[0x20, count].into_iter().chain(members).collect::<Vec<_>>())
    };
    let many: Vec<u16> = (1..=17).collect();
    for (count, members) in
        [(0, &[][..]), (17, &many), (255, &many), (1, &[0]), (2, &[0, 1]), (2, &[9, 8]), (2, &[9, 9])]
    {
        assert_eq!(flaw(&of(count, members)), Flaw::Members, "{count} {members:?}");
    }
    for (count, members) in [(1, &[1][..]), (1, &[65_535]), (2, &[8, 9]), (16, &many[..16])] {
        let terms = Terms::from_payload(&of(count, members)).unwrap();
        assert_eq!(terms.members.unwrap().products().iter().map(|id| id.get()).collect::<Vec<_>>(), members);
    }
}

#[test]
fn members_are_made_of_1_to_16_different_products_in_any_order() {
    let members = |ids: &[u16]| Members::new(ids.iter().map(|&id| ProductId::new(id).unwrap()));
    let many: Vec<u16> = (1..=17).rev().collect();
    assert_eq!(members(&[]), None);
    assert_eq!(members(&many), None);
    assert_eq!(members(&[3, 5, 3]), None);
    assert_eq!(members(&many[..16]).unwrap().products().len(), 16);
    assert_eq!(members(&[5, 3]), members(&[3, 5]));
    // An iterator without an end is looked at no further than need be.
    assert_eq!(Members::new(std::iter::repeat(ProductId::MAX)), None);
}

#[test]
fn a_holder_that_is_no_name_is_not_canonical() {
    let of = |length: u8, name: &[u8]| extended(&[&[0x08, length], name].concat());
    for (length, name) in [
        (0, &b""[..]),
        (65, &[b'H'; 65]),
        (255, &[b'H'; 100]),
        (1, b"\n"),
        (3, "\u{202E}".as_bytes()),
        (2, b"\xC3\x28"),
        (1, b"\xC3"),
        // A surrogate, and an overlong spelling of '/'.
        (3, b"\xED\xA0\x80"),
        (2, b"\xC0\xAF"),
    ] {
        let expected = if usize::from(length) > of(length, name).len() - 19 { Flaw::Short } else { Flaw::Holder };
        assert_eq!(flaw(&of(length, name)), expected, "{length} {name:?}");
    }
    let longest = Terms::from_payload(&of(64, &[b'H'; 64])).unwrap();
    assert_eq!(longest.holder.unwrap().as_str(), "H".repeat(64));
}

#[test]
fn a_name_has_1_to_64_bytes_and_no_character_that_deceives() {
    assert_eq!(Holder::new(""), Err(HolderFault::Length { bytes: 0 }));
    assert_eq!(Holder::new(&"H".repeat(65)), Err(HolderFault::Length { bytes: 65 }));
    assert_eq!(Holder::new(&"例".repeat(22)), Err(HolderFault::Length { bytes: 66 }));
    assert!(Holder::new(&"例".repeat(21)).is_ok());
    assert!(Holder::new(&"H".repeat(64)).is_ok());
    let controls = (0..0x20).chain(0x7F..0xA0).filter_map(char::from_u32);
    let bidirectional =
        "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}";
    for character in controls.chain(bidirectional.chars()) {
        let fault = Err(HolderFault::Character { character });
        assert_eq!(Holder::new(&format!("A{character}B")), fault);
        assert_eq!(Holder::new(&character.to_string()), fault);
    }
    for name in ["Müller & Söhne", "株式会社例", "شركة", "O'Neil \"Bob\" <x>", "👩\u{200D}🔧"] {
        assert_eq!(Holder::new(name).unwrap().as_str(), name);
    }
}

#[test]
fn a_payload_does_not_end_inside_a_field() {
    assert_eq!(flaw(&[]), Flaw::Short);
    assert_eq!(flaw(&example().to_payload().unwrap()[..16]), Flaw::Short);
    assert_eq!(flaw(&with(7, 1, 1)), Flaw::Short, "no flags");
    for flags in [0x80, 0x40, 0x20, 0x10, 0x08] {
        let mut payload = with(7, 1, 1);
        payload.push(flags);
        assert_eq!(flaw(&payload), Flaw::Short, "{flags:#x}");
    }
    let mut host = with(7, 1, 1);
    host.extend([0x40, 1, 2, 3]);
    assert_eq!(flaw(&host), Flaw::Short);
    let mut members = with(7, 1, 1);
    members.extend([0x20, 2, 0, 1, 0]);
    assert_eq!(flaw(&members), Flaw::Short);
    let mut holder = with(7, 1, 1);
    holder.extend([0x08, 3, b'A', b'B']);
    assert_eq!(flaw(&holder), Flaw::Short);
}

#[test]
fn padding_is_zero_and_no_longer_than_it_must_be() {
    let grace = extended(&[0x80, 30]);
    assert_eq!(grace.len(), 21, "two bytes of padding");
    assert!(Terms::from_payload(&grace).is_ok());
    for index in 19..21 {
        let mut payload = grace.clone();
        payload[index] = 1;
        assert_eq!(flaw(&payload), Flaw::Padding);
    }
    assert_eq!(flaw(&grace[..20]), Flaw::PaddingLength);
    assert_eq!(flaw(&[&grace[..], &[0; 3]].concat()), Flaw::PaddingLength);
    assert_eq!(flaw(&[&example().to_payload().unwrap()[..], &[0]].concat()), Flaw::PaddingLength);
}

#[test]
fn bits_that_carry_nothing_are_zero() {
    let bytes = sign(&example()).as_bytes().to_vec();
    assert_eq!(rows::rows(1, 30, &bytes), sign(&example()).letters());
    for spare in 1..4 {
        let text = rows::rows_with_spare(1, 30, &bytes, spare).join("\n");
        let fault = ActivationCode::read(&text).unwrap_err();
        assert_eq!(fault, ReadFault::Payload(PayloadFault::NotCanonical(Flaw::SpareBits)));
        assert_eq!(fault.reason(), Reason::NotCanonical);
    }
}

#[test]
fn a_symbol_that_carries_nothing_is_zero() {
    // 32 groups: 137 data symbols for 85 bytes, which need 136.
    let code = sign(&Terms { grace: Some(90), ..example() });
    assert_eq!(rows::rows(1, 32, code.as_bytes()), code.letters());
    for spare in 1..32 {
        let text = rows::rows_with_spare(1, 32, code.as_bytes(), spare).join("\n");
        let fault = ActivationCode::read(&text).unwrap_err();
        assert_eq!(fault, ReadFault::Payload(PayloadFault::NotCanonical(Flaw::SpareBits)));
    }
}

#[test]
fn rows_of_every_size_but_that_of_a_code_are_refused() {
    let bytes = [example().to_payload().unwrap(), vec![0; 200]].concat();
    for groups in (2..=75).filter(|&groups| groups % 5 != 1) {
        let text = rows::rows(1, groups, &bytes).join("\n");
        let capacity = Shape::new(groups).unwrap().capacity();
        let expected = match capacity.checked_sub(SIGNATURE_BYTES) {
            None => Flaw::Size,
            Some(0..17) => Flaw::Short,
            Some(17) => continue,
            Some(_) => Flaw::PaddingLength,
        };
        assert_eq!(
            ActivationCode::read(&text),
            Err(ReadFault::Payload(PayloadFault::NotCanonical(expected))),
            "{groups} groups"
        );
    }
}

#[test]
fn each_payload_that_is_not_read_has_its_sentence() {
    let grace = extended(&[0x80, 30]);
    let mut padded = grace.clone();
    padded[19] = 1;
    let mut early = with(96, 15, 0);
    (early[15], early[16]) = (early[15] & 0xF0 | 0x8, 1);
    let size = ActivationCode::from_bytes(vec![0x10; 63]).unwrap_err();
    assert_eq!(size.to_string(), "no desk writes such a code: it has the size of no activation code");
    let text = rows::rows_with_spare(1, 30, sign(&example()).as_bytes(), 1).join("\n");
    let spare = ActivationCode::read(&text).unwrap_err();
    assert_eq!(spare.to_string(), "no desk writes such a code: its spare bits are not zero");
    for (payload, sentence) in [
        (with(8, 10, 0), "its issuer is 0"),
        (with(18, 16, 0), "its product is 0"),
        (with(34, 28, 0), "its license number is 0"),
        (with(62, 24, 0), "its number of units is 0"),
        (with(86, 10, 0), "its revision is 0"),
        (early, "its day of issue is before 2020-01-01"),
        (extended(&[0]), "its extension announces nothing"),
        (extended(&[0x20, 0]), "the members of its suite are not 1 to 16 ascending products"),
        (extended(&[0x08, 0]), "its holder's name is not a name"),
        (grace[..18].to_vec(), "it ends inside a field"),
        (padded, "its padding is not zero"),
        (grace[..20].to_vec(), "it has more padding than it needs"),
    ] {
        let fault = Terms::from_payload(&payload).unwrap_err();
        assert_eq!(fault, PayloadFault::NotCanonical(flaw(&payload)));
        assert_eq!(fault.to_string(), format!("no desk writes such a code: {sentence}"));
        assert_eq!(ReadFault::from(fault).to_string(), fault.to_string());
    }
    for (payload, sentence) in [
        (with(0, 4, 2), "the code has format 2, this release reads format 1"),
        (with(4, 2, 3), "the code is for a kind of license that this release does not know"),
        (extended(&[0x86]), "the code has fields that this release does not know (flags 0x06)"),
    ] {
        let fault = Terms::from_payload(&payload).unwrap_err();
        assert_eq!(fault, PayloadFault::Newer(newer(&payload)));
        assert_eq!((fault.to_string().as_str(), ReadFault::from(fault).reason()), (sentence, Reason::NewerFormat));
    }
}

#[test]
fn terms_that_no_code_carries_say_what_was_wanted() {
    let long = period(example().period.first(), 8_192);
    let early = example().period.first().plus(-2_048).unwrap();
    for (terms, sentence) in [
        (
            Terms { period: period(day("2019-12-31"), 0), ..example() },
            "the period begins on 2019-12-31, wanted a day from 2020-01-01 to 2109-09-18",
        ),
        (Terms { period: long, ..example() }, "the period has 8193 days, wanted at most 8192"),
        (
            Terms { period: period(Day::EPOCH, 0), issued: day("2019-12-31"), ..example() },
            "issued on 2019-12-31, wanted 2020-01-01 or later",
        ),
        (
            Terms { issued: early, ..example() },
            "the period begins on 2026-12-01 and the code is issued on 2021-04-23, wanted at most 2048 days before that \
             day or 2047 after it",
        ),
    ] {
        assert_eq!(fault(terms).to_string(), sentence);
    }
    assert_eq!(example().period.to_string(), "2026-12-01 to 2027-11-30");
    let fault = Holder::new(&"H".repeat(65)).unwrap_err();
    assert_eq!(fault.to_string(), "the holder's name has 65 bytes, wanted 1 to 64");
    let fault = Holder::new("A\u{202E}B").unwrap_err();
    let sentence = "the holder's name has the character U+202E, wanted none that is invisible or changes the direction \
                    of writing";
    assert_eq!(fault.to_string(), sentence);
    let fault = "1024".parse::<Revision>().unwrap_err();
    assert_eq!(fault.to_string(), "wanted a whole number from 1 to 1023");
    let fault = "2027-02-29".parse::<Day>().unwrap_err();
    assert_eq!((fault, fault.to_string().as_str()), (DayFault::NotInCalendar, "the calendar has no such day"));
    let fault = "1.2.2027".parse::<Day>().unwrap_err();
    assert_eq!((fault, fault.to_string().as_str()), (DayFault::Shape, "a day is written YYYY-MM-DD, as in 2027-11-30"));
}

#[test]
fn bytes_shorter_than_a_signature_are_no_code() {
    for length in 0..SIGNATURE_BYTES {
        assert_eq!(ActivationCode::from_bytes(vec![0x10; length]), Err(Flaw::Size.into()));
    }
    assert_eq!(ActivationCode::from_bytes(vec![0x10; SIGNATURE_BYTES]), Err(Flaw::Short.into()));
    let payload = example().to_payload().unwrap();
    assert_eq!(
        ActivationCode::from_parts(&payload[1..], &[0; 64]).unwrap_err(),
        PayloadFault::Newer(Newer::Version(0))
    );
}

fn fault(terms: Terms) -> TermsFault {
    terms.to_payload().unwrap_err()
}

fn period(first: Day, days: i32) -> MaintenancePeriod {
    MaintenancePeriod::new(first, first.plus(days).unwrap()).unwrap()
}

#[test]
fn a_period_begins_from_2020_01_01_to_2109_09_18() {
    let last_first = day("2109-09-18");
    for first in [Day::EPOCH, last_first] {
        let terms = Terms { period: period(first, 0), issued: first, ..example() };
        assert_eq!(Terms::from_payload(&terms.to_payload().unwrap()), Ok(terms));
    }
    for first in [day("2019-12-31"), day("2109-09-19"), Day::MIN, Day::MAX] {
        let terms = Terms { period: period(first, 0), issued: Day::EPOCH, ..example() };
        assert_eq!(fault(terms), TermsFault::FirstDay { first });
    }
}

#[test]
fn a_period_has_at_most_8192_days() {
    let first = example().period.first();
    let terms = Terms { period: period(first, 8_191), ..example() };
    assert_eq!(terms.period.days(), 8_192);
    assert_eq!(Terms::from_payload(&terms.to_payload().unwrap()), Ok(terms));
    assert_eq!(fault(Terms { period: period(first, 8_192), ..example() }), TermsFault::Length { days: 8_193 });
    let whole = MaintenancePeriod::new(Day::EPOCH, Day::MAX).unwrap();
    assert_eq!(fault(Terms { period: whole, ..example() }), TermsFault::Length { days: 2_914_635 });
}

#[test]
fn nothing_is_issued_before_2020_01_01() {
    let first = Day::EPOCH;
    for issued in [day("2019-12-31"), Day::MIN] {
        assert_eq!(fault(Terms { period: period(first, 0), issued, ..example() }), TermsFault::IssueDay { issued });
    }
}

#[test]
fn a_period_begins_2048_days_before_to_2047_days_after_its_issue() {
    let first = day("2040-01-01");
    let with_lead = |lead: i32| Terms { period: period(first, 364), issued: first.plus(-lead).unwrap(), ..example() };
    for lead in [-2_048, -1, 0, 1, 2_047] {
        let terms = with_lead(lead);
        assert_eq!(Terms::from_payload(&terms.to_payload().unwrap()), Ok(terms), "{lead}");
    }
    for lead in [-2_049, 2_048] {
        let issued = with_lead(lead).issued;
        assert_eq!(fault(with_lead(lead)), TermsFault::Lead { first, issued });
    }
    assert_eq!(
        fault(Terms { issued: Day::MAX, ..example() }),
        TermsFault::Lead { first: example().period.first(), issued: Day::MAX }
    );
}

#[test]
fn numbers_are_1_to_their_largest_and_written_in_decimal_digits() {
    assert_eq!((ProductId::new(0), ProductId::new(65_535)), (None, Some(ProductId::MAX)));
    assert_eq!((LicenseNumber::new(0), LicenseNumber::new(268_435_456)), (None, None));
    assert_eq!(LicenseNumber::new(268_435_455), Some(LicenseNumber::MAX));
    assert_eq!((Units::new(0), Units::new(16_777_216)), (None, None));
    assert_eq!(Units::new(16_777_215), Some(Units::MAX));
    assert_eq!((Revision::new(0), Revision::new(1_024)), (None, None));
    assert_eq!((Revision::FIRST.next(), Revision::MAX.next()), (Revision::new(2), None));
    assert_eq!((IssuerNumber::new(0), IssuerNumber::new(1_024)), (None, None));
    assert_eq!("0250".parse(), Ok(Units::new(250).unwrap()));
    assert_eq!("16777215".parse(), Ok(Units::MAX));
    for text in ["", "0", "000", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "16777216", "99999999999999999999", "٣"]
    {
        assert_eq!(text.parse::<Units>(), Err(NumberFault { largest: 16_777_215 }), "{text:?}");
    }
    assert_eq!("65536".parse::<ProductId>(), Err(NumberFault { largest: 65_535 }));
}

#[test]
fn a_product_is_enabled_by_itself_and_as_a_member() {
    let product = |id| ProductId::new(id).unwrap();
    let suite = Terms { members: Members::new([product(8), product(9)]), ..example() };
    assert!(suite.enables(product(7)) && suite.enables(product(8)) && suite.enables(product(9)));
    assert!(!suite.enables(product(10)) && !example().enables(product(8)));
}
