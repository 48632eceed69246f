//! Dense matrices and the two products that training needs, in safe code.

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::encoder::multiply_add;

/// Row after row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Matrix {
    /// Number of rows.
    pub(super) rows: usize,
    /// Number of columns.
    pub(super) columns: usize,
    /// `rows * columns` numbers.
    #[serde(with = "super::packing::floats")]
    pub(super) data: Vec<f32>,
}

impl Matrix {
    /// All zero.
    pub(super) fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![0.0; rows * columns] }
    }

    /// One row.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.columns..(row + 1) * self.columns]
    }

    /// One row, to change.
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.columns..(row + 1) * self.columns]
    }

    /// Some of the rows, in the order given.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let mut chosen = Self::zeros(rows.len(), self.columns);
        for (place, &row) in rows.iter().enumerate() {
            chosen.row_mut(place).copy_from_slice(self.row(row));
        }
        chosen
    }

    /// Rows become columns.
    pub(super) fn transposed(&self) -> Self {
        let mut turned = Self::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for column in 0..self.columns {
                turned.data[column * self.rows + row] = self.data[row * self.columns + column];
            }
        }
        turned
    }

    /// `self * right`, written to `out`.
    pub(super) fn multiply(&self, right: &Self, out: &mut Self) {
        pulp::Arch::new().dispatch(Product { left: self, right, out });
    }
}

/// The vector unit's widest register holds this many numbers; rows of this multiple have no remainder.
const WIDEST: usize = 16;
/// Rows of the left side that share a load of the right side.
const ROWS: usize = 4;

/// The next multiple of the widest register.
pub(super) const fn padded(columns: usize) -> usize {
    columns.div_ceil(WIDEST) * WIDEST
}

struct Product<'a> {
    left: &'a Matrix,
    right: &'a Matrix,
    out: &'a mut Matrix,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, out } = self;
        let width = right.columns;
        let whole = left.rows / ROWS * ROWS;
        let mut column = 0;
        while column + 2 * S::F32_LANES <= width {
            (0..whole).step_by(ROWS).for_each(|row| tile::<S, 2>(simd, left, right, out, row, column));
            column += 2 * S::F32_LANES;
        }
        while column + S::F32_LANES <= width {
            (0..whole).step_by(ROWS).for_each(|row| tile::<S, 1>(simd, left, right, out, row, column));
            column += S::F32_LANES;
        }
        for row in 0..left.rows {
            for column in if row < whole { column } else { 0 }..width {
                let cells = left.row(row).iter().enumerate();
                out.data[row * width + column] =
                    cells.map(|(at, value)| value * right.data[at * width + column]).sum();
            }
        }
    }
}

/// Four rows times `N` registers, the sums kept in registers.
#[inline(always)]
fn tile<S: Simd, const N: usize>(
    simd: S,
    left: &Matrix,
    right: &Matrix,
    out: &mut Matrix,
    first: usize,
    column: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); N]; ROWS];
    let inner = left.columns;
    let mut rows = left.data[first * inner..(first + ROWS) * inner].chunks_exact(inner.max(1));
    let (Some(a), Some(b), Some(c), Some(d)) = (rows.next(), rows.next(), rows.next(), rows.next()) else {
        return;
    };
    let lines = right.data.chunks_exact(right.columns);
    for ((((a, b), c), d), line) in a.iter().zip(b).zip(c).zip(d).zip(lines) {
        let (values, _) = S::as_simd_f32s(&line[column..column + N * S::F32_LANES]);
        for (sums, factor) in sums.iter_mut().zip([a, b, c, d]) {
            let factor = simd.splat_f32s(*factor);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = multiply_add(simd, factor, *value, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let cells = &mut out.data[(first + row) * right.columns + column..][..N * S::F32_LANES];
        S::as_mut_simd_f32s(cells).0.copy_from_slice(sums);
    }
}

/// `target += factor * source`.
#[inline(always)]
pub(super) fn add_scaled(target: &mut [f32], factor: f32, source: &[f32]) {
    for (cell, value) in target.iter_mut().zip(source) {
        *cell += factor * value;
    }
}

#[cfg(test)]
impl Matrix {
    /// Of rows of equal length.
    pub(super) fn from_rows<'a>(rows: impl IntoIterator<Item = &'a [f32]>) -> Self {
        let mut matrix = Self::default();
        for row in rows {
            matrix.columns = row.len();
            matrix.rows += 1;
            matrix.data.extend_from_slice(row);
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intents::random::Random;

    #[test]
    fn products_agree_with_the_definition() {
        let mut random = Random::new(1);
        let mut fill = |rows, columns| {
            let mut matrix = Matrix::zeros(rows, columns);
            matrix.data.iter_mut().for_each(|cell| *cell = random.below(9) as f32 - 4.0);
            matrix
        };
        for (rows, inner, columns) in [(1, 1, 1), (4, 3, 8), (5, 7, 19), (9, 16, 48), (8, 5, 83)] {
            let (left, right) = (fill(rows, inner), fill(inner, columns));
            let mut out = Matrix::zeros(rows, columns);
            left.multiply(&right, &mut out);
            let turned = right.transposed();
            for row in 0..rows {
                for column in 0..columns {
                    let products = left.row(row).iter().zip(turned.row(column)).map(|(a, b)| a * b);
                    assert_eq!(out.row(row)[column], products.sum::<f32>());
                }
            }
        }
    }
}
