//! What a page says to robots: `noindex` in its markup or beside it in a header.

/// Directives that have a value behind a colon. Any other word there is a robot's name.
const WITH_VALUE: &[&str] = &["max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"];

/// Whether a value of `X-Robots-Tag` closes the page to this robot. A name with a colon speaks to that robot
/// from there on: proxies join headers with commas.
#[must_use]
pub fn closes(value: &str, robot: &str) -> bool {
    let mut to_us = true;
    value.split([',', ';']).any(|part| {
        let mut word = part.trim();
        if let Some((name, rest)) = word.split_once(':').filter(|(name, _)| is_name(name.trim())) {
            let name = name.trim();
            to_us = name == "*" || name.eq_ignore_ascii_case(robot);
            word = rest.trim();
        }
        to_us && is_closing(word)
    })
}

/// Whether the content of a `<meta>` that speaks to us closes the page.
pub(super) fn closes_in_markup(content: &str) -> bool {
    content.split([',', ';']).any(|word| is_closing(word.trim()))
}

fn is_closing(word: &str) -> bool {
    word.eq_ignore_ascii_case("noindex") || word.eq_ignore_ascii_case("none")
}

/// Whether a word before a colon can be a robot's name. A time of day is none, nor is a directive.
fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '/'))
        && !WITH_VALUE.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_closes_a_page_to_all_or_to_the_robot_that_it_names() {
        for (value, closed) in [
            ("noindex", true),
            ("nofollow, NoIndex", true),
            ("none", true),
            ("max-snippet:-1, noindex", true),
            ("max-image-preview:large, max-snippet: 5; noindex", true),
            ("unavailable_after: Saturday, 25 Jun 2026 15:00:00 GMT, noindex", true),
            ("contactiq: noindex", true),
            ("ContactIQ: max-snippet:-1, noindex", true),
            ("*: noindex", true),
            ("googlebot: nofollow, contactiq: noindex", true),
            ("googlebot: noindex", false),
            ("googlebot: nofollow, noindex", false),
            ("contactiq: nofollow, googlebot: noindex", false),
            ("index, follow", false),
            ("", false),
        ] {
            assert_eq!(closes(value, "contactiq"), closed, "{value}");
        }
    }
}
