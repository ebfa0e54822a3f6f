//! Mail files, read by a parser that others wrote.

use countersign::documents::branding::Branding;
use countersign::documents::certificate::sample;
use countersign::documents::document::{Block, Document};
use countersign::documents::mail::{Correspondent, Enclosure, Mail, MailFault, mail};
use countersign::documents::pdf::Paper;
use countersign::documents::plain;
use countersign::ledger::{Email, Name};
use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};
use proptest::prelude::*;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

const NAMES: [&str; 6] =
    ["Example Hospital Trust", "Müller, \"Söhne\" <GmbH>", "بيت العلم", "株式会社例", "=?utf-8?q?x?=", "Ω"];

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| sample(&Branding::default(), "de").unwrap());

fn written(name: &str, email: &str, file: &str) -> Result<Vec<u8>, MailFault> {
    written_of(&DOCUMENT, name, email, file)
}

fn written_of(document: &Document, name: &str, email: &str, file: &str) -> Result<Vec<u8>, MailFault> {
    let desk: Email = "licenses@example.com".parse().unwrap();
    mail(&Mail {
        from: Correspondent { name: "Example Security", email: &desk },
        to: Correspondent { name, email: &email.parse().unwrap() },
        day: "2026-11-23".parse().unwrap(),
        id: "license-1042-revision-1",
        document,
        paper: Paper::A4,
        enclosures: &[Enclosure { name: file, media_type: "application/pdf", contents: b"%PDF-1.7\r\n\x00\xFF\n" }],
    })
}

/// What Python's parser says: defects of any part, then names and contents.
const SCRIPT: &str = "
import sys, email, json
from email import policy
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=policy.strict)
defects = [str(d) for p in mail.walk() for d in p.defects] + [str(d) for v in mail.values() for d in v.defects]
parts = [p.get_content_type() for p in mail.walk()]
pdf = next(mail.iter_attachments())
print(json.dumps({
    'defects': defects, 'parts': parts, 'to': mail['to'].addresses[0].display_name,
    'address': mail['to'].addresses[0].addr_spec, 'recipients': len(mail['to'].addresses), 'file': pdf.get_filename(),
    'pdf': list(pdf.get_content()), 'subject': mail['subject'], 'date': mail['date'].datetime.isoformat(),
    'plain': mail.get_body(('plain',)).get_content(), 'html': 'cid:qr' in mail.get_body(('html',)).get_content(),
    'qr': [p['content-id'] for p in mail.walk() if p['content-id']],
}))";

#[test]
fn a_strict_parser_by_others_finds_every_part_and_no_defect() {
    for name in NAMES {
        let bytes = written(name, "it@hospital.example", "Lizenz für Ω.pdf").unwrap();
        let child = Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else {
            eprintln!("SKIPPED: no python3 here");
            return;
        };
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["defects"], serde_json::json!([]), "{name}");
        assert_eq!(
            read["parts"],
            serde_json::json!([
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "multipart/related",
                "text/html",
                "image/png",
                "application/pdf"
            ])
        );
        assert_eq!(read["to"], name);
        assert_eq!(read["address"], "it@hospital.example");
        assert_eq!(read["recipients"], 1);
        assert_eq!(read["file"], "Lizenz für Ω.pdf");
        assert_eq!(read["pdf"], serde_json::json!(b"%PDF-1.7\r\n\x00\xFF\n"));
        assert_eq!(read["date"], "2026-11-23T12:00:00+00:00");
        assert_eq!(read["html"], true);
        assert_eq!(read["qr"], serde_json::json!(["<qr>"]));
        assert_eq!(read["subject"], DOCUMENT.title);
        // The strict policy gives lines as they are in the file.
        let text = &read["plain"].as_str().unwrap().replace("\r\n", "\n");
        assert_eq!(*text, plain(&DOCUMENT));
        // The code can be read from the mail's text.
        assert!(activation_code::ActivationCode::read(text).is_ok());
    }
}

/// Every line of a header as RFC 5322 §2.1.1 and §2.2 want it: a name, a colon and visible ASCII, or what a folded line
/// goes on with.
fn assert_headers_are_well_formed(mail: &[u8]) {
    let text = std::str::from_utf8(mail).unwrap();
    assert!(text.is_ascii() && !text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    let headers = text.split("\r\n\r\n").next().unwrap();
    for (number, line) in headers.split("\r\n").enumerate() {
        assert!(line.len() <= 998 && line.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "{line:?}");
        let name = line.split_once(':').map(|(name, _)| name);
        let is_name =
            name.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        let goes_on = line.starts_with(' ') && !line.trim().is_empty() && number > 0;
        assert!(is_name || goes_on, "{line:?}");
    }
}

/// Whom it is for and what goes with it are what they are without any hostile name.
fn assert_is_the_same_mail(read: &Message<'_>) {
    let names: Vec<_> = read.headers().iter().map(|header| header.name.as_str().to_ascii_lowercase()).collect();
    let wanted = ["from", "to", "subject", "date", "message-id", "x-unsent", "content-language", "mime-version"];
    let mut wanted: Vec<_> = wanted.into_iter().chain(["content-type"]).map(str::to_owned).collect();
    let mut sorted = names.clone();
    wanted.sort();
    sorted.sort();
    assert_eq!(sorted, wanted);
    let recipients: Vec<_> = read.to().unwrap().iter().map(|it| it.address.as_deref()).collect();
    assert_eq!(recipients, [Some("it@hospital.example")]);
    let senders: Vec<_> = read.from().unwrap().iter().map(|it| it.address.as_deref()).collect();
    assert_eq!(senders, [Some("licenses@example.com")]);
    assert_eq!(read.message_id(), Some("license-1042-revision-1@example.com"));
    assert_eq!(read.date().unwrap().to_rfc3339(), "2026-11-23T12:00:00Z");
    let parts: Vec<_> =
        read.parts.iter().map(|part| part.content_type().map(|it| (it.ctype(), it.subtype()))).collect();
    let kinds = [
        ("multipart", "mixed"),
        ("multipart", "alternative"),
        ("text", "plain"),
        ("multipart", "related"),
        ("text", "html"),
        ("image", "png"),
        ("application", "pdf"),
    ];
    assert_eq!(parts, kinds.map(|(kind, of)| Some((kind, Some(of)))));
    assert!(read.parts.iter().all(|part| !part.is_encoding_problem), "{read:?}");
    let PartType::Binary(pdf) = &read.parts[6].body else { panic!("{read:?}") };
    assert_eq!(**pdf, *b"%PDF-1.7\r\n\x00\xFF\n");
}

/// Names as somebody chooses them who wants to be more than a name in a header.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{1,12}",
        3 => "\\PC{1,12}",
        2 => proptest::sample::select(vec![
            "\r\n", "\n", "\r", "\0", "\t", "\u{1B}[2J", "\u{85}", "\u{2028}", "\u{202E}", "\u{2066}", "\u{200B}", "\u{FEFF}",
            "\r\nBcc: thief@example.com", "\nBcc: thief@example.com\n\n", " <thief@example.com>, ", "=?utf-8?q?x?=",
            "=?utf-8?b?DQpCY2M6IHRoaWVmQGV4YW1wbGUuY29t?=", "=?UTF-8?Q?=0D=0ABcc:_x?=", "\"", "\\", "\\\"", "(", ")", ";", ":",
            "a: b, c;", "--=_mail_", "\u{1F469}\u{200D}\u{1F680}", "e\u{301}\u{302}\u{303}", "\u{10FFFF}",
        ]).prop_map(str::to_owned),
        1 => proptest::char::any().prop_map(String::from),
        1 => (1..400usize, "\\PC").prop_map(|(times, one)| one.repeat(times)),
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_name_is_a_second_parser_finds_this_mail_and_no_other(
        name in hostile(), title in hostile(), file in hostile(),
    ) {
        let mut document = DOCUMENT.clone();
        document.title.clone_from(&title);
        document.letterhead.vendor.clone_from(&name);
        document.blocks.push(Block::Paragraph(vec![name.as_str().into()]));
        let controls = [&title, &file, &name].into_iter().find_map(|text| text.chars().find(|c| c.is_control()));
        let bytes = match written_of(&document, &name, "it@hospital.example", &file) {
            Err(MailFault::Control { character, .. }) => {
                prop_assert_eq!(Some(character), controls);
                return Ok(());
            }
            written => written.unwrap(),
        };
        prop_assert_eq!(controls, None);
        assert_headers_are_well_formed(&bytes);
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert_is_the_same_mail(&read);
        // What the ledger takes for a name arrives as it was.
        if name.parse::<Name>().is_ok() {
            prop_assert_eq!(read.to().unwrap().first().unwrap().name.as_deref(), Some(name.as_str()));
        }
        if title.parse::<Name>().is_ok() {
            prop_assert_eq!(read.subject(), Some(title.as_str()));
        }
        // Some readers decode what looks like an encoded word here too, where there can be none (RFC 2047 §5).
        if file.parse::<Name>().is_ok() && !file.contains("=?") {
            prop_assert_eq!(read.parts[6].attachment_name(), Some(file.as_str()));
        }
        let text = read.body_text(0).unwrap().replace("\r\n", "\n");
        let wanted = plain(&document);
        prop_assert_eq!(text.trim_end(), wanted.trim_end());
    }
}
