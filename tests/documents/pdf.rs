//! Certificates as PDF, seen by programs of other people.

use crate::sample::{certificate, code, text};
use activation_code::ActivationCode;
use countersign::documents::document::{Block, Document, Logo, LogoFormat, Span};
use countersign::documents::pdf::{Paper, PaperFault, Press};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Names that go wrong where a program thinks that all names are like its author's.
pub const NAMES: [&str; 7] = [
    "Example Hospital Trust",
    "Ünïversitätsklinikum Łódź Αθήνα Москва",
    "مستشفى المثال التعليمي ٢٠٢٦",
    "בית החולים לדוגמה (מרכז) Ltd. 12",
    "株式会社サンプル 例示医院 주식회사 예시",
    "โรงพยาบาลตัวอย่าง हिन्दी उदाहरण अस्पताल",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft-und-Tochtergesellschaften",
];

fn print(document: &Document) -> Vec<u8> {
    Press::new().print(document, Paper::A4).unwrap().bytes
}

/// Runs a program of poppler on a file; `None`: it is not there, and the test says so.
fn poppler(program: &str, arguments: &[&str], folder: &Path) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).current_dir(folder).output() {
        Ok(output) => {
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
            // It wants the word "false" to be a number there (ISO 32000-1, table 321).
            let complaints = complaints.replace("Syntax Error: Suspects object is wrong type (boolean)\n", "");
            assert_eq!(complaints, "", "{program} has something to complain about");
            Some(output.stdout)
        }
        Err(error) if std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_some() => panic!("{program}: {error}"),
        Err(_) => {
            eprintln!("SKIPPED: no {program} to look at the pages");
            None
        }
    }
}

/// A page as grey values, 0 black to 255 white.
pub struct Picture {
    pub width: usize,
    pub grey: Vec<u8>,
}

pub fn picture(pdf: &[u8], dots: u32) -> Option<Picture> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.pdf"), pdf).unwrap();
    let dots = dots.to_string();
    let file = poppler("pdftoppm", &["-r", &dots, "-gray", "-f", "1", "-l", "1", "page.pdf"], folder.path())?;
    // A PGM: "P5", width, height and 255, each before white space, then the bytes.
    let mut header = file.splitn(4, |&byte| byte == b'\n' || byte == b' ');
    assert_eq!(header.next(), Some(&b"P5"[..]));
    let mut number = || std::str::from_utf8(header.next().unwrap()).unwrap().parse::<usize>().unwrap();
    let (width, height) = (number(), number());
    Some(Picture { width, grey: file[file.len() - width * height..].to_vec() })
}

pub fn words(pdf: &[u8], options: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.pdf"), pdf).unwrap();
    let arguments: Vec<_> = options.iter().copied().chain(["page.pdf", "-"]).collect();
    Some(String::from_utf8(poppler("pdftotext", &arguments, folder.path())?).unwrap())
}

#[test]
fn another_program_reads_the_symbol_from_the_rendered_page() {
    for name in NAMES {
        let Some(Picture { width, grey }) = picture(&print(&certificate(name)), 150) else { return };
        let height = grey.len() / width;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| grey[y * width + x]);
        let symbols: Vec<_> = image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect();
        assert_eq!(symbols, [code().transport()], "{name}");
    }
}

#[test]
fn the_text_of_the_whole_page_is_read_as_the_code() {
    for name in NAMES {
        let pdf = print(&certificate(name));
        for options in [&[][..], &["-layout"], &["-raw"]] {
            let Some(words) = words(&pdf, options) else { return };
            let read =
                ActivationCode::read(&words).unwrap_or_else(|fault| panic!("{name} {options:?}: {fault:?}\n{words}"));
            assert_eq!(read.letters(), code().letters());
        }
    }
}

#[test]
fn names_in_any_script_can_be_searched_and_copied() {
    for name in NAMES {
        let printed = Press::new().print(&certificate(name), Paper::A4).unwrap();
        assert!(printed.missing.is_empty(), "{name}: {:?}", printed.missing);
        let Some(words) = words(&printed.bytes, &["-raw"]) else { return };
        // Words stay whole, but for those that no line holds; their order in a line is the reader's business.
        let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let words = plain(&words);
        for word in name.split_whitespace() {
            assert!(words.contains(&plain(word)), "{word} of {name}\n{words}");
        }
    }
}

#[test]
fn the_file_says_its_title_and_language_and_is_tagged() {
    let folder = tempfile::tempdir().unwrap();
    let mut document = certificate("Example Hospital Trust");
    document.language = "de".to_owned();
    fs::write(folder.path().join("page.pdf"), print(&document)).unwrap();
    let Some(facts) = poppler("pdfinfo", &["page.pdf"], folder.path()) else { return };
    let facts = String::from_utf8(facts).unwrap();
    assert!(facts.contains("Title:           License certificate 1042\n"), "{facts}");
    assert!(facts.contains("Tagged:          yes\n"), "{facts}");
    assert!(facts.contains("Page size:       595.276 x 841.89 pts (A4)\n"), "{facts}");
    let tags = poppler("pdfinfo", &["-struct-text", "page.pdf"], folder.path()).unwrap();
    let tags = String::from_utf8(tags).unwrap();
    let place = |part: &str| tags.find(part).unwrap_or_else(|| panic!("no {part} in\n{tags}"));
    assert!(place("H1 ") < place("Table") && place("Table") < place("H2 "), "{tags}");
    assert!(place("TH") < place("TD") && place("Figure") < place("\"Row 1) "), "{tags}");
    let fonts = String::from_utf8(poppler("pdffonts", &["page.pdf"], folder.path()).unwrap()).unwrap();
    for line in fonts.lines().skip(2) {
        let columns: Vec<_> = line.split_whitespace().rev().collect();
        assert_eq!(columns[2..5], ["yes", "yes", "yes"], "embedded, a subset, and with its characters: {line}");
    }
    let raw = String::from_utf8_lossy(&fs::read(folder.path().join("page.pdf")).unwrap()).into_owned();
    assert!(raw.contains("/Lang (de)") || raw.contains("/Lang(de)"));
}

#[test]
fn the_same_document_is_the_same_file() {
    let document = certificate(NAMES[4]);
    let mut press = Press::new();
    let first = press.print(&document, Paper::A4).unwrap();
    press.print(&certificate(NAMES[2]), Paper::Letter).unwrap();
    assert_eq!(first, press.print(&document, Paper::A4).unwrap());
    assert_eq!(first, Press::new().print(&document, Paper::A4).unwrap());
}

#[test]
fn a_certificate_is_one_page_and_at_most_60_kib() {
    let mut press = Press::new();
    for name in NAMES {
        for paper in [Paper::A4, Paper::Letter] {
            let printed = press.print(&certificate(name), paper).unwrap();
            assert!(printed.bytes.len() <= 60 * 1024, "{name}: {}", printed.bytes.len());
            // The longest name takes lines that the shorter paper does not have.
            assert!(printed.pages == 1 || (name.len() > 100 && paper == Paper::Letter), "{name} {paper:?}");
        }
    }
}

#[test]
fn what_no_font_has_is_replaced_and_named() {
    let printed = Press::new().print(&certificate("Rocket 🚀 Trust"), Paper::A4).unwrap();
    assert_eq!(printed.missing, ['🚀'].into());
    let Some(words) = words(&printed.bytes, &[]) else { return };
    assert!(words.contains("Rocket \u{FFFD} Trust"), "{words}");
}

#[test]
fn a_long_table_goes_on_under_its_head_and_no_heading_stands_alone() {
    let mut document = certificate("Example");
    let line = |number: usize| [number.to_string(), "250 endpoints".to_owned(), "2027-11-30".to_owned()];
    let cells = |line: [String; 3]| line.iter().map(|cell| text(cell)).collect::<Vec<_>>();
    document.blocks = vec![
        Block::Heading { level: 1, text: text("Statement") },
        Block::Table {
            head: ["License", "Units", "Until"].map(text).to_vec(),
            lines: (1..=120).map(|n| cells(line(n))).collect(),
        },
    ];
    for _ in 0..12 {
        document.blocks.push(Block::Heading { level: 2, text: text("Heading") });
        document.blocks.push(Block::Paragraph(text(&"Words that go on. ".repeat(40))));
    }
    let printed = Press::new().print(&document, Paper::A4).unwrap();
    let Some(words) = words(&printed.bytes, &["-layout"]) else { return };
    let pages: Vec<_> = words.split('\u{C}').filter(|page| !page.trim().is_empty()).collect();
    assert_eq!(pages.len(), printed.pages);
    let lines =
        |page: &str| page.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert!(pages.len() >= 5, "{}", pages.len());
    for (number, page) in pages.iter().enumerate() {
        let lines = lines(page);
        if lines.iter().any(|line| line.contains("250 endpoints")) {
            assert!(lines.iter().any(|line| line.starts_with("License")), "page {number} has no head:\n{page}");
        }
        // The last line is the foot.
        assert_ne!(lines[lines.len() - 2], "Heading", "page {number}:\n{page}");
    }
    for number in 1..=120 {
        let wanted = format!("{number} ");
        assert!(words.lines().any(|line| line.trim_start().starts_with(&wanted)), "line {number} is lost");
    }
}

#[test]
fn what_no_page_can_hold_is_refused_and_not_cut() {
    let mut document = certificate("Example");
    let cell = text(&"a line\n".repeat(200));
    document.blocks = vec![Block::Table { head: Vec::new(), lines: vec![vec![text("name"), cell]] }];
    assert_eq!(Press::new().print(&document, Paper::A4), Err(PaperFault::TooHigh { block: 1 }));
}

#[test]
fn a_logo_is_drawn_and_has_the_name_of_the_vendor() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 300, 100);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[0; 300 * 100]).unwrap();
    let mut document = certificate("Example");
    document.letterhead.logo = Some(Logo { bytes, format: LogoFormat::Png, width: 300, height: 100 });
    let pdf = print(&document);
    let Some(Picture { width, grey }) = picture(&pdf, 72) else { return };
    // Its lower left corner, within the right margin: 144 points wide, 48 high.
    assert!(grey[(50 + 40) * width + 410..(50 + 40) * width + 540].iter().all(|&grey| grey < 16));
    document.letterhead.logo =
        Some(Logo { bytes: b"no picture".to_vec(), format: LogoFormat::Png, width: 9, height: 9 });
    assert_eq!(Press::new().print(&document, Paper::A4), Err(PaperFault::Logo));
}

#[test]
fn a_language_from_right_to_left_begins_at_the_right() {
    let mut document = certificate("مستشفى المثال");
    document.language = "ar".to_owned();
    document.blocks = vec![Block::Paragraph(vec![Span::from("مستشفى")])];
    let Some(Picture { width, grey }) = picture(&print(&document), 72) else { return };
    let ink = |columns: std::ops::Range<usize>| {
        (110..150).any(|y| grey[y * width..][columns.clone()].iter().any(|&grey| grey < 128))
    };
    assert!(ink(480..540) && !ink(50..400));
}

/// What people looked at and found right. `COUNTERSIGN_WRITE_PAGES=1` writes them anew.
#[test]
fn pages_look_as_they_did_when_somebody_looked_at_them() {
    // A third of a page's dots: letters are not told apart any more, but whatever moves, grows or is lost is seen.
    const DOTS: u32 = 24;
    for (number, name) in NAMES.iter().enumerate() {
        let Some(Picture { width, grey }) = picture(&print(&certificate(name)), DOTS) else { return };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/documents/pages/{number}.png"));
        if std::env::var_os("COUNTERSIGN_WRITE_PAGES").is_some() {
            let mut encoder =
                png::Encoder::new(fs::File::create(&path).unwrap(), width as u32, (grey.len() / width) as u32);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header().unwrap().write_image_data(&grey).unwrap();
        }
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(fs::File::open(&path).unwrap())).read_info().unwrap();
        let mut kept = vec![0; reader.output_buffer_size().unwrap()];
        let facts = reader.next_frame(&mut kept).unwrap();
        assert_eq!((facts.width as usize, kept.len()), (width, grey.len()), "{name}");
        let far = grey.iter().zip(&kept).filter(|(new, old)| new.abs_diff(**old) > 64).count();
        assert!(far * 500 <= grey.len(), "{name}: {far} of {} dots are another grey; look at the page", grey.len());
    }
}
