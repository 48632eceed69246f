//! A low-rank adapter: what the shipped encoder was taught of banking, as a small difference to its
//! weights (Hu et al. 2021, LoRA).
//!
//! It is added to the weights when they are read, so it costs nothing while encoding, and it fits the
//! weights that it was made for and no others. `docs/understanding.md` says what it learned from.

use super::{EncoderError, weights::damaged};
use safetensors::{Dtype, SafeTensors};

/// Its name in errors.
const FILE: &str = "adapter";
/// How strongly the product of the two matrices counts; the adapter was trained with it.
const SCALE: f32 = 2.0;

/// What the name of an encoder with an adapter ends with; the number changes with the adapter.
pub(crate) const ADAPTED: &str = " + banking 3";
/// The adapter of all-MiniLM-L6-v2.
pub(crate) const SHIPPED: &[u8] = include_bytes!("../../models/adapter.safetensors");

/// Two narrow matrices for each linear layer that it changes.
pub(crate) struct Adapter<'a> {
    file: SafeTensors<'a>,
}

impl<'a> Adapter<'a> {
    /// Reads tensors `NAME.a` (`rank × input`) and `NAME.b` (`output × rank`) in bfloat16.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, EncoderError> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(FILE, e.to_string()))?;
        Ok(Self { file })
    }

    /// Adds what it knows of the linear layer of this name to its weights, `output × input`; nothing
    /// where it knows nothing of it.
    pub(crate) fn add(
        &self,
        name: &str,
        weight: &mut [f32],
        (output, input): (usize, usize),
    ) -> Result<(), EncoderError> {
        let Some((a, rank)) = self.tensor(&format!("{name}.a"), |shape| shape[1] == input, 0)? else {
            return Ok(());
        };
        let of_b = |shape: &[usize]| shape[0] == output && shape[1] == rank;
        let Some((b, _)) = self.tensor(&format!("{name}.b"), of_b, 1)? else {
            return Err(damaged(FILE, format!("{name}.b is missing")));
        };
        for (row, of_row) in weight.chunks_exact_mut(input).zip(b.chunks_exact(rank)) {
            for (by, narrow) in of_row.iter().zip(a.chunks_exact(input)) {
                row.iter_mut().zip(narrow).for_each(|(w, x)| *w += SCALE * by * x);
            }
        }
        Ok(())
    }

    /// A matrix and its size along `rank_axis`; none where there is none of this name.
    fn tensor(
        &self,
        name: &str,
        fits: impl Fn(&[usize]) -> bool,
        rank_axis: usize,
    ) -> Result<Option<(Vec<f32>, usize)>, EncoderError> {
        let Ok(tensor) = self.file.tensor(name) else { return Ok(None) };
        let shape = tensor.shape();
        if tensor.dtype() != Dtype::BF16 || shape.len() != 2 || shape.contains(&0) || !fits(shape) {
            return Err(damaged(FILE, format!("{name} is {:?} {shape:?}", tensor.dtype())));
        }
        let wide = |two: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*two)) << 16);
        let values: Vec<f32> = tensor.data().as_chunks::<2>().0.iter().map(wide).collect();
        if values.iter().any(|x| !x.is_finite()) {
            return Err(damaged(FILE, format!("{name} holds a number that is not finite")));
        }
        Ok(Some((values, shape[rank_axis])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::{serialize, tensor::TensorView};

    fn bf16(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| ((x.to_bits() >> 16) as u16).to_le_bytes()).collect()
    }

    fn file(b_shape: Vec<usize>) -> Vec<u8> {
        let (a, b) = (bf16(&[1.0, 2.0, 0.5]), bf16(&[1.0, -1.0]));
        let view = |shape: Vec<usize>, data| TensorView::new(Dtype::BF16, shape, data).unwrap();
        serialize([("dense.a", view(vec![1, 3], &a)), ("dense.b", view(b_shape, &b))], None).unwrap()
    }

    #[test]
    fn the_product_is_added_to_the_layer_that_it_names_and_to_no_other() {
        let bytes = file(vec![2, 1]);
        let adapter = Adapter::parse(&bytes).unwrap();
        let mut weight = vec![1.0; 6];
        adapter.add("dense", &mut weight, (2, 3)).unwrap();
        assert_eq!(weight, [3.0, 5.0, 2.0, -1.0, -3.0, 0.0]);
        adapter.add("another", &mut weight, (2, 3)).unwrap();
        assert_eq!(weight, [3.0, 5.0, 2.0, -1.0, -3.0, 0.0]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_an_error() {
        let bytes = file(vec![2, 1]);
        let adapter = Adapter::parse(&bytes).unwrap();
        assert!(adapter.add("dense", &mut [0.0; 8], (2, 4)).is_err());
        assert!(adapter.add("dense", &mut [0.0; 9], (3, 3)).is_err());
        assert!(Adapter::parse(&bytes[..40]).is_err());
    }
}
