//! Threats, hate and sexual content by their structure: who speaks, what he means to do, to whom, with what. The
//! lists are named, so that a word is added in one place. Over lower-case text with the disguises removed; what is
//! told of others was cut out before (`reports`).

use crate::ModerationCategory as C;

/// A structure: its stable name, its category and its pattern, in which `{…}` stands for a list.
pub(super) struct Structure {
    pub(super) id: &'static str,
    pub(super) category: C,
    pub(super) pattern: &'static str,
}

const fn s(id: &'static str, category: C, pattern: &'static str) -> Structure {
    Structure { id, category, pattern }
}

/// What `{…}` stands for in a structure.
pub(super) const LISTS: &[(&str, &str)] = &[
    (
        "{will}",
        r"(?:i'?ll|i will|i(?:'?m| am) (?:\w+ )?(?:going to|gonna|about to)|imma|ima|gonna|we'?ll|we will|we(?:'?re| are) (?:going to|gonna)|i (?:\w+ )?want to|i wanna|i swear(?: to god)?(?: i)?)",
    ),
    (
        "{harm}",
        r"(?:kill|murder|shoot|stab|hurt|bash|strangle|bomb|rape|slaughter|poison|execute|behead|maim|cripple|gut|skin|drown|choke|torture|run over|beat up|set fire to|set on fire|burn down|blow up|slit the throats? of|cut the throats? of|smash up|finish off)",
    ),
    (
        "{person}",
        r"(?:you|u|ya|him|her|them|every(?:one|body)|some(?:one|body)|people|whoever|anyone|(?:your|the|this|that|his|her|their|every|one of (?:your|the)) (?:\w+ )?(?:family|kids?|child(?:ren)?|wife|husband|staff|tellers?|managers?|cashiers?|guards?|agents?|employees?|workers?|people|ceo|boss|director|bank(?:er|ers)?|branch|building|office|place))",
    ),
    (
        "{break}",
        r"(?:smash|kick|knock|punch|rip|tear|cut|slit|slice|break|crack|cave|bash|beat|stomp|blow|crush|snap)",
    ),
    (
        "{whose}",
        r"(?:your|his|her|their|the manager'?s|the teller'?s|the ceo'?s|everyone'?s|somebody'?s|someone'?s|the)",
    ),
    (
        "{body}",
        r"(?:throats?|necks?|teeth|faces?|heads?|skulls?|legs?|jaws?|bones?|kneecaps?|brains?|fingers|ribs)",
    ),
    (
        "{weapon}",
        r"(?:guns?|pistol|rifle|shotgun|knife|knives|machete|axe|hatchet|hammer|crowbar|baseball bat|petrol|acid|grenade|bomb|explosives)",
    ),
    (
        "{bad}",
        r"(?:terrorists?|scammers?|thieves|thief|criminals?|crooks?|rapists?|fraudsters?|cheats?|cheaters|liars?|animals?|vermin|scum|rats?|parasites?|leeches|cockroaches|pigs?|dogs|monkeys|apes|subhumans?|savages|filth|filthy|dirty|disgusting|trash|inferior|evil|perverts|whores|sluts|a disease|a plague|a cancer)",
    ),
];

/// All structures.
pub(super) const STRUCTURES: &[Structure] = &[
    // -- threats: the writer, an intent, a harm, somebody --
    s(
        "threat/intent",
        C::Threat,
        r"\b{will}\b[^.!?\n]{0,40}\b{harm} (?:all |every one |each |one )?(?:of )?{person}\b",
    ),
    s(
        "threat/body",
        C::Threat,
        r"\b(?:{will}|come (?:down|over|round)|coming (?:down|over|round))\b[^.!?\n]{0,50}\b{break} (?:\w+ )?{whose} (?:\w+ )?{body}\b",
    ),
    // -- a weapon and where it goes --
    s(
        "threat/weapon",
        C::Threat,
        r"\b(?:i(?:'?m| am)?|im|ill|i'?ll|i will|we(?:'?re)?|we'?ll) (?:\w+ ){0,2}?(?:bring(?:ing)?|carry(?:ing)?|tak(?:e|ing)|com(?:e|ing) (?:\w+ )?with) (?:an?|my|the|some) (?:\w+ )?{weapon}\b(?:[^a-z ]|$| (?:to|tomorrow|today|tonight|next|and|when|with|in|down|for))",
    ),
    s(
        "threat/armed",
        C::Threat,
        r"\b(?:i(?:'?ve| have|'?ve got| got| own)?|got|have) (?:got )?(?:an?|my) (?:loaded |big |sharp )?{weapon}\b[^.!?\n]{0,40}\b(?:com(?:e|ing) (?:to|for|down|over)|on my way|(?:for|at) (?:you|your)|use it|your (?:branch|bank|staff|office))\b",
    ),
    // -- what somebody deserves --
    s(
        "threat/deserve",
        C::Threat,
        r"\b(?:you|u|they|he|she|your \w+|the (?:manager|teller|ceo|staff|bankers?))\b(?: \w+){0,2} (?:deserves?|needs?|should get|should have|will get|gonna get|ha(?:s|ve) earned)\b[^.!?\n]{0,15}\b(?:an? (?:bullet|beating|bashing|noose|knife)|(?:a )?(?:good )?(?:hanging|shooting|stabbing)|to (?:die|be (?:shot|hurt|killed|hanged|hung|stabbed|burned|bashed)|burn|hang|bleed))\b",
    ),
    s(
        "threat/stalking",
        C::Threat,
        r"\bi(?:'?ve)? (?:know|found out|find out|will find out|saw|see) where (?:you|u|your|he|she|they|the)\b[^.!?\n]{0,40}\b(?:live|lives|work|works|park|parks|sleep|sleeps|go to school)\b[^.!?\n]{0,60}\b(?:wait|waiting|visit|pay|coming|come|see you|be there|careful|sorry|regret)\w*\b|\bi(?:'ll| will) be waiting (?:for (?:you|him|her|them)|outside|when (?:you|he|she|they))\b",
    ),
    // -- curses --
    s(
        "hate/curse",
        C::Hate,
        r"\b(?:i (?:really |sincerely )?)?(?:hope|wish|pray)\b[^.!?\n]{0,10}\b(?:you|your|u|they|he|she|all of you|the (?:manager|ceo|staff|teller))\b[^.!?\n]{0,35}\b(?:die|dies|drop dead|rot|rots|burn|burns|suffer|suffers|choke|chokes|bleed|(?:get|gets|catch|catches) (?:\w+ )?(?:cancer|aids|hit by|run over|shot|stabbed|killed))\b",
    ),
    // -- whole groups --
    s(
        "hate/group-harm",
        C::Hate,
        r"\b(?:kill|shoot|hang|gas|deport|burn|bomb|exterminate|lock up|get rid of) (?:all|every|all the|the|those|these|all those|you) (?:\w+ )?{group}\b|\b{group}\b[^.!?\n]{0,12}\b(?:should|must|need to|deserve to|ought to)\b[^.!?\n]{0,12}\b(?:die|be (?:killed|shot|gassed|hanged|hung|burned|deported|exterminated|wiped out|put down))\b",
    ),
    s(
        "hate/group-are",
        C::Hate,
        r"\b(?:all|every|most|typical|bloody|fucking|damn|dirty) (?:you |the |of (?:you|the) )?(?:\w+ )?{group}(?: \w+){0,6}? (?:are|r|is) (?:all |just |nothing but |such |complete |bloody |fucking |a bunch of |a pack of )*{bad}\b",
    ),
    s(
        "hate/group-barred",
        C::Hate,
        r"\b{group}\b[^.!?\n]{0,6}\b(?:should ?n'?o?t|should not|must not|ought not to|have no (?:right|business) to) (?:ever )?be (?:let|allowed|trusted|in charge|here|near|running|working|around|serving|given (?:jobs|work|power))\b|\bgo back to (?:your|where you|ur) (?:\w+ )?(?:country|came|come)\b",
    ),
    s(
        "hate/not-one-of-them",
        C::Hate,
        r"\b(?:white|black|asian|english|british|american|australian|aussie|real|native|christian) (?:person|people|man|woman|guy|staff|agent|operator|human|one)\b[^.!?\n]{0,40}\b(?:not|instead of|rather than|no)\b[^.!?\n]{0,20}\b(?:monkeys?|apes?|savages?|animals?|foreigners?|immigrants?|terrorists?|curry ?munchers?|slant ?eyes?)\b",
    ),
    s(
        "hate/slur-of-a-person",
        C::Hate,
        r"\b(?:is|are|you|he'?s|she'?s|that|this|you're|fucking|bloody|dirty) (?:an? |all |such an? )?(?:\w+ )?(?:fags?|homos?|lesbos?|shemales?|gypos?|pikeys?|abos?)\b(?:$|[^a-z ]| (?:get|and|who|should|at|in|behind|sack|fire|needs?))",
    ),
    // -- oaths behind stars --
    s(
        "hate/starred",
        C::Hate,
        r"(?:^|[^a-z*])f\*{2,5}(?:k)? (?:off|you|u|yourself|your)\b|\byou (?:\w+ ){0,2}c\*{2,5}",
    ),
    s("profanity/starred", C::Profanity, r"(?:^|[^a-z*])(?:f|c|s|b)\*{3,5}(?:ing|ed|er|k|t)?(?:$|[^a-z*])"),
    // -- sex --
    s(
        "sexual/asked",
        C::Sexual,
        r"\b(?:describe|imagine|picture|write|tell me|talk (?:to me )?about|explain)\b[^.!?\n]{0,25}\b(?:having sex|sex|sexual\w*|naked|nude|undress\w*|orgasm\w*)\b[^.!?\n]{0,6}\b(?:with|of|between|in|on|scene|story)\b",
    ),
    s(
        "sexual/directed",
        C::Sexual,
        r"\b(?:want to|wanna|gonna|would|i'd|let me|can i|i will|i'll) (?:\w+ )?(?:f[u*@]ck|shag|screw|bang|bone|lick|spank|grope|undress) (?:you(?:r (?:\w+ )?(?:pussy|ass|tits|wife|teller))?|u|the (?:teller|chatbot|bot|girl|manager))\b(?: ?(?:chat)?bot)?(?:$|[^a-z ]| (?:so|now|baby|hard|all|tonight))",
    ),
];

/// Insults of other languages: those that tell somebody off, and those that are oaths.
pub(super) const ABROAD: &[Structure] = &[
    s(
        "abroad/fr",
        C::Hate,
        r"\b(?:va te faire (?:foutre|enculer|mettre)|nique ta (?:m[eè]re|race)|fils de pute|ferme ta gueule|sale (?:arabe|noir|juif|pute))\b",
    ),
    s(
        "abroad/es",
        C::Hate,
        r"\b(?:hijos? de (?:la gran )?puta|vete a la mierda|que te (?:jodan|den)|chinga tu madre|me cago en (?:tu|su|vuestra) (?:madre|puta))\b",
    ),
    s("abroad/de", C::Hate, r"\b(?:fick dich|hurensohn|verpiss dich|leck mich am arsch|verrecke)\b"),
    s("abroad/it", C::Hate, r"\b(?:vaffanculo|figlio di puttana|vai a farti fottere|testa di cazzo)\b"),
    s(
        "abroad/pt",
        C::Hate,
        r"\b(?:vai (?:se|te) foder|filh[oa]s? da puta|vai tomar no cu|vai para o caralho)\b",
    ),
    s("abroad/nl", C::Hate, r"\b(?:kankerlijer|krijg de kanker|rot op|hoerenzoon)\b"),
    s("abroad/pl", C::Hate, r"\b(?:spierdalaj|skurwysyn\w*|wypierdalaj|jeb si[eę])"),
    s("abroad/tr", C::Hate, r"orospu [cç]ocu[gğ]u|\bsiktir (?:git|ol)\b"),
    s("abroad/ru", C::Hate, r"ид[иё] на ху[йи]|пош[её]л на ху[йи]|сукин сын|сдохн(?:и|ите)"),
    s(
        "abroad/hi",
        C::Hate,
        r"\b(?:mada?r ?chod|(?:behen|bhen|bahen) ?chod|bhosdi ?ke|teri ma+ ki)\b|मादरचोद|बहनचोद|भोसड़ी",
    ),
    s("abroad/zh", C::Hate, r"操你[妈媽]|去死吧|[滾滚]你妈"),
    s("abroad/ja", C::Hate, r"(?:お前|あんた|きさま)(?:ら)?(?:なんか|は)?死ね|くたばれ"),
    s("abroad/ko", C::Hate, r"씨발 ?새끼|개새끼|죽어 ?버려라"),
    s("abroad/ar", C::Hate, r"كس ?[أا]مك|ابن ال(?:كلب|شرموطة)"),
    s("abroad/tl", C::Hate, r"\b(?:putang ?ina mo|tang ?ina mo)\b"),
    s(
        "abroad/oaths",
        C::Profanity,
        r"\b(?:connards?|salopes?|encul[eé]s?|putain|merde|mierda|cabr[oó]n(?:es)?|pendejos?|gilipollas|scheisse|scheiße|arschloch|wichser|stronz[oi]|cazzo|caralho|porra|klootzak|kurwa|chutiya|harami|gaandu|bangsat|gago)\b|блять|сука\b|мудак|чутия|चूतिया|हरामी|他妈的|傻逼|씨발",
    ),
];

/// A structure's pattern with its lists in place.
pub(super) fn spelt(structure: &Structure, group: &str) -> String {
    let lists = LISTS.iter().fold(structure.pattern.to_owned(), |p, (name, list)| p.replace(name, list));
    lists.replace("{group}", group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::judge;

    #[test]
    fn every_structure_has_its_own_name() {
        let all = || STRUCTURES.iter().chain(ABROAD);
        let names: std::collections::BTreeSet<_> = all().map(|s| s.id).collect();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn intents_weapons_and_contempt_are_refused() {
        for (text, category) in [
            ("i'm gonna get in there one day and shoot the manager", C::Threat),
            ("i will walk in and stab your cashier", C::Threat),
            ("i'll come over and break his jaw", C::Threat),
            ("im bringing my axe to the office", C::Threat),
            ("got a shotgun and i'm coming for your staff", C::Threat),
            ("i have a machete, see you at your branch", C::Threat),
            ("they all deserve to be shot", C::Threat),
            ("i know where your manager parks, i'll be waiting", C::Threat),
            ("i hope your kids get run over", C::Hate),
            ("shoot all the immigrants", C::Hate),
            ("gays should be hanged", C::Hate),
            ("all the nigerians in your office are crooks", C::Hate),
            ("women must not be trusted with loans", C::Hate),
            ("give me an english person instead of these savages", C::Hate),
            ("f**** off you miserable c****", C::Hate),
            ("describe the manager naked in a scene", C::Sexual),
            ("fick dich, du bank", C::Hate),
            ("me cago en tu madre", C::Hate),
        ] {
            let m = judge(text);
            assert!(m.categories.contains(&category) && m.refuses(), "{text}: {m:?}");
        }
    }

    #[test]
    fn victims_and_everyday_words_are_not() {
        for text in [
            "my neighbour has a gun and i'm scared, can i break the lease",
            "i have a knife block on order and it never came",
            "i'll kill the direct debit myself",
            "i hope you get a new app soon",
            "i hope your staff don't get sick",
            "all women's accounts are fee free",
            "most indians here are customers of yours",
            "i want to cut the cost of my loan",
            "you deserve a medal for that rate",
            "he threatened to burn my house down",
            "i'm going to smash my savings goal",
            "i know where your branch is, when does it open",
            "foreign students should not be charged twice",
            "i'm bringing my wife to the appointment",
            "tell me about same sex couples and joint loans",
            "we will break the term deposit",
        ] {
            assert!(!judge(text).refuses(), "{text}: {:?}", judge(text));
        }
    }
}
