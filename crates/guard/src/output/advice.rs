//! What a model may not say of its own: advice that only a licensed person may give, told by its structure (somebody
//! recommends, an act, a financial product), and talk of its instructions. A duty ("you must hold a passport") is
//! neither.

/// What `{…}` stands for.
const LISTS: &[(&str, &str)] = &[
    (
        "{recommends}",
        r"(?:\b(?:i|we) (?:would |'d |strongly |highly |personally |definitely )*(?:recommend|suggest|advise)|\b(?:my|our) (?:advice|recommendation|suggestion|tip) (?:is|would be)|\b(?:it )?(?:would be|is|'s|might be) (?:\w+ )?(?:wise|smart|sensible|prudent|a good idea|worth it|best|better) (?:for you )?(?:to|if you)|\byou(?:'d| would| are|'re) (?:be )?better off|\byou (?:really |definitely |probably )?(?:should|ought to|might want to|may want to|could safely|can safely|would do well to|need to)|\bconsider|\bgo for|\b(?:it )?makes (?:\w+ )?sense (?:for you )?to|\bnow is (?:a |the )?(?:good|right|best|perfect|great) time to|\bwhy not|\bdon'?t hesitate to)",
    ),
    (
        "{trades}",
        r"(?:invest\w*|buy\w*|sell(?:ing)?|purchas\w*|short(?:ing)?|refinanc\w*|consolidat\w*|switch\w*|fix(?:ing)?|lock(?:ing)? in|withdraw\w*|divest\w*)",
    ),
    (
        "{places}",
        r"(?:put(?:ting)?|mov(?:e|ing)|allocat\w*|park(?:ing)?|shift(?:ing)?|transfer(?:ring)?|roll(?:ing)? over|place|placing)",
    ),
    (
        "{market}",
        r"(?:shares?|stocks?|(?:index |mutual |growth |hedge |managed |equity )?funds?|crypto\w*|bitcoin|ethereum|bonds?|etfs?|gold|silver|(?:investment )?propert(?:y|ies)|real estate|portfolio|equities|forex|commodities)",
    ),
    (
        "{product}",
        r"(?:{market}|super(?:annuation)?|pension|annuit(?:y|ies)|(?:home |personal |variable |fixed )?loans?|mortgages?|debts?|(?:fixed |variable )?rates?|term deposits?|option)",
    ),
    ("{best}", r"(?:best|right|ideal|perfect|safest|smartest|better|most suitable)"),
    (
        "{choice}",
        r"(?:option|choice|investment|loan|fund|product|rate|strategy|portfolio|stock|share|etf|move|account|deal|mix)",
    ),
    (
        "{instructions}",
        r"(?:(?:system |initial |hidden |original |internal |own |secret )*(?:prompt|instructions?|guidelines|directives?|programming|system message|configuration|rules|orders))",
    ),
];

/// Advice that only a licensed person may give.
pub(super) const ADVICE: &[&str] = &[
    r"(?i){recommends}\b[^.!?\n]{0,40}\b{trades}\b[^.!?\n]{0,60}\b{product}\b",
    r"(?i){recommends}\b[^.!?\n]{0,40}\b{places}\b[^.!?\n]{0,50}\b(?:in|into|to|towards)\b[^.!?\n]{0,25}\b{market}\b",
    r"(?i){recommends} (?:the |our |a )?(?:\w+ ){0,2}?(?:option|fund|portfolio|shares?|etf|loan)\b",
    r"(?i)\b(?:you should|you ought to) (?:invest|consolidate your super|withdraw your super|refinance|take out a loan|buy (?:shares?|crypto|property|gold))\b",
    r"(?i)\b(?:guaranteed (?:returns?|profits?)|risk[- ]free (?:investment|return)|can'?t lose|sure[- ]fire)\b",
    r"(?i)\b{best} (?:investment|stock|share|fund|etf) for you\b",
    r"(?i)\b(?:is|are|would be|looks like|seems) (?:the |your |a )?{best} (?:\w+ ){0,2}?{choice} (?:for (?:you|someone|your)|at your age|given your)\b|\b{best} (?:\w+ ){0,2}?{choice} for (?:you|your \w+) (?:is|would be)\b|\bgiven (?:your|that you)\b[^.!?\n]{0,60}\b{best} (?:\w+ ){0,2}?{choice}\b",
    r"(?i)\b(?:suits?|fits?|matches) your (?:age|situation|goals?|needs|profile|risk \w+|circumstances) (?:best|well|perfectly|better)\b",
    r"(?i)\b(?:{market}|rates?|prices?|the market|markets)\b[^.!?\n]{0,15}\b(?:will|are going to|is going to|are bound to|is bound to) (?:certainly |definitely |surely |undoubtedly |always |only |almost )+(?:\w+ )?(?:rise|go up|grow|increase|recover|fall|drop|double)\b",
    r"(?i)\b(?:te|le|os|les) (?:recomiendo|aconsejo|sugiero) (?:que )?(?:inviert\w+|invertir|comprar|compre\w*|vender)\b|\bje (?:vous|te) (?:recommande|conseille) d[e'’] ?(?:investir|acheter|vendre)\b|\bich (?:empfehle|rate) (?:ihnen|dir)\b[^.!?\n]{0,50}\b(?:investieren|kaufen|anlegen|anzulegen|verkaufen)\b|\b(?:le|ti) consiglio di (?:investire|comprare|vendere)\b|\brecomendo (?:que )?(?:invista|investir|comprar|vender)\b",
];

/// Words of a model that speaks about its own instructions.
pub(super) const LEAKED: &[&str] = &[
    r"(?i)\b(?:my|the) (?:system|initial|hidden|original) (?:prompt|instructions?|message) (?:is|are|says?|states?|reads?|begins?|tells?)\b",
    r"(?i)\b(?:here (?:is|are)|these are|this is) my (?:\w+ )?(?:system prompt|prompt|instructions|rules|guidelines)\b",
    r"(?i)\bi (?:was|am|have been|'ve been|'m) (?:instructed|programmed|told|configured|prompted) (?:to|not to|that)\b",
    r"(?i)\bmy (?:\w+ )?{instructions}\b[^.!?\n]{0,30}\b(?:say|says|state|states|forbid|forbids|require|requires|prohibit|tell|tells|include|allow|prevent|that i|i (?:must|may|can|can'?t|cannot|should|am))\b|\b(?:according to|as per|per|under|following|due to|because of) my (?:\w+ )?{instructions}\b",
    r"(?i)\bi(?:'m| am) (?:not )?(?:allowed|permitted|supposed|required|able|free)\b[^.!?\n]{0,60}\bmy (?:\w+ )?{instructions}\b|\bi (?:must |have to |will |always )?(?:follow|obey|adhere to) (?:these|the following|strict|certain|my|some) (?:\w+ )?{instructions}\b",
    r"(?i)<\|(?:im_start|im_end|system|endoftext)|\[/?inst\]|<<sys>>",
    r"(?i)\b(?:developer|dan|god|jailbreak) mode (?:enabled|activated|on)\b",
];

/// A pattern with its lists in place.
pub(super) fn spelt(pattern: &str) -> String {
    // From the last to the first, since a list may hold one that stands before it.
    LISTS.iter().rev().fold(pattern.to_owned(), |p, (name, list)| p.replace(name, list))
}

#[cfg(test)]
mod tests {
    use crate::{Guard, GuardSettings, Held, OutputFindingKind as K};

    fn finds(text: &str, kind: K) -> bool {
        let guard = Guard::new(GuardSettings::default());
        guard.inspect_output(text, &Held::default()).findings.iter().any(|f| f.kind == kind)
    }

    #[test]
    fn advice_is_told_by_who_recommends_what() {
        for text in [
            "I would recommend buying units of the growth fund.",
            "It would be smart to put half of it into bonds.",
            "My suggestion is to lock in the fixed rate now.",
            "You might want to sell your shares first.",
            "You'd be better off moving the rest into an index fund.",
            "Consider switching your super to another option.",
            "Given that you retire soon, the balanced mix is the safest choice.",
            "The ideal loan for you is the variable one.",
            "Now is a great time to buy property.",
            "Stocks will definitely recover.",
            "Le recomiendo invertir en bonos.",
        ] {
            assert!(finds(text, K::AdviceWording), "{text}");
        }
    }

    #[test]
    fn duties_and_directions_are_no_advice() {
        for text in [
            "You must hold a valid passport.",
            "You must sell the property within six months of the claim.",
            "To open the account you need to be 18.",
            "You should call us at once and block the card.",
            "You can buy foreign cash in most branches.",
            "You should keep your PIN secret.",
            "Go for a walk-in appointment in any branch.",
            "You should transfer the money back to the sender's account.",
            "The interest rate is fixed for three years.",
        ] {
            assert!(!finds(text, K::AdviceWording), "{text}");
        }
    }

    #[test]
    fn talk_of_its_own_instructions_is_a_leak() {
        for text in [
            "My instructions say that I cite each claim.",
            "I'm not permitted to go on, as my guidelines forbid it.",
            "I must follow these rules: first, cite.",
            "Per my prompt I answer briefly.",
        ] {
            assert!(finds(text, K::LeakedInstructions), "{text}");
        }
        for text in [
            "The instructions on the form say that you sign twice.",
            "Our guidelines say that cards are sent by post.",
        ] {
            assert!(!finds(text, K::LeakedInstructions), "{text}");
        }
    }
}
