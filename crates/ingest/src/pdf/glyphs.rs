//! The letters of each page with their places, joined to pieces as they were written.

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

/// The most letters of one document: the text of about 3,000 full pages.
const MAX_GLYPHS: usize = 10_000_000;

/// How close a letter stands that is written without a space and yet not in another cell, in sizes of the
/// font.
pub(super) const CLOSE: f64 = 0.5;
/// A gap that is a space where spaces are not written, and else the width of a letter badly stated.
pub(super) const PERHAPS_SPACE: char = '\u{1}';

/// Letters that stand beside each other on one baseline. Points, from the lower left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) x: f64,
    pub(super) end: f64,
    pub(super) y: f64,
    /// Size of its font as drawn, in points.
    pub(super) size: f64,
    pub(super) text: String,
}

impl Piece {
    /// How far from its end the next letter may stand and still go on with it, in sizes of the font. After a
    /// space it is the width that lines are stretched by; without one it is `close`.
    pub(super) fn reach(&self, close: f64) -> f64 {
        if self.text.ends_with(' ') { 0.8 } else { close }
    }
}

/// A page's pieces in the order they were written, by direction of writing in quarters of a turn.
#[derive(Debug, Default)]
pub(super) struct PagePieces {
    pub(super) turned: [Vec<Piece>; 4],
}

/// Takes letters from the library.
#[derive(Default)]
pub(super) struct Glyphs {
    pub(super) pages: Vec<PagePieces>,
    letters: usize,
    unknown: usize,
    spaces: usize,
    turn: usize,
}

impl Glyphs {
    /// Whether the limit of letters was met.
    pub(super) const fn is_full(&self) -> bool {
        self.letters > MAX_GLYPHS
    }

    /// Whether no letter was found.
    pub(super) const fn is_empty(&self) -> bool {
        self.letters == 0
    }

    /// The share of letters without a meaning.
    pub(super) fn unknown_share(&self) -> f64 {
        self.unknown as f64 / self.letters.max(1) as f64
    }

    /// Whether spaces are written as letters. Where they are not, gaps are all there is.
    pub(super) const fn writes_spaces(&self) -> bool {
        self.spaces * 15 > self.letters
    }

    fn letter(&mut self, x: f64, y: f64, width: f64, size: f64, turn: usize, text: &str) {
        let Some(pieces) = self.pages.last_mut().map(|page| &mut page.turned[turn]) else { return };
        let is_space = text == " ";
        if let Some(last) = pieces.last_mut().filter(|_| self.turn == turn) {
            let gap = x - last.end;
            let same_line = (y - last.y).abs() < 0.2 * size && (size - last.size).abs() < 0.2 * size;
            if same_line && gap > -0.5 * size && gap < last.reach(CLOSE) * size {
                match gap / size {
                    _ if is_space || last.text.ends_with(' ') => {}
                    // Letters of one word stand closer.
                    gap if gap > 0.35 => last.text.push(' '),
                    gap if gap > 0.18 => last.text.push(PERHAPS_SPACE),
                    _ => {}
                }
                last.text.push_str(text);
                last.end = last.end.max(x + width);
                return;
            }
        }
        if !is_space {
            self.turn = turn;
            pieces.push(Piece { x, end: x + width, y, size, text: text.to_owned() });
        }
    }
}

impl OutputDev for Glyphs {
    fn begin_page(
        &mut self,
        _: u32,
        _: &MediaBox,
        _: Option<(f64, f64, f64, f64)>,
    ) -> Result<(), OutputError> {
        self.pages.push(PagePieces::default());
        Ok(())
    }

    fn output_character(
        &mut self,
        trm: &Transform,
        width: f64,
        spacing: f64,
        font_size: f64,
        char: &str,
    ) -> Result<(), OutputError> {
        // Along the line (m11, m12), across it (m21, m22).
        let along = trm.m11.hypot(trm.m12);
        let size = font_size.abs() * trm.m21.hypot(trm.m22);
        if !(size.is_finite() && along.is_finite() && trm.m31.is_finite() && trm.m32.is_finite())
            || size < 0.5
        {
            return Ok(());
        }
        if char.trim().is_empty() {
            self.spaces += 1;
        } else {
            self.letters += 1;
        }
        if self.is_full() {
            return Err(OutputError::IoError(std::io::Error::other("more letters than are read")));
        }
        let text: String =
            if char.trim().is_empty() { " ".to_owned() } else { char.chars().filter_map(plain).collect() };
        self.unknown += usize::from(text.contains('\u{fffd}') || text.is_empty());
        let direction = if font_size < 0.0 { (-trm.m11, -trm.m12) } else { (trm.m11, trm.m12) };
        let turn = ((direction.1.atan2(direction.0) / std::f64::consts::FRAC_PI_2).round() as i64)
            .rem_euclid(4) as usize;
        let (x, y) = match turn {
            0 => (trm.m31, trm.m32),
            1 => (trm.m32, -trm.m31),
            2 => (-trm.m31, -trm.m32),
            _ => (-trm.m32, trm.m31),
        };
        let width = (width * font_size.abs() + spacing.max(0.0)) * along;
        self.letter(x, y, if width.is_finite() { width } else { 0.5 * size }, size, turn, &text);
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// A letter as it is searched for: private signs that fonts use for bullets are bullets.
fn plain(c: char) -> Option<char> {
    match c {
        '\u{f0b7}' | '\u{f0a7}' | '\u{f076}' | '\u{f0d8}' | '\u{25cf}' | '\u{25aa}' | '\u{25a0}'
        | '\u{2219}' | '\u{25e6}' => Some('•'),
        '\u{e000}'..='\u{f8ff}' => Some('\u{fffd}'),
        c if c.is_control() => None,
        c => Some(c),
    }
}
