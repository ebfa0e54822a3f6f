//! Branding: what a vendor's templates may say, and what is said of their mistakes (rule D19).

use crate::sample::code;
use countersign::documents::branding::{self, Branding, FileFault, Files};
use countersign::documents::certificate;
use countersign::documents::document::{Block, Document};
use countersign::documents::pdf::{Paper, Press};
use countersign::documents::plain;

fn files(file: &str, contents: &str) -> Files {
    Files::from([(file.to_owned(), contents.as_bytes().to_vec())])
}

/// What is said of one file.
fn faults(file: &str, contents: &str) -> Vec<String> {
    Branding::read(&files(file, contents)).unwrap_err().iter().map(ToString::to_string).collect()
}

fn certificate(branding: &Branding, tag: &str) -> Document {
    certificate::sample(branding, tag).unwrap()
}

#[test]
fn what_comes_with_the_program_is_in_order_in_both_languages() {
    let branding = Branding::read(&branding::built_in()).unwrap();
    let tags: Vec<_> = branding.languages().map(|(tag, language)| (tag, language.name.as_str())).collect();
    assert_eq!(tags, [("de", "Deutsch"), ("en", "English")]);
    let mut press = Press::new();
    for (tag, title, row) in [("en", "License certificate 1042", "Row 1)"), ("de", "Lizenzzertifikat 1042", "Zeile 1)")]
    {
        let document = certificate(&branding, tag);
        assert_eq!(document.title, title);
        let words = plain(&document);
        assert!(words.contains(row), "{words}");
        let read = activation_code::ActivationCode::read(&words).unwrap();
        assert_eq!(read.letters(), code().letters());
        for paper in [Paper::A4, Paper::Letter] {
            let printed = press.print(&document, paper).unwrap();
            assert!(printed.missing.is_empty() && printed.pages <= 2, "{tag}: {} pages", printed.pages);
        }
    }
}

#[test]
fn a_language_is_a_folder() {
    let mut files = branding::built_in();
    let language = String::from_utf8(files["en/language.toml"].clone()).unwrap();
    files.insert(
        "it/language.toml".to_owned(),
        language.replace("English", "Italiano").replace("November", "novembre").into_bytes(),
    );
    files.insert(
        "it/certificate.md".to_owned(),
        b"# Certificato {{ license.number }}\n\nFino al {{ license.last }}\n".to_vec(),
    );
    let branding = Branding::read(&files).unwrap();
    let document = certificate(&branding, "it");
    assert_eq!((document.title.as_str(), document.language.as_str()), ("Certificato 1042", "it"));
    assert!(plain(&document).contains("Fino al 30 novembre 2027"));
    for (wanted, tag) in [(Some("it-CH"), "it"), (Some("DE"), "de"), (Some("fr"), "en"), (None, "en")] {
        assert_eq!(branding.language(wanted).0, tag, "{wanted:?}");
    }
    files.remove("it/language.toml");
    let faults = Branding::read(&files).unwrap_err();
    assert_eq!(faults[0].to_string(), "it: a language needs a language.toml: copy the one of another language");
}

#[test]
fn a_mistake_is_said_with_file_line_and_what_was_meant() {
    for (template, wanted) in [
        (
            "# Title\n\nFor {{ costumer.name }}\n",
            "en/certificate.md: line 3: there is no field costumer.name; customer.name is meant?",
        ),
        (
            "# Title\n\n{% if license.is_ful %}x{% endif %}\n",
            "en/certificate.md: line 3: there is no field license.is_ful; license.is_full is meant?",
        ),
        ("# Title\n\n\n{{ xyz }}\n", "en/certificate.md: line 4: there is no field xyz"),
        (
            "# Title\n{{ customer }}\n",
            "en/certificate.md: line 2: customer has parts: say which, as in customer.address",
        ),
        (
            "# Title\n{% include \"/etc/passwd\" %}\n",
            "en/certificate.md: line 2: include: templates read no files and call nothing but the filters of the documentation",
        ),
        (
            "# Title\n{{ range(9) }}\n",
            "en/certificate.md: line 2: range is unknown: templates read no files and call nothing but the filters of the documentation",
        ),
        (
            "# Title\n{{ customer.name|safe }}\n",
            "en/certificate.md: line 2: filter safe is unknown: templates read no files and call nothing but the filters of the documentation",
        ),
        (
            "No title\n",
            "en/certificate.md: it has no heading of level 1, which is the document's title and the subject of a mail",
        ),
        (
            "# T\n\n```barcode\n```\n",
            "en/certificate.md: there is no block \"barcode\", wanted letters, digits, qr or page",
        ),
        ("# T\n\u{202E}x\n", "en/certificate.md: line 2: the character U+202E cannot stand in a template"),
    ] {
        assert_eq!(faults("en/certificate.md", template), [wanted]);
    }
    for (template, part) in [
        ("# T\n{% if customer.name %}x\n", "line 2: "),
        ("# T\n\n<script>x</script>\n", "HTML, but for <br>, is not for templates"),
        ("# T\n\n![x](file:///etc/passwd)\n", "a picture is not for templates"),
    ] {
        let said = faults("en/certificate.md", template);
        assert!(said.len() == 1 && said[0].contains(part), "{said:?}");
    }
}

#[test]
fn a_template_that_would_run_or_grow_for_ever_is_stopped() {
    let digits = "\"0123456789\"";
    let deep = format!(
        "# T\n{}{{{{ x }}}}{}\n",
        "{% for x in [1,2,3,4,5,6,7,8,9,10] %}".repeat(12),
        "{% endfor %}".repeat(12)
    );
    let wide = format!(
        "# T\n{{% set a = {digits} * 100000 %}}{{% for x in [1,2,3,4,5,6,7,8,9] %}}{{% for y in [1,2,3] %}}{{{{ a }}}}{{% endfor %}}{{% endfor %}}\n"
    );
    let huge = format!("# T\n{{{{ {digits} * 100000000000 }}}}\n");
    for template in [deep, wide, huge] {
        let said = faults("en/certificate.md", &template);
        assert!(said.len() == 1, "{said:?}");
        assert!(said[0].contains("makes too much") || said[0].contains("line 2"), "{said:?}");
    }
}

#[test]
fn what_a_customer_is_called_is_never_read_as_a_template_or_as_markup() {
    let template = "# T\n\n{% set name = \"**x** | <b> `y` {{ z }} [l](https://x) # 1. \\\\\" %}{{ name }} **{{ name }}**\n\n| a | b |\n|---|---|\n| {{ name }} | x |\n";
    let document = certificate(&Branding::read(&files("en/certificate.md", template)).unwrap(), "en");
    let name = "**x** | <b> `y` {{ z }} [l](https://x) # 1. \\";
    let Block::Paragraph(text) = &document.blocks[1] else { panic!("{document:?}") };
    let words: Vec<_> = text.iter().map(|span| (span.words.as_str(), span.strong)).collect();
    assert_eq!(words, [(&*format!("{name} "), false), (name, true)]);
    let Block::Table { lines, .. } = &document.blocks[2] else { panic!("{document:?}") };
    assert_eq!(lines[0].len(), 2);
    assert_eq!(lines[0][0][0].words, name);
}

#[test]
fn settings_are_checked_by_name_and_line() {
    for (settings, part) in [
        ("colour = \"red\"\n", "branding.toml: line 1: wanted a colour as in \"#1f3a5f\""),
        ("\ncolor = \"#112233\"\n", "branding.toml: line 2: unknown field `color`"),
        ("contact = [\"a\", \"x\u{202E}y\"]\n", "branding.toml: line 1: it has the character U+202E"),
        ("vendor = \"a\\nb\"\n", "branding.toml: line 1: it has the character U+000A"),
        ("language = \"tlh\"\n", "branding.toml: there is no language \"tlh\""),
        ("logo = \"logo.png\"\n", "branding.toml: the logo \"logo.png\" is not in the folder"),
        ("paper = \"A5\"\n", "branding.toml: line 1: unknown variant `A5`"),
        ("vendor = \n", "branding.toml: line 1: "),
    ] {
        let said = faults("branding.toml", settings);
        assert!(said.len() == 1 && said[0].starts_with(part), "{said:?}, wanted {part}");
    }
    assert!(faults("en/cert.md", "x")[0].starts_with("en/cert.md: branding has no such file"));
    let rows = faults(
        "en/language.toml",
        &String::from_utf8(branding::built_in()["en/language.toml"].clone())
            .unwrap()
            .replace("Row {number})", "Row {number}:"),
    );
    assert!(rows[0].contains("wanted a word and {number})"), "{rows:?}");
}

#[test]
fn a_logo_is_a_picture_of_a_known_kind_and_size() {
    let png = |width: u32, height: u32| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&vec![0x80; (width * height * 3) as usize]).unwrap();
        bytes
    };
    let logo = branding::logo(&png(300, 100)).unwrap();
    assert_eq!((logo.width, logo.height), (300, 100));
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&[0x80; 64 * 32 * 3], 64, 32, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    assert_eq!(branding::logo(&jpeg).unwrap().width, 64);
    assert_eq!(branding::logo(&png(4001, 1)), Err(FileFault::Pixels { width: 4001, height: 1 }));
    assert_eq!(branding::logo(&vec![0; 50 << 20]), Err(FileFault::Long { found: 50 << 20, most: 512 * 1024 }));
    assert_eq!(branding::logo(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), Err(FileFault::NotAPicture));
    let whole = png(300, 100);
    assert_eq!(branding::logo(&whole[..whole.len() / 2]), Err(FileFault::Picture));
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    assert_eq!(branding::logo(&damaged), Err(FileFault::Picture));
    assert_eq!(branding::logo(&jpeg[..40]), Err(FileFault::Picture));
}
