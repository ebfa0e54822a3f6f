//! Pieces onto pages, and what they mean for those who do not see them.

use super::pieces::{Drawing, MARGIN, MARGIN_BELOW, Piece, Slot, What};
use super::text::{GREY, Ink, Setter, Style};
use super::{Paper, PaperFault, Printed};
use crate::documents::QrSymbol;
use crate::documents::document::{Block, Document, Logo, LogoFormat};
use krilla::Document as File;
use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, BBox, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
};
use parley::BaseDirection;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

/// What was drawn of each part, and where it stands.
#[derive(Default)]
struct Drawn {
    content: BTreeMap<Slot, Vec<Identifier>>,
    figures: BTreeMap<Slot, BBox>,
    /// Page and distance from its top, of the first line of each part.
    begins: BTreeMap<usize, (usize, f32)>,
}

pub fn print(
    setter: &mut Setter,
    document: &Document,
    pieces: &[Piece],
    paper: Paper,
    missing: BTreeSet<char>,
) -> Result<Printed, PaperFault> {
    let (width, height) = paper.points();
    let pages = paginate(pieces, height - MARGIN - MARGIN_BELOW)?;
    let logo = document.letterhead.logo.as_ref().map(image).transpose()?;
    let configuration = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let configuration = configuration.expect("PDF/UA-1 goes with the default version, 1.7");
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut file = File::new_with(settings);
    let mut drawn = Drawn::default();
    for (number, page) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(width, height).expect("paper has a size");
        let mut sheet = file.start_page_with(settings);
        let mut surface = sheet.surface();
        for &Placed { piece, top, again } in page {
            for drawing in &piece.drawings {
                let place = (MARGIN + drawing.left, top + drawing.top);
                if again {
                    let _ =
                        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)));
                    draw(setter, &mut surface, drawing, place, logo.as_ref());
                    surface.end_tagged();
                } else {
                    tagged(setter, &mut surface, drawing, place, logo.as_ref(), number, &mut drawn);
                }
            }
        }
        foot(setter, &mut surface, document, paper, (number + 1, pages.len()));
        surface.finish();
        sheet.finish();
    }
    file.set_outline(outline(document, &drawn));
    file.set_tag_tree(tags(document, &mut drawn));
    file.set_metadata(
        Metadata::new()
            .title(document.title.clone())
            .language(document.language.clone())
            .creator("countersign".to_owned())
            .authors(vec![document.letterhead.vendor.clone()]),
    );
    let bytes = file.finish().map_err(|error| PaperFault::Standard(format!("{error:?}")))?;
    Ok(Printed { bytes, pages: pages.len(), missing })
}

/// A piece at its place: `top` is from the upper edge of the paper.
#[derive(Clone, Copy)]
struct Placed<'a> {
    piece: &'a Piece,
    top: f32,
    again: bool,
}

/// Which piece stands where. What belongs together goes to the next page together, unless that would be a page of
/// its own.
fn paginate(pieces: &[Piece], room: f32) -> Result<Vec<Vec<Placed<'_>>>, PaperFault> {
    let mut pages = vec![Vec::new()];
    let mut used = 0.0;
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        if first.new_page {
            if pages.last().is_some_and(|page: &Vec<_>| !page.is_empty()) {
                pages.push(Vec::new());
            }
            used = 0.0;
            rest = &rest[1..];
            continue;
        }
        let together = rest.iter().take_while(|piece| piece.with_next && !piece.new_page).count() + 1;
        let group = &rest[..together.min(rest.len())];
        let high = |group: &[Piece]| group.iter().map(|piece| piece.before + piece.height).sum::<f32>();
        let group = if high(group) > room { &group[..1] } else { group };
        if used > 0.0 && used + high(group) > room {
            pages.push(Vec::new());
            used = 0.0;
        }
        let page = pages.last_mut().expect("there is always one");
        for piece in group {
            if used == 0.0
                && let Some(head) = &piece.again
            {
                page.push(Placed { piece: head, top: MARGIN, again: true });
                used += head.height;
            }
            let before = if used == 0.0 { 0.0 } else { piece.before };
            if used + before + piece.height > room {
                let block = piece.drawings.iter().find_map(|drawing| match drawing.slot {
                    Slot::Block(block, ..) => Some(block + 1),
                    _ => None,
                });
                return Err(PaperFault::TooHigh { block: block.unwrap_or(0) });
            }
            page.push(Placed { piece, top: MARGIN + used + before, again: false });
            used += before + piece.height;
        }
        rest = &rest[group.len()..];
    }
    Ok(pages)
}

fn tagged(
    setter: &mut Setter,
    surface: &mut Surface<'_>,
    drawing: &Drawing,
    place: (f32, f32),
    logo: Option<&Image>,
    page: usize,
    drawn: &mut Drawn,
) {
    let (left, top) = place;
    let slot = drawing.slot;
    let tag = match (&drawing.what, slot) {
        (_, Slot::Ornament) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        (What::Line(..), _) => ContentTag::Span(SpanTag::empty()),
        _ => ContentTag::Other,
    };
    let identifier = surface.start_tagged(tag);
    draw(setter, surface, drawing, place, logo);
    surface.end_tagged();
    if slot == Slot::Ornament {
        return;
    }
    drawn.content.entry(slot).or_default().push(identifier);
    if let Slot::Block(block, ..) = slot {
        drawn.begins.entry(block).or_insert((page, top));
    }
    let size = match drawing.what {
        What::Qr(_, side) => (side, side),
        What::Logo(width, height) => (width, height),
        _ => return,
    };
    if let Some(rectangle) = Rect::from_xywh(left, top, size.0, size.1) {
        drawn.figures.insert(slot, BBox::new(page, rectangle));
    }
}

fn draw(
    setter: &mut Setter,
    surface: &mut Surface<'_>,
    drawing: &Drawing,
    (left, top): (f32, f32),
    logo: Option<&Image>,
) {
    match &drawing.what {
        What::Line(lines, line) => setter.draw(surface, lines, *line, left, top),
        What::Qr(symbol, side) => qr(surface, symbol, left, top, *side),
        What::Logo(width, height) => {
            if let (Some(logo), Some(size)) = (logo, Size::from_wh(*width, *height)) {
                surface.push_transform(&Transform::from_translate(left, top));
                surface.draw_image(logo.clone(), size);
                surface.pop();
            }
        }
        What::Rule(length, weight, ink) => fill(surface, *ink, &[(left, top, *length, *weight)]),
    }
}

fn fill(surface: &mut Surface<'_>, [red, green, blue]: Ink, rectangles: &[(f32, f32, f32, f32)]) {
    let mut path = PathBuilder::new();
    for &(left, top, width, height) in rectangles {
        if let Some(rectangle) = Rect::from_xywh(left, top, width, height) {
            path.push_rect(rectangle);
        }
    }
    let Some(path) = path.finish() else { return };
    let paint = rgb::Color::new(red, green, blue).into();
    surface.set_fill(Some(Fill { paint, rule: FillRule::NonZero, ..Fill::default() }));
    surface.draw_path(&path);
}

fn qr(surface: &mut Surface<'_>, symbol: &QrSymbol, left: f32, top: f32, side: f32) {
    let modules = symbol.side();
    let module = side / modules as f32;
    let mut dark = Vec::new();
    for y in 0..modules {
        let mut x = 0;
        while x < modules {
            let run = (x..modules).take_while(|&x| symbol.is_dark(x, y)).count() as i32;
            if run > 0 {
                dark.push((left + x as f32 * module, top + y as f32 * module, run as f32 * module, module));
            }
            x += run + 1;
        }
    }
    fill(surface, [0, 0, 0], &dark);
}

fn foot(
    setter: &mut Setter,
    surface: &mut Surface<'_>,
    document: &Document,
    paper: Paper,
    (page, pages): (usize, usize),
) {
    let (width, height) = paper.points();
    let style = Style { size: 7.5, leading: 1.35, strong: false, ink: GREY };
    let number = setter.set(&[format!("{page} / {pages}").as_str().into()], style, None, BaseDirection::Ltr);
    let direction = if document.is_right_to_left() { BaseDirection::Rtl } else { BaseDirection::Ltr };
    let wide = width - 2.0 * MARGIN - number.width() - 16.0;
    let words = setter.set(&document.foot, style, Some(wide), direction);
    let top = height - MARGIN_BELOW + 14.0;
    let _ = surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    let mut below = top;
    for line in 0..words.count().min(4) {
        setter.draw(surface, &words, line, MARGIN, below);
        below += words.line_height(line);
    }
    setter.draw(surface, &number, 0, width - MARGIN - number.width(), top);
    surface.end_tagged();
}

fn image(logo: &Logo) -> Result<Image, PaperFault> {
    let data = logo.bytes.clone().into();
    let image = match logo.format {
        LogoFormat::Png => Image::from_png(data, true),
        LogoFormat::Jpeg => Image::from_jpeg(data, true),
    };
    image.map_err(|_| PaperFault::Logo)
}

fn headings(document: &Document) -> impl Iterator<Item = (usize, u16, String)> {
    let mut deepest = 0;
    document.blocks.iter().enumerate().filter_map(move |(number, block)| match block {
        Block::Heading { level, text } => {
            // A level is never left out: readers step through them.
            let level = u16::from(*level).clamp(1, deepest + 1);
            deepest = level;
            Some((number, level, text.iter().map(|span| span.words.as_str()).collect()))
        }
        _ => None,
    })
}

fn outline(document: &Document, drawn: &Drawn) -> Outline {
    let mut outline = Outline::new();
    for (number, _, words) in headings(document) {
        let (page, top) = drawn.begins.get(&number).copied().unwrap_or((0, MARGIN));
        outline.push_child(OutlineNode::new(words, XyzDestination::new(page, Point::from_xy(MARGIN, top))));
    }
    outline
}

fn tags(document: &Document, drawn: &mut Drawn) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(document.language.clone()));
    for (slot, vendor) in [(0, None), (1, None), (2, Some(&document.letterhead.vendor))] {
        let slot = Slot::Letterhead(slot);
        let Some(content) = drawn.content.remove(&slot) else { continue };
        tree.push(match vendor {
            None => group(Tag::P, content),
            Some(vendor) => figure(vendor, drawn.figures.get(&slot).copied(), content),
        });
    }
    let levels: BTreeMap<usize, (u16, String)> =
        headings(document).map(|(number, level, words)| (number, (level, words))).collect();
    for (number, block) in document.blocks.iter().enumerate() {
        let mut take = |item, cell| drawn.content.remove(&Slot::Block(number, item, cell)).unwrap_or_default();
        match block {
            Block::Heading { .. } => {
                let Some((level, words)) = levels.get(&number) else { continue };
                let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
                tree.push(group(Tag::Hn(level, Some(words.clone())), take(0, 0)));
            }
            Block::Paragraph(_) => tree.push(group(Tag::P, take(0, 0))),
            Block::List { numbered, items } => {
                let numbering = if *numbered { ListNumbering::Decimal } else { ListNumbering::Disc };
                let mut list = TagGroup::new(Tag::L(numbering));
                for item in 0..items.len() {
                    let mut entry = TagGroup::new(Tag::LI);
                    entry.push(group(Tag::Lbl, take(item, 0)));
                    entry.push(group(Tag::LBody, take(item, 1)));
                    list.push(entry);
                }
                tree.push(list);
            }
            Block::Table { head, lines } => {
                let mut table = TagGroup::new(Tag::Table);
                if !head.is_empty() {
                    let mut line = TagGroup::new(Tag::TR);
                    for column in 0..head.len() {
                        line.push(group(Tag::TH(TableHeaderScope::Column), take(0, column)));
                    }
                    table.push(line);
                }
                for (number, cells) in lines.iter().enumerate() {
                    let mut line = TagGroup::new(Tag::TR);
                    for column in 0..cells.len() {
                        let content = take(number + 1, column);
                        line.push(match (head.is_empty(), column) {
                            (true, 0) => group(Tag::TH(TableHeaderScope::Row), content),
                            _ => group(Tag::TD, content),
                        });
                    }
                    table.push(line);
                }
                tree.push(table);
            }
            Block::Rows(rows) => {
                for row in 0..rows.len() {
                    tree.push(group(Tag::P, take(row, 0)));
                }
            }
            Block::Qr { alternative, .. } => {
                let content = take(0, 0);
                let place = drawn.figures.get(&Slot::Block(number, 0, 0)).copied();
                tree.push(figure(alternative, place, content));
            }
            Block::Rule | Block::NewPage => {}
        }
    }
    tree
}

fn group(tag: impl Into<krilla::tagging::TagKind>, content: Vec<Identifier>) -> TagGroup {
    TagGroup::with_children(tag, content.into_iter().map(Node::Leaf).collect())
}

fn figure(alternative: &str, place: Option<BBox>, content: Vec<Identifier>) -> TagGroup {
    group(Tag::Figure(Some(alternative.to_owned())).with_bbox(place), content)
}
