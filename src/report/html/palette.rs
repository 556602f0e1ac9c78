//! Pictures with a palette: a page holds each of them twice, and in 256 colours they take a third of the room.
//!
//! A picture has few colours that cover nearly all of it, and thousands where letters and lines are smoothed. The most
//! frequent stay as they are; the others are cut into boxes by the median of their longest side, weighted by how often
//! each occurs (P. Heckbert, Color image quantization for frame buffer display, 1982), and become their box's mean.

use std::collections::BTreeMap;
use std::io::Cursor;

type Colour = [u8; 3];

/// Colours of a palette, and how many of them are kept as they are.
const COLOURS: usize = 256;
const EXACT: usize = 96;

/// The same picture in fewer bytes, or as it is when it is none of ours or no smaller.
pub fn smaller(png: &[u8]) -> Vec<u8> {
    match indexed(png) {
        Some(small) if small.len() < png.len() => small,
        _ => png.to_vec(),
    }
}

fn indexed(png: &[u8]) -> Option<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut pixels).ok()?;
    let plain = (png::ColorType::Rgb, png::BitDepth::Eight);
    if (info.color_type, info.bit_depth) != plain {
        return None;
    }
    let (colours, _) = pixels.as_chunks::<3>();
    let (palette, places) = reduced(colours);
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, info.width, info.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&places).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

/// A palette, and the place in it of each pixel.
fn reduced(pixels: &[Colour]) -> (Vec<Colour>, Vec<u8>) {
    let runs = pixels.chunk_by(|a, b| a == b);
    let mut counts: BTreeMap<Colour, u64> = BTreeMap::new();
    for run in runs.clone() {
        *counts.entry(run[0]).or_default() += run.len() as u64;
    }
    let mut all: Vec<(Colour, u64)> = counts.into_iter().collect();
    // The most frequent first; of equals the darkest.
    all.sort_by_key(|(colour, n)| (std::cmp::Reverse(*n), *colour));
    let kept = if all.len() <= COLOURS {
        all.len()
    } else {
        EXACT
    };
    let mut palette: Vec<Colour> = all[..kept].iter().map(|(colour, _)| *colour).collect();
    let mut place: BTreeMap<Colour, u8> = BTreeMap::new();
    for (i, colour) in palette.iter().enumerate() {
        place.insert(*colour, i as u8);
    }
    for members in boxes(all.split_off(kept), COLOURS - kept) {
        let i = palette.len() as u8;
        palette.push(mean(&members));
        place.extend(members.iter().map(|(colour, _)| (*colour, i)));
    }
    let places = runs.flat_map(|run| std::iter::repeat_n(place[&run[0]], run.len()));
    (palette, places.collect())
}

/// Colours in at most so many boxes: the one that would be felt most is cut, again and again.
fn boxes(colours: Vec<(Colour, u64)>, most: usize) -> Vec<Vec<(Colour, u64)>> {
    let mut boxes = vec![colours];
    boxes.retain(|b| !b.is_empty());
    while boxes.len() < most {
        let felt = |b: &Vec<(Colour, u64)>| {
            let weight: u64 = b.iter().map(|(_, n)| n).sum();
            let side = u64::from(longest(b).1);
            side * side * weight.isqrt()
        };
        let Some(worst) = (0..boxes.len()).max_by_key(|i| felt(&boxes[*i])) else {
            break;
        };
        let (axis, side) = longest(&boxes[worst]);
        if side == 0 {
            break;
        }
        let mut cut = std::mem::take(&mut boxes[worst]);
        cut.sort_by_key(|(colour, _)| (colour[axis], *colour));
        let half = cut.iter().map(|(_, n)| n).sum::<u64>() / 2;
        let mut seen = 0;
        let middle = cut.iter().position(|(_, n)| {
            seen += n;
            seen > half
        });
        let middle = middle.unwrap_or(0).clamp(1, cut.len() - 1);
        boxes.push(cut.split_off(middle));
        boxes[worst] = cut;
    }
    boxes
}

/// Which of red, green and blue differs most within a box, and by how much.
fn longest(colours: &[(Colour, u64)]) -> (usize, u8) {
    let side = |axis: usize| {
        let values = || colours.iter().map(|(colour, _)| colour[axis]);
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    let sides = [0, 1, 2].map(|axis| (axis, side(axis)));
    sides
        .into_iter()
        .max_by_key(|(_, side)| *side)
        .unwrap_or((0, 0))
}

fn mean(colours: &[(Colour, u64)]) -> Colour {
    let weight = colours.iter().map(|(_, n)| n).sum::<u64>().max(1);
    [0, 1, 2].map(|axis| {
        let sum: u64 = colours.iter().map(|(c, n)| u64::from(c[axis]) * n).sum();
        ((sum + weight / 2) / weight) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(png: &[u8]) -> Vec<u8> {
        let mut decoder = png::Decoder::new(Cursor::new(png));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        pixels
    }

    fn encoded(width: u32, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = vec![];
        let mut encoder = png::Encoder::new(&mut bytes, width, pixels.len() as u32 / 3 / width);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
        writer.finish().unwrap();
        bytes
    }

    /// White paper with a slope of so many reds, each a little, and of blues.
    fn picture(reds: u32) -> Vec<u8> {
        let pixel = |i: u32| match i % 7 {
            0 => [(i / 7 % reds) as u8, 40, (i / 90 % 200) as u8],
            _ => [255, 255, 255],
        };
        (0..200 * 200).flat_map(pixel).collect()
    }

    #[test]
    fn few_colours_stay_what_they_are() {
        let pixels: Vec<u8> = picture(1);
        let pixels: Vec<u8> = pixels.iter().map(|c| c & 0xf0).collect();
        let png = encoded(200, &pixels);
        let small = smaller(&png);
        assert!(small.len() < png.len());
        assert!(decoded(&small) == pixels);
    }

    #[test]
    fn of_many_the_frequent_stay_and_the_others_are_near() {
        let pixels = picture(250);
        let small = decoded(&smaller(&encoded(200, &pixels)));
        assert_eq!(small.len(), pixels.len());
        let off = |i: usize| small[i].abs_diff(pixels[i]);
        assert!(
            (0..pixels.len()).all(|i| pixels[i] != 255 || off(i) == 0),
            "paper is paper"
        );
        let worst = (0..pixels.len()).map(off).max();
        assert!(worst < Some(16), "{worst:?}");
    }

    #[test]
    fn what_is_no_picture_of_ours_is_left_alone() {
        assert_eq!(smaller(b"GIF89a"), b"GIF89a");
        assert_eq!(smaller(b""), b"");
    }
}
