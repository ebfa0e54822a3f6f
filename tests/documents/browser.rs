//! Certificates as HTML, as a browser prints them.

use crate::pdf::{NAMES, Picture, picture, words};
use crate::sample::{certificate, code};
use crate::tools;
use activation_code::ActivationCode;
use countersign::documents::document::Document;
use countersign::documents::html::{Pictures, html};
use countersign::documents::pdf::Paper;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A page takes a second; a machine that is busy with other tests, some.
const PATIENCE: Duration = Duration::from_secs(120);

/// As printers have them: modules as a browser draws them are whole pixels there, and of unequal size with fewer.
const DOTS: u32 = 300;

/// What Chromium prints of a document; `None`: it is not there, and the test says so.
fn printed(document: &Document, paper: Paper) -> Option<Vec<u8>> {
    let program = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|it| tools::place(it).is_some());
    let Some(program) = program else {
        tools::have("chromium");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let (page, pdf) = (folder.path().join("page.html"), folder.path().join("page.pdf"));
    fs::write(&page, html(document, paper, Pictures::Inside)).unwrap();
    let mut command = Command::new(program);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-pdf-header-footer"]);
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    command.arg(format!("--print-to-pdf={}", pdf.display())).arg(format!("file://{}", page.display()));
    let complaints = fs::File::create(folder.path().join("complaints")).unwrap();
    let mut browser = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(complaints).spawn().unwrap();
    let began = Instant::now();
    let ended = loop {
        match browser.try_wait().unwrap() {
            None if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            None => {
                browser.kill().unwrap();
                break browser.wait().unwrap();
            }
            Some(ended) => break ended,
        }
    };
    let complaints = fs::read_to_string(folder.path().join("complaints")).unwrap();
    assert!(ended.success(), "{program}: {ended}\n{complaints}");
    Some(fs::read(pdf).unwrap_or_else(|error| panic!("{program} printed nothing: {error}\n{complaints}")))
}

#[test]
fn what_a_browser_prints_has_the_symbol_and_the_rows_of_the_code() {
    for (name, paper) in NAMES.into_iter().zip([Paper::A4, Paper::Letter].into_iter().cycle()) {
        let Some(pdf) = printed(&certificate(name), paper) else { return };
        let Some(Picture { width, grey }) = picture(&pdf, DOTS) else { return };
        // The paper is the one that was asked for, to the pixel or two that rounding takes.
        let inches = [width, grey.len() / width].map(|pixels| pixels as f32 / DOTS as f32);
        let (wide, high) = paper.points();
        assert!(
            (inches[0] - wide / 72.0).abs() < 0.02 && (inches[1] - high / 72.0).abs() < 0.02,
            "{inches:?} {paper:?}"
        );
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(width, grey.len() / width, |x, y| grey[y * width + x]);
        let symbols: Vec<_> = image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect();
        assert_eq!(symbols, [code().transport()], "{name}");
        for options in [&[][..], &["-layout"], &["-raw"]] {
            let Some(words) = words(&pdf, options) else { return };
            let read = ActivationCode::read(&words);
            let read = read.unwrap_or_else(|fault| panic!("{name} {options:?}: {fault:?}\n{words}"));
            assert_eq!(read.letters(), code().letters());
            assert!(words.contains("250 endpoints"), "{words}");
            // Each page ends with a form feed.
            assert_eq!(words.matches('\u{C}').count(), 1, "{name} {paper:?}");
        }
    }
}

/// A browser without our fonts has a slashed zero in the rows all the same: the font is in the page.
#[test]
fn the_rows_are_set_in_the_font_of_the_page() {
    let Some(pdf) = printed(&certificate(NAMES[0]), Paper::A4) else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.pdf"), pdf).unwrap();
    if !tools::have("pdffonts") {
        return;
    }
    let fonts = Command::new("pdffonts").arg("page.pdf").current_dir(folder.path()).output().unwrap();
    let fonts = String::from_utf8(fonts.stdout).unwrap();
    assert!(fonts.contains("Mono"), "{fonts}");
}
