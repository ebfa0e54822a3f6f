//! What was found in a file of orders, in files without a name: memory stays as it is however long the file, what was
//! checked cannot change before it is signed, and no crash leaves anything behind.

use activation_code::LicenseNumber;
use countersign::desk::Problem;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The rules of the desk allow it.
    New,
    /// The same order made codes before.
    Before,
    /// A rule says no.
    Refused,
    /// It cannot be read.
    Unreadable,
}

impl Kind {
    const ALL: [Self; 4] = [Self::New, Self::Before, Self::Refused, Self::Unreadable];

    pub fn is_bad(self) -> bool {
        matches!(self, Self::Refused | Self::Unreadable)
    }
}

/// A line and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub line: u64,
    pub kind: Kind,
    /// The order's reference, as it stands there.
    pub order: String,
    /// What is asked for, as the book has it; or what is wrong.
    pub text: String,
}

/// Records, in the order of their lines.
pub struct Spool {
    records: BufWriter<File>,
    keys: Keys,
    count: u64,
}

impl Spool {
    /// In a folder that has room.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let records = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(folder)?);
        Ok(Self { records, keys: Keys::new(folder)?, count: 0 })
    }

    /// What a line names that no other line may name, of the line that will be added after `ahead` others.
    pub fn names(
        &mut self,
        ahead: usize,
        line: u64,
        order: Option<&str>,
        license: Option<LicenseNumber>,
    ) -> io::Result<()> {
        let place = self.count + ahead as u64;
        if let Some(order) = order {
            self.keys.add(&Key { digest: digest(b'o', order.as_bytes()), place, line, what: What::Order })?;
        }
        if let Some(license) = license {
            let digest = digest(b'l', &license.get().to_be_bytes());
            self.keys.add(&Key { digest, place, line, what: What::License })?;
        }
        Ok(())
    }

    pub fn add(&mut self, Record { line, kind, order, text }: &Record) -> io::Result<()> {
        self.count += 1;
        self.records.write_all(&line.to_be_bytes())?;
        self.records.write_all(&[*kind as u8])?;
        for text in [order, text] {
            self.records.write_all(&(text.len() as u32).to_be_bytes())?;
            self.records.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// Ends, and finds the lines that name what a line before has named.
    pub fn finish(self) -> io::Result<Checked> {
        let records = self.records.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Checked { records, repeats: self.keys.repeats(self.count)? })
    }
}

/// All lines of a file, checked.
pub struct Checked {
    records: File,
    repeats: Option<File>,
}

impl Checked {
    /// From the first one on, as often as it is asked for.
    pub fn records(&self) -> Records<'_> {
        Records {
            records: BufReader::with_capacity(1 << 16, Reading { file: &self.records, at: 0 }),
            repeats: self.repeats.as_ref().map(|file| BufReader::new(Reading { file, at: 0 })),
        }
    }
}

pub struct Records<'s> {
    records: BufReader<Reading<'s>>,
    repeats: Option<BufReader<Reading<'s>>>,
}

impl Records<'_> {
    fn read(&mut self) -> io::Result<Option<Record>> {
        let mut line = [0; 8];
        match self.records.read_exact(&mut line) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut kind = [0];
        self.records.read_exact(&mut kind)?;
        let kind = *Kind::ALL.get(usize::from(kind[0])).ok_or(ErrorKind::InvalidData)?;
        let mut record = Record { line: u64::from_be_bytes(line), kind, order: self.text()?, text: self.text()? };
        if let Some(repeats) = &mut self.repeats {
            let mut repeat = [0; Repeat::BYTES];
            repeats.read_exact(&mut repeat)?;
            if let Some(repeat) = Repeat::from_bytes(repeat) {
                repeat.mark(&mut record);
            }
        }
        Ok(Some(record))
    }

    fn text(&mut self) -> io::Result<String> {
        let mut length = [0; 4];
        self.records.read_exact(&mut length)?;
        let mut text = vec![0; u32::from_be_bytes(length) as usize];
        self.records.read_exact(&mut text)?;
        String::from_utf8(text).map_err(|_| ErrorKind::InvalidData.into())
    }
}

impl Iterator for Records<'_> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<io::Result<Record>> {
        self.read().transpose()
    }
}

/// A file that several read at once, each at a place of its own.
struct Reading<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// What no two lines may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Order,
    License,
}

/// Something that a line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    digest: [u8; 16],
    /// Of its record, from 0.
    place: u64,
    line: u64,
    what: What,
}

/// Two that are alike by chance: never (2^128).
fn digest(what: u8, name: &[u8]) -> [u8; 16] {
    let mut digest = Sha256::new();
    digest.update([what]);
    digest.update(name);
    let mut first = [0; 16];
    first.copy_from_slice(&digest.finalize()[..16]);
    first
}

impl Key {
    const BYTES: usize = 16 + 8 + 8 + 1;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.digest);
        bytes[16..24].copy_from_slice(&self.place.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.line.to_be_bytes());
        bytes[32] = self.what as u8;
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
        let mut digest = [0; 16];
        digest.copy_from_slice(&bytes[..16]);
        let what = if bytes[32] == What::Order as u8 { What::Order } else { What::License };
        Self { digest, place: number(&bytes[16..24]), line: number(&bytes[24..32]), what }
    }
}

/// Everything that lines name.
struct Keys {
    keys: BufWriter<File>,
    repeats: File,
    count: u64,
}

/// Names that are looked at together: 4 MB of memory. More are looked at in several rounds.
const AT_ONCE: u64 = 1 << 16;

impl Keys {
    fn new(folder: &Path) -> io::Result<Self> {
        let keys = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(folder)?);
        Ok(Self { keys, repeats: tempfile::tempfile_in(folder)?, count: 0 })
    }

    fn add(&mut self, key: &Key) -> io::Result<()> {
        self.count += 1;
        self.keys.write_all(&key.to_bytes())
    }

    /// For each of the records what it repeats; `None` where none does.
    fn repeats(self, records: u64) -> io::Result<Option<File>> {
        let Self { keys, repeats, count } = self;
        let mut keys = keys.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut found = false;
        let rounds = count.div_ceil(AT_ONCE);
        let mut first = HashMap::new();
        for round in 0..rounds {
            first.clear();
            keys.seek(SeekFrom::Start(0))?;
            let mut reader = BufReader::with_capacity(1 << 16, &keys);
            let mut bytes = [0; Key::BYTES];
            for _ in 0..count {
                reader.read_exact(&mut bytes)?;
                let key = Key::from_bytes(&bytes);
                if u64::from(u16::from_be_bytes([key.digest[0], key.digest[1]])) % rounds != round {
                    continue;
                }
                if let Some(&line) = first.get(&key.digest) {
                    let repeat = Repeat { line, what: key.what };
                    // The order counts, where a line repeats both.
                    if key.what == What::Order || !has(&repeats, key.place)? {
                        repeats.write_all_at(&repeat.to_bytes(), key.place * Repeat::BYTES as u64)?;
                    }
                    found = true;
                } else {
                    first.insert(key.digest, key.line);
                }
            }
        }
        if !found {
            return Ok(None);
        }
        repeats.set_len(records * Repeat::BYTES as u64)?;
        Ok(Some(repeats))
    }
}

/// Whether the record at a place is known to repeat something.
fn has(repeats: &File, place: u64) -> io::Result<bool> {
    let mut repeat = [0; Repeat::BYTES];
    let read = repeats.read_at(&mut repeat, place * Repeat::BYTES as u64)?;
    Ok(read > 0 && repeat != [0; Repeat::BYTES])
}

/// The line that named something first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repeat {
    line: u64,
    what: What,
}

impl Repeat {
    const BYTES: usize = 8 + 1;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.line.to_be_bytes());
        bytes[8] = self.what as u8;
        bytes
    }

    /// `None` for a record that repeats nothing: no line has the number 0.
    fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let line = bytes[..8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
        let what = if bytes[8] == What::Order as u8 { What::Order } else { What::License };
        (line != 0).then_some(Self { line, what })
    }

    fn mark(self, record: &mut Record) {
        let problem = match self.what {
            What::Order => Problem::OrderTwice { line: self.line },
            What::License => Problem::LicenseTwice { line: self.line },
        };
        let text = problem_text(&problem);
        if record.kind.is_bad() {
            record.text = format!("{}; {text}", record.text);
        } else {
            record.kind = Kind::Refused;
            record.text = text;
        }
    }
}

/// A problem and where to look for it.
pub fn problem_text(problem: &Problem) -> String {
    format!("{}: {problem}", problem.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(lines: &[(&str, &str, Kind)]) -> Vec<Record> {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path()).unwrap();
        for (line, (order, license, kind)) in (2..).zip(lines) {
            spool.names(0, line, Some(order), license.parse().ok()).unwrap();
            spool.add(&Record { line, kind: *kind, order: (*order).to_owned(), text: "text".to_owned() }).unwrap();
        }
        let checked = spool.finish().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files without a name");
        let records: io::Result<Vec<_>> = checked.records().collect();
        assert_eq!(checked.records().count(), lines.len(), "as often as it is asked for");
        records.unwrap()
    }

    #[test]
    fn lines_that_name_what_another_has_named_say_which() {
        let found = spooled(&[
            ("PO-1", "", Kind::New),
            ("PO-2", "7", Kind::Before),
            ("PO-1", "", Kind::New),
            ("po-1", "", Kind::New),
            ("PO-3", "007", Kind::New),
            ("PO-2", "7", Kind::Unreadable),
            ("PO-1", "x", Kind::New),
        ]);
        let found: Vec<_> = found.iter().map(|record| (record.line, record.kind, record.text.as_str())).collect();
        assert_eq!(
            found,
            [
                (2, Kind::New, "text"),
                (3, Kind::Before, "text"),
                (4, Kind::Refused, "order: line 2 has the same order"),
                (5, Kind::New, "text"),
                (6, Kind::Refused, "license: line 3 changes the same license; make it two batches"),
                (7, Kind::Unreadable, "text; order: line 3 has the same order"),
                (8, Kind::Refused, "order: line 2 has the same order"),
            ]
        );
    }

    #[test]
    fn more_names_than_are_looked_at_together_are_compared_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path()).unwrap();
        let lines = AT_ONCE * 2 + 5;
        for line in 1..=lines {
            // Each of the last thousand repeats one of the first thousand.
            let order = if line > lines - 1000 { line + 1000 - lines } else { line };
            spool.names(0, line, Some(&order.to_string()), None).unwrap();
            let record = Record { line, kind: Kind::New, order: String::new(), text: String::new() };
            spool.add(&record).unwrap();
        }
        let checked = spool.finish().unwrap();
        let mut repeats = 0;
        for record in checked.records() {
            let record = record.unwrap();
            if record.kind == Kind::Refused {
                repeats += 1;
                assert_eq!(record.text, format!("order: line {} has the same order", record.line + 1000 - lines));
            }
        }
        assert_eq!(repeats, 1000);
    }
}
