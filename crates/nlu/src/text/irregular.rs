//! Verbs whose forms no rule of endings joins.

/// Form and base form, in lower case, sorted by form. Forms that are another word at least as often
/// (`found`, `saw`, `left` as in what is left) are left out.
const FORMS: &[(&str, &str)] = &[
    ("ate", "eat"),
    ("began", "begin"),
    ("begun", "begin"),
    ("bought", "buy"),
    ("broke", "break"),
    ("broken", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("caught", "catch"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("dealt", "deal"),
    ("drawn", "draw"),
    ("drew", "draw"),
    ("fallen", "fall"),
    ("fell", "fall"),
    ("forgot", "forget"),
    ("forgotten", "forget"),
    ("froze", "freeze"),
    ("frozen", "freeze"),
    ("gave", "give"),
    ("given", "give"),
    ("held", "hold"),
    ("hidden", "hide"),
    ("kept", "keep"),
    ("knew", "know"),
    ("known", "know"),
    ("lent", "lend"),
    ("lost", "lose"),
    ("made", "make"),
    ("meant", "mean"),
    ("met", "meet"),
    ("overdrawn", "overdraw"),
    ("overdrew", "overdraw"),
    ("overpaid", "overpay"),
    ("paid", "pay"),
    ("prepaid", "prepay"),
    ("ran", "run"),
    ("repaid", "repay"),
    ("said", "say"),
    ("seen", "see"),
    ("sent", "send"),
    ("shown", "show"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("stole", "steal"),
    ("stolen", "steal"),
    ("stuck", "stick"),
    ("taken", "take"),
    ("thought", "think"),
    ("threw", "throw"),
    ("thrown", "throw"),
    ("told", "tell"),
    ("took", "take"),
    ("understood", "understand"),
    ("went", "go"),
    ("withdrawn", "withdraw"),
    ("withdrew", "withdraw"),
    ("withheld", "withhold"),
    ("written", "write"),
    ("wrote", "write"),
];

/// The base form of an irregular form in lower case; any other word as it is.
pub(super) fn base_form(word: &str) -> &str {
    FORMS.binary_search_by_key(&word, |(form, _)| form).map_or(word, |at| FORMS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_its_bases_are_final() {
        assert!(FORMS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(FORMS.iter().all(|(_, base)| base_form(base) == *base));
        assert_eq!(base_form("stolen"), "steal");
        assert_eq!(base_form("card"), "card");
    }
}
