//! A code as a QR symbol (ISO/IEC 18004): on a terminal, as PNG, as SVG.

use activation_code::ActivationCode;
use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};
use std::fmt;

/// Modules that stay light on every side (ISO/IEC 18004, 6.3.8).
const QUIET_ZONE: i32 = 4;

/// Pixels per module. At the resolution below a module is 0.85 mm wide, twice what a phone needs.
const SCALE: u32 = 10;

/// 300 dots per inch, in pixels per metre, for programs that print a picture in its own size.
const PIXELS_PER_METRE: u32 = 11_811;

/// What a symbol is shown on as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A terminal that knows colours: black on white, whatever its own are.
    Colours,
    /// Dark ink on light paper: a file, a printer, a terminal without colours.
    Paper,
}

/// A QR symbol that holds exactly a code's [`transport`](ActivationCode::transport) text: alphanumeric
/// mode, level M, the smallest version that has room.
#[derive(Clone, PartialEq, Eq)]
pub struct QrSymbol(QrCode);

impl fmt::Debug for QrSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QrSymbol(version {})", self.version())
    }
}

impl QrSymbol {
    /// Of any code.
    pub fn of(code: &ActivationCode) -> Self {
        // One segment of one mode. The generator's own choice is by the text, and so one character
        // that it does not expect would silently make a larger symbol.
        let segment = QrSegment::make_alphanumeric(&code.transport());
        let symbol = QrCode::encode_segments_advanced(
            &[segment],
            QrCodeEcc::Medium,
            Version::MIN,
            Version::MAX,
            None,
            // A higher level where there happens to be room would make the level depend on the length.
            false,
        );
        Self(symbol.expect("the longest code has 378 characters, and a symbol has room for 3391"))
    }

    /// Its version, 1 to 40: it has 17 modules and four for each version on a side.
    pub fn version(&self) -> u8 {
        self.0.version().value()
    }

    /// Modules on a side, with the quiet zone.
    pub fn side(&self) -> i32 {
        self.0.size() + 2 * QUIET_ZONE
    }

    /// Whether a module is dark. The quiet zone and all beyond it are light.
    pub fn is_dark(&self, x: i32, y: i32) -> bool {
        // `get_module` says that what is outside of the symbol is light.
        self.0.get_module(x - QUIET_ZONE, y - QUIET_ZONE)
    }

    /// As lines of half blocks, two modules each.
    pub fn text(&self, surface: Surface) -> String {
        // Colours 16 and 231 are black and white in every theme; 0 to 15 are what the theme likes.
        let (start, end) = match surface {
            Surface::Colours => ("\x1b[38;5;16;48;5;231m", "\x1b[0m"),
            Surface::Paper => ("", ""),
        };
        let mut text = String::new();
        for y in (0..self.side()).step_by(2) {
            let mut line = String::new();
            for x in 0..self.side() {
                line.push(match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            let line = if surface == Surface::Paper { line.trim_end() } else { &line };
            text.push_str(&format!("{start}{line}{end}\n"));
        }
        text
    }

    /// As a picture in PNG, one bit per pixel, black on white.
    pub fn png(&self) -> Vec<u8> {
        let side = self.side() as u32 * SCALE;
        let mut rows = Vec::new();
        for y in 0..self.side() {
            let mut row = vec![0u8; side.div_ceil(8) as usize];
            for pixel in (0..side).filter(|pixel| !self.is_dark((pixel / SCALE) as i32, y)) {
                row[pixel as usize / 8] |= 0x80 >> (pixel % 8);
            }
            rows.extend(std::iter::repeat_n(row, SCALE as usize).flatten());
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side, side);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: PIXELS_PER_METRE,
            yppu: PIXELS_PER_METRE,
            unit: png::Unit::Meter,
        }));
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rows));
        written.expect("memory takes all bytes, and the rows have the announced size");
        file
    }

    /// As a drawing in SVG, black on white, as large as the PNG.
    pub fn svg(&self) -> String {
        let side = self.side();
        let millimetres = f64::from(side) * f64::from(SCALE) * 1000.0 / f64::from(PIXELS_PER_METRE);
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|&x| self.is_dark(x, y)).count() as i32;
                if run > 0 {
                    path.push_str(&format!("M{x} {y}h{run}v1h-{run}z"));
                }
                x += run + 1;
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{millimetres:.1}mm\" height=\"{millimetres:.1}mm\" \
             viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\n\
             <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\n\
             <path d=\"{path}\" fill=\"#000\"/>\n\
             </svg>\n"
        )
    }
}
