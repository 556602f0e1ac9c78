//! Colour on the terminal, or none. Whether to use it is the caller's decision (`NO_COLOR`, pipes).

/// What a piece of text is, not which colour it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// As it is.
    Plain,
    /// A heading.
    Head,
    /// Holds, agrees.
    Good,
    /// Breaks, disagrees.
    Bad,
    /// Neither: no data, uncertain.
    Doubt,
    /// Of lesser weight.
    Dim,
}

/// Paints, or leaves text alone.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Whether to use colour.
    pub styled: bool,
}

impl Paint {
    /// The text in its ink. Pad before painting: escapes have no width.
    #[cfg(feature = "cli")]
    pub fn ink(self, ink: Ink, text: &str) -> String {
        use anstyle::{AnsiColor, Style};
        let style = match ink {
            Ink::Plain => Style::new(),
            Ink::Head => Style::new().bold(),
            Ink::Good => AnsiColor::Green.on_default(),
            Ink::Bad => AnsiColor::Red.on_default().bold(),
            Ink::Doubt => AnsiColor::Yellow.on_default(),
            Ink::Dim => Style::new().dimmed(),
        };
        if !self.styled || style.is_plain() || text.is_empty() {
            return text.to_owned();
        }
        format!("{style}{text}{style:#}")
    }

    /// Without the command line there is no colour.
    #[cfg(not(feature = "cli"))]
    pub fn ink(self, _ink: Ink, text: &str) -> String {
        let _ = self.styled;
        text.to_owned()
    }
}
