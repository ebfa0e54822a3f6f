//! What people type, paste and scan, as rows of symbols that know where they stood.
//!
//! Nothing is judged here but what is a row and what is a remark; whether the rows are
//! right is found out in `typing`.

use crate::rows::{CodeKind, DIGITS, Element, GROUP, MOST_ROWS, ROW, RowPlace, from_digits, place_of, value_of};
use alloc::vec::Vec;
use core::iter::Peekable;
use core::str::Chars;

/// Longest text we look at, in bytes. A code is 150 characters; the rest is room for
/// the mail around it.
pub const MAX_TEXT: usize = 64 * 1024;

/// Most symbols or digits we look at: fifteen rows of 40 digits, and a little more.
pub const MAX_SYMBOLS: usize = 640;

/// Where a character stands in the text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPlace {
    /// The line.
    pub line: u32,
    /// The character in the line, format characters included.
    pub column: u32,
}

/// A place in a text of [`MAX_TEXT`] bytes, counted from 0: a text is read in up to three ways at once, and a place
/// that is half as long lets all of them stay within 64 KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedPlace {
    line: u16,
    column: u16,
}

impl From<TextPlace> for PackedPlace {
    fn from(TextPlace { line, column }: TextPlace) -> Self {
        let packed = |from_one: u32| u16::try_from(from_one.saturating_sub(1)).unwrap_or(u16::MAX);
        Self { line: packed(line), column: packed(column) }
    }
}

impl From<PackedPlace> for TextPlace {
    fn from(PackedPlace { line, column }: PackedPlace) -> Self {
        Self { line: u32::from(line) + 1, column: u32::from(column) + 1 }
    }
}

/// One character that stands for a symbol or a digit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Typed {
    /// `None`: unreadable, an unknown value in a known place.
    pub symbol: Option<Element>,
    /// As it was typed.
    pub character: char,
    pub place: PackedPlace,
    /// Whether a space, dash or other separator stood before it.
    pub starts_group: bool,
}

/// A row as it was typed: symbols, or digits.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypedRow {
    /// The number that stood before it.
    pub label: Option<u8>,
    pub typed: Vec<Typed>,
    pub form: Form,
    /// Of what it shall be a row.
    pub kind: CodeKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Letters,
    Digits,
}

impl TypedRow {
    /// Its symbols, if every character can be read and the length is that of a row.
    pub fn symbols(&self) -> Option<Vec<Element>> {
        let length = self.typed.len();
        match self.form {
            Form::Letters if length <= ROW && length.is_multiple_of(GROUP) => {
                let mut values = Vec::with_capacity(length);
                for typed in &self.typed {
                    values.push(typed.symbol?);
                }
                Some(values)
            }
            Form::Digits => {
                let mut values = [0; DIGITS[4]];
                for (value, typed) in values.iter_mut().zip(&self.typed) {
                    *value = typed.symbol?;
                }
                from_digits(values.get(..length)?).ok()
            }
            _ => None,
        }
    }

    /// Where it belongs with these symbols, if their check is right and it is as long as
    /// a row there is.
    pub fn place_with(&self, symbols: &[Element]) -> Option<RowPlace> {
        place_of(symbols, self.kind).filter(|place| place.last || self.is_full())
    }

    fn place(&self) -> Option<RowPlace> {
        self.place_with(&self.symbols()?)
    }

    fn is_full(&self) -> bool {
        self.typed.len() == if self.form == Form::Digits { DIGITS[4] } else { ROW }
    }

    fn is_right(&self) -> bool {
        self.place().is_some()
    }
}

/// One way to understand a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub rows: Vec<TypedRow>,
    /// Whether rows were cut from one piece, so that one character too many or too few
    /// moves the ends of all that follow.
    pub cut: bool,
}

impl Reading {
    /// The same as one piece, cut anew: a text that was wrapped at about the width of a row
    /// looks like rows. `None` where that cannot be: with labels, in both forms, or cut already.
    pub fn in_one_piece(&self) -> Option<Self> {
        let form = self.rows.first()?.form;
        let wrapped = !self.cut && self.rows.iter().all(|row| row.label.is_none() && row.form == form);
        wrapped.then(|| Self { rows: cut(self.rows.iter().map(|row| row.typed.as_slice()), form), cut: true })
    }
}

/// A text in which no rows were looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoReading {
    /// No character of it could belong to a code.
    Empty,
    /// Longer than a code and its mail can be.
    TooLong,
}

/// The ways to understand `text`, at least one, at most three; the likelier first.
pub(crate) fn readings(text: &str) -> Result<Vec<Reading>, NoReading> {
    if text.len() > MAX_TEXT {
        return Err(NoReading::TooLong);
    }
    let mut readings = match bare_rows(text) {
        Some(readings) => readings?,
        None => {
            let mut readings = Vec::new();
            if lines(text).flatten().any(|mark| matches!(mark, Mark::Label(_))) {
                readings.push(labelled_rows(text)?);
            }
            // Without a colon, or what looks like one, there is no `A1:`; a search for a byte is quick.
            let colon = text.as_bytes().contains(&b':') || !text.is_ascii();
            if colon && lines(text).any(|mut line| line.next().is_some_and(Mark::is_transport)) {
                readings.push(transported_rows(text)?);
            }
            readings
        }
    };
    readings.retain(|reading| reading.rows.iter().any(|row| !row.typed.is_empty()));
    if readings.is_empty() { Err(NoReading::Empty) } else { Ok(readings) }
}

/// What is found on a line, in order.
#[derive(Clone, Copy, Debug)]
enum Mark {
    /// `Row 3)`, `3)`, and at the start of a line `3.` and `3:`.
    Label(u8),
    /// `A1:` at the start of a line.
    Transport,
    Symbol(Typed),
}

impl Mark {
    fn is_transport(self) -> bool {
        matches!(self, Self::Transport)
    }

    fn symbol(self) -> Option<Typed> {
        match self {
            Self::Symbol(typed) => Some(typed),
            _ => None,
        }
    }
}

/// The lines of a text, without mail quoting; remarks are left out.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> + Clone {
    let (mut number, mut returned) = (0, false);
    text.split_inclusive(ends_line).filter_map(move |line| {
        let ends_with_return = line.ends_with('\r');
        if core::mem::replace(&mut returned, ends_with_return) && line == "\n" {
            return None;
        }
        number += 1;
        Some(Line::new(line, number)).filter(|line| !line.is_remark())
    })
}

/// The mandatory breaks of Unicode (UAX 14, classes BK, CR, LF and NL). All are white space.
fn ends_line(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The rest of a line: an iterator over its marks.
#[derive(Clone)]
struct Line<'a> {
    chars: Chars<'a>,
    place: TextPlace,
    at_start: bool,
    after_space: bool,
    starts_group: bool,
}

impl<'a> Line<'a> {
    fn new(text: &'a str, number: u32) -> Self {
        let mut line = Self {
            chars: text.chars(),
            place: TextPlace { line: number, column: 0 },
            at_start: true,
            after_space: true,
            starts_group: true,
        };
        let mut ahead = line.clone();
        while let Some((folded, _)) = ahead.next_folded() {
            if folded != '>' && !folded.is_whitespace() {
                break;
            }
            line.skip_to(&ahead);
        }
        line
    }

    /// The next character that counts, folded, and as it was typed.
    #[inline]
    fn next_folded(&mut self) -> Option<(char, char)> {
        loop {
            let character = self.chars.next()?;
            self.place.column += 1;
            if let Some(folded) = fold(character) {
                return Some((folded, character));
            }
        }
    }

    fn skip_to(&mut self, ahead: &Self) {
        self.chars = ahead.chars.clone();
        self.place = ahead.place;
    }

    fn is_remark(&self) -> bool {
        self.clone().next_folded().is_some_and(|(folded, _)| folded == '#')
    }

    fn is_blank(&self) -> bool {
        self.clone().next_folded().is_none()
    }

    /// A label here, and the line behind it.
    fn label(&self) -> Option<(Mark, Self)> {
        let mut ahead = self.clone();
        let mut next = ahead.next_folded()?.0;
        if self.at_start && next.eq_ignore_ascii_case(&'a') {
            let mut transport = ahead.clone();
            let mut follows = |wanted| transport.next_folded().is_some_and(|(folded, _)| folded == wanted);
            if follows('1') && follows(':') {
                return Some((Mark::Transport, transport));
            }
        }
        if next.eq_ignore_ascii_case(&'r') {
            for wanted in ['o', 'w'] {
                if !ahead.next_folded()?.0.eq_ignore_ascii_case(&wanted) {
                    return None;
                }
            }
            next = ahead.next_folded()?.0;
            while next.is_whitespace() {
                next = ahead.next_folded()?.0;
            }
        }
        let mut number = next.to_digit(10)?;
        next = ahead.next_folded()?.0;
        if let Some(digit) = next.to_digit(10) {
            number = number * 10 + digit;
            next = ahead.next_folded()?.0;
        }
        let number = u8::try_from(number).ok().filter(|&n| (1..=MOST_ROWS).contains(&n.into()))?;
        let spaced = ahead.clone().next_folded().is_none_or(|(folded, _)| folded.is_whitespace());
        let ends = next == ')' || self.at_start && matches!(next, '.' | ':') && spaced;
        ends.then_some((Mark::Label(number), ahead))
    }

    /// Whether each word is symbols and dashes, with at most five symbols between
    /// dashes: what the wrapped rest of a row looks like, and most prose does not.
    fn may_continue_row(&self) -> bool {
        let mut line = self.clone();
        let mut run = 0;
        while let Some((folded, _)) = line.next_folded() {
            match classify(folded) {
                Class::Space => run = 0,
                Class::Separator if is_dash(folded) => run = 0,
                Class::Symbol(Some(_)) if run < 5 => run += 1,
                _ => return false,
            }
        }
        true
    }

    /// Whether it is one word of symbols: what the wrapped rest of `A1:` looks like.
    fn may_continue_transport(&self) -> bool {
        let mut line = self.clone();
        let mut ended = false;
        while let Some((folded, _)) = line.next_folded() {
            match classify(folded) {
                Class::Space => ended = true,
                Class::Symbol(_) if !ended => {}
                _ => return false,
            }
        }
        true
    }
}

impl Iterator for Line<'_> {
    type Item = Mark;

    // Saves 0.4 of 2.4 µs: a mark is taken apart where it is made, not copied.
    #[inline(always)]
    fn next(&mut self) -> Option<Mark> {
        loop {
            if self.after_space
                && let Some((mark, rest)) = self.label()
            {
                self.skip_to(&rest);
                (self.at_start, self.after_space, self.starts_group) = (false, true, true);
                return Some(mark);
            }
            let (folded, character) = self.next_folded()?;
            (self.at_start, self.after_space) = (false, false);
            match classify(folded) {
                Class::Space => (self.after_space, self.starts_group) = (true, true),
                Class::Separator => self.starts_group = true,
                Class::Symbol(symbol) => {
                    let starts_group = core::mem::replace(&mut self.starts_group, false);
                    return Some(Mark::Symbol(Typed { symbol, character, place: self.place.into(), starts_group }));
                }
            }
        }
    }
}

/// Rows behind labels. What stands outside them is ignored.
fn labelled_rows(text: &str) -> Result<Reading, NoReading> {
    let mut kept = Kept::default();
    let (mut labels, mut total) = (0, 0);
    // Used again for each row: prose has thousands of numbers before brackets.
    let [mut row, mut joined] = [(); 2].map(|()| TypedRow { typed: Vec::with_capacity(ROW), ..TypedRow::default() });
    let mut all = lines(text).peekable();
    while let Some(line) = all.next() {
        // Whether a row was begun on this line, and whether the line's symbols belong to it.
        let (mut begun, mut open) = (false, false);
        for mark in line {
            match mark {
                Mark::Label(number) => {
                    if begun {
                        kept.add(&mut row);
                    }
                    row.label = Some(number);
                    row.typed.clear();
                    (begun, open) = (true, true);
                    labels += 1;
                    if labels > MAX_SYMBOLS {
                        return Err(NoReading::TooLong);
                    }
                }
                Mark::Transport => open = false,
                Mark::Symbol(typed) if open => {
                    total += 1;
                    if total > MAX_SYMBOLS {
                        return Err(NoReading::TooLong);
                    }
                    row.typed.push(typed);
                }
                Mark::Symbol(_) => {}
            }
        }
        if open {
            join_lines(&mut row, &mut joined, &mut all);
        }
        if begun {
            kept.add(&mut row);
        }
    }
    Ok(Reading { rows: kept.rows(), cut: false })
}

/// As long as a row: nothing can belong to it on the lines that follow.
fn is_long(row: &TypedRow) -> bool {
    row.typed.len() >= if in_digits(&row.typed) { DIGITS[4] } else { ROW }
}

/// Adds to a row what was wrapped to the lines that follow it. `joined` is room to try it.
fn join_lines<'a, L: Iterator<Item = Line<'a>> + Clone>(
    row: &mut TypedRow,
    joined: &mut TypedRow,
    all: &mut Peekable<L>,
) {
    choose_form(row);
    if is_long(row) {
        return;
    }
    joined.label = row.label;
    joined.typed.clear();
    joined.typed.extend_from_slice(&row.typed);
    joined.form = row.form;
    // The beginning of a row is by chance a right row once in 2,000 times, so the
    // longest right one counts.
    let mut right = joined.is_right().then_some(joined.typed.len());
    let mut ahead = all.clone();
    while !is_long(joined)
        && let Some(next) = ahead.next_if(|line| {
            !line.is_blank() && line.may_continue_row() && line.clone().all(|mark| matches!(mark, Mark::Symbol(_)))
        })
    {
        joined.typed.extend(next.filter_map(Mark::symbol));
        choose_form(joined);
        if joined.is_right() {
            right = Some(joined.typed.len());
            *all = ahead.clone();
        }
    }
    if let Some(length) = right {
        joined.typed.truncate(length);
        core::mem::swap(row, joined);
    } else if resembles_row(joined) && !resembles_row(row) {
        core::mem::swap(row, joined);
        *all = ahead;
    }
}

/// Whether it has about the length of a full row.
fn resembles_row(row: &TypedRow) -> bool {
    let full = if row.form == Form::Digits { DIGITS[4] } else { ROW };
    (full - 3..=full + 3).contains(&row.typed.len())
}

/// Of several rows with one label the right one stays, or else the one that most
/// resembles a row: prose, too, has numbers before closing brackets.
#[derive(Default)]
struct Kept {
    /// With whether it is right, and whether it resembles a row.
    kept: Vec<(TypedRow, (bool, bool))>,
    /// Of the first right row that is a code's last.
    last: Option<RowPlace>,
}

impl Kept {
    fn add(&mut self, row: &mut TypedRow) {
        choose_form(row);
        let place = row.place();
        self.last = self.last.or(place.filter(|place| place.last));
        let merit = (place.is_some(), resembles_row(row));
        match self.kept.iter_mut().find(|(other, _)| other.label == row.label) {
            // Two right rows that differ are the reader's business, not ours.
            Some((other, (true, _))) if merit.0 && !same_symbols(other, row) => self.kept.push((row.clone(), merit)),
            Some((other, before)) if merit > *before => {
                other.clone_from(row);
                *before = merit;
            }
            Some(_) => {}
            None => self.kept.push((row.clone(), merit)),
        }
    }

    fn rows(mut self) -> Vec<TypedRow> {
        if let Some(last) = self.last {
            self.kept.retain(|(row, (right, _))| *right || row.label.is_none_or(|label| label < last.number));
        }
        self.kept.into_iter().map(|(row, _)| row).collect()
    }
}

fn same_symbols(a: &TypedRow, b: &TypedRow) -> bool {
    a.symbols() == b.symbols()
}

/// The stream behind the first `A1:`, perhaps wrapped.
fn transported_rows(text: &str) -> Result<Reading, NoReading> {
    let mut stream = Vec::with_capacity(MOST_ROWS * ROW);
    let mut all = lines(text).skip_while(|line| !line.clone().next().is_some_and(Mark::is_transport));
    if let Some(first) = all.next() {
        stream.extend(first.filter_map(Mark::symbol).take(MAX_SYMBOLS + 1));
    }
    for line in all.take_while(|line| {
        !line.is_blank() && line.may_continue_transport() && line.clone().all(|mark| matches!(mark, Mark::Symbol(_)))
    }) {
        stream.extend(line.filter_map(Mark::symbol).take(MAX_SYMBOLS + 1));
        if stream.len() > MAX_SYMBOLS {
            break;
        }
    }
    if stream.len() > MAX_SYMBOLS {
        return Err(NoReading::TooLong);
    }
    Ok(Reading { rows: cut([stream.as_slice()], Form::Letters), cut: true })
}

/// Rows without labels: everything counts. `None` where there is a label or `A1:`.
fn bare_rows(text: &str) -> Option<Result<Vec<Reading>, NoReading>> {
    // All lines one after the other, and where each ends: a text may have as many lines as symbols.
    let mut typed = Vec::with_capacity(MOST_ROWS / 2 * ROW);
    let mut ends = Vec::with_capacity(MOST_ROWS);
    let mut total = 0;
    for line in lines(text) {
        for mark in line {
            total += 1;
            match mark {
                Mark::Symbol(symbol) if total <= MAX_SYMBOLS => {
                    if typed.len() == typed.capacity() {
                        typed.reserve_exact(MAX_SYMBOLS);
                    }
                    typed.push(symbol);
                }
                Mark::Symbol(_) => {}
                Mark::Label(_) | Mark::Transport => return None,
            }
        }
        if ends.last().copied().unwrap_or(0) < typed.len() {
            if ends.len() == ends.capacity() {
                ends.reserve_exact(MAX_SYMBOLS);
            }
            ends.push(typed.len());
        }
    }
    if total > MAX_SYMBOLS {
        return Some(Err(NoReading::TooLong));
    }
    let starts = core::iter::once(0).chain(ends.iter().copied());
    let mut found: Vec<&[Typed]> = Vec::with_capacity(ends.len());
    found.extend(ends.iter().zip(starts).filter_map(|(&end, start)| typed.get(start..end)));
    drop(ends);
    Some(Ok(bare_readings(&found)))
}

fn bare_readings(found: &[&[Typed]]) -> Vec<Reading> {
    let right = |reading: &Reading| reading.rows.iter().filter(|row| row.is_right()).count();
    let mut mixed = found.iter().any(|typed| in_digits(typed)).then(|| mixed_rows(found));
    if let Some(mixed) = mixed.take_if(|mixed| right(mixed) == mixed.rows.len()) {
        return [mixed].into();
    }
    let letters = letters_of(found, true);
    // A group of a wrapped row may happen to have digits only; then the letters are right.
    let likelier = mixed.as_ref().is_some_and(|mixed| right(mixed) >= right(&letters));
    let (first, second) = if likelier { (mixed, Some(letters)) } else { (Some(letters), mixed) };
    let mut readings = Vec::with_capacity(3);
    readings.extend(first.into_iter().chain(second));
    if !are_rows(found, true) && (MOST_ROWS / 3..=MOST_ROWS + 5).contains(&found.len()) {
        // Lines that are rows, and one of them has lost a group.
        readings.push(Reading { rows: found.iter().map(|typed| row_of(typed.to_vec())).collect(), cut: false });
    }
    readings
}

/// Rows in digits from the lines of digits, rows in letters from the others.
fn mixed_rows(found: &[&[Typed]]) -> Reading {
    let runs = || found.chunk_by(|a, b| in_digits(a) == in_digits(b));
    // A run has more rows than one where it has more symbols than a row.
    let mut mixed = Reading { rows: Vec::with_capacity(runs().count() + MOST_ROWS), cut: false };
    let mut runs = runs().peekable();
    while let Some(run) = runs.next() {
        let Reading { rows, cut } = if run.first().is_some_and(|typed| in_digits(typed)) {
            digits_of(run)
        } else {
            letters_of(run, runs.peek().is_none())
        };
        mixed.rows.extend(rows);
        mixed.cut |= cut;
    }
    mixed
}

/// A row in the form that it seems to have.
fn row_of(typed: Vec<Typed>) -> TypedRow {
    let mut row = TypedRow { typed, ..TypedRow::default() };
    choose_form(&mut row);
    row
}

/// What is typed as one row, whatever its length, with its label if it has one.
pub(crate) fn one_row(text: &str, kind: CodeKind) -> Result<TypedRow, NoReading> {
    if text.len() > MAX_TEXT {
        return Err(NoReading::TooLong);
    }
    let mut row = TypedRow { kind, ..TypedRow::default() };
    for mark in lines(text).flatten() {
        match mark {
            Mark::Label(number) => row.label = row.label.or(Some(number)),
            Mark::Symbol(typed) => row.typed.push(typed),
            Mark::Transport => {}
        }
        if row.typed.len() > MAX_SYMBOLS {
            return Err(NoReading::TooLong);
        }
    }
    choose_form(&mut row);
    if row.typed.is_empty() { Err(NoReading::Empty) } else { Ok(row) }
}

/// Whether lines are rows in letters: all but the text's last have about the length of one.
fn are_rows(lines: &[&[Typed]], end_text: bool) -> bool {
    let full = if end_text { lines.split_last().map_or(lines, |(_, before)| before) } else { lines };
    full.iter().all(|line| (ROW - 2..=ROW + 2).contains(&line.len())) && lines.iter().all(|line| line.len() <= ROW + 3)
}

/// Rows in letters from lines: the lines themselves if they are rows, else one stream.
fn letters_of(lines: &[&[Typed]], end_text: bool) -> Reading {
    if are_rows(lines, end_text) {
        let rows = lines.iter().map(|typed| TypedRow {
            label: None,
            typed: typed.to_vec(),
            form: Form::Letters,
            kind: CodeKind::ActivationCode,
        });
        return Reading { rows: rows.collect(), cut: false };
    }
    Reading { rows: cut(lines.iter().copied(), Form::Letters), cut: true }
}

/// Rows in digits from neighbouring lines of digits: the lines themselves if they have
/// about the length of rows, else one stream.
fn digits_of(lines: &[&[Typed]]) -> Reading {
    let full = DIGITS[4];
    let mut reading = match lines.split_last() {
        Some((last, before))
            if before.iter().all(|line| (full - 2..=full + 2).contains(&line.len())) && last.len() <= full + 2 =>
        {
            let rows = lines.iter().map(|typed| TypedRow {
                label: None,
                typed: typed.to_vec(),
                form: Form::Digits,
                kind: CodeKind::ActivationCode,
            });
            Reading { rows: rows.collect(), cut: false }
        }
        _ => Reading { rows: cut(lines.iter().copied(), Form::Digits), cut: true },
    };
    reading.rows.iter_mut().for_each(choose_form);
    reading
}

/// Rows from what stands one after the other.
fn cut<'a>(pieces: impl IntoIterator<Item = &'a [Typed], IntoIter: Clone>, form: Form) -> Vec<TypedRow> {
    let width = if form == Form::Digits { DIGITS[4] } else { ROW };
    let pieces = pieces.into_iter();
    let mut left: usize = pieces.clone().map(<[Typed]>::len).sum();
    let mut stream = pieces.flatten().copied();
    let mut rows = Vec::with_capacity(left.div_ceil(width));
    while left > 0 {
        let length = left.min(width);
        let mut typed = Vec::with_capacity(length);
        typed.extend(stream.by_ref().take(length));
        rows.push(TypedRow { label: None, typed, form, kind: CodeKind::ActivationCode });
        left -= length;
    }
    rows
}

/// Digits where there is nothing else; 10, 20 and 25 of them could be either, and the
/// checks decide: first that of the digits, which has two more digits to be wrong by
/// chance.
fn choose_form(row: &mut TypedRow) {
    row.form = Form::Letters;
    if in_digits(&row.typed) {
        row.form = Form::Digits;
        if !row.is_right() {
            row.form = Form::Letters;
            if !row.is_right() && !matches!(row.typed.len(), 5 | 15) {
                row.form = Form::Digits;
            }
        }
    }
}

/// Whether these are decimal digits, apart from what cannot be read.
fn in_digits(typed: &[Typed]) -> bool {
    typed.iter().all(|typed| typed.symbol.is_none_or(|symbol| symbol <= 9))
        && typed.iter().any(|typed| typed.symbol.is_some())
}

#[derive(Clone, Copy)]
enum Class {
    Space,
    Separator,
    /// `None`: an erasure.
    Symbol(Option<Element>),
}

/// The class of each ASCII character.
#[allow(clippy::indexing_slicing, reason = "a table that is made while this is compiled")]
const ASCII: [Class; 128] = {
    let mut table = [Class::Symbol(None); 128];
    let mut i = 0;
    while i < table.len() {
        table[i] = match i as u8 {
            b'O' | b'o' => Class::Symbol(Some(0)),
            b'I' | b'i' | b'L' | b'l' => Class::Symbol(Some(1)),
            b'U' | b'u' => Class::Symbol(value_of(b'V')),
            b'\t'..=b'\r' | b' ' => Class::Space,
            b'"' | b'\'' | b'`' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' => Class::Separator,
            b'_' | b'.' | b',' | b':' | b'/' | b'|' | b'*' | b'-' => Class::Separator,
            other => Class::Symbol(value_of(other.to_ascii_uppercase())),
        };
        i += 1;
    }
    table
};

#[inline]
fn classify(folded: char) -> Class {
    ASCII.get(folded as usize).copied().unwrap_or_else(|| classify_others(folded))
}

#[cold]
fn classify_others(folded: char) -> Class {
    match folded {
        _ if folded.is_whitespace() => Class::Space,
        '´' | '‘'..='‟' | '«' | '»' | '‹' | '›' => Class::Separator,
        _ if is_dash(folded) => Class::Separator,
        _ => Class::Symbol(None),
    }
}

/// Hyphen-minus, the dashes of Unicode (general category Pd), the minus sign, the
/// hyphen bullet and the lines that boxes are drawn with.
fn is_dash(c: char) -> bool {
    matches!(c,
        '-' | '\u{58A}' | '\u{5BE}' | '\u{1400}' | '\u{1806}' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}'
        | '\u{2500}'..='\u{2503}' | '\u{2E17}' | '\u{2E1A}' | '\u{2E3A}' | '\u{2E3B}' | '\u{2E40}' | '\u{2E5D}'
        | '\u{301C}' | '\u{3030}' | '\u{30A0}' | '\u{30FC}' | '\u{FE31}' | '\u{FE32}' | '\u{FE58}' | '\u{FE63}' | '\u{10EAD}')
}

/// What a character looks like: full-width forms and other decimal digits in ASCII,
/// Cyrillic and Greek look-alikes in Latin. `None` for format characters, which look
/// like nothing. `docs/code-format.md` has this as a table.
#[inline]
fn fold(c: char) -> Option<char> {
    if c.is_ascii() { Some(c) } else { fold_others(c) }
}

#[cold]
fn fold_others(c: char) -> Option<char> {
    Some(match c {
        // General category Cf: soft hyphen, zero width, directional marks, BOM, tags.
        '\u{AD}'
        | '\u{600}'..='\u{605}'
        | '\u{61C}'
        | '\u{6DD}'
        | '\u{70F}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8E2}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{110BD}'
        | '\u{110CD}'
        | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0001}'
        | '\u{E0020}'..='\u{E007F}'
        | '\u{E0100}'..='\u{E01EF}' => return None,
        // Full-width forms.
        '\u{FF01}'..='\u{FF5E}' => char::from((c as u32 - 0xFF01 + 0x21) as u8),
        'А' | 'а' | 'Α' | 'α' => 'A',
        'В' | 'в' | 'Β' | 'β' => 'B',
        'С' | 'с' => 'C',
        'Е' | 'е' | 'Ε' | 'ε' => 'E',
        'Н' | 'н' | 'Η' => 'H',
        'І' | 'і' | 'Ӏ' | 'ӏ' | 'Ι' | 'ι' => 'I',
        'Ј' | 'ј' => 'J',
        'К' | 'к' | 'Κ' | 'κ' => 'K',
        'М' | 'м' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'о' | 'Ο' | 'ο' => 'O',
        'Р' | 'р' | 'Ρ' | 'ρ' => 'P',
        'Ԛ' | 'ԛ' => 'Q',
        'Ѕ' | 'ѕ' => 'S',
        'Т' | 'т' | 'Τ' | 'τ' => 'T',
        'ν' | 'Ѵ' | 'ѵ' => 'V',
        'Ԝ' | 'ԝ' => 'W',
        'Х' | 'х' | 'Χ' | 'χ' => 'X',
        'У' | 'у' | 'Υ' | 'υ' | 'Ү' | 'ү' => 'Y',
        'Ζ' | 'ζ' => 'Z',
        _ => match decimal_digit(c) {
            Some(digit) => char::from(b'0' + digit),
            None => c,
        },
    })
}

/// The value of a decimal digit of any script (Unicode 16, general category Nd).
fn decimal_digit(c: char) -> Option<u8> {
    const ZEROS: &[u32] = &[
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
        0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
        0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
        0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50,
        0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
        0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
    ];
    let c = u32::from(c);
    let at = ZEROS.partition_point(|&zero| zero <= c).checked_sub(1)?;
    u8::try_from(c - ZEROS.get(at)?).ok().filter(|&digit| digit <= 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_digits_are_rows_as_long_as_rows_are_apart_from_the_last() {
        let lengths = |lines: &[usize]| {
            let lines: Vec<_> = lines
                .iter()
                .map(|&length| one_row(&"7".repeat(length), CodeKind::ActivationCode).unwrap().typed)
                .collect();
            let reading = digits_of(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
            (reading.rows.iter().map(|row| row.typed.len()).collect::<Vec<_>>(), reading.cut)
        };
        for rows in [&[40, 38, 42, 40][..], &[40, 42], &[40, 10], &[42]] {
            assert_eq!(lengths(rows), (rows.to_vec(), false));
        }
        for (lines, rows) in
            [(&[40, 43][..], &[40, 40, 3][..]), (&[43], &[40, 3]), (&[37, 40], &[40, 37]), (&[43, 10], &[40, 13])]
        {
            assert_eq!(lengths(lines), (rows.to_vec(), true));
        }
    }
}
