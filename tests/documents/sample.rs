//! A certificate as a customer gets it, for every test of paper.

use activation_code::ActivationCode;
use countersign::documents::QrSymbol;
use countersign::documents::document::{Block, CodeRow, Document, Letterhead, Span, Text};

/// The code of the format's documentation.
pub const CODE: &str = "\
1) 20040-0E000-84G00-3X00H-7FRHT
2) 0PS04-NGZPE-9CK4J-7DT4X-VA7K6
3) 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM
4) 7G669-0T3SX-645X4-R6SRN-861EK
5) J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H
6) SBXV8-F7K7R-SNN7P-Y1T14-49974";

pub fn code() -> ActivationCode {
    ActivationCode::read(CODE).unwrap()
}

pub fn text(words: &str) -> Text {
    vec![words.into()]
}

pub fn strong(words: &str) -> Span {
    Span { words: words.to_owned(), strong: true, ..Span::default() }
}

fn rows(rows: &[String]) -> Vec<CodeRow> {
    let label = |number| format!("Row {number})");
    rows.iter().zip(1..).map(|(row, number)| CodeRow { label: label(number), symbols: row.clone() }).collect()
}

/// A certificate for this customer.
pub fn certificate(customer: &str) -> Document {
    let code = code();
    let line = |name: &str, value: &str| vec![text(name), text(value)];
    Document {
        title: "License certificate 1042".to_owned(),
        language: "en".to_owned(),
        letterhead: Letterhead {
            vendor: "Example Security".to_owned(),
            contact: vec!["1 Example Street, London".to_owned(), "licenses@example.com".to_owned()],
            logo: None,
            colour: [0x1F, 0x3A, 0x5F],
        },
        blocks: vec![
            Block::Heading { level: 1, text: text("License certificate") },
            Block::Paragraph(vec![
                "This certifies that ".into(),
                strong(customer),
                " may use the product below.".into(),
            ]),
            Block::Table {
                head: Vec::new(),
                lines: vec![
                    line("Customer", customer),
                    line("Product", "Example Endpoint Security"),
                    line("License", "1042, revision 1, full"),
                    line("Units", "250 endpoints"),
                    line("Maintenance", "1 December 2026 to 30 November 2027, both days included"),
                ],
            },
            Block::Heading { level: 2, text: text("Activation code") },
            Block::Qr { symbol: QrSymbol::of(&code), alternative: "The activation code as a QR symbol".to_owned() },
            Block::Rows(rows(&code.letters())),
            Block::Heading { level: 2, text: text("The same code in digits") },
            Block::Rows(rows(&code.digits())),
            Block::Heading { level: 2, text: text("How to enter it") },
            Block::List {
                numbered: true,
                items: vec![
                    text("Run activation enter on the host, or scan the symbol."),
                    text(
                        "Type one of the two forms, row by row. Each row is checked as you type, and what is mistyped is named.",
                    ),
                ],
            },
            Block::Paragraph(text("To renew, write to licenses@example.com before 30 November 2027.")),
        ],
        foot: text(
            "Issued 22 November 2026. Issuer 1, 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
        ),
    }
}
