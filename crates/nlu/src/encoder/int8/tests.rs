//! The kernels against the definition, and against each other to the last bit.

use super::{Kernel, Product, Rows, Scratch, Side, Weight, is_available};
use proptest::prelude::*;

/// Numbers from −1 to 1 that look like chance, the same for the same seed.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    fn take(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// A product of `rows × depth` with `columns × depth`.
struct Case {
    source: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    largest: Vec<f32>,
}

impl Case {
    fn new(rows: usize, depth: usize, columns: usize, seed: u32) -> Self {
        let mut numbers = Numbers(seed);
        let mut source = numbers.take(rows * depth);
        // One input is always large, as in real networks: smoothing is for it.
        source.iter_mut().step_by(depth).for_each(|x| *x *= 30.0);
        let largest = (0..depth)
            .map(|at| source[at..].iter().step_by(depth).fold(0.0, |top: f32, x| top.max(x.abs())))
            .collect();
        Self { source, weight: numbers.take(columns * depth), bias: numbers.take(columns), largest }
    }

    fn int8(&self, kernel: Kernel) -> Vec<f32> {
        self.of(Side::Both, kernel)
    }

    fn of(&self, side: Side, kernel: Kernel) -> Vec<f32> {
        let weight = Weight::new(&self.weight, &self.bias, &self.largest, side, kernel);
        let mut rows = Rows::default();
        rows.quantise(kernel.unit(), &self.source, &weight);
        let mut out = vec![7.0; rows.count() * weight.columns()];
        Product { rows: &rows, weight: &weight, out: &mut out, scratch: &mut Scratch::default() }.compute();
        out
    }

    /// Quantised, multiplied and scaled back one number at a time, with the same order of operations.
    fn naive(&self) -> Vec<f32> {
        let (depth, columns) = (self.largest.len(), self.bias.len());
        let factors: Vec<f32> = (0..depth)
            .map(|at| {
                let heaviest =
                    self.weight[at..].iter().step_by(depth).fold(0.0, |top: f32, w| top.max(w.abs()));
                (self.largest[at].max(1e-5) / heaviest.max(1e-5)).sqrt()
            })
            .collect();
        let (weights, scales): (Vec<Vec<i32>>, Vec<f32>) = self
            .weight
            .chunks(depth)
            .map(|row| whole(&row.iter().zip(&factors).map(|(w, f)| w * f).collect::<Vec<_>>()))
            .unzip();
        let mut out = Vec::new();
        for row in self.source.chunks(depth) {
            let (row, scale) =
                whole(&row.iter().zip(&factors).map(|(x, f)| x * (1.0 / f)).collect::<Vec<_>>());
            for column in 0..columns {
                let sum: i32 = row.iter().zip(&weights[column]).map(|(a, b)| a * b).sum();
                out.push((sum as f32).mul_add(scales[column] * scale, self.bias[column]));
            }
        }
        out
    }

    /// Without quantising, in f64.
    fn exact(&self) -> Vec<f64> {
        let depth = self.largest.len();
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        self.source
            .chunks(depth)
            .flat_map(|row| {
                self.weight.chunks(depth).zip(&self.bias).map(move |(w, b)| dot(row, w) + f64::from(*b))
            })
            .collect()
    }
}

/// Whole numbers from −127 to 127, and what one stands for.
fn whole(row: &[f32]) -> (Vec<i32>, f32) {
    let top = row.iter().fold(0.0, |top: f32, x| top.max(x.abs()));
    let steps = if top > 0.0 { 127.0 / top } else { 0.0 };
    (row.iter().map(|x| (x * steps).round_ties_even() as i32).collect(), top / 127.0)
}

fn kernels() -> Vec<Kernel> {
    let found: Vec<Kernel> =
        [Kernel::Vnni, Kernel::Avx2].into_iter().filter(|kernel| is_available(*kernel)).collect();
    if found.len() < 2 {
        println!("not run: this processor has {found:?} of the two kernels");
    }
    found
}

proptest! {
    #[test]
    fn every_kernel_is_the_definition_to_the_last_bit(
        rows in 1_usize..20, depth in 1_usize..90, columns in 1_usize..120, seed in any::<u32>(),
    ) {
        let case = Case::new(rows, depth, columns, seed);
        let wanted = case.naive();
        for kernel in kernels() {
            prop_assert_eq!(&case.int8(kernel), &wanted, "{:?}", kernel);
        }
    }
}

/// Behind a GELU, nearly nothing lies below zero: shifted rows come twice as near.
#[test]
fn rows_on_one_side_of_zero_are_shifted_and_come_nearer() {
    let mut case = Case::new(17, 1536, 384, 9);
    case.source.iter_mut().for_each(|x| *x = x.max(-0.17));
    let exact = case.exact();
    let off = |got: &[f32]| -> f64 { got.iter().zip(&exact).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum() };
    let all: Vec<_> = kernels().into_iter().map(|kernel| case.of(Side::One, kernel)).collect();
    for (kernel, got) in kernels().into_iter().zip(&all) {
        let (shifted, plain) = (off(got), off(&case.int8(kernel)));
        assert!(shifted < 0.6 * plain, "{kernel:?}: {shifted} and {plain}");
        assert_eq!(*got, all[0], "kernels differ");
    }
}

#[test]
fn the_largest_layers_do_not_overflow_and_stay_close() {
    for (rows, depth, columns) in [(16, 1536, 384), (128, 384, 1536), (1, 384, 1152), (17, 4096, 48)] {
        let case = Case::new(rows, depth, columns, 5);
        let exact = case.exact();
        let size = (exact.iter().map(|x| x * x).sum::<f64>() / exact.len() as f64).sqrt();
        for kernel in kernels() {
            let got = case.int8(kernel);
            let off: f64 = got.iter().zip(&exact).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
            let off = (off / exact.len() as f64).sqrt();
            assert!(off < 0.02 * size, "{kernel:?} {rows}×{depth}×{columns}: {off} of {size}");
        }
        let all: Vec<_> = kernels().into_iter().map(|kernel| case.int8(kernel)).collect();
        assert!(all.iter().all(|one| *one == all[0]), "kernels differ");
    }
}

#[test]
fn extremes_of_all_numbers_at_once_are_added_exactly() {
    // All at 127: the largest sum there is; `vpmaddubsw` would cut it off.
    for sign in [1.0, -1.0] {
        let case = Case {
            source: vec![1.0; 3 * 1536],
            weight: vec![sign; 20 * 1536],
            bias: vec![0.0; 20],
            largest: vec![1.0; 1536],
        };
        for kernel in kernels() {
            let got = case.int8(kernel);
            assert_eq!(got, case.naive());
            assert!(got.iter().all(|x| (x - sign * 1536.0).abs() < 0.01));
        }
    }
}

#[test]
fn nothing_gives_the_bias() {
    let mut case = Case::new(3, 10, 20, 1);
    case.source.fill(0.0);
    for kernel in kernels() {
        assert!(case.int8(kernel).chunks(20).all(|row| row == case.bias));
    }
    case.source.fill(1e-42);
    for kernel in kernels() {
        assert!(case.int8(kernel).chunks(20).all(|row| row == case.bias), "numbers too small for a scale");
    }
    case.weight.fill(0.0);
    case.largest.fill(0.0);
    for kernel in kernels() {
        assert!(case.int8(kernel).chunks(20).all(|row| row == case.bias));
    }
    case.source.clear();
    for kernel in kernels() {
        assert!(case.int8(kernel).is_empty());
    }
}
