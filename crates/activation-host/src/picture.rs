//! Photos and scans of a QR code: PNG and JPEG, told apart by their content.

use png::{ColorType, Transformations};
use rqrr::PreparedImage;
use std::collections::BTreeSet;
use std::fmt;
use std::io::Cursor;
use std::panic::catch_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Longest picture file, in bytes: a photo of 50 million pixels has 15 MB, a page scanned
/// at 600 dots per inch less.
pub const LONGEST: u64 = 20 * 1024 * 1024;

/// Most pixels: a phone's largest usual photo is 8160 × 6120. Decoding takes 350 MB at most
/// (a progressive JPEG in full colour, measured), whatever a small file announces.
pub const MOST_PIXELS: u64 = 50_000_000;

/// Longest time for one picture. A photo takes a second; 4 KB of PNG with 900 of the squares
/// that QR codes have in their corners keep the search busy for longer than anybody waits.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The name of the thread that searches. What panics in it is answered by [`PictureFault`]s,
/// and a program's panic hook need not say more.
pub const THREAD: &str = "picture";

/// What a file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing that is known here: to be read as text.
    Text,
    /// A picture that is read here.
    Picture(Format),
    /// Something else that people have in the place of a picture, by name.
    Foreign(&'static str),
}

/// A format of pictures that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl Format {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
        }
    }
}

impl Content {
    /// Of a file, by its first bytes; a dozen are enough.
    pub fn of(head: &[u8]) -> Self {
        match head {
            // The rest of the PNG signature shows a transfer that changed line ends; the decoder says so.
            [0x89, b'P', b'N', b'G', ..] => Self::Picture(Format::Png),
            [0xFF, 0xD8, 0xFF, ..] => Self::Picture(Format::Jpeg),
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Foreign("PDF"),
            [b'G', b'I', b'F', b'8', ..] => Self::Foreign("GIF"),
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Self::Foreign("TIFF"),
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Self::Foreign("BMP"),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Foreign("WebP"),
            [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => Self::Foreign("AVIF"),
            // What phones call heic, heix, mif1, msf1 and so on.
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::Foreign("HEIC"),
            [b'<', b's', b'v', b'g', ..] => Self::Foreign("SVG"),
            _ => Self::Text,
        }
    }
}

/// Why a picture gives no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFault {
    /// Of a format that is not read here, by name.
    Foreign(&'static str),
    /// A file of more than [`LONGEST`] bytes.
    TooLong,
    /// More than [`MOST_PIXELS`].
    TooLarge {
        /// In pixels.
        width: u64,
        /// In pixels.
        height: u64,
    },
    /// Damaged, cut off, or of a rare kind.
    Damaged(Format),
    /// No QR code to be seen.
    NoCode,
    /// A QR code is seen and cannot be read.
    Unreadable,
    /// QR codes, and none is an activation code.
    OtherCode,
    /// Different activation codes; none is preferred.
    Several(usize),
    /// No answer within [`PATIENCE`].
    TooSlow,
    /// The search broke down.
    Failed,
}

impl fmt::Display for PictureFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(name) => write!(f, "this is a {name} file, wanted a PNG or JPEG picture, or text"),
            Self::TooLong => write!(f, "the picture's file has more than {} MiB", LONGEST / 1024 / 1024),
            Self::TooLarge { width, height } => write!(
                f,
                "the picture has {width} x {height} pixels, wanted at most {} million",
                MOST_PIXELS / 1_000_000
            ),
            Self::Damaged(format) => {
                write!(f, "the {} picture is damaged, cut off, or of a rare kind", format.name())
            }
            Self::NoCode => f.write_str("the picture shows no QR code"),
            Self::Unreadable => f.write_str("the picture shows a QR code, and it is too blurred or damaged to be read"),
            Self::OtherCode => f.write_str("the QR code in the picture is no activation code"),
            Self::Several(found) => write!(f, "the picture shows {found} different activation codes, wanted one"),
            Self::TooSlow => write!(f, "no QR code was found within {} seconds", PATIENCE.as_secs()),
            Self::Failed => f.write_str("the search for a QR code broke down"),
        }
    }
}

impl std::error::Error for PictureFault {}

/// The text of the activation code that a picture shows.
///
/// # Errors
/// Why there is none, or not exactly one.
pub fn read(file: Vec<u8>) -> Result<String, PictureFault> {
    read_within(file, PATIENCE)
}

fn read_within(file: Vec<u8>, patience: Duration) -> Result<String, PictureFault> {
    let format = match Content::of(&file) {
        Content::Picture(format) => format,
        Content::Foreign(name) => return Err(PictureFault::Foreign(name)),
        Content::Text => return Err(PictureFault::NoCode),
    };
    if file.len() as u64 > LONGEST {
        return Err(PictureFault::TooLong);
    }
    // A thread of its own, because neither decoder can be told to stop. What is left of it
    // ends with the program.
    let (answer, wait) = channel();
    let work = move || {
        let found = decode(&file, format).and_then(|picture| search(&picture));
        // After its patience nobody waits any more.
        let _ = answer.send(found);
    };
    let worker = thread::Builder::new().name(THREAD.into()).spawn(work).map_err(|_| PictureFault::Failed)?;
    let found = match wait.recv_timeout(patience) {
        Ok(found) => found,
        Err(RecvTimeoutError::Timeout) => return Err(PictureFault::TooSlow),
        Err(RecvTimeoutError::Disconnected) => Err(PictureFault::Failed),
    };
    // It has done its work. Who gets the answer may end the program, or look for leaks.
    let _ = worker.join();
    found
}

/// A picture in shades of grey, 0 black to 255 white, row by row.
struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

fn decode(file: &[u8], format: Format) -> Result<Grey, PictureFault> {
    let picture = match format {
        Format::Png => decode_png(file)?,
        Format::Jpeg => decode_jpeg(file)?,
    };
    if picture.pixels.is_empty() || picture.pixels.len() != picture.width * picture.height {
        return Err(PictureFault::Damaged(format));
    }
    Ok(picture)
}

/// Looks at what a header announces before any memory is taken for it.
fn limit(width: u64, height: u64) -> Result<(usize, usize), PictureFault> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= MOST_PIXELS => Ok((width as usize, height as usize)),
        _ => Err(PictureFault::TooLarge { width, height }),
    }
}

fn decode_png(file: &[u8]) -> Result<Grey, PictureFault> {
    let damaged = PictureFault::Damaged(Format::Png);
    let mut decoder = png::Decoder::new(Cursor::new(file));
    // Compressed remarks and colour profiles are of no use here, and some are bombs.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let (width, height) = decoder.read_header_info().map_err(|_| damaged)?.size();
    let (width, height) = limit(width.into(), height.into())?;
    let mut reader = decoder.read_info().map_err(|_| damaged)?;
    let mut samples = vec![0; reader.output_buffer_size().ok_or(damaged)?];
    reader.next_frame(&mut samples).map_err(|_| damaged)?;
    let over_white = |grey: u8, alpha: u8| {
        let (grey, alpha) = (u32::from(grey), u32::from(alpha));
        ((grey * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    let luma = |r: u8, g: u8, b: u8| ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000) as u8;
    let pixels = match reader.output_color_type().0 {
        ColorType::Grayscale => samples,
        ColorType::GrayscaleAlpha => samples.as_chunks().0.iter().map(|&[grey, a]| over_white(grey, a)).collect(),
        ColorType::Rgb => samples.as_chunks().0.iter().map(|&[r, g, b]| luma(r, g, b)).collect(),
        ColorType::Rgba => samples.as_chunks().0.iter().map(|&[r, g, b, a]| over_white(luma(r, g, b), a)).collect(),
        ColorType::Indexed => return Err(damaged),
    };
    Ok(Grey { width, height, pixels })
}

fn decode_jpeg(file: &[u8]) -> Result<Grey, PictureFault> {
    let damaged = PictureFault::Damaged(Format::Jpeg);
    let options = DecoderOptions::new_safe()
        .jpeg_set_out_colorspace(ColorSpace::Luma)
        // What JPEG itself allows; the number of pixels is limited below.
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        // Half a photo may show the whole code.
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(|_| damaged)?;
    let announced = decoder.info().ok_or(damaged)?;
    let (width, height) = limit(announced.width.into(), announced.height.into())?;
    let pixels = decoder.decode().map_err(|_| damaged)?;
    Ok(Grey { width, height, pixels })
}

impl Grey {
    fn longer_side(&self) -> usize {
        self.width.max(self.height)
    }

    /// Smaller by a whole factor: each pixel is the mean of a square, which takes noise away too.
    fn reduced(&self, factor: usize) -> Self {
        let (width, height) = (self.width / factor, self.height / factor);
        let mut pixels = Vec::with_capacity(width * height);
        let mut sums = vec![0u32; width];
        for rows in self.pixels.chunks_exact(self.width * factor).take(height) {
            sums.fill(0);
            for row in rows.chunks_exact(self.width) {
                for (sum, square) in sums.iter_mut().zip(row.chunks_exact(factor)) {
                    *sum += square.iter().map(|&pixel| u32::from(pixel)).sum::<u32>();
                }
            }
            pixels.extend(sums.iter().map(|sum| (sum / (factor * factor) as u32) as u8));
        }
        Self { width, height, pixels }
    }

    /// Twice as large, with means between the pixels.
    fn doubled(&self) -> Self {
        let at =
            |x: usize, y: usize| u32::from(self.pixels[y.min(self.height - 1) * self.width + x.min(self.width - 1)]);
        let (width, height) = (2 * self.width, 2 * self.height);
        let pixel = |x: usize, y: usize| {
            let (left, top) = (x / 2, y / 2);
            let (right, bottom) = (left + x % 2, top + y % 2);
            ((at(left, top) + at(right, top) + at(left, bottom) + at(right, bottom)) / 4) as u8
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
        Self { width, height, pixels }
    }

    fn inverted(&self) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| 255 - pixel).collect(), ..*self }
    }

    /// Black where a spot is darker than the wide square around it by a margin, else white.
    ///
    /// rqrr's own threshold is 95 % of the mean nearby, so in dim light the grain of empty paper
    /// becomes black dots, and dots in a corner's square hide it.
    fn in_black_and_white(&self, Threshold { spot, margin }: Threshold) -> Self {
        let sums = self.sums();
        let mean = |x: usize, y: usize, radius: usize| {
            let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(self.width));
            let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(self.height));
            let at = |x: usize, y: usize| sums[y * (self.width + 1) + x];
            // Modulo 2^32, and right: the sum over any square that is asked for is smaller.
            let sum = at(right, bottom).wrapping_sub(at(left, bottom)).wrapping_sub(at(right, top));
            sum.wrapping_add(at(left, top)) / ((right - left) * (bottom - top)) as u32
        };
        let mut shades = [0usize; 256];
        self.pixels.iter().for_each(|&pixel| shades[usize::from(pixel)] += 1);
        let brighter_than = |share: usize| {
            let mut left = self.pixels.len() * share / 100;
            shades.iter().position(|&count| left.checked_sub(count).map(|rest| left = rest).is_none()).unwrap_or(255)
        };
        let margin = (brighter_than(95) - brighter_than(5)) as u32 * margin / 100;
        let wide = self.longer_side() / 16 + 1;
        let places = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        let shade = |(x, y)| if mean(x, y, spot) + margin < mean(x, y, wide) { 0 } else { 255 };
        Self { pixels: places.map(shade).collect(), ..*self }
    }

    /// At (x, y) the sum of all pixels above and left of it, modulo 2^32; one wider and higher than the picture.
    fn sums(&self) -> Vec<u32> {
        let mut sums = vec![0u32; (self.width + 1) * (self.height + 1)];
        for (y, row) in self.pixels.chunks_exact(self.width).enumerate() {
            let mut sum = 0u32;
            for (x, &pixel) in row.iter().enumerate() {
                sum = sum.wrapping_add(pixel.into());
                sums[(y + 1) * (self.width + 1) + x + 1] = sums[y * (self.width + 1) + x + 1].wrapping_add(sum);
            }
        }
        sums
    }
}

/// Sizes to look at, by the longer side in pixels: a usual photo first, then one in which the
/// code is small, then one that is noisy or blurred. Above 4096 pixels rqrr's arithmetic in
/// 32 bits overflows.
const SIZES: [usize; 4] = [1600, 4096, 800, 400];

/// Small pictures are looked at enlarged too: a module of one or two pixels is not found.
const SMALL: usize = 800;

/// What counts as black.
#[derive(Clone, Copy)]
struct Threshold {
    /// How far a spot reaches from its middle, in pixels: noise is averaged away, and fine modules too.
    spot: usize,
    /// In hundredths of the picture's contrast: noise does not reach it, and what is blurred does not either.
    margin: u32,
}

/// Each reads what the others do not: noise, noise with blur, blur. Of 576 synthetic photos (noise,
/// blur, slant, 2 to 17 pixels a module) rqrr's own threshold and these read 370, zbar 328.
const THRESHOLDS: [Threshold; 3] =
    [Threshold { spot: 1, margin: 10 }, Threshold { spot: 1, margin: 3 }, Threshold { spot: 0, margin: 3 }];

/// What was seen so far.
#[derive(Default)]
struct Seen {
    /// The texts of activation codes.
    codes: BTreeSet<String>,
    /// A QR code of something else.
    other: bool,
    /// How many QR codes could not be read, where it was the fewest.
    unreadable: Option<usize>,
}

fn search(picture: &Grey) -> Result<String, PictureFault> {
    let mut seen = Seen::default();
    // A strip stays at least one pixel wide.
    let narrowest = picture.width.min(picture.height);
    let factors = SIZES.map(|size| picture.longer_side().div_ceil(size).min(narrowest));
    let mut looked = Vec::new();
    for factor in factors {
        if looked.contains(&factor) {
            continue;
        }
        looked.push(factor);
        let view = picture.reduced(factor);
        if look_hard(&view, &mut seen) {
            break;
        }
    }
    if seen.codes.is_empty() && picture.longer_side() <= SMALL {
        look_hard(&picture.doubled(), &mut seen);
    }
    if seen.codes.is_empty() {
        // Light on dark: a terminal's picture.
        look(&picture.reduced(factors[0]).inverted(), &mut seen);
    }
    match seen.codes.len() {
        1 => Ok(seen.codes.pop_first().unwrap_or_default()),
        0 if seen.unreadable > Some(0) => Err(PictureFault::Unreadable),
        0 if seen.other => Err(PictureFault::OtherCode),
        0 => Err(PictureFault::NoCode),
        several => Err(PictureFault::Several(several)),
    }
}

/// Looks with every threshold until it is enough, and says whether it is.
fn look_hard(view: &Grey, seen: &mut Seen) -> bool {
    look(view, seen) || THRESHOLDS.into_iter().any(|threshold| look(&view.in_black_and_white(threshold), seen))
}

/// Looks for QR codes, and says whether that is enough: an activation code, and nothing that could not be read.
fn look(view: &Grey, seen: &mut Seen) -> bool {
    // rqrr 0.11 has assertions that a distorted square may break, and answers with a panic.
    let texts = catch_unwind(|| {
        let mut image =
            PreparedImage::prepare_from_greyscale(view.width, view.height, |x, y| view.pixels[y * view.width + x]);
        image.detect_grids().iter().map(|grid| grid.decode().ok().map(|(_, text)| text)).collect::<Vec<_>>()
    });
    let Ok(texts) = texts else { return false };
    let unreadable = texts.iter().filter(|text| text.is_none()).count();
    if !texts.is_empty() {
        seen.unreadable = Some(seen.unreadable.map_or(unreadable, |fewest| fewest.min(unreadable)));
    }
    for text in texts.into_iter().flatten() {
        if text.starts_with(activation_code::TRANSPORT_PREFIX) {
            seen.codes.insert(text);
        } else {
            seen.other = true;
        }
    }
    unreadable == 0 && !seen.codes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 900 squares like those in a QR code's corners.
    fn squares() -> Vec<u8> {
        const SIDE: u32 = 30 * 8;
        let ring = |place: u32| (place % 8).min(6 - (place % 8).min(6));
        let dark = |x: u32, y: u32| x % 8 < 7 && y % 8 < 7 && ring(x).min(ring(y)) != 1;
        let pixels: Vec<u8> =
            (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| if dark(x, y) { 0 } else { 255 })).collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
        encoder.set_color(ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        file
    }

    fn grey(width: usize, pixels: &[u8]) -> Grey {
        Grey { width, height: pixels.len() / width, pixels: pixels.to_vec() }
    }

    /// Shades without a pattern.
    fn mottled(width: usize, height: usize) -> Grey {
        let shade = |i: usize| (i * i * 7919 + i * 104_729) as u32 >> 5;
        Grey { width, height, pixels: (0..width * height).map(|i| shade(i) as u8).collect() }
    }

    #[test]
    fn a_smaller_picture_has_the_means_of_squares() {
        let [a, b, c, d] = [[10, 20, 60, 70, 1], [30, 40, 80, 90, 2], [250, 255, 0, 3, 3], [255, 254, 2, 0, 4]];
        let smaller = grey(5, &[a, b, c, d].concat()).reduced(2);
        assert_eq!((smaller.width, smaller.height, smaller.pixels), (2, 2, vec![25, 75, 253, 1]));
        // What does not fill a square any more is left out.
        let smaller = grey(5, &[a, b, c, d].concat()).reduced(3);
        assert_eq!((smaller.width, smaller.height), (1, 1));
        assert_eq!(smaller.pixels, [((10 + 20 + 60 + 30 + 40 + 80 + 250 + 255) / 9) as u8]);
    }

    #[test]
    fn a_larger_picture_has_means_between_the_pixels() {
        let larger = grey(3, &[0, 100, 50, 200, 40, 80, 8, 8, 8]).doubled();
        assert_eq!((larger.width, larger.height), (6, 6));
        let rows: Vec<_> = larger.pixels.chunks(6).collect();
        assert_eq!(rows[0], [0, 50, 100, 75, 50, 50]);
        assert_eq!(rows[1], [100, 85, 70, 67, 65, 65]);
        assert_eq!(rows[2], [200, 120, 40, 60, 80, 80]);
        assert_eq!(rows[3], [104, 64, 24, 34, 44, 44]);
        assert_eq!(rows[4], [8; 6]);
        assert_eq!(rows[5], [8; 6]);
    }

    /// As it is defined, pixel by pixel.
    fn black_and_white(picture: &Grey, threshold: Threshold) -> Vec<u8> {
        let mut shades = picture.pixels.clone();
        shades.sort_unstable();
        let brighter_than = |share: usize| u32::from(shades[shades.len() * share / 100]);
        let margin = (brighter_than(95) - brighter_than(5)) * threshold.margin / 100;
        let mean = |x: usize, y: usize, radius: usize| {
            let square: Vec<u32> = (y.saturating_sub(radius)..=(y + radius).min(picture.height - 1))
                .flat_map(|y| (x.saturating_sub(radius)..=(x + radius).min(picture.width - 1)).map(move |x| (x, y)))
                .map(|(x, y)| u32::from(picture.pixels[y * picture.width + x]))
                .collect();
            square.iter().sum::<u32>() / square.len() as u32
        };
        let wide = picture.longer_side() / 16 + 1;
        let shade = |(x, y)| mean(x, y, threshold.spot) + margin < mean(x, y, wide);
        let places = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
        places.map(|place| if shade(place) { 0 } else { 255 }).collect()
    }

    #[test]
    fn black_is_what_is_darker_than_the_square_around_it() {
        let pictures = [
            mottled(50, 33),
            mottled(33, 50),
            grey(40, &[200; 40 * 40]),
            Grey { pixels: mottled(64, 20).pixels.iter().map(|pixel| 100 + pixel / 8).collect(), ..mottled(64, 20) },
        ];
        for picture in pictures {
            for threshold in THRESHOLDS.into_iter().chain([Threshold { spot: 2, margin: 0 }]) {
                let found = picture.in_black_and_white(threshold);
                assert_eq!((found.width, found.height), (picture.width, picture.height));
                assert!(found.pixels == black_and_white(&picture, threshold), "{} {}", picture.width, threshold.margin);
            }
        }
    }

    fn png_of(colour: ColorType, samples: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, (samples.len() / colour.samples()) as u32, 1);
        encoder.set_color(colour);
        encoder.write_header().unwrap().write_image_data(samples).unwrap();
        file
    }

    #[test]
    fn colours_are_as_bright_as_people_see_them_and_what_is_transparent_lies_on_white() {
        let shades = |colour, samples: &[u8]| decode_png(&png_of(colour, samples)).unwrap().pixels;
        let rgb = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 200, 30]];
        assert_eq!(shades(ColorType::Rgb, &rgb.concat()), [76, 149, 29, 255, 123]);
        let rgba = [[255, 0, 0, 128], [0, 0, 0, 0], [0, 0, 0, 255], [40, 40, 40, 51]];
        assert_eq!(shades(ColorType::Rgba, &rgba.concat()), [165, 255, 0, 212]);
        let grey = [[0, 0], [0, 255], [100, 128], [200, 51]];
        assert_eq!(shades(ColorType::GrayscaleAlpha, &grey.concat()), [255, 0, 177, 244]);
        assert_eq!(shades(ColorType::Grayscale, &[0, 7, 255]), [0, 7, 255]);
    }

    #[test]
    fn the_longest_file_is_looked_at() {
        let mut file = png_of(ColorType::Grayscale, &[0; 64]);
        file.resize(LONGEST as usize, 0);
        assert_eq!(read(file), Err(PictureFault::NoCode));
    }

    /// With the patience of the program this would be the slowest test of all.
    #[test]
    fn a_search_that_takes_too_long_is_given_up() {
        let file = squares();
        assert!(file.len() < 4096, "{}", file.len());
        assert_eq!(read_within(file, Duration::from_millis(200)), Err(PictureFault::TooSlow));
        assert_eq!(PictureFault::TooSlow.to_string(), "no QR code was found within 20 seconds");
    }
}
