//! A document as a mail, ready to be sent: a file (RFC 5322, MIME) that mail programs open as a draft.

use super::document::{Block, Document, LogoFormat};
use super::html::{Pictures, html};
use super::pdf::Paper;
use super::plain::plain;
use crate::hex::Hex;
use crate::ledger::Email;
use activation_code::Day;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// Who writes, or is written to.
#[derive(Clone, Copy, Debug)]
pub struct Correspondent<'a> {
    /// Its name, in any script.
    pub name: &'a str,
    /// Where it gets its mail.
    pub email: &'a Email,
}

/// A file that goes with a mail.
#[derive(Clone, Copy, Debug)]
pub struct Enclosure<'a> {
    /// Its name, as it is saved.
    pub name: &'a str,
    /// What it is, as in `application/pdf`.
    pub media_type: &'a str,
    /// What is in it.
    pub contents: &'a [u8],
}

/// A mail. The same one gives the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// Who writes.
    pub from: Correspondent<'a>,
    /// Who is written to.
    pub to: Correspondent<'a>,
    /// The day that it is dated, at noon (UTC): most of the world has this day then.
    pub day: Day,
    /// What no other mail of this desk is called: `license-1042-revision-1`. ASCII letters, digits, `-` and `.`.
    pub id: &'a str,
    /// What it says; the title is its subject.
    pub document: &'a Document,
    /// For whoever prints the mail.
    pub paper: Paper,
    /// What goes with it.
    pub enclosures: &'a [Enclosure<'a>],
}

/// Why there is no mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// Mail wants ASCII, and so do most that carry it; a domain has an ASCII form (RFC 5891).
    #[error("{0} is no address that mail can be sent to everywhere: wanted name@domain, in ASCII")]
    Address(Email),
    /// A header would have another line.
    #[error("the {field} has the control character U+{:04X}", u32::from(*character))]
    Control {
        /// Which header.
        field: &'static str,
        /// What is in it.
        character: char,
    },
    /// The name of a mail.
    #[error("a mail cannot be called {0:?}")]
    Id(String),
    /// The kind of an enclosure.
    #[error("{0:?} is no media type")]
    MediaType(String),
}

/// The mail as a file: its text as plain text and as a page, and what goes with it.
///
/// Lines end with CR LF and are short; all of it is ASCII.
///
/// # Errors
/// An address that mail cannot reach, or a name that would break a header.
pub fn mail(mail: &Mail<'_>) -> Result<Vec<u8>, MailFault> {
    let Mail { from, to, day, id, document, paper, enclosures } = mail;
    let known = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    if id.is_empty() || id.len() > 200 || !id.chars().all(known) || id.starts_with('.') || id.ends_with('.') {
        return Err(MailFault::Id((*id).to_owned()));
    }
    let domain = from.email.as_str().rsplit('@').next().unwrap_or_default();
    let subject = header("subject", &document.title)?;
    for enclosure in *enclosures {
        header("name of a file", enclosure.name)?;
    }
    let message = Message::builder()
        .from(mailbox(from, "sender's name")?)
        .to(mailbox(to, "recipient's name")?)
        .raw_header(unmistakable("Subject", subject))
        .date(noon(*day))
        .message_id(Some(format!("<{id}@{domain}>")))
        // Outlook opens a file that says so as a draft, with a button to send it; others ignore it.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-Unsent"), "1".to_owned()))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Content-Language"),
            header("language", &document.language)?.to_owned(),
        ));
    // A body has no line that begins so: it is either short lines of text, or encoded without underscores.
    let boundary = |part: &str| {
        let digest = Sha256::digest(format!("{part} {id}@{domain}"));
        format!("=_{part}_{}", Hex(&digest[..16]))
    };
    let mut page = MultiPart::related().boundary(boundary("page")).singlepart(SinglePart::html(html(
        document,
        *paper,
        Pictures::InMail,
    )));
    if let Some(logo) = &document.letterhead.logo {
        let media_type = match logo.format {
            LogoFormat::Png => "image/png",
            LogoFormat::Jpeg => "image/jpeg",
        };
        page = page
            .singlepart(Attachment::new_inline("logo".to_owned()).body(logo.bytes.clone(), content_type(media_type)?));
    }
    let symbol = document.blocks.iter().find_map(|block| match block {
        Block::Qr { symbol, .. } => Some(symbol),
        _ => None,
    });
    if let Some(symbol) = symbol {
        page = page.singlepart(Attachment::new_inline("qr".to_owned()).body(symbol.png(), content_type("image/png")?));
    }
    let text = MultiPart::alternative()
        .boundary(boundary("text"))
        .singlepart(SinglePart::plain(plain(document)))
        .multipart(page);
    let mut whole = MultiPart::mixed().boundary(boundary("mail")).multipart(text);
    for Enclosure { name, media_type, contents } in *enclosures {
        let part = Attachment::new((*name).to_owned()).body(contents.to_vec(), content_type(media_type)?);
        whole = whole.singlepart(part);
    }
    let message = message.multipart(whole).expect("it has a sender and a recipient");
    Ok(message.formatted())
}

fn noon(day: Day) -> SystemTime {
    // 2020-01-01T12:00:00Z.
    const FIRST: u64 = 1_577_880_000;
    let days = u64::try_from(day.days_since_2020()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST + days * 86_400)
}

fn header<'a>(field: &'static str, text: &'a str) -> Result<&'a str, MailFault> {
    match text.chars().find(|c| c.is_control()) {
        Some(character) => Err(MailFault::Control { field, character }),
        None => Ok(text),
    }
}

/// A header of a text that nobody takes for another one: what is written as encoded words are (RFC 2047) would be decoded.
fn unmistakable(name: &'static str, text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    if !text.contains("=?") {
        return HeaderValue::new(name, text.to_owned());
    }
    // An encoded word has at most 75 characters (§2): 12 around base64 of 45 bytes are 72. No character is in two.
    const MOST: usize = 45;
    let mut words = vec![String::new()];
    for character in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= MOST => word.push(character),
            _ => words.push(character.into()),
        }
    }
    let encoded: Vec<_> = words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word))).collect();
    HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded.join("\r\n "))
}

fn mailbox(correspondent: &Correspondent<'_>, field: &'static str) -> Result<Mailbox, MailFault> {
    let Correspondent { name, email } = correspondent;
    let wrong = || MailFault::Address((*email).clone());
    let text = email.as_str();
    if !text.is_ascii() {
        return Err(wrong());
    }
    Ok(Mailbox::new(Some(header(field, name)?.to_owned()), text.parse().map_err(|_| wrong())?))
}

fn content_type(text: &str) -> Result<ContentType, MailFault> {
    ContentType::parse(text).map_err(|_| MailFault::MediaType(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::branding::Branding;
    use crate::documents::certificate::sample;

    const NAMES: [&str; 6] =
        ["Example Hospital Trust", "Müller, \"Söhne\" <GmbH>", "بيت العلم", "株式会社例", "=?utf-8?q?x?=", "Ω"];

    fn written(name: &str, email: &str, file: &str) -> Result<Vec<u8>, MailFault> {
        enclosing(name, email, "license-1042-revision-1", (file, "application/pdf"))
    }

    fn enclosing(name: &str, email: &str, id: &str, enclosure: (&str, &str)) -> Result<Vec<u8>, MailFault> {
        let (file, media_type) = enclosure;
        let document = sample(&Branding::default(), "de").unwrap();
        let desk: Email = "licenses@example.com".parse().unwrap();
        mail(&Mail {
            from: Correspondent { name: "Example Security", email: &desk },
            to: Correspondent { name, email: &email.parse().unwrap() },
            day: "2026-11-23".parse().unwrap(),
            id,
            document: &document,
            paper: Paper::A4,
            enclosures: &[Enclosure { name: file, media_type, contents: b"%PDF-1.7\r\n\x00\xFF\n" }],
        })
    }

    #[test]
    fn the_same_mail_has_the_same_bytes_and_short_lines_of_ascii() {
        for name in NAMES {
            let bytes = written(name, "it@hospital.example", "Lizenz für Ω.pdf").unwrap();
            assert_eq!(bytes, written(name, "it@hospital.example", "Lizenz für Ω.pdf").unwrap());
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.is_ascii());
            for line in text.split("\r\n") {
                assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{line}");
            }
        }
    }

    #[test]
    fn no_name_adds_a_header() {
        let control = |field, character| Err(MailFault::Control { field, character });
        let name = "Example\r\nBcc: thief@example.com";
        assert_eq!(written(name, "it@hospital.example", "a.pdf"), control("recipient's name", '\r'));
        assert_eq!(written("A", "it@hospital.example", "a.pdf\nX: y"), control("name of a file", '\n'));
        for email in ["müller@hospital.example", "it@hospital..example", "a b@hospital.example"] {
            if let Ok(email) = email.parse::<Email>() {
                assert_eq!(written("A", email.as_str(), "a.pdf"), Err(MailFault::Address(email)));
            }
        }
    }

    #[test]
    fn a_mail_has_a_name_for_machines_and_enclosures_of_a_kind() {
        let long = "x".repeat(201);
        for id in ["", ".a", "a.", "a b", "a@b", "ü", "a>", &long] {
            let fault = enclosing("A", "it@hospital.example", id, ("a.pdf", "application/pdf")).unwrap_err();
            assert_eq!(fault.to_string(), format!("a mail cannot be called {id:?}"));
            assert_eq!(fault, MailFault::Id(id.to_owned()));
        }
        let fault = enclosing("A", "it@hospital.example", "a", ("a.pdf", "pdf")).unwrap_err();
        assert_eq!(fault.to_string(), "\"pdf\" is no media type");
        assert_eq!(fault, MailFault::MediaType("pdf".to_owned()));
    }
}
