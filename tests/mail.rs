//! Mail files, read by a parser that others wrote.

use countersign::documents::branding::Branding;
use countersign::documents::certificate::sample;
use countersign::documents::mail::{Correspondent, Enclosure, Mail, MailFault, mail};
use countersign::documents::pdf::Paper;
use countersign::documents::plain;
use countersign::ledger::Email;
use std::io::Write as _;
use std::process::{Command, Stdio};

const NAMES: [&str; 6] =
    ["Example Hospital Trust", "Müller, \"Söhne\" <GmbH>", "بيت العلم", "株式会社例", "=?utf-8?q?x?=", "Ω"];

fn written(name: &str, email: &str, file: &str) -> Result<Vec<u8>, MailFault> {
    let document = sample(&Branding::default(), "de").unwrap();
    let desk: Email = "licenses@example.com".parse().unwrap();
    mail(&Mail {
        from: Correspondent { name: "Example Security", email: &desk },
        to: Correspondent { name, email: &email.parse().unwrap() },
        day: "2026-11-23".parse().unwrap(),
        id: "license-1042-revision-1",
        document: &document,
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
        let document = sample(&Branding::default(), "de").unwrap();
        assert_eq!(read["subject"], document.title);
        // The strict policy gives lines as they are in the file.
        let text = &read["plain"].as_str().unwrap().replace("\r\n", "\n");
        assert_eq!(*text, plain(&document));
        // The code can be read from the mail's text.
        assert!(activation_code::ActivationCode::read(text).is_ok());
    }
}
