//! The laws about pictures and about what an installation keeps and writes, as `crates/activation-code/tests/common/laws.rs` has
//! those about codes: each takes any bytes and panics where it is broken.

use super::sold;
use activation_code::{Receipt, TRANSPORT_PREFIX, Trust};
use activation_host::checked_text::{CheckedTextFault, seal};
use activation_host::draft::{draft, keep_draft};
use activation_host::host::{HostSource, MachineFacts};
use activation_host::installation::InstallationFault;
use activation_host::memory::Memory;
use activation_host::picture::{Content, MOST_PIXELS, PictureFault, read};
use activation_host::sites::Sites;
use activation_host::storage::{InMemory, Storage};
use activation_host::usage::UsageReport;
use activation_host::{Installation, Settings};

#[allow(dead_code, reason = "replayed by tests, and not by fuzzing")]
type Law = fn(&[u8]);

/// Each law by the name of its fuzz target.
#[allow(dead_code, reason = "replayed by tests, and not by fuzzing")]
pub const LAWS: [(&str, Law); 3] = [("qr_file", qr_file), ("state_file", state_file), ("usage_report", usage_report)];

/// Most characters that a QR code holds (ISO/IEC 18004, version 40-L, digits).
const MOST_CHARACTERS: usize = 7089;

/// No bytes break the reading of pictures: each gives the text of an activation code or says
/// why not, within its limits. Bytes that are no picture are looked at as the pixels of one,
/// so that the search is tried too and not only the decoders.
pub fn qr_file(data: &[u8]) {
    answer(data.to_vec());
    if let (Content::Text, Some((&width, pixels))) = (Content::of(data), data.split_first()) {
        let width = usize::from(width).max(1);
        if let rows @ 1.. = pixels.len() / width {
            answer(uncompressed(&pixels[..rows * width], width as u32, rows as u32));
        }
    }
}

fn answer(file: Vec<u8>) {
    let content = Content::of(&file);
    match read(file) {
        Ok(text) => {
            assert!(matches!(content, Content::Picture(_)));
            assert!(text.starts_with(TRANSPORT_PREFIX) && text.len() <= MOST_CHARACTERS, "{text}");
        }
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            match fault {
                PictureFault::Foreign(name) => assert_eq!(content, Content::Foreign(name)),
                PictureFault::TooLarge { width, height } => assert!(width * height > MOST_PIXELS),
                PictureFault::Damaged(format) => assert_eq!(content, Content::Picture(format)),
                PictureFault::Several(found) => assert!(found > 1),
                PictureFault::NoCode | PictureFault::Unreadable | PictureFault::OtherCode | PictureFault::TooSlow => {}
                // Too long takes 20 MiB, which no saved input has.
                PictureFault::TooLong | PictureFault::Failed => panic!("{fault}"),
            }
        }
    }
}

fn uncompressed(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::NoCompression);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    file
}

/// No bytes in the place of any text of an installation break it: what can be read and is written again says the same;
/// no license counts that is not signed; and a code can be entered, unless a newer release wrote what is there.
pub fn state_file(data: &[u8]) {
    // As somebody left it, and as lines that were sealed, which nobody finds by chance.
    let lines = String::from_utf8_lossy(data);
    let sealed = seal(&format!("countersign memory 1\n{lines}\n"));
    for text in [data, sealed.as_bytes()] {
        if let Ok(memory) = Memory::from_text(text) {
            let written = memory.to_text();
            assert!(written.len() <= text.len() + 200, "it grows");
            assert_eq!(Memory::from_text(written.as_bytes()), Ok(memory));
            is_not_bricked("memory.txt", text);
        }
    }
    // A whole installation takes a while: what begins like nothing of it is tried in one place only.
    let places = [("memory.txt", "countersign memory"), ("trust.roots", "countersign roots")];
    for (name, heading) in
        places.into_iter().chain([("trust.bundle", "countersign/trust-bundle"), ("codes/any.lic", "")])
    {
        if data.len() < 4 || data.starts_with(heading.as_bytes()) {
            is_not_bricked(name, data);
        }
    }
    let storage = InMemory::default();
    storage.write("draft.txt", data).unwrap();
    if let Ok(Some(rows)) = draft(&storage) {
        keep_draft(&storage, &rows).unwrap();
        assert_eq!(draft(&storage).unwrap(), Some(rows));
    }
}

fn is_not_bricked(name: &str, data: &[u8]) {
    let storage = InMemory::default();
    storage.write(name, data).unwrap();
    let nowhere = HostSource::Machine(MachineFacts::under("/nowhere"));
    let settings =
        Settings::new().issuer(sold::issuer()).roots(sold::roots()).clock(sold::day("2027-06-01")).host(nowhere);
    let installation = Installation::with_storage(storage, settings);
    let status = installation.status().unwrap();
    let text = String::from_utf8_lossy(data);
    let proves = |trust: Trust| trust.read(&text).is_ok();
    assert!(status.licenses.is_empty() || installation.trust().is_ok_and(proves), "{name} is worth something");
    match installation.enter(&sold::code(&sold::terms())) {
        Ok(_) => assert!(installation.status().is_ok()),
        // Another issuer's bundle that the roots have signed is no fault of ours; nobody finds one by chance.
        Err(InstallationFault::Kept(damage)) => assert!(damage.is_foreign(), "{damage}"),
        Err(fault) => panic!("{name}: {fault}"),
    }
}

/// A usage report that is read has one spelling: written again it is the text. Its receipts are read as they were
/// written. The bytes are looked at as they are, and with the heading and the check that only a program gets right.
pub fn usage_report(data: &[u8]) {
    one_spelling(data);
    let Ok(body) = str::from_utf8(data) else { return };
    let remark = "# What an installation says of its use. A claim: nobody signed it.";
    one_spelling(seal(&format!("countersign usage 1\n{remark}\n{body}\n")).as_bytes());
    let sites = seal(&format!("countersign sites 1\n{body}\n"));
    if let Ok(sites) = Sites::from_text(sites.as_bytes()) {
        assert_eq!(Sites::from_text(sites.to_text().as_bytes()), Ok(sites));
    }
}

fn one_spelling(text: &[u8]) {
    match UsageReport::from_text(text) {
        Ok(report) => {
            assert_eq!(report.to_text().as_bytes(), text);
            for receipt in report.receipts() {
                assert_eq!(Receipt::read(&receipt.rows()), Ok(receipt));
            }
        }
        Err(CheckedTextFault::Line { line }) => assert!((1..=text.len()).contains(&line)),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}
