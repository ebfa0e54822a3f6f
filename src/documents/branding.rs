//! What a vendor's documents look like and say (rule D19): its name, contact, logo and colour, and templates in any
//! language. All of it is in one folder; what is not there is as it comes with the program.

use super::document::{Document, Letterhead, Logo, LogoFormat};
use super::fields::Party;
use super::language::Language;
use super::pdf::Paper;
use super::template::{self, Codes, TemplateFault};
use super::{certificate, notice, statement};
use crate::ledger::Email;
use activation_code::{ActivationCode, Day};
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Cursor;

/// Largest logo, in bytes: it is in every certificate and every mail.
pub const LARGEST_LOGO: usize = 512 * 1024;

/// Largest logo on a side, in pixels: enough for the width of a page in print.
pub const MOST_PIXELS: u32 = 4_000;

/// Largest `branding.toml` or `language.toml`, in bytes.
pub const LONGEST_TOML: usize = 64 * 1024;

/// The folder's own file.
pub const SETTINGS: &str = "branding.toml";

/// The file of a language beside its templates.
pub const LANGUAGE: &str = "language.toml";

/// The colour of headings, where the vendor has none.
const COLOUR: [u8; 3] = [0x1F, 0x3A, 0x5F];

/// A kind of document, which has a template in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What goes with a code (rule D7).
    Certificate,
    /// What says that a license ends (rule D3).
    Notice,
    /// What a customer or a partner has (rule D18).
    Statement,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Certificate, Self::Notice, Self::Statement];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Notice => "notice",
            Self::Statement => "statement",
        }
    }

    /// The file of its template.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Certificate => "certificate.md",
            Self::Notice => "notice.md",
            Self::Statement => "statement.md",
        }
    }

    const fn built_in(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Certificate => {
                [("en", include_str!("texts/en/certificate.md")), ("de", include_str!("texts/de/certificate.md"))]
            }
            Self::Notice => [("en", include_str!("texts/en/notice.md")), ("de", include_str!("texts/de/notice.md"))],
            Self::Statement => {
                [("en", include_str!("texts/en/statement.md")), ("de", include_str!("texts/de/statement.md"))]
            }
        }
    }
}

/// The languages that come with the program.
const BUILT_IN: [(&str, &str); 2] =
    [("en", include_str!("texts/en/language.toml")), ("de", include_str!("texts/de/language.toml"))];

/// The files of a branding folder: names as in `de/certificate.md`, and contents.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What is wrong with a file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandingFault {
    /// Which file.
    pub file: String,
    /// What.
    pub fault: FileFault,
}

impl fmt::Display for BrandingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.fault)
    }
}

impl std::error::Error for BrandingFault {}

/// What can be wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// It means nothing here.
    #[error(
        "branding has no such file: wanted branding.toml, the logo, or LANGUAGE/ with language.toml, certificate.md, notice.md and statement.md"
    )]
    Unknown,
    /// Longer than it may be.
    #[error("it has {found} bytes, wanted at most {most}")]
    Long {
        /// How long it is.
        found: usize,
        /// How long it may be.
        most: usize,
    },
    /// It is text and is not.
    #[error("byte {0} is no UTF-8")]
    NotText(usize),
    /// It is no TOML, or has names that mean nothing.
    #[error("line {line}: {what}")]
    Toml {
        /// Where, from 1.
        line: usize,
        /// What.
        what: String,
    },
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateFault),
    /// The logo that the settings name is not there.
    #[error("the logo {0:?} is not in the folder")]
    NoLogo(String),
    /// It is another kind of file.
    #[error("it is no picture of PNG or JPEG")]
    NotAPicture,
    /// It is damaged, or of a kind that cannot be printed.
    #[error("the picture cannot be read")]
    Picture,
    /// It is too large.
    #[error("it is {width} pixels wide and {height} high, wanted at most {MOST_PIXELS}")]
    Pixels {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A language without its words.
    #[error("a language needs a {LANGUAGE}: copy the one of another language")]
    NoLanguage,
    /// The default language is not there.
    #[error("there is no language {0:?}")]
    UnknownLanguage(String),
}

/// Paper of the settings.
#[derive(Clone, Copy, Debug, Deserialize)]
enum PaperName {
    #[serde(rename = "A4")]
    A4,
    #[serde(rename = "letter", alias = "Letter")]
    Letter,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    vendor: Option<Line>,
    contact: Option<Vec<Line>>,
    logo: Option<String>,
    colour: Option<Colour>,
    language: Option<String>,
    paper: Option<PaperName>,
}

/// A line of text that people see: what a ledger's names are.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Line(String);

impl TryFrom<String> for Line {
    type Error = crate::ledger::TextFault;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse::<crate::ledger::Name>().map(|name| Self(name.to_string()))
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Colour([u8; 3]);

impl TryFrom<String> for Colour {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let part =
            |digits: &str, from: usize| digits.get(from..from + 2).and_then(|part| u8::from_str_radix(part, 16).ok());
        let colour = digits.and_then(|digits| Some([part(digits, 0)?, part(digits, 2)?, part(digits, 4)?]));
        colour.map(Self).ok_or("wanted a colour as in \"#1f3a5f\"")
    }
}

#[derive(Clone, Debug)]
struct Texts {
    language: Language,
    templates: BTreeMap<Kind, String>,
}

/// A vendor's branding, checked.
#[derive(Clone, Debug)]
pub struct Branding {
    settings: Settings,
    logo: Option<Logo>,
    languages: BTreeMap<String, Texts>,
}

impl Default for Branding {
    /// As it comes with the program.
    fn default() -> Self {
        Self::read(&Files::new()).expect("a test reads what comes with the program")
    }
}

impl Branding {
    /// Reads a folder. All faults are found, not only the first.
    ///
    /// # Errors
    /// What is wrong with each file.
    pub fn read(files: &Files) -> Result<Self, Vec<BrandingFault>> {
        let mut faults = Vec::new();
        let mut reader = Reader { files, faults: &mut faults };
        let settings: Settings = reader.toml(SETTINGS).unwrap_or_default();
        let logo = reader.logo(&settings);
        let languages = reader.languages();
        reader.unknown(&settings);
        let wanted = settings.language.as_deref().unwrap_or("en");
        if !languages.contains_key(wanted) {
            faults.push(BrandingFault {
                file: SETTINGS.to_owned(),
                fault: FileFault::UnknownLanguage(wanted.to_owned()),
            });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let branding = Self { settings, logo, languages };
        for tag in branding.languages.keys() {
            for kind in Kind::ALL {
                let checked = match kind {
                    Kind::Certificate => certificate::check(&branding, tag),
                    Kind::Notice => notice::check(&branding, tag),
                    Kind::Statement => statement::check(&branding, tag),
                };
                if let Err(fault) = checked {
                    faults.push(BrandingFault { file: format!("{tag}/{}", kind.file()), fault: fault.into() });
                }
            }
        }
        if faults.is_empty() { Ok(branding) } else { Err(faults) }
    }

    /// All of its languages, by tag.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &Language)> {
        self.languages.iter().map(|(tag, texts)| (tag.as_str(), &texts.language))
    }

    /// The language of a document: the one that is wanted, or one that is like it, or the vendor's own.
    pub fn language(&self, wanted: Option<&str>) -> (&str, &Language) {
        let own = self.settings.language.as_deref().unwrap_or("en");
        let primary = |tag: &str| tag.split('-').next().map(str::to_ascii_lowercase);
        let exact = wanted.and_then(|wanted| self.languages.keys().find(|tag| tag.eq_ignore_ascii_case(wanted)));
        let like = wanted.and_then(|wanted| self.languages.keys().find(|tag| primary(tag) == primary(wanted)));
        let tag = exact.or(like).map_or(own, String::as_str);
        let (tag, texts) =
            self.languages.get_key_value(tag).or(self.languages.first_key_value()).expect("English is there");
        (tag, &texts.language)
    }

    /// The template of a kind in a language that [`language`](Self::language) gave.
    pub fn template(&self, kind: Kind, tag: &str) -> &str {
        self.languages.get(tag).and_then(|texts| texts.templates.get(&kind)).map_or("", String::as_str)
    }

    /// The name that documents have at their head; without one of its own that of the ledger.
    pub fn vendor<'a>(&'a self, ledger: &'a str) -> &'a str {
        self.settings.vendor.as_ref().map_or(ledger, |line| &line.0)
    }

    /// How the vendor is reached, a line each; without one of its own what its trust bundles say.
    pub fn contact(&self, bundle: &[String]) -> Vec<String> {
        let own = self.settings.contact.as_ref().map(|lines| lines.iter().map(|line| line.0.clone()).collect());
        own.unwrap_or_else(|| bundle.to_vec())
    }

    /// Where mail of the vendor comes from: the first address among its contact lines.
    pub fn sender(&self, bundle: &[String]) -> Option<Email> {
        let edges = |c: char| "<>(),;:\"".contains(c);
        let contact = self.contact(bundle);
        let words = contact.iter().flat_map(|line| line.split_whitespace());
        words.filter_map(|word| word.trim_matches(edges).trim_start_matches("mailto:").parse().ok()).next()
    }

    /// The vendor, as templates name it.
    pub fn party(&self, vendor: &str, contact: &[String]) -> Party {
        let contact = self.contact(contact).join(", ");
        Party { name: self.vendor(vendor).to_owned(), contact, ..Party::default() }
    }

    /// The head of a document.
    pub fn letterhead(&self, vendor: &str, contact: &[String]) -> Letterhead {
        Letterhead {
            vendor: self.vendor(vendor).to_owned(),
            contact: self.contact(contact),
            logo: self.logo.clone(),
            colour: self.settings.colour.map_or(COLOUR, |colour| colour.0),
        }
    }

    /// A document of a kind, in a language that [`language`](Self::language) gave. Its codes are those that its
    /// template can show; its day stands at the foot.
    pub(super) fn document(
        &self,
        kind: Kind,
        tag: &str,
        letterhead: Letterhead,
        fields: impl Serialize,
        (codes, day): (&[&ActivationCode], Option<Day>),
    ) -> Result<Document, TemplateFault> {
        let (tag, words) = self.language(Some(tag));
        let codes = Codes { codes, row: words.row() };
        let blocks = template::blocks(self.template(kind, tag), &Value::from(Serde(fields)), codes)?;
        let title = template::title(&blocks)?;
        let day = day.map(|day| format!(" · {}", words.day(day))).unwrap_or_default();
        let foot = format!("{} · {title}{day}", letterhead.vendor);
        Ok(Document { title, language: tag.to_owned(), letterhead, blocks, foot: vec![foot.as_str().into()] })
    }

    /// A made-up license's document of a kind, to look at.
    ///
    /// # Errors
    /// The template has a mistake.
    pub fn sample(&self, kind: Kind, tag: &str) -> Result<Document, TemplateFault> {
        match kind {
            Kind::Certificate => certificate::sample(self, tag),
            Kind::Notice => notice::sample(self, tag),
            Kind::Statement => statement::sample(self, tag),
        }
    }

    pub(super) fn sample_letterhead(&self) -> Letterhead {
        self.letterhead(SAMPLE_VENDOR, &[SAMPLE_CONTACT.to_owned()])
    }

    pub(super) fn sample_party(&self) -> Party {
        self.party(SAMPLE_VENDOR, &[SAMPLE_CONTACT.to_owned()])
    }

    /// The paper of a document, where no other is wanted.
    pub fn paper(&self) -> Paper {
        match self.settings.paper {
            None | Some(PaperName::A4) => Paper::A4,
            Some(PaperName::Letter) => Paper::Letter,
        }
    }
}

const SAMPLE_VENDOR: &str = "Example Security";
const SAMPLE_CONTACT: &str = "licenses@example.com";

/// The code of the format's documentation.
const SAMPLE_CODE: &str = "\
    1) 20040-0E000-84G00-3X00H-7FRHT 2) 0PS04-NGZPE-9CK4J-7DT4X-VA7K6 3) 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM \
    4) 7G669-0T3SX-645X4-R6SRN-861EK 5) J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H 6) SBXV8-F7K7R-SNN7P-Y1T14-49974";

pub(super) fn sample_code() -> ActivationCode {
    ActivationCode::read(SAMPLE_CODE).expect("a test reads it")
}

/// The files that come with the program: a vendor copies what it wants to change.
pub fn built_in() -> Files {
    let settings = (SETTINGS.to_owned(), include_bytes!("texts/branding.toml").to_vec());
    let languages = BUILT_IN.iter().map(|(tag, text)| (format!("{tag}/{LANGUAGE}"), text.as_bytes().to_vec()));
    let templates = Kind::ALL.into_iter().flat_map(|kind| {
        kind.built_in().map(|(tag, text)| (format!("{tag}/{}", kind.file()), text.as_bytes().to_vec()))
    });
    std::iter::once(settings).chain(languages).chain(templates).collect()
}

struct Reader<'a> {
    files: &'a Files,
    faults: &'a mut Vec<BrandingFault>,
}

impl Reader<'_> {
    fn fault(&mut self, file: &str, fault: FileFault) {
        self.faults.push(BrandingFault { file: file.to_owned(), fault });
    }

    fn text(&mut self, file: &str, most: usize) -> Option<String> {
        let bytes = self.files.get(file)?;
        if bytes.len() > most {
            self.fault(file, FileFault::Long { found: bytes.len(), most });
            return None;
        }
        match std::str::from_utf8(bytes) {
            // Editors of one system begin their files with a mark.
            Ok(text) => Some(text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n")),
            Err(error) => {
                self.fault(file, FileFault::NotText(error.valid_up_to() + 1));
                None
            }
        }
    }

    fn toml<T: for<'de> Deserialize<'de>>(&mut self, file: &str) -> Option<T> {
        let text = self.text(file, LONGEST_TOML)?;
        match toml::from_str(&text) {
            Ok(read) => Some(read),
            Err(error) => {
                let place = error.span().map_or(0, |span| span.start);
                let line = text.get(..place).map_or(1, |before| before.matches('\n').count() + 1);
                self.fault(file, FileFault::Toml { line, what: error.message().replace('\n', ", ") });
                None
            }
        }
    }

    fn logo(&mut self, settings: &Settings) -> Option<Logo> {
        let file = settings.logo.as_deref()?;
        let Some(bytes) = self.files.get(file) else {
            self.fault(SETTINGS, FileFault::NoLogo(file.to_owned()));
            return None;
        };
        match logo(bytes) {
            Ok(logo) => Some(logo),
            Err(fault) => {
                self.fault(file, fault);
                None
            }
        }
    }

    fn languages(&mut self) -> BTreeMap<String, Texts> {
        let own = self.files.keys().filter_map(|file| file.split_once('/')).map(|(tag, _)| tag.to_owned());
        let tags: BTreeSet<String> = own.chain(BUILT_IN.iter().map(|(tag, _)| (*tag).to_owned())).collect();
        let mut languages = BTreeMap::new();
        for tag in tags {
            let file = format!("{tag}/{LANGUAGE}");
            let built_in = BUILT_IN.iter().find(|(known, _)| *known == tag);
            let language = if self.files.contains_key(&file) {
                self.toml(&file)
            } else if let Some((_, text)) = built_in {
                Some(toml::from_str(text).expect("a test reads what comes with the program"))
            } else {
                self.fault(&tag, FileFault::NoLanguage);
                None
            };
            let templates = Kind::ALL.into_iter().map(|kind| (kind, self.template(&tag, kind))).collect();
            if let Some(language) = language {
                languages.insert(tag, Texts { language, templates });
            }
        }
        languages
    }

    fn template(&mut self, tag: &str, kind: Kind) -> String {
        let own = self.text(&format!("{tag}/{}", kind.file()), template::LONGEST);
        // A language that has no template of a kind has the English one.
        let built_in = kind.built_in();
        let of = |tag: &str| built_in.iter().find(|(known, _)| *known == tag).map(|(_, text)| (*text).to_owned());
        own.or_else(|| of(tag)).or_else(|| of("en")).unwrap_or_default()
    }

    fn unknown(&mut self, settings: &Settings) {
        for file in self.files.keys() {
            let known = match file.split_once('/') {
                None => file == SETTINGS || settings.logo.as_ref() == Some(file),
                Some((_, name)) => name == LANGUAGE || Kind::ALL.iter().any(|kind| kind.file() == name),
            };
            if !known {
                self.faults.push(BrandingFault { file: file.clone(), fault: FileFault::Unknown });
            }
        }
    }
}

/// Checks a logo: what it is, and that all of it can be read.
///
/// # Errors
/// It is too large, of another kind, or damaged.
pub fn logo(bytes: &[u8]) -> Result<Logo, FileFault> {
    if bytes.len() > LARGEST_LOGO {
        return Err(FileFault::Long { found: bytes.len(), most: LARGEST_LOGO });
    }
    let (format, (width, height)) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        (LogoFormat::Png, png_size(bytes)?)
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        (LogoFormat::Jpeg, jpeg_size(bytes)?)
    } else {
        return Err(FileFault::NotAPicture);
    };
    Ok(Logo { bytes: bytes.to_vec(), format, width, height })
}

fn within((width, height): (u32, u32)) -> Result<(u32, u32), FileFault> {
    if width == 0 || height == 0 {
        return Err(FileFault::Picture);
    }
    if width > MOST_PIXELS || height > MOST_PIXELS {
        return Err(FileFault::Pixels { width, height });
    }
    Ok((width, height))
}

fn png_size(bytes: &[u8]) -> Result<(u32, u32), FileFault> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(|_| FileFault::Picture)?;
    let size = within((reader.info().width, reader.info().height))?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(FileFault::Picture)?];
    reader.next_frame(&mut pixels).map_err(|_| FileFault::Picture)?;
    Ok(size)
}

fn jpeg_size(bytes: &[u8]) -> Result<(u32, u32), FileFault> {
    let mut decoder = zune_jpeg::JpegDecoder::new(Cursor::new(bytes));
    decoder.decode_headers().map_err(|_| FileFault::Picture)?;
    let (width, height) = decoder.dimensions().ok_or(FileFault::Picture)?;
    let size = within((u32::try_from(width).unwrap_or(u32::MAX), u32::try_from(height).unwrap_or(u32::MAX)))?;
    decoder.decode().map_err(|_| FileFault::Picture)?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_branding_file_is_told_with_its_facts() {
        let faults = |file: &str, contents: &[u8]| {
            let files = Files::from([(file.to_owned(), contents.to_vec())]);
            Branding::read(&files).unwrap_err().into_iter().map(|it| (it.file, it.fault)).collect::<Vec<_>>()
        };
        let says = |file: &str, fault| vec![(file.to_owned(), fault)];
        let title = TemplateFault { line: None, fault: template::Fault::NoTitle };
        for (file, contents, wanted) in [
            ("en/cert.md", &b"x"[..], says("en/cert.md", FileFault::Unknown)),
            ("en/notice.md", b"ab\xFF", says("en/notice.md", FileFault::NotText(3))),
            ("en/notice.md", b"No title\n", says("en/notice.md", FileFault::Template(title))),
            (SETTINGS, b"logo = \"a.png\"\n", says(SETTINGS, FileFault::NoLogo("a.png".to_owned()))),
            (SETTINGS, b"language = \"tlh\"\n", says(SETTINGS, FileFault::UnknownLanguage("tlh".to_owned()))),
            ("it/certificate.md", b"# T\n", says("it", FileFault::NoLanguage)),
        ] {
            assert_eq!(faults(file, contents), wanted);
        }
        let toml = faults(SETTINGS, b"\ncolor = \"#112233\"\n");
        assert!(matches!(&toml[..], [(_, FileFault::Toml { line: 2, what })] if what.contains("`color`")), "{toml:?}");
    }
}
