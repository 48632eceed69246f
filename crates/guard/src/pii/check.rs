//! Check digits: the arithmetic that tells a real number from a random one.

/// Luhn, as on every payment card (ISO/IEC 7812).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d);
            match (i % 2, d * 2) {
                (0, _) => d,
                (_, twice) if twice > 9 => twice - 9,
                (_, twice) => twice,
            }
        })
        .sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

/// ISO 7064 mod 97-10 over an IBAN in its written order, letters upper-case.
pub(super) fn mod97(iban: &[u8]) -> bool {
    if iban.len() < 5 {
        return false;
    }
    let rest = iban[4..].iter().chain(&iban[..4]).fold(0u32, |rest, c| match c {
        b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
        b'A'..=b'Z' => (rest * 100 + u32::from(c - b'A') + 10) % 97,
        _ => rest,
    });
    rest == 1
}

fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| u32::from(*d) * w).sum()
}

/// Australian tax file number: nine digits, weighted sum divisible by eleven.
pub(super) fn tfn(digits: &[u8]) -> bool {
    match digits.len() {
        9 => weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        8 => weighted(digits, &[10, 7, 8, 4, 6, 3, 5, 1]).is_multiple_of(11),
        _ => false,
    }
}

/// ABA routing number: nine digits of an assigned Federal Reserve range, weights 3, 7, 1.
pub(super) fn aba(digits: &[u8]) -> bool {
    if digits.len() != 9 {
        return false;
    }
    let district = digits[0] * 10 + digits[1];
    matches!(district, 0..=12 | 21..=32 | 61..=72 | 80)
        && weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Australian Medicare number: first digit 2 to 6, the ninth checks the first eight.
pub(super) fn medicare(digits: &[u8]) -> bool {
    matches!(digits.len(), 10 | 11)
        && matches!(digits[0], 2..=6)
        && weighted(&digits[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(digits[8])
}

/// United States social security number: the ranges that were ever assigned.
pub(super) fn ssn(digits: &[u8]) -> bool {
    let number =
        |range: std::ops::Range<usize>| digits[range].iter().fold(0u32, |n, d| n * 10 + u32::from(*d));
    digits.len() == 9 && !matches!(number(0..3), 0 | 666 | 900..) && number(3..5) != 0 && number(5..9) != 0
}

/// Verhoeff over the dihedral group of order ten, as in Aadhaar.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    // In the dihedral group D5, 0 to 4 are rotations and 5 to 9 are reflections.
    fn times(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + (b - 5)) % 5,
            (false, true) => 5 + (a - 5 + 5 - b) % 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut sum = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        let permuted = (0..place % 8).fold(*digit, |d, _| PERMUTATION[usize::from(d)]);
        sum = times(sum, permuted);
    }
    digits.len() > 1 && sum == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect()
    }

    #[test]
    fn published_examples_pass() {
        assert!(luhn(&digits("4111 1111 1111 1111")));
        assert!(luhn(&digits("378282246310005")));
        assert!(mod97(b"GB82WEST12345698765432"));
        assert!(mod97(b"DE89370400440532013000"));
        assert!(tfn(&digits("123 456 782")));
        assert!(aba(&digits("021000021")));
        assert!(verhoeff(&digits("2363")));
        assert!(medicare(&digits("2123 45670 1")));
        assert!(ssn(&digits("123-45-6789")));
    }

    #[test]
    fn one_wrong_digit_fails() {
        assert!(!luhn(&digits("4111 1111 1111 1112")));
        assert!(!mod97(b"GB82WEST12345698765433"));
        assert!(!tfn(&digits("123 456 783")));
        assert!(!aba(&digits("021000022")));
        assert!(!verhoeff(&digits("2364")));
        assert!(!medicare(&digits("2123 45680 1")));
        assert!(!ssn(&digits("666-45-6789")));
        assert!(!ssn(&digits("123-00-6789")));
    }

    #[test]
    fn verhoeff_finds_every_swap_of_neighbours() {
        let good = digits("2363");
        for i in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad.swap(i, i + 1);
            assert!(bad == good || !verhoeff(&bad));
        }
    }
}
