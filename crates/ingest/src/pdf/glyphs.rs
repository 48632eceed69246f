//! The letters of each page with their places, joined to pieces as they were written.

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

/// The most letters of one document: the text of about 3,000 full pages.
const MAX_GLYPHS: usize = 10_000_000;

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
    /// A space was written and belongs before the next letter of the same piece.
    space: bool,
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

    fn letter(&mut self, x: f64, y: f64, width: f64, size: f64, turn: usize, text: &str) {
        let Some(pieces) = self.pages.last_mut().map(|page| &mut page.turned[turn]) else { return };
        if let Some(last) = pieces.last_mut().filter(|_| self.turn == turn) {
            let gap = x - last.end;
            let same_line = (y - last.y).abs() < 0.2 * size && (size - last.size).abs() < 0.2 * size;
            let widest = if self.space { 1.5 } else { 1.0 };
            if same_line && gap > -0.5 * size && gap < widest * size {
                // Where no space was written, a gap is one; letters of one word stand closer.
                if (self.space || gap > 0.18 * size) && !last.text.ends_with(' ') {
                    last.text.push(' ');
                }
                last.text.push_str(text);
                last.end = last.end.max(x + width);
                self.space = false;
                return;
            }
        }
        (self.space, self.turn) = (false, turn);
        pieces.push(Piece { x, end: x + width, y, size, text: text.to_owned() });
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
        self.space = false;
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
        if !(size.is_finite() && along.is_finite() && trm.m31.is_finite() && trm.m32.is_finite()) || size < 0.5 {
            return Ok(());
        }
        if char.trim().is_empty() {
            self.space = true;
            return Ok(());
        }
        self.letters += 1;
        if self.is_full() {
            return Err(OutputError::IoError(std::io::Error::other("more letters than are read")));
        }
        let text: String = char.chars().filter_map(plain).collect();
        self.unknown += usize::from(text.contains('\u{fffd}') || text.is_empty());
        let direction = if font_size < 0.0 { (-trm.m11, -trm.m12) } else { (trm.m11, trm.m12) };
        let turn = ((direction.1.atan2(direction.0) / std::f64::consts::FRAC_PI_2).round() as i64).rem_euclid(4) as usize;
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
        '\u{f0b7}' | '\u{f0a7}' | '\u{f076}' | '\u{f0d8}' | '\u{25cf}' | '\u{25aa}' | '\u{25a0}' | '\u{2219}' | '\u{25e6}' => {
            Some('•')
        }
        '\u{e000}'..='\u{f8ff}' => Some('\u{fffd}'),
        c if c.is_control() => None,
        c => Some(c),
    }
}
