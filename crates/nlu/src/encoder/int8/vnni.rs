//! The product with AVX-512 VNNI: 64 multiplications in one instruction.

use super::{GROUP, LANES, OFFSET, Product, Weight, blocks, weight::Line};
use pulp::bytemuck::cast;
use std::arch::x86_64::{
    __m512, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_mul_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_si512, _mm512_sub_epi32,
};

/// Rows of a block: with three panels 24 sums, which leaves registers for the operands.
const TALL: usize = 8;
/// Panels of a block.
const BROAD: usize = 3;

/// Three panels by three, so that a weight comes from memory once and serves all rows.
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn compute(product: Product<'_>) {
    let Product { rows, weight, out, scratch } = product;
    rows.interleave(TALL, &mut scratch.narrow);
    let groups = weight.groups();
    let mut panel = 0;
    while panel < weight.panels() {
        let broad = if panel + BROAD <= weight.panels() { BROAD } else { 1 };
        for (first, count) in blocks(rows.count(), TALL) {
            let block = Block {
                values: &scratch.narrow[first * groups..][..count * groups],
                scales: &rows.scales()[first..][..count],
                sums: &rows.sums()[first..][..count],
                weight,
                panel,
                out: &mut out[first * weight.columns()..],
            };
            let lines = |at: usize| weight.panel(panel + at).iter();
            if broad == BROAD {
                block.rows(lines(0).zip(lines(1)).zip(lines(2)).map(|((a, b), c)| [a, b, c]));
            } else {
                block.rows(lines(0).map(|a| [a]));
            }
        }
        panel += broad;
    }
}

/// At most 8 rows by one panel or three.
struct Block<'a> {
    values: &'a [[i8; GROUP]],
    scales: &'a [f32],
    sums: &'a [i32],
    weight: &'a Weight,
    panel: usize,
    out: &'a mut [f32],
}

impl Block<'_> {
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
    fn rows<'a, const C: usize>(self, lines: impl Iterator<Item = [&'a Line; C]>) {
        match self.scales.len() {
            1 => self.tile::<1, C>(lines),
            2 => self.tile::<2, C>(lines),
            3 => self.tile::<3, C>(lines),
            4 => self.tile::<4, C>(lines),
            5 => self.tile::<5, C>(lines),
            6 => self.tile::<6, C>(lines),
            7 => self.tile::<7, C>(lines),
            _ => self.tile::<TALL, C>(lines),
        }
    }

    /// `R` rows by `C` panels, of which `lines` gives those of the same inputs together.
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
    fn tile<'a, const R: usize, const C: usize>(self, lines: impl Iterator<Item = [&'a Line; C]>) {
        let mut sums = [[_mm512_setzero_si512(); C]; R];
        // Both sides come in the order of this loop, so it needs no index that could be out of range:
        // a check would cost more than its time, for the sums would leave their registers.
        for (fours, lines) in self.values.as_chunks::<R>().0.iter().zip(lines) {
            for (four, sums) in fours.iter().zip(&mut sums) {
                let four = _mm512_set1_epi32(cast(*four));
                for (sum, line) in sums.iter_mut().zip(lines) {
                    *sum = _mm512_dpbusd_epi32(*sum, cast(line.0), four);
                }
            }
        }
        let rows = self.out.chunks_mut(self.weight.columns()).zip(self.scales).zip(self.sums);
        for (sums, ((row, scale), total)) in sums.iter().zip(rows) {
            let surplus = _mm512_set1_epi32(total * i32::from(OFFSET));
            for (panel, sum) in (self.panel..).zip(sums) {
                let scales: __m512 = cast(*self.weight.scales(panel));
                let bias: __m512 = cast(*self.weight.bias(panel));
                let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(*sum, surplus));
                let scale = _mm512_mul_ps(scales, _mm512_set1_ps(*scale));
                let values: [f32; LANES] = cast(_mm512_fmadd_ps(sum, scale, bias));
                let (column, columns) = self.weight.place(panel);
                let out = &mut row[column..][..columns];
                match out.as_mut_array::<LANES>() {
                    Some(whole) => *whole = values,
                    None => out.copy_from_slice(&values[..columns]),
                }
            }
        }
    }
}
