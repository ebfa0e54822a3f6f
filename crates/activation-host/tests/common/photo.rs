//! A camera: what a printed QR code looks like in a picture.

#![allow(dead_code, reason = "each test uses some of it")]

use qrcodegen::{QrCode, QrCodeEcc, QrSegment};
use std::io::Cursor;

/// A picture in shades of grey.
#[derive(Clone)]
pub struct Photo {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

impl Photo {
    pub fn blank(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; width * height] }
    }

    /// A QR code of a text, level M, with its quiet zone.
    pub fn of_text(text: &str, scale: usize) -> Self {
        let symbol = QrCode::encode_segments(&QrSegment::make_segments(text), QrCodeEcc::Medium).unwrap();
        let side = (symbol.size() + 8) as usize * scale;
        let module = |at: usize| (at / scale) as i32 - 4;
        let mut photo = Self::blank(side, side);
        for (i, pixel) in photo.pixels.iter_mut().enumerate() {
            if symbol.get_module(module(i % side), module(i / side)) {
                *pixel = 0;
            }
        }
        photo
    }

    /// A picture of one bit or one byte per pixel, as the desk makes them.
    pub fn from_png(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Grayscale);
        Self { width: info.width as usize, height: info.height as usize, pixels }
    }

    /// The shade at a place between the pixels; paper beyond the edge.
    fn at(&self, x: f64, y: f64) -> f64 {
        let pixel = |x: f64, y: f64| {
            let inside = x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64;
            if inside { f64::from(self.pixels[y as usize * self.width + x as usize]) } else { 255.0 }
        };
        let (left, top) = (x.floor(), y.floor());
        let (u, v) = (x - left, y - top);
        pixel(left, top) * (1.0 - u) * (1.0 - v)
            + pixel(left + 1.0, top) * u * (1.0 - v)
            + pixel(left, top + 1.0) * (1.0 - u) * v
            + pixel(left + 1.0, top + 1.0) * u * v
    }

    /// Turned about its middle, on paper large enough for it.
    pub fn rotated(&self, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (w, h) = (self.width as f64, self.height as f64);
        let mut turned = Self::blank(
            (w * cos.abs() + h * sin.abs()).ceil() as usize,
            (w * sin.abs() + h * cos.abs()).ceil() as usize,
        );
        let (middle_x, middle_y) = ((turned.width - 1) as f64 / 2.0, (turned.height - 1) as f64 / 2.0);
        for (i, pixel) in turned.pixels.iter_mut().enumerate() {
            let (x, y) = ((i % turned.width) as f64 - middle_x, (i / turned.width) as f64 - middle_y);
            *pixel = self.at(x * cos + y * sin + (w - 1.0) / 2.0, y * cos - x * sin + (h - 1.0) / 2.0).round() as u8;
        }
        turned
    }

    /// Smaller or larger, by any factor.
    pub fn resized(&self, factor: f64) -> Self {
        let size = |side: usize| (side as f64 * factor).round() as usize;
        let mut resized = Self::blank(size(self.width), size(self.height));
        let steps = (1.0 / factor).ceil().max(1.0) as usize;
        for (i, pixel) in resized.pixels.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (u, v) in (0..steps).flat_map(|u| (0..steps).map(move |v| (u, v))) {
                let place = |at: usize, part: usize| (at as f64 + (part as f64 + 0.5) / steps as f64) / factor - 0.5;
                sum += self.at(place(i % resized.width, u), place(i / resized.width, v));
            }
            *pixel = (sum / (steps * steps) as f64).round() as u8;
        }
        resized
    }

    /// From a camera held at a slant: the upper edge is shorter by this part.
    pub fn slanted(&self, part: f64) -> Self {
        let mut slanted = self.clone();
        for (i, pixel) in slanted.pixels.iter_mut().enumerate() {
            let (x, y) = ((i % self.width) as f64, (i / self.width) as f64);
            let nearness = 1.0 - part * (1.0 - y / self.height as f64);
            let middle = self.width as f64 / 2.0;
            *pixel = self.at(middle + (x - middle) / nearness, y / nearness).round() as u8;
        }
        slanted
    }

    /// Out of focus: three means over squares of this radius, which is nearly Gaussian.
    pub fn blurred(&self, radius: usize) -> Self {
        let mut blurred = self.clone();
        for _ in 0..3 {
            blurred = blurred.mean_of_rows(radius).transposed().mean_of_rows(radius).transposed();
        }
        blurred
    }

    fn mean_of_rows(&self, radius: usize) -> Self {
        let mut mean = self.clone();
        for (row, out) in self.pixels.chunks(self.width).zip(mean.pixels.chunks_mut(self.width)) {
            for (x, pixel) in out.iter_mut().enumerate() {
                let near = &row[x.saturating_sub(radius)..(x + radius + 1).min(self.width)];
                *pixel = (near.iter().map(|&p| u32::from(p)).sum::<u32>() / near.len() as u32) as u8;
            }
        }
        mean
    }

    fn transposed(&self) -> Self {
        let mut turned = Self::blank(self.height, self.width);
        for (i, &pixel) in self.pixels.iter().enumerate() {
            turned.pixels[(i % self.width) * self.height + i / self.width] = pixel;
        }
        turned
    }

    /// Paper in bad light: darker to one side, with less contrast, and with noise of this strength.
    pub fn in_bad_light(&self, noise: i32) -> Self {
        let mut dim = self.clone();
        let mut chance = 0x2545_F491u32;
        for (i, pixel) in dim.pixels.iter_mut().enumerate() {
            chance ^= chance << 13;
            chance ^= chance >> 17;
            chance ^= chance << 5;
            let light = 90 + 110 * (i % self.width) / self.width;
            let shade = 30 + (usize::from(*pixel) * light / 255) as i32;
            *pixel = (shade + (chance >> 16) as i32 % (2 * noise + 1) - noise).clamp(0, 255) as u8;
        }
        dim
    }

    /// Laid on a larger sheet of this shade.
    pub fn on_sheet(&self, width: usize, height: usize, left: usize, top: usize) -> Self {
        let mut sheet = Self::blank(width, height);
        sheet.lay(self, left, top);
        sheet
    }

    pub fn lay(&mut self, other: &Self, left: usize, top: usize) {
        for (y, row) in other.pixels.chunks(other.width).enumerate() {
            let start = (top + y) * self.width + left;
            self.pixels[start..start + other.width].copy_from_slice(row);
        }
    }

    pub fn inverted(&self) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| 255 - pixel).collect(), ..*self }
    }

    pub fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&self.pixels).unwrap();
        file
    }

    pub fn jpeg(&self, quality: u8) -> Vec<u8> {
        let mut file = Vec::new();
        let (width, height) = (self.width as u16, self.height as u16);
        jpeg_encoder::Encoder::new(&mut file, quality)
            .encode(&self.pixels, width, height, jpeg_encoder::ColorType::Luma)
            .unwrap();
        file
    }
}
