//! Lines of a file that may be anything: none is kept that is longer than a line of orders can be.

use countersign::documents::orders::LONGEST_LINE;
use std::fmt;
use std::io::{self, BufRead};

/// Why a file has no lines of orders at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// Nothing is in it.
    Empty,
    /// Two bytes for each character.
    Utf16,
    /// A workbook of a spreadsheet.
    Workbook,
}

impl FileFault {
    pub fn hint(self) -> &'static str {
        match self {
            Self::Empty => "`countersign batch --help` shows what stands in a file of orders",
            Self::Utf16 => "save it as UTF-8: spreadsheets call that \"CSV UTF-8\"",
            Self::Workbook => "save it as CSV: spreadsheets call that \"CSV UTF-8\"",
        }
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Utf16 => "it is written in UTF-16, wanted UTF-8",
            Self::Workbook => "it is a workbook, wanted CSV or JSON Lines",
        })
    }
}

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'l> {
    Whole(&'l [u8]),
    TooLong,
}

/// Lines, and their numbers from 1.
pub struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), number: 0, bytes: 0 }
    }

    /// Looks at the first bytes. A mark that says UTF-8 is dropped.
    pub fn begin(&mut self) -> io::Result<Result<(), FileFault>> {
        // A pipe may give them one by one; two bytes alone are no file of orders either.
        let first = self.reader.fill_buf()?;
        let mark = match first {
            [] => return Ok(Err(FileFault::Empty)),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, ..] | [_, 0, ..] => return Ok(Err(FileFault::Utf16)),
            [b'P', b'K', 3, 4, ..] => return Ok(Err(FileFault::Workbook)),
            [0xEF, 0xBB, 0xBF, ..] => 3,
            _ => 0,
        };
        self.reader.consume(mark);
        Ok(Ok(()))
    }

    /// How many bytes the lines so far had.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<(u64, Text<'_>)>> {
        self.line.clear();
        let (mut length, mut ended) = (0, false);
        while !ended {
            let piece = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            if piece.is_empty() {
                break;
            }
            let end = piece.iter().position(|&byte| byte == b'\n');
            let (text, used) = end.map_or((piece, piece.len()), |end| (&piece[..end], end + 1));
            length += text.len();
            if length <= LONGEST_LINE {
                self.line.extend_from_slice(text);
            }
            ended = end.is_some();
            self.bytes += used as u64;
            self.reader.consume(used);
        }
        if length == 0 && !ended {
            return Ok(None);
        }
        self.number += 1;
        if length > LONGEST_LINE {
            return Ok(Some((self.number, Text::TooLong)));
        }
        Ok(Some((self.number, Text::Whole(self.line.strip_suffix(b"\r").unwrap_or(&self.line)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// All lines of a file that is read in pieces of some bytes.
    fn lines(file: &[u8], piece: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::new(BufReader::with_capacity(piece, file));
        lines.begin().unwrap().unwrap();
        let mut all = Vec::new();
        while let Some((number, text)) = lines.next().unwrap() {
            all.push(match text {
                Text::Whole(text) => (number, Some(text.to_vec())),
                Text::TooLong => (number, None),
            });
        }
        all
    }

    #[test]
    fn lines_end_as_on_any_system_and_the_last_one_need_not() {
        for piece in [4, 5, 7, 100] {
            for file in ["a\nbc\n\nd", "a\r\nbc\r\n\r\nd", "a\nbc\n\nd\n", "\u{FEFF}a\r\nbc\n\r\nd\r\n"] {
                let wanted = [(1, "a"), (2, "bc"), (3, ""), (4, "d")].map(|(n, text)| (n, Some(text.into())));
                assert_eq!(lines(file.as_bytes(), piece), wanted, "{file:?}");
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_not_kept_and_the_next_one_is_read() {
        let mut file = vec![b'x'; 10_000_000];
        file.extend_from_slice(b"\nshort\n");
        let mut lines = Lines::new(BufReader::new(&file[..]));
        assert_eq!(lines.next().unwrap(), Some((1, Text::TooLong)));
        assert_eq!(lines.next().unwrap(), Some((2, Text::Whole(b"short"))));
        assert_eq!(lines.next().unwrap(), None);
        assert!(lines.line.capacity() <= 2 * LONGEST_LINE, "{}", lines.line.capacity());
        assert_eq!(lines.bytes(), file.len() as u64);
    }

    #[test]
    fn what_is_no_text_is_known_by_its_first_bytes() {
        let begin = |file: &[u8]| Lines::new(file).begin().unwrap();
        assert_eq!(begin(b""), Err(FileFault::Empty));
        for file in [&b"\xFF\xFEo\0"[..], b"\xFE\xFF\0o", b"o\0r\0", b"\0o\0r"] {
            assert_eq!(begin(file), Err(FileFault::Utf16));
        }
        assert_eq!(begin(b"PK\x03\x04..."), Err(FileFault::Workbook));
        assert_eq!(begin(b"order"), Ok(()));
    }
}
