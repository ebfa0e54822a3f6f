//! What a document says, before it is a page, a web page or plain text.

use super::QrSymbol;

/// A document in one language: a certificate, a notice, a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it is called in a list of files, a browser and a mail: one line.
    pub title: String,
    /// Its language (BCP 47), as in `de` or `pt-BR`.
    pub language: String,
    /// Who writes.
    pub letterhead: Letterhead,
    /// What it says, in the order in which it is read.
    pub blocks: Vec<Block>,
    /// What stands at the foot of every page.
    pub foot: Text,
}

impl Document {
    /// Whether its language is written from right to left.
    pub fn is_right_to_left(&self) -> bool {
        let primary = self.language.split('-').next().unwrap_or_default();
        ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"]
            .iter()
            .any(|known| primary.eq_ignore_ascii_case(known))
    }

    /// Changes all of its words, wherever they stand, but not those of codes.
    pub(super) fn every_text(&mut self, change: impl Fn(&mut String)) {
        change(&mut self.letterhead.vendor);
        self.letterhead.contact.iter_mut().for_each(&change);
        let spans = self.foot.iter_mut().chain(self.blocks.iter_mut().flat_map(Block::spans));
        spans.for_each(|span| change(&mut span.words));
    }
}

/// Who writes: at the head of the first page.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Letterhead {
    /// The vendor's name.
    pub vendor: String,
    /// How it is reached, a line each.
    pub contact: Vec<String>,
    /// Its logo; without one the name stands alone.
    pub logo: Option<Logo>,
    /// The colour of headings and rules, red, green and blue; it never carries a meaning.
    pub colour: [u8; 3],
}

/// A picture, checked and small enough to be in every document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The file as it was given.
    pub bytes: Vec<u8>,
    /// What the file is.
    pub format: LogoFormat,
    /// In pixels, at least 1.
    pub width: u32,
    /// In pixels, at least 1.
    pub height: u32,
}

/// What a logo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG, with eight bits per channel.
    Jpeg,
}

/// A part of a document that begins on a line of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading; level 1 is the title of the document, 3 is the lowest.
    Heading {
        /// 1 to 3.
        level: u8,
        /// Its words.
        text: Text,
    },
    /// A paragraph.
    Paragraph(Text),
    /// A list.
    List {
        /// Whether the items are numbered, from 1.
        numbered: bool,
        /// The items.
        items: Vec<Text>,
    },
    /// A table.
    Table {
        /// A name for each column; empty where the first cell of each line is its name.
        head: Vec<Text>,
        /// The lines, each with as many cells as the others.
        lines: Vec<Vec<Text>>,
    },
    /// The rows of a code, to be typed: monospace, never broken over a page.
    Rows(Vec<CodeRow>),
    /// A QR symbol. It stands beside the rows that follow it, where there is room.
    Qr {
        /// The symbol.
        symbol: QrSymbol,
        /// What it is, for those who do not see it.
        alternative: String,
    },
    /// A line across the page.
    Rule,
    /// What follows begins on a new page.
    NewPage,
}

impl Block {
    fn spans(&mut self) -> Vec<&mut Span> {
        match self {
            Self::Heading { text, .. } | Self::Paragraph(text) => text.iter_mut().collect(),
            Self::List { items, .. } => items.iter_mut().flatten().collect(),
            Self::Table { head, lines } => head.iter_mut().chain(lines.iter_mut().flatten()).flatten().collect(),
            Self::Rows(_) | Self::Qr { .. } | Self::Rule | Self::NewPage => Vec::new(),
        }
    }
}

/// A row of a code as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// As in `Row 1)`.
    pub label: String,
    /// As in `20040-0E000-84G00-3X00H-7FRHT`.
    pub symbols: String,
}

/// Words, in pieces of one style.
pub type Text = Vec<Span>;

/// Words of one style. A line end in them begins a new line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// The words.
    pub words: String,
    /// Heavier.
    pub strong: bool,
    /// Slanted, or otherwise set apart.
    pub emphasis: bool,
    /// All characters of one width, with a zero that is no O.
    pub monospace: bool,
    /// Where it leads: `https:`, `mailto:` or `tel:`.
    pub link: Option<String>,
}

impl From<&str> for Span {
    fn from(words: &str) -> Self {
        Self { words: words.to_owned(), ..Self::default() }
    }
}
