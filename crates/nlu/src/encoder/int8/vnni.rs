//! The product with AVX-512 VNNI: 64 multiplications in one instruction.

use super::{
    GROUP, LANES, OFFSET, Product, Weight, blocks,
    weight::{BROAD, Line},
};
use pulp::bytemuck::cast;
use std::arch::x86_64::{
    __m512, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_mul_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_si512, _mm512_sub_epi32,
};

/// Rows of a block: with three panels 24 sums, which leaves registers for the operands.
const TALL: usize = 8;

/// Band by band, so that a weight comes from memory once and serves all rows.
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn compute(product: Product<'_>) {
    let Product { rows, weight, out, scratch } = product;
    rows.interleave(TALL, &mut scratch.narrow);
    let groups = weight.groups();
    for panel in (0..weight.panels()).step_by(BROAD) {
        let (lines, broad) = weight.band(panel);
        for (first, count) in blocks(rows.count(), TALL) {
            let block = Block {
                values: &scratch.narrow[first * groups..][..count * groups],
                scales: &rows.scales()[first..][..count],
                sums: &rows.sums()[first..][..count],
                lines,
                weight,
                panel,
                out: &mut out[first * weight.columns()..],
            };
            match broad {
                1 => block.rows::<1>(),
                2 => block.rows::<2>(),
                _ => block.rows::<BROAD>(),
            }
        }
    }
}

/// At most 8 rows by one band.
struct Block<'a> {
    values: &'a [[i8; GROUP]],
    scales: &'a [f32],
    sums: &'a [i32],
    lines: &'a [Line],
    weight: &'a Weight,
    panel: usize,
    out: &'a mut [f32],
}

impl Block<'_> {
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
    fn rows<const C: usize>(self) {
        match self.scales.len() {
            1 => self.tile::<1, C>(),
            2 => self.tile::<2, C>(),
            3 => self.tile::<3, C>(),
            4 => self.tile::<4, C>(),
            5 => self.tile::<5, C>(),
            6 => self.tile::<6, C>(),
            7 => self.tile::<7, C>(),
            _ => self.tile::<TALL, C>(),
        }
    }

    /// `R` rows by `C` panels.
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
    fn tile<const R: usize, const C: usize>(self) {
        let mut sums = [[_mm512_setzero_si512(); C]; R];
        // Both sides stand in the order of this loop, so it needs no index that could be out of range:
        // a check would cost more than its time, for the sums would leave their registers.
        for (fours, lines) in self.values.as_chunks::<R>().0.iter().zip(self.lines.as_chunks::<C>().0) {
            for (four, sums) in fours.iter().zip(&mut sums) {
                let four = _mm512_set1_epi32(cast(*four));
                for (sum, line) in sums.iter_mut().zip(lines) {
                    *sum = _mm512_dpbusd_epi32(*sum, cast(line.0), four);
                }
            }
        }
        for (own, panel) in (self.panel..self.panel + C).enumerate() {
            let scales: __m512 = cast(*self.weight.scales(panel));
            let bias: __m512 = cast(*self.weight.bias(panel));
            let (column, columns) = self.weight.place(panel);
            let rows = self.out.chunks_mut(self.weight.columns()).zip(self.scales).zip(self.sums);
            for (sums, ((row, scale), total)) in sums.iter().zip(rows) {
                let surplus = _mm512_set1_epi32(total * i32::from(OFFSET));
                let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[own], surplus));
                let scale = _mm512_mul_ps(scales, _mm512_set1_ps(*scale));
                let values: [f32; LANES] = cast(_mm512_fmadd_ps(sum, scale, bias));
                let out = &mut row[column..][..columns];
                match out.as_mut_array::<LANES>() {
                    Some(whole) => *whole = values,
                    None => out.copy_from_slice(&values[..columns]),
                }
            }
        }
    }
}
