//! Hashes as text: fingerprints of encoders and models, sums of files.

use std::fmt::Write as _;

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string can't fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn every_byte_is_two_digits() {
        assert_eq!(hex(&[0, 10, 0xab, 255]), "000aabff");
        assert_eq!(hex(&[]), "");
    }
}
