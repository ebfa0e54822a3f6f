//! A document as one page for a browser or a mail reader: everything is in the file, nothing is fetched, nothing runs.

use super::QrSymbol;
use super::document::{Block, CodeRow, Document, Logo, LogoFormat, Span};
use super::pdf::Paper;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// Letters and digits with a slashed zero: what a reader's own fonts have is not known.
const ROWS: &[u8] = include_bytes!("fonts/rows.woff2");

/// Where its pictures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// In the page.
    Inside,
    /// Beside it, in the same mail: `cid:logo` and `cid:qr` (RFC 2392). Mail readers do not show what is inside.
    InMail,
}

/// The page, to be printed on this paper.
pub fn html(document: &Document, paper: Paper, pictures: Pictures) -> String {
    let Document { title, language, letterhead, blocks, foot } = document;
    let direction = if document.is_right_to_left() { "rtl" } else { "ltr" };
    let [red, green, blue] = letterhead.colour;
    let (title, language) = (escaped(title), escaped(language));
    let mut page = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"{language}\" dir=\"{direction}\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: cid:; \
         style-src 'unsafe-inline'; font-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n\
         <style>\n\
         @font-face {{ font-family: rows; src: url(data:font/woff2;base64,{}) format(\"woff2\"); }}\n\
         @page {{ size: {}; margin: 18mm 20mm; }}\n\
         :root {{ --accent: #{red:02x}{green:02x}{blue:02x}; }}\n\
         {STYLE}\
         </style>\n\
         </head>\n\
         <body>\n",
        STANDARD.encode(ROWS),
        paper.name(),
    );
    page.push_str("<header>\n");
    if let Some(logo) = &letterhead.logo {
        let source = match pictures {
            Pictures::Inside => data(logo),
            Pictures::InMail => "cid:logo".to_owned(),
        };
        let _ = writeln!(page, "<img class=\"logo\" src=\"{source}\" alt=\"{}\">", escaped(&letterhead.vendor));
    }
    let _ = writeln!(page, "<p class=\"vendor\">{}</p>", escaped(&letterhead.vendor));
    if !letterhead.contact.is_empty() {
        let lines: Vec<_> = letterhead.contact.iter().map(|line| escaped(line)).collect();
        let _ = writeln!(page, "<p class=\"contact\">{}</p>", lines.join("<br>"));
    }
    page.push_str("</header>\n<main>\n");
    for block in blocks {
        write_block(&mut page, block, pictures);
    }
    let _ = write!(page, "</main>\n<footer><p>{}</p></footer>\n</body>\n</html>\n", words(foot));
    page
}

/// What a mail reader or a printer without our fonts makes of it must still be a sheet to type from.
const STYLE: &str = "\
body { font: 10pt/1.4 'Noto Sans', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; color: #000; background: #fff; \
max-width: 170mm; margin: 0 auto; padding: 6mm; }\n\
header { border-bottom: 1.5pt solid var(--accent); margin-bottom: 8mm; padding-bottom: 2mm; overflow: hidden; }\n\
.vendor { font-size: 13pt; font-weight: bold; margin: 0; }\n\
.contact, footer, th[scope=row] { color: #595959; }\n\
.contact { font-size: 8.5pt; margin: 0; }\n\
.logo { float: inline-end; max-width: 53mm; max-height: 17mm; }\n\
h1 { font-size: 20pt; line-height: 1.3; color: var(--accent); margin: 0 0 3mm; }\n\
h2 { font-size: 12.5pt; margin: 6mm 0 2mm; }\n\
h3 { font-size: 10.5pt; margin: 4mm 0 1mm; }\n\
h1, h2, h3 { break-after: avoid; }\n\
p { margin: 2mm 0; orphans: 2; widows: 2; overflow-wrap: anywhere; }\n\
table { border-collapse: collapse; width: 100%; margin: 3mm 0; }\n\
tr { break-inside: avoid; border-bottom: .5pt solid #c8c8c8; }\n\
thead tr { border-bottom: .75pt solid #000; }\n\
th, td { text-align: start; vertical-align: top; padding: 1mm 5mm 1mm 0; overflow-wrap: anywhere; }\n\
th[scope=row] { font-weight: normal; }\n\
.rows { direction: ltr; break-inside: avoid; list-style: none; padding: 0; margin: 3mm 0; }\n\
.rows li { font-family: rows, 'Noto Sans Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 12.5pt; \
line-height: 1.8; white-space: pre; border-bottom: .5pt solid #c8c8c8; width: max-content; }\n\
.rows.long li { font-size: 11pt; }\n\
.qr { float: right; width: 39mm; height: 39mm; margin: 0 0 3mm 5mm; }\n\
.mono { font-family: rows, 'Noto Sans Mono', monospace; }\n\
hr { border: 0; border-top: .5pt solid #595959; margin: 4mm 0; clear: both; }\n\
footer { font-size: 7.5pt; border-top: .5pt solid #c8c8c8; margin-top: 8mm; clear: both; }\n\
.page { break-before: page; }\n\
@media print { body { font-size: 9.5pt; line-height: 1.35; max-width: none; padding: 0; } header { margin-bottom: 5mm; } \
h2 { margin: 4mm 0 1mm; } .rows { margin: 2mm 0; } .rows li { line-height: 1.6; } footer { margin-top: 4mm; } }\n";

/// Symbols of a row that are printed at the larger size, with its label.
const SHORT_ROW: usize = 40;

fn write_block(page: &mut String, block: &Block, pictures: Pictures) {
    let _ = match block {
        Block::Heading { level, text } => {
            let level = (*level).clamp(1, 3);
            writeln!(page, "<h{level}>{}</h{level}>", words(text))
        }
        Block::Paragraph(text) => writeln!(page, "<p>{}</p>", words(text)),
        Block::List { numbered, items } => {
            let tag = if *numbered { "ol" } else { "ul" };
            let items: String = items.iter().map(|item| format!("<li>{}</li>\n", words(item))).collect();
            writeln!(page, "<{tag}>\n{items}</{tag}>")
        }
        Block::Table { head, lines } => {
            page.push_str("<table>\n");
            if !head.is_empty() {
                let cells: String = head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", words(cell))).collect();
                let _ = writeln!(page, "<thead><tr>{cells}</tr></thead>");
            }
            page.push_str("<tbody>\n");
            for line in lines {
                page.push_str("<tr>");
                for (column, cell) in line.iter().enumerate() {
                    let _ = match (head.is_empty(), column) {
                        (true, 0) => write!(page, "<th scope=\"row\">{}</th>", words(cell)),
                        _ => write!(page, "<td>{}</td>", words(cell)),
                    };
                }
                page.push_str("</tr>\n");
            }
            writeln!(page, "</tbody>\n</table>")
        }
        Block::Rows(rows) => {
            let long = |CodeRow { label, symbols }: &CodeRow| label.chars().count() + 1 + symbols.len() > SHORT_ROW;
            let class = if rows.iter().any(long) { "rows long" } else { "rows" };
            let item =
                |CodeRow { label, symbols }: &CodeRow| format!("<li>{} {}</li>\n", escaped(label), escaped(symbols));
            writeln!(page, "<ul class=\"{class}\">\n{}</ul>", rows.iter().map(item).collect::<String>())
        }
        Block::Qr { symbol, alternative } => {
            let source = match pictures {
                Pictures::Inside => svg(symbol),
                Pictures::InMail => "cid:qr".to_owned(),
            };
            writeln!(page, "<img class=\"qr\" src=\"{source}\" alt=\"{}\">", escaped(alternative))
        }
        Block::Rule => writeln!(page, "<hr>"),
        Block::NewPage => writeln!(page, "<div class=\"page\"></div>"),
    };
}

fn svg(symbol: &QrSymbol) -> String {
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(symbol.svg()))
}

fn data(logo: &Logo) -> String {
    format!("data:{};base64,{}", logo.format.media_type(), STANDARD.encode(&logo.bytes))
}

impl LogoFormat {
    /// As mail and web name it (RFC 2046).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

fn words(text: &[Span]) -> String {
    let mut written = String::new();
    for Span { words, strong, emphasis, monospace, link } in text {
        let mut piece = escaped(words).replace('\n', "<br>");
        if *monospace {
            piece = format!("<span class=\"mono\">{piece}</span>");
        }
        if *emphasis {
            piece = format!("<em>{piece}</em>");
        }
        if *strong {
            piece = format!("<strong>{piece}</strong>");
        }
        if let Some(link) = link.as_ref().filter(|link| leads_out(link)) {
            piece = format!("<a href=\"{}\">{piece}</a>", escaped(link));
        }
        written.push_str(&piece);
    }
    written
}

/// Nothing in a document runs: no `javascript:`, no `data:`.
fn leads_out(link: &str) -> bool {
    ["https:", "mailto:", "tel:"]
        .iter()
        .any(|scheme| link.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
