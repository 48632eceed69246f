//! The weight of a linear layer in 8 bits.

use super::{GROUP, LANES, NOTHING, OFFSET};
use crate::encoder::kernel::Kernel;
use std::ops::Range;

/// Panels of a band for [`Kernel::Vnni`]; other kernels take one by one.
pub(super) const BROAD: usize = 3;

/// What one vector instruction reads: 16 outputs side by side, of each 4 inputs.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u8; LANES * GROUP]);

/// On which side of zero the inputs of a layer lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// On both: zero is the middle of a row.
    Both,
    /// Nearly all on one, as behind a GELU: the middle of a row is halfway between its ends, or half of the whole
    /// numbers would stand for nothing.
    One,
}

/// The weight and bias of a linear layer of `k` inputs and `n` outputs, quantised and packed.
///
/// A panel is 16 outputs, and one [`Line`] for every 4 inputs. As many panels as a kernel computes side by
/// side are a band, in which the lines of the same inputs are neighbours: so each kernel reads its weights
/// from the first to the last. Inputs and outputs are filled up with zeros. A line is as long as a cache
/// line and aligned to it, so no load crosses two.
#[derive(Debug, Clone)]
pub(crate) struct Weight {
    lines: Vec<Line>,
    /// By how much a whole number of each output is too large, 16 to a panel.
    scales: Vec<[f32; LANES]>,
    /// Added to each output, 16 to a panel.
    bias: Vec<[f32; LANES]>,
    /// Each input is multiplied by this before it is quantised (`k`).
    smoothing: Vec<f32>,
    /// Where inputs lie on one side of zero: what each output gains when all smoothed inputs grow by 1 (`n`).
    shifted: Option<Vec<f32>>,
    columns: usize,
    kernel: Kernel,
}

impl Weight {
    /// Quantises a weight of `n × k`, row after row, for `n` outputs (the length of `bias`).
    ///
    /// Packed for `kernel`. `largest` says how large each of the `k` inputs gets, for the smoothing. Inputs may get larger
    /// than that; they are then quantised more coarsely and not cut off.
    pub(crate) fn new(weight: &[f32], bias: &[f32], largest: &[f32], side: Side, kernel: Kernel) -> Self {
        let (depth, columns) = (largest.len(), bias.len());
        assert_eq!(weight.len(), depth * columns, "a weight of n × k");
        let factors = smoothing(weight, largest);
        let (groups, panels) = (depth.div_ceil(GROUP), columns.div_ceil(LANES));
        let mut this = Self {
            lines: vec![Line([OFFSET; LANES * GROUP]); panels * groups],
            scales: vec![[0.0; LANES]; panels],
            bias: vec![[0.0; LANES]; panels],
            smoothing: factors.iter().map(|factor| 1.0 / factor).collect(),
            shifted: (side == Side::One).then(|| Vec::with_capacity(columns)),
            columns,
            kernel,
        };
        let mut row = vec![0.0; depth];
        for (column, source) in weight.chunks_exact(depth).enumerate() {
            let mut top = 0.0_f32;
            for ((x, w), factor) in row.iter_mut().zip(source).zip(&factors) {
                *x = w * factor;
                top = top.max(x.abs());
            }
            let (panel, lane) = (column / LANES, column % LANES);
            this.scales[panel][lane] = top / 127.0;
            this.bias[panel][lane] = bias[column];
            let steps = if top > NOTHING { 127.0 / top } else { 0.0 };
            let (lines, broad, own) = this.place_of_band(panel);
            let mut sum = 0_i32;
            for (line, four) in this.lines[lines][own..].iter_mut().step_by(broad).zip(row.chunks(GROUP)) {
                for (slot, x) in line.0[lane * GROUP..][..GROUP].iter_mut().zip(four) {
                    #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127 by the line above")]
                    let whole = (x * steps).round_ties_even() as i8;
                    sum += i32::from(whole);
                    *slot = whole.cast_unsigned() ^ OFFSET;
                }
            }
            if let Some(gains) = &mut this.shifted {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "127 for each of some thousand inputs is exact"
                )]
                gains.push(sum as f32 * this.scales[panel][lane]);
            }
        }
        this
    }

    /// The kernel that it is packed for.
    pub(super) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Number of inputs (`k`).
    pub(crate) fn depth(&self) -> usize {
        self.smoothing.len()
    }

    /// Number of outputs (`n`).
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// What each input is multiplied by before it is quantised (`k`).
    pub(super) fn smoothing(&self) -> &[f32] {
        &self.smoothing
    }

    /// What each output gains when all smoothed inputs grow by 1 (`n`); none where rows are not shifted.
    pub(super) fn shifted(&self) -> Option<&[f32]> {
        self.shifted.as_deref()
    }

    /// Number of panels of 16 outputs.
    pub(super) fn panels(&self) -> usize {
        self.scales.len()
    }

    /// Number of lines of a panel: the inputs in groups of 4.
    pub(super) fn groups(&self) -> usize {
        self.depth().div_ceil(GROUP)
    }

    /// The lines of the band that begins with this panel, and how many panels it has.
    pub(super) fn band(&self, panel: usize) -> (&[Line], usize) {
        let (lines, broad, own) = self.place_of_band(panel);
        debug_assert_eq!(own, 0, "the first panel of a band");
        (&self.lines[lines], broad)
    }

    /// Where the lines of this panel's band stand, how many panels it has, and which of them this one is.
    fn place_of_band(&self, panel: usize) -> (Range<usize>, usize, usize) {
        let most = if self.kernel == Kernel::Vnni { BROAD } else { 1 };
        let (first, own) = (panel / most * most, panel % most);
        let broad = most.min(self.panels() - first);
        (first * self.groups()..(first + broad) * self.groups(), broad, own)
    }

    /// The scales of a panel's outputs.
    pub(super) fn scales(&self, panel: usize) -> &[f32; LANES] {
        &self.scales[panel]
    }

    /// The bias of a panel's outputs.
    pub(super) fn bias(&self, panel: usize) -> &[f32; LANES] {
        &self.bias[panel]
    }

    /// Where a panel's outputs stand in a row of the result: the first, and how many there are.
    pub(super) fn place(&self, panel: usize) -> (usize, usize) {
        (panel * LANES, LANES.min(self.columns - panel * LANES))
    }
}

/// SmoothQuant with alpha one half: what an input is divided by and its weights are multiplied by, so
/// that both sides have equally much of the difficulty.
fn smoothing(weight: &[f32], largest: &[f32]) -> Vec<f32> {
    let mut heaviest = vec![0.0_f32; largest.len()];
    for row in weight.chunks_exact(largest.len()) {
        heaviest.iter_mut().zip(row).for_each(|(top, w)| *top = top.max(w.abs()));
    }
    // An input that was never seen, or has no weight, must not make a factor of nothing or of infinity.
    const LEAST: f32 = 1e-5;
    largest.iter().zip(heaviest).map(|(x, w)| (x.max(LEAST) / w.max(LEAST)).sqrt()).collect()
}
