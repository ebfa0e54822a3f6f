//! How well mistyped codes are repaired: prints `docs/typing-figures.md`.
//!
//! ```text
//! cargo run --release -p activation-code --example typing_figures > docs/typing-figures.md
//! ```
//!
//! An argument is the number of codes in a cell (20,000), a second one that of codes
//! mistyped to see whether another code is ever taken (1,000,000).

use activation_code::*;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn main() {
    let mut counts = std::env::args().skip(1).map(|count| count.parse().expect("a number of codes"));
    let codes: u32 = counts.next().unwrap_or(20_000);
    let many: u32 = counts.next().unwrap_or(1_000_000);
    // The second takes as long as all the rest, and measures no time.
    let counted = std::thread::spawn(move || wrongly_accepted(many, &Desk::new()));
    tables(codes, &Desk::new());
    println!("{}", counted.join().expect("the count ends"));
    noise(codes / 200, &Desk::new());
}

fn tables(codes: u32, desk: &Desk) {
    println!("# How well mistyped codes are repaired\n");
    println!("Made by `cargo run --release -p activation-code --example typing_figures`. All mistakes are synthetic");
    println!(
        "and pseudo-random from fixed seeds; every proposal is judged by its Ed25519 signature unless a table says"
    );
    println!("otherwise; times are those of one thread, straight reading and signatures included.\n");
    println!(
        "A mistake falls on each symbol of the code with the same chance. Mix A: substitutions by any other symbol."
    );
    println!(
        "Mix B: 70 % substitutions, 12 % swaps of neighbours, 8 % omissions, 7 % extra symbols, 3 % jumps. Mix C: 60 %"
    );
    println!("substitutions (40 % of them by a look-alike), 12 % swaps, 8 % omissions, 7 % extra, 13 % unreadable.");
    println!(
        "`lower` is the lower end of the 99 % confidence interval (Wilson). `named` are codes not repaired for which"
    );
    println!("at least one row is named that is wrong; `right rows named` is the mean over those codes.\n");

    let shapes = [30, 31, 32, 33, 34];
    println!("## Rows of letters, 30 to 34 groups, {codes} codes a cell\n");
    heading();
    for mix in [Mix::A, Mix::B, Mix::C] {
        for mistakes in 1..=5 {
            let name = format!("{mix:?}, {mistakes}");
            cell(&name, codes, desk, |random| {
                let case = Case::of(random, desk, &shapes);
                case.mistyped(random, mix, mistakes)
            });
        }
    }
    println!("\n## One long string: no line ends, no dashes\n");
    heading();
    for mix in [Mix::A, Mix::B, Mix::C] {
        for mistakes in 1..=2 {
            let name = format!("{mix:?}, {mistakes}");
            cell(&name, codes, desk, |random| {
                let mut case = Case::of(random, desk, &shapes).mistyped(random, mix, mistakes);
                case.text = case.rows.concat();
                case
            });
        }
    }
    println!("\n## By number of groups, mix B, four mistakes\n");
    heading();
    for groups in 31..=35 {
        cell(&format!("{groups} groups"), codes / 4, desk, |random| {
            Case::of(random, desk, &[groups]).mistyped(random, Mix::B, 4)
        });
    }
    println!("\n## Rows in digits\n");
    println!("Mistakes of mix B in digits: neighbours, omissions and extra digits as there.\n");
    heading();
    for mistakes in 1..=4 {
        cell(&format!("digits, {mistakes}"), codes / 4, desk, |random| {
            Case::of(random, desk, &shapes).in_digits().mistyped(random, Mix::B, mistakes)
        });
    }
    println!("\n## Rows in other places, keyboards of other countries\n");
    heading();
    for mistakes in 0..=3 {
        cell(&format!("two rows exchanged and mix B, {mistakes}"), codes / 4, desk, |random| {
            let mut case = Case::of(random, desk, &shapes).mistyped(random, Mix::B, mistakes);
            let count = case.rows.len() as u32;
            let first = random.below(count - 1);
            let second = first + 1 + random.below(count - 1 - first);
            case.wrong.extend([first as u8 + 1, second as u8 + 1]);
            case.rows.swap(first as usize, second as usize);
            case.text = case.rows.join("\n");
            case
        });
    }
    for (name, keys) in [("QWERTZ", "YZ"), ("AZERTY", "AQZW")] {
        cell(name, codes / 4, desk, |random| {
            let mut case = Case::of(random, desk, &shapes);
            let keys: Vec<char> = keys.chars().collect();
            let other = |c: char| keys.iter().position(|&key| key == c).map_or(c, |i| keys[i ^ 1]);
            for (number, row) in (1..).zip(&mut case.rows) {
                let typed: String = row.chars().map(other).collect();
                if typed != *row {
                    case.wrong.insert(number);
                }
                *row = typed;
            }
            case.text = case.rows.join("\n");
            case
        });
    }
}

fn heading() {
    println!(
        "| mix, mistakes | repaired, % | lower, % | 50 of 100, ms | 99 of 100, ms | worst, ms | most signatures | not repaired | named | right rows named |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
}

/// One line of a table.
fn cell(name: &str, codes: u32, desk: &Desk, mut make: impl FnMut(&mut Random) -> Case) {
    // Each cell is the same whichever others are made.
    let mut random = Random(name.bytes().fold(0, |seed, byte| seed * 31 + u64::from(byte)));
    let mut times = Vec::new();
    let (mut repaired, mut missed, mut named, mut innocent, mut signatures) = (0, 0, 0, 0, 0);
    for _ in 0..codes {
        let case = make(&mut random);
        let (answer, time) = timed(|| desk.read(&case.text));
        times.push(time);
        match answer {
            Answer::Code(bytes, effort) => {
                assert_eq!(bytes, case.bytes, "another code was taken: {}", case.text);
                repaired += 1;
                signatures = signatures.max(effort.signatures);
            }
            Answer::Faults(faults, effort) => {
                missed += 1;
                signatures = signatures.max(effort.signatures);
                let rows: BTreeSet<u8> = faults.places().iter().map(|place| place.row).collect();
                named += u32::from(!rows.is_disjoint(&case.wrong));
                innocent += rows.difference(&case.wrong).count();
                if std::env::var_os("SHOW").is_some() {
                    eprintln!("{name}: {:?}\n{}\n{rows:?}\n", case.wrong, case.text);
                }
            }
        }
    }
    times.sort_unstable();
    let [half, most, worst] =
        [50, 99, 100].map(|part| milliseconds(times[(times.len() * part / 100).min(times.len() - 1)]));
    let innocent =
        if missed == 0 { String::from("–") } else { format!("{:.2}", innocent as f64 / f64::from(missed)) };
    println!(
        "| {name} | {:.3} | {:.3} | {half} | {most} | {worst} | {signatures} | {missed} | {named} | {innocent} |",
        100.0 * f64::from(repaired) / f64::from(codes),
        100.0 * lower_end(repaired, codes),
    );
}

/// The answer, and the time it takes. Slow ones are asked up to four times, and the
/// shortest time counts: other programs take the processor for milliseconds.
fn timed<T>(ask: impl Fn() -> T) -> (T, Duration) {
    let once = || {
        let start = Instant::now();
        (ask(), start.elapsed())
    };
    let (answer, mut time) = once();
    for _ in 0..3 {
        if time > Duration::from_millis(3) {
            time = time.min(once().1);
        }
    }
    (answer, time)
}

/// The lower end of Wilson's 99 % interval.
fn lower_end(hits: u32, of: u32) -> f64 {
    let z = 2.576f64;
    let (n, p) = (f64::from(of), f64::from(hits) / f64::from(of));
    let middle = p + z * z / (2.0 * n);
    (middle - z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt()) / (1.0 + z * z / n)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

/// Mistyped codes, to see whether another code than the one meant is taken; and how many
/// proposals the signature had to stop.
fn wrongly_accepted(codes: u32, desk: &Desk) -> String {
    let mut random = Random(1);
    let (mut unnoticed, mut stopped, mut most) = (0, 0u64, 0);
    let (mut taken, mut wrong) = (0, 0);
    let pool: Vec<Case> = (0..2_000).map(|_| Case::of(&mut random, desk, &[30, 31, 32, 33, 34])).collect();
    for i in 0..codes {
        let mix = [Mix::A, Mix::B, Mix::C][i as usize % 3];
        let case = pool[random.below(pool.len() as u32) as usize].clone().mistyped(&mut random, mix, 1 + i / 3 % 5);
        match ActivationCode::read(&case.text) {
            Err(ReadFault::Typing(_)) => {}
            _ => unnoticed += 1,
        }
        let mut here = 0;
        let (proposal, _) = propose(&case.text, &mut |bytes| {
            here += u32::from(bytes != case.bytes);
            desk.has_signed(bytes)
        });
        stopped += u64::from(here);
        most = most.max(here);
        if let Some(proposal) = proposal {
            taken += 1;
            wrong += u32::from(proposal.bytes != case.bytes);
        }
    }
    format!(
        "
## Wrongly accepted

{codes} mistyped codes, one to five mistakes, mixes A, B and C in turn, each proposal judged by its signature.
What is proposed and is not the code that was meant has right rows and a right CRC: the signature stops it.

| mistyped | read as typed though mistyped | repaired | other codes proposed (right rows, right CRC) | most for one code | wrongly accepted |
| ---: | ---: | ---: | ---: | ---: | ---: |
| {codes} | {unnoticed} | {taken} | {stopped} | {most} | {wrong} |"
    )
}

/// Makes a text that is no code.
type Noise = Box<dyn Fn(&mut Random) -> String>;

/// Texts that are no code, to see how long it takes to say so.
fn noise(texts: u32, desk: &Desk) {
    println!("\n## Noise: the longest it takes to say no, {texts} texts a line\n");
    println!("| text | 50 of 100, ms | worst, ms | most explanations | most combinations | most signatures |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let letters = |random: &mut Random, count: u32| -> String {
        (0..count).map(|_| char::from(ALPHABET[random.below(32) as usize])).collect()
    };
    let digits = |random: &mut Random, count: u32| -> String {
        (0..count).map(|_| char::from(b'0' + random.below(10) as u8)).collect()
    };
    let kinds: Vec<(&str, Noise)> = vec![
        ("6 rows of 25 letters", Box::new(move |r| (0..6).map(|_| letters(r, 25) + "\n").collect())),
        (
            "7 rows of 22 to 28 letters",
            Box::new(move |r| {
                (0..7)
                    .map(|_| {
                        let n = 22 + r.below(7);
                        letters(r, n) + "\n"
                    })
                    .collect()
            }),
        ),
        (
            "15 rows of 23 to 27 letters",
            Box::new(move |r| {
                (0..15)
                    .map(|_| {
                        let n = 23 + r.below(5);
                        letters(r, n) + "\n"
                    })
                    .collect()
            }),
        ),
        ("6 rows of 40 digits", Box::new(move |r| (0..6).map(|_| digits(r, 40) + "\n").collect())),
        (
            "15 rows of 39 to 41 digits",
            Box::new(move |r| {
                (0..15)
                    .map(|_| {
                        let n = 39 + r.below(3);
                        digits(r, n) + "\n"
                    })
                    .collect()
            }),
        ),
        (
            "148 to 176 letters in one line",
            Box::new(move |r| {
                let n = 148 + r.below(29);
                letters(r, n)
            }),
        ),
        ("640 letters in one line", Box::new(move |r| letters(r, 640))),
        ("640 digits in one line", Box::new(move |r| digits(r, 640))),
        (
            "6 rows of 25, a quarter unreadable",
            Box::new(move |r| {
                (0..6)
                    .map(|_| {
                        letters(r, 25).chars().map(|c| if r.below(4) == 0 { '?' } else { c }).collect::<String>() + "\n"
                    })
                    .collect()
            }),
        ),
        (
            "a code of which two rows are noise",
            Box::new(move |r| {
                let mut rows = Case::of(r, &Desk::new(), &[30]).rows;
                rows[1] = letters(r, 25);
                rows[4] = letters(r, 24);
                rows.join("\n")
            }),
        ),
        (
            "a code of which three rows are noise",
            Box::new(move |r| {
                let mut rows = Case::of(r, &Desk::new(), &[34]).rows;
                rows[1] = letters(r, 24);
                rows[3] = letters(r, 26);
                rows[5] = letters(r, 24);
                rows.join("\n")
            }),
        ),
        (
            "a code of which four rows are noise, zeros",
            Box::new(move |r| {
                let mut rows = Case::of(r, &Desk::new(), &[33]).rows;
                rows.iter_mut().take(4).for_each(|row| *row = letters(r, 6) + "000000000000000000");
                rows.join("\n")
            }),
        ),
    ];
    for (name, make) in kinds {
        let mut random = Random(7);
        let mut times = Vec::new();
        let mut most = Effort::default();
        for _ in 0..texts {
            let text = make(&mut random);
            let (answer, time) = timed(|| desk.read(&text));
            times.push(time);
            let (Answer::Code(_, effort) | Answer::Faults(_, effort)) = answer;
            most.explanations = most.explanations.max(effort.explanations);
            most.combinations = most.combinations.max(effort.combinations);
            most.signatures = most.signatures.max(effort.signatures);
        }
        times.sort_unstable();
        let (half, worst) = (milliseconds(times[times.len() / 2]), milliseconds(times[times.len() - 1]));
        println!("| {name} | {half} | {worst} | {} | {} | {} |", most.explanations, most.combinations, most.signatures);
    }
}

/// SplitMix64: small, and the same on every machine.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }
}

/// Signs and checks with one key.
struct Desk {
    secret: SigningKey,
    public: VerifyingKey,
}

enum Answer {
    Code(Vec<u8>, Effort),
    Faults(TypingFaults, Effort),
}

impl Desk {
    fn new() -> Self {
        let secret = SigningKey::from_bytes(&[1; 32]);
        let public = secret.verifying_key();
        Self { secret, public }
    }

    /// As `Trust::read`, for payloads that need not be terms: no terms fill 31 groups.
    fn read(&self, text: &str) -> Answer {
        let faults = match ActivationCode::read(text) {
            Err(ReadFault::Typing(faults)) => faults,
            Ok(code) => return Answer::Code(code.as_bytes().to_vec(), Effort::default()),
            Err(other) => panic!("a mistyped code is read as {other}: {text}"),
        };
        match propose(text, &mut |bytes| self.has_signed(bytes)) {
            (Some(proposal), effort) => Answer::Code(proposal.bytes, effort),
            (None, effort) => Answer::Faults(faults, effort),
        }
    }

    fn has_signed(&self, bytes: &[u8]) -> bool {
        bytes.split_last_chunk().is_some_and(|(payload, signature)| {
            self.public.verify_strict(&signed_message(payload), &Signature::from_bytes(signature)).is_ok()
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Mix {
    A,
    B,
    C,
}

/// A code, and what was typed for it.
#[derive(Clone)]
struct Case {
    bytes: Vec<u8>,
    rows: Vec<String>,
    text: String,
    /// Rows in which something was mistyped, from 1.
    wrong: BTreeSet<u8>,
}

impl Case {
    /// A code of one of these numbers of groups: terms as a desk would write, but for
    /// what follows them in more than 30 groups, which is random.
    fn of(random: &mut Random, desk: &Desk, groups: &[usize]) -> Self {
        let groups = groups[random.below(groups.len() as u32) as usize];
        let length = Shape::new(groups).expect("a shape").capacity() - 64;
        let day = |days: u32| Day::from_days_since_2020(days as i32).expect("a day");
        let start = 2_500 + random.below(2_000);
        let end = start + 364 * (1 + random.below(3));
        let terms = Terms {
            product: ProductId::new(1 + random.below(40) as u16).expect("a product"),
            license: LicenseNumber::new(1 + random.below(90_000)).expect("a license number"),
            units: Units::new([10, 25, 50, 100, 250, 1_000, 1 + random.below(9_999)][random.below(7) as usize])
                .expect("units"),
            period: MaintenancePeriod::new(day(start), day(end)).expect("a period"),
            issued: day(start - random.below(30)),
            issuer: IssuerNumber::new(1 + random.below(3) as u16).expect("an issuer"),
            revision: Revision::new(1 + random.below(5) as u16).expect("a revision"),
            kind: Kind::Full,
            test: false,
            grace: None,
            host: None,
            members: None,
            features: None,
            holder: None,
        };
        let mut payload = terms.to_payload().expect("terms");
        while payload.len() < length {
            payload.push(random.next() as u8);
        }
        let signature = desk.secret.sign(&signed_message(&payload)).to_bytes();
        let bytes = [payload.as_slice(), &signature].concat();
        let rows = rows_of(&bytes);
        Self { bytes, text: rows.join("\n"), rows, wrong: BTreeSet::new() }
    }

    /// The rows in digits.
    fn in_digits(mut self) -> Self {
        for row in &mut self.rows {
            let number = row.bytes().fold(0, |number, letter| number << 5 | u128::from(value_of(letter)));
            let width = [8, 18, 23, 33, 38][row.len() / 5 - 1];
            *row = format!("{number:0width$}{:02}", 98 - number % 97 * 100 % 97);
        }
        self.text = self.rows.join("\n");
        self
    }

    /// With so many mistakes more.
    fn mistyped(mut self, random: &mut Random, mix: Mix, mistakes: u32) -> Self {
        let meant = self.rows.clone();
        let digits = self.rows[0].len() > 28;
        // Mistakes that undo each other are made again.
        while mistakes > 0 && self.wrong.is_empty() {
            self.rows.clone_from(&meant);
            for _ in 0..mistakes {
                let mut at = random.below(self.rows.iter().map(|row| row.len() as u32).sum()) as usize;
                let mut row = 0;
                while at >= self.rows[row].len() {
                    at -= self.rows[row].len();
                    row += 1;
                }
                mistype(random, mix, &mut self.rows[row], at, digits);
            }
            self.wrong =
                (1..).zip(self.rows.iter().zip(&meant)).filter(|(_, (a, b))| a != b).map(|(row, _)| row).collect();
        }
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                row.as_bytes()
                    .chunks(5)
                    .map(|group| std::str::from_utf8(group).expect("ASCII"))
                    .collect::<Vec<_>>()
                    .join("-")
            })
            .collect();
        self.text = lines.join("\n");
        self
    }
}

/// The rows that carry these bytes, without dashes: sections 3 of the format once more,
/// bit by bit.
fn rows_of(bytes: &[u8]) -> Vec<String> {
    let shape = Shape::holding(bytes.len()).expect("a shape");
    let mut bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1 != 0)).collect();
    let crc = bits.iter().fold(0u16, |crc, &bit| {
        let lead = (crc >> 9 & 1 != 0) != bit;
        (crc << 1 & 0x3FF) ^ if lead { 0x233 } else { 0 }
    });
    bits.resize(5 * (shape.symbols() - 3 * shape.rows() - 2), false);
    bits.extend((0..10).rev().map(|i| crc >> i & 1 != 0));
    let data: Vec<u8> =
        bits.chunks(5).map(|five| five.iter().fold(0, |value, &bit| value << 1 | u8::from(bit))).collect();
    let rows = data.chunks(22).zip(1u8..).map(|(data, number)| {
        let place = number + if usize::from(number) == shape.rows() { 16 } else { 0 };
        let zeros = std::iter::repeat_n(0, 26 - data.len());
        let coefficients = [place, 1].into_iter().chain(zeros).chain(data.iter().copied());
        let [a, b, c] = coefficients.fold([0; 3], |[a, b, c], coefficient| {
            let lead = coefficient ^ a;
            [b ^ times(lead, 7), c ^ times(lead, 14), times(lead, 8)]
        });
        data.iter().chain(&[a, b, c]).map(|&symbol| char::from(ALPHABET[usize::from(symbol)])).collect()
    });
    rows.collect()
}

/// In GF(2)[x]/(x⁵+x³+1).
fn times(a: u8, b: u8) -> u8 {
    (0..5).rev().fold(0, |product, i| {
        let doubled = product << 1 ^ if product & 16 != 0 { 0x29 } else { 0 };
        doubled ^ if b >> i & 1 != 0 { a } else { 0 }
    })
}

fn value_of(letter: u8) -> u8 {
    ALPHABET.iter().position(|&other| other == letter).expect("a letter of the alphabet") as u8
}

/// What looks alike on paper, in pairs: for mix C.
const CONFUSABLE: &[u8] = b"0D0Q171J2Z38585S6G8B9G4AVYVWMNCGEFPRKXHN";

fn mistype(random: &mut Random, mix: Mix, row: &mut String, at: usize, digits: bool) {
    let mut symbols: Vec<u8> = row.bytes().collect();
    let any =
        |random: &mut Random| if digits { b'0' + random.below(10) as u8 } else { ALPHABET[random.below(32) as usize] };
    let chance = random.below(100);
    let event = match mix {
        Mix::A => 0,
        Mix::B => [70, 82, 90, 97, 100].iter().position(|&end| chance < end).unwrap_or(0),
        Mix::C => [60, 72, 80, 87, 87, 100].iter().position(|&end| chance < end).unwrap_or(0),
    };
    match event {
        0 => {
            let was = symbols[at];
            let alike: Vec<u8> = CONFUSABLE
                .chunks(2)
                .filter_map(|pair| {
                    if pair[0] == was {
                        Some(pair[1])
                    } else if pair[1] == was {
                        Some(pair[0])
                    } else {
                        None
                    }
                })
                .collect();
            if matches!(mix, Mix::C) && random.below(100) < 40 && !alike.is_empty() {
                symbols[at] = alike[random.below(alike.len() as u32) as usize];
            } else {
                while symbols[at] == was {
                    symbols[at] = any(random);
                }
            }
        }
        1 | 4 => {
            let reach = if event == 1 { 1 } else { 2 };
            // The next place in the row where it makes a difference.
            let places = (0..symbols.len()).map(|i| (at + i) % symbols.len());
            let found = places.into_iter().find(|&i| i + reach < symbols.len() && symbols[i] != symbols[i + reach]);
            if let Some(i) = found {
                symbols.swap(i, i + reach);
            }
        }
        2 => {
            symbols.remove(at);
        }
        3 => symbols.insert(at, any(random)),
        _ => symbols[at] = b'?',
    }
    *row = String::from_utf8(symbols).expect("ASCII");
}
