//! Makes the files of `tests/trust/`: bundles and codes, right and wrong, always the same. What is expected of them
//! stands in `cases.json`, which a person wrote.

use activation_code::*;
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;

/// What people call the keys, and the seed of each.
pub fn keys() -> BTreeMap<&'static str, [u8; 32]> {
    let twin = |number: u128| {
        let mut seed = *b"countersign-twin................";
        seed[16..].copy_from_slice(&number.to_be_bytes());
        seed
    };
    BTreeMap::from([
        ("root-a", [100; 32]),
        ("root-b", [101; 32]),
        ("root-c", [102; 32]),
        ("new-a", [110; 32]),
        ("new-b", [111; 32]),
        ("newest", [120; 32]),
        ("stranger", [130; 32]),
        // The first two of so many keys whose hashes in a note are the same four bytes, 22600e0d.
        ("twin-a", twin(42_102)),
        ("twin-b", twin(102_811)),
        ("issuer-1", [11; 32]),
        ("issuer-2", [12; 32]),
        ("issuer-3", [13; 32]),
        ("published", [1; 32]),
    ])
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&keys()[name])
}

fn public(name: &str) -> PublicKey {
    PublicKey::from_bytes(key(name).verifying_key().as_bytes()).unwrap()
}

/// A line for each signature of the text.
fn signatures(text: &str, signers: &[&str]) -> String {
    let line = |name: &&str| signature_line(&public(name), &key(name).sign(text.as_bytes()).to_bytes());
    signers.iter().map(line).collect()
}

fn note(text: &str, signers: &[&str]) -> String {
    format!("{text}\n{}", signatures(text, signers))
}

/// Without the hashing that the readers do: a name of its own.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|three| {
        let bits = three.iter().chain([0; 2].iter().take(3 - three.len())).fold(0, |n, &b| n << 8 | usize::from(b));
        let four = [18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63]));
        four.iter().take(three.len() + 1).chain(['='; 2].iter().take(3 - three.len())).collect::<String>()
    });
    groups.collect()
}

fn sorted_roots(names: &[&str]) -> String {
    let mut lines: Vec<String> = names.iter().map(|name| format!("root {}\n", public(name))).collect();
    lines.sort();
    lines.concat()
}

const ROOTS: [&str; 3] = ["root-a", "root-b", "root-c"];
/// Two of the three.
const ENOUGH: [&str; 2] = ["root-a", "root-c"];
const PRODUCTS: &str = "\
product 7 ES endpoints software name=Endpoint Security
product 8 MAIL users software name=Mail Security
product 9 ALL endpoints suite members=7,8 name=Everything
";

fn text_with_roots(number: u32, threshold: u8, roots: &[&str]) -> String {
    format!(
        "countersign/trust-bundle/1\nvendor Example Security\nnumber {number}\nissued 2026-11-22\n\
         contact licenses@example.com\nthreshold {threshold}\n{}issuer 1 {}\nissuer 2 {}\n{PRODUCTS}",
        sorted_roots(roots),
        public("issuer-1"),
        public("issuer-2"),
    )
}

/// The bundle that most others are made from.
fn text(number: u32) -> String {
    text_with_roots(number, 2, &ROOTS)
}

/// With one piece in the place of another, which is there once.
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?}");
    text.replace(from, to)
}

/// A point of the curve's small group, of order 8.
const WEAK: &str = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
/// The neutral element, with p + 1 in the place of 1.
const NOT_CANONICAL: &str = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";

fn terms() -> Terms {
    let day = |text: &str| text.parse::<Day>().unwrap();
    Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(1042).unwrap(),
        units: Units::new(250).unwrap(),
        period: MaintenancePeriod::new(day("2026-12-01"), day("2027-11-30")).unwrap(),
        issued: day("2026-11-22"),
        issuer: IssuerNumber::new(1).unwrap(),
        revision: Revision::new(3).unwrap(),
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: Some(Features(0x0011)),
        holder: None,
    }
}

fn sign(terms: &Terms, name: &str) -> ActivationCode {
    let payload = terms.to_payload().unwrap();
    ActivationCode::from_parts(&payload, &key(name).sign(&signed_message(&payload)).to_bytes()).unwrap()
}

fn codes() -> BTreeMap<&'static str, ActivationCode> {
    let id = |id| ProductId::new(id).unwrap();
    let issuer = |number| IssuerNumber::new(number).unwrap();
    let one = |change: &dyn Fn(&mut Terms)| {
        let mut terms = terms();
        change(&mut terms);
        sign(&terms, "issuer-1")
    };
    BTreeMap::from([
        ("full", sign(&terms(), "issuer-1")),
        ("by-issuer-2", sign(&Terms { issuer: issuer(2), ..terms() }, "issuer-2")),
        ("by-issuer-3", sign(&Terms { issuer: issuer(3), ..terms() }, "issuer-3")),
        ("by-issuer-1-as-2", sign(&Terms { issuer: issuer(2), ..terms() }, "issuer-1")),
        ("by-published", sign(&terms(), "published")),
        ("issued-later", one(&|terms| terms.issued = "2026-11-23".parse().unwrap())),
        ("dated-back", one(&|terms| terms.issued = "2026-10-01".parse().unwrap())),
        ("test", one(&|terms| terms.test = true)),
        (
            "evaluation",
            one(&|terms| {
                terms.kind = Kind::Evaluation;
                terms.features = None;
            }),
        ),
        ("service", one(&|terms| terms.kind = Kind::Service)),
        ("grace-0", one(&|terms| terms.grace = Some(0))),
        ("grace-255", one(&|terms| terms.grace = Some(255))),
        ("revision-2", one(&|terms| terms.revision = Revision::new(2).unwrap())),
        ("suite-members-7-11", {
            one(&|terms| {
                terms.product = id(9);
                terms.members = Members::new([id(7), id(11)]);
            })
        }),
        ("suite", one(&|terms| terms.product = id(9))),
    ])
}

/// What `keys.json` has: names, public keys, and the seeds of those that have one.
fn keys_json() -> String {
    let with_seed = keys().into_iter().map(|(name, seed)| {
        let seed: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("  {name:?}: {{\"key\": \"{}\", \"seed\": \"{seed}\"}}", public(name))
    });
    let without = [("weak", WEAK), ("not-canonical", NOT_CANONICAL)];
    let without = without.map(|(name, key)| format!("  {name:?}: {{\"key\": \"{key}\"}}"));
    format!("{{\n{}\n}}\n", with_seed.chain(without).collect::<Vec<_>>().join(",\n"))
}

/// Each file of the folder by its name, but for what people write.
pub fn files() -> BTreeMap<String, Vec<u8>> {
    let codes = codes();
    let mut files = BTreeMap::from([("keys.json".to_owned(), keys_json().into_bytes())]);
    for (name, code) in &codes {
        files.insert(format!("codes/{name}.txt"), format!("{}\n", code.letters().join("\n")).into_bytes());
    }
    let mut all: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    bundles_in_order(&mut all);
    bundles_by_signature(&mut all);
    bundles_with_limits(&mut all);
    bundles_that_end_trust(&mut all, &codes);
    bundles_spelled_wrongly(&mut all);
    files.extend(all.into_iter().map(|(name, bytes)| (format!("bundles/{name}.txt"), bytes)));
    files
}

type Files = BTreeMap<String, Vec<u8>>;

fn add(files: &mut Files, name: &str, content: impl Into<Vec<u8>>) {
    assert!(files.insert(name.to_owned(), content.into()).is_none(), "{name} twice");
}

fn bundles_in_order(files: &mut Files) {
    for number in [1, 4, 5, 6, u32::MAX] {
        add(files, &format!("number-{number}"), note(&text(number), &ENOUGH));
    }
    add(files, "number-5-signed-by-others", note(&text(5), &["root-b", "root-c"]));
    add(files, "number-5-fork", note(&with(&text(5), "licenses@", "sales@"), &ENOUGH));
    add(files, "other-vendor", note(&with(&text(6), "Example Security", "Other Security"), &ENOUGH));
    let test = with(&text(5), "issued 2026-11-22\n", "issued 2026-11-22\ntest\n");
    add(files, "test", note(&test, &ENOUGH));
    add(files, "test-number-6", note(&with(&test, "number 5", "number 6"), &ENOUGH));

    let both = ["root-a", "root-c", "new-a", "new-b"];
    let change = text_with_roots(6, 2, &["new-a", "new-b"]);
    let second = text_with_roots(7, 1, &["newest"]);
    let last = text_with_roots(9, 1, &["newest"]);
    let notes = [note(&change, &both), note(&second, &["new-a", "new-b", "newest"]), note(&last, &["newest"])];
    add(files, "rotation", notes[0].as_str());
    add(files, "rotation-signed-by-old", note(&change, &ENOUGH));
    add(files, "rotation-signed-by-new", note(&change, &["new-a", "new-b"]));
    add(files, "rotation-signed-by-old-and-one-new", note(&change, &["root-a", "root-c", "new-a"]));
    add(files, "rotation-signed-by-one-old-and-new", note(&change, &["root-a", "new-a", "new-b"]));
    add(files, "rotation-twice", notes[..2].concat());
    add(files, "rotation-twice-and-more", notes.concat());
    add(files, "rotation-first-left-out", notes[1..].concat());
    add(files, "rotation-second-left-out", [notes[0].as_str(), &notes[2]].concat());
    add(files, "rotation-last-alone", notes[2].as_str());
    add(files, "rotation-wrong-order", [notes[1].as_str(), &notes[0]].concat());
    let lower = note(&text_with_roots(5, 2, &["new-a", "new-b"]), &["new-a", "new-b"]);
    add(files, "rotation-then-lower-number", [notes[0].as_str(), &lower].concat());
    let raised = text_with_roots(6, 3, &ROOTS);
    add(files, "threshold-raised-signed-by-two", note(&raised, &ENOUGH));
    add(files, "threshold-raised-signed-by-three", note(&raised, &ROOTS));

    let four = note(&text(4), &ENOUGH);
    let five = note(&text(5), &ENOUGH);
    add(files, "notes-4-5", [four.as_str(), &five].concat());
    add(files, "notes-5-4", [five.as_str(), &four].concat());
    add(files, "notes-5-5", [five.as_str(), &five].concat());
    let foreign = note(&with(&text(6), "Example Security", "Other Security"), &ENOUGH);
    add(files, "notes-of-two-vendors", [five.as_str(), &foreign].concat());
    add(files, "notes-5-then-unsigned-6", [five.as_str(), &text(6)].concat());
    add(files, "notes-5-then-stranger", [five.as_str(), &note(&text(6), &["stranger"])].concat());
    add(files, "stranger", note(&text(3), &["stranger"]));
    let revoked: String = (1..=4500).map(|license| format!("revoked {license} all\n")).collect();
    add(files, "larger-than-64-kib", note(&with(&text(5), "product 7 ", &format!("{revoked}product 7 ")), &ENOUGH));
}

fn bundles_by_signature(files: &mut Files) {
    let five = text(5);
    let lines = |names: &[&str]| signatures(&five, names);
    add(files, "signed-by-all", note(&five, &ROOTS));
    add(files, "signed-by-one", note(&five, &["root-a"]));
    add(files, "signed-by-one-twice", note(&five, &["root-a", "root-a"]));
    add(files, "signed-by-two-one-of-them-twice", note(&five, &["root-a", "root-c", "root-a"]));
    add(files, "signed-by-one-and-a-stranger", note(&five, &["root-a", "stranger"]));
    add(files, "signed-by-two-and-a-stranger", note(&five, &["root-a", "stranger", "root-b"]));
    add(files, "signatures-of-number-4", format!("{five}\n{}", signatures(&text(4), &ENOUGH)));
    add(
        files,
        "one-signature-of-number-4",
        format!("{five}\n{}{}", lines(&["root-a"]), signatures(&text(4), &["root-c"])),
    );
    // Each root's signature under the name of the other.
    let swapped = |by: &str, hash_of: &str| signature_line(&public(hash_of), &key(by).sign(five.as_bytes()).to_bytes());
    add(
        files,
        "signatures-under-each-others-hash",
        format!("{five}\n{}{}", swapped("root-a", "root-c"), swapped("root-c", "root-a")),
    );
    add(files, "no-signature", five.as_str());
    add(files, "empty-line-and-no-signature", format!("{five}\n"));
    let two = lines(&ENOUGH);
    add(files, "signature-without-line-feed", format!("{five}\n{}", two.trim_end()));
    add(files, "signature-line-ends-in-cr-lf", format!("{five}\n{}", two.replace('\n', "\r\n")));
    add(files, "signature-line-with-a-space-at-its-end", format!("{five}\n{}", two.replacen('\n', " \n", 1)));
    add(files, "signature-with-a-hyphen-for-the-dash", format!("{five}\n{}", two.replacen('\u{2014}', "-", 1)));
    add(files, "signature-with-spare-bits", {
        // The last letter of 68 bytes has two bits to spare: the next letter is the same bytes.
        let mut changed = two.clone().into_bytes();
        let at = two.find("=\n").unwrap() - 1;
        changed[at] += 1;
        format!("{five}\n{}", String::from_utf8(changed).unwrap())
    });
    add(files, "signature-too-short", {
        let short = base64(&[7; 67]);
        format!("{five}\n{two}\u{2014} countersign-root {short}\n")
    });
    let strangers: String = (0..31)
        .map(|i: u8| {
            let mut bytes = [i; 68];
            bytes[0] = 0xEE;
            format!("\u{2014} somebody {}\n", base64(&bytes))
        })
        .collect();
    let first: String = strangers.split_inclusive('\n').take(30).collect();
    add(files, "signatures-32", format!("{five}\n{first}{two}"));
    add(files, "signatures-33", format!("{five}\n{strangers}{two}"));

    let twins = text_with_roots(5, 2, &["twin-a", "twin-b"]);
    add(files, "twins-signed-by-both", note(&twins, &["twin-a", "twin-b"]));
    add(files, "twins-signed-by-one", note(&twins, &["twin-b"]));
    let twin = text_with_roots(5, 1, &["twin-a"]);
    add(files, "twin-a-signed-by-twin-b", note(&twin, &["twin-b"]));
    add(files, "twin-a-signed-by-twin-a", note(&twin, &["twin-a"]));
}

fn bundles_with_limits(files: &mut Files) {
    let limits = [
        ("products", "products=7", "products=8"),
        ("kinds", "kinds=full", "kinds=evaluation,service"),
        ("units", "units=250", "units=249"),
        ("grace", "grace=30", "grace=29"),
        ("features", "features=0011", "features=0010"),
        ("licenses-below", "licenses=1042-2000", "licenses=1043-2000"),
        ("licenses-above", "licenses=1-1042", "licenses=1-1041"),
        ("days", "days=373", "days=372"),
        ("until", "until=2027-11-30", "until=2027-11-29"),
        ("from", "from=2026-11-22", "from=2026-11-23"),
        ("to", "to=2026-11-22", "to=2026-11-21"),
    ];
    let limited = |limits: &str| {
        let issuer = format!("issuer 1 {}", public("issuer-1"));
        note(&with(&text(5), &issuer, &format!("{issuer} {limits}")), &ENOUGH)
    };
    for (name, at, beyond) in limits {
        add(files, &format!("limit-{name}-at-its-edge"), limited(at));
        add(files, &format!("limit-{name}-by-one-too-much"), limited(beyond));
    }
    add(files, "limit-grace-0", limited("grace=0"));
    for products in ["7,8", "7,9", "7,8,9", "7,9,11"] {
        add(files, &format!("limit-products-{}", products.replace(',', "-")), limited(&format!("products={products}")));
    }
    add(
        files,
        "limits-all-at-their-edges",
        limited(
            "products=7 kinds=full units=250 grace=30 features=0011 licenses=1042-1042 days=373 until=2027-11-30 \
             from=2026-11-22 to=2026-11-22",
        ),
    );
    for (name, limits) in [
        ("unknown", "seats=5"),
        ("twice", "units=5 units=6"),
        ("wrong-order", "units=5 products=7"),
        ("units-0", "units=0"),
        ("leading-zero", "units=0250"),
        ("products-descending", "products=8,7"),
        ("products-twice", "products=7,7"),
        ("licenses-reversed", "licenses=2000-1000"),
        ("grace-256", "grace=256"),
        ("features-upper-case", "features=00FF"),
        ("void-after-limits", "units=5 void"),
    ] {
        add(files, &format!("limit-spelled-{name}"), limited(limits));
    }
}

fn bundles_that_end_trust(files: &mut Files, codes: &BTreeMap<&str, ActivationCode>) {
    let one = format!("issuer 1 {}", public("issuer-1"));
    let hex =
        |name: &str| code_digest(codes[name].as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let stolen = with(&text(5), &one, &format!("{one} void"));
    add(files, "stolen", note(&stolen, &ENOUGH));
    let listed = |lines: &str| with(&stolen, "product 7 ", &format!("{lines}product 7 "));
    add(files, "stolen-with-a-listed-code", note(&listed(&format!("listed 1 {}\n", hex("full"))), &ENOUGH));
    add(files, "stolen-and-under-another-number", {
        note(&with(&stolen, &public("issuer-2").to_string(), &public("issuer-1").to_string()), &ENOUGH)
    });
    add(files, "stolen-revoked-and-limited", {
        let limited = with(&listed("revoked 1042 all\n"), &format!("{one} void"), &format!("{one} void units=1"));
        note(&limited, &ENOUGH)
    });
    add(files, "revoked-and-limited", {
        let limited = with(&text(5), &one, &format!("{one} units=1"));
        note(&with(&limited, "product 7 ", "revoked 1042 all\nproduct 7 "), &ENOUGH)
    });
    add(files, "listed-code-of-a-good-issuer", note(&listed(&format!("listed 2 {}\n", hex("full"))), &ENOUGH));
    let both = {
        let mut lines = [format!("listed 1 {}\n", hex("full")), format!("listed 1 {}\n", hex("test"))];
        lines.sort();
        lines
    };
    add(files, "listed-codes-descending", note(&listed(&format!("{}{}", both[1], both[0])), &ENOUGH));
    let two = format!("issuer 2 {}", public("issuer-2"));
    add(files, "without-issuer-1", note(&with(&text(6), &format!("{one}\n"), ""), &ENOUGH));
    add(
        files,
        "without-issuers",
        note(&with(&with(&text(6), &format!("{one}\n"), ""), &format!("{two}\n"), ""), &ENOUGH),
    );
    add(files, "replaced", {
        let third = format!("{two}\nissuer 3 {}", public("issuer-3"));
        note(&with(&with(&text(6), &one, &format!("{one} to=2026-11-22")), &two, &third), &ENOUGH)
    });
    add(files, "issuer-1-with-the-published-key", {
        note(&with(&text(5), &public("issuer-1").to_string(), &public("published").to_string()), &ENOUGH)
    });
    let revoked = |lines: &str| note(&with(&text(5), "product 7 ", &format!("{lines}product 7 ")), &ENOUGH);
    for (name, lines) in [
        ("altogether", "revoked 1042 all\n"),
        ("below-revision-4", "revoked 1042 4\n"),
        ("below-revision-3", "revoked 1042 3\n"),
        ("others", "revoked 1041 all\nrevoked 1043 all\n"),
        ("twice", "revoked 1042 2\nrevoked 1042 3\n"),
        ("descending", "revoked 1043 all\nrevoked 1042 all\n"),
        ("revision-0", "revoked 1042 0\n"),
        ("revision-1024", "revoked 1042 1024\n"),
        ("license-0", "revoked 0 all\n"),
        ("leading-zero", "revoked 01042 all\n"),
        ("two-spaces", "revoked 1042  all\n"),
    ] {
        add(files, &format!("revoked-{name}"), revoked(lines));
    }
    let product = |line: &str| note(&with(&text(5), "software name=Endpoint", line), &ENOUGH);
    add(files, "end-of-life", product("software end-of-life=2027-06-30 name=Endpoint"));
    add(files, "end-of-life-use-ends", product("software end-of-life=2027-06-30 use-ends name=Endpoint"));
}

fn bundles_spelled_wrongly(files: &mut Files) {
    let five = text(5);
    let mut wrong = |name: &str, text: String| add(files, &format!("spelled-{name}"), note(&text, &ENOUGH));
    let first_root = sorted_roots(&ROOTS).lines().next().unwrap().to_owned();
    let second_root = sorted_roots(&ROOTS).lines().nth(1).unwrap().to_owned();
    let one = public("issuer-1").to_string();
    for (name, from, to) in [
        ("unknown-keyword", "product 7 ", "mirror https://example.com\nproduct 7 "),
        ("number-twice", "number 5\n", "number 5\nnumber 5\n"),
        ("number-missing", "number 5\n", ""),
        ("number-0", "number 5", "number 0"),
        ("number-leading-zero", "number 5", "number 05"),
        ("number-with-plus", "number 5", "number +5"),
        ("number-in-other-digits", "number 5", "number \u{665}"),
        ("number-too-large", "number 5", "number 4294967296"),
        ("day-that-is-none", "2026-11-22", "2026-11-31"),
        ("day-without-zeros", "2026-11-22", "2026-11-2"),
        ("wrong-order", "number 5\nissued 2026-11-22\n", "issued 2026-11-22\nnumber 5\n"),
        ("test-in-a-wrong-place", "number 5\n", "number 5\ntest\n"),
        ("keyword-upper-case", "vendor Ex", "Vendor Ex"),
        ("two-spaces", "vendor Ex", "vendor  Ex"),
        ("space-at-the-end-of-a-name", "vendor Example Security\n", "vendor Example Security \n"),
        ("space-at-the-end-of-a-number", "number 5\n", "number 5 \n"),
        ("tab", "vendor Example Security", "vendor Example\tSecurity"),
        ("escape", "vendor Example Security", "vendor Example\u{1B}[2JSecurity"),
        ("right-to-left", "vendor Example Security", "vendor Example\u{202E}Security"),
        ("no-name", "vendor Example Security", "vendor "),
        ("other-format", "trust-bundle/1", "trust-bundle/2"),
        ("threshold-0", "threshold 2", "threshold 0"),
        ("threshold-4-of-3", "threshold 2", "threshold 4"),
        ("root-twice", first_root.as_str(), &format!("{first_root}\n{first_root}")),
        ("roots-descending", &format!("{first_root}\n{second_root}"), &format!("{second_root}\n{first_root}")),
        ("root-upper-case", &first_root, &first_root.to_uppercase().replace("ROOT", "root")),
        ("root-weak", &first_root, &format!("root {WEAK}")),
        ("root-not-canonical", &first_root, &format!("root {NOT_CANONICAL}")),
        ("issuer-weak", one.as_str(), WEAK),
        ("issuer-not-canonical", one.as_str(), NOT_CANONICAL),
        ("issuer-key-too-short", one.as_str(), &one[..62]),
        ("issuer-0", "issuer 1 ", "issuer 0 "),
        ("issuer-1024", "issuer 2 ", "issuer 1024 "),
        ("issuer-twice", "issuer 2 ", "issuer 1 "),
        ("issuers-descending", "issuer 1 ", "issuer 3 "),
        ("product-twice", "product 8 ", "product 7 "),
        ("product-0", "product 7 ", "product 0 "),
        ("product-of-unknown-kind", "users software", "users hardware"),
        ("product-rank-0", "users software", "users software rank=0"),
        ("product-facts-in-wrong-order", "members=7,8", "end-of-life=2040-01-01 members=7,8"),
        ("members-descending", "members=7,8", "members=8,7"),
    ] {
        wrong(name, with(&five, from, to));
    }
    wrong("roots-17", {
        let names: Vec<SigningKey> = (0..14).map(|seed| SigningKey::from_bytes(&[200 + seed; 32])).collect();
        let more = names.iter().map(|key| PublicKey::from_bytes(key.verifying_key().as_bytes()).unwrap());
        let mut lines: Vec<String> = more.map(|key| format!("root {key}\n")).collect();
        lines.extend(ROOTS.iter().map(|name| format!("root {}\n", public(name))));
        lines.sort();
        with(&five, &sorted_roots(&ROOTS), &lines.concat())
    });
    wrong("cr-lf", five.replace('\n', "\r\n"));
    wrong("byte-order-mark", format!("\u{FEFF}{five}"));
    wrong("name-of-1001-bytes", with(&five, "Example Security", &"v".repeat(1001)));
    add(files, "name-of-1000-bytes", note(&with(&five, "Example Security", &"v".repeat(1000)), &ENOUGH));
    add(files, "spelled-no-line-feed-at-the-end", {
        let text = five.trim_end();
        format!("{text}\n{}", signatures(text, &ENOUGH))
    });
    add(files, "spelled-not-utf-8", {
        // What would be signed if the byte were mended.
        let mended = with(&five, "Example Security", "Example \u{FFFD}");
        let signed = note(&mended, &ENOUGH).into_bytes();
        let at = signed.windows(3).position(|three| three == "\u{FFFD}".as_bytes()).unwrap();
        [&signed[..at], b"\xE4", &signed[at + 3..]].concat()
    });
    add(files, "spelled-as-utf-16", {
        let units = note(&five, &ENOUGH);
        let units = std::iter::once(0xFEFF).chain(units.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    });
    add(files, "empty", "");
    add(files, "prose", "Dear customer, please find our roots attached.\n");
}
