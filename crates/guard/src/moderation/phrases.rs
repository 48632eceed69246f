//! Phrases by category, over lower-case text with the disguises removed. `{people}` stands for people by
//! faith, origin and the like, `{group}` also for the sexes.

use crate::ModerationCategory as C;

/// A phrase of a category.
pub(super) struct Phrase {
    /// Its stable name.
    pub(super) id: &'static str,
    pub(super) category: C,
    /// The words name a thing, and say nothing of what the writer wants: a charge from such a shop, a victim's
    /// report. They count only where neither is meant (`reports::concerns`).
    pub(super) mention: bool,
    pub(super) pattern: &'static str,
}

const fn says(id: &'static str, category: C, pattern: &'static str) -> Phrase {
    Phrase { id, category, mention: false, pattern }
}

const fn names(id: &'static str, category: C, pattern: &'static str) -> Phrase {
    Phrase { id, category, mention: true, pattern }
}

/// What `{people}` stands for; `{group}` is they, and the sexes.
pub(super) const PEOPLE: &str = r"(?:muslims?|moslems?|islamists|jews?|christians|catholics|protestants|hindus|sikhs|buddhists|blacks|whites|browns|asians|indians|pakistanis|bangladeshis|sri lankans|nepalis|chinese|japanese|koreans|vietnamese|filipinos|mexicans|latinos|arabs|turks|iranians|afghans|syrians|palestinians|israelis|lebanese|africans|nigerians|somalis|sudanese|russians|ukrainians|poles|romanians|albanians|gypsies|gypsys|roma|travellers|immigrants|migrants|refugees|asylum seekers|foreigners|dalits|gays?|homosexuals|lesbians|trans(?:genders?)?|aborigin(?:al|e)s?|maoris?|islanders|natives|disabled|(?:muslim|jewish|black|white|brown|asian|indian|pakistani|chinese|african|arab|gay|trans(?:gender)?|disabled|aboriginal|indigenous|immigrant|foreign|coloured|colored) (?:people|folks?|men|women))";

pub(super) const PHRASES: &[Phrase] = &[
    says(
        "phrase/insult",
        C::Hate,
        r"\b(?:fuck (?:you|u|off|yourself|your|this bank and you)|eat shit|suck my|drop dead(?: you| u|[.!,?]|$)|go die|kys|kill yourself|hope you (?:die|rot|burn|get cancer|choke))\b",
    ),
    says(
        "phrase/contempt",
        C::Hate,
        r"\b(?:you|u|you're|youre|ur|you are|you all|y'all|you people|you lot) (?:are |is |(?:bunch|pack) of |lot of )*(?:a |an |all |just |such a |nothing but |the |some )*(?:\w+ing |stupid |useless |dumb |worthless |bloody |dirty |filthy |absolute |complete |total |god ?damn |piece of )*(?:bitch(?:es)?|cunts?|pigs?|scum(?:bags?)?|whores?|sluts?|parasites?|vermin|subhuman\w*|retards?)\b",
    ),
    says(
        "phrase/group-die",
        C::Hate,
        r"\b(?:all|these|those|fucking|dirty|filthy|stupid|hate|damn) (?:the |of (?:the|these|those) )?(?:\w+ )?{group}\b[^.!?\n]{0,30}\b(?:should (?:all )?(?:die|be (?:killed|shot|deported|gassed))|are (?:\w+ )?(?:animals|vermin|scum|subhuman|inferior|disgusting|parasites|rats|trash|all the same)|don'?t deserve|out of (?:our|this|my|the) (?:country|land|nation|city|town|area))\b",
    ),
    says(
        "phrase/group-hated",
        C::Hate,
        r"\b(?:i|we) (?:really |fucking )?(?:hate|despise|can'?t stand) (?:all |those |these |the |you )?{group}\b",
    ),
    says(
        "phrase/threat",
        C::Threat,
        r"\b(?:i'?ll|i will|i'?m going to|i am going to|im gonna|i'?m gonna|imma|i swear i'?ll|we will|we'?ll|someone will|gonna|i want to|i would|i could|i'd like to) (?:\w+ ){0,2}?(?:(?:kill|murder|shoot|stab|hurt|bash|strangle|bomb|blow up|torture|rape|slaughter|poison|execute|behead) (?:\w+ ){0,2}?|(?:beat|punch|smash|burn|attack|hunt|destroy|end|choke|break) (?:up |down |all |all of |both |each |every one of |the (?:shit|crap|hell|fuck) out of )?)(?:you|u|your (?:\w+ )?(?:family|kids|children|wife|husband|staff|tellers?|managers?|cashiers?|guards?|agents?|employees?|workers?|people|ceo|boss|house|face|office|branch|bank|legs|neck|head|skull)|ya|everyone|everybody|all of (?:you|them)|him|her|them|the (?:manager|staff|teller|branch|bank|building|people|banker|employees?|ceo)|this (?:bank|branch|place|building)|somebody|someone|people|the place|down your|down the)\b|\b(?:find|get|come for|hunt|wait for) (?:you|u|him|her|them)(?: all| down| up)? (?:and|then) (?:i'?ll |i will )?(?:kill|stab|shoot|hurt|beat|bash|rape|break|smash|burn|murder)\b",
    ),
    says(
        "phrase/threat-known",
        C::Threat,
        r"\b(?:(?:i know where (?:you|u|your \w+) (?:live|work|lives|works)|watch your back|(?:come|coming|comin) (?:down |over )?(?:there |to (?:your|the) (?:branch|office) )?with (?:a |my )(?:gun|knife|bat|rifle|weapon|shotgun)|bring (?:a |my )(?:gun|knife|rifle|weapon|bomb)|(?:put|plant|left|there is|there's) a bomb|bomb (?:in|at|under) (?:your|the|this)|your (?:family|kids|children) (?:will (?:die|pay|suffer|regret|burn|bleed|be (?:next|dead|sorry|hurt|killed))|won't be|are going to)|pay with your (?:life|blood)|make you (?:suffer|bleed|regret being born)|sleep with one eye open|burn (?:it|the (?:branch|bank|place)|this place) (?:all )?down|shoot up (?:the|your|this|a|my|that) (?:\w+ )?(?:bank|branch|place|school|office|building|church|mosque|temple|mall))\b|you(?:(?:'ll| will) be| are|'re) (?:all )?(?:a )?dead(?: man\b| meat\b| woman\b|[.!,]| if\b| when\b| once\b|$))",
    ),
    names(
        "phrase/sexual-words",
        C::Sexual,
        r"\b(?:porn\w*|send (?:me )?nudes?|nudes|nude (?:pics?|photos?|pictures?|images?|videos?|selfies?)|blow ?jobs?|hand ?jobs?|horny|dick pics?|cum ?shots?|masturbat\w*|orgasm\w*|erotic\w*|have sex|sexting|sexual (?:acts?|fantas\w+|intercourse|favou?rs?)|naked (?:pics?|photos?|pictures?|images?|videos?|selfies?|women|girls|men|boys)|hentai|nsfw|bdsm|fetish|anal sex|oral sex|gangbang|incest)\b",
    ),
    says(
        "phrase/violence-how",
        C::Violence,
        r"\bhow (?:to|do i|can i|would i|do you|could i) (?:\w+ ){0,2}?(?:(?:make|build|construct|create|buy|get|detonate|set off) (?:\w+ ){0,3}?(?:bombs?|pipe ?bombs?|explosives?|grenades?|molotov|weapons?|guns?|silencer|ricin|nerve gas)|(?:kill|murder|poison|strangle|torture|hurt|stab|assault|kidnap|attack) (?:off |all |the |this |that |an? |some )?(?:\w+ )?(?:someone|somebody|people|persons?|man|woman|child(?:ren)?|my (?:\w+ )?(?:wife|husband|boss|neighbou?r|ex|mother|father|girlfriend|boyfriend|partner)|wife|an animal|a dog)|(?:hide|dispose of|get rid of|bury|get away with) (?:an? |the |his |her |their )?(?:\w+ )?(?:(?:dead )?body|bodies|corpses?|murder|killing))\b",
    ),
    // What is said of harming oneself beyond the phrases of `self_harm`.
    says(
        "phrase/despair",
        C::SelfHarm,
        r"\b(?:cut|cutting) my ?self\b|\b(?:(?:kill|hurt|harm) (?:me and my kids)|end(?:ing)? it life|overdos\w+|(?:no|any) (?:reason|point) (?:to|in) (?:live|living|going on|go on)|can'?t (?:go on|live like this|do this any ?more|take (?:it|this) any ?more)|jump(?:ing)? off (?:a|the) (?:building|roof)|life is(?:n'?t| not) worth|give up on life|slit my wrists?|disappear forever)\b|\bthinking of ending(?: it| things| everything| this| me| myself| my (?:life|suffering|pain)|[.!?,]|$)",
    ),
    // An angry customer is rude to a bank, and is answered.
    says(
        "phrase/rude",
        C::Profanity,
        r"\b(?:you|u|you're|youre|ur|you are|you all|y'all|you people|you lot) (?:are |is |(?:bunch|pack) of |lot of )*(?:a |an |all |just |such a |such |nothing but |the |some )*(?:\w+ing |\w+ly |stupid |useless |dumb |worthless |bloody |dirty |filthy |absolute |complete |total |god ?damn |piece of )*(?:idiots?|morons?|imbeciles?|bastards?|assholes?|arseholes?|dickheads?|pricks?|wankers?|shits?|trash|dumbass\w*|twats?)\b|\b(?:screw|stuff) you\b|\bgo to hell\b|\bpiss off\b|\bkiss my ass\b|\bshut the fuck up\b",
    ),
    // Contempt for a whole group.
    says(
        "phrase/group-are",
        C::Hate,
        r"\b(?:(?:all|every|most|typical|bloody|fucking) (?:you |the |of (?:you|the|these|those) )?(?:\w+ )?{group} (?:are|is|r) (?:all )?|{group} (?:are|r) (?:all|every one|nothing but|just|only|always|born|mostly) )(?:of them )?(?:nothing but |just |basically |such |total |complete |fucking |bloody |dirty |filthy |lying |thieving |stupid |a bunch of |a pack of |a |an |bad )*(?:terrorists?|scammers?|thieves|thief|criminals?|crooks?|rapists?|fraud(?:s|sters?)?|cheat(?:s|ers)?|liars?|animals?|vermin|scum|rats?|parasites?|leeches|cockroaches|pigs?|dogs|monkeys|apes|subhuman\w*|savages|filth|filthy|dirty|disgusting|trash|garbage|inferior|stupid|idiots|morons|dumb|evil|pa?edo(?:phile)?s?|groomers|perverts|whores|sluts|bitches|diseases?|a disease|a plague|a cancer)\b|\b{people} (?:are|r) (?:terrorists|scammers|thieves|criminals|rapists|animals|vermin|scum|rats|parasites|cockroaches|pigs|monkeys|apes|subhuman\w*|savages|filth|filthy|disgusting|trash|inferior|pa?edo(?:phile)?s)\b|\bwomen (?:are|r) (?:whores|sluts|inferior|stupid|bitches|property)\b|\b{group} (?:should|must|need to|deserve to|ought to) (?:all )?(?:die|be (?:killed|shot|gassed|hanged|exterminated|wiped out|eliminated))\b|\b(?:every|each|any) (?:\w+ )?(?:muslim|jew|hindu|sikh|christian|black|indian|pakistani|bangladeshi|asian|chinese|arab|african|nigerian|mexican|gypsy|immigrant|migrant|refugee|foreigner|gay|lesbian|woman|man) is an? (?:\w+ )?(?:terrorist|scammer|thief|criminal|crook|rapist|fraud|cheat|liar|animal|rat|parasite|pig|dog|savage|idiot|pa?edo(?:phile)?|pervert|whore|slut)\b",
    ),
    says(
        "phrase/sexual-asked",
        C::Sexual,
        r"\b(?:suck my (?:dick|cock)|my (?:dick|pussy)|your (?:tits|boobs|pussy|ass naked)|show me (?:your )?(?:tits|boobs|body)|sex (?:with (?:me|you)|story|stories|chat|scene|toys? (?:in|with) you)|are you (?:sexy|horny|single and)|talk dirty|get you in bed|(?:send|show|give|tell|write|find|make|draw|generate|create|describe|read)(?: to)? (?:me|us) (?:\w+ ){0,4}?(?:porn\w*|nudes?|naked (?:pics?|photos?|women|girls|men|boys)|erotic\w*|hentai|nsfw|smut|bdsm|fetish|orgasm\w*|dick pics?)|(?:i'?m|i am|feeling) (?:so |very |really )*horny|(?:do you |wanna |want to |let'?s |can we |will you |would you like to )(?:\w+ ){0,3}?(?:have sex|sext(?:ing)?|have (?:oral|anal)))\b|(?:^|[.!?\n] ?)(?:please |pls |now |just |hey |hi |ok |and )*(?:write|tell|generate|create|draw|describe|show|send) (?:\w+ ){0,5}?(?:porn\w*|erotic\w*|hentai|nsfw|smut|sexual(?:ly)? (?:explicit|acts?|fantas\w+|intercourse)|nudes|bdsm)\b",
    ),
    names(
        "phrase/violence-words",
        C::Violence,
        r"\b(?:behead\w*|dismember\w*|massacre|mass shooting|school shooting|gore videos?|snuff (?:films?|videos?))\b",
    ),
    says(
        "phrase/violence-asked",
        C::Violence,
        r"\b(?:instructions (?:for|to) (?:making|make|build\w*) (?:a )?(?:bomb|weapon|explosive)s?|genocide (?:is|was) (?:good|right)|bomb[- ]making|(?:write|tell|generate|create|draw|describe|show|send|give) (?:me |us )?(?:\w+ ){0,4}?(?:behead\w*|dismember\w*|massacre|gore|torture)|(?:commit|plan|carry out|start|do|inspire|love|want) (?:\w+ ){0,2}?(?:massacre|(?:mass|school) shooting|genocide))\b",
    ),
];
