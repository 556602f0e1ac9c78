//! The pictures, in both themes. The script makes tabs of them where there are several.

use super::open;
#[cfg(feature = "plots")]
use super::palette::smaller;
use crate::config::base64::encode as base64;
use crate::report::words::escape;
use rayon::prelude::*;

/// A picture to show, as PNG for either setting of the reader.
pub struct Image<'a> {
    /// The plot's name.
    pub name: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// What is seen on it, in words.
    pub alt: &'a str,
    /// For bright screens and paper.
    pub light: &'a [u8],
    /// For dark screens.
    pub dark: &'a [u8],
}

/// The section; nothing without pictures.
pub fn section(images: &[Image]) -> String {
    if images.is_empty() {
        return String::new();
    }
    let figures: Vec<String> = images.par_iter().map(figure).collect();
    let figures = figures.concat();
    format!(
        "{}{figures}</section>\n",
        open("pictures", "", "Pictures", "")
    )
}

fn figure(image: &Image) -> String {
    let name = escape(image.name);
    let size = match size(image.light) {
        Some((width, height)) => format!(" width=\"{width}\" height=\"{height}\""),
        None => String::new(),
    };
    format!(
        "<figure id=\"picture-{name}\" data-name=\"{name}\">\n<figcaption><h3>{}</h3></figcaption>\n<picture>\n\
         <source media=\"screen and (prefers-color-scheme: dark)\" srcset=\"data:image/png;base64,{}\">\n\
         <img alt=\"{}\"{size} src=\"data:image/png;base64,{}\">\n</picture></figure>\n",
        escape(image.title),
        base64(&smaller(image.dark)),
        escape(image.alt),
        base64(&smaller(image.light))
    )
}

/// Without plots nothing here reads pictures.
#[cfg(not(feature = "plots"))]
fn smaller(png: &[u8]) -> Vec<u8> {
    png.to_vec()
}

/// Width and height of a PNG, px: the first two numbers of its first chunk.
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| {
        let bytes = png.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    png.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    Some((number(16)?, number(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_s_size_is_read_from_its_first_chunk() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend([0, 0, 5, 0, 0, 0, 3, 32]);
        assert_eq!(size(&png), Some((1280, 800)));
        assert_eq!(size(&png[..20]), None);
        assert_eq!(size(b"GIF89a"), None);
    }
}
