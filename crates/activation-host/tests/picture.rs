//! What `activation inspect` makes of photos and scans.

#[path = "common/photo.rs"]
mod photo;

use activation_host::picture::{Content, Format, LONGEST, MOST_PIXELS, PictureFault, read};
use photo::Photo;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The code of `docs/code-format.md`.
const CODE: &str = "A1:200400E00084G003X00H7FRHT0PS04NGZPE9CK4J7DT4XVA7K66NJMYNGSNG1PF2GN3ZG3XG6ZM\
    7G6690T3SX645X4R6SRN861EKJ0QQ3V031WS5H9ZQK8CM4WQ1HSBXV8F7K7RSNN7PY1T1449974";
/// Its issuer, whose private key is 32 bytes of 1: worthless.
const ISSUER: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

fn assert_reads(what: &str, photo: &Photo) {
    assert_eq!(read(photo.png()), Ok(CODE.into()), "{what}, PNG");
    assert_eq!(read(photo.jpeg(60)), Ok(CODE.into()), "{what}, JPEG of quality 60");
}

#[test]
fn a_code_is_read_at_three_sizes_turned_and_blurred() {
    for scale in [3, 6, 14] {
        let code = Photo::of_text(CODE, scale);
        for degrees in [0.0, 7.0, 33.0, 90.0, 180.0, 270.0] {
            assert_reads(&format!("scale {scale}, {degrees} degrees"), &code.rotated(degrees));
        }
        assert_reads(&format!("scale {scale}, slanted"), &code.slanted(0.2).rotated(4.0));
        if scale > 3 {
            assert_reads(&format!("scale {scale}, blurred"), &code.rotated(7.0).blurred(scale / 6));
        }
    }
}

#[test]
fn a_code_is_read_in_bad_light_and_from_a_corner_of_a_page() {
    let code = Photo::of_text(CODE, 10);
    assert_reads("in bad light", &code.in_bad_light(10));
    // A4 at 200 dots per inch.
    assert_reads("on a page", &code.rotated(1.0).on_sheet(1654, 2339, 1050, 1700));
}

#[test]
fn a_code_with_modules_of_one_pixel_is_read_in_a_small_picture() {
    assert_reads("a pixel a module", &Photo::of_text(CODE, 1));
}

/// Its corners are not found where a module has hardly more than a pixel; enlarged they are.
#[test]
fn a_small_picture_is_looked_at_enlarged() {
    let code = Photo::of_text(CODE, 4);
    for sixteenths in [6.0, 7.0, 9.0] {
        assert_reads("a small code", &code.resized(sixteenths / 16.0));
    }
}

#[test]
fn a_picture_of_a_dark_terminal_is_read() {
    assert_reads("light on dark", &Photo::of_text(CODE, 5).inverted());
}

#[test]
fn colours_and_transparency_are_read_as_they_look_on_paper() {
    let code = Photo::of_text(CODE, 4);
    let colours = [
        (png::ColorType::Rgb, vec![[255, 255, 240].to_vec(), [20, 40, 90].to_vec()]),
        (png::ColorType::Rgba, vec![[0, 0, 0, 0].to_vec(), [0, 0, 0, 255].to_vec()]),
        (png::ColorType::GrayscaleAlpha, vec![[0, 0].to_vec(), [0, 255].to_vec()]),
    ];
    for (colour, shades) in colours {
        let samples: Vec<u8> = code.pixels.iter().flat_map(|&p| shades[usize::from(p == 0)].clone()).collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, code.width as u32, code.height as u32);
        encoder.set_color(colour);
        encoder.write_header().unwrap().write_image_data(&samples).unwrap();
        assert_eq!(read(file), Ok(CODE.into()), "{colour:?}");
    }
}

#[test]
fn the_same_code_twice_is_one_code_and_two_codes_are_refused() {
    let code = Photo::of_text(CODE, 4);
    let other = Photo::of_text(&CODE.replace('7', "8"), 4);
    let elsewhere = Photo::of_text("https://example.com/license", 4);
    let beside = |second: &Photo| {
        let mut sheet = Photo::blank(600, 300);
        sheet.lay(&code, 20, 20);
        sheet.lay(second, 320, 30);
        read(sheet.png())
    };
    assert_eq!(beside(&code), Ok(CODE.into()));
    assert_eq!(beside(&other), Err(PictureFault::Several(2)));
    assert_eq!(beside(&elsewhere), Ok(CODE.into()));
    assert_eq!(read(elsewhere.png()), Err(PictureFault::OtherCode));
}

#[test]
fn a_picture_without_a_code_says_so() {
    assert_eq!(read(Photo::blank(300, 200).png()), Err(PictureFault::NoCode));
    assert_eq!(read(Photo::blank(1, 1).png()), Err(PictureFault::NoCode));
    assert_eq!(read(Photo::blank(5000, 1).png()), Err(PictureFault::NoCode));
    assert_eq!(read(Photo::blank(64, 64).in_bad_light(30).jpeg(60)), Err(PictureFault::NoCode));
}

#[test]
fn a_code_with_a_stain_over_its_middle_is_seen_and_not_read() {
    let mut code = Photo::of_text(CODE, 5);
    code.lay(&Photo::blank(110, 110), 75, 75);
    assert_eq!(read(code.png()), Err(PictureFault::Unreadable));
}

#[test]
fn a_damaged_file_is_named_and_no_more_memory_is_taken_than_its_pixels_need() {
    let png = Photo::of_text(CODE, 4).png();
    assert_eq!(read(png[..png.len() / 2].to_vec()), Err(PictureFault::Damaged(Format::Png)));
    assert_eq!(read(png[..12].to_vec()), Err(PictureFault::Damaged(Format::Png)));
    // As a transfer that changes line ends leaves it.
    let changed: Vec<u8> = png.iter().copied().filter(|&byte| byte != b'\r').collect();
    assert_eq!(read(changed), Err(PictureFault::Damaged(Format::Png)));
    let garbage: Vec<u8> =
        [0xFF, 0xD8, 0xFF, 0xE0].into_iter().chain((0..5000u32).map(|i| ((i * 7919) >> 3) as u8)).collect();
    assert_eq!(read(garbage), Err(PictureFault::Damaged(Format::Jpeg)));
}

#[test]
fn a_header_that_announces_a_hundred_megapixels_is_refused_by_it() {
    let bomb = with_header_of_size(&Photo::blank(8, 8).png(), 10_000, 10_000);
    assert_eq!(read(bomb), Err(PictureFault::TooLarge { width: 10_000, height: 10_000 }));
    let widest = with_header_of_size(&Photo::blank(8, 8).png(), 0x7FFF_FFFF, 0x7FFF_FFFF);
    assert_eq!(read(widest), Err(PictureFault::TooLarge { width: 0x7FFF_FFFF, height: 0x7FFF_FFFF }));
    let mut jpeg = Photo::blank(8, 8).jpeg(60);
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(read(jpeg), Err(PictureFault::TooLarge { width: 65_535, height: 65_535 }));
    const { assert!(MOST_PIXELS < 10_000 * 10_000) };
}

fn with_header_of_size(png: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = png.to_vec();
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    // The chunk's CRC-32, over its name and its contents.
    let crc = file[12..29].iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    file[29..33].copy_from_slice(&(!crc).to_be_bytes());
    file
}

#[test]
fn a_file_that_is_too_long_is_refused_unread() {
    let mut file = Photo::blank(8, 8).png();
    file.resize(LONGEST as usize + 1, 0);
    assert_eq!(read(file), Err(PictureFault::TooLong));
}

#[test]
fn other_kinds_of_files_are_known_by_name_and_text_is_left_alone() {
    for (head, name) in [
        (&b"%PDF-1.7\n"[..], "PDF"),
        (b"GIF89a......", "GIF"),
        (b"II*\0........", "TIFF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypavif", "AVIF"),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0", "BMP"),
        (b"<svg xmlns=\"", "SVG"),
    ] {
        assert_eq!(Content::of(head), Content::Foreign(name));
        assert_eq!(read(head.to_vec()), Err(PictureFault::Foreign(name)));
    }
    for text in ["", "A1:2004", "BM000-00000-00000", "Row 1) 20040", "GIFT0", "# vendor", "\u{FEFF}20040", "> quoted"] {
        assert_eq!(Content::of(text.as_bytes()), Content::Text, "{text}");
    }
}

fn inspect(file: &Path, input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_activation"))
        .args(["inspect", "--issuer", ISSUER, "--today", "2027-10-01"])
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A refused file may end the program before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn inspect_knows_a_picture_by_its_content_from_a_file_and_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let photo = Photo::of_text(CODE, 8).rotated(7.0);
    let path = folder.path().join("no-extension");
    for file in [photo.png(), photo.jpeg(60), format!("\n{CODE}\n").into_bytes()] {
        std::fs::write(&path, &file).unwrap();
        for output in [inspect(&path, b""), inspect(Path::new("-"), &file)] {
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.starts_with("Activated: in maintenance, 60 days left"), "{text}");
            assert_eq!(output.status.code(), Some(0));
        }
    }
}

#[test]
fn inspect_says_what_is_wrong_with_a_picture_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    for (file, sentence) in [
        (Photo::blank(300, 300).jpeg(60), "the picture shows no QR code\nhint: take it again"),
        (b"%PDF-1.7\n".to_vec(), "this is a PDF file, wanted a PNG or JPEG picture, or text\nhint: photograph"),
        (
            Photo::of_text("something else", 5).png(),
            "the QR code in the picture is no activation code\nhint: use the QR",
        ),
    ] {
        std::fs::write(&path, &file).unwrap();
        let output = inspect(&path, b"");
        let complaint = String::from_utf8(output.stderr).unwrap();
        let wanted = format!("activation: {}: {sentence}", path.display());
        assert!(complaint.starts_with(&wanted), "{complaint}");
        assert!(output.stdout.is_empty());
        assert_eq!(output.status.code(), Some(2));
    }
}

/// Makes the test below a process of its own, whose memory is as good as used up.
const NARROW: &str = "COUNTERSIGN_TEST_NARROW";

#[cfg(target_os = "linux")]
#[test]
fn without_memory_for_a_search_there_is_an_answer_all_the_same() {
    let file = Photo::blank(8, 8).png();
    if std::env::var_os(NARROW).is_none() {
        let name = "without_memory_for_a_search_there_is_an_answer_all_the_same";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output = alone.args(["--exact", name, "--nocapture"]).env(NARROW, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
        return;
    }
    let process = std::fs::read_to_string("/proc/self/status").unwrap();
    let used = process.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix(" kB")).unwrap();
    // A thread takes 2 MiB for its stack.
    let most = (used.trim().parse::<u64>().unwrap() + 1024) * 1024;
    let narrow = rustix::process::Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::setrlimit(rustix::process::Resource::As, narrow).unwrap();
    let fault = read(file).unwrap_err();
    assert_eq!(fault, PictureFault::Failed);
    assert_eq!(fault.to_string(), "the search for a QR code broke down");
}

/// A small file for which the search wants gigabytes: 262,144 squares like those in a QR code's corners.
#[test]
fn a_picture_that_wants_gigabytes_is_an_answer_and_not_the_end() {
    const SIDE: u32 = 4096;
    let square = |i: u32| i % 8;
    let dark = |x: u32, y: u32| {
        let ring = square(x).min(6 - square(x).min(6)).min(square(y).min(6 - square(y).min(6)));
        square(x) < 7 && square(y) < 7 && ring != 1
    };
    let pixels: Vec<u8> = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| if dark(x, y) { 0 } else { 255 })).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    assert!(file.len() < 100_000, "{}", file.len());
    let output = inspect(Path::new("-"), &file);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("hint: "), "{said}");
}
