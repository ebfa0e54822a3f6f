//! Golden codes: texts, and what was said of them when they were frozen. Every later release says the same.
//!
//! `golden.jsonl` has a text a line, `golden.bundle` the trust bundle that some are judged with. Both are frozen: what
//! was once sold, and once refused, stays so. Further lines are added behind them (`docs/proof.md` says how).

mod common;

use activation_code::*;
use arbitrary::Unstructured;
use common::laws::any_terms;
use common::{day, example, hex, key, longest, rows, seeded, sign, to_hex, trust};
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// How many lines were frozen, and their SHA-256.
const FROZEN: (usize, &str) = (1_408, "3fddc9447311fca480e4baabc68f0894b1e3df9d268206eef30deacdf37f0184");

const BUNDLE: &str = include_str!("golden.bundle");

/// Whose signature makes the bundle true: the key of 32 bytes 0x64.
fn root() -> SigningKey {
    SigningKey::from_bytes(&[100; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().as_bytes()).unwrap()
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    /// Where the text comes from, for people.
    what: String,
    text: String,
    says: Says,
}

/// What is said of a text, by those who read it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Says {
    /// Trust in the published key as issuers 1, 2 and 1023, for production, exactly as typed.
    strictly: String,
    /// The same, mistakes repaired, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repaired: Option<String>,
    /// The same for testing, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    testing: Option<String>,
    /// The bundle, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    /// Who reads other codes than activation codes, where one of them can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

struct Readers {
    production: Trust,
    testing: Trust,
    bundle: Trust,
}

impl Readers {
    fn new() -> Self {
        let roots = Roots::new(1, [public(&root())]).unwrap();
        let bundle = Bundle::read(BUNDLE, &roots).unwrap();
        Self {
            production: trust(Purpose::Production, &[1, 2, 1023]),
            testing: trust(Purpose::Testing, &[1, 2, 1023]),
            bundle: Trust::of_bundle(Purpose::Production, bundle).unwrap(),
        }
    }

    fn says(&self, text: &str) -> Says {
        let strictly = answer(self.production.read_strictly(text));
        let other = |said: String| Some(said).filter(|said| *said != strictly);
        Says {
            repaired: other(answer(self.production.read(text))),
            testing: other(answer(self.testing.read_strictly(text))),
            bundle: other(answer(self.bundle.read_strictly(text))),
            other: other_kind(text, &self.production),
            strictly,
        }
    }
}

fn answer(read: Result<Accepted, Rejected>) -> String {
    match read {
        Ok(Accepted { license, repairs }) => {
            let mut said = format!("good, {}: {}", digest(license.code().as_bytes()), terms(license.terms()));
            if let Some(end) = license.end_of_life() {
                said += &format!("; end of life {}, use ends {}", end.day, end.use_ends);
            }
            said + &mended(&repairs)
        }
        Err(rejected) => {
            let places = match &rejected.obstacle {
                Obstacle::Read(ReadFault::Typing(faults)) => places(&faults.places()),
                _ => String::new(),
            };
            format!("{}{places}{}", rejected.obstacle.reason(), mended(&rejected.repairs))
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    to_hex(&code_digest(bytes))
}

fn places(places: &[RowGroup]) -> String {
    let place = |place: &RowGroup| match place.group {
        Some(group) => format!(" {}.{group}", place.row),
        None => format!(" {}", place.row),
    };
    places.iter().map(place).collect()
}

fn mended(repairs: &[Repair]) -> String {
    let repair = |one: &Repair| {
        let group = one.group.map(|group| format!(".{group}")).unwrap_or_default();
        format!("; {} in {}{group}: {:?} for {:?}", one.event.name(), one.row, one.meant, one.typed)
    };
    repairs.iter().map(repair).collect()
}

fn terms(terms: &Terms) -> String {
    let Terms { product, license, units, period, issued, issuer, revision, kind, test, .. } = terms;
    let mut said = format!(
        "license {license} revision {revision}, {units} of product {product}, {} to {}, issued {issued} by {issuer}, {}",
        period.first(),
        period.last(),
        kind.name()
    );
    let grace = terms.grace.map(|days| format!("grace {days}"));
    let host = terms.host.map(|host| format!("host {:08x}", host.0));
    let members = terms.members.as_ref().map(|members| {
        let products: Vec<String> = members.products().iter().map(ToString::to_string).collect();
        format!("members {}", products.join(" "))
    });
    let features = terms.features.map(|features| format!("features {:04x}", features.0));
    let holder = terms.holder.as_ref().map(|holder| format!("holder {:?}", holder.as_str()));
    for part in [test.then(|| "for testing".to_owned()), grace, host, members, features, holder].into_iter().flatten() {
        said += &format!(", {part}");
    }
    said
}

fn other_kind(text: &str, trust: &Trust) -> Option<String> {
    let rows: Vec<&str> = text.lines().collect();
    if let Ok(HostRequest { host, product, license, nonce }) = HostRequest::read(text) {
        let (product, license) = (product.map_or(0, ProductId::get), license.map_or(0, LicenseNumber::get));
        return Some(format!(
            "request {:04x} of host {:08x} for product {product}, license {license}",
            nonce.0, host.0
        ));
    }
    if let Ok(one) = Receipt::read(&rows) {
        let Receipt { license, revision, in_use, day, host, product, clock, bundle } = one;
        let (clock, bundle) = (clock.name(), bundle.unwrap_or(0));
        return Some(format!(
            "receipt of host {:08x}: {in_use} of license {license} revision {revision}, product {product}, on {day}, \
             clock {clock}, bundle {bundle}",
            host.0
        ));
    }
    if let Ok(reset) = UnverifiedClockReset::read(&rows) {
        let ClockResetTerms { host, nonce, day, issuer } = reset.unverified_terms();
        let signed = match trust.verify_clock_reset(&reset) {
            Ok(_) => "good".to_owned(),
            Err(refusal) => refusal.reason().to_string(),
        };
        return Some(format!("clock reset {:04x} of host {:08x} to {day} by {issuer}: {signed}", nonce.0, host.0));
    }
    let bytes = RegistrationKey::read(text).ok()?.bytes();
    Some(format!("registration key {}", to_hex(&bytes)))
}

fn golden() -> Vec<Golden> {
    include_str!("golden.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_golden_text_is_read_as_it_was_when_it_was_frozen() {
    let readers = Readers::new();
    for (number, Golden { what, text, says }) in golden().into_iter().enumerate() {
        assert_eq!(readers.says(&text), says, "line {}, {what}:\n{text}", number + 1);
    }
}

#[test]
fn golden_texts_are_added_and_never_changed() {
    let (count, frozen) = FROZEN;
    let lines: Vec<&str> = include_str!("golden.jsonl").split_inclusive('\n').take(count).collect();
    assert_eq!(lines.len(), count);
    let digest = Sha256::digest([BUNDLE, &lines.concat()].concat());
    assert_eq!(to_hex(&digest), frozen);
}

#[test]
fn golden_texts_show_every_answer() {
    let golden = golden();
    assert!(golden.len() >= 500);
    let texts: HashSet<&str> = golden.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts.len(), golden.len(), "a text is there twice");
    let good = golden.iter().filter(|one| one.says.strictly.starts_with("good")).count();
    assert!(good >= 200 && golden.len() - good >= 200, "{good} of {}", golden.len());
    assert!(golden.iter().filter(|one| one.says.other.is_some()).count() >= 50);
    let said = |one: &Golden| {
        let Says { strictly, repaired, testing, bundle, .. } = &one.says;
        [Some(strictly), repaired.as_ref(), testing.as_ref(), bundle.as_ref()].into_iter().flatten().cloned().collect()
    };
    let all: Vec<String> = golden.iter().flat_map(said as fn(&Golden) -> Vec<String>).collect();
    // The others are no answers to what was typed: an installation knows its products, host and newer codes.
    let elsewhere = ["superseded", "other-product", "other-host"];
    for reason in Reason::ALL.iter().map(|reason| reason.name()).filter(|name| !elsewhere.contains(name)) {
        let shown = |said: &String| said.split([' ', ';']).next() == Some(reason);
        assert!(all.iter().any(shown), "no golden text is refused as {reason}");
    }
    for event in Event::ALL {
        assert_eq!(event.to_string(), event.name());
        let shown = |said: &String| said.contains(&format!("; {} in", event.name()));
        assert!(all.iter().any(shown), "no golden text is repaired as {}", event.name());
    }
}

/// Prints what may be added behind the lines that are there: seeded texts of every sort that are not among them.
#[test]
#[ignore = "writes golden texts; docs/proof.md says when"]
fn further_golden_texts() {
    let readers = Readers::new();
    let mut seen: HashSet<String> = golden().into_iter().map(|one| one.text).collect();
    let texts = [good_texts(), mistyped(), refused(), judged(), other_kinds(), odd_texts()];
    for (what, text) in texts.into_iter().flatten() {
        if seen.insert(text.clone()) {
            let line = Golden { what, says: readers.says(&text), text };
            println!("{}", serde_json::to_string(&line).unwrap());
        }
    }
}

type Text = (String, String);

fn seeded_terms(seed: u64) -> Terms {
    let terms = any_terms(&mut Unstructured::new(&seeded(seed, 400))).unwrap();
    let issuer = IssuerNumber::new([1, 2, 1023][seed as usize % 3]).unwrap();
    Terms { issuer, test: seed % 12 == 11, ..terms }
}

fn good_texts() -> Vec<Text> {
    let spelled = |seed: u64, code: &ActivationCode| {
        let (letters, digits) = (code.letters(), code.digits());
        let numbers: Vec<usize> = (1..=letters.len()).collect();
        let rows = letters.iter().zip(&digits).zip(&numbers);
        match seed % 8 {
            0 => ("in letters", letters.join("\n")),
            1 => ("in digits", digits.join("\n")),
            2 => ("as a QR code has it", code.transport()),
            3 => ("in letters and digits", {
                let mixed = rows.map(|((letters, digits), row)| [letters, digits][row % 2].as_str());
                mixed.collect::<Vec<_>>().join("\r\n")
            }),
            4 => ("small, without dashes", letters.concat().to_lowercase().replace('-', "")),
            5 => ("labelled, backwards", {
                let labelled = rows.rev().map(|((letters, _), row)| format!("Row {row}: {letters}"));
                labelled.collect::<Vec<_>>().join("\n")
            }),
            6 => ("quoted in a mail", {
                let quoted = letters.iter().map(|row| format!("> {row}\n"));
                format!("> Your code:\n{}> Kind regards\n", quoted.collect::<String>())
            }),
            _ => ("with O, I and L as people write them", {
                letters.join("\n").replace('0', "O").replace('1', "l").replace('-', " \u{2013} ")
            }),
        }
    };
    let codes = (0..240).map(|seed| (seed, sign(&seeded_terms(seed))));
    let mut texts: Vec<Text> = codes
        .map(|(seed, code)| {
            let (how, text) = spelled(seed, &code);
            (format!("seed {seed}, {how}"), text)
        })
        .collect();
    for (what, terms) in [("the example of docs/code-format.md", example()), ("the longest", longest())] {
        texts.push((what.to_owned(), sign(&terms).letters().join("\n")));
    }
    texts
}

fn mistyped() -> Vec<Text> {
    let mut texts = Vec::new();
    for seed in 1000..1014 {
        let code = sign(&Terms { test: false, ..seeded_terms(seed) });
        let other = sign(&Terms { test: false, ..seeded_terms(seed + 500) });
        let chance = seeded(seed + 7000, 64);
        let row = usize::from(chance[0]) % code.letters().len();
        let at = usize::from(chance[1]) % 20;
        let changed = |rows: Vec<String>, change: &dyn Fn(&mut Vec<char>)| {
            let mut rows = rows;
            // Of the last row there may be less than a whole one.
            let (row, mut typed) = (row.min(rows.len() - 2), Vec::new());
            typed.extend(rows[row].chars());
            change(&mut typed);
            rows[row] = typed.into_iter().collect();
            rows.join("\n")
        };
        let exchange = |rows: Vec<String>, a: usize, b: usize| {
            changed(rows, &|typed| {
                let places: Vec<usize> = (0..typed.len()).filter(|&i| typed[i].is_alphanumeric()).collect();
                typed.swap(places[a], places[b]);
            })
        };
        let letters = || code.letters();
        let digits = || code.digits();
        let without = |rows: Vec<String>, gone: usize| {
            let kept = rows.into_iter().enumerate().filter(|(row, _)| *row != gone).map(|(_, row)| row);
            kept.collect::<Vec<_>>().join("\n")
        };
        let last = letters().len() - 1;
        let cases: [(&str, String); 25] = [
            ("another letter", changed(letters(), &|typed| typed[at] = if typed[at] == 'K' { 'P' } else { 'K' })),
            ("another digit", changed(digits(), &|typed| typed[at] = if typed[at] == '7' { '2' } else { '7' })),
            ("two other letters", { changed(letters(), &|typed| (typed[2], typed[14]) = ('W', 'Z')) }),
            ("neighbours exchanged", exchange(letters(), at, at + 1)),
            ("neighbours exchanged, in digits", exchange(digits(), at, at + 1)),
            ("exchanged around a third", exchange(letters(), at, at + 2)),
            ("groups exchanged", changed(letters(), &|typed| (0..5).for_each(|i| typed.swap(6 + i, 12 + i)))),
            ("a pair typed as another pair", changed(letters(), &|typed| (typed[7], typed[8]) = ('X', 'X'))),
            ("a letter left out", changed(letters(), &|typed| drop(typed.drain(7..8)))),
            ("a digit left out", changed(digits(), &|typed| drop(typed.drain(7..8)))),
            ("a letter too many", changed(letters(), &|typed| typed.insert(8, 'Q'))),
            ("a letter that cannot be read", changed(letters(), &|typed| typed[9] = '?')),
            ("a character of no code", changed(letters(), &|typed| typed[9] = 'U')),
            ("a letter moved", {
                changed(letters(), &|typed| {
                    let moved = typed.remove(6);
                    typed.insert(10, moved);
                })
            }),
            ("a group left out", changed(letters(), &|typed| drop(typed.drain(6..12)))),
            ("two rows exchanged", {
                let mut rows = letters();
                rows.swap(1, 2);
                rows.join("\n")
            }),
            ("a row left out", without(letters(), 2)),
            ("the first row left out", without(letters(), 0)),
            ("the last row left out", without(letters(), last)),
            ("the last row left out, in digits", without(digits(), last)),
            ("a row of another code", {
                let mut rows = letters();
                rows[1] = other.letters().swap_remove(1);
                rows.join("\n")
            }),
            ("two codes", [letters(), other.letters()].concat().join("\n")),
            ("on another keyboard", {
                let typed = letters().join("\n").to_lowercase();
                typed
                    .chars()
                    .map(|c| {
                        if c == 'y' {
                            'z'
                        } else if c == 'z' {
                            'y'
                        } else {
                            c
                        }
                    })
                    .collect()
            }),
            ("cut off", letters().join("\n")[..40].to_owned()),
            ("as a QR code has it, a letter left out", {
                let mut text = code.transport();
                text.remove(30);
                text
            }),
        ];
        texts.extend(cases.map(|(what, text)| (format!("seed {seed}, {what}"), text)));
    }
    for (what, text) in [("nothing", ""), ("spaces", " \n\t"), ("words", "no code here"), ("a dash", "-")] {
        texts.push((what.to_owned(), text.to_owned()));
    }
    texts.push(("more symbols than a code has".to_owned(), "7".repeat(2 * MAX_SYMBOLS + 1)));
    texts
}

fn refused() -> Vec<Text> {
    let mut texts = Vec::new();
    let mut add = |what: String, bytes: &[u8]| {
        let groups = (1..=usize::from(u8::MAX)).find(|&groups| {
            let data = (5 * groups).saturating_sub(3 * groups.div_ceil(5) + 2);
            data * 5 / 8 >= bytes.len()
        });
        texts.push((what, rows::rows(1, groups.unwrap(), bytes).join("\n")));
    };
    for seed in 2000..2030 {
        let code = sign(&Terms { test: false, ..seeded_terms(seed) });
        let (bytes, payload) = (code.as_bytes().to_vec(), code.payload().len());
        let chance = seeded(seed + 7000, 64);
        let flipped = |from: usize, to: usize, pick: usize| {
            let bit = from * 8 + usize::from(u16::from_le_bytes([chance[pick], chance[pick + 1]])) % ((to - from) * 8);
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            bytes
        };
        add(format!("seed {seed}, a bit of the payload"), &flipped(0, payload, 0));
        add(format!("seed {seed}, a bit of R"), &flipped(payload, payload + 32, 2));
        add(format!("seed {seed}, a bit of S"), &flipped(payload + 32, payload + 64, 4));
        let signed = |key: &SigningKey, message: &[u8]| [code.payload(), &key.sign(message).to_bytes()].concat();
        match seed % 5 {
            0 => add(
                format!("seed {seed}, another key"),
                &signed(&SigningKey::from_bytes(&[3; 32]), &signed_message(code.payload())),
            ),
            1 => add(format!("seed {seed}, signed without a context"), &signed(&key(), code.payload())),
            2 => {
                let message = [CLOCK_RESET_CONTEXT, code.payload()].concat();
                add(format!("seed {seed}, signed as a clock reset"), &signed(&key(), &message));
            }
            3 => {
                let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
                let (mut greater, mut carry) = (bytes.clone(), 0u16);
                for (byte, more) in greater[payload + 32..].iter_mut().zip(order) {
                    let sum = u16::from(*byte) + u16::from(more) + carry;
                    (*byte, carry) = (sum as u8, sum >> 8);
                }
                add(format!("seed {seed}, S + L"), &greater);
            }
            _ => add(format!("seed {seed}, a signature of zeros"), &[code.payload(), &[0; 64]].concat()),
        }
        let mut newer = code.payload().to_vec();
        newer[0] = newer[0] & 0x0F | 0x20;
        let signature = key().sign(&signed_message(&newer)).to_bytes();
        add(format!("seed {seed}, a newer format"), &[newer.as_slice(), &signature].concat());
        let unknown = sign(&Terms { issuer: IssuerNumber::new(3 + seed as u16 % 900).unwrap(), ..seeded_terms(seed) });
        add(format!("seed {seed}, an issuer that nobody knows"), unknown.as_bytes());
    }
    texts
}

/// Which issuers the bundle has, what each may issue, and a code that is above it.
fn limited() -> Vec<(u16, IssuerLimits, Terms)> {
    let (id, none) = (|id| ProductId::new(id).unwrap(), IssuerLimits::default());
    let limits = [
        (IssuerLimits { products: vec![id(7)], ..none.clone() }, Terms { product: id(8), ..example() }),
        (IssuerLimits { kinds: vec![Kind::Full], ..none.clone() }, Terms { kind: Kind::Evaluation, ..example() }),
        (
            IssuerLimits { units: Units::new(250), ..none.clone() },
            Terms { units: Units::new(251).unwrap(), ..example() },
        ),
        (IssuerLimits { grace: Some(30), ..none.clone() }, Terms { grace: Some(31), ..example() }),
        (
            IssuerLimits { features: Some(Features(1)), ..none.clone() },
            Terms { features: Some(Features(3)), ..example() },
        ),
        (
            IssuerLimits { licenses: LicenseNumber::new(1000).zip(LicenseNumber::new(1042)), ..none.clone() },
            Terms { license: LicenseNumber::new(1043).unwrap(), ..example() },
        ),
        (
            IssuerLimits { days: Some(373), ..none.clone() },
            Terms { period: MaintenancePeriod::new(day("2026-12-01"), day("2027-12-01")).unwrap(), ..example() },
        ),
        (
            IssuerLimits { until: Some(day("2027-11-30")), ..none.clone() },
            Terms { period: MaintenancePeriod::new(day("2026-12-01"), day("2027-12-01")).unwrap(), ..example() },
        ),
        (
            IssuerLimits { from: Some(day("2026-11-22")), ..none.clone() },
            Terms { issued: day("2026-11-21"), ..example() },
        ),
        (IssuerLimits { to: Some(day("2026-11-22")), ..none }, Terms { issued: day("2026-11-23"), ..example() }),
    ];
    limits.into_iter().zip(11..).map(|((limits, above), number)| (number, limits, above)).collect()
}

fn judged() -> Vec<Text> {
    let number = |number| IssuerNumber::new(number).unwrap();
    let mut texts = Vec::new();
    for (issuer, _, above) in limited() {
        for (how, terms) in [("at its limit", example()), ("above its limit", above)] {
            let code = sign(&Terms { issuer: number(issuer), ..terms });
            texts.push((format!("issuer {issuer} {how}"), code.letters().join("\n")));
        }
    }
    for (license, revision) in [(5, 1), (5, 1023), (6, 1), (6, 2), (6, 3)] {
        let terms = Terms {
            license: LicenseNumber::new(license).unwrap(),
            revision: Revision::new(revision).unwrap(),
            ..example()
        };
        texts.push((format!("revoked, license {license} revision {revision}"), sign(&terms).letters().join("\n")));
    }
    for (what, license) in [("not listed", 77), ("listed", 78)] {
        texts.push((format!("of a stolen key, {what}"), stolen(license).letters().join("\n")));
    }
    for product in [8, 9, 10, 4711] {
        let terms = Terms { product: ProductId::new(product).unwrap(), ..example() };
        texts.push((format!("product {product}"), sign(&terms).digits().join("\n")));
    }
    texts
}

fn stolen(license: u32) -> ActivationCode {
    let terms =
        Terms { license: LicenseNumber::new(license).unwrap(), issuer: IssuerNumber::new(4).unwrap(), ..example() };
    let payload = terms.to_payload().unwrap();
    let signature = SigningKey::from_bytes(&[2; 32]).sign(&signed_message(&payload)).to_bytes();
    ActivationCode::from_parts(&payload, &signature).unwrap()
}

fn other_kinds() -> Vec<Text> {
    let mut texts = Vec::new();
    for seed in 3000..3020u64 {
        let random = seeded(seed, 40);
        let word = |at: usize| u32::from_le_bytes(random[at..at + 4].try_into().unwrap());
        let (host, product) = (HostId(word(0)), ProductId::new(word(4) as u16 | 1).unwrap());
        let license = LicenseNumber::new(word(8) % 1_000_000 + 1).unwrap();
        let nonce = Nonce(word(12) as u16);
        let date = Day::from_days_since_2020((word(16) % 32_768) as i32).unwrap();
        let issuer = IssuerNumber::new([1, 2, 9][seed as usize % 3]).unwrap();
        let (some_product, some_license) = ((seed % 2 == 0).then_some(product), (seed % 3 == 0).then_some(license));
        let request = HostRequest { host, product: some_product, license: some_license, nonce };
        let receipt = Receipt {
            license,
            revision: Revision::new(word(20) as u16 % 1023 + 1).unwrap(),
            in_use: word(24) % (1 << 24),
            day: date,
            host,
            product,
            clock: ClockState::ALL[seed as usize % 4],
            bundle: (seed % 5 > 0).then_some(word(28) as u16 | 1),
        };
        let reset = ClockResetTerms { host, nonce, day: date, issuer };
        let signature = key().sign(&reset.signed_message()).to_bytes();
        let registration = RegistrationKey::from_random(random[..12].try_into().unwrap());
        let mut wrong = reset.rows(&signature);
        wrong[1] = wrong[1].replacen(['2', '3', '4', '5', '6'], "7", 1);
        let mut forged = signature;
        forged[seed as usize % 64] ^= 1;
        let cases = [
            ("a request", request.row()),
            ("a request, mistyped", request.row().replacen(['2', '3', '4', '5', '6'], "7", 1)),
            ("a receipt", receipt.rows().join("\n")),
            ("a receipt, rows exchanged", receipt.rows().into_iter().rev().collect::<Vec<_>>().join("\n")),
            ("a clock reset", reset.rows(&signature).join("\n")),
            ("a clock reset in digits", reset.rows_in_digits(&signature).join("\n")),
            ("a clock reset, mistyped", wrong.join("\n")),
            ("a clock reset, forged", reset.rows(&forged).join("\n")),
            ("a registration key", registration.row()),
            ("a registration key in digits", registration.row_in_digits()),
        ];
        texts.extend(cases.map(|(what, text)| (format!("seed {seed}, {what}"), text)));
    }
    texts
}

/// As people, mail programs and other programs write codes down: labels, quotes, wraps, remarks, other dashes and line
/// ends; every third with a mistake.
fn odd_texts() -> Vec<Text> {
    (4000..4400).map(|seed| (format!("seed {seed}, oddly"), odd_text(seed).unwrap())).collect()
}

fn odd_text(seed: u64) -> arbitrary::Result<String> {
    let data = seeded(seed, 4_000);
    let chance = &mut Unstructured::new(&data);
    let terms = if chance.ratio(3, 4)? { example() } else { Terms { test: false, ..seeded_terms(seed) } };
    let code = sign(&terms);
    let (letters, digits) = (code.letters(), code.digits());
    let mut text = String::new();
    if chance.ratio(1, 4)? {
        let head =
            ["Dear customer,\n", "\u{FEFF}", "Order 12) of 3.\n", "# printed 2026-11-22\n", "Key:\n", "7\n", "\n\n"];
        text += chance.choose(&head)?;
    }
    if chance.ratio(1, 8)? {
        // One line, wrapped by a mail program.
        let line = code.transport();
        let width = chance.int_in_range(20..=90)?;
        let end = chance.choose(&["\n", "\r\n", "=\n", "\n> ", " \n"])?;
        let lines: Vec<&str> = line.as_bytes().chunks(width).map(|part| str::from_utf8(part).unwrap()).collect();
        text += &lines.join(end);
        text += chance.choose(&["", "\n", "\nregards", " regards"])?;
        return mistaken(text, chance);
    }
    let label = *chance.choose(&[
        "", "", "Row N: ", "row N) ", "N) ", "N. ", "N: ", "Row N ", "(N) ", "N - ", "ROW N)", "N.", "0N) ",
    ])?;
    let lead = *chance.choose(&["", "", "", "> ", ">>", "  ", "* ", "| ", "\t", "- "])?;
    let dash = *chance.choose(&[
        "-", "-", " ", "\u{2013}", "\u{2014}", ".", "_", "", "  ", "\t", "\u{A0}", "/", " - ", "\u{AD}", ",",
    ])?;
    let end = *chance.choose(&[
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\u{2028}",
        " ",
        "\n# remark\n",
        ",\n",
        "\n> \n",
        ";",
        "\u{B}",
    ])?;
    let tail = *chance.choose(&["", "", "", " # ok", " ok", ".", "  ", " <-", " |"])?;
    let wrapped = chance.ratio(1, 5)?;
    let case: u8 = chance.int_in_range(0..=5)?;
    let form: u8 = chance.int_in_range(0..=5)?;
    let mut rows: Vec<String> = Vec::new();
    for (number, (letters, digits)) in (1..).zip(letters.iter().zip(&digits)) {
        let row = match form {
            0..=2 => letters.replace('-', dash),
            3..=4 => digits.replace(' ', dash),
            _ if number % 2 == 0 => digits.replace(' ', dash),
            _ => letters.replace('-', dash),
        };
        let mut row = match case {
            0 => row.to_lowercase(),
            1 => row.replace('0', "o").replace('1', "I"),
            2 if form < 3 => row.chars().map(|c| if c == 'A' { 'a' } else { c }).collect(),
            _ => row,
        };
        if wrapped && chance.ratio(1, 2)? {
            let places: Vec<usize> = row.char_indices().map(|(at, _)| at).collect();
            row.insert_str(*chance.choose(&places)?, chance.choose(&["\n", "\n> ", "\n   ", "\r\n"])?);
        }
        let number = if chance.ratio(1, 60)? { number + 1 } else { number };
        rows.push(format!("{lead}{}{row}{tail}", label.replace('N', &number.to_string())));
    }
    match chance.int_in_range(0..=15)? {
        0 => rows.reverse(),
        1 => rows.swap(0, 1),
        2 => drop(rows.remove(1)),
        3 => rows.insert(1, rows[2].clone()),
        4 => rows.insert(2, "and so on".to_owned()),
        _ => {}
    }
    text += &rows.join(end);
    text += chance.choose(&[
        "",
        "\n",
        "\n-- \nThe license desk\n+49 30 1234567\n",
        "\n1) first, enter it\n",
        "\n\n",
        " end",
    ])?;
    mistaken(text, chance)
}

/// One text in three has another character somewhere, one less or one more.
fn mistaken(mut text: String, chance: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = *chance.choose(&places)?;
    match chance.int_in_range(0..=8)? {
        0 => drop(text.remove(at)),
        1 => {
            text.insert(at, *chance.choose(&['7', 'K', '?', '-', ' ', '\n', 'U', '#', '>', ')', ':', 'ß', '\u{200E}'])?)
        }
        2 => {
            text.remove(at);
            text.insert(at, *chance.choose(&['7', 'K', 'Z', '0', 'é', '*', '8'])?);
        }
        _ => {}
    }
    Ok(text)
}

/// Prints the bundle that the golden texts are judged with.
#[test]
#[ignore = "writes the golden bundle, which is frozen"]
fn golden_bundle() {
    let issuer = |number, seed| BundleIssuer {
        number: IssuerNumber::new(number).unwrap(),
        key: public(&SigningKey::from_bytes(&[seed; 32])),
        void: seed == 2,
        limits: IssuerLimits::default(),
    };
    let product = |id, mnemonic: &str, end: Option<&str>, members: &[u16]| BundleProduct {
        id: ProductId::new(id).unwrap(),
        mnemonic: mnemonic.into(),
        unit: "endpoints".into(),
        kind: if members.is_empty() { "software" } else { "suite" }.into(),
        rank: id,
        members: Members::new(members.iter().map(|&id| ProductId::new(id).unwrap())),
        end_of_life: end.map(day),
        use_ends: id == 9,
        family: None,
        name: format!("Product {id}"),
    };
    let mut issuers = vec![issuer(1, 1), issuer(4, 2)];
    issuers.extend(limited().into_iter().map(|(number, limits, _)| BundleIssuer { limits, ..issuer(number, 1) }));
    let bundle = Bundle {
        vendor: "Golden".into(),
        number: 1,
        issued: day("2026-11-23"),
        test: false,
        contact: vec![],
        roots: Roots::new(1, [public(&root())]).unwrap(),
        issuers,
        listed: vec![(IssuerNumber::new(4).unwrap(), code_digest(stolen(78).as_bytes()))],
        revoked: vec![
            (LicenseNumber::new(5).unwrap(), None),
            (LicenseNumber::new(6).unwrap(), Some(Revision::new(2).unwrap())),
        ],
        products: vec![
            product(7, "SEVEN", None, &[]),
            product(8, "EIGHT", Some("2030-12-31"), &[]),
            product(9, "NINE", Some("2029-12-31"), &[]),
            product(10, "TEN", None, &[7, 8]),
        ],
    };
    let text = bundle.to_string();
    print!("{text}\n{}", signature_line(&public(&root()), &root().sign(text.as_bytes()).to_bytes()));
}
