//! An answer in pieces, as a stream tells it.

/// Words with the white space that follows them, a few at a time; joined they are the text.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut words = 0;
    let mut in_space = false;
    for (i, c) in text.char_indices() {
        if c.is_whitespace() {
            in_space = true;
        } else if in_space {
            in_space = false;
            words += 1;
            if words == 4 {
                pieces.push(&text[start..i]);
                start = i;
                words = 0;
            }
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_joined_are_the_text() {
        for text in
            ["", "one", "A card costs $10 [1].\n\n- line one\n- line two é", "  leading and trailing  "]
        {
            assert_eq!(pieces(text).concat(), text);
        }
        assert_eq!(pieces("a b c d e f").len(), 2);
    }
}
