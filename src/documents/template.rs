//! Templates: texts with fields, as a vendor writes them. CommonMark with tables; fields, conditions and loops over
//! what is there are Jinja's. Nothing in them reads a file, runs for long or calls anything.

use super::QrSymbol;
use super::document::{Block, CodeRow, Span, Text};
use activation_code::ActivationCode;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest template, in bytes: some forty pages.
pub const LONGEST: usize = 128 * 1024;

/// Longest text that a template makes, in bytes: a statement of some thousands of licenses.
const LONGEST_RESULT: usize = 16 * 1024 * 1024;

/// Steps that a template may take. A certificate takes some 500, a line of a statement some 60.
const STEPS: u64 = 2_000_000;

/// Steps of Jinja's expressions that may stand in each other.
const DEPTH: usize = 32;

/// What stands around the number of a value in the text, until it is read. The values themselves are never read as
/// CommonMark, whatever characters a customer's name has.
const OPEN: char = '\u{F8F0}';
const CLOSE: char = '\u{F8F1}';

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct TemplateFault {
    /// Where, from 1; `None`: it is the text that it makes.
    pub line: Option<usize>,
    /// What.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A field that documents of this kind do not have.
    #[error("there is no field {field}{}", nearest.as_ref().map(|near| format!("; {near} is meant?")).unwrap_or_default())]
    NoField {
        /// As it is written.
        field: String,
        /// The one that is most like it.
        nearest: Option<String>,
    },
    /// A field with parts where a text is wanted.
    #[error("{field} has parts: say which, as in {field}.{part}")]
    Parts {
        /// As it is written.
        field: String,
        /// One of them.
        part: String,
    },
    /// It cannot be read as a template.
    #[error("{0}")]
    Syntax(String),
    /// It wants something that templates have not: another file, a function, a filter.
    #[error("{0}: templates read no files and call nothing but the filters of the documentation")]
    Foreign(String),
    /// It runs for too long, or makes too much.
    #[error("it makes too much of its fields")]
    TooLong,
    /// HTML, or a picture, or a quotation.
    #[error(
        "{0} is not for templates: they have headings, paragraphs, lists, tables and the blocks letters, digits, qr and page"
    )]
    NotHere(&'static str),
    /// A block in a fence that means nothing.
    #[error("there is no block {0:?}, wanted letters, digits, qr or page")]
    UnknownBlock(String),
    /// A block of a code in a document that has none.
    #[error("this document has no code for the block {0:?}")]
    NoCode(String),
    /// A document needs a title.
    #[error("it has no heading of level 1, which is the document's title and the subject of a mail")]
    NoTitle,
    /// Invisible or unassigned.
    #[error("the character U+{:04X} cannot stand in a template", u32::from(*.0))]
    Character(char),
}

/// Codes, and how their rows are called in the language of the document.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    /// The codes: the blocks `letters 1`, `digits 1` and `qr 1` are of the first, and so are `letters`, `digits` and
    /// `qr`.
    pub codes: &'a [&'a ActivationCode],
    /// As in `Row {number})`.
    pub row: &'a str,
}

/// Makes the parts of a document from a template and its fields.
///
/// # Errors
/// The template has a mistake, which is said with its line.
pub fn blocks(template: &str, fields: &Value, codes: Codes<'_>) -> Result<Vec<Block>, TemplateFault> {
    let (text, values) = fill(template, fields)?;
    let blocks = read(&text, &values, codes).map_err(|fault| TemplateFault { line: None, fault })?;
    Ok(blocks)
}

/// The title of a document: its first heading of level 1.
///
/// # Errors
/// It has none.
pub fn title(blocks: &[Block]) -> Result<String, TemplateFault> {
    let words = |text: &Text| text.iter().map(|span| span.words.as_str()).collect::<String>().replace('\n', " ");
    let title = blocks.iter().find_map(|block| match block {
        Block::Heading { level: 1, text } => Some(words(text)).filter(|title| !title.trim().is_empty()),
        _ => None,
    });
    title.ok_or(TemplateFault { line: None, fault: Fault::NoTitle })
}

/// Evaluates a template; values stand in the result as numbers.
fn fill(template: &str, fields: &Value) -> Result<(String, Vec<String>), TemplateFault> {
    if let Some((line, character)) = foreign_character(template) {
        return Err(TemplateFault { line: Some(line), fault: Fault::Character(character) });
    }
    let values: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&values);
    // Without its functions and filters, of which some make much of little.
    let mut jinja = Environment::empty();
    jinja.set_undefined_behavior(UndefinedBehavior::Strict);
    jinja.set_fuel(Some(STEPS));
    jinja.set_recursion_limit(DEPTH);
    // A condition on a line of its own leaves no line behind, which would end a table.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    jinja.set_syntax(syntax.expect("the delimiters are those of Jinja"));
    jinja.set_debug(true);
    jinja.add_filter("upper", |text: String| text.to_uppercase());
    jinja.add_filter("lower", |text: String| text.to_lowercase());
    jinja.add_filter("lines", |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>());
    jinja.set_formatter(move |output, _, value| {
        if matches!(value.kind(), ValueKind::Map | ValueKind::Seq | ValueKind::Iterable) {
            return Err(minijinja::Error::new(ErrorKind::NonPrimitive, first_part(value)));
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_fmt(format_args!("{OPEN}{}{CLOSE}", kept.len())).map_err(minijinja::Error::from)?;
        kept.push(value.to_string());
        Ok(())
    });
    let fault = |error: minijinja::Error| located(&error, template, fields);
    let compiled = jinja.template_from_named_str("template", template).map_err(fault)?;
    let text = compiled.render(fields.clone()).map_err(fault)?;
    drop(compiled);
    let values = std::mem::take(&mut *values.lock().unwrap_or_else(PoisonError::into_inner));
    if text.len() + values.iter().map(String::len).sum::<usize>() > LONGEST_RESULT {
        return Err(TemplateFault { line: None, fault: Fault::TooLong });
    }
    Ok((text, values))
}

/// Line ends and tabs are all that a template has beside what can be seen.
fn foreign_character(template: &str) -> Option<(usize, char)> {
    let foreign = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E000}'..='\u{F8FF}' | '\u{FFFE}' | '\u{FFFF}')
    };
    template.lines().zip(1..).find_map(|(line, number)| line.chars().find(|c| foreign(*c)).map(|c| (number, c)))
}

fn first_part(value: &Value) -> String {
    value.try_iter().into_iter().flatten().map(|key| key.to_string()).min().unwrap_or_default()
}

fn located(error: &minijinja::Error, template: &str, fields: &Value) -> TemplateFault {
    let mut error = error;
    // What happened within a part of a template is told by the error behind the first one.
    while let Some(inner) = std::error::Error::source(error).and_then(|inner| inner.downcast_ref::<minijinja::Error>())
    {
        error = inner;
    }
    let place = error.range().and_then(|range| template.get(range)).unwrap_or_default();
    let place: String = place.trim_matches(|c: char| c.is_whitespace() || "{}%".contains(c)).to_owned();
    let detail = || error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let fault = match error.kind() {
        ErrorKind::UndefinedError => {
            let field = field_of(&place, fields);
            Fault::NoField { nearest: nearest(&field, fields), field }
        }
        ErrorKind::NonPrimitive => Fault::Parts { field: place, part: detail() },
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => Fault::TooLong,
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            Fault::Foreign(detail())
        }
        ErrorKind::SyntaxError => {
            match ["include", "extends", "import", "from"].iter().find(|word| detail().contains(**word)) {
                Some(word) => Fault::Foreign((*word).to_owned()),
                None => Fault::Syntax(detail()),
            }
        }
        _ => Fault::Syntax(detail()),
    };
    TemplateFault { line: error.line(), fault }
}

/// All fields, with their dots.
fn names(fields: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, names: &mut Vec<String>) {
        if value.kind() != ValueKind::Map {
            names.push(path.to_owned());
            return;
        }
        for key in value.try_iter().into_iter().flatten() {
            let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            walk(&value.get_item(&key).unwrap_or_default(), &path, names);
        }
    }
    let mut names_found = Vec::new();
    walk(fields, "", &mut names_found);
    // The parts of a value come in any order.
    names_found.sort();
    names_found
}

/// The first field in an expression that does not exist.
fn field_of(expression: &str, fields: &Value) -> String {
    let known = names(fields);
    let words = expression.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    let exists = |word: &str| known.iter().any(|name| name == word || name.starts_with(&format!("{word}.")));
    let mut words = words.filter(|word| word.starts_with(|c: char| c.is_alphabetic()));
    let keyword =
        |word: &str| matches!(word, "if" | "elif" | "for" | "in" | "set" | "not" | "and" | "or" | "is" | "else");
    words.find(|word| !keyword(word) && !exists(word)).unwrap_or(expression).to_owned()
}

fn nearest(field: &str, fields: &Value) -> Option<String> {
    let like = |name: &String| strsim::jaro_winkler(field, name);
    names(fields).into_iter().filter(|name| like(name) > 0.75).max_by(|one, other| like(one).total_cmp(&like(other)))
}

/// Reads CommonMark with numbers in the places of values.
fn read(text: &str, values: &[String], codes: Codes<'_>) -> Result<Vec<Block>, Fault> {
    let mut reader = Reader {
        values,
        codes,
        blocks: Vec::new(),
        words: Vec::new(),
        style: Span::default(),
        links: Vec::new(),
        list: None,
        table: None,
    };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.event(event)?;
    }
    Ok(reader.blocks)
}

struct Reader<'a> {
    values: &'a [String],
    codes: Codes<'a>,
    blocks: Vec<Block>,
    /// Of the part that is read.
    words: Text,
    style: Span,
    links: Vec<Option<String>>,
    /// Whether it is numbered, and its items.
    list: Option<(bool, Vec<Text>)>,
    table: Option<(Vec<Text>, Vec<Vec<Text>>)>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<(), Fault> {
        match event {
            Event::Start(tag) => return self.start(&tag),
            Event::End(tag) => return self.end(tag),
            Event::Text(words) => self.push(&words),
            Event::Code(words) => {
                let before = std::mem::replace(&mut self.style.monospace, true);
                self.push(&words);
                self.style.monospace = before;
            }
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => self.push("\n"),
            Event::Rule => self.blocks.push(Block::Rule),
            Event::InlineHtml(tag) if ["<br>", "<br/>", "<br />"].contains(&&*tag) => self.push("\n"),
            Event::InlineHtml(_) | Event::Html(_) => return Err(Fault::NotHere("HTML, but for <br>,")),
            _ => return Err(Fault::NotHere("this")),
        }
        Ok(())
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), Fault> {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } => {
                // In a list an item may have several.
                if self.list.is_none() {
                    self.words.clear();
                } else if !self.words.is_empty() {
                    self.push("\n");
                }
            }
            Tag::List(first) => {
                if self.list.is_some() {
                    return Err(Fault::NotHere("a list in a list"));
                }
                self.list = Some((first.is_some(), Vec::new()));
            }
            Tag::Item | Tag::TableCell => self.words.clear(),
            Tag::Table(_) => self.table = Some((Vec::new(), Vec::new())),
            Tag::TableHead => {}
            Tag::TableRow => {
                if let Some((_, lines)) = &mut self.table {
                    lines.push(Vec::new());
                }
            }
            Tag::Strong => self.style.strong = true,
            Tag::Emphasis => self.style.emphasis = true,
            Tag::Link { dest_url, .. } => {
                let link = self.filled(dest_url);
                self.links.push(self.style.link.replace(link));
            }
            Tag::CodeBlock(_) => self.words.clear(),
            Tag::HtmlBlock => return Err(Fault::NotHere("HTML, but for <br>,")),
            Tag::Image { .. } => return Err(Fault::NotHere("a picture")),
            Tag::BlockQuote(_) => return Err(Fault::NotHere("a quotation")),
            _ => return Err(Fault::NotHere("this")),
        }
        if let Tag::CodeBlock(kind) = tag {
            let name = match kind {
                CodeBlockKind::Fenced(name) => name.trim().to_owned(),
                CodeBlockKind::Indented => return Err(Fault::NotHere("a text indented by four spaces")),
            };
            self.fence(&name)?;
        }
        Ok(())
    }

    fn fence(&mut self, name: &str) -> Result<(), Fault> {
        let name = self.filled(name);
        let (what, number) = name.split_once(' ').unwrap_or((&name, "1"));
        let place = number.trim().parse().ok().and_then(|number: usize| number.checked_sub(1));
        let code = place.and_then(|place| self.codes.codes.get(place));
        let block = match (what, code) {
            ("page", _) => Block::NewPage,
            ("letters", Some(code)) => self.codes.rows(&code.letters()),
            ("digits", Some(code)) => self.codes.rows(&code.digits()),
            // Its text comes behind.
            ("qr", Some(code)) => Block::Qr { symbol: QrSymbol::of(code), alternative: String::new() },
            ("letters" | "digits" | "qr", None) => return Err(Fault::NoCode(name)),
            _ => return Err(Fault::UnknownBlock(name)),
        };
        self.blocks.push(block);
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), Fault> {
        match tag {
            TagEnd::Heading(level) => {
                let level = match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    _ => 3,
                };
                let text = std::mem::take(&mut self.words);
                self.blocks.push(Block::Heading { level, text });
            }
            TagEnd::Paragraph if self.list.is_none() => {
                let text = std::mem::take(&mut self.words);
                // What conditions leave of a paragraph may be nothing.
                if text.iter().any(|span| !span.words.trim().is_empty()) {
                    self.blocks.push(Block::Paragraph(text));
                }
            }
            TagEnd::Item => {
                if let Some((_, items)) = &mut self.list {
                    items.push(std::mem::take(&mut self.words));
                }
            }
            TagEnd::List(_) => {
                if let Some((numbered, items)) = self.list.take() {
                    self.blocks.push(Block::List { numbered, items });
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.words);
                if let Some((head, lines)) = &mut self.table {
                    lines.last_mut().unwrap_or(head).push(cell);
                }
            }
            TagEnd::Table => {
                if let Some((mut head, lines)) = self.table.take() {
                    if head.iter().all(Vec::is_empty) {
                        head.clear();
                    }
                    self.blocks.push(Block::Table { head, lines });
                }
            }
            TagEnd::Strong => self.style.strong = false,
            TagEnd::Emphasis => self.style.emphasis = false,
            TagEnd::Link => self.style.link = self.links.pop().flatten(),
            TagEnd::CodeBlock => {
                let words: String = self.words.drain(..).map(|span| span.words).collect();
                if let Some(Block::Qr { alternative, .. }) = self.blocks.last_mut() {
                    *alternative = words.trim().to_owned();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, words: &str) {
        let words = self.filled(words);
        if words.is_empty() {
            return;
        }
        match self.words.last_mut() {
            Some(last) if Span { words: String::new(), ..last.clone() } == self.style => last.words.push_str(&words),
            _ => self.words.push(Span { words, ..self.style.clone() }),
        }
    }

    /// With the values in their places.
    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(OPEN) {
            filled.push_str(before);
            let (number, behind) = behind.split_once(CLOSE).unwrap_or((behind, ""));
            filled.push_str(
                number.parse().ok().and_then(|number: usize| self.values.get(number)).map_or("", String::as_str),
            );
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }
}

impl Codes<'_> {
    fn rows(&self, rows: &[String]) -> Block {
        let row = |(number, symbols): (u8, &String)| CodeRow {
            label: self.row.replace("{number}", &number.to_string()),
            symbols: symbols.clone(),
        };
        Block::Rows((1..).zip(rows).map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::branding::{Branding, FileFault, Files};

    /// What is wrong with a certificate's template.
    fn fault(template: &str) -> TemplateFault {
        let files = Files::from([("en/certificate.md".to_owned(), template.as_bytes().to_vec())]);
        let faults = Branding::read(&files).unwrap_err();
        match &faults[..] {
            [one] if one.file == "en/certificate.md" => match &one.fault {
                FileFault::Template(fault) => fault.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mistake_in_a_template_is_told_with_its_facts() {
        let at = |line, fault| TemplateFault { line, fault };
        let field = |field: &str, nearest: Option<&str>| Fault::NoField {
            field: field.to_owned(),
            nearest: nearest.map(str::to_owned),
        };
        let parts = Fault::Parts { field: "customer".to_owned(), part: "address".to_owned() };
        for (template, wanted) in [
            ("# T\n\n{{ costumer.name }}\n", at(Some(3), field("costumer.name", Some("customer.name")))),
            ("# T\n\n\n{{ xyz }}\n", at(Some(4), field("xyz", None))),
            ("# T\n{{ customer }}\n", at(Some(2), parts)),
            ("# T\n{% include \"x\" %}\n", at(Some(2), Fault::Foreign("include".to_owned()))),
            ("No title\n", at(None, Fault::NoTitle)),
            ("# T\n\n```barcode\n```\n", at(None, Fault::UnknownBlock("barcode".to_owned()))),
            ("# T\n\n```qr 2\n```\n", at(None, Fault::NoCode("qr 2".to_owned()))),
            ("# T\n\n![x](y)\n", at(None, Fault::NotHere("a picture"))),
            ("# T\n\n> x\n", at(None, Fault::NotHere("a quotation"))),
            ("# T\n\n    x\n", at(None, Fault::NotHere("a text indented by four spaces"))),
            ("# T\n\n- a\n  - b\n", at(None, Fault::NotHere("a list in a list"))),
            ("# T\n\u{202E}x\n", at(Some(2), Fault::Character('\u{202E}'))),
        ] {
            assert_eq!(fault(template), wanted, "{template}");
        }
        assert!(matches!(fault("# T\n{% if customer.name %}x\n").fault, Fault::Syntax(_)));
        let deep = "{% for x in [1,2,3,4,5,6,7,8,9,10] %}".repeat(8) + "{{ x }}" + &"{% endfor %}".repeat(8);
        assert_eq!(fault(&format!("# T\n{deep}\n")).fault, Fault::TooLong);
    }
}
