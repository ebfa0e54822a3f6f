//! A document as pages of PDF: tagged (PDF/UA-1), its text selectable, its fonts embedded as far as they are used.
//! The same document is the same file, byte for byte.

mod fonts;
mod pages;
mod pieces;
mod text;

use super::document::Document;
use std::collections::BTreeSet;
use text::Setter;

/// The size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// ISO 216: 210 mm by 297 mm.
    A4,
    /// ANSI/ASME Y14.1 A: 8.5 in by 11 in.
    Letter,
}

impl Paper {
    /// Width and height, in points of 1/72 inch.
    pub const fn points(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.276, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }

    /// As style sheets and people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A4 => "A4",
            Self::Letter => "letter",
        }
    }
}

/// Why a document cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaperFault {
    /// Something that is not broken over pages is higher than a page.
    #[error("part {block} of the document is higher than a page")]
    TooHigh {
        /// Which part, from 1.
        block: usize,
    },
    /// The logo is no picture after all.
    #[error("the logo cannot be read")]
    Logo,
    /// What was drawn is no document of the standard that we promise.
    #[error("the pages are no PDF/UA-1: {0}")]
    Standard(String),
}

/// A printed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// Characters that no font of ours has: U+FFFD stands in their places, and somebody should be told.
    pub missing: BTreeSet<char>,
}

/// Prints documents. It costs some milliseconds to set up, and serves any number of documents.
pub struct Press {
    setter: Setter,
}

impl Default for Press {
    fn default() -> Self {
        Self::new()
    }
}

impl Press {
    /// With the fonts that are part of the program.
    pub fn new() -> Self {
        Self { setter: Setter::new() }
    }

    /// Prints a document.
    ///
    /// # Errors
    /// A table has a line that no page can hold, or the logo is no picture.
    pub fn print(&mut self, document: &Document, paper: Paper) -> Result<Printed, PaperFault> {
        let (pieces, missing) = pieces::of(&mut self.setter, document, paper);
        if missing.is_empty() {
            return pages::print(&mut self.setter, document, &pieces, paper, missing);
        }
        let replaced = replaced(document, &missing);
        let (pieces, _) = pieces::of(&mut self.setter, &replaced, paper);
        pages::print(&mut self.setter, &replaced, &pieces, paper, missing)
    }
}

/// The document with U+FFFD in the place of what cannot be printed: a glyph for "no glyph" would be one that
/// nobody can search or copy.
fn replaced(document: &Document, missing: &BTreeSet<char>) -> Document {
    let mut document = document.clone();
    let clean = |words: &mut String| {
        if words.contains(|c| missing.contains(&c)) {
            *words = words.chars().map(|c| if missing.contains(&c) { '\u{FFFD}' } else { c }).collect();
        }
    };
    document.every_text(clean);
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::branding::Branding;
    use crate::documents::certificate::sample;

    #[test]
    fn what_has_no_glyph_is_no_pdf_of_the_standard_and_is_replaced() {
        let mut document = sample(&Branding::default(), "en").unwrap();
        document.every_text(|words| words.push('\u{13000}'));
        let mut press = Press::new();
        let (pieces, missing) = pieces::of(&mut press.setter, &document, Paper::A4);
        assert_eq!(missing, BTreeSet::from(['\u{13000}']));
        let fault = pages::print(&mut press.setter, &document, &pieces, Paper::A4, missing.clone()).unwrap_err();
        assert!(matches!(&fault, PaperFault::Standard(what) if what.contains("Glyph")), "{fault}");
        assert_eq!(press.print(&document, Paper::A4).unwrap().missing, missing);
    }
}
