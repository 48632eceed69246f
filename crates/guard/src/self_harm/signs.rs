//! Signs of danger that no single phrase makes: a farewell, means at hand, a place and what is meant to
//! happen there, an end to everything. Over lower-case English without apostrophes ("im", "wont").

/// What a person can die by, as it stands in such a sentence.
const MEANS: &str = r"(?:pills|tablets|paracetamol|panadol|tylenol|ibuprofen|antidepressants|sleeping (?:pills|tablets)|meds|medication|insulin|poison|pesticides?|phenyl|bleach|rope|noose|razors?|razor ?blades?|blades?|knife|gun|pistol|rifle|shotgun)";

/// Where a person can fall or be run over.
const PLACE: &str = r"(?:roof|rooftop|roof top|terrace|ledge|bridge|overpass|flyover|balcony|cliff|parapet|tower|train tracks?|tracks|railway(?: line)?|(?:train|station|railway) platform|window ?sill|window ledge|edge|(?:top|roof) of (?:a|the|my|our|this) (?:\w+ )?building|\w+ floor)";

/// Nothing follows in the sentence.
const END: &str = r"(?:[^a-z]*$|[.!,?;\n])";

/// `{means}`, `{place}` and `{end}` stand for the lists above.
pub(super) const SIGNS: &[&str] = &[
    // -- farewell --
    r"\b(?:good ?bye|farewell|so long|adieu) (?:to (?:this |the )?)?(?:my )?(?:cruel |sweet |old )*(?:world|life|everyone|everybody|forever|for ever)\b|\bbye (?:cruel )?(?:world|life|forever)\b",
    r"\b(?:this is|heres|consider this|its) (?:my |the )?(?:final |last )?(?:good ?bye|farewell)(?: to (?:the world|everyone|everybody|life|you all))?(?:{end}| (?:now|then|everyone|forever|world))|\bmy (?:last|final) (?:day|night|hours?) (?:on earth|alive|here on earth|of (?:my )?life)\b|\bmy (?:last|final) (?:good ?byes?|words)\b|\b(?:saying|said|say) (?:my|our) (?:last |final )?good ?byes?\b|\b(?:saying|said|say) (?:last |final )?good ?byes? to (?:everyone|everybody|my (?:kids|family|children|mum|mom|wife|husband|parents))\b|\b(?:suicide|good ?bye|farewell) (?:note|letter)s?\b",
    r"\btell (?:my |all my )?(?:\w+ ){0,2}?(?:family|kids|children|wife|husband|mum|mom|mother|dad|father|parents|daughter|son|girlfriend|boyfriend|partner|brother|sister|them|him|her) (?:that )?i(?:ve)? (?:always |really |will always )?(?:love|loved) (?:them|him|her|you all)\b",
    r"\bby the time (?:you|anyone|they|somebody|someone|this)\b[^.!?\n]{0,40}\b(?:ill|i will|i wont|i shall|im|i)(?: \w+)? (?:be |been )?(?:dead|no more|not be here|no longer (?:here|alive|around)|gone{end})",
    r"\b(?:i|we) (?:wont|will not|wouldnt|shant|dont plan to|dont expect to) be (?:alive|around (?:any ?more|any longer|much longer|for much longer|after (?:today|tonight))|here (?:any ?more|any longer|much longer|for much longer|by morning|tomorrow anyway|after (?:today|tonight)))\b|\b(?:i|you) (?:wont|will not) (?:see|be seeing) (?:the )?(?:morning|sunrise|tomorrow)\b",
    r"\b(?:dont|wont|will not|do not) need\b[^.!?\n]{0,30}\bwhere im going\b|\bwhere im going\b[^.!?\n]{0,15}\b(?:dont|wont|will not) need\b",
    // -- means at hand --
    r"\bnoose\b|\b{means}\b[^.!?\n]{0,25}\b(?:ready|lined up|laid out|in front of (?:me|him|her)|in (?:my|his|her) (?:hands?|lap|mouth)|next to (?:me|him|her)|beside (?:me|him|her)|waiting for me|around my neck|(?:to|at|against|on) my (?:head|throat|wrists?|chest|neck|arms?))\b",
    r"\b(?:ready|lined up|holding|staring at|looking at|sitting (?:here )?with|here with|got|have|bought)\b[^.!?\n]{0,15}\b(?:the|my|all my|all the|these|a bottle of|a handful of|enough) (?:pills|tablets|paracetamol|sleeping (?:pills|tablets)|noose|rope|razors?|blades?|gun|knife)(?:[^a-z]*$|[.!;\n]| (?:and (?:im|i|its|then|goodbye)|tonight|rn|to (?:do it|die|end|kill|finish)))|\b(?:saving|saved|stockpil\w+|hoard\w+|collect\w+|count\w+) (?:up )?(?:my|all my|the|all the|her|his) (?:pills|tablets|paracetamol|meds|medication|sleeping (?:pills|tablets))\b",
    r"\b(?:took|taken|take|taking|swallow(?:ed|ing)?|drank|drunk|drink(?:ing)?|ate|down(?:ed|ing)) (?:\w+ )?(?:all (?:of )?(?:my|the|these|her|his)|the whole|the entire|a whole|a bottle of|a box of|a pack(?:et)? of|a handful of|handfuls of|too many|a lot of|lots of|loads of|\d{2,3}) (?:\w+ ){0,3}?(?:pills|tablets|paracetamol|panadol|tylenol|ibuprofen|antidepressants|meds|medication|insulin|bleach|poison|pesticides?)\b|\b(?:drank|drunk|swallowed|drinking|drink|consume|consumed|take|took|taken) (?:some |the |rat )?(?:poison|pesticides?|phenyl|bleach|rat kill(?:er)?)\b|\b(?:i|ive|he|she|hes|shes|i have|has) (?:took|taken|swallowed) (?:some|the|his|her|my) (?:pills|tablets)(?:{end}| and)",
    // -- a place, and what is meant to happen there --
    r"\b(?:i|im|ive|me|standing|sitting|stood|sat|up|here|out|he|hes|she|shes)\b[^.!?\n]{0,25}\b(?:on|at|off|onto|near|by|from) (?:the|a|my|this|our|an) (?:\w+ ){0,2}?{place}\b[^?\n]{0,80}\b(?:jump\w*|let go|letting go|step off|throw myself|fall(?:ing)? off|end it|end (?:everything|myself)|goodbye|good bye|over the edge)\b|\b(?:jump|end it|end it all|kill (?:him|her)self|goodbye)\b[^.?\n]{0,50}\b(?:on|at|off|from) (?:the|a|my|this) (?:\w+ ){0,2}?(?:roof|rooftop|ledge|bridge|overpass|balcony|cliff|train tracks?|parapet)\b",
    r"\bjump(?:ing)? (?:off|from|out of|over|down)(?: of)? (?:the|a|my|this|our|that|an) (?:\w+ ){0,2}?(?:{place}|window|building)\b|\bjump(?:ing)? (?:in front of|under) (?:the|a|an) (?:\w+ )?(?:train|bus|truck|lorry|car|metro|tube|tram)\b|\bjump(?:ing)? (?:in|into) (?:the|a) (?:river|well|sea|ocean|dam|canal|harbour)\b",
    r"\b(?:about|going|want|wants|ready|gonna|wanna|tempted) to jump(?: now| tonight| right now)?(?:[^a-z]*$|[.!?;\n])|\b(?:im|ill|i will|i might|i could|shell|hell|she will|he will) (?:gonna |going to |just )?jump(?: now| tonight| right now)?(?:[.!?;\n]|$| if (?:they|you|i))|\bgonna jump(?:[^a-z]*$|[.!?;\n])|\bfeel(?:ing)? like jumping(?:{end}| off)",
    r"\bthrow(?:ing|n)? my ?self (?:off|under|in front|from|out|into|down|over)\b|\b(?:walk|run|step|lie|lay)(?:ing)? (?:down )?(?:into|in front of|on|onto) (?:the )?(?:traffic|sea|ocean|train|trains|train tracks|tracks|railway)\b|\b(?:drive|driving|steer|steering) (?:my |the )?(?:car |bike |truck |ute )?(?:off|into) (?:a|the) (?:bridge|cliff|wall|tree|river|oncoming)\b|\b(?:cut|cutting|slit|slitting|slash\w*|slic\w+) my (?:own )?(?:wrists?|throat|veins?|arms)\b",
    // -- an end to everything --
    r"\b(?:think\w*|thought\w*|consider\w*|plan\w*|contemplat\w*|ready|close|about|tempted|want\w*|wanna|gonna|feel(?:ing)? like|going|time|decided|wish i could|just)(?: seriously| a lot| again)?(?: of| about| on| to)?(?: just)? end(?:ing)? (?:(?:things|everything|it all|the pain|my pain|my suffering|my misery|the suffering|myself)\b|(?:this all|all this|all of this){end})",
    r"\b(?:thinking|thought|thoughts|think) (?:of|about) ending it\b|\bfeel(?:ing)? like ending it\b|\b(?:want|going|ready|about|time) to end it(?: now| tonight| today| all| here)?(?:[^a-z]*$|[.!?])|\b(?:im|ill|i will|just) (?:gonna |going to )?end it (?:now|tonight|today|here)\b",
    r"\b(?:want|need|wish|make|just|please)\b[^.!?\n]{0,15}\b(?:it all|everything|the pain|the suffering|this pain|this life|my life) (?:to )?(?:stop|end|be over|go away|over with)(?:{end}| (?:now|tonight|forever|already))",
    r"\b(?:done|finished|tired|sick|fed up|had enough|weary|exhausted)(?: with| of)? (?:my |this |all this |the )?(?:life|living|existing|existence|being alive|world|breathing)(?:{end}| (?:and|now|any ?more|so|because|goodbye|in (?:debt|pain|this)|itself|like this|im|i)\b)",
    r"\b(?:dont|do not|doesnt|cant|can not|cannot|couldnt|wont|no longer|never) (?:really |even |just |honestly )?(?:want|wanna|wish|care|bear|stand|see (?:any|a|the|much) (?:reason|point|use|purpose))(?: to| in| of| for)? (?:be alive|living|live|exist|existing|wake up|see tomorrow|be in this world|be on this earth|breathe|keep living|going on|go on living)(?: (?:any ?more|any longer|like this|this way|in (?:this|the|a) (?:\w+ )?(?:world|hell|misery|pain|shame)|in (?:pain|fear|shame|misery)|with (?:this|myself|it|the (?:pain|shame|guilt|debt))|here any ?more|through (?:this|it|another)|after (?:this|what)|without (?:him|her|them|my)|now)\b|{end})",
    r"\b(?:cant|can not|cannot|couldnt) (?:keep |carry on |go on |continue )?(?:live|living)(?: (?:any ?more|any longer|like this|this way|with (?:this|myself|it|the (?:pain|shame|guilt|debt))|in this (?:world|hell)|without (?:him|her|them|my (?:wife|husband|son|daughter|mum|mom|kids)))\b|{end})",
    r"\b(?:wish|wished|hope|pray|want|wanna|rather|better|please|just) (?:i |to |if i |god |that i |let me |would |could |just |be )*(?:disappear(?:ed)? (?:forever|from (?:this world|earth|the world))|never wake(?:n)? up|never woke up|not wake up|not be alive|not exist|didnt exist|stop existing|cease to exist|sleep forever|never been born|wasnt (?:alive|born|here any ?more)|werent (?:alive|here any ?more)|(?:were |was )?dead|die in my sleep)\b|\b(?:go to sleep|fall asleep|sleep) and (?:never|not) wake\b",
    r"\b(?:no ?one|nobody|who) (?:would |will |even |really |d )*(?:miss me|care (?:if|when) i (?:die|died|was gone|am gone|disappear\w*|killed)|notice if i (?:die|died|was gone|disappear\w*))\b|\b(?:world|family|kids|children|wife|husband|everyone|everybody|they|people)\b[^.!?\n]{0,25}\bbetter (?:off )?(?:without me|if i (?:was|were|am|wasnt|werent)|when im (?:dead|gone))|\bworth more dead\b|\b(?:im|i am|just) (?:\w+ )?(?:a|such a) burden (?:to|on) (?:everyone|everybody|my family|my kids|the world|all)\b",
    r"\b(?:someone|somebody|please|just|pls|god) (?:please |just )?kill me\b|\b(?:no|any) future (?:for me|left)\b|\b(?:sees?|theres|there is|have) no (?:other )?way out(?:{end}| (?:but to die|of (?:this )?(?:mess|life|hell|misery|pain|darkness)|any ?more|for me))|\b(?:dont|do not) deserve to (?:live|be alive|exist)\b|\b(?:nothing|no reason|not much|little) (?:left )?(?:to live for|worth living)\b|\b(?:i|im|ive|i am|we)(?: \w+){0,2} (?:plan|planning|planned|intend|decided|going|choose|chosen) to (?:die|kill my ?self|take my (?:own )?life)\b",
    r"\b(?:no|any|a single) reason (?:for me |left )?to (?:live|go on|carry on|keep going|be here|be alive)\b|\b(?:my )?life (?:has|have|had) no (?:meaning|purpose|point|value)(?:{end}| (?:any ?more|left|now))|\b(?:my |this )?life is (?:meaningless|pointless|worthless|over{end})|\bno (?:meaning|purpose) (?:in|to) (?:my )?life\b",
    r"\b(?:kill(?:ing|ed|s)?|hang(?:ing|ed)?|harm(?:ing|ed)?|drown(?:ing|ed)?|shoot(?:ing)?|unalive) (?:him|her|them) ?sel(?:f|ves)\b|\b(?:take|taking|took|taken|end|ending|ended) (?:his|her|their) (?:own )?li(?:fe|ves)\b|\b(?:gonna|going to|want to|might|will|could|wanna|ill|id rather) (?:\w+ )?(?:top|off|neck) my ?self(?:{end}| (?:if|over|because|tonight|now|so|and))|\bdo(?:ing)? (?:my ?self in|away with my ?self)\b",
    // -- what people say for it where they live --
    r"\b(?:gonna|going to|want to|wanna|might|may|will|could|should|ill|id|im|just|rather|ready to|about to|as well|need to|time to|cant stop thinking of|thinking of) (?:\w+ ){0,2}?(?:top|topping|off|offing|neck|necking|rope|roping|unalive|unaliving|end|ending|delete|deleting|yeet|do in) (?:my ?self|me ?self|mesen|mysen)\b",
    r"(?:^|[.!?,;] ?)kms (?:fr|rn|tbh|lol|now|if|over|because|bc|cos|this|tonight|then)\b|\b(?:gonna|just|imma|wanna|ill|id|should|might|literally|about to|rather) kms\b|[a-z] kms (?:fr|rn|tbh)\b",
    r"\b(?:ill|i will|im gonna|gonna|going to|want to|wanna|might|could|id|ready to|about to|i may|i should|rather|tempted to) (?:\w+ ){0,2}?(?:jump|leap|dive|step|walk) (?:off|from|in front of|under) (?:of )?(?:the |a |my |this |that )?\w+",
    r"\b(?:ive|ive got|i have|i got|i keep|i bought|theres|there is) (?:got )?(?:an?|the|my|some|enough) (?:\w+ )?(?:rope|noose|pills|sleeping tablets|razor ?blades?|shotgun|gun) (?:in|by|under|beside|next to|on|hidden|waiting|here|ready) ",
    r"\b(?:im|i am|me|ive been|i|standing|sitting|stood|sat|been)\b[^.!?\n]{0,15}\b(?:on|at|by) (?:the|a|this|that) (?:edge|ledge|bridge|cliff|overpass|flyover|train tracks|tracks|parapet|railings?|roof|rooftop)(?: (?:right )?now| rn| tonight| alone| looking down| crying)+(?:[^a-z]*$|[.!,;\n])",
    r"\bno (?:point|sense|use) (?:in )?(?:going on|carrying on|continuing|being (?:here|alive)|to (?:go|carry) on)(?:{end}| (?:after|any ?more|without|since|now|with (?:this|it|life)|like this|if))",
    r"\b(?:cant|can not|cannot|dont want to|dont wanna|done with|no longer want to) (?:do|take|handle|cope with|face|deal with|bear) (?:this |my |the )?(?:life|living|existence|being alive)(?: thing)?(?:{end}| (?:any ?more|any longer|now|like this))",
    r"\b(?:cant|cannot|can not|dont|do not|couldnt|no longer) see (?:a|any|no|another) (?:\w+ )?way (?:out|forward|through)(?: (?:of (?:this|it|here)|for me|any ?more|now))?(?:[^a-z]*$|[.!,;\n])",
    r"\b(?:i|ive|im|i have|i am) (?:\w+ )?(?:keep|kept|started|been|back to|gone back to) (?:\w+ )?cutting(?: my ?self| my (?:arms?|legs?|wrists?))?(?:[^a-z]*$| (?:since|because|cos|again|every (?:night|day)|to (?:cope|feel)|at night)\b)",
    r"\b(?:insurance|policy|cover|payout|pays?)\b[^.!?\n]{0,40}\bif i (?:do|did) it (?:my ?self|on purpose|by my own hand)\b|\bif i (?:die|died|was dead|were dead|am dead|disappear(?:ed)?|wasnt here) (?:tomorrow|tonight|today|this (?:week|weekend|month)|now|soon)\b",
    r"\b(?:how|what|which|where)\b[^.!?\n]{0,30}\b(?:painless|quickest|easiest|best|least painful|fastest)\b[^.!?\n]{0,20}\b(?:way|ways|method|methods) to (?:die|kill myself|end my life)\b|\b(?:painless|quick|easy) (?:death|way to die)\b|\bhow many (?:\w+ ){0,3}?(?:pills|tablets|paracetamol|panadol|mg) (?:\w+ ){0,3}?(?:to die|to kill|would kill|will kill|is lethal|are lethal|lethal|fatal)\b",
];

/// A sign as a pattern, with its lists in place.
pub(super) fn spelt(sign: &str) -> String {
    sign.replace("{means}", MEANS).replace("{place}", PLACE).replace("{end}", END)
}

/// A message of somebody who died: the late, an estate, an account to be closed.
pub(super) const BEREAVED: &str = r"\b(?:my|our|her|his|the) (?:late|deceased) \w+|\b(?:estate|probate|executor|executrix|death certificate|coroner\w*|funeral|bereave\w*|next of kin)\b|\b(?:close|closing|cancel|freeze|access) (?:his|her|their) (?:\w+ )?(?:accounts?|cards?|loans?)\b|\b(?:passed away|died) (?:\w+ ){0,2}?(?:ago|last|in)\b";

/// What he did.
pub(super) const THEIR_DEATH: &str = r"\b(?:took|taken|ended) (?:his|her|their) (?:own )?li(?:fe|ves)\b|\b(?:died|dead|death|lost|passed)(?: \w+){0,3} (?:by|from|of|to) suicide\b|\b(?:committed|completed) suicide\b|\b(?:killed|hanged|hung|shot|drowned) (?:him|her|them) ?sel(?:f|ves)\b|\b(?:his|her|their|whose) suicide\b";

/// The same words of a bank's, an insurer's or an annoyed customer's.
pub(super) const EVERYDAY: &str = r"(?x)\b(?:
    top(?:ping)?\ (?:my|me)\ ?self\ up
  | (?:jump|step|leap|dive|walk)\ (?:off|from|under|in\ front\ of)\ (?:the\ |a\ |my\ |this\ |that\ )?(?:call|phone|line|chat|zoom|plan|deal|queue|fixed|variable|loan|rate|bandwagon|topic|meeting|train\ (?:at|in)|bus\ (?:at|in)|one\ \w+|\w+\ (?:plan|rate|loan|deal|account|card|bank|call))
  | (?:point|sense|use)\ (?:in\ )?(?:going\ on|carrying\ on|continuing)\ (?:hold|holiday|the|with\ (?:the|my|this)\ \w+|about|to\ the)
  | way\ (?:out|forward|through)\ of\ (?:this|the|my|that|your)\ (?:\w+\ )?(?:menu|screen|page|app|contract|loop|chat|form|lease|loan|agreement|car\ park)
  | cutting\ (?:my|the|our|back|down|out|costs?|expenses|spending|cards?|up)
  | (?:rope|gun|shotgun)\ (?:in\ the\ (?:safe|cabinet)|on\ (?:order|layby|lay\ by|afterpay))
  | end(?:ing)?\ (?:things|everything|it\ all|all\ this|it|this\ all|all\ of\ this)\ (?:with|between|at|on|from)\ (?:you|ur|your|my|the|our|him|them|us|both|this\ (?:bank|lender|insurer|provider|company|contract|account|agreement))\b(?:\ (?:bank\w*|lender|insurer|provider|broker|landlord|ex|boyfriend|girlfriend|husband|wife|partner|employer|accountant|gym|contract|account|company|lease))?
  | (?:about|going|ready|want(?:ing)?|tempted|gonna|need|have)\ to\ jump\ (?:ship|in\ (?:on|at|now|and|early|with|the\ queue)|into\ (?:\w+\ ){0,2}?(?:shares?|stocks?|crypto|etfs?|market|call|chat|investing|property|fixed|loan|deal)|on\ (?:a|the)\ (?:call|phone|plane|bandwagon|offer|rate|deal|flight|zoom)|through|the\ (?:queue|gun|line|fence)|over\ to|to\ (?:another|an?\ (?:\w+\ )?(?:bank|lender|rate|account|provider)|the\ (?:other|next|front|new))|at|across|banks?|between|up|straight|right\ in)
  | (?:rates?|premiums?|prices?|fees?|repayments?|costs?|inflation|bills?|shares?|stocks?|markets?|bitcoin|payments?|interest|dollar|rupee|pound|it|they|that)\ (?:(?:is|are|was|were|will\ be|might\ be|seems?|looks?)\ )?(?:about|going|ready|due|set|likely|gonna)\ to\ jump
  | jump(?:ing|ed)?\ (?:ship|through\ (?:\w+\ )?hoops|the\ (?:queue|gun|line|shark))
  | (?:bridge|bridging)\ (?:loans?|finance|financing|funding|road|rd|street|st\b|lane|ave|toll|tolls|club|session)
  | (?:roof|bridge|balcony|terrace|window|floor|tower)\ (?:repairs?|insurance|damage|replacement|leaks?|claim|loan|works?|quote|restoration)
  | (?:knife|gun|blade|rope|rifle|shotgun)\ (?:set|sets|block|shop|store|safe|licen[cs]e|sharpener|order|purchase|insurance|permit|cabinet)
  | (?:goodbye|bye|farewell)\ (?:to\ )?(?:party|gift|drinks|lunch|card|cards|everyone\ at\ (?:work|the\ office))
  | (?:kill|killing|killed)\ (?:him|her|them)\ ?sel(?:f|ves)\ laughing
  | (?:end|ending|ended|take|taking|took)\ (?:his|her|their)\ life\ (?:insurance|cover|policy|savings|assurance)
  | die\ (?:of|from|with)\ (?:old\ age|boredom|embarrassment|shame|laughter|laughing|happiness|joy|hunger|thirst|curiosity)
)";

#[cfg(test)]
mod tests {
    use super::super::cries;

    #[test]
    fn a_farewell_is_heard() {
        for text in [
            "goodbye cruel world, close my account",
            "Goodbye everyone. close everything",
            "this is my final goodbye",
            "so long world",
            "tell my kids i loved them and give them the savings",
            "by the time you read this i'll be gone",
            "i won't be around much longer, who gets the money",
            "i wont need the account where i'm going",
            "writing my goodbye letter, how do i add my son to the account",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn means_at_hand_are_heard() {
        for text in [
            "i have the pills ready",
            "I've got a rope ready in the garage",
            "the noose is ready",
            "holding a knife to my wrist",
            "i bought paracetamol, it's lined up in front of me",
            "i took a whole bottle of pills after your letter",
            "took 30 paracetamol",
            "farmer here, i will drink pesticide if the loan is not settled",
            "young guy on chat typing that he's got the pills in front of him",
            "been saving up my tablets since the letter came",
            "i took some tablets",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn a_place_and_an_intent_are_heard() {
        for text in [
            "i'm on the roof of my building and about to jump",
            "standing on the bridge. should i jump",
            "sitting on the ledge thinking of letting go, i could just step off",
            "i want to jump in front of a train",
            "gonna jump",
            "thinking of throwing myself under a bus",
            "i'll drive my car off a bridge",
            "my son says he wants to end it, he texted me from the bridge",
            "wife says she'll jump if they repossess",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn an_end_to_everything_is_heard() {
        for text in [
            "thinking about ending things",
            "i've thought about ending it",
            "i just want it all to stop",
            "i'm done with life",
            "tired of living in debt",
            "i dont want to live with this pain",
            "i can't live without him",
            "wish i could go to sleep and never wake up",
            "nobody would miss me",
            "my family is better off without me",
            "i'm worth more dead with this life insurance",
            "please just kill me",
            "i see no way out",
            "i don't deserve to live",
            "what is the quickest way to die",
            "honestly don't see the point of living anymore",
            "feel like ending it tbh",
            "my husband says he will kill himself",
            "she took her own life because of the debt",
            "i'm gonna top myself",
            "there is no reason for me to live",
            "life has no meaning anymore",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn dialects_places_and_questions_that_are_none_are_heard() {
        for text in [
            "reckon i might just neck meself",
            "honestly gonna off myself over this mortgage",
            "kms tbh",
            "imma kms",
            "if they sell the farm i'll jump off the harbour bridge",
            "i've got a noose in the shed",
            "stood at the edge right now",
            "im on the overpass alone",
            "there's no point carrying on any more",
            "i can't face this life any longer",
            "i can't see any way out.",
            "i've started cutting again",
            "does the policy pay if i did it myself",
            "what if i died tonight, is the loan gone",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn the_bereaved_staff_and_insured_are_not_in_danger() {
        for text in [
            "my late brother took his own life and i need to close his accounts",
            "the deceased committed suicide, what does the estate need to send",
            "is death by suicide excluded, or does the cover include suicide after a year",
            "these interest charges are suicide",
            "switching now would be financial suicide",
            "what training do you give staff, is there guidance for callers at risk of self harm",
            "overdose fee or overdraft fee?",
            "the lease allows 15000 kms over three years",
            "i want to top myself up to the limit",
            "going to jump off this call, bye",
            "no point going on hold again",
            "i can't see a way out of this menu",
            "i keep cutting costs",
            "what happens to the mortgage if i die",
            "i crossed the bridge and the toll was charged twice",
        ] {
            assert!(!cries(text), "{text}");
        }
    }

    #[test]
    fn annoyed_customers_are_not_in_danger() {
        for text in [
            "i'm done with this bank",
            "goodbye, and thanks for nothing",
            "goodbye larkfield, hello other bank",
            "overdose of paperwork",
            "i cut myself off from online shopping",
            "i cant go on holiday without my card",
            "i give up, get me a human",
            "what happens if i wait 3 hours on hold",
            "thinking about ending things with your bank",
            "about to jump ship to another lender",
            "ready to jump in on a fixed rate",
            "should i jump from a bridge loan to a mortgage",
            "our roof leaks and the premium is about to jump",
            "i have my tablet ready, how do i install the app",
            "i take 2 tablets a day, is that covered by travel insurance",
            "i bought a knife set and want a refund",
            "the gun licence fee is on my statement",
            "i can't live on this pension",
            "i don't want to live in the flat that i bought",
            "i want it to end on the 5th, the standing order",
            "i want to end it, the subscription i mean",
            "i am tired of living with my parents, how much deposit do i need",
            "no way out of this contract?",
            "i won't be here on monday to sign for the card",
            "tell my wife i loved the branch",
            "say goodbye to fees",
            "can i top myself up to the limit",
            "he nearly killed himself laughing at the fee",
            "we ended their life insurance",
            "which atms work all over the world?",
            "i have not much to live on after the rent",
            "please just shoot me an email",
            "my phone is going to die, call me on the landline",
            "i'll die of boredom on hold",
            "what is the best way to go about a loan",
            "i crashed my car into a tree, is the loan insured",
            "i jumped off the train and left my card",
            "i have to jump, talk later",
            "i want everything to end up in savings",
            "i don't see the point of living expenses on the form",
            "i want to end it, the direct debit with the gym i mean",
            "no tears please, it's only a goodbye",
        ] {
            assert!(!cries(text), "{text}");
        }
    }
}
