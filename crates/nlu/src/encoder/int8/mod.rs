//! Matrix products in 8-bit whole numbers.
//!
//! `out = rows · weight + bias`, with `rows` of `f32` (`m × k`) and a weight of `n × k` as a linear layer
//! stores it. Both sides become whole numbers from −127 to 127:
//!
//! - the weight once, with one scale an output ([`Weight`]);
//! - the rows at each product, with one scale a row ([`Rows`]), after each input was divided by the
//!   layer's own smoothing factor, by which the weight was multiplied: a few inputs that are always
//!   large would otherwise leave the small ones no digits (SmoothQuant). Rows that lie on one side of zero are
//!   shifted by the middle of their ends, each by its own, which is added to the outputs again.
//!
//! The sums are whole numbers, hence the same to the last bit in every kernel, and what follows them is
//! written in the same order of operations: [`Kernel::Vnni`] and [`Kernel::Avx2`] are one arithmetic at two
//! speeds. They only want the weight in another order.
//!
//! The intrinsics of `std::arch` are safe to call where the compiler knows that the instructions are
//! there. `multiversion` makes the one step that it can't know, from code for any processor into code
//! for this one, behind a check at run time; so this crate needs no `unsafe` (docs/adr/0010).

mod quantise;
mod weight;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub(crate) use quantise::Rows;
pub(crate) use weight::{Side, Weight};

use super::kernel::Kernel;

/// Inputs that one 32-bit lane takes at once.
const GROUP: usize = 4;
/// Outputs that stand side by side in a [`weight::Line`].
const LANES: usize = 16;
/// A row or an output whose largest number is no larger is taken for zeros: there is no scale for it.
const NOTHING: f32 = 1e-30;
/// Weights are stored with this added, as numbers without a sign: `vpdpbusd` multiplies one side with a
/// sign and one without. The sum then has this many times the sum of the row too much.
const OFFSET: u8 = 128;

/// Room for the left side in the order in which a kernel reads it, used again for the next product.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    narrow: Vec<[i8; GROUP]>,
    wide: Vec<[i16; GROUP]>,
}

/// A product: what it reads and where it leaves its result.
pub(crate) struct Product<'a> {
    /// Left side, `m × k`.
    pub(crate) rows: &'a Rows,
    /// Right side, `n × k`, with the bias.
    pub(crate) weight: &'a Weight,
    /// Result, `m × n`, overwritten.
    pub(crate) out: &'a mut [f32],
    /// Scratch for the left side as a kernel wants it.
    pub(crate) scratch: &'a mut Scratch,
}

impl Product<'_> {
    /// Computes with the kernel that the weight is packed for.
    ///
    /// # Panics
    /// When the sides don't fit, or the processor lacks the kernel: who chose it has asked
    /// [`Kernel::is_available`].
    pub(crate) fn compute(self) {
        let Product { rows, weight, out, scratch } = self;
        let kernel = weight.kernel();
        assert_eq!(rows.depth(), weight.depth(), "sides of one depth");
        assert_eq!(out.len(), rows.count() * weight.columns(), "room for the result");
        let product = Product { rows, weight, out: &mut *out, scratch };
        let done = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Vnni => enter_vnni(Some(product)),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => enter_avx2(Some(product)),
            _ => {
                // Named, so that it counts as used here too.
                let _ = product;
                false
            }
        };
        assert!(done, "the kernel {} was not checked for", kernel.name());
        let Some(gains) = weight.shifted() else { return };
        for (row, shift) in out.chunks_exact_mut(gains.len()).zip(rows.shifts()) {
            row.iter_mut().zip(gains).for_each(|(x, gain)| *x += shift * gain);
        }
    }
}

/// Whether this processor can run the kernel, asked at the very door that lets it in.
pub(crate) fn is_available(kernel: Kernel) -> bool {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Vnni => enter_vnni(None),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => enter_avx2(None),
        _ => false,
    }
}

/// Tells whether the processor can do it, and does it if there is a product. `multiversion` adds what
/// processors with VNNI have had since Ice Lake and Zen 4; the few older ones take AVX2.
#[cfg(target_arch = "x86_64")]
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512vl+avx512vnni"))]
fn enter_vnni(product: Option<Product<'_>>) -> bool {
    multiversion::target::match_target! {
        "x86_64+avx2+avx512f+avx512bw+avx512vl+avx512vnni" => {
            if let Some(product) = product {
                vnni::compute(product);
            }
            true
        },
        _ => {
            // Named, so that it counts as used here too.
            let _ = product;
            false
        },
    }
}

/// Tells whether the processor can do it, and does it if there is a product.
#[cfg(target_arch = "x86_64")]
#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn enter_avx2(product: Option<Product<'_>>) -> bool {
    multiversion::target::match_target! {
        "x86_64+avx2+fma" => {
            if let Some(product) = product {
                avx2::compute(product);
            }
            true
        },
        _ => {
            // Named, so that it counts as used here too.
            let _ = product;
            false
        },
    }
}

/// Splits `count` rows into blocks of nearly one size, at most `most`: a rest of one row would cost
/// nearly as much as a full block.
fn blocks(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| {
        let (start, end) = (part * count / parts, (part + 1) * count / parts);
        (start, end - start)
    })
}
