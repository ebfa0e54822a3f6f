//! What reading and verifying allocates: bounded for any text, and for bundles by their size.

mod common;

use activation_code::*;
use allocation_counter::measure;
use common::{TermsCase, day, key, longest, seeded, sign, vector_trust, vectors};
use ed25519_dalek::Signer;
use serde::Deserialize;
use std::{fs, path::Path};

/// Most bytes in use at once while a text is read and verified. Where it is a code, right or mistyped, it is also the
/// most that is asked for in all, with what is given back in between.
const MOST: u64 = 64 * 1024;
/// Most bytes that are asked for in all for any other text.
const MOST_IN_ALL: u64 = 512 * 1024;
/// Most bytes in use at once while a mistyped code is searched for.
const MOST_WITH_REPAIR: u64 = 4 * 1024 * 1024;
/// Most bytes in use at once while a bundle is read, for each byte of its file: a short product is 30 bytes there, and
/// in memory 150, three times while the list grows.
const MOST_FOR_EACH_BYTE: u64 = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    #[serde(rename = "terms")]
    _terms: TermsCase,
    #[serde(rename = "bytes")]
    _bytes: String,
    letters: Vec<String>,
    digits: Vec<String>,
}

#[derive(Deserialize)]
struct Mistyped {
    typed: Vec<String>,
}

#[derive(Deserialize)]
struct Refused {
    text: String,
}

/// Each text with what it is.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut add = |what: &str, text: String| texts.push((what.to_owned(), text));
    for case in vectors::<Accepted>("accept.json").cases {
        for rows in [case.letters, case.digits] {
            add("valid", rows.join("\n"));
            add("valid in one line", format!("A1:{}", rows.concat()));
            add("valid behind labels", rows.iter().zip(1..).map(|(row, i)| format!("Row {i}) {row}\n")).collect());
            add("valid, a group a line", rows.join("-").replace(['-', ' '], "\n"));
        }
    }
    for case in vectors::<Mistyped>("typing.json").cases {
        add("mistyped", case.typed.join("\n"));
        add("mistyped in one line", case.typed.concat());
    }
    for case in vectors::<Refused>("refuse.json").cases {
        add("refused", case.text);
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for folder in ["read_code", "read_typed"] {
        for file in fs::read_dir(corpus.join(folder)).unwrap() {
            add(folder, String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()).into_owned());
        }
    }
    for piece in [
        "0",
        "A",
        "\n",
        " ",
        "-",
        ">",
        "#",
        "\n#",
        "1)",
        "1)\n",
        "1) 0\n",
        "Row 15)",
        "A1:",
        "A1:\n",
        "\nA1:0",
        "?",
        "\u{2028}",
        "\u{200B}",
        "٣",
        "🔑",
        "0\n",
        "\r",
        "00000-00000-00000-00000-00000\n",
        "00000 00000 00000 00000 00000 00000 00000 00000\n",
    ] {
        add(&format!("64 KiB of {piece:?}"), piece.repeat(MAX_TEXT / piece.len()));
        add(&format!("more than 64 KiB of {piece:?}"), piece.repeat(MAX_TEXT / piece.len() + 1));
    }
    for (one, other) in [("0", "Z"), ("0", "?"), ("7", "🔑"), ("Z", "?")] {
        add(&format!("lines of {one} and {other}"), format!("{one}\n{other}\n").repeat(MAX_SYMBOLS / 2));
        add(&format!("rows of {one} and {other}"), format!("1) {one}\n{other}\n").repeat(MAX_SYMBOLS / 2));
        let wide = format!("{}\n{}\n", one.repeat(40), other.repeat(25));
        add(&format!("long lines of {one} and {other}"), wide.repeat(MAX_SYMBOLS / 65));
    }
    for (row, wrapped) in [("0", "0\n".repeat(39)), ("Z", "Z\n".repeat(24)), ("00000", "00000\n".repeat(7))] {
        let row = format!("1) {row}\n{wrapped}");
        add(&format!("64 KiB of wrapped rows of {}", &wrapped[..1]), row.repeat(MAX_TEXT / row.len()));
    }
    for seed in 0..16 {
        add("64 KiB of noise", String::from_utf8_lossy(&seeded(seed, MAX_TEXT / 3)).into_owned());
        let letters = seeded(seed, MAX_TEXT).iter().map(|byte| char::from(byte & 0x7f)).collect();
        add("64 KiB of ASCII noise", letters);
    }
    for symbol in ["0", "7", "Z", "?", "🔑"] {
        for between in ["", " ", "\n", "\n\n\n\n", "\n1) ", "\n15) ", "-\n", "\u{2028}> "] {
            add(
                &format!("{MAX_SYMBOLS} times {symbol} and {between:?}"),
                format!("{symbol}{between}").repeat(MAX_SYMBOLS),
            );
        }
        for width in [5, 10, 15, 20, 22, 24, 25, 26, 28, 39, 40, 41, 42, 43] {
            for label in ["", "3) ", "> "] {
                let line = format!("{label}{}\n", symbol.repeat(width));
                add(&format!("lines of {line:?}"), line.repeat(MAX_SYMBOLS / width));
            }
            let labelled = (0..MAX_SYMBOLS / width).map(|i| format!("{}) {}\n", i % 15 + 1, symbol.repeat(width)));
            add(&format!("rows of {width} {symbol}"), labelled.collect());
        }
    }
    let rows = sign(&longest()).letters();
    for width in 1..=40 {
        let typed: Vec<char> = rows.concat().replace('-', "").chars().collect();
        let wrapped: Vec<String> = typed.chunks(width).map(|line| line.iter().collect()).collect();
        add("the longest, wrapped", wrapped.join("\n"));
    }
    for seed in 0..200 {
        let noise = seeded(seed, MAX_SYMBOLS);
        let alphabet = if seed % 2 == 0 { &ALPHABET[..] } else { &ALPHABET[..10] };
        let symbols = noise.iter().map(|&byte| char::from(alphabet[usize::from(byte) % alphabet.len()]));
        let width = 1 + seed as usize % 43;
        let broken =
            symbols.enumerate().flat_map(|(i, symbol)| [symbol].into_iter().chain((i % width == 0).then_some('\n')));
        add(&format!("symbols in lines of {width}"), broken.collect());
    }
    texts
}

#[test]
fn reading_and_verifying_a_code_has_at_most_64_kib_at_once() {
    let trust = vector_trust();
    let (mut all, mut of_codes, mut at_once) = ((0, ""), (0, ""), (0, ""));
    let texts = texts();
    for (what, text) in &texts {
        let mut verified = false;
        let info = measure(|| verified = ActivationCode::read(text).is_ok_and(|code| trust.verify(code).is_ok()));
        all = all.max((info.bytes_total, what));
        if verified || what.starts_with("mistyped") {
            of_codes = of_codes.max((info.bytes_total, what));
        }
        at_once = at_once.max((info.bytes_max, what));
        assert_eq!(info.bytes_current, 0, "{what}");
    }
    println!("{} texts; {at_once:?} at once; in all {of_codes:?} for codes, {all:?} for any text", texts.len());
    assert!(of_codes.0 > 0);
    assert!(at_once.0 <= MOST, "{at_once:?}");
    assert!(of_codes.0 <= MOST, "{of_codes:?}");
    assert!(all.0 <= MOST_IN_ALL, "{all:?}");
}

#[test]
fn looking_for_what_was_meant_has_at_most_4_mib_at_once() {
    let trust = vector_trust();
    let mut at_once = (0, "");
    let texts = texts();
    for (what, text) in &texts {
        let info = measure(|| {
            let _ = trust.read(text);
        });
        at_once = at_once.max((info.bytes_max, what));
    }
    println!("{} texts; at most {} bytes at once, {}", texts.len(), at_once.0, at_once.1);
    assert!(at_once.0 > 0);
    assert!(at_once.0 <= MOST_WITH_REPAIR, "{at_once:?}");
}

fn root() -> PublicKey {
    PublicKey::from_bytes(key().verifying_key().as_bytes()).unwrap()
}

/// A bundle that says as little as one can.
fn least() -> Bundle {
    Bundle {
        vendor: "V".into(),
        number: 1,
        issued: day("2026-11-22"),
        test: false,
        contact: vec![],
        roots: Roots::new(1, [root()]).unwrap(),
        issuers: vec![],
        listed: vec![],
        revoked: vec![],
        products: vec![],
    }
}

fn signed(bundle: &Bundle) -> String {
    let text = bundle.to_string();
    format!("{text}\n{}", signature_line(&root(), &key().sign(text.as_bytes()).to_bytes()))
}

/// Bundles that are long in one of the things that they can say, with which.
fn bundles() -> Vec<(&'static str, String)> {
    let number = |number: u32| IssuerNumber::new(number as u16).unwrap();
    let id = |number: u32| ProductId::new(number as u16).unwrap();
    let product = |number: u32| BundleProduct {
        id: id(number),
        mnemonic: "P".into(),
        unit: "u".into(),
        kind: "suite".into(),
        rank: 0,
        members: Members::new([id(1), id(2)]),
        end_of_life: None,
        use_ends: false,
        family: None,
        name: "N".into(),
    };
    let short = |number| BundleProduct { kind: "suite".into(), members: None, ..product(number) };
    let issuer = |i: u32, limits: &IssuerLimits| BundleIssuer {
        number: number(i),
        key: root(),
        void: false,
        limits: limits.clone(),
    };
    let of_products = IssuerLimits { products: (1..=9_999).map(id).collect(), ..IssuerLimits::default() };
    let of_one = IssuerLimits { products: vec![id(1)], kinds: vec![Kind::Full], ..IssuerLimits::default() };
    let whole = |bundle: Bundle| signed(&bundle);
    let revoked = |count: u32| (1..=count).map(|i| (LicenseNumber::new(i).unwrap(), None)).collect();
    let listed = |i: u32| (number(1), std::array::from_fn(|at| (i >> (24u32.saturating_sub(8 * at as u32))) as u8));
    let notes = |count: u32| (1..=count).map(|number| signed(&Bundle { number, ..least() })).collect::<String>();
    let mut noise = signed(&least());
    noise.insert_str(0, &"contact 0\n".repeat(100_000));
    vec![
        ("one that says nothing", whole(least())),
        ("contacts", whole(Bundle { contact: vec!["a".into(); 100_000], ..least() })),
        // A list that has just grown has room for as many again.
        ("contacts, one more than a power of two", whole(Bundle { contact: vec!["a".into(); 524_289], ..least() })),
        (
            "short products, one more than a power of two",
            whole(Bundle { products: (1..=32_769).map(short).collect(), ..least() }),
        ),
        (
            "issuers, one more than a power of two",
            whole(Bundle { issuers: (1..=513).map(|i| issuer(i, &of_one)).collect(), ..least() }),
        ),
        ("revocations, one more than a power of two", whole(Bundle { revoked: revoked(262_145), ..least() })),
        ("one product", whole(Bundle { products: vec![product(1)], ..least() })),
        ("products", whole(Bundle { products: (1..=65_535).map(product).collect(), ..least() })),
        ("issuers", whole(Bundle { issuers: (1..=1_023).map(|i| issuer(i, &of_one)).collect(), ..least() })),
        (
            "issuers with products",
            whole(Bundle { issuers: (1..=99).map(|i| issuer(i, &of_products)).collect(), ..least() }),
        ),
        ("one revocation", whole(Bundle { revoked: revoked(1), ..least() })),
        ("revocations", whole(Bundle { revoked: revoked(440_000), ..least() })),
        (
            "listed codes",
            whole(Bundle {
                issuers: vec![BundleIssuer { void: true, ..issuer(1, &IssuerLimits::default()) }],
                listed: (0..190_000).map(listed).collect(),
                ..least()
            }),
        ),
        ("64 notes", notes(64)),
        ("65 notes", notes(65)),
        ("lines in front", noise),
        ("8 MiB of line feeds", "\n".repeat(MAX_BUNDLE)),
        ("8 MiB of signatures", format!("{BUNDLE_CONTEXT}\n\n{}", "— a AAAAAAAA\n".repeat(500_000))),
        (
            "contacts to 8 MiB",
            format!("{BUNDLE_CONTEXT}\nvendor V\nnumber 1\nissued 2026-11-22\n{}", "contact a\n".repeat(800_000)),
        ),
    ]
}

#[test]
fn reading_a_bundle_has_at_most_16_bytes_for_each_of_its_file_and_64_kib_at_once() {
    let trusted = Roots::new(1, [root()]).unwrap();
    let mut read = 0;
    for (what, file) in bundles() {
        let size = file.len() as u64;
        let info = measure(|| {
            if let Ok(bundle) = Bundle::read(&file, &trusted) {
                assert!(Trust::of_bundle(Purpose::Production, bundle).is_ok(), "{what}");
                read += 1;
            }
        });
        let most = info.bytes_max;
        println!("{what}: {size} bytes, {most} at once, {:.2} for each", most as f64 / size as f64);
        assert!(most <= MOST + MOST_FOR_EACH_BYTE * size, "{what}: {most} bytes for {size}");
    }
    assert!(read >= 9, "{read}");
}
