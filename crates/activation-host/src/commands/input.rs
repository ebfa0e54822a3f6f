//! What a person gives: a file, a pipe, or typed at the terminal; text, or a picture of it.

use super::picture;
use crate::PROGRAM;
use activation_code::{MAX_BUNDLE, MAX_TEXT};
use activation_host::picture::{Content, LONGEST, PictureFault};
use activation_host::program::{complain, system};
use activation_host::sentences;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

/// Why there is no text.
#[derive(Debug)]
pub enum InputFault {
    /// What the system says.
    Io(io::Error),
    /// A picture, and no activation code in it: what is wrong, and what to do.
    Picture(String, String),
}

impl From<io::Error> for InputFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads at most one byte more than a code's text may have: the library refuses the
/// longer text by name, and nobody reads 4 MB for it. A picture, known by its first
/// bytes, has a limit of its own.
///
/// `-` is standard input.
///
/// # Errors
/// What the system says, or why a picture gives no code.
pub fn read(file: &Path) -> Result<String, InputFault> {
    if file == Path::new("-") {
        if io::stdin().is_terminal() {
            eprintln!("type or paste the code, then an empty line and Ctrl-D");
        }
        text_of(io::stdin().lock())
    } else {
        text_of(File::open(file)?)
    }
}

/// Reads the bytes of a trust bundle, at most one more than one may have.
///
/// `-` is standard input.
///
/// # Errors
/// What the system says.
pub fn read_bundle(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_BUNDLE as u64 + 1;
    if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn text_of(mut source: impl Read) -> Result<String, InputFault> {
    let mut bytes = Vec::new();
    source.by_ref().take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    match Content::of(&bytes) {
        Content::Text => Ok(decode(&bytes)),
        Content::Foreign(name) => {
            let fault = PictureFault::Foreign(name);
            Err(InputFault::Picture(fault.to_string(), sentences::picture(&fault).to_owned()))
        }
        Content::Picture(_) => {
            source.take(LONGEST + 1 - bytes.len() as u64).read_to_end(&mut bytes)?;
            picture::read(&bytes).map_err(|(what, hint)| InputFault::Picture(what, hint))
        }
    }
}

/// Says why there is no text, and what to do.
pub fn complain_of_input(file: &Path, fault: &InputFault) {
    let (what, hint) = match fault {
        InputFault::Io(error) => (&system(error), "give a file that can be read, or - for standard input"),
        InputFault::Picture(what, hint) => (what, hint.as_str()),
    };
    complain(PROGRAM, &format!("{}: {what}", file.display()), Some(hint));
}

/// UTF-8, or UTF-16 where a byte order mark says so, as some editors on Windows save it.
/// What is neither becomes U+FFFD, an unreadable character.
fn decode(bytes: &[u8]) -> String {
    let (unit, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return String::from_utf8_lossy(bytes).into_owned(),
    };
    let units: Vec<u16> = rest.as_chunks::<2>().0.iter().map(|&pair| unit(pair)).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::{InputFault, decode, read, read_bundle};
    use std::fs;
    use std::io::ErrorKind;

    #[test]
    fn a_file_that_gives_no_text_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code.txt");
        let Err(InputFault::Io(error)) = read(&path) else { panic!("there is no such file") };
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(read_bundle(&path).unwrap_err().kind(), ErrorKind::NotFound);
        fs::write(&path, "%PDF-1.7\n").unwrap();
        let Err(InputFault::Picture(what, hint)) = read(&path) else { panic!("a PDF was read as text") };
        assert_eq!(what, "this is a PDF file, wanted a PNG or JPEG picture, or text");
        assert!(hint.starts_with("photograph"), "{hint}");
        fs::write(&path, "20040").unwrap();
        assert!(matches!(read(&path), Ok(text) if text == "20040"));
        assert_eq!(read_bundle(&path).unwrap(), b"20040");
    }

    #[test]
    fn a_file_saved_as_utf_16_reads_as_its_text() {
        let little: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("20040-Ä".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> =
            [0xFE, 0xFF].into_iter().chain("20040-Ä".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(decode(&little), "20040-Ä");
        assert_eq!(decode(&big), "20040-Ä");
        assert_eq!(decode("\u{FEFF}20040".as_bytes()), "\u{FEFF}20040");
        assert_eq!(decode(b"2004\xFF"), "2004\u{FFFD}");
    }
}
