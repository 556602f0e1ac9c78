//! The fonts that are compiled in, and the widths of their letters.
//!
//! plotters draws glyphs but leaves out the space that a glyph keeps on its left, so words come out uneven. The widths
//! are read here from the font's own tables (`cmap` format 4, `hhea`, `hmtx`, `head`), and letters placed one by one.
//! Source: the OpenType specification. Not here: kerning, ligatures, any script that needs shaping.

use plotters::style::{FontStyle, register_font};
use std::sync::OnceLock;

const REGULAR: &[u8] = include_bytes!("../../../assets/Inter-Regular.subset.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/Inter-SemiBold.subset.ttf");

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// For text.
    Regular,
    /// For titles.
    Bold,
}

/// What stands for a letter that the font does not have.
const MISSING: char = '?';

/// A font with what is needed to place its letters.
pub struct Font {
    family: &'static str,
    /// Letters with their advance and the space on their left, in parts of the line's height; by letter.
    letters: Vec<(char, f32, f32)>,
}

impl Font {
    /// The font of a face, registered with plotters.
    pub fn of(face: Face) -> &'static Font {
        static FONTS: OnceLock<[Font; 2]> = OnceLock::new();
        let fonts = FONTS.get_or_init(|| {
            [
                Font::load("gameday", REGULAR),
                Font::load("gameday-bold", BOLD),
            ]
        });
        &fonts[face as usize]
    }

    fn load(family: &'static str, bytes: &'static [u8]) -> Font {
        // A font that is refused shows when text is drawn: a refusal, not a panic.
        let _ = register_font(family, FontStyle::Normal, bytes);
        Font {
            family,
            letters: letters(bytes).unwrap_or_default(),
        }
    }

    /// The name it is registered under.
    pub fn family(&self) -> &'static str {
        self.family
    }

    /// A letter that the font has: itself, or a stand-in.
    fn known(&self, letter: char) -> (char, f32, f32) {
        let find = |c: char| {
            self.letters
                .binary_search_by_key(&c, |l| l.0)
                .ok()
                .map(|i| self.letters[i])
        };
        find(letter)
            .or_else(|| find(MISSING))
            .unwrap_or((' ', 0.5, 0.0))
    }

    /// The width of a text whose line is so high.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        text.chars()
            .map(|c| f64::from(self.known(c).1) * size)
            .sum()
    }

    /// A text cut to a width, with an ellipsis; empty when not even two letters fit.
    pub fn fitted(&self, text: &str, size: f64, width: f64) -> String {
        let room = width - self.width("…", size);
        let (mut used, mut cut) = (0.0, 0);
        for (i, c) in text.char_indices() {
            if used <= room {
                cut = i;
            }
            used += f64::from(self.known(c).1) * size;
            if used > width {
                let kept = text[..cut].trim_end();
                return if kept.chars().count() < 2 {
                    String::new()
                } else {
                    format!("{kept}…")
                };
            }
        }
        text.to_owned()
    }

    /// Letters with where the pen stands, from the start of the text, and how far from it their ink begins.
    pub fn letters(&self, text: &str, size: f64) -> impl Iterator<Item = (char, f64, f64)> {
        let mut pen = 0.0;
        text.chars().filter_map(move |c| {
            let (letter, advance, bearing) = self.known(c);
            let at = pen;
            pen += f64::from(advance) * size;
            (letter != ' ').then_some((letter, at, f64::from(bearing) * size))
        })
    }
}

/// Reads big-endian numbers at offsets; `None` past the end.
struct Bytes(&'static [u8]);

impl Bytes {
    fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(self.0.get(at..at + 2)?.try_into().ok()?))
    }
    fn u32(&self, at: usize) -> Option<usize> {
        Some(u32::from_be_bytes(self.0.get(at..at + 4)?.try_into().ok()?) as usize)
    }
    fn table(&self, tag: &[u8; 4]) -> Option<usize> {
        let tables = usize::from(self.u16(4)?);
        let record = (0..tables)
            .map(|i| 12 + 16 * i)
            .find(|&r| self.0.get(r..r + 4) == Some(tag))?;
        self.u32(record + 8)
    }
}

fn letters(bytes: &'static [u8]) -> Option<Vec<(char, f32, f32)>> {
    let font = Bytes(bytes);
    let hhea = font.table(b"hhea")?;
    let signed = |at: usize| Some(f32::from(font.u16(at)?.cast_signed()));
    // plotters scales so that the line, ascender to descender, has the size.
    let line = signed(hhea + 4)? - signed(hhea + 6)?;
    let (metrics, hmtx) = (usize::from(font.u16(hhea + 34)?), font.table(b"hmtx")?);
    let measure = |glyph: usize| {
        let at = hmtx + 4 * glyph.min(metrics.checked_sub(1)?);
        let bearing = if glyph < metrics {
            at + 2
        } else {
            hmtx + 4 * metrics + 2 * (glyph - metrics)
        };
        Some((f32::from(font.u16(at)?) / line, signed(bearing)? / line))
    };
    let cmap = font.table(b"cmap")?;
    let tables = usize::from(font.u16(cmap + 2)?);
    let starts = (0..tables)
        .filter_map(|i| font.u32(cmap + 4 + 8 * i + 4))
        .map(|offset| cmap + offset);
    let map = starts.into_iter().find(|&t| font.u16(t) == Some(4))?;
    let twice = usize::from(font.u16(map + 6)?);
    let mut letters = vec![];
    for segment in (0..twice).step_by(2) {
        let end = font.u16(map + 14 + segment)?;
        let start = font.u16(map + 16 + twice + segment)?;
        let delta = font.u16(map + 16 + 2 * twice + segment)?;
        let offset_at = map + 16 + 3 * twice + segment;
        let offset = usize::from(font.u16(offset_at)?);
        for code in start..=end {
            let glyph = if offset == 0 {
                code.wrapping_add(delta)
            } else {
                font.u16(offset_at + offset + 2 * usize::from(code - start))?
            };
            let (Some(letter), true) = (char::from_u32(code.into()), glyph != 0) else {
                continue;
            };
            let (advance, bearing) = measure(glyph.into())?;
            letters.push((letter, advance, bearing));
        }
    }
    letters.sort_unstable_by_key(|l| l.0);
    Some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_have_the_letters_that_pictures_use() {
        for face in [Face::Regular, Face::Bold] {
            let font = Font::of(face);
            for letter in ('!'..='~').chain(['–', '·', '→', '×', 'ü']) {
                let (known, advance, _) = font.known(letter);
                assert_eq!(known, letter, "{face:?}");
                assert!((0.1..1.2).contains(&advance), "{letter} {advance}");
            }
        }
        assert_eq!(Font::of(Face::Regular).known('µ').0, 'µ');
    }

    #[test]
    fn a_letter_that_is_missing_has_a_stand_in() {
        assert_eq!(Font::of(Face::Regular).known('漢').0, '?');
    }

    #[test]
    fn a_text_too_wide_is_cut() {
        let font = Font::of(Face::Regular);
        assert_eq!(font.fitted("recovering", 14.0, 500.0), "recovering");
        let cut = font.fitted("recovering", 14.0, 50.0);
        assert!(
            cut.ends_with('…') && cut.starts_with("rec") && font.width(&cut, 14.0) <= 50.0,
            "{cut}"
        );
        assert_eq!(font.fitted("recovering", 14.0, 3.0), "");
    }

    #[test]
    fn digits_are_as_wide_as_the_font_says() {
        // Inter Regular: 0 is 1292 of 2048 an em wide, a line is 2478 high.
        let width = Font::of(Face::Regular).width("0", 2478.0);
        assert!((1280.0..1300.0).contains(&width), "{width}");
    }
}
