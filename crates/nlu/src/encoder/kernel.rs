//! Which arithmetic the encoder computes with: chosen once, at loading.

use super::{EncoderError, int8, matmul::Unit};
use std::str::FromStr;

/// A way to compute the products of the linear layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// 8-bit whole numbers with the AVX-512 VNNI instruction `vpdpbusd`.
    Vnni,
    /// 8-bit whole numbers, widened to 16 bits, with the AVX2 instruction `vpmaddwd`.
    Avx2,
    /// 32-bit floating point on whatever vector unit there is: runs everywhere, and is what the others
    /// are compared with.
    F32,
}

impl Kernel {
    /// The fastest first.
    pub const ALL: [Self; 3] = [Self::Vnni, Self::Avx2, Self::F32];

    /// The word of settings, reports and pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vnni => "vnni",
            Self::Avx2 => "avx2",
            Self::F32 => "f32",
        }
    }

    /// Whether this processor has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        // Beside the 8-bit products stand others in `f32`, for which each kernel wants its own unit.
        self == Self::F32 || (int8::is_available(self) && Unit::detect_avx2().is_some())
    }

    /// The kernels of this processor, the fastest first. The last is always [`Kernel::F32`].
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// The numbers that it computes with: `int8` or `f32`. Kernels of one kind give the same vectors
    /// to the last bit; a model that was trained on vectors of one kind is not used with the other.
    #[must_use]
    pub fn numbers(self) -> &'static str {
        match self {
            Self::Vnni | Self::Avx2 => "int8",
            Self::F32 => "f32",
        }
    }

    /// The vector unit for what stays in `f32` beside this kernel. A forced AVX2 computes nothing with
    /// AVX-512, so that it behaves, and times, as on a processor that has none.
    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::Avx2 => Unit::detect_avx2().unwrap_or_else(Unit::detect),
            Self::Vnni | Self::F32 => Unit::detect(),
        }
    }
}

/// What the setting asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KernelChoice {
    /// The fastest that the processor has.
    #[default]
    Auto,
    /// This one or none.
    Forced(Kernel),
}

impl KernelChoice {
    /// The kernel to compute with.
    ///
    /// # Errors
    /// [`EncoderError::Kernel`] when the processor lacks the forced one.
    pub fn resolve(self) -> Result<Kernel, EncoderError> {
        match self {
            Self::Auto => Ok(Kernel::available().next().unwrap_or(Kernel::F32)),
            Self::Forced(kernel) if kernel.is_available() => Ok(kernel),
            Self::Forced(kernel) => Err(EncoderError::Kernel { name: kernel.name() }),
        }
    }
}

impl FromStr for KernelChoice {
    type Err = UnknownKernel;

    /// `auto`, `vnni`, `avx2` or `f32`.
    fn from_str(word: &str) -> Result<Self, UnknownKernel> {
        if word == "auto" {
            return Ok(Self::Auto);
        }
        Kernel::ALL.into_iter().find(|kernel| kernel.name() == word).map(Self::Forced).ok_or(UnknownKernel)
    }
}

/// The setting is none of the known words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write auto, vnni, avx2 or f32")]
pub struct UnknownKernel;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_written_as_it_is_named() {
        for kernel in Kernel::ALL {
            assert_eq!(kernel.name().parse(), Ok(KernelChoice::Forced(kernel)));
        }
        assert_eq!("auto".parse(), Ok(KernelChoice::Auto));
        assert_eq!("AVX2".parse::<KernelChoice>(), Err(UnknownKernel));
    }

    #[test]
    fn the_fastest_available_is_chosen_and_f32_runs_everywhere() {
        let available: Vec<Kernel> = Kernel::available().collect();
        assert_eq!(available.last(), Some(&Kernel::F32));
        assert_eq!(KernelChoice::Auto.resolve().unwrap(), available[0]);
        for kernel in Kernel::ALL {
            match KernelChoice::Forced(kernel).resolve() {
                Ok(got) => assert!(got == kernel && available.contains(&kernel)),
                Err(error) => {
                    assert!(!available.contains(&kernel));
                    assert!(error.to_string().contains(kernel.name()), "{error}");
                }
            }
        }
    }
}
