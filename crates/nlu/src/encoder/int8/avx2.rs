//! The product with AVX2: 16 multiplications in one instruction, of numbers widened to 16 bits.
//!
//! The instruction for 8-bit numbers, `vpmaddubsw`, adds two products in 16 bits and cuts off what is
//! too large; `vpmaddwd` adds them in 32.

use super::{GROUP, LANES, OFFSET, Product, Weight, blocks};
use pulp::bytemuck::{cast, cast_ref};
use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm256_add_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi16, _mm256_fmadd_ps,
    _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_mul_ps, _mm256_permute4x64_epi64, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sub_epi32,
};

/// Rows of a block: with two quarters of a line 12 sums, of 16 registers.
const TALL: usize = 6;
/// Outputs of a block: half a panel.
const HALF: usize = LANES / 2;
/// Bytes of a quarter of a line: 4 outputs, of each 4 inputs, which widened fill a register.
const QUARTER: usize = LANES * GROUP / 4;

/// Panel by panel, so that a weight comes from memory once and serves all rows.
#[target_feature(enable = "avx2,fma")]
pub(super) fn compute(product: Product<'_>) {
    let Product { rows, weight, out, scratch } = product;
    rows.interleave(TALL, &mut scratch.wide);
    let groups = weight.groups();
    for panel in 0..weight.panels() {
        for half in 0..2 {
            for (first, count) in blocks(rows.count(), TALL) {
                let block = Block {
                    values: &scratch.wide[first * groups..][..count * groups],
                    scales: &rows.scales()[first..][..count],
                    sums: &rows.sums()[first..][..count],
                    weight,
                    panel,
                    half,
                    out: &mut out[first * weight.columns()..],
                };
                match count {
                    1 => block.tile::<1>(),
                    2 => block.tile::<2>(),
                    3 => block.tile::<3>(),
                    4 => block.tile::<4>(),
                    5 => block.tile::<5>(),
                    _ => block.tile::<TALL>(),
                }
            }
        }
    }
}

/// At most 6 rows by half a panel.
struct Block<'a> {
    values: &'a [[i16; GROUP]],
    scales: &'a [f32],
    sums: &'a [i32],
    weight: &'a Weight,
    panel: usize,
    half: usize,
    out: &'a mut [f32],
}

impl Block<'_> {
    /// `R` rows by 8 outputs.
    #[target_feature(enable = "avx2,fma")]
    fn tile<const R: usize>(self) {
        let (column, columns) = self.weight.place(self.panel);
        // One bit: then no check is needed where it chooses.
        let half = self.half & 1;
        let skipped = half * HALF;
        if skipped >= columns {
            return;
        }
        let (lines, _) = self.weight.band(self.panel);
        let mut sums = [[_mm256_setzero_si256(); 2]; R];
        // No index, as in `vnni`.
        for (fours, line) in self.values.as_chunks::<R>().0.iter().zip(lines) {
            let quarters: &[[u8; QUARTER]; 4] = cast_ref(&line.0);
            let weights: [__m256i; 2] = [0, 1].map(|quarter| {
                let bytes: __m128i = cast(quarters[2 * half + quarter]);
                _mm256_cvtepu8_epi16(bytes)
            });
            for (four, sums) in fours.iter().zip(&mut sums) {
                let four = _mm256_set1_epi64x(cast(*four));
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(weights, four));
                }
            }
        }
        let part = |all: &[f32; LANES]| -> __m256 { cast(cast::<_, [[f32; HALF]; 2]>(*all)[half]) };
        let (scales, bias) = (part(self.weight.scales(self.panel)), part(self.weight.bias(self.panel)));
        let rows = self.out.chunks_mut(self.weight.columns()).zip(self.scales).zip(self.sums);
        for (sums, ((row, scale), total)) in sums.iter().zip(rows) {
            // Each output's sum is in two lanes still; adding neighbours leaves the outputs' pairs crossed.
            let pairs = _mm256_hadd_epi32(sums[0], sums[1]);
            let sum = _mm256_permute4x64_epi64::<0b11_01_10_00>(pairs);
            let surplus = _mm256_set1_epi32(total * i32::from(OFFSET));
            let sum = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, surplus));
            let scale = _mm256_mul_ps(scales, _mm256_set1_ps(*scale));
            let values: [f32; HALF] = cast(_mm256_fmadd_ps(sum, scale, bias));
            let out = &mut row[column..][..columns][skipped..];
            match out.first_chunk_mut::<HALF>() {
                Some(whole) => *whole = values,
                None => out.copy_from_slice(&values[..out.len()]),
            }
        }
    }
}
