//! A linear layer, as the file has it and as a kernel wants it.

use super::{
    int8::{self, Side},
    kernel::Kernel,
    matmul::{Left, Panels, Product, Unit},
};

/// A linear layer as it is read.
#[derive(Debug, Clone)]
pub(crate) struct Plain {
    /// `out × in`, row after row.
    pub(crate) weight: Vec<f32>,
    /// One addend an output.
    pub(crate) bias: Vec<f32>,
}

impl Plain {
    /// Number of inputs.
    pub(crate) fn depth(&self) -> usize {
        self.weight.len() / self.bias.len()
    }

    /// For computing in `f32` on this unit.
    pub(crate) fn packed(&self, unit: Unit) -> Linear {
        let mut weight = Panels::new(unit);
        weight.pack_transposed(&self.weight, self.depth(), self.bias.len(), self.depth());
        Linear::F32 { weight, bias: self.bias.clone() }
    }

    /// For computing in 8 bits with this kernel; `largest` says how large each input gets.
    pub(crate) fn quantised(&self, largest: &[f32], side: Side, kernel: Kernel) -> Linear {
        Linear::Int8(int8::Weight::new(&self.weight, &self.bias, largest, side, kernel))
    }
}

/// A linear layer that is ready to compute.
#[derive(Debug, Clone)]
pub(crate) enum Linear {
    /// In 32-bit floating point.
    F32 {
        /// `in × out`, packed.
        weight: Panels,
        /// One addend an output.
        bias: Vec<f32>,
    },
    /// In 8-bit whole numbers.
    Int8(int8::Weight),
}

/// What linear layers compute with, and their room, used again for the next.
#[derive(Debug)]
pub(crate) struct Scratch {
    unit: Unit,
    /// The left side of a product in `f32`.
    pub(crate) left: Vec<f32>,
    rows: int8::Rows,
    int8: int8::Scratch,
}

impl Scratch {
    /// Empty.
    pub(crate) fn new(unit: Unit) -> Self {
        Self { unit, left: Vec::new(), rows: int8::Rows::default(), int8: int8::Scratch::default() }
    }
}

impl Linear {
    /// Writes `input · weight + bias` to `out`: as many rows of outputs as there are rows of inputs.
    pub(crate) fn apply(&self, input: &[f32], out: &mut Vec<f32>, scratch: &mut Scratch) {
        match self {
            Self::F32 { weight, bias } => {
                let (depth, columns) = (weight.depth(), weight.columns());
                let rows = input.len() / depth;
                out.resize(rows * columns, 0.0);
                Product {
                    left: Left::Rows(input, depth),
                    rows,
                    right: weight,
                    bias,
                    out,
                    out_stride: columns,
                    scratch: &mut scratch.left,
                }
                .compute(scratch.unit);
            }
            Self::Int8(weight) => {
                scratch.rows.quantise(scratch.unit, input, weight);
                out.resize(input.len() / weight.depth() * weight.columns(), 0.0);
                int8::Product { rows: &scratch.rows, weight, out, scratch: &mut scratch.int8 }.compute();
            }
        }
    }
}
