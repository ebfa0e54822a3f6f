//! Words into lines of glyphs.

use super::fonts;
use crate::documents::document::Span;
use krilla::color::rgb;
use krilla::geom::Point;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::style::{FontFamily, FontFamilyName, FontStyle, FontWeight, LineHeight, OverflowWrap, StyleProperty};
use parley::{Alignment, AlignmentOptions, BaseDirection, FontContext, Layout, LayoutContext};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A colour: red, green, blue.
pub type Ink = [u8; 3];

/// Black.
pub const BLACK: Ink = [0, 0, 0];

/// For what is not said first: 7 : 1 against white (WCAG 2.2, 1.4.6).
pub const GREY: Ink = [0x59, 0x59, 0x59];

/// How words look, but for what their spans say.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// In points.
    pub size: f32,
    /// From line to line, as a multiple of the size.
    pub leading: f32,
    /// Whether all of it is heavier.
    pub strong: bool,
    /// Its colour.
    pub ink: Ink,
}

/// Lines of glyphs, in a width.
pub struct Lines {
    text: String,
    layout: Layout<Ink>,
}

/// Sets words. It keeps its fonts from document to document.
pub struct Setter {
    fonts: FontContext,
    layout: LayoutContext<Ink>,
    /// By the number that a font's data has in this process.
    loaded: HashMap<(u64, u32), Font>,
}

impl Setter {
    /// With the fonts of the program, and no others: a document must not depend on the machine.
    pub fn new() -> Self {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        for file in fonts::FILES {
            collection.register_fonts(Blob::new(Arc::new(file)), None);
        }
        Self {
            fonts: FontContext { collection, source_cache: SourceCache::default() },
            layout: LayoutContext::new(),
            loaded: HashMap::new(),
        }
    }

    /// Sets words in lines no wider than `width`; `None`: as wide as they are.
    pub fn set(&mut self, words: &[Span], style: Style, width: Option<f32>, direction: BaseDirection) -> Lines {
        let text: String = words.iter().map(|span| span.words.as_str()).collect();
        let mut builder = self.layout.ranged_builder(&mut self.fonts, &text, 1.0, false);
        builder.set_base_direction(direction);
        builder.push_default(StyleProperty::Brush(style.ink));
        builder.push_default(StyleProperty::FontSize(style.size));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(style.leading)));
        builder.push_default(StyleProperty::FontFamily(family(&fonts::FAMILIES)));
        // A name of 200 letters without a space must not leave the page.
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        if style.strong {
            builder.push_default(StyleProperty::FontWeight(FontWeight::BOLD));
        }
        let mut start = 0;
        for span in words {
            let range = start..start + span.words.len();
            start = range.end;
            if range.is_empty() {
                continue;
            }
            if span.strong {
                builder.push(StyleProperty::FontWeight(FontWeight::BOLD), range.clone());
            }
            if span.emphasis {
                builder.push(StyleProperty::FontStyle(FontStyle::Italic), range.clone());
            }
            if span.monospace {
                let families: Vec<_> = std::iter::once(fonts::MONO).chain(fonts::FAMILIES).collect();
                builder.push(StyleProperty::FontFamily(family(&families)), range);
            }
        }
        let mut layout = builder.build(&text);
        layout.break_all_lines(width);
        let alignment = if direction == BaseDirection::Rtl { Alignment::Right } else { Alignment::Left };
        layout.align(if width.is_some() { alignment } else { Alignment::Left }, AlignmentOptions::default());
        Lines { text, layout }
    }

    fn font(&mut self, data: &parley::FontData) -> Font {
        let key = (data.data.id(), data.index);
        let load = || {
            let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(data.data.clone());
            Font::new(bytes.into(), data.index).expect("the layout has read this font")
        };
        self.loaded.entry(key).or_insert_with(load).clone()
    }

    /// Draws one of the lines with its top left corner at a place.
    pub fn draw(&mut self, surface: &mut Surface<'_>, lines: &Lines, number: usize, left: f32, top: f32) {
        let Some(line) = lines.layout.get(number) else { return };
        let metrics = *line.metrics();
        let baseline = top + metrics.baseline - metrics.block_min_coord;
        let mut x = left + metrics.offset;
        for run in line.runs() {
            let font = self.font(run.font());
            let size = run.font_size();
            let (mut begun, mut style, mut glyphs) = (x, None, Vec::new());
            for cluster in run.visual_clusters() {
                if cluster.is_hard_line_break() {
                    continue;
                }
                if cluster.is_ligature_continuation() {
                    if let Some(KrillaGlyph { text_range, .. }) = glyphs.last_mut() {
                        text_range.start = text_range.start.min(cluster.text_range().start);
                        text_range.end = text_range.end.max(cluster.text_range().end);
                    }
                    continue;
                }
                for glyph in cluster.glyphs() {
                    if style.is_some_and(|style| style != cluster.style_index()) {
                        lines.draw_glyphs(surface, (begun, baseline), &glyphs, &font, size, style);
                        glyphs.clear();
                        begun = x;
                    }
                    style = Some(cluster.style_index());
                    glyphs.push(KrillaGlyph::new(
                        GlyphId::new(glyph.id),
                        glyph.advance / size,
                        glyph.x / size,
                        glyph.y / size,
                        0.0,
                        cluster.text_range(),
                        None,
                    ));
                    x += glyph.advance;
                }
            }
            lines.draw_glyphs(surface, (begun, baseline), &glyphs, &font, size, style);
        }
    }
}

impl Lines {
    fn draw_glyphs(
        &self,
        surface: &mut Surface<'_>,
        (x, y): (f32, f32),
        glyphs: &[KrillaGlyph],
        font: &Font,
        size: f32,
        style: Option<u16>,
    ) {
        let Some(style) = style else { return };
        let [red, green, blue] = self.layout.styles()[usize::from(style)].brush;
        let paint = rgb::Color::new(red, green, blue).into();
        surface.set_fill(Some(Fill { paint, ..Fill::default() }));
        surface.draw_glyphs(Point::from_xy(x, y), glyphs, font.clone(), &self.text, size, false);
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.layout.len()
    }

    /// How high one of them is.
    pub fn line_height(&self, line: usize) -> f32 {
        self.layout.get(line).map_or(0.0, |line| line.metrics().line_height)
    }

    /// How wide the widest is.
    pub fn width(&self) -> f32 {
        self.layout.width()
    }

    /// Characters that no font has.
    pub fn missing(&self, missing: &mut BTreeSet<char>) {
        for line in self.layout.lines() {
            for run in line.runs() {
                for cluster in run.clusters().filter(|cluster| !cluster.is_hard_line_break()) {
                    if cluster.glyphs().any(|glyph| glyph.id == 0) {
                        let words = self.text.get(cluster.text_range()).unwrap_or_default();
                        missing.extend(words.chars().filter(|c| !c.is_control()));
                    }
                }
            }
        }
    }
}

fn family<'a>(names: &[&'a str]) -> FontFamily<'a> {
    FontFamily::List(Cow::Owned(names.iter().map(|name| FontFamilyName::Named(Cow::Borrowed(*name))).collect()))
}
