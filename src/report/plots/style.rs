//! The one visual language of the pictures: what a thing is decides its colour, dash and width, in every picture alike.
//!
//! Colours are those of Okabe and Ito (2008), which people with any colour vision tell apart; dashes differ as well, so
//! that a grey print still reads. A theme is a [`Palette`].

use plotters::style::RGBColor;

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    Baseline,
    Incident,
    Recovering,
    Recovered,
    WarmUp,
    P50,
    P95,
    P99,
    Arrivals,
    Answers,
    Errors,
    Rejects,
    HangUps,
    HitRate,
    FlightShare,
    NeverSeen,
    Expired,
    Evicted,
    Unknown,
    Keys,
    Contents,
    KeysPerContent,
    Queue,
    Flight,
    Pool,
    Backoff,
    Call,
    Compute,
    Rest,
    Change,
    Fault,
    Drift,
    Fix,
    Diagnosed,
    Truth,
    Reported,
    Honest,
    Hidden,
    Orphans,
    Meant,
    Heard,
    Repeats,
    Unpublished,
    PublishedTwice,
    SharedKeys,
    Redelivered,
    Waiting,
    Attempts,
    Tries,
    Opened,
    Busy,
    Size,
    Throttled,
    Rate,
    Kept,
    Mended,
    /// All traffic beside its parts.
    All,
    /// One of several of a kind, by its rank: a tenant, a class, a dependency.
    Nth(usize),
    Grown,
    Shrunk,
    Alike,
}

/// Colours of a theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind everything.
    pub paper: RGBColor,
    /// Text.
    pub ink: RGBColor,
    /// Text of lesser weight: ticks, subtitles.
    pub soft: RGBColor,
    /// Lines of the grid.
    pub grid: RGBColor,
    /// Frames of panels.
    pub frame: RGBColor,
    /// How strongly bands are shaded, 0 to 1.
    pub shade: f64,
    /// How strongly areas are filled.
    pub fill: f64,
    /// Black, orange, sky blue, green, yellow, blue, vermilion, purple, a grey for what matters less, and a pale one for
    /// areas of what is left.
    hues: [RGBColor; 10],
    /// From few to many, in even steps of lightness that every colour vision sees alike: cividis. Source: Nuñez,
    /// Anderton and Renslow, "Optimizing colormaps with consideration for color vision deficiency", PLOS ONE 2018.
    ramp: [RGBColor; 9],
}

/// For paper and bright screens.
pub const LIGHT: Palette = Palette {
    paper: RGBColor(255, 255, 255),
    ink: RGBColor(28, 32, 38),
    soft: RGBColor(92, 99, 110),
    grid: RGBColor(229, 232, 236),
    frame: RGBColor(186, 192, 200),
    shade: 0.09,
    fill: 0.85,
    hues: [
        RGBColor(28, 32, 38),
        RGBColor(230, 159, 0),
        RGBColor(86, 180, 233),
        RGBColor(0, 158, 115),
        RGBColor(240, 228, 66), // for areas: lines of it are lost on white
        RGBColor(0, 114, 178),
        RGBColor(213, 94, 0),
        RGBColor(204, 121, 167),
        RGBColor(138, 145, 156),
        RGBColor(206, 211, 218),
    ],
    // Paler towards few than the source: its yellow is loud on bright paper, and a request alone should not be.
    ramp: [
        RGBColor(254, 246, 171),
        RGBColor(223, 215, 171),
        RGBColor(190, 186, 167),
        RGBColor(160, 158, 153),
        RGBColor(128, 130, 140),
        RGBColor(93, 105, 131),
        RGBColor(53, 81, 124),
        RGBColor(16, 56, 111),
        RGBColor(0, 32, 81),
    ],
};

/// For dark screens: the same hues, lighter.
pub const DARK: Palette = Palette {
    paper: RGBColor(21, 24, 29),
    ink: RGBColor(230, 233, 238),
    soft: RGBColor(154, 163, 176),
    grid: RGBColor(44, 50, 59),
    frame: RGBColor(84, 92, 104),
    shade: 0.13,
    fill: 0.85,
    hues: [
        RGBColor(230, 233, 238),
        RGBColor(240, 178, 50),
        RGBColor(110, 195, 245),
        RGBColor(40, 190, 145),
        RGBColor(240, 228, 66),
        RGBColor(70, 160, 225),
        RGBColor(240, 125, 50),
        RGBColor(222, 145, 190),
        RGBColor(150, 156, 166),
        RGBColor(88, 96, 108),
    ],
    ramp: [
        RGBColor(0, 32, 81),
        RGBColor(17, 54, 108),
        RGBColor(60, 77, 110),
        RGBColor(98, 100, 111),
        RGBColor(127, 124, 117),
        RGBColor(154, 148, 120),
        RGBColor(187, 175, 113),
        RGBColor(226, 203, 92),
        RGBColor(253, 234, 69),
    ],
};

const BLACK: usize = 0;
const ORANGE: usize = 1;
const SKY: usize = 2;
const GREEN: usize = 3;
const YELLOW: usize = 4;
const BLUE: usize = 5;
const VERMILION: usize = 6;
const PURPLE: usize = 7;
const GREY: usize = 8;
const PALE: usize = 9;

/// Colours and dashes of several of a kind, by rank. Neighbours differ for every colour vision.
const KINDS: [(usize, Dash, f64); 8] = [
    (VERMILION, SOLID, 2.0),
    (BLUE, LONG, 1.8),
    (ORANGE, SHORT, 1.8),
    (SKY, DASH_DOT, 1.8),
    (PURPLE, DOTS, 1.8),
    (GREEN, LONG, 1.8),
    (BLACK, SHORT, 1.6),
    (YELLOW, DASH_DOT, 1.6),
];

/// Lengths of strokes and gaps in px, in turn. Empty is solid.
pub type Dash = &'static [f64];

const SOLID: Dash = &[];
const LONG: Dash = &[9.0, 4.0];
const SHORT: Dash = &[4.0, 3.0];
const DOTS: Dash = &[1.8, 2.8];
const DASH_DOT: Dash = &[9.0, 3.0, 2.0, 3.0];

/// How a thing is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// Its colour.
    pub colour: RGBColor,
    /// Its dash.
    pub dash: Dash,
    /// Width of its line, px.
    pub width: f64,
}

impl Palette {
    /// The pen of a thing.
    pub fn pen(&self, role: Role) -> Pen {
        let (hue, dash, width) = match role {
            Role::Baseline => (BLUE, LONG, 2.0),
            Role::Incident => (VERMILION, SOLID, 2.4),
            Role::Recovering => (ORANGE, SHORT, 2.0),
            Role::Recovered => (GREEN, DASH_DOT, 2.0),
            Role::WarmUp => (GREY, DOTS, 1.6),
            Role::P50 => (BLUE, SHORT, 1.6),
            Role::P95 => (VERMILION, SOLID, 2.0),
            Role::P99 => (BLACK, DOTS, 1.6),
            Role::Arrivals => (GREY, LONG, 1.6),
            Role::Answers => (GREEN, SOLID, 1.9),
            Role::Errors => (VERMILION, SOLID, 1.9),
            Role::Rejects => (PURPLE, LONG, 1.8),
            Role::HangUps => (BLACK, DOTS, 1.8),
            Role::HitRate => (BLUE, SOLID, 2.0),
            Role::FlightShare => (ORANGE, SHORT, 1.8),
            Role::NeverSeen => (VERMILION, SOLID, 1.6),
            Role::Expired => (SKY, LONG, 1.6),
            Role::Evicted => (PURPLE, SHORT, 1.6),
            Role::Unknown | Role::Rest | Role::Alike => (PALE, DOTS, 1.6),
            Role::Keys => (VERMILION, SOLID, 1.9),
            Role::Contents => (BLUE, LONG, 1.9),
            Role::KeysPerContent => (BLACK, SOLID, 1.9),
            Role::Queue => (VERMILION, SOLID, 1.6),
            Role::Flight => (PURPLE, SOLID, 1.6),
            Role::Pool => (ORANGE, SOLID, 1.6),
            Role::Backoff => (YELLOW, SOLID, 1.6),
            Role::Call => (BLUE, SOLID, 1.6),
            Role::Compute => (GREEN, SOLID, 1.6),
            Role::Change => (BLACK, SOLID, 1.3),
            Role::Fault => (VERMILION, LONG, 1.3),
            Role::Drift => (PURPLE, SHORT, 1.3),
            Role::Fix => (GREEN, DASH_DOT, 1.5),
            Role::Diagnosed => (BLUE, SHORT, 1.6),
            Role::Truth => (BLACK, DOTS, 1.4),
            Role::Reported | Role::Heard => (BLUE, LONG, 1.9),
            Role::Honest | Role::Hidden | Role::Orphans | Role::Repeats => (VERMILION, SOLID, 2.0),
            Role::Meant => (GREEN, LONG, 1.6),
            Role::Unpublished => (PURPLE, LONG, 1.8),
            Role::PublishedTwice => (ORANGE, SHORT, 1.8),
            Role::SharedKeys => (BLACK, DASH_DOT, 1.8),
            Role::Redelivered => (SKY, SOLID, 1.8),
            Role::Waiting => (ORANGE, SOLID, 1.8),
            Role::Attempts => (VERMILION, SOLID, 1.9),
            Role::Tries => (ORANGE, SHORT, 1.8),
            Role::Opened => (BLACK, SOLID, 1.6),
            Role::Busy => (BLUE, SOLID, 1.9),
            Role::Size => (GREY, LONG, 1.6),
            Role::Throttled => (PURPLE, SHORT, 1.8),
            Role::Rate => (BLUE, SOLID, 1.9),
            Role::Kept => (GREEN, SOLID, 1.9),
            Role::Mended => (SKY, SOLID, 1.8),
            Role::All => (BLACK, SOLID, 2.2),
            Role::Nth(rank) => KINDS[rank % KINDS.len()],
            Role::Grown => (VERMILION, SOLID, 1.6),
            Role::Shrunk => (BLUE, LONG, 1.6),
        };
        Pen {
            colour: self.hues[hue],
            dash,
            width,
        }
    }
}

impl Palette {
    /// The shade of a strength from 0 to 1: what is next to nothing is next to the paper.
    pub fn ramp(&self, strength: f64) -> RGBColor {
        let at = strength.clamp(0.0, 1.0) * (self.ramp.len() - 1) as f64;
        let low = (at as usize).min(self.ramp.len() - 2);
        blend(self.ramp[low + 1], self.ramp[low], at - low as f64)
    }
}

/// `share` of a colour over another.
pub fn blend(colour: RGBColor, over: RGBColor, share: f64) -> RGBColor {
    let mix = |a: u8, b: u8| (f64::from(a) * share + f64::from(b) * (1.0 - share)).round() as u8;
    RGBColor(
        mix(colour.0, over.0),
        mix(colour.1, over.1),
        mix(colour.2, over.2),
    )
}

/// How far two colours are apart in lightness, from 1 to 21. Source: WCAG 2.1, contrast ratio.
pub fn contrast(a: RGBColor, b: RGBColor) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance of sRGB, 0 to 1.
fn luminance(colour: RGBColor) -> f64 {
    let [r, g, b] = linear(colour);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Linear red, green and blue of sRGB, 0 to 1.
fn linear(colour: RGBColor) -> [f64; 3] {
    [colour.0, colour.1, colour.2].map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            libm::pow((c + 0.055) / 1.055, 2.4)
        }
    })
}
