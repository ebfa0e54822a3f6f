//! The laws about pictures and about what an installation writes, as `crates/activation-code/tests/common/laws.rs` has
//! those about codes: they take any bytes and panic where they are broken.

use activation_code::{Receipt, TRANSPORT_PREFIX};
use activation_host::checked_text::{CheckedTextFault, seal};
use activation_host::picture::{Content, MOST_PIXELS, PictureFault, read};
use activation_host::sites::Sites;
use activation_host::usage::UsageReport;

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
