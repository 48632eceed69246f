//! The language of a document, for the report of what comes in: answers are English, and so are the questions
//! that find it.

use whatlang::Lang;

/// So much of a document shows its language, in characters.
const ENOUGH: usize = 8_000;
/// With fewer letters nothing is sure.
const FEWEST_LETTERS: usize = 200;

/// The English name of the language that a text is surely in; none where it is English, short or in doubt.
#[must_use]
pub fn language_of(text: &str) -> Option<&'static str> {
    let head = text.char_indices().nth(ENOUGH).map_or(text, |(end, _)| &text[..end]);
    // Names of fields and figures are of no language.
    let letters = head.chars().filter(|c| c.is_alphabetic()).count();
    let found = whatlang::detect(head).filter(|_| letters >= FEWEST_LETTERS)?;
    (found.is_reliable() && found.lang() != Lang::Eng).then(|| found.lang().eng_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_in_another_language_is_told() {
        let german = "Die Kontoführung kostet vier Euro im Monat. Wer unter achtzehn ist, zahlt nichts. Eine neue \
                      Karte kommt in fünf Werktagen mit der Post, und die alte Karte gilt dann nicht mehr. Wenn Sie \
                      Ihre Karte verloren haben, sperren Sie sie bitte sofort in der App oder am Telefon.";
        assert_eq!(language_of(german), Some("German"));
        let english = "The account costs four dollars a month. Who is under eighteen pays nothing. A new card arrives \
                       within five business days by post, and the old card is not valid any more. If you have lost \
                       your card, please lock it at once in the app or by telephone.";
        assert_eq!(language_of(english), None);
        assert_eq!(language_of("Gebühr: 5 Euro"), None, "too short to be sure");
    }
}
