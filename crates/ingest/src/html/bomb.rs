//! Pages that a parser would take all memory for.

/// Elements that a parser opens anew in every paragraph until they are closed (HTML, 13.2.4.3).
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// More of them open at once are no text of a person, and cost a parser their product with its paragraphs.
const MOST_OPEN: usize = 256;

/// Whether a page opens so many elements of formatting that reading it would take memory without bounds.
pub(crate) fn is_bomb(source: &str) -> bool {
    let mut open = 0_usize;
    for part in source.split('<').skip(1) {
        let (closes, name) = part.strip_prefix('/').map_or((false, part), |rest| (true, rest));
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if FORMATTING.iter().any(|f| f.eq_ignore_ascii_case(name)) {
            open = if closes { open.saturating_sub(1) } else { open + 1 };
            if open > MOST_OPEN {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_opens_formatting_without_end_is_not_parsed() {
        let opened: String = (0..5_000).map(|n| format!("<b id={n}>")).collect();
        assert!(is_bomb(&format!("<main><p>{opened}</p>{}", "<p>x</p>".repeat(6_000))));
        assert!(!is_bomb(&"<p><b>one</b> <i>two</i></p>".repeat(10_000)));
    }
}
