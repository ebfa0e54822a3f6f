//! The laws that fuzzing looks for breaches of. Each takes any bytes and panics where
//! the law is broken; `fuzz/` runs them on new inputs, `tests/replay.rs` on saved ones.

use super::desk::{key, sign, trust};
use activation_code::*;
use arbitrary::{Result, Unstructured};
use ed25519_dalek::Signer;
use std::collections::HashSet;
use std::ops::RangeInclusive;

type Law = fn(&[u8]);

/// Each law by the name of its fuzz target.
pub const LAWS: [(&str, Law); 6] = [
    ("read_code", read_code),
    ("read_typed", read_typed),
    ("terms", terms),
    ("issue_then_verify", issue_then_verify),
    ("bundle", bundle),
    ("request_row", request_row),
];

/// Reading never panics and always says why not; an accepted text has one canonical
/// spelling: printing then reading is the identity.
pub fn read_code(data: &[u8]) {
    match ActivationCode::read(&String::from_utf8_lossy(data)) {
        Ok(code) => {
            for text in spellings(&code) {
                assert_eq!(ActivationCode::read(&text).as_ref(), Ok(&code), "{text}");
            }
            let terms = code.unverified_terms();
            assert_eq!(terms.to_payload().as_deref(), Ok(code.payload()));
            let first = UnverifiedFirstRow { license: terms.license, revision: terms.revision };
            assert_eq!(UnverifiedFirstRow::read(&code.letters()[0]), Some(first));
        }
        Err(ReadFault::Typing(faults)) => {
            assert!(!faults.all().is_empty() && faults.all().iter().all(|fault| !fault.to_string().is_empty()));
            assert_eq!(faults.reason().class(), ReasonClass::NotReadable);
            let rows = faults.places();
            assert!(rows.iter().all(|place| place.row >= 1 && place.group != Some(0)), "{rows:?}");
        }
        Err(fault @ ReadFault::Payload(_)) => {
            assert!(!fault.to_string().is_empty());
            assert_eq!(fault.reason().class(), ReasonClass::Refused);
        }
    }
}

/// Nothing is accepted that the signature does not cover, a repair is told, and the
/// search stays within its bounds. So do the rows that one row may have been meant as.
pub fn read_typed(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if UnverifiedFirstRow::read(&text).is_some() {
        assert!(matches!(read_row(&text, None), RowAnswer::Right { row: 1, last: false, .. }));
    }
    reading_never_accepts_what_is_not_signed(&text);
    possible_rows_are_right_and_differ(&text);
}

/// As [`read_typed`].
pub fn reading_never_accepts_what_is_not_signed(text: &str) {
    let trust = trust(Purpose::Testing, &[1, 2, 1023]);
    let straight = ActivationCode::read(text);
    if let Ok(Accepted { license, repairs }) = trust.read(text) {
        let code = license.code();
        let signature = ed25519_dalek::Signature::from_bytes(code.signature());
        key().verifying_key().verify_strict(&signed_message(code.payload()), &signature).expect("signed");
        // As typed without a repair, and never both.
        assert_eq!(straight.as_ref() == Ok(code), repairs.is_empty());
        assert_eq!(&ActivationCode::read(&code.letters().join("\n")).unwrap(), code);
    }
    if let Err(ReadFault::Typing(faults)) = straight {
        assert!(!faults.all().is_empty());
        search_stays_within_its_bounds(text);
    }
}

/// What one row may have been meant as is within the bound, each a right row and each once,
/// and says of the text itself what [`read_row`] says.
pub fn possible_rows_are_right_and_differ(text: &str) {
    let answer = read_row(text, None);
    let faults = if let RowAnswer::Wrong { faults, .. } = &answer { Some(faults) } else { None };
    let typed = match possible_rows(text) {
        Ok(typed) => typed,
        Err(found) => return assert_eq!(faults, Some(&found)),
    };
    assert_eq!(typed.faults(), faults);
    let possible: Vec<_> = typed.iter().collect();
    assert!(possible.len() <= MOST_POSSIBLE_ROWS);
    let right = |row: &PossibleRow<'_>| RowAnswer::Right { row: row.row, last: row.last, letters: row.letters.clone() };
    assert!(faults.is_some() || possible.first().map(right).as_ref() == Some(&answer));
    let mut seen = HashSet::new();
    for row in &possible {
        assert_eq!(read_row(&row.letters, None), right(row));
        assert!(seen.insert(&row.letters), "{} comes twice", row.letters);
        assert_eq!(row.events == 0, row.repairs().is_empty());
        assert_eq!(row.events == 0, right(row) == answer);
    }
}

/// What the search looks at when nothing is ever taken.
pub fn search_stays_within_its_bounds(text: &str) -> Effort {
    let mut judged = 0;
    let (proposal, effort) = propose(text, &mut |_| {
        judged += 1;
        false
    });
    assert_eq!(proposal, None);
    assert_eq!(effort.signatures, judged);
    assert!(effort.signatures <= MOST_SIGNATURES);
    assert!(effort.combinations <= MOST_COMBINATIONS);
    // One list of candidates is finished when the bound is reached.
    assert!(effort.explanations <= MOST_EXPLANATIONS + 250_000, "{effort:?}");
    effort
}

/// A payload that is read is the one that its terms are written as.
pub fn terms(data: &[u8]) {
    match Terms::from_payload(data) {
        Ok(terms) => assert_eq!(terms.to_payload().as_deref(), Ok(data)),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}

/// What is issued is verified, from every spelling, and is equal; with one bit of the
/// payload, the signature or the context changed it never is.
pub fn issue_then_verify(data: &[u8]) {
    let mut chance = Unstructured::new(data);
    let Ok(terms) = any_terms(&mut chance) else { return };
    let code = sign(&terms);
    let trust = trust(Purpose::Testing, &[terms.issuer.get()]);
    for text in spellings(&code) {
        let license = trust.verify(ActivationCode::read(&text).unwrap()).unwrap();
        assert_eq!((license.terms(), license.code()), (&terms, &code));
    }
    let mut bytes = code.as_bytes().to_vec();
    let bit = chance.choose_index(bytes.len() * 8).unwrap_or(0);
    bytes[bit / 8] ^= 0x80 >> (bit % 8);
    if let Ok(changed) = ActivationCode::from_bytes(bytes) {
        let trust = super::desk::trust(Purpose::Testing, &[changed.unverified_terms().issuer.get()]);
        assert_eq!(trust.verify(changed).map(|_| bit).map_err(|refusal| refusal.reason()), Err(Reason::BadSignature));
    }
}

/// A bundle's text has one spelling, and a fault is on one of its lines or on the first that is missing. What is trusted carries the signature of a
/// root. Signed by the root a text says the same, unless it brings other roots; with one bit changed it says nothing.
pub fn bundle(data: &[u8]) {
    let Ok(text) = Bundle::text_of(data) else { return };
    let root = PublicKey::from_bytes(key().verifying_key().as_bytes()).unwrap();
    let trusted = Roots::new(1, [root]).unwrap();
    let signature = |text: &str| signature_line(&root, &key().sign(text.as_bytes()).to_bytes());
    let lines = 2 + text.matches('\n').count();
    match Bundle::read(text, &trusted) {
        Ok(bundle) => {
            let said = bundle.to_string();
            assert!(text.contains(&format!("{said}\n")) && text.contains(&signature(&said)));
        }
        Err(fault) => is_placed(&fault, lines),
    }
    if let Err(fault) = note_signers(text, &[root]) {
        is_placed(&BundleFault::Note(fault), lines);
    }
    let bundle = match Bundle::parse_unverified(text) {
        Ok(bundle) => bundle,
        Err(fault) => return is_placed(&fault, lines),
    };
    assert_eq!(bundle.to_string(), text);
    let file = format!("{text}\n{}", signature(text));
    let signed = Bundle::read(&file, &trusted);
    let number = bundle.number;
    if bundle.roots.threshold() > 1 || !bundle.roots.keys().contains(&root) {
        return assert_eq!(signed, Err(BundleFault::NewRootsBelowThreshold { number }));
    }
    assert_eq!(signed.as_ref(), Ok(&bundle));
    assert_eq!(note_signers(&file, bundle.roots.keys()).as_deref(), Ok(&[root][..]));
    let mut chance = Unstructured::new(data);
    let mut bytes = file.into_bytes();
    let bit = chance.choose_index((text.len() + 1) * 8).unwrap_or(0);
    bytes[bit / 8] ^= 0x80 >> (bit % 8);
    assert!(Bundle::text_of(&bytes).and_then(|changed| Bundle::read(changed, &trusted)).is_err(), "bit {bit}");
    let Ok(terms) = any_terms(&mut chance) else { return };
    let trust = Trust::of_bundle(Purpose::Testing, bundle).unwrap();
    if let Ok(license) = trust.verify(sign(&terms)) {
        assert_eq!(license.issuer(), PinnedIssuer { number: terms.issuer, key: root });
    }
}

/// It says what is wrong, on a line that is there or the first that is missing.
fn is_placed(fault: &BundleFault, lines: usize) {
    let said = fault.to_string();
    assert!(!said.is_empty() && line_of(fault).is_none_or(|line| (1..=lines).contains(&line)), "{said}");
}

fn line_of(fault: &BundleFault) -> Option<usize> {
    match *fault {
        BundleFault::Line { line, .. } | BundleFault::NotCanonical { line } | BundleFault::NotText { line } => {
            Some(line)
        }
        BundleFault::Note(
            NoteFault::NoSignatures { line }
            | NoteFault::Signature { line }
            | NoteFault::Twice { line }
            | NoteFault::TooMany { line }
            | NoteFault::Wrong { line },
        ) => Some(line),
        _ => None,
    }
}

/// No text breaks the reading of a host's request, a receipt, a clock reset or a registration key. What is read has one canonical spelling,
/// which says the same; no text is two of them, or a code besides; and no clock reset counts that nobody has signed.
pub fn request_row(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let rows: Vec<&str> = text.lines().collect();
    let request = HostRequest::read(&text);
    if let Ok(request) = &request {
        assert_eq!(HostRequest::read(&request.row()).as_ref(), Ok(request));
    }
    let receipt = Receipt::read(&rows);
    if let Ok(receipt) = &receipt {
        assert_eq!(Receipt::read(&receipt.rows()).as_ref(), Ok(receipt));
    }
    let reset = UnverifiedClockReset::read(&rows);
    if let Ok(reset) = &reset {
        let terms = reset.unverified_terms();
        let canonical = UnverifiedClockReset::read(&terms.rows(&[0; 64]));
        assert_eq!(canonical.map(|reset| reset.unverified_terms()), Ok(terms));
        let signature = key().sign(&terms.signed_message()).to_bytes();
        let signed = UnverifiedClockReset::read(&terms.rows(&signature)).unwrap();
        let trust = trust(Purpose::Testing, &[1, 2, 1023]);
        let trusted = trust.issuers().any(|issuer| issuer.number == terms.issuer);
        assert_eq!(trust.verify_clock_reset(&signed).is_ok(), trusted);
        assert_eq!(trust.verify_clock_reset(reset).is_ok(), trusted && *reset == signed, "nobody has signed it");
    }
    let key = RegistrationKey::read(&text);
    if let Ok(key) = &key {
        assert_eq!(RegistrationKey::read(&key.row()).as_ref(), Ok(key));
        assert_eq!(RegistrationKey::read(&key.row_in_digits()).as_ref(), Ok(key));
    }
    let kinds = [request.is_ok(), receipt.is_ok(), reset.is_ok(), key.is_ok(), ActivationCode::read(&text).is_ok()];
    assert!(kinds.iter().filter(|&&read| read).count() <= 1, "one text is two kinds: {kinds:?}");
    for kind in [CodeKind::HostRequest, CodeKind::Receipt, CodeKind::ClockReset, CodeKind::RegistrationKey] {
        each_row_says_what_it_is(kind, &rows);
    }
    if let Ok(issuer) = text.parse::<PinnedIssuer>() {
        assert_eq!(issuer.to_string().parse(), Ok(issuer));
    }
    for fault in [request.err(), receipt.err(), reset.err(), key.err()].into_iter().flatten() {
        assert!(!fault.to_string().is_empty());
    }
}

/// A row by itself is right in its canonical spelling, or wrong for a reason; what is proposed for it is right.
fn each_row_says_what_it_is(kind: CodeKind, rows: &[&str]) {
    for (number, row) in (1..=15).zip(rows) {
        match read_row_of(kind, row, Some(number)) {
            RowAnswer::Right { row, last, letters } => {
                let right = RowAnswer::Right { row, last, letters: letters.clone() };
                assert_eq!(read_row_of(kind, &letters, Some(row)), right);
            }
            RowAnswer::Wrong { faults, proposals } => {
                assert!(!faults.to_string().is_empty());
                for RowProposal { row, last, letters, repairs, .. } in proposals {
                    assert!(!repairs.is_empty());
                    let right = RowAnswer::Right { row, last, letters: letters.clone() };
                    assert_eq!(read_row_of(kind, &letters, Some(row)), right);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A code as letters, as digits, as rows of both, and as one line.
pub fn spellings(code: &ActivationCode) -> [String; 4] {
    let (letters, digits) = (code.letters(), code.digits());
    let mixed: Vec<_> = (0..letters.len()).map(|i| [&letters, &digits][i % 2][i].as_str()).collect();
    [letters.join("\n"), digits.join("\n"), mixed.join("\n"), code.transport()]
}

/// Any terms that a code can carry, the ends of each range more often than by chance.
pub fn any_terms(chance: &mut Unstructured<'_>) -> Result<Terms> {
    let first = number(chance, 0..=32_767)?;
    let lead = number(chance, -2_048..=(2_047.min(first)))?;
    let length = number(chance, 0..=8_191)?;
    let day = |days| Day::from_days_since_2020(days).unwrap();
    let mut flag = || chance.arbitrary::<bool>();
    let [test, grace, host, members, features, holder] = [flag()?, flag()?, flag()?, flag()?, flag()?, flag()?];
    Ok(Terms {
        product: ProductId::new(number(chance, 1..=65_535)? as u16).unwrap(),
        license: LicenseNumber::new(number(chance, 1..=268_435_455)? as u32).unwrap(),
        units: Units::new(number(chance, 1..=16_777_215)? as u32).unwrap(),
        period: MaintenancePeriod::new(day(first), day(first + length)).unwrap(),
        issued: day(first - lead),
        issuer: IssuerNumber::new(number(chance, 1..=1_023)? as u16).unwrap(),
        revision: Revision::new(number(chance, 1..=1_023)? as u16).unwrap(),
        kind: *chance.choose(&Kind::ALL)?,
        test,
        grace: grace.then(|| chance.arbitrary()).transpose()?,
        host: host.then(|| chance.arbitrary().map(HostId)).transpose()?,
        members: if members { any_members(chance)? } else { None },
        features: features.then(|| chance.arbitrary().map(Features)).transpose()?,
        holder: if holder { any_holder(chance)? } else { None },
    })
}

fn number(chance: &mut Unstructured<'_>, range: RangeInclusive<i32>) -> Result<i32> {
    Ok(match chance.arbitrary::<u8>()? {
        0..16 => *range.start(),
        16..32 => *range.end(),
        _ => chance.int_in_range(range)?,
    })
}

fn any_members(chance: &mut Unstructured<'_>) -> Result<Option<Members>> {
    let count = number(chance, 1..=Members::MOST as i32)?;
    let products = (0..count).map(|_| Ok(ProductId::new(number(chance, 1..=65_535)? as u16).unwrap()));
    Ok(Members::new(products.collect::<Result<Vec<_>>>()?))
}

fn any_holder(chance: &mut Unstructured<'_>) -> Result<Option<Holder>> {
    let longest = number(chance, 1..=Holder::LONGEST as i32)? as usize;
    let mut name = String::new();
    loop {
        let next = match chance.arbitrary::<u8>()? {
            0..=7 => chance.arbitrary()?,
            _ => *chance.choose(&['A', 'z', '0', ' ', '.', '"', 'ß', 'Я', 'و', '例', '🔑'])?,
        };
        if name.len() + char::len_utf8(next) > longest {
            break;
        }
        name.push(next);
    }
    Ok(Holder::new(&name).ok())
}
