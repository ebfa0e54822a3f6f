//! The parts of a document as pieces that no page breaks.

use super::Paper;
use super::text::{BLACK, GREY, Ink, Lines, Setter, Style};
use crate::documents::QrSymbol;
use crate::documents::document::{Block, CodeRow, Document, Logo, Span, Text};
use parley::BaseDirection;
use std::collections::BTreeSet;
use std::rc::Rc;

/// From each edge of the paper to what is printed, in points.
pub const MARGIN: f32 = 50.0;

/// From the lower edge of the paper to the end of what is printed; the foot stands below.
pub const MARGIN_BELOW: f32 = 60.0;

const RUNNING: Style = Style { size: 9.5, leading: 1.4, strong: false, ink: BLACK };
const SMALL: Style = Style { size: 8.5, leading: 1.4, strong: false, ink: GREY };

/// Rows are typed from paper, often held at arm's length: no less than 11 points, and air between them.
const ROWS: Style = Style { size: 12.5, leading: 1.6, strong: false, ink: BLACK };
const LONG_ROWS: Style = Style { size: 11.0, leading: 1.6, strong: false, ink: BLACK };

/// Characters of a row that are printed at the larger size.
const SHORT_ROW: usize = 40;

/// Points of a module of a QR symbol: 0.8 mm, twice what the camera of a telephone needs at arm's length.
const MODULE: f32 = 2.25;

/// Between columns, and between what stands side by side.
const GUTTER: f32 = 16.0;

/// What guides the eye along a line, and disappears in a bad copy.
const HAIRLINE: Ink = [0xC8, 0xC8, 0xC8];

/// Largest logo, in points.
const LOGO: (f32, f32) = (150.0, 48.0);

/// Something that one page has whole.
pub struct Piece {
    /// Space above it, but for the first of a page.
    pub before: f32,
    /// How high it is.
    pub height: f32,
    /// Whether the page must have the next one too: nobody wants a heading at the foot of a page.
    pub with_next: bool,
    /// Whether a new page begins here.
    pub new_page: bool,
    /// What is drawn.
    pub drawings: Vec<Drawing>,
    /// What stands above it again, where it is the first of a page: the head of its table.
    pub again: Option<Rc<Piece>>,
}

/// Something at a place of a piece.
pub struct Drawing {
    /// From the left margin.
    pub left: f32,
    /// From the top of the piece.
    pub top: f32,
    /// Which part of the document it belongs to.
    pub slot: Slot,
    /// What it is.
    pub what: What,
}

/// A place in the structure of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The vendor's name, its contact, its logo.
    Letterhead(u8),
    /// Of a part, from 0: which item or line, which of its cells; both 0 where there are none.
    Block(usize, usize, usize),
    /// It has no meaning.
    Ornament,
}

/// What can be drawn.
pub enum What {
    /// One of some lines.
    Line(Rc<Lines>, usize),
    /// A QR symbol, as wide and high as this.
    Qr(Rc<QrSymbol>, f32),
    /// The logo, as wide and high as this.
    Logo(f32, f32),
    /// A line across, as long and heavy as this.
    Rule(f32, f32, Ink),
}

/// All pieces of a document, and the characters in it that no font has.
pub fn of(setter: &mut Setter, document: &Document, paper: Paper) -> (Vec<Piece>, BTreeSet<char>) {
    let width = paper.points().0 - 2.0 * MARGIN;
    let direction = if document.is_right_to_left() { BaseDirection::Rtl } else { BaseDirection::Ltr };
    let accent = document.letterhead.colour;
    let mut composer = Composer { setter, width, direction, accent, pieces: Vec::new(), missing: BTreeSet::new() };
    composer.letterhead(document);
    let mut blocks = document.blocks.iter().enumerate().peekable();
    while let Some((number, block)) = blocks.next() {
        match (block, blocks.peek()) {
            (Block::Qr { symbol, .. }, Some(&(next, Block::Rows(rows)))) => {
                composer.rows(next, rows, Some((number, symbol)));
                blocks.next();
            }
            _ => composer.block(number, block),
        }
    }
    (composer.pieces, composer.missing)
}

struct Composer<'a> {
    setter: &'a mut Setter,
    width: f32,
    direction: BaseDirection,
    accent: Ink,
    pieces: Vec<Piece>,
    missing: BTreeSet<char>,
}

impl Composer<'_> {
    fn set(&mut self, words: &[Span], style: Style, width: Option<f32>) -> Rc<Lines> {
        let lines = self.setter.set(words, style, width, self.direction);
        lines.missing(&mut self.missing);
        Rc::new(lines)
    }

    /// Codes are written from left to right in every language.
    fn set_code(&mut self, words: &str, style: Style) -> Rc<Lines> {
        let span = Span { words: words.to_owned(), monospace: true, ..Span::default() };
        let lines = self.setter.set(&[span], style, None, BaseDirection::Ltr);
        lines.missing(&mut self.missing);
        Rc::new(lines)
    }

    /// Where something of a width stands that begins at `start`, in the direction of the language.
    fn left(&self, start: f32, width: f32) -> f32 {
        if self.direction == BaseDirection::Rtl { self.width - start - width } else { start }
    }

    fn push(&mut self, before: f32, height: f32, with_next: bool, drawings: Vec<Drawing>) {
        self.pieces.push(Piece { before, height, with_next, new_page: false, drawings, again: None });
    }

    fn letterhead(&mut self, document: &Document) {
        let letterhead = &document.letterhead;
        let mut drawings = Vec::new();
        let mut wide = self.width;
        let mut logo_height = 0.0;
        if let Some(logo) = &letterhead.logo {
            let (width, height) = logo_size(logo);
            wide -= width + GUTTER;
            logo_height = height;
            let left = self.left(self.width - width, width);
            drawings.push(Drawing { left, top: 0.0, slot: Slot::Letterhead(2), what: What::Logo(width, height) });
        }
        let name = Style { size: 13.0, leading: 1.4, strong: true, ink: BLACK };
        let left = self.left(0.0, wide);
        let mut top = 0.0;
        let contact = letterhead.contact.join("\n");
        for (slot, words, style) in [(0, letterhead.vendor.as_str(), name), (1, contact.as_str(), SMALL)] {
            if words.is_empty() {
                continue;
            }
            let lines = self.set(&[words.into()], style, Some(wide));
            top = stack(&mut drawings, &lines, Slot::Letterhead(slot), left, top);
        }
        let height = top.max(logo_height) + 8.0;
        let rule = What::Rule(self.width, 1.5, self.accent);
        drawings.push(Drawing { left: 0.0, top: height, slot: Slot::Ornament, what: rule });
        self.push(0.0, height + 4.0, false, drawings);
    }

    fn block(&mut self, number: usize, block: &Block) {
        match block {
            Block::Heading { level, text } => {
                let (size, before, ink) = match level {
                    1 => (20.0, 12.0, self.accent),
                    2 => (12.5, 11.0, BLACK),
                    _ => (10.5, 10.0, BLACK),
                };
                let style = Style { size, leading: 1.3, strong: true, ink };
                let lines = self.set(text, style, Some(self.width));
                self.lines(&lines, Slot::Block(number, 0, 0), 0.0, before, Keep::WithNext);
            }
            Block::Paragraph(text) => {
                let lines = self.set(text, RUNNING, Some(self.width));
                self.lines(&lines, Slot::Block(number, 0, 0), 0.0, 6.0, Keep::Ends);
            }
            Block::List { numbered, items } => self.list(number, *numbered, items),
            Block::Table { head, lines } => self.table(number, head, lines),
            Block::Rows(rows) => self.rows(number, rows, None),
            Block::Qr { symbol, .. } => {
                let side = symbol.side() as f32 * MODULE;
                let left = self.left(0.0, side);
                let what = What::Qr(Rc::new(symbol.clone()), side);
                self.push(8.0, side, false, vec![Drawing { left, top: 0.0, slot: Slot::Block(number, 0, 0), what }]);
            }
            Block::Rule => {
                let what = What::Rule(self.width, 0.5, GREY);
                self.push(10.0, 4.0, false, vec![Drawing { left: 0.0, top: 0.0, slot: Slot::Ornament, what }]);
            }
            Block::NewPage => self.pieces.push(Piece {
                before: 0.0,
                height: 0.0,
                with_next: false,
                new_page: true,
                drawings: Vec::new(),
                again: None,
            }),
        }
    }

    fn lines(&mut self, lines: &Rc<Lines>, slot: Slot, start: f32, before: f32, keep: Keep) {
        let count = lines.count();
        let left = self.left(start, self.width - start);
        for line in 0..count {
            let with_next = match keep {
                Keep::WithNext => true,
                // Neither the first nor the last line of a paragraph stands alone.
                Keep::Ends => count > 1 && (line == 0 || line + 2 == count),
            };
            let before = if line == 0 { before } else { 0.0 };
            let what = What::Line(Rc::clone(lines), line);
            self.push(before, lines.line_height(line), with_next, vec![Drawing { left, top: 0.0, slot, what }]);
        }
    }

    fn list(&mut self, number: usize, numbered: bool, items: &[Text]) {
        const INDENT: f32 = 18.0;
        for (item, text) in items.iter().enumerate() {
            let mark = if numbered { format!("{}.", item + 1) } else { "•".to_owned() };
            let mark = self.set(&[mark.as_str().into()], RUNNING, None);
            let lines = self.set(text, RUNNING, Some(self.width - INDENT));
            let first = self.pieces.len();
            self.lines(&lines, Slot::Block(number, item, 1), INDENT, if item == 0 { 6.0 } else { 3.0 }, Keep::Ends);
            let left = self.left(0.0, mark.width());
            let slot = Slot::Block(number, item, 0);
            if let Some(piece) = self.pieces.get_mut(first) {
                piece.drawings.insert(0, Drawing { left, top: 0.0, slot, what: What::Line(mark, 0) });
            }
        }
    }

    fn table(&mut self, number: usize, head: &[Text], lines: &[Vec<Text>]) {
        let columns = lines.iter().map(Vec::len).chain([head.len()]).max().unwrap_or(0);
        if columns == 0 {
            return;
        }
        let size = if columns > 4 { 8.5 } else { 9.5 };
        let body = Style { size, ..RUNNING };
        // Where there is no head the first cell is the name of the line.
        let named = head.is_empty();
        let style = |column: usize| if named && column == 0 { Style { ink: GREY, ..body } } else { body };
        let strong = Style { strong: true, ..body };
        let mut natural = vec![0.0f32; columns];
        for (column, cell) in head.iter().enumerate() {
            natural[column] = natural[column].max(self.set(cell, strong, None).width());
        }
        for line in lines {
            for (column, cell) in line.iter().enumerate() {
                natural[column] = natural[column].max(self.set(cell, style(column), None).width());
            }
        }
        let widths = fair(&natural, self.width - GUTTER * (columns - 1) as f32);
        let head = (!named).then(|| {
            let cells: Vec<_> = head.iter().map(|cell| (cell, strong)).collect();
            Rc::new(self.table_line(number, 0, &cells, &widths, (0.75, BLACK)))
        });
        if let Some(head) = &head {
            let head = Rc::clone(head);
            let drawings = head.drawings.iter().map(Drawing::again).collect();
            let piece =
                Piece { before: 8.0, height: head.height, with_next: true, new_page: false, drawings, again: None };
            self.pieces.push(piece);
        }
        for (line, cells) in lines.iter().enumerate() {
            let cells: Vec<_> = cells.iter().enumerate().map(|(column, cell)| (cell, style(column))).collect();
            let mut piece = self.table_line(number, line + 1, &cells, &widths, (0.5, HAIRLINE));
            piece.before = if line == 0 && named { 8.0 } else { 0.0 };
            piece.again.clone_from(&head);
            self.pieces.push(piece);
        }
    }

    fn table_line(
        &mut self,
        number: usize,
        line: usize,
        cells: &[(&Text, Style)],
        widths: &[f32],
        (weight, ink): (f32, Ink),
    ) -> Piece {
        const PADDING: f32 = 2.5;
        let mut drawings = Vec::new();
        let (mut start, mut height) = (0.0, 0.0f32);
        for (column, (&(cell, style), &width)) in cells.iter().zip(widths).enumerate() {
            let lines = self.set(cell, style, Some(width + 0.01));
            let slot = Slot::Block(number, line, column);
            let left = self.left(start, width);
            height = height.max(stack(&mut drawings, &lines, slot, left, PADDING));
            start += width + GUTTER;
        }
        let height = height + PADDING;
        let what = What::Rule(self.width, weight, ink);
        drawings.push(Drawing { left: 0.0, top: height, slot: Slot::Ornament, what });
        Piece { before: 0.0, height: height + weight, with_next: false, new_page: false, drawings, again: None }
    }

    fn rows(&mut self, number: usize, rows: &[CodeRow], qr: Option<(usize, &QrSymbol)>) {
        let label = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let longest = rows.iter().map(|row| row.symbols.len()).max().unwrap_or(0);
        let style = if label + 1 + longest <= SHORT_ROW { ROWS } else { LONG_ROWS };
        let mut drawings = Vec::new();
        let (mut top, mut wide) = (0.0, 0.0f32);
        for (row, CodeRow { label: name, symbols }) in rows.iter().enumerate() {
            let lines = self.set_code(&format!("{name:<label$} {symbols}"), style);
            wide = wide.max(lines.width());
            top = stack(&mut drawings, &lines, Slot::Block(number, row, 0), 0.0, top);
            let what = What::Rule(lines.width(), 0.5, HAIRLINE);
            drawings.push(Drawing { left: 0.0, top, slot: Slot::Ornament, what });
        }
        let mut height = top;
        if let Some((number, symbol)) = qr {
            let side = symbol.side() as f32 * MODULE;
            let slot = Slot::Block(number, 0, 0);
            let what = What::Qr(Rc::new(symbol.clone()), side);
            if wide + GUTTER + side <= self.width {
                height = height.max(side);
                drawings.insert(0, Drawing { left: self.width - side, top: 0.0, slot, what });
            } else {
                self.push(8.0, side, true, vec![Drawing { left: 0.0, top: 0.0, slot, what }]);
            }
        }
        self.push(8.0, height + 1.0, false, drawings);
    }
}

#[derive(Clone, Copy)]
enum Keep {
    WithNext,
    Ends,
}

impl Drawing {
    fn again(&self) -> Self {
        let what = match &self.what {
            What::Line(lines, line) => What::Line(Rc::clone(lines), *line),
            What::Qr(symbol, side) => What::Qr(Rc::clone(symbol), *side),
            What::Logo(width, height) => What::Logo(*width, *height),
            What::Rule(length, weight, ink) => What::Rule(*length, *weight, *ink),
        };
        Self { left: self.left, top: self.top, slot: self.slot, what }
    }
}

/// All lines below each other; gives where they end.
fn stack(drawings: &mut Vec<Drawing>, lines: &Rc<Lines>, slot: Slot, left: f32, mut top: f32) -> f32 {
    for line in 0..lines.count() {
        drawings.push(Drawing { left, top, slot, what: What::Line(Rc::clone(lines), line) });
        top += lines.line_height(line);
    }
    top
}

fn logo_size(logo: &Logo) -> (f32, f32) {
    let (width, height) = (logo.width as f32, logo.height as f32);
    // Never larger than at 96 dots per inch: it would be blurred.
    let scale = (LOGO.0 / width).min(LOGO.1 / height).min(0.75);
    (width * scale, height * scale)
}

/// Widths of columns: what needs little gets it, and the others share the rest by what they would take.
fn fair(natural: &[f32], mut room: f32) -> Vec<f32> {
    let mut widths = natural.to_vec();
    if natural.iter().sum::<f32>() <= room {
        if let Some(last) = widths.last_mut() {
            *last += room - natural.iter().sum::<f32>();
        }
        return widths;
    }
    let mut open: Vec<usize> = (0..natural.len()).collect();
    loop {
        let share = room / open.len() as f32;
        let (small, large): (Vec<usize>, Vec<usize>) = open.iter().partition(|&&column| natural[column] <= share);
        if small.is_empty() || large.is_empty() {
            let sum: f32 = open.iter().map(|&column| natural[column]).sum();
            for &column in &open {
                // By the square root: a column of long texts must not press a short one into single letters.
                let roots: f32 = open.iter().map(|&column| natural[column].sqrt()).sum();
                widths[column] = if sum > 0.0 { room * natural[column].sqrt() / roots } else { share };
            }
            return widths;
        }
        room -= small.iter().map(|&column| natural[column]).sum::<f32>();
        open = large;
    }
}
