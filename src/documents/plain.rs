//! A document as plain text, as mail has it: lines of at most 72 columns, but for rows of codes.

use super::document::{Block, CodeRow, Document, Span, Text};
use textwrap::Options;
use textwrap::core::display_width;

/// Columns of a line (RFC 5322 §2.1.1 wants at most 78, quoted answers need some of them).
const WIDTH: usize = 72;

/// The text.
pub fn plain(document: &Document) -> String {
    let mut parts = Vec::new();
    for block in &document.blocks {
        match block {
            Block::Heading { level, text } => {
                let text = words(text);
                let line = if *level == 1 { "=" } else { "-" };
                let wide = text.lines().map(display_width).max().unwrap_or(0).min(WIDTH);
                parts.push(format!("{}\n{}", wrapped(&text, "", ""), line.repeat(wide)));
            }
            Block::Paragraph(text) => parts.push(wrapped(&words(text), "", "")),
            Block::List { numbered, items } => {
                let item = |(number, item): (usize, &Text)| {
                    let mark = if *numbered { format!("{number:>2}. ") } else { "  - ".to_owned() };
                    wrapped(&words(item), &mark, "    ")
                };
                parts.push((1..).zip(items).map(item).collect::<Vec<_>>().join("\n"));
            }
            Block::Table { head, lines } => parts.push(table(head, lines)),
            Block::Rows(rows) => {
                let row = |CodeRow { label, symbols }: &CodeRow| format!("{label} {symbols}");
                parts.push(rows.iter().map(row).collect::<Vec<_>>().join("\n"));
            }
            Block::Rule => parts.push("-".repeat(WIDTH)),
            // A mail has it as a picture.
            Block::Qr { .. } | Block::NewPage => {}
        }
    }
    // A signature begins like this (RFC 3676 §4.3), and readers set it apart.
    let mut signature = vec![document.letterhead.vendor.clone()];
    signature.extend(document.letterhead.contact.iter().cloned());
    parts.push(format!("-- \n{}", signature.join("\n")));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

/// Two columns are names and values; more are told line by line, each cell under the name of its column, because no
/// mail has room for them side by side.
fn table(head: &[Text], lines: &[Vec<Text>]) -> String {
    if head.is_empty() {
        let names: Vec<_> = lines.iter().map(|line| line.first().map(|cell| words(cell)).unwrap_or_default()).collect();
        let wide = names.iter().map(|name| display_width(name)).max().unwrap_or(0).min(24);
        let line = |(name, line): (&String, &Vec<Text>)| named(name, &line[1.min(line.len())..], wide);
        return names.iter().zip(lines).map(line).collect::<Vec<_>>().join("\n");
    }
    let names: Vec<_> = head.iter().map(|cell| words(cell)).collect();
    let wide = names.iter().map(|name| display_width(name)).max().unwrap_or(0).min(24);
    let line = |line: &Vec<Text>| {
        let cells = names.iter().zip(line.iter().map(std::slice::from_ref));
        cells.map(|(name, cell)| named(name, cell, wide)).collect::<Vec<_>>().join("\n")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n\n")
}

fn named(name: &str, cells: &[Text], wide: usize) -> String {
    let value = cells.iter().map(|cell| words(cell)).collect::<Vec<_>>().join(", ");
    let padding = " ".repeat(wide.saturating_sub(display_width(name)));
    wrapped(&value, &format!("  {name}{padding}  "), &" ".repeat(wide + 4))
}

fn words(text: &[Span]) -> String {
    text.iter().map(|span| span.words.as_str()).collect()
}

fn wrapped(text: &str, first: &str, others: &str) -> String {
    let lines = text.split('\n').enumerate().map(|(number, line)| {
        let first = if number == 0 { first } else { others };
        textwrap::fill(line, Options::new(WIDTH).initial_indent(first).subsequent_indent(others))
    });
    lines.collect::<Vec<_>>().join("\n")
}
