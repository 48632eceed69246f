//! The left side of a product in 8 bits, row by row.

use super::{GROUP, NOTHING, Weight};
use crate::encoder::matmul::Unit;
use pulp::{Simd, WithSimd};

/// Rows of whole numbers from −127 to 127, each with its scale. Used again for the next product.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Row after row, each filled up with zeros to a multiple of 4.
    values: Vec<i8>,
    scales: Vec<f32>,
    /// What each row's smoothed numbers were lessened by, where the weight wants it.
    shifts: Vec<f32>,
    sums: Vec<i32>,
    depth: usize,
}

impl Rows {
    /// Quantises `m` rows for this weight: each of its `k` inputs is smoothed, then each row is scaled so
    /// that its largest number becomes 127.
    pub(crate) fn quantise(&mut self, unit: Unit, source: &[f32], weight: &Weight) {
        self.depth = weight.depth();
        let count = source.len() / self.depth;
        // Only the filling has to be zeros, and it stays so while the depth is the same.
        self.values.resize(count * self.stride(), 0);
        if !self.depth.is_multiple_of(GROUP) {
            self.values.fill(0);
        }
        self.scales.resize(count, 0.0);
        self.shifts.clear();
        self.shifts.resize(count, 0.0);
        self.sums.resize(count, 0);
        let shifted = weight.shifted().is_some();
        unit.run(Quantise { source, smoothing: weight.smoothing(), shifted, rows: self });
    }

    /// Number of rows (`m`).
    pub(super) fn count(&self) -> usize {
        self.scales.len()
    }

    /// Length of a row (`k`).
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Block after block of at most `tall` rows, as [`super::blocks`] splits them; in a block four
    /// inputs of each row, then the next four of each: the order in which a kernel reads them.
    #[inline(always)]
    pub(super) fn interleave<T: Copy + Default + From<i8>>(&self, tall: usize, out: &mut Vec<[T; GROUP]>) {
        let groups = self.stride() / GROUP;
        let values = self.values.as_chunks::<GROUP>().0;
        out.resize(values.len(), [T::default(); GROUP]);
        for (first, count) in super::blocks(self.count(), tall) {
            let block = &mut out[first * groups..][..count * groups];
            let own = &values[first * groups..][..count * groups];
            // Four rows together while there are: they are neighbours in the block.
            let together = count / 4 * 4;
            for (four, rows) in own[..together * groups].chunks_exact(4 * groups).enumerate() {
                let (ab, cd) = rows.split_at(2 * groups);
                let ((a, b), (c, d)) = (ab.split_at(groups), cd.split_at(groups));
                let slots = block[4 * four..].chunks_mut(count);
                for (slots, (((a, b), c), d)) in slots.zip(a.iter().zip(b).zip(c).zip(d)) {
                    if let Some(slots) = slots.first_chunk_mut() {
                        *slots = [a, b, c, d].map(|four| four.map(T::from));
                    }
                }
            }
            for (row, values) in own.chunks_exact(groups).enumerate().skip(together) {
                for (slot, four) in block[row..].iter_mut().step_by(count).zip(values) {
                    *slot = four.map(T::from);
                }
            }
        }
    }

    /// Length of a row with its filling.
    fn stride(&self) -> usize {
        self.depth.next_multiple_of(GROUP)
    }

    /// What a whole number of each row stands for.
    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// What each row's smoothed numbers were lessened by.
    pub(super) fn shifts(&self) -> &[f32] {
        &self.shifts
    }

    /// The sum of each row's whole numbers.
    pub(super) fn sums(&self) -> &[i32] {
        &self.sums
    }
}

struct Quantise<'a> {
    source: &'a [f32],
    smoothing: &'a [f32],
    shifted: bool,
    rows: &'a mut Rows,
}

impl WithSimd for Quantise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { source, smoothing, shifted, rows } = self;
        let (depth, stride) = (rows.depth, rows.stride());
        for ((((row, values), scale), shift), sum) in source
            .chunks_exact(depth)
            .zip(rows.values.chunks_exact_mut(stride))
            .zip(&mut rows.scales)
            .zip(&mut rows.shifts)
            .zip(&mut rows.sums)
        {
            let values = &mut values[..depth];
            let steps = |top: f32| if top > NOTHING { 127.0 / top } else { 0.0 };
            let top;
            if shifted {
                let (low, high) = ends(row, smoothing);
                *shift = (low + high) / 2.0;
                top = (high - low) / 2.0;
                *sum = write_shifted(row, smoothing, (*shift, steps(top)), values);
            } else {
                top = largest(row, smoothing);
                *sum = write(row, smoothing, steps(top), values);
            }
            *scale = top / 127.0;
        }
    }
}

/// The largest size of a row's smoothed numbers.
#[inline(always)]
fn largest(row: &[f32], smoothing: &[f32]) -> f32 {
    // Without their sign, numbers stand in the same order as their bits: whole numbers have one largest
    // in whatever order they are compared, so the compiler may compare many at once.
    let bits = row.iter().zip(smoothing).map(|(x, factor)| (x * factor).abs().to_bits());
    f32::from_bits(bits.fold(0, u32::max))
}

/// The least and the largest of a row's smoothed numbers.
#[inline(always)]
fn ends(row: &[f32], smoothing: &[f32]) -> (f32, f32) {
    let all = row.iter().zip(smoothing).map(|(x, factor)| ordered((x * factor).to_bits().cast_signed()));
    let (low, high) = all.fold((i32::MAX, i32::MIN), |(low, high), x| (low.min(x), high.max(x)));
    (f32::from_bits(ordered(low).cast_unsigned()), f32::from_bits(ordered(high).cast_unsigned()))
}

/// The bits of a number as a whole number of the same order, and back, so that the compiler may compare many at once.
#[inline(always)]
fn ordered(bits: i32) -> i32 {
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

/// The same as [`write`] of numbers that are lessened by `shift` first.
#[inline(always)]
fn write_shifted(row: &[f32], smoothing: &[f32], (shift, steps): (f32, f32), out: &mut [i8]) -> i32 {
    let mut sum = 0;
    for ((slot, x), factor) in out.iter_mut().zip(row).zip(smoothing) {
        let number = whole((x * factor - shift) * steps);
        sum += number;
        *slot = low_byte(number);
    }
    sum
}

/// Writes a row's whole numbers and gives their sum.
#[inline(always)]
fn write(row: &[f32], smoothing: &[f32], steps: f32, out: &mut [i8]) -> i32 {
    let mut sum = 0;
    for ((slot, x), factor) in out.iter_mut().zip(row).zip(smoothing) {
        let number = whole(x * factor * steps);
        sum += number;
        *slot = low_byte(number);
    }
    sum
}

/// The nearest whole number, an even one of two equally near, of a number that is small.
#[inline(always)]
fn whole(x: f32) -> i32 {
    // Adding 1.5 · 2^23 rounds, and leaves the number in the low bits: a conversion would look for
    // numbers that don't fit and not be vectorised as well.
    const ROUND: f32 = 12_582_912.0;
    (x + ROUND).to_bits().cast_signed().wrapping_sub(ROUND.to_bits().cast_signed())
}

#[expect(clippy::cast_possible_truncation, reason = "numbers here are from -127 to 127")]
#[inline(always)]
fn low_byte(number: i32) -> i8 {
    number as i8
}
