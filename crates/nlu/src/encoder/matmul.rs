//! Matrix products in `f32`, the one hot loop of the encoder.
//!
//! Row-major `m × k` times `k × n`. The right side is packed once into panels of two vector
//! registers' width ([`Panels`]), the left side into blocks of rows, so that the inner loop reads
//! both sequentially and keeps its sums in registers. `pulp` finds the processor's vector unit at run
//! time (AVX-512, AVX2, NEON) and its calls are safe, so this crate needs no `unsafe`.

use pulp::{Arch, Simd, WithSimd, bytemuck};

/// Registers of a panel's width: two, so that a broadcast of the left side is used twice.
const PANEL_REGISTERS: usize = 2;

/// A cache line, in `f32`.
const LINE: usize = 16;

/// The vector unit of this processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    arch: Arch,
    lanes: usize,
}

impl Unit {
    /// Asks the processor what it can do.
    pub(crate) fn detect() -> Self {
        Self::of(Arch::new())
    }

    /// AVX2 with fused multiply-add, also on a processor that could do more; `None` if it has none.
    pub(crate) fn detect_avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            pulp::x86::V3::try_new().map(|v3| Self::of(Arch::V3(v3)))
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            None
        }
    }

    fn of(arch: Arch) -> Self {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        Self { arch, lanes: arch.dispatch(Lanes) }
    }

    /// Runs an operation compiled for this unit.
    #[inline(always)]
    pub(crate) fn run<O: WithSimd>(self, operation: O) -> O::Output {
        self.arch.dispatch(operation)
    }
}

/// The right side of a product, `k × n`, packed for one [`Unit`]: panel after panel of `width`
/// columns, in each panel row after row; the last panel is filled up with whatever numbers.
#[derive(Debug, Clone)]
pub(crate) struct Panels {
    data: Vec<f32>,
    start: usize,
    depth: usize,
    columns: usize,
    width: usize,
}

impl Panels {
    /// An empty one, to be packed later and again.
    pub(crate) fn new(unit: Unit) -> Self {
        Self { data: Vec::new(), start: 0, depth: 0, columns: 0, width: unit.lanes * PANEL_REGISTERS }
    }

    /// Packs `columns` rows of `depth` numbers, `stride` apart, as columns: the transposed of `source`,
    /// which is how a linear layer stores its weights (`out × in`).
    pub(crate) fn pack_transposed(&mut self, source: &[f32], stride: usize, columns: usize, depth: usize) {
        self.reset(depth, columns);
        let width = self.width;
        let packed = &mut self.data[self.start..];
        for (column, row) in source.chunks(stride).take(columns).enumerate() {
            let panel = &mut packed[column / width * width * depth..];
            for (slot, value) in panel[column % width..].iter_mut().step_by(width).zip(&row[..depth]) {
                *slot = *value;
            }
        }
    }

    /// Packs `depth` rows of `columns` numbers, `stride` apart, as they are.
    pub(crate) fn pack(&mut self, source: &[f32], stride: usize, depth: usize, columns: usize) {
        self.reset(depth, columns);
        let width = self.width;
        let packed = &mut self.data[self.start..];
        for (index, row) in source.chunks(stride).take(depth).enumerate() {
            for (panel, piece) in row[..columns].chunks(width).enumerate() {
                let at = (panel * depth + index) * width;
                packed[at..at + piece.len()].copy_from_slice(piece);
            }
        }
    }

    /// Rows of the right side (`k`).
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the right side (`n`).
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    fn reset(&mut self, depth: usize, columns: usize) {
        (self.depth, self.columns) = (depth, columns);
        let size = columns.div_ceil(self.width) * self.width * depth;
        // What is left of the last packing stays in columns that nobody asks for.
        self.data.resize(size + LINE, 0.0);
        // A vector that crosses cache lines costs two loads, so the panels start on a line.
        self.start = self.data.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    }

    fn packed(&self) -> &[f32] {
        &self.data[self.start..][..self.columns.div_ceil(self.width) * self.width * self.depth]
    }
}

/// The left side of a product, `m × k`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Left<'a> {
    /// Row after row, this far apart.
    Rows(&'a [f32], usize),
    /// Column after column, this far apart.
    Columns(&'a [f32], usize),
}

/// Where a product finds its left side and leaves its result.
pub(crate) struct Product<'a> {
    /// Left side, rows of `panels.depth()` numbers.
    pub(crate) left: Left<'a>,
    /// Number of rows.
    pub(crate) rows: usize,
    /// Right side.
    pub(crate) right: &'a Panels,
    /// Added to every row; empty for none.
    pub(crate) bias: &'a [f32],
    /// Result, rows of `panels.columns()` numbers, overwritten.
    pub(crate) out: &'a mut [f32],
    /// Distance between rows of the result.
    pub(crate) out_stride: usize,
    /// Scratch for the packed left side.
    pub(crate) scratch: &'a mut Vec<f32>,
}

impl Product<'_> {
    /// Computes `out = left · right + bias`.
    pub(crate) fn compute(self, unit: Unit) {
        unit.run(self);
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many rows as the registers hold sums for, two registers a row, some left for operands.
        if S::REGISTER_COUNT >= 32 { product::<S, 8, 4>(simd, self) } else { product::<S, 6, 3>(simd, self) }
    }
}

/// `TALL` rows at a time, and `SHORT` for a rest that is not larger.
#[inline(always)]
fn product<S: Simd, const TALL: usize, const SHORT: usize>(simd: S, p: Product<'_>) {
    let depth = p.right.depth;
    let whole = if p.rows % TALL > SHORT { p.rows.div_ceil(TALL) } else { p.rows / TALL };
    let rest = p.rows.saturating_sub(whole * TALL);

    // What is left of the last product stays in rows that nobody asks for.
    p.scratch.resize(whole * TALL * depth + if rest > 0 { SHORT * depth } else { 0 }, 0.0);
    let (tall, short) = p.scratch.split_at_mut(whole * TALL * depth);
    match p.left {
        Left::Rows(left, stride) => {
            for row in 0..p.rows {
                let values = &left[row * stride..][..depth];
                if row < whole * TALL {
                    scatter::<TALL>(&mut tall[row / TALL * TALL * depth..], row % TALL, values);
                } else {
                    scatter::<SHORT>(short, row - whole * TALL, values);
                }
            }
        }
        Left::Columns(left, stride) => {
            for (index, column) in left.chunks(stride).take(depth).enumerate() {
                let (most, last) = column[..p.rows].split_at(p.rows.min(whole * TALL));
                for (block, values) in tall.chunks_exact_mut(TALL * depth).zip(most.chunks(TALL)) {
                    gather::<TALL>(block, index, values);
                }
                if rest > 0 {
                    gather::<SHORT>(short, index, last);
                }
            }
        }
    }

    let width = S::F32_LANES * PANEL_REGISTERS;
    debug_assert_eq!(width, p.right.width, "packed for another unit");
    for (index, panel) in p.right.packed().chunks_exact(width * depth).enumerate() {
        let column = index * width;
        let columns = width.min(p.right.columns - column);
        let (panel, _) = S::as_simd_f32s(panel);
        let mut bias = [simd.splat_f32s(0.0); PANEL_REGISTERS];
        if !p.bias.is_empty() {
            bytemuck::cast_slice_mut::<_, f32>(&mut bias)[..columns]
                .copy_from_slice(&p.bias[column..][..columns]);
        }
        for (block, left) in tall.chunks_exact(TALL * depth).enumerate() {
            let sums = sums::<S, TALL>(simd, left, panel, bias);
            let first = block * TALL;
            store::<S>(&sums[..TALL.min(p.rows - first)], p.out, p.out_stride, first, column, columns);
        }
        if rest > 0 {
            let sums = sums::<S, SHORT>(simd, short, panel, bias);
            store::<S>(&sums[..rest], p.out, p.out_stride, whole * TALL, column, columns);
        }
    }
}

/// Writes a row of the left side to its place in a block of `R` rows.
#[inline(always)]
fn scatter<const R: usize>(block: &mut [f32], row: usize, values: &[f32]) {
    block[row..].iter_mut().step_by(R).zip(values).for_each(|(slot, value)| *slot = *value);
}

/// Writes `R` rows' numbers of one column of the left side, or fewer, to their place in a block.
#[inline(always)]
fn gather<const R: usize>(block: &mut [f32], index: usize, values: &[f32]) {
    let slots = &mut block[index * R..][..R];
    match values.as_array::<R>() {
        // Of a known length this is one instruction.
        Some(values) => slots.copy_from_slice(values),
        None => slots.iter_mut().zip(values).for_each(|(slot, value)| *slot = *value),
    }
}

/// The inner loop: `R` rows times one panel.
#[inline(always)]
fn sums<S: Simd, const R: usize>(
    simd: S,
    left: &[f32],
    panel: &[S::f32s],
    bias: [S::f32s; PANEL_REGISTERS],
) -> [[S::f32s; PANEL_REGISTERS]; R] {
    let mut sums = [bias; R];
    for (values, [first, second]) in
        left.as_chunks::<R>().0.iter().zip(panel.as_chunks::<PANEL_REGISTERS>().0)
    {
        for (value, sum) in values.iter().zip(&mut sums) {
            let value = simd.splat_f32s(*value);
            sum[0] = multiply_add(simd, value, *first, sum[0]);
            sum[1] = multiply_add(simd, value, *second, sum[1]);
        }
    }
    sums
}

/// A processor without fused multiply-add would call a function of the C library for each.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::IS_SCALAR { simd.add_f32s(simd.mul_f32s(a, b), c) } else { simd.mul_add_f32s(a, b, c) }
}

#[inline(always)]
fn store<S: Simd>(
    sums: &[[S::f32s; PANEL_REGISTERS]],
    out: &mut [f32],
    stride: usize,
    first: usize,
    column: usize,
    columns: usize,
) {
    for (row, sum) in sums.iter().enumerate() {
        let values: &[f32] = bytemuck::cast_slice(sum);
        out[(first + row) * stride + column..][..columns].copy_from_slice(&values[..columns]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_definition(rows in 0_usize..20, depth in 1_usize..40, columns in 1_usize..70, seed in any::<u32>()) {
            let mut state = seed | 1;
            let mut number = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
            };
            // Strides larger than the rows, as inside a fused query-key-value matrix.
            let (left_stride, out_stride) = (depth + 3, columns + 2);
            let left: Vec<f32> = (0..rows * left_stride).map(|_| number()).collect();
            let right: Vec<f32> = (0..depth * columns).map(|_| number()).collect();
            let bias: Vec<f32> = (0..columns).map(|_| number()).collect();
            let transposed: Vec<f32> = (0..columns * depth).map(|i| right[i % depth * columns + i / depth]).collect();

            let unit = Unit::detect();
            let (mut plain, mut turned) = (Panels::new(unit), Panels::new(unit));
            plain.pack(&right, columns, depth, columns);
            turned.pack_transposed(&transposed, depth, columns, depth);
            prop_assert_eq!(plain.packed(), turned.packed());
            prop_assert_eq!((plain.depth(), plain.columns()), (depth, columns));

            let columns_of_left: Vec<f32> =
                (0..depth * (rows + 1)).map(|i| if i % (rows + 1) < rows { left[i % (rows + 1) * left_stride + i / (rows + 1)] } else { 9.0 }).collect();
            for left_side in [Left::Rows(&left, left_stride), Left::Columns(&columns_of_left, rows + 1)] {
            let mut out = vec![7.0; rows * out_stride];
            Product {
                left: left_side, rows, right: &plain, bias: &bias,
                out: &mut out, out_stride, scratch: &mut Vec::new(),
            }.compute(unit);
            for row in 0..rows {
                for column in 0..columns {
                    let wanted: f32 = bias[column]
                        + (0..depth).map(|k| left[row * left_stride + k] * right[k * columns + column]).sum::<f32>();
                    prop_assert!((out[row * out_stride + column] - wanted).abs() < 1e-4);
                }
                prop_assert!(out[row * out_stride + columns..(row + 1) * out_stride].iter().all(|x| *x == 7.0));
            }
            }
        }
    }
}
