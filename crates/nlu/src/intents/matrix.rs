//! Dense matrices and the two products that training needs, in safe code that compilers vectorise.

use serde::{Deserialize, Serialize};

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
        // Compiled once for each vector unit, chosen at run time; the order of the sums is the same, so
        // the numbers are too.
        pulp::Arch::new().dispatch(|| self.multiply_into(right, out));
    }

    #[inline(always)]
    fn multiply_into(&self, right: &Self, out: &mut Self) {
        let inner = self.columns;
        let width = right.columns;
        for first in (0..self.rows).step_by(ROWS) {
            for column in (0..width).step_by(COLUMNS) {
                if first + ROWS <= self.rows && column + COLUMNS <= width {
                    let left: [&[f32]; ROWS] = std::array::from_fn(|row| {
                        &self.data[(first + row) * inner..(first + row + 1) * inner]
                    });
                    let sums = tile(left, &right.data[column..], width);
                    for (row, sum) in sums.iter().enumerate() {
                        out.data[(first + row) * width + column..][..COLUMNS].copy_from_slice(sum);
                    }
                } else {
                    for row in first..(first + ROWS).min(self.rows) {
                        for column in column..(column + COLUMNS).min(width) {
                            let cells = self.row(row).iter().enumerate();
                            out.data[row * width + column] =
                                cells.map(|(at, value)| value * right.data[at * width + column]).sum();
                        }
                    }
                }
            }
        }
    }
}

const ROWS: usize = 4;
/// Widths that are multiples of this go through the fast tile only.
pub(super) const COLUMNS: usize = 16;

/// The next multiple of the tile's width.
pub(super) const fn padded(columns: usize) -> usize {
    columns.div_ceil(COLUMNS) * COLUMNS
}

/// Four rows times sixteen columns held in registers: each loaded number is used four or sixteen times.
#[inline(always)]
fn tile(left: [&[f32]; ROWS], right: &[f32], width: usize) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    let inner = left[0].len();
    let [a, b, c, d] = left.map(|row| &row[..inner]);
    for at in 0..inner {
        let Some(values) = right[at * width..].first_chunk::<COLUMNS>() else { break };
        let factors = [a[at], b[at], c[at], d[at]];
        for (sum, factor) in sums.iter_mut().zip(factors) {
            for (cell, value) in sum.iter_mut().zip(values) {
                *cell += factor * value;
            }
        }
    }
    sums
}

/// `target += factor * source`.
#[inline(always)]
pub(super) fn add_scaled(target: &mut [f32], factor: f32, source: &[f32]) {
    for (cell, value) in target.iter_mut().zip(source) {
        *cell += factor * value;
    }
}

/// The dot product, in eight sums at once so that it vectorises.
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (left_chunks, left_rest) = left.as_chunks::<8>();
    let (right_chunks, right_rest) = right.as_chunks::<8>();
    for (a, b) in left_chunks.iter().zip(right_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + left_rest.iter().zip(right_rest).map(|(x, y)| x * y).sum::<f32>()
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
        for (rows, inner, columns) in [(1, 1, 1), (4, 3, 8), (5, 7, 9), (9, 16, 24)] {
            let (left, right) = (fill(rows, inner), fill(inner, columns));
            let mut out = Matrix::zeros(rows, columns);
            left.multiply(&right, &mut out);
            let turned = right.transposed();
            for row in 0..rows {
                for column in 0..columns {
                    assert_eq!(out.row(row)[column], dot(left.row(row), turned.row(column)));
                }
            }
        }
    }
}
