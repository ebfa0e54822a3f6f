//! Documents as HTML and as plain text.

use crate::sample::{certificate, code, text};
use activation_code::ActivationCode;
use countersign::documents::document::{Block, Span};
use countersign::documents::html::{Pictures, html};
use countersign::documents::pdf::Paper;
use countersign::documents::plain;

#[test]
fn a_page_has_everything_in_itself_and_runs_nothing() {
    let page = html(&certificate("Example Hospital Trust"), Paper::A4, Pictures::Inside);
    assert!(page.contains("default-src 'none'") && page.contains("@page { size: A4;"), "{page}");
    assert!(page.contains("<html lang=\"en\" dir=\"ltr\">"));
    assert!(!page.contains("http:") && !page.contains("<script") && !page.contains("https:"), "{page}");
    let letter = html(&certificate("Example Hospital Trust"), Paper::Letter, Pictures::InMail);
    assert!(
        letter.contains("size: letter;") && letter.contains("src=\"cid:qr\"") && !letter.contains("svg"),
        "{letter}"
    );
}

#[test]
fn what_a_customer_is_called_is_never_a_tag_nor_a_link_that_runs() {
    let name = "<script>alert(1)</script> & \"Söhne\" 'x'";
    let mut document = certificate(name);
    let link = |link: &str| Span { words: "here".to_owned(), link: Some(link.to_owned()), ..Span::default() };
    document.blocks.push(Block::Paragraph(vec![link("javascript:alert(1)"), link("mailto:a@example.com\"x")]));
    document.title = "</title><script>".to_owned();
    document.language = "en\"><script>".to_owned();
    let page = html(&document, Paper::A4, Pictures::Inside);
    assert!(!page.contains("<script") && !page.contains("javascript:"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Söhne&quot; &#39;x&#39;"), "{page}");
    assert!(page.contains("<a href=\"mailto:a@example.com&quot;x\">here</a>"), "{page}");
}

#[test]
fn a_page_of_a_language_from_right_to_left_says_so() {
    let mut document = certificate("مستشفى");
    document.language = "ar-EG".to_owned();
    assert!(html(&document, Paper::A4, Pictures::Inside).contains("<html lang=\"ar-EG\" dir=\"rtl\">"));
}

#[test]
fn the_text_of_a_mail_has_the_code_and_no_long_lines() {
    let words = plain(&certificate(&"Donaudampfschifffahrtsgesellschaft ".repeat(6)));
    assert_eq!(ActivationCode::read(&words).unwrap().letters(), code().letters(), "{words}");
    assert!(words.lines().all(|line| line.chars().count() <= 72), "{words}");
    assert!(words.contains("\n  Units        250 endpoints\n"), "{words}");
    assert!(words.ends_with("-- \nExample Security\n1 Example Street, London\nlicenses@example.com\n"), "{words}");
}

#[test]
fn the_lines_of_a_wide_table_are_told_one_below_the_other() {
    let mut document = certificate("Example");
    let line = |cells: [&str; 3]| cells.map(text).to_vec();
    document.blocks = vec![Block::Table {
        head: line(["License", "Units", "Until"]),
        lines: vec![line(["1042", "250", "2027-11-30"]), line(["1043", "5", "2028-11-30"])],
    }];
    let words = plain(&document);
    let wanted = "  License  1042\n  Units    250\n  Until    2027-11-30\n\n  License  1043\n";
    assert!(words.starts_with(wanted), "{words}");
}
